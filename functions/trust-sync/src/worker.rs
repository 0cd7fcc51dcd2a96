//! Messages of the queue, to work on accounts.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use signet_core::role::AccountId;
use signet_iam::Iam;
use signet_reconcile::Reconciler;
use signet_reconcile::account::{Scope, Watch};
use signet_reconcile::report::{AccountReport, Ended};
use signet_sync::batch::Response;
use signet_sync::lanes;
use signet_sync::limit::limit;
use signet_sync::serve::Call;
use tokio::time::{Instant, timeout_at};

use crate::fault::Fault;
use crate::payload;
use crate::queue::{Message, Work};
use crate::sync::TrustSync;
use crate::watch::Watcher;
use crate::{metrics, report};

/// How many accounts are worked on side by side: as many as a batch of a FIFO queue may have.
const AT_ONCE: usize = 10;

/// The most time that is kept back for letting go of an account and for putting it back.
const WRAP_UP: Duration = Duration::from_secs(5);

/// How long a batch waits for one of its accounts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience {
    /// The most time that one of several accounts has, from its begin: until it ends, no message of the
    /// batch is acknowledged, and so none of another account's group is given out. What is not done then
    /// is put back. An account that is alone has the whole time.
    pub share: Duration,
    /// How long a sweep waits, before it is put back, where somebody else works on the account: messages of
    /// a FIFO queue have no delay of their own, and it would come again at once.
    pub busy: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self { share: Duration::from_secs(25), busy: Duration::from_secs(10) }
    }
}

/// One account of a batch: what all of its messages ask for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Job {
    /// What is to be done: a sweep, if one of the messages asks for it.
    pub work: Work,
    /// How many messages ask.
    pub messages: usize,
    /// How often one of them has been delivered, about.
    pub receive_count: u64,
}

/// How work on an account ended.
#[derive(Debug, Default)]
pub struct Conclusion {
    /// What was done; none if work broke off.
    pub report: Option<AccountReport>,
    /// Why the messages come again; none if they do not.
    pub fault: Option<Fault>,
}

/// A batch, by accounts.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Batch {
    jobs: BTreeMap<AccountId, Job>,
    messages: Vec<Delivered>,
}

/// A message as the answer sees it.
#[derive(Debug, PartialEq, Eq)]
struct Delivered {
    id: String,
    group: Option<String>,
    /// None if it cannot be read.
    account: Option<AccountId>,
}

impl Batch {
    /// Sorts messages by their accounts. `unreadable` hears of those that name none.
    pub fn of(messages: Vec<payload::Message>, mut unreadable: impl FnMut(&payload::Message, String)) -> Self {
        let mut batch = Self::default();
        for message in messages {
            let work = match Work::parse(message.record.body.as_deref()) {
                Ok(work) => Some(work),
                Err(why) => {
                    unreadable(&message, why);
                    None
                }
            };
            let payload::Message { record, group } = message;
            let account = work.as_ref().map(|work| work.account.clone());
            batch.messages.push(Delivered { id: record.message_id, group, account });
            if let Some(work) = work {
                let count = record.attributes.receive_count.unwrap_or(1);
                let new = || Job { work: Work { sweep: false, ..work.clone() }, messages: 0, receive_count: 0 };
                let job = batch.jobs.entry(work.account.clone()).or_insert_with(new);
                job.work.sweep |= work.sweep;
                job.messages += 1;
                job.receive_count = job.receive_count.max(count);
            }
        }
        batch
    }

    /// The messages that come again, where work on these accounts failed: those of the accounts, those that
    /// cannot be read, and whatever stands behind one of them in its group. Lambda wants that of
    /// a FIFO queue ("Using Lambda with Amazon SQS", "Implementing partial batch responses"): without it
    /// a group's messages would change their order.
    #[must_use]
    pub fn failing(&self, failed: &BTreeSet<AccountId>) -> Vec<String> {
        let mut groups = BTreeSet::new();
        let mut ids = Vec::new();
        for Delivered { id, group, account } in &self.messages {
            let fails = account.as_ref().is_none_or(|account| failed.contains(account));
            if fails || group.as_ref().is_some_and(|group| groups.contains(group)) {
                groups.extend(group.as_ref());
                ids.push(id.clone());
            }
        }
        ids
    }
}

