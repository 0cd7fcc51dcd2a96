//! A table's stream, as Lambda reads it for a function.

use aws_sdk_dynamodb::types::{
    AttributeDefinition, AttributeValue, BillingMode, KeySchemaElement, KeyType, ScalarAttributeType,
    StreamSpecification, StreamViewType,
};
use signet_local::connector::InProcess;
use signet_local::stream::Stream;

fn client(connector: InProcess) -> aws_sdk_dynamodb::Client {
    aws_sdk_dynamodb::Client::from_conf(
        aws_sdk_dynamodb::Config::builder()
            .behavior_version(aws_sdk_dynamodb::config::BehaviorVersion::latest())
            .http_client(connector)
            .region(aws_sdk_dynamodb::config::Region::from_static("eu-central-1"))
            .allow_no_auth()
            .build(),
    )
}

#[tokio::test]
async fn every_change_is_read_once_and_in_order() {
    let database = signet_local::dynamodb::memory().unwrap();
    let client = client(InProcess::new(database.clone()));
    client
        .create_table()
        .table_name("changes")
        .billing_mode(BillingMode::PayPerRequest)
        .attribute_definitions(
            AttributeDefinition::builder().attribute_name("pk").attribute_type(ScalarAttributeType::S).build().unwrap(),
        )
        .key_schema(KeySchemaElement::builder().attribute_name("pk").key_type(KeyType::Hash).build().unwrap())
        .stream_specification(
            StreamSpecification::builder()
                .stream_enabled(true)
                .stream_view_type(StreamViewType::NewAndOldImages)
                .build()
                .unwrap(),
        )
        .send()
        .await
        .unwrap();
    let mut stream = Stream::of(&database, "changes").unwrap();
    assert_eq!(stream.read().unwrap(), None);
    for number in 1..=3 {
        let put = client.put_item().table_name("changes").item("pk", AttributeValue::S("a".to_owned()));
        put.item("n", AttributeValue::N(number.to_string())).send().await.unwrap();
    }
    let batch = stream.read().unwrap().unwrap();
    let records = batch["Records"].as_array().unwrap();
    let numbers: Vec<_> = records.iter().map(|record| record["dynamodb"]["NewImage"]["n"]["N"].clone()).collect();
    assert_eq!(numbers, ["1", "2", "3"]);
    assert_eq!(records[0]["dynamodb"]["OldImage"], serde_json::Value::Null);
    assert_eq!(records[2]["dynamodb"]["OldImage"]["n"]["N"], "2");
    assert!(records.iter().all(|record| record["eventSource"] == "aws:dynamodb"));
    assert_eq!(stream.read().unwrap(), None);
    client.delete_item().table_name("changes").key("pk", AttributeValue::S("a".to_owned())).send().await.unwrap();
    assert_eq!(stream.read().unwrap().unwrap()["Records"][0]["eventName"], "REMOVE");
    assert!(Stream::of(&database, "absent").is_err());
}
