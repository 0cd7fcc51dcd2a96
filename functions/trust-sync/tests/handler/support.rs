//! A table in memory, the services around the function, and invocations.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_sdk_dynamodb::Client;
use serde_json::{Value, json};
use signet_core::app::AppId;
use signet_core::code::CodeWidth;
use signet_core::grant::{Grant, Timestamp};
use signet_core::group::GroupKey;
use signet_core::producer::TopicArn;
use signet_core::role::{AccountId, RoleArn};
use signet_core::trust::plan::Quota;
use signet_local::connector::{Action, Call as Request, InProcess};
use signet_local::dynoxide::Database;
use signet_local::stream::Stream;
use signet_reconcile::settings::{Bounds, Settings};
use signet_reconcile::{Reconciler, account};
use signet_store::Table;
use signet_store::apply::{Provenance, Revision};
use signet_store::statement::Statement;
use signet_sync::alerts::AlertTopic;
use signet_sync::log::Log;
use signet_sync::serve::{Call, Edge, Handler};
use tokio::time::Instant;
use trust_sync::TrustSync;
use trust_sync::queue::AccountQueue;
use trust_sync::sync::Parts;
use trust_sync::worker::Patience;

use crate::aws::{Aws, Sent};
use crate::iam::Memory;
use crate::sns::Sns;

#[path = "../../../../crates/store/tests/common/apps.rs"]
mod apps;

pub const TABLE: &str = "entitlements";
pub const ALERTS: &str = "arn:aws:sns:eu-central-1:111122223333:alerts";
pub const QUEUE: &str = "https://sqs.eu-central-1.amazonaws.com/111122223333/accounts.fifo";
pub const APP: &str = "0oath92zlO60urQOP0g3";
pub const READER: &str = "arn:aws:iam::111122223333:role/data/trials-reader";
pub const CURATOR: &str = "arn:aws:iam::111122223333:role/data/trials-curator";
pub const NOTEBOOKS: &str = "arn:aws:iam::444455556666:role/data/trials-notebooks";
/// 2026-07-01T09:30:02.500Z.
pub const NOW_MS: i64 = 1_782_898_202_500;
pub const NOW_S: i64 = NOW_MS / 1_000;

pub struct World {
    pub aws: Aws,
    pub sns: Sns,
    pub iam: Memory,
    pub connector: InProcess,
    pub client: Client,
    pub table: Table,
    pub sync: TrustSync<Memory>,
    stream: Mutex<Stream>,
    log: Arc<Mutex<Vec<u8>>>,
    /// How long an invocation has.
    pub time: Duration,
}

/// What one invocation did.
#[derive(Debug)]
pub struct Done {
    /// The answer, or why the invocation failed.
    pub answer: Result<Value, String>,
    pub lines: Vec<Value>,
    /// The alerts that arrived.
    pub alerts: Vec<Value>,
    /// What was put onto the queue, by group.
    pub queued: Vec<Sent>,
}

impl Done {
    /// What comes again.
    pub fn failed(&self) -> Vec<&str> {
        let failures = self.answer.as_ref().unwrap()["batchItemFailures"].as_array().unwrap();
        failures.iter().map(|failure| failure["itemIdentifier"].as_str().unwrap()).collect()
    }

    /// The lines of a kind.
    pub fn of(&self, message: &str) -> Vec<&Value> {
        self.lines.iter().filter(|line| line["message"] == message).collect()
    }

    /// The only line of a kind.
    pub fn only(&self, message: &str) -> &Value {
        let lines = self.of(message);
        let [line] = lines.as_slice() else { panic!("one line `{message}` is expected: {:#?}", self.lines) };
        line
    }

    /// The bodies of what was queued, by group.
    pub fn bodies(&self) -> Vec<&str> {
        self.queued.iter().map(|sent| sent.body.as_str()).collect()
    }
}

impl World {
    pub async fn new() -> Self {
        Self::on(signet_local::dynamodb::memory().unwrap(), false).await
    }

    /// A world in which nothing is written.
    pub async fn dry() -> Self {
        Self::on(signet_local::dynamodb::memory().unwrap(), true).await
    }

