//! What is due by itself.

use std::collections::BTreeSet;

use serde::Serialize;
use signet_core::grant::Timestamp;
use signet_core::role::AccountId;
use signet_iam::Iam;
use signet_store::StoreError;
use signet_store::trust::account::{AccountState, Accounts};
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
    /// The rows of accounts and roles that cannot be read: what they want is in none of the numbers.
    pub rows_unreadable: usize,
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
            rows_unreadable: 0,
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
    /// being tried; it is the sentence that the invocation fails with. A row that cannot be read fails the
    /// message of its account instead, which becomes a dead letter.
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
        match self.by_the_end(call, Box::pin(self.table.accounts_with_faults())).await {
            Ok(Accounts { states, unreadable }) => {
                for row in &unreadable {
                    report::unreadable_row(&self.edge, call, row);
                }
                summary.rows_unreadable = unreadable.len();
                summary.measure(&states, now);
                metrics::staleness(&summary);
                let sweep = task == Task::Sweep;
                // What cannot be read may be due, and its worker is who fails loudly for it.
                let doubtful: BTreeSet<AccountId> = unreadable.into_iter().filter_map(|row| row.account).collect();
                let is_due = |state: &AccountState| state.is_due(now) || doubtful.contains(&state.account);
                let due = states.into_iter().filter(|state| sweep || is_due(state));
                let message =
                    |state: AccountState| Message::new(Work { account: state.account, sweep }, &call.request_id);
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
