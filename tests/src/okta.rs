//! What Okta makes of an answer of a SAML assertion inline hook.
//!
//! After its documentation: anything but a 2xx answer, and anything it cannot read or carry out,
//! is ignored, and the original assertion goes out. That is why a function that means to keep
//! somebody out has to answer 200 with an `error`.

use json_patch::{Patch, patch};
use serde_json::{Value, json};

/// Okta takes answers below this size in bytes.
const ANSWER_LIMIT: usize = 256 * 1024;
/// The only command there is for an assertion.
const COMMAND: &str = "com.okta.assertion.patch";
/// The parts of an assertion that a command may change.
const PARTS: [&str; 4] = ["/subject/", "/authentication/", "/conditions/", "/claims/"];

/// How a sign-in goes on.
#[derive(Debug, Clone, PartialEq)]
pub enum SignIn {
    /// It ends at an error page.
    Denied {
        /// What the page says.
        summary: String,
    },
    /// The answer asks for no change.
    Unchanged(Value),
    /// The assertion was changed as the answer asks.
    Patched(Value),
    /// The answer cannot be used; the original assertion goes out.
    Ignored {
        /// That assertion.
        assertion: Value,
        /// What is wrong with the answer.
        why: String,
    },
}

impl SignIn {
    /// The assertion that goes out, if one does.
    pub fn assertion(&self) -> Option<&Value> {
        match self {
            Self::Denied { .. } => None,
            Self::Unchanged(assertion) | Self::Patched(assertion) | Self::Ignored { assertion, .. } => Some(assertion),
        }
    }

    /// The changed assertion. Nothing else will do.
    pub fn patched(&self) -> &Value {
        match self {
            Self::Patched(assertion) => assertion,
            other => panic!("not a changed assertion: {other:?}"),
        }
    }
}

/// Carries an answer out on the request that it answers.
pub fn apply(status: u16, body: &str, request: &Value) -> SignIn {
    let base = request["data"]["assertion"].clone();
    let ignored = |why: String| SignIn::Ignored { assertion: base.clone(), why };
    if !(200..300).contains(&status) {
        return ignored(format!("status {status}"));
    }
    if body.len() >= ANSWER_LIMIT {
        return ignored(format!("{} bytes", body.len()));
    }
    if body.is_empty() {
        return SignIn::Unchanged(base);
    }
    let answer: Value = match serde_json::from_str(body) {
        Ok(answer @ Value::Object(_)) => answer,
        Ok(_) => return ignored("not an object".to_owned()),
        Err(error) => return ignored(error.to_string()),
    };
    if let Some(error) = answer.get("error") {
        return match error["errorSummary"].as_str() {
            Some(summary) if !summary.is_empty() => SignIn::Denied { summary: summary.to_owned() },
            _ => ignored("an error without a summary".to_owned()),
        };
    }
    let Some(commands) = answer.get("commands") else {
        return SignIn::Unchanged(base);
    };
    match operations(commands).and_then(|operations| change(&base, operations)) {
        Ok(assertion) => SignIn::Patched(assertion),
        Err(why) => ignored(why),
    }
}

/// The operations of all commands, if Okta knows each of them.
fn operations(commands: &Value) -> Result<Vec<Value>, String> {
    let mut operations = Vec::new();
    for command in commands.as_array().ok_or("`commands` is no list")? {
        if command["type"] != COMMAND {
            return Err(format!("command type {}", command["type"]));
        }
        for operation in command["value"].as_array().ok_or("a command's `value` is no list")? {
            let path = operation["path"].as_str().unwrap_or_default();
            if !matches!(operation["op"].as_str(), Some("add" | "replace")) {
                return Err(format!("operation {}", operation["op"]));
            }
            if !PARTS.iter().any(|part| path.starts_with(part)) {
                return Err(format!("path `{path}`"));
            }
            if operation["value"] == json!(null) {
                return Err(format!("no value at `{path}`"));
            }
            operations.push(operation.clone());
        }
    }
    Ok(operations)
}

fn change(base: &Value, operations: Vec<Value>) -> Result<Value, String> {
    let operations: Patch = serde_json::from_value(Value::Array(operations)).map_err(|error| error.to_string())?;
    let mut assertion = base.clone();
    patch(&mut assertion, &operations).map_err(|error| error.to_string())?;
    Ok(assertion)
}
