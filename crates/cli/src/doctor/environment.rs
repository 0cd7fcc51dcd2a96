//! What the command itself works with: the table's name, the Region, credentials and the clock.

use signet_store::StoreError;

use super::{Check, State, fault};

/// From how many seconds on a clock is too far away from AWS's to judge what has expired.
const SKEW: i64 = 30;
/// From how many seconds on AWS refuses what was signed by that clock (Signature Version 4: 5 minutes).
const REFUSED: i64 = 300;

/// What is looked at: DynamoDB's address, where it was called.
#[must_use]
pub fn used(table: &str, region: &str, address: Option<&str>) -> Check {
    let address = address.map_or_else(|| "DynamoDB was not called".to_owned(), |at| format!("DynamoDB at {at}"));
    Check::ok("environment", table, format!("Region {region}, {address}"))
}

/// What is never looked at: nothing is written, and the functions have roles of their own.
#[must_use]
pub fn not_tried(table: &str) -> Check {
    Check::not_ok(
        State::Note,
        "permissions",
        table,
        "these credentials read it; permissions to write, and those of the functions, were not tried",
        "`--url` tries those of a hook; `signet apply` and `signet trust sync` say what they lack",
    )
}

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
            "set AWS_PROFILE, or sign in, as by `aws sso login`; what `aws login` gives is handed over by \
             `aws configure export-credentials --format env`",
        ),
    }
}

/// Credentials that DynamoDB does not take.
#[must_use]
pub fn not_taken(id: &str, error: &StoreError) -> Check {
    Check::not_ok(State::Error, "credentials", id, format!("they are not taken: {error}"), fault::fix(error))
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
        assert!(clock(Some(-40)).text.contains("40 s behind AWS's"));
        assert!(clock(Some(40)).text.contains("40 s ahead of AWS's"));
        assert_eq!(credentials(Ok("AKIDEXAMPLE")).state, State::Ok);
        assert_eq!(credentials(Err("nothing")).state, State::Error);
    }
}
