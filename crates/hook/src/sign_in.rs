//! The steps of a sign-in, from the request to the answer: the same for every protocol.

use std::borrow::Cow;
use std::collections::HashMap;
use std::future::Future;
use std::time::Duration;

use signet_core::app::{App, Mode};
use signet_core::code::CodeHasher;
use signet_core::decision::{Outcome, SignIn};
use signet_core::grant::Timestamp;
use signet_core::group::GroupRecord;
use signet_core::session::DecisionId;
use signet_facts::{Facts, Person, Unfit, tag_values, usual_groups_claim};
use signet_store::schema::Meta;
use signet_store::sign_in::{AppState, Snapshot};
use tokio::time::Instant;

use crate::entitlements::Entitlements;
use crate::hints::Hints;
use crate::record::{NoteLine, Record};
use crate::refusal::Refusal;
use crate::serve::{Call, Conclusion, Event};

/// How the sign-ins of a protocol are answered.
pub trait Wire {
    /// What is asked.
    type Request: Facts;
    /// What is answered.
    type Answer;

    /// Gives what was decided. The tokens may have no place for it: then a note says so, and nothing was
    /// given.
    ///
    /// # Errors
    /// [`Refusal`], if whoever asked would not carry the answer out.
    fn access(
        request: &Self::Request,
        id: &DecisionId,
        app: &App,
        rendering: <Self::Request as Facts>::Rendering,
    ) -> Result<Given<Self::Answer>, Refusal>;

    /// Lets the person in without access to AWS.
    fn no_access(request: &Self::Request, app: &App) -> Self::Answer;

    /// Changes nothing at all.
    fn unchanged(request: &Self::Request) -> Self::Answer;

    /// Denies. `reference` is what the person can ask support about.
    fn deny(refusal: &Refusal, reference: &str) -> Self::Answer;
}

/// What came of giving access.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Given<A> {
    /// The answer carries it.
    All(A),
    /// The answer has no place for it, and carries nothing.
    Nothing(A, NoteLine),
}

/// What all sign-ins of a function are made with.
#[derive(Debug)]
pub struct SignIns<E, H> {
    deadline: Duration,
    entitlements: E,
    hasher: H,
    hints: Hints,
}

impl<E: Entitlements, H: CodeHasher> SignIns<E, H> {
    /// Sign-ins that are answered within `deadline`, with group codes by `hasher`.
    #[must_use]
    pub fn new(deadline: Duration, entitlements: E, hasher: H) -> Self {
        Self { deadline, entitlements, hasher, hints: Hints::default() }
    }

    /// What follows once it is sure that the right caller calls, and for this function: from here on only
    /// a denial keeps anybody out.
    pub async fn answer<W: Wire, V: Event>(&self, call: &Call<V>, request: &W::Request) -> Conclusion<W::Answer> {
        let reference = call.reference();
        let Some(app_id) = request.app_id().filter(|id| !id.is_empty()) else {
            return refuse::<W>(reference, &Refusal::NoApp);
        };
        let Some(id) = &call.decision else {
            return refuse::<W>(reference, &Refusal::NoRandomness);
        };
        let time = Time::of(call, self.deadline);
        let claim = self.hints.claim(app_id, usual_groups_claim(W::Request::PROTOCOL));
        let guess = Guess { groups: request.groups(&claim), claim };
        let found = match self.read(&time, app_id, &guess).await {
            Ok(found) => found,
            Err(refusal) => return refuse::<W>(reference, &refusal),
        };
        let decided = self.decide::<W, V>(call, &time, id, request, &found, guess).await;
        let conclusion = decided.unwrap_or_else(|refusal| refuse::<W>(reference, &refusal));
        match found.app.mode {
            Mode::Enforce => conclusion,
            Mode::Observe => observe::<W>(conclusion, request),
        }
    }

