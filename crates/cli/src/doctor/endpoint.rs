//! What a hook answers to callers that Okta is not, and to one that it could be.

use std::time::Duration;

use serde_json::Value;

use super::{Check, State};

/// How long Okta waits for an answer in all (Okta, "Inline hooks", August 2026).
const OKTA_WAITS: Duration = Duration::from_secs(3);
/// From when on little is left of that for the way to Okta: the functions' own deadline, unless told otherwise.
const SLOW: Duration = Duration::from_millis(2_500);
/// What to do where another address was called than a hook's.
const ADDRESS: &str = "the stack's outputs have the URL of each hook";

/// An HTTP answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The body.
    pub body: Vec<u8>,
    /// How long it took, from here.
    pub took: Duration,
}

/// Whether an address is one of this machine.
#[must_use]
pub fn is_here(url: &str) -> bool {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    matches!(authority.rsplit_once(':').map_or(authority, |(host, _)| host), "127.0.0.1" | "localhost")
}

/// What is to be said of an address before it is called.
#[must_use]
pub fn address(url: &str) -> Option<Check> {
    let is_open = url.starts_with("http://") && !is_here(url);
    is_open.then(|| {
        let text = "it is not encrypted: whoever is on the way reads the secret and the groups of people";
        Check::not_ok(State::Warning, "hook_address", url, text, "`https://`: Okta calls no other")
    })
}

/// The answer to a call without the secret; or why there was none.
#[must_use]
pub fn without_secret(url: &str, answer: Result<&Answer, &str>) -> Check {
    let name = "hook_closed";
    let answer = match answer {
        Ok(answer) => answer,
        Err(cause) => return unreachable(name, url, cause),
    };
    let status = answer.status;
    let (state, text, fix) = match status {
        401 => return Check::ok(name, url, "it answers, and refuses callers without the secret"),
        200..=299 => (
            State::Error,
            "it answers whoever calls",
            "this is no hook of Signet's, or something before it adds the secret: nobody but Okta may have it",
        ),
        _ => foreign(status).unwrap_or((State::Error, "a hook answers 401 here", ADDRESS)),
    };
    Check::not_ok(state, name, url, format!("HTTP {status}: {text}"), fix)
}

/// What is wrong where a status is none that a function of Signet's answers: how it stands, what that is,
/// and what to do. None for other statuses.
fn foreign(status: u16) -> Option<(State, &'static str, &'static str)> {
    Some(match status {
        403 => (
            State::Error,
            "something before the function refuses the call, and would refuse Okta's",
            "the function URL's AuthType has to be NONE, and no firewall may be in the way; with `HookAuth=jwt` the \
             token needs `JwtScope`",
        ),
        404 | 405 => (State::Error, "nothing answers there", ADDRESS),
        429 => (State::Warning, "throttled", "look at the API's throttling, and at reserved concurrency"),
        500..=599 => (
            State::Error,
            "the function fails, or cannot be called",
            "look at the function's log: `start failed` says why; where it has no line of the call, at the API's \
             access log (`integration_error`) and at reserved concurrency",
        ),
        _ => return None,
    })
}

/// The answer to a call with the secret, about an app that is not there; or why there was none.
#[must_use]
pub fn with_secret(url: &str, answer: Result<&Answer, &str>) -> Vec<Check> {
    let name = "hook_answers";
    match answer {
        // How soon something else answers says nothing of the function.
        Ok(answer) if foreign(answer.status).is_some() => vec![denial(name, url, answer)],
        Ok(answer) => vec![denial(name, url, answer), time(url, answer.took)],
        Err(cause) => vec![unreachable(name, url, cause)],
    }
}

/// What is not tried without the secret: anything can answer 401.
#[must_use]
pub fn secret_not_given(url: &str) -> Check {
    let text = "not tried without the secret: whether it takes Okta's calls, reads its table, and is soon enough";
    let fix = "`--secret-env NAME`, the variable that holds what Okta sends in Authorization";
    Check::not_ok(State::Note, "hook_answers", url, text, fix)
}

