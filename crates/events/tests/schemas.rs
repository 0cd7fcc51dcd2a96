//! The JSON Schemas are those of the types, and agree with the reader.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::needless_pass_by_value,
    reason = "a test may fail by a panic, and takes what `json!` gives"
)]

mod support;

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde_json::{Value, json};
use signet_events::alert::{Alert, AlertKind, Origin};
use support::validator::faults;

/// Whatever this test finds out of date, `UPDATE_SCHEMAS=1` brings up to date.
#[test]
fn the_files_are_current() {
    let folder = support::events().join("schemas");
    let mut expected = BTreeSet::new();
    for (name, schema) in signet_events::schema::all() {
        let path = folder.join(format!("{name}.json"));
        if std::env::var_os("UPDATE_SCHEMAS").is_some() {
            std::fs::create_dir_all(&folder).unwrap();
            std::fs::write(&path, format!("{schema:#}\n")).unwrap();
        }
        let file: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
        assert_eq!(file, schema, "{} is out of date: run this test with UPDATE_SCHEMAS=1", path.display());
        expected.insert(path);
    }
    let there: BTreeSet<_> = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert_eq!(there, expected, "the folder holds the schemas and nothing else");
}

#[test]
fn they_take_every_sample() {
    for (name, sample) in support::samples(false) {
        let schema = support::schema(sample["type"].as_str().unwrap());
        assert_eq!(faults(&schema, &sample), [""; 0], "{name}");
    }
}

#[test]
fn they_take_what_is_written() {
    for (name, sample) in support::samples(false) {
        let written = support::parse(&sample).unwrap().to_json();
        let schema = support::schema(sample["type"].as_str().unwrap());
        assert_eq!(faults(&schema, &written), [""; 0], "{name}");
    }
    for kind in AlertKind::ALL {
        let detail = json!({ "groups": ["a", "b"], "bytes": 1 });
        let alert = Alert { kind, summary: "a summary".to_owned(), detail: detail.as_object().unwrap().clone() };
        let origin = Origin { id: "1", source: "signet", subject: "x", time: Timestamp::UNIX_EPOCH };
        let written: Value = serde_json::from_str(&alert.to_message(&origin)).unwrap();
        assert_eq!(faults(&support::schema("signet.alert.v1"), &written), [""; 0]);
    }
}

/// What a producer's own validator can catch, it catches.
#[test]
fn they_refuse_what_they_can_say() {
    let dataset = support::sample("dataset-active");
    let saml = support::sample("provider-saml-active");
    let oidc = support::sample("provider-oidc-active");
    let deleted = support::sample("dataset-deleted");
    for (event, place, value) in [
        (&dataset, "/specversion", json!("0.3")),
        (&dataset, "/type", json!("signet.dataset.changed.v2")),
        (&dataset, "/time", json!("yesterday")),
        (&dataset, "/time", Value::Null),
        (&dataset, "/data/expires_at", json!("2027-01-31T00:00:00Z")),
        (&dataset, "/data/dataset", json!("a b")),
        (&dataset, "/data/revision", json!(0)),
        (&dataset, "/data/revision", json!("1")),
        (&dataset, "/data/revision", json!(9_007_199_254_740_994_u64)),
        (&dataset, "/data/location", Value::Null),
        (&dataset, "/data/state", json!("gone")),
        (&dataset, "/data/grants", Value::Null),
        (&dataset, "/data/grants/0/expire_at", json!("2027-01-31T00:00:00Z")),
        (&dataset, "/data/grants/0/expires_at", Value::Null),
        (&dataset, "/data/grants/0/role", json!("arn:aws:iam::111122223333:user/jane")),
        (&dataset, "/data/grants/0/groups", json!([])),
        (&dataset, "/data/grants/0/groups/0", json!("")),
        (&dataset, "/data/grants/0/groups/0", json!({ "label": "x" })),
        (&dataset, "/data/grants/0/apps", json!([])),
        (&dataset, "/data/state", json!("deleted")),
        (&deleted, "/data/state", json!("deleted?")),
        (&saml, "/data/saml_metadata", json!("<short/>")),
        (&saml, "/data/issuer_url", json!("https://example.okta.com")),
        (&saml, "/data/protocol", json!("oidc")),
        (&oidc, "/data/issuer_url", json!("http://example.okta.com")),
        (&oidc, "/data/client_ids", json!([])),
        (&oidc, "/data/audience", json!("a b")),
    ] {
        let mut event = event.clone();
        let (parent, name) = place.rsplit_once('/').unwrap();
        match event.pointer_mut(parent).unwrap() {
            Value::Array(items) => items[name.parse::<usize>().unwrap()] = value,
            parent => parent[name] = value,
        }
        assert_ne!(faults(&support::schema(event_type(&dataset, &saml, &event)), &event), [""; 0], "{place} {event}");
        assert!(support::parse(&event).is_err(), "{place} was taken: {event}");
    }
    let mut bare = saml.clone();
    bare["data"].as_object_mut().unwrap().remove("saml_metadata").unwrap();
    assert_ne!(faults(&support::schema("signet.provider.changed.v1"), &bare), [""; 0]);
}

/// The type by the data, since the type may be what is wrong.
fn event_type<'v>(dataset: &'v Value, provider: &'v Value, event: &Value) -> &'v str {
    let of = if event["data"].get("app").is_some() { provider } else { dataset };
    of["type"].as_str().unwrap()
}
