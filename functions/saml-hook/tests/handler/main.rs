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
mod support;

use std::time::Duration;

use serde_json::{Value, json};
use signet_core::app::{Mode, WhenUnentitled};
use signet_core::identity::IdentityField;
use signet_core::role::Protocol;
use signet_hook::record::Verdict;
use signet_hook::serve::Handler;
use signet_store::sign_in::AppState;
use support::{
    APP, Fake, Mood, answer, answer_text, app, block_on, body, call, hook, hook_within, id, is_denied, payload, request,
};

const ROLE: &str = "https://aws.amazon.com/SAML/Attributes/Role";

#[test]
fn access_is_one_patch_that_adds_every_attribute() {
    let table = Fake::new(app()).grant("Clinical Readers", "reader").grant("Clinical Stewards", "steward");
    let claims: [(&str, &[&str]); 2] =
        [("groups", &["Clinical Readers", "Everyone", "Clinical Stewards"]), ("email", &["jane@example.com"])];
    let conclusion = answer(&table, &request(&claims));
    let body = body(&conclusion);
    assert_eq!(body["commands"].as_array().unwrap().len(), 1);
    assert_eq!(body["commands"][0]["type"], "com.okta.assertion.patch");
    assert_eq!(body["debugContext"], json!({"decision": id()}));

    let operations = body["commands"][0]["value"].as_array().unwrap();
    let prefix = "/claims/https:~1~1aws.amazon.com~1SAML~1Attributes~1";
    let mut added = std::collections::BTreeMap::new();
    for operation in operations {
        assert_eq!(operation["op"], "add");
        assert_eq!(operation["value"]["attributes"]["NameFormat"], "urn:oasis:names:tc:SAML:2.0:attrname-format:uri");
        let values = operation["value"]["attributeValues"].as_array().unwrap();
        let texts: Vec<&str> = values.iter().map(|value| value["value"].as_str().unwrap()).collect();
        added.insert(operation["path"].as_str().unwrap().strip_prefix(prefix).unwrap(), texts);
    }
    let provider = "arn:aws:iam::111122223333:saml-provider/okta-databricks";
    assert_eq!(
        added["Role"],
        [
            format!("arn:aws:iam::111122223333:role/reader,{provider}"),
            format!("arn:aws:iam::111122223333:role/steward,{provider}")
        ]
    );
    assert_eq!(added["SourceIdentity"], ["jane@example.com"]);
    assert_eq!(added["RoleSessionName"], ["jane@example.com"]);
    assert_eq!(added["PrincipalTag:SignetDecision"], [id()]);
    assert_eq!(added["PrincipalTag:email"], ["jane@example.com"]);
    assert_eq!(added["TransitiveTagKeys"], ["GroupHash", "SignetDecision", "email"]);
    assert_eq!(added["PrincipalTag:GroupHash"][0].len(), 11);

    let record = &conclusion.record;
    assert_eq!(
        (record.verdict, record.groups.len(), record.codes.len(), record.roles.len()),
        (Verdict::Access, 3, 2, 2)
    );
    assert_eq!(record.source_identity.as_deref(), Some("jane@example.com"));
    let ids = (record.event_id.as_deref(), record.app_id.as_deref(), record.user_id.as_deref());
    assert_eq!(ids, (Some("event-1"), Some(APP), Some("00u1")));
}

