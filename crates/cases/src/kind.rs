//! The ways to sign in, and the app of each.

use signet_core::app::{App, AppId, Codes, IdentityRule, Mode, TagRules, TokenRules, WhenUnentitled};
use signet_core::identity::{IdentityField, IdentityPattern};
use signet_core::role::{Protocol, ProviderName};
use signet_core::trust::gate::Issuer;

use crate::table::APP;

/// The claim that apps of Okta usually have their groups in; cases use this name for every kind.
pub const GROUPS: &str = "groups";
/// Another claim with groups in it.
pub const OTHER_GROUPS: &str = "memberOf";
/// A claim that apps map to a tag.
pub const DEPARTMENT: &str = "department";
/// The issuer of Okta's tokens.
pub const OKTA_ISSUER: &str = "https://example.okta.com/oauth2/default";
/// The Region of the user pool.
pub const REGION: &str = "eu-central-1";
/// The user pool.
pub const USER_POOL: &str = "eu-central-1_Example01";
/// The issuer of the user pool's tokens.
pub const COGNITO_ISSUER: &str = "https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_Example01";
/// The identity pool.
pub const IDENTITY_POOL: &str = "eu-central-1:11111111-2222-3333-4444-555555555555";

/// A way to sign in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Okta's SAML assertion hook.
    Saml,
    /// Okta's token hook.
    Oidc,
    /// A user pool that is an OIDC provider in IAM.
    CognitoOidc,
    /// A user pool before an identity pool.
    IdentityPool,
}

impl Kind {
    /// All kinds.
    pub const ALL: [Self; 4] = [Self::Saml, Self::Oidc, Self::CognitoOidc, Self::IdentityPool];

    /// The protocol of the kind's apps.
    pub fn protocol(self) -> Protocol {
        match self {
            Self::Saml => Protocol::Saml,
            Self::Oidc => Protocol::Oidc,
            Self::CognitoOidc | Self::IdentityPool => Protocol::Cognito,
        }
    }

    /// Whether a user pool asks. Then nothing comes over HTTP.
    pub fn is_cognito(self) -> bool {
        self.protocol() == Protocol::Cognito
    }

    /// What this kind calls a claim of the cases.
    pub fn claim(self, name: &str) -> &str {
        match name {
            GROUPS if self.is_cognito() => "cognito:groups",
            OTHER_GROUPS if self.is_cognito() => "custom:groups",
            DEPARTMENT if self.is_cognito() => "custom:department",
            _ => name,
        }
    }

    /// The most codes that a sign-in carries where the app does not say otherwise.
    pub fn code_capacity(self) -> usize {
        if self == Self::Saml { 51 } else { 20 }
    }

    /// An app of the kind, which leaves to the defaults what it can.
    pub fn app(self) -> App {
        let from =
            if self.is_cognito() { IdentityField::parse("claim:email").unwrap() } else { IdentityField::login() };
        let (audience, issuer) = match self {
            Self::Saml => ("https://signin.aws.amazon.com/saml", None),
            Self::Oidc => (APP, Some(OKTA_ISSUER)),
            Self::CognitoOidc => (APP, Some(COGNITO_ISSUER)),
            Self::IdentityPool => (IDENTITY_POOL, Some(COGNITO_ISSUER)),
        };
        let issuer = issuer.map(|url| Issuer::from_url(url).unwrap());
        App {
            id: AppId::parse(APP).unwrap(),
            name: None,
            protocol: self.protocol(),
            provider: ProviderName::parse("okta-databricks").unwrap(),
            audience: audience.to_owned(),
            mode: Mode::Enforce,
            groups_claim: self.claim(GROUPS).to_owned(),
            identity: IdentityRule { from, pattern: IdentityPattern::parse("*@example.com").unwrap() },
            tags: TagRules::default(),
            session_duration: None,
            when_unentitled: WhenUnentitled::Deny,
            codes: Codes::Cover,
            code_capacity: None,
            tokens: TokenRules { issuer, ..TokenRules::default() },
        }
    }
}
