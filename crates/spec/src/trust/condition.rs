//! Whether a statement's condition holds (IAM User Guide, "IAM JSON policy elements: Condition
//! operators" and "Multivalued context keys").

use std::collections::BTreeMap;

use serde_json::Value;

use crate::trust::wildcard;

/// What a request says: the values of context keys, by the key in lower case ("condition key names are
/// not case-sensitive", tag keys within them neither). A key that is not there is absent.
pub type Context = BTreeMap<String, Vec<String>>;

/// Whether the condition holds: "if your policy has multiple condition operators or multiple keys
/// attached to a single condition operator, the conditions are evaluated using a logical AND".
///
/// # Errors
/// What of the condition is not of IAM's grammar, or not modelled here.
pub fn holds(condition: &Value, context: &Context, variables: bool) -> Result<bool, String> {
    let mut all = true;
    for (operator, keys) in condition.as_object().ok_or("a condition that is no object")? {
        for (key, values) in keys.as_object().ok_or("an operator that is no object")? {
            let values = texts(values)?;
            if variables && values.iter().any(|value| value.contains("${")) {
                return Err(format!("policy variables are not modelled: {values:?}"));
            }
            all &= one(operator, context.get(&key.to_lowercase()), &values)?;
        }
    }
    Ok(all)
}

/// One value or a list of values; "quotation marks are optional for numeric and Boolean values".
///
/// # Errors
/// That a value is something else.
pub fn texts(value: &Value) -> Result<Vec<String>, String> {
    let one = |value: &Value| match value {
        Value::String(text) => Ok(text.clone()),
        Value::Bool(_) | Value::Number(_) => Ok(value.to_string()),
        other => Err(format!("`{other}` is no value")),
    };
    match value {
        Value::Array(list) => list.iter().map(one).collect(),
        single => one(single).map(|value| vec![value]),
    }
}

fn one(operator: &str, present: Option<&Vec<String>>, wanted: &[String]) -> Result<bool, String> {
    // "Use a Null condition operator to check if a condition key is absent at the time of
    // authorization": `"true"` wants it absent.
    if operator == "Null" {
        return Ok(wanted.iter().any(|value| (value == "true") == present.is_none()));
    }
    // "ForAnyValue: returns true if any of the values in the context match. Returns false if there are
    // no matching keys in the request" — with or without IfExists.
    if let Some(operator) = operator.strip_prefix("ForAnyValue:") {
        let comparison = Comparison::of(operator.strip_suffix("IfExists").unwrap_or(operator))?;
        return Ok(present.into_iter().flatten().any(|value| comparison.accepts(value, wanted)));
    }
    // "ForAllValues: tests whether the value of every member of the request set matches. Also returns
    // true if there are no context keys in the request."
    if let Some(operator) = operator.strip_prefix("ForAllValues:") {
        let comparison = Comparison::of(operator.strip_suffix("IfExists").unwrap_or(operator))?;
        return Ok(present.into_iter().flatten().all(|value| comparison.accepts(value, wanted)));
    }
    let if_exists = operator.ends_with("IfExists");
    let comparison = Comparison::of(operator.strip_suffix("IfExists").unwrap_or(operator))?;
    match present.map(Vec::as_slice) {
        // "If the key that you specify in a policy condition is not present in the request context, the
        // values do not match and the condition is false. If the policy condition requires that the key
        // is not matched, and the right key is not present, the condition is true." "IfExists: if the
        // key is not present, evaluate the condition element as true."
        None => Ok(if_exists || comparison.negated),
        Some([value]) => Ok(comparison.accepts(value, wanted)),
        Some(several) => Err(format!("`{operator}` without a set operator on {} values", several.len())),
    }
}

struct Comparison {
    equal: fn(&str, &str) -> bool,
    negated: bool,
}

impl Comparison {
    fn of(operator: &str) -> Result<Self, String> {
        let exactly: fn(&str, &str) -> bool = |wanted, value| wanted == value;
        let ignoring_case: fn(&str, &str) -> bool = |wanted, value| wanted.to_lowercase() == value.to_lowercase();
        let numerically: fn(&str, &str) -> bool = |wanted, value| match (wanted.parse::<f64>(), value.parse::<f64>()) {
            (Ok(wanted), Ok(value)) => wanted.total_cmp(&value).is_eq(),
            _ => false,
        };
        let (equal, negated) = match operator {
            "StringEquals" | "Bool" => (exactly, false),
            "StringNotEquals" => (exactly, true),
            "StringEqualsIgnoreCase" => (ignoring_case, false),
            "StringNotEqualsIgnoreCase" => (ignoring_case, true),
            "StringLike" => (wildcard::fits as fn(&str, &str) -> bool, false),
            "StringNotLike" => (wildcard::fits as fn(&str, &str) -> bool, true),
            "NumericEquals" => (numerically, false),
            other => return Err(format!("operator `{other}` is not modelled")),
        };
        Ok(Self { equal, negated })
    }

