//! One transaction, with the refusals that a repetition cures repeated.

use std::time::Duration;

use aws_sdk_dynamodb::error::ProvideErrorMetadata;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::TransactWriteItem;

use crate::Table;
use crate::codec::Item;
use crate::error::StoreError;

/// The most actions of a transaction.
pub(crate) const ACTIONS: usize = 100;
/// The most bytes of stored items that a transaction is given: AWS takes 4 MB.
pub(super) const BYTES: usize = 3_000_000;

const TRIES: usize = 10;
const FIRST_PAUSE: Duration = Duration::from_millis(10);
const LONGEST_PAUSE: Duration = Duration::from_millis(400);

/// What became of a transaction.
#[derive(Debug)]
pub(super) enum Outcome {
    /// All of it is written.
    Written,
    /// Nothing of it is: these actions' conditions do not hold, by their place, with the item as it
    /// is where the action asks for that.
    Refused(Vec<(usize, Option<Item>)>),
}

impl Table {
    /// Writes all actions or none. A conflict with another transaction, or throttling, is tried
    /// again; a failure without an answer is an error, after which the transaction may have been
    /// written or not.
    pub(super) async fn transact(&self, actions: Vec<TransactWriteItem>) -> Result<Outcome, StoreError> {
        let mut pause = FIRST_PAUSE;
        let mut attempt = 1;
        loop {
            let call = self.client.transact_write_items().set_transact_items(Some(actions.clone()));
            let Err(error) = call.send().await else { return Ok(Outcome::Written) };
            let reasons = match error.as_service_error() {
                Some(TransactWriteItemsError::TransactionCanceledException(canceled)) => {
                    canceled.cancellation_reasons()
                }
                _ => &[],
            };
            let refused: Vec<(usize, Option<Item>)> = reasons
                .iter()
                .enumerate()
                .filter(|(_, reason)| reason.code.as_deref() == Some("ConditionalCheckFailed"))
                .map(|(place, reason)| (place, reason.item.clone()))
                .collect();
            if !refused.is_empty() {
                return Ok(Outcome::Refused(refused));
            }
            let service = error.as_service_error().and_then(ProvideErrorMetadata::code);
            let passes = reasons.iter().filter_map(|reason| reason.code.as_deref()).chain(service).any(passes);
            if !passes || attempt == TRIES {
                return Err(StoreError::of_call("TransactWriteItems", &self.name, &error));
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
            attempt += 1;
        }
    }
}

/// Whether a refusal passes by itself: of the whole transaction, or of one of its actions. One that is
/// in progress still is not tried here: it may succeed, and the SDK asks again under the same token.
fn passes(code: &str) -> bool {
    matches!(code, "TransactionConflict" | "ThrottlingError" | "ProvisionedThroughputExceeded")
}
