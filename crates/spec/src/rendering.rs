//! The decision in the form of a protocol, and what each form's limits deny.
//!
//! "One decision, three renderings": whatever an app's protocol is, what it gets has been decided before
//! this module is asked. Here it is only written down, or denied for what cannot be written.

use crate::input::{App, Protocol, SignIn};
use crate::outcome::{Access, Deny, Length, Rendering};
use crate::{saml, token};

/// "The base assertion carries **any** attribute below `https://aws.amazon.com/SAML/Attributes/`, compared
/// ignoring case (everything AWS reads comes from here, so that Okta's own failure, which sends the base
/// assertion, opens nothing)." Of tokens, any claim below `https://aws.amazon.com/`, of any token.
#[must_use]
pub fn emitted_by_others(sign_in: &SignIn) -> Option<Deny> {
    let base = sign_in.base.iter().map(|(name, _)| name);
    match sign_in.app.protocol {
        Protocol::Saml => first_below(saml::PREFIX, base).map(Deny::BaseAssertion),
        Protocol::Oidc | Protocol::CognitoOidc | Protocol::IdentityPool => {
            first_below(token::PREFIX, base.chain(&sign_in.access_token)).map(Deny::BaseToken)
        }
    }
}

/// The first name, in order, that is below a prefix, ignoring case and surrounding space.
fn first_below<'n>(prefix: &str, names: impl Iterator<Item = &'n String>) -> Option<String> {
    let mut below: Vec<&String> =
        names.filter(|name| name.trim().to_lowercase().starts_with(&prefix.to_lowercase())).collect();
    below.sort();
    below.first().map(|name| (*name).clone())
}

/// What the person takes to AWS.
#[must_use]
pub fn of(app: &App, access: &Access) -> Rendering {
    match app.protocol {
        Protocol::Saml => Rendering::Attributes(saml::attributes(app, access)),
        Protocol::Oidc | Protocol::CognitoOidc => Rendering::Nested(token::nested(app, access)),
        Protocol::IdentityPool => {
            // "Flat string claims for the principal-tag map, roles through `iamRolesToOverride`; whether a
            // source identity reaches such a session is not documented, so it is not demanded."
            Rendering::Flat { claims: access.tags.clone(), roles: access.roles.iter().cloned().collect() }
        }
    }
}

/// How long the token gets, where there is one.
#[must_use]
pub fn length(sign_in: &SignIn, rendering: &Rendering) -> Option<Length> {
    let added = match rendering {
        Rendering::Attributes(_) => return None,
        Rendering::Nested(claims) => claims.clone(),
        Rendering::Flat { claims, roles } => token::flat(claims, roles),
    };
    Some(token::length(&sign_in.base, &added))
}

/// "A role list over the size that AWS takes" denies.
///
/// # Errors
/// The denial, if AWS would not take the assertion or token.
pub fn check_size(sign_in: &SignIn, rendering: &Rendering, length: Option<Length>) -> Result<(), Deny> {
    if let Rendering::Attributes(attributes) = rendering {
        saml::check_size(&sign_in.base, attributes)?;
    }
    if length.is_some_and(|length| length.least > token::MAX_CHARACTERS) {
        return Err(Deny::TokenTooLong);
    }
    Ok(())
}
