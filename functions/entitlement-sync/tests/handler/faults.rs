//! The table, the alert topic or the time is missing: the record comes again, and heals.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::{Value, json};
use signet_local::connector::Action;

use crate::sns::Mood;
use crate::support::{DATASETS, Panics, World, dataset, envelope, reader, received};

fn event(revision: u64) -> Value {
    dataset("clinical-trials", revision, &reader(&["Trials Curators", "Clinical Readers", "Clinical Stewards"]))
}

fn throttled() -> Action {
    Action::refuse("ProvisionedThroughputExceededException", "too fast")
}

#[tokio::test]
async fn a_table_that_is_away_loses_nothing() {
    let world = World::new().await;
    for (action, reason) in [
        (throttled(), "table_throttled"),
        (Action::refuse("ResourceNotFoundException", "no such table"), "table_missing"),
        (Action::refuse("AccessDeniedException", "not for you"), "table_error"),
        (Action::FailBefore, "table_error"),
    ] {
        world.fail(action, |_| true);
        let done = world.publish(&event(1)).await;
        assert_eq!((done.outcome(), done.reason()), ("failed", reason), "{done:#?}");
        assert_eq!((done.failed.as_slice(), done.alerts.len()), (&["m0".to_owned()][..], 0), "no alert: it heals");
        assert_eq!(done.lines[0]["level"], "ERROR");
    }
    world.heal();
    assert_eq!(world.publish(&event(1)).await.outcome(), "applied");
}

#[tokio::test]
async fn an_application_that_breaks_anywhere_heals() {
    let whole = World::with(|table| table.with_chunks_of(4)).await;
    whole.publish(&event(1)).await;
    let requests = whole.connector.total_calls();
    let expected = whole.stated("clinical-trials").await;
    let mut broken = 0;
    for place in 0..requests {
        for (n, action) in [throttled(), Action::FailBefore, Action::FailAfter].into_iter().enumerate() {
            let world = World::with(|table| table.with_chunks_of(4)).await;
            let before = world.connector.total_calls();
            world.fail(action, move |request| request.index == before + place);
            let done = world.publish(&event(1)).await;
            if done.outcome() == "failed" {
                broken += 1;
                assert_eq!(done.failed, ["m0"], "{done:#?}");
            }
            world.heal();
            // By its own redelivery, or by the next revision alone.
            let healing = event(if n == 1 { 2 } else { 1 });
            let done = world.publish(&healing).await;
            assert!(["applied", "unchanged", "repeated"].contains(&done.outcome()), "{place}: {done:#?}");
            assert_eq!(world.stated("clinical-trials").await, expected, "{place}");
        }
    }
    assert!(broken > 5, "{broken} of {requests} requests broke an application");
}

#[tokio::test]
async fn a_table_without_meta_is_not_written() {
    let world = World::new().await;
    let delete = world.client.delete_item().table_name(crate::support::TABLE);
    let key = || crate::support::text("META");
    delete.key("pk", key()).key("sk", key()).send().await.unwrap();
    let done = world.publish(&event(1)).await;
    assert_eq!((done.outcome(), done.reason()), ("failed", "meta_missing"), "{done:#?}");
}

#[tokio::test]
async fn a_refusal_that_nobody_hears_comes_again() {
    let world = World::new().await;
    let body = envelope(DATASETS, &dataset("genomes", 1, &reader(&["Trials Curators"])));
    let mut count = 0;
    for mood in [Mood::Broken, Mood::Throttling, Mood::Silent, Mood::NoTopic] {
        world.sns.be(mood);
        count += 1;
        let done = world.invoke(json!({ "Records": [received("m", &body, count)] })).await;
        assert_eq!((done.outcome(), done.reason()), ("failed", "alert_unpublished"), "{mood:?}: {done:#?}");
        assert_eq!((done.failed.as_slice(), done.alerts.len()), (&["m".to_owned()][..], 0));
        let line = &done.lines[0];
        assert_eq!(line["refusal"], "not_permitted");
        assert!(line["detail"].as_str().unwrap().contains("may not speak of dataset `genomes`"), "{line}");
    }
    world.heal();
    let done = world.invoke(json!({ "Records": [received("m", &body, 5)] })).await;
    done.refused("not_permitted");
}

#[tokio::test]
async fn a_failing_alert_topic_holds_up_no_good_event() {
    let world = World::new().await;
    world.sns.be(Mood::Broken);
    assert_eq!(world.publish(&event(1)).await.outcome(), "applied");
}

#[tokio::test]
async fn what_has_no_time_left_is_not_begun() {
    let mut world = World::new().await;
    world.time = Duration::ZERO;
    let requests = world.connector.total_calls();
    let bodies: Vec<String> =
        (0..3).map(|n| envelope(DATASETS, &dataset(&format!("clinical-{n}"), 1, &reader(&["Trials A"])))).collect();
    let done = world.deliver(&bodies).await;
    assert_eq!(done.failed, ["m0", "m1", "m2"]);
    assert!(done.lines.iter().all(|line| line["reason"] == "deadline" && line["subject"].is_string()), "{done:#?}");
    assert_eq!(world.connector.total_calls(), requests, "the table was asked");

    world.time = Duration::from_secs(30);
    assert!(world.deliver(&bodies).await.failed.is_empty());
}

#[tokio::test]
async fn a_table_that_hangs_costs_the_invocation_only_its_time() {
    let mut world = World::new().await;
    world.time = Duration::from_millis(1_500);
    // The first writes pass; the fourth is never answered.
    let writes = AtomicUsize::new(0);
    world.fail(Action::HangAfter, move |request| {
        request.operation == "TransactWriteItems" && writes.fetch_add(1, Ordering::Relaxed) == 3
    });
    let bodies: Vec<String> = (1..=9).map(|n| envelope(DATASETS, &event(n))).collect();
    let done = world.deliver(&bodies).await;
    assert!(!done.failed.is_empty() && done.lines.len() == 9, "{done:#?}");
    assert!(done.lines.iter().any(|line| line["outcome"] == "applied"), "{done:#?}");
    for line in &done.lines {
        let failed = done.failed.iter().any(|id| line["message.id"] == *id);
        assert_eq!(line["reason"] == "deadline", failed, "{line}");
    }
    world.heal();
    world.time = Duration::from_secs(30);
    let again: Vec<Value> = done
        .failed
        .iter()
        .map(|id| {
            let place: usize = id.strip_prefix('m').unwrap().parse().unwrap();
            received(id, &bodies[place], 2)
        })
        .collect();
    assert!(world.invoke(json!({ "Records": again })).await.failed.is_empty());
    assert_eq!(world.grants("clinical-trials").await, 3);
}

#[tokio::test]
async fn a_panic_fails_its_record_alone() {
    let world = World::with(|table| table.with_hasher(Panics("Trials Curators"))).await;
    let good = envelope(DATASETS, &dataset("clinical-images", 1, &reader(&["Clinical Readers"])));
    let done = world.deliver(&[envelope(DATASETS, &event(1)), good]).await;
    assert_eq!(done.failed, ["m0"]);
    let line = done.lines.iter().find(|line| line["message.id"] == "m0").unwrap();
    assert_eq!((&line["outcome"], &line["reason"]), (&json!("failed"), &json!("internal")));
    assert_eq!(world.grants("clinical-images").await, 1);
}
