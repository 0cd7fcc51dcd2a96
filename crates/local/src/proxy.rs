//! A proxy between a function and DynamoDB that can be told to misbehave.

mod answer;
mod mode;
mod serve;
mod state;
mod unprocessed;

use std::sync::Arc;

use hyper::Uri;
use tokio::sync::{mpsc, oneshot};

use crate::LocalError;
use crate::server::{Server, Threads};

pub use mode::Mode;
pub(crate) use mode::error_body;
pub use state::Recorded;

const NAME: &str = "proxy";

/// An HTTP/1.1 proxy on a free port of 127.0.0.1 in front of one endpoint. It starts in
/// [`Mode::Pass`]; a mode that is set holds for every request that arrives from then on, also
/// on connections that are open already. Dropping it closes the port and the connections.
#[derive(Debug)]
pub struct FaultyProxy {
    endpoint: String,
    state: Arc<state::State>,
    door: mpsc::UnboundedSender<serve::Door>,
    _server: Server,
}

impl FaultyProxy {
    /// Starts in front of `target` (`http://HOST:PORT`); returns when it accepts connections.
    ///
    /// # Errors
    /// `target` is not of that form, or no port or thread can be had.
    pub async fn start(target: &str) -> Result<Self, LocalError> {
        let target = authority(target)?;
        let state = Arc::new(state::State::default());
        let (door, commands) = mpsc::unbounded_channel();
        let shared = Arc::clone(&state);
        let server =
            Server::start(NAME, 0, Threads::One, move |listener| serve::serve(listener, commands, target, shared))
                .await?;
        Ok(Self { endpoint: format!("http://{}", server.address()), state, door, _server: server })
    }

    /// `http://127.0.0.1:PORT`, to be given to the client in place of the target.
    #[must_use]
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// Behaves as `mode` says from the next request on. When this returns after
    /// [`Mode::Refuse`], the port is closed and every connection with it.
    ///
    /// # Errors
    /// The port cannot be closed, or not opened again.
    pub async fn set(&self, mode: Mode) -> Result<(), LocalError> {
        self.set_limited(mode, None, None).await
    }

    /// As [`set`](Self::set), but only for requests of `operation` (`None`: all), and only for
    /// the first `calls` of these (`None`: without end); every other request passes.
    /// [`Mode::Refuse`] knows no such limits.
    ///
    /// # Errors
    /// As [`set`](Self::set).
    pub async fn set_limited(
        &self,
        mode: Mode,
        operation: Option<&str>,
        calls: Option<usize>,
    ) -> Result<(), LocalError> {
        let open = mode != Mode::Refuse;
        self.state.set(mode, operation, calls);
        let (done, answer) = oneshot::channel();
        let stopped = || LocalError::Stopped { server: NAME };
        self.door.send(serve::Door { open, done }).map_err(|_| stopped())?;
        answer.await.map_err(|_| stopped())?
    }

    /// How many requests for `operation` (as in `x-amz-target`, for example `BatchGetItem`)
    /// have arrived, whatever became of them. The SDK's retries count.
    #[must_use]
    pub fn calls(&self, operation: &str) -> usize {
        self.state.calls(operation)
    }

    /// How many requests have arrived in all.
    #[must_use]
    pub fn total_calls(&self) -> usize {
        self.state.total_calls()
    }

    /// Keeps the body of every request from now on, and forgets those kept so far.
    pub fn record(&self) {
        self.state.record();
    }

    /// The requests that arrived since [`record`](Self::record) was called, in order; empty if
    /// it never was.
    #[must_use]
    pub fn recorded(&self) -> Vec<Recorded> {
        self.state.recorded()
    }
}

fn authority(target: &str) -> Result<String, LocalError> {
    let wrong = |reason: String| LocalError::Target { target: target.to_owned(), reason };
    let uri: Uri = target.parse().map_err(|error| wrong(format!("{error}")))?;
    if uri.scheme_str() != Some("http") {
        return Err(wrong("the scheme must be http".to_owned()));
    }
    uri.authority().map(ToString::to_string).ok_or_else(|| wrong("it names no host".to_owned()))
}
