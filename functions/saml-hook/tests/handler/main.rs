//! The hook as a function of a call and a table in memory.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    unreachable_pub,
    reason = "a test that fails shall fail loudly, and its support is for these tests alone"
)]

mod events;
mod wire;

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value, json};
use signet_cases::case::Rule;
use signet_cases::http::{SECRET, payload};
use signet_cases::table::{APP, Fake, Mood, NOW_MS, block_on, call, id};
use signet_cases::wire::Wire;
use signet_cases::{Kind, case};
use signet_hook::record::Verdict;
use signet_hook::serve::{Conclusion, Handler};
use signet_store::sign_in::AppState;
use wire::{SamlWire, attributes, request};

/// A table of the usual app, which maps `email` to a tag.
fn table() -> Fake {
    let AppState::Active(app) = case::state(Kind::Saml, &[Rule::Tag("email", "email")]) else { panic!("not active") };
    Fake::new(*app)
}

fn hook(table: &Fake) -> impl Handler<Event = signet_hook::payload::Payload, Answer = signet_hook::payload::Answer> {
    SamlWire::handler(table, Duration::from_millis(150))
}

/// What the hook makes of one request.
fn answer(table: &Fake, request: &Value) -> Conclusion {
    answer_text(table, &request.to_string())
}

fn answer_text(table: &Fake, body: &str) -> Conclusion {
    block_on(async { hook(table).handle(&call(payload(body))).await })
}

/// The answer's body as JSON.
fn body(conclusion: &Conclusion) -> Value {
    serde_json::from_str(conclusion.answer.body().unwrap()).unwrap()
}

fn is_denied(conclusion: &Conclusion) -> bool {
    conclusion.answer.status() == 200 && body(conclusion)["error"]["errorSummary"].is_string()
}

#[test]
fn every_shared_case() {
    signet_cases::run::assert_all::<SamlWire>();
}

#[test]
fn access_is_one_patch_that_adds_every_attribute() {
    let table = table().grant("Clinical Readers", "reader").grant("Clinical Stewards", "steward");
    let claims: [(&str, &[&str]); 2] =
        [("groups", &["Clinical Readers", "Everyone", "Clinical Stewards"]), ("email", &["jane.doe@example.com"])];
    let conclusion = answer(&table, &request(&claims));
    let body = body(&conclusion);
    assert_eq!(body["commands"].as_array().unwrap().len(), 1);
    assert_eq!(body["commands"][0]["type"], "com.okta.assertion.patch");
    assert_eq!(body["debugContext"], json!({"decision": id()}));

    let added: BTreeMap<String, Vec<String>> = attributes(body["commands"].as_array().unwrap());
    let provider = "arn:aws:iam::111122223333:saml-provider/okta-databricks";
    assert_eq!(
        added["Role"],
        [
            format!("arn:aws:iam::111122223333:role/reader,{provider}"),
            format!("arn:aws:iam::111122223333:role/steward,{provider}")
        ]
    );
    assert_eq!(added["SourceIdentity"], ["jane.doe@example.com"]);
    assert_eq!(added["RoleSessionName"], ["jane.doe@example.com"]);
    assert_eq!(added["PrincipalTag:SignetDecision"], [id()]);
    assert_eq!(added["PrincipalTag:email"], ["jane.doe@example.com"]);
    assert_eq!(added["TransitiveTagKeys"], ["GroupHash", "SignetDecision", "email"]);
    assert_eq!(added["PrincipalTag:GroupHash"][0].len(), 11);

    let record = &conclusion.record;
    assert_eq!(
        (record.verdict, record.groups.len(), record.codes.len(), record.roles.len()),
        (Verdict::Access, 3, 2, 2)
    );
    assert_eq!(record.source_identity.as_deref(), Some("jane.doe@example.com"));
    let ids = (record.event_id.as_deref(), record.app_id.as_deref(), record.user_id.as_deref());
    assert_eq!(ids, (Some("event-1"), Some(APP), Some(case::USER)));
}

#[test]
fn whoever_does_not_authenticate_gets_401_and_nothing_is_read() {
    let table = table();
    for envelope in [
        json!({"body": request(&[]).to_string()}),
        json!({"headers": {"authorization": "wrong"}, "body": "{"}),
        json!({"headers": {"authorization": SECRET, "Authorization": SECRET}}),
        json!([]),
    ] {
        let payload = serde_json::from_value(envelope).unwrap();
        let conclusion = block_on(async { hook(&table).handle(&call(payload)).await });
        assert_eq!(conclusion.answer.status(), 401);
        assert_eq!(conclusion.record.verdict, Verdict::Rejected);
    }
    assert!(table.reads.borrow().is_empty());
}