impl<I: Iam> TrustSync<I> {
    /// Works on the accounts of a batch, side by side, those included whose message stands behind one that
    /// fails: what is wanted there should not wait for another message.
    pub(crate) async fn take_queue(&self, call: &Call, messages: Vec<payload::Message>) -> Response {
        let batch = Batch::of(messages, |message, why| {
            metrics::unreadable();
            report::unreadable_message(&self.edge, call, message, &Fault::Message(why));
        });
        if batch.jobs.is_empty() {
            return Response::failing(batch.failing(&BTreeSet::new()));
        }
        let ready = limit(call.until, self.reconciler()).await;
        let reconciler = match ready.map_err(Fault::from).and_then(|ready| ready.map_err(Fault::from)) {
            Ok(reconciler) => reconciler,
            Err(fault) => {
                let failed: BTreeSet<AccountId> = batch.jobs.keys().cloned().collect();
                metrics::failed(failed.len(), fault.reason());
                report::not_ready(&self.edge, call, failed.len(), &fault);
                return Response::failing(batch.failing(&failed));
            }
        };
        let failed = RefCell::new(BTreeSet::new());
        let share = (batch.jobs.len() > 1).then_some(self.patience.share);
        let lanes = batch.jobs.values().map(|job| vec![job]).collect();
        lanes::run(lanes, AT_ONCE, async |job: &Job| {
            let began = Instant::now();
            let watcher = Watcher::new(&self.alerts, &self.edge, call, &job.work.account);
            let conclusion = limit(call.until, Box::pin(self.attend(call, reconciler, job, share, &watcher))).await;
            let conclusion = conclusion.unwrap_or_else(|cut| Conclusion { report: None, fault: Some(cut.into()) });
            metrics::account(&conclusion);
            report::account(&self.edge, call, job, &conclusion, &watcher.tally(), self.dry_run, began.elapsed());
            if conclusion.fault.is_some() {
                failed.borrow_mut().insert(job.work.account.clone());
            }
        })
        .await;
        Response::failing(batch.failing(&failed.into_inner()))
    }

    /// Works on one account, and puts it back if it is not finished. `share` is the most time that it has;
    /// none if it is alone.
    async fn attend(
        &self,
        call: &Call,
        reconciler: &Reconciler<I>,
        job: &Job,
        share: Option<Duration>,
        watcher: &Watcher<'_>,
    ) -> Conclusion {
        let Work { account, sweep } = &job.work;
        let scope = if *sweep { Scope::Sweep } else { Scope::Due };
        if self.dry_run {
            // It is not put back, and so has all the time there is.
            return preview(reconciler, account, &scope, work_until(call, None), watcher).await;
        }
        let until = work_until(call, share);
        let report = match Box::pin(reconciler.account(account, &scope, until, watcher)).await {
            Ok(report) => report,
            Err(error) => return Conclusion { report: None, fault: Some(error.into()) },
        };
        let comes_back = match report.ended {
            // Whoever has an account whose lease we lost may have come for less than we did.
            Ended::Unfinished | Ended::Lost => true,
            // So may whoever has it now: told that we came, they look at what is due, and at no more.
            Ended::Busy if *sweep => {
                tokio::time::sleep_until(until.min(Instant::now() + self.patience.busy)).await;
                true
            }
            Ended::Busy | Ended::Done => false,
        };
        let unsent = if comes_back {
            self.queue.send(&[Message::new(job.work.clone(), &call.request_id)]).await
        } else {
            vec![]
        };
        Conclusion { report: Some(report), fault: unsent.into_iter().next().map(Fault::Queue) }
    }
}

/// Looks at what work on an account would do. What has no time is reported as unfinished, and nothing is
/// put back: nothing is noted of what was looked at, so that the next look would end no sooner.
async fn preview<I: Iam>(
    reconciler: &Reconciler<I>,
    account: &AccountId,
    scope: &Scope,
    until: Instant,
    watcher: &Watcher<'_>,
) -> Conclusion {
    match timeout_at(until, Box::pin(reconciler.preview(account, scope))).await {
        Ok(Ok(report)) => {
            report.roles.iter().for_each(|role| watcher.role(role));
            Conclusion { report: Some(report), fault: None }
        }
        Ok(Err(error)) => Conclusion { report: None, fault: Some(error.into()) },
        Err(_) => {
            let (account, ended) = (account.clone(), Ended::Unfinished);
            let report = AccountReport { account, ended, roles: Vec::new(), providers: Vec::new(), next: None };
            Conclusion { report: Some(report), fault: None }
        }
    }
}

