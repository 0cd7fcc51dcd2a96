//! The command on a table that an earlier version filled, and its entitlement files:
//! `crates/store/tests/data`.
#![expect(clippy::unwrap_used, reason = "a test may fail by a panic")]

mod support;

use serde_json::{Value, json};
use support::{Place, TABLE};

const ITEMS: &[u8] = include_bytes!("../../store/tests/data/before-tokens/table.json");
const PLATFORM: &str = include_str!("../../store/tests/data/before-tokens/platform.yaml");
const EXTRA: &str = include_str!("../../store/tests/data/before-tokens/extra.yaml");
const READER: &str = "arn:aws:iam::111122223333:role/data/reader";

const JANE: [&str; 8] =
    ["explain", "--app", "0oaSaml", "--user", "jane@example.com", "--claim=department=Research", "--group", "Readers"];

async fn left() -> Place {
    let place = Place::with_table().await;
    place.load(TABLE, ITEMS);
    place
}

fn since(value: &Value, role: &str) -> Value {
    let groups = value["groups"].as_array().unwrap().iter();
    let mut grants = groups.flat_map(|group| group["grants"].as_array().unwrap());
    grants.find(|grant| grant["role"].as_str().unwrap().ends_with(role)).unwrap()["since"].clone()
}

#[tokio::test]
async fn sign_ins_are_explained_now_and_then() {
    let place = left().await;
    let now = place.json(&JANE);
    assert_eq!((&now["answer"], &now["codes"]), (&json!("patch"), &json!(["vwwx"])));
    assert_eq!(now["roles"].as_array().unwrap().len(), 4, "one of five has ended");
    let then = place.json(&[&JANE[..], &["--at", "2026-05-28T20:26:46Z"]].concat());
    assert_eq!(then["roles"].as_array().unwrap().len(), 5);
    assert_eq!(since(&then, "clinical-reader")["event"], "2f1c9a34-dataset");
    assert_eq!(since(&then, "data/reader")["source"], "file:platform");
    assert_eq!(then["provider_since"], Value::Null, "the provider event came a second later");
    let token = ["explain", "--app", "0oaToken", "--user", "jane@example.com", "--group", "Readers"];
    assert_eq!(place.json(&token)["answer"], "patch");
}

#[tokio::test]
async fn files_that_were_applied_have_nothing_to_change() {
    let place = left().await;
    for (name, content) in [("platform", PLATFORM), ("extra", EXTRA)] {
        let path = place.file(&format!("{name}.yaml"), content);
        let plan = place.json(&["plan", &path]);
        assert_eq!((&plan["groups"], &plan["apps"]), (&json!([]), &json!([])), "{plan:#}");
        let exported = place.run(&["export", name]).ok().out;
        let again = place.file(&format!("{name}-exported.yaml"), exported);
        assert_eq!(place.json(&["plan", &again])["groups"], json!([]));
    }
    place.run(&["plan", &place.file("platform.yaml", PLATFORM), "--exit-code"]).ok();
}

#[tokio::test]
async fn roles_codes_and_history_are_read() {
    let place = left().await;
    let rendered = place.json(&["trust", "render", READER]);
    let document = rendered["document"].to_string();
    for known in ["saml-provider/okta-databricks", "example.okta.com/oauth2/aus1analytics", "*:vwwx:*", "*:kf3p:*"] {
        assert!(document.contains(known), "`{known}` is not in {document}");
    }
    place.run(&["decode", ":vwwx:kf3p:"]).ok().says("Readers").says("Stewards");
    place.run(&["history", "group:Former Readers"]).ok().says("retired 5xnk");
    place.run(&["history", "app:0oaToken"]).ok().says("9d02-provider-oidc");
    place.run(&["producer", "list"]).ok().says("clinical-*");
    place.run(&["table", "show"]).ok();
    place.run(&["audit", "--offline"]).ok();
}
