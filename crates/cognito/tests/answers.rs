//! Answers: the event as it came, with a response in the words of its version.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that fails shall fail loudly")]

use serde_json::{Map, Value, json};
use signet_cognito::answer::{Answer, Change};
use signet_cognito::event::{Groups, PreToken};
use signet_cognito::json;

/// Members in no usual order, one unknown, one number that a float does not carry.
fn event(version: &str) -> String {
    format!(
        r#"{{"response":{{"old":1}},"version":"{version}","z":18446744073709551615,"triggerSource":"TokenGeneration_HostedAuth","request":{{"b":1,"a":[2.5,null]}},"a":"\u00e4"}}"#
    )
}

fn read(text: &str) -> PreToken {
    PreToken::read(&json::read(text.as_bytes()).unwrap()).unwrap()
}

fn claims(claims: &Value) -> Map<String, Value> {
    claims.as_object().unwrap().clone()
}

fn groups() -> Groups {
    Groups { names: vec!["a".to_owned()], roles: vec!["role".to_owned()], preferred: Some("role".to_owned()) }
}

fn text(answer: &Answer) -> String {
    serde_json::to_string(answer).unwrap()
}

#[test]
fn an_answer_that_changes_nothing_is_the_event() {
    let original = event("2");
    let answer = Answer::unchanged(&read(&original));
    assert_eq!(text(&answer), original.replace("\\u00e4", "ä"));
    assert_eq!(answer.response(), None);
}

#[test]
fn everything_but_the_response_stays_in_its_place() {
    let answer = Answer::changed(&read(&event("3")), Change { groups: groups(), ..Change::default() }).unwrap();
    let response = answer.response().unwrap().to_string();
    assert_eq!(
        text(&answer),
        format!(
            r#"{{"version":"3","z":18446744073709551615,"triggerSource":"TokenGeneration_HostedAuth","request":{{"b":1,"a":[2.5,null]}},"a":"ä","response":{response}}}"#
        )
    );
}

#[test]
fn versions_2_and_3_take_any_claim_of_both_tokens() {
    for version in ["2", "3"] {
        let change = Change {
            identity: claims(&json!({"tags": {"a": ["b"]}, "text": "x"})),
            access: claims(&json!({"number": 7})),
            groups: groups(),
        };
        let answer = Answer::changed(&read(&event(version)), change).unwrap();
        assert_eq!(
            *answer.response().unwrap(),
            json!({"claimsAndScopeOverrideDetails": {
                "idTokenGeneration": {"claimsToAddOrOverride": {"tags": {"a": ["b"]}, "text": "x"}},
                "accessTokenGeneration": {"claimsToAddOrOverride": {"number": 7}},
                "groupOverrideDetails":
                    {"groupsToOverride": ["a"], "iamRolesToOverride": ["role"], "preferredRole": "role"},
            }})
        );
    }
}

#[test]
fn version_1_takes_texts_of_the_id_token_and_names_what_it_cannot_say() {
    let change = |identity: Value, access: Value| {
        let change = Change { identity: claims(&identity), access: claims(&access), groups: groups() };
        Answer::changed(&read(&event("1")), change)
    };
    let answer = change(json!({"GroupHash": ":abcd:"}), json!({})).unwrap();
    assert_eq!(
        *answer.response().unwrap(),
        json!({"claimsOverrideDetails": {
            "claimsToAddOrOverride": {"GroupHash": ":abcd:"},
            "groupOverrideDetails":
                {"groupsToOverride": ["a"], "iamRolesToOverride": ["role"], "preferredRole": "role"},
        }})
    );
    for value in [json!(null), json!(7), json!(true), json!(["x"]), json!({})] {
        assert_eq!(change(json!({"a": "x", "odd": value}), json!({})).unwrap_err(), "odd");
    }
    assert_eq!(change(json!({"a": "x"}), json!({"b": "y"})).unwrap_err(), "b", "version 1 has no access token");
}

#[test]
fn groups_are_always_said() {
    for (version, place) in [("1", "/claimsOverrideDetails"), ("2", "/claimsAndScopeOverrideDetails")] {
        let answer = Answer::changed(&read(&event(version)), Change::default()).unwrap();
        let details = answer.response().unwrap().pointer(place).unwrap();
        let none = json!({"groupsToOverride": [], "iamRolesToOverride": [], "preferredRole": null});
        assert_eq!(details["groupOverrideDetails"], none);
    }
}

#[test]
fn nothing_of_a_person_is_in_the_debug_form() {
    let event = read(&event("2"));
    let changed = Answer::changed(&event, Change { groups: groups(), ..Change::default() }).unwrap();
    assert_eq!(format!("{:?}", Answer::unchanged(&event)), "<an answer that changes nothing>");
    assert_eq!(format!("{changed:?}"), "<an answer>");
}
