//! A sign-in that options describe.
//!
//! Nothing is known of it but what they say: not who issues the tokens, and not where a user of a user pool
//! comes from.

use std::borrow::Cow;
use std::marker::PhantomData;

use signet_core::app::{App, CognitoKind};
use signet_core::code::CodeHasher;
use signet_core::cognito;
use signet_core::decision::{Decision, SignIn};
use signet_core::identity::IdentityField;
use signet_core::oidc::{self, BaseToken, Claims, escaped_bytes};
use signet_core::role::Protocol;
use signet_core::saml::{self, Attribute, BaseAssertion};
use signet_facts::{Facts, Person, Remark, Unfit, only};

use crate::args::EventVersion;

/// What an issuer writes around a claim: quotes, colon and comma.
const PUNCTUATION: usize = 6;

/// A sign-in as options describe it.
#[derive(Debug)]
pub(super) struct Options {
    /// The app's id.
    pub(super) app: String,
    /// The value of the field that the app takes identities from.
    pub(super) user: String,
    /// Groups beside those of the claim.
    pub(super) groups: Vec<String>,
    /// Claims with their values, in the order of the options.
    pub(super) claims: Vec<(String, Vec<String>)>,
    /// How the sign-in is made; the app's own protocol where absent.
    pub(super) protocol: Option<Protocol>,
    /// The version of Cognito's event.
    pub(super) event_version: Option<EventVersion>,
}

impl Options {
    /// The values of a claim.
    fn values(&self, claim: &str) -> Vec<&str> {
        let values = self.claims.iter().filter(|(known, _)| known == claim).flat_map(|(_, values)| values);
        values.map(String::as_str).collect()
    }

    /// The values of the claim that carries groups, and the groups that the options name.
    fn groups(&self, claim: &str) -> Vec<&str> {
        let mut all = self.values(claim);
        all.extend(self.groups.iter().map(String::as_str));
        all
    }

    /// All claims with their values, that of the groups last.
    fn all<'o>(&'o self, groups_claim: &'o str) -> Vec<(&'o str, Vec<&'o str>)> {
        let others = self.claims.iter().map(|(name, _)| name.as_str()).filter(|name| *name != groups_claim);
        let others = others.map(|name| (name, self.values(name)));
        others.chain([(groups_claim, self.groups(groups_claim))]).collect()
    }

    /// The assertion without Signet.
    fn base_assertion<'o>(&'o self, groups_claim: &'o str) -> BaseAssertion<'o> {
        BaseAssertion { attributes: self.all(groups_claim) }
    }

    /// The tokens without Signet.
    fn base_token<'o>(&'o self, groups_claim: &'o str) -> BaseToken<'o> {
        let all = self.all(groups_claim);
        let text = |text: &str| PUNCTUATION + escaped_bytes(text);
        let bytes = all.iter().map(|(name, values)| text(name) + values.iter().map(|value| text(value)).sum::<usize>());
        BaseToken { bytes: bytes.sum(), claims: all.iter().map(|(name, _)| *name).collect() }
    }
}

/// How a sign-in that options describe is made.
pub(super) trait By {
    /// The protocol.
    const PROTOCOL: Protocol;

    /// What a decision is rendered as.
    type Rendering;

    /// Refuses what the protocol cannot carry.
    fn check(_: &Options, _: &App) -> Result<(), Unfit> {
        Ok(())
    }

    /// Decides the sign-in, and renders what it gets.
    fn decide<'a, H: CodeHasher + ?Sized>(
        options: &Options,
        sign_in: &SignIn<'a>,
        hasher: &H,
    ) -> (Decision<'a>, Option<Self::Rendering>);
}

/// By a SAML assertion.
pub(super) struct BySaml;
/// By a token of an OIDC issuer.
pub(super) struct ByOidc;
/// By a token of a user pool.
pub(super) struct ByCognito;

impl By for BySaml {
    const PROTOCOL: Protocol = Protocol::Saml;

    type Rendering = Vec<Attribute>;

    fn decide<'a, H: CodeHasher + ?Sized>(
        options: &Options,
        sign_in: &SignIn<'a>,
        hasher: &H,
    ) -> (Decision<'a>, Option<Self::Rendering>) {
        let base = options.base_assertion(&sign_in.app.groups_claim);
        let (decision, attributes) = saml::decide(sign_in, &base, hasher);
        (decision, Some(attributes).filter(|attributes| !attributes.is_empty()))
    }
}

impl By for ByOidc {
    const PROTOCOL: Protocol = Protocol::Oidc;

