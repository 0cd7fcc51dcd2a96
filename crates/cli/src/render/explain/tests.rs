use std::collections::{BTreeMap, HashMap};

use signet_core::app::AppId;
use signet_core::code::{CodeWidth, GroupCode, Sha256Hasher};
use signet_core::cognito;
use signet_core::grant::Timestamp;
use signet_core::group::{GroupKey, GroupState, Registration};
use signet_core::oidc::{self, BaseToken};
use signet_core::role::{Protocol, RoleArn};
use signet_core::saml::{self, BaseAssertion};
use signet_core::session::DecisionId;
use signet_store::history::{PastApp, PastGroup};
use signet_store::past::History;
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

fn explain_at<T>(past: Option<&Past<'_>>, mode: &str, identity: &str, then: impl FnOnce(Explained<'_, '_>) -> T) -> T {
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
    let rendering = (!attributes.is_empty()).then(|| attributes.into());
    let (rendering, no_place, remarks) = (rendering.as_ref(), None, &[][..]);
    then(Explained { sign_in: &sign_in, decision: &decision, rendering, no_place, remarks, past })
}

fn refused() -> Undecided<'static> {
    let ending = Ending::Denied { reason: "b", why: "c" };
    Undecided { app: "0oa\u{7}", mode: None, ending, at: None, since: None }
}

#[test]
fn for_people() {
    insta::assert_snapshot!("explain_access", explain("enforce", "jane@example.com", |e| e.text()));
    insta::assert_snapshot!("explain_denied", explain("enforce", "jane@example.org", |e| e.text()));
    insta::assert_snapshot!("explain_observe", explain("observe", "jane@example.com", |e| e.text()));
    let ending = Ending::Denied { reason: "b", why: "the table has no such app" };
    insta::assert_snapshot!("explain_unknown_app", Undecided { ending, ..refused() }.text());
}

/// A history that brought the app's rules, and of all the grants one.
fn history() -> History {
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
    History::new(vec![row])
}

#[test]
fn at_a_moment_with_the_events_that_made_it_so() {
    let history = history();
    let past = history.at(Timestamp::from_seconds(1_800_000_000));
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

/// What an app gets that a person reaches in another way.
fn token_app(protocol: &str, audience: &str) -> App {
    let pattern = "identity: {from: user.id, pattern: '*@example.com'}";
    let file = format!(
        "grants: []\napps:\n- {{id: app1, protocol: {protocol}, provider: p, audience: '{audience}', groups: {{claim: g}}, \
         {pattern}, when_unentitled: deny, mode: enforce, tags: {{team: {{claim: team}}}}}}"
    );
    let read = crate::file::parse(file.as_bytes(), "f", Timestamp::from_seconds(0)).unwrap();
    read.statement.apps.into_iter().next().unwrap().app
}

/// A sign-in to such an app: for people and for programs.
fn explained_tokens(app: &App, no_place: Option<&Remark>, remarks: &[Remark]) -> (String, Value) {
    let id = DecisionId::from_random([0; 16]);
    let records =
        HashMap::from([record("Readers", Salt::NONE, vec![grant("reader", None, None), grant("b", None, None)])]);
    let sign_in = SignIn {
        id: &id,
        app,
        width: CodeWidth::DEFAULT,
        now: Timestamp::from_seconds(1_800_000_000),
        identity: Some("jane@example.com"),
        groups: &["Readers"],
        records: &records,
        tag_values: BTreeMap::from([("team", vec!["red\u{202e}"]), ("x", vec![])]),
    };
    let base = BaseToken::default();
    let (decision, rendering): (_, Option<Rendering>) = if app.protocol == Protocol::Oidc {
        let (decision, claims) = oidc::decide(&sign_in, &base, &Sha256Hasher);
        (decision, claims.map(Into::into))
    } else {
        let (decision, rendering) = cognito::decide(&sign_in, &base, &Sha256Hasher);
        (decision, rendering.map(Into::into))
    };
    let rendering = rendering.filter(|_| no_place.is_none());
    let rendering = rendering.as_ref();
    let explained = Explained { sign_in: &sign_in, decision: &decision, rendering, no_place, remarks, past: None };
    (explained.text(), explained.json())
}

fn remark() -> Remark {
    Remark { kind: "issuer_not_stated", detail: "nobody states the issuer".to_owned() }
}

#[test]
fn tokens_for_people() {
    let pool = "eu-west-1:12345678-dead-beef-0000-123456790abc";
    for (name, app) in [
        ("oidc", token_app("oidc", "0oa1")),
        ("cognito_oidc", token_app("cognito-oidc", "7abc")),
        ("identity_pool", token_app("cognito-identity-pool", pool)),
    ] {
        let (text, value) = explained_tokens(&app, None, &[remark()]);
        insta::assert_snapshot!(format!("explain_{name}"), text);
        insta::assert_snapshot!(format!("explain_{name}_json"), format!("{:#}", value["tokens"]));
        assert_eq!((&value["attributes"], &value["answer"]), (&json!([]), &json!("patch")));
        assert_eq!(value["notes"][1]["kind"], "issuer_not_stated", "{value:#}");
    }
}

#[test]
fn what_has_no_place_is_not_given() {
    let why = Remark { kind: "no_id_token", detail: "no ID token is being minted".to_owned() };
    let (text, value) = explained_tokens(&token_app("oidc", "0oa1"), Some(&why), &[]);
    insta::assert_snapshot!("explain_no_place", text);
    assert_eq!((value["answer"].as_str(), value["outcome"].as_str()), (Some("no_change"), Some("no_access")));
    assert_eq!((&value["roles"], &value["codes"], &value["tokens"]), (&json!([]), &json!([]), &Value::Null));
    assert_eq!(value["notes"][1]["detail"]["text"], "no ID token is being minted");
}

#[test]
fn what_ends_undecided() {
    let remark = Remark { kind: "no_user", detail: "the grant has no user".to_owned() };
    let passed = Undecided { ending: Ending::Passed(&remark), ..refused() };
    assert_eq!(passed.text(), "App     0oa\\u{7}\nAnswer  no change: the grant has no user\n");
    let value = passed.json();
    assert_eq!((value["answer"].as_str(), value["outcome"].as_str()), (Some("no_change"), Some("no_access")));
    assert_eq!((&value["deny"], &value["notes"][0]["kind"]), (&Value::Null, &json!("no_user")));
    let observed = Undecided { mode: Some(Mode::Observe), ..refused() };
    assert!(observed.text().contains("no change, since the app is in mode observe; enforced it would be: denied: c"));
    let value = observed.json();
    assert_eq!((value["answer"].as_str(), value["outcome"].as_str()), (Some("no_change"), Some("deny")));
}
