//! The HTTP API in front of the function, and a client for it.
//!
//! The API does what Amazon API Gateway does with an HTTP API of payload format 2.0: header names
//! in lower case, doubled headers joined by a comma, the body in base64 unless its content type says
//! that it is text.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{HeaderMap, Method, Response, Uri};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

use crate::event::{Event, now_ms};
use crate::hook::Hook;

/// A running HTTP API. Dropping it closes the port.
#[derive(Debug)]
pub struct Front {
    address: SocketAddr,
    server: JoinHandle<()>,
}

impl Drop for Front {
    fn drop(&mut self) {
        self.server.abort();
    }
}

impl Front {
    pub(crate) async fn start(hook: Arc<Hook>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let router = Router::new().fallback(handle).layer(DefaultBodyLimit::disable()).with_state(hook);
        let server = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { address, server }
    }

    /// Sends a `POST` as Okta does, with these headers to the letter. Gives status and body.
    pub async fn post(&self, headers: &[(&str, &str)], body: &[u8]) -> (u16, String) {
        self.request("POST", headers, body).await
    }

    /// Sends any request.
    pub async fn request(&self, method: &str, headers: &[(&str, &str)], body: &[u8]) -> (u16, String) {
        let (host, length) = (self.address.to_string(), body.len().to_string());
        let own = [("Host", host.as_str()), ("Connection", "close"), ("Content-Length", length.as_str())];
        let mut head = format!("{method} /saml-hook HTTP/1.1\r\n");
        for (name, value) in own.iter().chain(headers) {
            head.extend([name, ": ", value, "\r\n"]);
        }
        head.push_str("\r\n");
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        stream.write_all(head.as_bytes()).await.unwrap();
        stream.write_all(body).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no HTTP answer: {answer}"));
        (head.split(' ').nth(1).unwrap().parse().unwrap(), body.to_owned())
    }
}

async fn handle(
    State(hook): State<Arc<Hook>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response<String> {
    let answer = hook.send(&envelope(&method, &uri, &headers, &body)).await;
    let mut response = Response::builder().status(answer.status);
    for (name, value) in answer.headers.as_object().into_iter().flatten() {
        response = response.header(name, value.as_str().unwrap());
    }
    response.body(answer.body).unwrap()
}

fn envelope(method: &Method, uri: &Uri, headers: &HeaderMap, body: &Bytes) -> Event {
    let mut joined = Map::new();
    for name in headers.keys() {
        let values = headers.get_all(name).iter().map(|value| String::from_utf8_lossy(value.as_bytes()));
        joined.insert(name.as_str().to_owned(), values.collect::<Vec<_>>().join(",").into());
    }
    let content_type = joined.get("content-type").and_then(Value::as_str).unwrap_or_default();
    let is_text = content_type.starts_with("text/") || content_type.starts_with("application/json");
    let (body, is_base64) = match str::from_utf8(body) {
        Ok("") => (Value::Null, false),
        Ok(text) if is_text => (text.into(), false),
        _ => (STANDARD.encode(body).into(), true),
    };
    let mut event = json!({
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": uri.path(),
        "rawQueryString": uri.query().unwrap_or_default(),
        "headers": joined,
        "requestContext": {
            "http": {"method": method.as_str(), "path": uri.path(), "protocol": "HTTP/1.1", "sourceIp": "127.0.0.1"},
            "routeKey": "$default",
            "stage": "$default",
            "timeEpoch": now_ms(),
        },
        "isBase64Encoded": is_base64,
    });
    if body != Value::Null {
        event["body"] = body;
    }
    Event(event)
}
