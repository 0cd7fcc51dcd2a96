//! The running function: invocations, answers, log lines.

use std::cell::Cell;
use std::path::Path;
use std::time::Duration;

use serde_json::Value;
use signet_local::function::Function;
use signet_local::runtime_api::{Invocation, RuntimeApi};
use tokio::sync::Mutex;

use crate::cognito;
use crate::event::{Event, SECRET};
use crate::okta::{self, SignIn};

/// How long a line may take from the function to this process.
const LOG_PATIENCE: Duration = Duration::from_secs(5);
/// Longer than any deadline that a test sets. Lambda would give up, too.
const INVOCATION_PATIENCE: Duration = Duration::from_secs(20);
/// What no line and no answer may show, beside the secret; see [`Hook::assert_discreet`].
pub const MARKER: &str = "marker-of-a-claim-value";

/// A compiled sign-in function in a sandbox of its own. Dropping it ends the process.
#[derive(Debug)]
pub struct Hook {
    function: Function,
    runtime_api: RuntimeApi,
    /// How many invocations there were: a sandbox has one at a time, and so has this.
    invocations: Mutex<usize>,
}

/// What the function answered, in HTTP's terms.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The headers.
    pub headers: Value,
    /// The body; empty if there is none.
    pub body: String,
    /// How long the function took for it.
    pub elapsed: Duration,
    /// Which invocation of its sandbox it was, from 1.
    pub number: usize,
}

impl Answer {
    /// The body as JSON.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// What Okta makes of it.
    pub fn to_okta(&self, event: &Event) -> SignIn {
        okta::apply(self.status, &self.body, &event.request())
    }

    /// The text of a denial that Okta shows the person. The answer must be one.
    pub fn denial(&self) -> String {
        match okta::apply(self.status, &self.body, &Value::Null) {
            SignIn::Denied { summary } => summary,
            other => panic!("not a denial: {other:?}"),
        }
    }
}

impl Hook {
    /// Starts a function with `environment` and nothing else but what Lambda sets.
    pub async fn start(program: &Path, environment: &[(String, String)]) -> Self {
        let runtime_api = RuntimeApi::start().await.unwrap();
        let function = Function::spawn(program, environment, &runtime_api).unwrap();
        Self { function, runtime_api, invocations: Mutex::new(0) }
    }

    /// How long the function took from its start to its first question for work. Waits for it.
    pub async fn init(&self) -> Duration {
        let polled = self.runtime_api.first_poll(INVOCATION_PATIENCE).await.unwrap();
        assert_eq!(self.runtime_api.init_error(), None);
        polled - self.function.spawned_at()
    }

    /// Has the function handle an event as it is.
    pub async fn send(&self, event: &Event) -> Answer {
        self.invoke(event.0.to_string().into_bytes()).await
    }

    /// Has the function handle any bytes. It must answer them, in time, and with a HTTP answer:
    /// an error that the runtime would report is a failure, and so is the end of the process.
    pub async fn invoke(&self, payload: Vec<u8>) -> Answer {
        match self.invoke_raw(payload).await {
            (Invocation::Response { body, elapsed }, number) => answer(&body, elapsed, number),
            (Invocation::Error { body, .. }, _) => panic!("the runtime reports: {}", String::from_utf8_lossy(&body)),
        }
    }

    /// Has the function handle an event of Cognito's, and reads what it says as Cognito does.
    pub async fn trigger(&self, event: &Value) -> cognito::Answer {
        let (invocation, number) = self.invoke_raw(event.to_string().into_bytes()).await;
        cognito::Answer::read(event, invocation, number)
    }

    /// What Lambda gets of any bytes, and which invocation of the sandbox it was, from 1. The function must
    /// say something, in time, and go on running.
    pub async fn invoke_raw(&self, payload: Vec<u8>) -> (Invocation, usize) {
        let mut invocations = self.invocations.lock().await;
        *invocations += 1;
        let number = *invocations;
        let outcome = self.runtime_api.invoke(payload, INVOCATION_PATIENCE).await;
        self.assert_running();
        (outcome.unwrap_or_else(|error| panic!("{error}; the log:\n{}", self.function.logs().join("\n"))), number)
    }

