use std::cell::RefCell;

use signet_core::app::{App, Codes, IdentityRule, Mode, TagRule, TagRules, TokenRules, WhenUnentitled};
use signet_core::identity::IdentityPattern;
use signet_core::role::ProviderName;
use signet_store::provider::AppProvider;
use signet_store::statement::StatedApp;
use signet_user_pools::{UserPool, UserPoolError};

use super::*;

const POOL: &str = "https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_Example";

/// An app whose identity is the email address, with a tag of the department.
fn app(id: &str, groups: &str, issuer: &str) -> KnownApp {
    let provider = ProviderName::parse("people").unwrap();
    let rule = TagRule { claim: "custom:department".to_owned(), required: false };
    let app = App {
        id: AppId::parse(id).unwrap(),
        name: None,
        protocol: Protocol::Cognito,
        provider: provider.clone(),
        audience: id.to_owned(),
        mode: Mode::Enforce,
        groups_claim: groups.to_owned(),
        identity: IdentityRule {
            from: IdentityField::parse("claim:email").unwrap(),
            pattern: IdentityPattern::parse("*@example.com").unwrap(),
        },
        tags: TagRules::new(BTreeMap::from([("department".to_owned(), rule)]), BTreeSet::new()).unwrap(),
        session_duration: None,
        when_unentitled: WhenUnentitled::Deny,
        codes: Codes::Cover,
        code_capacity: None,
        tokens: TokenRules::default(),
    };
    let half = AppProvider {
        active: true,
        name: "People".to_owned(),
        protocol: Protocol::Cognito,
        provider,
        issuer_url: Some(issuer.to_owned()),
        client_ids: BTreeSet::new(),
        audience: None,
        metadata: None,
        entity_id: None,
        certificates: BTreeSet::new(),
    };
    KnownApp { stated: Some(StatedApp { app, active: true }), provider: Some(half), inactive: None }
}

fn apps(all: &[KnownApp]) -> BTreeMap<AppId, KnownApp> {
    all.iter().map(|app| (app.stated.as_ref().unwrap().app.id.clone(), app.clone())).collect()
}

#[test]
fn an_app_relies_on_what_its_rules_name() {
    let (issuer, relied) = relies(&app("web", "custom:groups", POOL)).unwrap();
    assert_eq!(issuer.as_str(), POOL.trim_start_matches("https://"));
    let expected = ["custom:department", "custom:groups", "email"].map(str::to_owned);
    assert_eq!((relied.app.as_str(), relied.attributes.clone()), ("web", BTreeSet::from(expected)));
    assert!(relied.nested);
    let mut pooled = app("web", "cognito:groups", POOL);
    pooled.stated.as_mut().unwrap().app.audience = "eu-central-1:00000000-1111-2222-3333-444444444444".to_owned();
    assert!(!relies(&pooled).unwrap().1.nested);
    pooled.provider.as_mut().unwrap().audience = Some("web".to_owned());
    assert!(relies(&pooled).unwrap().1.nested, "what the event says counts");
    assert_eq!((relied.source, relied.identity_provider), (Source::Federated, None));
}

#[test]
fn a_file_alone_says_whose_attributes_count_and_who_issues() {
    let mut alone = KnownApp { provider: None, ..app("web", "custom:groups", POOL) };
    let tokens = &mut alone.stated.as_mut().unwrap().app.tokens;
    tokens.issuer = Some(Issuer::from_url(POOL).unwrap());
    tokens.cognito.attributes = AttributeSource::Protected;
    tokens.cognito.identity_provider = Some("Okta".to_owned());
    let (issuer, relied) = relies(&alone).unwrap();
    assert_eq!(issuer.url(), POOL);
    assert_eq!((relied.source, relied.identity_provider.as_deref()), (Source::Protected, Some("Okta")));
}

#[test]
fn only_cognito_apps_that_are_there_rely_on_a_pool() {
    let whole = || app("web", "custom:groups", POOL);
    let mut saml = whole();
    saml.stated.as_mut().unwrap().app.protocol = Protocol::Saml;
    let mut unknown = whole();
    unknown.provider.as_mut().unwrap().issuer_url = None;
    let off = KnownApp { inactive: Some("it is off"), ..whole() };
    let (unstated, silent) = (KnownApp { stated: None, ..whole() }, KnownApp { provider: None, ..whole() });
    let odd = app("web", "custom:groups", "http://insecure.example");
    for app in [saml, unknown, off, unstated, silent, odd] {
        assert_eq!(relies(&app), None, "{app:?}");
    }
}

/// Pools that are denied, but one that has nothing.
struct Denied(RefCell<Vec<String>>);

impl UserPools for Denied {
    async fn user_pool(&self, pool: &PoolId) -> Result<UserPool, UserPoolError> {
        self.0.borrow_mut().push(pool.to_string());
        if pool.as_str() == "eu-central-1_Example" {
            return Ok(UserPool::default());
        }
        let (operation, cause) = ("DescribeUserPool", "AccessDeniedException: no".to_owned());
        Err(UserPoolError::Denied { operation, pool: pool.to_string(), cause })
    }
}

#[tokio::test]
async fn each_pool_is_looked_at_once_and_one_that_is_denied_is_told() {
    let other = "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_Other";
    let known = apps(&[
        app("one", "sub", POOL),
        app("two", "sub", POOL),
        app("three", "sub", other),
        app("four", "sub", "https://login.example"),
    ]);
    let (pools, mut heard) = (Denied(RefCell::default()), Vec::new());
    let found = Relied::of(&known).findings(&pools, &BTreeSet::new(), |line| heard.push(line.to_owned())).await;
    assert_eq!(*pools.0.borrow(), ["eu-central-1_Example", "eu-west-1_Other"]);
    assert_eq!(heard, ["user pool eu-central-1_Example: 6 findings", "user pool eu-west-1_Other: 1 finding"]);
    let of = |kind| found.iter().filter(|one| one.kind == kind).map(|one| (one.weight, one.subject.as_str())).collect();
    let missing: Vec<_> = of("trigger_missing");
    assert_eq!(missing, [(Weight::Error, "one"), (Weight::Error, "two")]);
    let unread: Vec<_> = of("pool_unreadable");
    assert_eq!(unread, [(Weight::Warning, "four"), (Weight::Warning, "eu-west-1_Other")]);
}
