//! What every kind of request says.

use std::borrow::Cow;
use std::collections::BTreeMap;

use signet_core::app::App;
use signet_core::code::CodeHasher;
use signet_core::decision::{Decision, SignIn};
use signet_core::identity::IdentityField;
use signet_core::role::Protocol;

use crate::unfit::Unfit;

/// What a request says of a sign-in.
pub trait Facts {
    /// How people sign in.
    const PROTOCOL: Protocol;

    /// What a decision is rendered as.
    type Rendering;

    /// The app that the sign-in is to.
    fn app_id(&self) -> Option<&str>;

    /// The person's id in the directory.
    fn user_id(&self) -> Option<&str>;

    /// Whether the sign-in is one that the app takes, and whether a person is there.
    ///
    /// # Errors
    /// [`Unfit`].
    fn person(&self, app: &App) -> Result<Person, Unfit>;

    /// The person's groups: the values of a claim. None for a claim that is not there.
    ///
    /// # Errors
    /// [`Unfit::Malformed`] if the claim is none of texts.
    fn groups(&self, claim: &str) -> Result<Vec<Cow<'_, str>>, Unfit>;

    /// The texts of a claim. None for a claim that is not there.
    ///
    /// # Errors
    /// As [`Facts::groups`].
    fn texts(&self, claim: &str) -> Result<Vec<&str>, Unfit>;

    /// The value of the field that the app takes identities from. A claim counts only if it has exactly
    /// one value: of several, none is more the person's than the others.
    ///
    /// # Errors
    /// As [`Facts::groups`].
    fn identity(&self, field: &IdentityField) -> Result<Option<&str>, Unfit>;

    /// Decides the sign-in, and renders what it gets.
    fn decide<'a, H: CodeHasher + ?Sized>(
        &self,
        sign_in: &SignIn<'a>,
        hasher: &H,
    ) -> (Decision<'a>, Option<Self::Rendering>);

    /// Why the tokens that are asked for have no place for what a decision gives: then nothing is given.
    /// None where they have.
    fn no_place(&self) -> Option<Remark> {
        None
    }

    /// What an operator should know of the request itself, of a person in that many groups.
    fn remarks(&self, app: &App, groups: usize) -> Vec<Remark>;
}

/// Whether a person signs in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Person {
    /// One does.
    There,
    /// The tokens are for a client that acts for itself: they stay as they are.
    Nobody,
}

/// How many groups Okta puts into a claim of tokens, or takes from an expression, at most (Okta, "Groups claim",
/// August 2026). It does not say that there were more.
pub const GROUPS_OF_OKTA: usize = 100;

/// That exactly as many groups are there as Okta leaves of more; `who` cuts them.
pub(crate) fn possibly_cut(app: &App, groups: usize, who: &str) -> Option<Remark> {
    (groups == GROUPS_OF_OKTA).then(|| Remark {
        kind: "groups_possibly_cut",
        detail: format!(
            "claim `{}` has exactly {GROUPS_OF_OKTA} groups, where {who}: filter it to the groups that grants name",
            app.groups_claim
        ),
    })
}

/// Something that an operator should know of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remark {
    /// What: a word.
    pub kind: &'static str,
    /// Why, in a sentence.
    pub detail: String,
}

/// The claim that most apps of a protocol have their groups in.
#[must_use]
pub fn usual_groups_claim(protocol: Protocol) -> &'static str {
    match protocol {
        Protocol::Saml | Protocol::Oidc => "groups",
        Protocol::Cognito => signet_cognito::event::GROUPS,
    }
}

/// The one value of a claim, if it has exactly one.
#[must_use]
pub fn only<'v>(values: &[&'v str]) -> Option<&'v str> {
    match values {
        [one] => Some(one),
        _ => None,
    }
}

/// The values of the claims that the app maps to tags, by tag key. A claim that is none of texts, as those of
/// tokens may be, has no value that a tag could take: it counts as missing.
#[must_use]
pub fn tag_values<'a, F: Facts>(request: &'a F, app: &'a App) -> BTreeMap<&'a str, Vec<&'a str>> {
    let rules = app.tags.rules().iter();
    rules.map(|(key, rule)| (key.as_str(), request.texts(&rule.claim).unwrap_or_default())).collect()
}
