//! `signet explain` and the function say the same of every sample event.

use std::collections::BTreeMap;

use serde_json::Value;
use signet_tests::event::{self, Event};
use signet_tests::stack::Stack;

const PREFIX: &str = "https://aws.amazon.com/SAML/Attributes/";
const DECISION: &str = "https://aws.amazon.com/SAML/Attributes/PrincipalTag:SignetDecision";

/// What AWS reads, by name, without the decision's id, which is new each time.
fn given(attributes: impl Iterator<Item = (String, Vec<String>)>) -> BTreeMap<String, Vec<String>> {
    attributes.filter(|(name, _)| name.starts_with(PREFIX) && name != DECISION).collect()
}

fn texts(values: &Value, text: impl Fn(&Value) -> &Value) -> Vec<String> {
    values.as_array().unwrap().iter().map(|value| text(value).as_str().unwrap().to_owned()).collect()
}

fn by_the_hook(assertion: &Value) -> BTreeMap<String, Vec<String>> {
    let claims = assertion["claims"].as_object().unwrap().iter();
    given(
        claims
            .filter(|(_, claim)| claim["attributeValues"].is_array())
            .filter(|(name, _)| name.starts_with(PREFIX))
            .map(|(name, claim)| (name.clone(), texts(&claim["attributeValues"], |value| &value["value"]))),
    )
}

fn by_the_command(explained: &Value) -> BTreeMap<String, Vec<String>> {
    let attributes = explained["attributes"].as_array().unwrap().iter();
    given(attributes.map(|attribute| {
        let name = attribute["name"].as_str().unwrap().to_owned();
        (name, texts(&attribute["values"], |value| value))
    }))
}

#[tokio::test]
async fn the_command_explains_what_the_function_answers() {
    let stack = Stack::start().await;
    let mut answers = BTreeMap::new();
    for case in event::cases() {
        let event = Event::load(&case);
        let explained = stack.explain(&case);
        let answer = stack.send(&event).await;
        let log = stack.hook.log(&answer).await;
        let kind = explained["answer"].as_str().unwrap().to_owned();
        let expected = match log["outcome"].as_str().unwrap() {
            "access" => "patch",
            "observed" | "no_access" => "no_change",
            other => other,
        };
        assert_eq!(kind, expected, "{case}: {explained}");
        match kind.as_str() {
            "patch" => {
                let patched = answer.to_okta(&event).patched().clone();
                assert_eq!(by_the_command(&explained), by_the_hook(&patched), "{case}");
                assert_eq!(explained["codes"], log["codes"], "{case}");
                assert_eq!(explained["roles"], log["roles"], "{case}");
            }
            "deny" => assert_eq!(explained["deny"]["reason"], log["reason"], "{case}"),
            _ => {}
        }
        *answers.entry(kind).or_insert(0) += 1;
    }
    // Each kind of answer really was among them.
    assert_eq!(answers.keys().collect::<Vec<_>>(), ["deny", "no_change", "patch"], "{answers:?}");
}
