use std::collections::{BTreeMap, HashMap};

use signet_core::app::{App, AppId};
use signet_core::code::{CodeWidth, GroupCode, Sha256Hasher};
use signet_core::grant::Timestamp;
use signet_core::group::{GroupKey, GroupState, Registration};
use signet_core::role::RoleArn;
use signet_core::saml::{self, BaseAssertion};
use signet_core::session::DecisionId;

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
    then(Explained { sign_in: &sign_in, decision: &decision, attributes: &attributes })
}

#[test]
fn for_people() {
    insta::assert_snapshot!("explain_access", explain("enforce", "jane@example.com", |e| e.text()));
    insta::assert_snapshot!("explain_denied", explain("enforce", "jane@example.org", |e| e.text()));
    insta::assert_snapshot!("explain_observe", explain("observe", "jane@example.com", |e| e.text()));
    insta::assert_snapshot!("explain_unknown_app", refused_text("0oa\u{7}", "the table has no such app"));
}

#[test]
fn for_programs() {
    insta::assert_snapshot!("explain_json", explain("enforce", "jane@example.com", |e| format!("{:#}", e.json())));
    let denied = explain("enforce", "jane@example.org", |e| e.json());
    assert_eq!(denied["answer"], "deny");
    assert_eq!(denied["deny"]["reason"], "identity_pattern");
    let members = |value: &Value| value.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    assert_eq!(members(&refused_json("a", "b", "c")), members(&denied));
}
