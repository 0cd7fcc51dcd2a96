//! Whether a trust policy allows an action to a federated principal (IAM User Guide, "Policy evaluation
//! logic", "AWS JSON policy elements: Principal").

use serde_json::Value;

use crate::trust::condition::{self, Context, texts};
use crate::trust::wildcard;

/// What a document says of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Says {
    /// A statement denies it: "an explicit deny in any policy overrides any allows".
    Deny,
    /// A statement allows it, and none denies it.
    Allow,
    /// No statement is about it: an implicit deny.
    Nothing,
}

/// One request for one action.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// The action, such as `sts:TagSession`.
    pub action: String,
    /// The provider that the caller was authenticated by.
    pub federated: String,
    /// The context keys.
    pub context: Context,
}

/// A policy document.
#[derive(Debug, Clone, PartialEq)]
pub struct Policy {
    statements: Vec<Value>,
    variables: bool,
}

impl Policy {
    /// Reads a document.
    ///
    /// # Errors
    /// That it is not JSON, or has no statement.
    pub fn read(document: &str) -> Result<Self, String> {
        let document: Value = serde_json::from_str(document).map_err(|error| error.to_string())?;
        let statements = match document.get("Statement") {
            Some(Value::Array(list)) => list.clone(),
            Some(single) => vec![single.clone()],
            None => return Err("no Statement".to_owned()),
        };
        // "If you do not include a Version element, the value defaults to 2008-10-17", where "variables
        // are treated as literal strings".
        let variables = document.get("Version").and_then(Value::as_str) == Some("2012-10-17");
        Ok(Self { statements, variables })
    }

    /// Judges a request.
    ///
    /// # Errors
    /// What of the document is not of IAM's grammar, or not modelled here.
    pub fn says(&self, request: &Request) -> Result<Says, String> {
        let mut says = Says::Nothing;
        for statement in &self.statements {
            if !applies(statement, request, self.variables)? {
                continue;
            }
            match statement.get("Effect").and_then(Value::as_str) {
                Some("Deny") => return Ok(Says::Deny),
                Some("Allow") => says = Says::Allow,
                other => return Err(format!("effect {other:?}")),
            }
        }
        Ok(says)
    }
}

/// Whether a statement is about a request.
fn applies(statement: &Value, request: &Request, variables: bool) -> Result<bool, String> {
    let has_principal = match (statement.get("Principal"), statement.get("NotPrincipal")) {
        (Some(principal), None) => names(principal, request, true)?,
        (None, Some(others)) => !names(others, request, false)?,
        _ => return Err("not exactly one of Principal and NotPrincipal".to_owned()),
    };
    // "Action names are case-insensitive."
    let action = request.action.to_lowercase();
    let is_among = |patterns: &Value| -> Result<bool, String> {
        Ok(texts(patterns)?.iter().any(|pattern| wildcard::fits(&pattern.to_lowercase(), &action)))
    };
    let has_action = match (statement.get("Action"), statement.get("NotAction")) {
        (Some(actions), None) => is_among(actions)?,
        (None, Some(others)) => !is_among(others)?,
        _ => return Err("not exactly one of Action and NotAction".to_owned()),
    };
    let has_condition = match statement.get("Condition") {
        Some(condition) => condition::holds(condition, &request.context, variables)?,
        None => true,
    };
    Ok(has_principal && has_action && has_condition)
}

/// Whether a principal element names the caller. `"*"` and `{"AWS": "*"}` are everybody; "you cannot use
/// a wildcard to match part of a principal name or ARN".
fn names(principal: &Value, request: &Request, everybody: bool) -> Result<bool, String> {
    let Some(kinds) = principal.as_object() else {
        return Ok(everybody && principal == "*");
    };
    let mut named = false;
    for (kind, values) in kinds {
        let values = texts(values)?;
        named |= kind == "Federated" && values.contains(&request.federated);
        named |= kind == "AWS" && everybody && values.iter().any(|value| value == "*");
    }
    Ok(named)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn says(statements: &str) -> Says {
        let request = Request {
            action: "sts:AssumeRoleWithSAML".to_owned(),
            federated: "arn:x:saml-provider/okta".to_owned(),
            context: Context::from([("saml:aud".to_owned(), vec!["a".to_owned()])]),
        };
        let policy = Policy::read(&format!(r#"{{"Version":"2012-10-17","Statement":{statements}}}"#));
        policy.unwrap().says(&request).unwrap()
    }

    const ALLOW: &str =
        r#"{"Effect":"Allow","Principal":{"Federated":"arn:x:saml-provider/okta"},"Action":"sts:AssumeRoleWithSAML"}"#;

    #[test]
    fn a_statement_is_about_its_principals_actions_and_conditions() {
        assert_eq!(says(ALLOW), Says::Allow);
        assert_eq!(says(&format!("[{ALLOW}]")), Says::Allow);
        assert_eq!(says("[]"), Says::Nothing);
        for (from, to) in [
            (r#""sts:AssumeRoleWithSAML""#, r#"["sts:x","sts:assumerolewith*"]"#),
            (r#""Action":"sts:AssumeRoleWithSAML""#, r#""NotAction":"sts:TagSession""#),
            (r#"{"Federated":"arn:x:saml-provider/okta"}"#, r#""*""#),
            (r#"{"Federated":"arn:x:saml-provider/okta"}"#, r#"{"AWS":"*"}"#),
            (
                r#"{"Federated":"arn:x:saml-provider/okta"}"#,
                r#"{"AWS":"1","Federated":["y","arn:x:saml-provider/okta"]}"#,
            ),
            (r#""Principal":{"Federated":"arn:x:saml-provider/okta"}"#, r#""NotPrincipal":{"Federated":"y"}"#),
            (r#""Action":"#, r#""Condition":{"StringEquals":{"SAML:aud":"a"}},"Action":"#),
        ] {
            assert_eq!(says(&ALLOW.replace(from, to)), Says::Allow, "{to}");
        }
        for (from, to) in [
            ("WithSAML", "WithWebIdentity"),
            (r#""Action""#, r#""NotAction""#),
            ("okta", "okt"),
            ("okta", "okta2"),
            ("okta", "*"),
            (r#""Principal""#, r#""NotPrincipal""#),
            (r#""Action":"#, r#""Condition":{"StringEquals":{"SAML:aud":"b"}},"Action":"#),
        ] {
            assert_eq!(says(&ALLOW.replace(from, to)), Says::Nothing, "{to}");
        }
    }

    #[test]
    fn a_deny_wins_wherever_it_stands() {
        let deny = ALLOW.replace("Allow", "Deny");
        assert_eq!(says(&format!("[{ALLOW},{deny}]")), Says::Deny);
        assert_eq!(says(&format!("[{deny},{ALLOW}]")), Says::Deny);
        let other = deny.replace("okta", "other");
        assert_eq!(says(&format!("[{other},{ALLOW}]")), Says::Allow);
    }
}
