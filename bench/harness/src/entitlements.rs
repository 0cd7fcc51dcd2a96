//! What the tables hold: groups, grants, the app. Every number gives the same data on every run.

use std::collections::{BTreeMap, BTreeSet};

use signet_core::app::{
    App, AppId, Codes, IdentityRule, Mode, SessionDuration, TagRule, TagRules, TokenRules, WhenUnentitled,
};
use signet_core::grant::{Grant, SourceId, Timestamp};
use signet_core::group::GroupKey;
use signet_core::identity::{IdentityField, IdentityPattern};
use signet_core::invalid::InvalidValue;
use signet_core::role::{Protocol, ProviderName, RoleArn};
use signet_store::statement::{StatedApp, Statement};

/// The app of Okta's sample request.
pub(crate) const APP: &str = "0oath92zlO60urQOP0g3";
const OTHER_APP: &str = "0oaOtherApp0000000g3";
/// The app's identity provider.
pub(crate) const PROVIDER: &str = "okta-bench";
/// The session's length in seconds.
pub(crate) const SESSION_SECONDS: u64 = 3_600;
/// The session tags, each from the claim of its name.
pub(crate) const TAGS: [&str; 2] = ["department", "email"];

/// The roles that there are; groups share them.
const ROLES: usize = 200;
/// The accounts that the roles are in.
const ACCOUNTS: usize = 20;
/// 2100-01-01, which no run lives to see.
const FAR_END: i64 = 4_102_444_800;

/// The one source of everything.
pub(crate) fn source() -> Result<SourceId, InvalidValue> {
    SourceId::file("bench")
}

/// The key of a group.
pub(crate) fn group_key(number: usize) -> String {
    format!("Data Readers {number:06}")
}

/// The grants of a group: one or two that count, and for some groups others that have ended or are
/// for another app.
pub(crate) fn grants(number: usize) -> Result<BTreeSet<Grant>, InvalidValue> {
    let every = |step: usize| number.is_multiple_of(step);
    let only = |app: &str| AppId::parse(app).map(|app| BTreeSet::from([app]));
    let at = Timestamp::from_seconds;
    let mut grants = BTreeSet::from([Grant {
        role: role(number)?,
        apps: every(4).then(|| only(APP)).transpose()?,
        expires_at: None,
    }]);
    if every(2) {
        grants.insert(Grant { role: role(number + 1)?, apps: None, expires_at: Some(at(FAR_END)) });
    }
    if every(3) {
        grants.insert(Grant { role: role(number + 2)?, apps: None, expires_at: Some(at(1)) });
    }
    if every(5) {
        grants.insert(Grant { role: role(number + 3)?, apps: Some(only(OTHER_APP)?), expires_at: None });
    }
    Ok(grants)
}

/// The roles that a group opens in a sign-in to [`APP`]: said once more, and not by the rules of the
/// code that is measured.
pub(crate) fn opened(number: usize) -> Result<Vec<RoleArn>, InvalidValue> {
    let numbers = if number.is_multiple_of(2) { vec![number, number + 1] } else { vec![number] };
    numbers.into_iter().map(role).collect()
}

fn role(number: usize) -> Result<RoleArn, InvalidValue> {
    // 7919 and 200 have no common factor, so neighbours get roles that are far apart.
    let role = number * 7_919 % ROLES;
    RoleArn::parse(&format!("arn:aws:iam::{}:role/data/reader-{role:03}", 111_122_220_000 + role % ACCOUNTS))
}

/// The statement of the app and the first groups.
pub(crate) fn statement(groups: usize) -> Result<Statement, InvalidValue> {
    let mut statement = Statement { apps: vec![StatedApp { app: app()?, active: true }], ..Statement::default() };
    for number in 0..groups {
        let key = GroupKey::new(group_key(number))?;
        for grant in grants(number)? {
            statement.grant(key.clone(), None, grant);
        }
    }
    Ok(statement)
}

fn app() -> Result<App, InvalidValue> {
    let rule = |claim: &str| (claim.to_owned(), TagRule { claim: claim.to_owned(), required: true });
    Ok(App {
        id: AppId::parse(APP)?,
        name: Some("Bench".to_owned()),
        protocol: Protocol::Saml,
        provider: ProviderName::parse(PROVIDER)?,
        audience: "https://signin.aws.amazon.com/saml".to_owned(),
        mode: Mode::Enforce,
        groups_claim: "groups".to_owned(),
        identity: IdentityRule { from: IdentityField::login(), pattern: IdentityPattern::parse("*@example.com")? },
        tags: TagRules::new(TAGS.map(rule).into_iter().collect::<BTreeMap<_, _>>(), BTreeSet::new())?,
        session_duration: Some(SessionDuration::new(SESSION_SECONDS)?),
        when_unentitled: WhenUnentitled::Deny,
        codes: Codes::Cover,
        code_capacity: None,
        tokens: TokenRules::default(),
    })
}