#[test]
fn whoever_does_not_authenticate_gets_401_and_nothing_is_read() {
    let table = Fake::new(app());
    for envelope in [
        json!({"body": request(&[]).to_string()}),
        json!({"headers": {"authorization": "wrong"}, "body": "{"}),
        json!({"headers": {"authorization": support::SECRET, "Authorization": support::SECRET}}),
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
    let table = Fake::new(app());
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
    let odd = serde_json::from_value(json!({"headers": {"authorization": support::SECRET}, "body": 7})).unwrap();
    assert_eq!(block_on(async { hook(&table).handle(&call(odd)).await }).answer.status(), 400);
    assert!(table.reads.borrow().is_empty());
}

#[test]
fn a_malformed_member_of_the_right_event_denies() {
    let table = Fake::new(app()).grant("Clinical Readers", "reader");
    let good = request(&[("groups", &["Clinical Readers"])]);
    let changes: [(&str, Value); 5] = [
        ("/data", json!([])),
        ("/data/context/protocol/issuer/id", json!(7)),
        ("/data/context/user/profile/login", json!(["jane@example.com"])),
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
fn apps_that_people_may_not_sign_in_to_deny() {
    let good = request(&[("groups", &["Clinical Readers"])]);
    let reason = |table: &Fake, request: &Value| {
        let conclusion = answer(table, request);
        assert!(is_denied(&conclusion));
        conclusion.record.reason.unwrap()
    };
    let mut table = Fake::new(app()).grant("Clinical Readers", "reader");
    for id in [json!(null), json!(""), json!("0oaother"), json!("\u{0}/../x")] {
        let mut other = good.clone();
        other["data"]["context"]["protocol"]["issuer"]["id"] = id;
        assert_eq!(reason(&table, &other), "unknown_app");
    }
    table.state(AppState::Inactive("its provider is deleted"));
    assert_eq!(reason(&table, &good), "inactive_app");
    let oidc = signet_core::app::App { protocol: Protocol::Oidc, ..app() };
    table.state(AppState::Active(Box::new(oidc)));
    assert_eq!(reason(&table, &good), "app_protocol");
    table.layout += 1;
    assert_eq!(reason(&table, &good), "meta_unfit");
}

#[test]
fn faults_of_the_table_deny_within_the_deadline() {
    let mut table = Fake::new(app()).grant("Clinical Readers", "reader");
    let good = request(&[("groups", &["Clinical Readers"])]);
    for (mood, reason) in [(Mood::Fails, "table_error"), (Mood::Hangs, "deadline")] {
        table.mood = mood;
        let conclusion = answer(&table, &good);
        assert!(is_denied(&conclusion));
        assert_eq!((conclusion.record.reason, conclusion.record.fault), (Some(reason), true));
        assert_eq!(conclusion.record.app_id.as_deref(), Some(APP));
        let text = body(&conclusion)["error"]["errorSummary"].as_str().unwrap().to_owned();
        assert!(text.contains(&id()) && !text.contains("refused"), "{text}");
    }
}

#[test]
fn the_deadline_counts_from_when_the_gateway_took_the_request() {
    let mut table = Fake::new(app());
    table.mood = Mood::Hangs;
    let envelope = json!({
        "headers": {"authorization": support::SECRET},
        "body": request(&[]).to_string(),
        "requestContext": {"timeEpoch": support::NOW_MS - 9_900},
    });
    let call = call(serde_json::from_value(envelope).unwrap());
    let (conclusion, took) = block_on(async {
        let conclusion = hook_within(&table, Duration::from_secs(10)).handle(&call).await;
        (conclusion, call.began.elapsed())
    });
    assert_eq!(conclusion.record.reason, Some("deadline"));
    assert!((Duration::from_millis(100)..Duration::from_secs(9)).contains(&took), "{took:?}");
}

#[test]
fn without_randomness_nobody_gets_a_decision() {
    let table = Fake::new(app()).grant("Clinical Readers", "reader");
    let mut call = call(payload(&request(&[("groups", &["Clinical Readers"])]).to_string()));
    call.decision = None;
    let conclusion = block_on(async { hook(&table).handle(&call).await });
    assert!(is_denied(&conclusion));
    assert!(conclusion.answer.body().unwrap().contains("invocation-1"));
}

#[test]
fn another_groups_claim_is_read_and_remembered() {
    let other = signet_core::app::App { groups_claim: "memberOf".to_owned(), ..app() };
    let table = Fake::new(other).grant("Clinical Readers", "reader").grant("Bait", "admin");
    let request = request(&[("groups", &["Bait"]), ("memberOf", &["Clinical Readers"])]);
    block_on(async {
        let hook = hook(&table);
        for reads in [2, 3] {
            let conclusion = hook.handle(&call(payload(&request.to_string()))).await;
            assert_eq!(conclusion.record.roles, ["arn:aws:iam::111122223333:role/reader"]);
            assert_eq!(table.reads.borrow().len(), reads);
        }
    });
    assert_eq!(*table.reads.borrow(), [vec!["Bait"], vec!["Clinical Readers"], vec!["Clinical Readers"]]);
}

#[test]
fn a_hint_never_decides() {
    let of = |claim: &str| {
        let app = signet_core::app::App { groups_claim: claim.to_owned(), ..app() };
        AppState::Active(Box::new(app))
    };
    let table = Fake::new(app()).grant("Clinical Readers", "reader").grant("Bait", "admin");
    let text = request(&[("groups", &["Clinical Readers"]), ("memberOf", &["Bait"])]).to_string();
    block_on(async {
        let hook = hook(&table);
        for (claim, role) in [("memberOf", "admin"), ("groups", "reader"), ("groups", "reader"), ("memberOf", "admin")]
        {
            table.state(of(claim));
            let conclusion = hook.handle(&call(payload(&text))).await;
            assert_eq!(conclusion.record.roles, [format!("arn:aws:iam::111122223333:role/{role}")]);
        }
    });
}

#[test]
fn no_role_denies_or_passes_as_the_app_says() {
    let request = request(&[("groups", &["Everyone"])]);
    let denied = answer(&Fake::new(app()), &request);
    assert!(is_denied(&denied));
    assert!(denied.answer.body().unwrap().contains("no access to data"));
    let pass = signet_core::app::App { when_unentitled: WhenUnentitled::Pass, ..app() };
    let passed = answer(&Fake::new(pass), &request);
    assert_eq!((passed.answer.status(), passed.answer.body()), (204, None));
    assert_eq!(passed.record.verdict, Verdict::NoAccess);
}

#[test]
fn an_app_that_emits_aws_attributes_itself_is_denied() {
    let table = Fake::new(app()).grant("Clinical Readers", "reader");
    for name in [ROLE, "HTTPS://AWS.AMAZON.COM/saml/attributes/role", "https://aws.amazon.com/SAML/Attributes/X"] {
        let conclusion = answer(&table, &request(&[("groups", &["Clinical Readers"]), (name, &["x"])]));
        assert!(is_denied(&conclusion));
        assert_eq!(conclusion.record.reason, Some("base_assertion"), "{name}");
    }
}

#[test]
fn an_identity_that_does_not_fit_denies() {
    let table = Fake::new(app()).grant("Clinical Readers", "reader");
    let good = request(&[("groups", &["Clinical Readers"])]);
    for (login, reason) in [
        (json!(null), "identity_missing"),
        (json!("jane@example.org"), "identity_pattern"),
        (json!("jane doe@example.com"), "identity_unfit"),
    ] {
        let mut other = good.clone();
        other["data"]["context"]["user"]["profile"]["login"] = login;
        assert_eq!(answer(&table, &other).record.reason, Some(reason));
    }
    let mut by_claim = app();
    by_claim.identity.from = IdentityField::parse("claim:upn").unwrap();
    let table = Fake::new(by_claim).grant("Clinical Readers", "reader");
    let two = request(&[("groups", &["Clinical Readers"]), ("upn", &["a@example.com", "b@example.com"])]);
    assert_eq!(answer(&table, &two).record.reason, Some("identity_missing"));
}

#[test]
fn observed_apps_are_never_changed_nor_denied_once_known() {
    let observed = || signet_core::app::App { mode: Mode::Observe, groups_claim: "memberOf".to_owned(), ..app() };
    let good = request(&[("groups", &[]), ("memberOf", &["Clinical Readers"]), (ROLE, &["x"])]);
    let mut table = Fake::new(observed()).grant("Clinical Readers", "reader");
    for (mood, reason) in [
        (Mood::Well, Some("base_assertion")),
        (Mood::FailsSecond, Some("table_error")),
        (Mood::HangsSecond, Some("deadline")),
    ] {
        table.mood = mood;
        let conclusion = answer(&table, &good);
        assert_eq!((conclusion.answer.status(), conclusion.answer.body()), (204, None), "{mood:?}");
        assert!(conclusion.record.observed);
        assert_eq!((conclusion.record.verdict, conclusion.record.reason), (Verdict::Deny, reason));
    }
    // Before the app is known, nobody can say that it is only observed.
    table.mood = Mood::Fails;
    assert!(is_denied(&answer(&table, &good)));

    table.mood = Mood::Well;
    let access = answer(&table, &request(&[("memberOf", &["Clinical Readers"])]));
    assert_eq!((access.answer.status(), access.record.verdict), (204, Verdict::Access));
    assert_eq!(access.record.roles.len(), 1);
}

#[test]
fn hostile_group_names_are_keys_like_any_other() {
    let long = "x".repeat(10_000);
    let names = ["", "*", ":", "${aws:username}", "\0", "😀", "Clinical Readers ", "clinical readers", &long];
    let table = Fake::new(app()).grant("Clinical Readers", "reader").grant("*", "star");
    let conclusion = answer(&table, &request(&[("groups", &names)]));
    assert_eq!(conclusion.record.roles, ["arn:aws:iam::111122223333:role/star"]);
    assert_eq!(conclusion.record.groups.len(), names.len());
}

#[test]
fn two_thousand_groups_are_answered() {
    let mut table = Fake::new(app());
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
