//! Okta's inline hooks: who may call, what is a call, and what an answer is.

use std::time::Duration;

use signet_core::code::CodeHasher;
use signet_core::session::DecisionId;
use signet_facts::Facts;
use signet_okta::request::{Envelope, RequestError};
use signet_okta::response::{Encoded, Patch, Response, ResponseError};

use crate::auth::Auth;
use crate::entitlements::Entitlements;
use crate::payload::{Answer, Payload};
use crate::record::Record;
use crate::refusal::Refusal;
use crate::serve::{Call, Conclusion, Handler};
use crate::sign_in::{self, SignIns, Wire};

/// What differs from hook to hook.
pub trait Hook: Wire<Answer = Answer> {
    /// The type of event that the hook answers.
    const EVENT_TYPE: &'static str;

    /// Reads a request of that type.
    ///
    /// # Errors
    /// [`RequestError`] if something in it that decides about access is malformed.
    fn read(envelope: &Envelope) -> Result<Self::Request, RequestError>;
}

/// An inline hook of Okta's.
#[derive(Debug)]
pub struct InlineHook<W, E, H> {
    auth: Auth,
    sign_ins: SignIns<E, H>,
    wire: std::marker::PhantomData<W>,
}

impl<W, E: Entitlements, H: CodeHasher> InlineHook<W, E, H> {
    /// A hook that authenticates by `auth`, answers within `deadline`, and knows group codes by
    /// `hasher`.
    #[must_use]
    pub fn new(auth: Auth, deadline: Duration, entitlements: E, hasher: H) -> Self {
        Self { auth, sign_ins: SignIns::new(deadline, entitlements, hasher), wire: std::marker::PhantomData }
    }
}

impl<W: Hook, E: Entitlements, H: CodeHasher> Handler for InlineHook<W, E, H> {
    const PROTOCOL: &'static str = <W::Request as Facts>::PROTOCOL.as_str();

    type Event = Payload;
    type Answer = Answer;

    async fn handle(&self, call: &Call) -> Conclusion {
        if let Err(why) = self.auth.check(&call.event) {
            return Conclusion { answer: Answer::text(401, why.to_string()), record: Record::unauthenticated(why) };
        }
        let body = match call.event.body() {
            Ok(body) => body,
            Err(error) => return reject("unreadable_body", &error.to_string()),
        };
        let envelope = match Envelope::parse(&body) {
            Ok(envelope) => envelope,
            // The type of the event is clear, and what is wrong decides about access.
            Err(error @ RequestError::Malformed { .. }) if names_data(&error) => {
                return sign_in::refuse::<W>(call.reference(), &Refusal::Malformed(error));
            }
            Err(error) => return reject("not_a_hook_call", &error.to_string()),
        };
        if let Err(error) = envelope.expect_type(W::EVENT_TYPE) {
            return reject("other_event_type", &error.to_string());
        }
        let event_id = envelope.event_id.as_deref();
        match W::read(&envelope) {
            Ok(request) => {
                let Conclusion { answer, record } = self.sign_ins.answer::<W, _>(call, &request).await;
                Conclusion { answer, record: record.about(event_id, request.app_id(), request.user_id()) }
            }
            Err(error) => {
                let Conclusion { answer, record } = sign_in::refuse::<W>(call.reference(), &Refusal::Malformed(error));
                Conclusion { answer, record: record.about(event_id, None, None) }
            }
        }
    }

    fn deny(refusal: &Refusal, reference: &str) -> Answer {
        W::deny(refusal, reference)
    }
}

fn names_data(error: &RequestError) -> bool {
    matches!(error, RequestError::Malformed { path, .. } if path == "/data")
}

/// The caller is no Okta hook, or is registered for something else.
fn reject(reason: &'static str, detail: &str) -> Conclusion {
    Conclusion { answer: Answer::text(400, detail), record: Record::rejected(reason, detail) }
}

/// The answer that carries a patch out, and leads Okta's System Log to the decision.
///
/// # Errors
/// [`Refusal::Answer`] for one that Okta would drop, in silence.
pub fn patch(id: &DecisionId, patch: Patch) -> Result<Answer, Refusal> {
    let response = Response::patch(patch).debug_context("decision", id.as_str());
    Ok(Answer::okta(response.encode()?))
}

/// The assertion, or the token, stays as it is: HTTP 204.
#[must_use]
pub fn no_change() -> Answer {
    Answer::okta(Encoded { status: 204, body: None })
}

/// The answer that denies: HTTP 200 with an error, since Okta would answer a 4xx or 5xx by going on with
/// the assertion as it was. The person reads its text; the word of [`Refusal::reason`] is for operators,
/// and goes to Okta's System Log alone.
#[must_use]
pub fn deny(refusal: &Refusal, reference: &str) -> Answer {
    let response = Response::deny(refusal.text(reference))
        .debug_context("decision", reference)
        .debug_context("reason", refusal.reason());
    Answer::okta(response.encode().unwrap_or_else(|_: ResponseError| Encoded {
        status: 200,
        body: Some(r#"{"error":{"errorSummary":"Sign-in to AWS was refused."}}"#.to_owned()),
    }))
}
