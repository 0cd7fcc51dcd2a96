//! What people and the log hear while an account is worked on.

use std::cell::Cell;

use jiff::Timestamp;
use signet_core::role::AccountId;
use signet_events::alert::Origin;
use signet_reconcile::account::Watch;
use signet_reconcile::report::{Outcome, RoleReport, Told};
use signet_sync::alerts::AlertTopic;
use signet_sync::serve::{Call, Edge};

use crate::{metrics, report};

/// What was done to the roles of an account, in numbers. Also of an account whose work broke off.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    /// Roles that another document was written to.
    pub written: usize,
    /// Roles that were as they should be, or gone with all their grants.
    pub unchanged: usize,
    /// Roles that another document would be written to, were this no dry run.
    pub to_write: usize,
    /// Roles that are not as wanted, whatever the reason.
    pub failed: usize,
    /// Those of them whose policy is too long.
    pub too_long: usize,
    /// Roles where somebody else had changed what Signet writes.
    pub drifted: usize,
    /// Calls of IAM for roles.
    pub calls: u64,
    /// Alerts that were published.
    pub alerts: usize,
}

impl Tally {
    /// The same with one role more.
    #[must_use]
    pub fn with(mut self, role: &RoleReport) -> Self {
        match role.outcome {
            Outcome::Written => self.written += 1,
            Outcome::Unchanged | Outcome::Absent => self.unchanged += 1,
            Outcome::WouldWrite => self.to_write += 1,
            Outcome::TooLong => {
                self.failed += 1;
                self.too_long += 1;
            }
            Outcome::Gone
            | Outcome::OutOfBounds
            | Outcome::Unreadable
            | Outcome::Denied
            | Outcome::Unavailable
            | Outcome::Refused => self.failed += 1,
        }
        self.drifted += usize::from(role.drifted);
        self.calls += u64::from(role.calls);
        self
    }
}

/// Publishes alerts, and logs and counts what was done, as it is done.
#[derive(Debug)]
pub struct Watcher<'a> {
    alerts: &'a AlertTopic,
    edge: &'a Edge,
    call: &'a Call,
    account: &'a AccountId,
    tally: Cell<Tally>,
}

impl<'a> Watcher<'a> {
    /// Watches work on an account during an invocation.
    #[must_use]
    pub fn new(alerts: &'a AlertTopic, edge: &'a Edge, call: &'a Call, account: &'a AccountId) -> Self {
        Self { alerts, edge, call, account, tally: Cell::default() }
    }

    /// What was done until now.
    #[must_use]
    pub fn tally(&self) -> Tally {
        self.tally.get()
    }
}

impl Watch for Watcher<'_> {
    async fn tell(&self, told: &Told) -> Result<(), String> {
        let source = if self.call.function.is_empty() { "trust-sync" } else { &self.call.function };
        let time = Timestamp::from_millisecond((self.edge.now_ms)()).unwrap_or_default();
        let origin = Origin { id: &told.id, source, subject: &told.subject, time };
        let published = self.alerts.publish(&told.alert, &origin).await.map_err(|error| error.to_string());
        metrics::alert(published.is_ok());
        report::alert(self.edge, self.call, self.account, told, published.as_ref().err());
        if published.is_ok() {
            let tally = self.tally.get();
            self.tally.set(Tally { alerts: tally.alerts + 1, ..tally });
        }
        published
    }

    fn role(&self, report: &RoleReport) {
        self.tally.set(self.tally.get().with(report));
        metrics::role(report);
        report::role(self.edge, self.call, self.account, report);
    }
}
