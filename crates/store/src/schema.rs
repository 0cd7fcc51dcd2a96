//! The table's definition, its keys, and `META`.
//!
//! | Item | `pk` | `sk` |
//! |---|---|---|
//! | meta | `META` | `META` |
//! | app | `APP#<id>` | `APP` |
//! | provider's owner | `PROVIDER#<name>` | `OWNER` |
//! | SAML metadata | `PROVIDER#<name>` | `METADATA` |
//! | client's owner | `ISSUER#<hex SHA-256 of issuer and audience>` | `OWNER` |
//! | group | `GROUP#<hex SHA-256 of its key>` | `GROUP` |
//! | code | `CODE#<code>` | `OWNER` |
//! | role | `ROLE#<arn>` | `SOURCE#<source>` |
//! | account | `ACCOUNT#<id>` | `ACCOUNT` |
//! | role state | `ACCOUNT#<id>` | `ROLE#<arn>` |
//! | source | `SOURCE#<source>` | `SOURCE`, `PAGE#<n>` |
//! | left-out group | `SOURCE#<source>` | `LEFT#<hex SHA-256 of the group's key>` |
//! | collision to be told | `SOURCE#<source>` | `COLLISION#<id>` |
//! | producer | `PRODUCER#<topic arn>` | `PRODUCER` |
//! | history | `HISTORY#<source>`, by hand `HISTORY#CODE#<code>`, of providers `HISTORY#APP#<id>` | rising version |
//!
//! What the rows below `ACCOUNT#<id>` hold is said by [`crate::trust`], with the attribute `last` of both:
//! `wanted` where the row's last writer raised what is wanted, `worker` where it was a worker. The stream's
//! reader starts work for the former only.

use std::time::Duration;

use aws_sdk_dynamodb::operation::create_table::CreateTableError;
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, GlobalSecondaryIndex, KeySchemaElement, KeyType, Projection, ProjectionType,
    ScalarAttributeType, StreamSpecification, StreamViewType, TableStatus,
};
use sha2::{Digest, Sha256};
use signet_core::app::AppId;
use signet_core::code::{CodeWidth, GroupCode};
use signet_core::grant::{SourceId, Timestamp};
use signet_core::producer::TopicArn;
use signet_core::role::{AccountId, ProviderName, RoleArn};

use crate::Table;
use crate::batch::Key;
use crate::codec::{self, Attributes, hex, number, text};
use crate::error::{Corrupt, StoreError};

/// The layout that this version reads and writes.
pub const LAYOUT: u32 = 1;
/// The sparse index that lists apps, accounts, roles, sources, producers, and what operators and provider
/// events changed. Decisions never read it.
pub const INDEX: &str = "by-kind";

/// The attribute of `META` that says what becomes of a group whose code is taken.
pub(crate) const ON_COLLISION: &str = "on_collision";
pub(crate) const PK: &str = "pk";
pub(crate) const SK: &str = "sk";
pub(crate) const KIND: &str = "kind";
pub(crate) const APP: &str = "APP#";
pub(crate) const SOURCE: &str = "SOURCE#";
pub(crate) const PRODUCER: &str = "PRODUCER#";
pub(crate) const ACCOUNT: &str = "ACCOUNT#";
/// What begins the sort keys of an account's roles.
pub(crate) const ROLE: &str = "ROLE#";
/// The kinds of the rows of apps, of accounts, and of the state of roles, in the index.
pub(crate) const APP_KIND: &str = "app";
pub(crate) const ACCOUNT_KIND: &str = "account";
pub(crate) const ROLE_KIND: &str = "role";
/// The attribute of the rows of accounts and of their roles that counts what was wanted of them.
pub(crate) const WANTED: &str = "wanted";
/// The attribute of those rows that says since when something is wanted that is not applied.
pub(crate) const SINCE: &str = "since";
/// The attribute of those rows that says who wrote them last:
/// [`BY_WANTED`], whoever raised what is wanted, or [`BY_WORKER`].
pub(crate) const LAST: &str = "last";
pub(crate) const BY_WANTED: &str = "wanted";
pub(crate) const BY_WORKER: &str = "worker";
/// The kind of the history rows of provider events, in the index.
pub(crate) const PROVIDER_EVENT: &str = "provider";

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

/// A client of an issuer of tokens. Both are hashed: together they may be longer than is comfortable in a
/// key, and neither has a line break, which stands between.
pub(crate) fn client_key(issuer: &str, audience: &str) -> Key {
    Key::new(format!("ISSUER#{}", hex(&Sha256::digest(format!("{issuer}\n{audience}")))), "OWNER")
}

