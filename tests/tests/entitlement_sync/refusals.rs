//! What is refused: nothing of it is written, and an alert tells people.

use serde_json::{Value, json};
use signet_tests::flow::{DATASETS, Flow, PROVIDERS, STRANGER, UNREGISTERED, dataset};

use super::{NIGHT_SHIFT, TRIALS, assert_opens, assert_unentitled, code};

/// One alert, about a refusal.
async fn assert_refused(flow: &Flow) -> Value {
    let mut alerts = flow.messaging.alerts().await;
    assert_eq!(alerts.len(), 1, "{alerts:?}");
    assert_eq!(alerts[0]["data"]["kind"], "refused");
    alerts.remove(0)
}

#[tokio::test]
async fn what_a_topic_may_not_say_changes_nothing() {
    let flow = Flow::start().await;
    let granted = |id: &str, role: &str| dataset(id, 1, &[(TRIALS, &[NIGHT_SHIFT]), (role, &[NIGHT_SHIFT])]);
    let other_account = "arn:aws:iam::444455556666:role/data/trials-reader";
    let other_path = "arn:aws:iam::111122223333:role/admin";
    for (topic, event) in [
        (DATASETS, granted("finance-ledger", TRIALS)),
        (DATASETS, granted("clinical-trials", other_account)),
        (DATASETS, granted("clinical-trials", other_path)),
        // The topic is a producer, of other events.
        (PROVIDERS, granted("clinical-trials", TRIALS)),
        // The topic is no producer.
        (UNREGISTERED, granted("clinical-trials", TRIALS)),
    ] {
        flow.publish(topic, &event);
        let alert = assert_refused(&flow).await;
        assert!(alert["data"]["detail"].to_string().contains(flow.messaging.topic(topic)), "{alert}");
        assert_unentitled(&flow, NIGHT_SHIFT).await;
    }
    assert_eq!(flow.outcomes(), ["refused"; 5]);
    // Refused is refused: none of them is tried again, or given up.
    assert_eq!(flow.messaging.dead_letters().await, 0);

    // No revision was noted: the same one, within the limits, is the first.
    flow.state(&dataset("clinical-trials", 1, &[(TRIALS, &[NIGHT_SHIFT])])).await;
    assert_opens(&flow, NIGHT_SHIFT, TRIALS, &code(NIGHT_SHIFT, 0)).await;
}

#[tokio::test]
async fn the_queue_takes_nothing_from_other_topics() {
    let flow = Flow::start().await;
    // Handed out in order: what the stranger's topic had delivered would be seen first.
    flow.messaging.pause();
    flow.publish(STRANGER, &dataset("clinical-trials", 1, &[(TRIALS, &["Stranger"])]));
    flow.publish(DATASETS, &dataset("clinical-trials", 1, &[(TRIALS, &[NIGHT_SHIFT])]));
    assert_eq!(flow.messaging.queued().await, 1);
    flow.messaging.resume();
    flow.messaging.settled().await;
    assert_opens(&flow, NIGHT_SHIFT, TRIALS, &code(NIGHT_SHIFT, 0)).await;
    assert_eq!(flow.messaging.alerts().await, [] as [Value; 0]);
}

#[tokio::test]
async fn bad_records_of_a_batch_fail_alone() {
    let flow = Flow::start().await;
    let event = |id: &str, group: &str| dataset(id, 1, &[(TRIALS, &[group])]);
    let raw = event("clinical-raw", "Raw").to_string();
    let forged = json!({
        "Type": "Notification",
        "MessageId": "22b80b92-fdea-4c2c-8f9d-bdfb0c7bf301",
        "TopicArn": "arn:aws:sns:eu-central-1:111122223333:of-nobody",
        "Message": event("clinical-forged", "Forged").to_string(),
        "Timestamp": "2026-07-01T09:30:00.123Z",
    });

    flow.messaging.pause();
    flow.publish(DATASETS, &event("clinical-trials", NIGHT_SHIFT));
    flow.messaging.send_to_queue(&raw).await;
    flow.messaging.send_to_queue(&forged.to_string()).await;
    flow.messaging.send_to_queue("not JSON").await;
    flow.publish(DATASETS, &event("clinical-images", "Day Shift"));
    assert_eq!(flow.messaging.queued().await, 5);
    flow.messaging.resume();
    let alerts = flow.messaging.alerts().await;
    assert_eq!(alerts.len(), 3, "{alerts:?}, {:?}", flow.messaging.lines("event"));
    assert!(alerts.iter().all(|alert| alert["data"]["kind"] == "refused"), "{alerts:?}");

    assert_opens(&flow, NIGHT_SHIFT, TRIALS, &code(NIGHT_SHIFT, 0)).await;
    assert_opens(&flow, "Day Shift", TRIALS, &code("Day Shift", 0)).await;
    for group in ["Raw", "Forged"] {
        assert_unentitled(&flow, group).await;
    }
    // It was one batch, and each record was handled once.
    let lines = flow.messaging.lines("event");
    assert_eq!(lines.len(), 5, "{lines:?}");
    assert!(lines.iter().all(|line| line["request.id"] == lines[0]["request.id"]), "{lines:?}");
    let mut outcomes = flow.outcomes();
    outcomes.sort();
    assert_eq!(outcomes, ["applied", "applied", "refused", "refused", "refused"]);
}
