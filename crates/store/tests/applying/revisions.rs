//! Which revision is taken, which one is late, and which one contradicts.

use signet_store::apply::{Applied, ApplyError, Revision};
use signet_store::statement::Statement;

use crate::common::{Worker, gone, provenance, source, stated};
use crate::shows;

#[tokio::test]
async fn a_lower_or_equal_revision_changes_nothing() {
    let worker = Worker::with_table().await;
    let trials = source("trials");
    let (old, new) = (stated(&[("Readers", &["r1", "r2"])]), stated(&[("Readers", &["r1"])]));
    worker.change(&trials, 7, &new).await;
    let before = shows(&worker, &[(&trials, &new)]).await;
    assert_eq!(worker.apply(&trials, 6, &old).await.unwrap(), Applied::Superseded { by: 7 });
    assert_eq!(worker.apply(&trials, 7, &new).await.unwrap(), Applied::Repeated);
    let conflict = worker.apply(&trials, 7, &old).await.unwrap_err();
    assert!(matches!(conflict, ApplyError::RevisionConflict { revision: 7, .. }), "{conflict}");
    assert_eq!(worker.content().await, before);
    // A higher one that says the same is noted, and is all that is.
    assert_eq!(worker.apply(&trials, 9, &new).await.unwrap(), Applied::Unchanged);
    assert_eq!(worker.apply(&trials, 8, &old).await.unwrap(), Applied::Superseded { by: 9 });
    let after = shows(&worker, &[(&trials, &new)]).await;
    assert_eq!((after.sources[trials.as_str()].claimed, after.sources[trials.as_str()].applied), (9, 9));
    assert_eq!((after.history, after.wanted), (before.history, before.wanted));
}

#[tokio::test]
async fn what_is_late_is_acknowledged_whatever_it_says() {
    let worker = Worker::with_table().await;
    let trials = source("trials");
    worker.change(&trials, 7, &stated(&[("Readers", &["r1"])])).await;
    // At its time it may have been fine.
    let too_much = crate::common::all_to_all(301, 1);
    let calls = worker.connector.total_calls();
    assert_eq!(worker.apply(&trials, 6, &too_much).await.unwrap(), Applied::Superseded { by: 7 });
    assert_eq!(worker.connector.total_calls() - calls, 1);
    let conflict = worker.apply(&trials, 7, &too_much).await.unwrap_err();
    assert!(matches!(conflict, ApplyError::RevisionConflict { revision: 7, .. }), "{conflict}");
}

#[tokio::test]
async fn a_statement_is_the_same_in_any_order_and_another_by_any_grant() {
    let one = stated(&[("a", &["r1", "r2"]), ("b", &["r1"])]);
    assert_eq!(one.digest(), stated(&[("b", &["r1"]), ("a", &["r2", "r1", "r2"])]).digest());
    for other in [
        stated(&[("a", &["r1", "r2"])]),
        stated(&[("a", &["r1"]), ("b", &["r1", "r2"])]),
        stated(&[("a", &["r1", "r2"]), ("b ", &["r1"])]),
        Statement::default(),
        gone(),
    ] {
        assert_ne!(one.digest(), other.digest());
    }
}

#[tokio::test]
async fn a_plan_holds_until_anything_is_claimed() {
    let worker = Worker::with_table().await;
    let (platform, statement) = (source("platform"), stated(&[("Readers", &["r1"])]));
    let after = async |plan: u64, statement: &Statement| {
        worker.table.apply(&platform, Revision::After(plan), statement, &provenance(1)).await.map(|done| done.applied)
    };
    let plan = worker.table.plan(&platform, &statement).await.unwrap();
    assert_eq!(plan.claimed, 0);
    assert!(matches!(after(plan.claimed, &statement).await.unwrap(), Applied::Changed(_)));
    let stale = after(plan.claimed, &gone()).await.unwrap_err();
    assert!(matches!(stale, ApplyError::ChangedSincePlan { .. }), "{stale}");
    shows(&worker, &[(&platform, &statement)]).await;

    let before = worker.content().await;
    let plan = worker.table.plan(&platform, &statement).await.unwrap();
    assert_eq!(plan.claimed, 1);
    assert_eq!(after(plan.claimed, &statement).await.unwrap(), Applied::Unchanged);
    assert_eq!(worker.content().await, before, "what says nothing new claims nothing");
    assert!(matches!(after(1, &gone()).await.unwrap(), Applied::Changed(_)));
    shows(&worker, &[(&platform, &gone())]).await;
}

#[tokio::test]
async fn sources_are_listed_with_what_they_are_at() {
    let worker = Worker::with_table().await;
    worker.change(&source("trials"), 7, &stated(&[("Readers", &["r1"])])).await;
    worker.change(&source("genomes"), 2, &stated(&[("Readers", &["r1"])])).await;
    let mut sources = worker.table.sources().await.unwrap();
    sources.sort_by(|a, b| a.source.cmp(&b.source));
    let listed: Vec<_> = sources.iter().map(|info| (info.source.as_str(), info.claimed, info.applied)).collect();
    assert_eq!(listed, [("dataset:genomes", 2, 2), ("dataset:trials", 7, 7)]);
}
