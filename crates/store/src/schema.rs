//! The table's definition, its keys, and `META`.
//!
//! | Item | `pk` | `sk` |
//! |---|---|---|
//! | meta | `META` | `META` |
//! | app | `APP#<id>` | `APP` |
//! | provider's owner | `PROVIDER#<name>` | `OWNER` |
//! | group | `GROUP#<hex SHA-256 of its key>` | `GROUP` |
//! | code | `CODE#<code>` | `OWNER` |
//! | role | `ROLE#<arn>` | `SOURCE#<source>` |
//! | role state | `ACCOUNT#<id>` | `ROLE#<arn>` |
//! | source | `SOURCE#<source>` | `SOURCE`, `PAGE#<n>` |
//! | producer | `PRODUCER#<topic arn>` | `PRODUCER` |
//! | history | `HISTORY#<source>`, by hand `HISTORY#CODE#<code>` | rising version |

use std::time::Duration;

use aws_sdk_dynamodb::operation::create_table::CreateTableError;
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, GlobalSecondaryIndex, KeySchemaElement, KeyType, Projection, ProjectionType,
    ScalarAttributeType, StreamSpecification, StreamViewType, TableStatus,
};
use sha2::{Digest, Sha256};
use signet_core::code::{CodeWidth, GroupCode};
use signet_core::grant::{SourceId, Timestamp};
use signet_core::producer::TopicArn;
use signet_core::role::{ProviderName, RoleArn};

use crate::Table;
use crate::batch::Key;
use crate::codec::{self, hex, number, text};
use crate::error::StoreError;

/// The layout that this version reads and writes.
pub const LAYOUT: u32 = 1;
/// The sparse index that lists apps, roles, sources, producers and what operators changed by hand. Decisions never read it.
pub const INDEX: &str = "by-kind";

pub(crate) const PK: &str = "pk";
pub(crate) const SK: &str = "sk";
pub(crate) const KIND: &str = "kind";
pub(crate) const APP: &str = "APP#";
pub(crate) const SOURCE: &str = "SOURCE#";
pub(crate) const PRODUCER: &str = "PRODUCER#";

/// How long a new table may take until it is active.
const ACTIVE_WITHIN: Duration = Duration::from_mins(1);

pub(crate) fn meta_key() -> Key {
    Key::new("META", "META")
}

pub(crate) fn app_key(id: &str) -> Key {
    Key::new(format!("{APP}{id}"), "APP")
}

pub(crate) fn producer_key(topic: &TopicArn) -> Key {
    Key::new(format!("{PRODUCER}{topic}"), "PRODUCER")
}

pub(crate) fn provider_key(name: &ProviderName) -> Key {
    Key::new(format!("PROVIDER#{}", name.as_str()), "OWNER")
}

/// A group's item. Its key is hashed, since it may be longer than a sort key and hold any character.
pub(crate) fn group_key(key: &str) -> Key {
    group_key_of_hash(&group_hash(key))
}

pub(crate) fn group_hash(key: &str) -> String {
    hex(&Sha256::digest(key.as_bytes()))
}

pub(crate) fn group_key_of_hash(hash: &str) -> Key {
    Key::new(format!("GROUP#{hash}"), "GROUP")
}

pub(crate) fn code_key(code: &GroupCode) -> Key {
    Key::new(format!("CODE#{code}"), "OWNER")
}

pub(crate) fn role_key(role: &RoleArn, source: &SourceId) -> Key {
    Key::new(format!("ROLE#{role}"), format!("{SOURCE}{source}"))
}

pub(crate) fn role_state_key(role: &RoleArn) -> Key {
    Key::new(format!("ACCOUNT#{}", role.account()), format!("ROLE#{role}"))
}

pub(crate) fn source_key(source: &SourceId) -> Key {
    Key::new(format!("{SOURCE}{source}"), "SOURCE")
}

pub(crate) fn page_key(source: &SourceId, page: usize) -> Key {
    Key::new(format!("{SOURCE}{source}"), format!("PAGE#{page}"))
}

/// Where the history of a source is.
pub(crate) fn history_pk(source: &SourceId) -> String {
    format!("HISTORY#{source}")
}

pub(crate) fn history_key(source: &SourceId, claims: u64, chunk: usize) -> Key {
    Key::new(history_pk(source), format!("{claims:020}.{chunk:06}"))
}

/// Where an operator's change of a code is kept.
pub(crate) fn code_history_key(code: &GroupCode, at: Timestamp, event: &str) -> Key {
    Key::new(format!("HISTORY#CODE#{code}"), format!("{:020}.{event}", at.seconds()))
}

