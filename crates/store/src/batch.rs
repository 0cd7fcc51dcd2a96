//! Batched, strongly consistent reads.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use aws_sdk_dynamodb::types::KeysAndAttributes;
use futures_util::{StreamExt, TryStreamExt, stream};

use crate::Table;
use crate::codec::{Item, text};
use crate::error::{Corrupt, StoreError};
use crate::schema::{PK, SK};

/// The most keys one `BatchGetItem` takes.
const BATCH: usize = 100;
/// The most batches under way at once.
const PARALLEL: usize = 24;
/// How often a batch is asked for that DynamoDB does not answer in whole. The pauses between add up to
/// 1.2 s, so that a sign-in can still say why before its deadline.
const TRIES: usize = 7;
const FIRST_PAUSE: Duration = Duration::from_millis(25);
const LONGEST_PAUSE: Duration = Duration::from_millis(400);

/// An item's key.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Key {
    pub(crate) pk: String,
    pub(crate) sk: String,
}

impl Key {
    pub(crate) fn new(pk: impl Into<String>, sk: impl Into<String>) -> Self {
        Self { pk: pk.into(), sk: sk.into() }
    }

    pub(crate) fn attributes(&self) -> Item {
        Item::from([(PK.to_owned(), text(&self.pk)), (SK.to_owned(), text(&self.sk))])
    }

    fn of(item: &Item) -> Option<Self> {
        Some(Self::new(item.get(PK)?.as_s().ok()?, item.get(SK)?.as_s().ok()?))
    }
}

impl Table {
    /// Reads items by key, consistently, within the table's deadline; a key without an item is not in
    /// the answer. Equal keys are asked for once.
    pub(crate) async fn read(&self, keys: impl IntoIterator<Item = Key>) -> Result<HashMap<Key, Item>, StoreError> {
        let keys: Vec<Key> = keys.into_iter().collect::<HashSet<_>>().into_iter().collect();
        let batches = stream::iter(keys.chunks(BATCH).map(|batch| self.read_batch(batch)));
        let all = batches.buffer_unordered(PARALLEL).try_concat();
        match self.deadline {
            None => all.await,
            Some(deadline) => tokio::time::timeout(deadline, all).await.unwrap_or_else(|_| {
                let cause = format!("the deadline of {} ms is over", deadline.as_millis());
                Err(StoreError::TimedOut { operation: "BatchGetItem", table: self.name.clone(), cause })
            }),
        }
    }

    async fn read_batch(&self, keys: &[Key]) -> Result<HashMap<Key, Item>, StoreError> {
        let asked: HashSet<&Key> = keys.iter().collect();
        let mut found = HashMap::with_capacity(keys.len());
        let mut left: Vec<Item> = keys.iter().map(Key::attributes).collect();
        let mut pause = FIRST_PAUSE;
        for attempt in 0..TRIES {
            if attempt > 0 {
                tokio::time::sleep(pause).await;
                pause = (pause * 2).min(LONGEST_PAUSE);
            }
            let wanted = KeysAndAttributes::builder().set_keys(Some(left)).consistent_read(true).build();
            let call = self.client.batch_get_item().request_items(&self.name, self.built(wanted)?);
            let answer = call.send().await.map_err(|error| StoreError::of_call("BatchGetItem", &self.name, &error))?;
            let unprocessed = answer.unprocessed_keys.unwrap_or_default().remove(&self.name);
            left = unprocessed.map(|keys| keys.keys).unwrap_or_default();
            // DynamoDB always names the table. An answer that does not is not "no items".
            let items = answer.responses.unwrap_or_default().remove(&self.name);
            let items = items.or_else(|| (!left.is_empty()).then(Vec::new)).ok_or_else(|| StoreError::Call {
                operation: "BatchGetItem",
                table: self.name.clone(),
                cause: "the answer does not name the table".to_owned(),
            })?;
            for item in items {
                let key = Key::of(&item).filter(|key| asked.contains(key)).ok_or_else(|| Corrupt {
                    item: "?".to_owned(),
                    what: "the answer has an item that was not asked for".to_owned(),
                })?;
                found.insert(key, item);
            }
            if left.is_empty() {
                return Ok(found);
            }
        }
        Err(StoreError::Partial { operation: "BatchGetItem", table: self.name.clone(), left: left.len(), tries: TRIES })
    }
}
