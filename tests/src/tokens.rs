//! What Okta makes of an answer of a token inline hook.
//!
//! After its documentation: anything but a 2xx answer, and anything that it cannot read or carry out as a
//! whole, is ignored, and the tokens go out as they were. A command for a token that is not being minted is
//! such a thing.

use json_patch::{Patch, patch};
use serde_json::{Value, json};

/// Okta takes answers below this size in bytes.
const ANSWER_LIMIT: usize = 256 * 1024;
/// Claims that a hook cannot write, of either token.
const RESERVED: [&str; 12] =
    ["iss", "aud", "sub", "jti", "ver", "scp", "cid", "uid", "groups", "nonce", "auth_time", "amr"];

/// What is minted.
#[derive(Debug, Clone, PartialEq)]
pub enum Minted {
    /// Nothing: the client gets `server_error` with this text.
    Denied {
        /// The text.
        summary: String,
    },
    /// The tokens that the answer asks for, changed or not: the claims of the ID token and of the access
    /// token, `null` for one that there is not.
    Tokens {
        /// The claims of the ID token.
        identity: Value,
        /// The claims of the access token.
        access: Value,
        /// Whether the answer changed any.
        changed: bool,
    },
    /// The answer cannot be used; the tokens go out as they were.
    Ignored {
        /// What is wrong with the answer.
        why: String,
    },
}

impl Minted {
    /// The claims of the ID token. There must be one.
    pub fn identity(&self) -> &Value {
        match self {
            Self::Tokens { identity: identity @ Value::Object(_), .. } => identity,
            other => panic!("no ID token: {other:?}"),
        }
    }

    /// The claims of the access token, or `null`.
    pub fn access(&self) -> &Value {
        match self {
            Self::Tokens { access, .. } => access,
            other => panic!("no tokens: {other:?}"),
        }
    }
}

/// Carries an answer out on the request that it answers.
pub fn apply(status: u16, body: &str, request: &Value) -> Minted {
    let ignored = |why: String| Minted::Ignored { why };
    let base = |token: &str| request["data"][token]["claims"].clone();
    let (mut identity, mut access) = (base("identity"), base("access"));
    if !(200..300).contains(&status) {
        return ignored(format!("status {status}"));
    }
    if body.len() >= ANSWER_LIMIT {
        return ignored(format!("{} bytes", body.len()));
    }
    if body.is_empty() {
        return Minted::Tokens { identity, access, changed: false };
    }
    let answer: Value = match serde_json::from_str(body) {
        Ok(answer @ Value::Object(_)) => answer,
        Ok(_) => return ignored("not an object".to_owned()),
        Err(error) => return ignored(error.to_string()),
    };
    if let Some(error) = answer.get("error") {
        return match error["errorSummary"].as_str() {
            Some(summary) if !summary.is_empty() => Minted::Denied { summary: summary.to_owned() },
            _ => ignored("an error without a summary".to_owned()),
        };
    }
    for command in answer["commands"].as_array().into_iter().flatten() {
        let token = match command["type"].as_str() {
            Some("com.okta.identity.patch") => &mut identity,
            Some("com.okta.access.patch") => &mut access,
            other => return ignored(format!("command type {other:?}")),
        };
        if token.is_null() {
            return ignored(format!("{} for a token that is not minted", command["type"]));
        }
        if let Err(why) = change(token, &command["value"]) {
            return ignored(why);
        }
    }
    Minted::Tokens { identity, access, changed: answer.get("commands").is_some() }
}

fn change(claims: &mut Value, operations: &Value) -> Result<(), String> {
    let operations = operations.as_array().filter(|list| !list.is_empty()).ok_or("a command without operations")?;
    for operation in operations {
        let path = operation["path"].as_str().unwrap_or_default();
        let name = path.strip_prefix("/claims/").and_then(|rest| rest.split('/').next());
        let name = name.ok_or_else(|| format!("path `{path}`"))?;
        if RESERVED.contains(&name) {
            return Err(format!("claim `{name}` is reserved"));
        }
        if !matches!(operation["op"].as_str(), Some("add" | "replace" | "remove")) {
            return Err(format!("operation {}", operation["op"]));
        }
    }
    let operations: Patch = serde_json::from_value(json!(operations)).map_err(|error| error.to_string())?;
    let mut token = json!({ "claims": claims });
    patch(&mut token, &operations).map_err(|error| error.to_string())?;
    *claims = token["claims"].take();
    Ok(())
}
