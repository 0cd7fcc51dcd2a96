//! The decision as Okta's patch of an ID token.
//!
//! The access token gets nothing: its audience is shared by all clients of its API, and whoever holds one
//! could offer it to AWS.

use signet_core::app::App;
use signet_core::oidc::Claims;
use signet_core::session::DecisionId;
use signet_facts::{Facts, Remark, json};
use signet_hook::inline_hook::{self, Hook};
use signet_hook::payload::Answer;
use signet_hook::record::NoteLine;
use signet_hook::refusal::Refusal;
use signet_hook::sign_in::{Given, Wire};
use signet_okta::pointer::Pointer;
use signet_okta::request::{Envelope, RequestError, TOKEN_EVENT_TYPE};
use signet_okta::response::{Operation, Patch};
use signet_okta::token::TokenRequest;

/// The wire contract of the hook.
#[derive(Debug)]
pub struct Tokens;

impl Wire for Tokens {
    type Request = TokenRequest;
    type Answer = Answer;

    /// One patch that adds every claim, to the ID token alone. Where none is being minted there is nothing
    /// to patch: Okta would drop the answer.
    fn access(request: &TokenRequest, id: &DecisionId, _: &App, claims: Claims) -> Result<Given<Answer>, Refusal> {
        if let Some(Remark { kind, detail }) = request.no_place() {
            return Ok(Given::Nothing(inline_hook::no_change(), NoteLine { kind, detail }));
        }
        let add = |(name, value)| Operation::add(Pointer::claim(name), value);
        let patch = Patch::identity(json::claims(&claims).into_iter().map(add));
        Ok(Given::All(inline_hook::patch(id, patch)?))
    }

    fn no_access(_: &TokenRequest, _: &App) -> Answer {
        inline_hook::no_change()
    }

    fn unchanged(_: &TokenRequest) -> Answer {
        inline_hook::no_change()
    }

    fn deny(refusal: &Refusal, reference: &str) -> Answer {
        inline_hook::deny(refusal, reference)
    }
}

impl Hook for Tokens {
    const EVENT_TYPE: &'static str = TOKEN_EVENT_TYPE;

    fn read(envelope: &Envelope) -> Result<TokenRequest, RequestError> {
        TokenRequest::from_envelope(envelope)
    }
}
