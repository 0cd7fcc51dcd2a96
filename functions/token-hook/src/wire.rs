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

#[cfg(test)]
mod tests {
    use signet_core::oidc::Tags;
    use signet_okta::response::{BODY_LIMIT_BYTES, ResponseError};

    use super::*;

    #[test]
    fn an_answer_that_okta_would_drop_is_refused() {
        let text = br#"{"eventType":"com.okta.oauth2.tokens.transform","data":{"identity":{}}}"#;
        let request = Tokens::read(&Envelope::parse(text).unwrap()).unwrap();
        let claims = |length| Claims {
            tags: Tags { principal: Vec::new(), transitive: Vec::new() },
            source_identity: "x".repeat(length),
            roles: None,
        };
        let app = signet_cases::Kind::Oidc.app();
        let access = |length| Tokens::access(&request, &DecisionId::from_random([7; 16]), &app, claims(length));
        let refused = access(BODY_LIMIT_BYTES).unwrap_err();
        assert!(matches!(refused, Refusal::Answer(ResponseError::TooLarge { .. })), "{refused}");
        assert!(matches!(access(BODY_LIMIT_BYTES - 1_000).unwrap(), Given::All(answer) if answer.status() == 200));
    }
}
