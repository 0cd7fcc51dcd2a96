//! What can go wrong between here and IAM.

/// A call of IAM, or of STS for an account's credentials, that did not do what it should.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IamError {
    /// There is no such role or provider.
    #[error("{operation} in account `{account}`: there is no `{what}`")]
    NotFound {
        /// The operation, as AWS names it.
        operation: &'static str,
        /// The account's number.
        account: String,
        /// What is not there.
        what: String,
    },
    /// The account does not let us: the member role is missing, or lacks a permission.
    #[error("{operation} in account `{account}` is denied: {cause}")]
    Denied {
        /// The operation, as AWS names it.
        operation: &'static str,
        /// The account's number.
        account: String,
        /// What AWS said.
        cause: String,
    },
    /// The account's rate is used up, and stayed so for longer than we wait.
    #[error("{operation} in account `{account}` is throttled: {cause}")]
    Throttled {
        /// The operation, as AWS names it.
        operation: &'static str,
        /// The account's number.
        account: String,
        /// What AWS said.
        cause: String,
    },
    /// The trust policy, or the number of something, is over the account's quota.
    #[error("{operation} in account `{account}` is over a quota: {cause}")]
    LimitExceeded {
        /// The operation, as AWS names it.
        operation: &'static str,
        /// The account's number.
        account: String,
        /// What AWS said.
        cause: String,
    },
    /// IAM does not take the document: mostly since it names a principal that is not there.
    #[error("{operation} in account `{account}` refuses the document: {cause}")]
    Malformed {
        /// The operation, as AWS names it.
        operation: &'static str,
        /// The account's number.
        account: String,
        /// What AWS said.
        cause: String,
    },
    /// What we asked for collides with a change that is under way; of a creation, also: it is there
    /// already.
    #[error("{operation} in account `{account}` conflicts: {cause}")]
    Conflict {
        /// The operation, as AWS names it.
        operation: &'static str,
        /// The account's number.
        account: String,
        /// What AWS said.
        cause: String,
    },
    /// No answer, or one that says that IAM has a bad moment.
    #[error("{operation} in account `{account}` failed for now: {cause}")]
    Unavailable {
        /// The operation, as AWS names it.
        operation: &'static str,
        /// The account's number.
        account: String,
        /// What AWS or the connection said.
        cause: String,
    },
    /// Any other refusal.
    #[error("{operation} in account `{account}` is refused: {cause}")]
    Refused {
        /// The operation, as AWS names it.
        operation: &'static str,
        /// The account's number.
        account: String,
        /// What AWS said.
        cause: String,
    },
}

impl IamError {
    /// Whether a repetition may help. A creation that conflicts is not repeated: what is there already
    /// stays there, and is to be read first. That may also be our own work, where the answer to an
    /// earlier attempt was lost.
    #[must_use]
    pub fn passes(&self) -> bool {
        match self {
            Self::Throttled { .. } | Self::Unavailable { .. } => true,
            Self::Conflict { operation, .. } => !operation.starts_with("Create"),
            _ => false,
        }
    }
}
