use std::collections::{BTreeMap, HashMap};

use signet_core::app::{App, AppId};
use signet_core::code::{CodeWidth, GroupCode, Sha256Hasher};
use signet_core::grant::Timestamp;
use signet_core::group::{GroupKey, GroupState, Registration};
use signet_core::role::RoleArn;
use signet_core::saml::{self, BaseAssertion};
use signet_core::session::DecisionId;
use signet_store::history::{PastApp, PastGroup};
use signet_store::statement::StatedApp;

use super::*;

fn app(mode: &str) -> App {
    let file = format!(
        "grants: []\napps:\n- {{id: 0oaA, name: Databricks, protocol: saml, provider: okta, mode: {mode}, audience: a, \
         groups: {{claim: groups}}, identity: {{pattern: '*@example.com'}}, when_unentitled: deny, \
         tags: {{email: {{claim: email}}}}}}"
    );
    let read = crate::file::parse(file.as_bytes(), "f", Timestamp::from_seconds(0)).unwrap();
    read.statement.apps.into_iter().next().unwrap().app
}

fn grant(role: &str, app: Option<&str>, end: Option<i64>) -> Grant {
    Grant {
        role: RoleArn::parse(&format!("arn:aws:iam::111122223333:role/{role}")).unwrap(),
        apps: app.map(|app| [AppId::parse(app).unwrap()].into()),
        expires_at: end.map(Timestamp::from_seconds),
    }
}

fn record(key: &str, salt: Salt, grants: Vec<Grant>) -> (String, GroupRecord) {
    let registration = Registration {
        key: GroupKey::new(key).unwrap(),
        label: (key == "00g1").then(|| "Clinical Stewards".to_owned()),
        code: GroupCode::propose(&Sha256Hasher, CodeWidth::DEFAULT, key, salt),
        salt,
        state: if grants.is_empty() { GroupState::Retired } else { GroupState::Registered },
    };
    let grants = BTreeMap::from([(SourceId::file("platform").unwrap(), grants)]);
    (key.to_owned(), GroupRecord { registration, grants })
}

fn explain<T>(mode: &str, identity: &str, then: impl FnOnce(Explained<'_, '_>) -> T) -> T {
    explain_at(None, mode, identity, then)
}

fn explain_at<T>(past: Option<&Past>, mode: &str, identity: &str, then: impl FnOnce(Explained<'_, '_>) -> T) -> T {
    let app = app(mode);
    let id = DecisionId::from_random([0; 16]);
    let records = HashMap::from([
        record("Readers", Salt::NONE, vec![grant("reader", None, Some(2_000_000_000)), grant("old", None, Some(5))]),
        record("00g1", Salt::new(1), vec![grant("reader", Some("0oaA"), None), grant("steward", None, None)]),
        record("Elsewhere", Salt::NONE, vec![grant("reader", Some("0oaB"), None)]),
        record("Gone", Salt::NONE, Vec::new()),
    ]);
    let sign_in = SignIn {
        id: &id,
        app: &app,
        width: CodeWidth::DEFAULT,
        now: Timestamp::from_seconds(1_800_000_000),
        identity: Some(identity),
        groups: &["Readers", "00g1", "Elsewhere", "Gone", "Every\u{1b}one"],
        records: &records,
        tag_values: BTreeMap::new(),
    };
    let (decision, attributes) = saml::decide(&sign_in, &BaseAssertion::default(), &Sha256Hasher);
    then(Explained { sign_in: &sign_in, decision: &decision, attributes: &attributes, past })
}

fn refused() -> Refused<'static> {
    Refused { app: "0oa\u{7}", reason: "b", why: "c", at: None, since: None }
}

#[test]
fn for_people() {
    insta::assert_snapshot!("explain_access", explain("enforce", "jane@example.com", |e| e.text()));
    insta::assert_snapshot!("explain_denied", explain("enforce", "jane@example.org", |e| e.text()));
    insta::assert_snapshot!("explain_observe", explain("observe", "jane@example.com", |e| e.text()));
    let refusal = Refused { why: "the table has no such app", ..refused() };
    insta::assert_snapshot!("explain_unknown_app", refusal.text());
}

/// A history that brought the app's rules, and of all the grants one.
fn history() -> Past {
    let key = GroupKey::new("Readers").unwrap();
    let change = PastGroup {
        code: GroupCode::propose(&Sha256Hasher, CodeWidth::DEFAULT, key.as_str(), Salt::NONE),
        group: key,
        label: None,
        salt: Salt::NONE,
        before: [].into(),
        after: [grant("reader", None, Some(2_000_000_000))].into(),
        registers: true,
        retires: false,
        releases: false,
        displaced_by: None,
    };
    let row = HistoryRow {
        version: "1".to_owned(),
        at: Timestamp::from_seconds(1_700_000_000),
        event: "apply-x\u{1b}".to_owned(),
        source: Some(SourceId::file("platform").unwrap()),
        revision: Some(3),
        groups: vec![change],
        apps: vec![PastApp { before: None, after: StatedApp { app: app("enforce"), active: true } }],
        provider: None,
    };
    Past::at(Timestamp::from_seconds(1_800_000_000), vec![row])
}

#[test]
fn at_a_moment_with_the_events_that_made_it_so() {
    let past = history();
    insta::assert_snapshot!("explain_past", explain_at(Some(&past), "enforce", "jane@example.com", |e| e.text()));
    let value = explain_at(Some(&past), "enforce", "jane@example.com", |e| e.json());
    assert_eq!(value["at"], "2027-01-15T08:00:00Z");
    let since = json!({
        "at": "2023-11-14T22:13:20Z", "event": "apply-x\u{1b}", "source": "file:platform", "revision": 3,
    });
    assert_eq!(value["app_since"], since);
    let readers = value["groups"].as_array().unwrap().iter().find(|found| found["group"] == "Readers").unwrap();
    assert_eq!(readers["grants"][0]["since"], since);
    assert_eq!(readers["grants"][1]["since"], Value::Null);
}

#[test]
fn for_programs() {
    insta::assert_snapshot!("explain_json", explain("enforce", "jane@example.com", |e| format!("{:#}", e.json())));
    let denied = explain("enforce", "jane@example.org", |e| e.json());
    assert_eq!(denied["answer"], "deny");
    assert_eq!(denied["deny"]["reason"], "identity_pattern");
    let members = |value: &Value| value.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    assert_eq!(members(&refused().json()), members(&denied));
}
