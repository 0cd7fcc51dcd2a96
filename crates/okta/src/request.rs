//! What every inline hook's request has in common: the envelope around `data`.
//!
//! A request is read in two stages, since they fail in different ways. [`Envelope::parse`]
//! and [`Envelope::expect_type`] say whether this is a call that the hook understands; if
//! not, the caller is no Okta hook, and HTTP 400 tells it so. A typed view, such as
//! [`SamlRequest`](crate::saml::SamlRequest), then reads `data`; if that fails, the hook
//! denies ([`Response::deny`](crate::response::Response::deny)), since Okta answers a 4xx by
//! going on with the original assertion.

use std::fmt;

use serde_json::error::Category;
use thiserror::Error;

use crate::json::place::{Malformed, Place};
use crate::json::{self, Json};

/// The `eventType` of a SAML assertion inline hook.
pub const SAML_EVENT_TYPE: &str = "com.okta.saml.tokens.transform";

/// The `eventType` of a token inline hook.
pub const TOKEN_EVENT_TYPE: &str = "com.okta.oauth2.tokens.transform";

/// The most characters of the caller's text that a [`RequestError`] shows.
const SHOWN_CHARACTERS: usize = 200;

/// The envelope of a request. Every member is optional; those that only inform are absent
/// also when they are of a wrong type. `Debug` leaves `data` out.
#[derive(Clone, PartialEq)]
pub struct Envelope {
    /// What the hook is called for, for example [`SAML_EVENT_TYPE`].
    pub event_type: Option<String>,
    /// Names this call. Okta promises neither order nor uniqueness; for logs.
    pub event_id: Option<String>,
    /// When Okta made the call, as it says so: RFC 3339, unchecked.
    pub event_time: Option<String>,
    /// The version of the event type, `1.0` so far.
    pub event_type_version: Option<String>,
    /// The address of the sign-in that caused the call.
    pub source: Option<String>,
    /// The body of the event, for the typed views. `Null` if there is none.
    pub data: Json,
}

impl Envelope {
    /// Reads a request's body.
    ///
    /// Nesting is limited to 128 levels by `serde_json`. Size is not limited here: the tree
    /// can take tens of times the memory of the text, so a server that takes arbitrarily large
    /// bodies should have its own limit.
    ///
    /// # Errors
    /// [`RequestError::NotJson`] and [`RequestError::NotObject`]; and
    /// [`RequestError::Malformed`] if `eventType` or `data` is there twice, or `eventType` is
    /// not a string.
    pub fn parse(bytes: &[u8]) -> Result<Self, RequestError> {
        let root = json::read(bytes).map_err(|error| RequestError::NotJson {
            category: match error.classify() {
                Category::Eof => "unexpected end",
                Category::Syntax => "syntax error",
                Category::Data => "unreadable value",
                Category::Io => "read error",
            },
            line: error.line(),
            column: error.column(),
        })?;
        let Json::Object(members) = &root else {
            return Err(RequestError::NotObject { found: root.kind() });
        };
        let place = Place::root(&root);
        let event_type = place.member("eventType")?.text()?.map(str::to_owned);
        // Only to notice a doubled `data`; the tree itself is moved out below.
        place.member("data")?;
        let text = |name| root.get(name).and_then(Json::as_str).map(str::to_owned);
        let data_index = members.iter().position(|(name, _)| name == "data");
        Ok(Self {
            event_type,
            event_id: text("eventId"),
            event_time: text("eventTime"),
            event_type_version: text("eventTypeVersion"),
            source: text("source"),
            data: match (root, data_index) {
                (Json::Object(mut members), Some(index)) => members.swap_remove(index).1,
                _ => Json::Null,
            },
        })
    }

    /// Checks that the request is of the one type that a hook answers.
    ///
    /// # Errors
    /// [`RequestError::MissingEventType`], [`RequestError::OtherEventType`].
    pub fn expect_type(&self, expected: &str) -> Result<(), RequestError> {
        match &self.event_type {
            None => Err(RequestError::MissingEventType),
            Some(found) if found == expected => Ok(()),
            Some(found) => Err(RequestError::OtherEventType { found: found.clone(), expected: expected.to_owned() }),
        }
    }
}

impl fmt::Debug for Envelope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Envelope")
            .field("event_type", &self.event_type)
            .field("event_id", &self.event_id)
            .field("event_time", &self.event_time)
            .finish_non_exhaustive()
    }
}

/// Why a request cannot be read. No message shows a value of the body; names of members and
/// the event type are shown with control characters escaped and cut, visibly, after 200
/// characters.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum RequestError {
    /// The body is not JSON (RFC 8259), or nested more than 128 levels deep.
    #[error("the body is not JSON: {category} at line {line}, column {column}")]
    NotJson {
        /// The kind of mistake.
        category: &'static str,
        /// From 1; 0 if the body is empty.
        line: usize,
        /// In bytes, from 1; 0 at the beginning of a line.
        column: usize,
    },
    /// The body is JSON, but no object.
    #[error("the body must be a JSON object, found {found}")]
    NotObject {
        /// The kind of value there is.
        found: &'static str,
    },
    /// There is no `eventType`: this is not the call of an Okta inline hook.
    #[error("the request has no `eventType`; register this address as an Okta inline hook")]
    MissingEventType,
    /// The hook was registered for another type of event than it answers.
    #[error("the request's event type is `{}`; register this hook for `{expected}`", Shown(found))]
    OtherEventType {
        /// What the request says.
        found: String,
        /// What the hook answers.
        expected: String,
    },
    /// A member that decides about access is of a wrong type, or there twice.
    #[error("the request is malformed at `{}`: {what}", Shown(path))]
    Malformed {
        /// The place, as a JSON Pointer.
        path: String,
        /// The kind of the problem, without any value.
        what: String,
    },
}

impl From<Malformed> for RequestError {
    fn from(Malformed { path, what }: Malformed) -> Self {
        Self::Malformed { path, what }
    }
}

pub(crate) fn owned(text: Option<&str>) -> Option<String> {
    text.map(str::to_owned)
}

/// The caller's text, made fit for one line of a log.
struct Shown<'a>(&'a str);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut characters = self.0.chars();
        for character in characters.by_ref().take(SHOWN_CHARACTERS) {
            if character.is_control() {
                write!(f, "{}", character.escape_default())?;
            } else {
                write!(f, "{character}")?;
            }
        }
        if characters.next().is_some() {
            f.write_str("…")?;
        }
        Ok(())
    }
}
