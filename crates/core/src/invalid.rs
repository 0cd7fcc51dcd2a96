//! Why a value cannot be one of this crate's types.

/// A value that one of this crate's types refuses. The message names the value, the rule it
/// breaks, and where the rule comes from.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidValue {
    /// Not the number of an AWS account.
    #[error("account `{0}` is not 12 digits")]
    AccountId(String),
    /// Not an app id.
    #[error("app id `{value}` {why}")]
    AppId {
        /// The value as given.
        value: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// Not a number of codes that a sign-in can be limited to.
    #[error("code capacity `{0}` is not between 1 and 51 codes")]
    CodeCapacity(u64),
    /// Not a width of group codes.
    #[error("code width `{0}` is not between 4 and 16 characters")]
    CodeWidth(u64),
    /// Not a group code.
    #[error("group code `{value}` is not 4 to 16 characters of `a-z` and `2-7`")]
    GroupCode {
        /// The value as given.
        value: String,
    },
    /// Not a `GroupHash` value.
    #[error("`{value}` is not a GroupHash value: {why}")]
    GroupHash {
        /// The value as given.
        value: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// Not a group key.
    #[error("group key `{value}` {why}")]
    GroupKey {
        /// The value as given, shortened where it is long.
        value: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// Not a pattern for identities.
    #[error("identity pattern `{value}` {why}")]
    IdentityPattern {
        /// The value as given.
        value: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// Not a field that an identity can come from.
    #[error(
        "identity field `{value}` is unknown: use `user.profile.<member>`, `user.id`, `subject.nameId` or `claim:<name>`"
    )]
    IdentityField {
        /// The value as given.
        value: String,
    },
    /// Not a pattern of what a producer may say.
    #[error("pattern `{value}` {why}")]
    Pattern {
        /// The value as given.
        value: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// Not an IAM identity provider's name.
    #[error("provider name `{value}` is not 1 to 128 characters of letters, digits, `.`, `_` and `-`")]
    ProviderName {
        /// The value as given.
        value: String,
    },
    /// Not an IAM role's ARN, or one that no SAML answer can carry.
    #[error("role `{value}` {why}")]
    RoleArn {
        /// The value as given.
        value: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// Not a session duration.
    #[error("session duration `{0}` is not between 900 and 43200 seconds")]
    SessionDuration(u64),
    /// Not the id of a source.
    #[error("source `{value}` {why}")]
    SourceId {
        /// The value as given.
        value: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// Not a set of tag rules.
    #[error("tag `{key}` {why}")]
    TagRules {
        /// The tag's key.
        key: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// Not the ARN of a topic.
    #[error("topic `{value}` {why}")]
    TopicArn {
        /// The value as given.
        value: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// Not a word of a closed list.
    #[error("{what} `{value}` is unknown: use {expected}")]
    Word {
        /// What the word stands for.
        what: &'static str,
        /// The value as given.
        value: String,
        /// The words that would do.
        expected: &'static str,
    },
}
