//! SNS, SQS and Lambda on this machine: `scripts/local_aws.py`, which runs them and the compiled
//! functions between them.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use aws_credential_types::Credentials;
use aws_sdk_sqs::config::{BehaviorVersion, Region};
use aws_sdk_sqs::types::QueueAttributeName::{
    ApproximateNumberOfMessages as Waiting, ApproximateNumberOfMessagesDelayed as Delayed,
    ApproximateNumberOfMessagesNotVisible as InWork,
};
use serde_json::{Value, json};

use crate::programs;

/// How long anything may take that should happen: five tries, each with its visibility time-out.
const PATIENCE: Duration = Duration::from_secs(40);
/// Between two looks.
const PAUSE: Duration = Duration::from_millis(20);
/// The function that brings roles to what the table wants.
const TRUST: &str = "trust-sync";

/// The running parts. Dropping it ends them.
#[derive(Debug)]
pub struct Messaging {
    parts: Value,
    sqs: aws_sdk_sqs::Client,
    control: Option<Mutex<Control>>,
    log: Arc<Mutex<Vec<String>>>,
    child: Child,
}

#[derive(Debug)]
struct Control {
    words: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Messaging {
    /// Starts it all, with `environment` for `entitlement-sync`, and with `trust-sync` if there is an
    /// environment for it. The queue of events hands out again what has failed after `visibility`, in
    /// whole seconds: less than an invocation takes, and it is handled twice.
    pub fn start(visibility: Duration, environment: &[(&str, &str)], trust: Option<&[(&str, &str)]>) -> Self {
        let function = |binary: PathBuf, environment: &[(&str, &str)]| {
            let environment: BTreeMap<&str, &str> = environment.iter().copied().collect();
            json!({ "binary": binary, "environment": environment })
        };
        let mut functions = json!({ "entitlement-sync": function(programs::entitlement_sync(), environment) });
        if let Some(environment) = trust {
            functions[TRUST] = function(programs::trust_sync(), environment);
        }
        let mut child = Command::new(python())
            .args(["-B", "-u"])
            .arg(repository().join("scripts/local_aws.py"))
            .arg(json!({ "visibility": visibility.as_secs(), "functions": functions }).to_string())
            .env_clear()
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let log = Arc::<Mutex<Vec<String>>>::default();
        let (kept, stderr) = (Arc::clone(&log), BufReader::new(child.stderr.take().unwrap()));
        std::thread::spawn(move || {
            for line in stderr.lines().map_while(Result::ok) {
                kept.lock().unwrap().push(line);
            }
        });
        let words = child.stdin.take().unwrap();
        let mut control = Control { words, answers: BufReader::new(child.stdout.take().unwrap()) };
        let parts = control.answer(&log);
        let sqs = aws_sdk_sqs::Client::from_conf(
            aws_sdk_sqs::Config::builder()
                .behavior_version(BehaviorVersion::latest())
                .endpoint_url(parts["endpoint"].as_str().unwrap())
                .region(Region::from_static("eu-central-1"))
                .credentials_provider(Credentials::from_keys("local", "local", None))
                .build(),
        );
        Self { parts, sqs, control: Some(Mutex::new(control)), log, child }
    }

    /// Where SNS and SQS are: `http://127.0.0.1:PORT`.
    pub fn endpoint(&self) -> &str {
        self.parts["endpoint"].as_str().unwrap()
    }

    /// The ARN of a topic, all of which are subscribed by the queue.
    pub fn topic(&self, name: &str) -> &str {
        self.parts["topics"][name].as_str().unwrap_or_else(|| panic!("no topic `{name}`: {}", self.parts))
    }

    /// Has the function take nothing from the queue for now.
    pub fn pause(&self) {
        self.order("pause");
    }

    /// Has it go on.
    pub fn resume(&self) {
        self.order("resume");
    }

    /// Invokes `trust-sync`, as Lambda does for the table's stream and the schedule. It must not fail.
    /// Gives what it answers.
    pub fn invoke_trust_sync(&self, payload: &Value) -> Value {
        let told = self.order(&format!("invoke {TRUST} {payload}"));
        assert!(told["error"].is_null(), "{told}; the log ends:\n{}", tail(&self.log));
        told["answer"].clone()
    }

    fn order(&self, order: &str) -> Value {
        let mut control = self.control.as_ref().unwrap().lock().unwrap();
        writeln!(control.words, "{order}").unwrap();
        control.answer(&self.log)
    }

    /// Puts a message into the queue, past every topic.
    pub async fn send_to_queue(&self, body: &str) {
        self.sqs.send_message().queue_url(self.url("queue")).message_body(body).send().await.unwrap();
    }

    /// How many messages the queue has, those included that the function has in work.
    pub async fn queued(&self) -> u32 {
        self.length("queue").await
    }

    /// How many messages were given up.
    pub async fn dead_letters(&self) -> u32 {
        self.length("dead_letters").await
    }

    /// How many accounts wait for `trust-sync`, those included that it has in work.
    pub async fn queued_accounts(&self) -> u32 {
        self.length("accounts").await
    }

    /// How many accounts `trust-sync` gave up.
    pub async fn accounts_given_up(&self) -> u32 {
        self.length("accounts_dead_letters").await
    }

    async fn length(&self, queue: &str) -> u32 {
        // Nothing is delayed here, but for a moment ministack counts so what it hands out.
        let states = [Waiting, InWork, Delayed];
        let call = self.sqs.get_queue_attributes().queue_url(self.url(queue));
        let answer = call.set_attribute_names(Some(states.to_vec())).send().await.unwrap();
        let attributes = answer.attributes.unwrap();
        states.iter().map(|name| attributes[name].parse::<u32>().unwrap()).sum()
    }

    /// Waits until every message that was published is handled, or given up.
    pub async fn settled(&self) {
        self.until("the queue is empty", async || self.queued().await == 0).await;
    }

    /// Waits until something holds.
    pub async fn until(&self, what: &str, holds: impl AsyncFn() -> bool) {
        let end = Instant::now() + PATIENCE;
        while !holds().await {
            assert!(Instant::now() < end, "after {PATIENCE:?} not yet: {what}; the log ends:\n{}", tail(&self.log));
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// The alerts since the last call, as people get them, each taken from SNS's envelope.
    pub async fn alerts(&self) -> Vec<Value> {
        self.settled().await;
        let mut alerts = Vec::new();
        loop {
            let call = self.sqs.receive_message().queue_url(self.url("alerts")).max_number_of_messages(10);
            let messages = call.send().await.unwrap().messages.unwrap_or_default();
            if messages.is_empty() {
                return alerts;
            }
            for message in messages {
                let envelope: Value = serde_json::from_str(&message.body.unwrap()).unwrap();
                alerts.push(serde_json::from_str(envelope["Message"].as_str().unwrap()).unwrap());
                let call = self.sqs.delete_message().queue_url(self.url("alerts"));
                call.receipt_handle(message.receipt_handle.unwrap()).send().await.unwrap();
            }
        }
    }

    /// The function's own log lines of this kind, such as `event`. They arrive when an invocation has
    /// ended.
    pub fn lines(&self, message: &str) -> Vec<Value> {
        let log = self.log.lock().unwrap();
        let lines = log.iter().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        lines.filter(|line| line["message"] == message).collect()
    }

    fn url(&self, queue: &str) -> &str {
        self.parts[queue].as_str().unwrap()
    }
}

impl Control {
    fn answer(&mut self, log: &Mutex<Vec<String>>) -> Value {
        let mut line = String::new();
        let read = self.answers.read_line(&mut line).unwrap();
        assert!(read > 0, "scripts/local_aws.py ended; its log ends:\n{}", tail(log));
        serde_json::from_str(&line).unwrap()
    }
}

impl Drop for Messaging {
    fn drop(&mut self) {
        // The end of its input ends it and all that it started; killed, it could not see to that.
        self.control = None;
        drop(self.child.wait());
    }
}

fn tail(log: &Mutex<Vec<String>>) -> String {
    let log = log.lock().unwrap();
    log[log.len().saturating_sub(60)..].join("\n")
}

fn repository() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}

/// The Python that has the parts.
fn python() -> PathBuf {
    let environment = repository().join("target/ministack");
    assert!(environment.join(".stamp").is_file(), "ministack is not installed; run `make setup` first");
    environment.join("bin/python")
}
