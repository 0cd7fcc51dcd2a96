//! Why a stand-in could not be started or switched.

use std::net::SocketAddr;

/// Why a local server could not be started or switched.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LocalError {
    /// The address could not be bound, most often because another process listens there.
    #[error("cannot listen on `{address}`, choose a free port: {source}")]
    Listen {
        /// The address asked for; port 0 stands for any free one.
        address: SocketAddr,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// The server's thread or its tokio runtime could not be created.
    #[error("cannot start the thread of the local `{server}` server: {source}")]
    Thread {
        /// Which server.
        server: &'static str,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// The server's thread ended before it could answer.
    #[error("the local `{server}` server stopped before it could answer; start another one")]
    Stopped {
        /// Which server.
        server: &'static str,
    },
    /// The embedded database could not be opened.
    #[error("cannot open the embedded database: {0}")]
    Database(String),
    /// The proxy's target is not an address that it can call.
    #[error("`{target}` is not an endpoint, give `http://HOST:PORT`: {reason}")]
    Target {
        /// The endpoint that was given.
        target: String,
        /// What is wrong with it.
        reason: String,
    },
}