/// A SAML metadata document. It is not in the app's item, which every sign-in reads.
pub(crate) fn metadata_key(provider: &ProviderName) -> Key {
    Key::new(format!("PROVIDER#{}", provider.as_str()), "METADATA")
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

/// Where the rows of a role's grants are, one of each source.
pub(crate) fn role_pk(role: &RoleArn) -> String {
    format!("{ROLE}{role}")
}

pub(crate) fn role_key(role: &RoleArn, source: &SourceId) -> Key {
    Key::new(role_pk(role), format!("{SOURCE}{source}"))
}

pub(crate) fn role_state_key(role: &RoleArn) -> Key {
    Key::new(format!("{ACCOUNT}{}", role.account()), format!("{ROLE}{role}"))
}

/// An account's own row, beside those of its roles.
pub(crate) fn account_key(account: &AccountId) -> Key {
    Key::new(format!("{ACCOUNT}{account}"), "ACCOUNT")
}

/// The account that a row belongs to, by its partition key.
pub(crate) fn account_of(item: &codec::Item) -> Result<AccountId, Corrupt> {
    let place = codec::place(item);
    let read = Attributes::new(item, &place);
    read.valid(AccountId::parse(read.text(PK)?.strip_prefix(ACCOUNT).unwrap_or_default()))
}

/// The app that an item is of, by its partition key.
pub(crate) fn app_of(item: &codec::Item) -> Result<AppId, Corrupt> {
    let place = codec::place(item);
    let read = Attributes::new(item, &place);
    read.valid(AppId::parse(read.text(PK)?.strip_prefix(APP).unwrap_or_default()))
}

pub(crate) fn source_key(source: &SourceId) -> Key {
    Key::new(format!("{SOURCE}{source}"), "SOURCE")
}

pub(crate) fn page_key(source: &SourceId, page: usize) -> Key {
    Key::new(format!("{SOURCE}{source}"), format!("PAGE#{page}"))
}

/// What begins the sort keys of the groups that a source's statement was applied without.
pub(crate) const LEFT: &str = "LEFT#";
/// What begins the sort keys of the collisions of a source that people have to be told of.
pub(crate) const COLLISION: &str = "COLLISION#";

pub(crate) fn left_key(source: &SourceId, group: &str) -> Key {
    Key::new(format!("{SOURCE}{source}"), format!("{LEFT}{}", group_hash(group)))
}

pub(crate) fn collision_key(source: &SourceId, id: &str) -> Key {
    Key::new(format!("{SOURCE}{source}"), format!("{COLLISION}{id}"))
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

/// Where what a provider event changed of an app is kept.
pub(crate) fn app_history_key(app: &AppId, revision: u64) -> Key {
    Key::new(format!("HISTORY#APP#{app}"), format!("{revision:020}"))
}

/// The table's settings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Meta {
    /// The layout's version: [`LAYOUT`], since no other is read ([`StoreError::OtherLayout`]).
    pub layout: u32,
    /// How many characters a group code has.
    pub width: CodeWidth,
    /// What becomes of a group whose code is taken.
    pub on_collision: OnCollision,
}

/// What becomes of a group that finds its code taken by another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OnCollision {
    /// It gets the code of the next free salt.
    #[default]
    Displace,
    /// It is left out, until an operator registers it with a salt and the source is applied again.
    Refuse,
}

impl OnCollision {
    /// The word as `META` has it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Displace => "displace",
            Self::Refuse => "refuse",
        }
    }

    /// Reads the word; none if it is another one.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Displace, Self::Refuse].into_iter().find(|setting| setting.as_str() == word)
    }
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
            .item(ON_COLLISION, text(OnCollision::default().as_str()))
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

    /// Chooses what becomes of groups whose code is taken, from the next application on: those that
    /// have been left out or displaced stay so until their sources are applied again.
    ///
    /// # Errors
    /// [`StoreError`]; [`StoreError::NoMeta`] if the table was not set up.
    pub async fn set_on_collision(&self, setting: OnCollision) -> Result<(), StoreError> {
        let update = self
            .client
            .update_item()
            .table_name(&self.name)
            .set_key(Some(meta_key().attributes()))
            .update_expression("SET #setting = :setting")
            .condition_expression("#layout = :layout")
            .expression_attribute_names("#setting", ON_COLLISION)
            .expression_attribute_names("#layout", "layout")
            .expression_attribute_values(":setting", text(setting.as_str()))
            .expression_attribute_values(":layout", number(LAYOUT));
        match update.send().await {
            Ok(_) => Ok(()),
            Err(error)
                if error.as_service_error().is_some_and(UpdateItemError::is_conditional_check_failed_exception) =>
            {
                // Either there is none, or it is of a layout that this version does not write into.
                self.warm().await?;
                Err(StoreError::NoMeta { table: self.name.clone() })
            }
            Err(error) => Err(StoreError::of_call("UpdateItem", &self.name, &error)),
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
        codec::read_meta(item)
    }
}

fn key_schema(hash: &str, range: &str) -> Result<Vec<KeySchemaElement>, aws_sdk_dynamodb::error::BuildError> {
    [(hash, KeyType::Hash), (range, KeyType::Range)]
        .into_iter()
        .map(|(name, key_type)| KeySchemaElement::builder().attribute_name(name).key_type(key_type).build())
        .collect()
}
