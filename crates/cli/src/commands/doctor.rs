//! `doctor`.

mod endpoint;
mod table;

use std::collections::{BTreeMap, BTreeSet};

use signet_core::grant::{Grant, Timestamp};
use signet_core::group::GroupKey;
use signet_reconcile::gates::gates;
use signet_store::{StoreError, Table};

use super::explain::Sample;
use crate::args::Connection;
use crate::args::doctor::Doctor;
use crate::connect;
use crate::console::Console;
use crate::doctor::{Check, State, apps, fault, is_serious, request};
use crate::failure::{Exit, Failure};
use crate::render::doctor as render;

pub(super) async fn doctor(
    args: &Doctor,
    connection: &Connection,
    as_json: bool,
    now: Timestamp,
    clock: fn() -> Timestamp,
    console: &mut Console<'_>,
) -> Result<Exit, Failure> {
    let secret = secret(args)?;
    // What is wrong on the command line is said before anybody is called.
    let requests = args.requests.iter().map(|path| Sample::read(path)).collect::<Result<Vec<_>, _>>()?;
    let mut checks = Vec::new();
    match connect::dynamodb(connection).await {
        // What is missing for it is what the command is asked for: it is told like everything else.
        Err(failure) => {
            let fix = "--table, --region and --endpoint-url, or the environment";
            checks.push(Check::not_ok(State::Error, "environment", "-", failure.to_string(), fix));
            checks.extend(in_table(None, false, &requests, now).await);
        }
        Ok(reached) => {
            let looked = table::look(&reached, clock).await;
            checks.extend(looked.checks);
            let table = looked.is_readable.then(|| Table::new(reached.client, reached.name));
            checks.extend(in_table(table.as_ref(), looked.has_index, &requests, now).await);
        }
    }
    for url in &args.urls {
        checks.extend(endpoint::checks(url, secret.as_deref()).await);
    }
    if as_json {
        console.json(&render::json(&checks))?;
    } else {
        console.result(&render::text(&checks))?;
    }
    Ok(if args.exit_code && is_serious(&checks) { Exit::Found } else { Exit::Done })
}

/// Looks at what the table has, and at requests by it; says of what cannot be looked at that it was not.
async fn in_table(table: Option<&Table>, has_index: bool, requests: &[Sample], now: Timestamp) -> Vec<Check> {
    let mut checks = match table {
        Some(table) if has_index => stored(table, now).await.unwrap_or_else(|error| vec![unread(table, &error)]),
        _ => vec![Check::not_looked_at("apps", table.map_or("-", Table::name))],
    };
    for request in requests {
        let Some(table) = table else {
            checks.push(Check::not_looked_at("request", request.path()));
            continue;
        };
        match request.seen(table, now).await {
            Ok(seen) => checks.extend(request::checks(&seen)),
            Err(failure) => {
                let fix = match &failure {
                    Failure::Store(error) => fault::fix(error),
                    _ => "try again".to_owned(),
                };
                checks.push(Check::not_ok(State::Error, "request", request.path(), failure.to_string(), fix));
            }
        }
    }
    checks
}

/// What keeps the table's apps from being read.
fn unread(table: &Table, error: &StoreError) -> Check {
    Check::not_ok(State::Error, "apps", table.name(), error.to_string(), fault::fix(error))
}

/// The value of Okta's header. It is never printed.
fn secret(args: &Doctor) -> Result<Option<String>, Failure> {
    for url in &args.urls {
        endpoint::check_address(url, args.secret_env.is_some())?;
    }
    let Some(name) = &args.secret_env else { return Ok(None) };
    match std::env::var(name) {
        Ok(secret) if !secret.is_empty() => Ok(Some(secret)),
        _ => Err(Failure::Usage(format!("--secret-env: the environment has no variable `{name}`"))),
    }
}

/// What the table has of apps, and what all sources grant.
async fn stored(table: &Table, now: Timestamp) -> Result<Vec<Check>, StoreError> {
    let width = table.warm().await?.width;
    let accounts = table.accounts_with_faults().await?;
    let known: BTreeSet<_> =
        accounts.states.iter().filter_map(|account| account.row.as_ref()).flat_map(|row| row.apps.clone()).collect();
    let apps = table.known_apps(&known).await?;
    let mut groups: BTreeMap<GroupKey, BTreeSet<Grant>> = BTreeMap::new();
    for info in table.sources().await? {
        let Some(statement) = table.export(&info.source).await? else { continue };
        for (group, stated) in statement.groups {
            groups.entry(group).or_default().extend(stated.grants);
        }
    }
    let (_, without_gate) = gates(&apps);
    let known = apps::Known { width, apps: &apps, without_gate: &without_gate, groups: &groups, now };
    let rows = accounts.unreadable.iter().map(|row| apps::unreadable(table.name(), &row.corrupt));
    Ok(rows.chain(apps::checks(&known)).collect())
}
