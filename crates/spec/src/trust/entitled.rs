//! Whether the grants let a sign-in in, said without any policy.

use crate::trust::sign_in::{Proof, SignIn};
use crate::value;

/// All that is said about who may assume a role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct World {
    /// The role's ARN.
    pub role: String,
    /// The table's code width, in characters.
    pub width: usize,
    /// The moment, in seconds since 1970.
    pub now: i64,
    /// The apps.
    pub apps: Vec<App>,
    /// The grants on the role.
    pub entries: Vec<Entry>,
}

/// An app, and how its sign-ins reach the role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct App {
    /// Its id.
    pub id: String,
    /// The ARN of its provider in the role's account, or Cognito's name.
    pub provider: String,
    /// The audiences of its assertions or tokens.
    pub audiences: Vec<String>,
    /// Its kind.
    pub kind: Kind,
}

/// How people sign in to an app.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// SAML.
    Saml {
        /// What source identities look like.
        pattern: String,
    },
    /// OIDC.
    Oidc {
        /// What source identities look like.
        pattern: String,
        /// Its tokens name the roles they are for.
        roles_claim: bool,
    },
    /// A user pool behind an identity pool.
    IdentityPool {
        /// The user pool, as the identity pool names it.
        user_pool: String,
    },
}

/// A grant on the role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The group's code.
    pub code: String,
    /// The apps it is for; all where there is no list.
    pub apps: Option<Vec<String>>,
    /// The second at which it ends.
    pub expires_at: Option<i64>,
}

/// Whether a sign-in may come in: some app it may come from has a grant that counts, for a code that the
/// sign-in carries.
#[must_use]
pub fn may_come_in(world: &World, sign_in: &SignIn) -> bool {
    sign_in.role == world.role
        && world.apps.iter().any(|app| comes_from(world, app, sign_in) && has_code(world, app, sign_in))
}

/// Whether a sign-in comes from an app, for certain.
fn comes_from(world: &World, app: &App, sign_in: &SignIn) -> bool {
    // "Two apps with one gate cannot be told apart", so neither is trusted. A SAML provider is its
    // app's alone, whatever the audience.
    let is_shared = world.apps.iter().any(|other| {
        let is_saml = matches!(app.kind, Kind::Saml { .. });
        let common_audience = app.audiences.iter().any(|audience| other.audiences.contains(audience));
        other.id != app.id && other.provider == app.provider && (is_saml || common_audience)
    });
    let (audience, is_of_kind) = match (&sign_in.proof, &app.kind) {
        (Proof::Assertion { audience }, Kind::Saml { pattern }) => (audience, has_identity(sign_in, pattern)),
        (Proof::Token { audience, roles, .. }, Kind::Oidc { pattern, roles_claim }) => {
            // A token that names roles is for those alone; one that names none will do only where the
            // app's tokens are not expected to.
            let is_for_role = match roles {
                Some(roles) => roles.contains(&sign_in.role),
                None => !roles_claim,
            };
            (audience, has_identity(sign_in, pattern) && is_for_role)
        }
        (Proof::Token { audience, roles, amr, .. }, Kind::IdentityPool { user_pool }) => {
            // "If amr is authenticated, the token includes any providers used during authentication": the
            // user pool must be one of them. Nothing says whose a source identity would be.
            let is_for_role = roles.as_ref().is_none_or(|roles| roles.contains(&sign_in.role));
            (audience, amr.contains(user_pool) && sign_in.source_identity.is_none() && is_for_role)
        }
        _ => return false,
    };
    !is_shared && sign_in.provider == app.provider && app.audiences.contains(audience) && is_of_kind
}

/// "A source identity of the right pattern", and the group tag transitive.
fn has_identity(sign_in: &SignIn, pattern: &str) -> bool {
    sign_in.source_identity.as_ref().is_some_and(|identity| value::fits(pattern, identity))
        && sign_in.transitive.contains("GroupHash")
}

/// Whether the sign-in carries the code of a grant that counts for the app.
fn has_code(world: &World, app: &App, sign_in: &SignIn) -> bool {
    // Tag keys compare ignoring case.
    let group_hash = sign_in.tags.iter().find(|(key, _)| key.to_lowercase() == "grouphash").map(|(_, value)| value);
    world.entries.iter().any(|entry| {
        entry.code.len() == world.width
            && entry.expires_at.is_none_or(|end| world.now < end)
            && entry.apps.as_ref().is_none_or(|apps| apps.contains(&app.id))
            && group_hash.is_some_and(|value| value.contains(&format!(":{}:", entry.code)))
    })
}
