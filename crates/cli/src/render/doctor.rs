//! What was looked at in a deployment, and what to do.

use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::doctor::{Check, State};
use crate::text::{count, printable};

const STATES: [State; 3] = [State::Error, State::Warning, State::Note];

/// Checks for people, in the order in which they were made.
#[must_use]
pub fn text(checks: &[Check]) -> String {
    let mut text = String::new();
    let width = checks.iter().map(|check| check.name.len()).max().unwrap_or_default();
    for Check { state, name, subject, text: found, fix } in checks {
        let word = match state {
            State::Ok => "ok",
            State::Note => "note",
            State::Warning => "WARNING",
            State::Error => "ERROR",
        };
        let _ = writeln!(text, "{word:7}  {name:width$}  {}: {}", printable(subject), printable(found));
        if let Some(fix) = fix {
            let _ = writeln!(text, "{:7}  {:width$}    {}", "", "", printable(fix));
        }
    }
    let [errors, warnings, notes] = STATES.map(|state| number(checks, state));
    let ok = number(checks, State::Ok);
    let found = [count(errors, "error"), count(warnings, "warning"), count(notes, "note")].join(", ");
    let _ = writeln!(text, "\n{} ok; {found}.", count(ok, "check"));
    text
}

/// Checks for programs.
#[must_use]
pub fn json(checks: &[Check]) -> Value {
    let entry = |check: &Check| {
        json!({
            "state": check.state.as_str(),
            "name": check.name,
            "subject": check.subject,
            "text": check.text,
            "fix": check.fix,
        })
    };
    let [errors, warnings, notes] = STATES.map(|state| number(checks, state));
    json!({
        "checks": checks.iter().map(entry).collect::<Vec<_>>(),
        "totals": { "ok": number(checks, State::Ok), "errors": errors, "warnings": warnings, "notes": notes },
    })
}

fn number(checks: &[Check], state: State) -> usize {
    checks.iter().filter(|check| check.state == state).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn for_people_and_for_programs() {
        let checks = [
            Check::ok("credentials", "AKIDEXAMPLE", "these credentials are used"),
            Check::not_ok(State::Warning, "stream", "entitlements", "it has none", "deploy the stack again"),
            Check::not_ok(State::Note, "clock", "this machine", "not\u{1b} compared", "compare it by hand"),
            Check::not_ok(State::Error, "hook_closed", "https://example.com", "HTTP 200", "look"),
        ];
        insta::assert_snapshot!("doctor_text", text(&checks));
        insta::assert_snapshot!("doctor_json", format!("{:#}", json(&checks)));
    }
}
