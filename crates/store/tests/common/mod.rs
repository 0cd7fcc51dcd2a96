//! What the tests of this crate share: tables on the embedded DynamoDB, statements in few words,
//! and the whole content of a table.
#![allow(
    dead_code,
    unreachable_pub,
    clippy::unwrap_used,
    clippy::unwrap_in_result,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "each test binary uses its own part, and may fail by a panic"
)]

pub mod apps;
pub mod content;
pub mod model;
pub mod scheduler;

use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::retry::RetryConfig;
use aws_sdk_dynamodb::config::timeout::TimeoutConfig;
use aws_sdk_dynamodb::config::{AsyncSleep, BehaviorVersion, Builder, Credentials, Region, SharedAsyncSleep, Sleep};
use aws_sdk_dynamodb::types::AttributeValue;
use signet_core::app::AppId;
use signet_core::code::{CodeHasher, CodeWidth};
use signet_core::grant::{Grant, SourceId, Timestamp};
use signet_core::group::GroupKey;
use signet_core::role::RoleArn;
use signet_local::connector::{Action, Call, InProcess};
use signet_local::dynoxide::Database;
use signet_store::Table;
use signet_store::apply::{Applied, ApplyError, Done, Plan, Provenance, Revision};
use signet_store::statement::Statement;

pub const TABLE: &str = "entitlements";

fn config() -> Builder {
    aws_sdk_dynamodb::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("eu-central-1"))
        .credentials_provider(Credentials::new("local", "local", None, None, "local"))
}

/// A client with the time-outs and the retries of a deployed function.
pub fn http_client(endpoint: &str) -> Client {
    let timeouts = TimeoutConfig::builder()
        .operation_attempt_timeout(Duration::from_millis(700))
        .operation_timeout(Duration::from_secs(2));
    let retries = RetryConfig::standard()
        .with_max_attempts(10)
        .with_initial_backoff(Duration::from_millis(25))
        .with_max_backoff(Duration::from_millis(400));
    let config = config()
        .endpoint_url(endpoint)
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .timeout_config(timeouts.build())
        .retry_config(retries);
    Client::from_conf(config.build())
}

/// Pauses of no length: a schedule of the tests says who goes on when.
#[derive(Debug)]
struct NoSleep;

impl AsyncSleep for NoSleep {
    fn sleep(&self, _: Duration) -> Sleep {
        Sleep::new(std::future::ready(()))
    }
}

/// One process that writes the table: its own client, without retries, so that a fault is a crash.
#[derive(Clone)]
pub struct Worker {
    pub table: Table,
    pub client: Client,
    pub connector: InProcess,
}

impl Worker {
    pub fn new(database: &Database) -> Self {
        let connector = InProcess::new(database.clone());
        let config = config().http_client(connector.clone()).retry_config(RetryConfig::disabled());
        let client = Client::from_conf(config.build());
        Self { table: Table::new(client.clone(), TABLE), client, connector }
    }

    /// A worker whose client asks again where no answer comes, as a deployed one does.
    pub fn patient(database: &Database) -> Self {
        let connector = InProcess::new(database.clone());
        let retries = RetryConfig::standard().with_max_attempts(10).with_initial_backoff(Duration::from_nanos(1));
        let config = config().http_client(connector.clone()).retry_config(retries);
        let client = Client::from_conf(config.sleep_impl(SharedAsyncSleep::new(NoSleep)).build());
        Self { table: Table::new(client.clone(), TABLE), client, connector }
    }

    /// A worker on a new table with codes of four characters.
    pub async fn with_table() -> Self {
        let worker = Self::new(&signet_local::dynamodb::memory().unwrap());
        worker.table.create(CodeWidth::DEFAULT).await.unwrap();
        worker
    }

    /// Another process that writes the same table, with the same settings.
    pub fn sibling(&self) -> Self {
        Self::new(self.connector.database())
    }

    pub fn map(self, change: impl FnOnce(Table) -> Table) -> Self {
        Self { table: change(self.table), ..self }
    }

