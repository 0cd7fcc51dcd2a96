//! What is an event, and whom it is about.

use std::time::Duration;

use serde::{Deserialize, Deserializer};
use signet_cognito::event::{EventError, PreToken};
use signet_cognito::json::Json;
use signet_cognito::json::place::Malformed;
use signet_core::code::CodeHasher;
use signet_core::role::Protocol;
use signet_facts::Unfit;
use signet_hook::Entitlements;
use signet_hook::record::Record;
use signet_hook::refusal::Refusal;
use signet_hook::serve::{self, Call, Conclusion, Handler};
use signet_hook::sign_in::{self, SignIns, Wire};

use crate::wire::{Answer, Pool};

/// The trigger. Who may call it is Lambda's to say: the function's resource policy names the user pools.
#[derive(Debug)]
pub struct PreTokenTrigger<E, H> {
    sign_ins: SignIns<E, H>,
}

impl<E: Entitlements, H: CodeHasher> PreTokenTrigger<E, H> {
    /// A trigger that answers within `deadline`, and knows group codes by `hasher`. Cognito waits 5 s.
    #[must_use]
    pub fn new(deadline: Duration, entitlements: E, hasher: H) -> Self {
        Self { sign_ins: SignIns::new(deadline, entitlements, hasher) }
    }
}

/// An event as Lambda hands it over: any JSON.
#[derive(Debug, Clone)]
pub struct Event(pub Json);

impl Default for Event {
    fn default() -> Self {
        Self(Json::Null)
    }
}

impl<'de> Deserialize<'de> for Event {
    /// Never fails: what cannot be read is `null`, which is no event of any trigger.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self(Json::deserialize(deserializer).unwrap_or(Json::Null)))
    }
}

impl serve::Event for Event {
    /// Cognito does not say when it asked.
    fn time_epoch_ms(&self) -> Option<i64> {
        None
    }
}

impl<E: Entitlements, H: CodeHasher> Handler for PreTokenTrigger<E, H> {
    const PROTOCOL: &'static str = Protocol::Cognito.as_str();

    type Event = Event;
    type Answer = Answer;

    async fn handle(&self, call: &Call<Event>) -> Conclusion<Answer> {
        let request = match PreToken::read(&call.event.0) {
            Ok(request) => request,
            Err(error @ EventError::OtherTrigger { .. }) => {
                let detail = error.to_string();
                return Conclusion {
                    record: Record::rejected("other_trigger", &detail),
                    answer: Answer::rejected(detail),
                };
            }
            Err(error) => return sign_in::refuse::<Pool>(call.reference(), &refusal(error)),
        };
        // A client that acts for itself gets nothing of Signet, whatever its app says: nothing has to be
        // known for that, and no machine depends on the table.
        if request.has_no_user() {
            let record = Record::no_user().about(None, request.client_id(), None);
            return Conclusion { answer: Pool::unchanged(&request), record };
        }
        let Conclusion { answer, record } = self.sign_ins.answer::<Pool, _>(call, &request).await;
        Conclusion { answer, record: record.about(None, request.client_id(), request.user_id()) }
    }

    fn deny(refusal: &Refusal, reference: &str) -> Answer {
        Pool::deny(refusal, reference)
    }
}

/// What is wrong with an event of the right trigger.
fn refusal(error: EventError) -> Refusal {
    let malformed = match error {
        EventError::Malformed(malformed) => malformed,
        other => Malformed { path: "/version".to_owned(), what: other.to_string() },
    };
    Refusal::Unfit(Unfit::Malformed(malformed))
}
