//! Findings, from states of the world as values.

use std::time::Duration;

use signet_core::app::{App, AppId, Codes as WhenTooMany, IdentityRule, Mode, TagRules, TokenRules, WhenUnentitled};
use signet_core::code::{CodeWidth, GroupCode};
use signet_core::identity::{IdentityField, IdentityPattern};
use signet_core::role::{AccountId, Protocol, ProviderName};
use signet_core::trust::desired::Desired;
use signet_core::trust::document::Document;
use signet_core::trust::gate::Issuer;
use signet_core::trust::grants::{Codes, RoleEntry};
use signet_core::trust::plan::{Plan, Quota};
use signet_iam::{Providers, RoleFacts};
use signet_store::provider::AppProvider;
use signet_store::statement::StatedApp;
use signet_store::trust::account::{AccountRow, RoleState, Written};
use signet_store::trust::desired::KnownApp;

use super::*;
use crate::settings::Bounds;

const EC2: &str = r#"{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}"#;

fn now() -> Timestamp {
    Timestamp::from_seconds(1_800_000_000)
}

fn ago(seconds: i64) -> Timestamp {
    Timestamp::from_seconds(now().seconds() - seconds)
}

fn app_id(id: &str) -> AppId {
    AppId::parse(id).unwrap()
}

fn arn(name: &str) -> RoleArn {
    RoleArn::parse(&format!("arn:aws:iam::111122223333:role/data/{name}")).unwrap()
}

fn known_app(id: &str, mode: Mode) -> KnownApp {
    let provider = ProviderName::parse(&format!("okta-{id}")).unwrap();
    let app = App {
        id: app_id(id),
        name: None,
        protocol: Protocol::Saml,
        provider: provider.clone(),
        audience: "https://signin.aws.amazon.com/saml".to_owned(),
        mode,
        groups_claim: "groups".to_owned(),
        identity: IdentityRule {
            from: IdentityField::parse("user.profile.login").unwrap(),
            pattern: IdentityPattern::parse("*@example.com").unwrap(),
        },
        tags: TagRules::default(),
        session_duration: None,
        when_unentitled: WhenUnentitled::Deny,
        codes: WhenTooMany::Cover,
        code_capacity: None,
        tokens: TokenRules::default(),
    };
    let half = AppProvider {
        active: true,
        name: "Databricks".to_owned(),
        protocol: Protocol::Saml,
        provider,
        issuer_url: None,
        client_ids: BTreeSet::new(),
        audience: None,
        metadata: Some("00".to_owned()),
        entity_id: None,
        certificates: BTreeSet::from([format!("certificate of {id}")]),
    };
    KnownApp { stated: Some(StatedApp { app, active: true }), provider: Some(half), inactive: None }
}

fn known(apps: &[(&str, KnownApp)]) -> Known {
    let apps = apps.iter().map(|(id, app)| (app_id(id), app.clone())).collect();
    Known::new(CodeWidth::DEFAULT, apps, Vec::new())
}

fn one_app(mode: Mode) -> Known {
    known(&[("a", known_app("a", mode))])
}

fn settings() -> Settings {
    Settings {
        bounds: Bounds { paths: BTreeSet::from(["/data/".to_owned()]), ..Bounds::default() },
        quota: Quota::DEFAULT,
        settle: Duration::from_mins(1),
        roles_at_once: 4,
        lease: Duration::from_mins(2),
        retry: (Duration::from_mins(1), Duration::from_hours(1)),
    }
}

fn state(name: &str) -> RoleState {
    RoleState {
        role: arn(name),
        wanted: 1,
        tried: 1,
        applied: 1,
        tried_account: 0,
        applied_account: 0,
        since: None,
        outcome: Some("written".to_owned()),
        why: None,
        failures: 0,
        next: None,
        written: Some(Written { at: Some(ago(1_000)), ..Written::default() }),
    }
}

fn of_account(roles: Vec<RoleState>) -> AccountState {
    AccountState {
        account: AccountId::parse("111122223333").unwrap(),
        row: None,
        roles: roles.into_iter().map(|role| (role.role.clone(), role)).collect(),
    }
}