    /// A world in which one of several accounts has no more time than this.
    pub async fn sharing(share: Duration) -> Self {
        Self::with(signet_local::dynamodb::memory().unwrap(), false, Patience { share, ..patience() }).await
    }

    pub async fn on(database: Database, dry_run: bool) -> Self {
        Self::with(database, dry_run, patience()).await
    }

    async fn with(database: Database, dry_run: bool, patience: Patience) -> Self {
        let connector = InProcess::new(database.clone());
        let client = dynamodb(connector.clone());
        let table = Table::new(client.clone(), TABLE);
        table.create(CodeWidth::DEFAULT).await.unwrap();
        let (aws, sns, iam) = (Aws::start().await, Sns::start().await, Memory::default());
        for role in [READER, CURATOR, NOTEBOOKS] {
            iam.create(role);
        }
        let log = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&log);
        let to_log = Log::to(move |bytes| {
            kept.lock().unwrap().extend_from_slice(bytes);
            Ok(())
        });
        let sync = TrustSync::new(Parts {
            reconciler: Reconciler {
                table: table.clone(),
                iam: iam.clone(),
                settings: settings(),
                edge: account::Edge { now: || Timestamp::from_seconds(NOW_S), token: trust_sync::random::token },
            },
            queue: AccountQueue::new(sqs(aws.endpoint()), QUEUE),
            alerts: AlertTopic::new(topic(sns.endpoint()), TopicArn::parse(ALERTS).unwrap()),
            sts: sts(aws.endpoint()),
            dry_run,
            patience,
            edge: Edge { now_ms: || NOW_MS, log: to_log },
        });
        let stream = Mutex::new(Stream::of(&database, TABLE).unwrap());
        let world = Self { aws, sns, iam, connector, client, table, sync, stream, log, time: Duration::from_secs(30) };
        world.state_app().await;
        world
    }

    async fn apply(&self, source: &str, revision: u64, statement: &Statement) {
        let provenance = Provenance { at: Timestamp::from_seconds(NOW_S - 60), event: format!("{source}-{revision}") };
        let source = apps::file(source);
        self.table.apply(&source, Revision::Exactly(revision), statement, &provenance).await.unwrap();
    }

    /// The app by which people sign in.
    async fn state_app(&self) {
        let statement = Statement { apps: vec![apps::app(APP, "okta-databricks")], ..Statement::default() };
        self.apply("apps", 1, &statement).await;
    }

    /// Grants each of these roles to a group, and nothing else to anybody.
    pub async fn grant(&self, revision: u64, roles: &[&str]) {
        let mut statement = Statement::default();
        for role in roles {
            let grant = Grant { role: RoleArn::parse(role).unwrap(), apps: None, expires_at: None };
            statement.grant(GroupKey::new("Trials Curators").unwrap(), None, grant);
        }
        self.apply("grants", revision, &statement).await;
    }

    /// What happened to the table since the last time, as Lambda hands it over, unfiltered.
    pub fn changes(&self) -> Value {
        self.next_changes().expect("something changed")
    }

    pub fn next_changes(&self) -> Option<Value> {
        self.stream.lock().unwrap().read().unwrap()
    }

    /// One invocation.
    pub async fn invoke(&self, invocation: Value) -> Done {
        self.invoke_as("req-1", invocation).await
    }

    pub async fn invoke_as(&self, request_id: &str, invocation: Value) -> Done {
        let payload = serde_json::from_value(invocation).unwrap();
        let call = Call {
            request_id: request_id.to_owned(),
            function: "arn:aws:lambda:eu-central-1:111122223333:function:trust-sync".to_owned(),
            until: Instant::now() + self.time,
        };
        let answer = self.sync.handle(&call, payload).await;
        let answer = match TrustSync::<Memory>::failure(&answer) {
            Some(why) => Err(why),
            None => Ok(serde_json::to_value(&answer).unwrap()),
        };
        let text = String::from_utf8(std::mem::take(&mut *self.log.lock().unwrap())).unwrap();
        assert!(!text.contains("Statement") && !text.contains("Principal"), "a policy is in the log: {text}");
        let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert!(lines.iter().all(|line| line["request.id"] == request_id), "{lines:#?}");
        Done { answer, lines, alerts: self.sns.take(), queued: self.aws.take() }
    }

    /// One invocation by the queue, with messages `m0`, `m1`, … each in its account's group.
    pub async fn deliver(&self, bodies: &[&str]) -> Done {
        let records = bodies.iter().enumerate();
        let records = records.map(|(n, body)| message(&format!("m{n}"), body, body.get(..12).unwrap_or(body)));
        self.invoke(json!({ "Records": records.collect::<Vec<_>>() })).await
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
        self.iam.be_well();
        self.aws.queue_is_down(false);
        self.aws.sts_is_down(false);
        self.aws.judge(|_| crate::aws::Fate::Taken);
    }

    /// How the last attempt at a role ended.
    pub async fn outcome(&self, role: &str) -> Option<String> {
        let role = RoleArn::parse(role).unwrap();
        let state = self.table.account(&role.account_id()).await.unwrap();
        state.roles.get(&role).and_then(|role| role.outcome.clone())
    }
}

