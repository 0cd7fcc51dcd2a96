//! Datasets come, change and go.

use serde_json::{Value, json};
use signet_core::app::AppId;

use crate::support::{DATASETS, NOTEBOOKS, World, dataset, envelope, reader, received, sample};

#[tokio::test]
async fn the_samples_tell_their_story() {
    let world = World::new().await;
    for (file, outcome, added, removed, left) in [
        ("dataset-active.sqs", "applied", 3, 0, 3),
        ("dataset-active.sqs", "repeated", 0, 0, 3),
        ("dataset-withdrawn.sqs", "applied", 0, 2, 1),
        ("dataset-active.sqs", "superseded", 0, 0, 1),
        ("dataset-deleted.sqs", "applied", 0, 1, 0),
    ] {
        let done = world.invoke(sample(file)).await;
        assert_eq!(done.outcome(), outcome, "{file}: {done:#?}");
        let line = &done.lines[0];
        let count = |name: &str| line[name].as_u64().unwrap_or(0);
        assert_eq!((count("grants.added"), count("grants.removed")), (added, removed), "{file}: {line}");
        assert_eq!(world.grants("clinical-trials").await, left, "{file}");
        assert!(done.failed.is_empty() && done.alerts.is_empty() && done.others.is_empty(), "{done:#?}");
    }
}

#[tokio::test]
async fn a_line_of_the_log_tells_all_of_a_record() {
    let world = World::new().await;
    let done = world.publish(&dataset("clinical-trials", 7, &reader(&["Trials Curators", "Clinical Readers"]))).await;
    let mut line = done.lines[0].clone();
    assert!(line["duration_ms"].as_f64().unwrap() > 0.0);
    line.as_object_mut().unwrap().remove("duration_ms");
    let sns_id = line["sns.id"].take();
    assert!(sns_id.as_str().unwrap().starts_with("sns-"));
    assert_eq!(
        line,
        json!({
            "timestamp": "2026-07-01T09:30:02.500Z", "level": "INFO", "message": "event", "request.id": "req-1",
            "message.id": "m0", "receive_count": 1, "sns.id": null, "topic": DATASETS,
            "event.id": "clinical-trials-7", "event.source": "https://data.example.com/catalog",
            "event.type": "signet.dataset.changed.v1", "subject": "clinical-trials", "revision": 7,
            "outcome": "applied", "grants.added": 2, "grants.removed": 0, "groups.registered": 2,
            "groups.retired": 0, "groups.displaced": 0, "groups.left_out": 0, "groups.crowded": 0,
            "collisions.told": 0, "warnings": 0, "lag_ms": 2_500,
        })
    );
}

#[tokio::test]
async fn history_names_the_event_and_its_source() {
    let world = World::new().await;
    world.publish(&dataset("clinical-trials", 1, &reader(&["Trials Curators"]))).await;
    let rows = world.table.whole_history().await.unwrap();
    assert!(!rows.is_empty());
    let content = world.content().await.join("\n");
    assert!(content.contains("https://data.example.com/catalog#clinical-trials-1"), "{content}");
}

#[tokio::test]
async fn every_member_of_a_grant_arrives() {
    let world = World::new().await;
    world.invoke(sample("dataset-active.sqs")).await;
    let stated = world.stated("clinical-trials").await;
    let labels: Vec<_> = stated.groups.values().filter_map(|group| group.label.as_deref()).collect();
    assert_eq!(labels, ["Clinical Stewards"]);
    let grants: Vec<_> = stated.groups.values().flat_map(|group| &group.grants).collect();
    let limited = grants.iter().find(|grant| grant.role.as_str() == NOTEBOOKS).unwrap();
    let app = AppId::parse("0oath92zlO60urQOP0g3").unwrap();
    assert_eq!(limited.apps.as_ref().unwrap().iter().collect::<Vec<_>>(), [&app], "an app that no file has named yet");
    assert_eq!(limited.expires_at.unwrap().seconds(), 1_801_353_600);
}

#[tokio::test]
async fn two_datasets_do_not_disturb_each_other() {
    let world = World::new().await;
    let grants = reader(&["Trials Curators"]);
    for id in ["clinical-trials", "clinical-images"] {
        assert_eq!(world.publish(&dataset(id, 1, &grants)).await.outcome(), "applied");
    }
    let mut deleted = dataset("clinical-images", 2, &json!([]));
    deleted["data"]["state"] = json!("deleted");
    assert_eq!(world.publish(&deleted).await.outcome(), "applied");
    assert_eq!((world.grants("clinical-trials").await, world.grants("clinical-images").await), (1, 0));
}

