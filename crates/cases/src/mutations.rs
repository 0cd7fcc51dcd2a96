//! Requests with anything anywhere.

use proptest::prelude::*;
use serde_json::{Value, json};

/// The JSON Pointers of all members and elements of a document.
pub fn places(document: &Value) -> Vec<String> {
    let mut found = Vec::new();
    collect(document, "", &mut found);
    found
}

fn collect(node: &Value, here: &str, found: &mut Vec<String>) {
    let children: Vec<(String, &Value)> = match node {
        Value::Object(members) => {
            let escaped = |name: &str| name.replace('~', "~0").replace('/', "~1");
            members.iter().map(|(name, child)| (format!("{here}/{}", escaped(name)), child)).collect()
        }
        Value::Array(elements) => {
            elements.iter().enumerate().map(|(index, child)| (format!("{here}/{index}"), child)).collect()
        }
        _ => return,
    };
    for (pointer, child) in children {
        collect(child, &pointer, found);
        found.push(pointer);
    }
}

/// A value of every type, and some that matter in requests.
pub fn values() -> Vec<Value> {
    vec![
        json!(null),
        json!(true),
        json!(-4321),
        json!(1.5e300),
        json!("x"),
        json!(""),
        json!([]),
        json!([null, true, 1, "x", [], {}]),
        json!({}),
        json!({"id": 1, "value": [], "claims": {}, "https://aws.amazon.com/tags": null}),
    ]
}

/// The document with one member or element away.
pub fn without(document: &Value, place: &str) -> Value {
    let mut changed = document.clone();
    let (parent, name) = place.rsplit_once('/').unwrap();
    match changed.pointer_mut(parent).unwrap() {
        Value::Object(members) => drop(members.remove(&name.replace("~1", "/").replace("~0", "~")).unwrap()),
        Value::Array(elements) => drop(elements.remove(name.parse().unwrap())),
        _ => panic!("{place} is in nothing"),
    }
    changed
}

/// The document with something else at a place, if the place is still there.
pub fn with(document: &Value, place: &str, value: Value) -> Value {
    let mut changed = document.clone();
    if let Some(target) = changed.pointer_mut(place) {
        *target = value;
    }
    changed
}

/// Every document that differs from one in one place: a value of every type there, or nothing at all.
pub fn each(document: &Value) -> impl Iterator<Item = (String, Value)> {
    places(document).into_iter().flat_map(move |place| {
        let changed = values().into_iter().map(|value| with(document, &place, value));
        let all: Vec<Value> = changed.chain([without(document, &place)]).collect();
        all.into_iter().map(move |changed| (place.clone(), changed))
    })
}

/// Any JSON, with names that matter in requests.
pub fn any_json(names: &'static [&'static str]) -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        // Such as are read to the last bit.
        any::<i32>().prop_map(|eighths| Value::from(f64::from(eighths) / 8.0)),
        ".{0,12}".prop_map(Value::from),
        prop::sample::select(names).prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 40, 6, move |inner| {
        let name = prop_oneof![prop::sample::select(names).prop_map(str::to_owned), ".{0,6}"];
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::vec((name, inner), 0..6).prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}
