//! Requests of the token hook, and what it makes of them.

use std::time::Duration;

use serde_json::{Map, Value, json};
use signet_cases::Kind;
use signet_cases::case::{Rule, case, state};
use signet_cases::http::{self, Okta, payload};
use signet_cases::table::{Fake, block_on, call};
use signet_cases::wire::{Answered, Wire};
use signet_core::app::App;
use signet_hook::serve::{Conclusion, Handler};
use signet_store::sign_in::AppState;

use crate::wire::{TokenWire, claims};

/// The usual app.
pub fn app() -> App {
    app_with(&[])
}

pub fn app_with(rules: &[Rule]) -> App {
    let AppState::Active(app) = state(Kind::Oidc, rules) else { panic!("not active") };
    *app
}

/// A table of an app, where `Clinical Readers` opens the role `reader`.
pub fn table(app: App) -> Fake {
    Fake::new(app).grant("Clinical Readers", "reader")
}

/// The request of a person in `Clinical Readers`, with both tokens.
pub fn request() -> Value {
    TokenWire::write(&case("", &["Clinical Readers"]).given)
}

/// The request of a person whose ID token has these claims, each a list.
pub fn request_with(claims: &[(&str, &[&str])]) -> Value {
    let mut request = request();
    let claims: Map<_, _> = claims.iter().map(|(name, values)| ((*name).to_owned(), json!(values))).collect();
    request["data"]["identity"]["claims"] = Value::Object(claims);
    request
}

pub fn answer(table: &Fake, request: &Value) -> Conclusion {
    answer_text(table, &request.to_string())
}

pub fn answer_text(table: &Fake, body: &str) -> Conclusion {
    block_on(async { TokenWire::handler(table, Duration::from_millis(150)).handle(&call(payload(body))).await })
}

/// The claims that an answer adds to the ID token.
pub fn given(conclusion: &Conclusion) -> Map<String, Value> {
    match http::read(&conclusion.answer) {
        Okta::Commands(commands) => claims(&commands),
        Okta::Answered(answered) => panic!("{answered:?}: {:?}", conclusion.record.reason),
    }
}

/// What an answer says that gives nothing.
pub fn answered(conclusion: &Conclusion) -> Answered {
    match http::read(&conclusion.answer) {
        Okta::Answered(answered) => answered,
        Okta::Commands(commands) => panic!("{commands:?}"),
    }
}

pub fn reason(conclusion: &Conclusion) -> &'static str {
    assert!(matches!(answered(conclusion), Answered::Denied(_)));
    conclusion.record.reason.unwrap()
}

/// The kinds of a conclusion's notes.
pub fn notes(conclusion: &Conclusion) -> Vec<&'static str> {
    conclusion.record.notes.iter().map(|note| note.kind).collect()
}
