//! `explain`.

mod request;

use std::collections::BTreeMap;

use signet_core::app::{App, AppId};
use signet_core::code::Sha256Hasher;
use signet_core::decision::SignIn;
use signet_core::grant::Timestamp;
use signet_core::role::Protocol;
use signet_core::saml;
use signet_core::session::DecisionId;
use signet_store::past::Past;
use signet_store::sign_in::{AppState, Snapshot};
use signet_store::{Meta, Table};

use self::request::{Asked, Request};
use crate::args::{Connection, Explain};
use crate::connect;
use crate::console::Console;
use crate::failure::{Exit, Failure};
use crate::random;
use crate::render::explain::{self as render, Refused};
use crate::time;

pub(super) async fn explain(
    args: &Explain,
    connection: &Connection,
    as_json: bool,
    now: Timestamp,
    console: &mut Console<'_>,
) -> Result<Exit, Failure> {
    let has_access = match Request::read(args)? {
        Asked::Refused { app, reason, why } => {
            let refusal = Refused { app: &app, reason, why: &why, at: args.at, since: None };
            refused(&refusal, as_json, console)?
        }
        Asked::SignIn(request) => {
            let table = connect::table(connection).await?;
            match args.at {
                None => sign_in(&request, &Reading::Live(&table), as_json, now, console).await?,
                Some(at) => {
                    if at > now {
                        let at = time::show(at);
                        console.message(&format!("note: {at} is still to come: this is if nothing changes until then"));
                    }
                    look_back(&request, &table, at, as_json, console).await?
                }
            }
        }
    };
    Ok(if args.exit_code && !has_access { Exit::Found } else { Exit::Done })
}

/// As [`sign_in`], by the table as it was at a moment.
async fn look_back(
    request: &Request,
    table: &Table,
    at: Timestamp,
    as_json: bool,
    console: &mut Console<'_>,
) -> Result<bool, Failure> {
    let past = Past::at(at, table.whole_history().await?);
    if !past.is_unknown() {
        return sign_in(request, &Reading::Past(&past, table.warm().await?), as_json, at, console).await;
    }
    let why = match past.begins() {
        None => "the table has no history: nothing was ever applied to it".to_owned(),
        Some(begins) => {
            let (at, begins) = (time::show(at), time::show(begins));
            format!("the table's history has nothing of {at} or before: it begins at {begins}")
        }
    };
    let refusal = Refused { app: request.app(), reason: "no_history", why: &why, at: Some(at), since: None };
    refused(&refusal, as_json, console)
}

/// What a sign-in is decided by.
enum Reading<'t> {
    /// The table as it is.
    Live(&'t Table),
    /// The table as it was, with its settings, which never change.
    Past(&'t Past, Meta),
}

impl<'t> Reading<'t> {
    async fn sign_in(&self, app: &str, groups: &[&str]) -> Result<Snapshot, Failure> {
        match self {
            Self::Live(table) => Ok(table.sign_in(app, groups).await?),
            Self::Past(past, meta) => Ok(past.sign_in(*meta, app, groups)),
        }
    }

    fn past(&self) -> Option<&'t Past> {
        match self {
            Self::Live(_) => None,
            Self::Past(past, _) => Some(past),
        }
    }
}

/// Whether there is access, having said why.
async fn sign_in(
    request: &Request,
    reading: &Reading<'_>,
    as_json: bool,
    now: Timestamp,
    console: &mut Console<'_>,
) -> Result<bool, Failure> {
    // The app says which claim carries the groups, and whoever asks may wait for a second read.
    let groups = match reading.sign_in(request.app(), &[]).await?.app {
        AppState::Active(app) => request.groups(&app.groups_claim),
        AppState::Unknown | AppState::Inactive(_) => Vec::new(),
    };
    let snapshot = reading.sign_in(request.app(), &groups).await?;
    let at = reading.past().map(|_| now);
    let (reason, why) = match &snapshot.app {
        AppState::Active(app) if app.protocol == Protocol::Saml => {
            let found = Found { app, groups: &groups, snapshot: &snapshot, past: reading.past() };
            return decided(request, &found, now, as_json, console);
        }
        AppState::Active(app) => {
            ("app_protocol", format!("the app is stated as `{}`, and signs in by `saml`", app.protocol.as_str()))
        }
        AppState::Unknown if at.is_some() => ("unknown_app", "the table had no such app then".to_owned()),
        AppState::Unknown => ("unknown_app", "the table has no such app".to_owned()),
        AppState::Inactive(why) => ("inactive_app", format!("the app is not active: {why}")),
    };
    let id = AppId::parse(request.app()).ok();
    let since = reading.past().zip(id).and_then(|(past, id)| past.cause_of_app(&id));
    refused(&Refused { app: request.app(), reason, why: &why, at, since }, as_json, console)
}

/// Says that there is no access, and why.
fn refused(refusal: &Refused<'_>, as_json: bool, console: &mut Console<'_>) -> Result<bool, Failure> {
    if as_json {
        console.json(&refusal.json())?;
    } else {
        console.result(&refusal.text())?;
    }
    Ok(false)
}

/// All that a decision is made of, but the request.
struct Found<'f> {
    app: &'f App,
    groups: &'f [&'f str],
    snapshot: &'f Snapshot,
    past: Option<&'f Past>,
}

fn decided(
    request: &Request,
    found: &Found<'_>,
    now: Timestamp,
    as_json: bool,
    console: &mut Console<'_>,
) -> Result<bool, Failure> {
    let Found { app, groups, snapshot, past } = *found;
    let id = DecisionId::from_random(random::bytes()?);
    let tag_values: BTreeMap<&str, Vec<&str>> =
        app.tags.rules().iter().map(|(key, rule)| (key.as_str(), request.claim(&rule.claim))).collect();
    let identity = request.identity(&app.identity.from);
    let sign_in = SignIn {
        id: &id,
        app,
        width: snapshot.meta.width,
        now,
        identity,
        groups,
        records: &snapshot.groups,
        tag_values,
    };
    let (decision, attributes) = saml::decide(&sign_in, &request.base(&app.groups_claim), &Sha256Hasher);
    let explained = render::Explained { sign_in: &sign_in, decision: &decision, attributes: &attributes, past };
    if as_json {
        console.json(&explained.json())?;
    } else {
        console.result(&explained.text())?;
    }
    Ok(!attributes.is_empty())
}
