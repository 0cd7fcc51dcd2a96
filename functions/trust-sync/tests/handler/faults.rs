//! The table, the alert topic, STS or the time is missing: messages come again, and heal.

use std::time::Duration;

use serde_json::json;
use signet_local::connector::Action;

use crate::iam::Mood;
use crate::sns;
use crate::support::{NOTEBOOKS, READER, World, sample};

const A: &str = "111122223333";

#[tokio::test]
async fn a_table_that_is_away_fails_its_messages() {
    let world = World::new().await;
    world.grant(1, &[READER]).await;
    for (action, reason) in [
        (Action::refuse("ProvisionedThroughputExceededException", "too fast"), "table_throttled"),
        (Action::refuse("ResourceNotFoundException", "no such table"), "table_missing"),
        (Action::FailBefore, "table_error"),
    ] {
        world.fail(action, |_| true);
        let done = world.deliver(&[A, A]).await;
        assert_eq!(done.failed(), ["m0", "m1"], "{done:#?}");
        let line = done.only("account");
        assert_eq!(
            (&line["outcome"], &line["reason"], &line["level"]),
            (&json!("failed"), &json!(reason), &json!("ERROR"))
        );
        assert_eq!(world.iam.written(), [""; 0]);
    }
    world.heal();
    assert_eq!(world.deliver(&[A]).await.failed(), [""; 0]);
    assert_eq!(world.iam.written(), ["trials-reader"]);
}

#[tokio::test]
async fn what_nobody_could_be_told_of_comes_again() {
    let world = World::new().await;
    world.grant(1, &[READER]).await;
    world.iam.be("trials-reader", Mood::Denying);
    world.sns.be(sns::Mood::NoTopic);
    let done = world.deliver(&[A]).await;
    assert_eq!(done.failed(), ["m0"], "{done:#?}");
    assert_eq!(done.only("account")["reason"], "alert_unpublished");
    assert_eq!(done.only("alert")["outcome"], "failed");
    assert_eq!(world.outcome(READER).await, None, "a bad outcome is noted after people were told");

    world.sns.be_well();
    let done = world.deliver(&[A]).await;
    assert_eq!((done.failed().len(), done.alerts.len()), (0, 1), "{done:#?}");
    assert_eq!(world.outcome(READER).await.as_deref(), Some("denied"));
}

#[tokio::test]
async fn nothing_is_done_before_the_own_role_is_known() {
    let world = World::new().await;
    world.grant(1, &[READER, NOTEBOOKS]).await;
    let requests = world.connector.total_calls();
    world.aws.sts_is_down(true);
    let done = world.invoke(sample("queue")).await;
    assert_eq!(done.failed().len(), 2, "{done:#?}");
    let line = done.only("own role unknown");
    assert_eq!((&line["accounts"], &line["reason"]), (&json!(2), &json!("own_role_unknown")));
    assert_eq!((world.iam.calls(), world.connector.total_calls()), (0, requests));
    world.heal();
    world.aws.caller_is("arn:aws:s3:::bucket");
    assert_eq!(world.invoke(sample("queue")).await.failed().len(), 2, "an answer that says nothing");

    world.aws.caller_is("arn:aws:sts::111122223333:assumed-role/signet-trust-sync/x");
    let asked = world.aws.asked();
    for _ in 0..2 {
        assert_eq!(world.invoke(sample("queue")).await.failed(), [""; 0]);
    }
    assert_eq!((world.iam.written().len(), world.aws.asked()), (2, asked + 1), "it is asked for once");
    // Neither the stream nor the schedule needs it.
    let fresh = World::new().await;
    fresh.aws.sts_is_down(true);
    assert!(fresh.invoke(sample("tick")).await.answer.is_ok());
    assert_eq!(fresh.invoke(sample("stream-wanted")).await.failed(), [""; 0]);
}

#[tokio::test]
async fn what_has_no_time_left_is_not_begun() {
    let mut world = World::new().await;
    world.grant(1, &[READER]).await;
    world.time = Duration::ZERO;
    let done = world.deliver(&[A]).await;
    assert_eq!((done.failed(), world.iam.calls()), (vec!["m0"], 0));
    assert!(done.lines.iter().any(|line| line["reason"] == "deadline"), "{done:#?}");
}

#[tokio::test]
async fn a_panic_fails_its_account_alone() {
    let world = World::new().await;
    world.grant(1, &[READER, NOTEBOOKS]).await;
    world.iam.be("trials-reader", Mood::Panicking);
    let done = world.deliver(&[A, "444455556666"]).await;
    assert_eq!(done.failed(), ["m0"], "{done:#?}");
    let line = done.of("account").into_iter().find(|line| line["account"] == A).unwrap();
    assert_eq!((&line["outcome"], &line["reason"]), (&json!("failed"), &json!("internal")));
    assert_eq!(world.iam.written(), ["trials-notebooks"]);
}