    /// Fails one request, by its place among those that come from now on.
    pub fn fail(&self, place: usize, action: Action) {
        let place = place + self.connector.total_calls();
        self.connector.set_fault(
            move |call: &Call<'_>| {
                if call.index == place { action.clone() } else { Action::Pass }
            },
        );
    }

    pub fn heal(&self) {
        self.connector.set_fault(|_: &Call<'_>| Action::Pass);
    }

    pub async fn apply(&self, source: &SourceId, revision: u64, statement: &Statement) -> Result<Applied, ApplyError> {
        Ok(self.apply_whole(source, revision, statement).await?.applied)
    }

    /// The same with the collisions that nobody was told of.
    pub async fn apply_whole(
        &self,
        source: &SourceId,
        revision: u64,
        statement: &Statement,
    ) -> Result<Done, ApplyError> {
        self.table.apply(source, Revision::Exactly(revision), statement, &provenance(revision)).await
    }

    /// Applies what must change something; gives what changed.
    pub async fn change(&self, source: &SourceId, revision: u64, statement: &Statement) -> Plan {
        match self.apply(source, revision, statement).await.unwrap() {
            Applied::Changed(plan) => plan,
            other => panic!("revision {revision} of `{source}` changed nothing: {other:?}"),
        }
    }

    pub async fn content(&self) -> content::Content {
        content::Content::read(&self.client).await
    }

    /// Writes an item past the crate: what another version, or a person, might have left.
    pub async fn put(&self, pk: &str, sk: &str, attributes: &[(&str, AttributeValue)]) {
        put(&self.client, pk, sk, attributes).await;
    }
}

pub async fn put(client: &Client, pk: &str, sk: &str, attributes: &[(&str, AttributeValue)]) {
    let mut put = client.put_item().table_name(TABLE).item("pk", text(pk)).item("sk", text(sk));
    for (name, value) in attributes {
        put = put.item(*name, value.clone());
    }
    put.send().await.unwrap();
}

pub fn text(value: impl Into<String>) -> AttributeValue {
    AttributeValue::S(value.into())
}

pub fn number(value: u64) -> AttributeValue {
    AttributeValue::N(value.to_string())
}

/// The request of a transaction that met another one.
pub fn conflict() -> Action {
    cancelled("TransactionConflict")
}

/// A cancelled transaction whose second action has this reason.
pub fn cancelled(reason: &str) -> Action {
    let body = format!(
        r#"{{"__type":"com.amazonaws.dynamodb.v20120810#TransactionCanceledException","Message":"Transaction cancelled","CancellationReasons":[{{"Code":"None"}},{{"Code":"{reason}"}}]}}"#
    );
    Action::Respond { status: 400, body: body.into_bytes() }
}

pub fn provenance(revision: u64) -> Provenance {
    Provenance { at: Timestamp::from_seconds(1_000 + revision.cast_signed()), event: format!("event-{revision}") }
}

pub fn source(id: &str) -> SourceId {
    SourceId::dataset(id).unwrap()
}

pub fn key(text: &str) -> GroupKey {
    GroupKey::new(text).unwrap()
}

pub fn app_id(text: &str) -> AppId {
    AppId::parse(text).unwrap()
}

/// A role by its name, in one of two accounts by the name's last character.
pub fn role(name: &str) -> RoleArn {
    let account = if name.ends_with(['1', '3', '5', '7', '9']) { "111122223333" } else { "444455556666" };
    RoleArn::parse(&format!("arn:aws:iam::{account}:role/data/{name}")).unwrap()
}

/// A grant of a role, for all apps and without an end.
pub fn plain(name: &str) -> Grant {
    Grant { role: role(name), apps: None, expires_at: None }
}

/// A grant for some apps.
pub fn limited(name: &str, apps: &[&str], expires_at: Option<i64>) -> Grant {
    let apps = Some(apps.iter().map(|id| app_id(id)).collect());
    Grant { role: role(name), apps, expires_at: expires_at.map(Timestamp::from_seconds) }
}

/// Groups, each with plain grants of roles.
pub fn stated(groups: &[(&str, &[&str])]) -> Statement {
    let mut statement = Statement::default();
    for (group, roles) in groups {
        for role in *roles {
            statement.grant(key(group), None, plain(role));
        }
    }
    statement
}

/// What an event states of a dataset that is deleted.
pub fn gone() -> Statement {
    Statement { deleted: true, ..Statement::default() }
}

/// Every one of some roles to every one of some groups.
pub fn all_to_all(roles: usize, groups: usize) -> Statement {
    let mut statement = Statement::default();
    for group in 0..groups {
        for role in 0..roles {
            statement.grant(key(&format!("group {group}")), None, plain(&format!("r{role}")));
        }
    }
    statement
}

/// Proposes few codes, so that most newcomers collide.
#[derive(Clone, Copy)]
pub struct FewCodes(pub u8);

impl CodeHasher for FewCodes {
    fn digest(&self, input: &[u8]) -> [u8; 32] {
        let mut digest = [0; 32];
        digest[0] = signet_core::code::Sha256Hasher.digest(input)[0] % self.0;
        digest
    }
}
