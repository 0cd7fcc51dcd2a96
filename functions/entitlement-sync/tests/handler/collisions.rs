//! Groups that find their code taken: people are told, once.

use serde_json::{Value, json};
use signet_store::Table;

use crate::sns::Mood;
use crate::support::{FewCodes, READER, World, dataset, reader};

/// A world in which every first proposal is the same code: each group but the first is displaced.
async fn colliding() -> World {
    World::with(|table: Table| table.with_hasher(FewCodes(32))).await
}

fn groups(names: std::ops::Range<usize>) -> Value {
    let names: Vec<String> = names.map(|n| format!("Trials {n}")).collect();
    json!([{ "role": READER, "groups": names }])
}

#[tokio::test]
async fn a_collision_is_told_once_with_all_that_is_to_know() {
    let world = colliding().await;
    let event = dataset("clinical-trials", 1, &groups(0..20));
    let done = world.publish(&event).await;
    assert_eq!(done.outcome(), "applied", "{:?}", done.lines);
    let displaced = done.lines[0]["groups.displaced"].as_u64().unwrap();
    assert!(displaced > 0, "{:?}", done.lines);
    assert_eq!(done.alerts.len() as u64, displaced);
    assert_eq!((&done.lines[0]["collisions.told"], &done.lines[0]["level"]), (&json!(displaced), &json!("WARN")));
    let ids: std::collections::BTreeSet<_> = done.alerts.iter().map(|alert| alert["id"].as_str().unwrap()).collect();
    assert_eq!(ids.len() as u64, displaced, "each has an id of its own");
    for alert in &done.alerts {
        let (data, detail) = (&alert["data"], &alert["data"]["detail"]);
        assert_eq!((&data["kind"], &detail["dataset"]), (&json!("collision"), &json!("clinical-trials")));
        assert_eq!((&alert["subject"], &detail["left_out"]), (&json!("clinical-trials"), &json!(false)));
        assert_ne!(detail["given_code"], detail["taken_code"]);
        assert!(detail["given_salt"].as_u64().unwrap() >= 1);
        assert_ne!(detail["group"], detail["owner"]);
        assert!(detail["found_by"].as_str().unwrap().contains("clinical-trials-1"), "{detail}");
        for name in ["group", "owner", "given_code", "taken_code"] {
            let value = detail[name].as_str().unwrap();
            assert!(data["summary"].as_str().unwrap().contains(&format!("`{value}`")), "{name}: {data}");
        }
    }
    for revision in [1, 2] {
        let again = world.publish(&dataset("clinical-trials", revision, &groups(0..20))).await;
        assert!(again.failed.is_empty() && again.alerts.is_empty(), "{again:#?}");
    }
}

#[tokio::test]
async fn a_collision_that_nobody_heard_of_is_told_at_the_next_delivery() {
    let world = colliding().await;
    let event = dataset("clinical-trials", 1, &groups(0..20));
    world.sns.be(Mood::Broken);
    let done = world.publish(&event).await;
    assert_eq!((done.outcome(), done.reason(), done.failed.len()), ("failed", "alert_unpublished", 1), "{done:#?}");
    assert_eq!(done.lines[0]["grants.added"], 20, "what was written is counted all the same");
    assert_eq!(world.grants("clinical-trials").await, 20);
    world.heal();
    let again = world.publish(&event).await;
    assert_eq!(again.outcome(), "repeated");
    assert_eq!(json!(again.alerts.len()), done.lines[0]["groups.displaced"]);
    assert!(world.publish(&event).await.alerts.is_empty());
}

#[tokio::test]
async fn those_that_were_told_before_it_broke_are_not_told_again() {
    let world = colliding().await;
    let event = dataset("clinical-trials", 1, &groups(0..30));
    world.sns.be_by(|before| if before < 2 { Mood::Well } else { Mood::NoTopic });
    let first = world.publish(&event).await;
    assert_eq!((first.outcome(), first.alerts.len()), ("failed", 2), "{first:#?}");
    world.heal();
    let second = world.publish(&event).await;
    assert_eq!(second.outcome(), "repeated");
    let ids = |alerts: &[Value]| {
        alerts.iter().map(|alert| alert["id"].to_string()).collect::<std::collections::BTreeSet<_>>()
    };
    assert!(ids(&first.alerts).is_disjoint(&ids(&second.alerts)));
    assert_eq!(json!(first.alerts.len() + second.alerts.len()), first.lines[0]["groups.displaced"]);
}

#[tokio::test]
async fn a_group_that_is_left_out_is_told_of_with_what_to_do() {
    let world = colliding().await;
    world.refuse_collisions().await;
    let done = world.publish(&dataset("clinical-trials", 1, &groups(0..20))).await;
    assert_eq!(done.outcome(), "applied", "{done:#?}");
    let left = done.lines[0]["groups.left_out"].as_u64().unwrap();
    assert!(left > 0, "{:?}", done.lines);
    assert_eq!(done.alerts.len() as u64, left);
    assert_eq!(done.lines[0]["grants.added"], json!(20 - left), "the rest is applied");
    assert_eq!(world.grants("clinical-trials").await, 20, "what waits is stated all the same");
    for alert in &done.alerts {
        let summary = alert["data"]["summary"].as_str().unwrap();
        assert!(summary.contains("signet register KEY --salt NUMBER"), "{summary}");
        assert!(summary.contains("signet resync clinical-trials"), "{summary}");
        assert_eq!(alert["data"]["detail"]["given_code"], Value::Null);
    }
}

#[tokio::test]
async fn without_a_collision_nobody_is_told() {
    let done = World::new().await.publish(&dataset("clinical-trials", 1, &reader(&["Trials A", "Trials B"]))).await;
    assert_eq!((done.outcome(), done.alerts.len()), ("applied", 0));
}
