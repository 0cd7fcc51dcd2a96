//! What is Signet's, since when, and when it was only looked at.

use std::collections::BTreeSet;

use signet_core::app::{Codes, IdentityRule, TagRules, TokenRules, WhenUnentitled};
use signet_core::code::{GroupCode, Salt};
use signet_core::grant::{Grant, SourceId};
use signet_core::group::GroupKey;
use signet_core::identity::{IdentityField, IdentityPattern};
use signet_core::role::ProviderName;
use signet_core::trust::gate::Issuer;
use signet_store::history::{PastApp, PastGroup, PastProvider};
use signet_store::statement::StatedApp;

use super::*;

const ROLE: &str = "arn:aws:iam::111122223333:role/reader";
const POOL: &str = "eu-central-1:0f1e2d3c-0000-0000-0000-000000000000";

fn row(at: i64) -> HistoryRow {
    HistoryRow {
        version: "1".to_owned(),
        at: Timestamp::from_seconds(at),
        event: "e".to_owned(),
        source: Some(SourceId::file("platform").unwrap()),
        revision: Some(1),
        groups: Vec::new(),
        apps: Vec::new(),
        provider: None,
    }
}

fn grants(before: &[&str], after: &[&str]) -> PastGroup {
    let grants = |roles: &[&str]| -> BTreeSet<Grant> {
        roles.iter().map(|role| Grant { role: RoleArn::parse(role).unwrap(), apps: None, expires_at: None }).collect()
    };
    PastGroup {
        group: GroupKey::new("Readers").unwrap(),
        label: None,
        code: GroupCode::parse("abcd").unwrap(),
        salt: Salt::NONE,
        before: grants(before),
        after: grants(after),
        registers: false,
        retires: false,
        releases: false,
        displaced_by: None,
    }
}

fn app(protocol: Protocol, audience: &str, mode: Mode) -> StatedApp {
    let app = App {
        id: AppId::parse("0oaA").unwrap(),
        name: None,
        protocol,
        provider: ProviderName::parse("okta-a").unwrap(),
        audience: audience.to_owned(),
        mode,
        groups_claim: "groups".to_owned(),
        identity: IdentityRule {
            from: IdentityField::login(),
            pattern: IdentityPattern::parse("*@example.com").unwrap(),
        },
        tags: TagRules::default(),
        session_duration: None,
        when_unentitled: WhenUnentitled::Deny,
        codes: Codes::Cover,
        code_capacity: None,
        tokens: TokenRules {
            issuer: (protocol != Protocol::Saml).then(|| Issuer::from_url("https://example.okta.com/a").unwrap()),
            ..TokenRules::default()
        },
    };
    StatedApp { app, active: true }
}

fn stated(at: i64, before: Option<&StatedApp>, after: &StatedApp) -> HistoryRow {
    HistoryRow { apps: vec![PastApp { before: before.cloned(), after: after.clone() }], ..row(at) }
}

fn session(at: i64, way: Way, provider: &str, audience: &str) -> Session {
    Session {
        event: "e-1".to_owned(),
        at: Timestamp::from_seconds(at),
        way,
        role: "arn:aws:iam::111122223333:role/another".to_owned(),
        name: None,
        source_identity: None,
        decision: None,
        group_hash: None,
        tags: BTreeMap::new(),
        transitive: BTreeSet::new(),
        provider: Some(provider.to_owned()),
        audience: Some(audience.to_owned()),
        subject: None,
        assertion: None,
        access_key: None,
        principal: None,
        address: None,
    }
}

fn saml(at: i64) -> Session {
    session(at, Way::Saml, "arn:aws:iam::444455556666:saml-provider/okta-a", "aud")
}

#[test]
fn a_role_is_ours_once_it_was_granted() {
    let granted = HistoryRow { groups: vec![grants(&[], &[ROLE])], ..row(1_000) };
    let withdrawn = HistoryRow { groups: vec![grants(&[ROLE], &[])], ..row(2_000) };
    let of = |rows: &[HistoryRow], at: i64| {
        Ours::of(rows).concerns(&Session { role: ROLE.to_owned(), ..session(at, Way::Saml, "x", "y") })
    };
    let both = [granted, withdrawn.clone()];
    assert_eq!([939, 940, 1_000, 9_000].map(|at| of(&both, at)), [false, true, true, true]);
    // What a row has as having been before was so for ever, as far as the history knows.
    assert!(of(&[withdrawn], 1));
    assert!(!Ours::of(&both).concerns(&session(9_000, Way::Saml, "x", "y")), "another role");
}

#[test]
fn what_says_that_it_is_ours_is_ours() {
    let none = Ours::default();
    let other = session(1, Way::Saml, "x", "y");
    assert!(!none.concerns(&other));
    assert!(none.concerns(&Session { decision: Some("d1".to_owned()), ..other.clone() }));
    assert!(none.concerns(&Session { group_hash: Some(":abcd:".to_owned()), ..other }));
}

