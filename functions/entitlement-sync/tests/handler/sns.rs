//! A server that stands for SNS: it takes `Publish`, keeps what was published, and fails as it is told.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::post;
use serde_json::Value;

/// How a request is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mood {
    /// It is taken.
    Well,
    /// HTTP 500.
    Broken,
    /// Refused for its rate.
    Throttling,
    /// Never.
    Silent,
    /// There is no such topic.
    NoTopic,
}

#[derive(Default)]
struct Shared {
    published: Vec<BTreeMap<String, String>>,
    mood: Option<Box<dyn Fn(usize) -> Mood + Send>>,
    requests: usize,
}

#[derive(Clone)]
pub struct Sns {
    endpoint: String,
    shared: Arc<Mutex<Shared>>,
}

impl Sns {
    /// Starts on a free port; the server ends with the test's runtime.
    pub async fn start() -> Self {
        let shared = Arc::new(Mutex::new(Shared::default()));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let router = Router::new().route("/", post(publish)).with_state(Arc::clone(&shared));
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { endpoint, shared }
    }

    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    pub fn be(&self, mood: Mood) {
        self.be_by(move |_| mood);
    }

    /// Answers each request by how many came before it since now.
    pub fn be_by(&self, mood: impl Fn(usize) -> Mood + Send + 'static) {
        let mut shared = self.shared.lock().unwrap();
        shared.requests = 0;
        shared.mood = Some(Box::new(mood));
    }

    pub fn be_well(&self) {
        self.shared.lock().unwrap().mood = None;
    }

    /// The messages that were published since the last time.
    pub fn take(&self) -> Vec<Value> {
        let published = std::mem::take(&mut self.shared.lock().unwrap().published);
        let message = |request: BTreeMap<String, String>| {
            assert_eq!(request["Action"], "Publish");
            assert_eq!(request["TopicArn"], crate::support::ALERTS);
            let alert: Value = serde_json::from_str(&request["Message"]).unwrap();
            assert_eq!(request["MessageAttributes.entry.1.Name"], "kind");
            assert_eq!(request["MessageAttributes.entry.1.Value.StringValue"], alert["data"]["kind"].as_str().unwrap());
            assert!(request["Subject"].starts_with("Signet: ") && request["Subject"].len() < 100);
            assert!(request["Message"].len() <= 262_144);
            assert_eq!(alert["type"], "signet.alert.v1");
            alert
        };
        published.into_iter().map(message).collect()
    }
}

async fn publish(State(shared): State<Arc<Mutex<Shared>>>, body: String) -> (StatusCode, String) {
    let mood = {
        let mut shared = shared.lock().unwrap();
        let mood = shared.mood.as_ref().map_or(Mood::Well, |mood| mood(shared.requests));
        shared.requests += 1;
        if mood == Mood::Well {
            shared.published.push(form(&body));
        }
        mood
    };
    let error = |status, code: &str| {
        let text = format!(
            "<ErrorResponse xmlns=\"http://sns.amazonaws.com/doc/2010-03-31/\"><Error><Type>Sender</Type>\
             <Code>{code}</Code><Message>as the test wants it</Message></Error><RequestId>r</RequestId></ErrorResponse>"
        );
        (status, text)
    };
    match mood {
        Mood::Well => (
            StatusCode::OK,
            "<PublishResponse xmlns=\"http://sns.amazonaws.com/doc/2010-03-31/\"><PublishResult><MessageId>m</MessageId>\
             </PublishResult><ResponseMetadata><RequestId>r</RequestId></ResponseMetadata></PublishResponse>"
                .to_owned(),
        ),
        Mood::Broken => (StatusCode::INTERNAL_SERVER_ERROR, String::new()),
        Mood::Throttling => error(StatusCode::TOO_MANY_REQUESTS, "Throttled"),
        Mood::NoTopic => error(StatusCode::NOT_FOUND, "NotFound"),
        Mood::Silent => {
            tokio::time::sleep(Duration::from_hours(1)).await;
            (StatusCode::OK, String::new())
        }
    }
}

/// Reads `application/x-www-form-urlencoded`.
fn form(body: &str) -> BTreeMap<String, String> {
    let pair = |pair: &str| {
        let (name, value) = pair.split_once('=').unwrap();
        (decoded(name), decoded(value))
    };
    body.split('&').map(pair).collect()
}

fn decoded(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'%' => {
                let mut digit = || char::from(rest.next().unwrap()).to_digit(16).unwrap();
                u8::try_from(digit() * 16 + digit()).unwrap()
            }
            b'+' => b' ',
            other => other,
        });
    }
    String::from_utf8(bytes).unwrap()
}
