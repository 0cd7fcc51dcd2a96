//! Who may publish events, and what they may say.

use std::collections::BTreeSet;

use aws_sdk_dynamodb::types::ReturnValue;
use signet_core::invalid::InvalidValue;
use signet_core::producer::{EventType, Pattern, Producer, RolePattern, TopicArn};

use crate::Table;
use crate::codec::{self, Attributes, Item, text, texts};
use crate::error::{Corrupt, StoreError};
use crate::schema::{self, KIND};

impl Table {
    /// The producer whose events arrive from a topic; none if the topic is nobody's.
    ///
    /// # Errors
    /// [`StoreError`]. An item that cannot be read is an error, never a producer that may say more.
    pub async fn producer(&self, topic: &TopicArn) -> Result<Option<Producer>, StoreError> {
        let key = schema::producer_key(topic);
        let items = self.read([key.clone()]).await?;
        Ok(items.get(&key).map(read).transpose()?)
    }

    /// All producers, sorted by topic, by way of the index, which may lag by a moment.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn producers(&self) -> Result<Vec<Producer>, StoreError> {
        let items = self.of_kind("producer").await?;
        let mut producers: Vec<Producer> = items.iter().map(read).collect::<Result<_, _>>()?;
        producers.sort_by(|a, b| a.topic.cmp(&b.topic));
        Ok(producers)
    }

    /// Sets what a producer may say, all of it, and gives what it might say until now: none if the
    /// topic was nobody's. Events that are being applied are not held up.
    ///
    /// # Errors
    /// [`StoreError`]; [`StoreError::NoMeta`] if the table is not set up.
    pub async fn put_producer(&self, producer: &Producer) -> Result<Option<Producer>, StoreError> {
        self.warm().await?;
        let put = self.client.put_item().table_name(&self.name).set_item(Some(write(producer)));
        let answer = put.return_values(ReturnValue::AllOld).send().await;
        let answer = answer.map_err(|error| StoreError::of_call("PutItem", &self.name, &error))?;
        Ok(answer.attributes.filter(|item| !item.is_empty()).as_ref().map(read).transpose()?)
    }

    /// Removes a producer, and gives what it might say until now: none if the topic was nobody's.
    /// What its events have stated stays.
    ///
    /// # Errors
    /// [`StoreError`]. An item that cannot be read is removed all the same, and then an error.
    pub async fn remove_producer(&self, topic: &TopicArn) -> Result<Option<Producer>, StoreError> {
        let key = schema::producer_key(topic).attributes();
        let delete = self.client.delete_item().table_name(&self.name).set_key(Some(key));
        let answer = delete.return_values(ReturnValue::AllOld).send().await;
        let answer = answer.map_err(|error| StoreError::of_call("DeleteItem", &self.name, &error))?;
        Ok(answer.attributes.filter(|item| !item.is_empty()).as_ref().map(read).transpose()?)
    }
}

fn write(producer: &Producer) -> Item {
    let mut item = schema::producer_key(&producer.topic).attributes();
    item.insert(KIND.to_owned(), text("producer"));
    item.insert("events".to_owned(), texts(&producer.events));
    item.insert("datasets".to_owned(), texts(producer.datasets.iter().map(Pattern::as_str)));
    item.insert("roles".to_owned(), texts(producer.roles.iter().map(RolePattern::as_str)));
    item.insert("groups".to_owned(), texts(producer.groups.iter().map(Pattern::as_str)));
    item.insert("apps".to_owned(), texts(producer.apps.iter().map(Pattern::as_str)));
    if let Some(providers) = &producer.providers {
        item.insert("providers".to_owned(), texts(providers.iter().map(Pattern::as_str)));
    }
    item
}

pub(crate) fn read(item: &Item) -> Result<Producer, Corrupt> {
    let place = codec::place(item);
    let read = Attributes::new(item, &place);
    let topic = read.text(schema::PK)?.strip_prefix(schema::PRODUCER).unwrap_or_default();
    Ok(Producer {
        topic: read.valid(TopicArn::parse(topic))?,
        events: all(&read, "events", EventType::parse)?,
        datasets: all(&read, "datasets", Pattern::parse)?,
        roles: all(&read, "roles", RolePattern::parse)?,
        groups: all(&read, "groups", Pattern::parse)?,
        apps: all(&read, "apps", Pattern::parse)?,
        // Not there is not limited: so were producers before there was this list.
        providers: item.contains_key("providers").then(|| all(&read, "providers", Pattern::parse)).transpose()?,
    })
}

/// The values of a list, each as one of the core's types; none where the list is not there.
fn all<T: Ord>(
    read: &Attributes<'_>,
    name: &str,
    parse: impl Fn(&str) -> Result<T, InvalidValue>,
) -> Result<BTreeSet<T>, Corrupt> {
    let values = read.texts_or_none(name)?.unwrap_or_default();
    values.into_iter().map(|value| read.valid(parse(value))).collect()
}
