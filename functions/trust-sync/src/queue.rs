//! The queue of accounts: FIFO, one message group an account.
//!
//! SQS gives out no message of a group while another one of it is in work, so that an account has one
//! worker, and messages that come in between wait for it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use aws_sdk_sqs::Client;
use aws_sdk_sqs::error::BuildError;
use aws_sdk_sqs::types::SendMessageBatchRequestEntry;
use futures_util::StreamExt;
use signet_core::role::AccountId;
use signet_sync::cause::cause;
use signet_sync::text::shortened;

/// The most messages that one call takes (SQS API reference, `SendMessageBatch`).
const ENTRIES: usize = 10;
/// How many calls are under way at once.
const CALLS: usize = 4;
/// What stands behind an account that is to be swept.
const SWEEP: &str = "sweep";

/// What a message asks for: an account to be looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Work {
    /// The account.
    pub account: AccountId,
    /// Whether all its roles are looked at, and not only what is due.
    pub sweep: bool,
}

impl Work {
    /// Reads a message's body: an account's number, or `NUMBER sweep`.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(body: Option<&str>) -> Result<Self, String> {
        let Some(body) = body else { return Err("the message has no body".to_owned()) };
        let (account, sweep) = match body.split_once(' ') {
            None => (body, false),
            Some((account, SWEEP)) => (account, true),
            Some(_) => {
                let shown = shortened(body, 80);
                return Err(format!("the message `{shown}` is neither an account's number nor `NUMBER {SWEEP}`"));
            }
        };
        Ok(Self { account: AccountId::parse(account).map_err(|error| error.to_string())?, sweep })
    }
}

impl fmt::Display for Work {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { account, sweep } = self;
        if *sweep { write!(f, "{account} {SWEEP}") } else { write!(f, "{account}") }
    }
}

/// A message to be queued.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    work: Work,
    deduplication: String,
}

impl Message {
    /// Asks for work, on occasion of something: a place in the stream, an invocation. The same account on
    /// the same occasion is one message, however often it is sent within five minutes.
    #[must_use]
    pub fn new(work: Work, occasion: &str) -> Self {
        // SQS takes 128 characters. A sequence number has at most 40, the id of an invocation 36.
        let occasion: String = occasion.chars().take(100).collect();
        Self { deduplication: format!("{}-{occasion}", work.account), work }
    }
}

/// An account that could not be queued.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("account `{account}` cannot be put onto queue `{queue}`: {cause}")]
pub struct Unsent {
    /// The account.
    pub account: AccountId,
    /// The queue.
    pub queue: String,
    /// What SQS or the connection said.
    pub cause: String,
}

/// The queue of accounts. Needs `sqs:SendMessage` on it, and of its key, where it is encrypted with one
/// of the deployment's own, `kms:GenerateDataKey` and `kms:Decrypt`.
#[derive(Debug, Clone)]
pub struct AccountQueue {
    client: Client,
    url: String,
}

impl AccountQueue {
    /// A queue by its URL.
    #[must_use]
    pub fn new(client: Client, url: impl Into<String>) -> Self {
        Self { client, url: url.into() }
    }

    /// Sends messages, ten a call, and gives those that the queue did not take. Each of them is for another
    /// account.
    pub async fn send(&self, messages: &[Message]) -> Vec<Unsent> {
        let calls = messages.chunks(ENTRIES).map(|some| self.send_some(some));
        futures_util::stream::iter(calls).buffered(CALLS).concat().await
    }

    async fn send_some(&self, messages: &[Message]) -> Vec<Unsent> {
        let unsent = |message: &Message, cause: &str| Unsent {
            account: message.work.account.clone(),
            queue: self.url.clone(),
            cause: cause.to_owned(),
        };
        let entries: Result<Vec<_>, BuildError> = messages.iter().enumerate().map(entry).collect();
        let sent = match entries {
            Ok(entries) => {
                let call = self.client.send_message_batch().queue_url(&self.url).set_entries(Some(entries));
                call.send().await.map_err(|error| cause(&error))
            }
            Err(error) => Err(error.to_string()),
        };
        match sent {
            Err(cause) => messages.iter().map(|message| unsent(message, &cause)).collect(),
            Ok(answer) => {
                let taken: BTreeSet<&str> = answer.successful.iter().map(|entry| entry.id.as_str()).collect();
                let refused = answer.failed.iter().map(|entry| {
                    let message = entry.message.as_deref().unwrap_or("no further message");
                    (entry.id.as_str(), format!("{}: {message}", entry.code))
                });
                let refused: BTreeMap<&str, String> = refused.collect();
                // A message counts as sent only where SQS says so.
                let why = |(index, message): (usize, &Message)| {
                    let id = id(index);
                    match refused.get(id.as_str()) {
                        Some(cause) => Some(unsent(message, cause)),
                        None if taken.contains(id.as_str()) => None,
                        None => Some(unsent(message, "the answer does not name the message")),
                    }
                };
                messages.iter().enumerate().filter_map(why).collect()
            }
        }
    }
}

fn id(index: usize) -> String {
    format!("m{index}")
}

fn entry((index, message): (usize, &Message)) -> Result<SendMessageBatchRequestEntry, BuildError> {
    SendMessageBatchRequestEntry::builder()
        .id(id(index))
        .message_body(message.work.to_string())
        .message_group_id(message.work.account.as_str())
        .message_deduplication_id(&message.deduplication)
        .build()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_is_what_it_says() {
        for body in ["111122223333", "111122223333 sweep"] {
            assert_eq!(Work::parse(Some(body)).unwrap().to_string(), body);
        }
        assert!(Work::parse(Some("111122223333 sweep")).unwrap().sweep);
        for bad in ["", "1111", " 111122223333", "111122223333 ", "111122223333 all", "111122223333 sweep ", "{}"] {
            assert!(Work::parse(Some(bad)).is_err(), "`{bad}` was taken");
        }
        assert!(Work::parse(None).is_err());
    }

    #[test]
    fn an_occasion_makes_one_message_of_an_account() {
        let work = || Work::parse(Some("111122223333")).unwrap();
        assert_eq!(Message::new(work(), "700"), Message::new(work(), "700"));
        assert_ne!(Message::new(work(), "700"), Message::new(work(), "701"));
        assert!(Message::new(work(), &"9".repeat(300)).deduplication.chars().count() <= 128);
    }
}
