//! A bare function that makes the one `BatchGetItem` of a sign-in and nothing else: no
//! authentication, no decision, no log, no connection that is opened before the first invocation.
//! What the sign-in function takes beyond this is its own.

use std::collections::HashMap;
use std::env::{self, VarError};
use std::fmt::Write as _;
use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{AttributeValue, KeysAndAttributes};
use lambda_runtime::{Error, LambdaEvent, Runtime, service_fn};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use signet_hook::config::{DynamoDbConfig, StaticCredentials};

/// The sign-in function's default deadline.
const DEADLINE: Duration = Duration::from_millis(2_500);

fn main() -> Result<(), Error> {
    let table = &env::var("SIGNET_TABLE")?;
    let client = &signet_hook::dynamodb::client(&dynamodb()?, DEADLINE)?;
    // One thread, as the sign-in function has it.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(Runtime::new(service_fn(|event| read(client, table, event))).run())
}

fn dynamodb() -> Result<DynamoDbConfig, VarError> {
    Ok(DynamoDbConfig {
        region: env::var("AWS_REGION")?,
        endpoint: Some(env::var("AWS_ENDPOINT_URL_DYNAMODB")?),
        ca_bundle: None,
        credentials: StaticCredentials {
            access_key_id: env::var("AWS_ACCESS_KEY_ID")?,
            secret_access_key: env::var("AWS_SECRET_ACCESS_KEY")?,
            session_token: env::var("AWS_SESSION_TOKEN").ok(),
        },
    })
}

/// Reads what the sign-in function reads, and says how many items there are.
async fn read(client: &Client, table: &str, event: LambdaEvent<Value>) -> Result<Value, Error> {
    let body = event.payload.get("body").and_then(Value::as_str).ok_or("the request has no body")?;
    let body: Value = serde_json::from_str(body)?;
    let app = body.pointer("/data/context/protocol/issuer/id").and_then(Value::as_str).ok_or("no app")?;
    let values = body.pointer("/data/assertion/claims/groups/attributeValues").and_then(Value::as_array);
    let groups = values.ok_or("no groups")?.iter().filter_map(|value| value.get("value")?.as_str());
    let keys = groups.map(|group| key(format!("GROUP#{}", hash(group)), "GROUP"));
    let keys = keys.chain([key("META".to_owned(), "META"), key(format!("APP#{app}"), "APP")]).collect();
    let wanted = KeysAndAttributes::builder().set_keys(Some(keys)).consistent_read(true).build()?;
    let answer = client.batch_get_item().request_items(table, wanted).send().await?;
    if answer.unprocessed_keys.is_some_and(|keys| !keys.is_empty()) {
        return Err("the table answered in part".into());
    }
    let items = answer.responses.and_then(|mut tables| tables.remove(table)).ok_or("no answer for the table")?;
    Ok(json!({"items": items.len()}))
}

fn key(pk: String, sk: &str) -> HashMap<String, AttributeValue> {
    let text = AttributeValue::S;
    HashMap::from([("pk".to_owned(), text(pk)), ("sk".to_owned(), text(sk.to_owned()))])
}

fn hash(group: &str) -> String {
    Sha256::digest(group.as_bytes()).iter().fold(String::with_capacity(64), |mut text, byte| {
        // Writing to a String does not fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}
