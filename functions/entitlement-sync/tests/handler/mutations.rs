//! Whatever becomes of an event on its way, it is applied or refused: nothing panics, nothing fails for
//! ever, and nobody comes to say more than he may.

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Value, json};
use signet_core::producer::TopicArn;

use crate::support::{APPS, DATASETS, World, envelope, record, sample};

/// One change of a JSON value: of the element at a place, by its number.
#[derive(Debug, Clone)]
struct Mutation {
    place: prop::sample::Index,
    change: Change,
}

#[derive(Debug, Clone)]
enum Change {
    Replace(Value),
    Remove,
    Double,
    Rename(String),
}

fn values() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,40}".prop_map(Value::from),
        prop::sample::select(vec![
            "active",
            "deleted",
            "clinical-other",
            "genomes",
            "Administrators",
            "Trials Curators",
            "arn:aws:iam::111122223333:role/admin",
            "arn:aws:iam::111122223333:role/data/other",
            "signet.provider.changed.v1",
            "signet.dataset.changed.v1",
            "0oaOther",
            "saml",
            "oidc",
        ])
        .prop_map(Value::from),
        Just(json!({})),
        Just(json!([])),
        Just(json!(["Trials A", "Trials A"])),
        Just(json!([[[[]]]])),
    ]
}

fn mutations() -> impl Strategy<Value = Vec<Mutation>> {
    let change = prop_oneof![
        4 => values().prop_map(Change::Replace),
        2 => Just(Change::Remove),
        2 => Just(Change::Double),
        1 => ".{0,12}".prop_map(Change::Rename),
    ];
    let mutation = (any::<prop::sample::Index>(), change).prop_map(|(place, change)| Mutation { place, change });
    prop::collection::vec(mutation, 1..3)
}

/// The places of all elements but the outermost.
fn places(value: &Value, here: &mut Vec<String>, all: &mut Vec<Vec<String>>) {
    let members: Vec<(String, &Value)> = match value {
        Value::Object(members) => members.iter().map(|(name, value)| (name.clone(), value)).collect(),
        Value::Array(items) => items.iter().enumerate().map(|(n, value)| (n.to_string(), value)).collect(),
        _ => Vec::new(),
    };
    for (name, value) in members {
        here.push(name);
        all.push(here.clone());
        places(value, here, all);
        here.pop();
    }
}

fn mutate(value: &mut Value, mutations: &[Mutation]) {
    for mutation in mutations {
        let mut all = Vec::new();
        places(value, &mut Vec::new(), &mut all);
        if all.is_empty() {
            return;
        }
        let (last, parents) = mutation.place.get(&all).split_last().unwrap();
        let parent = parents.iter().fold(&mut *value, |value, name| match value {
            Value::Object(members) => members.get_mut(name).unwrap(),
            Value::Array(items) => &mut items[name.parse::<usize>().unwrap()],
            _ => unreachable!(),
        });
        match (parent, &mutation.change) {
            (Value::Object(members), Change::Replace(new)) => drop(members.insert(last.clone(), new.clone())),
            (Value::Object(members), Change::Remove) => drop(members.remove(last)),
            (Value::Object(members), Change::Double) => {
                let same = members[last].clone();
                members.insert(format!("{last}2"), same);
            }
            (Value::Object(members), Change::Rename(name)) => {
                let same = members.remove(last).unwrap();
                members.insert(name.clone(), same);
            }
            (Value::Array(items), change) => {
                let place: usize = last.parse().unwrap();
                match change {
                    Change::Replace(new) => items[place] = new.clone(),
                    Change::Remove | Change::Rename(_) => drop(items.remove(place)),
                    Change::Double => items.push(items[place].clone()),
                }
            }
            _ => unreachable!(),
        }
    }
}

/// Where a message is changed: the event, SNS's envelope of it, or the record.
#[derive(Debug, Clone, Copy)]
enum Layer {
    Event,
    Envelope,
    Record,
    /// Bytes of the body cut off at an end.
    Cut(usize),
}

/// A sample, where it is changed, how its revision compares with the latest, and the changes.
fn case() -> impl Strategy<Value = (&'static str, Layer, i64, Vec<Mutation>)> {
    let samples =
        ["dataset-active", "dataset-withdrawn", "dataset-deleted", "provider-saml-active", "provider-oidc-active"];
    let layers = prop_oneof![
        6 => Just(Layer::Event),
        1 => Just(Layer::Envelope),
        1 => Just(Layer::Record),
        1 => (0_usize..3_000).prop_map(Layer::Cut),
    ];
    (prop::sample::select(samples.to_vec()), layers, -1_i64..3, mutations())
}

fn delivery(name: &str, layer: Layer, revision: u64, mutations: &[Mutation]) -> Value {
    let topic = if name.starts_with("dataset") { DATASETS } else { APPS };
    let mut event = sample(name);
    event["data"]["revision"] = json!(revision);
    if let Layer::Event = layer {
        mutate(&mut event, mutations);
    }
    let mut body = envelope(topic, &event);
    match layer {
        Layer::Envelope => {
            let mut envelope = serde_json::from_str(&body).unwrap();
            mutate(&mut envelope, mutations);
            body = envelope.to_string();
        }
        Layer::Cut(length) => body = body.chars().take(length).collect(),
        Layer::Event | Layer::Record => {}
    }
    let mut record = record("m", &body);
    if let Layer::Record = layer {
        mutate(&mut record, mutations);
    }
    json!({ "Records": [record] })
}

#[test]
fn every_mutation_of_a_message_is_applied_or_refused() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let world = runtime.block_on(World::new());
    let ends = std::cell::RefCell::new(std::collections::BTreeMap::<String, usize>::new());
    let latest = std::cell::Cell::new(10_i64);
    let mut runner = TestRunner::new(Config { cases: 3_000, failure_persistence: None, ..Config::default() });
    runner
        .run(&case(), |(name, layer, step, mutations)| {
            latest.set(latest.get() + step.max(0));
            let revision = u64::try_from(latest.get() + step.min(0)).unwrap();
            let done = runtime.block_on(world.invoke(delivery(name, layer, revision, &mutations)));
            prop_assert_eq!(&done.failed, &Vec::<String>::new(), "{:?}", done.lines);
            let outcome = done.outcome();
            *ends.borrow_mut().entry(outcome.to_owned()).or_default() += 1;
            let told = done.alerts.iter().any(|alert| alert["data"]["detail"]["reason"].is_string());
            prop_assert_eq!(outcome == "refused", told, "{:?}", done);
            Ok(())
        })
        .unwrap();
    let ends = ends.into_inner();
    for outcome in ["applied", "refused", "repeated", "superseded"] {
        assert!(ends.get(outcome).is_some_and(|count| *count >= 5), "hardly any case ends `{outcome}`: {ends:?}");
    }

    // Whatever came, the table has nothing that the producers may not say.
    runtime.block_on(async {
        let producer = world.table.producer(&TopicArn::parse(DATASETS).unwrap()).await.unwrap().unwrap();
        let sources = world.table.sources().await.unwrap();
        assert!(!sources.is_empty());
        for info in sources {
            let dataset = info.source.as_str().strip_prefix("dataset:").unwrap();
            let stated = world.stated(dataset).await;
            let grants = stated.groups.iter();
            let pairs = grants.flat_map(|(key, group)| group.grants.iter().map(move |grant| (key, &grant.role)));
            producer.permits_dataset(dataset, pairs).unwrap();
        }
    });
}
