//! `event check`.

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
struct Checked {
    file: String,
    event: Result<Event, Vec<Problem>>,
}

/// Checks every file, whatever is wrong with those before it.
pub(super) fn check(args: &EventCheck, as_json: bool, console: &mut Console<'_>) -> Result<Exit, Failure> {
    let mut all = Vec::new();
    for path in &args.files {
        let event = match read(path, console) {
            Ok(bytes) => Event::parse(&bytes).map_err(|error| error.problems()),
            Err(failure) => Err(vec![Problem { place: String::new(), what: printable(&failure.to_string()) }]),
        };
        all.push(Checked { file: printable(&path.display().to_string()), event });
    }
    let good = all.iter().all(|checked| checked.event.is_ok());
    if as_json {
        let files: Vec<Value> = all.iter().map(entry).collect();
        console.json(&json!({ "ok": good, "files": files }))?;
    } else {
        for checked in &all {
            tell(checked, console)?;
        }
    }
    Ok(if good { Exit::Done } else { Exit::Usage })
}

fn tell(checked: &Checked, console: &mut Console<'_>) -> Result<(), Failure> {
    let file = &checked.file;
    match &checked.event {
        Ok(event) => {
            console.result(&format!("ok  {file}  {}\n", summary(event)))?;
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
    Ok(())
}

fn summary(event: &Event) -> String {
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

fn entry(checked: &Checked) -> Value {
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
fn read(path: &Path, console: &mut Console<'_>) -> Result<Vec<u8>, Failure> {
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
