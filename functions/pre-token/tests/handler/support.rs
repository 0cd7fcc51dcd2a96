//! Events of the trigger, and what it makes of them.

use std::time::Duration;

use pre_token::wire::{Answer, DENIED, REJECTED};
use serde_json::{Value, json};
use signet_cases::Kind;
use signet_cases::case::{Rule, case, state};
use signet_cases::table::{Fake, block_on, call, id};
use signet_cases::wire::Wire;
use signet_core::app::App;
use signet_core::code::Sha256Hasher;
use signet_hook::serve::{Conclusion, Handler, Reply};
use signet_store::sign_in::AppState;

use crate::wire::{Change, OidcV2, event};

/// The usual app of a kind.
pub fn app(kind: Kind) -> App {
    app_with(kind, &[])
}

pub fn app_with(kind: Kind, rules: &[Rule]) -> App {
    let AppState::Active(app) = state(kind, rules) else { panic!("not active") };
    *app
}

/// A table of an app, where `Clinical Readers` opens the role `reader`.
pub fn table(app: App) -> Fake {
    Fake::new(app).grant("Clinical Readers", "reader")
}

/// The event of a person in `Clinical Readers`, in version 2.
pub fn person() -> Value {
    OidcV2::write(&case("", &["Clinical Readers"]).given.named(Kind::CognitoOidc))
}

/// The same in another version.
pub fn version(version: &str) -> Value {
    let mut event = person();
    event["version"] = json!(version);
    event
}

/// The same with attributes that are added, or taken away where they are null.
pub fn with_attributes(changes: &Value) -> Value {
    let mut event = person();
    let attributes = event["request"]["userAttributes"].as_object_mut().unwrap();
    for (name, value) in changes.as_object().unwrap() {
        if value.is_null() {
            attributes.remove(name);
        } else {
            attributes.insert(name.clone(), value.clone());
        }
    }
    event
}

pub fn answer(table: &Fake, request: &Value) -> Conclusion<Answer> {
    answer_text(table, &request.to_string())
}

pub fn answer_text(table: &Fake, text: &str) -> Conclusion<Answer> {
    let trigger = pre_token::PreTokenTrigger::new(Duration::from_millis(150), table, Sha256Hasher);
    block_on(async { trigger.handle(&call(event(text))).await })
}

/// The answer as Lambda hands it on.
pub fn body(conclusion: &Conclusion<Answer>) -> Value {
    let answer = conclusion.answer.clone().reply().unwrap_or_else(|error| panic!("{error:?}"));
    serde_json::to_value(answer).unwrap()
}

/// What an answer makes of the tokens.
pub fn change(conclusion: &Conclusion<Answer>) -> Change {
    let body = body(conclusion);
    Change::read(&body["response"], &body["version"])
}

/// The reason of a denial, which is an error that names the decision.
pub fn reason(conclusion: &Conclusion<Answer>) -> &'static str {
    let error = conclusion.answer.clone().reply().unwrap_err();
    assert_eq!(error.error_type, DENIED);
    assert!(error.error_message.ends_with(&id()), "{}", error.error_message);
    conclusion.record.reason.unwrap()
}

/// The text of the error for what is no event of this trigger.
pub fn rejection(conclusion: &Conclusion<Answer>) -> String {
    let error = conclusion.answer.clone().reply().unwrap_err();
    assert_eq!((error.error_type.as_str(), conclusion.record.reason), (REJECTED, Some("other_trigger")));
    error.error_message
}

/// The kinds of a conclusion's notes.
pub fn notes(conclusion: &Conclusion<Answer>) -> Vec<&'static str> {
    conclusion.record.notes.iter().map(|note| note.kind).collect()
}
