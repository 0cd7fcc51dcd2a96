//! A table that is gone: events wait in the queue, or are given up after five tries.

use std::time::Duration;

use signet_local::proxy::Mode;
use signet_tests::flow::{DATASETS, Flow, dataset};

use super::{NIGHT_SHIFT, TRIALS, assert_opens, assert_unentitled, code};

/// Soon, and longer than the function takes to fail. On a machine that is busy it may be shorter, and
/// then an event is handed out again while it is in work: nothing here may depend on that.
const AGAIN: Duration = Duration::from_secs(3);

async fn until_failed(flow: &Flow) {
    let failed = async || flow.outcomes().iter().any(|outcome| outcome == "failed");
    flow.messaging.until("the event has failed once", failed).await;
}

#[tokio::test]
async fn an_event_waits_until_the_table_is_back() {
    let flow = Flow::trying_again_after(AGAIN).await;
    flow.proxy.set(Mode::Refuse).await.unwrap();
    flow.publish(DATASETS, &dataset("clinical-trials", 1, &[(TRIALS, &[NIGHT_SHIFT])]));
    until_failed(&flow).await;
    assert_eq!(flow.messaging.queued().await, 1);
    assert_unentitled(&flow, NIGHT_SHIFT).await;

    flow.proxy.set(Mode::Pass).await.unwrap();
    flow.messaging.settled().await;
    assert_opens(&flow, NIGHT_SHIFT, TRIALS, &code(NIGHT_SHIFT, 0)).await;
    assert_eq!(flow.messaging.dead_letters().await, 0);
    let outcomes = flow.outcomes();
    let mut after = outcomes.iter().skip_while(|outcome| *outcome == "failed");
    assert_eq!(after.next().unwrap(), "applied");
    assert!(after.all(|outcome| outcome == "repeated" || outcome == "failed"), "{outcomes:?}");
}

#[tokio::test]
async fn after_five_tries_an_event_is_a_dead_letter_and_the_next_one_is_applied() {
    let flow = Flow::trying_again_after(AGAIN).await;
    flow.proxy.set(Mode::table_missing()).await.unwrap();
    flow.publish(DATASETS, &dataset("clinical-trials", 1, &[(TRIALS, &[NIGHT_SHIFT])]));
    let given_up = async || flow.messaging.dead_letters().await == 1;
    flow.messaging.until("the event is a dead letter", given_up).await;
    assert_eq!(flow.messaging.queued().await, 0);
    flow.messaging.until("each try is in the log", async || flow.outcomes().len() == 5).await;
    assert_eq!(flow.outcomes(), ["failed"; 5]);
    assert_unentitled(&flow, NIGHT_SHIFT).await;

    flow.proxy.set(Mode::Pass).await.unwrap();
    flow.state(&dataset("clinical-trials", 2, &[(TRIALS, &[NIGHT_SHIFT])])).await;
    assert_opens(&flow, NIGHT_SHIFT, TRIALS, &code(NIGHT_SHIFT, 0)).await;
}
