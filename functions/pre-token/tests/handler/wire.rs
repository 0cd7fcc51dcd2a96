//! The trigger as the shared cases ask it: each kind of app, in the versions that it can have.

use std::collections::BTreeMap;
use std::time::Duration;

use pre_token::PreTokenTrigger;
use pre_token::trigger::Event;
use pre_token::wire::{Answer, DENIED, REJECTED};
use serde_json::{Map, Value, json};
use signet_cases::case::{Delivery, Flaw, Given};
use signet_cases::kind::{GROUPS, Kind, REGION, USER_POOL};
use signet_cases::table::Fake;
use signet_cases::wire::{Access, Answered, Wire, texts, token_claims};
use signet_core::code::Sha256Hasher;
use signet_hook::serve::{Handler, Reply};

/// A kind of app, in a version of the event.
macro_rules! wires {
    ($($name:ident: $kind:ident, $version:literal;)+) => {$(
        pub struct $name;

        impl Wire for $name {
            const KIND: Kind = Kind::$kind;

            type Event = Event;
            type Answer = Answer;

            fn handler(table: &Fake, deadline: Duration) -> impl Handler<Event = Event, Answer = Answer> {
                PreTokenTrigger::new(deadline, table, Sha256Hasher)
            }

            fn write(given: &Given) -> Value {
                write(Kind::$kind, $version, given)
            }

            fn flawed(request: Value, flaw: Flaw) -> Option<String> {
                flawed(request, flaw)
            }

            fn event(text: &str, _: &Delivery) -> Event {
                event(text)
            }

            fn read(answer: Answer, request: &str) -> Answered {
                let request = serde_json::from_str(request).unwrap_or_default();
                read(Kind::$kind, answer, &request)
            }
        }
    )+};
}

wires! {
    OidcV2: CognitoOidc, "2";
    OidcV3: CognitoOidc, "3";
    PoolV1: IdentityPool, "1";
    PoolV2: IdentityPool, "2";
    PoolV3: IdentityPool, "3";
}

/// A list as Cognito writes that of a SAML attribute: each value form-encoded.
fn list(values: &[String]) -> String {
    let encode = |byte: u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'.' | b'-' | b'*' | b'_' => char::from(byte).to_string(),
        b' ' => "+".to_owned(),
        other => format!("%{other:02X}"),
    };
    let values = values.iter().map(|value| value.bytes().map(encode).collect::<String>());
    format!("[{}]", values.collect::<Vec<_>>().join(","))
}

/// The event of a person who comes from the corporate identity provider.
fn write(kind: Kind, version: &str, given: &Given) -> Value {
    let mut attributes = Map::new();
    attributes.insert("sub".to_owned(), json!(given.user));
    attributes.insert("cognito:user_status".to_owned(), json!("EXTERNAL_PROVIDER"));
    attributes.insert("identities".to_owned(), json!(IDENTITIES));
    attributes.insert("email".to_owned(), json!(given.login));
    for (name, values) in given.claims.iter().filter(|(name, _)| *name != kind.claim(GROUPS)) {
        let value = match &values[..] {
            [only] if !name.contains("groups") => only.clone(),
            _ => list(values),
        };
        attributes.insert(name.clone(), json!(value));
    }
    json!({
        "version": version,
        "triggerSource": "TokenGeneration_HostedAuth",
        "region": REGION,
        "userPoolId": USER_POOL,
        "userName": "corporate_jane.doe@example.com",
        "callerContext": {"awsSdkVersion": "aws-sdk-unknown-unknown", "clientId": given.app},
        "request": {
            "userAttributes": attributes,
            "groupConfiguration": {
                "groupsToOverride": given.claims.get(kind.claim(GROUPS)),
                "iamRolesToOverride": [],
                "preferredRole": null,
            },
            "scopes": ["openid", "email"],
        },
        "response": {"claimsAndScopeOverrideDetails": null},
    })
}

/// The identities of somebody from the corporate identity provider, as Cognito writes them.
pub const IDENTITIES: &str = r#"[{"userId":"jane.doe@example.com","providerName":"Corporate","providerType":"SAML","issuer":"http://www.okta.com/exk1","primary":true,"dateCreated":1785567600000}]"#;

fn flawed(mut request: Value, flaw: Flaw) -> Option<String> {
    let twice = |name: &str, value: &str| {
        let text = request.to_string();
        assert!(text.contains(name));
        Some(text.replacen(name, &format!("{name}{value},{name}"), 1))
    };
    let (place, value) = match flaw {
        Flaw::Empty => return Some("{}".to_owned()),
        Flaw::NotJson => return None,
        Flaw::TooDeep => return Some("[".repeat(10_000) + &"]".repeat(10_000)),
        Flaw::NoObject => return Some("[]".to_owned()),
        Flaw::NoType => ("/triggerSource", json!(null)),
        Flaw::OtherType => ("/triggerSource", json!("PreSignUp_SignUp")),
        Flaw::TypeNoText => ("/triggerSource", json!(7)),
        Flaw::Data => ("/request", json!([])),
        Flaw::App => ("/callerContext/clientId", json!(7)),
        Flaw::User => ("/request/userAttributes/sub", json!(7)),
        Flaw::Login => ("/request/userAttributes/email", json!(["jane.doe@example.com"])),
        Flaw::Claims => ("/request/userAttributes", json!("email")),
        Flaw::Group => ("/request/groupConfiguration/groupsToOverride/0", json!(7)),
        Flaw::DataTwice => return twice("\"request\":", "{}"),
        Flaw::ClaimTwice => return twice("\"email\":", "null"),
    };
    *request.pointer_mut(place)? = value;
    Some(request.to_string())
}

