//! A request as `doctor` looks at it: read and decided as the function does.

use std::path::Path;

use signet_core::app::App;
use signet_core::code::Sha256Hasher;
use signet_core::decision::{Note, Outcome, SignIn};
use signet_core::grant::Timestamp;
use signet_core::session::DecisionId;
use signet_facts::{Facts, Person, Unfit, tag_values};
use signet_store::Table;
use signet_store::sign_in::AppState;

use super::request::{Asked, Request, event};
use crate::doctor::request::Seen;
use crate::failure::Failure;
use crate::random;

/// What a file's request says, by the table as it is.
pub(in crate::commands) async fn seen(path: &Path, table: &Table, now: Timestamp) -> Result<Seen, Failure> {
    let unfit = |app: &str, reason: &str, why: &str| Seen {
        app: app.to_owned(),
        unfit: Some((reason.to_owned(), why.to_owned())),
        ..Seen::default()
    };
    let request = match event(path)? {
        Asked::Refused { app, reason, why } => return Ok(unfit(&app, reason, &why)),
        Asked::Passed { app, why } => return Ok(unfit(&app, why.kind, &why.detail)),
        Asked::SignIn(request) => request,
    };
    let id = request.app();
    let app = match table.sign_in(id, &[]).await?.app {
        AppState::Active(app) => app,
        AppState::Unknown => return Ok(unfit(id, "unknown_app", "the table has no such app")),
        AppState::Inactive(why) => return Ok(unfit(id, "inactive_app", why)),
    };
    let seen = match &request {
        Request::Assertion(_, call) => {
            let recipient = Some((call.recipient().map(str::to_owned), app.audience.clone()));
            of(&**call, &app, table, now).await.map(|seen| seen.map(|seen| Seen { recipient, ..seen }))
        }
        Request::Token(_, call) => of(&**call, &app, table, now).await,
        Request::Pool(_, event) => of(&**event, &app, table, now).await,
        // An event is never read as options.
        Request::Options(_) => return Err(Failure::Usage("--request names an event".to_owned())),
    };
    Ok(seen?.unwrap_or_else(|why| unfit(id, why.reason(), &why.to_string())))
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
        return Ok(Err(Unfit::NoUser));
    }
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
    let left_out = |note: &Note<'_>| match note {
        Note::TagLeftOut { key, why } => Some(((*key).to_owned(), (*why).to_owned())),
        _ => None,
    };
    let denied = match &decision.outcome {
        Outcome::Deny(deny) => Some((deny.reason().to_owned(), deny.to_string())),
        Outcome::Access(_) | Outcome::NoAccess => None,
    };
    let remarks = request.no_place().into_iter().chain(request.remarks(app, groups.len()));
    Ok(Ok(Seen {
        app: app.id.to_string(),
        unfit: None,
        groups_claim: app.groups_claim.clone(),
        groups: groups.len(),
        known: snapshot.groups.len(),
        identity_from: app.identity.from.to_string(),
        identity: identity.map(str::to_owned),
        tags_left_out: decision.notes.iter().filter_map(left_out).collect(),
        denied,
        recipient: None,
        remarks: remarks.map(|remark| (remark.kind.to_owned(), remark.detail)).collect(),
    }))
}
