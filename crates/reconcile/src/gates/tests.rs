use std::collections::BTreeSet;

use signet_core::app::{Codes, IdentityRule, Mode, TagRules, TokenRules, WhenUnentitled};
use signet_core::identity::{IdentityField, IdentityPattern};
use signet_core::role::ProviderName;
use signet_store::statement::StatedApp;

use super::*;

const POOL: &str = "us-east-1:12345678-dead-beef-0000-123456790abc";

fn app(protocol: Protocol, audience: &str) -> KnownApp {
    let app = App {
        id: AppId::parse("a").unwrap(),
        name: None,
        protocol,
        provider: ProviderName::parse("okta-a").unwrap(),
        audience: audience.to_owned(),
        mode: Mode::Observe,
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
        tokens: TokenRules::default(),
    };
    KnownApp { stated: Some(StatedApp { app, active: true }), provider: None, inactive: None }
}

fn event(protocol: Protocol) -> AppProvider {
    AppProvider {
        active: true,
        name: "App".to_owned(),
        protocol,
        provider: ProviderName::parse("okta-a").unwrap(),
        issuer_url: Some("https://example.okta.com".to_owned()),
        client_ids: BTreeSet::from(["one".to_owned(), "two".to_owned()]),
        audience: None,
        metadata: None,
        entity_id: None,
        certificates: BTreeSet::new(),
    }
}

#[expect(clippy::unwrap_in_result, reason = "a test may fail by a panic")]
fn of(app: KnownApp) -> Result<Gate, String> {
    let (gates, without) = gates(&BTreeMap::from([(AppId::parse("a").unwrap(), app)]));
    match (gates.into_values().next(), without.into_iter().next()) {
        (Some(gate), None) => Ok(gate),
        (None, Some((_, why))) => Err(why),
        both => panic!("{both:?}"),
    }
}

fn with(app: KnownApp, event: AppProvider) -> Result<Gate, String> {
    of(KnownApp { provider: Some(event), ..app })
}

#[test]
fn a_saml_app_needs_no_event_and_an_event_may_say_another_audience() {
    let audience = |gate| match gate {
        Ok(Gate::Saml { provider, audience, .. }) => format!("{} {audience}", provider.as_str()),
        other => panic!("{other:?}"),
    };
    assert_eq!(audience(of(app(Protocol::Saml, "https://a"))), "okta-a https://a");
    let plain = event(Protocol::Saml);
    assert_eq!(audience(with(app(Protocol::Saml, "https://a"), plain.clone())), "okta-a https://a");
    let other = AppProvider { audience: Some("https://b".to_owned()), ..plain };
    assert_eq!(audience(with(app(Protocol::Saml, "https://a"), other)), "okta-a https://b");
}

#[test]
fn tokens_are_for_the_audience_that_the_event_states_or_its_clients() {
    let audiences = |protocol, event| match with(app(protocol, "file"), event) {
        Ok(Gate::Oidc { issuer, audiences, roles_claim: true, .. }) => {
            let all: Vec<_> = audiences.iter().map(Audience::as_str).collect();
            format!("{} {}", issuer.as_str(), all.join(" "))
        }
        other => panic!("{other:?}"),
    };
    for protocol in [Protocol::Oidc, Protocol::Cognito] {
        assert_eq!(audiences(protocol, event(protocol)), "example.okta.com one two");
        let stated = AppProvider { audience: Some("api".to_owned()), ..event(protocol) };
        assert_eq!(audiences(protocol, stated), "example.okta.com api");
    }
}

#[test]
fn a_file_alone_can_say_all_that_a_gate_of_tokens_needs() {
    let stating = |protocol, audience, roles_claim| {
        let mut known = app(protocol, audience);
        let tokens = &mut known.stated.as_mut().unwrap().app.tokens;
        tokens.issuer = Some(Issuer::from_url("https://example.okta.com/oauth2/a").unwrap());
        tokens.roles_claim = roles_claim;
        known
    };
    for claim in [true, false] {
        match of(stating(Protocol::Oidc, "client", claim)) {
            Ok(Gate::Oidc { issuer, audiences, roles_claim, .. }) => {
                assert_eq!(issuer.as_str(), "example.okta.com/oauth2/a");
                assert_eq!(audiences.iter().map(Audience::as_str).collect::<Vec<_>>(), ["client"]);
                assert_eq!(roles_claim, claim);
            }
            other => panic!("{other:?}"),
        }
    }
    assert!(matches!(of(stating(Protocol::Cognito, POOL, true)), Ok(Gate::IdentityPool { .. })));
    assert!(matches!(of(stating(Protocol::Cognito, "client", true)), Ok(Gate::Oidc { .. })));
    // The event's issuer is the one: where the file names another, the app is not active.
    let both = with(stating(Protocol::Oidc, "client", true), event(Protocol::Oidc));
    assert!(matches!(both, Ok(Gate::Oidc { issuer, .. }) if issuer.as_str() == "example.okta.com"));
}

#[test]
fn an_identity_pool_as_audience_is_the_gate() {
    let is_pool = |gate| {
        matches!(gate, Ok(Gate::IdentityPool { pool, user_pool })
        if pool.as_str() == POOL && user_pool.as_str() == "example.okta.com")
    };
    assert!(is_pool(with(app(Protocol::Cognito, POOL), event(Protocol::Cognito))));
    let stated = AppProvider { audience: Some(POOL.to_owned()), ..event(Protocol::Cognito) };
    assert!(is_pool(with(app(Protocol::Cognito, "x"), stated)));
    assert!(!is_pool(with(app(Protocol::Oidc, POOL), event(Protocol::Oidc))));
}

#[test]
fn what_cannot_be_written_into_a_policy_is_no_gate() {
    let oidc = || event(Protocol::Oidc);
    for (gate, why) in [
        (of(KnownApp { inactive: Some("it is off"), ..app(Protocol::Saml, "a") }), "it is off"),
        (of(KnownApp { stated: None, ..app(Protocol::Saml, "a") }), "no entitlement file"),
        (of(app(Protocol::Saml, "a*")), "audience `a*`"),
        (of(app(Protocol::Oidc, "a")), "nor a provider event states the issuer"),
        (
            with(app(Protocol::Oidc, "a"), AppProvider { issuer_url: None, ..oidc() }),
            "nor a provider event states the issuer",
        ),
        (with(app(Protocol::Oidc, "a"), AppProvider { client_ids: [].into(), ..oidc() }), "neither an audience"),
        (with(app(Protocol::Oidc, "a"), AppProvider { issuer_url: Some("http://a".into()), ..oidc() }), "issuer `"),
        (with(app(Protocol::Oidc, "a"), AppProvider { client_ids: ["a b".into()].into(), ..oidc() }), "audience `a b`"),
    ] {
        let found = gate.unwrap_err();
        assert!(found.contains(why), "{found}");
    }
}
