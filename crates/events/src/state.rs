//! What both kinds of change say: whether the subject is there, at which revision.

use schemars::JsonSchema;
use serde::Serialize;
use signet_json::Json;

use crate::fields::{Fields, Report};
use crate::problem::shown;

/// The highest revision: 2^53. Above it, a producer that counts in floating point (JavaScript, and
/// JSON in many languages) would no longer count by ones.
pub const MAX_REVISION: u64 = 1 << 53;

/// Whether the subject of an event is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// It is there, as the event says.
    Active,
    /// It is gone, and all that was stated of it.
    Deleted,
}

impl State {
    /// The word as events write it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Deleted => "deleted",
        }
    }
}

pub(crate) fn state(fields: &Fields<'_>, report: &mut Report) -> Option<State> {
    let parse = |text: &str| match text {
        "active" => Ok(State::Active),
        "deleted" => Ok(State::Deleted),
        other => Err(format!("state `{}` is unknown: use `active` or `deleted`", shown(other))),
    };
    fields.required("state", "`active` or `deleted` is expected", report)?.word(parse, report)
}

pub(crate) fn revision(fields: &Fields<'_>, report: &mut Report) -> Option<u64> {
    let hint = "a number that rises with every change of the subject is expected";
    let field = fields.required("revision", hint, report)?;
    let Json::Number(number) = field.value else {
        return field.expected("a number", field.value, report);
    };
    let revision = number.as_u64().filter(|revision| (1..=MAX_REVISION).contains(revision));
    if revision.is_none() {
        report.error(&field.place, format!("`{number}` is not a whole number from 1 to {MAX_REVISION}"));
    }
    revision
}

/// Notes a subject that is not what the data is about. `what` is the member that names it.
pub(crate) fn check_subject(subject: Option<&str>, what: &str, fields: &Fields<'_>, report: &mut Report) {
    if let (Some(subject), Some(Json::String(named))) = (subject, fields.get(what).map(|field| field.value))
        && subject != named
    {
        let (subject, named) = (shown(subject), shown(named));
        report.error("/subject", format!("`{subject}` is not the {what} of the data, `{named}`: they are to be equal"));
    }
}
