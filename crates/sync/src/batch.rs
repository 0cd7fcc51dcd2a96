//! A batch of an SQS queue, as Lambda hands it over, and the answer to it.
//!
//! Lambda documents the form ("Using Lambda with Amazon SQS"). Members that are not needed are not
//! read, and a record that lacks one, or has another kind of value there, is still a record: it
//! fails alone.

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

/// One invocation's records.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Batch {
    /// The records, as the queue delivers them: each at least once, in any order.
    #[serde(rename = "Records")]
    pub records: Vec<Record>,
}

/// One message of the queue.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Record {
    /// The queue's id of the message, the same at every delivery. Empty if the record has none: an
    /// answer that names it as failed then fails the whole batch, as it should.
    #[serde(deserialize_with = "text")]
    pub message_id: String,
    /// The message; none if there is no text.
    #[serde(deserialize_with = "text_or_none")]
    pub body: Option<String>,
    /// What SQS knows of the message.
    #[serde(deserialize_with = "attributes")]
    pub attributes: Attributes,
    /// The queue.
    #[serde(rename = "eventSourceARN", deserialize_with = "text")]
    pub queue: String,
}

/// What SQS knows of a message.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Attributes {
    /// Which delivery this is, from 1, about; none if SQS does not say.
    pub receive_count: Option<u64>,
    /// When it was sent, in milliseconds since 1970; none if SQS does not say.
    pub sent_ms: Option<i64>,
}

fn text_or_none<'de, D: Deserializer<'de>>(input: D) -> Result<Option<String>, D::Error> {
    Ok(match Value::deserialize(input)? {
        Value::String(text) => Some(text),
        _ => None,
    })
}

fn text<'de, D: Deserializer<'de>>(input: D) -> Result<String, D::Error> {
    text_or_none(input).map(Option::unwrap_or_default)
}

/// SQS writes numbers as texts.
fn attributes<'de, D: Deserializer<'de>>(input: D) -> Result<Attributes, D::Error> {
    let value = Value::deserialize(input)?;
    let read = |name| value.get(name).and_then(Value::as_str);
    Ok(Attributes {
        receive_count: read("ApproximateReceiveCount").and_then(|text| text.parse().ok()),
        sent_ms: read("SentTimestamp").and_then(|text| text.parse().ok()),
    })
}

/// Which records come again ("Reporting batch item failures"). The queue must be connected with
/// `ReportBatchItemFailures`: without it Lambda takes every answer for a success.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Response {
    batch_item_failures: Vec<Failure>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
struct Failure {
    item_identifier: String,
}

impl Response {
    /// An answer by which these messages come again, and the others do not.
    #[must_use]
    pub fn failing(mut ids: Vec<String>) -> Self {
        ids.sort_unstable();
        ids.dedup();
        let batch_item_failures = ids.into_iter().map(|item_identifier| Failure { item_identifier }).collect();
        Self { batch_item_failures }
    }

    /// The messages that come again, sorted, each once.
    pub fn failed(&self) -> impl Iterator<Item = &str> {
        self.batch_item_failures.iter().map(|failure| failure.item_identifier.as_str())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(batch: Value) -> Batch {
        serde_json::from_value(batch).unwrap()
    }

    #[test]
    fn a_record_is_read_as_lambda_documents_it() {
        let batch = read(json!({ "Records": [{
            "messageId": "059f36b4", "receiptHandle": "AQEB", "body": "{}", "md5OfBody": "99914b93",
            "attributes": { "ApproximateReceiveCount": "2", "SentTimestamp": "1782898200123", "SenderId": "A" },
            "messageAttributes": {}, "eventSource": "aws:sqs", "awsRegion": "eu-central-1",
            "eventSourceARN": "arn:aws:sqs:eu-central-1:111122223333:signet",
        }] }));
        let expected = Record {
            message_id: "059f36b4".to_owned(),
            body: Some("{}".to_owned()),
            attributes: Attributes { receive_count: Some(2), sent_ms: Some(1_782_898_200_123) },
            queue: "arn:aws:sqs:eu-central-1:111122223333:signet".to_owned(),
        };
        assert_eq!(batch.records, [expected]);
    }

    #[test]
    fn whatever_a_record_lacks_it_is_one() {
        let records = json!([
            {},
            { "messageId": 1, "body": {}, "attributes": [], "eventSourceARN": null },
            { "messageId": null, "attributes": { "ApproximateReceiveCount": 1, "SentTimestamp": "soon" } },
        ]);
        for record in read(json!({ "Records": records })).records {
            assert_eq!(record, Record::default());
        }
        for not_a_batch in [json!({}), json!([]), json!({ "Records": {} }), json!({ "Records": [1] }), json!(null)] {
            assert!(serde_json::from_value::<Batch>(not_a_batch).is_err());
        }
    }

    #[test]
    fn an_answer_names_each_failure_once() {
        let response = Response::failing(["b", "a", "b"].map(str::to_owned).to_vec());
        let expected = json!({ "batchItemFailures": [{ "itemIdentifier": "a" }, { "itemIdentifier": "b" }] });
        assert_eq!(serde_json::to_value(&response).unwrap(), expected);
        let none = serde_json::to_value(Response::default()).unwrap();
        assert_eq!(none, json!({ "batchItemFailures": [] }), "an answer without the member would be a failure");
    }
}
