//! A table in memory, an alert topic, and deliveries.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::retry::RetryConfig;
use aws_sdk_dynamodb::config::timeout::TimeoutConfig;
use aws_sdk_dynamodb::config::{BehaviorVersion, Credentials, Region};
use aws_sdk_dynamodb::types::AttributeValue;
use entitlement_sync::EntitlementSync;
use serde_json::{Value, json};
use signet_core::code::{CodeHasher, CodeWidth, Sha256Hasher};
use signet_core::grant::SourceId;
use signet_core::producer::{EventType, Pattern, Producer, RolePattern, TopicArn};
use signet_local::connector::{Action, Call as Request, InProcess};
use signet_local::dynoxide::Database;
use signet_store::Table;
use signet_store::statement::Statement;
use signet_sync::alerts::AlertTopic;
use signet_sync::log::Log;
use signet_sync::serve::{Call, Edge, Handler};
use tokio::time::Instant;

use crate::sns::Sns;

pub const TABLE: &str = "entitlements";
pub const ALERTS: &str = "arn:aws:sns:eu-central-1:111122223333:alerts";
pub const DATASETS: &str = "arn:aws:sns:eu-central-1:111122223333:clinical-platform";
pub const APPS: &str = "arn:aws:sns:eu-central-1:111122223333:app-registry";
pub const READER: &str = "arn:aws:iam::111122223333:role/data/trials-reader";
pub const NOTEBOOKS: &str = "arn:aws:iam::444455556666:role/analytics/trials-notebooks";
/// 2026-07-01T09:30:02.500Z: two and a half seconds after the events of [`dataset`].
pub const NOW_MS: i64 = 1_782_898_202_500;

pub struct World {
    pub sns: Sns,
    pub connector: InProcess,
    pub client: Client,
    pub table: Table,
    pub sync: EntitlementSync,
    log: Arc<Mutex<Vec<u8>>>,
    /// How long an invocation has.
    pub time: Duration,
}

/// What one invocation did.
#[derive(Debug)]
pub struct Done {
    /// The messages that come again.
    pub failed: Vec<String>,
    /// The lines of records, in the order in which they ended.
    pub lines: Vec<Value>,
    /// All other lines.
    pub others: Vec<Value>,
    /// The alerts that arrived.
    pub alerts: Vec<Value>,
}

impl Done {
    /// The outcome of the only record.
    pub fn outcome(&self) -> &str {
        let [line] = self.lines.as_slice() else { panic!("one record is expected: {:?}", self.lines) };
        line["outcome"].as_str().unwrap()
    }

    pub fn reason(&self) -> &str {
        self.lines[0]["reason"].as_str().unwrap_or_default()
    }

    /// The only record was refused, and one alert tells of it.
    pub fn refused(&self, reason: &str) -> &Value {
        assert_eq!((self.outcome(), self.reason()), ("refused", reason), "{self:#?}");
        assert!(self.failed.is_empty(), "{:?}", self.failed);
        let [alert] = self.alerts.as_slice() else { panic!("one alert is expected: {:?}", self.alerts) };
        assert_eq!(alert["data"]["detail"]["reason"], reason);
        &alert["data"]
    }
}

impl World {
    pub async fn new() -> Self {
        Self::with(|table| table).await
    }

    /// A world whose table is changed in some way before it is used.
    pub async fn with(change: impl FnOnce(Table) -> Table) -> Self {
        Self::on(signet_local::dynamodb::memory().unwrap(), change).await
    }

