//! Why a text is no trust policy.

/// A text that cannot be read as a trust policy, or not without a guess. IAM stores none such.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PolicyError {
    /// Nothing but white space.
    #[error("the trust policy is empty: a JSON object is expected")]
    Empty,
    /// Longer than IAM's API would answer or take.
    #[error("the trust policy has more than {limit} characters, which IAM does not store")]
    TooLong {
        /// The most characters.
        limit: usize,
    },
    /// Not JSON, or an object that has one member twice.
    #[error("the trust policy cannot be read at byte {at}: {why}")]
    NotJson {
        /// The byte, from 0.
        at: usize,
        /// What is wrong there.
        why: &'static str,
    },
    /// JSON, but not an object.
    #[error("the trust policy is not a JSON object")]
    NotAnObject,
    /// No `Statement`.
    #[error("the trust policy has no `Statement`")]
    NoStatement,
    /// A statement that is not an object.
    #[error("statement {index} of the trust policy is not a JSON object")]
    NotAStatement {
        /// Its place, from 0.
        index: usize,
    },
}
