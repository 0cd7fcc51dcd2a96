//! `audit`.

mod user_pools;

use signet_core::grant::Timestamp;
use signet_core::trust::plan::Quota;
use signet_reconcile::audit;
use signet_store::{StoreError, Table};

use super::trust::reach;
use crate::args::Connection;
use crate::args::trust::Audit;
use crate::connect;
use crate::console::Console;
use crate::failure::{Exit, Failure};
use crate::render::audit::{self as render, Capacity};

pub(super) async fn audit(
    args: &Audit,
    connection: &Connection,
    as_json: bool,
    now: Timestamp,
    clock: fn() -> Timestamp,
    console: &mut Console<'_>,
) -> Result<Exit, Failure> {
    let bounds = reach::bounds(&args.reach)?;
    if !reach::is_bounded(&bounds) {
        console.message(reach::UNBOUNDED);
    }
    let settings = reach::settings(bounds, &args.reach);
    let table = connect::table(connection).await?;
    let capacity = if args.capacity { Some(capacity(&table, settings.quota).await?) } else { None };
    let found = if args.offline {
        audit::offline(&table, &settings, now).await?
    } else {
        let reconciler = reach::reconciler(table.clone(), settings, &args.reach, connection, clock).await?;
        let mut found = reconciler.audit(now, |line| console.message(line)).await?;
        let functions = &args.pre_token_arns;
        found.extend(user_pools::findings(&table, connection, functions, |line| console.message(line)).await?);
        audit::sorted(found)
    };
    if as_json {
        console.json(&render::json(&found, capacity.as_deref()))?;
    } else {
        console.result(&render::text(&found, capacity.as_deref()))?;
    }
    Ok(if args.exit_code && render::is_serious(&found) { Exit::Found } else { Exit::Done })
}

/// What is left of the quota on each role whose trust policy was written or found, the fullest first.
async fn capacity(table: &Table, quota: Quota) -> Result<Vec<Capacity>, StoreError> {
    let accounts = table.accounts().await?;
    let roles = accounts.into_iter().flat_map(|account| account.roles.into_values());
    let mut all: Vec<Capacity> = roles
        .filter_map(|state| {
            Some(Capacity { role: state.role, length: state.written?.length, quota: quota.characters() })
        })
        .collect();
    all.sort_by(|a, b| b.length.cmp(&a.length).then_with(|| a.role.cmp(&b.role)));
    Ok(all)
}