    /// A world on an empty database.
    pub async fn on(database: Database, change: impl FnOnce(Table) -> Table) -> Self {
        let connector = InProcess::new(database);
        let config = aws_sdk_dynamodb::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("eu-central-1"))
            .credentials_provider(Credentials::new("local", "local", None, None, "local"))
            .http_client(connector.clone())
            .retry_config(RetryConfig::disabled())
            .build();
        let client = Client::from_conf(config);
        let table = change(Table::new(client.clone(), TABLE));
        table.create(CodeWidth::DEFAULT).await.unwrap();
        for producer in producers() {
            table.put_producer(&producer).await.unwrap();
        }
        let sns = Sns::start().await;
        let log = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&log);
        let to_log = Log::to(move |bytes| {
            kept.lock().unwrap().extend_from_slice(bytes);
            Ok(())
        });
        let alerts = AlertTopic::new(sns_client(sns.endpoint()), TopicArn::parse(ALERTS).unwrap());
        let sync = EntitlementSync::new(table.clone(), alerts, Edge { now_ms: || NOW_MS, log: to_log });
        Self { sns, connector, client, table, sync, log, time: Duration::from_secs(30) }
    }

    /// One invocation.
    pub async fn invoke(&self, invocation: Value) -> Done {
        let batch = serde_json::from_value(invocation).unwrap();
        let call = Call {
            request_id: "req-1".to_owned(),
            function: "arn:aws:lambda:eu-central-1:111122223333:function:entitlement-sync".to_owned(),
            until: Instant::now() + self.time,
        };
        let response = self.sync.handle(&call, batch).await;
        let text = String::from_utf8(std::mem::take(&mut *self.log.lock().unwrap())).unwrap();
        let all = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        let (lines, others) = all.partition(|line| line["message"] == "event");
        Done { failed: response.failed().map(str::to_owned).collect(), lines, others, alerts: self.sns.take() }
    }

    /// One invocation with records `m0`, `m1`, … of these bodies.
    pub async fn deliver(&self, bodies: &[String]) -> Done {
        let records = bodies.iter().enumerate().map(|(n, body)| record(&format!("m{n}"), body));
        self.invoke(json!({ "Records": records.collect::<Vec<_>>() })).await
    }

    /// One event through the topic of datasets.
    pub async fn publish(&self, event: &Value) -> Done {
        self.deliver(&[envelope(DATASETS, event)]).await
    }

    /// One event through the topic of apps.
    pub async fn publish_app(&self, event: &Value) -> Done {
        self.deliver(&[envelope(APPS, event)]).await
    }

    /// All items of the table.
    pub async fn content(&self) -> Vec<String> {
        self.connector.set_fault(|_: &Request<'_>| Action::Pass);
        let mut items = Vec::new();
        let mut start = None;
        loop {
            let page = self.client.scan().table_name(TABLE).set_exclusive_start_key(start).send().await.unwrap();
            items.extend(page.items().iter().map(|item| shown(&AttributeValue::M(item.clone()))));
            start = page.last_evaluated_key().cloned();
            if start.is_none() {
                items.sort();
                return items;
            }
        }
    }

    /// What a dataset states, by the items; nothing if it is unknown.
    pub async fn stated(&self, dataset: &str) -> Statement {
        self.table.export(&SourceId::dataset(dataset).unwrap()).await.unwrap().unwrap_or_default()
    }

    /// How many grants a dataset gives.
    pub async fn grants(&self, dataset: &str) -> usize {
        self.stated(dataset).await.grants()
    }

    /// Fails every request to the table that `which` says yes to.
    pub fn fail(&self, action: Action, which: impl Fn(&Request<'_>) -> bool + Send + Sync + 'static) {
        self.connector.set_fault(
            move |request: &Request<'_>| {
                if which(request) { action.clone() } else { Action::Pass }
            },
        );
    }

    pub fn heal(&self) {
        self.connector.set_fault(|_: &Request<'_>| Action::Pass);
        self.sns.be_well();
    }

    /// Leaves out groups whose code is taken.
    pub async fn refuse_collisions(&self) {
        let update = self.client.update_item().table_name(TABLE);
        let update = update.key("pk", text("META")).key("sk", text("META"));
        let update = update.update_expression("SET on_collision = :refuse");
        update.expression_attribute_values(":refuse", text("refuse")).send().await.unwrap();
    }
}

/// A value with its members in their order.
fn shown(value: &AttributeValue) -> String {
    match value {
        AttributeValue::M(members) => {
            let sorted: std::collections::BTreeMap<_, _> = members.iter().map(|(k, v)| (k, shown(v))).collect();
            format!("{sorted:?}")
        }
        AttributeValue::L(items) => format!("{:?}", items.iter().map(shown).collect::<Vec<_>>()),
        other => format!("{other:?}"),
    }
}

pub fn text(value: &str) -> AttributeValue {
    AttributeValue::S(value.to_owned())
}

fn sns_client(endpoint: &str) -> aws_sdk_sns::Client {
    use aws_sdk_sns::config::retry::RetryConfig;
    use aws_sdk_sns::config::{BehaviorVersion, Credentials, Region};
    let time_outs = TimeoutConfig::builder()
        .operation_attempt_timeout(Duration::from_millis(700))
        .operation_timeout(Duration::from_secs(3));
    let config = aws_sdk_sns::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("eu-central-1"))
        .credentials_provider(Credentials::new("local", "local", None, None, "local"))
        .endpoint_url(endpoint)
        .timeout_config(time_outs.build())
        .retry_config(RetryConfig::standard().with_max_attempts(2).with_initial_backoff(Duration::from_millis(1)));
    aws_sdk_sns::Client::from_conf(config.build())
}

