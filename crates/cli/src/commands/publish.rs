//! `event publish`.

use aws_sdk_sns::config::http::HttpResponse;
use aws_sdk_sns::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_sns::operation::publish::PublishError;
use serde_json::json;
use sha2::{Digest, Sha256};
use signet_core::producer::TopicArn;
use signet_events::event::Event;

use crate::args::{Connection, EventPublish};
use crate::connect;
use crate::console::Console;
use crate::failure::{Exit, Failure};
use crate::text::{columns, hex, printable};

use super::event;

pub(super) async fn publish(
    args: &EventPublish,
    connection: &Connection,
    as_json: bool,
    console: &mut Console<'_>,
) -> Result<Exit, Failure> {
    let topic = TopicArn::parse(&args.topic)?;
    let (checked, bytes) = event::examine(&args.file, console);
    // INVARIANT: what is an event is UTF-8.
    let (Ok(event), Ok(message)) = (&checked.event, String::from_utf8(bytes)) else {
        return event::report(&[checked], as_json, console);
    };
    if !as_json {
        event::remark(&checked, console);
    }
    let message_id = send(&topic, event, message, connection, console).await?;
    if as_json {
        console.json(&json!({
            "ok": true,
            "topic": topic.as_str(),
            "message_id": message_id,
            "files": [event::entry(&checked)],
        }))?;
    } else {
        let rows = [("topic", topic.to_string()), ("event", printable(&event.id)), ("message", printable(&message_id))];
        let rows: Vec<_> = rows.into_iter().map(|(name, value)| vec![name.to_owned(), value]).collect();
        console.result(&format!("Published {}\n{}", event::summary(event), columns("  ", &rows)))?;
    }
    Ok(Exit::Done)
}

/// Hands an event to SNS as it is. Returns SNS's id of the message.
async fn send(
    topic: &TopicArn,
    event: &Event,
    message: String,
    connection: &Connection,
    console: &mut Console<'_>,
) -> Result<String, Failure> {
    let sns = connect::sns(connection, topic).await?;
    let mut call = sns.publish().topic_arn(topic.as_str());
    // A FIFO topic wants an order and an id. The order is the subject's; both are hashed, since SNS
    // takes 128 characters of few kinds (SNS API reference, `Publish`).
    if topic.as_str().strip_suffix(".fifo").is_some() {
        call = call
            .message_group_id(hex(&Sha256::digest(event.subject.as_bytes())))
            .message_deduplication_id(hex(&Sha256::digest(message.as_bytes())));
    }
    let answer = match call.message(message).send().await {
        Ok(answer) => answer,
        Err(error) => {
            if !is_refused(&error) {
                console.message("If the event was published all the same, publishing it again does no harm.");
            }
            return Err(failure(topic, &error));
        }
    };
    let unnamed =
        || Failure::Publish { topic: topic.to_string(), cause: "SNS answered without a message id".to_owned() };
    answer.message_id.ok_or_else(unnamed)
}

/// Whether it is certain that SNS did not take the message.
fn is_refused(error: &SdkError<PublishError, HttpResponse>) -> bool {
    match error {
        SdkError::ConstructionFailure(_) => true,
        // No connection was wanted so far: no credentials, say.
        SdkError::DispatchFailure(failure) => failure.is_user() || failure.is_other(),
        other => other.raw_response().is_some_and(|response| response.status().is_client_error()),
    }
}

fn failure(topic: &TopicArn, error: &SdkError<PublishError, HttpResponse>) -> Failure {
    let topic = topic.to_string();
    let cause = signet_store::error::cause(error);
    match error.as_service_error().and_then(ProvideErrorMetadata::code) {
        Some("NotFound") => Failure::NoTopic { topic },
        Some("AuthorizationError" | "AccessDenied" | "KMSAccessDenied") => Failure::MayNotPublish { topic, cause },
        _ => Failure::Publish { topic, cause },
    }
}
