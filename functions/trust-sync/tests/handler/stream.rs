//! The table's stream: each account for which something is wanted is queued, once.

use std::time::Duration;

use serde_json::{Value, json};

use crate::aws::Fate;
use crate::support::{CURATOR, NOTEBOOKS, READER, World, sample};

const A: &str = "111122223333";
const B: &str = "444455556666";

/// A raise of an account.
fn raise(account: &str, sequence: &str) -> Value {
    let mut record = sample("stream-wanted")["Records"][0].clone();
    record["dynamodb"]["Keys"]["pk"]["S"] = json!(format!("ACCOUNT#{account}"));
    record["dynamodb"]["SequenceNumber"] = json!(sequence);
    record
}

#[tokio::test]
async fn what_is_wanted_queues_each_account_once() {
    let world = World::new().await;
    let done = world.invoke(sample("stream-wanted")).await;
    assert_eq!(done.failed(), [""; 0]);
    assert_eq!(done.bodies(), [A, B]);
    let [first, second] = done.queued.as_slice() else { panic!("{:?}", done.queued) };
    assert_eq!((first.group.as_str(), second.group.as_str()), (A, B));
    assert_eq!(first.deduplication, format!("{A}-111000000000011111111102"), "the last of its records");
    assert_eq!(second.deduplication, format!("{B}-111000000000011111111103"));
    let line = done.only("stream");
    assert_eq!((&line["records"], &line["accounts"], &line["accounts.queued"]), (&json!(3), &json!(2), &json!(2)));
    assert_eq!(line["level"], "INFO");
}

#[tokio::test]
async fn outcomes_and_leases_queue_nothing() {
    let world = World::new().await;
    let done = world.invoke(sample("stream-outcome")).await;
    assert_eq!((done.failed().len(), done.queued.len()), (0, 0));
    assert_eq!(done.only("stream")["records.ignored"], 2);
}

#[tokio::test]
async fn the_tables_own_changes_come_to_rest() {
    let world = World::new().await;
    world.grant(1, &[READER, CURATOR, NOTEBOOKS]).await;
    let done = world.invoke(world.changes()).await;
    assert_eq!(done.bodies(), [A, B], "{done:#?}");
    let done = world.deliver(&done.bodies()).await;
    assert_eq!(done.failed(), [""; 0], "{done:#?}");
    assert_eq!(world.iam.written().len(), 3);

    // Unfiltered. An account that is new is raised as a whole, once; nothing else that workers write begins
    // work.
    let done = world.invoke(world.changes()).await;
    assert!(done.only("stream")["records.ignored"].as_u64().unwrap() > 4, "{done:#?}");
    world.deliver(&done.bodies()).await;
    assert_eq!(world.iam.written(), [""; 0]);
    if let Some(changes) = world.next_changes() {
        let done = world.invoke(changes).await;
        assert_eq!((done.failed().len(), done.queued.len()), (0, 0), "{done:#?}");
    }

    world.grant(2, &[CURATOR, NOTEBOOKS]).await;
    assert_eq!(world.invoke(world.changes()).await.bodies(), [A], "only the withdrawal's account");
}

#[tokio::test]
async fn lambda_comes_again_from_the_first_that_could_not_be_queued() {
    let world = World::new().await;
    let batch = json!({ "Records": [raise(A, "101"), raise(B, "102"), raise(A, "103"), raise(B, "104")] });
    for fate in [Fate::Refused, Fate::Forgotten] {
        world.aws.judge(move |sent| if sent.group == B { fate } else { Fate::Taken });
        let done = world.invoke(batch.clone()).await;
        assert_eq!((done.failed(), done.bodies()), (vec!["102"], vec![A]), "{done:#?}");
        let line = done.only("not queued");
        assert_eq!((&line["account"], &line["reason"], &line["level"]), (&json!(B), &json!("queue"), &json!("ERROR")));
        assert_eq!(done.only("stream")["failed_from"], "102");
    }
    world.heal();
    let again = json!({ "Records": batch["Records"].as_array().unwrap()[1..] });
    let done = world.invoke(again).await;
    assert_eq!((done.failed().len(), done.bodies()), (0, vec![A, B]));
    assert_eq!(done.queued[0].deduplication, format!("{A}-103"), "the queue knows the message");
}

#[tokio::test]
async fn a_queue_that_is_away_fails_the_batch_from_its_first_raise() {
    let mut world = World::new().await;
    let outcome = sample("stream-outcome")["Records"][0].clone();
    let batch = json!({ "Records": [outcome, raise(B, "102"), raise(A, "103")] });
    world.aws.queue_is_down(true);
    let done = world.invoke(batch.clone()).await;
    assert_eq!(done.failed(), ["102"]);
    assert!(done.of("not queued")[0]["detail"].as_str().unwrap().contains("QueueDoesNotExist"), "{done:#?}");

    world.heal();
    world.time = Duration::ZERO;
    let done = world.invoke(batch).await;
    assert_eq!((done.failed(), done.queued.len()), (vec!["102"], 0));
    assert_eq!(done.only("not queued")["reason"], "deadline");
}

#[tokio::test]
async fn an_unreadable_record_of_ours_fails_and_holds_no_other_account_up() {
    let world = World::new().await;
    let mut bad = raise(B, "102");
    bad["dynamodb"]["NewImage"]["wanted"] = json!({ "S": "many" });
    let done = world.invoke(json!({ "Records": [raise(A, "101"), bad, raise(A, "103")] })).await;
    assert_eq!((done.failed(), done.bodies()), (vec!["102"], vec![A]));
    let line = done.only("record unreadable");
    assert_eq!((&line["sequence_number"], &line["comes_again"]), (&json!("102"), &json!(true)));

    // One that does not even say where it stands fails the whole batch.
    bad = raise(B, "102");
    bad["dynamodb"].as_object_mut().unwrap().remove("SequenceNumber");
    bad["dynamodb"]["Keys"] = json!(null);
    assert_eq!(world.invoke(json!({ "Records": [raise(A, "101"), bad] })).await.failed(), [""]);
}

#[tokio::test]
async fn an_unreadable_record_of_another_table_is_told_and_passed_over() {
    let world = World::new().await;
    let mut strange = raise(B, "101");
    strange["dynamodb"]["Keys"] = json!({ "id": { "S": "7" } });
    let done = world.invoke(json!({ "Records": [strange, raise(A, "102")] })).await;
    assert_eq!((done.failed().len(), done.bodies()), (0, vec![A]));
    assert_eq!(done.only("record unreadable")["comes_again"], false);
    assert_eq!(done.only("stream")["records.unreadable"], 1);
}

#[tokio::test]
async fn many_accounts_go_ten_at_a_time() {
    let world = World::new().await;
    let accounts: Vec<String> = (0..23).map(|n| format!("{:012}", 100 + n)).collect();
    let records: Vec<Value> = accounts.iter().enumerate().map(|(n, a)| raise(a, &format!("{}", 200 + n))).collect();
    let done = world.invoke(json!({ "Records": records })).await;
    assert_eq!(done.bodies(), accounts);
    assert_eq!(world.aws.calls(), [3, 10, 10]);
    // One of the second ten is refused.
    world.aws.judge(|sent| if sent.group.ends_with("115") { Fate::Refused } else { Fate::Taken });
    let done = world.invoke(json!({ "Records": records })).await;
    assert_eq!((done.failed(), done.queued.len()), (vec!["215"], 22));
}
