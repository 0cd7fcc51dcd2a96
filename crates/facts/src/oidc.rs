//! Okta's token hook.

use std::borrow::Cow;

use signet_core::app::{App, WhenNoUser};
use signet_core::code::CodeHasher;
use signet_core::decision::{Decision, SignIn};
use signet_core::identity::IdentityField;
use signet_core::oidc::{self, BaseToken, Claims};
use signet_core::role::Protocol;
use signet_okta::token::{TokenClaims, TokenRequest};

use crate::facts::{Facts, Person, Remark, only, possibly_cut};
use crate::json;
use crate::unfit::{self, Unfit};

impl Facts for TokenRequest {
    const PROTOCOL: Protocol = Protocol::Oidc;

    type Rendering = Claims;

    fn app_id(&self) -> Option<&str> {
        self.client_id()
    }

    fn user_id(&self) -> Option<&str> {
        self.user_id()
    }

    fn person(&self, app: &App) -> Result<Person, Unfit> {
        unfit::protocol(app, Self::PROTOCOL)?;
        unfit::issuer(app, self.issuer())?;
        if !self.has_no_user() {
            return Ok(Person::There);
        }
        // A request that is said to be a person's, and names none, is nobody's to pass.
        if app.tokens.when_no_user == WhenNoUser::Deny || !self.is_client_credentials() {
            return Err(Unfit::NoUser);
        }
        match base_token(self).emitted() {
            Some(name) => Err(Unfit::BaseToken { name: name.to_owned() }),
            None => Ok(Person::Nobody),
        }
    }

    fn groups(&self, claim: &str) -> Result<Vec<Cow<'_, str>>, Unfit> {
        Ok(self.texts(claim)?.into_iter().map(Cow::Borrowed).collect())
    }

    fn texts(&self, claim: &str) -> Result<Vec<&str>, Unfit> {
        Ok(self.texts(claim)?)
    }

    fn identity(&self, field: &IdentityField) -> Result<Option<&str>, Unfit> {
        Ok(match field {
            IdentityField::Profile(member) => self.profile(member),
            IdentityField::UserId => self.user_id(),
            // A token has its subject among its claims.
            IdentityField::NameId => None,
            IdentityField::Claim(name) => only(&self.texts(name)?),
        })
    }

    fn decide<'a, H: CodeHasher + ?Sized>(
        &self,
        sign_in: &SignIn<'a>,
        hasher: &H,
    ) -> (Decision<'a>, Option<Self::Rendering>) {
        oidc::decide(sign_in, &base_token(self), hasher)
    }

    /// Only the ID token gets anything, and a token that is not being minted cannot be changed.
    fn no_place(&self) -> Option<Remark> {
        let detail = "no ID token is being minted, and no other gets anything: ask for the scope `openid`";
        self.identity().is_none().then(|| Remark { kind: "no_id_token", detail: detail.to_owned() })
    }

    fn remarks(&self, app: &App, groups: usize) -> Vec<Remark> {
        possibly_cut(app, groups, "Okta cuts it").into_iter().chain(issuer_not_stated(app)).collect()
    }
}

/// That any issuer's tokens are answered for an app.
pub(crate) fn issuer_not_stated(app: &App) -> Option<Remark> {
    let detail = "nobody states the issuer of the app's tokens, so that it is not compared: give it in the entitlement \
                  file or in the provider event";
    app.tokens.issuer.is_none().then(|| Remark { kind: "issuer_not_stated", detail: detail.to_owned() })
}

/// The tokens as Okta would issue them without Signet.
#[must_use]
pub fn base_token(request: &TokenRequest) -> BaseToken<'_> {
    let tokens = [request.identity(), request.access()];
    let identity = request.identity().into_iter().flat_map(TokenClaims::iter);
    BaseToken {
        claims: tokens.into_iter().flatten().flat_map(|claims| claims.iter().map(|(name, _)| name)).collect(),
        bytes: identity.map(|(name, value)| json::member_bytes(name, value)).sum(),
    }
}
