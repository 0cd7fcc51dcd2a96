//! The command line: commands, options, exit codes.
#![expect(clippy::doc_markdown, reason = "these comments are what `--help` prints")]

use std::path::PathBuf;

use clap::{Args as ClapArgs, Parser, Subcommand, ValueEnum};
use signet_core::grant::Timestamp;
use signet_core::role::Protocol;
use signet_store::schema;

use self::doctor::Doctor;
use self::identity_pool::IdentityPoolCommand;
use self::trace::Trace;
use self::trust::{Audit, TrustCommand};

pub mod doctor;
pub mod identity_pool;
pub mod trace;
pub mod trust;

/// What every `--help` ends with.
const AFTER_HELP: &str = "\
Exit codes:
  0  done
  1  the table or topic cannot be reached, or refuses; what was asked for is not there: a code's
     owner, a source's statement, a history, a producer, a role, an app behind an identity pool;
     `trust` could not bring a role to what the table wants, or could not look at it
  2  the command line, the environment or a file is wrong; nothing was written
  3  with --exit-code only: `plan` and `trust plan` found changes, or groups that are left out,
     `explain` found no access, `audit` and `doctor` found warnings or errors, `trace` found sessions
     that something is wrong with
  4  `apply` or `trust sync` wrote nothing: it was declined, or withdraws too much

Results go to the standard output, messages to the standard error output. Credentials, region and
endpoint come from the environment and the files that every AWS tool reads (AWS_PROFILE,
AWS_REGION, AWS_ENDPOINT_URL_DYNAMODB …; for `trust` and `audit` also AWS_ENDPOINT_URL_IAM and
AWS_ENDPOINT_URL_STS, for `audit` AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER).";

/// The heading of the options that every command has.
const GLOBAL: &str = "Options of every command";

/// Fill, read and explain the entitlement table: who may assume which role on AWS, by way of
/// which group and app.
#[derive(Debug, Parser)]
#[command(name = "signet", version, after_help = AFTER_HELP, max_term_width = 100)]
pub struct Args {
    /// The table and how to reach it.
    #[command(flatten)]
    pub connection: Connection,
    /// Print JSON, for programs
    #[arg(long, global = true, help_heading = GLOBAL)]
    pub json: bool,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// The table and how to reach it.
#[derive(Debug, Default, ClapArgs)]
pub struct Connection {
    /// The entitlement table's name
    #[arg(long, global = true, help_heading = GLOBAL, value_name = "NAME", env = "SIGNET_TABLE", hide_env_values = true)]
    pub table: Option<String>,
    /// The AWS region, instead of AWS_REGION or the profile's; for `event publish` instead of the
    /// topic's
    #[arg(long, global = true, help_heading = GLOBAL, value_name = "NAME")]
    pub region: Option<String>,
    /// DynamoDB's address, or SNS's for `event publish`, instead of AWS_ENDPOINT_URL_DYNAMODB,
    /// AWS_ENDPOINT_URL_SNS or AWS's own
    #[arg(long, global = true, help_heading = GLOBAL, value_name = "URL")]
    pub endpoint_url: Option<String>,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Create, set up and show the entitlement table
    #[command(subcommand)]
    Table(TableCommand),
    /// Show what applying an entitlement file would change; writes nothing
    Plan(Plan),
    /// Bring the table to what an entitlement file states
    Apply(Apply),
    /// Apply once more what a source states: gives groups that were left out their grants, once they
    /// are registered
    Resync(Resync),
    /// Print what a source states, as an entitlement file
    Export(Export),
    /// Tell which groups the codes of a GroupHash value belong to
    Decode(Decode),
    /// Tell what a sign-in would get, and why each group does or does not count
    Explain(Explain),
    /// Tell what changed for a group, a role or an app, or by a source: when, and by which event
    History(History),
    /// Register a group without granting it anything: with the first code that is free, or a salt's
    Register(Register),
    /// Retire the code of a group that has no grants, or release a retired code
    Retire(Retire),
    /// Say who may publish events, and what they may say
    #[command(subcommand)]
    Producer(ProducerCommand),
    /// Check events, and publish them
    #[command(subcommand)]
    Event(EventCommand),
    /// Print, compare and write the trust policies of roles
    #[command(subcommand)]
    Trust(TrustCommand),
    /// Print what a Cognito identity pool has to be told of an app
    #[command(subcommand)]
    IdentityPool(IdentityPoolCommand),
    /// Tell what is not as it should be: drift, what waits, capacity, collisions, roles that are not
    /// ready for tags, statements of others that let people in more widely, user pools where people
    /// can write what decides about their access
    Audit(Audit),
    /// Look at a deployment, and tell what to fix: credentials, the clock, the table and its protection, apps,
    /// hooks, and by a request how Okta or a user pool is set up. Without --exit-code it ends with 0 whatever
    /// it finds
    Doctor(Doctor),
    /// Join records of role sessions with the decisions that they come from: who, through which app, by
    /// which group, granted by which event. What no decision gave is told: a forged or replayed assertion
    Trace(Trace),
    /// Make secrets
    #[command(subcommand)]
    Secret(SecretCommand),
}

/// What to do with the table itself.
#[derive(Debug, Subcommand)]
pub enum TableCommand {
    /// Create the table, for local use and tests; a table that is there is only set up
    Create(Create),
    /// Change a setting of the table
    Set(Set),
    /// Show the table's settings
    Show,
}

/// Options of `table create`.
#[derive(Debug, ClapArgs)]
pub struct Create {
    /// How many characters a group code has, 4 to 16; cannot be changed later
    #[arg(long, value_name = "CHARACTERS", default_value_t = 4)]
    pub code_width: u64,
    /// What becomes of a group that finds its code taken: `displace` in a new table
    #[arg(long, value_name = "WHAT", value_enum)]
    pub on_collision: Option<OnCollision>,
}

/// Options of `table set`.
#[derive(Debug, ClapArgs)]
pub struct Set {
    /// What becomes of a group that finds its code taken
    #[arg(long, value_name = "WHAT", value_enum)]
    pub on_collision: OnCollision,
}

/// What becomes of a group that finds its code taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum OnCollision {
    /// It gets the next free code, and nobody waits
    Displace,
    /// It is left out, until it is registered by hand and its source applied again
    Refuse,
}

