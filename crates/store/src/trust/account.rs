//! An account and its roles: what is wanted, what was done, what is due.

use std::collections::{BTreeMap, BTreeSet};

use signet_core::app::AppId;
use signet_core::grant::Timestamp;
use signet_core::role::{AccountId, RoleArn};
use signet_core::trust::grants::Codes;

use crate::Table;
use crate::error::StoreError;

/// A role's row below its account (`ACCOUNT#<id>` / `ROLE#<arn>`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoleState {
    /// The role.
    pub role: RoleArn,
    /// Raised by each change of the role's grants.
    pub wanted: u64,
    /// The `wanted` that the last attempt saw, however it ended.
    pub tried: u64,
    /// The `wanted` that the last attempt that succeeded saw.
    pub applied: u64,
    /// The account's `wanted` that the last attempt saw.
    pub tried_account: u64,
    /// The account's `wanted` that the last attempt that succeeded saw.
    pub applied_account: u64,
    /// When what is wanted and not applied was first wanted; none where nothing is.
    pub since: Option<Timestamp>,
    /// What the last attempt came to, in a word; none before the first.
    pub outcome: Option<String>,
    /// The same for people; none where all went well.
    pub why: Option<String>,
    /// How many attempts failed one after the other.
    pub failures: u32,
    /// When the role is due even if nothing is raised: the next attempt, or the next expiry.
    pub next: Option<Timestamp>,
    /// The last document that was written, or found as it should be.
    pub written: Option<Written>,
}

/// The last document that was written to a role, or found there as it should be.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Written {
    /// What the document means (`Document::digest`).
    pub digest: [u8; 32],
    /// The codes that it lets in, by app.
    pub codes: Codes,
    /// When IAM last took a document; none if this one was found as it should be.
    pub at: Option<Timestamp>,
    /// The characters that count against the quota.
    pub length: usize,
}

/// An account's own row (`ACCOUNT#<id>` / `ACCOUNT`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountRow {
    /// Raised by what concerns all roles of the account: providers and apps.
    pub wanted: u64,
    /// The `wanted` up to which providers and all roles were attended to.
    pub applied: u64,
    /// When what is wanted and not applied was first wanted; none where nothing is.
    pub since: Option<Timestamp>,
    /// The apps that `wanted` was raised for, ever: new ones may not be in the index yet.
    pub apps: BTreeSet<AppId>,
    /// Until when somebody works on the account; none if nobody does.
    pub leased_until: Option<Timestamp>,
    /// The first moment at which something of the account is due by itself.
    pub next: Option<Timestamp>,
    /// What is wrong with the account or its providers, for people; none where nothing is.
    pub why: Option<String>,
}

/// An account with its roles.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountState {
    /// The account.
    pub account: AccountId,
    /// Its own row; none before anybody worked on it or raised it.
    pub row: Option<AccountRow>,
    /// Every role of the account that was ever granted.
    pub roles: BTreeMap<RoleArn, RoleState>,
}

impl RoleState {
    /// Whether the role is to be attended to now.
    #[must_use]
    pub fn is_due(&self, account_wanted: u64, now: Timestamp) -> bool {
        self.wanted > self.tried || account_wanted > self.tried_account || self.next.is_some_and(|next| next <= now)
    }

    /// Whether the role may not be as wanted.
    #[must_use]
    pub fn is_unreconciled(&self, account_wanted: u64) -> bool {
        self.wanted > self.applied || account_wanted > self.applied_account
    }
}

impl Table {
    /// An account with its roles: one consistent query.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn account(&self, account: &AccountId) -> Result<AccountState, StoreError> {
        todo!("{account}")
    }

    /// Every account that has a row of its own or of a role, by way of the index, which may lag by a
    /// moment: for sweeps, the schedule and people.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn accounts(&self) -> Result<Vec<AccountState>, StoreError> {
        todo!()
    }
}

impl AccountState {
    /// Whether there is anything to do now: something wanted, an attempt or an expiry that is due, or a
    /// lease that ran out in the middle of work.
    #[must_use]
    pub fn is_due(&self, now: Timestamp) -> bool {
        todo!("{now:?}")
    }

    /// The account's `wanted`; 0 without a row.
    #[must_use]
    pub fn wanted(&self) -> u64 {
        self.row.as_ref().map_or(0, |row| row.wanted)
    }

    /// When the oldest of what is wanted and not applied was first wanted.
    #[must_use]
    pub fn oldest_unreconciled(&self) -> Option<Timestamp> {
        todo!()
    }
}