/// As deployed, but for the pause of a sweep that finds its account busy.
fn patience() -> Patience {
    Patience { busy: Duration::from_millis(50), ..Patience::default() }
}

pub fn settings() -> Settings {
    let never = ["signet/signet-member".to_owned()].into();
    Settings {
        bounds: Bounds { paths: ["/data/".to_owned()].into(), tag: None, never },
        quota: Quota::DEFAULT,
        settle: Duration::from_mins(1),
        roles_at_once: 4,
        lease: Duration::from_mins(2),
        retry: (Duration::from_mins(1), Duration::from_hours(1)),
    }
}

pub fn app_id(text: &str) -> AppId {
    AppId::parse(text).unwrap()
}

pub fn account_id(number: &str) -> AccountId {
    AccountId::parse(number).unwrap()
}

/// A sample by its file's name.
pub fn sample(file: &str) -> Value {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../events/trust-sync");
    serde_json::from_slice(&std::fs::read(format!("{folder}/{file}.json")).unwrap()).unwrap()
}

pub fn message(id: &str, body: &str, group: &str) -> Value {
    json!({
        "messageId": id,
        "receiptHandle": "AQEB",
        "body": body,
        "attributes": { "ApproximateReceiveCount": "1", "SentTimestamp": "1782898200123", "MessageGroupId": group },
        "eventSource": "aws:sqs",
        "eventSourceARN": "arn:aws:sqs:eu-central-1:111122223333:accounts.fifo",
    })
}

/// The settings of a client of the stand-ins: few and quick repetitions.
macro_rules! client {
    ($sdk:ident, $endpoint:expr) => {{
        use $sdk::config::retry::RetryConfig;
        use $sdk::config::timeout::TimeoutConfig;
        use $sdk::config::{BehaviorVersion, Credentials, Region};
        let time_outs = TimeoutConfig::builder()
            .operation_attempt_timeout(Duration::from_millis(700))
            .operation_timeout(Duration::from_secs(3));
        let config = $sdk::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("eu-central-1"))
            .credentials_provider(Credentials::new("local", "local", None, None, "local"))
            .endpoint_url($endpoint)
            .timeout_config(time_outs.build())
            .retry_config(RetryConfig::standard().with_max_attempts(2).with_initial_backoff(Duration::from_millis(1)));
        $sdk::Client::from_conf(config.build())
    }};
}

fn sqs(endpoint: &str) -> aws_sdk_sqs::Client {
    client!(aws_sdk_sqs, endpoint)
}

fn sts(endpoint: &str) -> aws_sdk_sts::Client {
    client!(aws_sdk_sts, endpoint)
}

fn topic(endpoint: &str) -> aws_sdk_sns::Client {
    client!(aws_sdk_sns, endpoint)
}

fn dynamodb(connector: InProcess) -> Client {
    use aws_sdk_dynamodb::config::retry::RetryConfig;
    use aws_sdk_dynamodb::config::{BehaviorVersion, Credentials, Region};
    let config = aws_sdk_dynamodb::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("eu-central-1"))
        .credentials_provider(Credentials::new("local", "local", None, None, "local"))
        .http_client(connector)
        .retry_config(RetryConfig::disabled());
    Client::from_conf(config.build())
}
