//! `plan` and `apply`.

use std::path::Path;

use serde_json::{Value, json};
use signet_core::app::AppId;
use signet_core::grant::Timestamp;
use signet_core::session::DecisionId;
use signet_store::Table;
use signet_store::apply::{Applied, Plan, Provenance, Revision};
use signet_store::sign_in::AppState;

use crate::args::{Apply, Connection, Plan as PlanArgs};
use crate::connect;
use crate::console::Console;
use crate::failure::{Exit, Failure};
use crate::file::{self, Entitlements, Problem};
use crate::random;
use crate::render::plan as render;

/// Up to how many grants may be withdrawn whatever their share.
const FEW_GRANTS: usize = 20;
/// Which share of a source's grants may be withdrawn whatever their number: one in so many.
const SMALL_SHARE: usize = 5;

/// A file without mistakes, and what applying it would change.
struct Prepared {
    table: Table,
    file: Entitlements,
    plan: Plan,
    /// Apps that the table has from this source, and the file leaves out.
    kept: Vec<AppId>,
}

pub(super) async fn plan(
    args: &PlanArgs,
    connection: &Connection,
    as_json: bool,
    now: Timestamp,
    console: &mut Console<'_>,
) -> Result<Exit, Failure> {
    let prepared = prepare(&args.file, connection, now, console).await?;
    let Prepared { plan, kept, .. } = &prepared;
    if as_json {
        let mut value = render::json(plan, kept);
        add(&mut value, "warnings", prepared.file.warnings.iter().map(problem_json).collect());
        console.json(&value)?;
    } else {
        console.result(&render::text(plan, kept))?;
    }
    Ok(if args.exit_code && !render::is_empty(plan) { Exit::Found } else { Exit::Done })
}

pub(super) async fn apply(
    args: &Apply,
    connection: &Connection,
    as_json: bool,
    now: Timestamp,
    console: &mut Console<'_>,
) -> Result<Exit, Failure> {
    if !args.yes && (as_json || !console.is_interactive()) {
        let why = if as_json { "with --json" } else { "without a terminal" };
        return Err(Failure::Usage(format!("nobody can be asked {why}: say --yes to apply without a question")));
    }
    let prepared = prepare(&args.file, connection, now, console).await?;
    let Prepared { table, file, plan, kept } = &prepared;
    if !as_json {
        console.result(&render::text(plan, kept))?;
    }
    check_withdrawals(plan, now, args.allow_withdrawals)?;
    let nothing = render::is_empty(plan);
    if !args.yes && !nothing && !console.confirm("\nApply these changes?")? {
        return Err(Failure::Declined);
    }
    // Also where there is nothing to change: an earlier application may have stopped half-way
    // between what a plan looks at and what else it writes.
    let event = format!("apply-{}", DecisionId::from_random(random::bytes()?));
    let provenance = Provenance { at: now, event };
    let applied = table.apply(&file.source, Revision::After(plan.claimed), &file.statement, &provenance).await?;
    let done = match &applied {
        Applied::Superseded { by } => {
            return Err(Failure::Superseded { source_id: file.source.clone(), by: *by });
        }
        Applied::Unchanged => None,
        Applied::Changed(done) => Some(done),
    };
    if as_json {
        let mut value = render::json(done.unwrap_or(plan), kept);
        add(&mut value, "applied", json!(done.is_some()));
        add(&mut value, "event", json!(done.map(|_| provenance.event.as_str())));
        add(&mut value, "warnings", file.warnings.iter().map(problem_json).collect());
        console.json(&value)?;
    } else if let Some(done) = done {
        console.result(&summary(done, &provenance.event))?;
    }
    Ok(Exit::Done)
}

fn summary(done: &Plan, event: &str) -> String {
    let mut text =
        format!("\nApplied as {event} to source {}: {}.\n", done.source, render::Totals::of(done).line());
    if !done.displaced.is_empty() {
        text.push_str("\nDISPLACED\n");
        text.push_str(&render::displaced(&done.displaced));
    }
    text
}

