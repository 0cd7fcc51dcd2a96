//! Documents of others, kept to the letter, and what is no document refused: held against `serde_json`.

use proptest::collection::vec;
use proptest::prelude::{Just, any};
use proptest::sample::select;
use proptest::strategy::{BoxedStrategy, Strategy};
use proptest::test_runner::TestCaseError;
use proptest::{prop_assert, prop_assert_eq, prop_oneof};
use serde_json::Value;
use signet_core::trust::document::{Document, Statement};
use signet_core::trust::error::PolicyError;

use crate::check;
use crate::coverage::Coverage;
use crate::pools::spaced;

/// Strings and other scalars, as written.
const SCALARS: [&str; 20] = [
    r#""""#,
    r#""Signet1""#,
    r#""\u0053ignet""#,
    r#""signet""#,
    r#""Allow""#,
    r#""*""#,
    r#""é ÿ  x""#,
    r#""\"[{,:}]\\""#,
    r#""\ud83d\ude00\/\b\f\n\r\t""#,
    r#""${aws:username}""#,
    "0",
    "-0",
    "1.50",
    "1E+3",
    "-12.25e-2",
    "12345678901234567890",
    "true",
    "false",
    "null",
    r#""2012-10-17""#,
];

const NAMES: [&str; 16] = [
    "sid",
    "Effect",
    "Action",
    "NotAction",
    "Principal",
    "Condition",
    "StringLike",
    "Version",
    "Id",
    "a b",
    r"\u0041",
    "",
    "é",
    "e",
    "u",
    "0",
];

/// Any JSON value without white space.
fn json() -> BoxedStrategy<String> {
    let scalar = select(&SCALARS[..]).prop_map(str::to_owned);
    scalar
        .prop_recursive(4, 24, 4, |inner| {
            let list = vec(inner.clone(), 0..4).prop_map(|items| format!("[{}]", items.join(",")));
            prop_oneof![list, object(inner)]
        })
        .boxed()
}

/// An object whose members have different names.
fn object(value: BoxedStrategy<String>) -> impl Strategy<Value = String> {
    let names = proptest::sample::subsequence(NAMES.to_vec(), 0..5).prop_shuffle();
    (names, vec(value, 5)).prop_map(|(names, values)| {
        let members: Vec<_> = names.iter().zip(&values).map(|(name, value)| format!("\"{name}\":{value}")).collect();
        format!("{{{}}}", members.join(","))
    })
}

fn documents() -> impl Strategy<Value = String> {
    const SIDS: [&str; 5] =
        [r#""Sid":"Signet1""#, r#""S\u0069d":"\u0053ignetX""#, r#""Sid":"signet""#, r#""Sid":1"#, ""];
    let statement = || {
        (object(json()), select(&SIDS[..])).prop_map(|(others, sid)| {
            let inner = &others[1..others.len() - 1];
            let comma = if inner.is_empty() || sid.is_empty() { "" } else { "," };
            format!("{{{inner}{comma}{sid}}}")
        })
    };
    let statements = prop_oneof![
        1 => statement(),
        4 => vec(statement(), 0..5).prop_map(|list| format!("[{}]", list.join(","))),
    ];
    (object(json()), statements, any::<bool>()).prop_map(|(others, statements, first)| {
        let inner = &others[1..others.len() - 1];
        match (inner, first) {
            ("", _) => format!(r#"{{"Statement":{statements}}}"#),
            (inner, true) => format!(r#"{{"Statement":{statements},{inner}}}"#),
            (inner, false) => format!(r#"{{{inner},"Statement":{statements}}}"#),
        }
    })
}

#[test]
fn what_is_read_is_written_to_the_letter() {
    let coverage = Coverage::default();
    check(6_000, "trust-text", &(documents(), 0..1_000usize), |(compact, spaces)| {
        let text = spaced(&compact, spaces);
        let document = Document::parse(&text).unwrap();
        prop_assert_eq!(&document.render(), &compact);
        prop_assert_eq!(&Document::parse(&compact).unwrap(), &document);
        prop_assert_eq!(document.length(), compact.chars().count());
        let value: Value = serde_json::from_str(&text).unwrap();
        let statements = match &value["Statement"] {
            Value::Array(list) => list.clone(),
            single => vec![single.clone()],
        };
        let read: Vec<Value> = document.statements().map(|s| serde_json::from_str(&s.render()).unwrap()).collect();
        prop_assert_eq!(&read, &statements);
        let is_ours = |statement: &Value| statement["Sid"].as_str().is_some_and(|sid| sid.starts_with("Signet"));
        let ours: Vec<bool> = document.statements().map(Statement::is_ours).collect();
        prop_assert_eq!(&ours, &statements.iter().map(is_ours).collect::<Vec<_>>());
        coverage.add(if value["Statement"].is_object() { "single" } else { "list" });
        if ours.contains(&true) {
            coverage.add("ours");
        }
        if ours.contains(&false) {
            coverage.add("foreign");
        }
        Ok(())
    });
    coverage.assert_reached(100, &["single", "list", "ours", "foreign"]);
}

/// What makes a document wrong, or another one.
fn damage() -> impl Strategy<Value = (usize, Option<char>, bool)> {
    let put = prop_oneof![
        1 => Just(None),
        3 => select(vec!['"', '\\', '{', '}', '[', ']', ',', ':', '0', '9', '-', '.', 'e', 'u', ' ', '\n', '\u{1}', 'é', '\u{a0}'])
            .prop_map(Some),
    ];
    (any::<usize>(), put, any::<bool>())
}

#[test]
fn what_is_not_json_is_refused_and_nothing_else() {
    let coverage = Coverage::default();
    check(6_000, "trust-damage", &(documents(), damage()), |(compact, (place, put, replace))| {
        let mut chars: Vec<char> = compact.chars().collect();
        let place = place % chars.len();
        match put {
            Some(c) if replace => chars[place] = c,
            Some(c) => chars.insert(place, c),
            None => drop(chars.remove(place)),
        }
        let mut text: String = chars.into_iter().collect();
        if place.is_multiple_of(16) {
            text = compact.replacen(r#""Statement":"#, r#""Statement":[],"Stat\u0065ment":"#, 1);
        }
        let judged = serde_json::from_str::<Value>(&text);
        if judged.as_ref().is_err_and(|error| error.to_string().contains("number out of range")) {
            return Ok(());
        }
        let is_json = judged.is_ok();
        match Document::parse(&text) {
            Ok(document) => {
                prop_assert!(is_json, "`{}` was taken", text);
                let (a, b): (Value, Value) =
                    (serde_json::from_str(&text).unwrap(), serde_json::from_str(&document.render()).unwrap());
                prop_assert_eq!(a, b);
                coverage.add("still a document");
            }
            Err(PolicyError::NotJson { why, .. }) if why.contains("already") => coverage.add("a member twice"),
            Err(PolicyError::NotJson { why, .. }) => {
                prop_assert!(!is_json, "`{}` was refused: {}", text, why);
                coverage.add("not JSON");
            }
            Err(_) => {
                prop_assert!(is_json);
                coverage.add("not a policy");
            }
        }
        Ok::<(), TestCaseError>(())
    });
    coverage.assert_reached(20, &["still a document", "a member twice", "not JSON", "not a policy"]);
}
