//! The decision as claims of a Cognito user pool's tokens.
//!
//! A user pool that is an OIDC provider in IAM gets what any issuer gets ([`crate::oidc`]). An identity
//! pool makes session tags of claims that are plain strings, and takes the roles from the group
//! configuration (Amazon Cognito developer guide, "Using attributes for access control", "Using
//! role-based access control").

use crate::app::CognitoKind;
use crate::code::CodeHasher;
use crate::decision::{Access, Decision, Outcome, SignIn};
use crate::oidc::{self, BaseToken, Claims};
use crate::session::SessionTag;

/// The claims that no pre token generation trigger can change, and those that say what a token is
/// (Amazon Cognito developer guide, "Pre token generation Lambda trigger"). A tag of an app behind an
/// identity pool cannot be called like one of them.
const FIXED_CLAIMS: [&str; 24] = [
    "acr",
    "amr",
    "at_hash",
    "aud",
    "auth_time",
    "azp",
    "client_id",
    "cnf",
    "device_key",
    "event_id",
    "exp",
    "iat",
    "identities",
    "iss",
    "jti",
    "nbf",
    "nonce",
    "origin_jti",
    "s_hash",
    "scope",
    "sub",
    "token_use",
    "username",
    "version",
];

/// What a person gets through a user pool.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rendering {
    /// The claims of an issuer that STS takes tokens of.
    Nested(Claims),
    /// What an identity pool reads.
    Flat(Flat),
}

/// What an identity pool reads.
///
/// Whether a source identity reaches a session that an identity pool opens is not documented: there is
/// none. The decision's id is among the tags, and leads to the person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flat {
    /// The claims, by name, each one text: the session tags under their own keys.
    pub claims: Vec<SessionTag>,
    /// The roles, by their ARNs.
    pub roles: Vec<String>,
}

/// Whether a tag of that key can be a claim of its own: not if it is one that Cognito writes itself.
#[must_use]
pub fn is_free_claim(key: &str) -> bool {
    let key = key.to_ascii_lowercase();
    !FIXED_CLAIMS.contains(&key.as_str()) && !["cognito:", "custom:", "dev:"].iter().any(|own| key.starts_with(own))
}

/// Decides a sign-in by way of a user pool, and renders what it gets.
///
/// There is no rendering unless the outcome is access.
#[must_use]
pub fn decide<'a, H: CodeHasher + ?Sized>(
    sign_in: &SignIn<'a>,
    base: &BaseToken<'_>,
    hasher: &H,
) -> (Decision<'a>, Option<Rendering>) {
    match CognitoKind::of_audience(&sign_in.app.audience) {
        CognitoKind::Oidc => {
            let (decision, claims) = oidc::decide(sign_in, base, hasher);
            (decision, claims.map(Rendering::Nested))
        }
        CognitoKind::IdentityPool => {
            let (decision, flat) = decide_flat(sign_in, base, hasher);
            (decision, flat.map(Rendering::Flat))
        }
    }
}

fn decide_flat<'a, H: CodeHasher + ?Sized>(
    sign_in: &SignIn<'a>,
    base: &BaseToken<'_>,
    hasher: &H,
) -> (Decision<'a>, Option<Flat>) {
    let mut decision = oidc::decide_unless_emitted(sign_in, base, hasher);
    let Outcome::Access(access) = &decision.outcome else {
        return (decision, None);
    };
    let flat = flat(access);
    if let Some(deny) = oidc::too_long(base.bytes + bytes(&flat)) {
        decision.outcome = Outcome::Deny(deny);
        return (decision, None);
    }
    (decision, Some(flat))
}

fn flat(access: &Access<'_>) -> Flat {
    Flat { claims: access.tags.clone(), roles: access.roles.iter().map(ToString::to_string).collect() }
}

/// The length of the claims as JSON, on the safe side. Cognito names the roles in `cognito:roles`.
fn bytes(flat: &Flat) -> usize {
    /// Quotes, colon and comma.
    const PUNCTUATION: usize = 6;
    let text = |text: &str| PUNCTUATION + oidc::escaped_bytes(text);
    let claims = flat.claims.iter().map(|claim| text(&claim.key) + text(&claim.value));
    // One of the roles may be the preferred one, and is there a second time.
    let preferred = flat.roles.iter().map(|role| text(role)).max().unwrap_or_default();
    let names = text("cognito:roles") + text("cognito:preferred_role");
    claims.chain(flat.roles.iter().map(|role| text(role))).sum::<usize>() + names + preferred
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn claims_of_cognitos_own_are_no_tags() {
        for key in ["sub", "Aud", "identities", "cognito:groups", "Custom:department", "dev:custom:x", "scope"] {
            assert!(!is_free_claim(key), "{key}");
        }
        for key in ["GroupHash", "SignetDecision", "email", "department", "cost center", "subject"] {
            assert!(is_free_claim(key), "{key}");
        }
    }
}
