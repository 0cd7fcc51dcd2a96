//! The decision as the event's response, or as an error.
//!
//! Cognito has no answer that denies: an error of the function fails the sign-in, and the person reads
//! `PreTokenGeneration failed with error` and the error's text.

use lambda_runtime::Diagnostic;
use signet_cognito::answer::{Answer as Changed, Change};
use signet_cognito::event::PreToken;
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
        let mut change = unless_given(request, app);
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
                change.suppress.retain(|key| !change.identity.contains_key(key));
                change.groups.preferred = preferred(request, &flat.roles);
                change.groups.roles = flat.roles;
            }
        }
        // Version 1 has no place for nested claims. No request of that version gets this far with them.
        let answer = Changed::changed(request, change).map_err(|_| Unfit::EventVersion)?;
        Ok(Given::All(Answer::Event(answer)))
    }

    fn no_access(request: &PreToken, app: &App) -> Answer {
        // Without claims every version has a place for it.
        Changed::changed(request, unless_given(request, app)).map_or_else(|_| Self::unchanged(request), Answer::Event)
    }

    fn unchanged(request: &PreToken) -> Answer {
        Answer::Event(Changed::unchanged(request))
    }

    fn deny(refusal: &Refusal, reference: &str) -> Answer {
        Answer::Error(DENIED, refusal.text(reference))
    }
}

/// What becomes of the tokens of a person who is given nothing.
///
/// An identity pool takes roles from the group configuration, and makes tags of claims whoever wrote them. Of
/// an app behind one, roles come from Signet alone, and no tag is made of a claim of the same name that
/// Cognito writes of an attribute.
fn unless_given(request: &PreToken, app: &App) -> Change {
    let mut change = Change { groups: request.groups().clone(), ..Change::default() };
    if app.cognito_kind() == Some(CognitoKind::IdentityPool) {
        change.groups.roles.clear();
        change.groups.preferred = None;
        change.suppress = app.tags.rules().keys().cloned().collect();
    }
    if app.tokens.cognito.groups == TokenGroups::Remove {
        change.groups.names.clear();
    }
    change
}

/// The role that an identity pool takes where nobody asks for one: the only one, or the one that the
/// user's groups in the pool prefer. Of several, none is more the person's choice than the others.
fn preferred(request: &PreToken, roles: &[String]) -> Option<String> {
    match roles {
        [only] => Some(only.clone()),
        _ => request.groups().preferred.clone().filter(|role| roles.contains(role)),
    }
}