    /// The process that was started is the one that runs.
    pub fn assert_running(&self) {
        let ended = self.function.exit_status().unwrap();
        assert_eq!(ended, None, "the function ended; its log:\n{}", self.function.logs().join("\n"));
    }

    /// The line of the decision, or of the rejection, that an answer belongs to. Waits for it.
    pub async fn log(&self, answer: &Answer) -> Value {
        self.log_of(answer.number).await
    }

    /// The line of the decision, or of the rejection, of an invocation. Waits for it.
    pub async fn log_of(&self, number: usize) -> Value {
        let seen = Cell::new(0);
        let line = self.function.wait_for_log(
            |line| {
                seen.set(seen.get() + usize::from(is_record(line)));
                seen.get() == number
            },
            LOG_PATIENCE,
        );
        serde_json::from_str(&line.await.unwrap()).unwrap()
    }

    /// The line with a metric that an answer belongs to. Waits for it.
    pub async fn metric(&self, answer: &Answer, name: &str) -> Value {
        self.metric_of(answer.number, name).await
    }

    /// The line with a metric of an invocation. Waits for it.
    pub async fn metric_of(&self, number: usize, name: &str) -> Value {
        let member = format!("\"{name}\":");
        let seen = Cell::new(0);
        let line = self.function.wait_for_log(
            |line| {
                seen.set(seen.get() + usize::from(is_record(line)));
                seen.get() == number && line.contains("\"_aws\"") && line.contains(&member)
            },
            LOG_PATIENCE,
        );
        serde_json::from_str(&line.await.unwrap()).unwrap()
    }

    /// Everything that the function has written so far.
    pub fn lines(&self) -> Vec<String> {
        self.function.logs()
    }

    /// A line of the log that has this text, past lines included. Waits for it.
    pub async fn wait_for_line(&self, text: &str) -> String {
        self.function.wait_for_log(|line| line.contains(text), LOG_PATIENCE).await.unwrap()
    }

    /// No line of the log shows a secret or a value of the assertion, every line is one JSON object
    /// below CloudWatch's limit of 256 KB, and none tells of a panic.
    pub fn assert_discreet(&self) {
        for line in self.lines() {
            for forbidden in [SECRET, MARKER] {
                assert!(!line.contains(forbidden), "the log shows `{forbidden}`: {line}");
            }
            let parsed: Value = serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line}"));
            assert!(parsed.is_object() && line.len() < 256 * 1024, "{} bytes: {line:.300}", line.len());
            assert_ne!(parsed["message"], "panic", "{line}");
            assert_ne!(parsed["reason"], "internal", "{line}");
        }
    }
}

fn is_record(line: &str) -> bool {
    line.contains("\"request.id\":")
}

/// Reads an answer in payload format 2.0, as strictly as the gateway, which answers 500 to any other.
fn answer(payload: &[u8], elapsed: Duration, number: usize) -> Answer {
    let shown = || String::from_utf8_lossy(payload).into_owned();
    let value: Value = serde_json::from_slice(payload).unwrap_or_else(|error| panic!("{error}: {}", shown()));
    let status = value["statusCode"].as_u64().and_then(|status| u16::try_from(status).ok());
    let status = status.unwrap_or_else(|| panic!("no status: {}", shown()));
    assert!((200..600).contains(&status), "{}", shown());
    assert_ne!(value["isBase64Encoded"], true, "{}", shown());
    let body = match &value["body"] {
        Value::Null => String::new(),
        Value::String(body) => body.clone(),
        _ => panic!("the body is no text: {}", shown()),
    };
    assert!(status != 204 || body.is_empty(), "204 has no body: {}", shown());
    for forbidden in [SECRET, MARKER] {
        assert!(!body.contains(forbidden), "the answer shows `{forbidden}`: {body}");
    }
    Answer { status, headers: value["headers"].clone(), body, elapsed, number }
}
