//! The topic of alerts: what Signet tells people.

use aws_sdk_sns::Client;
use aws_sdk_sns::types::MessageAttributeValue;
use signet_core::producer::TopicArn;
use signet_events::alert::{Alert, Origin};

use crate::cause::cause;

/// An alert could not be published.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the alert cannot be published to topic `{topic}`: {cause}")]
pub struct AlertError {
    /// The topic.
    pub topic: TopicArn,
    /// What SNS or the connection said.
    pub cause: String,
}

/// A topic that alerts are published to. Needs `sns:Publish` on it, and of its key, where it is
/// encrypted with one of the deployment's own, `kms:GenerateDataKey` and `kms:Decrypt`.
#[derive(Debug, Clone)]
pub struct AlertTopic {
    client: Client,
    topic: TopicArn,
}

impl AlertTopic {
    /// Publishes to a topic by way of a client.
    #[must_use]
    pub fn new(client: Client, topic: TopicArn) -> Self {
        Self { client, topic }
    }

    /// Reads the ARN of an alert topic.
    ///
    /// # Errors
    /// What is wrong with it. A FIFO topic is refused: no e-mail and no chat can subscribe to it.
    pub fn parse_arn(text: &str) -> Result<TopicArn, String> {
        let topic = TopicArn::parse(text).map_err(|error| error.to_string())?;
        // Names of topics have no other dot (SNS API reference, `CreateTopic`).
        if topic.as_str().contains('.') {
            return Err(format!("topic `{topic}` is a FIFO topic: give a standard one, which people can subscribe to"));
        }
        Ok(topic)
    }

    /// Publishes an alert. Its kind is there twice more, for those who read neither JSON nor all of
    /// it: as the message attribute `kind`, which subscriptions can filter by, and in the subject of
    /// e-mails.
    ///
    /// # Errors
    /// [`AlertError`], and then it is not certain that nobody was told: publish it again, under the
    /// same id.
    pub async fn publish(&self, alert: &Alert, origin: &Origin<'_>) -> Result<(), AlertError> {
        let failed = |cause| AlertError { topic: self.topic.clone(), cause };
        let kind = alert.kind.as_str();
        let attribute = MessageAttributeValue::builder().data_type("String").string_value(kind).build();
        let attribute = attribute.map_err(|error| failed(error.to_string()))?;
        let publish = self.client.publish().topic_arn(self.topic.as_str());
        let publish = publish.subject(format!("Signet: {kind}")).message_attributes("kind", attribute);
        publish.message(alert.to_message(origin)).send().await.map_err(|error| failed(cause(&error)))?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_alert_topic_is_one_that_people_can_subscribe_to() {
        let arn = "arn:aws:sns:eu-central-1:111122223333:alerts";
        assert_eq!(AlertTopic::parse_arn(arn).unwrap().as_str(), arn);
        assert!(AlertTopic::parse_arn(&format!("{arn}.fifo")).unwrap_err().contains("is a FIFO topic"));
        assert!(AlertTopic::parse_arn("alerts").is_err());
    }
}
