//! One transaction, or one update, with the refusals that a repetition cures repeated.

use std::time::Duration;

use aws_sdk_dynamodb::error::ProvideErrorMetadata;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use aws_sdk_dynamodb::types::{ReturnValuesOnConditionCheckFailure, TransactWriteItem};

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
pub(crate) enum Outcome {
    /// All of it is written.
    Written,
    /// Nothing of it is: these actions' conditions do not hold, by their place, with the item as it
    /// is where the action asks for that.
    Refused(Vec<(usize, Option<Item>)>),
}

/// What became of an update.
#[derive(Debug)]
pub(crate) enum Updated {
    /// It is written; the item as the update asks for it.
    Written(Item),
    /// Its condition does not hold; the item as it is.
    Refused(Item),
}

impl Table {
    /// Writes one item. A conflict with a transaction is tried again; a failure without an answer is an
    /// error, after which the item may have been written or not. One that was written and whose answer
    /// was lost may have been asked for again: then a condition that it does not leave true refuses it.
    pub(crate) async fn update(&self, update: UpdateItemFluentBuilder) -> Result<Updated, StoreError> {
        let update = update
            .table_name(&self.name)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        let mut pause = FIRST_PAUSE;
        let mut attempt = 1;
        loop {
            let error = match update.clone().send().await {
                Ok(answer) => return Ok(Updated::Written(answer.attributes.unwrap_or_default())),
                Err(error) => error,
            };
            match error.as_service_error() {
                Some(UpdateItemError::ConditionalCheckFailedException(refused)) => {
                    return Ok(Updated::Refused(refused.item.clone().unwrap_or_default()));
                }
                Some(UpdateItemError::TransactionConflictException(_)) if attempt < TRIES => {}
                _ => return Err(StoreError::of_call("UpdateItem", &self.name, &error)),
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
            attempt += 1;
        }
    }

    /// Writes all actions or none. A conflict with another transaction, or throttling, is tried
    /// again; a failure without an answer is an error, after which the transaction may have been
    /// written or not.
    pub(crate) async fn transact(&self, actions: Vec<TransactWriteItem>) -> Result<Outcome, StoreError> {
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
