//! The gates that sign-ins come through: an app's identity provider, and what it demands.

use std::fmt;

use crate::identity::IdentityPattern;
use crate::role::{ProviderName, RoleArn};
use crate::text::shown;
use crate::trust::cognito;
use crate::trust::nonempty::NonEmpty;

/// A value that cannot be written into a trust policy.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidGate {
    /// Not an audience.
    #[error("audience `{value}` {why}")]
    Audience {
        /// The value as given, shortened where it is long.
        value: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// Not an issuer of tokens.
    #[error("issuer `{value}` {why}")]
    Issuer {
        /// The value as given, shortened where it is long.
        value: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// Not an identity pool.
    #[error("identity pool `{value}` is not a Region, `:` and 8 to 40 characters of `0-9a-f-`")]
    IdentityPool {
        /// The value as given, shortened where it is long.
        value: String,
    },
}

/// What trust policies demand as the audience: of a SAML assertion its recipient, of a token its
/// `aud`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Audience(String);

impl Audience {
    /// Reads an audience: 1 to 255 printable ASCII characters without a space, `*`, `"`, `\` and `${`.
    ///
    /// It is compared by `StringEquals`, where `*` would be a plain character, but policy variables
    /// (`${…}`) are live; and a policy may hold only Latin-1 characters (IAM quotas, name
    /// requirements).
    ///
    /// # Errors
    /// [`InvalidGate::Audience`] for anything else.
    pub fn parse(text: &str) -> Result<Self, InvalidGate> {
        let why = if text.is_empty() {
            "is empty"
        } else if text.len() > 255 {
            "is longer than 255 characters"
        } else if !text.bytes().all(|b| b.is_ascii_graphic()) {
            "has a space, a control character, or characters other than ASCII's"
        } else if text.contains(['*', '"', '\\']) {
            "has `*`, `\"` or `\\`, which no audience in a trust policy may have"
        } else if text.contains("${") {
            "has `${`, which begins a variable in a trust policy"
        } else {
            return Ok(Self(text.to_owned()));
        };
        Err(InvalidGate::Audience { value: shown(text), why })
    }

    /// The audience.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Audience {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// An issuer of tokens, by host and path: the URL without `https://`.
///
/// IAM names an OIDC provider and its condition keys by it (IAM User Guide, "Available keys for AWS
/// OIDC federation"): `arn:aws:iam::<account>:oidc-provider/<host/path>`, `<host/path>:aud`. A
/// closing `/` belongs to it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Issuer(String);

impl Issuer {
    /// Reads an issuer's URL: `https://`, a host without a port, and a path, 255 characters in all
    /// (IAM API reference, `CreateOpenIDConnectProvider`).
    ///
    /// # Errors
    /// [`InvalidGate::Issuer`] for another scheme, a port, a query, or characters other than
    /// letters, digits and `._~/+=@%-`: the rest is no use in an issuer, or live in policies.
    pub fn from_url(url: &str) -> Result<Self, InvalidGate> {
        let refuse = |why| Err(InvalidGate::Issuer { value: shown(url), why });
        let Some(rest) = url.strip_prefix("https://") else {
            return refuse("does not begin `https://`");
        };
        let (host, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        let is_host = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-');
        let is_path = |b: u8| is_host(b) || matches!(b, b'_' | b'~' | b'/' | b'+' | b'=' | b'@' | b'%');
        if url.len() > 255 {
            return refuse("is longer than 255 characters");
        }
        if host.is_empty() || !host.bytes().all(is_host) {
            return refuse("has no plain host name: a port, or a character other than letters, digits, `.` and `-`");
        }
        if !path.bytes().all(is_path) {
            return refuse("has characters in its path other than letters, digits and `._~/+=@%-`");
        }
        Ok(Self(rest.to_owned()))
    }

    /// Host and path.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The URL, as tokens have it in `iss`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("https://{}", self.0)
    }

    /// Whether this is a Cognito user pool: `cognito-idp.<region>.amazonaws.com/<user pool id>`, by which
    /// identity pools name it too.
    #[must_use]
    pub fn is_user_pool(&self) -> bool {
        cognito::is_user_pool(self)
    }

    /// The ARN of the issuer's provider in the role's account.
    #[must_use]
    pub fn provider(&self, role: &RoleArn) -> String {
        format!("arn:{}:iam::{}:oidc-provider/{}", role.partition(), role.account(), self.0)
    }
}

/// A Cognito identity pool, by its id: `<region>:<uuid>` (Cognito API reference, `IdentityPoolId`).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct IdentityPoolId(String);

impl IdentityPoolId {
    /// Reads an identity pool's id.
    ///
    /// # Errors
    /// [`InvalidGate::IdentityPool`] if Cognito has no such ids.
    pub fn parse(text: &str) -> Result<Self, InvalidGate> {
        let is_region = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
        let is_uuid = |b: u8| matches!(b, b'0'..=b'9' | b'a'..=b'f' | b'-');
        let fits = text.split_once(':').is_some_and(|(region, uuid)| {
            (1..=24).contains(&region.len())
                && region.bytes().all(is_region)
                && (8..=40).contains(&uuid.len())
                && uuid.bytes().all(is_uuid)
        });
        if fits { Ok(Self(text.to_owned())) } else { Err(InvalidGate::IdentityPool { value: shown(text) }) }
    }

    /// The id.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Who its sign-ins come from, as trust policies of a partition and CloudTrail's records name it. None in
    /// a partition where nobody documents a name.
    #[must_use]
    pub fn principal(&self, partition: &str) -> Option<String> {
        cognito::identity(partition, self)
    }

    /// The pool's Region.
    #[must_use]
    pub fn region(&self) -> &str {
        self.0.split_once(':').map_or("", |(region, _)| region)
    }
}

/// How the sign-ins of one app reach a role. Two apps with one gate cannot be told apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Gate {
    /// A SAML app: its provider, by one name in every account.
    Saml {
        /// The provider's name.
        provider: ProviderName,
        /// The recipient of the assertion (`SAML:aud`).
        audience: Audience,
        /// What source identities look like.
        identity: IdentityPattern,
    },
    /// An OIDC client, or a user pool client whose pool is an OIDC provider in IAM.
    Oidc {
        /// The issuer of its tokens.
        issuer: Issuer,
        /// The audiences (client ids) of its tokens.
        audiences: NonEmpty<Audience>,
        /// What source identities look like.
        identity: IdentityPattern,
        /// Whether its tokens carry the claim `https://aws.amazon.com/roles`. The statement then
        /// demands it; else the trust policy is the only gate between a token and the role.
        roles_claim: bool,
    },
    /// A user pool client behind a Cognito identity pool.
    ///
    /// The pool's tokens name every way in which their user signed in (`amr`), and the user pool must
    /// be among them. What they do not name is the client, and which of the ways gave `GroupHash`. So
    /// **the identity pool must have no developer provider**, whose back end may give any user any
    /// tag (`GetOpenIdTokenForDeveloperIdentity`, `PrincipalTags`), must list this one client of the
    /// user pool, and must map `GroupHash` from no other provider: two sign-ins linked to one identity
    /// carry the names of both.
    ///
    /// That a source identity, or a mark that a tag is transitive, reaches such a session is not
    /// documented by AWS: neither is demanded, and a sign-in with a source identity is not let in.
    IdentityPool {
        /// The identity pool.
        pool: IdentityPoolId,
        /// The user pool that sign-ins come through.
        user_pool: Issuer,
    },
}

impl Gate {
    /// Who the sign-ins come from, as a trust policy names it in `Federated`.
    #[must_use]
    pub fn principal(&self, role: &RoleArn) -> String {
        match self {
            Self::Saml { provider, .. } => role.saml_provider(provider),
            Self::Oidc { issuer, .. } => issuer.provider(role),
            Self::IdentityPool { pool, .. } => {
                pool.principal(role.partition()).unwrap_or_else(|| cognito::ANYWHERE.to_owned())
            }
        }
    }

    /// Whether a role's trust policy can name the gate, and no wider one: not an identity pool in a
    /// partition where its principal is unknown, nor one whose user pool is none of Cognito's.
    #[must_use]
    pub fn can_be_named(&self, role: &RoleArn) -> bool {
        match self {
            Self::Saml { .. } | Self::Oidc { .. } => true,
            Self::IdentityPool { pool, user_pool } => {
                pool.principal(role.partition()).is_some() && cognito::is_user_pool(user_pool)
            }
        }
    }

    /// Whether a sign-in could come through both gates: the same provider, or the same client of the
    /// same issuer, or the same identity pool, be it by two user pools, since one user may have signed
    /// in to both.
    #[must_use]
    pub fn meets(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Saml { provider: a, .. }, Self::Saml { provider: b, .. }) => a == b,
            (Self::Oidc { issuer: a, audiences: x, .. }, Self::Oidc { issuer: b, audiences: y, .. }) => {
                a == b && x.meets(y)
            }
            (Self::IdentityPool { pool: a, .. }, Self::IdentityPool { pool: b, .. }) => a == b,
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests;
