//! The part of JSON Schema (draft 2020-12) that this repository's schemas use. A keyword that is
//! not known fails the test: what is not checked must not look as if it were.

use std::cell::RefCell;
use std::collections::HashMap;

use regex::Regex;
use serde_json::{Map, Value};

/// Why a value does not fit a schema; nothing if it does.
pub fn faults(schema: &Value, value: &Value) -> Vec<String> {
    let mut found = Vec::new();
    check(schema, schema, value, "", &mut found);
    found
}

fn check(root: &Value, schema: &Value, value: &Value, place: &str, found: &mut Vec<String>) {
    let rules = match schema {
        Value::Bool(true) => return,
        Value::Bool(false) => return found.push(format!("{place}: nothing is allowed here")),
        Value::Object(rules) => rules,
        other => panic!("`{other}` is no schema"),
    };
    for (keyword, rule) in rules {
        let fits = match keyword.as_str() {
            "$schema" | "$defs" | "title" | "description" | "then" | "else" => true,
            "$ref" => {
                let target = root.pointer(rule.as_str().unwrap().strip_prefix('#').unwrap()).unwrap();
                check(root, target, value, place, found);
                true
            }
            "type" => has_type(value, rule),
            "const" => value == rule,
            "enum" => rule.as_array().unwrap().contains(value),
            "pattern" => value.as_str().is_none_or(|text| matches(rule.as_str().unwrap(), text)),
            "format" => value.as_str().is_none_or(|text| has_format(text, rule.as_str().unwrap())),
            "minLength" => value.as_str().is_none_or(|text| text.chars().count() as u64 >= rule.as_u64().unwrap()),
            "maxLength" => value.as_str().is_none_or(|text| text.chars().count() as u64 <= rule.as_u64().unwrap()),
            "minimum" => value.as_f64().is_none_or(|number| number >= rule.as_f64().unwrap()),
            "maximum" => value.as_f64().is_none_or(|number| number <= rule.as_f64().unwrap()),
            "minItems" => value.as_array().is_none_or(|items| items.len() as u64 >= rule.as_u64().unwrap()),
            "maxItems" => value.as_array().is_none_or(|items| items.len() as u64 <= rule.as_u64().unwrap()),
            "items" => {
                for (index, item) in value.as_array().into_iter().flatten().enumerate() {
                    check(root, rule, item, &format!("{place}/{index}"), found);
                }
                true
            }
            "properties" => {
                for (name, rule) in rule.as_object().unwrap() {
                    if let Some(member) = value.get(name) {
                        check(root, rule, member, &format!("{place}/{name}"), found);
                    }
                }
                true
            }
            "required" => value.as_object().is_none_or(|members| {
                rule.as_array().unwrap().iter().all(|name| members.contains_key(name.as_str().unwrap()))
            }),
            "additionalProperties" => additional(root, rules, rule, value, place, found),
            "anyOf" => rule.as_array().unwrap().iter().any(|rule| fit(root, rule, value)),
            "oneOf" => rule.as_array().unwrap().iter().filter(|rule| fit(root, rule, value)).count() == 1,
            "if" => {
                let branch = if fit(root, rule, value) { "then" } else { "else" };
                if let Some(rule) = rules.get(branch) {
                    check(root, rule, value, place, found);
                }
                true
            }
            other => panic!("the keyword `{other}` is not checked"),
        };
        if !fits {
            found.push(format!("{place}: {keyword} {rule}"));
        }
    }
}

fn fit(root: &Value, schema: &Value, value: &Value) -> bool {
    let mut found = Vec::new();
    check(root, schema, value, "", &mut found);
    found.is_empty()
}

fn additional(
    root: &Value,
    rules: &Map<String, Value>,
    rule: &Value,
    value: &Value,
    place: &str,
    found: &mut Vec<String>,
) -> bool {
    let known = rules.get("properties").and_then(Value::as_object);
    for (name, member) in value.as_object().into_iter().flatten() {
        if known.is_none_or(|known| !known.contains_key(name)) {
            check(root, rule, member, &format!("{place}/{name}"), found);
        }
    }
    true
}

fn has_type(value: &Value, rule: &Value) -> bool {
    match rule.as_str().unwrap() {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "integer" => value.is_u64() || value.is_i64(),
        other => panic!("the type `{other}` is not checked"),
    }
}

fn has_format(text: &str, format: &str) -> bool {
    assert_eq!(format, "date-time", "the format `{format}` is not checked");
    let time = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?([Zz]|[+-][0-9]{2}:[0-9]{2})$";
    matches(time, text)
}

fn matches(pattern: &str, text: &str) -> bool {
    thread_local!(static COMPILED: RefCell<HashMap<String, Regex>> = RefCell::default());
    COMPILED.with_borrow_mut(|compiled| {
        compiled.entry(pattern.to_owned()).or_insert_with(|| Regex::new(pattern).unwrap()).is_match(text)
    })
}
