//! A hook's answer: no change, a denial, or commands that patch the assertion or token.
//!
//! What Okta cannot read, it drops as a whole, and then signs the user in with the original
//! assertion. So [`Response::encode`] refuses what is known to fail, instead of sending it.

use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};
use serde_json::Value;
use thiserror::Error;

pub use crate::attribute::{NameFormat, SamlAttribute};
use crate::pointer::Pointer;
use crate::reserved;

/// A body must be smaller than this, in bytes: Okta takes answers under 256 KB.
pub const BODY_LIMIT_BYTES: usize = 256 * 1024;

/// The `Content-Type` of an answer that has a body.
pub const CONTENT_TYPE: &str = "application/json";

/// Where the claims of an assertion and of a token are.
const CLAIMS: &str = "/claims/";

/// The one other place of a token that a patch may reach.
const TOKEN_LIFETIME: &str = "/token/lifetime/expiration";

/// Where the operations of a SAML patch may reach: `replace` by Okta's documentation, and
/// nothing else is documented for `add` either.
const ASSERTION_PARTS: [&str; 4] = [CLAIMS, "/subject/", "/authentication/", "/conditions/"];

/// An answer to Okta. Build it, then [`encode`](Self::encode) it.
#[derive(Debug, Clone, PartialEq)]
#[must_use]
pub struct Response {
    outcome: Outcome,
    debug_context: Vec<(String, Value)>,
}

#[derive(Debug, Clone, PartialEq)]
enum Outcome {
    NoChange,
    Deny { summary: String },
    Commands(Vec<Patch>),
}

impl Response {
    /// Leaves the assertion or token as it is: HTTP 204.
    pub fn no_change() -> Self {
        Self::new(Outcome::NoChange)
    }

    /// Refuses the sign-in: HTTP 200 with an `error`. A 4xx or 5xx would not refuse it.
    ///
    /// The *user* reads `summary` on Okta's error page (SAML), or the client gets it with
    /// `server_error` (tokens): give a reference to look up, no internals.
    pub fn deny(summary: impl Into<String>) -> Self {
        let summary = summary.into();
        Self::new(Outcome::Deny { summary })
    }

    /// One command.
    pub fn patch(patch: Patch) -> Self {
        Self::patches([patch])
    }

    /// Several commands, which Okta carries out in this order. A token hook needs one for
    /// each token; one for a token that is not being minted voids the whole answer.
    pub fn patches(patches: impl IntoIterator<Item = Patch>) -> Self {
        Self::new(Outcome::Commands(patches.into_iter().collect()))
    }

    /// Adds a member to `debugContext`, which Okta copies to its System Log
    /// (`inline_hook.response.processed`): no secrets, no personal data. A key given before
    /// gets the new value.
    ///
    /// On [`Response::no_change`] this makes the answer HTTP 200 with the debug context
    /// alone, which changes nothing either, since 204 has no body.
    pub fn debug_context(mut self, key: impl Into<String>, value: impl Into<Value>) -> Self {
        let (key, value) = (key.into(), value.into());
        match self.debug_context.iter_mut().find(|(k, _)| *k == key) {
            Some(entry) => entry.1 = value,
            None => self.debug_context.push((key, value)),
        }
        self
    }

    /// Whether this answer refuses the sign-in.
    #[must_use]
    pub fn is_deny(&self) -> bool {
        matches!(self.outcome, Outcome::Deny { .. })
    }

    /// The answer as it goes over the wire.
    ///
    /// # Errors
    /// [`ResponseError`] if Okta is known not to carry the answer out. Nothing of it may be
    /// sent then: deny, with a short text.
    pub fn encode(&self) -> Result<Encoded, ResponseError> {
        let (error, commands) = match &self.outcome {
            Outcome::NoChange if self.debug_context.is_empty() => {
                return Ok(Encoded { status: 204, body: None });
            }
            Outcome::NoChange => (None, None),
            Outcome::Deny { summary } => (Some(WireError { summary }), None),
            Outcome::Commands(patches) => (None, Some(patches)),
        };
        if let Some(patches) = commands {
            check_commands(patches)?;
        }
        let body =
            serde_json::to_string(&WireResponse { error, commands, debug_context: DebugContext(&self.debug_context) })?;
        if body.len() >= BODY_LIMIT_BYTES {
            return Err(ResponseError::TooLarge { bytes: body.len(), limit: BODY_LIMIT_BYTES });
        }
        Ok(Encoded { status: 200, body: Some(body) })
    }

