//! Apps as a file states them.

use std::collections::{BTreeMap, BTreeSet};

use signet_core::app::{
    App, Codes, IdentityRule, Mode, SessionDuration, TagRule, TagRules, TokenRules, WhenUnentitled,
};
use signet_core::grant::SourceId;
use signet_core::identity::{IdentityField, IdentityPattern};
use signet_core::role::{Protocol, ProviderName};
use signet_store::statement::StatedApp;

use super::app_id;

pub fn app(id: &str, provider: &str) -> StatedApp {
    let rule = |claim: &str, required| TagRule { claim: claim.to_owned(), required };
    let rules = BTreeMap::from([
        ("email".to_owned(), rule("email", false)),
        ("department".to_owned(), rule("department", true)),
    ]);
    let app = App {
        id: app_id(id),
        name: Some("Databricks".to_owned()),
        protocol: Protocol::Saml,
        provider: ProviderName::parse(provider).unwrap(),
        audience: "https://signin.aws.amazon.com/saml".to_owned(),
        mode: Mode::Enforce,
        groups_claim: "groups".to_owned(),
        identity: IdentityRule {
            from: IdentityField::parse("user.profile.login").unwrap(),
            pattern: IdentityPattern::parse("*@example.com").unwrap(),
        },
        tags: TagRules::new(rules, BTreeSet::from(["email".to_owned()])).unwrap(),
        session_duration: Some(SessionDuration::new(3_600).unwrap()),
        when_unentitled: WhenUnentitled::Deny,
        codes: Codes::Cover,
        code_capacity: None,
        tokens: TokenRules::default(),
    };
    StatedApp { app, active: true }
}

pub fn file(name: &str) -> SourceId {
    SourceId::file(name).unwrap()
}
