//! Whatever is put where in a request, reading it ends in a view or in a clean error, and
//! what decides about access is never read out of a wrong type.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that fails shall fail loudly")]

use proptest::prelude::*;
use serde_json::{Value, json};
use signet_okta::pointer::Pointer;
use signet_okta::request::{Envelope, RequestError};
use signet_okta::saml::SamlRequest;

const SAMPLE: &str = include_str!("data/saml-hook.request.json");

/// Below these, a wrong type must be an error; the names of claims are data.
const STRICT: [&str; 6] = [
    "/eventType",
    "/data/context/protocol/issuer/id",
    "/data/context/user/id",
    "/data/context/user/profile",
    "/data/assertion/subject/nameId",
    "/data/assertion/claims",
];

fn sample() -> Value {
    serde_json::from_str(SAMPLE).unwrap()
}

fn read(document: &Value) -> Result<SamlRequest, RequestError> {
    let envelope = Envelope::parse(document.to_string().as_bytes())?;
    SamlRequest::from_envelope(&envelope)
}

/// The pointers of all members and elements of a document.
fn places(node: &Value, here: &Pointer, found: &mut Vec<Pointer>) {
    let children: Vec<(Pointer, &Value)> = match node {
        Value::Object(members) => {
            let children = members.iter();
            children.map(|(name, child)| (here.clone().push(name), child)).collect()
        }
        Value::Array(elements) => {
            let children = elements.iter().enumerate();
            children.map(|(index, child)| (here.clone().push_index(index), child)).collect()
        }
        _ => return,
    };
    for (pointer, child) in children {
        places(child, &pointer, found);
        found.push(pointer);
    }
}

fn all_places() -> Vec<Pointer> {
    let mut found = Vec::new();
    places(&sample(), &Pointer::new(), &mut found);
    found
}

/// Whether a wrong type there must be an error: there, above or below a strict member, but
/// not in the attributes of a claim, which only inform.
fn is_strict(path: &str) -> bool {
    let touches = |strict: &str| {
        path == strict || strict.starts_with(&format!("{path}/")) || path.starts_with(&format!("{strict}/"))
    };
    let informs = path.contains("/attributes");
    STRICT.into_iter().any(touches) && !informs
}

fn assert_clean(result: &Result<SamlRequest, RequestError>) {
    if let Err(error) = result {
        assert!(!error.to_string().is_empty());
        assert!(!error.to_string().contains("user@example.com"), "{error}");
    }
}

#[test]
fn every_member_as_every_type() {
    let (mut refused, mut read_on) = (0, 0);
    for place in all_places() {
        for (kind, value) in [
            ("null", json!(null)),
            ("boolean", json!(true)),
            ("integer", json!(-4321)),
            ("fraction", json!(1.5e300)),
            ("string", json!("x")),
            ("empty string", json!("")),
            ("array", json!([])),
            ("array of all", json!([null, true, 1, "x", [], {}])),
            ("object", json!({})),
            ("object with members", json!({"id": 1, "value": [], "attributes": {}})),
        ] {
            let mut document = sample();
            let path = place.as_str();
            let target = document.pointer_mut(path).unwrap();
            let same_type = std::mem::discriminant(target) == std::mem::discriminant(&value);
            *target = value;
            let result = read(&document);
            assert_clean(&result);
            let must_fail = is_strict(path) && !same_type && kind != "null" || path == "/eventType";
            if must_fail {
                assert!(result.is_err(), "{path} as {kind} was read");
                refused += 1;
            } else if !is_strict(path) || kind == "null" {
                assert!(result.is_ok(), "{path} as {kind}: {result:?}");
                read_on += 1;
            }
        }
    }
    assert!(refused > 200 && read_on > 400, "{refused} {read_on}");
}

