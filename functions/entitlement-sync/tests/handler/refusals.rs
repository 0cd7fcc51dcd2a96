//! What will not get better by itself: refused whole, with an alert, and nothing written.

use serde_json::{Value, json};

use crate::support::{APPS, DATASETS, READER, World, dataset, envelope, envelope_of, reader, record, sample};

/// Delivers one body that must be refused, and write nothing. Gives the alert's data.
async fn refused(world: &World, body: &str, reason: &str) -> Value {
    let before = world.content().await;
    let done = world.deliver(&[body.to_owned()]).await;
    let data = done.refused(reason).clone();
    assert_eq!(world.content().await, before, "{reason}: something was written");
    data
}

fn summary(data: &Value) -> &str {
    data["summary"].as_str().unwrap()
}

#[tokio::test]
async fn what_sns_did_not_wrap_is_refused() {
    let world = World::new().await;
    let event = dataset("clinical-trials", 1, &reader(&["Trials Curators"]));
    let wrapped = envelope(DATASETS, &event);
    let without = |name: &str| {
        let mut envelope: Value = serde_json::from_str(&wrapped).unwrap();
        envelope.as_object_mut().unwrap().remove(name);
        envelope.to_string()
    };
    // What raw message delivery would make of an event that plays an envelope, too.
    let forged = {
        let mut forged = event.clone();
        let envelope: Value = serde_json::from_str(&wrapped).unwrap();
        forged.as_object_mut().unwrap().extend(envelope.as_object().unwrap().clone());
        forged.to_string()
    };
    let subscription = wrapped.replace("\"Notification\"", "\"SubscriptionConfirmation\"");
    let bodies = [
        (event.to_string(), "without SNS's envelope"),
        (forged, "without SNS's envelope"),
        (String::new(), "not JSON"),
        ("null".to_owned(), "not SNS's envelope"),
        ("[".repeat(100_000), "not JSON"),
        (format!("\"{}\"", "x".repeat(1_000_000)), "not SNS's envelope"),
        (without("TopicArn"), "/TopicArn: is missing"),
        (without("Type"), "/Type: is missing"),
        (subscription, "SubscriptionConfirmation"),
        (wrapped.replacen('{', "{\"TopicArn\":\"x\",", 1), "is there twice"),
    ];
    for (body, why) in bodies {
        let data = refused(&world, &body, "no_envelope").await;
        assert!(summary(&data).contains(why), "{data}");
    }
    let done = world.invoke(json!({ "Records": [{ "messageId": "m" }] })).await;
    assert!(summary(done.refused("no_envelope")).contains("the record has no body"));
}

#[tokio::test]
async fn a_topic_that_is_no_producers_says_nothing() {
    let world = World::new().await;
    let event = dataset("clinical-trials", 1, &reader(&["Trials Curators"]));
    let other = "arn:aws:sns:eu-central-1:444455556666:clinical-platform";
    let data = refused(&world, &envelope(other, &event), "unknown_topic").await;
    assert!(summary(&data).contains(other) && summary(&data).contains("signet producer add"), "{data}");
    assert_eq!((&data["kind"], &data["detail"]["event_id"]), (&json!("refused"), &json!("clinical-trials-1")));

    // A producer who is removed is silent at once.
    let topic = signet_core::producer::TopicArn::parse(DATASETS).unwrap();
    world.table.remove_producer(&topic).await.unwrap();
    refused(&world, &envelope(DATASETS, &event), "unknown_topic").await;
}

#[tokio::test]
async fn an_envelope_within_an_envelope_has_no_topic_to_say() {
    let world = World::new().await;
    let inner = envelope(DATASETS, &dataset("clinical-trials", 1, &reader(&["Trials Curators"])));
    let data = refused(&world, &envelope_of(APPS, &inner), "invalid_event").await;
    assert_eq!(data["detail"]["topic"], APPS);
    let mut event = dataset("clinical-trials", 1, &reader(&["Trials Curators"]));
    event["TopicArn"] = json!(DATASETS);
    refused(&world, &envelope(APPS, &event), "not_permitted").await;
}