    /// "If a condition has multiple values for a key, they are evaluated using a logical OR"; "for
    /// negated matching condition operators, a logical NOR".
    fn accepts(&self, value: &str, wanted: &[String]) -> bool {
        wanted.iter().any(|wanted| (self.equal)(wanted, value)) != self.negated
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judge(condition: &str, context: &[(&str, &[&str])]) -> bool {
        let context = context
            .iter()
            .map(|(key, values)| ((*key).to_owned(), values.iter().map(|v| (*v).to_owned()).collect()))
            .collect();
        holds(&serde_json::from_str(condition).unwrap(), &context, true).unwrap()
    }

    #[test]
    fn an_absent_key_is_false_but_for_negations_and_if_exists() {
        for (operator, absent, a, b) in [
            ("StringEquals", false, true, false),
            ("StringNotEquals", true, false, true),
            ("StringLike", false, true, false),
            ("StringNotLike", true, false, true),
            ("StringEqualsIfExists", true, true, false),
            ("StringNotLikeIfExists", true, false, true),
            ("ForAnyValue:StringEquals", false, true, false),
            ("ForAnyValue:StringEqualsIfExists", false, true, false),
            ("ForAnyValue:StringNotEquals", false, false, true),
            ("ForAllValues:StringEquals", true, true, false),
            ("ForAllValues:StringNotLike", true, false, true),
            ("Bool", false, true, false),
        ] {
            let condition = format!(r#"{{"{operator}":{{"K":"a"}}}}"#);
            assert_eq!(judge(&condition, &[]), absent, "{operator}, absent");
            assert_eq!(judge(&condition, &[("k", &["a"])]), a, "{operator} on a");
            assert_eq!(judge(&condition, &[("k", &["b"])]), b, "{operator} on b");
        }
        assert!(judge(r#"{"Null":{"k":"true"}}"#, &[]) && !judge(r#"{"Null":{"k":"true"}}"#, &[("k", &["a"])]));
        assert!(!judge(r#"{"Null":{"k":false}}"#, &[]) && judge(r#"{"Null":{"k":false}}"#, &[("k", &["a"])]));
    }

    #[test]
    fn values_are_or_keys_and_operators_are_and() {
        let either = r#"{"StringLike":{"k":["a*","b"]}}"#;
        assert!(
            judge(either, &[("k", &["ax"])]) && judge(either, &[("k", &["b"])]) && !judge(either, &[("k", &["c"])])
        );
        let neither = r#"{"StringNotEquals":{"k":["a","b"]}}"#;
        assert!(judge(neither, &[("k", &["c"])]) && !judge(neither, &[("k", &["b"])]));
        let both = r#"{"StringEquals":{"k":"a","l":"b"},"NumericEquals":{"n":1.0}}"#;
        assert!(judge(both, &[("k", &["a"]), ("l", &["b"]), ("n", &["1"])]));
        assert!(!judge(both, &[("k", &["a"]), ("n", &["1"])]));
        assert!(!judge(both, &[("k", &["a"]), ("l", &["b"]), ("n", &["2"])]));
        // The policy that can never match, of AWS's own documentation on StringNotLike.
        let never = r#"{"StringLike":{"s":"*@x"},"StringNotLike":{"s":"*"}}"#;
        assert!(!judge(never, &[("s", &["a@x"])]) && !judge(never, &[]));
    }

    #[test]
    fn sets_are_any_and_all() {
        let any = r#"{"ForAnyValue:StringEquals":{"k":["a","b"]}}"#;
        assert!(judge(any, &[("k", &["x", "b"])]) && !judge(any, &[("k", &["x", "B"])]));
        let all = r#"{"ForAllValues:StringEquals":{"k":["a","b"]}}"#;
        assert!(judge(all, &[("k", &["a", "b"])]) && !judge(all, &[("k", &["a", "x"])]));
        assert!(judge(r#"{"StringEqualsIgnoreCase":{"k":"A"}}"#, &[("k", &["a"])]));
    }

    #[test]
    fn what_is_not_modelled_is_an_error() {
        for odd in [
            r#"{"DateEquals":{"k":"a"}}"#,
            r#"{"stringlike":{"k":"a"}}"#,
            r#"{"StringLike":{"k":null}}"#,
            r#"{"StringLike":{"k":"${aws:username}"}}"#,
            r#"{"StringLike":"k"}"#,
            "[]",
        ] {
            let context = Context::from([("k".to_owned(), vec!["a".to_owned()])]);
            assert!(holds(&serde_json::from_str(odd).unwrap(), &context, true).is_err(), "{odd}");
        }
        let two = Context::from([("k".to_owned(), vec!["a".to_owned(), "b".to_owned()])]);
        assert!(holds(&serde_json::json!({"StringLike": {"k": "a"}}), &two, true).is_err());
        // Without `Version` 2012-10-17 variables are plain text.
        let plain = Context::from([("k".to_owned(), vec!["${x}".to_owned()])]);
        assert_eq!(holds(&serde_json::json!({"StringLike": {"k": "${x}"}}), &plain, false), Ok(true));
    }
}
