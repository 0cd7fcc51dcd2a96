//! The embedded DynamoDB over real HTTP, driven by the AWS SDK.

mod support;

use std::io::{ErrorKind, Read};
use std::net::TcpStream;

use signet_local::LocalError;
use signet_local::dynamodb::DynamoDb;
use support::{client, create_table, get, put};

#[tokio::test]
async fn it_serves_the_sdk_and_shares_its_database() {
    let dynamodb = DynamoDb::start().await.unwrap();
    let client = client(dynamodb.endpoint());
    create_table(&client).await;
    put(&client, "a", "1").await.unwrap();
    assert_eq!(get(&client, "a").await.unwrap(), Some("1".to_owned()));
    assert_eq!(get(&client, "b").await.unwrap(), None);

    let request = serde_json::from_value(serde_json::json!({
        "TableName": support::TABLE,
        "Key": {"pk": {"S": "a"}},
    }))
    .unwrap();
    let answer = dynamodb.database().get_item(request).unwrap();
    assert!(answer.item.unwrap().contains_key("value"));
}

#[tokio::test]
async fn two_of_them_share_nothing() {
    let first = DynamoDb::start().await.unwrap();
    let second = DynamoDb::start().await.unwrap();
    assert_ne!(first.endpoint(), second.endpoint());
    create_table(&client(first.endpoint())).await;
    let tables = client(second.endpoint()).list_tables().send().await.unwrap();
    assert!(tables.table_names().is_empty());
}

#[tokio::test]
async fn a_drop_closes_the_port_and_open_connections() {
    let dynamodb = DynamoDb::start().await.unwrap();
    let address = dynamodb.endpoint().strip_prefix("http://").unwrap().to_owned();
    let mut open = TcpStream::connect(&address).unwrap();
    drop(dynamodb);
    let refused = TcpStream::connect(&address).unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::ConnectionRefused);
    let end = open.read(&mut [0; 1]);
    assert!(
        matches!(end, Ok(0)) || end.is_err_and(|e| e.kind() == ErrorKind::ConnectionReset),
        "an open connection is closed"
    );
}

#[tokio::test]
async fn a_port_that_was_chosen_can_be_had_again_though_its_connections_linger() {
    // Below the ports that systems give to whoever asks for a free one.
    let mut ports = 20_000..30_000;
    let (port, dynamodb) = loop {
        let port = ports.next().unwrap();
        if let Ok(dynamodb) = DynamoDb::start_on(port).await {
            break (port, dynamodb);
        }
    };
    let open = TcpStream::connect(("127.0.0.1", port)).unwrap();
    drop(dynamodb);
    let again = DynamoDb::start_on(port).await.unwrap();
    assert_eq!(again.endpoint(), format!("http://127.0.0.1:{port}"));
    drop(open);
}

#[tokio::test]
async fn a_taken_port_is_an_error_that_names_it() {
    let dynamodb = DynamoDb::start().await.unwrap();
    let port = dynamodb.endpoint().rsplit(':').next().unwrap().to_owned();
    let error = DynamoDb::start_on(port.parse().unwrap()).await.unwrap_err();
    assert!(matches!(error, LocalError::Listen { .. }));
    assert!(error.to_string().contains(&format!("127.0.0.1:{port}")));
}
