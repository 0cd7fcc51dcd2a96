//! From a producer's topic to a person's sign-in: SNS, SQS, Lambda with the compiled
//! `entitlement-sync`, the table, the compiled sign-in function.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use serde_json::{Value, json};
use signet_local::proxy::FaultyProxy;

use crate::messaging::Messaging;
use crate::stack::{Stack, TABLE};

/// The topic of the data platform. It may state the datasets `clinical-*`, for the roles of account
/// 111122223333 below `data/`.
pub const DATASETS: &str = "clinical-platform";
/// The topic of the app registry. It may speak of the providers of all apps.
pub const PROVIDERS: &str = "app-registry";
/// A topic that the queue takes messages from, and that is no producer.
pub const UNREGISTERED: &str = "unregistered";
/// A topic that the queue takes no messages from.
pub const STRANGER: &str = "stranger";

/// By which `trust-sync` enters accounts.
pub const MEMBER_ROLE: &str = "signet/signet-member";
/// What that role's trust policy demands.
pub const EXTERNAL_ID: &str = "of-the-tests";
/// Where the roles are that `trust-sync` may write.
pub const ROLE_PATHS: &str = "/data/";

/// Everything between an owner of data and a person who signs in. Dropping it stops all of it.
#[derive(Debug)]
pub struct Flow {
    /// The topics and queues, with `entitlement-sync` behind them.
    pub messaging: Messaging,
    /// Between `entitlement-sync` and the table; sign-ins do not pass it.
    pub proxy: FaultyProxy,
    /// The table and the sign-in function.
    pub stack: Stack,
    published: AtomicU32,
}

impl Flow {
    /// Starts it, with `events/saml-hook/entitlements.yaml` in the table and two producers.
    pub async fn start() -> Self {
        Self::trying_again_after(Duration::from_secs(30)).await
    }

    /// The same, where the queue hands out again what has failed after so many whole seconds.
    pub async fn trying_again_after(visibility: Duration) -> Self {
        Self::with(visibility, None).await
    }

    /// The same with `trust-sync`, which finds IAM and STS at `iam`, and may write roles below `data/`.
    pub async fn with_trust_sync(iam: &str) -> Self {
        Self::with(Duration::from_secs(30), Some(iam)).await
    }

    async fn with(visibility: Duration, iam: Option<&str>) -> Self {
        let stack = Stack::start().await;
        let proxy = FaultyProxy::start(stack.table_endpoint()).await.unwrap();
        let environment = [("SIGNET_TABLE", TABLE), ("AWS_ENDPOINT_URL_DYNAMODB", proxy.endpoint())];
        let trust = iam.map(|iam| {
            [
                ("SIGNET_TABLE", TABLE),
                ("AWS_ENDPOINT_URL_DYNAMODB", stack.table_endpoint()),
                ("AWS_ENDPOINT_URL_IAM", iam),
                ("AWS_ENDPOINT_URL_STS", iam),
                ("SIGNET_MEMBER_ROLE", MEMBER_ROLE),
                ("SIGNET_EXTERNAL_ID", EXTERNAL_ID),
                ("SIGNET_ROLE_PATHS", ROLE_PATHS),
                // Of an account whose owner had it raised: a role for apps of all protocols needs it.
                ("SIGNET_POLICY_QUOTA", "4096"),
                // Here nothing throttles.
                ("SIGNET_IAM_WRITES_PER_SECOND", "50"),
                ("SIGNET_IAM_READS_PER_SECOND", "200"),
            ]
        });
        let messaging = Messaging::start(visibility, &environment, trust.as_ref().map(<[_; 10]>::as_slice));
        let data = ["--datasets", "clinical-*", "--roles", "arn:aws:iam::111122223333:role/data/*", "--groups", "*"];
        let producers: [(&str, &str, &[&str]); 2] = [
            (DATASETS, "signet.dataset.changed.v1", &data),
            (PROVIDERS, "signet.provider.changed.v1", &["--apps", "*"]),
        ];
        for (topic, events, limits) in producers {
            stack.signet(&[&["producer", "add", messaging.topic(topic), "--events", events], limits].concat(), &[]);
        }
        Self { messaging, proxy, stack, published: AtomicU32::new(0) }
    }

    /// Publishes an event by the compiled command.
    pub fn publish(&self, topic: &str, event: &Value) {
        let number = self.published.fetch_add(1, Ordering::Relaxed);
        let file = self.stack.file(&format!("event-{number}.json"), &event.to_string());
        let endpoint = [("AWS_ENDPOINT_URL_SNS", self.messaging.endpoint())];
        self.stack.signet(&["event", "publish", &file, "--topic", self.messaging.topic(topic)], &endpoint);
    }

    /// Publishes what a dataset grants from now on, and waits until that is handled.
    pub async fn state(&self, event: &Value) {
        self.publish(DATASETS, event);
        self.messaging.settled().await;
    }

    /// How the records of the function's log ended, in order, such as `applied`.
    pub fn outcomes(&self) -> Vec<String> {
        let lines = self.messaging.lines("event");
        lines.iter().map(|line| line["outcome"].as_str().unwrap().to_owned()).collect()
    }
}

/// A dataset that grants these roles to these groups.
pub fn dataset(id: &str, revision: u64, grants: &[(&str, &[&str])]) -> Value {
    let grants: Vec<Value> = grants.iter().map(|(role, groups)| json!({"role": role, "groups": groups})).collect();
    event(
        "signet.dataset.changed.v1",
        id,
        revision,
        &json!({"dataset": id, "revision": revision, "state": "active", "grants": grants}),
    )
}

/// A dataset that is gone.
pub fn deleted(id: &str, revision: u64) -> Value {
    event(
        "signet.dataset.changed.v1",
        id,
        revision,
        &json!({"dataset": id, "revision": revision, "state": "deleted", "grants": []}),
    )
}

/// An event of its own id.
fn event(kind: &str, subject: &str, revision: u64, data: &Value) -> Value {
    json!({
        "specversion": "1.0",
        "id": format!("{subject}-{revision}"),
        "source": "https://data.example.com/catalog",
        "type": kind,
        "subject": subject,
        "time": "2026-07-01T09:30:00Z",
        "datacontenttype": "application/json",
        "data": data,
    })
}

/// A sample of `events/entitlement-sync`.
pub fn sample(case: &str) -> Value {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../events/entitlement-sync");
    serde_json::from_slice(&std::fs::read(format!("{file}/{case}.json")).unwrap()).unwrap()
}
