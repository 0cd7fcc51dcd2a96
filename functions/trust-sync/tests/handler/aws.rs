//! A server that stands for SQS and STS: it keeps what is queued, says who the caller is, and fails as it
//! is told.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use serde_json::{Value, json};

use crate::support::QUEUE;

/// A message as the queue got it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sent {
    pub body: String,
    pub group: String,
    pub deduplication: String,
}

/// What becomes of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// It is queued.
    Taken,
    /// The answer says that it failed.
    Refused,
    /// The answer does not mention it.
    Forgotten,
}

type Judge = Box<dyn Fn(&Sent) -> Fate + Send>;

struct Shared {
    sent: Vec<Sent>,
    /// The messages of each call.
    calls: Vec<usize>,
    fate: Judge,
    queue_is_down: bool,
    sts_is_down: bool,
    caller: String,
    asked: usize,
}

#[derive(Clone)]
pub struct Aws {
    endpoint: String,
    shared: Arc<Mutex<Shared>>,
}

impl Aws {
    /// Starts on a free port; the server ends with the test's runtime.
    pub async fn start() -> Self {
        let shared = Arc::new(Mutex::new(Shared {
            sent: Vec::new(),
            calls: Vec::new(),
            fate: Box::new(|_| Fate::Taken),
            queue_is_down: false,
            sts_is_down: false,
            caller: "arn:aws:sts::111122223333:assumed-role/signet-trust-sync/signet-trust-sync".to_owned(),
            asked: 0,
        }));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let router = Router::new().route("/", post(answer)).with_state(Arc::clone(&shared));
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { endpoint, shared }
    }

    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    pub fn judge(&self, fate: impl Fn(&Sent) -> Fate + Send + 'static) {
        self.shared.lock().unwrap().fate = Box::new(fate);
    }

    pub fn queue_is_down(&self, is_down: bool) {
        self.shared.lock().unwrap().queue_is_down = is_down;
    }

    pub fn sts_is_down(&self, is_down: bool) {
        self.shared.lock().unwrap().sts_is_down = is_down;
    }

    /// Whose credentials the function has.
    pub fn caller_is(&self, arn: &str) {
        arn.clone_into(&mut self.shared.lock().unwrap().caller);
    }

    /// How often somebody asked who they are.
    pub fn asked(&self) -> usize {
        self.shared.lock().unwrap().asked
    }

    /// What was queued since the last time, by group.
    pub fn take(&self) -> Vec<Sent> {
        let mut sent = std::mem::take(&mut self.shared.lock().unwrap().sent);
        sent.sort_by(|a, b| a.group.cmp(&b.group));
        sent
    }

    /// How many messages each call had since the last time.
    pub fn calls(&self) -> Vec<usize> {
        let mut calls = std::mem::take(&mut self.shared.lock().unwrap().calls);
        calls.sort_unstable();
        calls
    }
}

async fn answer(State(shared): State<Arc<Mutex<Shared>>>, headers: HeaderMap, body: String) -> (StatusCode, String) {
    match headers.get("x-amz-target").and_then(|target| target.to_str().ok()) {
        Some("AmazonSQS.SendMessageBatch") => send(&shared, &serde_json::from_str(&body).unwrap()),
        None if body.contains("Action=GetCallerIdentity") => identity(&shared),
        other => panic!("nothing else is asked for: {other:?} {body}"),
    }
}

fn send(shared: &Mutex<Shared>, request: &Value) -> (StatusCode, String) {
    let mut shared = shared.lock().unwrap();
    if shared.queue_is_down {
        let error = json!({ "__type": "com.amazonaws.sqs#QueueDoesNotExist", "message": "as the test wants it" });
        return (StatusCode::BAD_REQUEST, error.to_string());
    }
    assert_eq!(request["QueueUrl"], QUEUE);
    let entries = request["Entries"].as_array().unwrap();
    assert!((1..=10).contains(&entries.len()), "SQS takes one to ten: {request}");
    shared.calls.push(entries.len());
    let (mut successful, mut failed, mut ids) = (Vec::new(), Vec::new(), BTreeSet::new());
    for entry in entries {
        let text = |name: &str| entry[name].as_str().unwrap().to_owned();
        let sent = Sent {
            body: text("MessageBody"),
            group: text("MessageGroupId"),
            deduplication: text("MessageDeduplicationId"),
        };
        assert!(sent.deduplication.len() <= 128 && sent.deduplication.is_ascii());
        assert!(ids.insert(text("Id")), "ids are unique: {request}");
        match (shared.fate)(&sent) {
            Fate::Taken => {
                successful.push(json!({ "Id": text("Id"), "MessageId": "m", "MD5OfMessageBody": "0" }));
                shared.sent.push(sent);
            }
            Fate::Refused => failed.push(json!({
                "Id": text("Id"), "SenderFault": false, "Code": "InternalError", "Message": "as the test wants it",
            })),
            Fate::Forgotten => {}
        }
    }
    (StatusCode::OK, json!({ "Successful": successful, "Failed": failed }).to_string())
}

fn identity(shared: &Mutex<Shared>) -> (StatusCode, String) {
    let mut shared = shared.lock().unwrap();
    shared.asked += 1;
    let space = "xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"";
    if shared.sts_is_down {
        let error = format!(
            "<ErrorResponse {space}><Error><Type>Sender</Type><Code>ExpiredToken</Code><Message>as the test wants it\
             </Message></Error><RequestId>r</RequestId></ErrorResponse>"
        );
        return (StatusCode::FORBIDDEN, error);
    }
    let answer = format!(
        "<GetCallerIdentityResponse {space}><GetCallerIdentityResult><Arn>{}</Arn><UserId>AROAEXAMPLE:x</UserId>\
         <Account>111122223333</Account></GetCallerIdentityResult><ResponseMetadata><RequestId>r</RequestId>\
         </ResponseMetadata></GetCallerIdentityResponse>",
        shared.caller
    );
    (StatusCode::OK, answer)
}
