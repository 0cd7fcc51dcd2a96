//! The sample events of `events/saml-hook`.

use std::path::PathBuf;

use signet_core::code::{CodeWidth, GroupCode, Salt, Sha256Hasher};
use signet_facts::Facts;
use signet_hook::payload::Payload;
use signet_hook::serve::Handler;
use signet_okta::auth::digest_hex;
use signet_okta::request::Envelope;
use signet_okta::saml::SamlRequest;

use signet_cases::http::SECRET;
use signet_cases::table::{block_on, call};

use crate::{hook, table};

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../events/saml-hook")
}

fn read(name: &str) -> String {
    std::fs::read_to_string(folder().join(name)).unwrap()
}

fn events() -> Vec<String> {
    let entries = std::fs::read_dir(folder()).unwrap();
    let mut names: Vec<String> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| PathBuf::from(name).extension().is_some_and(|extension| extension == "json"))
        .collect();
    names.sort();
    names
}

fn payload(name: &str) -> Payload {
    serde_json::from_str(&read(name)).unwrap()
}

fn request(name: &str) -> SamlRequest {
    let payload = payload(name);
    SamlRequest::from_envelope(&Envelope::parse(&payload.body().unwrap()).unwrap()).unwrap()
}

fn groups(name: &str) -> Vec<String> {
    Facts::texts(&request(name), "groups").unwrap().into_iter().map(str::to_owned).collect()
}

#[test]
fn every_event_is_a_call_that_the_hook_answers() {
    let table = table().grant("Clinical Readers", "reader");
    let events = events();
    assert_eq!(events.len(), 11, "{events:?}");
    for name in &events {
        let conclusion = block_on(async { hook(&table).handle(&call(payload(name))).await });
        let expected = match name.as_str() {
            "one-group.json" | "many-groups.json" | "base64-body.json" | "missing-session.json" => None,
            "observe.json" | "unknown-app.json" => Some("unknown_app"),
            "app-emits-role.json" => Some("base_assertion"),
            _ => Some("unentitled"),
        };
        assert_eq!((conclusion.answer.status(), conclusion.record.reason), (200, expected), "{name}");
    }
}

#[test]
fn the_list_of_events_is_complete_and_names_their_secret() {
    let list = read("README.md");
    for name in events() {
        assert!(list.contains(&format!("| `{name}` |")), "{name} is not in the list");
    }
    assert!(list.contains(&digest_hex(SECRET)));
}

#[test]
fn every_group_of_an_event_has_its_place_in_the_entitlements() {
    let entitlements = read("entitlements.yaml");
    let strangers = ["Everyone", "VPN Users", "Printer Floor 3"];
    for name in events() {
        for group in groups(&name) {
            assert_eq!(entitlements.contains(&group), !strangers.contains(&group.as_str()), "{group} of {name}");
        }
    }
}

#[test]
fn the_two_groups_of_the_displaced_event_collide() {
    let groups = groups("displaced-group.json");
    let codes: Vec<_> =
        groups.iter().map(|key| GroupCode::propose(&Sha256Hasher, CodeWidth::DEFAULT, key, Salt::NONE)).collect();
    assert_eq!(codes.len(), 2);
    assert_eq!(codes[0], codes[1]);
    assert_ne!(groups[0], groups[1]);
}

#[test]
fn the_base64_body_is_that_of_one_group() {
    assert!(request("base64-body.json") == request("one-group.json"));
    assert!(read("base64-body.json").contains(r#""isBase64Encoded": true"#));
}
