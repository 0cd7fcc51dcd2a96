//! A table of one key and the calls that the tests of this crate make on it.
#![allow(
    dead_code,
    unreachable_pub,
    clippy::unwrap_used,
    reason = "each test binary uses its own part, and may fail by a panic"
)]

use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::retry::RetryConfig;
use aws_sdk_dynamodb::config::timeout::TimeoutConfig;
use aws_sdk_dynamodb::config::{BehaviorVersion, Builder, Credentials, Region};
use aws_sdk_dynamodb::types::{
    AttributeDefinition, AttributeValue, BillingMode, KeySchemaElement, KeyType, KeysAndAttributes, ScalarAttributeType,
};

pub const TABLE: &str = "entitlements";

/// An SDK configuration that never retries and gives an operation two seconds.
pub fn config() -> Builder {
    aws_sdk_dynamodb::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("eu-central-1"))
        .credentials_provider(Credentials::new("local", "local", None, None, "local"))
        .retry_config(RetryConfig::disabled())
        .timeout_config(TimeoutConfig::builder().operation_timeout(Duration::from_secs(2)).build())
}

pub fn client(endpoint: &str) -> Client {
    Client::from_conf(
        config().endpoint_url(endpoint).http_client(aws_smithy_http_client::Builder::new().build_http()).build(),
    )
}

pub async fn create_table(client: &Client) {
    let key = KeySchemaElement::builder().attribute_name("pk").key_type(KeyType::Hash);
    let attribute = AttributeDefinition::builder().attribute_name("pk").attribute_type(ScalarAttributeType::S);
    client
        .create_table()
        .table_name(TABLE)
        .billing_mode(BillingMode::PayPerRequest)
        .key_schema(key.build().unwrap())
        .attribute_definitions(attribute.build().unwrap())
        .send()
        .await
        .unwrap();
}

pub async fn put(client: &Client, key: &str, value: &str) -> Result<(), aws_sdk_dynamodb::Error> {
    client
        .put_item()
        .table_name(TABLE)
        .item("pk", AttributeValue::S(key.to_owned()))
        .item("value", AttributeValue::S(value.to_owned()))
        .condition_expression("attribute_not_exists(pk)")
        .send()
        .await?;
    Ok(())
}

pub async fn get(client: &Client, key: &str) -> Result<Option<String>, aws_sdk_dynamodb::Error> {
    let answer = client.get_item().table_name(TABLE).key("pk", AttributeValue::S(key.to_owned())).send().await?;
    Ok(answer.item.map(|item| item.get("value").unwrap().as_s().unwrap().clone()))
}

/// One `BatchGetItem`; gives how many items came back, and which keys did not get processed.
pub async fn batch_get(client: &Client, keys: &[String]) -> Result<(usize, Vec<String>), aws_sdk_dynamodb::Error> {
    let mut request = KeysAndAttributes::builder().consistent_read(true);
    for key in keys {
        request = request.keys([("pk".to_owned(), AttributeValue::S(key.clone()))].into());
    }
    let answer = client.batch_get_item().request_items(TABLE, request.build().unwrap()).send().await?;
    let found = answer.responses().map_or(0, |tables| tables.values().map(Vec::len).sum::<usize>());
    let unprocessed = answer.unprocessed_keys().map_or_else(Vec::new, |tables| {
        assert!(tables.values().all(|t| t.consistent_read() == Some(true)));
        tables
            .values()
            .flat_map(KeysAndAttributes::keys)
            .map(|key| key.get("pk").unwrap().as_s().unwrap().clone())
            .collect()
    });
    Ok((found, unprocessed))
}
