//! Whatever arrives, reading it ends in an event or in a clean error; what is taken is what the
//! schemas take, and reads back as it was written.
#![allow(
    clippy::unwrap_used,
    clippy::unwrap_in_result,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::needless_pass_by_value,
    reason = "a test may fail by a panic, and takes what `json!` gives"
)]

mod support;

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use proptest::sample::{Index, select};
use serde_json::{Value, json};
use signet_events::event::{Change, Event};
use signet_events::sns::Notification;
use support::validator::faults;

/// The pointers of all members and elements of a document.
fn places(value: &Value, here: &str, found: &mut Vec<String>) {
    let children: Vec<(String, &Value)> = match value {
        Value::Object(members) => members.iter().map(|(name, child)| (format!("{here}/{name}"), child)).collect(),
        Value::Array(items) => items.iter().enumerate().map(|(n, child)| (format!("{here}/{n}"), child)).collect(),
        _ => return,
    };
    for (place, child) in children {
        places(child, &place, found);
        found.push(place);
    }
}

/// Any JSON, the words of events among it.
fn any_json() -> impl Strategy<Value = Value> {
    let words = [
        "active",
        "deleted",
        "saml",
        "oidc",
        "",
        "1.0",
        "clinical-trials",
        "2027-01-31T00:00:00Z",
        "2027-01-31t24:00:00z",
        "arn:aws:iam::111122223333:role/r",
        "arn:aws:iam::111122223333:role/\u{e9}",
        "0oath92zlO60urQOP0g3",
        "https://example.com",
        "a b",
        "\u{0}",
    ];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        (0_u64..4).prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
        select(words.to_vec()).prop_map(Value::from),
    ];
    let names = select(vec!["role", "groups", "apps", "expires_at", "key", "label", "grants", "x"]);
    leaf.prop_recursive(3, 16, 4, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map(names.clone(), inner, 0..4)
                .prop_map(|members| members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()),
        ]
    })
}

#[derive(Debug, Clone)]
enum Mutation {
    Put(Value),
    Remove,
    Rename(String),
    CopyOf(Index),
}

fn any_change() -> impl Strategy<Value = Mutation> {
    prop_oneof![
        4 => any_json().prop_map(Mutation::Put),
        1 => Just(Mutation::Remove),
        1 => select(vec!["expire_at", "label", "role", "groups", "data"])
            .prop_map(|name| Mutation::Rename(name.to_owned())),
        2 => any::<Index>().prop_map(Mutation::CopyOf),
    ]
}

fn changed(mut event: Value, place: Index, change: &Mutation) -> Value {
    let mut all = Vec::new();
    places(&event, "", &mut all);
    let place = place.get(&all);
    let (parent, name) = place.rsplit_once('/').unwrap();
    let copy = match change {
        Mutation::Put(value) => Some(value.clone()),
        Mutation::CopyOf(from) => Some(event.pointer(from.get(&all).as_str()).unwrap().clone()),
        Mutation::Remove | Mutation::Rename(_) => None,
    };
    let parent = event.pointer_mut(parent).unwrap();
    match (copy, change, parent) {
        (Some(value), _, Value::Array(items)) => items[name.parse::<usize>().unwrap()] = value,
        (Some(value), _, parent) => parent[name] = value,
        (None, Mutation::Rename(to), Value::Object(members)) => {
            let value = members.remove(name).unwrap();
            members.insert(to.clone(), value);
        }
        (None, _, Value::Object(members)) => drop(members.remove(name)),
        (None, _, Value::Array(items)) => drop(items.remove(name.parse().unwrap())),
        (None, _, parent) => panic!("{parent} has no members"),
    }
    event
}

