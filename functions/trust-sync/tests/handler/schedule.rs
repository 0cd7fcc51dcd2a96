//! The schedule: what is due by itself, what a worker left, and all at night.

use aws_sdk_dynamodb::types::AttributeValue;
use serde_json::json;
use signet_core::grant::Timestamp;
use signet_local::connector::Action;

use crate::aws::Fate;
use crate::support::{APP, NOTEBOOKS, NOW_S, READER, TABLE, World, account_id, sample};

const A: &str = "111122223333";
const B: &str = "444455556666";

fn text(value: &str) -> AttributeValue {
    AttributeValue::S(value.to_owned())
}

#[tokio::test]
async fn accounts_that_are_due_are_queued() {
    let world = World::new().await;
    world.grant(1, &[READER, NOTEBOOKS]).await;
    world.deliver(&[B]).await;
    let done = world.invoke_as("req-9", sample("tick")).await;
    assert_eq!(done.bodies(), [A], "{done:#?}");
    assert_eq!(done.queued[0].deduplication, "111122223333-req-9");
    let expected = json!({
        "task": "tick", "accounts": 2, "queued": 1, "apps_raised": 0, "rows_unreadable": 0,
        "unreconciled_roles": 1, "oldest_unreconciled_s": 60,
    });
    assert_eq!(done.answer.as_ref().unwrap(), &expected);
    let line = done.only("schedule");
    assert_eq!((&line["roles.unreconciled"], &line["oldest_unreconciled_s"]), (&json!(1), &json!(60)));

    world.deliver(&[A]).await;
    let done = world.invoke(sample("tick")).await;
    assert_eq!((done.queued.len(), &done.answer.unwrap()["oldest_unreconciled_s"]), (0, &json!(0)));
}

#[tokio::test]
async fn an_account_whose_worker_died_is_due() {
    let world = World::new().await;
    world.grant(1, &[READER]).await;
    world.deliver(&[A]).await;
    let (then, until) = (Timestamp::from_seconds(NOW_S - 300), Timestamp::from_seconds(NOW_S - 180));
    world.table.lease(&account_id(A), "somebody", then, until).await.unwrap();
    assert_eq!(world.invoke(sample("tick")).await.bodies(), [A]);
    let done = world.deliver(&[A]).await;
    assert_eq!(done.only("account")["outcome"], "done", "{done:#?}");
    assert_eq!(world.invoke(sample("tick")).await.queued.len(), 0);
}

#[tokio::test]
async fn marks_that_a_worker_left_are_finished() {
    let world = World::new().await;
    world.grant(1, &[READER, NOTEBOOKS]).await;
    world.deliver(&[A, B]).await;
    let mark = world.client.update_item().table_name(TABLE);
    let mark = mark.key("pk", text(&format!("APP#{APP}"))).key("sk", text("APP")).update_expression("ADD raising :one");
    mark.expression_attribute_values(":one", AttributeValue::N("1".to_owned())).send().await.unwrap();
    let done = world.invoke(sample("tick")).await;
    assert_eq!(done.bodies(), [A, B], "{done:#?}");
    let answer = done.answer.unwrap();
    assert_eq!((&answer["apps_raised"], &answer["unreconciled_roles"]), (&json!(1), &json!(2)));
    // The raise is in the stream as well.
    assert_eq!(world.invoke(world.changes()).await.bodies(), [A, B]);
    world.deliver(&[A, B]).await;
    let answer = world.invoke(sample("tick")).await.answer.unwrap();
    assert_eq!((&answer["apps_raised"], &answer["queued"]), (&json!(0), &json!(0)));
}

#[tokio::test]
async fn a_sweep_is_of_all_accounts() {
    let world = World::new().await;
    world.grant(1, &[READER, NOTEBOOKS]).await;
    world.deliver(&[A, B]).await;
    let done = world.invoke(sample("sweep")).await;
    assert_eq!(done.bodies(), ["111122223333 sweep", "444455556666 sweep"]);
    assert_eq!((done.queued[0].group.as_str(), done.queued[1].group.as_str()), (A, B));
    assert_eq!(done.answer.unwrap()["task"], "sweep");
}

