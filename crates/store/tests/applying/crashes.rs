//! A worker that dies at any request leaves nothing that is not finished or undone afterwards.

use signet_core::code::Sha256Hasher;
use signet_local::connector::Action;
use signet_store::apply::{Applied, ApplyError};
use signet_store::statement::Statement;

use crate::apps::{app, file};
use crate::common::{Worker, all_to_all, cancelled, conflict, source, stated};
use crate::shows;

/// Another source's grants, which everything below must leave alone.
fn bystander() -> Statement {
    stated(&[("group 1", &["r1", "r9"]), ("group 7", &["r2"]), ("Others", &["r1"])])
}

/// What is there before the crash.
fn before() -> Statement {
    let mut statement = all_to_all(3, 4);
    statement.grant(crate::common::key("Leavers"), None, crate::common::plain("r8"));
    statement
}

/// What the worker dies over: groups and roles that come, go and change.
fn interrupted() -> Statement {
    let mut statement = all_to_all(5, 9);
    statement.groups.retain(|key, _| key.as_str() != "group 2");
    statement.grant(crate::common::key("Interlopers"), None, crate::common::plain("r7"));
    statement
}

/// What comes after it, without most of what the interrupted revision adds.
fn winner() -> Statement {
    stated(&[("group 2", &["r0", "r6"]), ("group 3", &["r1"]), ("Winners", &["r6"])])
}

/// A table as before the crash, and the worker to die.
async fn scene() -> Worker {
    let worker = Worker::with_table().await;
    worker.change(&source("bystander"), 1, &bystander()).await;
    worker.change(&source("trials"), 1, &before()).await;
    // Apps, too, are written in chunks.
    worker.change(&file("platform"), 1, &Statement { apps: vec![app("0oaA", "okta-a")], ..Statement::default() }).await;
    worker.sibling().map(|table| table.with_chunks_of(6))
}

/// How many requests the interrupted revision takes when nothing goes wrong.
async fn requests() -> usize {
    let worker = scene().await;
    worker.change(&source("trials"), 2, &interrupted()).await;
    let calls = worker.connector.total_calls();
    assert!(worker.connector.calls("TransactWriteItems") >= 6, "too few chunks to be interrupted in");
    calls
}

async fn check(worker: &Worker, statement: &Statement, what: &str) {
    let (bystander_source, trials, platform) = (source("bystander"), source("trials"), file("platform"));
    let states = [(&bystander_source, &bystander()), (&trials, statement), (&platform, &Statement::default())];
    let content = shows(worker, &states).await;
    let state = &content.sources[trials.as_str()];
    assert_eq!(state.claimed, state.applied, "{what}");
}

#[tokio::test]
async fn the_same_revision_again_finishes_it() {
    for action in [Action::FailBefore, Action::FailAfter] {
        for place in 0..requests().await {
            let worker = scene().await;
            worker.fail(place, action.clone());
            let error = worker.apply(&source("trials"), 2, &interrupted()).await.unwrap_err();
            assert!(matches!(error, ApplyError::Store(_)), "{error}");
            worker.content().await.check_sound(&Sha256Hasher).unwrap();
            let next = worker.sibling();
            let result = next.apply(&source("trials"), 2, &interrupted()).await.unwrap();
            assert!(matches!(result, Applied::Changed(_) | Applied::Repeated), "{result:?}");
            check(&next, &interrupted(), &format!("{action:?} at {place}")).await;
        }
    }
}

#[tokio::test]
async fn the_next_revision_undoes_what_it_does_not_state() {
    for action in [Action::FailBefore, Action::FailAfter] {
        for place in 0..requests().await {
            let worker = scene().await;
            worker.fail(place, action.clone());
            worker.apply(&source("trials"), 2, &interrupted()).await.unwrap_err();
            let next = worker.sibling();
            next.change(&source("trials"), 3, &winner()).await;
            check(&next, &winner(), &format!("{action:?} at {place}")).await;
            // The message of the crashed worker comes back.
            let late = worker.sibling().apply(&source("trials"), 2, &interrupted()).await.unwrap();
            assert_eq!(late, Applied::Superseded { by: 3 });
            check(&next, &winner(), &format!("{action:?} at {place}, repeated")).await;
        }
    }
}

#[tokio::test]
async fn two_crashes_in_a_row_leave_nothing_either() {
    let last = stated(&[("group 0", &["r0"])]);
    for place in 2..requests().await {
        let worker = scene().await;
        worker.fail(place, Action::FailAfter);
        worker.apply(&source("trials"), 2, &interrupted()).await.unwrap_err();
        let second = worker.sibling().map(|table| table.with_chunks_of(6));
        second.fail(place, Action::FailBefore);
        let _ = second.apply(&source("trials"), 3, &winner()).await;
        let third = worker.sibling();
        third.change(&source("trials"), 4, &last).await;
        check(&third, &last, &format!("at {place}")).await;
    }
}

#[tokio::test]
async fn a_crash_between_full_chunks() {
    let (trials, large) = (source("trials"), all_to_all(2, 120));
    for place in 2..6 {
        let worker = Worker::with_table().await;
        worker.fail(place, Action::FailAfter);
        let _ = worker.apply(&trials, 1, &large).await;
        let next = worker.sibling();
        next.change(&trials, 2, &winner()).await;
        shows(&next, &[(&trials, &winner())]).await;
    }
}

#[tokio::test]
async fn apps_are_written_once_whatever_crashes() {
    let platform = file("platform");
    let statement = Statement { apps: vec![app("0oaA", "okta-a"), app("0oaB", "okta-b")], ..interrupted() };
    for action in [Action::FailBefore, Action::FailAfter] {
        for place in 0..8 {
            let worker = Worker::with_table().await.map(|table| table.with_chunks_of(6));
            worker.fail(place, action.clone());
            worker.apply(&platform, 1, &statement).await.unwrap_err();
            let next = worker.sibling();
            next.apply(&platform, 1, &statement).await.unwrap();
            let content = shows(&next, &[(&platform, &statement)]).await;
            assert_eq!(content.apps.len(), 2);
            let recorded: usize = content.history[platform.as_str()].iter().map(|row| row.apps.len()).sum();
            assert_eq!(recorded, 2, "{action:?} at {place}");
        }
    }
}

#[tokio::test]
async fn a_conflict_with_another_transaction_is_tried_again() {
    for reason in ["TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"] {
        // The first two requests read.
        for place in 2..requests().await {
            let worker = scene().await;
            worker.fail(place, cancelled(reason));
            let result = worker.apply(&source("trials"), 2, &interrupted()).await;
            assert!(matches!(result, Ok(Applied::Changed(_))), "{reason} at {place}: {result:?}");
            check(&worker, &interrupted(), &format!("{reason} at {place}")).await;
        }
    }
}

#[tokio::test]
async fn a_conflict_without_end_is_an_error_and_not_a_success() {
    let worker = Worker::with_table().await;
    worker.connector.set_fault(
        |call: &signet_local::connector::Call<'_>| {
            if call.operation == "TransactWriteItems" { conflict() } else { Action::Pass }
        },
    );
    let error = worker.apply(&source("trials"), 1, &winner()).await.unwrap_err();
    assert!(matches!(error, ApplyError::Store(_)), "{error}");
    assert_eq!(worker.connector.calls("TransactWriteItems"), 10);
    worker.heal();
    assert!(worker.content().await.groups.is_empty());
}
