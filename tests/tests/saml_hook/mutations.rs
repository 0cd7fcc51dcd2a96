//! A good request with every member replaced by every kind of value, and removed, in turn.

use serde_json::{Value, json};
use signet_tests::event::{Event, SECRET};
use signet_tests::hook::{Answer, MARKER};
use signet_tests::okta::SignIn;
use signet_tests::stack::Stack;

use super::{CLINICAL_READER, CLINICAL_READERS, assert_one_group, assert_opens_nothing, session};

fn kinds() -> [Value; 11] {
    [
        json!(null),
        json!(true),
        json!(7),
        json!(-1.5e300),
        json!("text"),
        json!(""),
        json!([]),
        json!([null]),
        json!([["text"]]),
        json!({}),
        json!({"id": {"value": [7]}, "attributeValues": "text"}),
    ]
}

/// The JSON Pointers of all that is below a value, itself included.
fn pointers(value: &Value, here: &str, found: &mut Vec<String>) {
    found.push(here.to_owned());
    let mut below = |name: &str, value: &Value| {
        pointers(value, &format!("{here}/{}", name.replace('~', "~0").replace('/', "~1")), found);
    };
    match value {
        Value::Object(members) => members.iter().for_each(|(name, value)| below(name, value)),
        Value::Array(elements) => elements.iter().enumerate().for_each(|(at, value)| below(&at.to_string(), value)),
        _ => {}
    }
}

fn remove(value: &mut Value, pointer: &str) {
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    match value.pointer_mut(parent).unwrap() {
        Value::Object(members) => drop(members.remove(&name.replace("~1", "/").replace("~0", "~"))),
        Value::Array(elements) => drop(elements.remove(name.parse().unwrap())),
        other => panic!("`{other}` has no members"),
    }
}

/// Every document that differs from `whole` in one place.
fn mutations(whole: &Value) -> Vec<(String, Value)> {
    let mut found = Vec::new();
    pointers(whole, "", &mut found);
    let mut all = Vec::new();
    for pointer in found {
        for kind in kinds() {
            let mut changed = whole.clone();
            *changed.pointer_mut(&pointer).unwrap() = kind.clone();
            all.push((format!("`{pointer}` is {kind}"), changed));
        }
        if !pointer.is_empty() {
            let mut changed = whole.clone();
            remove(&mut changed, &pointer);
            all.push((format!("`{pointer}` is gone"), changed));
        }
    }
    all
}

/// Whatever the mutation, the answer is one that Okta or a caller understands, and gives at most
/// what the request gets that was not changed.
fn assert_safe(answer: &Answer, event: &Event, what: &str) -> &'static str {
    match (answer.status, answer.to_okta(event)) {
        (200, SignIn::Patched(_)) => {
            let session = session(answer, event);
            assert_eq!(session.role_arns(), [CLINICAL_READER], "{what}");
            assert_eq!(session.codes(), [CLINICAL_READERS], "{what}");
            assert_eq!(session.name, "jane.doe@example.com", "{what}");
            "patched"
        }
        (200, SignIn::Denied { .. }) => "denied",
        (204, SignIn::Unchanged(_)) => "unchanged",
        (400 | 401, SignIn::Ignored { .. }) => {
            assert_opens_nothing(answer, event);
            "rejected"
        }
        (_, other) => panic!("{what}: {answer:?}: {other:?}"),
    }
}

#[tokio::test]
async fn every_member_of_the_request() {
    let stack = Stack::start().await;
    let event = Event::one_group().with_claim("note", MARKER);
    let (mut denied, mut patched) = (0, 0);
    for (what, request) in mutations(&event.request()) {
        let event = event.clone().with_request(&request);
        match assert_safe(&stack.send(&event).await, &event, &what) {
            "patched" => patched += 1,
            "denied" => denied += 1,
            _ => {}
        }
    }
    // Most of a request does not decide about access; what does is not taken in a wrong form.
    assert!(patched > 500 && denied > 200, "{patched} patched, {denied} denied");
    assert_one_group(&stack.send(&event).await, &event);
    stack.hook.assert_discreet();
}

#[tokio::test]
async fn every_member_of_the_envelope() {
    let stack = Stack::start().await;
    let event = Event::one_group().with_claim("note", MARKER);
    for (what, envelope) in mutations(&event.0) {
        let event = Event(envelope);
        let outcome = assert_safe(&stack.send(&event).await, &event, &what);
        let authorized = event.0["headers"]["authorization"] == SECRET;
        assert!(authorized || outcome == "rejected", "{what}: {outcome}");
        let whole = event.0["body"].is_string() && event.request()["data"].is_object();
        assert!(whole || outcome == "rejected", "{what}: {outcome}");
    }
    assert_one_group(&stack.send(&event).await, &event);
    stack.hook.assert_discreet();
}
