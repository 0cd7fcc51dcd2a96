//! What codes and apps are called.

use std::collections::BTreeSet;

use signet_core::app::AppId;
use signet_core::code::GroupCode;
use signet_reconcile::AccountReport;
use signet_reconcile::gates::gates;
use signet_store::Table;

use crate::failure::Failure;
use crate::render::trust::{Names, codes};

/// Looks up what the codes and apps in reports are called.
pub(super) async fn names(table: &Table, reports: &[AccountReport]) -> Result<Names, Failure> {
    let roles = || reports.iter().flat_map(|report| &report.roles);
    let spoken: BTreeSet<AppId> = roles().flat_map(|role| role.codes.keys().cloned()).collect();
    let apps = table.known_apps(&spoken).await?;
    let codes: BTreeSet<String> = roles().flat_map(codes).collect();
    let codes: Vec<GroupCode> = codes.iter().filter_map(|code| GroupCode::parse(code).ok()).collect();
    let owners = table.code_owners(&codes).await?;
    let name = |app: &signet_store::trust::desired::KnownApp| {
        let stated = app.stated.as_ref().and_then(|stated| stated.app.name.clone());
        stated.or_else(|| app.provider.as_ref().map(|half| half.name.clone()))
    };
    Ok(Names {
        gates: gates(&apps).0,
        apps: apps.iter().filter_map(|(id, app)| Some((id.clone(), name(app)?))).collect(),
        groups: owners.into_iter().flatten().map(|owner| (owner.code.to_string(), owner)).collect(),
    })
}
