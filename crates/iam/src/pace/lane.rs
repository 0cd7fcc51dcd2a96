//! The calls of one account.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

use super::{CAP, Rates, pause};

/// Between two calls where the rate is no positive number.
const SLOWEST: Duration = Duration::from_mins(1);

/// What a call does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Read,
    Write,
}

/// The calls of one account.
#[derive(Debug)]
pub(super) struct Lane {
    reads: Queue,
    writes: Queue,
    trouble: Mutex<Trouble>,
}

/// Calls of one kind, in the order in which they were asked for: the lock is handed on in that order, and
/// a call that is given up leaves no gap.
#[derive(Debug)]
struct Queue {
    gap: Duration,
    /// When the next call may be made.
    next: tokio::sync::Mutex<Instant>,
}

/// An account that throttles, or gives no answer.
#[derive(Debug, Clone, Copy)]
struct Trouble {
    /// When it began; none while all is well.
    since: Option<Instant>,
    /// When the last pause began.
    raised: Instant,
    /// No call is made before this.
    not_before: Instant,
    /// Pauses since it began.
    pauses: u32,
}

impl Lane {
    pub(super) fn new(rates: &Rates) -> Self {
        let now = Instant::now();
        let queue = |rate| Queue { gap: gap(rate), next: tokio::sync::Mutex::new(now) };
        Self {
            reads: queue(rates.reads),
            writes: queue(rates.writes),
            trouble: Mutex::new(Trouble { since: None, raised: now, not_before: now, pauses: 0 }),
        }
    }

    /// Waits until a call may be made.
    pub(super) async fn turn(&self, kind: Kind) {
        let queue = match kind {
            Kind::Read => &self.reads,
            Kind::Write => &self.writes,
        };
        let mut next = queue.next.lock().await;
        // Idle time is no credit; but wakes that come a moment late do not add up.
        let mut from = Instant::now();
        loop {
            let slot = (*next).max(self.trouble().not_before);
            if slot <= Instant::now() {
                *next = from + queue.gap;
                return;
            }
            // A pause may begin or grow meanwhile.
            sleep_until(slot).await;
            from = slot;
        }
    }

    /// The account has answered a call that began then.
    pub(super) fn succeeded(&self, began: Instant) {
        let mut trouble = self.trouble();
        if began >= trouble.raised {
            trouble.since = None;
            trouble.pauses = 0;
        }
    }

    /// The account has throttled, or not answered, a call that began then. Gives when calls are made
    /// again, and from when on none is repeated.
    pub(super) fn failed(&self, began: Instant, patience: Duration, fraction: f64) -> (Instant, Instant) {
        let now = Instant::now();
        let mut trouble = self.trouble();
        // Trouble that nobody has looked at for long says nothing of today's.
        let forgotten = now.duration_since(trouble.not_before) > CAP;
        let since = match trouble.since {
            Some(since) if !forgotten => since,
            _ => {
                trouble.since = Some(now);
                trouble.pauses = 0;
                now
            }
        };
        // Calls that were under way side by side fail by the same cause: one pause for all of them.
        if trouble.pauses == 0 || began >= trouble.raised {
            trouble.raised = now;
            trouble.not_before = trouble.not_before.max(now + pause(trouble.pauses, fraction));
            trouble.pauses = trouble.pauses.saturating_add(1);
        }
        (trouble.not_before, since + patience)
    }

    fn trouble(&self) -> MutexGuard<'_, Trouble> {
        // Nothing between taking and leaving it can fail half-way.
        self.trouble.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The time between two calls.
fn gap(rate: f64) -> Duration {
    if rate > 0.0 { Duration::try_from_secs_f64(rate.recip()).unwrap_or(SLOWEST).min(SLOWEST) } else { SLOWEST }
}
