//! A bad network and a bad day of DynamoDB's: an error in time, and never "no entitlement".

use std::time::{Duration, Instant};

use signet_local::proxy::Mode;
use signet_store::sign_in::Snapshot;
use signet_store::{StoreError, Table};

use crate::Scene;

const DEADLINE: Duration = Duration::from_millis(900);

async fn read(table: &Table) -> Result<Snapshot, StoreError> {
    table.sign_in("0oaA", &["group 0", "group 1"]).await
}

#[tokio::test]
async fn what_is_no_answer_is_an_error() {
    let scene = Scene::with_groups(2).await;
    assert_eq!(read(&scene.table).await.unwrap().groups.len(), 2);
    let answers = [
        r"{}",
        r"[]",
        r#""OK""#,
        r"null",
        r#"{"Responses":{}}"#,
        r#"{"Responses":null}"#,
        r#"{"Responses":{"other":[]}}"#,
        r#"{"Responses":{"entitlements":null}}"#,
        r#"{"Responses":{"entitlements":[]}}"#,
        r#"{"Responses":{"entitlements":[{}]}}"#,
        r#"{"Responses":{"entitlements":[{"pk":{"S":"META"},"sk":{"S":"META"}}]}}"#,
        r#"{"Responses":{"entitlements":[{"pk":{"S":"META"}}]}}"#,
        r#"{"Responses":{"entitlements":[{"pk":{"S":"CODE#aaaa"},"sk":{"S":"OWNER"}}]}}"#,
        r#"{"Responses":{"entitlements":{}}}"#,
        r#"{"Item":{"pk":{"S":"META"}}}"#,
        r#"{"UnprocessedKeys":{}}"#,
        r#"{"message":"Internal server error"}"#,
    ];
    let faults = answers.map(|json| Mode::WrongJson(json.to_owned())).into_iter().chain([
        Mode::Garbage,
        Mode::HalfAnswer,
        Mode::Empty,
    ]);
    for fault in faults {
        scene.proxy.set(fault.clone()).await.unwrap();
        let begin = Instant::now();
        let result = read(&scene.with_deadline(DEADLINE)).await;
        assert!(result.is_err(), "{fault:?} gave {result:?}");
        assert!(begin.elapsed() < 2 * DEADLINE, "{fault:?} took {:?}", begin.elapsed());
    }
    scene.proxy.set(Mode::Pass).await.unwrap();
    assert_eq!(read(&scene.table).await.unwrap().groups.len(), 2, "and nothing of it lingers");
}

#[tokio::test]
async fn a_group_alone_is_not_read_as_absent_either() {
    let scene = Scene::with_groups(2).await;
    // Here `META` is not asked for, so only the answer's form tells.
    for json in [r"{}", r#"{"Responses":{}}"#, r#"{"Responses":{"other":[]}}"#, r#"{"UnprocessedKeys":{}}"#] {
        scene.proxy.set(Mode::WrongJson(json.to_owned())).await.unwrap();
        let result = scene.table.groups(&["group 0"]).await;
        assert!(matches!(result, Err(StoreError::Call { .. })), "{json} gave {result:?}");
    }
}

#[tokio::test]
async fn errors_of_dynamodb_are_told_apart() {
    let scene = Scene::with_groups(2).await;
    for (mode, reason) in [
        (Mode::table_missing(), "table_missing"),
        (Mode::error(400, "AccessDeniedException", "no"), "table_error"),
        (Mode::error(400, "UnrecognizedClientException", "no"), "table_error"),
        (Mode::error(400, "ValidationException", "no"), "table_error"),
        (Mode::Refuse, "table_error"),
    ] {
        scene.proxy.set(mode.clone()).await.unwrap();
        let error = read(&scene.table).await.unwrap_err();
        assert_eq!(error.reason(), reason, "{mode:?} gave {error}");
    }
}

#[tokio::test]
async fn throttling_passes_or_is_said() {
    let scene = Scene::with_groups(2).await;
    for mode in [Mode::throttled(), Mode::capacity_exceeded(), Mode::internal_error()] {
        scene.proxy.set_limited(mode, Some("BatchGetItem"), Some(3)).await.unwrap();
        let before = scene.proxy.calls("BatchGetItem");
        assert_eq!(read(&scene.table).await.unwrap().groups.len(), 2);
        assert_eq!(scene.proxy.calls("BatchGetItem") - before, 4);
    }
    for mode in [Mode::throttled(), Mode::capacity_exceeded()] {
        scene.proxy.set(mode).await.unwrap();
        let begin = Instant::now();
        let error = read(&scene.table).await.unwrap_err();
        // Ten attempts are over about when the operation's two seconds are.
        assert!(matches!(error.reason(), "table_throttled" | "table_timeout"), "{error}");
        assert!(begin.elapsed() < Duration::from_secs(3));
        let error = read(&scene.with_deadline(Duration::from_millis(300))).await.unwrap_err();
        assert_eq!(error.reason(), "table_timeout", "{error}");
    }
}

