//! What a Cognito identity pool has to be told of an app.

use serde_json::{Map, Value, json};
use signet_core::app::{App, CognitoKind};
use signet_core::cognito::is_free_claim;
use signet_core::session::{DECISION_TAG, GROUP_HASH_TAG, MAX_TAGS};
use signet_core::trust::gate::{IdentityPoolId, Issuer};

use crate::text::{columns, printable, visible_json};

/// Why an app has no map of principal tags.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoTagMap {
    /// Its people do not come through an identity pool.
    #[error("it is `{0}`, and only an app whose audience is the id of an identity pool has one")]
    NoIdentityPool(&'static str),
    /// Its user pool is unknown.
    #[error("nobody states its user pool: say `issuer` in the entitlement file, or `issuer_url` in the provider event")]
    NoIssuer,
    /// Its issuer is no user pool.
    #[error(
        "its issuer `{0}` is no user pool: `https://cognito-idp.<region>.amazonaws.com/<user pool id>` is expected"
    )]
    NoUserPool(String),
    /// A tag of it can be no claim.
    #[error("its tag `{0}` would be a claim of that name, which Cognito keeps for itself: give the tag another key")]
    TakenClaim(String),
}

/// How an identity pool is to make principal tags of the claims of an app's tokens: each of the claim of its
/// own name, as `pre-token` writes them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TagMap<'a> {
    app: &'a App,
    pool: IdentityPoolId,
    user_pool: &'a Issuer,
    /// The keys of all tags that a sign-in may carry, sorted; 50 at most.
    tags: Vec<&'a str>,
}

impl<'a> TagMap<'a> {
    /// The map of an app.
    ///
    /// # Errors
    /// [`NoTagMap`].
    pub fn of(app: &'a App) -> Result<Self, NoTagMap> {
        let word = app.cognito_kind().map_or_else(|| app.protocol.as_str(), CognitoKind::as_str);
        let pool = (app.cognito_kind() == Some(CognitoKind::IdentityPool)).then_some(&app.audience);
        let pool =
            pool.and_then(|audience| IdentityPoolId::parse(audience).ok()).ok_or(NoTagMap::NoIdentityPool(word))?;
        let user_pool = app.tokens.issuer.as_ref().ok_or(NoTagMap::NoIssuer)?;
        if !user_pool.is_user_pool() {
            return Err(NoTagMap::NoUserPool(user_pool.url()));
        }
        // A provider event may have brought the identity pool, after the file was looked at without it.
        if let Some(key) = app.tags.rules().keys().find(|key| !is_free_claim(key)) {
            return Err(NoTagMap::TakenClaim(printable(key)));
        }
        // INVARIANT: an app has no more tags than fit beside Signet's own two.
        let mut tags: Vec<&str> = app.tags.rules().keys().map(String::as_str).collect();
        tags.extend([GROUP_HASH_TAG, DECISION_TAG]);
        tags.sort_unstable();
        Ok(Self { app, pool, user_pool, tags })
    }

    /// The input of `SetPrincipalTagAttributeMap` (Amazon Cognito identity pools API reference).
    #[must_use]
    pub fn json(&self) -> Value {
        let tags: Map<String, Value> = self.tags.iter().map(|key| ((*key).to_owned(), json!(key))).collect();
        json!({
            "IdentityPoolId": self.pool.as_str(),
            "IdentityProviderName": self.user_pool.as_str(),
            "UseDefaults": false,
            "PrincipalTags": tags,
        })
    }

