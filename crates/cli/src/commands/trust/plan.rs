//! `trust plan`.

use std::pin::pin;

use futures_util::{StreamExt, stream};
use signet_core::grant::Timestamp;
use signet_core::role::AccountId;
use signet_reconcile::AccountReport;
use signet_reconcile::account::Scope;

use super::names::names;
use super::reach::{self, ACCOUNTS_AT_ONCE, Remote};
use crate::args::Connection;
use crate::args::trust::TrustPlan;
use crate::connect;
use crate::console::Console;
use crate::failure::{Exit, Failure};
use crate::render::trust as render;
use crate::text::count;

pub(super) async fn plan(
    args: &TrustPlan,
    connection: &Connection,
    as_json: bool,
    clock: fn() -> Timestamp,
    console: &mut Console<'_>,
) -> Result<Exit, Failure> {
    let reach = &args.of.reach;
    let mut bounds = reach::bounds(reach)?;
    if !reach::is_bounded(&bounds) {
        console.message(reach::UNBOUNDED);
        // What would be written, were it allowed.
        bounds.paths.insert("/".to_owned());
    }
    let table = connect::table(connection).await?;
    let selected = reach::select(&args.of, &table, connection, &mut bounds).await?;
    let reconciler = reach::reconciler(table.clone(), reach::settings(bounds, reach), reach, connection, clock).await?;
    let reports = preview(&reconciler, &selected, console).await?;
    let names = names(&table, &reports).await?;
    if as_json {
        console.json(&render::json(&reports, &names))?;
    } else {
        console.result(&render::text(&reports, &names, reach.quota.quota, false))?;
    }
    let mut roles = reports.iter().flat_map(|report| &report.roles);
    let totals = render::Totals::of(&reports);
    Ok(if roles.any(render::is_unseen) || totals.providers_failed > 0 {
        Exit::Failed
    } else if args.exit_code && (totals.is_change() || totals.is_failure()) {
        Exit::Found
    } else {
        Exit::Done
    })
}

/// What attending to accounts would do, in their order.
pub(super) async fn preview(
    reconciler: &Remote,
    selected: &[(AccountId, Scope)],
    console: &mut Console<'_>,
) -> Result<Vec<AccountReport>, Failure> {
    let looks = selected.iter().map(|(account, scope)| reconciler.preview(account, scope));
    let mut looks = pin!(stream::iter(looks).buffered(ACCOUNTS_AT_ONCE));
    let mut reports = Vec::new();
    while let Some(report) = looks.next().await {
        let report = report?;
        let (done, all) = (reports.len() + 1, selected.len());
        let roles = count(report.roles.len(), "role");
        console.message(&format!("account {} ({done} of {all}): {roles}", report.account));
        reports.push(report);
    }
    Ok(reports)
}
