//! The steps of a sign-in, from the request to the answer.

use std::collections::HashMap;
use std::future::Future;
use std::time::Duration;

use signet_core::app::{App, Mode};
use signet_core::code::CodeHasher;
use signet_core::decision::SignIn;
use signet_core::grant::Timestamp;
use signet_core::group::GroupRecord;
use signet_core::role::Protocol;
use signet_core::saml;
use signet_core::session::DecisionId;
use signet_facts as facts;
use signet_hook::auth::Auth;
use signet_hook::payload::Answer;
use signet_hook::record::Record;
use signet_hook::refusal::Refusal;
use signet_hook::serve::{Call, Conclusion, Handler};
use signet_okta::request::{Envelope, RequestError, SAML_EVENT_TYPE};
use signet_okta::saml::SamlRequest;
use signet_store::schema::{LAYOUT, Meta};
use signet_store::sign_in::{AppState, Snapshot};
use tokio::time::Instant;

use crate::answer;
use crate::entitlements::Entitlements;
use crate::hints::Hints;

/// Okta's SAML assertion inline hook.
#[derive(Debug)]
pub struct SamlHook<E, H> {
    auth: Auth,
    deadline: Duration,
    entitlements: E,
    hasher: H,
    hints: Hints,
}

impl<E: Entitlements, H: CodeHasher> SamlHook<E, H> {
    /// A hook that authenticates by `auth`, answers within `deadline`, and knows group codes by
    /// `hasher`.
    #[must_use]
    pub fn new(auth: Auth, deadline: Duration, entitlements: E, hasher: H) -> Self {
        Self { auth, deadline, entitlements, hasher, hints: Hints::default() }
    }

    /// What follows once it is sure that Okta calls, and for this hook: from here on only a denial
    /// keeps anybody out.
    async fn sign_in(&self, call: &Call, request: &SamlRequest) -> Conclusion {
        let reference = call.reference();
        let Some(app_id) = request.app_id().filter(|id| !id.is_empty()) else {
            return answer::refuse(reference, &Refusal::NoApp);
        };
        let Some(id) = &call.decision else {
            return answer::refuse(reference, &Refusal::NoRandomness);
        };
        let time = Time::of(call, self.deadline);
        let guess = self.hints.claim(app_id);
        let snapshot = match self.read(&time, request, app_id, &guess).await {
            Ok(snapshot) => snapshot,
            Err(refusal) => return answer::refuse(reference, &refusal),
        };
        let Found { meta, app, records } = snapshot;
        let conclusion = match self.records(&time, request, &app, &guess, records).await {
            Ok(records) => self.decide(call, id, request, &app, meta, &records),
            Err(refusal) => answer::refuse(reference, &refusal),
        };
        match app.mode {
            Mode::Enforce => conclusion,
            Mode::Observe => answer::observe(conclusion),
        }
    }

    /// Reads the app, and the groups in the claim that it is likely to name.
    async fn read(&self, time: &Time, request: &SamlRequest, app: &str, guess: &str) -> Result<Found, Refusal> {
        let groups = facts::texts(request, guess);
        let Snapshot { meta, app, groups: records } = time.limit(self.entitlements.sign_in(app, &groups)).await??;
        if meta.layout != LAYOUT {
            return Err(Refusal::MetaUnfit { found: meta.layout, expected: LAYOUT });
        }
        match app {
            AppState::Unknown => Err(Refusal::UnknownApp),
            AppState::Inactive(why) => Err(Refusal::InactiveApp(why)),
            AppState::Active(app) if app.protocol != Protocol::Saml => {
                Err(Refusal::OtherProtocol { stated: app.protocol.as_str(), used: Protocol::Saml.as_str() })
            }
            AppState::Active(app) => Ok(Found { meta, app, records }),
        }
    }

    /// The groups of the claim that the app does name.
    async fn records(
        &self,
        time: &Time,
        request: &SamlRequest,
        app: &App,
        guess: &str,
        records: HashMap<String, GroupRecord>,
    ) -> Result<HashMap<String, GroupRecord>, Refusal> {
        if app.groups_claim == guess {
            return Ok(records);
        }
        self.hints.remember(app);
        let groups = facts::texts(request, &app.groups_claim);
        if groups.is_empty() {
            return Ok(HashMap::new());
        }
        Ok(time.limit(self.entitlements.groups(&groups)).await??)
    }

    fn decide(
        &self,
        call: &Call,
        id: &DecisionId,
        request: &SamlRequest,
        app: &App,
        meta: Meta,
        records: &HashMap<String, GroupRecord>,
    ) -> Conclusion {
        let sign_in = SignIn {
            id,
            app,
            width: meta.width,
            now: Timestamp::from_seconds(call.now_ms.div_euclid(1_000)),
            identity: facts::identity(request, &app.identity.from),
            groups: &facts::texts(request, &app.groups_claim),
            records,
            tag_values: facts::tag_values(request, app),
        };
        let (decision, attributes) = saml::decide(&sign_in, &facts::base_assertion(request), &self.hasher);
        answer::conclude(id, &decision, &attributes)
    }
}

impl<E: Entitlements, H: CodeHasher> Handler for SamlHook<E, H> {
    const PROTOCOL: &'static str = "saml";

    async fn handle(&self, call: &Call) -> Conclusion {
        if let Err(why) = self.auth.check(&call.payload) {
            return Conclusion { answer: Answer::text(401, why.to_string()), record: Record::unauthenticated(why) };
        }
        let body = match call.payload.body() {
            Ok(body) => body,
            Err(error) => return reject("unreadable_body", &error.to_string()),
        };
        let envelope = match Envelope::parse(&body) {
            Ok(envelope) => envelope,
            // The type of the event is clear, and what is wrong decides about access.
            Err(error @ RequestError::Malformed { .. }) if names_data(&error) => {
                return answer::refuse(call.reference(), &Refusal::Malformed(error));
            }
            Err(error) => return reject("not_a_hook_call", &error.to_string()),
        };
        if let Err(error) = envelope.expect_type(SAML_EVENT_TYPE) {
            return reject("other_event_type", &error.to_string());
        }
        let event_id = envelope.event_id.as_deref();
        match SamlRequest::from_envelope(&envelope) {
            Ok(request) => {
                let Conclusion { answer, record } = self.sign_in(call, &request).await;
                Conclusion { answer, record: record.about(event_id, request.app_id(), request.user_id()) }
            }
            Err(error) => {
                let Conclusion { answer, record } = answer::refuse(call.reference(), &Refusal::Malformed(error));
                Conclusion { answer, record: record.about(event_id, None, None) }
            }
        }
    }
}

/// What the first read finds, of an app that people may sign in to.
struct Found {
    meta: Meta,
    app: Box<App>,
    records: HashMap<String, GroupRecord>,
}

/// The time that there is for an answer.
struct Time {
    until: Instant,
    given: Duration,
}

impl Time {
    fn of(call: &Call, deadline: Duration) -> Self {
        let given = call.remaining(deadline);
        Self { until: call.began + given, given }
    }

    async fn limit<F: Future>(&self, work: F) -> Result<F::Output, Refusal> {
        tokio::time::timeout_at(self.until, work).await.map_err(|_| Refusal::Deadline { after: self.given })
    }
}

fn names_data(error: &RequestError) -> bool {
    matches!(error, RequestError::Malformed { path, .. } if path == "/data")
}

/// The caller is no Okta hook, or is registered for something else.
fn reject(reason: &'static str, detail: &str) -> Conclusion {
    Conclusion { answer: Answer::text(400, detail), record: Record::rejected(reason, detail) }
}
