//! The four routes of the Runtime API.

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Path, State as Extract};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use serde_json::json;

use super::RESPONSE_LIMIT;
use super::state::State;
use crate::function::{ARN, JSON};

type Shared = Extract<Arc<State>>;

pub(super) fn router(state: Arc<State>) -> Router {
    let invocation = "/2018-06-01/runtime/invocation";
    Router::new()
        .route(&format!("{invocation}/next"), get(next))
        .route(&format!("{invocation}/{{id}}/response"), post(response))
        .route(&format!("{invocation}/{{id}}/error"), post(error))
        .route("/2018-06-01/runtime/init/error", post(init_error))
        // The limit is checked where Lambda's own error can be given.
        .layer(DefaultBodyLimit::disable())
        .with_state(state)
}

async fn next(Extract(state): Shared) -> Response {
    let Some(work) = state.take().await else {
        return refused(StatusCode::INTERNAL_SERVER_ERROR, "Stopped", "stopped");
    };
    let left = work.deadline.saturating_duration_since(Instant::now());
    let deadline = epoch_ms(left).to_string();
    let (id, payload) = state.hand_out(work);
    let headers = [
        ("lambda-runtime-aws-request-id", id),
        ("lambda-runtime-deadline-ms", deadline),
        ("lambda-runtime-invoked-function-arn", ARN.to_owned()),
        ("lambda-runtime-trace-id", TRACE.to_owned()),
    ];
    (headers, [(header::CONTENT_TYPE, JSON)], payload).into_response()
}

/// An X-Ray trace that is not sampled.
const TRACE: &str = "Root=1-00000000-000000000000000000000000;Parent=0000000000000000;Sampled=0";

async fn response(Extract(state): Shared, Path(id): Path<String>, body: Bytes) -> Response {
    if body.len() > RESPONSE_LIMIT {
        let message = format!("Response payload size exceeded maximum allowed payload size ({RESPONSE_LIMIT} bytes).");
        let kind = "Function.ResponseSizeTooLarge";
        let error = json!({"errorType": kind, "errorMessage": message});
        state.finish(&id, error.to_string().into_bytes(), true);
        return refused(StatusCode::PAYLOAD_TOO_LARGE, kind, &message);
    }
    finished(state.finish(&id, body.into(), false))
}

async fn error(Extract(state): Shared, Path(id): Path<String>, body: Bytes) -> Response {
    finished(state.finish(&id, body.into(), true))
}

async fn init_error(Extract(state): Shared, body: Bytes) -> Response {
    state.init_failed(String::from_utf8_lossy(&body).into_owned());
    finished(true)
}

fn finished(known: bool) -> Response {
    if known {
        let body = json!({"status": "OK"});
        document(StatusCode::ACCEPTED, &body)
    } else {
        refused(StatusCode::BAD_REQUEST, "InvalidRequestID", "Invalid request ID")
    }
}

fn refused(status: StatusCode, kind: &str, message: &str) -> Response {
    document(status, &json!({"errorType": kind, "errorMessage": message}))
}

fn document(status: StatusCode, body: &serde_json::Value) -> Response {
    (status, [(header::CONTENT_TYPE, JSON)], body.to_string()).into_response()
}

/// Milliseconds since 1970, `left` from now.
fn epoch_ms(left: Duration) -> u128 {
    #[expect(clippy::disallowed_methods, reason = "this server is the edge: the API's deadline is a time of day")]
    let now = SystemTime::now();
    let now = now.duration_since(UNIX_EPOCH).unwrap_or_default();
    (now + left).as_millis()
}