#[tokio::test]
async fn nobody_says_more_than_he_may() {
    let world = World::new().await;
    let trials = |grants: Value| dataset("clinical-trials", 1, &grants);
    let events = [
        (dataset("genomes", 1, &reader(&["Trials Curators"])), "dataset `genomes`"),
        (dataset("genomes", 1 << 53, &reader(&["Trials Curators"])), "dataset `genomes`"),
        (
            trials(json!([{ "role": "arn:aws:iam::111122223333:role/admin", "groups": ["Trials Curators"] }])),
            "role `arn:",
        ),
        (
            trials(json!([{ "role": "arn:aws-cn:iam::111122223333:role/data/x", "groups": ["Trials A"] }])),
            "role `arn:aws-cn",
        ),
        (trials(reader(&["Trials Curators", "Administrators"])), "group `Administrators`"),
    ];
    for (event, what) in events {
        let data = refused(&world, &envelope(DATASETS, &event), "not_permitted").await;
        assert!(summary(&data).contains(&format!("may not speak of {what}")), "{data}");
        assert_eq!(data["kind"], "refused");
    }
    let mut provider = sample("provider-saml-active");
    let data = refused(&world, &envelope(DATASETS, &provider), "not_permitted").await;
    assert!(summary(&data).contains("may not speak of event"), "{data}");
    provider["subject"] = json!("other");
    provider["data"]["app"] = json!("other");
    let data = refused(&world, &envelope(APPS, &provider), "not_permitted").await;
    assert!(summary(&data).contains("may not speak of app `other`"), "{data}");
    // The owner's own event is none the worse for it.
    assert_eq!(world.publish(&trials(reader(&["Trials Curators"]))).await.outcome(), "applied");
}

#[tokio::test]
async fn what_is_no_event_is_refused_with_all_that_is_wrong() {
    let world = World::new().await;
    let good = dataset("clinical-trials", 1, &reader(&["Trials Curators"]));
    let with = |pointer: &str, value: Value| {
        let mut event = good.clone();
        *event.pointer_mut(pointer).unwrap() = value;
        event
    };
    let role = "/data/grants/0/role";
    let group = "/data/grants/0/groups/0";
    let long = "Trials ".repeat(150);
    for (event, place) in [
        (json!({ "hello": "world" }), "/specversion"),
        (json!([good]), ""),
        (with("/specversion", json!("0.3")), "/specversion"),
        (with("/type", json!("signet.dataset.changed.v2")), "/type"),
        (with("/type", json!("com.example.other")), "/type"),
        (with("/subject", json!("clinical-images")), "/subject"),
        (with("/time", json!("yesterday")), "/time"),
        (with("/data/revision", json!(0)), "/data/revision"),
        (with("/data/revision", json!(-1)), "/data/revision"),
        (with("/data/revision", json!((1_u64 << 53) + 1)), "/data/revision"),
        (with("/data/revision", json!(u64::MAX)), "/data/revision"),
        (with("/data/revision", json!(1e300)), "/data/revision"),
        (with("/data/state", json!("gone")), "/data/state"),
        (with(role, json!("trials-reader")), role),
        (with(role, json!("arn:aws:iam::111122223333:user/jane")), role),
        (with(role, json!("arn:azure:iam::111122223333:role/data/trials-reader")), role),
        (with(role, json!("arn:aws:iam::111122223333:role/data/*")), role),
        (with(group, json!("")), group),
        (with(group, json!(long)), group),
        (with(group, json!(7)), group),
        (with("/data/grants/0/groups", json!([])), "/data/grants/0/groups"),
        (with("/data/grants", Value::Null), "/data/grants"),
    ] {
        let data = refused(&world, &envelope(DATASETS, &event), "invalid_event").await;
        let problems = data["detail"]["problems"].as_array().unwrap();
        assert!(problems.iter().any(|problem| problem["place"] == place), "{place}: {data}");
        assert!(summary(&data).chars().count() <= 1_000);
    }
    for text in ["", "hello", "{", "\u{feff}{}"] {
        refused(&world, &envelope_of(DATASETS, text), "invalid_event").await;
    }
}