/// The table's settings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Meta {
    /// The layout's version.
    pub layout: u32,
    /// How many characters a group code has.
    pub width: CodeWidth,
}

/// What creating a table found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Created {
    /// The table, or its `META`, is new.
    New,
    /// The table was there with these settings: nothing was done.
    Existing,
}

impl Table {
    /// Creates the table with its index and stream, waits until it is active, and writes `META`:
    /// for local use and tests. Where the table is there, from the template, it writes `META` only.
    ///
    /// # Errors
    /// [`StoreError`]; [`StoreError::OtherWidth`] if the table is there with another code width,
    /// which can never change.
    pub async fn create(&self, width: CodeWidth) -> Result<Created, StoreError> {
        self.create_table().await?;
        self.wait_until_active().await?;
        let put = self
            .client
            .put_item()
            .table_name(&self.name)
            .item(PK, text("META"))
            .item(SK, text("META"))
            .item("layout", number(LAYOUT))
            .item("code_width", number(width.get()))
            .condition_expression("attribute_not_exists(pk)");
        match put.send().await {
            Ok(_) => Ok(Created::New),
            Err(error) if error.as_service_error().is_some_and(PutItemError::is_conditional_check_failed_exception) => {
                let found = self.warm().await?.width;
                if found == width {
                    Ok(Created::Existing)
                } else {
                    let table = self.name.clone();
                    Err(StoreError::OtherWidth { table, found: found.get(), wanted: width.get() })
                }
            }
            Err(error) => Err(StoreError::of_call("PutItem", &self.name, &error)),
        }
    }

    async fn create_table(&self) -> Result<(), StoreError> {
        let stream =
            StreamSpecification::builder().stream_enabled(true).stream_view_type(StreamViewType::NewAndOldImages);
        let index = GlobalSecondaryIndex::builder()
            .index_name(INDEX)
            .set_key_schema(Some(self.built(key_schema(KIND, PK))?))
            .projection(Projection::builder().projection_type(ProjectionType::All).build());
        let definitions: Result<Vec<_>, _> = [PK, SK, KIND]
            .into_iter()
            .map(|name| {
                AttributeDefinition::builder().attribute_name(name).attribute_type(ScalarAttributeType::S).build()
            })
            .collect();
        let created = self
            .client
            .create_table()
            .table_name(&self.name)
            .billing_mode(BillingMode::PayPerRequest)
            .set_attribute_definitions(Some(self.built(definitions)?))
            .set_key_schema(Some(self.built(key_schema(PK, SK))?))
            .global_secondary_indexes(self.built(index.build())?)
            .stream_specification(self.built(stream.build())?)
            .send()
            .await;
        match created {
            Ok(_) => Ok(()),
            Err(error) if error.as_service_error().is_some_and(CreateTableError::is_resource_in_use_exception) => {
                Ok(())
            }
            Err(error) => Err(StoreError::of_call("CreateTable", &self.name, &error)),
        }
    }

    async fn wait_until_active(&self) -> Result<(), StoreError> {
        let poll = async {
            loop {
                let answer = self.client.describe_table().table_name(&self.name).send().await;
                let answer = answer.map_err(|error| StoreError::of_call("DescribeTable", &self.name, &error))?;
                if answer.table.and_then(|table| table.table_status) == Some(TableStatus::Active) {
                    return Ok(());
                }
                tokio::time::sleep(Duration::from_millis(250)).await;
            }
        };
        tokio::time::timeout(ACTIVE_WITHIN, poll).await.unwrap_or_else(|_| {
            let cause = format!("the table is not active after {} s", ACTIVE_WITHIN.as_secs());
            Err(StoreError::TimedOut { operation: "CreateTable", table: self.name.clone(), cause })
        })
    }

    /// A part of a request that could not be built: our own mistake, and said as such.
    pub(crate) fn built<T, E: ToString>(&self, part: Result<T, E>) -> Result<T, StoreError> {
        part.map_err(|error| StoreError::Call {
            operation: "building a request",
            table: self.name.clone(),
            cause: error.to_string(),
        })
    }

    /// Reads `META` from what a batch answered.
    pub(crate) fn meta_of(&self, item: Option<&codec::Item>) -> Result<Meta, StoreError> {
        let item = item.ok_or_else(|| StoreError::NoMeta { table: self.name.clone() })?;
        Ok(codec::read_meta(item)?)
    }
}

fn key_schema(hash: &str, range: &str) -> Result<Vec<KeySchemaElement>, aws_sdk_dynamodb::error::BuildError> {
    [(hash, KeyType::Hash), (range, KeyType::Range)]
        .into_iter()
        .map(|(name, key_type)| KeySchemaElement::builder().attribute_name(name).key_type(key_type).build())
        .collect()
}
