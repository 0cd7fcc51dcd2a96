//! A record as it was delivered, and what its message says of itself.

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::Value;
use sha2::{Digest, Sha256};
use signet_events::event::MAX_BYTES;
use signet_events::sns::Notification;
use signet_sync::batch::Record;
use signet_sync::text::shortened;

use crate::refusal::NoEnvelope;

/// The longest part of a name that logs and alerts repeat, in characters.
const SHOWN: usize = 256;

/// A record, opened.
#[derive(Debug)]
pub struct Delivery {
    /// The queue's id of the message; may be empty.
    pub message_id: String,
    /// Which delivery this is, about; 1 if SQS does not say.
    pub receive_count: u64,
    /// The queue; may be empty.
    pub queue: String,
    /// The same for the same message, at every delivery: its SNS id, else the queue's, as hex.
    pub mark: String,
    /// What SNS delivered.
    pub notification: Result<Notification, NoEnvelope>,
    /// What the message says of itself.
    pub told: Told,
}

/// What a message says of itself, for logs, alerts and the order of a batch, before it is known to be an
/// event at all, and whether it is one or not. Nothing is permitted or applied by it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Told {
    /// Its id.
    pub id: Option<String>,
    /// What sent it.
    pub source: Option<String>,
    /// Its type.
    pub kind: Option<String>,
    /// What it is about.
    pub subject: Option<String>,
    /// The revision of its subject.
    pub revision: Option<u64>,
}

impl Delivery {
    /// Opens a record.
    #[must_use]
    pub fn of(record: Record) -> Self {
        let Record { message_id, body, attributes, queue } = record;
        let notification = match &body {
            None => Err(NoEnvelope::NoBody),
            Some(body) => Notification::parse(body).map_err(NoEnvelope::Other),
        };
        let told = notification.as_ref().map(|notification| Told::of(&notification.message)).unwrap_or_default();
        let id = match &notification {
            Ok(notification) => &notification.message_id,
            Err(_) if message_id.is_empty() => body.as_deref().unwrap_or_default(),
            Err(_) => &message_id,
        };
        let mark = mark(id);
        Self { message_id, receive_count: attributes.receive_count.unwrap_or(1), queue, mark, notification, told }
    }

    /// What alerts are about where no event says it: the topic, or else the queue.
    #[must_use]
    pub fn subject(&self) -> &str {
        match (&self.told.subject, &self.notification) {
            (Some(subject), _) if !subject.is_empty() => subject,
            (_, Ok(notification)) => notification.topic.as_str(),
            (_, Err(_)) if self.queue.is_empty() => "an unknown queue",
            (_, Err(_)) => &self.queue,
        }
    }

    /// Which records belong together, and which of those goes first: events of a type about a subject,
    /// by revision. Only the order of a batch depends on it; which revision wins, the table decides.
    #[must_use]
    pub fn place(&self) -> Option<((String, String), u64)> {
        let Told { kind, subject, revision, .. } = &self.told;
        Some(((kind.clone()?, subject.clone()?), revision.unwrap_or(u64::MAX)))
    }
}

/// The first half of SHA-256 of an id, in hex: an id of any length, made one that every alert may have.
fn mark(id: &str) -> String {
    let digest = Sha256::digest(id.as_bytes());
    digest.iter().take(16).fold(String::new(), |hex, byte| format!("{hex}{byte:02x}"))
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Outline {
    id: Value,
    source: Value,
    r#type: Value,
    subject: Value,
    data: Data,
}

/// The one member of the data that matters here.
#[derive(Deserialize)]
#[serde(untagged)]
enum Data {
    With { revision: u64 },
    Without(IgnoredAny),
}

impl Default for Data {
    fn default() -> Self {
        Self::Without(IgnoredAny)
    }
}

impl Told {
    /// Reads what can be read; nothing, where it is no JSON object, or too large.
    fn of(message: &str) -> Self {
        if message.len() > MAX_BYTES {
            return Self::default();
        }
        let outline: Outline = serde_json::from_str(message).unwrap_or_default();
        let text = |value: &Value| value.as_str().map(|text| shortened(text, SHOWN));
        Self {
            id: text(&outline.id),
            source: text(&outline.source),
            kind: text(&outline.r#type),
            subject: text(&outline.subject),
            revision: match outline.data {
                Data::With { revision } => Some(revision),
                Data::Without(_) => None,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn whatever_a_message_says_of_itself_is_read() {
        let told = Told::of(&json!({
            "id": "1", "source": "x".repeat(300), "type": 7, "subject": "a\nb", "data": { "revision": 3, "grants": [1] },
        }).to_string());
        assert_eq!((told.id.as_deref(), told.kind, told.revision), (Some("1"), None, Some(3)));
        assert_eq!(told.subject.as_deref(), Some("a\\u{a}b"));
        assert_eq!(told.source.unwrap().chars().count(), 257);
        for unreadable in ["", "[]", "{\"id\":\"1\",\"id\":\"2\"}"] {
            assert_eq!(Told::of(unreadable), Told::default(), "{unreadable}");
        }
        for data in [json!(7), json!({}), json!({ "revision": "3" }), json!({ "revision": -1 })] {
            let told = Told::of(&json!({ "id": "1", "data": data }).to_string());
            assert_eq!((told.id.as_deref(), told.revision), (Some("1"), None));
        }
        let large = json!({ "id": "1", "data": { "x": "x".repeat(MAX_BYTES) } });
        assert_eq!(Told::of(&large.to_string()), Told::default());
    }

    #[test]
    fn a_mark_is_the_messages_and_not_the_deliverys() {
        let record = |id: &str, body: Option<&str>, count| Record {
            message_id: id.to_owned(),
            body: body.map(str::to_owned),
            attributes: signet_sync::batch::Attributes { receive_count: count, sent_ms: None },
            ..Record::default()
        };
        let mark = |id, body, count| Delivery::of(record(id, body, count)).mark;
        let envelope = json!({
            "Type": "Notification", "MessageId": "m", "TopicArn": "arn:aws:sns:eu-central-1:111122223333:t",
            "Message": "{}", "Timestamp": "2026-07-01T09:30:00Z",
        })
        .to_string();
        assert_eq!(mark("a", Some(&envelope), None), mark("b", Some(&envelope), Some(4)), "SNS delivers twice");
        assert_eq!(mark("a", Some("x"), Some(1)), mark("a", Some("x"), Some(2)));
        assert_ne!(mark("a", Some("x"), None), mark("b", Some("x"), None));
        assert_eq!(mark("", Some("x"), None), mark("", Some("x"), None));
        assert_ne!(mark("", Some("x"), None), mark("", Some("y"), None));
        assert_eq!(mark("", None, None).len(), 32);
    }
}