/// Whether it is the denial that a hook has which could read its table.
fn denial(name: &'static str, url: &str, answer: &Answer) -> Check {
    let status = answer.status;
    let error = |text: String, fix: &str| Check::not_ok(State::Error, name, url, text, fix);
    match status {
        200 => {}
        401 => {
            let fix =
                "SIGNET_HOOK_SECRET_SHA256 is to have the digest of what is in that variable: `signet secret new`";
            return error(format!("HTTP {status}: it does not take this secret"), fix);
        }
        400 => {
            let text = "HTTP 400: it takes neither a SAML nor a token hook's call".to_owned();
            return error(text, ADDRESS);
        }
        204 => {
            let text = "HTTP 204: a sign-in to an app that nobody stated is let pass".to_owned();
            return error(text, "this is no hook of Signet's");
        }
        _ => {
            let unlike = (State::Error, "no hook answers like that", ADDRESS);
            let (state, text, fix) = foreign(status).unwrap_or(unlike);
            return Check::not_ok(state, name, url, format!("HTTP {status}: {text}"), fix);
        }
    }
    let body: Value = serde_json::from_slice(&answer.body).unwrap_or(Value::Null);
    let said = body.pointer("/error/errorSummary").and_then(Value::as_str);
    let Some(said) = said.filter(|_| body.get("commands").is_none()) else {
        return error("its answer is no denial that Okta can read".to_owned(), "this is no hook of Signet's");
    };
    match body.pointer("/debugContext/reason").and_then(Value::as_str) {
        // The table was read, and has no such app.
        Some("unknown_app") => Check::ok(name, url, format!("it denies a sign-in to an app that is not there: {said}")),
        Some(reason) => {
            error(format!("it denies whoever signs in, for another reason: `{reason}` ({said})"), fix_of(reason))
        }
        None => {
            let text = format!("it denies a sign-in to an app that is not there, and does not say why: {said}");
            let fix = "look for that reference in the function's log: `unknown_app` is well; deploy this version";
            Check::not_ok(State::Warning, name, url, text, fix)
        }
    }
}

/// What to do, by the word of the function.
fn fix_of(reason: &str) -> &'static str {
    match reason {
        "meta_missing" => "`signet table create` on the function's SIGNET_TABLE: it writes the settings",
        "meta_unfit" => "deploy the version of Signet that wrote the table, or a later one",
        "table_throttled" | "table_timeout" | "table_partial" | "deadline" => {
            "DynamoDB's health and throttling, the function's memory, and its way to DynamoDB"
        }
        _ if reason.starts_with("table_") || reason.starts_with("meta_") => {
            "the function's SIGNET_TABLE and Region, and that its role, boundary and endpoint policy allow \
             `dynamodb:BatchGetItem` on the table, of the keys `META`, `APP#*` and `GROUP#*`"
        }
        _ => "look for that reference in the function's log: `detail` says more",
    }
}

/// How long the function, which had answered before, took from here.
fn time(url: &str, took: Duration) -> Check {
    let name = "hook_time";
    let text = format!("its second answer took {} ms from here", took.as_millis());
    let fix = "the function's memory, its way to DynamoDB, and the network from here";
    if took > OKTA_WAITS {
        let text = format!("{text}: Okta waits 3 s, and then people sign in without access");
        Check::not_ok(State::Error, name, url, text, fix)
    } else if took > SLOW {
        Check::not_ok(State::Warning, name, url, format!("{text}, and Okta waits 3 s"), fix)
    } else {
        Check::ok(name, url, text)
    }
}

fn unreachable(name: &'static str, url: &str, cause: &str) -> Check {
    let fix = "the URL, the network from here, and the stack's output; Okta needs a certificate that is public";
    Check::not_ok(State::Error, name, url, format!("no answer: {cause}"), fix)
}

#[cfg(test)]
mod tests {
    use super::super::states;
    use super::*;

    const URL: &str = "https://hooks.example.com/saml-hook";

    fn answer(status: u16, body: &str) -> Answer {
        Answer { status, body: body.as_bytes().to_vec(), took: Duration::from_millis(40) }
    }