/// What Lambda makes of a text.
pub fn event(text: &str) -> Event {
    let mut deserializer = serde_json::Deserializer::from_str(text);
    serde::Deserialize::deserialize(&mut deserializer).unwrap()
}

/// Reads an answer by Cognito's rules, and fails on one that Cognito could not read.
pub fn read(kind: Kind, answer: Answer, request: &Value) -> Answered {
    let answer = match answer.reply() {
        Ok(answer) => serde_json::to_value(answer).unwrap(),
        Err(error) if error.error_type == REJECTED => return Answered::Rejected(None),
        Err(error) => {
            assert_eq!(error.error_type, DENIED);
            return Answered::Denied(error.error_message);
        }
    };
    let (mut without, mut asked) = (answer.clone(), request.clone());
    for event in [&mut without, &mut asked] {
        event.as_object_mut().unwrap().remove("response");
    }
    assert_eq!(without, asked, "the rest of the event has changed");
    if answer == *request {
        return Answered::Nothing;
    }
    let change = Change::read(&answer["response"], &request["version"]);
    assert_eq!(change.groups, names(&request["request"]["groupConfiguration"]["groupsToOverride"]));
    match kind {
        Kind::CognitoOidc => {
            assert_eq!(change.roles, names(&request["request"]["groupConfiguration"]["iamRolesToOverride"]));
            let tags = change.identity.iter().filter(|(name, _)| *name == "https://aws.amazon.com/tags");
            assert_eq!(change.access, tags.map(|(name, value)| (name.clone(), value.clone())).collect());
            if change.identity.is_empty() {
                Answered::Nothing
            } else {
                Answered::Access(token_claims(&change.identity))
            }
        }
        _ => pool(&change),
    }
}

fn pool(change: &Change) -> Answered {
    assert!(change.access.is_empty());
    if change.identity.is_empty() {
        assert!(change.roles.is_empty() && change.preferred.is_none());
        return Answered::Nothing;
    }
    let tag = |(name, value): (&String, &Value)| (name.clone(), value.as_str().unwrap().to_owned());
    let tags: BTreeMap<String, String> = change.identity.iter().map(tag).collect();
    assert!(change.preferred.iter().all(|preferred| change.roles.contains(preferred)));
    Answered::Access(Access { roles: change.roles.clone(), source_identity: None, tags, transitive: None })
}

/// What a response makes of the tokens.
#[derive(Debug)]
pub struct Change {
    pub identity: Map<String, Value>,
    pub access: Map<String, Value>,
    pub groups: Vec<String>,
    pub roles: Vec<String>,
    pub preferred: Option<String>,
}

impl Change {
    /// Reads a response in the words of the event's version, and no others.
    pub fn read(response: &Value, version: &Value) -> Self {
        let members = |value: &Value, known: &[&str]| {
            let members = value.as_object().unwrap().clone();
            assert!(members.keys().all(|name| known.contains(&name.as_str())), "{value}");
            members
        };
        // A claim that is added cannot be suppressed as well.
        let added = |value: &Value| {
            let members = members(value, &["claimsToAddOrOverride", "claimsToSuppress", "groupOverrideDetails"]);
            let added = members["claimsToAddOrOverride"].as_object().unwrap().clone();
            let suppressed = members.get("claimsToSuppress").map(texts).unwrap_or_default();
            assert!(suppressed.iter().all(|name| !added.contains_key(name)), "{value}");
            added
        };
        let (identity, access, groups) = if *version == "1" {
            let details = &members(response, &["claimsOverrideDetails"])["claimsOverrideDetails"];
            let identity = added(details);
            assert!(identity.values().all(Value::is_string), "{identity:?}");
            (identity, Map::new(), details["groupOverrideDetails"].clone())
        } else {
            let details = &members(response, &["claimsAndScopeOverrideDetails"])["claimsAndScopeOverrideDetails"];
            let known = ["idTokenGeneration", "accessTokenGeneration", "groupOverrideDetails"];
            let details = members(details, &known);
            (added(&details[known[0]]), added(&details[known[1]]), details[known[2]].clone())
        };
        let groups = members(&groups, &["groupsToOverride", "iamRolesToOverride", "preferredRole"]);
        let preferred = &groups["preferredRole"];
        assert!(preferred.is_null() || preferred.is_string());
        Self {
            identity,
            access,
            groups: texts(&groups["groupsToOverride"]),
            roles: texts(&groups["iamRolesToOverride"]),
            preferred: preferred.as_str().map(str::to_owned),
        }
    }
}

/// The texts of a list that may be missing.
pub fn names(list: &Value) -> Vec<String> {
    if list.is_null() { Vec::new() } else { texts(list) }
}