/// What holds of every message.
fn hold(message: &[u8]) -> Option<Event> {
    let event = match Event::parse(message) {
        Ok(event) => event,
        Err(error) => {
            assert!(!error.to_string().is_empty());
            assert!(!error.problems().is_empty());
            return None;
        }
    };
    // In JSON without doubled members, which are refused.
    let value: Value = serde_json::from_slice(message).unwrap();
    let nulls_left_out: Value = value
        .as_object()
        .unwrap()
        .iter()
        .filter(|(_, value)| !value.is_null())
        .map(|(k, v)| (k.clone(), v.clone()))
        .collect();
    assert_eq!(faults(&support::schema(event.event_type().as_str()), &nulls_left_out), [""; 0], "{value}");

    let written = event.to_json();
    assert_eq!(faults(&support::schema(event.event_type().as_str()), &written), [""; 0]);
    let mut again = support::parse(&written).unwrap();
    assert_eq!(again.warnings, []);
    let mut event_without = event.clone();
    event_without.warnings.clear();
    for event in [&mut again, &mut event_without] {
        if let Change::Dataset(dataset) = &mut event.change {
            dataset.duplicates = 0;
        }
    }
    assert_eq!(again, event_without);
    Some(event)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        hold(&bytes);
        if let Ok(text) = std::str::from_utf8(&bytes) {
            let _ = Notification::parse(text);
        }
    }

    #[test]
    fn any_document(document in any_json()) {
        hold(document.to_string().as_bytes());
        let _ = Notification::parse(&document.to_string());
    }

    #[test]
    fn any_change_of_a_sample(
        mut event in select(support::samples(false)).prop_map(|(_, event)| event),
        changes in prop::collection::vec((any::<Index>(), any_change()), 1..4),
    ) {
        for (place, change) in &changes {
            event = changed(event, *place, change);
        }
        hold(event.to_string().as_bytes());
    }

    #[test]
    fn any_byte_of_a_sample((_, event) in select(support::samples(false)), at in any::<Index>(), byte: u8) {
        let mut message = event.to_string().into_bytes();
        let at = at.index(message.len());
        message[at] = byte;
        hold(&message);
        if let Ok(body) = std::str::from_utf8(&message) {
            prop_assert!(Notification::parse(body).is_err());
        }
    }

    #[test]
    fn what_is_stated_is_read(grants in prop::collection::vec(any_grant(), 0..12)) {
        let mut event = support::sample("dataset-active");
        event["data"]["grants"] = grants.iter().map(Stated::to_json).collect();
        let event = hold(event.to_string().as_bytes()).unwrap();
        let Change::Dataset(dataset) = event.change else { panic!("not about a dataset") };

        let mut expected: BTreeSet<Said> = BTreeSet::new();
        let mut labels: BTreeMap<&str, &str> = BTreeMap::new();
        let mut stated = 0;
        for grant in &grants {
            for (group, label) in &grant.groups {
                stated += 1;
                let apps = grant.apps.clone().map(BTreeSet::from_iter);
                expected.insert((group.clone(), grant.role.clone(), apps, grant.expires_at));
                if let Some(label) = label {
                    labels.entry(group).or_insert(label);
                }
            }
        }
        let read: Vec<_> = dataset.grants.iter().map(|(group, _, grant)| (
            group.as_str().to_owned(),
            grant.role.to_string(),
            grant.apps.as_ref().map(|apps| apps.iter().map(ToString::to_string).collect()),
            grant.expires_at.map(signet_core::grant::Timestamp::seconds),
        )).collect();
        prop_assert_eq!(read.len(), expected.len());
        prop_assert_eq!(dataset.duplicates, stated - expected.len());
        prop_assert_eq!(read.into_iter().collect::<BTreeSet<_>>(), expected);
        for (group, label, _) in &dataset.grants {
            prop_assert_eq!(label.as_deref(), labels.get(group.as_str()).copied());
        }
    }
}

/// A group, a role, apps and an end: what one grant says.
type Said = (String, String, Option<BTreeSet<String>>, Option<i64>);

/// A grant as a producer has it.
#[derive(Debug, Clone)]
struct Stated {
    role: String,
    groups: Vec<(String, Option<String>)>,
    apps: Option<Vec<String>>,
    expires_at: Option<i64>,
}

impl Stated {
    fn to_json(&self) -> Value {
        let groups = self.groups.iter().map(|(key, label)| match label {
            None => json!(key),
            Some(label) => json!({ "key": key, "label": label }),
        });
        let mut grant = json!({ "role": self.role, "groups": groups.collect::<Vec<_>>() });
        if let Some(apps) = &self.apps {
            grant["apps"] = json!(apps);
        }
        if let Some(end) = self.expires_at {
            grant["expires_at"] = json!(jiff::Timestamp::from_second(end).unwrap().to_string());
        }
        grant
    }
}

fn any_grant() -> impl Strategy<Value = Stated> {
    let key = prop_oneof![
        4 => select(vec!["a", "b", "A", "*"]).prop_map(str::to_owned),
        1 => any::<String>().prop_filter("a key", |key| (1..=1_024).contains(&key.len())),
    ];
    let group = (key, prop::option::of(select(vec!["One", "Two"]).prop_map(str::to_owned)));
    (
        (0..3).prop_map(|n| format!("arn:aws:iam::11112222333{n}:role/r")),
        prop::collection::vec(group, 1..4),
        prop::option::of(prop::collection::vec(select(vec!["x", "y"]).prop_map(str::to_owned), 1..3)),
        prop::option::of(prop_oneof![Just(0), -62_135_596_800_i64..253_402_300_799]),
    )
        .prop_map(|(role, groups, apps, expires_at)| Stated { role, groups, apps, expires_at })
}
