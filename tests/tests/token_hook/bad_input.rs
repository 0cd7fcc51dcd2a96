//! Bodies and envelopes that are not what they should be. Each is answered, by the process that was started,
//! and opens nothing.

use serde_json::{Value, json};
use signet_tests::bad_input;
use signet_tests::event::Event;
use signet_tests::hook::MARKER;

use super::{assert_denied, assert_one_group, assert_rejected, load, started};

fn marked() -> Event {
    let event = load("one-group");
    let mut request = event.request();
    request["data"]["identity"]["claims"]["note"] = json!(MARKER);
    event.with_request(&request)
}

#[tokio::test]
async fn bodies_and_envelopes_that_are_no_call_of_the_hook_are_turned_away() {
    let stack = started().await;
    let event = marked();
    for body in bad_input::no_calls(&event, "com.okta.saml.tokens.transform") {
        let answer = stack.send(&event.clone().with_body(&*body)).await;
        assert_eq!(answer.status, 400, "{body:.200}: {answer:?}");
        assert_rejected(&answer, 400);
        assert_eq!(stack.hook.log(&answer).await["message"], "rejected");
    }
    for (payload, status) in bad_input::envelopes(&event) {
        assert_rejected(&stack.hook.invoke(payload.into_bytes()).await, status);
    }
    assert_one_group(&stack.send(&event).await, &event);
    stack.hook.assert_discreet();
}

#[tokio::test]
async fn what_decides_about_access_is_never_there_twice_and_of_the_right_type() {
    let stack = started().await;
    let event = marked();
    let text = event.request().to_string();
    let doubled = |member: &str, forged: &str| {
        let body = text.replacen(&format!("\"{member}\":"), &format!("\"{member}\":{forged},\"{member}\":"), 1);
        assert_ne!(body, text, "no `{member}`");
        event.clone().with_body(body)
    };
    let mut bad = vec![
        doubled("data", "{}"),
        doubled("identity", "{}"),
        doubled("client", r#"{"id":"0oaother"}"#),
        doubled("grant_type", r#""client_credentials""#),
    ];
    // The session has a login as well, and the scopes have `profile` and `groups`, which decide nothing.
    for (member, forged) in [
        (r#""profile":{"firstName""#, r#""profile":{"login":"mallory@example.com","firstName""#),
        (r#""groups":["#, r#""groups":["Clinical Stewards"],"groups":["#),
    ] {
        let body = text.replacen(member, forged, 1);
        assert_ne!(body, text, "no `{member}`");
        bad.push(event.clone().with_body(body));
    }
    for (pointer, value) in [
        ("/data", json!([])),
        ("/data/identity", json!("x")),
        ("/data/identity/claims", json!([])),
        ("/data/identity/claims/groups", json!(7)),
        ("/data/identity/claims/groups", json!({"0": "Clinical Readers"})),
        ("/data/identity/claims/groups", json!(["Clinical Readers", 7])),
        ("/data/identity/claims/groups", json!(["Clinical Readers", null])),
        ("/data/context/protocol/client/id", json!(["a"])),
        ("/data/context/protocol/issuer/uri", json!(7)),
        ("/data/context/user/profile/login", json!(7)),
    ] {
        bad.push(event.clone().with(pointer, value));
    }
    for event in bad {
        let answer = stack.send(&event).await;
        assert_denied(&answer, &event);
        let log = stack.hook.log(&answer).await;
        assert_eq!((&log["reason"], &log["roles"]), (&json!("malformed_request"), &json!([])), "{log}");
    }
    assert_one_group(&stack.send(&event).await, &event);
    stack.hook.assert_discreet();
}

#[tokio::test]
async fn an_issuer_that_emits_anything_that_aws_reads_is_denied() {
    let stack = started().await;
    for token in ["identity", "access"] {
        for name in [
            "https://aws.amazon.com/roles",
            "https://aws.amazon.com/tags",
            "https://aws.amazon.com/source_identity",
            "https://aws.amazon.com/something_new",
            "HTTPS://AWS.AMAZON.COM/ROLES",
        ] {
            for value in [json!("x"), Value::Null] {
                let mut request = marked().request();
                request["data"][token]["claims"][name] = value;
                let event = marked().with_request(&request);
                let answer = stack.send(&event).await;
                assert_denied(&answer, &event);
                assert_eq!(stack.hook.log(&answer).await["reason"], "base_token", "{token} {name}");
            }
        }
    }
    stack.hook.assert_discreet();
}
