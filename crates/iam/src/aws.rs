//! IAM itself, by way of a member role in each account.

use aws_config::SdkConfig;

/// How accounts are entered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The member role's path and name, without a leading `/`, the same in every account. None to use
    /// the credentials as they are: for one account.
    pub member_role: Option<String>,
    /// The external id that the member role's trust policy demands.
    pub external_id: Option<String>,
    /// The name of the role sessions, which CloudTrail shows.
    pub session_name: String,
}

/// IAM in any number of accounts. Clients and credentials are kept for each account.
#[derive(Debug)]
pub struct Aws {
    entry: Entry,
}

impl Aws {
    /// Speaks to IAM with these settings.
    #[must_use]
    pub fn new(settings: &SdkConfig, entry: Entry) -> Self {
        todo!("{settings:?} {entry:?}")
    }
}