    /// A denial with a reason, or without.
    fn denied(reason: Option<&str>) -> Answer {
        let context = reason.map_or_else(String::new, |reason| format!(r#","reason":"{reason}""#));
        let text = "No access. Reference: abc";
        answer(200, &format!(r#"{{"error":{{"errorSummary":"{text}"}},"debugContext":{{"decision":"abc"{context}}}}}"#))
    }

    #[test]
    fn whoever_has_no_secret_is_refused() {
        assert_eq!(without_secret(URL, Ok(&answer(401, "x"))).state, State::Ok);
        assert_eq!(without_secret(URL, Ok(&answer(429, ""))).state, State::Warning);
        for status in [200, 204, 302, 400, 403, 404, 500, 503] {
            assert_eq!(without_secret(URL, Ok(&answer(status, ""))).state, State::Error, "{status}");
        }
        assert_eq!(without_secret(URL, Err("refused")).state, State::Error);
    }

    #[test]
    fn what_needs_the_secret_is_a_note_without_it() {
        let check = secret_not_given(URL);
        assert_eq!((check.name, check.state), ("hook_answers", State::Note));
        assert!(check.text.starts_with("not tried") && check.fix.unwrap().contains("`--secret-env NAME`"));
    }

    #[test]
    fn whoever_has_it_is_denied_in_okta_s_words() {
        let checks = with_secret(URL, Ok(&denied(Some("unknown_app"))));
        assert_eq!(states(&checks), [("hook_answers", "ok"), ("hook_time", "ok")]);
        assert!(checks[0].text.contains("Reference: abc"));
        for (status, body) in [
            (200, "{}"),
            (200, "x"),
            (200, r#"{"error":{"errorSummary":"x"},"commands":[],"debugContext":{"reason":"unknown_app"}}"#),
            (200, r#"{"commands":[{"type":"com.okta.assertion.patch","value":[]}]}"#),
            (200, r#"{"debugContext":{"reason":"unknown_app"}}"#),
            (204, ""),
            (400, ""),
            (401, ""),
            (500, ""),
        ] {
            assert_eq!(with_secret(URL, Ok(&answer(status, body)))[0].state, State::Error, "{status} {body}");
        }
        assert_eq!(states(&with_secret(URL, Err("refused"))), [("hook_answers", "error")]);
    }

    /// Where no function was called, its log has nothing.
    #[test]
    fn what_is_before_the_function_is_told_alike_with_and_without_the_secret() {
        for (status, state, fix) in [
            (403, State::Error, "AuthType"),
            (404, State::Error, "the stack's outputs"),
            (405, State::Error, "the stack's outputs"),
            (429, State::Warning, "throttling"),
            (500, State::Error, "`start failed`"),
            (503, State::Error, "reserved concurrency"),
        ] {
            let answer = answer(status, "");
            let (without, with) = (without_secret(URL, Ok(&answer)), with_secret(URL, Ok(&answer)));
            assert_eq!((with.len(), with[0].name, with[0].state), (1, "hook_answers", state), "{status}");
            let told = |check: &Check| (check.state, check.text.clone(), check.fix.clone());
            assert_eq!(told(&without), told(&with[0]), "{status}");
            assert!(without.fix.as_deref().unwrap().contains(fix), "{without:?}");
        }
        let other = with_secret(URL, Ok(&answer(302, ""))).remove(0);
        assert_eq!((other.state, other.fix.as_deref()), (State::Error, Some(ADDRESS)));
    }

    #[test]
    fn a_denial_for_another_reason_is_none_of_the_app_s() {
        for (reason, fix) in [
            ("table_error", "SIGNET_TABLE"),
            ("table_error", "`GROUP#*`"),
            ("table_missing", "SIGNET_TABLE"),
            ("meta_width", "SIGNET_TABLE"),
            ("meta_missing", "table create"),
            ("meta_unfit", "version"),
            ("table_throttled", "throttling"),
            ("deadline", "memory"),
            ("internal", "log"),
            ("inactive_app", "log"),
        ] {
            let check = with_secret(URL, Ok(&denied(Some(reason)))).remove(0);
            assert_eq!(check.state, State::Error, "{reason}");
            assert!(check.text.contains(reason) && check.fix.as_deref().unwrap().contains(fix), "{check:?}");
        }
        // The version before said nothing.
        let check = with_secret(URL, Ok(&denied(None))).remove(0);
        assert_eq!(check.state, State::Warning);
        assert!(check.fix.unwrap().contains("log"));
    }

    #[test]
    fn okta_waits_three_seconds() {
        for (ms, state) in [
            (0, State::Ok),
            (2_500, State::Ok),
            (2_501, State::Warning),
            (3_000, State::Warning),
            (3_001, State::Error),
            (9_000, State::Error),
        ] {
            let slow = Answer { took: Duration::from_millis(ms), ..denied(Some("unknown_app")) };
            let checks = with_secret(URL, Ok(&slow));
            assert_eq!((checks[0].state, checks[1].state), (State::Ok, state), "{ms} ms");
        }
    }

    #[test]
    fn what_others_can_listen_to_is_told() {
        for url in [URL, "http://127.0.0.1:9000/x", "http://localhost/x"] {
            assert_eq!(address(url), None, "{url}");
        }
        for url in ["http://hooks.example.com/x", "http://localhost.example.com/", "http://example.com/127.0.0.1"] {
            assert_eq!(address(url).map(|check| check.state), Some(State::Warning), "{url}");
        }
    }
}
