//! One account: lease, providers, roles, outcome.

use std::collections::BTreeSet;
use std::future::Future;

use signet_core::grant::Timestamp;
use signet_core::role::{AccountId, RoleArn};
use signet_iam::Iam;
use signet_store::{StoreError, Table};
use tokio::time::Instant;

use crate::report::{AccountReport, RoleReport, Told};
use crate::settings::Settings;

/// What is attended to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scope {
    /// What is due.
    Due,
    /// Every role and provider, whether due or not.
    All,
    /// Every role, by one list of the account's roles; only those that differ are read and written.
    Sweep,
    /// These roles, whether due or not.
    Roles(BTreeSet<RoleArn>),
}

/// Who hears of what is done while it is done.
pub trait Watch {
    /// Tells people. A role's outcome is noted only after its alert was told.
    fn tell(&self, told: &Told) -> impl Future<Output = Result<(), String>>;
    /// A role was attended to.
    fn role(&self, report: &RoleReport);
}

/// The world outside, as values.
#[derive(Debug, Clone, Copy)]
pub struct Edge {
    /// The time.
    pub now: fn() -> Timestamp,
    /// A new text that nobody has had, for leases.
    pub token: fn() -> String,
}

/// Why work on an account could not go on; what was done is done.
#[derive(Debug, thiserror::Error)]
pub enum ReconcileError {
    /// The table.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Nobody could be told of what must be told.
    #[error("an alert could not be told: {0}")]
    Untold(String),
}

/// Brings accounts to what the table wants.
#[derive(Debug)]
pub struct Reconciler<I> {
    /// The entitlement table.
    pub table: Table,
    /// IAM.
    pub iam: I,
    /// Guard rails, quota, times.
    pub settings: Settings,
    /// The world outside.
    pub edge: Edge,
}

impl<I: Iam> Reconciler<I> {
    /// Attends to an account until all is done or the time is over.
    ///
    /// # Errors
    /// [`ReconcileError`].
    pub async fn account(
        &self,
        account: &AccountId,
        scope: &Scope,
        until: Instant,
        watch: &impl Watch,
    ) -> Result<AccountReport, ReconcileError> {
        let _ = (account, scope, until, watch);
        todo!()
    }

    /// What attending to an account would do. Takes no lease, writes and notes nothing, tells nobody.
    ///
    /// # Errors
    /// [`ReconcileError`].
    pub async fn preview(&self, account: &AccountId, scope: &Scope) -> Result<AccountReport, ReconcileError> {
        let _ = (account, scope);
        todo!()
    }
}
