//! The real SDK on the in-process connector, with faults between the two.
#![expect(clippy::unwrap_used, reason = "a test may fail by a panic")]

mod support;

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use aws_sdk_dynamodb::config::retry::RetryConfig;
use aws_sdk_dynamodb::config::timeout::TimeoutConfig;
use aws_sdk_dynamodb::error::ProvideErrorMetadata as _;
use aws_sdk_dynamodb::types::{AttributeValue, Delete, TransactWriteItem};
use aws_sdk_dynamodb::{Client, Error};
use signet_local::connector::{Action, Call, InProcess};
use signet_local::dynamodb::{self, DynamoDb};
use support::{batch_get, config, create_table, get, put};

async fn setup() -> (Client, InProcess) {
    let connector = InProcess::new(dynamodb::memory().unwrap());
    let client = Client::from_conf(config().http_client(connector.clone()).build());
    create_table(&client).await;
    (client, connector)
}

#[tokio::test]
async fn the_sdk_reads_what_it_wrote_and_sees_typed_errors() {
    let (client, connector) = setup().await;
    put(&client, "a", "1").await.unwrap();
    assert_eq!(get(&client, "a").await.unwrap(), Some("1".to_owned()));
    let again = put(&client, "a", "2").await.unwrap_err();
    assert!(matches!(again, Error::ConditionalCheckFailedException(_)), "{again}");
    let keys = ["a".to_owned(), "b".to_owned()];
    assert_eq!(batch_get(&client, &keys).await.unwrap(), (1, vec![]));
    assert_eq!(connector.calls("PutItem"), 2);
    assert_eq!(connector.calls("Scan"), 0);
    assert_eq!(connector.total_calls(), 5);
}

#[tokio::test]
async fn a_cancelled_transaction_carries_its_reasons() {
    let (client, _) = setup().await;
    let delete = Delete::builder()
        .table_name(support::TABLE)
        .key("pk", AttributeValue::S("a".to_owned()))
        .condition_expression("attribute_exists(pk)")
        .build()
        .unwrap();
    let error = client
        .transact_write_items()
        .transact_items(TransactWriteItem::builder().delete(delete).build())
        .send()
        .await
        .unwrap_err()
        .into_service_error();
    let error = Error::from(error);
    let Error::TransactionCanceledException(cancelled) = error else {
        panic!("{error}");
    };
    let reasons = cancelled.cancellation_reasons();
    assert_eq!(reasons.first().unwrap().code(), Some("ConditionalCheckFailed"));
}

#[tokio::test]
async fn before_and_after_differ_in_what_is_written() {
    let (client, connector) = setup().await;
    let faulty = |action: Action| {
        move |call: &Call<'_>| match call.operation {
            "PutItem" => action.clone(),
            _ => Action::Pass,
        }
    };
    connector.set_fault(faulty(Action::FailBefore));
    put(&client, "before", "1").await.unwrap_err();
    connector.set_fault(faulty(Action::FailAfter));
    put(&client, "after", "1").await.unwrap_err();
    assert_eq!(get(&client, "before").await.unwrap(), None);
    assert_eq!(get(&client, "after").await.unwrap(), Some("1".to_owned()));

    connector.set_fault(faulty(Action::refuse("TransactionConflictException", "busy")));
    let conflict = put(&client, "conflict", "1").await.unwrap_err();
    assert!(matches!(conflict, Error::TransactionConflictException(_)), "{conflict}");
    assert_eq!(get(&client, "conflict").await.unwrap(), None);
}