/// Stops an application that withdraws much: a file cut short, or one of another source's name.
fn check_withdrawals(plan: &Plan, now: Timestamp, allowed: bool) -> Result<(), Failure> {
    let withdrawn = render::withdrawn(plan, now);
    let before = plan.grants_before;
    if !allowed && withdrawn > FEW_GRANTS && withdrawn.saturating_mul(SMALL_SHARE) > before {
        return Err(Failure::TooManyWithdrawals { source_id: plan.source.clone(), withdrawn, before });
    }
    Ok(())
}

/// Reads the file and plans it. Prints the file's warnings.
async fn prepare(
    path: &Path,
    connection: &Connection,
    now: Timestamp,
    console: &mut Console<'_>,
) -> Result<Prepared, Failure> {
    let mut file = file::read(path, now)?;
    let table = connect::table(connection).await?;
    let plan = table.plan(&file.source, &file.statement).await?;
    let known = table.apps().await?;
    let stated = |id: &AppId| file.statement.apps.iter().any(|stated| stated.app.id == *id);
    let kept = known
        .iter()
        .filter(|(source, stored)| *source == file.source && !stated(&stored.app.id))
        .map(|(_, stored)| stored.app.id.clone())
        .collect();
    for (app, problem) in std::mem::take(&mut file.foreign_apps) {
        let listed = known.iter().any(|(_, stored)| stored.app.id == app);
        // The list may lag, and has no apps that only events know.
        if !listed && table.sign_in(app.as_str(), &[]).await?.app == AppState::Unknown {
            file.warnings.push(problem);
        }
    }
    file.warnings.sort();
    for warning in &file.warnings {
        console.message(&format!("{}:{}", path.display(), labelled(warning)));
    }
    Ok(Prepared { table, file, plan, kept })
}

fn labelled(warning: &Problem) -> Problem {
    Problem { what: format!("warning: {}", warning.what), ..warning.clone() }
}

fn problem_json(problem: &Problem) -> Value {
    json!({ "line": problem.line, "column": problem.column, "field": problem.field, "message": problem.what })
}

fn add(object: &mut Value, member: &str, value: Value) {
    if let Some(members) = object.as_object_mut() {
        members.insert(member.to_owned(), value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use signet_core::code::{GroupCode, Salt};
    use signet_core::grant::{Grant, SourceId};
    use signet_core::group::GroupKey;
    use signet_core::role::RoleArn;
    use signet_store::apply::GroupChange;

    fn withdrawing(removed: usize, before: usize) -> Plan {
        let role = |n| RoleArn::parse(&format!("arn:aws:iam::111122223333:role/r{n}")).unwrap();
        let removed = (0..removed).map(|n| Grant { role: role(n), apps: None, expires_at: None }).collect();
        Plan {
            source: SourceId::file("f").unwrap(),
            claimed: 1,
            grants_before: before,
            groups: vec![GroupChange {
                group: GroupKey::new("g").unwrap(),
                label: None,
                code: GroupCode::parse("abcd").unwrap(),
                salt: Salt::NONE,
                registers: false,
                retires: false,
                added: Vec::new(),
                removed,
            }],
            apps: Vec::new(),
            displaced: Vec::new(),
        }
    }

    #[test]
    fn much_is_more_than_twenty_and_more_than_a_fifth() {
        let now = Timestamp::from_seconds(0);
        for (removed, before, stopped) in
            [(20, 20, false), (21, 21, true), (21, 104, true), (21, 105, false), (22, 105, true), (1, 1, false)]
        {
            let plan = withdrawing(removed, before);
            assert_eq!(check_withdrawals(&plan, now, false).is_err(), stopped, "{removed} of {before}");
            assert!(check_withdrawals(&plan, now, true).is_ok());
        }
    }
}
