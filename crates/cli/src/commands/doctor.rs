//! `doctor`.

mod endpoint;
mod table;

use std::collections::{BTreeMap, BTreeSet};

use signet_core::grant::{Grant, Timestamp};
use signet_core::group::GroupKey;
use signet_reconcile::gates::gates;
use signet_store::Table;

use super::explain;
use crate::args::Connection;
use crate::args::doctor::Doctor;
use crate::connect;
use crate::console::Console;
use crate::doctor::{Check, State, apps, is_serious, request};
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
    let mut checks = Vec::new();
    match connect::dynamodb(connection).await {
        // What is missing for it is what the command is asked for: it is told like everything else.
        Err(failure) => {
            let fix = "--table, --region and --endpoint-url, or the environment";
            checks.push(Check::not_ok(State::Error, "environment", "-", failure.to_string(), fix));
        }
        Ok(reached) => {
            checks.extend(table::checks(&reached, clock).await);
            // Whatever keeps the table from being read is told by now.
            if !checks.iter().any(|check| check.state == State::Error) {
                checks.extend(read(args, &Table::new(reached.client, reached.name), now).await?);
            }
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

/// Looks at what the table has, and at requests by it.
async fn read(args: &Doctor, table: &Table, now: Timestamp) -> Result<Vec<Check>, Failure> {
    let mut checks = match stored(table, now).await {
        Ok(found) => found,
        Err(Failure::Store(error)) => {
            let fix = "CloudTrail says who wrote an item that is not Signet's; apply its source again";
            vec![Check::not_ok(State::Error, "apps", table.name(), error.to_string(), fix)]
        }
        Err(other) => return Err(other),
    };
    for path in &args.requests {
        checks.extend(request::checks(&explain::seen(path, table, now).await?));
    }
    Ok(checks)
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
async fn stored(table: &Table, now: Timestamp) -> Result<Vec<Check>, Failure> {
    let width = table.warm().await?.width;
    let accounts = table.accounts_with_faults().await?.states;
    let known: BTreeSet<_> =
        accounts.iter().filter_map(|account| account.row.as_ref()).flat_map(|row| row.apps.clone()).collect();
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
    Ok(apps::checks(&known))
}
