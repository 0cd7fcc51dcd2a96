//! What is due by itself.

use serde::Serialize;
use signet_core::grant::Timestamp;
use signet_iam::Iam;
use signet_store::StoreError;
use signet_store::trust::account::AccountState;
use signet_sync::limit::limit;
use signet_sync::serve::Call;
use tokio::time::Instant;

use crate::fault::Fault;
use crate::payload::Task;
use crate::queue::{Message, Work};
use crate::sync::TrustSync;
use crate::{metrics, report};

/// What an invocation by the schedule came to, and its answer, for whoever invokes the function by hand.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// The task.
    pub task: &'static str,
    /// The accounts that the table knows.
    pub accounts: usize,
    /// The accounts that were queued.
    pub queued: usize,
    /// The apps whose marks were finished.
    pub apps_raised: usize,
    /// Roles that may not be as wanted.
    pub unreconciled_roles: usize,
    /// How long the oldest of what is wanted and not applied has waited, in seconds; 0 if nothing is.
    pub oldest_unreconciled_s: i64,
}

impl Summary {
    fn new(task: Task) -> Self {
        Self {
            task: task.as_str(),
            accounts: 0,
            queued: 0,
            apps_raised: 0,
            unreconciled_roles: 0,
            oldest_unreconciled_s: 0,
        }
    }

    /// Notes how far the accounts are from what is wanted. The index that lists them may lag by a moment.
    fn measure(&mut self, accounts: &[AccountState], now: Timestamp) {
        self.accounts = accounts.len();
        let open = |account: &AccountState| {
            account.roles.values().filter(|role| role.is_unreconciled(account.wanted())).count()
        };
        self.unreconciled_roles = accounts.iter().map(open).sum();
        let oldest = accounts.iter().filter_map(AccountState::oldest_unreconciled).min();
        let age = oldest.map_or(0, |since| now.seconds().saturating_sub(since.seconds()));
        self.oldest_unreconciled_s = age.max(0);
    }
}

impl<I: Iam> TrustSync<I> {
    /// Queues the accounts that are due, or all, and finishes marks. What fails does not keep the rest from
    /// being tried; it is the sentence that the invocation fails with.
    pub(crate) async fn take_task(&self, call: &Call, task: Task) -> Result<Summary, String> {
        let began = Instant::now();
        let mut summary = Summary::new(task);
        let mut faults: Vec<Fault> = Vec::new();
        let now = self.now();
        if task == Task::Tick {
            match self.by_the_end(call, Box::pin(self.table.raise_for_all(now))).await {
                Ok(apps) => summary.apps_raised = apps.len(),
                Err(fault) => faults.push(fault),
            }
        }
        match self.by_the_end(call, Box::pin(self.table.accounts())).await {
            Ok(accounts) => {
                summary.measure(&accounts, now);
                metrics::staleness(&summary);
                let sweep = task == Task::Sweep;
                let due = accounts.into_iter().filter(|account| sweep || account.is_due(now));
                let message =
                    |account: AccountState| Message::new(Work { account: account.account, sweep }, &call.request_id);
                let messages: Vec<Message> = due.map(message).collect();
                match limit(call.until, self.queue.send(&messages)).await {
                    Ok(unsent) => {
                        summary.queued = messages.len() - unsent.len();
                        faults.extend(unsent.into_iter().map(Fault::Queue));
                    }
                    Err(cut) => faults.push(cut.into()),
                }
            }
            Err(fault) => faults.push(fault),
        }
        metrics::task(&summary, &faults);
        report::task(&self.edge, call, &summary, &faults, began.elapsed());
        match faults.as_slice() {
            [] => Ok(summary),
            [only] => Err(format!("{}: {only}", summary.task)),
            [first, rest @ ..] => Err(format!("{}: {first}; and {} more failures", summary.task, rest.len())),
        }
    }

    async fn by_the_end<T>(&self, call: &Call, work: impl Future<Output = Result<T, StoreError>>) -> Result<T, Fault> {
        Ok(limit(call.until, work).await??)
    }
}