    fn new(outcome: Outcome) -> Self {
        Self { outcome, debug_context: Vec::new() }
    }
}

/// An answer's HTTP status and body. With a body goes [`CONTENT_TYPE`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Encoded {
    /// 200 or 204.
    pub status: u16,
    /// JSON, smaller than [`BODY_LIMIT_BYTES`]; none with 204.
    pub body: Option<String>,
}

/// What a command patches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
pub enum CommandType {
    /// The SAML assertion.
    #[serde(rename = "com.okta.assertion.patch")]
    Assertion,
    /// The ID token.
    #[serde(rename = "com.okta.identity.patch")]
    Identity,
    /// The access token.
    #[serde(rename = "com.okta.access.patch")]
    Access,
}

/// One command: operations on one target, carried out in order, all or none.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Patch {
    /// The target.
    #[serde(rename = "type")]
    pub kind: CommandType,
    /// What to do. [`Response::encode`] refuses what this kind of target does not take.
    #[serde(rename = "value")]
    pub ops: Vec<Operation>,
}

impl Patch {
    /// A patch of the SAML assertion.
    #[must_use]
    pub fn assertion(ops: impl IntoIterator<Item = Operation>) -> Self {
        Self::of(CommandType::Assertion, ops)
    }

    /// A patch of the ID token.
    #[must_use]
    pub fn identity(ops: impl IntoIterator<Item = Operation>) -> Self {
        Self::of(CommandType::Identity, ops)
    }

    /// A patch of the access token.
    #[must_use]
    pub fn access(ops: impl IntoIterator<Item = Operation>) -> Self {
        Self::of(CommandType::Access, ops)
    }

    fn of(kind: CommandType, ops: impl IntoIterator<Item = Operation>) -> Self {
        Self { kind, ops: ops.into_iter().collect() }
    }
}

/// One operation of a [`Patch`], a JSON Patch (RFC 6902) operation as far as Okta has it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Operation {
    op: Op,
    path: WirePointer,
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<PatchValue>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum Op {
    Add,
    Replace,
    Remove,
}

impl Operation {
    /// Adds a value. On an existing claim this overwrites: documented for tokens, and what
    /// Okta's own sample does for SAML.
    #[must_use]
    pub fn add(path: Pointer, value: impl Into<PatchValue>) -> Self {
        Self::new(Op::Add, path, Some(value.into()))
    }

    /// Replaces a value. If there is none at the path, Okta drops the whole answer.
    #[must_use]
    pub fn replace(path: Pointer, value: impl Into<PatchValue>) -> Self {
        Self::new(Op::Replace, path, Some(value.into()))
    }

    /// Removes a value. Tokens only: a SAML assertion takes no `remove`.
    #[must_use]
    pub fn remove(path: Pointer) -> Self {
        Self::new(Op::Remove, path, None)
    }

    /// The place that the operation changes.
    #[must_use]
    pub fn path(&self) -> &Pointer {
        &self.path.0
    }

    fn new(op: Op, path: Pointer, value: Option<PatchValue>) -> Self {
        Self { op, path: WirePointer(path), value }
    }
}

/// What an operation puts in its place.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
pub enum PatchValue {
    /// A whole SAML attribute.
    Attribute(SamlAttribute),
    /// Any JSON.
    Json(Value),
}

impl From<SamlAttribute> for PatchValue {
    fn from(attribute: SamlAttribute) -> Self {
        Self::Attribute(attribute)
    }
}

