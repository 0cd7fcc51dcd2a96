//! From `x-amz-target` to the embedded database's method, as its HTTP server does it.

use dynoxide::{Database, DynoxideError};

/// The content type of DynamoDB's answers.
pub(crate) const CONTENT_TYPE: &str = "application/x-amz-json-1.0";

/// The operation in a target such as `DynamoDB_20120810.GetItem`; empty without one.
pub(crate) fn operation(target: Option<&str>) -> &str {
    target.and_then(|target| target.split_once('.')).map_or("", |(_, operation)| operation)
}

/// Carries a request out; gives HTTP status and body, DynamoDB's error form included.
pub(crate) fn dispatch(database: &Database, operation: &str, body: &[u8]) -> (u16, Vec<u8>) {
    match call(database, operation, body) {
        Ok(answer) => (200, answer),
        Err(error) => (error.status_code(), error.to_json().into_bytes()),
    }
}

fn call(db: &Database, operation: &str, body: &[u8]) -> Result<Vec<u8>, DynoxideError> {
    /// One arm an operation: the request's type follows from the method.
    macro_rules! operations {
        ($($name:literal => $method:ident),+ $(,)?) => {
            match operation {
                $($name => {
                    let request = serde_json::from_slice(body).map_err(|error| unreadable(&error))?;
                    let answer = db.$method(request)?;
                    serde_json::to_vec(&answer)
                        .map_err(|error| DynoxideError::InternalServerError(error.to_string()))
                })+
                _ => Err(DynoxideError::SerializationException(format!(
                    "the in-process connector has no operation `{operation}`"
                ))),
            }
        };
    }
    operations! {
        "BatchExecuteStatement" => batch_execute_statement,
        "BatchGetItem" => batch_get_item,
        "BatchWriteItem" => batch_write_item,
        "CreateTable" => create_table,
        "DeleteItem" => delete_item,
        "DeleteTable" => delete_table,
        "DescribeStream" => describe_stream,
        "DescribeTable" => describe_table,
        "DescribeTimeToLive" => describe_time_to_live,
        "ExecuteStatement" => execute_statement,
        "ExecuteTransaction" => execute_transaction,
        "GetItem" => get_item,
        "GetRecords" => get_records,
        "GetShardIterator" => get_shard_iterator,
        "ListStreams" => list_streams,
        "ListTables" => list_tables,
        "ListTagsOfResource" => list_tags_of_resource,
        "PutItem" => put_item,
        "Query" => query,
        "Scan" => scan,
        "TagResource" => tag_resource,
        "TransactGetItems" => transact_get_items,
        "TransactWriteItems" => transact_write_items,
        "UntagResource" => untag_resource,
        "UpdateItem" => update_item,
        "UpdateTable" => update_table,
        "UpdateTimeToLive" => update_time_to_live,
    }
}

/// The embedded database marks some of its messages with the error that they stand for.
fn unreadable(error: &serde_json::Error) -> DynoxideError {
    let message = error.to_string();
    match message.strip_prefix("VALIDATION:").or_else(|| message.strip_prefix("VALIDATION_REQUEST:")) {
        Some(message) => DynoxideError::ValidationException(message.to_owned()),
        None => DynoxideError::SerializationException(message),
    }
}