    /// The command to run, for people, and what else the pool must hold.
    #[must_use]
    pub fn text(&self) -> String {
        let App { id, name, .. } = self.app;
        let name = name.as_deref().map(|name| format!("{} ", printable(name))).unwrap_or_default();
        let row = |field: &str, value: String| vec![field.to_owned(), value];
        let rows = [
            row("App", format!("{name}({id}), {}", CognitoKind::IdentityPool.as_str())),
            row("Identity pool", self.pool.as_str().to_owned()),
            row("User pool", self.user_pool.as_str().to_owned()),
            row("Tags", format!("{} of {MAX_TAGS}", self.tags.len())),
        ];
        // No part of it can have a quote: ids, hosts, and tag keys that AWS takes.
        let input = visible_json(&format!("{:#}", self.json()));
        let (region, user_pool) = (self.pool.region(), self.user_pool.as_str());
        format!(
            "{}\nTo map the claims to tags, run\n\n\
             aws cognito-identity set-principal-tag-attribute-map --region {region} --cli-input-json '{input}'\n\n\
             What else the pool must hold, since no trust policy can demand it:\n\
             - role mapping `Token` for `{user_pool}:{id}`,\n  \
               and `Deny` where the role is ambiguous\n\
             - of the user pool this one app client, and no developer provider\n\
             - GroupHash mapped from no other provider\n",
            columns("", &rows)
        )
    }
}

#[cfg(test)]
mod tests {
    use signet_core::grant::Timestamp;

    use super::*;

    const POOL: &str = "eu-west-1:12345678-dead-beef-0000-123456790abc";

    fn app(protocol: &str, audience: &str, more: &str) -> App {
        let file = format!(
            "grants: []\napps:\n- {{id: 7abc, name: \"Note\\u202ebooks\", protocol: {protocol}, provider: p, audience: '{audience}', \
             groups: {{claim: g}}, identity: {{from: user.id, pattern: '*@x'}}, when_unentitled: deny{more}}}"
        );
        let read = crate::file::parse(file.as_bytes(), "f", Timestamp::from_seconds(0)).unwrap();
        read.statement.apps.into_iter().next().unwrap().app
    }

    const ISSUER: &str = ", issuer: https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_Tv0493apJ";

    #[test]
    fn every_tag_is_mapped_from_the_claim_of_its_name() {
        let tags = ", tags: {department: {claim: 'custom:department'}, 'cost center': {claim: c, required: true}}";
        let app = app("cognito", POOL, &format!("{ISSUER}{tags}"));
        let map = TagMap::of(&app).unwrap();
        insta::assert_snapshot!("tag_map", map.text());
        assert_eq!(
            map.json()["PrincipalTags"],
            json!({"GroupHash": "GroupHash", "SignetDecision": "SignetDecision", "cost center": "cost center",
                "department": "department"})
        );
    }

    #[test]
    fn a_pool_takes_every_tag_that_an_app_can_have() {
        let many: Vec<String> = (0..48).map(|n| format!("t{n}: {{claim: c}}")).collect();
        let app = app("cognito", POOL, &format!("{ISSUER}, tags: {{{}}}", many.join(", ")));
        assert_eq!(TagMap::of(&app).unwrap().tags.len(), 50);
    }

    #[test]
    fn apps_without_a_map() {
        let why = |app: &App| TagMap::of(app).unwrap_err();
        assert_eq!(why(&app("saml", "x", "")), NoTagMap::NoIdentityPool("saml"));
        assert_eq!(why(&app("oidc", POOL, "")), NoTagMap::NoIdentityPool("oidc"));
        assert_eq!(why(&app("cognito", "7abc", ISSUER)), NoTagMap::NoIdentityPool("cognito-oidc"));
        assert_eq!(why(&app("cognito", POOL, "")), NoTagMap::NoIssuer);
        // By a provider event.
        let mut by_event = app("cognito", "7abc", ", tags: {sub: {claim: sub}}");
        POOL.clone_into(&mut by_event.audience);
        by_event.tokens.issuer = Some(Issuer::from_url("https://example.okta.com").unwrap());
        assert_eq!(why(&by_event), NoTagMap::NoUserPool("https://example.okta.com".to_owned()));
        by_event.tokens.issuer = app("cognito", POOL, ISSUER).tokens.issuer;
        assert_eq!(why(&by_event), NoTagMap::TakenClaim("sub".to_owned()));
    }
}
