//! What the function is invoked with: one of three things, told apart by what they hold.

use serde::Deserialize;
use serde_json::Value;
use signet_sync::batch::Record;
use signet_sync::text::shortened;

/// The longest part of a strange payload that an error repeats, in characters.
const SHOWN: usize = 80;

/// One invocation.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(try_from = "Value")]
pub enum Payload {
    /// Records of the table's stream, by rising sequence number, as Lambda hands them over: what they
    /// hold is looked at one by one.
    Stream(Vec<Value>),
    /// Messages of the queue of accounts, those of a group in the order in which they were sent.
    Queue(Vec<Message>),
    /// The schedule.
    Schedule(Task),
}

/// A message of the queue of accounts.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Message {
    /// The record.
    pub record: Record,
    /// Its message group; none if the record names none.
    pub group: Option<String>,
}

/// What the schedule asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Task {
    /// Whatever is due by itself.
    Tick,
    /// Every role of every account.
    Sweep,
}

impl Task {
    /// The word, as the schedule and the log write it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Tick => "tick",
            Self::Sweep => "sweep",
        }
    }
}

/// Why something is none of the three.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PayloadError {
    /// It has neither records nor a task.
    #[error(
        "the payload is neither a batch of the table's stream, nor one of the queue, nor a task of the schedule: \
         connect the function to those alone"
    )]
    Unknown,
    /// It has records and a task.
    #[error("the payload has both `Records` and `task`: it is either a batch or a task")]
    Both,
    /// There are no records in it, and so nothing says where they come from.
    #[error("the batch has no records")]
    Empty,
    /// A record comes from elsewhere.
    #[error(
        "record {index} has `eventSource` `{found}`: `{expected}` is expected of this batch; connect the function to \
         the table's stream and to its queue alone"
    )]
    Source {
        /// Which one, from 0.
        index: usize,
        /// What it says.
        found: String,
        /// What was expected.
        expected: &'static str,
    },
    /// A message of the queue that is no object.
    #[error("record {index} is no message: {why}")]
    Record {
        /// Which one, from 0.
        index: usize,
        /// What is wrong with it.
        why: String,
    },
    /// A task that there is not.
    #[error("`task` is `{0}`: `tick` or `sweep` is expected")]
    Task(String),
}

const STREAM: &str = "aws:dynamodb";
const QUEUE: &str = "aws:sqs";

impl TryFrom<Value> for Payload {
    type Error = PayloadError;

    fn try_from(value: Value) -> Result<Self, PayloadError> {
        let Value::Object(mut members) = value else { return Err(PayloadError::Unknown) };
        match (members.remove("Records"), members.remove("task")) {
            (Some(Value::Array(records)), None) => batch(records),
            (None, Some(task)) => match task.as_str() {
                Some("tick") => Ok(Self::Schedule(Task::Tick)),
                Some("sweep") => Ok(Self::Schedule(Task::Sweep)),
                _ => Err(PayloadError::Task(word(&task))),
            },
            (Some(_), Some(_)) => Err(PayloadError::Both),
            (Some(_) | None, None) => Err(PayloadError::Unknown),
        }
    }
}

fn batch(records: Vec<Value>) -> Result<Payload, PayloadError> {
    let source = |record: &Value| record.get("eventSource").and_then(Value::as_str).map(str::to_owned);
    let first = records.first().ok_or(PayloadError::Empty)?;
    let expected = match source(first).as_deref() {
        Some(STREAM) => STREAM,
        Some(QUEUE) => QUEUE,
        _ => "aws:dynamodb` or `aws:sqs",
    };
    for (index, record) in records.iter().enumerate() {
        if source(record).as_deref() != Some(expected) {
            let found = record.get("eventSource").map_or_else(|| "nothing".to_owned(), word);
            return Err(PayloadError::Source { index, found, expected });
        }
    }
    if expected == STREAM {
        return Ok(Payload::Stream(records));
    }
    let message = |(index, value): (usize, Value)| {
        let group = value.pointer("/attributes/MessageGroupId").and_then(Value::as_str).map(str::to_owned);
        let record = Record::deserialize(value);
        let record = record.map_err(|error| PayloadError::Record { index, why: error.to_string() })?;
        Ok(Message { record, group })
    };
    Ok(Payload::Queue(records.into_iter().enumerate().map(message).collect::<Result<_, _>>()?))
}

/// A value, as an error may show it.
fn word(value: &Value) -> String {
    match value {
        Value::String(text) => shortened(text, SHOWN),
        other => shortened(&other.to_string(), SHOWN),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(value: Value) -> Result<Payload, String> {
        serde_json::from_value(value).map_err(|error| error.to_string())
    }

    #[test]
    fn the_three_are_told_apart() {
        assert_eq!(read(json!({ "task": "tick" })), Ok(Payload::Schedule(Task::Tick)));
        assert_eq!(read(json!({ "task": "sweep", "version": "0" })), Ok(Payload::Schedule(Task::Sweep)));
        let record = json!({ "eventSource": "aws:dynamodb", "dynamodb": 7 });
        assert_eq!(read(json!({ "Records": [record] })), Ok(Payload::Stream(vec![record])));
        let record = json!({
            "eventSource": "aws:sqs", "messageId": "m", "body": "111122223333",
            "attributes": { "MessageGroupId": "111122223333", "ApproximateReceiveCount": "2" },
        });
        let Payload::Queue(messages) = read(json!({ "Records": [record, { "eventSource": "aws:sqs" }] })).unwrap()
        else {
            panic!("no batch of the queue")
        };
        assert_eq!(messages[0].record.body.as_deref(), Some("111122223333"));
        assert_eq!(messages[0].record.attributes.receive_count, Some(2));
        assert_eq!(messages[0].group.as_deref(), Some("111122223333"));
        assert_eq!(messages[1], Message::default(), "whatever a record lacks, it fails alone");
    }

    #[test]
    fn whatever_else_it_is_is_said() {
        let sqs = json!({ "eventSource": "aws:sqs" });
        for (value, part) in [
            (json!(null), "neither a batch"),
            (json!([]), "neither a batch"),
            (json!({}), "neither a batch"),
            (json!({ "Records": 1 }), "neither a batch"),
            (json!({ "Records": [] }), "has no records"),
            (json!({ "Records": [sqs], "task": "tick" }), "both `Records` and `task`"),
            (json!({ "task": "tock" }), "`task` is `tock`"),
            (json!({ "task": ["tick"] }), "`task` is `[\"tick\"]`"),
            (json!({ "Records": [{}] }), "record 0 has `eventSource` `nothing`: `aws:dynamodb` or `aws:sqs` is"),
            (
                json!({ "Records": [sqs, { "eventSource": "aws:dynamodb" }] }),
                "record 1 has `eventSource` `aws:dynamodb`",
            ),
            (json!({ "Records": [{ "eventSource": "aws:sns" }] }), "`aws:sns`"),
            (json!({ "Records": [{ "EventSource": "aws:sns" }] }), "record 0"),
            (json!({ "Records": [sqs, 7] }), "record 1"),
        ] {
            let error = read(value.clone()).unwrap_err();
            assert!(error.contains(part), "{value}: {error}");
        }
    }
}