fn producers() -> [Producer; 2] {
    let patterns = |texts: &[&str]| texts.iter().map(|text| Pattern::parse(text).unwrap()).collect();
    let roles = ["arn:aws:iam::111122223333:role/data/*", "arn:aws:iam::444455556666:role/analytics/*"];
    [
        Producer {
            events: [EventType::DatasetChanged].into(),
            datasets: patterns(&["clinical-*"]),
            roles: roles.iter().map(|text| RolePattern::parse(text).unwrap()).collect(),
            groups: patterns(&["Trials *", "Clinical *", "00g*"]),
            ..Producer::silent(TopicArn::parse(DATASETS).unwrap())
        },
        Producer {
            events: [EventType::ProviderChanged].into(),
            apps: patterns(&["0oa*"]),
            ..Producer::silent(TopicArn::parse(APPS).unwrap())
        },
    ]
}

/// A folder's sample by its file's name.
pub fn sample(file: &str) -> Value {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../events/entitlement-sync");
    serde_json::from_slice(&std::fs::read(format!("{folder}/{file}.json")).unwrap()).unwrap()
}

/// An event of a dataset with these grants.
pub fn dataset(id: &str, revision: u64, grants: &Value) -> Value {
    json!({
        "specversion": "1.0",
        "id": format!("{id}-{revision}"),
        "source": "https://data.example.com/catalog",
        "type": "signet.dataset.changed.v1",
        "subject": id,
        "time": "2026-07-01T09:30:00Z",
        "data": { "dataset": id, "revision": revision, "state": "active", "grants": grants },
    })
}

/// Grants of one role to groups.
pub fn reader(groups: &[&str]) -> Value {
    json!([{ "role": READER, "groups": groups }])
}

/// What SNS makes of an event.
pub fn envelope(topic: &str, event: &Value) -> String {
    envelope_of(topic, &event.to_string())
}

pub fn envelope_of(topic: &str, message: &str) -> String {
    let digest = Sha256Hasher.digest(message.as_bytes());
    json!({
        "Type": "Notification",
        "MessageId": format!("sns-{:02x}{:02x}{:02x}{:02x}", digest[0], digest[1], digest[2], digest[3]),
        "TopicArn": topic,
        "Message": message,
        "Timestamp": "2026-07-01T09:30:00.123Z",
        "SignatureVersion": "1",
        "Signature": "c2FtcGxl",
    })
    .to_string()
}

pub fn record(id: &str, body: &str) -> Value {
    received(id, body, 1)
}

/// A record at one of its deliveries.
pub fn received(id: &str, body: &str, count: u64) -> Value {
    json!({
        "messageId": id,
        "receiptHandle": "AQEB",
        "body": body,
        "attributes": { "ApproximateReceiveCount": count.to_string(), "SentTimestamp": "1782898200123" },
        "eventSource": "aws:sqs",
        "eventSourceARN": "arn:aws:sqs:eu-central-1:111122223333:signet-entitlement-sync",
    })
}

/// Panics for one group, and proposes codes as ever for all others.
#[derive(Clone, Copy)]
pub struct Panics(pub &'static str);

impl CodeHasher for Panics {
    fn digest(&self, input: &[u8]) -> [u8; 32] {
        assert!(input != self.0.as_bytes(), "a test of panics");
        Sha256Hasher.digest(input)
    }
}

/// Proposes few codes, so that most newcomers collide.
#[derive(Clone, Copy)]
pub struct FewCodes(pub u8);

impl CodeHasher for FewCodes {
    fn digest(&self, input: &[u8]) -> [u8; 32] {
        let mut digest = [0; 32];
        digest[0] = Sha256Hasher.digest(input)[0] % self.0;
        digest
    }
}
