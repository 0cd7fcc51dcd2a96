//! The hook as the shared cases ask it.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Map, Value, json};
use signet_cases::case::{Delivery, Flaw, Given};
use signet_cases::http::{self, Okta};
use signet_cases::kind::{GROUPS, Kind};
use signet_cases::table::{APP, Fake};
use signet_cases::wire::{Access, Answered, Wire};
use signet_core::code::Sha256Hasher;
use signet_core::saml::ATTRIBUTE_PREFIX;
use signet_hook::payload::{Answer, Payload};
use signet_hook::serve::Handler;
use signet_okta::pointer::Pointer;

use saml_hook::SamlHook;

pub struct SamlWire;

impl Wire for SamlWire {
    const KIND: Kind = Kind::Saml;

    type Event = Payload;
    type Answer = Answer;

    fn handler(table: &Fake, deadline: Duration) -> impl Handler<Event = Payload, Answer = Answer> {
        SamlHook::new(http::auth(), deadline, table, Sha256Hasher)
    }

    fn write(given: &Given) -> Value {
        let value = |value: &String| json!({"attributes": {"xsi:type": "xs:string"}, "value": value});
        let claim = |values: &[String]| json!({"attributeValues": values.iter().map(value).collect::<Vec<_>>()});
        let claims: Map<_, _> = given.claims.iter().map(|(name, values)| (name.clone(), claim(values))).collect();
        json!({
            "eventType": "com.okta.saml.tokens.transform",
            "eventId": "event-1",
            "data": {
                "context": {
                    "protocol": {"issuer": {"id": given.app}},
                    "user": {"id": given.user, "profile": {"login": given.login}},
                },
                "assertion": {"claims": claims},
            },
        })
    }

    fn flawed(mut request: Value, flaw: Flaw) -> Option<String> {
        let (place, value) = match flaw {
            Flaw::Empty => return Some(String::new()),
            Flaw::NotJson => return Some("SAMLResponse=x".to_owned()),
            Flaw::TooDeep => return Some("[".repeat(100_000)),
            Flaw::NoObject => return Some("[]".to_owned()),
            Flaw::NoType => ("/eventType", json!(null)),
            Flaw::OtherType => ("/eventType", json!("com.okta.oauth2.tokens.transform")),
            Flaw::TypeNoText => ("/eventType", json!(7)),
            Flaw::Data => ("/data", json!([])),
            Flaw::App => ("/data/context/protocol/issuer/id", json!(7)),
            Flaw::User => ("/data/context/user/id", json!(7)),
            Flaw::Login => ("/data/context/user/profile/login", json!(["jane.doe@example.com"])),
            Flaw::Claims => ("/data/assertion/claims", json!("groups")),
            Flaw::Group => ("/data/assertion/claims/groups/attributeValues/0/value", json!(7)),
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
            Okta::Commands(commands) => Answered::Access(access(&attributes(&commands))),
        }
    }
}

/// What AWS reads in the attributes.
fn access(attributes: &BTreeMap<String, Vec<String>>) -> Access {
    let only = |name: &str| {
        let [value] = &attributes[name][..] else { panic!("{name} has not one value") };
        value.clone()
    };
    assert_eq!(only("RoleSessionName"), only("SourceIdentity"));
    let provider = ",arn:aws:iam::111122223333:saml-provider/okta-databricks";
    let roles = attributes["Role"].iter().map(|pair| pair.strip_suffix(provider).unwrap().to_owned());
    let tags = attributes.keys().filter_map(|name| Some((name.strip_prefix("PrincipalTag:")?.to_owned(), only(name))));
    Access {
        roles: roles.collect(),
        source_identity: Some(only("SourceIdentity")),
        tags: tags.collect(),
        transitive: Some(attributes["TransitiveTagKeys"].clone()),
    }
}

/// The attributes that the one command adds, without AWS's prefix.
pub fn attributes(commands: &[Value]) -> BTreeMap<String, Vec<String>> {
    let [command] = commands else { panic!("not one command: {commands:?}") };
    assert_eq!(command["type"], "com.okta.assertion.patch");
    let mut attributes = BTreeMap::new();
    let prefix = Pointer::claim(ATTRIBUTE_PREFIX);
    for operation in command["value"].as_array().unwrap() {
        assert_eq!(operation["op"], "add");
        assert_eq!(operation["value"]["attributes"]["NameFormat"], "urn:oasis:names:tc:SAML:2.0:attrname-format:uri");
        let values = operation["value"]["attributeValues"].as_array().unwrap();
        let texts = values.iter().map(|value| value["value"].as_str().unwrap().to_owned()).collect();
        let name = operation["path"].as_str().unwrap().strip_prefix(prefix.as_str()).unwrap().to_owned();
        assert_eq!(attributes.insert(name, texts), None);
    }
    attributes
}

/// A request whose claims are these.
pub fn request(claims: &[(&str, &[&str])]) -> Value {
    let case = signet_cases::case::case("", &[]);
    let mut given = case.given;
    given.claims.remove(GROUPS);
    for (name, values) in claims {
        given.claims.insert((*name).to_owned(), values.iter().map(|value| (*value).to_owned()).collect());
    }
    assert_eq!(given.app.as_deref(), Some(APP));
    SamlWire::write(&given)
}