impl From<OnCollision> for schema::OnCollision {
    fn from(choice: OnCollision) -> Self {
        match choice {
            OnCollision::Displace => Self::Displace,
            OnCollision::Refuse => Self::Refuse,
        }
    }
}

/// Options of `plan`.
#[derive(Debug, ClapArgs)]
pub struct Plan {
    /// The entitlement file (YAML)
    pub file: PathBuf,
    /// End with 3 if there is something to change, or a group is left out
    #[arg(long)]
    pub exit_code: bool,
}

/// Options of `apply`.
#[derive(Debug, ClapArgs)]
pub struct Apply {
    /// The entitlement file (YAML)
    pub file: PathBuf,
    /// Do not ask
    #[arg(long)]
    pub yes: bool,
    /// Withdraw even more than 20 grants and 20 % of the source's
    #[arg(long)]
    pub allow_withdrawals: bool,
}

/// Options of `export`.
#[derive(Debug, ClapArgs)]
pub struct Export {
    /// The source: `file:NAME` or `dataset:ID`; NAME alone means the file of that name
    pub source: String,
    /// Write to a file instead of the standard output
    #[arg(long, short, value_name = "FILE")]
    pub output: Option<PathBuf>,
}

/// Options of `resync`.
#[derive(Debug, ClapArgs)]
pub struct Resync {
    /// The source: `dataset:ID` or `file:NAME`; ID alone means the dataset of that id
    pub source: String,
}

/// Options of `decode`.
#[derive(Debug, ClapArgs)]
pub struct Decode {
    /// GroupHash values as CloudTrail shows them (`:abcd:efgh:`), or single codes
    #[arg(required = true, value_name = "VALUE")]
    pub values: Vec<String>,
}

