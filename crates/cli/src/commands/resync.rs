//! `resync`.

use std::fmt::Write as _;

use serde_json::{Value, json};
use signet_core::grant::{SourceId, Timestamp};
use signet_store::StoreError;
use signet_store::apply::{Applied, ApplyError};

use crate::args::{Connection, Resync};
use crate::connect;
use crate::console::Console;
use crate::failure::{Exit, Failure};
use crate::render::{collision, plan as render};

use super::apply::{add, announce};
use super::export::no_source;
use super::provenance;

pub(super) async fn resync(
    args: &Resync,
    connection: &Connection,
    as_json: bool,
    now: Timestamp,
    console: &mut Console<'_>,
) -> Result<Exit, Failure> {
    let text = &args.source;
    let source = if text.contains(':') { SourceId::parse(text) } else { SourceId::dataset(text) }?;
    let table = connect::table(connection).await?;
    let provenance = provenance("resync", now)?;
    let ended = table.resync(&source, &provenance).await;
    match &ended {
        Err(ApplyError::UnknownSource { source_id }) => {
            return Err(no_source(source_id.clone(), &table.sources().await?, &table));
        }
        Err(ApplyError::Store(StoreError::NoTable { .. } | StoreError::NoMeta { .. })) => {}
        Err(ApplyError::Store(_) | ApplyError::Contended { .. }) => {
            console.message("The source may be completed in part. Resync it again: that is safe.");
        }
        _ => {}
    }
    let ended = ended?;
    let done = match &ended.applied {
        Applied::Superseded { by } => return Err(Failure::Superseded { source_id: source, by: *by }),
        Applied::Unchanged | Applied::Repeated => None,
        Applied::Changed(done) => Some(done),
    };
    let left_out = match done {
        Some(done) => done.left_out.clone(),
        None => table.groups_left_out(&source).await?,
    };
    let changed = done.is_some_and(|done| !render::is_empty(done));
    if as_json {
        let mut value = match done {
            Some(done) => render::json(done, &[]),
            None => json!({
                "source": source.as_str(),
                "changes": false,
                "groups": [],
                "displaced": [],
                "left_out": collision::left_out_json(&left_out),
                "crowded": [],
            }),
        };
        add(&mut value, "applied", json!(changed));
        add(&mut value, "event", changed.then_some(provenance.event.as_str()).map_or(Value::Null, Value::from));
        add(&mut value, "collisions", collision::json(&ended.unannounced));
        console.json(&value)?;
    } else {
        let mut text = if let Some(done) = done {
            render::text(done, &[])
        } else {
            let waiting = collision::left_out(&left_out, &source);
            format!("Source {source}\n{waiting}{}", render::nothing(&left_out))
        };
        if changed {
            // Writing to a String does not fail.
            let _ = writeln!(text, "\nApplied as {} to source {source}.", provenance.event);
        }
        text.push_str(&collision::earlier_text(&collision::earlier(&ended.unannounced, done), &source));
        console.result(&text)?;
    }
    announce(&table, &source, &ended.unannounced, console).await?;
    Ok(Exit::Done)
}