#[tokio::test]
async fn an_answer_that_never_comes_ends_at_the_operation_time_out() {
    let (patient, connector) = setup().await;
    let limit = Duration::from_millis(100);
    let timeouts = TimeoutConfig::builder().operation_timeout(limit).build();
    let config = config().timeout_config(timeouts).http_client(connector.clone());
    let client = Client::from_conf(config.build());
    let start = Instant::now();
    connector.set_fault(|_: &Call<'_>| Action::HangAfter);
    put(&client, "a", "1").await.unwrap_err();
    connector.set_fault(|_: &Call<'_>| Action::HangBefore);
    put(&client, "b", "1").await.unwrap_err();
    assert!(start.elapsed() >= 2 * limit);
    connector.set_fault(|_: &Call<'_>| Action::Pass);
    assert_eq!(get(&patient, "a").await.unwrap(), Some("1".to_owned()));
    assert_eq!(get(&patient, "b").await.unwrap(), None);
}

#[tokio::test]
async fn the_sdk_retries_a_lost_connection_as_it_would_on_a_network() {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&seen);
    let connector = InProcess::with_fault(dynamodb::memory().unwrap(), move |call: &Call<'_>| {
        assert!(call.body.starts_with(b"{"));
        log.lock().unwrap().push((call.index, call.operation.to_owned()));
        if call.index == 1 { Action::FailAfter } else { Action::Pass }
    });
    let retry = RetryConfig::standard().with_initial_backoff(Duration::from_millis(1));
    let config = config().retry_config(retry).http_client(connector);
    let client = Client::from_conf(config.build());
    create_table(&client).await;
    // The first attempt wrote the item and lost the answer, so the second one meets it.
    let error = put(&client, "a", "1").await.unwrap_err();
    assert!(matches!(error, Error::ConditionalCheckFailedException(_)), "{error}");
    let seen = seen.lock().unwrap();
    let expected = [(0, "CreateTable"), (1, "PutItem"), (2, "PutItem")];
    assert!(seen.iter().map(|(i, o)| (*i, o.as_str())).eq(expected), "{seen:?}");
}

#[tokio::test]
async fn two_writers_interleave_between_their_calls() {
    let (client, connector) = setup().await;
    let order = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&order);
    connector.set_fault(move |call: &Call<'_>| {
        let first = String::from_utf8_lossy(call.body).contains("first");
        log.lock().unwrap().push(first);
        Action::Pass
    });
    let write = |name: &'static str| {
        let client = &client;
        async move {
            for n in 0..5 {
                put(client, &format!("{name}{n}"), "1").await.unwrap();
            }
        }
    };
    tokio::join!(write("first"), write("second"));
    let order = order.lock().unwrap();
    assert_eq!(order.len(), 10);
    assert!(order.windows(2).filter(|pair| pair[0] != pair[1]).count() > 2, "{order:?}");
}

#[tokio::test]
async fn a_served_database_can_be_called_in_process() {
    let dynamodb = DynamoDb::start().await.unwrap();
    let connector = InProcess::new(dynamodb.database().clone());
    let inside = Client::from_conf(config().http_client(connector).build());
    let outside = support::client(dynamodb.endpoint());
    create_table(&inside).await;
    put(&inside, "a", "1").await.unwrap();
    assert_eq!(get(&outside, "a").await.unwrap(), Some("1".to_owned()));
}

/// The connector has a dispatcher of its own: it must say what the HTTP server says.
#[tokio::test]
async fn errors_are_those_of_the_server() {
    let dynamodb = DynamoDb::start().await.unwrap();
    let connector = InProcess::new(dynamodb.database().clone());
    let inside = Client::from_conf(config().http_client(connector).build());
    let outside = support::client(dynamodb.endpoint());
    let mut seen = Vec::new();
    for client in [&inside, &outside] {
        let missing = get(client, "a").await.unwrap_err();
        let nameless = client.describe_table().table_name("!").send().await.unwrap_err();
        let keyless = client.get_item().table_name("entitlements").send().await.unwrap_err();
        seen.push(
            [missing, nameless.into(), keyless.into()]
                .map(|error| (error.code().map(str::to_owned), error.to_string())),
        );
    }
    assert_eq!(seen[0], seen[1]);
    assert_eq!(seen[0][0].0.as_deref(), Some("ResourceNotFoundException"));
    assert_eq!(seen[0][1].0.as_deref(), Some("ValidationException"));
}
