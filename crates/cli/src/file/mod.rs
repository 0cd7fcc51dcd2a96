//! An entitlement file as a statement, with every mistake located.
//!
//! | Module | Holds |
//! |---|---|
//! | [`problem`] | a mistake and where it is |
//! | `node` | YAML as a tree that knows where it is |
//! | `fields` | reading the tree, all mistakes at once |
//! | `app`, `grants` | the two parts of a file |
//!
//! Where the YAML itself can be read, all mistakes are reported together. Nothing is guessed:
//! an unknown field, a field that is there twice, a value of another kind are mistakes.

mod app;
mod fields;
mod grants;
mod node;
pub mod problem;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::io::Read;
use std::path::Path;

use signet_core::app::AppId;
use signet_core::grant::{SourceId, Timestamp};
use signet_store::statement::Statement;

use crate::failure::Failure;
use fields::{Fields, Report};
use node::{At, Node};
pub use problem::{BadFile, Problem};

/// The largest file that is read, in bytes.
pub const MAX_BYTES: u64 = 16 * 1024 * 1024;

/// An entitlement file without mistakes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entitlements {
    /// The source that the file is.
    pub source: SourceId,
    /// What the file states.
    pub statement: Statement,
    /// What is allowed, but may not be meant.
    pub warnings: Vec<Problem>,
    /// Apps that grants are limited to and the file does not have, each where it is first named.
    pub foreign_apps: Vec<(AppId, Problem)>,
}

/// Reads an entitlement file. `now` is only for warnings.
///
/// # Errors
/// [`Failure::Read`]; [`Failure::BadFile`] with all its mistakes.
pub fn read(path: &Path, now: Timestamp) -> Result<Entitlements, Failure> {
    let shown = path.display().to_string();
    let unreadable = |error| Failure::Read { path: shown.clone(), error };
    let file = std::fs::File::open(path).map_err(unreadable)?;
    let mut bytes = Vec::new();
    file.take(MAX_BYTES + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    let base_name = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
    parse(&bytes, &base_name, now).map_err(|problems| BadFile { file: shown, problems }.into())
}

/// Reads the content of an entitlement file. `base_name` is the source's name where the file does
/// not give one.
///
/// # Errors
/// All mistakes, in the order of the file.
pub fn parse(content: &[u8], base_name: &str, now: Timestamp) -> Result<Entitlements, Vec<Problem>> {
    let alone = |at: At, what: String| vec![Problem::new(at.line, at.column, "", what)];
    if content.len() as u64 > MAX_BYTES {
        return Err(alone(At::START, "the file is larger than 16 MB: split it".to_owned()));
    }
    let text = std::str::from_utf8(content).map_err(|error| {
        let line = content.get(..error.valid_up_to()).unwrap_or_default().split(|byte| *byte == b'\n').count() as u64;
        alone(At { line, column: 1 }, "the line has bytes that are not UTF-8".to_owned())
    })?;
    let root = node::read(text.strip_prefix('\u{feff}').unwrap_or(text)).map_err(|problem| vec![problem])?;
    let mut report = Report::default();
    let entitlements = entitlements(&root, base_name, now, &mut report);
    report.finish(entitlements)
}

fn entitlements(root: &Node, base_name: &str, now: Timestamp, report: &mut Report) -> Option<Entitlements> {
    let fields = Fields::read(root, "", &["name", "apps", "grants"], report)?;
    let source = source(&fields, base_name, report);
    let apps = fields.get("apps").map_or_else(|| Some(Vec::new()), |apps| app::read_all(&apps, report));
    let stated: BTreeSet<AppId> = apps.iter().flatten().map(|stated| stated.app.id.clone()).collect();
    // A file states its grants in full, so a file without the field would withdraw them all: say
    // so on purpose.
    let grants = fields.required("grants", "write `grants: []` if the file grants nothing", report);
    let grants = grants.map(|grants| grants::read_all(&grants, now, report));
    let grants = grants?;
    let foreign_apps = grants.apps.into_iter().filter(|(app, _)| !stated.contains(app)).collect();
    Some(Entitlements {
        source: source?,
        statement: Statement { groups: grants.groups, apps: apps?, deleted: false },
        warnings: Vec::new(),
        foreign_apps,
    })
}

fn source(fields: &Fields<'_>, base_name: &str, report: &mut Report) -> Option<SourceId> {
    match fields.get("name") {
        Some(name) => {
            let text = name.text(report)?;
            report.parsed(&name, SourceId::file(text))
        }
        None => match SourceId::file(base_name) {
            Ok(source) => Some(source),
            Err(error) => {
                let what = format!("{error}, taken from the file's name: add the field `name`");
                report.error(At::START, "name", &what);
                None
            }
        },
    }
}