    /// Reads the app, and the groups in the claim that it is likely to name.
    async fn read(&self, time: &Time, app: &str, guess: &Guess<'_>) -> Result<Found, Refusal> {
        // A claim that cannot be read is denied for later, if the app does name it.
        let groups = guess.groups.as_deref().map(strs).unwrap_or_default();
        let Snapshot { meta, app, groups: records } = time.limit(self.entitlements.sign_in(app, &groups)).await??;
        match app {
            AppState::Unknown => Err(Refusal::UnknownApp),
            AppState::Inactive(why) => Err(Refusal::InactiveApp(why)),
            AppState::Active(app) => Ok(Found { meta, app, records }),
        }
    }

    async fn decide<W: Wire, V: Event>(
        &self,
        call: &Call<V>,
        time: &Time,
        id: &DecisionId,
        request: &W::Request,
        found: &Found,
        guess: Guess<'_>,
    ) -> Result<Conclusion<W::Answer>, Refusal> {
        let app = &*found.app;
        if request.person(app)? == Person::Nobody {
            return Ok(Conclusion { answer: W::unchanged(request), record: Record::no_user() });
        }
        let other_records;
        let (groups, records) = if app.groups_claim == guess.claim {
            (guess.groups?, &found.records)
        } else {
            self.hints.remember(app, usual_groups_claim(W::Request::PROTOCOL));
            let groups = request.groups(&app.groups_claim)?;
            other_records = match strs(&groups) {
                keys if keys.is_empty() => HashMap::new(),
                keys => time.limit(self.entitlements.groups(&keys)).await??,
            };
            (groups, &other_records)
        };
        let groups = strs(&groups);
        let sign_in = SignIn {
            id,
            app,
            width: found.meta.width,
            now: Timestamp::from_seconds(call.now_ms.div_euclid(1_000)),
            identity: request.identity(&app.identity.from)?,
            groups: &groups,
            records,
            tag_values: tag_values(request, app),
        };
        let (decision, rendering) = request.decide(&sign_in, &self.hasher);
        let mut record = Record::decided(&decision, app.mode);
        record.remark(request.remarks(app, groups.len()));
        let answer = match (&decision.outcome, rendering) {
            (Outcome::Access(_), Some(rendering)) => match W::access(request, id, app, rendering) {
                Ok(Given::All(answer)) => answer,
                Ok(Given::Nothing(answer, note)) => {
                    record.withhold(note);
                    answer
                }
                Err(refusal) => {
                    record.refuse(&refusal);
                    W::deny(&refusal, id.as_str())
                }
            },
            (Outcome::Deny(deny), _) => W::deny(&Refusal::Decision(deny.clone()), id.as_str()),
            (Outcome::NoAccess | Outcome::Access(_), _) => W::no_access(request, app),
        };
        Ok(Conclusion { answer, record })
    }
}

/// The claim that an app is likely to name, with the groups in it.
struct Guess<'r> {
    claim: String,
    groups: Result<Vec<Cow<'r, str>>, Unfit>,
}

/// What the first read finds, of an app that people may sign in to.
struct Found {
    meta: Meta,
    app: Box<App>,
    records: HashMap<String, GroupRecord>,
}

/// What a refusal answers, and leaves behind.
#[must_use]
pub fn refuse<W: Wire>(reference: &str, refusal: &Refusal) -> Conclusion<W::Answer> {
    Conclusion { answer: W::deny(refusal, reference), record: Record::refused(refusal) }
}

/// The same conclusion for an app that is only observed: in the log, and nowhere else.
fn observe<W: Wire>(mut conclusion: Conclusion<W::Answer>, request: &W::Request) -> Conclusion<W::Answer> {
    conclusion.record.observed = true;
    Conclusion { answer: W::unchanged(request), ..conclusion }
}

fn strs<'c>(texts: &'c [Cow<'_, str>]) -> Vec<&'c str> {
    texts.iter().map(Cow::as_ref).collect()
}

/// The time that there is for an answer.
struct Time {
    until: Instant,
    given: Duration,
}

impl Time {
    fn of<V: Event>(call: &Call<V>, deadline: Duration) -> Self {
        let given = call.remaining(deadline);
        Self { until: call.began + given, given }
    }

    async fn limit<F: Future>(&self, work: F) -> Result<F::Output, Refusal> {
        tokio::time::timeout_at(self.until, work).await.map_err(|_| Refusal::Deadline { after: self.given })
    }
}
