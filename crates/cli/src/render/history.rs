//! What changed, when and by which event.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use serde_json::{Value, json};
use signet_core::code::Salt;
use signet_core::grant::SourceId;
use signet_store::history::{HistoryRow, PastApp, PastGroup, PastProvider};
use signet_store::provider::AppProvider;

use super::plan::{grant_json, grant_text};
use crate::export::app_json;
use crate::text::{group, printable};
use crate::time;

/// Rows for people, in the order given.
#[must_use]
pub fn text(rows: &[HistoryRow]) -> String {
    let mut text = String::new();
    for row in rows {
        let (at, event) = (time::show(row.at), printable(&row.event));
        let by = match (&row.source, row.revision) {
            (Some(source), Some(revision)) => format!("{source}  revision {revision}"),
            (Some(source), None) => source.to_string(),
            (None, Some(revision)) if row.provider.is_some() => format!("provider event  revision {revision}"),
            (None, _) => "by hand".to_owned(),
        };
        let _ = writeln!(text, "{at}  {event}  {by}");
        for change in &row.groups {
            write_group(&mut text, change);
        }
        for change in &row.apps {
            write_app(&mut text, change);
        }
        if let Some(change) = &row.provider {
            write_provider(&mut text, change);
        }
    }
    text
}

fn write_group(text: &mut String, change: &PastGroup) {
    let salt = if change.salt == Salt::NONE { String::new() } else { format!(", salt {}", change.salt.get()) };
    let _ = writeln!(text, "  {}  [{}{salt}]", group(&change.group, change.label.as_deref()), change.code);
    if let Some((taken, owner)) = &change.displaced_by {
        let _ = writeln!(text, "    displaced: {taken} was taken by `{}`", printable(owner.as_str()));
    }
    if change.registers {
        let _ = writeln!(text, "    registered {}", change.code);
    }
    for grant in change.removed() {
        let _ = writeln!(text, "    - {}", grant_text(grant));
    }
    for grant in change.added() {
        let _ = writeln!(text, "    + {}", grant_text(grant));
    }
    if change.retires {
        let _ = writeln!(text, "    retired {}", change.code);
    }
    if change.releases {
        let _ = writeln!(text, "    released {}", change.code);
    }
    if let Some(label) = &change.label {
        let _ = writeln!(text, "    label: {}", printable(label));
    }
}

fn write_app(text: &mut String, change: &PastApp) {
    let id = &change.after.app.id;
    let Some(before) = &change.before else {
        let _ = writeln!(text, "  app {id}  new");
        return;
    };
    let _ = writeln!(text, "  app {id}  changed");
    write_members(text, &app_json(before), &app_json(&change.after));
}

fn write_provider(text: &mut String, change: &PastProvider) {
    let (was, is) = (change.before.as_ref().map(|before| before.active), change.after.active);
    let what = match (was, is) {
        (None, true) => "new",
        (None | Some(true), false) => "deleted",
        (Some(false), true) => "there again",
        (Some(true), true) | (Some(false), false) => "changed",
    };
    let _ = writeln!(text, "  provider {} of app {}  {what}", change.after.provider.as_str(), change.app);
    // Of one that is new, all it says: no file has it in full.
    write_members(text, &change.before.as_ref().map_or(Value::Null, provider_json), &provider_json(&change.after));
}

/// The members that differ, a line each.
fn write_members(text: &mut String, before: &Value, after: &Value) {
    let members = [before, after].into_iter().filter_map(Value::as_object).flat_map(|members| members.keys());
    for member in members.collect::<BTreeSet<_>>() {
        let (was, is) = (before.get(member), after.get(member));
        if before.is_null() {
            if is.is_some_and(|is| !is.is_null()) {
                let _ = writeln!(text, "    {member}: {}", shown(is));
            }
        } else if was != is {
            let _ = writeln!(text, "    {member}: {}, was {}", shown(is), shown(was));
        }
    }
}

/// A member's value on one line.
fn shown(value: Option<&Value>) -> String {
    match value {
        None | Some(Value::Null) => "-".to_owned(),
        Some(Value::String(text)) => printable(text),
        Some(value) => printable(&value.to_string()),
    }
}

/// Rows for programs, in the order given.
#[must_use]
pub fn json(rows: &[HistoryRow]) -> Value {
    rows.iter()
        .map(|row| {
            json!({
                "at": time::show(row.at),
                "event": row.event,
                "source": row.source.as_ref().map(SourceId::as_str),
                "revision": row.revision,
                "groups": row.groups.iter().map(group_entry).collect::<Vec<_>>(),
                "apps": row.apps.iter().map(app_entry).collect::<Vec<_>>(),
                "provider": row.provider.as_ref().map(provider_entry),
            })
        })
        .collect()
}

fn group_entry(change: &PastGroup) -> Value {
    json!({
        "group": change.group.as_str(),
        "label": change.label,
        "code": change.code.as_str(),
        "salt": change.salt.get(),
        "registers": change.registers,
        "retires": change.retires,
        "releases": change.releases,
        "taken": change.displaced_by.as_ref().map(|(taken, _)| taken.as_str()),
        "owner": change.displaced_by.as_ref().map(|(_, owner)| owner.as_str()),
        "added": change.added().map(grant_json).collect::<Vec<_>>(),
        "removed": change.removed().map(grant_json).collect::<Vec<_>>(),
    })
}

fn app_entry(change: &PastApp) -> Value {
    json!({
        "app": change.after.app.id.as_str(),
        "before": change.before.as_ref().map(app_json),
        "after": app_json(&change.after),
    })
}

fn provider_entry(change: &PastProvider) -> Value {
    json!({
        "app": change.app.as_str(),
        "before": change.before.as_ref().map(provider_json),
        "after": provider_json(&change.after),
    })
}

/// What a provider event said, with the fields of the event; the SAML metadata by its digest.
fn provider_json(provider: &AppProvider) -> Value {
    json!({
        "state": if provider.active { "active" } else { "deleted" },
        "name": provider.name,
        "protocol": provider.protocol.as_str(),
        "provider": provider.provider.as_str(),
        "issuer_url": provider.issuer_url,
        "client_ids": (!provider.client_ids.is_empty()).then_some(&provider.client_ids),
        "audience": provider.audience,
        "saml_metadata_sha256": provider.metadata,
    })
}
