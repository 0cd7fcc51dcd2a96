//! The queue of accounts: what is wanted lands, and what is not done comes again.

use std::time::Duration;

use serde_json::{Value, json};
use signet_core::grant::Timestamp;
use signet_local::connector::Action;
use signet_store::trust::lease::Leased;
use tokio::time::Instant;

use crate::iam::Mood;
use crate::support::{CURATOR, NOTEBOOKS, NOW_S, READER, World, account_id, message, sample};

const A: &str = "111122223333";
const B: &str = "444455556666";

fn by_name(lines: &[&Value], field: &str) -> Vec<(String, String)> {
    let name = |line: &&Value| line["role"].as_str().unwrap().rsplit('/').next().unwrap().to_owned();
    let mut all: Vec<_> = lines.iter().map(|line| (name(line), line[field].to_string())).collect();
    all.sort();
    all
}

#[tokio::test]
async fn what_is_wanted_is_written_once() {
    let world = World::new().await;
    world.grant(1, &[READER, NOTEBOOKS]).await;
    let done = world.invoke(sample("queue")).await;
    assert_eq!(done.failed(), [""; 0], "{done:#?}");
    let roles = done.of("role");
    assert_eq!(
        by_name(&roles, "outcome"),
        [("trials-notebooks", "written"), ("trials-reader", "written")].map(|(n, o)| (n.to_owned(), format!("{o:?}")))
    );
    for line in roles {
        assert_eq!((&line["codes"], &line["waited_ms"], &line["level"]), (&json!(1), &json!(60_000), &json!("INFO")));
        assert!(line["iam.calls"].as_u64().unwrap() <= 3, "{line}");
    }
    let accounts = done.of("account");
    assert_eq!(accounts.len(), 2);
    for line in accounts {
        assert_eq!(
            (&line["outcome"], &line["roles.written"], &line["messages"]),
            (&json!("done"), &json!(1), &json!(1))
        );
    }
    let mut written = world.iam.written();
    written.sort();
    assert_eq!(written, ["trials-notebooks", "trials-reader"]);
    assert!(world.iam.policy(READER).contains("sts:AssumeRoleWithSAML"));

    let done = world.invoke(sample("queue")).await;
    assert_eq!(done.of("role").len(), 0, "nothing is due: {done:#?}");
    assert_eq!(world.iam.written(), [""; 0]);

    world.grant(2, &[NOTEBOOKS]).await;
    assert_eq!(world.deliver(&[A]).await.only("role")["outcome"], "written");
    assert!(!world.iam.policy(READER).contains("sts:AssumeRoleWithSAML"), "the withdrawal landed");
}

#[tokio::test]
async fn messages_of_one_account_are_one_piece_of_work() {
    let world = World::new().await;
    world.grant(1, &[READER]).await;
    let done = world.deliver(&[A, A, A]).await;
    assert_eq!(done.failed(), [""; 0]);
    assert_eq!(done.only("account")["messages"], 3);
    assert_eq!(world.iam.written(), ["trials-reader"]);
}

#[tokio::test]
async fn a_sweep_finds_what_nobody_raised() {
    let world = World::new().await;
    world.grant(1, &[READER, CURATOR]).await;
    world.deliver(&[A]).await;
    world.iam.written();
    let right = world.iam.policy(READER);
    world.iam.create(READER);
    assert_eq!(world.deliver(&[A]).await.of("role").len(), 0, "nothing is due");
    let done = world.invoke(sample("queue-sweep")).await;
    assert_eq!(done.failed(), [""; 0], "{done:#?}");
    let line = done.only("account");
    assert_eq!((&line["sweep"], &line["messages"], &line["roles.written"]), (&json!(true), &json!(2), &json!(1)));
    assert_eq!(world.iam.written(), ["trials-reader"]);
    assert_eq!(world.iam.policy(READER), right);
}

#[tokio::test]
async fn a_role_that_fails_holds_nothing_up() {
    let world = World::new().await;
    world.grant(1, &[READER, CURATOR]).await;
    world.iam.be("trials-reader", Mood::Denying);
    let done = world.deliver(&[A]).await;
    assert_eq!(done.failed(), [""; 0], "{done:#?}");
    let line = done.only("account");
    assert_eq!((&line["roles.written"], &line["roles.failed"], &line["alerts"]), (&json!(1), &json!(1), &json!(1)));
    assert_eq!(line["level"], "WARN");
    let denied = done.of("role").into_iter().find(|line| line["outcome"] == "denied").unwrap();
    assert_eq!(denied["level"], "ERROR");
    assert!(denied["next"].is_string(), "{denied}");
    let [alert] = done.alerts.as_slice() else { panic!("{:?}", done.alerts) };
    assert_eq!((&alert["data"]["kind"], &alert["subject"]), (&json!("role_unreachable"), &json!(READER)));
    assert_eq!(alert["source"], "arn:aws:lambda:eu-central-1:111122223333:function:trust-sync");
    assert_eq!(done.only("alert")["alert.id"], alert["id"]);
    assert_eq!(world.outcome(READER).await.as_deref(), Some("denied"));
}