/// Options of `explain`.
#[derive(Debug, ClapArgs)]
pub struct Explain {
    /// The app's id
    #[arg(long, value_name = "ID", required_unless_present = "event", conflicts_with = "event")]
    pub app: Option<String>,
    /// The person: the value of the field that the app takes identities from (user.profile.login, and
    /// claim:email for Cognito, unless its rules say otherwise)
    #[arg(long, value_name = "LOGIN", required_unless_present = "event", conflicts_with = "event")]
    pub user: Option<String>,
    /// A group of the person, by its key; repeat it for more
    #[arg(long = "group", value_name = "KEY", conflicts_with = "event")]
    pub groups: Vec<String>,
    /// A file with the keys of the person's groups, one a line, exactly as they are
    #[arg(long, value_name = "FILE", conflicts_with = "event")]
    pub groups_from: Option<PathBuf>,
    /// A value of another claim of the assertion or token, or of an attribute in the user pool; repeat
    /// it for more
    #[arg(long = "claim", value_name = "NAME=VALUE", conflicts_with = "event")]
    pub claims: Vec<String>,
    /// How the person signs in; as the app states, unless said otherwise. Another way is denied
    #[arg(long, value_name = "PROTOCOL", value_enum, conflicts_with = "event")]
    pub protocol: Option<SignInProtocol>,
    /// The version of the user pool's trigger event, for Cognito: 2 unless said otherwise
    #[arg(long, value_name = "VERSION", value_enum, conflicts_with = "event")]
    pub event_version: Option<EventVersion>,
    /// A sign-in as a function receives it: the request of Okta's SAML or token hook, alone or in an
    /// HTTP API event (payload version 2.0), or the event of a user pool's pre token generation trigger
    #[arg(long, value_name = "FILE")]
    pub event: Option<PathBuf>,
    /// Answer from the history as of a moment (RFC 3339, such as 2027-01-31T00:00:00Z), and tell
    /// which event made it so
    #[arg(long, value_name = "TIME", value_parser = crate::time::parse)]
    pub at: Option<Timestamp>,
    /// End with 3 if the sign-in would get no access
    #[arg(long)]
    pub exit_code: bool,
}

/// How a person signs in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum SignInProtocol {
    /// By a SAML assertion of Okta's
    Saml,
    /// By an ID token of an OIDC issuer
    Oidc,
    /// By an ID token of a Cognito user pool
    Cognito,
}

impl From<SignInProtocol> for Protocol {
    fn from(choice: SignInProtocol) -> Self {
        match choice {
            SignInProtocol::Saml => Self::Saml,
            SignInProtocol::Oidc => Self::Oidc,
            SignInProtocol::Cognito => Self::Cognito,
        }
    }
}

/// The version of an event of Cognito's pre token generation trigger.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum EventVersion {
    /// Claims of the ID token, as strings: enough for an identity pool alone
    #[value(name = "1")]
    V1,
    /// Claims of both tokens
    #[value(name = "2")]
    V2,
    /// As 2, and also for clients without a user
    #[value(name = "3")]
    V3,
}

/// Options of `history`.
#[derive(Debug, ClapArgs)]
pub struct History {
    /// A role's ARN, a source (`file:NAME`, `dataset:ID`), an app (`app:ID`) or a group (`group:KEY`);
    /// without a prefix the group, dataset or app of that name, the first of them with a history
    pub subject: String,
}

/// Options of `register`.
#[derive(Debug, ClapArgs)]
pub struct Register {
    /// The group's key
    pub key: String,
    /// The salt of its code, instead of the first whose code is free
    #[arg(long, value_name = "NUMBER")]
    pub salt: Option<u32>,
    /// What people call the group
    #[arg(long, value_name = "TEXT")]
    pub label: Option<String>,
}

/// Options of `retire`.
#[derive(Debug, ClapArgs)]
pub struct Retire {
    /// The code; or the group's key (`group:KEY` where it may be mistaken for a code)
    #[arg(value_name = "CODE|KEY")]
    pub subject: String,
    /// Give a retired code free for any group. Refused while a role names it
    #[arg(long)]
    pub release: bool,
}

/// What to do with producers.
#[derive(Debug, Subcommand)]
pub enum ProducerCommand {
    /// Say what the events of a topic may say, in place of what they might say before. Patterns are
    /// literal but for `*`, and what is not given may not be said
    Add(ProducerAdd),
    /// List the producers
    List,
    /// Take no more events from a topic; what its events have stated stays
    Remove(ProducerRemove),
}

