//! What one request is answered.

use std::io::{Error, ErrorKind};
use std::time::Duration;

use futures_util::{StreamExt as _, stream};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt as _, Full, StreamBody};
use hyper::body::{Bytes, Frame, Incoming};
use hyper::header::{CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, HeaderValue, TRANSFER_ENCODING};
use hyper::{Request, Response, StatusCode};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;

use super::state::State;
use super::{Mode, unprocessed};
use crate::connector::{self, operation};

type Body = UnsyncBoxBody<Bytes, Error>;

/// How long half an answer waits on its way before the connection is closed: enough for the
/// bytes to leave, which hyper would otherwise throw away together with the connection.
const FLUSH: Duration = Duration::from_millis(20);

/// The endpoint behind the proxy and the connections to it.
pub(super) struct Target {
    authority: String,
    client: Client<HttpConnector, Full<Bytes>>,
}

impl Target {
    pub(super) fn new(authority: String) -> Self {
        let mut connector = HttpConnector::new();
        connector.set_nodelay(true);
        Self { authority, client: Client::builder(TokioExecutor::new()).build(connector) }
    }

    async fn send(&self, request: Request<Bytes>) -> Result<Response<Bytes>, Error> {
        let (mut parts, body) = request.into_parts();
        let path = parts.uri.path_and_query().map_or("/", |path| path.as_str());
        parts.uri = format!("http://{}{path}", self.authority).parse().map_err(Error::other)?;
        parts.headers.remove(CONNECTION);
        parts.headers.remove(TRANSFER_ENCODING);
        parts.headers.insert(CONTENT_LENGTH, length(&body));
        let request = Request::from_parts(parts, Full::new(body));
        let answer = self.client.request(request).await.map_err(Error::other)?;
        let (mut parts, body) = answer.into_parts();
        let body = body.collect().await.map_err(Error::other)?.to_bytes();
        parts.headers.remove(CONNECTION);
        parts.headers.remove(TRANSFER_ENCODING);
        parts.headers.insert(CONTENT_LENGTH, length(&body));
        Ok(Response::from_parts(parts, body))
    }
}

/// Answers one request. An error closes the connection without an answer.
pub(super) async fn answer(
    request: Request<Incoming>,
    target: &Target,
    state: &State,
) -> Result<Response<Body>, Error> {
    let (parts, body) = request.into_parts();
    let body = body.collect().await.map_err(Error::other)?.to_bytes();
    let header = parts.headers.get("x-amz-target");
    let operation = operation(header.and_then(|value| value.to_str().ok())).to_owned();
    let mode = state.arrived(&operation, &body);
    let request = Request::from_parts(parts, body);
    match mode {
        Mode::UnprocessedKeys if operation == "BatchGetItem" => unprocessed_keys(request, target).await,
        Mode::Pass | Mode::UnprocessedKeys => target.send(request).await.map(whole),
        Mode::Status { status, body, content_type } => own(status, body.into(), &content_type),
        Mode::Garbage => {
            let body = Bytes::from_static(b"\x00\xff<html>not JSON");
            own(200, body, connector::CONTENT_TYPE)
        }
        Mode::WrongJson(json) => own(200, json.into(), connector::CONTENT_TYPE),
        Mode::Empty | Mode::Refuse => {
            Err(Error::new(ErrorKind::ConnectionAborted, "injected fault: closed without an answer"))
        }
        Mode::Silent => std::future::pending().await,
        Mode::Slow(wait) => {
            tokio::time::sleep(wait).await;
            target.send(request).await.map(whole)
        }
        Mode::HalfAnswer => target.send(request).await.map(half),
        Mode::Trickle(pause) => target.send(request).await.map(|answer| trickle(answer, pause)),
    }
}

fn length(body: &Bytes) -> HeaderValue {
    HeaderValue::from(body.len())
}

fn whole(answer: Response<Bytes>) -> Response<Body> {
    answer.map(|body| Full::new(body).map_err(|never| match never {}).boxed_unsync())
}

fn own(status: u16, body: Bytes, content_type: &str) -> Result<Response<Body>, Error> {
    let status = StatusCode::from_u16(status).map_err(Error::other)?;
    let content_type = HeaderValue::from_str(content_type).map_err(Error::other)?;
    let mut answer = Response::new(body);
    *answer.status_mut() = status;
    answer.headers_mut().insert(CONTENT_TYPE, content_type);
    Ok(whole(answer))
}

fn half(answer: Response<Bytes>) -> Response<Body> {
    answer.map(|mut body| {
        let half = body.split_to(body.len() / 2);
        let cut = stream::once(async {
            tokio::time::sleep(FLUSH).await;
            Err(Error::new(ErrorKind::ConnectionAborted, "injected fault: half an answer"))
        });
        let frames = stream::once(async { Ok(Frame::data(half)) }).chain(cut);
        StreamBody::new(frames).boxed_unsync()
    })
}

fn trickle(answer: Response<Bytes>, pause: Duration) -> Response<Body> {
    answer.map(|body| {
        let frames = stream::unfold(body, move |mut rest| async move {
            if rest.is_empty() {
                return None;
            }
            tokio::time::sleep(pause).await;
            let byte = rest.split_to(1);
            Some((Ok(Frame::data(byte)), rest))
        });
        StreamBody::new(frames).boxed_unsync()
    })
}

async fn unprocessed_keys(request: Request<Bytes>, target: &Target) -> Result<Response<Body>, Error> {
    let Some(split) = unprocessed::split(request.body()) else {
        // Not a readable request: DynamoDB says best what is wrong with it.
        return target.send(request).await.map(whole);
    };
    let Some(forward) = split.forward.clone() else {
        let body = split.unanswered();
        return own(200, body.into(), connector::CONTENT_TYPE);
    };
    let mut answer = target.send(request.map(|_| forward.into())).await?;
    if answer.status() == StatusCode::OK {
        let body = Bytes::from(split.merge(answer.body())?);
        answer.headers_mut().remove("x-amz-crc32");
        answer.headers_mut().insert(CONTENT_LENGTH, length(&body));
        *answer.body_mut() = body;
    }
    Ok(whole(answer))
}
