//! Bringing entitlements into the tables.
//!
//! The app and the first thousand groups come in by the store's own `apply`. At that pace a hundred
//! thousand would take longer than the benchmark, so the others are items written by hand into the
//! embedded database; one that the store has written says whether they are of its layout. What a
//! sign-in never reads is left out for those: role rows, history, the source's pages.

use std::collections::{BTreeSet, HashMap};

use aws_sdk_dynamodb::config::{BehaviorVersion, Credentials, Region};
use signet_core::code::{CodeWidth, GroupCode, Salt, Sha256Hasher};
use signet_core::grant::{Grant, Timestamp};
use signet_local::connector::InProcess;
use signet_local::dynamodb::DynamoDb;
use signet_local::dynoxide::actions::get_item::GetItemRequest;
use signet_local::dynoxide::{AttributeValue, Database, ImportOptions, Item};
use signet_store::Table;
use signet_store::apply::{Provenance, Revision};

use crate::args::Plan;
use crate::entitlements::{self, group_key};
use crate::error::BenchError;

/// How many groups the store registers.
const APPLIED: usize = 1_000;
/// How many groups one call of the database takes.
const CHUNK: usize = 5_000;

/// The embedded DynamoDB with its tables. Dropping it stops it.
#[derive(Debug)]
pub(crate) struct Stage {
    /// The server.
    pub(crate) dynamodb: DynamoDb,
    /// The tables, the small one first.
    pub(crate) tables: Vec<Filled>,
}

/// A table that is filled.
#[derive(Debug)]
pub(crate) struct Filled {
    /// Its name.
    pub(crate) name: String,
    /// How many groups are registered in it.
    pub(crate) groups: usize,
    /// The code of each group, by the group's number.
    pub(crate) codes: Vec<GroupCode>,
}

/// Starts the embedded DynamoDB and fills its tables.
pub(crate) async fn stage(plan: &Plan) -> Result<Stage, BenchError> {
    let dynamodb = DynamoDb::start().await?;
    let mut tables = Vec::new();
    for (groups, name) in plan.tables.into_iter().zip(["small", "large"]) {
        eprintln!("==> Fill the table of {groups} groups");
        tables.push(fill(&dynamodb, name, groups).await?);
    }
    Ok(Stage { dynamodb, tables })
}

/// The SDK's client on an embedded database.
pub(crate) fn client(connector: InProcess) -> aws_sdk_dynamodb::Client {
    let config = aws_sdk_dynamodb::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("eu-central-1"))
        .credentials_provider(Credentials::new("local", "local", None, None, "bench"))
        .http_client(connector)
        .build();
    aws_sdk_dynamodb::Client::from_conf(config)
}

async fn fill(dynamodb: &DynamoDb, name: &str, groups: usize) -> Result<Filled, BenchError> {
    let database = dynamodb.database();
    let table = Table::new(client(InProcess::new(database.clone())), name);
    table.create(CodeWidth::DEFAULT).await?;
    let provenance = Provenance { at: Timestamp::from_seconds(0), event: "bench".to_owned() };
    let applied = APPLIED.min(groups);
    let statement = entitlements::statement(applied)?;
    table.apply(&entitlements::source()?, Revision::Exactly(1), &statement, &provenance).await?;

    let mut codes = Vec::with_capacity(groups);
    let mut taken = BTreeSet::new();
    for number in 0..applied {
        let (code, salt, stored) = stored(database, name, number)?;
        let by_hand = group_item(number, code, salt, &entitlements::grants(number)?)?;
        if stored != by_hand {
            return Err(BenchError::Data(format!("the store writes {stored:?}, this benchmark {by_hand:?}")));
        }
        codes.push(code);
        taken.insert(code);
    }
    let rest: Vec<usize> = (applied..groups).collect();
    for chunk in rest.chunks(CHUNK) {
        let mut items = Vec::with_capacity(2 * chunk.len());
        for number in chunk {
            let (code, salt) = free_code(&taken, *number)?;
            items.push(group_item(*number, code, salt, &entitlements::grants(*number)?)?);
            items.push(code_item(*number, code));
            codes.push(code);
            taken.insert(code);
        }
        database.import_items(name, items, ImportOptions::default())?;
        // Loading keeps this thread busy; a signal is to be noticed between two chunks.
        tokio::task::yield_now().await;
    }
    Ok(Filled { name: name.to_owned(), groups, codes })
}

/// A group's item as the table has it, with its code and salt.
fn stored(database: &Database, table: &str, number: usize) -> Result<(GroupCode, Salt, Item), BenchError> {
    let key = HashMap::from([("pk".to_owned(), text(group_pk(number))), ("sk".to_owned(), text("GROUP"))]);
    let request = GetItemRequest { table_name: table.to_owned(), key, ..GetItemRequest::default() };
    let unfit = || BenchError::Data(format!("the table has no fitting item of the group `{}`", group_key(number)));
    let item = database.get_item(request)?.item.ok_or_else(unfit)?;
    let (Some(AttributeValue::S(code)), Some(AttributeValue::N(salt))) = (item.get("code"), item.get("salt")) else {
        return Err(unfit());
    };
    Ok((GroupCode::parse(code)?, Salt::new(salt.parse().map_err(|_| unfit())?), item))
}

/// The first of a group's codes that nobody has: every twentieth group or so is displaced at a
/// hundred thousand.
fn free_code(taken: &BTreeSet<GroupCode>, number: usize) -> Result<(GroupCode, Salt), BenchError> {
    let key = group_key(number);
    std::iter::successors(Some(Salt::NONE), |salt| salt.next())
        .map(|salt| (GroupCode::propose(&Sha256Hasher, CodeWidth::DEFAULT, &key, salt), salt))
        .find(|(code, _)| !taken.contains(code))
        .ok_or_else(|| BenchError::Data(format!("no code is free for `{key}`")))
}

fn group_item(number: usize, code: GroupCode, salt: Salt, grants: &BTreeSet<Grant>) -> Result<Item, BenchError> {
    let source = entitlements::source()?;
    Ok(item([
        ("pk", text(group_pk(number))),
        ("sk", text("GROUP")),
        ("key", text(group_key(number))),
        ("code", text(code.as_str())),
        ("salt", AttributeValue::N(salt.get().to_string())),
        ("state", text("registered")),
        ("sources", AttributeValue::SS(vec![source.to_string()])),
        (&format!("s:{source}"), AttributeValue::L(grants.iter().map(entry).collect())),
    ]))
}

fn entry(grant: &Grant) -> AttributeValue {
    let mut entry = item([("role", text(grant.role.as_str()))]);
    if let Some(apps) = &grant.apps {
        entry.insert("apps".to_owned(), AttributeValue::L(apps.iter().map(|app| text(app.as_str())).collect()));
    }
    if let Some(end) = grant.expires_at {
        entry.insert("expires_at".to_owned(), AttributeValue::N(end.seconds().to_string()));
    }
    AttributeValue::M(entry)
}

fn code_item(number: usize, code: GroupCode) -> Item {
    item([
        ("pk", text(format!("CODE#{code}"))),
        ("sk", text("OWNER")),
        ("key", text(group_key(number))),
        ("state", text("registered")),
    ])
}

fn group_pk(number: usize) -> String {
    // The digest that authenticates a header is SHA-256 in hex, too.
    format!("GROUP#{}", signet_okta::auth::digest_hex(&group_key(number)))
}

fn item<const N: usize>(attributes: [(&str, AttributeValue); N]) -> Item {
    attributes.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

fn text(value: impl Into<String>) -> AttributeValue {
    AttributeValue::S(value.into())
}
