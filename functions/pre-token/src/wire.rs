//! The decision as the event's response, or as an error.
//!
//! Cognito has no answer that denies: an error of the function fails the sign-in, and the person reads
//! `PreTokenGeneration failed with error` and the error's text.

use lambda_runtime::Diagnostic;
use signet_cognito::answer::{Answer as Changed, Change};
use signet_cognito::event::{Groups, PreToken};
use signet_core::app::{App, CognitoKind, TokenGroups};
use signet_core::cognito::Rendering;
use signet_core::session::DecisionId;
use signet_facts::{Unfit, json};
use signet_hook::refusal::Refusal;
use signet_hook::serve::Reply;
use signet_hook::sign_in::{Given, Wire};

/// The type of the error that denies a sign-in, for whoever counts errors.
pub const DENIED: &str = "SignetDenied";
/// The type of the error for whatever is no event of this trigger.
pub const REJECTED: &str = "SignetRejected";

/// What the function answers.
#[derive(Debug, Clone, PartialEq)]
pub enum Answer {
    /// The event with its response.
    Event(Changed),
    /// An error: its type and its text.
    Error(&'static str, String),
}

impl Answer {
    /// The error for whatever is no event of this trigger.
    #[must_use]
    pub fn rejected(text: String) -> Self {
        Self::Error(REJECTED, text)
    }
}

impl Reply for Answer {
    type Body = Changed;

    fn reply(self) -> Result<Changed, Diagnostic> {
        match self {
            Self::Event(answer) => Ok(answer),
            Self::Error(error_type, error_message) => {
                Err(Diagnostic { error_type: error_type.to_owned(), error_message })
            }
        }
    }
}

/// The wire contract of the trigger.
#[derive(Debug)]
pub struct Pool;

impl Wire for Pool {
    type Request = PreToken;
    type Answer = Answer;

    fn access(request: &PreToken, _: &DecisionId, app: &App, rendering: Rendering) -> Result<Given<Answer>, Refusal> {
        let mut change = Change { groups: groups(request, app), ..Change::default() };
        match rendering {
            Rendering::Nested(claims) => {
                for (name, value) in json::claims(&claims) {
                    change.identity.insert(name.to_owned(), value);
                }
                for (name, value) in json::access_claims(&claims) {
                    change.access.insert(name.to_owned(), value);
                }
            }
            Rendering::Flat(flat) => {
                change.identity = json::flat(&flat.claims);
                // The pool maps claims to tags whoever wrote them. A tag that is left out must not be made of
                // a claim of the same name that Cognito writes of an attribute.
                let tags = app.tags.rules().keys();
                change.suppress = tags.filter(|key| !change.identity.contains_key(*key)).cloned().collect();
                change.groups.preferred = preferred(request, &flat.roles);
                change.groups.roles = flat.roles;
            }
        }
        // Of all that is given here, only what an app of this kind may not be given in version 1 has no
        // place there: the request was checked for that.
        let answer = Changed::changed(request, change).map_err(|_| Unfit::EventVersion)?;
        Ok(Given::All(Answer::Event(answer)))
    }

    fn no_access(request: &PreToken, app: &App) -> Answer {
        let change = Change { groups: groups(request, app), ..Change::default() };
        // Without claims every version has a place for it.
        Changed::changed(request, change).map_or_else(|_| Self::unchanged(request), Answer::Event)
    }

    fn unchanged(request: &PreToken) -> Answer {
        Answer::Event(Changed::unchanged(request))
    }

    fn deny(refusal: &Refusal, reference: &str) -> Answer {
        Answer::Error(DENIED, refusal.text(reference))
    }
}

/// The groups that the tokens of a person name, who is given no role. An identity pool takes roles from
/// them, and those come from Signet alone.
fn groups(request: &PreToken, app: &App) -> Groups {
    let mut groups = request.groups().clone();
    if app.cognito_kind() == Some(CognitoKind::IdentityPool) {
        groups.roles.clear();
        groups.preferred = None;
    }
    if app.tokens.cognito.groups == TokenGroups::Remove {
        groups.names.clear();
    }
    groups
}

/// The role that an identity pool takes where nobody asks for one: the only one, or the one that the
/// user's groups in the pool prefer. Of several, none is more the person's choice than the others.
fn preferred(request: &PreToken, roles: &[String]) -> Option<String> {
    match roles {
        [only] => Some(only.clone()),
        _ => request.groups().preferred.clone().filter(|role| roles.contains(role)),
    }
}
