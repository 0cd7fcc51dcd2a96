//! `export`.

use signet_core::grant::SourceId;
use signet_store::Table;
use signet_store::lookup::SourceInfo;

use crate::args::Export;
use crate::console::Console;
use crate::export;
use crate::failure::{Exit, Failure};

pub(super) async fn export(
    args: &Export,
    table: &Table,
    as_json: bool,
    console: &mut Console<'_>,
) -> Result<Exit, Failure> {
    let source = if args.source.contains(':') { SourceId::parse(&args.source) } else { SourceId::file(&args.source) }?;
    let statement = table.export(&source).await?;
    let sources = table.sources().await?;
    let Some(statement) = statement else {
        return Err(no_source(source, &sources, table));
    };
    if let Some(info) = sources.iter().find(|info| info.source == source && info.applied < info.claimed) {
        console.message(&format!(
            "warning: revision {} of source `{source}` is being applied, or its application was interrupted: this may \
             be a state between two revisions",
            info.claimed
        ));
    }
    let name = export::name(&source);
    let text = if as_json {
        crate::text::json(&export::json(name, &statement))
    } else if source.as_str().starts_with("dataset:") {
        let note = "as stated by its events. Applied as a file, it is a source of its own";
        format!("# Source {source}, {note}.\n{}", export::yaml(name, &statement))
    } else {
        export::yaml(name, &statement)
    };
    match &args.output {
        None => console.result(&text)?,
        Some(path) => {
            let unwritable = |error| Failure::Write { path: path.display().to_string(), error };
            std::fs::write(path, text).map_err(unwritable)?;
        }
    }
    Ok(Exit::Done)
}

/// The failure of a source that the table does not have, with those that it has.
pub(super) fn no_source(source_id: SourceId, sources: &[SourceInfo], table: &Table) -> Failure {
    let known: Vec<String> = sources.iter().map(|info| format!("`{}`", info.source)).collect();
    let known = if known.is_empty() { String::new() } else { format!(": there are {}", known.join(", ")) };
    Failure::NoSource { source_id, table: table.name().to_owned(), known }
}
