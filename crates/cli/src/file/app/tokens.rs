//! The rules of apps whose people get tokens.
//!
//! What would mean nothing for an app and might be relied on is an error; what merely has no effect is a
//! warning.

use signet_core::app::{AttributeLists, AttributeSource, CognitoRules, TokenGroups, TokenRules, WhenNoUser};
use signet_core::role::Protocol;
use signet_core::trust::gate::Issuer;

use super::super::fields::{Field, Fields, Report};
use super::way::Way;
use super::{default, word};

/// The longest name of an identity provider in a user pool, in characters (Cognito API reference,
/// `CreateIdentityProvider`, `ProviderName`).
const MAX_PROVIDER: usize = 32;

pub(super) fn read(fields: &Fields<'_>, way: Way, report: &mut Report) -> Option<TokenRules> {
    let usual = TokenRules::default();
    let issuer = default(fields.get("issuer"), None, |f| issuer(&f, way, report).map(Some));
    let roles_claim = default(fields.get("roles_claim"), usual.roles_claim, |f| roles_claim(&f, way, report));
    let when_no_user = default(fields.get("when_no_user"), usual.when_no_user, |f| when_no_user(&f, way, report));
    let cognito = default(fields.get("cognito"), usual.cognito, |f| cognito(&f, way, report));
    Some(TokenRules { issuer: issuer?, roles_claim: roles_claim?, when_no_user: when_no_user?, cognito: cognito? })
}

fn issuer(field: &Field<'_>, way: Way, report: &mut Report) -> Option<Issuer> {
    let issuer = word(Some(field.clone()), Issuer::from_url, report);
    let what = if way.is(Protocol::Saml) {
        "is for tokens, and people of this app get none: remove it, or correct `protocol`".to_owned()
    } else if let Some(issuer) = issuer.as_ref().filter(|issuer| way.is(Protocol::Cognito) && !issuer.is_user_pool()) {
        let url = issuer.url();
        format!(
            "issuer `{url}` is no user pool: `https://cognito-idp.<region>.amazonaws.com/<user pool id>` is expected"
        )
    } else {
        return issuer;
    };
    report.error(field.node.at, &field.path, &what);
    None
}

fn roles_claim(field: &Field<'_>, way: Way, report: &mut Report) -> Option<bool> {
    let why = if way.is(Protocol::Saml) {
        Some("an assertion always names its roles")
    } else if way.is_identity_pool() {
        Some("an identity pool takes the roles from the group configuration")
    } else {
        None
    };
    if let Some(why) = why {
        report.warning(field.node.at, &field.path, &format!("has no effect on an app that is `{}`: {why}", way.word()));
    }
    field.flag(report)
}

fn when_no_user(field: &Field<'_>, way: Way, report: &mut Report) -> Option<WhenNoUser> {
    let said = word(Some(field.clone()), WhenNoUser::parse, report);
    let what = if way.is(Protocol::Saml) {
        "is for tokens, and people of this app get none: remove it, or correct `protocol`"
    } else if way.is(Protocol::Cognito) {
        "is for `oidc` alone: Cognito's tokens for a client without a user always stay as they are. Remove it"
    } else {
        return said;
    };
    report.error(field.node.at, &field.path, what);
    None
}

fn cognito(field: &Field<'_>, way: Way, report: &mut Report) -> Option<CognitoRules> {
    if way.is(Protocol::Saml) || way.is(Protocol::Oidc) {
        let what =
            format!("is for user pool clients, and this app is `{}`: remove it, or correct `protocol`", way.word());
        report.error(field.node.at, &field.path, &what);
        return None;
    }
    let fields =
        Fields::read(field.node, &field.path, &["attributes", "identity_provider", "lists", "groups"], report)?;
    let usual = CognitoRules::default();
    let attributes =
        default(fields.get("attributes"), usual.attributes, |f| word(Some(f), AttributeSource::parse, report));
    let provider = fields.get("identity_provider");
    let identity_provider =
        default(provider.clone(), None, |f| f.name(MAX_PROVIDER, report).map(|name| Some(name.to_owned())));
    let lists = default(fields.get("lists"), usual.lists, |f| word(Some(f), AttributeLists::parse, report));
    let groups = default(fields.get("groups"), usual.groups, |f| word(Some(f), TokenGroups::parse, report));
    if let (Some(AttributeSource::Protected), Some(provider)) = (attributes, provider) {
        let what = "would keep nobody out: with `attributes: protected` users may come from anywhere. Remove it, or \
                    say `attributes: federated`";
        report.error(provider.node.at, &provider.path, what);
        return None;
    }
    Some(CognitoRules {
        attributes: attributes?,
        identity_provider: identity_provider?,
        lists: lists?,
        groups: groups?,
    })
}
