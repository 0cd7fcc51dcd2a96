//! The thread that each local server runs on.

use std::net::{Ipv4Addr, SocketAddr};
use std::thread::JoinHandle;

use tokio::net::{TcpListener, TcpSocket};
use tokio::runtime::Runtime;
use tokio::sync::oneshot;

use crate::LocalError;

/// Connections that may wait to be accepted.
pub(crate) const BACKLOG: u32 = 1024;

/// A server on its own thread and its own tokio runtime. Dropping it closes the port and every
/// connection, and returns when that is done.
#[derive(Debug)]
pub(crate) struct Server {
    address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    /// Binds `127.0.0.1:port` (0: any free port) and runs `serve` on it. Returns when the port
    /// accepts connections.
    ///
    /// # Errors
    /// The port is taken, or the thread cannot be created.
    pub(crate) async fn start<F, Fut>(
        name: &'static str,
        port: u16,
        threads: Threads,
        serve: F,
    ) -> Result<Self, LocalError>
    where
        F: FnOnce(TcpListener) -> Fut + Send + 'static,
        Fut: Future<Output = ()>,
    {
        let (stop, stopped) = oneshot::channel::<()>();
        let (report, ready) = oneshot::channel();
        let thread = std::thread::Builder::new()
            .name(format!("signet-local {name}"))
            .spawn(move || {
                let (runtime, listener, address) = match open(name, port, threads) {
                    Ok(opened) => opened,
                    Err(error) => {
                        // Whoever asked may have stopped waiting; then nobody needs the answer.
                        drop(report.send(Err(error)));
                        return;
                    }
                };
                if report.send(Ok(address)).is_err() {
                    return;
                }
                runtime.block_on(async {
                    tokio::select! {
                        () = serve(listener) => {}
                        // An error says that the handle is gone, which means the same.
                        _ = stopped => {}
                    }
                });
            })
            .map_err(|source| LocalError::Thread { server: name, source })?;
        let address = ready.await.map_err(|_| LocalError::Stopped { server: name })??;
        Ok(Self { address, stop: Some(stop), thread: Some(thread) })
    }

    /// Where the server listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // A panic of the server's thread has been printed by that thread.
            drop(thread.join());
        }
    }
}

/// How many worker threads a server's runtime has.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Threads {
    /// The server's own thread only: short, even waits.
    One,
    /// Two workers, for a server that computes.
    Two,
}

fn open(name: &'static str, port: u16, threads: Threads) -> Result<(Runtime, TcpListener, SocketAddr), LocalError> {
    let mut builder = match threads {
        Threads::One => tokio::runtime::Builder::new_current_thread(),
        Threads::Two => {
            let mut builder = tokio::runtime::Builder::new_multi_thread();
            builder.worker_threads(2);
            builder
        }
    };
    let runtime = builder.enable_all().build().map_err(|source| LocalError::Thread { server: name, source })?;
    let guard = runtime.enter();
    let wanted = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let listen = || -> std::io::Result<(TcpListener, SocketAddr)> {
        let listener = bind(wanted, port == 0)?.listen(BACKLOG)?;
        let address = listener.local_addr()?;
        Ok((listener, address))
    };
    let (listener, address) = listen().map_err(|source| LocalError::Listen { address: wanted, source })?;
    drop(guard);
    Ok((runtime, listener, address))
}

/// A bound socket that can listen. Accepted connections inherit `TCP_NODELAY` (Linux): without
/// it an answer of several segments can wait 40 ms for a delayed acknowledgement.
///
/// A `shared` port can be bound once more by this process while it is in use, so that it can be
/// handed over without being free for a moment. The system never chooses a port that another
/// socket has, shared or not; a port that a person chose must not be shared, lest two servers
/// answer on it by turns.
pub(crate) fn bind(address: SocketAddr, shared: bool) -> std::io::Result<TcpSocket> {
    let socket = TcpSocket::new_v4()?;
    if shared {
        socket.set_reuseport(true)?;
    } else {
        // Connections of an earlier run that linger do not keep the port from the next.
        socket.set_reuseaddr(true)?;
    }
    socket.set_nodelay(true)?;
    socket.bind(address)?;
    Ok(socket)
}
