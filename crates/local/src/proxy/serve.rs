//! The proxy's port and its connections.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;

use super::answer::{Target, answer};
use super::state::State;
use crate::LocalError;
use crate::server::{BACKLOG, bind};

/// An order to open or close the port, answered when that is done.
#[derive(Debug)]
pub(super) struct Door {
    pub(super) open: bool,
    pub(super) done: oneshot::Sender<Result<(), LocalError>>,
}

/// The port: listening, or held without listening, which refuses connections and keeps every
/// other process off it.
enum Port {
    Open(TcpListener),
    Held(TcpSocket),
    /// It could not be opened again.
    Lost,
}

/// Serves until the handle is gone.
pub(super) async fn serve(
    listener: TcpListener,
    mut commands: mpsc::UnboundedReceiver<Door>,
    target: String,
    state: Arc<State>,
) {
    let Ok(address) = listener.local_addr() else {
        return;
    };
    let target = Arc::new(Target::new(target));
    let mut port = Port::Open(listener);
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = accept(&port) => match accepted {
                Ok(stream) => {
                    connections.spawn(connection(stream, Arc::clone(&target), Arc::clone(&state)));
                }
                // Most likely out of file descriptors: wait until some are free again.
                Err(_) => tokio::time::sleep(Duration::from_millis(10)).await,
            },
            Some(_) = connections.join_next() => {}
            command = commands.recv() => {
                let Some(Door { open, done }) = command else { return };
                let (next, result) = turn(port, open, address);
                port = next;
                if !open {
                    connections.shutdown().await;
                }
                // Whoever asked may have stopped waiting.
                drop(done.send(result));
            }
        }
    }
}

async fn accept(port: &Port) -> std::io::Result<TcpStream> {
    match port {
        Port::Open(listener) => listener.accept().await.map(|(stream, _)| stream),
        Port::Held(_) | Port::Lost => std::future::pending().await,
    }
}

/// Opens or closes the port. There is no moment at which another process could take it.
fn turn(port: Port, open: bool, address: SocketAddr) -> (Port, Result<(), LocalError>) {
    let failed = |source| Err(LocalError::Listen { address, source });
    match (port, open) {
        (Port::Open(listener), false) => match bind(address, true) {
            Ok(held) => (Port::Held(held), Ok(())),
            Err(source) => (Port::Open(listener), failed(source)),
        },
        (Port::Held(socket), true) => match socket.listen(BACKLOG) {
            Ok(listener) => (Port::Open(listener), Ok(())),
            Err(source) => (Port::Lost, failed(source)),
        },
        (Port::Lost, _) => (Port::Lost, failed(std::io::ErrorKind::NotConnected.into())),
        (port, _) => (port, Ok(())),
    }
}

async fn connection(stream: TcpStream, target: Arc<Target>, state: Arc<State>) {
    let service = service_fn(|request| answer(request, &target, &state));
    let served = http1::Builder::new().serve_connection(TokioIo::new(stream), service);
    // Broken connections are what this proxy is for: the client tells its side of it.
    let _: Result<(), Option<Infallible>> = served.await.map_err(|_| None);
}
