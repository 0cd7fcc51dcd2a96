//! `trust render`.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::{Value, json};
use signet_core::app::AppId;
use signet_core::grant::Timestamp;
use signet_core::trust::desired::Desired;
use signet_core::trust::document::Document;
use signet_core::trust::grants::codes_at;
use signet_core::trust::plan::{Fit, Plan, Quota};
use signet_reconcile::gates::gates;
use signet_store::Table;

use super::super::event::read;
use crate::args::Connection;
use crate::args::trust::Render;
use crate::connect;
use crate::console::Console;
use crate::failure::{Exit, Failure};
use crate::render::trust as show;
use crate::text;

/// A document that holds nothing.
const EMPTY: &str = r#"{"Version":"2012-10-17","Statement":[]}"#;
/// The highest quota that IAM gives any account, in characters.
const HIGHEST: usize = 8_192;

pub(super) async fn render(
    args: &Render,
    connection: &Connection,
    as_json: bool,
    now: Timestamp,
    console: &mut Console<'_>,
) -> Result<Exit, Failure> {
    let present = present(args.document.as_deref(), console)?;
    let table = connect::table(connection).await?;
    let (desired, without) = desired(args, &table, now).await?;
    // Whatever the quota, what is printed is what the table wants: what does not fit is said.
    let highest = Quota::new(HIGHEST).unwrap_or_default();
    let plan = Plan::new(&present, &desired, &desired.codes(), highest);
    if let Fit::TooLong { length, .. } = plan.fit {
        return Err(Failure::TooLong { role: args.role.clone(), length });
    }
    let (length, quota) = (plan.document.length(), args.quota.quota.characters());
    let left_out: Vec<String> = desired.left_out().iter().map(|one| show::left_out(one, &without)).collect();
    for one in &left_out {
        console.message(&format!("left out: {}", text::printable(one)));
    }
    if desired.is_empty() {
        console.message("note: nobody is to be trusted: the table grants the role to no group, or through no app");
    }
    let percent = length * 100 / quota;
    let over = if length > quota { "error: too long for IAM: " } else { "" };
    console.message(&format!("{over}{length} of {quota} characters ({percent} %)"));
    let written = plan.document.render();
    if as_json {
        let document: Value = serde_json::from_str(&written).unwrap_or(Value::Null);
        console.json(&json!({
            "role": args.role.as_str(),
            "document": document,
            "length": length,
            "quota": quota,
            "fits": length <= quota,
            "left_out": left_out,
        }))?;
    } else if args.compact {
        console.result(&text::visible_json(&format!("{written}\n")))?;
    } else {
        console.result(&text::visible_json(&text::indented(&written)))?;
    }
    Ok(if length > quota { Exit::Failed } else { Exit::Done })
}

/// The document that ours is merged into.
fn present(path: Option<&Path>, console: &mut Console<'_>) -> Result<Document, Failure> {
    let (shown, content) = match path {
        None => (String::new(), EMPTY.to_owned()),
        Some(path) => {
            let bytes = read(path, console)?;
            let unreadable = |error| Failure::Read { path: path.display().to_string(), error };
            let not_utf8 = |_| unreadable(std::io::Error::new(std::io::ErrorKind::InvalidData, "it is not UTF-8"));
            (path.display().to_string(), String::from_utf8(bytes).map_err(not_utf8)?)
        }
    };
    Document::parse(&content).map_err(|error| Failure::BadPolicy { path: shown, error })
}

/// Whom the role should trust, and why apps have no gate.
async fn desired(args: &Render, table: &Table, now: Timestamp) -> Result<(Desired, BTreeMap<AppId, String>), Failure> {
    let meta = table.warm().await?;
    let entries = table.role_entries(&args.role).await?;
    if entries.is_empty() && !table.account(&args.role.account_id()).await?.roles.contains_key(&args.role) {
        return Err(Failure::NoRole { roles: format!("`{}`", args.role), table: table.name().to_owned() });
    }
    let row = table.account(&args.role.account_id()).await?.row;
    let apps = table.known_apps(&row.map(|row| row.apps).unwrap_or_default()).await?;
    let (gates, without) = gates(&apps);
    let codes = codes_at(&entries, apps.keys(), now);
    Ok((Desired::new(&args.role, meta.width, &gates, &codes), without.into_iter().collect()))
}