#[tokio::test]
async fn what_is_not_finished_is_put_back() {
    let mut world = World::new().await;
    world.grant(1, &[READER, CURATOR]).await;
    world.iam.be("trials-reader", Mood::Silent);
    world.time = Duration::from_millis(2_500);
    let done = world.invoke_as("req-7", json!({ "Records": [message("m0", A, A)] })).await;
    assert_eq!(done.failed(), [""; 0], "{done:#?}");
    assert_eq!(done.only("account")["outcome"], "unfinished");
    let [sent] = done.queued.as_slice() else { panic!("{done:#?}") };
    assert_eq!((sent.body.as_str(), sent.deduplication.as_str()), (A, "111122223333-req-7"));
    assert_eq!(world.outcome(READER).await, None, "nothing is noted of what was not done");

    // A queue that takes nothing back: the message itself comes again.
    world.aws.queue_is_down(true);
    let done = world.deliver(&[A]).await;
    assert_eq!((done.failed(), &done.only("account")["reason"]), (vec!["m0"], &json!("queue")));

    // A sweep stays one.
    world.aws.queue_is_down(false);
    let done = world.deliver(&["111122223333 sweep"]).await;
    assert_eq!(done.bodies(), ["111122223333 sweep"], "{done:#?}");

    world.heal();
    world.time = Duration::from_secs(30);
    let done = world.deliver(&[A]).await;
    assert_eq!((done.failed().len(), &done.only("account")["outcome"]), (0, &json!("done")), "{done:#?}");
    assert_eq!(world.outcome(READER).await.as_deref(), Some("written"));
}

#[tokio::test]
async fn an_account_that_somebody_works_on_is_left_to_them() {
    let world = World::new().await;
    world.grant(1, &[READER]).await;
    let (now, until) = (Timestamp::from_seconds(NOW_S), Timestamp::from_seconds(NOW_S + 60));
    let leased = world.table.lease(&account_id(A), "somebody", now, until).await.unwrap();
    let Leased::Held(lease) = leased else { panic!("{leased:?}") };
    let done = world.deliver(&[A]).await;
    assert_eq!((done.failed().len(), &done.only("account")["outcome"]), (0, &json!("busy")));
    assert_eq!((done.queued.len(), world.iam.calls()), (0, 0));
    // The holder is told to look again.
    let released = world.table.let_go(&lease).await.unwrap();
    assert_eq!(released, signet_store::trust::lease::Released::Again);
}

#[tokio::test]
async fn a_sweep_of_an_account_that_somebody_works_on_is_put_back() {
    let world = World::new().await;
    world.grant(1, &[READER]).await;
    world.deliver(&[A]).await;
    world.iam.create(READER);
    let (now, until) = (Timestamp::from_seconds(NOW_S), Timestamp::from_seconds(NOW_S + 60));
    let leased = world.table.lease(&account_id(A), "somebody", now, until).await.unwrap();
    let Leased::Held(lease) = leased else { panic!("{leased:?}") };
    let done = world.deliver(&["111122223333 sweep"]).await;
    let line = done.only("account");
    assert_eq!((done.failed().len(), &line["outcome"]), (0, &json!("busy")), "{done:#?}");
    assert_eq!(done.bodies(), ["111122223333 sweep"], "the holder looks at what is due alone");
    assert!(line["duration_ms"].as_u64().unwrap() >= 50, "it does not come again at once: {line}");

    // A queue that takes nothing back: the message itself comes again.
    world.aws.queue_is_down(true);
    let done = world.deliver(&["111122223333 sweep"]).await;
    assert_eq!((done.failed(), &done.only("account")["reason"]), (vec!["m0"], &json!("queue")));

    world.heal();
    world.table.let_go(&lease).await.unwrap();
    world.table.let_go(&lease).await.unwrap();
    world.iam.written();
    assert_eq!(world.deliver(&["111122223333 sweep"]).await.only("account")["outcome"], "done");
    assert_eq!(world.iam.written(), ["trials-reader"]);
}

