//! The ways to misbehave.

use std::time::Duration;

use serde_json::json;

/// What the proxy does with a request.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Mode {
    /// Hands it to the target, and the answer back.
    #[default]
    Pass,
    /// Answers itself; the target does not see the request.
    Status {
        /// HTTP status, 200–599.
        status: u16,
        /// The body as it is.
        body: Vec<u8>,
        /// The `content-type` header.
        content_type: String,
    },
    /// Promises the length of the target's whole answer, sends half of it and closes.
    HalfAnswer,
    /// Answers 200 with bytes that are not JSON.
    Garbage,
    /// Answers 200 with this JSON, which is not what the operation answers.
    WrongJson(String),
    /// Reads the request and closes the connection without an answer.
    Empty,
    /// Reads the request and never answers.
    Silent,
    /// Sends the body of the target's answer byte by byte, one after each such pause.
    Trickle(Duration),
    /// Waits that long before it hands the request to the target.
    Slow(Duration),
    /// Has the target process every second key of a `BatchGetItem`, the first one not, and
    /// gives the others back in `UnprocessedKeys`, as DynamoDB does when it is short of
    /// capacity. A request of one key is thus never processed. Other operations pass.
    UnprocessedKeys,
    /// Closes the port: connections are refused.
    Refuse,
}

impl Mode {
    /// An error in DynamoDB's form: `code` such as `ResourceNotFoundException`, from DynamoDB's
    /// own namespace.
    #[must_use]
    pub fn error(status: u16, code: &str, message: &str) -> Self {
        Self::Status {
            status,
            body: error_body(code, message),
            content_type: crate::connector::CONTENT_TYPE.to_owned(),
        }
    }

    /// 400: the table is not there.
    #[must_use]
    pub fn table_missing() -> Self {
        let code = "ResourceNotFoundException";
        Self::error(400, code, "Requested resource not found")
    }

    /// 400: the account's or the table's request rate is exceeded. The SDK retries it.
    #[must_use]
    pub fn throttled() -> Self {
        let message = "Rate of requests exceeds the allowed throughput.";
        Self::error(400, "ThrottlingException", message)
    }

    /// 400: the table's or the partition's capacity is exceeded. The SDK retries it.
    #[must_use]
    pub fn capacity_exceeded() -> Self {
        let message = "The level of configured provisioned throughput for the table was exceeded.";
        Self::error(400, "ProvisionedThroughputExceededException", message)
    }

    /// 500: DynamoDB failed. The SDK retries it.
    #[must_use]
    pub fn internal_error() -> Self {
        Self::error(500, "InternalServerError", "Internal server error")
    }
}

/// DynamoDB's error body. Some errors come from the namespaces of AWS's service framework, the
/// rest from DynamoDB's; the SDKs read only what follows the `#`.
pub(crate) fn error_body(code: &str, message: &str) -> Vec<u8> {
    let namespace = match code {
        "ThrottlingException" => "com.amazon.coral.availability",
        "ValidationException" => "com.amazon.coral.validate",
        "SerializationException" | "UnknownOperationException" => "com.amazon.coral.service",
        _ => "com.amazonaws.dynamodb.v20120810",
    };
    json!({"__type": format!("{namespace}#{code}"), "message": message}).to_string().into_bytes()
}
