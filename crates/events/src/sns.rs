//! SNS's envelope, as SQS delivers it where raw message delivery is off.
//!
//! The topic in the envelope names the producer. SNS writes it, and the queue's policy takes
//! messages from the listed topics only. With raw message delivery, what a publisher wrote would
//! stand in its place: whatever is not an envelope is therefore refused, and whatever the message
//! inside says of topics counts for nothing.

use jiff::Timestamp;
use signet_core::producer::TopicArn;
use signet_json::Json;

use crate::fields::{Field, Fields, Report};
use crate::problem::{Problem, listed, shown};
use crate::time;

/// A message that SNS delivered, with the topic that it came through.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notification {
    /// The topic, which names the producer.
    pub topic: TopicArn,
    /// SNS's own id of the message, for logs.
    pub message_id: String,
    /// When SNS took the message.
    pub published_at: Timestamp,
    /// The message as the producer sent it.
    pub message: String,
}

/// Why a message of the queue is not one that SNS wrapped.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SnsError {
    /// Not JSON.
    #[error("the body is not JSON, and SNS's envelope is expected: {0}")]
    NotJson(String),
    /// A `CloudEvent` where an envelope should be.
    #[error(
        "the body is a CloudEvent without SNS's envelope: publish to the topic, not to the queue, and switch raw \
         message delivery off in the subscription"
    )]
    RawEvent,
    /// SNS's own message about a subscription.
    #[error(
        "the message is of type `{found}`, and `Notification` is expected: nobody but this deployment subscribes its \
         queue"
    )]
    NotNotification {
        /// The type it has.
        found: String,
    },
    /// Not an envelope.
    #[error("the body is not SNS's envelope: {}", listed(.0))]
    NotEnvelope(Vec<Problem>),
}

impl Notification {
    /// Reads the body of a message of the queue. Members that SNS adds to an envelope (signature,
    /// subject, message attributes) are not read.
    ///
    /// # Errors
    /// [`SnsError`] if it is not SNS's envelope, says of itself that it is no notification, or
    /// could be an event by itself.
    pub fn parse(body: &str) -> Result<Self, SnsError> {
        let body = signet_json::read(body.as_bytes()).map_err(|error| SnsError::NotJson(error.to_string()))?;
        let mut report = Report::default();
        let fields = Fields::open(&Field::root(&body), &mut report);
        if let Some(fields) = &fields {
            if fields.get("specversion").is_some() {
                return Err(SnsError::RawEvent);
            }
            if let Some(Json::String(found)) = fields.get("Type").map(|field| field.value)
                && found != "Notification"
            {
                return Err(SnsError::NotNotification { found: shown(found) });
            }
        }
        let read = fields.and_then(|fields| read(&fields, &mut report));
        report.finish(read).map(|(notification, _)| notification).map_err(SnsError::NotEnvelope)
    }
}

fn read(fields: &Fields<'_>, report: &mut Report) -> Option<Notification> {
    let hint = "raw message delivery is to be off in the subscription";
    let kind = fields.required("Type", hint, report).and_then(|field| field.text(report));
    let topic = fields.required("TopicArn", hint, report).and_then(|field| field.word(TopicArn::parse, report));
    let message_id = fields.required("MessageId", hint, report).and_then(|field| field.name(256, report));
    let published_at = fields.required("Timestamp", hint, report).and_then(|field| field.word(time::moment, report));
    let message = fields.required("Message", hint, report).and_then(|field| field.text(report));
    // INVARIANT: the caller has refused any other type.
    kind?;
    Some(Notification {
        topic: topic?,
        message_id: message_id?.to_owned(),
        published_at: published_at?,
        message: message?.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    const TOPIC: &str = "arn:aws:sns:eu-central-1:111122223333:clinical-platform";

    fn envelope(message: &str) -> Value {
        json!({
            "Type": "Notification",
            "MessageId": "22b80b92-fdea-4c2c-8f9d-bdfb0c7bf324",
            "TopicArn": TOPIC,
            "Message": message,
            "Timestamp": "2026-07-01T09:30:00.123Z",
            "SignatureVersion": "1",
            "Signature": "c2lnbmF0dXJl",
            "UnsubscribeURL": "https://sns.eu-central-1.amazonaws.com/?Action=Unsubscribe",
        })
    }

    fn with(name: &str, value: Value) -> String {
        let mut envelope = envelope("{}");
        envelope[name] = value;
        envelope.to_string()
    }

    #[test]
    fn the_topic_is_the_envelopes() {
        let inner = json!({
            "Type": "Notification",
            "TopicArn": "arn:aws:sns:eu-central-1:444455556666:other",
            "Message": "{}",
        });
        let notification = Notification::parse(&envelope(&inner.to_string()).to_string()).unwrap();
        assert_eq!(notification.topic.as_str(), TOPIC);
        assert_eq!(notification.message, inner.to_string());
        assert_eq!(notification.message_id, "22b80b92-fdea-4c2c-8f9d-bdfb0c7bf324");
        assert_eq!(notification.published_at.as_millisecond(), 1_782_898_200_123);
    }

    #[test]
    fn what_sns_did_not_wrap_is_refused() {
        let event = json!({ "specversion": "1.0", "type": "signet.dataset.changed.v1" });
        assert_eq!(Notification::parse(&event.to_string()), Err(SnsError::RawEvent));
        assert_eq!(Notification::parse(&with("specversion", json!("1.0"))), Err(SnsError::RawEvent));
        assert!(matches!(Notification::parse("hello"), Err(SnsError::NotJson(_))));
        for body in ["[]", "null", "\"x\"", "{}"] {
            assert!(matches!(Notification::parse(body), Err(SnsError::NotEnvelope(_))), "{body}");
        }
        for name in ["Type", "TopicArn", "Message", "MessageId", "Timestamp"] {
            let error = Notification::parse(&with(name, Value::Null)).unwrap_err().to_string();
            assert!(
                error.contains(&format!("/{name}: is missing")) && error.contains("raw message delivery"),
                "{error}"
            );
            let error = Notification::parse(&with(name, json!(1))).unwrap_err().to_string();
            assert!(error.contains("a string is expected, and there is the number `1`"), "{error}");
        }
    }

    #[test]
    fn a_doubled_topic_is_refused() {
        let body =
            envelope("{}").to_string().replacen('{', "{\"TopicArn\":\"arn:aws:sns:eu-central-1:444455556666:x\",", 1);
        let error = Notification::parse(&body).unwrap_err().to_string();
        assert!(error.contains("/TopicArn: is there twice"), "{error}");
    }

    #[test]
    fn other_messages_and_other_arns_are_refused() {
        let error = Notification::parse(&with("Type", json!("SubscriptionConfirmation"))).unwrap_err();
        assert_eq!(error, SnsError::NotNotification { found: "SubscriptionConfirmation".to_owned() });
        for arn in [
            "",
            "clinical-platform",
            "arn:aws:sqs:eu-central-1:111122223333:queue",
            "arn:aws:sns:eu-central-1:111122223333:a*",
        ] {
            let error = Notification::parse(&with("TopicArn", json!(arn))).unwrap_err().to_string();
            assert!(error.contains(&format!("/TopicArn: topic `{arn}`")), "{error}");
        }
        let error = Notification::parse(&with("Timestamp", json!("yesterday"))).unwrap_err().to_string();
        assert!(error.contains("`yesterday` is not a time"), "{error}");
    }
}