#[test]
fn what_is_no_call_for_this_hook_gets_400() {
    let table = table();
    for text in [
        "",
        "{",
        "[]",
        "SAMLResponse=x",
        "{}",
        r#"{"eventType":"com.okta.oauth2.tokens.transform"}"#,
        r#"{"eventType":7}"#,
        &"[".repeat(100_000),
    ] {
        let conclusion = answer_text(&table, text);
        assert_eq!(conclusion.answer.status(), 400, "{text}");
        assert!(conclusion.record.reason.is_some());
    }
    let odd = serde_json::from_value(json!({"headers": {"authorization": SECRET}, "body": 7})).unwrap();
    assert_eq!(block_on(async { hook(&table).handle(&call(odd)).await }).answer.status(), 400);
    assert!(table.reads.borrow().is_empty());
}

#[test]
fn a_malformed_member_of_the_right_event_denies() {
    let table = table().grant("Clinical Readers", "reader");
    let good = request(&[("groups", &["Clinical Readers"])]);
    let changes: [(&str, Value); 5] = [
        ("/data", json!([])),
        ("/data/context/protocol/issuer/id", json!(7)),
        ("/data/context/user/profile/login", json!(["jane.doe@example.com"])),
        ("/data/assertion/claims", json!("groups")),
        ("/data/assertion/claims/groups/attributeValues/0/value", json!(7)),
    ];
    for (place, value) in changes {
        let mut bad = good.clone();
        *bad.pointer_mut(place).unwrap() = value;
        let conclusion = answer(&table, &bad);
        assert!(is_denied(&conclusion), "{place}");
        assert_eq!(conclusion.record.reason, Some("malformed_request"));
        assert_eq!(conclusion.record.event_id.as_deref(), Some("event-1"));
    }
    let doubled = good.to_string().replacen("\"data\":", "\"data\":{},\"data\":", 1);
    assert_eq!(answer_text(&table, &doubled).record.reason, Some("malformed_request"));
    assert!(table.reads.borrow().is_empty());
}

#[test]
fn the_deadline_counts_from_when_the_gateway_took_the_request() {
    let mut table = table();
    table.mood = Mood::Hangs;
    let envelope = json!({
        "headers": {"authorization": SECRET},
        "body": request(&[]).to_string(),
        "requestContext": {"timeEpoch": NOW_MS - 9_900},
    });
    let call = call(serde_json::from_value(envelope).unwrap());
    let (conclusion, took) = block_on(async {
        let conclusion = SamlWire::handler(&table, Duration::from_secs(10)).handle(&call).await;
        (conclusion, call.began.elapsed())
    });
    assert_eq!(conclusion.record.reason, Some("deadline"));
    assert!((Duration::from_millis(100)..Duration::from_secs(9)).contains(&took), "{took:?}");
}

#[test]
fn two_thousand_groups_are_answered() {
    let mut table = table();
    let keys: Vec<String> = (0..2_000).map(|n| format!("Group {n}")).collect();
    for key in &keys {
        table = table.grant(key, "reader");
    }
    let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
    let conclusion = answer(&table, &request(&[("groups", &keys)]));
    // The groups themselves are in the assertion, as Okta writes it: AWS would not take so much.
    assert!(is_denied(&conclusion));
    assert_eq!(conclusion.record.reason, Some("assertion_too_long"));
    assert_eq!(conclusion.record.groups.len(), 2_000);
    let three_hundred = answer(&table, &request(&[("groups", &keys[..300])]));
    assert_eq!((three_hundred.record.verdict, three_hundred.record.roles.len()), (Verdict::Access, 1));
}

#[test]
fn exactly_a_hundred_groups_may_have_been_cut() {
    let keys: Vec<String> = (0..101).map(|n| format!("Group {n}")).collect();
    let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
    for (count, remarks) in [(99, vec![]), (100, vec!["groups_possibly_cut"]), (101, vec![])] {
        let claims: [(&str, &[&str]); 2] = [("groups", &keys[..count]), ("email", &["jane.doe@example.com"])];
        let conclusion = answer(&table().grant(keys[0], "reader"), &request(&claims));
        let told: Vec<&str> = conclusion.record.notes.iter().map(|note| note.kind).collect();
        assert_eq!((conclusion.record.verdict, told), (Verdict::Access, remarks), "{count}");
    }
}

#[test]
fn a_denial_tells_okta_s_log_its_reason_and_the_person_none() {
    let (mut broken, unknown) = (table(), table());
    broken.mood = Mood::Fails(signet_cases::Fault::Call);
    unknown.apps.borrow_mut().clear();
    for (table, reason) in [(&broken, "table_error"), (&unknown, "unknown_app")] {
        let conclusion = answer(table, &request(&[]));
        assert!(is_denied(&conclusion));
        let body = body(&conclusion);
        assert_eq!(body["debugContext"], json!({"decision": id(), "reason": reason}));
        assert!(!body["error"].to_string().contains(reason), "{body}");
    }
}