#[test]
fn a_saml_provider_is_an_apps_once_it_was_stated() {
    let ours = Ours::of(&[stated(1_000, None, &app(Protocol::Saml, "aud", Mode::Enforce))]);
    assert_eq!([939, 940, 9_000].map(|at| ours.concerns(&saml(at))), [false, true, true]);
    assert!(!ours.concerns(&session(9_000, Way::Saml, "arn:aws:iam::444455556666:saml-provider/okta-b", "aud")));
}

#[test]
fn a_token_is_an_apps_by_issuer_and_audience() {
    let first = app(Protocol::Oidc, "0oaA", Mode::Enforce);
    let event = AppProvider {
        active: true,
        name: "A".to_owned(),
        protocol: Protocol::Oidc,
        provider: ProviderName::parse("okta-a").unwrap(),
        issuer_url: Some("https://example.okta.com/b".to_owned()),
        client_ids: ["client".to_owned()].into(),
        audience: None,
        metadata: None,
        entity_id: None,
        certificates: BTreeSet::new(),
    };
    let heard = PastProvider { app: first.app.id.clone(), before: None, after: event };
    let heard = HistoryRow { source: None, provider: Some(heard), ..row(2_000) };
    let ours = Ours::of(&[stated(1_000, None, &first), heard]);
    let is = |at, provider: &str, audience: &str| ours.concerns(&session(at, Way::Token, provider, audience));
    let arn = "arn:aws:iam::111122223333:oidc-provider/example.okta.com/a";
    assert!(is(1_500, arn, "0oaA") && is(1_500, "https://example.okta.com/a", "0oaA"));
    assert!(!is(900, arn, "0oaA"));
    assert!(!is(1_500, arn, "client") && is(1_940, arn, "client"), "known by an event since");
    assert!(is(2_000, "example.okta.com/b", "0oaA"));
    assert!(!is(2_000, arn, "another client"), "the issuer has other clients");
    assert!(!is(2_000, "https://example.okta.com", "0oaA"));
    let unsaid = Session { audience: None, ..session(2_000, Way::Token, arn, "") };
    assert!(ours.concerns(&unsaid), "nobody says that it is another client's");
    // The name in IAM of a provider of tokens is no SAML provider's.
    assert!(!ours.concerns(&saml(2_000)));
}

#[test]
fn an_identity_pool_is_an_apps_by_its_audience() {
    let ours = Ours::of(&[stated(1_000, None, &app(Protocol::Cognito, POOL, Mode::Enforce))]);
    let is = |provider: &str, audience: &str| ours.concerns(&session(2_000, Way::Token, provider, audience));
    assert!(is("cognito-identity.amazonaws.com", POOL));
    assert!(!is("cognito-identity.amazonaws.com", "eu-central-1:11111111-0000-0000-0000-000000000000"));
    assert!(!is("cognito-identity-us-gov.amazonaws.com", POOL));
    let gov = Session { role: ROLE.replace("aws", "aws-us-gov"), ..session(2_000, Way::Token, "", POOL) };
    let gov = Session { provider: Some("cognito-identity-us-gov.amazonaws.com".to_owned()), ..gov };
    assert!(ours.concerns(&gov));
}

#[test]
fn an_app_was_observed_when_the_sign_in_may_have_been() {
    let [watched, enforced] = [Mode::Observe, Mode::Enforce].map(|mode| app(Protocol::Saml, "aud", mode));
    let rows = [
        stated(1_000, None, &enforced),
        stated(5_000, Some(&enforced), &watched),
        stated(9_000, Some(&watched), &enforced),
    ];
    let ours = Ours::of(&rows);
    let observed = |at| ours.observed(&saml(at), 360).map(AppId::as_str);
    assert_eq!([4_939, 4_940, 9_000, 9_359, 9_360].map(|at| observed(at).is_some()), [false, true, true, true, false]);
    assert_eq!(observed(6_000), Some("0oaA"));
    assert!(ours.observed(&saml(9_360), 361).is_some(), "a token may be older");
    let other = session(6_000, Way::Saml, "arn:aws:iam::444455556666:saml-provider/okta-b", "aud");
    assert!(ours.observed(&other, 360).is_none());
    // Switched off, it denies.
    let off = StatedApp { active: false, ..watched.clone() };
    assert!(Ours::of(&[stated(1_000, None, &off)]).observed(&saml(2_000), 360).is_none());
    // What the history does not begin with was so before.
    let ours = Ours::of(&[stated(9_000, Some(&watched), &enforced)]);
    assert!(ours.observed(&saml(8_000), 360).is_some() && ours.observed(&saml(10_000), 360).is_none());
}