#[tokio::test]
async fn one_of_several_accounts_has_its_share_and_one_alone_the_whole_time() {
    let mut world = World::sharing(Duration::from_millis(1_500)).await;
    world.grant(1, &[READER, NOTEBOOKS]).await;
    world.iam.be("trials-reader", Mood::Silent);
    let began = Instant::now();
    let done = world.deliver(&[A, B]).await;
    assert!(began.elapsed() < world.time / 2, "the batch waits for its slowest: {:?}", began.elapsed());
    assert_eq!(done.failed(), [""; 0], "{done:#?}");
    let outcome =
        |account: &str| &done.of("account").into_iter().find(|line| line["account"] == account).unwrap()["outcome"];
    assert_eq!((outcome(A), outcome(B)), (&json!("unfinished"), &json!("done")));
    assert_eq!(done.bodies(), [A]);

    world.time = Duration::from_secs(3);
    let done = world.deliver(&[A, A]).await;
    let line = done.only("account");
    assert_eq!((&line["outcome"], done.bodies()), (&json!("unfinished"), vec![A]), "{done:#?}");
    assert!(line["duration_ms"].as_u64().unwrap() >= 2_000, "{line}");
}

#[tokio::test]
async fn behind_a_message_that_fails_its_group_waits() {
    let world = World::new().await;
    world.grant(1, &[READER, NOTEBOOKS]).await;
    let records = [
        message("m0", A, A),
        message("m1", "delete everything", A),
        message("m2", B, B),
        message("m3", A, A),
        message("m4", "111122223333 sweep", A),
    ];
    let done = world.invoke(json!({ "Records": records })).await;
    assert_eq!(done.failed(), ["m1", "m3", "m4"], "{done:#?}");
    let line = done.only("message unreadable");
    assert_eq!((&line["message.id"], &line["reason"]), (&json!("m1"), &json!("unreadable_message")));
    assert_eq!(world.iam.written().len(), 2, "what is wanted does not wait for it");
}

#[tokio::test]
async fn a_dry_run_writes_nothing_and_tells_nobody() {
    let world = World::dry().await;
    world.grant(1, &[READER, CURATOR]).await;
    world.iam.be("trials-curator", Mood::Denying);
    let policy = world.iam.policy(READER);
    world.fail(Action::FailBefore, |request| !matches!(request.operation, "GetItem" | "BatchGetItem" | "Query"));
    let done = world.deliver(&[A, "111122223333 sweep"]).await;
    assert_eq!(done.failed(), [""; 0], "{done:#?}");
    let line = done.only("account");
    assert_eq!((&line["dry_run"], &line["roles.to_write"]), (&json!(true), &json!(1)), "{done:#?}");
    assert!(done.of("role").iter().any(|line| line["outcome"] == "would_write"));
    assert_eq!((world.iam.policy(READER), world.iam.written()), (policy, Vec::new()));
    assert_eq!((done.alerts.len(), done.queued.len()), (0, 0));
}

#[tokio::test]
async fn a_dry_run_that_has_no_time_ends() {
    let mut world = World::dry().await;
    world.grant(1, &[READER, NOTEBOOKS]).await;
    world.iam.be("trials-reader", Mood::Silent);
    world.time = Duration::from_millis(2_500);
    let done = world.deliver(&[A, B]).await;
    assert_eq!((done.failed().len(), done.queued.len()), (0, 0), "it would never end: {done:#?}");
    let line = |account: &str| done.of("account").into_iter().find(|line| line["account"] == account).unwrap();
    let over = line(A);
    assert_eq!(
        (&over["outcome"], &over["reason"], &over["level"]),
        (&json!("unfinished"), &json!("dry_run_over"), &json!("WARN"))
    );
    assert_eq!((&line(B)["outcome"], &line(B)["roles.to_write"]), (&json!("done"), &json!(1)));
}

#[tokio::test]
async fn the_functions_own_role_is_never_written() {
    let world = World::new().await;
    let own = "arn:aws:iam::111122223333:role/data/deeper/sync-itself";
    world.iam.create(own);
    world.aws.caller_is("arn:aws:sts::111122223333:assumed-role/sync-itself/x");
    world.grant(1, &[own, READER]).await;
    let done = world.deliver(&[A]).await;
    let roles = done.of("role");
    let outcome = |role: &str| roles.iter().find(|line| line["role"] == role).unwrap()["outcome"].clone();
    assert_eq!((outcome(own), outcome(READER)), (json!("out_of_bounds"), json!("written")));
    assert_eq!(world.iam.written(), ["trials-reader"]);
}
