//! One account: lease, providers, roles, outcome.
//!
//! Whoever has the lease goes over the account in passes until nothing is due and nobody asked for it in
//! between. A pass (`pass`) reads the account, then the apps, makes providers, attends to
//! roles, deletes providers, and notes how far it came. All is level-triggered: a pass that is dropped in
//! the middle leaves rows by which the next one does the rest.

use std::collections::BTreeSet;
use std::future::Future;
use std::mem::take;
use std::sync::PoisonError;

use signet_core::grant::Timestamp;
use signet_core::role::{AccountId, RoleArn};
use signet_iam::Iam;
use signet_store::trust::lease::Released;
use signet_store::{StoreError, Table};
use tokio::time::{Instant, timeout_at};

use crate::holding::Holding;
use crate::pass::Passed;
use crate::report::{AccountReport, Ended, RoleReport, Told};
use crate::run::{Done, Live, Run, Stop};
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
    /// Attends to an account until all is done or the time is over. At that moment what is under way is
    /// dropped; what was not finished is due still.
    ///
    /// # Errors
    /// [`ReconcileError`]. What was done is done, and noted; the rest is due still.
    pub async fn account(
        &self,
        account: &AccountId,
        scope: &Scope,
        until: Instant,
        watch: &impl Watch,
    ) -> Result<AccountReport, ReconcileError> {
        let done = Done::default();
        let held = Holding::take(&self.table, self.edge, account, self.settings.lease).await?;
        let Some(held) = held else { return Ok(report(account, Ended::Busy, &done, None)) };
        // Large, since it holds all that is under way.
        let passes = Box::pin(self.passes(&held, account, scope, watch, &done));
        let worked = timeout_at(until, passes).await;
        match worked {
            Ok(Ok(next)) => Ok(report(account, Ended::Done, &done, next)),
            Ok(Err(Stop::Lost | Stop::Stale)) => Ok(report(account, Ended::Lost, &done, None)),
            Ok(Err(Stop::Failed(error))) => {
                // The lease would run out by itself, only later: the first failure is the one to tell.
                let _ = held.drop_it(&self.table).await;
                Err(error)
            }
            Err(_) => {
                let ended = match held.drop_it(&self.table).await? {
                    Released::Lost => Ended::Lost,
                    Released::Done | Released::Again => Ended::Unfinished,
                };
                Ok(report(account, ended, &done, None))
            }
        }
    }

    /// Goes over the account until nothing is due and the lease is let go of.
    async fn passes<W: Watch>(
        &self,
        held: &Holding,
        account: &AccountId,
        scope: &Scope,
        watch: &W,
        done: &Done,
    ) -> Result<Option<Timestamp>, Stop> {
        let mut scope = scope;
        loop {
            let run = Run::open(self, account, Some(Live { held, watch }), done).await?;
            let passed = if run.is_new() {
                // Its providers were never looked at: it counts as wanted from now on.
                self.table.raise_account(account, run.now()).await?;
                Passed::Again
            } else {
                run.pass(scope).await?
            };
            let next = match passed {
                Passed::Through(next) => next,
                // What was asked for is not attended to by the look that found more.
                Passed::Anew => continue,
                Passed::Again => {
                    scope = if run.is_new() { scope } else { &Scope::Due };
                    continue;
                }
            };
            match self.table.let_go(&held.lease).await? {
                Released::Done => return Ok(next),
                Released::Again => scope = &Scope::Due,
                Released::Lost => return Err(Stop::Lost),
            }
        }
    }

    /// What attending to an account would do. Takes no lease, writes and notes nothing, tells nobody.
    ///
    /// # Errors
    /// [`ReconcileError`].
    pub async fn preview(&self, account: &AccountId, scope: &Scope) -> Result<AccountReport, ReconcileError> {
        let done = Done::default();
        let run: Run<'_, I, Nobody> = Run::open(self, account, None, &done).await?;
        match Box::pin(run.pass(scope)).await {
            Ok(_) => Ok(report(account, Ended::Done, &done, None)),
            Err(Stop::Lost | Stop::Stale) => Ok(report(account, Ended::Lost, &done, None)),
            Err(Stop::Failed(error)) => Err(error),
        }
    }
}

/// Who hears of a dry run.
#[derive(Debug)]
struct Nobody;

impl Watch for Nobody {
    async fn tell(&self, _: &Told) -> Result<(), String> {
        Ok(())
    }

    fn role(&self, _: &RoleReport) {}
}

fn report(account: &AccountId, ended: Ended, done: &Done, next: Option<Timestamp>) -> AccountReport {
    let roles = take(&mut *done.roles.lock().unwrap_or_else(PoisonError::into_inner));
    let providers = take(&mut *done.providers.lock().unwrap_or_else(PoisonError::into_inner));
    AccountReport { account: account.clone(), ended, roles, providers, next }
}
