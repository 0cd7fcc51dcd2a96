//! The samples and the schemas of this repository, and a validator for the part of JSON Schema that
//! the schemas use.
#![allow(
    dead_code,
    unreachable_pub,
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test may fail by a panic, and not every test needs all of this"
)]

pub mod validator;

use std::path::PathBuf;
use std::sync::LazyLock;

use serde_json::Value;
use signet_events::event::{Event, EventError};

/// The folder of all events.
pub fn events() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../events"))
}

/// The names and contents of the samples: those for local invoke (`true`), or the events.
pub fn samples(for_invoke: bool) -> Vec<(String, Value)> {
    static EVENTS: LazyLock<Vec<(String, Value)>> = LazyLock::new(|| read(false));
    if for_invoke { read(true) } else { EVENTS.clone() }
}

fn read(for_invoke: bool) -> Vec<(String, Value)> {
    let mut samples = Vec::new();
    for entry in std::fs::read_dir(events().join("entitlement-sync")).unwrap() {
        let path = entry.unwrap().path();
        let file = path.file_name().unwrap().to_str().unwrap();
        let Some(name) = file.strip_suffix(".json") else { continue };
        let invoke = name.strip_suffix(".sqs");
        if invoke.is_some() == for_invoke {
            let content = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
            samples.push((invoke.unwrap_or(name).to_owned(), content));
        }
    }
    samples.sort_by(|a, b| a.0.cmp(&b.0));
    samples
}

/// One event by its name.
pub fn sample(name: &str) -> Value {
    samples(false).into_iter().find(|(found, _)| found == name).unwrap().1
}

/// Reads an event.
pub fn parse(event: &Value) -> Result<Event, EventError> {
    Event::parse(event.to_string().as_bytes())
}

/// The schema of an event's type.
pub fn schema(name: &str) -> Value {
    static SCHEMAS: LazyLock<[(&str, Value); 3]> = LazyLock::new(signet_events::schema::all);
    SCHEMAS.iter().find(|(found, _)| *found == name).unwrap().1.clone()
}
