//! Calls over HTTP, as an HTTP API hands them on, and Okta's reading of the answers.

use serde_json::{Value, json};
use signet_hook::auth::Auth;
use signet_hook::payload::{Answer, Payload};
use signet_okta::auth::{HeaderSecrets, digest_hex};
use signet_okta::response::BODY_LIMIT_BYTES;

use crate::case::{Delivery, Secret};
use crate::wire::Answered;

/// The value of the `Authorization` header.
pub const SECRET: &str = "signet-local-secret";

/// Authentication by [`SECRET`].
pub fn auth() -> Auth {
    Auth::Header(HeaderSecrets::parse(&digest_hex(SECRET)).unwrap())
}

/// An invocation with that body, and the right secret.
pub fn payload(body: &str) -> Payload {
    delivered(body, &Delivery::default())
}

/// An invocation with that body, delivered in a certain way.
pub fn delivered(body: &str, delivery: &Delivery) -> Payload {
    let headers = match delivery.secret {
        Secret::Right => json!({"authorization": SECRET}),
        Secret::Missing => json!({}),
        Secret::Wrong => json!({"authorization": "Bearer wrong"}),
        Secret::Doubled => json!({"authorization": SECRET, "Authorization": SECRET}),
    };
    let mut envelope = json!({"headers": headers, "body": body});
    if let Some(taken_ms) = delivery.taken_ms {
        envelope["requestContext"] = json!({"timeEpoch": taken_ms});
    }
    serde_json::from_value(envelope).unwrap()
}

/// What Okta makes of an answer: a denial, no change, or the commands, which are more than none.
#[derive(Debug, Clone, PartialEq)]
pub enum Okta {
    /// All but commands.
    Answered(Answered),
    /// The commands.
    Commands(Vec<Value>),
}

/// Reads an answer by Okta's rules, and fails on one that Okta could not read.
pub fn read(answer: &Answer) -> Okta {
    let Some(text) = answer.body() else {
        assert_eq!(answer.status(), 204);
        return Okta::Answered(Answered::Nothing);
    };
    if answer.status() != 200 {
        assert!(matches!(answer.status(), 400 | 401), "{text}");
        return Okta::Answered(Answered::Rejected(Some(answer.status())));
    }
    assert!(text.len() < BODY_LIMIT_BYTES);
    let body: Value = serde_json::from_str(text).unwrap();
    let members = body.as_object().unwrap();
    assert!(members.keys().all(|name| ["error", "commands", "debugContext"].contains(&name.as_str())), "{text}");
    match (members.get("error"), members.get("commands")) {
        (Some(error), None) => Okta::Answered(Answered::Denied(error["errorSummary"].as_str().unwrap().to_owned())),
        (None, Some(commands)) => {
            let commands = commands.as_array().unwrap().clone();
            assert!(!commands.is_empty());
            Okta::Commands(commands)
        }
        _ => panic!("neither an error nor commands: {text}"),
    }
}
