//! Drift, staleness, capacity, what stands in the way.

use signet_core::grant::Timestamp;
use signet_iam::Iam;

use crate::account::{Reconciler, ReconcileError};

/// How much a finding matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Weight {
    /// Good to know.
    Note,
    /// To be looked at.
    Warning,
    /// Somebody is let in who should not be, or kept out who should be in.
    Error,
}

/// What an audit found.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Finding {
    /// How much it matters.
    pub weight: Weight,
    /// What it is, in a word: `drift`, `stale`, `capacity`, `not_ready`, `wider`, `provider_without_app`,
    /// `shared_certificate`, `unreachable`, `collision`, `left_out` …
    pub kind: &'static str,
    /// What it concerns: an ARN, an account, an app, a group.
    pub subject: String,
    /// What it is and what to do, for people.
    pub text: String,
}

impl<I: Iam> Reconciler<I> {
    /// Looks at every account's roles and providers, and at the table. Writes nothing. `progress` hears
    /// of each account that was looked at.
    ///
    /// # Errors
    /// [`ReconcileError`] where the table cannot be read. An account that cannot be is a finding.
    pub async fn audit(
        &self,
        now: Timestamp,
        progress: impl FnMut(&str),
    ) -> Result<Vec<Finding>, ReconcileError> {
        let _ = (now, progress);
        todo!()
    }
}
