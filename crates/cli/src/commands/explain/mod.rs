//! `explain`.

mod request;

use std::collections::BTreeMap;

use signet_core::app::App;
use signet_core::code::Sha256Hasher;
use signet_core::decision::SignIn;
use signet_core::grant::Timestamp;
use signet_core::role::Protocol;
use signet_core::saml;
use signet_core::session::DecisionId;
use signet_store::Table;
use signet_store::sign_in::{AppState, Snapshot};

use self::request::{Asked, Request};
use crate::args::{Connection, Explain};
use crate::connect;
use crate::console::Console;
use crate::failure::{Exit, Failure};
use crate::random;
use crate::render::explain as render;

pub(super) async fn explain(
    args: &Explain,
    connection: &Connection,
    as_json: bool,
    now: Timestamp,
    console: &mut Console<'_>,
) -> Result<Exit, Failure> {
    let has_access = match Request::read(args)? {
        Asked::Refused { app, reason, why } => refused(&app, reason, &why, as_json, console)?,
        Asked::SignIn(request) => {
            let table = connect::table(connection).await?;
            sign_in(&request, &table, as_json, now, console).await?
        }
    };
    Ok(if args.exit_code && !has_access { Exit::Found } else { Exit::Done })
}

/// Whether there is access, having said why.
async fn sign_in(
    request: &Request,
    table: &Table,
    as_json: bool,
    now: Timestamp,
    console: &mut Console<'_>,
) -> Result<bool, Failure> {
    // The app says which claim carries the groups, and whoever asks may wait for a second read.
    let groups = match table.sign_in(request.app(), &[]).await?.app {
        AppState::Active(app) => request.groups(&app.groups_claim),
        AppState::Unknown | AppState::Inactive(_) => Vec::new(),
    };
    let snapshot = table.sign_in(request.app(), &groups).await?;
    let refusal = match &snapshot.app {
        AppState::Active(app) if app.protocol == Protocol::Saml => {
            return decided(request, app, &groups, &snapshot, now, as_json, console);
        }
        AppState::Active(app) => {
            ("app_protocol", format!("the app is stated as `{}`, and signs in by `saml`", app.protocol.as_str()))
        }
        AppState::Unknown => ("unknown_app", "the table has no such app".to_owned()),
        AppState::Inactive(why) => ("inactive_app", format!("the app is not active: {why}")),
    };
    refused(request.app(), refusal.0, &refusal.1, as_json, console)
}

/// Says that there is no access, and why; the reasons are the words that the hook's log has.
fn refused(app: &str, reason: &str, why: &str, as_json: bool, console: &mut Console<'_>) -> Result<bool, Failure> {
    if as_json {
        console.json(&render::refused_json(app, reason, why))?;
    } else {
        console.result(&render::refused_text(app, why))?;
    }
    Ok(false)
}

fn decided(
    request: &Request,
    app: &App,
    groups: &[&str],
    snapshot: &Snapshot,
    now: Timestamp,
    as_json: bool,
    console: &mut Console<'_>,
) -> Result<bool, Failure> {
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
    let explained = render::Explained { sign_in: &sign_in, decision: &decision, attributes: &attributes };
    if as_json {
        console.json(&explained.json())?;
    } else {
        console.result(&explained.text())?;
    }
    Ok(!attributes.is_empty())
}
