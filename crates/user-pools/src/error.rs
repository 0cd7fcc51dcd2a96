//! What can go wrong between here and Cognito.

/// A call of Cognito that did not do what it should.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UserPoolError {
    /// There is no such pool, or it is another account's.
    #[error(
        "{operation}: there is no user pool `{pool}` in the account of these credentials: use those of the pool's account"
    )]
    NotFound {
        /// The operation, as AWS names it.
        operation: &'static str,
        /// The pool's id.
        pool: String,
    },
    /// The credentials lack a permission, or are of another account.
    #[error(
        "{operation} of user pool `{pool}` is denied: use credentials of the pool's account that are allowed \
         `cognito-idp:{operation}` ({cause})"
    )]
    Denied {
        /// The operation, as AWS names it.
        operation: &'static str,
        /// The pool's id.
        pool: String,
        /// What AWS said.
        cause: String,
    },
    /// No answer, a throttled call, or an answer that says that Cognito has a bad moment.
    #[error("{operation} of user pool `{pool}` failed for now, try again: {cause}")]
    Unavailable {
        /// The operation, as AWS names it.
        operation: &'static str,
        /// The pool's id.
        pool: String,
        /// What AWS or the connection said.
        cause: String,
    },
    /// Any other refusal.
    #[error("{operation} of user pool `{pool}` is refused: {cause}")]
    Refused {
        /// The operation, as AWS names it.
        operation: &'static str,
        /// The pool's id.
        pool: String,
        /// What AWS said.
        cause: String,
    },
}
