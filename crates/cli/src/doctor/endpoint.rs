//! What a hook answers to callers that Okta is not, and to one that it could be.

use serde_json::Value;

use super::{Check, State};

/// An HTTP answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The body.
    pub body: Vec<u8>,
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
    let not_ok = |state, text: &str, fix: &str| Check::not_ok(state, name, url, format!("HTTP {status}: {text}"), fix);
    match status {
        401 => Check::ok(name, url, "it answers, and refuses callers without the secret"),
        403 => not_ok(
            State::Error,
            "something before the function refuses the call, and would refuse Okta's",
            "the function URL's AuthType has to be NONE, and no firewall may be in the way",
        ),
        404 | 405 => not_ok(State::Error, "nothing answers there", "the stack's outputs have the URL of each hook"),
        429 => not_ok(State::Warning, "throttled", "look at the API's throttling, and at reserved concurrency"),
        200..=299 => not_ok(
            State::Error,
            "it answers whoever calls",
            "this is no hook of Signet's, or something before it adds the secret: nobody but Okta may have it",
        ),
        500..=599 => not_ok(State::Error, "the function fails", "look at the function's log: `start failed` says why"),
        _ => not_ok(State::Error, "a hook answers 401 here", "the stack's outputs have the URL of each hook"),
    }
}

/// The answer to a call with the secret, about an app that is not there; or why there was none.
#[must_use]
pub fn with_secret(url: &str, answer: Result<&Answer, &str>) -> Check {
    let name = "hook_answers";
    let answer = match answer {
        Ok(answer) => answer,
        Err(cause) => return unreachable(name, url, cause),
    };
    let status = answer.status;
    let error = |text: String, fix: &str| Check::not_ok(State::Error, name, url, text, fix);
    match status {
        200 => {}
        401 | 403 => {
            let fix =
                "SIGNET_HOOK_SECRET_SHA256 is to have the digest of what is in that variable: `signet secret new`";
            return error(format!("HTTP {status}: it does not take this secret"), fix);
        }
        400 => {
            let text = "HTTP 400: it takes neither a SAML nor a token hook's call".to_owned();
            return error(text, "the stack's outputs have the URL of each hook");
        }
        204 => {
            let text = "HTTP 204: a sign-in to an app that nobody stated is let pass".to_owned();
            return error(text, "this is no hook of Signet's");
        }
        _ => return error(format!("HTTP {status}"), "look at the function's log"),
    }
    let body: Value = serde_json::from_slice(&answer.body).unwrap_or(Value::Null);
    let denial = body.pointer("/error/errorSummary").and_then(Value::as_str);
    match denial {
        Some(text) if body.get("commands").is_none() => {
            Check::ok(name, url, format!("it denies a sign-in to an app that is not there: {text}"))
        }
        _ => error("its answer is no denial that Okta can read".to_owned(), "this is no hook of Signet's"),
    }
}

fn unreachable(name: &'static str, url: &str, cause: &str) -> Check {
    let fix = "the URL, the network from here, and the stack's output; Okta needs a certificate that is public";
    Check::not_ok(State::Error, name, url, format!("no answer: {cause}"), fix)
}

#[cfg(test)]
mod tests {
    use super::*;

    const URL: &str = "https://hooks.example.com/saml-hook";

    fn answer(status: u16, body: &str) -> Answer {
        Answer { status, body: body.as_bytes().to_vec() }
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
    fn whoever_has_it_is_denied_in_okta_s_words() {
        let denial = r#"{"error":{"errorSummary":"No access. Reference: abc"},"debugContext":{"decision":"abc"}}"#;
        let check = with_secret(URL, Ok(&answer(200, denial)));
        assert_eq!(check.state, State::Ok);
        assert!(check.text.contains("Reference: abc"));
        for (status, body) in [
            (200, "{}"),
            (200, "x"),
            (200, r#"{"error":{"errorSummary":"x"},"commands":[]}"#),
            (200, r#"{"commands":[{"type":"com.okta.assertion.patch","value":[]}]}"#),
            (204, ""),
            (400, ""),
            (401, ""),
            (500, ""),
        ] {
            assert_eq!(with_secret(URL, Ok(&answer(status, body))).state, State::Error, "{status} {body}");
        }
        assert_eq!(with_secret(URL, Err("refused")).state, State::Error);
    }
}