#[tokio::test]
async fn many_problems_are_counted_and_no_alert_is_too_long() {
    let world = World::new().await;
    let groups: Vec<Value> = (0..300).map(|_| json!("")).collect();
    let event = dataset("clinical-trials", 1, &json!([{ "role": READER, "groups": groups }]));
    let data = refused(&world, &envelope(DATASETS, &event), "invalid_event").await;
    assert_eq!(data["detail"]["problems"].as_array().unwrap().len(), 50);
    assert_eq!(data["detail"]["problems_left_out"], 250);
}

#[tokio::test]
async fn a_hundred_thousand_grants_are_too_many_for_one_event() {
    let world = World::new().await;
    let groups: Vec<String> = (0..100_000).map(|n| format!("Trials {n}")).collect();
    let event = dataset("clinical-trials", 1, &json!([{ "role": READER, "groups": groups }]));
    let data = refused(&world, &envelope(DATASETS, &event), "event_too_large").await;
    assert!(summary(&data).contains("262144"), "{data}");
}

#[tokio::test]
async fn what_the_table_does_not_take_is_refused_whole() {
    let world = World::new().await;
    let first = dataset("clinical-trials", 1, &reader(&["Trials Curators"]));
    assert_eq!(world.publish(&first).await.outcome(), "applied");

    let other = dataset("clinical-trials", 1, &reader(&["Clinical Readers"]));
    let data = refused(&world, &envelope(DATASETS, &other), "revision_conflict").await;
    assert_eq!(data["kind"], "refused");

    let none = dataset("clinical-trials", 2, &json!([]));
    let data = refused(&world, &envelope(DATASETS, &none), "nothing_left").await;
    assert!(summary(&data).contains("say `deleted`, or list what remains"), "{data}");

    let roles: Vec<Value> = (0..301)
        .map(|n| json!({ "role": format!("arn:aws:iam::111122223333:role/data/r{n}"), "groups": ["Clinical Readers"] }))
        .collect();
    let many = dataset("clinical-images", 1, &json!(roles));
    let data = refused(&world, &envelope(DATASETS, &many), "capacity").await;
    assert_eq!(data["kind"], "capacity");
}

#[tokio::test]
async fn names_of_strangers_are_harmless_in_what_people_read() {
    let world = World::new().await;
    let event = dataset("clinical-trials", 1, &reader(&["Evil\u{1b}[2J\n`rm -rf`\u{202e}"]));
    let data = refused(&world, &envelope(DATASETS, &event), "not_permitted").await;
    assert!(!summary(&data).contains(|c: char| c.is_control()), "{data}");
    let done = world.invoke(json!({ "Records": [record("m", &envelope_of(DATASETS, "\u{1b}[2J"))] })).await;
    assert!(!done.lines[0]["detail"].as_str().unwrap().contains(char::is_control));
}

#[tokio::test]
async fn an_alert_of_a_message_is_the_same_at_each_delivery() {
    let world = World::new().await;
    let body = envelope(DATASETS, &dataset("genomes", 1, &reader(&["Trials Curators"])));
    let first = world.invoke(json!({ "Records": [record("a", &body)] })).await.alerts;
    // SNS delivers at least once, and then the queue's id is another.
    let again = world.invoke(json!({ "Records": [record("b", &body)] })).await.alerts;
    assert_eq!((&first[0]["id"], &first[0]["source"]), (&again[0]["id"], &again[0]["source"]));
    let other = envelope(DATASETS, &dataset("genomes", 2, &reader(&["Trials Curators"])));
    let other = world.invoke(json!({ "Records": [record("a", &other)] })).await.alerts;
    assert_ne!(first[0]["id"], other[0]["id"]);
    assert_eq!((&first[0]["subject"], &first[0]["time"]), (&json!("genomes"), &json!("2026-07-01T09:30:02.5Z")));
}
