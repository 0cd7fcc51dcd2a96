//! From role sessions back to the decisions that they come from. Pure.
//!
//! | Module | Holds |
//! |---|---|
//! | [`session`] | CloudTrail's records of role sessions |
//! | [`calls`] | what was done in them |
//! | [`uses`] | sessions that share an assertion or a decision |
//! | [`ours`] | which sessions Signet is to have decided about |
//! | [`logged`] | the functions' log lines of decisions |
//! | [`made`] | what the table's history says of a decision |
//! | [`judge`] | whether a session is what the decision gave |
//!
//! A session is in order only if nothing speaks against it **and** all that it consists of was found in the
//! decision. What a log line or the history does not say is not guessed: it is told as such.

pub mod calls;
pub mod judge;
pub mod logged;
pub mod made;
pub mod ours;
pub mod session;
pub mod uses;
mod wrapped;

use serde_json::{Deserializer, Value};

/// The JSON documents of a text, one after the other, on one line or on many. A byte order mark before them, as
/// PowerShell writes it, is none of theirs.
fn documents(text: &str) -> Result<Vec<Value>, serde_json::Error> {
    Deserializer::from_str(text.trim_start_matches('\u{feff}')).into_iter().collect()
}
