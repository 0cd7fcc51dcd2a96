//! How much time is left for an answer.
//!
//! Okta waits 3 s in all, and that clock starts when it sends the request, not when Lambda
//! has a sandbox for it. So the deadline counts from the moment the gateway took the request.

use std::time::Duration;

/// How old a request's time may be, in milliseconds. One that is older comes from a test event, or
/// a clock that is wrong, and says nothing.
const MAX_AGE_MS: i64 = 10_000;
/// How far ahead a request's time may be, in milliseconds: two clocks are never quite equal.
const MAX_AHEAD_MS: i64 = 1_000;

/// What is left of the deadline. Both times are in milliseconds since 1970; `taken` is the
/// gateway's.
#[must_use]
pub fn remaining(deadline: Duration, now_ms: i64, taken_ms: Option<i64>) -> Duration {
    let age_ms = taken_ms.map_or(0, |taken| now_ms.saturating_sub(taken));
    if !(-MAX_AHEAD_MS..=MAX_AGE_MS).contains(&age_ms) {
        return deadline;
    }
    let spent = Duration::from_millis(u64::try_from(age_ms).unwrap_or(0));
    deadline.saturating_sub(spent)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_counts_from_when_the_gateway_took_the_request() {
        let now = 1_800_000_000_000;
        let left = |taken| u64::try_from(remaining(Duration::from_millis(2_500), now, taken).as_millis()).unwrap();
        assert_eq!(left(None), 2_500);
        assert_eq!(left(Some(now)), 2_500);
        assert_eq!(left(Some(now - 400)), 2_100);
        assert_eq!(left(Some(now - 2_500)), 0);
        assert_eq!(left(Some(now - 10_000)), 0);
        assert_eq!(left(Some(now + 900)), 2_500);
    }

    #[test]
    fn a_time_in_the_far_past_or_future_says_nothing() {
        let now = 1_800_000_000_000;
        for taken in [now - 10_001, now + 1_001, 0, -1, i64::MIN, i64::MAX] {
            assert_eq!(remaining(Duration::from_millis(2_500), now, Some(taken)).as_millis(), 2_500, "{taken}");
        }
    }
}
