//! What is no event of the trigger, and events that are not what they should be. Each fails the sign-in, in
//! the process that was started.

use serde_json::{Value, json};
use signet_local::runtime_api::Invocation;
use signet_tests::hook::MARKER;
use signet_tests::stack::Stack;
use signet_tests::subject::Kind;

use super::{CLINICAL_READER, started};

fn marked() -> Value {
    let mut event = Kind::PreToken.one_group();
    event["request"]["clientMetadata"] = json!({ "note": MARKER });
    event["request"]["userAttributes"]["custom:note"] = json!(MARKER);
    event
}

async fn assert_one_group(stack: &Stack, event: &Value) {
    let outcome = Kind::PreToken.ask(&stack.hook, event).await;
    assert_eq!(outcome.roles, [CLINICAL_READER], "{outcome:?}");
}

#[tokio::test]
async fn what_is_no_event_of_the_trigger_is_an_error() {
    let stack = started().await;
    let event = marked();
    let mut other = event.clone();
    other["triggerSource"] = json!("PostConfirmation_ConfirmSignUp");
    let mut none = event.clone();
    none.as_object_mut().unwrap().remove("triggerSource");
    let http = json!({"version": "2.0", "headers": {"authorization": "x"}, "body": event.to_string()});
    for bad in [
        json!(null),
        json!(7),
        json!("text"),
        json!([]),
        json!({}),
        json!([event]),
        json!({"triggerSource": ""}),
        json!({"Records": [{"eventSource": "aws:sqs", "body": event.to_string()}]}),
        http,
        other,
        none,
    ] {
        let answer = stack.hook.trigger(&bad).await;
        assert!(answer.rejection().contains("triggerSource"), "{bad}: {answer:?}");
        let log = stack.hook.log_of(answer.number).await;
        assert_eq!((&log["message"], &log["reason"]), (&json!("rejected"), &json!("other_trigger")), "{bad}");
    }
    // Texts that are no JSON, or too deep for it: Lambda sends none, and the function says so all the same.
    for text in ["", "{", "nul", &"[".repeat(10_000), "{\"a\":1}{\"b\":2}"] {
        let (said, _) = stack.hook.invoke_raw(text.as_bytes().to_vec()).await;
        assert!(matches!(said, Invocation::Error { .. }), "{text:.50}: {said:?}");
    }
    assert_one_group(&stack, &event).await;
}

#[tokio::test]
async fn what_decides_about_access_is_never_there_twice_and_of_the_right_type() {
    let stack = started().await;
    let event = marked();
    let text = event.to_string();
    let doubled = |member: &str, forged: &str| {
        let bad = text.replacen(&format!("\"{member}\":"), &format!("\"{member}\":{forged},\"{member}\":"), 1);
        assert_ne!(bad, text, "no `{member}`");
        bad
    };
    let mut bad = vec![
        doubled("clientId", "\"other\""),
        doubled("userPoolId", "\"other\""),
        doubled("request", "{}"),
        doubled("userAttributes", "{}"),
        doubled("email", "\"mallory@example.com\""),
        doubled("groupsToOverride", "[\"Clinical Stewards\"]"),
        doubled("version", "\"3\""),
    ];
    for (pointer, value) in [
        ("/version", json!(2)),
        ("/version", json!("4")),
        ("/callerContext", json!([])),
        ("/callerContext/clientId", json!(7)),
        ("/userPoolId", json!(["a"])),
        ("/request", json!("x")),
        ("/request/userAttributes", json!([])),
        ("/request/userAttributes/email", json!(7)),
        ("/request/groupConfiguration", json!(7)),
        ("/request/groupConfiguration/groupsToOverride", json!("Clinical Readers")),
        ("/request/groupConfiguration/groupsToOverride", json!(["Clinical Readers", 7])),
        ("/request/groupConfiguration/iamRolesToOverride", json!({})),
        ("/request/groupConfiguration/preferredRole", json!([])),
    ] {
        let mut changed = event.clone();
        *changed.pointer_mut(pointer).unwrap_or_else(|| panic!("no `{pointer}`")) = value;
        bad.push(changed.to_string());
    }
    for text in bad {
        let (said, number) = stack.hook.invoke_raw(text.clone().into_bytes()).await;
        let Invocation::Error { body, .. } = said else { panic!("{text}: {said:?}") };
        let error: Value = serde_json::from_slice(&body).unwrap();
        assert_eq!(error["errorType"], "SignetDenied", "{text}: {error}");
        let log = stack.hook.log_of(number).await;
        assert_eq!((&log["outcome"], &log["reason"]), (&json!("deny"), &json!("malformed_request")), "{log}");
        assert!(error["errorMessage"].as_str().unwrap().contains(log["decision.id"].as_str().unwrap()));
    }
    assert_one_group(&stack, &event).await;
    stack.hook.assert_discreet();
}
