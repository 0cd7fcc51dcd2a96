//! A request as `doctor` looks at it: read and decided as the function does.

use std::collections::BTreeMap;
use std::path::Path;

use signet_core::app::{App, Mode};
use signet_core::code::Sha256Hasher;
use signet_core::decision::{Deny, Outcome, SignIn};
use signet_core::grant::Timestamp;
use signet_core::identity::Identity;
use signet_core::session::{self, DecisionId};
use signet_facts::{Facts, Person, Unfit, tag_values};
use signet_store::Table;
use signet_store::sign_in::AppState;

use super::request::{Asked, Request, event};
use crate::doctor::request::{Seen, UnfitTag};
use crate::failure::Failure;
use crate::random;

/// A file's request.
pub(in crate::commands) struct Sample {
    path: String,
    asked: Asked,
}

impl Sample {
    /// Reads a file.
    ///
    /// # Errors
    /// [`Failure::Read`], and [`Failure::BadEvent`] for what is no sign-in.
    pub(in crate::commands) fn read(path: &Path) -> Result<Self, Failure> {
        Ok(Self { path: path.display().to_string(), asked: event(path)? })
    }

    /// The file.
    pub(in crate::commands) fn path(&self) -> &str {
        &self.path
    }

    /// What the request says, by the table as it is.
    ///
    /// # Errors
    /// [`Failure::Store`] where the table cannot be read.
    pub(in crate::commands) async fn seen(&self, table: &Table, now: Timestamp) -> Result<Seen, Failure> {
        let request = match &self.asked {
            Asked::Refused { app, reason, why } => return Ok(unfit(app, reason, why)),
            // Tokens without a user are all that is passed.
            Asked::Passed { app, .. } => return Ok(nobody_s(app)),
            Asked::SignIn(request) => request,
        };
        let id = request.app();
        let app = match table.sign_in(id, &[]).await?.app {
            AppState::Active(app) => app,
            AppState::Unknown => return Ok(unfit(id, "unknown_app", "the table has no such app")),
            AppState::Inactive(why) => return Ok(unfit(id, "inactive_app", why)),
        };
        let seen = match request {
            Request::Assertion(_, call) => {
                let recipient = Some((call.recipient().map(str::to_owned), app.audience.clone()));
                of(&**call, &app, table, now).await.map(|seen| seen.map(|seen| Seen { recipient, ..seen }))
            }
            Request::Token(_, call) => of(&**call, &app, table, now).await,
            Request::Pool(_, event) => of(&**event, &app, table, now).await,
            // An event is never read as options.
            Request::Options(_) => return Err(Failure::Usage("--request names an event".to_owned())),
        };
        let seen = seen?.unwrap_or_else(|why| unfit(id, why.reason(), &why_unfit(&why)));
        Ok(Seen { is_observed: app.mode == Mode::Observe, ..seen })
    }
}

fn unfit(app: &str, reason: &str, why: &str) -> Seen {
    Seen { app: app.to_owned(), unfit: Some((reason.to_owned(), why.to_owned())), ..Seen::default() }
}

fn nobody_s(app: &str) -> Seen {
    Seen { app: app.to_owned(), is_nobody_s: true, ..Seen::default() }
}

async fn of<F: Facts>(request: &F, app: &App, table: &Table, now: Timestamp) -> Result<Result<Seen, Unfit>, Failure> {
    let read = || {
        let person = request.person(app)?;
        let groups: Vec<String> = request.groups(&app.groups_claim)?.iter().map(ToString::to_string).collect();
        Ok::<_, Unfit>((person, groups, request.identity(&app.identity.from)?, tag_values(request, app)))
    };
    let (person, groups, identity, tag_values) = match read() {
        Ok(read) => read,
        Err(why) => return Ok(Err(why)),
    };
    if person == Person::Nobody {
        return Ok(Ok(nobody_s(app.id.as_str())));
    }
    // The decision stops at the first thing that denies, and an operator mends them all at once.
    let identity_unfit = Identity::new(identity, &app.identity.pattern).err().map(Deny::Identity);
    let unfit_tags = unfit_tags(app, &tag_values);
    let groups: Vec<&str> = groups.iter().map(String::as_str).collect();
    let snapshot = table.sign_in(app.id.as_str(), &groups).await?;
    let id = DecisionId::from_random(random::bytes()?);
    let sign_in = SignIn {
        id: &id,
        app,
        width: snapshot.meta.width,
        now,
        identity,
        groups: &groups,
        records: &snapshot.groups,
        tag_values,
    };
    let (decision, _) = request.decide(&sign_in, &Sha256Hasher);
    let told = |deny: &Deny| (deny.reason().to_owned(), why_denied(deny));
    let denied = match &decision.outcome {
        Outcome::Deny(deny) => Some(told(deny)),
        Outcome::Access(_) | Outcome::NoAccess => None,
    };
    let remarks = request.no_place().into_iter().chain(request.remarks(app, groups.len()));
    Ok(Ok(Seen {
        app: app.id.to_string(),
        groups_claim: app.groups_claim.clone(),
        groups: groups.len(),
        known: snapshot.groups.len(),
        identity_from: app.identity.from.to_string(),
        identity: identity.map(str::to_owned),
        identity_unfit: identity_unfit.as_ref().map(told),
        unfit_tags,
        denied,
        gives_nothing: decision.outcome == Outcome::NoAccess,
        remarks: remarks.map(|remark| (remark.kind.to_owned(), remark.detail)).collect(),
        ..Seen::default()
    }))
}

/// Why a decision denies, without what to do about it: that is another thing for an app that is only observed.
fn why_denied(deny: &Deny) -> String {
    match deny {
        Deny::BaseAssertion { name } => format!("the app itself emits the attribute `{name}`"),
        Deny::BaseToken { name } => emits_claim(name),
        other => other.to_string(),
    }
}

/// Why a request is unfit, in the same way.
fn why_unfit(unfit: &Unfit) -> String {
    match unfit {
        Unfit::BaseToken { name } => emits_claim(name),
        other => other.to_string(),
    }
}

fn emits_claim(name: &str) -> String {
    format!("the issuer itself emits the claim `{name}`")
}

/// The app's tags without a value that AWS takes, by the rule of the decision.
fn unfit_tags(app: &App, values: &BTreeMap<&str, Vec<&str>>) -> Vec<UnfitTag> {
    let of = |key: &str| values.get(key).map(Vec::as_slice).unwrap_or_default();
    let rules = app.tags.rules().iter();
    let unfit = rules.filter_map(|(key, rule)| {
        let why = session::tag_value(of(key)).err()?.as_str();
        Some(UnfitTag { key: key.clone(), why, is_required: rule.required })
    });
    unfit.collect()
}
