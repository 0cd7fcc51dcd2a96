//! What became of a role or an account, noted on condition of the lease.

use signet_core::grant::Timestamp;
use signet_core::role::RoleArn;

use crate::Table;
use crate::error::StoreError;
use crate::trust::account::Written;
use crate::trust::lease::Lease;

/// What an attempt at a role came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoleOutcome {
    /// The role's `wanted` that the attempt saw.
    pub wanted: u64,
    /// The account's `wanted` that the attempt saw.
    pub account_wanted: u64,
    /// Whether the role is as wanted.
    pub is_applied: bool,
    /// In a word.
    pub outcome: String,
    /// The same for people; none where all went well.
    pub why: Option<String>,
    /// How many attempts failed one after the other, this one included.
    pub failures: u32,
    /// When the role is due again by itself.
    pub next: Option<Timestamp>,
    /// The document that the role has now; none where that is not known, and what was noted stays.
    pub written: Option<Written>,
}

/// What attending to an account came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountOutcome {
    /// The account's `wanted` that was attended to; none if it was not, and is due still.
    pub applied: Option<u64>,
    /// What is wrong with the account or its providers, for people.
    pub why: Option<String>,
    /// The first moment at which something of the account is due by itself.
    pub next: Option<Timestamp>,
}

/// What became of noting an outcome.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Noted {
    /// It is noted, and nothing was raised in between.
    Done,
    /// Nothing was noted: more is wanted since, and the role is to be attended to again.
    Raised,
    /// Nothing was noted: the lease is not ours any more.
    Lost,
}

impl Table {
    /// Notes what an attempt at a role came to: one transaction, on condition that the lease is ours and
    /// that the role's `wanted` is the one that the attempt saw.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn note_role(&self, lease: &Lease, role: &RoleArn, outcome: &RoleOutcome) -> Result<Noted, StoreError> {
        todo!("{lease:?} {role} {outcome:?}")
    }

    /// Notes what attending to an account came to, on condition that the lease is ours. `Raised` if
    /// `applied` is less than the account's `wanted` by now (what else was stated is noted).
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn note_account(&self, lease: &Lease, outcome: &AccountOutcome) -> Result<Noted, StoreError> {
        todo!("{lease:?} {outcome:?}")
    }
}