    type Rendering = Claims;

    fn decide<'a, H: CodeHasher + ?Sized>(
        options: &Options,
        sign_in: &SignIn<'a>,
        hasher: &H,
    ) -> (Decision<'a>, Option<Self::Rendering>) {
        oidc::decide(sign_in, &options.base_token(&sign_in.app.groups_claim), hasher)
    }
}

impl By for ByCognito {
    const PROTOCOL: Protocol = Protocol::Cognito;

    type Rendering = cognito::Rendering;

    fn check(options: &Options, app: &App) -> Result<(), Unfit> {
        let is_first = options.event_version == Some(EventVersion::V1);
        if is_first && app.cognito_kind() == Some(CognitoKind::Oidc) { Err(Unfit::EventVersion) } else { Ok(()) }
    }

    fn decide<'a, H: CodeHasher + ?Sized>(
        options: &Options,
        sign_in: &SignIn<'a>,
        hasher: &H,
    ) -> (Decision<'a>, Option<Self::Rendering>) {
        cognito::decide(sign_in, &options.base_token(&sign_in.app.groups_claim), hasher)
    }
}

/// A sign-in that options describe, made in one way.
pub(super) struct Made<'o, B> {
    options: &'o Options,
    by: PhantomData<B>,
}

impl<'o, B> Made<'o, B> {
    pub(super) fn of(options: &'o Options) -> Self {
        Self { options, by: PhantomData }
    }
}

impl<B: By> Facts for Made<'_, B> {
    const PROTOCOL: Protocol = B::PROTOCOL;

    type Rendering = B::Rendering;

    fn app_id(&self) -> Option<&str> {
        Some(&self.options.app)
    }

    fn user_id(&self) -> Option<&str> {
        None
    }

    fn person(&self, app: &App) -> Result<Person, Unfit> {
        if app.protocol != B::PROTOCOL {
            return Err(Unfit::Protocol { stated: app.protocol, used: B::PROTOCOL });
        }
        B::check(self.options, app).map(|()| Person::There)
    }

    fn groups(&self, claim: &str) -> Result<Vec<Cow<'_, str>>, Unfit> {
        Ok(self.options.groups(claim).into_iter().map(Cow::Borrowed).collect())
    }

    fn texts(&self, claim: &str) -> Result<Vec<&str>, Unfit> {
        Ok(self.options.values(claim))
    }

    fn identity(&self, field: &IdentityField) -> Result<Option<&str>, Unfit> {
        Ok(match field {
            IdentityField::Claim(name) if self.options.claims.iter().any(|(known, _)| known == name) => {
                only(&self.options.values(name))
            }
            _ => Some(&self.options.user),
        })
    }

    fn decide<'a, H: CodeHasher + ?Sized>(
        &self,
        sign_in: &SignIn<'a>,
        hasher: &H,
    ) -> (Decision<'a>, Option<Self::Rendering>) {
        B::decide(self.options, sign_in, hasher)
    }

    fn remarks(&self, _: &App, _: usize) -> Vec<Remark> {
        Vec::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options() -> Options {
        let own = |values: &[&str]| values.iter().map(|v| (*v).to_owned()).collect::<Vec<_>>();
        Options {
            app: "0oaA".to_owned(),
            user: "jane@example.com".to_owned(),
            groups: own(&["b"]),
            claims: vec![("groups".to_owned(), own(&["a"])), ("email".to_owned(), own(&["x", "y"]))],
            protocol: None,
            event_version: None,
        }
    }

    #[test]
    fn options_are_the_person_and_the_assertion_or_token() {
        let options = options();
        let made = Made::<ByOidc>::of(&options);
        assert_eq!(made.groups("groups").unwrap(), ["a", "b"]);
        assert_eq!(made.groups("memberOf").unwrap(), ["b"]);
        let identity = |field: &str| made.identity(&IdentityField::parse(field).unwrap()).unwrap();
        assert_eq!(identity("user.profile.login"), Some("jane@example.com"));
        assert_eq!(identity("claim:other"), Some("jane@example.com"));
        assert_eq!(identity("claim:email"), None, "two values are no identity");
        let all = [("email", vec!["x", "y"]), ("groups", vec!["a", "b"])];
        assert_eq!(options.base_assertion("groups").attributes, all);
        let base = options.base_token("groups");
        assert_eq!(base.claims, ["email", "groups"]);
        assert!(base.bytes >= r#""email":["x","y"],"groups":["a","b"],"#.len());
    }
}
