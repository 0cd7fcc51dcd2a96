//! `event check`, and the checks of `event publish`.

use std::io::{Error, ErrorKind, Read};
use std::path::Path;

use serde_json::{Value, json};
use signet_events::event::{Change, Event};
use signet_events::problem::Problem;

use crate::args::EventCheck;
use crate::console::Console;
use crate::failure::{Exit, Failure};
use crate::file::MAX_BYTES;
use crate::text::{count, printable};

/// What a file turned out to be.
pub(super) struct Checked {
    file: String,
    pub(super) event: Result<Event, Vec<Problem>>,
}

/// Reads and checks a file, or the standard input for `-`. Also returns what it holds; nothing if it
/// cannot be read.
pub(super) fn examine(path: &Path, console: &mut Console<'_>) -> (Checked, Vec<u8>) {
    let file = printable(&path.display().to_string());
    match read(path, console) {
        Ok(bytes) => {
            let event = Event::parse(&bytes).map_err(|error| error.problems());
            (Checked { file, event }, bytes)
        }
        Err(failure) => {
            let problem = Problem { place: String::new(), what: printable(&failure.to_string()) };
            (Checked { file, event: Err(vec![problem]) }, Vec::new())
        }
    }
}

/// Checks every file, whatever is wrong with those before it.
pub(super) fn check(args: &EventCheck, as_json: bool, console: &mut Console<'_>) -> Result<Exit, Failure> {
    let all: Vec<Checked> = args.files.iter().map(|path| examine(path, console).0).collect();
    report(&all, as_json, console)
}

/// Says of files what they are.
pub(super) fn report(all: &[Checked], as_json: bool, console: &mut Console<'_>) -> Result<Exit, Failure> {
    let good = all.iter().all(|checked| checked.event.is_ok());
    if as_json {
        let files: Vec<Value> = all.iter().map(entry).collect();
        console.json(&json!({ "ok": good, "files": files }))?;
    } else {
        for checked in all {
            if let Ok(event) = &checked.event {
                console.result(&format!("ok  {}  {}\n", checked.file, summary(event)))?;
            }
            remark(checked, console);
        }
    }
    Ok(if good { Exit::Done } else { Exit::Usage })
}

/// Says what is wrong with a file, or may not be meant.
pub(super) fn remark(checked: &Checked, console: &mut Console<'_>) {
    let file = &checked.file;
    match &checked.event {
        Ok(event) => {
            for warning in &event.warnings {
                console.message(&format!("{file}: warning: {warning}"));
            }
        }
        Err(problems) => {
            for problem in problems {
                console.message(&format!("{file}: {problem}"));
            }
        }
    }
}

/// An event on one line.
pub(super) fn summary(event: &Event) -> String {
    let said = match &event.change {
        Change::Dataset(dataset) => format!(
            "{}: {}, {}, {}",
            dataset.state.as_str(),
            count(dataset.groups().len(), "group"),
            count(dataset.roles().len(), "role"),
            count(dataset.grants.len(), "grant")
        ),
        Change::Provider(provider) => format!(
            "{}: {} provider {}",
            provider.state.as_str(),
            provider.protocol.as_str(),
            provider.provider.as_str()
        ),
    };
    format!("{} of {} at revision {}, {said}", event.event_type(), printable(&event.subject), event.revision())
}

/// What a file is, for programs.
pub(super) fn entry(checked: &Checked) -> Value {
    let listed = |problems: &[Problem]| -> Vec<Value> {
        problems.iter().map(|problem| json!({ "place": problem.place, "what": problem.what })).collect()
    };
    match &checked.event {
        Err(problems) => json!({ "file": checked.file, "ok": false, "problems": listed(problems) }),
        Ok(event) => {
            let mut entry = json!({
                "file": checked.file,
                "ok": true,
                "id": event.id,
                "type": event.event_type().as_str(),
                "subject": event.subject,
                "revision": event.revision(),
                "warnings": listed(&event.warnings),
            });
            let said = match &event.change {
                Change::Dataset(dataset) => json!({
                    "state": dataset.state.as_str(),
                    "groups": dataset.groups().len(),
                    "roles": dataset.roles().len(),
                    "grants": dataset.grants.len(),
                    "duplicates": dataset.duplicates,
                }),
                Change::Provider(provider) => json!({
                    "state": provider.state.as_str(),
                    "protocol": provider.protocol.as_str(),
                    "provider": provider.provider.as_str(),
                }),
            };
            if let (Value::Object(entry), Value::Object(said)) = (&mut entry, said) {
                entry.extend(said);
            }
            entry
        }
    }
}

/// A file's content, or the standard input's for `-`.
pub(super) fn read(path: &Path, console: &mut Console<'_>) -> Result<Vec<u8>, Failure> {
    let unreadable = |error| Failure::Read { path: path.display().to_string(), error };
    let bytes = if path.as_os_str() == "-" {
        console.input(MAX_BYTES + 1).map_err(unreadable)?
    } else {
        let mut bytes = Vec::new();
        let file = std::fs::File::open(path).map_err(unreadable)?;
        file.take(MAX_BYTES + 1).read_to_end(&mut bytes).map_err(unreadable)?;
        bytes
    };
    // Far above any event, whose own limit has a message of its own.
    if bytes.len() as u64 > MAX_BYTES {
        return Err(unreadable(Error::new(ErrorKind::FileTooLarge, "it is larger than 16 MB")));
    }
    Ok(bytes)
}