/// Options of `producer add`.
#[derive(Debug, ClapArgs)]
pub struct ProducerAdd {
    /// The topic's ARN
    pub topic: String,
    /// The types of events: signet.dataset.changed.v1, signet.provider.changed.v1
    #[arg(long, value_name = "TYPE,…", value_delimiter = ',')]
    pub events: Vec<String>,
    /// The datasets it may state grants of, by patterns of their ids
    #[arg(long, value_name = "PATTERN,…", value_delimiter = ',')]
    pub datasets: Vec<String>,
    /// The roles it may grant, by patterns of their ARNs; a `*` stays within its part of the ARN
    #[arg(long, value_name = "PATTERN,…", value_delimiter = ',')]
    pub roles: Vec<String>,
    /// The groups it may grant roles to, by a pattern of their keys; repeat it for more
    #[arg(long, value_name = "PATTERN")]
    pub groups: Vec<String>,
    /// The apps whose providers it may speak of, by patterns of their ids
    #[arg(long, value_name = "PATTERN,…", value_delimiter = ',')]
    pub apps: Vec<String>,
    /// The names of providers that it may give those apps, by patterns; any name where this is not given
    #[arg(long, value_name = "PATTERN,…", value_delimiter = ',')]
    pub providers: Option<Vec<String>>,
}

/// Options of `producer remove`.
#[derive(Debug, ClapArgs)]
pub struct ProducerRemove {
    /// The topic's ARN
    pub topic: String,
}

/// What to do with events.
#[derive(Debug, Subcommand)]
pub enum EventCommand {
    /// Tell whether files are events that Signet would read, and all that is wrong with them; needs
    /// no table. What a producer may say is not checked
    Check(EventCheck),
    /// Check an event and publish it to a topic; needs no table. What a producer may say is not
    /// checked here, but by those who read the topic
    Publish(EventPublish),
}

/// Options of `event check`.
#[derive(Debug, ClapArgs)]
pub struct EventCheck {
    /// Events (CloudEvents in JSON), or - for one from the standard input
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
}

/// Options of `event publish`.
#[derive(Debug, ClapArgs)]
pub struct EventPublish {
    /// The event (a CloudEvent in JSON), or - for the standard input
    pub file: PathBuf,
    /// The ARN of the SNS topic, which tells who the producer is
    #[arg(long, value_name = "ARN")]
    pub topic: String,
}

/// What secrets to make.
#[derive(Debug, Subcommand)]
pub enum SecretCommand {
    /// Make a secret for Okta's Authorization header, and the digest for
    /// SIGNET_HOOK_SECRET_SHA256; neither is kept anywhere
    New,
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;
    use std::fmt::Write as _;

    #[test]
    fn the_command_line_is_consistent() {
        Args::command().debug_assert();
    }

    #[test]
    fn help() {
        insta::assert_snapshot!("help", Args::command().term_width(100).render_help());
        for name in [
            "table",
            "plan",
            "apply",
            "resync",
            "export",
            "decode",
            "explain",
            "history",
            "register",
            "retire",
            "producer",
            "event",
            "trust",
            "identity-pool",
            "audit",
            "trace",
            "doctor",
            "secret",
        ] {
            let mut command = Args::command().term_width(100);
            command.build();
            let command = command.find_subcommand_mut(name).unwrap();
            let mut help = command.render_help().to_string();
            for command in command.get_subcommands_mut().filter(|command| command.get_name() != "help") {
                let shown = command.render_help();
                let _ = writeln!(help, "\n--- {}\n{shown}", command.get_name());
            }
            insta::assert_snapshot!(format!("help_{name}"), help);
        }
    }

    #[test]
    fn a_person_or_an_event_but_not_both() {
        let parse = |args: &[&str]| Args::try_parse_from([&["signet", "explain"], args].concat());
        assert!(parse(&["--app", "a", "--user", "u"]).is_ok());
        assert!(parse(&["--event", "e.json"]).is_ok());
        assert!(parse(&["--app", "a"]).is_err());
        assert!(parse(&["--event", "e.json", "--group", "g"]).is_err());
        assert!(parse(&["--event", "e.json", "--at", "2027-01-31T00:00:00Z"]).is_ok());
        assert!(parse(&["--event", "e.json", "--at", "2027-01-31"]).is_err());
    }
}
