//! Creating a table and reading it, over real HTTP: what a sign-in gets, what it costs, and that no
//! fault of the network or of DynamoDB ever reads as "no entitlement".
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests fail by panicking")]

#[path = "../common/mod.rs"]
mod common;

mod create;
mod faults;
mod previous;
mod sign_in;

use std::time::Duration;

use aws_sdk_dynamodb::Client;
use common::{TABLE, Worker, http_client, plain, source};
use signet_core::code::CodeWidth;
use signet_local::dynamodb::DynamoDb;
use signet_local::proxy::FaultyProxy;
use signet_store::Table;
use signet_store::statement::Statement;

/// A table behind a proxy that can be told to misbehave.
struct Scene {
    proxy: FaultyProxy,
    table: Table,
    client: Client,
    /// Writes the table past the proxy.
    writer: Worker,
    _dynamodb: DynamoDb,
}

impl Scene {
    /// An endpoint without a table.
    async fn empty() -> Self {
        let dynamodb = DynamoDb::start().await.unwrap();
        let proxy = FaultyProxy::start(dynamodb.endpoint()).await.unwrap();
        let client = http_client(proxy.endpoint());
        let table = Table::new(client.clone(), TABLE);
        Self { table, client, writer: Worker::new(dynamodb.database()), proxy, _dynamodb: dynamodb }
    }

    /// A table where the groups `group 0`, `group 1` … each have one role.
    async fn with_groups(count: usize) -> Self {
        let scene = Self::empty().await;
        scene.writer.table.create(CodeWidth::DEFAULT).await.unwrap();
        let mut statement = Statement::default();
        for n in 0..count {
            statement.grant(common::key(&format!("group {n}")), None, plain("r1"));
        }
        scene.writer.apply(&source("trials"), 1, &statement).await.unwrap();
        scene
    }

    fn with_deadline(&self, deadline: Duration) -> Table {
        self.table.clone().with_deadline(deadline)
    }
}