// Not for all `T: Into<Value>`, which would claim `SamlAttribute` as well.
macro_rules! patch_value_from {
    ($($type:ty),+) => {$(
        impl From<$type> for PatchValue {
            fn from(value: $type) -> Self {
                Self::Json(value.into())
            }
        }
    )+};
}
patch_value_from!(Value, &str, String, bool, u32, i64, u64);

/// Why an answer is not sent: Okta would not carry it out, and let the user in with the
/// original assertion or token.
#[derive(Debug, Error)]
pub enum ResponseError {
    /// The body is not under Okta's limit.
    #[error("the answer has {bytes} bytes, Okta takes fewer than {limit}")]
    TooLarge {
        /// The size of the body.
        bytes: usize,
        /// [`BODY_LIMIT_BYTES`].
        limit: usize,
    },
    /// A list of commands, or a command's list of operations, is empty. No change is
    /// [`Response::no_change`].
    #[error("the answer has a command without operations, or no command at all")]
    Empty,
    /// A `remove` in a patch of a SAML assertion, which has none.
    #[error("a SAML assertion takes no `remove`, at `{path}`")]
    Remove {
        /// The operation's path.
        path: Pointer,
    },
    /// A null in a patch of a SAML assertion, at which Okta's patch fails.
    #[error("a SAML assertion takes no null, at `{path}`")]
    Null {
        /// The operation's path.
        path: Pointer,
    },
    /// A path that Okta does not let a hook change: the whole document; for SAML something not below
    /// `/claims/`, `/subject/`, `/authentication/` or `/conditions/`; for tokens something else than a
    /// claim or the lifetime.
    #[error("a hook cannot change `{path}`")]
    OutOfReach {
        /// The operation's path.
        path: Pointer,
    },
    /// A claim of a token that is Okta's own.
    #[error("Okta lets no hook change the claim at `{path}`")]
    Reserved {
        /// The operation's path.
        path: Pointer,
    },
    /// The answer could not be written as JSON.
    #[error("the answer cannot be written as JSON: {0}")]
    Json(#[from] serde_json::Error),
}

fn check_commands(patches: &[Patch]) -> Result<(), ResponseError> {
    if patches.is_empty() || patches.iter().any(|patch| patch.ops.is_empty()) {
        return Err(ResponseError::Empty);
    }
    for patch in patches {
        for operation in &patch.ops {
            let path = || operation.path().clone();
            if operation.path().is_empty() {
                return Err(ResponseError::OutOfReach { path: path() });
            }
            let text = operation.path().as_str();
            if patch.kind != CommandType::Assertion {
                if !text.starts_with(CLAIMS) && text != TOKEN_LIFETIME {
                    return Err(ResponseError::OutOfReach { path: path() });
                }
                if reserved::is_reserved(patch.kind, operation.path()) {
                    return Err(ResponseError::Reserved { path: path() });
                }
                continue;
            }
            if !ASSERTION_PARTS.iter().any(|part| text.starts_with(part)) {
                return Err(ResponseError::OutOfReach { path: path() });
            }
            match &operation.value {
                None => return Err(ResponseError::Remove { path: path() }),
                Some(PatchValue::Json(value)) if holds_null(value) => {
                    return Err(ResponseError::Null { path: path() });
                }
                Some(_) => {}
            }
        }
    }
    Ok(())
}

fn holds_null(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(elements) => elements.iter().any(holds_null),
        Value::Object(members) => members.values().any(holds_null),
        Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
    }
}

#[derive(Serialize)]
struct WireResponse<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<WireError<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    commands: Option<&'a Vec<Patch>>,
    #[serde(rename = "debugContext", skip_serializing_if = "DebugContext::is_empty")]
    debug_context: DebugContext<'a>,
}

#[derive(Serialize)]
struct WireError<'a> {
    #[serde(rename = "errorSummary")]
    summary: &'a str,
}

struct DebugContext<'a>(&'a [(String, Value)]);

impl DebugContext<'_> {
    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Serialize for DebugContext<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (key, value) in self.0 {
            map.serialize_entry(key, value)?;
        }
        map.end()
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct WirePointer(Pointer);

impl Serialize for WirePointer {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0.as_str())
    }
}
