//! The gates that sign-ins come through: an app's identity provider, and what it demands.

use std::fmt;

use crate::identity::IdentityPattern;
use crate::role::{ProviderName, RoleArn};
use crate::text::shown;
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
    /// That a source identity, or a mark that a tag is transitive, reaches such a session is not
    /// documented by AWS, so both are allowed and neither is demanded.
    IdentityPool {
        /// The identity pool.
        pool: IdentityPoolId,
    },
}

impl Gate {
    /// Who the sign-ins come from, as a trust policy names it in `Federated`.
    #[must_use]
    pub fn principal(&self, role: &RoleArn) -> String {
        match self {
            Self::Saml { provider, .. } => role.saml_provider(provider),
            Self::Oidc { issuer, .. } => issuer.provider(role),
            Self::IdentityPool { .. } => super::allow::COGNITO.to_owned(),
        }
    }

    /// Whether a sign-in could come through both gates.
    #[must_use]
    pub fn meets(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Saml { provider: a, .. }, Self::Saml { provider: b, .. }) => a == b,
            (Self::Oidc { issuer: a, audiences: x, .. }, Self::Oidc { issuer: b, audiences: y, .. }) => {
                a == b && x.meets(y)
            }
            (Self::IdentityPool { pool: a }, Self::IdentityPool { pool: b }) => a == b,
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn audiences_are_plain() {
        for fits in ["https://signin.aws.amazon.com/saml", "0oa1", "https://example.com/acs?idp=okta&x=$1{2}", "a:b"] {
            assert_eq!(Audience::parse(fits).unwrap().as_str(), fits);
        }
        let long = "x".repeat(256);
        for bad in ["", "*", "a*", "a b", "a\n", "é", "a\"b", "a\\b", "${aws:username}", &long] {
            assert!(Audience::parse(bad).is_err(), "`{bad}` was taken");
        }
    }

    #[test]
    fn issuers_name_providers_and_keys() {
        let role = RoleArn::parse("arn:aws-cn:iam::111122223333:role/x").unwrap();
        let issuer = Issuer::from_url("https://example.okta.com/oauth2/default").unwrap();
        assert_eq!(issuer.as_str(), "example.okta.com/oauth2/default");
        assert_eq!(
            issuer.provider(&role),
            "arn:aws-cn:iam::111122223333:oidc-provider/example.okta.com/oauth2/default"
        );
        assert_eq!(Issuer::from_url("https://tenant.example.com/").unwrap().as_str(), "tenant.example.com/");
        let long = format!("https://example.com/{}", "x".repeat(236));
        for bad in [
            "",
            "example.com",
            "http://example.com",
            "https://",
            "https:///x",
            "https://example.com:8443",
            &long,
            "https://a@example.com",
            "https://example.com/*",
            "https://example.com/?x",
            "https://example.com/${x}",
            "https://example.com/a b",
            "https://exämple.com",
            "https://example.com/a:b",
            "https://*.example.com",
        ] {
            assert!(Issuer::from_url(bad).is_err(), "`{bad}` was taken");
        }
    }

    #[test]
    fn identity_pools_are_cognitos() {
        assert!(IdentityPoolId::parse("us-east-1:12345678-dead-beef-0000-123456790abc").is_ok());
        for bad in ["", "us-east-1", "us-east-1:*", ":12345678", "us-east-1:12345678-DEAD", "us-east-1:${x}123456"] {
            assert!(IdentityPoolId::parse(bad).is_err(), "`{bad}` was taken");
        }
    }

    #[test]
    fn gates_meet_where_a_sign_in_fits_both() {
        let identity = IdentityPattern::parse("*@example.com").unwrap();
        let audience = |text: &str| Audience::parse(text).unwrap();
        let saml = |provider, aud| Gate::Saml {
            provider: ProviderName::parse(provider).unwrap(),
            audience: audience(aud),
            identity: identity.clone(),
        };
        let oidc = |url, clients: &[&str]| Gate::Oidc {
            issuer: Issuer::from_url(url).unwrap(),
            audiences: NonEmpty::new(clients.iter().map(|c| audience(c)).collect()).unwrap(),
            identity: identity.clone(),
            roles_claim: true,
        };
        assert!(saml("a", "x").meets(&saml("a", "y")));
        assert!(!saml("a", "x").meets(&saml("b", "x")));
        assert!(oidc("https://a.example.com", &["1", "2"]).meets(&oidc("https://a.example.com", &["2", "3"])));
        assert!(!oidc("https://a.example.com", &["1"]).meets(&oidc("https://a.example.com", &["2"])));
        assert!(!oidc("https://a.example.com", &["1"]).meets(&oidc("https://a.example.com/", &["1"])));
        assert!(!saml("a", "x").meets(&oidc("https://a.example.com", &["x"])));
    }
}