fn row() -> AccountRow {
    AccountRow {
        wanted: 2,
        applied: 1,
        since: Some(ago(100)),
        apps: BTreeSet::new(),
        leased_until: None,
        next: None,
        why: None,
    }
}

fn entry(code: &str) -> RoleEntry {
    RoleEntry { code: GroupCode::parse(code).unwrap(), apps: None, expires_at: None }
}

fn codes(all: &[&str]) -> Codes {
    [(app_id("a"), all.iter().map(|code| GroupCode::parse(code).unwrap()).collect())].into()
}

fn policy(statements: &str) -> String {
    format!(r#"{{"Version":"2012-10-17","Statement":[{statements}]}}"#)
}

/// A document as it should be for some codes.
fn wanted(known: &Known, granted: &[&str], statements: &str) -> String {
    let present = Document::parse(&policy(statements)).unwrap();
    let desired = Desired::new(&arn("reader"), known.width, &known.gates, &codes(granted));
    Plan::new(&present, &desired, &codes(granted), Quota::DEFAULT).document.render()
}

fn here() -> Account {
    Account { partition: "aws".to_owned(), id: AccountId::parse("111122223333").unwrap() }
}

fn looked_at(known: &Known, account: &AccountState, granted: &[&str], roles: &[(&str, &str)]) -> Vec<Finding> {
    let all = granted.iter().map(|code| entry(code)).collect::<Vec<_>>();
    let entries: BTreeMap<RoleArn, Vec<RoleEntry>> =
        account.roles.keys().map(|role| (role.clone(), all.clone())).collect();
    let facts = |(arn, policy): &(&str, &str)| RoleFacts {
        arn: if arn.starts_with("arn:") { (*arn).to_owned() } else { self::arn(arn).to_string() },
        trust_policy: (*policy).to_owned(),
        tags: None,
    };
    let roles: Vec<RoleFacts> = roles.iter().map(facts).collect();
    let settings = settings();
    policies::Policies { known, settings: &settings, state: account, entries: &entries, now: now() }
        .findings(&here(), &roles)
}

fn kinds(found: &[Finding]) -> Vec<(Weight, &'static str)> {
    found.iter().map(|one| (one.weight, one.kind)).collect()
}

#[test]
fn a_role_as_it_should_be_gives_no_finding() {
    let known = one_app(Mode::Enforce);
    let account = of_account(vec![state("reader")]);
    let found = looked_at(&known, &account, &["abcd"], &[("reader", &wanted(&known, &["abcd"], EC2))]);
    assert_eq!(found, []);
}

#[test]
fn what_somebody_else_changed_is_drift_and_what_waits_is_not() {
    let known = one_app(Mode::Enforce);
    let other = wanted(&known, &["abcd", "efgh"], EC2);
    let found =
        |state: RoleState| kinds(&looked_at(&known, &of_account(vec![state]), &["abcd"], &[("reader", &other)]));
    assert_eq!(found(state("reader")), [(Weight::Error, "drift")]);
    assert_eq!(found(RoleState { wanted: 2, ..state("reader") }), []);
    assert_eq!(found(RoleState { next: Some(now()), ..state("reader") }), []);
    let just_now = Written { at: Some(ago(5)), ..Written::default() };
    assert_eq!(found(RoleState { written: Some(just_now), ..state("reader") }), []);
    assert_eq!(found(RoleState { written: None, ..state("reader") }), [(Weight::Error, "drift")]);
}

#[test]
fn a_role_is_measured_by_what_it_would_hold() {
    let known = one_app(Mode::Enforce);
    let many = |count: u8| -> Vec<String> {
        let letter = |n: u8| char::from(b'a' + n % 26);
        (0..count).map(|n| format!("a{}{}z", letter(n / 26), letter(n))).collect()
    };
    let found = |count: u8| {
        let many = many(count);
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        let account = of_account(vec![RoleState { wanted: 2, ..state("reader") }]);
        kinds(&looked_at(&known, &account, &many, &[("reader", &policy(EC2))]))
    };
    assert_eq!(found(60), []);
    assert_eq!(found(100), [(Weight::Note, "capacity")]);
    assert_eq!(found(125), [(Weight::Warning, "capacity")]);
    assert_eq!(found(200), [(Weight::Error, "capacity")]);
}

#[test]
fn statements_of_others_and_roles_without_tags_are_told() {
    let provider = "arn:aws:iam::111122223333:saml-provider/okta-a";
    let wide =
        format!(r#"{{"Effect":"Allow","Principal":{{"Federated":"{provider}"}},"Action":"sts:AssumeRoleWithSAML"}}"#);
    let pending = || of_account(vec![RoleState { wanted: 2, ..state("reader") }]);
    for (mode, weight) in [(Mode::Enforce, Weight::Error), (Mode::Observe, Weight::Warning)] {
        let found = looked_at(&one_app(mode), &pending(), &["abcd"], &[("reader", &policy(&wide))]);
        assert_eq!(kinds(&found), [(Weight::Warning, "wider"), (weight, "not_ready")]);
        assert!(found[0].text.contains("aws:RequestTag/GroupHash") && found[0].text.contains(provider), "{found:?}");
        assert!(found[1].text.contains("sts:SetSourceIdentity and sts:TagSession"), "{found:?}");
    }
    // Tags are allowed, and denied to some.
    let tagged = wide.replace(
        r#""sts:AssumeRoleWithSAML""#,
        r#"["sts:AssumeRoleWithSAML","sts:TagSession","sts:SetSourceIdentity"]"#,
    );
    let denied = r#"{"Effect":"Deny","Principal":"*","Action":"sts:TagSession","Condition":{"StringNotEquals":{"aws:RequestTag/x":"y"}}}"#;
    let both = policy(&format!("{tagged},{denied}"));
    let found = looked_at(&one_app(Mode::Enforce), &pending(), &["abcd"], &[("reader", &both)]);
    assert_eq!(kinds(&found), [(Weight::Warning, "wider"), (Weight::Warning, "not_ready")]);
    assert!(
        found[1].text.starts_with("it cannot be said") && found[1].text.contains("with sts:TagSession:"),
        "{found:?}"
    );
    // A role that we have nothing to do with.
    let known = one_app(Mode::Enforce);
    let strangers = of_account(Vec::new());
    let found = looked_at(
        &known,
        &strangers,
        &[],
        &[("arn:aws:iam::111122223333:role/a,b", &policy(&wide)), ("x", &policy(EC2))],
    );
    assert_eq!(kinds(&found), [(Weight::Note, "wider")]);
    assert_eq!(found[0].subject, "arn:aws:iam::111122223333:role/a,b");
    // One that has our statements, and no grants that we know of.
    let ours = wanted(&known, &["abcd"], EC2);
    assert_eq!(kinds(&looked_at(&known, &strangers, &[], &[("x", &ours)])), [(Weight::Error, "orphan")]);
    assert_eq!(kinds(&looked_at(&known, &strangers, &[], &[("x", &wanted(&known, &[], ""))])), []);
}

#[test]
fn roles_that_cannot_be_written_are_told() {
    let known = one_app(Mode::Enforce);
    let account = of_account(vec![state("reader")]);
    assert_eq!(kinds(&looked_at(&known, &account, &["abcd"], &[("reader", "{")])), [(Weight::Error, "unreadable")]);
    assert_eq!(kinds(&looked_at(&known, &account, &["abcd"], &[])), [(Weight::Warning, "gone")]);
    assert_eq!(looked_at(&known, &account, &[], &[]), []);
    let other = "arn:aws:iam::111122223333:role/Reader";
    let found = looked_at(&known, &account, &["abcd"], &[(other, &policy(EC2))]);
    assert_eq!(kinds(&found), [(Weight::Warning, "gone")]);
    assert!(found[0].text.contains(other), "{found:?}");
    let mut outside = state("reader");
    outside.role = RoleArn::parse("arn:aws:iam::111122223333:role/reader").unwrap();
    let outside = of_account(vec![outside]);
    let as_wanted = wanted(&known, &["abcd"], EC2);
    let found = looked_at(&known, &outside, &["abcd"], &[("arn:aws:iam::111122223333:role/reader", &as_wanted)]);
    assert_eq!(kinds(&found), [(Weight::Error, "out_of_bounds")]);
    // Codes of another width are none of the table's.
    let found = looked_at(&known, &account, &["abcd", "abcde"], &[("reader", &as_wanted)]);
    assert_eq!(kinds(&found), [(Weight::Error, "not_let_in")]);
}

#[test]
fn what_waits_is_told_by_its_age() {
    let waiting = |since| RoleState { wanted: 2, since: Some(ago(since)), ..state("reader") };
    let found = |state: RoleState| progress::staleness(&of_account(vec![state]), now());
    assert_eq!(found(state("reader")), None);
    for (age, weight) in [(10, Weight::Note), (900, Weight::Warning), (86_400, Weight::Error)] {
        assert_eq!(found(waiting(age)).unwrap().weight, weight, "{age}");
    }
    let raised = AccountState { row: Some(row()), ..of_account(vec![state("reader"), waiting(3_700)]) };
    let found = progress::staleness(&raised, now()).unwrap();
    assert_eq!(found.subject, "111122223333");
    let text = format!("1 role is not as wanted, `{}`, for 61 min", arn("reader"));
    assert_eq!(found.text, text);
    let providers =
        AccountState { row: Some(AccountRow { why: Some("no".to_owned()), ..row() }), ..of_account(Vec::new()) };
    let found = progress::staleness(&providers, now()).unwrap();
    assert_eq!((found.weight, found.text.as_str()), (Weight::Note, "its providers are not as wanted, for 100 s: no"));
    assert_eq!([59, 120, 7_200, 172_800].map(progress::shown), ["59 s", "2 min", "2 h", "2 days"]);
}

#[test]
fn what_was_noted_stands_for_what_cannot_be_seen() {
    let failed = |outcome: &str| RoleState {
        wanted: 2,
        outcome: Some(outcome.to_owned()),
        why: Some("because".to_owned()),
        failures: 3,
        ..state("reader")
    };
    let found = |outcome: &str, live| progress::outcome(&failed(outcome), 0, live).map(|one| (one.weight, one.kind));
    for (outcome, weight, kind) in [
        ("too_long", Weight::Error, "capacity"),
        ("gone", Weight::Warning, "gone"),
        ("unreadable", Weight::Error, "unreadable"),
        ("out_of_bounds", Weight::Error, "out_of_bounds"),
        ("denied", Weight::Error, "denied"),
        ("unavailable", Weight::Warning, "unavailable"),
        ("refused", Weight::Error, "refused"),
    ] {
        assert_eq!(found(outcome, progress::Live::No), Some((weight, kind)));
        let is_seen = matches!(outcome, "too_long" | "gone" | "unreadable");
        assert_eq!(found(outcome, progress::Live::Yes).is_none(), is_seen, "{outcome}");
    }
    assert_eq!(found("written", progress::Live::No), None);
    assert!(
        progress::outcome(&failed("denied"), 0, progress::Live::No).unwrap().text.contains("3 times in a row: because")
    );
    assert_eq!(progress::outcome(&RoleState { wanted: 1, ..failed("denied") }, 0, progress::Live::No), None);
    let full = |length| {
        let written = Some(Written { length, ..Written::default() });
        progress::capacity(&RoleState { written, ..state("reader") }, Quota::DEFAULT).map(|one| one.weight)
    };
    assert_eq!(
        [1_440, 1_460, 1_860, 1_880].map(full),
        [None, Some(Weight::Note), Some(Weight::Note), Some(Weight::Warning)]
    );
}

#[test]
fn providers_are_those_of_apps() {
    let mut deleted = known_app("gone", Mode::Enforce);
    deleted.inactive = Some("the app's provider was deleted");
    deleted.provider.as_mut().unwrap().active = false;
    let known = known(&[("a", known_app("a", Mode::Enforce)), ("gone", deleted)]);
    let arn_of = |name: &str| format!("arn:aws:iam::111122223333:saml-provider/{name}");
    let there =
        |names: &[&str]| Providers { saml: names.iter().map(|name| arn_of(name)).collect(), oidc: BTreeSet::new() };
    let found = |names: &[&str], state: &AccountState| {
        let entries = BTreeMap::from([(arn("reader"), vec![entry("abcd")])]);
        providers::findings(&known, &here(), &there(names), state, &entries, now())
    };
    let account = of_account(vec![state("reader")]);
    assert_eq!(found(&["okta-a", "AWSSSO_x_DO_NOT_DELETE"], &account), []);
    let stray = found(&["okta-a", "okta-gone", "okta-other", "plain"], &account);
    assert_eq!(kinds(&stray), [(Weight::Warning, "provider_without_app"), (Weight::Note, "provider_without_app")]);
    assert_eq!([&stray[0].subject, &stray[1].subject], [&arn_of("okta-gone"), &arn_of("okta-other")]);
    let missing = found(&[], &account);
    assert_eq!((kinds(&missing), &missing[0].subject), (vec![(Weight::Error, "provider_missing")], &arn_of("okta-a")));
    let under_way = AccountState { row: Some(row()), ..account };
    assert_eq!(kinds(&found(&[], &under_way)), [(Weight::Warning, "provider_missing")]);
}

#[test]
fn apps_that_cannot_be_told_apart_are_told() {
    let (a, mut b) = (known_app("a", Mode::Enforce), known_app("b", Mode::Enforce));
    assert_eq!(apps::findings(&known(&[("a", a.clone()), ("b", b.clone())])), []);
    b.provider.as_mut().unwrap().certificates.clone_from(&a.provider.as_ref().unwrap().certificates);
    let found = apps::findings(&known(&[("a", a.clone()), ("b", b.clone())]));
    assert_eq!((kinds(&found), found[0].subject.as_str()), (vec![(Weight::Warning, "shared_certificate")], "a b"));
    assert!(found[0].text.contains("`a`, `b`") && found[0].text.contains("certificate of a"), "{found:?}");

    b.stated.as_mut().unwrap().app.provider = ProviderName::parse("okta-a").unwrap();
    b.provider = None;
    let found = apps::findings(&known(&[("a", a.clone()), ("b", b.clone())]));
    assert_eq!(kinds(&found), [(Weight::Error, "shared_gate"), (Weight::Error, "shared_gate")]);

    b.inactive = Some("the entitlement file switches the app off");
    let found = apps::findings(&known(&[("a", a.clone()), ("b", b.clone())]));
    assert_eq!(kinds(&found), [(Weight::Note, "no_gate")]);
    b.inactive = None;
    b.stated.as_mut().unwrap().app.protocol = Protocol::Oidc;
    assert_eq!(kinds(&apps::findings(&known(&[("a", a.clone()), ("b", b)]))), [(Weight::Error, "no_gate")]);

    let mut old = a;
    old.provider.as_mut().unwrap().certificates.clear();
    assert_eq!(kinds(&apps::findings(&known(&[("a", old)]))), [(Weight::Note, "certificates_unknown")]);
}

#[test]
fn a_policy_that_is_the_only_gate_is_told_and_demands_no_roles_claim() {
    for (roles_claim, told) in [(true, vec![]), (false, vec![(Weight::Warning, "roles_claim_off")])] {
        let mut app = known_app("a", Mode::Enforce);
        app.provider = None;
        let stated = &mut app.stated.as_mut().unwrap().app;
        stated.protocol = Protocol::Oidc;
        stated.audience = "0oa1".to_owned();
        stated.tokens.issuer = Some(Issuer::from_url("https://example.okta.com/oauth2/a").unwrap());
        stated.tokens.roles_claim = roles_claim;
        let known = known(&[("a", app)]);
        assert_eq!(kinds(&apps::findings(&known)), told);
        let policy = wanted(&known, &["abcd"], "");
        assert!(policy.contains("example.okta.com/oauth2/a:aud") && policy.contains("*:abcd:*"), "{policy}");
        assert_eq!(policy.contains("sts:RoleAuthorizedByIdp"), roles_claim, "{policy}");
    }
}

#[test]
fn the_heaviest_comes_first_and_none_twice() {
    let finding = |weight, kind| Finding::new(weight, kind, "x", "y");
    let found = sorted(vec![
        finding(Weight::Note, "a"),
        finding(Weight::Error, "c"),
        finding(Weight::Error, "b"),
        finding(Weight::Error, "b"),
    ]);
    assert_eq!(kinds(&found), [(Weight::Error, "b"), (Weight::Error, "c"), (Weight::Note, "a")]);
}
