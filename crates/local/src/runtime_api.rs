//! The Lambda Runtime API: what a function polls for its invocations.
//!
//! The HTTP API is the one that AWS documents ("Using the Lambda runtime API for custom
//! runtimes", version 2018-06-01), so that every runtime interface client works with it,
//! whatever the function is written in.

mod routes;
mod state;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::watch;

use crate::LocalError;
use crate::server::{Server, Threads};
use state::{Startup, State};

/// The most bytes that Lambda takes as the answer of an invocation.
pub const RESPONSE_LIMIT: usize = 6_291_556;

/// A Runtime API on a free port of 127.0.0.1, for one function. Dropping it closes the port
/// and the connections; a function that polls it then ends by itself.
#[derive(Debug)]
pub struct RuntimeApi {
    address: SocketAddr,
    state: Arc<State>,
    startup: watch::Receiver<Startup>,
    _server: Server,
}

/// What a function made of an invocation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Invocation {
    /// It answered.
    Response {
        /// The answer as it was sent.
        body: Vec<u8>,
        /// From handing the invocation out until the last byte of the answer was there.
        elapsed: Duration,
    },
    /// It reported an error, or Lambda would have made one of its answer.
    Error {
        /// Lambda's error document, JSON with `errorType` and `errorMessage`.
        body: Vec<u8>,
        /// As for a response.
        elapsed: Duration,
    },
}

/// Why there is no outcome.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RuntimeApiError {
    /// The function took the invocation and did not answer it in time.
    #[error("the function did not answer invocation `{id}` within {timeout:?}; see its log")]
    Unanswered {
        /// The invocation's request id.
        id: String,
        /// How long it had.
        timeout: Duration,
    },
    /// Nobody asked for the invocation, or for the first one, in time.
    #[error("no function asked for an invocation within {timeout:?}; see its log")]
    NotPolled {
        /// How long was waited.
        timeout: Duration,
    },
    /// The function reported that it could not start.
    #[error("the function failed to start: {body}")]
    Init {
        /// Lambda's error document as the function sent it.
        body: String,
    },
    /// The server is gone.
    #[error("the local runtime API stopped; start another one")]
    Stopped,
}

impl RuntimeApi {
    /// Starts on a free port; returns when it accepts connections.
    ///
    /// # Errors
    /// No port or thread can be had.
    pub async fn start() -> Result<Self, LocalError> {
        let (state, startup) = State::new();
        let state = Arc::new(state);
        let router = routes::router(Arc::clone(&state));
        let server = Server::start("runtime-api", 0, Threads::One, |listener| async move {
            if let Err(reason) = axum::serve(listener, router).await {
                // Callers see refused connections; the reason is known only here.
                eprintln!("the local runtime API stopped: {reason}");
            }
        })
        .await?;
        Ok(Self { address: server.address(), state, startup, _server: server })
    }

    /// `127.0.0.1:PORT`, the value of `AWS_LAMBDA_RUNTIME_API`.
    #[must_use]
    pub fn address(&self) -> String {
        self.address.to_string()
    }

    /// Has the function handle `payload`, and waits for the outcome. `timeout` is the time in
    /// all, from now on; what is left of it when the function takes the invocation is its
    /// deadline. Several invocations at once wait for each other, as in one sandbox.
    ///
    /// # Errors
    /// The time is over, or the function reported that it could not start.
    pub async fn invoke(&self, payload: Vec<u8>, timeout: Duration) -> Result<Invocation, RuntimeApiError> {
        let mut pending = self.state.enqueue(payload, Instant::now() + timeout);
        let mut startup = self.startup.clone();
        tokio::select! {
            // An outcome counts even if the function failed afterwards.
            biased;
            outcome = pending.outcome() => outcome.ok_or(RuntimeApiError::Stopped),
            body = init_error(&mut startup) => Err(RuntimeApiError::Init { body }),
            () = tokio::time::sleep(timeout) => Err(if pending.is_taken() {
                RuntimeApiError::Unanswered { id: pending.id().to_owned(), timeout }
            } else {
                RuntimeApiError::NotPolled { timeout }
            }),
        }
    }

    /// When the function asked for its first invocation: its initialisation was over then.
    /// Waits for it.
    ///
    /// # Errors
    /// The time is over, or the function reported that it could not start.
    pub async fn first_poll(&self, timeout: Duration) -> Result<Instant, RuntimeApiError> {
        let mut startup = self.startup.clone();
        let changed = startup.wait_for(|s| s.first_poll.is_some() || s.init_error.is_some());
        let seen = tokio::time::timeout(timeout, changed)
            .await
            .map_err(|_| RuntimeApiError::NotPolled { timeout })?
            .map_err(|_| RuntimeApiError::Stopped)?
            .clone();
        match (seen.first_poll, seen.init_error) {
            (Some(first), _) => Ok(first),
            (None, body) => Err(RuntimeApiError::Init { body: body.unwrap_or_default() }),
        }
    }

    /// What the function reported to `init/error`, if it did: JSON with `errorType` and
    /// `errorMessage`.
    #[must_use]
    pub fn init_error(&self) -> Option<String> {
        self.startup.borrow().init_error.clone()
    }
}

/// Waits for the report of a failed start, for ever if there is none.
async fn init_error(startup: &mut watch::Receiver<Startup>) -> String {
    let seen = startup.wait_for(|s| s.init_error.is_some()).await;
    match seen.ok().and_then(|startup| startup.init_error.clone()) {
        Some(body) => body,
        None => std::future::pending().await,
    }
}
