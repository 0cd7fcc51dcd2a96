//! The end of an invocation, and panics, as failures of one piece of work.

use std::future::Future;
use std::panic::AssertUnwindSafe;

use futures_util::FutureExt;
use tokio::time::Instant;

/// Why a piece of work has no result.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Cut {
    /// The invocation's time is over: the work was not begun, or is given up where it stood.
    #[error(
        "the invocation's time is over: the record comes again; if that happens often, give the function more time"
    )]
    Deadline,
    /// It panicked.
    #[error("the function panicked: the line `panic` of the log says where")]
    Panic,
}

impl Cut {
    /// The kind of failure, as metrics and logs write it.
    #[must_use]
    pub fn reason(self) -> &'static str {
        match self {
            Self::Deadline => "deadline",
            Self::Panic => "internal",
        }
    }
}

/// Does a piece of work until a moment, and not a step of it after that.
///
/// # Errors
/// [`Cut`]. What the work has done until then stays.
pub async fn limit<T>(until: Instant, work: impl Future<Output = T>) -> Result<T, Cut> {
    if Instant::now() >= until {
        return Err(Cut::Deadline);
    }
    match tokio::time::timeout_at(until, AssertUnwindSafe(work).catch_unwind()).await {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(_)) => Err(Cut::Panic),
        Err(_) => Err(Cut::Deadline),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[tokio::test]
    async fn work_ends_at_the_limit() {
        let soon = Instant::now() + Duration::from_millis(20);
        assert_eq!(limit(soon, async { 1 }).await, Ok(1));
        assert_eq!(limit(soon, std::future::pending::<()>()).await, Err(Cut::Deadline));
        let late = limit(soon, async { panic!("late work was begun") });
        assert_eq!(late.await, Err::<(), _>(Cut::Deadline));
    }

    #[tokio::test]
    async fn a_panic_is_a_failure() {
        let far = Instant::now() + Duration::from_mins(1);
        assert_eq!(limit(far, async { panic!("a test of panics") }).await, Err::<(), _>(Cut::Panic));
    }
}
