//! That `signet explain` and a function that answers about tokens say the same of every sample event.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::stack::Settings;
use crate::subject::Kind;
use crate::tokens;

const DECISION: &str = "SignetDecision";

/// Compares them. `answers` are the kinds of answer that must be among the samples, sorted.
pub async fn every_sample(kind: Kind, answers: &[&str]) {
    let stack = Settings::of(kind).start().await;
    let mut seen = BTreeSet::new();
    for case in kind.samples() {
        let event = kind.sample(&case);
        let file = kind.events().join(format!("{case}.json"));
        let arguments = ["--json", "explain", "--event", file.to_str().unwrap()];
        let explained: Value = serde_json::from_slice(&stack.signet(&arguments, &[])).unwrap();
        let outcome = kind.ask(&stack.hook, &event).await;
        let log = stack.hook.log_of(outcome.number).await;
        let answer = explained["answer"].as_str().unwrap_or_else(|| panic!("{case}: {explained}")).to_owned();
        let expected = match log["outcome"].as_str().unwrap() {
            "access" => "patch",
            "observed" | "no_access" => "no_change",
            other => other,
        };
        assert_eq!(answer, expected, "{case}: {explained}");
        match answer.as_str() {
            "patch" => {
                assert_eq!((&explained["codes"], &explained["roles"]), (&log["codes"], &log["roles"]), "{case}");
                let given = given(kind, &stack.hook, &event).await;
                assert_eq!(anonymous(explained["tokens"].clone()), anonymous(given), "{case}");
            }
            "deny" => assert_eq!(explained["deny"]["reason"], log["reason"], "{case}"),
            _ => {}
        }
        seen.insert(answer);
    }
    // Each kind of answer really was among them.
    assert_eq!(seen.iter().map(String::as_str).collect::<Vec<_>>(), answers);
}

/// What the function adds to each token, in the words of the command.
async fn given(kind: Kind, hook: &crate::hook::Hook, event: &Value) -> Value {
    if kind == Kind::PreToken {
        let response = hook.trigger(event).await.response().clone();
        let first = &response["claimsOverrideDetails"];
        let details = if first.is_null() { &response["claimsAndScopeOverrideDetails"] } else { first };
        let of = |token: &str| details[token]["claimsToAddOrOverride"].clone();
        let id = if first.is_null() { of("idTokenGeneration") } else { first["claimsToAddOrOverride"].clone() };
        let is_flat = id.get("GroupHash").is_some();
        return json!({
            "id_token": id,
            "access_token": if is_flat { Value::Null } else { of("accessTokenGeneration") },
            "iam_roles_to_override":
                if is_flat { details["groupOverrideDetails"]["iamRolesToOverride"].clone() } else { Value::Null },
        });
    }
    let event = crate::event::Event(event.clone()).taken_now();
    let answer = hook.send(&event).await;
    let minted = tokens::apply(answer.status, &answer.body, &event.request());
    let claims = minted.identity().as_object().unwrap().iter();
    let added = claims.filter(|(name, _)| name.starts_with("https://aws.amazon.com/"));
    let added: serde_json::Map<_, _> = added.map(|(name, value)| (name.clone(), value.clone())).collect();
    json!({ "id_token": added, "access_token": null, "iam_roles_to_override": null })
}

/// Without the decision's id, which is new each time.
fn anonymous(mut tokens: Value) -> Value {
    for token in ["id_token", "access_token"] {
        for pointer in ["", "/https:~1~1aws.amazon.com~1tags/principal_tags"] {
            let place = tokens[token].pointer_mut(pointer).and_then(Value::as_object_mut);
            if let Some(id) = place.and_then(|claims| claims.get_mut(DECISION)) {
                *id = Value::Null;
            }
        }
    }
    tokens
}
