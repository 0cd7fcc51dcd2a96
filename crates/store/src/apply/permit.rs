//! Whether a topic may say what comes through it.
//!
//! The producer is part of the first read of an application, so that it costs no call of its own,
//! and nothing of the table is told or changed before it has permitted the statement.

use std::collections::HashMap;

use signet_core::grant::SourceId;
use signet_core::producer::{Producer, TopicArn};

use crate::batch::Key;
use crate::codec::Item;
use crate::error::StoreError;
use crate::statement::{StatedProvider, Statement};
use crate::{producer, schema};

use super::ApplyError;

/// Whether the producer of a topic may state these grants of a source.
pub(super) fn dataset(
    topic: &TopicArn,
    items: &HashMap<Key, Item>,
    source: &SourceId,
    statement: &Statement,
) -> Result<(), ApplyError> {
    let producer = of_topic(topic, items)?;
    let dataset = source.dataset_id().ok_or_else(|| ApplyError::NoDataset { source_id: source.clone() })?;
    let grants =
        statement.groups.iter().flat_map(|(group, stated)| stated.grants.iter().map(move |grant| (group, grant)));
    Ok(producer.permits_dataset(dataset, grants.map(|(group, grant)| (group, &grant.role)))?)
}

/// Whether the producer of a topic may speak of an app's provider.
pub(super) fn provider(
    topic: &TopicArn,
    items: &HashMap<Key, Item>,
    stated: &StatedProvider,
) -> Result<(), ApplyError> {
    Ok(of_topic(topic, items)?.permits_provider(&stated.app, &stated.provider)?)
}

fn of_topic(topic: &TopicArn, items: &HashMap<Key, Item>) -> Result<Producer, ApplyError> {
    let item = items.get(&schema::producer_key(topic)).ok_or_else(|| ApplyError::UnknownTopic(topic.clone()))?;
    Ok(producer::read(item).map_err(StoreError::from)?)
}
