//! A sign-in that ends before anything is decided.

use serde_json::{Value, json};
use signet_core::app::Mode;
use signet_core::grant::Timestamp;
use signet_facts::Remark;
use signet_store::history::HistoryRow;

use super::{cause_text, remark_json, since_json};
use crate::text::{columns, printable};
use crate::time;

/// A sign-in that ends before anything is decided: it is denied, such as to an app that is not there or not
/// active, or stays as it is.
#[derive(Debug, Clone, Copy)]
pub struct Undecided<'r> {
    /// The app, as the sign-in names it.
    pub app: &'r str,
    /// The app's mode, where the app is known.
    pub mode: Option<Mode>,
    /// How it ends.
    pub ending: Ending<'r>,
    /// The moment, if it is in the past.
    pub at: Option<Timestamp>,
    /// What changed the app to what it was then, if that is known.
    pub since: Option<&'r HistoryRow>,
}

/// How a sign-in ends that nothing is decided about.
#[derive(Debug, Clone, Copy)]
pub enum Ending<'r> {
    /// It is denied.
    Denied {
        /// The word that the function's log has.
        reason: &'r str,
        /// Why, for people.
        why: &'r str,
    },
    /// It stays as it is.
    Passed(&'r Remark),
}

impl Undecided<'_> {
    /// For people.
    #[must_use]
    pub fn text(&self) -> String {
        let row = |field: &str, value: String| vec![field.to_owned(), value];
        let at = self.at.map(|at| row("At", time::show(at)));
        let answer = match (self.ending, self.mode) {
            (Ending::Passed(remark), _) => format!("no change: {}", printable(&remark.detail)),
            (Ending::Denied { why, .. }, Some(Mode::Observe)) => {
                format!("no change, since the app is in mode observe; enforced it would be: denied: {}", printable(why))
            }
            (Ending::Denied { why, .. }, _) => format!("denied: {}", printable(why)),
        };
        let rows = [row("App", printable(self.app)), row("Answer", answer)];
        let since = self.since.map(|since| row("Made so", cause_text(since)));
        columns("", &at.into_iter().chain(rows).chain(since).collect::<Vec<_>>())
    }

    /// For programs; the fields are those of [`Explained::json`](super::Explained::json).
    #[must_use]
    pub fn json(&self) -> Value {
        let (answer, outcome, deny, notes) = match (self.ending, self.mode) {
            (Ending::Passed(remark), _) => ("no_change", "no_access", Value::Null, vec![remark_json(remark)]),
            (Ending::Denied { reason, why }, mode) => {
                let answer = if mode == Some(Mode::Observe) { "no_change" } else { "deny" };
                (answer, "deny", json!({ "reason": reason, "text": why }), Vec::new())
            }
        };
        json!({
            "at": self.at.map(time::show),
            "app": self.app,
            "app_name": null,
            "app_since": self.since.filter(|row| row.provider.is_none()).map(since_json),
            "provider_since": self.since.filter(|row| row.provider.is_some()).map(since_json),
            "protocol": null,
            "mode": self.mode.map(Mode::as_str),
            "identity": null,
            "answer": answer,
            "outcome": outcome,
            "deny": deny,
            "roles": [],
            "codes": [],
            "groups": [],
            "attributes": [],
            "tokens": null,
            "notes": notes,
        })
    }
}
