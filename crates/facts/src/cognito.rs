//! Cognito's pre token generation trigger.

use std::borrow::Cow;

use signet_cognito::event::{GROUPS, PreToken, Version};
use signet_cognito::list::{self, Form};
use signet_core::app::{App, AttributeLists, AttributeSource, CognitoKind};
use signet_core::code::CodeHasher;
use signet_core::cognito::{self, Rendering};
use signet_core::decision::{Decision, SignIn};
use signet_core::identity::IdentityField;
use signet_core::oidc::{BaseToken, escaped_bytes};
use signet_core::role::Protocol;

use crate::facts::{Facts, Person, Remark};
use crate::oidc::issuer_not_stated;
use crate::unfit::{self, Unfit};

/// What Cognito writes around a claim: quotes, colon and comma.
const PUNCTUATION: usize = 6;
/// What an ID token of Cognito has beside attributes and groups: `iss`, `aud`, times, ids. An estimate on
/// the safe side.
const OTHER_CLAIMS_BYTES: usize = 1_000;

impl Facts for PreToken {
    const PROTOCOL: Protocol = Protocol::Cognito;

    type Rendering = Rendering;

    fn app_id(&self) -> Option<&str> {
        self.client_id()
    }

    fn user_id(&self) -> Option<&str> {
        self.user_id()
    }

    fn person(&self, app: &App) -> Result<Person, Unfit> {
        unfit::protocol(app, Self::PROTOCOL)?;
        unfit::issuer(app, self.issuer().as_deref())?;
        if self.has_no_user() {
            return Ok(Person::Nobody);
        }
        let rules = &app.tokens.cognito;
        let provider = rules.identity_provider.as_deref();
        if rules.attributes == AttributeSource::Federated && !self.is_federated(provider) {
            return Err(Unfit::NotFederated { provider: provider.map(str::to_owned) });
        }
        written_as_stated(self, &app.groups_claim, rules.lists)?;
        if app.cognito_kind() == Some(CognitoKind::Oidc) && self.version() == Version::V1 {
            return Err(Unfit::EventVersion);
        }
        Ok(Person::There)
    }

    fn groups(&self, claim: &str) -> Result<Vec<Cow<'_, str>>, Unfit> {
        Ok(self.list(claim)?.into_iter().map(Cow::Owned).collect())
    }

    fn texts(&self, claim: &str) -> Result<Vec<&str>, Unfit> {
        if claim == GROUPS {
            return Ok(self.groups().names.iter().map(String::as_str).collect());
        }
        Ok(self.attribute(claim).into_iter().collect())
    }

    fn identity(&self, field: &IdentityField) -> Result<Option<&str>, Unfit> {
        Ok(match field {
            IdentityField::UserId => self.user_id(),
            IdentityField::Claim(name) => self.attribute(name),
            // A user pool has no profile of Okta's, and no assertion.
            IdentityField::Profile(_) | IdentityField::NameId => None,
        })
    }

    fn decide<'a, H: CodeHasher + ?Sized>(
        &self,
        sign_in: &SignIn<'a>,
        hasher: &H,
    ) -> (Decision<'a>, Option<Self::Rendering>) {
        cognito::decide(sign_in, &base_token(self), hasher)
    }

    fn remarks(&self, app: &App, _: usize) -> Vec<Remark> {
        issuer_not_stated(app).into_iter().collect()
    }
}

/// Refuses a list of groups in another form than the pool writes: it may be the name of one group.
fn written_as_stated(request: &PreToken, claim: &str, lists: AttributeLists) -> Result<(), Unfit> {
    let text = request.attribute(claim).filter(|_| claim != GROUPS);
    let stated = match lists {
        AttributeLists::Form => Form::Encoded,
        AttributeLists::Json => Form::Json,
    };
    if text.and_then(list::form).is_none_or(|form| form == stated) {
        return Ok(());
    }
    let what = format!("is a list in another form than the app's `lists: {}`", lists.as_str());
    Err(Unfit::Malformed(request.malformed(claim, what)?))
}

/// The tokens as Cognito would issue them without Signet, as far as the event says it.
#[must_use]
pub fn base_token(request: &PreToken) -> BaseToken<'_> {
    let attributes = request.attributes().map(|(name, value)| PUNCTUATION + escaped_bytes(name) + escaped_bytes(value));
    let groups = request.groups();
    let listed = groups.names.iter().chain(&groups.roles).chain(&groups.preferred);
    let listed = listed.map(|text| PUNCTUATION + escaped_bytes(text));
    BaseToken {
        claims: request.attributes().map(|(name, _)| name).collect(),
        bytes: OTHER_CLAIMS_BYTES + attributes.chain(listed).sum::<usize>(),
    }
}
