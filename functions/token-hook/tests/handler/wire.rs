//! The hook as the shared cases ask it.

use std::time::Duration;

use serde_json::{Map, Value, json};
use signet_cases::case::{Delivery, Flaw, Given};
use signet_cases::http::{self, Okta};
use signet_cases::kind::{Kind, OKTA_ISSUER};
use signet_cases::table::Fake;
use signet_cases::wire::{Answered, Wire, token_claims};
use signet_core::code::Sha256Hasher;
use signet_hook::payload::{Answer, Payload};
use signet_hook::serve::Handler;
use signet_okta::pointer;
use token_hook::TokenHook;

pub struct TokenWire;

impl Wire for TokenWire {
    const KIND: Kind = Kind::Oidc;

    type Event = Payload;
    type Answer = Answer;

    fn handler(table: &Fake, deadline: Duration) -> impl Handler<Event = Payload, Answer = Answer> {
        TokenHook::new(http::auth(), deadline, table, Sha256Hasher)
    }

    /// The claims are in the ID token; an access token is minted as well.
    fn write(given: &Given) -> Value {
        let claims: Map<_, _> = given.claims.iter().map(|(name, values)| (name.clone(), json!(values))).collect();
        json!({
            "eventType": "com.okta.oauth2.tokens.transform",
            "eventId": "event-1",
            "data": {
                "context": {
                    "protocol": {
                        "request": {"scope": "openid groups", "grant_type": "authorization_code"},
                        "issuer": {"uri": OKTA_ISSUER},
                        "client": {"id": given.app, "name": "Notebooks", "type": "CONFIDENTIAL"},
                    },
                    "user": {"id": given.user, "profile": {"login": given.login}},
                },
                "identity": {"claims": claims, "token": {"lifetime": {"expiration": 3600}}},
                "access": {"claims": {"cid": given.app}, "token": {"lifetime": {"expiration": 3600}}},
            },
        })
    }

    fn flawed(mut request: Value, flaw: Flaw) -> Option<String> {
        let (place, value) = match flaw {
            Flaw::Empty => return Some(String::new()),
            Flaw::NotJson => return Some("grant_type=authorization_code".to_owned()),
            Flaw::TooDeep => return Some("[".repeat(100_000)),
            Flaw::NoObject => return Some("[]".to_owned()),
            Flaw::NoType => ("/eventType", json!(null)),
            Flaw::OtherType => ("/eventType", json!("com.okta.saml.tokens.transform")),
            Flaw::TypeNoText => ("/eventType", json!(7)),
            Flaw::Data => ("/data", json!([])),
            Flaw::App => ("/data/context/protocol/client/id", json!(7)),
            Flaw::User => ("/data/context/user/id", json!(7)),
            Flaw::Login => ("/data/context/user/profile/login", json!(["jane.doe@example.com"])),
            Flaw::Claims => ("/data/identity/claims", json!("groups")),
            Flaw::Group => ("/data/identity/claims/groups/0", json!(7)),
            Flaw::DataTwice => return Some(request.to_string().replacen("\"data\":", "\"data\":{},\"data\":", 1)),
            Flaw::ClaimTwice => {
                return Some(request.to_string().replacen("\"groups\":", "\"groups\":null,\"groups\":", 1));
            }
        };
        *request.pointer_mut(place)? = value;
        Some(request.to_string())
    }

    fn event(text: &str, delivery: &Delivery) -> Payload {
        http::delivered(text, delivery)
    }

    fn read(answer: Answer, _: &str) -> Answered {
        match http::read(&answer) {
            Okta::Answered(answered) => answered,
            Okta::Commands(commands) => Answered::Access(token_claims(&claims(&commands))),
        }
    }
}

/// The claims that the one command adds to the ID token.
pub fn claims(commands: &[Value]) -> Map<String, Value> {
    let [command] = commands else { panic!("not one command: {commands:?}") };
    assert_eq!(command["type"], "com.okta.identity.patch");
    let mut claims = Map::new();
    for operation in command["value"].as_array().unwrap() {
        assert_eq!(operation["op"], "add");
        let name = operation["path"].as_str().unwrap().strip_prefix("/claims/").unwrap();
        assert!(!name.contains('/') && !operation["value"].is_null(), "{operation}");
        assert_eq!(claims.insert(pointer::unescape(name).unwrap().into_owned(), operation["value"].clone()), None);
    }
    claims
}
