//! How many calls an application takes.

use signet_store::apply::Applied;

use crate::common::{Worker, all_to_all, gone, source, stated};
use crate::shows;

#[tokio::test]
async fn a_statement_costs_calls_by_its_size_not_by_its_grants() {
    let worker = Worker::with_table().await;
    let trials = source("trials");
    let calls = || worker.connector.total_calls();

    let before = calls();
    worker.change(&trials, 1, &all_to_all(20, 50)).await;
    assert!(calls() - before <= 6, "{} calls for 20 roles and 50 groups", calls() - before);

    let before = calls();
    assert_eq!(worker.apply(&trials, 2, &all_to_all(20, 50)).await.unwrap(), Applied::Unchanged);
    // What the source says, and the revision noted.
    assert_eq!(calls() - before, 2, "calls for what is there");

    let before = calls();
    assert_eq!(worker.apply(&trials, 2, &all_to_all(20, 50)).await.unwrap(), Applied::Repeated);
    assert_eq!(calls() - before, 1, "calls for a repeated event");
    assert_eq!(worker.connector.calls("Query") + worker.connector.calls("Scan"), 0, "an index or a scan was read");
    shows(&worker, &[(&trials, &all_to_all(20, 50))]).await;
}

#[tokio::test]
async fn a_thousand_groups_of_one_role() {
    let worker = Worker::with_table().await;
    let trials = source("trials");
    let before = worker.connector.total_calls();
    worker.change(&trials, 1, &all_to_all(1, 1_000)).await;
    let calls = worker.connector.total_calls() - before;
    assert!(calls <= 40, "{calls} calls");
    shows(&worker, &[(&trials, &all_to_all(1, 1_000))]).await;
    worker.change(&trials, 2, &gone()).await;
    let content = shows(&worker, &[(&trials, &gone())]).await;
    assert!(content.codes.values().all(|(_, state)| state == "retired"));
}

#[tokio::test]
async fn the_cost_does_not_grow_with_the_table() {
    let worker = Worker::with_table().await;
    let small = stated(&[("Readers", &["r1"])]);
    let cost = async |id: &str, revision| {
        let before = worker.connector.total_calls();
        worker.apply(&source(id), revision, &small).await.unwrap();
        worker.connector.total_calls() - before
    };
    let alone = cost("trials", 1).await;
    worker.change(&source("genomes"), 1, &all_to_all(1, 500)).await;
    assert_eq!(cost("claims", 1).await, alone);
}
