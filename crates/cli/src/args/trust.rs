//! The command line of `trust` and `audit`.

use std::path::PathBuf;

use clap::{Args as ClapArgs, Subcommand};
use signet_core::role::{AccountId, RoleArn};
use signet_core::trust::plan::Quota;

/// What to do with the trust policies of roles.
#[derive(Debug, Subcommand)]
pub enum TrustCommand {
    /// Print the trust policy that the table wants for a role, alone or merged into a document;
    /// touches no IAM
    Render(Render),
    /// Show what bringing roles and identity providers to what the table wants would change; writes
    /// nothing
    Plan(TrustPlan),
    /// Bring the trust policies of roles, and the identity providers of their accounts, to what the
    /// table wants
    Sync(TrustSync),
}

/// Options of `trust render`.
#[derive(Debug, ClapArgs)]
pub struct Render {
    /// The role's ARN
    #[arg(value_parser = role)]
    pub role: RoleArn,
    /// Merge into this trust policy (JSON), or - for the standard input: what is not ours in it stays
    /// to the letter
    #[arg(long, value_name = "FILE")]
    pub document: Option<PathBuf>,
    /// Print without white space, which IAM does not count
    #[arg(long)]
    pub compact: bool,
    /// How long trust policies may be
    #[command(flatten)]
    pub quota: QuotaArg,
}

/// Options of `trust plan`.
#[derive(Debug, ClapArgs)]
pub struct TrustPlan {
    /// What is looked at, and how.
    #[command(flatten)]
    pub of: Selection,
    /// End with 3 if there is something to change, or a role is not as wanted and would stay so
    #[arg(long)]
    pub exit_code: bool,
}

/// Options of `trust sync`.
#[derive(Debug, ClapArgs)]
pub struct TrustSync {
    /// What is brought up to date, and how.
    #[command(flatten)]
    pub of: Selection,
    /// Do not ask, and look at no plan first
    #[arg(long)]
    pub yes: bool,
    /// The ARN of the SNS topic that alerts are published to; they are shown in any case
    #[arg(long, value_name = "ARN")]
    pub alert_topic: Option<String>,
}

/// Options of `audit`.
#[derive(Debug, ClapArgs)]
pub struct Audit {
    /// Look at the table alone, and at no account and no user pool
    #[arg(long)]
    pub offline: bool,
    /// Also list how much of the quota each role's trust policy takes, as it was written last
    #[arg(long)]
    pub capacity: bool,
    /// The function that user pools have to call for their tokens, the stack's output PreTokenArn; repeat it for
    /// more stacks
    #[arg(
        long = "pre-token-arn",
        value_name = "ARN",
        env = "SIGNET_PRE_TOKEN_ARN",
        hide_env_values = true,
        value_delimiter = ',',
        value_parser = alias
    )]
    pub pre_token_arns: Vec<String>,
    /// End with 3 if there are warnings or errors
    #[arg(long)]
    pub exit_code: bool,
    /// How accounts are entered, and what may be written there.
    #[command(flatten)]
    pub reach: Reach,
}

/// Which roles, and how they are reached.
#[derive(Debug, ClapArgs)]
pub struct Selection {
    /// The ARNs of the roles; all roles that have, or had, grants where there is none
    #[arg(value_name = "ROLE", value_parser = role)]
    pub roles: Vec<RoleArn>,
    /// Only roles of this account; repeat it for more
    #[arg(long = "account", value_name = "ID", value_parser = account)]
    pub accounts: Vec<AccountId>,
    /// How accounts are entered, and what may be written there.
    #[command(flatten)]
    pub reach: Reach,
}

/// How accounts are entered, and what may be written there.
#[derive(Debug, ClapArgs)]
pub struct Reach {
    /// The role to assume in each account, by path and name (signet/signet-member); without it the
    /// credentials are used as they are, which serve one account
    #[arg(long, value_name = "PATH/NAME", env = "SIGNET_MEMBER_ROLE", hide_env_values = true)]
    pub member_role: Option<String>,
    /// The external id that the member role demands
    #[arg(long, value_name = "ID", env = "SIGNET_EXTERNAL_ID", hide_env_values = true)]
    pub external_id: Option<String>,
    /// Roles below this path may be written (/data/); repeat it for more
    #[arg(
        long = "role-path",
        value_name = "PATH",
        env = "SIGNET_ROLE_PATHS",
        hide_env_values = true,
        value_delimiter = ','
    )]
    pub role_paths: Vec<String>,
    /// Roles with this tag may be written
    #[arg(long, value_name = "KEY=VALUE", env = "SIGNET_ROLE_TAG", hide_env_values = true)]
    pub role_tag: Option<String>,
    /// How long trust policies may be.
    #[command(flatten)]
    pub quota: QuotaArg,
}

/// How long trust policies may be.
#[derive(Debug, Clone, Copy, ClapArgs)]
pub struct QuotaArg {
    /// The accounts' quota of trust policies, in characters, 2048 to 8192
    #[arg(
        long,
        value_name = "CHARACTERS",
        env = "SIGNET_POLICY_QUOTA",
        hide_env_values = true,
        default_value = "2048",
        value_parser = quota
    )]
    pub quota: Quota,
}

fn role(text: &str) -> Result<RoleArn, String> {
    RoleArn::parse(text).map_err(|error| error.to_string())
}

fn account(text: &str) -> Result<AccountId, String> {
    AccountId::parse(text).map_err(|error| error.to_string())
}

/// The ARN of a function's alias `live`, which is what user pools call (infra/user-pool-permission.yaml).
fn alias(text: &str) -> Result<String, String> {
    let parts: Vec<&str> = text.split(':').collect();
    match parts[..] {
        ["arn", _, "lambda", _, _, "function", name, "live"] if !name.is_empty() => Ok(text.to_owned()),
        _ => Err("`arn:aws:lambda:REGION:ACCOUNT:function:NAME:live` is expected, as the output PreTokenArn has it"
            .to_owned()),
    }
}

fn quota(text: &str) -> Result<Quota, String> {
    let characters = text.parse().map_err(|_| "a number of characters from 2048 to 8192 is expected".to_owned())?;
    Quota::new(characters).map_err(|error| error.to_string())
}
