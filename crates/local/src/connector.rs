//! An AWS SDK client's way to an embedded database without a socket, and the place where faults
//! are put between the two.
//!
//! The SDK is the real one: it serialises, signs, retries and parses as ever. Only the bytes go
//! to [`Database`] in this process instead of to the network, which makes thousands of random
//! schedules a minute possible.

mod dispatch;

pub(crate) use dispatch::{CONTENT_TYPE, dispatch, operation};

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_runtime_api::http::StatusCode;
use aws_smithy_types::body::SdkBody;
use dynoxide::Database;

use crate::sync::lock;

/// One request that the SDK sends: an attempt, so a retried operation makes several.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Call<'a> {
    /// How many requests came before it on this connector, from 0.
    pub index: usize,
    /// The operation as in `x-amz-target`, for example `TransactWriteItems`.
    pub operation: &'a str,
    /// The body in DynamoDB's JSON.
    pub body: &'a [u8],
}

/// What becomes of one request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// It is carried out and answered.
    Pass,
    /// The connection fails before the database has seen it.
    FailBefore,
    /// It is carried out, and the connection fails before the answer arrives.
    FailAfter,
    /// It is not carried out, and is never answered: a time-out decides.
    HangBefore,
    /// It is carried out, and never answered: a time-out decides.
    HangAfter,
    /// It is not carried out; this is the answer.
    Respond {
        /// HTTP status, 100–999.
        status: u16,
        /// The body as it is.
        body: Vec<u8>,
    },
}

impl Action {
    /// DynamoDB's own form of an error: status 400, `code` (such as
    /// `TransactionConflictException`) and a message.
    #[must_use]
    pub fn refuse(code: &str, message: &str) -> Self {
        Self::Respond { status: 400, body: crate::proxy::error_body(code, message) }
    }
}

/// Decides what becomes of each request. Every closure of the right form is one.
pub trait Fault: Send + Sync + 'static {
    /// Called once a request, in the order in which they are sent.
    fn action(&self, call: &Call<'_>) -> Action;
}

impl<F> Fault for F
where
    F: Fn(&Call<'_>) -> Action + Send + Sync + 'static,
{
    fn action(&self, call: &Call<'_>) -> Action {
        self(call)
    }
}

/// An HTTP client for the SDK (`.http_client(InProcess::new(database))`) that carries each
/// request out on an embedded database. Clones share the counters and the fault.
///
/// Every request gives way to the other tasks once before it is carried out, so that operations
/// which run together interleave there and nowhere else.
#[derive(Clone)]
pub struct InProcess {
    database: Database,
    shared: Arc<Shared>,
}

struct Shared {
    fault: Mutex<Arc<dyn Fault>>,
    calls: Mutex<BTreeMap<String, usize>>,
}

impl InProcess {
    /// A client of `database` without faults.
    #[must_use]
    pub fn new(database: Database) -> Self {
        Self::with_fault(database, |_: &Call<'_>| Action::Pass)
    }

    /// A client of `database` that asks `fault` before each request.
    #[must_use]
    pub fn with_fault(database: Database, fault: impl Fault) -> Self {
        Self { database, shared: Arc::new(Shared { fault: Mutex::new(Arc::new(fault)), calls: Mutex::default() }) }
    }

    /// Replaces the fault; the counters go on.
    pub fn set_fault(&self, fault: impl Fault) {
        *lock(&self.shared.fault) = Arc::new(fault);
    }

    /// How many requests for `operation` the SDK has sent, whatever became of them.
    #[must_use]
    pub fn calls(&self, operation: &str) -> usize {
        lock(&self.shared.calls).get(operation).copied().unwrap_or_default()
    }

    /// How many requests the SDK has sent in all.
    #[must_use]
    pub fn total_calls(&self) -> usize {
        lock(&self.shared.calls).values().sum()
    }

    /// The database that the requests go to.
    #[must_use]
    pub fn database(&self) -> &Database {
        &self.database
    }

    fn count(&self, operation: &str) -> usize {
        let mut calls = lock(&self.shared.calls);
        let index = calls.values().sum();
        *calls.entry(operation.to_owned()).or_default() += 1;
        index
    }

    async fn answer(self, request: HttpRequest) -> Result<HttpResponse, ConnectorError> {
        tokio::task::yield_now().await;
        let operation = operation(request.headers().get("x-amz-target"));
        let Some(body) = request.body().bytes() else {
            return Err(ConnectorError::user("a streamed request body cannot be carried out in process".into()));
        };
        let call = Call { index: self.count(operation), operation, body };
        // Taken out of the lock first: a fault may replace itself.
        let fault = Arc::clone(&*lock(&self.shared.fault));
        let action = fault.action(&call);
        match action {
            Action::FailBefore => return Err(lost("before")),
            Action::HangBefore => return std::future::pending().await,
            Action::Respond { status, body } => return response(status, body),
            Action::Pass | Action::FailAfter | Action::HangAfter => {}
        }
        let (status, answer) = dispatch(&self.database, operation, body);
        match action {
            Action::FailAfter => Err(lost("after")),
            Action::HangAfter => std::future::pending().await,
            _ => response(status, answer),
        }
    }
}

impl std::fmt::Debug for InProcess {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("InProcess").field("calls", &self.shared.calls).finish_non_exhaustive()
    }
}

impl HttpConnector for InProcess {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        HttpConnectorFuture::new(self.clone().answer(request))
    }
}

impl HttpClient for InProcess {
    fn http_connector(&self, _: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

fn lost(when: &str) -> ConnectorError {
    ConnectorError::io(format!("injected fault: the connection was lost {when} the request was carried out").into())
}

fn response(status: u16, body: Vec<u8>) -> Result<HttpResponse, ConnectorError> {
    let status = StatusCode::try_from(status).map_err(|e| ConnectorError::user(e.into()))?;
    let mut response = HttpResponse::new(status, SdkBody::from(body));
    response.headers_mut().insert("content-type", CONTENT_TYPE);
    Ok(response)
}
