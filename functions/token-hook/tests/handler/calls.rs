//! What is a call, who calls, and what Okta's own samples get.

use std::time::Duration;

use serde_json::{Value, json};
use signet_cases::Mood;
use signet_cases::http::SECRET;
use signet_cases::table::{Fake, NOW_MS, block_on, call};
use signet_cases::wire::{Answered, Wire};
use signet_core::app::{App, AppId};
use signet_core::trust::gate::Issuer;
use signet_hook::record::Verdict;
use signet_hook::serve::Handler;

use crate::support::{answer, answer_text, answered, app, given, reason, request, table};
use crate::wire::TokenWire;

/// The request of Okta's documentation.
pub const OKTA: &str = include_str!("../../../../crates/okta/tests/data/token-hook.request.json");

#[test]
fn whoever_does_not_authenticate_gets_401_and_nothing_is_read() {
    let table = table(app());
    for envelope in [
        json!({"body": request().to_string()}),
        json!({"headers": {"authorization": "wrong"}, "body": "{"}),
        json!({"headers": {"authorization": SECRET, "Authorization": SECRET}}),
        json!([]),
    ] {
        let payload = serde_json::from_value(envelope).unwrap();
        let hook = TokenWire::handler(&table, Duration::from_millis(150));
        let conclusion = block_on(async { hook.handle(&call(payload)).await });
        assert_eq!(answered(&conclusion), Answered::Rejected(Some(401)));
        assert_eq!(conclusion.record.verdict, Verdict::Rejected);
    }
    assert!(table.reads.borrow().is_empty());
}

#[test]
fn what_is_no_call_for_this_hook_gets_400() {
    let table = table(app());
    for text in [
        "",
        "{",
        "[]",
        "grant_type=authorization_code",
        "{}",
        r#"{"eventType":"com.okta.saml.tokens.transform"}"#,
        r#"{"eventType":7}"#,
        &"[".repeat(100_000),
    ] {
        let conclusion = answer_text(&table, text);
        assert_eq!(answered(&conclusion), Answered::Rejected(Some(400)), "{text}");
        assert!(conclusion.record.reason.is_some());
    }
    let odd = serde_json::from_value(json!({"headers": {"authorization": SECRET}, "body": 7})).unwrap();
    let hook = TokenWire::handler(&table, Duration::from_millis(150));
    assert_eq!(block_on(async { hook.handle(&call(odd)).await }).answer.status(), 400);
    assert!(table.reads.borrow().is_empty());
}

#[test]
fn a_malformed_member_of_the_right_event_denies() {
    let table = table(app());
    for (place, value) in [
        ("/data", json!([])),
        ("/data/context", json!("x")),
        ("/data/context/protocol/client/id", json!(7)),
        ("/data/context/protocol/issuer/uri", json!({})),
        ("/data/context/protocol/request/grant_type", json!(["client_credentials"])),
        ("/data/context/user/id", json!(7)),
        ("/data/context/user/profile/login", json!(["jane.doe@example.com"])),
        ("/data/identity", json!([])),
        ("/data/identity/claims", json!("groups")),
        ("/data/access/claims", json!([])),
    ] {
        let mut bad = request();
        *bad.pointer_mut(place).unwrap() = value;
        let conclusion = answer(&table, &bad);
        assert_eq!(reason(&conclusion), "malformed_request", "{place}");
        assert_eq!(conclusion.record.event_id.as_deref(), Some("event-1"));
    }
    for (name, double) in
        [("\"claims\":", "\"claims\":{},\"claims\":"), ("\"identity\":", "\"identity\":null,\"identity\":")]
    {
        let doubled = request().to_string().replacen(name, double, 1);
        assert_eq!(answer_text(&table, &doubled).record.reason, Some("malformed_request"));
    }
    assert!(table.reads.borrow().is_empty());
}

#[test]
fn the_deadline_counts_from_when_the_gateway_took_the_request() {
    let mut table = table(app());
    table.mood = Mood::Hangs;
    let envelope = json!({
        "headers": {"authorization": SECRET},
        "body": request().to_string(),
        "requestContext": {"timeEpoch": NOW_MS - 9_900},
    });
    let call = call(serde_json::from_value(envelope).unwrap());
    let (conclusion, took) = block_on(async {
        let conclusion = TokenWire::handler(&table, Duration::from_secs(10)).handle(&call).await;
        (conclusion, call.began.elapsed())
    });
    assert_eq!(conclusion.record.reason, Some("deadline"));
    assert!((Duration::from_millis(100)..Duration::from_secs(9)).contains(&took), "{took:?}");
}

/// The app of Okta's sample.
fn of_okta() -> App {
    let mut app = app();
    app.id = AppId::parse("customClientIdNative").unwrap();
    app.identity.pattern = signet_core::identity::IdentityPattern::parse("*@clouditude.net").unwrap();
    app.tokens.issuer = None;
    app
}

#[test]
fn oktas_own_sample_is_answered() {
    let table = Fake::new(of_okta()).grant("Everyone", "reader");
    // It has no groups.
    assert_eq!(reason(&answer_text(&table, OKTA)), "unentitled");
    let mut request: Value = serde_json::from_str(OKTA).unwrap();
    request["data"]["identity"]["claims"]["groups"] = json!(["Everyone"]);
    let claims = given(&answer(&table, &request));
    assert_eq!(claims["https://aws.amazon.com/source_identity"], "administrator1@clouditude.net");
    assert_eq!(claims.len(), 3);
    // Its issuer is a placeholder, and none that any app could state.
    let mut stated = of_okta();
    stated.tokens.issuer = Some(Issuer::from_url("https://example.okta.com/oauth2/default").unwrap());
    assert_eq!(reason(&answer(&Fake::new(stated).grant("Everyone", "reader"), &request)), "other_issuer");
}

#[test]
fn a_preview_with_placeholders_is_answered() {
    let table = table(app());
    // As the console's preview may send it: null, missing and partial members.
    let mut preview = request();
    preview["data"]["context"]["session"] = json!(null);
    preview["data"]["context"]["user"] = json!({"id": "00uplaceholder", "profile": {"login": null}});
    preview["data"]["context"]["protocol"]["request"] = json!(null);
    assert_eq!(reason(&answer(&table, &preview)), "identity_missing");
    preview["data"]["context"]["user"]["profile"] = json!({"login": "jane.doe@example.com", "firstName": null});
    preview["data"]["identity"]["token"] = json!(null);
    preview["data"]["access"] = json!({"claims": null, "scopes": null, "token": {}});
    preview["data"]["refresh_token"] = json!({"jti": null});
    assert_eq!(given(&answer(&table, &preview)).len(), 3);
    preview["data"]["identity"]["claims"] = json!(null);
    assert_eq!(reason(&answer(&table, &preview)), "unentitled");
    preview["data"] = json!(null);
    assert_eq!(reason(&answer(&table, &preview)), "unknown_app");
    preview["data"] = json!({"context": null, "identity": null, "access": null});
    assert_eq!(reason(&answer(&table, &preview)), "unknown_app");
}