#[tokio::test]
async fn a_row_that_cannot_be_read_stops_its_own_account_alone() {
    let world = World::new().await;
    world.grant(1, &[READER, NOTEBOOKS]).await;
    world.deliver(&[A, B]).await;
    assert_eq!(world.invoke(sample("tick")).await.queued.len(), 0, "nothing is due");
    world.table.raise_account(&account_id(B), Timestamp::from_seconds(NOW_S)).await.unwrap();
    for (pk, sk) in [(format!("ACCOUNT#{A}"), "ROLE#nonsense"), ("ACCOUNT#x".to_owned(), "ACCOUNT")] {
        let put = world.client.put_item().table_name(TABLE).item("pk", text(&pk)).item("sk", text(sk));
        put.item("kind", text("role")).send().await.unwrap();
    }
    for (task, bodies) in [("tick", [A, B]), ("sweep", ["111122223333 sweep", "444455556666 sweep"])] {
        let done = world.invoke(sample(task)).await;
        assert_eq!(done.bodies(), bodies, "{done:#?}");
        assert_eq!(done.answer.as_ref().unwrap()["rows_unreadable"], 2);
        assert_eq!(done.only("schedule")["rows.unreadable"], 2);
        let rows = done.of("row unreadable");
        assert!(rows.iter().all(|line| line["level"] == "ERROR" && line["what"].is_string()), "{rows:#?}");
        let names: Vec<_> =
            rows.iter().map(|line| (line["account"].as_str(), line["item"].as_str().unwrap())).collect();
        assert!(names.contains(&(Some(A), "ACCOUNT#111122223333 / ROLE#nonsense")), "{names:?}");
        assert!(names.contains(&(None, "ACCOUNT#x / ACCOUNT")), "{names:?}");
    }
    let done = world.deliver(&[A, B]).await;
    assert_eq!(done.failed(), ["m0"], "{done:#?}");
    let line = done.of("account").into_iter().find(|line| line["account"] == A).unwrap();
    assert_eq!((&line["outcome"], &line["reason"]), (&json!("failed"), &json!("table_corrupt")));
}

#[tokio::test]
async fn what_could_not_be_done_fails_the_invocation() {
    let world = World::new().await;
    world.grant(1, &[READER, NOTEBOOKS]).await;
    world.aws.judge(|sent| if sent.group == A { Fate::Refused } else { Fate::Taken });
    let done = world.invoke(sample("tick")).await;
    let why = done.answer.as_ref().unwrap_err();
    assert!(why.starts_with("tick: account `111122223333` cannot be put onto queue"), "{why}");
    assert_eq!(done.bodies(), [B], "the rest is queued");
    let line = done.only("schedule");
    assert_eq!((&line["failures"], &line["reason"], &line["level"]), (&json!(1), &json!("queue"), &json!("ERROR")));

    world.heal();
    world.fail(Action::FailBefore, |_| true);
    let done = world.invoke(sample("tick")).await;
    assert!(done.answer.unwrap_err().contains("and 1 more failures"), "marks and accounts are both tried");

    // Marks that cannot be finished keep nothing from being queued.
    world.heal();
    let mark = world.client.update_item().table_name(TABLE);
    let mark = mark.key("pk", text(&format!("APP#{APP}"))).key("sk", text("APP")).update_expression("ADD raising :one");
    mark.expression_attribute_values(":one", AttributeValue::N("1".to_owned())).send().await.unwrap();
    world.fail(Action::FailBefore, |request| request.operation == "UpdateItem");
    let done = world.invoke(sample("tick")).await;
    assert_eq!((done.answer.is_err(), done.bodies()), (true, vec![A, B]), "{done:#?}");
}
