//! `plan` and `apply`.

use std::path::Path;

use serde_json::{Value, json};
use signet_core::app::AppId;
use signet_core::grant::{SourceId, Timestamp};
use signet_store::Table;
use signet_store::apply::{Applied, ApplyError, Collision, Plan, Revision};
use signet_store::sign_in::AppState;

use crate::args::{Apply, Plan as PlanArgs};
use crate::console::Console;
use crate::failure::{Exit, Failure};
use crate::file::{Entitlements, Problem};
use crate::render::{collision, plan as render};

use super::provenance;

/// Up to how many grants may be withdrawn whatever their share.
const FEW_GRANTS: usize = 20;
/// Which share of a source's grants may be withdrawn whatever their number: one in so many.
const SMALL_SHARE: usize = 5;

/// What applying a file would change.
struct Prepared {
    plan: Plan,
    warnings: Vec<Problem>,
    /// Apps that the table has from this source, and the file leaves out.
    kept: Vec<AppId>,
}

pub(super) async fn plan(
    args: &PlanArgs,
    file: Entitlements,
    table: &Table,
    as_json: bool,
    console: &mut Console<'_>,
) -> Result<Exit, Failure> {
    let Prepared { plan, warnings, kept } = prepare(&args.file, file, table, console).await?.1;
    if as_json {
        let mut value = render::json(&plan, &kept);
        add(&mut value, "warnings", warnings.iter().map(problem_json).collect());
        console.json(&value)?;
    } else {
        console.result(&render::text(&plan, &kept))?;
    }
    // A group that is left out is a difference too, though applying the file would not mend it.
    let differs = !render::is_empty(&plan) || !plan.left_out.is_empty();
    Ok(if args.exit_code && differs { Exit::Found } else { Exit::Done })
}

/// Refuses an application that nobody can consent to, before anything is read.
pub(super) fn check_consent(yes: bool, as_json: bool, console: &Console<'_>) -> Result<(), Failure> {
    let why = match (yes, as_json, console.is_interactive()) {
        (true, _, _) | (false, false, true) => return Ok(()),
        (false, true, _) => "with --json",
        (false, false, false) => "without a terminal",
    };
    Err(Failure::Usage(format!("nobody can be asked {why}: say --yes to apply without a question")))
}

pub(super) async fn apply(
    args: &Apply,
    file: Entitlements,
    table: &Table,
    as_json: bool,
    now: Timestamp,
    console: &mut Console<'_>,
) -> Result<Exit, Failure> {
    check_consent(args.yes, as_json, console)?;
    let (file, Prepared { plan, warnings, kept }) = prepare(&args.file, file, table, console).await?;
    if !as_json {
        console.result(&render::text(&plan, &kept))?;
    }
    check_withdrawals(&plan, now, args.allow_withdrawals)?;
    let nothing = render::is_empty(&plan);
    if !args.yes && !nothing && !console.confirm("\nApply these changes?")? {
        return Err(Failure::Declined);
    }
    // Also where there is nothing to change: an earlier application may have stopped half-way
    // between what a plan looks at and what else it writes.
    let provenance = provenance("apply", now)?;
    let ended = table.apply(&file.source, Revision::After(plan.claimed), &file.statement, &provenance).await;
    if matches!(ended, Err(ApplyError::Store(_) | ApplyError::Contended { .. })) {
        console.message("The file may be applied in part. Apply it again: that is safe, and completes it.");
    }
    let ended = ended?;
    let done = match &ended.applied {
        Applied::Superseded { by } => {
            return Err(Failure::Superseded { source_id: file.source.clone(), by: *by });
        }
        Applied::Unchanged | Applied::Repeated => None,
        Applied::Changed(done) => Some(done),
    };
    if as_json {
        let mut value = render::json(done.unwrap_or(&plan), &kept);
        add(&mut value, "applied", json!(done.is_some()));
        add(&mut value, "event", json!(done.map(|_| provenance.event.as_str())));
        add(&mut value, "warnings", warnings.iter().map(problem_json).collect());
        add(&mut value, "collisions", collision::json(&ended.unannounced));
        console.json(&value)?;
    } else {
        let earlier = collision::earlier(&ended.unannounced, done);
        let mut text = done.map(|done| summary(done, &provenance.event)).unwrap_or_default();
        text.push_str(&collision::earlier_text(&earlier, &file.source));
        console.result(&text)?;
    }
    announce(table, &file.source, &ended.unannounced, console).await?;
    Ok(Exit::Done)
}

fn summary(done: &Plan, event: &str) -> String {
    let totals = render::Totals::of(done).line();
    format!("\nApplied as {event} to source {}: {totals}.\n{}", done.source, collision::text(done))
}

/// Notes that people were told of collisions, once they were.
pub(super) async fn announce(
    table: &Table,
    source: &SourceId,
    collisions: &[Collision],
    console: &mut Console<'_>,
) -> Result<(), Failure> {
    if collisions.is_empty() {
        return Ok(());
    }
    let noted = table.announced(source, collisions).await;
    if noted.is_err() {
        console.message("All is applied; but that the collisions were shown is not noted: they will be shown again.");
    }
    Ok(noted?)
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

/// Plans a file. Prints its warnings.
async fn prepare(
    path: &Path,
    mut file: Entitlements,
    table: &Table,
    console: &mut Console<'_>,
) -> Result<(Entitlements, Prepared), Failure> {
    let plan = table.plan(&file.source, &file.statement).await?;
    let known = table.apps().await?;
    let stated = |id: &AppId| file.statement.apps.iter().any(|stated| stated.app.id == *id);
    let kept = known
        .iter()
        .filter(|(source, stored)| *source == file.source && !stated(&stored.app.id))
        .map(|(_, stored)| stored.app.id.clone())
        .collect();
    let mut warnings = std::mem::take(&mut file.warnings);
    for (app, problem) in std::mem::take(&mut file.foreign_apps) {
        let listed = known.iter().any(|(_, stored)| stored.app.id == app);
        // The list may lag, and has no apps that only events know.
        if !listed && table.sign_in(app.as_str(), &[]).await?.app == AppState::Unknown {
            warnings.push(problem);
        }
    }
    warnings.sort();
    for warning in &warnings {
        console.message(&format!("{}:{}", path.display(), labelled(warning)));
    }
    Ok((file, Prepared { plan, warnings, kept }))
}

fn labelled(warning: &Problem) -> Problem {
    Problem { what: format!("warning: {}", warning.what), ..warning.clone() }
}

fn problem_json(problem: &Problem) -> Value {
    json!({ "line": problem.line, "column": problem.column, "field": problem.field, "message": problem.what })
}

/// Adds a member to an object.
pub(super) fn add(object: &mut Value, member: &str, value: Value) {
    if let Some(members) = object.as_object_mut() {
        members.insert(member.to_owned(), value);
    }
}

#[cfg(test)]
mod tests;