#[tokio::test]
async fn throttling_without_end_is_called_so() {
    let scene = Scene::with_groups(2).await;
    let retries = aws_sdk_dynamodb::config::retry::RetryConfig::standard().with_max_attempts(2);
    let config = scene.client.config().to_builder().retry_config(retries).build();
    let table = Table::new(aws_sdk_dynamodb::Client::from_conf(config), crate::common::TABLE);
    for mode in [Mode::throttled(), Mode::capacity_exceeded(), Mode::error(400, "RequestLimitExceeded", "slow down")] {
        scene.proxy.set(mode.clone()).await.unwrap();
        let before = scene.proxy.calls("BatchGetItem");
        let error = read(&table).await.unwrap_err();
        assert!(matches!(error, StoreError::Throttled { .. }), "{mode:?} gave {error}");
        assert_eq!(scene.proxy.calls("BatchGetItem") - before, 2);
    }
}

#[tokio::test]
async fn a_batch_answered_in_part_is_asked_for_until_it_is_whole() {
    let scene = Scene::with_groups(150).await;
    let names: Vec<String> = (0..150).map(|n| format!("group {n}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    scene.proxy.set_limited(Mode::UnprocessedKeys, Some("BatchGetItem"), Some(6)).await.unwrap();
    scene.proxy.record();
    let snapshot = scene.table.sign_in("0oaA", &names).await.unwrap();
    assert_eq!(snapshot.groups.len(), 150);
    let requests = scene.proxy.recorded();
    assert!(requests.len() > 4, "{}", requests.len());
    for request in requests {
        assert!(std::str::from_utf8(&request.body).unwrap().contains(r#""ConsistentRead":true"#));
    }
}

#[tokio::test]
async fn a_batch_never_answered_in_whole_is_an_error() {
    let scene = Scene::with_groups(2).await;
    scene.proxy.set(Mode::UnprocessedKeys).await.unwrap();
    let error = read(&scene.table).await.unwrap_err();
    assert!(matches!(error, StoreError::Partial { left: 1, tries: 7, .. }), "{error}");
    assert_eq!(error.reason(), "table_partial");
    let begin = Instant::now();
    let error = read(&scene.with_deadline(DEADLINE)).await.unwrap_err();
    assert_eq!(error.reason(), "table_timeout", "{error}");
    assert!(begin.elapsed() < DEADLINE + Duration::from_millis(500), "{:?}", begin.elapsed());
}

#[tokio::test]
async fn the_deadline_holds_whatever_the_table_does() {
    let scene = Scene::with_groups(2).await;
    let pause = Duration::from_millis(100);
    for mode in [Mode::Silent, Mode::Trickle(pause), Mode::Slow(Duration::from_secs(30))] {
        scene.proxy.set(mode.clone()).await.unwrap();
        let begin = Instant::now();
        let error = read(&scene.with_deadline(DEADLINE)).await.unwrap_err();
        assert!(matches!(error, StoreError::TimedOut { .. }), "{mode:?} gave {error}");
        assert!(begin.elapsed() >= DEADLINE.mul_f32(0.9), "{mode:?} gave up after {:?}", begin.elapsed());
        assert!(begin.elapsed() < DEADLINE + Duration::from_millis(500), "{mode:?} took {:?}", begin.elapsed());

        // Without a deadline of its own, the client's time-outs end it.
        let begin = Instant::now();
        let error = read(&scene.table).await.unwrap_err();
        assert_eq!(error.reason(), "table_timeout", "{mode:?} gave {error}");
        assert!(begin.elapsed() < Duration::from_secs(3), "{mode:?} took {:?}", begin.elapsed());
    }
    // Late is not too late.
    scene.proxy.set(Mode::Slow(Duration::from_millis(200))).await.unwrap();
    assert_eq!(read(&scene.with_deadline(DEADLINE)).await.unwrap().groups.len(), 2);
}

#[tokio::test]
async fn one_silent_attempt_does_not_spoil_the_sign_in() {
    let scene = Scene::with_groups(2).await;
    scene.proxy.set_limited(Mode::Silent, Some("BatchGetItem"), Some(1)).await.unwrap();
    assert_eq!(read(&scene.with_deadline(Duration::from_secs(2))).await.unwrap().groups.len(), 2);
    assert_eq!(scene.proxy.calls("BatchGetItem"), 2);
}

#[tokio::test]
async fn one_failed_batch_of_many_fails_the_whole_read() {
    let scene = Scene::with_groups(300).await;
    let names: Vec<String> = (0..300).map(|n| format!("group {n}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let wrong = Mode::WrongJson(r"{}".to_owned());
    scene.proxy.set_limited(wrong, Some("BatchGetItem"), Some(1)).await.unwrap();
    assert!(scene.table.sign_in("0oaA", &names).await.is_err());
}