#[tokio::test]
async fn equal_and_lower_revisions_change_nothing() {
    let world = World::new().await;
    world.publish(&dataset("clinical-trials", 5, &reader(&["Trials Curators"]))).await;
    let before = world.content().await;
    for (revision, outcome) in [(5, "repeated"), (4, "superseded"), (1, "superseded")] {
        let done = world.publish(&dataset("clinical-trials", revision, &reader(&["Trials Curators"]))).await;
        assert_eq!((done.outcome(), done.failed.len(), done.alerts.len()), (outcome, 0, 0));
    }
    assert_eq!(world.content().await, before);
    let done = world.publish(&dataset("clinical-trials", 6, &reader(&["Trials Curators"]))).await;
    assert_eq!(done.outcome(), "unchanged");
}

#[tokio::test]
async fn grants_stated_twice_are_stated_once() {
    let world = World::new().await;
    let grants = json!([
        { "role": crate::support::READER, "groups": ["Trials Curators", "Trials Curators"] },
        { "role": crate::support::READER, "groups": ["Trials Curators"] },
    ]);
    let done = world.publish(&dataset("clinical-trials", 1, &grants)).await;
    assert_eq!((done.outcome(), &done.lines[0]["warnings"]), ("applied", &json!(2)));
    assert_eq!(world.grants("clinical-trials").await, 1);
}

#[tokio::test]
async fn the_largest_event_that_sns_takes_works() {
    let world = World::new().await;
    let groups: Vec<String> = (0..200).map(|n| format!("Trials Curators of Study {n:04}")).collect();
    let grants: Vec<Value> = (0..36)
        .map(|n| json!({ "role": format!("arn:aws:iam::111122223333:role/data/trials-reader-{n}"), "groups": groups }))
        .collect();
    let event = dataset("clinical-trials", 1, &json!(grants));
    let bytes = event.to_string().len();
    assert!((230_000..262_144).contains(&bytes), "{bytes}");
    let done = world.publish(&event).await;
    assert_eq!((done.outcome(), &done.lines[0]["grants.added"]), ("applied", &json!(7_200)), "{:?}", done.lines);
    assert_eq!(world.grants("clinical-trials").await, 7_200);
}

#[tokio::test]
async fn an_event_costs_few_calls() {
    let world = World::new().await;
    let groups: Vec<String> = (0..50).map(|n| format!("Trials {n}")).collect();
    let roles: Vec<Value> = (0..20)
        .map(|n| json!({ "role": format!("arn:aws:iam::111122223333:role/data/r{n}"), "groups": groups }))
        .collect();
    let grants = json!(roles);
    for (revision, outcome, most) in [(1, "applied", 6), (2, "unchanged", 2), (2, "repeated", 1), (1, "superseded", 1)]
    {
        let before = world.connector.total_calls();
        let done = world.publish(&dataset("clinical-trials", revision, &grants)).await;
        let calls = world.connector.total_calls() - before;
        assert_eq!(done.outcome(), outcome);
        assert!(calls <= most, "{outcome}: {calls} calls");
    }
}

#[tokio::test]
async fn a_group_near_its_limit_is_named_and_nobody_is_alarmed() {
    let world = World::new().await;
    let roles: Vec<Value> = (0..250)
        .map(|n| json!({ "role": format!("arn:aws:iam::111122223333:role/data/r{n}"), "groups": ["Trials Curators"] }))
        .collect();
    let done = world.publish(&dataset("clinical-trials", 1, &json!(roles))).await;
    assert_eq!(done.outcome(), "applied", "{:?}", done.lines);
    let [line] = done.others.as_slice() else { panic!("{:?}", done.others) };
    assert_eq!((&line["message"], &line["group"]), (&json!("group nearly full"), &json!("Trials Curators")));
    assert!(line["percent"].as_u64().unwrap() >= 80 && line["roles"] == 250, "{line}");
    assert!(done.alerts.is_empty());
}

#[tokio::test]
async fn a_redelivery_says_which_one_it_is() {
    let world = World::new().await;
    let body = envelope(DATASETS, &dataset("clinical-trials", 1, &reader(&["Trials Curators"])));
    let done = world.invoke(json!({ "Records": [received("m", &body, 3)] })).await;
    assert_eq!((done.outcome(), &done.lines[0]["receive_count"]), ("applied", &json!(3)));
}
