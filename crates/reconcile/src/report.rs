//! What was done, or would be: for people, logs and metrics.

use std::time::Duration;

use signet_core::grant::Timestamp;
use signet_core::role::{AccountId, RoleArn};
use signet_core::trust::grants::Codes;
use signet_events::alert::Alert;

/// What an attempt at a role came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outcome {
    /// The document was as it should be.
    Unchanged,
    /// Another document was written.
    Written,
    /// Another document would be written: nothing is, in a dry run.
    WouldWrite,
    /// What is withdrawn is out; not all that is granted fits.
    TooLong,
    /// There is no such role, and nothing is granted on it any more.
    Absent,
    /// There is no such role, or one of the same name with another path.
    Gone,
    /// The role is outside the bounds, and was not touched.
    OutOfBounds,
    /// The trust policy cannot be read as one.
    Unreadable,
    /// The account does not let us.
    Denied,
    /// IAM throttled, conflicted or failed for longer than we wait.
    Unavailable,
    /// IAM refused the document, or anything else.
    Refused,
}

impl Outcome {
    /// The word in the table, in logs and in metrics.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unchanged => "unchanged",
            Self::Written => "written",
            Self::WouldWrite => "would_write",
            Self::TooLong => "too_long",
            Self::Absent => "absent",
            Self::Gone => "gone",
            Self::OutOfBounds => "out_of_bounds",
            Self::Unreadable => "unreadable",
            Self::Denied => "denied",
            Self::Unavailable => "unavailable",
            Self::Refused => "refused",
        }
    }

    /// Whether the role is as wanted.
    #[must_use]
    pub fn is_applied(self) -> bool {
        matches!(self, Self::Unchanged | Self::Written | Self::Absent)
    }
}

/// One role, as an attempt left it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoleReport {
    /// The role.
    pub role: RoleArn,
    /// What it came to.
    pub outcome: Outcome,
    /// The same for people; none where all went well.
    pub why: Option<String>,
    /// The document as it was read; none where it was not.
    pub before: Option<String>,
    /// The document as it is, or would be; none where it is not known.
    pub after: Option<String>,
    /// The codes that it lets in, by app.
    pub codes: Codes,
    /// Whether somebody else changed our statements since the last write.
    pub drifted: bool,
    /// The calls of IAM that it took.
    pub calls: u32,
    /// How long what was wanted had waited; none where nothing was.
    pub waited: Option<Duration>,
    /// When the role is due again by itself.
    pub next: Option<Timestamp>,
}

/// What was done to an identity provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProviderReport {
    /// The provider's ARN; the account's number where nobody could say which providers or roles it has.
    pub arn: String,
    /// `created`, `updated`, `deleted`, `kept` (still trusted), `failed`; in a dry run `would_create`,
    /// `would_update`, `would_delete`.
    pub outcome: &'static str,
    /// For people; none where all went well.
    pub why: Option<String>,
}

/// How work on an account ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// All that was due is attended to.
    Done,
    /// Somebody else works on the account, and will look again.
    Busy,
    /// The time was over before all was: the account is to be put back.
    Unfinished,
    /// The lease ran out in the middle, and somebody else has the account.
    Lost,
}

/// One account, as work on it left it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountReport {
    /// The account.
    pub account: AccountId,
    /// How it ended.
    pub ended: Ended,
    /// The roles that were attended to.
    pub roles: Vec<RoleReport>,
    /// The providers that were touched, or should have been.
    pub providers: Vec<ProviderReport>,
    /// When something of the account is due by itself.
    pub next: Option<Timestamp>,
}

/// An alert, with what it concerns and an id that is the same if it is told twice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// The alert.
    pub alert: Alert,
    /// The ARN of a role or provider, or an account's number.
    pub subject: String,
    /// The alert's id.
    pub id: String,
}
