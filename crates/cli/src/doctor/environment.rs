//! Credentials and the clock.

use super::{Check, State};

/// From how many seconds on a clock is too far away from AWS's to judge what has expired.
const SKEW: i64 = 30;
/// From how many seconds on AWS refuses what was signed by that clock (Signature Version 4: 5 minutes).
const REFUSED: i64 = 300;

/// Whether credentials were found.
#[must_use]
pub fn credentials(found: Result<&str, &str>) -> Check {
    match found {
        Ok(id) => Check::ok("credentials", id, "these credentials are used"),
        Err(cause) => Check::not_ok(
            State::Error,
            "credentials",
            "-",
            format!("no credentials: {cause}"),
            "set AWS_PROFILE, or sign in as `aws sso login` does",
        ),
    }
}

/// How far this machine's clock is from AWS's; none where no answer told the time.
#[must_use]
pub fn clock(ahead_seconds: Option<i64>) -> Check {
    let Some(ahead) = ahead_seconds else {
        return Check::not_ok(
            State::Note,
            "clock",
            "this machine",
            "no answer of DynamoDB told the time: the clock was not compared",
            "compare it by hand where sign-ins are to be explained",
        );
    };
    let (far, way) = (ahead.abs(), if ahead > 0 { "ahead of" } else { "behind" });
    let fix = "set it, as by NTP: `apply` records changes by it, and `explain` and `trace` go by what it recorded";
    let text = format!("this machine's clock is {far} s {way} AWS's");
    if far >= REFUSED {
        Check::not_ok(State::Error, "clock", "this machine", format!("{text}: AWS refuses what it signs"), fix)
    } else if far >= SKEW {
        Check::not_ok(State::Warning, "clock", "this machine", text, fix)
    } else {
        Check::ok("clock", "this machine", format!("within {SKEW} s of AWS's"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clocks_and_credentials() {
        for (ahead, state) in [
            (Some(0), State::Ok),
            (Some(29), State::Ok),
            (Some(-29), State::Ok),
            (Some(30), State::Warning),
            (Some(-299), State::Warning),
            (Some(300), State::Error),
            (None, State::Note),
        ] {
            assert_eq!(clock(ahead).state, state, "{ahead:?}");
        }
        assert!(clock(Some(-40)).text.contains("40 s behind"));
        assert_eq!(credentials(Ok("AKIDEXAMPLE")).state, State::Ok);
        assert_eq!(credentials(Err("nothing")).state, State::Error);
    }
}