#[test]
fn every_member_missing() {
    for place in all_places() {
        let mut document = sample();
        let (parent, name) = place.as_str().rsplit_once('/').unwrap();
        match document.pointer_mut(parent).unwrap() {
            Value::Object(members) => drop(members.remove(name).unwrap()),
            Value::Array(elements) => drop(elements.remove(name.parse().unwrap())),
            _ => unreachable!(),
        }
        let expected = if place.as_str() == "/eventType" { Some(RequestError::MissingEventType) } else { None };
        assert_eq!(read(&document).err(), expected, "{place}");
    }
}

#[test]
fn every_prefix_of_the_sample() {
    let text = SAMPLE.trim_end();
    for end in 0..text.len() {
        let body = text.as_bytes().get(..end).unwrap();
        assert!(matches!(Envelope::parse(body), Err(RequestError::NotJson { .. })), "{end}");
    }
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,12}".prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 40, 6, |inner| {
        let name = prop_oneof![
            Just("attributes".to_owned()),
            Just("attributeValues".to_owned()),
            Just("value".to_owned()),
            Just("id".to_owned()),
            Just("claims".to_owned()),
            ".{0,6}",
        ];
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::vec((name, inner), 0..6).prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = Envelope::parse(&bytes);
    }

    #[test]
    fn any_bytes_in_the_sample(at in 0..SAMPLE.len(), bytes in prop::collection::vec(any::<u8>(), 0..8)) {
        let mut body = SAMPLE.as_bytes().to_vec();
        body.splice(at..(at + bytes.len()).min(SAMPLE.len()), bytes);
        if let Ok(envelope) = Envelope::parse(&body) {
            let _ = SamlRequest::from_envelope(&envelope);
        }
    }

    #[test]
    fn any_json_anywhere(places in prop::collection::vec(prop::sample::select(all_places()), 1..4), values in prop::collection::vec(any_json(), 3)) {
        let mut document = sample();
        for (place, value) in places.iter().zip(values) {
            // A value put higher up can have taken this place away.
            if let Some(target) = document.pointer_mut(place.as_str()) {
                *target = value;
            }
        }
        let result = read(&document);
        assert_clean(&result);
        // The naive reading of the same document by a reader without doubled members.
        if let Ok(request) = result {
            let text = |path: &str| document.pointer(path).and_then(Value::as_str).map(str::to_owned);
            prop_assert_eq!(request.app_id().map(str::to_owned), text("/data/context/protocol/issuer/id"));
            prop_assert_eq!(request.user_id().map(str::to_owned), text("/data/context/user/id"));
            prop_assert_eq!(request.login().map(str::to_owned), text("/data/context/user/profile/login"));
            prop_assert_eq!(request.name_id().map(str::to_owned), text("/data/assertion/subject/nameId"));
            let claims = document.pointer("/data/assertion/claims").and_then(Value::as_object).cloned().unwrap_or_default();
            prop_assert_eq!(request.claims().len(), claims.len());
            for (name, claim) in &claims {
                let values = claim.get("attributeValues").and_then(Value::as_array).cloned().unwrap_or_default();
                let texts: Vec<_> = values.iter().filter_map(|v| v.get("value")?.as_str()).collect();
                let read: Vec<_> = request.claims().get(name).unwrap().texts().collect();
                prop_assert_eq!(read, texts);
            }
        }
    }

    #[test]
    fn a_claim_that_is_there_twice_is_refused(name in ".{0,12}", others in prop::collection::vec(".{0,4}", 0..5)) {
        let names = std::iter::once(&name).chain(others.iter().filter(|o| **o != name)).chain([&name]);
        let members: Vec<_> = names.map(|n| format!("{}:null", Value::from(n.as_str()))).collect();
        let text = format!(
            r#"{{"eventType":"com.okta.saml.tokens.transform","data":{{"assertion":{{"claims":{{{}}}}}}}}}"#,
            members.join(",")
        );
        let envelope = Envelope::parse(text.as_bytes()).unwrap();
        let result = SamlRequest::from_envelope(&envelope);
        let malformed = matches!(result, Err(RequestError::Malformed { .. }));
        prop_assert!(malformed);
    }
}