/// Until when roles are begun: of a short time four fifths; from now on no longer than a share, if there is
/// one.
fn work_until(call: &Call, share: Option<Duration>) -> Instant {
    let now = Instant::now();
    let left = call.until.saturating_duration_since(now);
    let whole = call.until.checked_sub(WRAP_UP.min(left / 5)).unwrap_or(call.until);
    share.map_or(whole, |share| whole.min(now + share))
}

#[cfg(test)]
mod tests {
    use signet_sync::batch::{Attributes, Record};

    use super::*;

    const A: &str = "111122223333";
    const B: &str = "444455556666";

    fn message(id: &str, body: &str, group: Option<&str>, count: u64) -> payload::Message {
        let attributes = Attributes { receive_count: Some(count), sent_ms: None };
        let record = Record { message_id: id.to_owned(), body: Some(body.to_owned()), attributes, ..Record::default() };
        payload::Message { record, group: group.map(str::to_owned) }
    }

    fn batch(messages: &[(&str, &str, Option<&str>)]) -> (Batch, usize) {
        let mut unreadable = 0;
        let messages = messages.iter().map(|(id, body, group)| message(id, body, *group, 1)).collect();
        (Batch::of(messages, |_, _| unreadable += 1), unreadable)
    }

    fn account(number: &str) -> AccountId {
        AccountId::parse(number).unwrap()
    }

    #[test]
    fn the_messages_of_an_account_are_one_piece_of_work() {
        let sweep = format!("{A} sweep");
        let messages = vec![
            message("1", A, Some(A), 1),
            message("2", B, Some(B), 4),
            message("3", &sweep, Some(A), 3),
            message("4", A, Some(A), 1),
        ];
        let batch = Batch::of(messages, |_, why| panic!("{why}"));
        let job = |number, sweep, messages, receive_count| {
            (account(number), Job { work: Work { account: account(number), sweep }, messages, receive_count })
        };
        assert_eq!(batch.jobs, [job(A, true, 3, 3), job(B, false, 1, 4)].into());
        assert_eq!(batch.failing(&BTreeSet::new()), [""; 0]);
        assert_eq!(batch.failing(&[account(A)].into()), ["1", "3", "4"]);
    }

    #[test]
    fn what_stands_behind_a_failure_in_its_group_fails() {
        let bad = [("1", A, Some(A)), ("2", "x", Some(A)), ("3", B, Some(B)), ("4", A, Some(A)), ("5", "y", None)];
        let (batch, unreadable) = batch(&bad);
        assert_eq!(unreadable, 2);
        assert_eq!(batch.jobs[&account(A)].messages, 2, "what is behind a failure is worked on all the same");
        assert_eq!(batch.failing(&BTreeSet::new()), ["2", "4", "5"]);
        assert_eq!(batch.failing(&[account(B)].into()), ["2", "3", "4", "5"]);
        assert_eq!(batch.failing(&[account(A)].into()), ["1", "2", "4", "5"]);
    }

    #[test]
    fn groups_that_are_not_the_accounts_count_as_they_are() {
        let (batch, _) = batch(&[("1", A, Some("x")), ("2", B, Some("x")), ("3", B, None), ("4", B, Some("y"))]);
        assert_eq!(batch.failing(&[account(A)].into()), ["1", "2"]);
    }

    #[tokio::test]
    async fn some_time_is_kept_back_for_letting_go() {
        let call = |seconds| Call {
            request_id: String::new(),
            function: String::new(),
            until: Instant::now() + Duration::from_secs(seconds),
        };
        tokio::time::pause();
        let share = Patience::default().share;
        for (seconds, left, shared) in [(100, 95, 25), (10, 8, 8), (0, 0, 0)] {
            assert_eq!(work_until(&call(seconds), None) - Instant::now(), Duration::from_secs(left));
            assert_eq!(work_until(&call(seconds), Some(share)) - Instant::now(), Duration::from_secs(shared));
        }
    }
}
