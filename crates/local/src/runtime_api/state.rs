//! The invocations of a function, waiting and under way.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Instant;

use tokio::sync::{mpsc, oneshot, watch};

use super::Invocation;
use crate::sync::lock;

/// How far the function has come in starting.
#[derive(Debug, Clone, Default)]
pub(super) struct Startup {
    pub(super) first_poll: Option<Instant>,
    pub(super) init_error: Option<String>,
}

/// Shared by the handle and the routes.
#[derive(Debug)]
pub(super) struct State {
    next_id: AtomicU64,
    queue: mpsc::UnboundedSender<Work>,
    waiting: tokio::sync::Mutex<mpsc::UnboundedReceiver<Work>>,
    running: Mutex<HashMap<String, Running>>,
    startup: watch::Sender<Startup>,
}

/// An invocation that nobody has taken yet.
#[derive(Debug)]
pub(super) struct Work {
    pub(super) id: String,
    pub(super) payload: Vec<u8>,
    pub(super) deadline: Instant,
    taken: Arc<AtomicBool>,
    outcome: oneshot::Sender<Invocation>,
}

/// An invocation that the function has taken.
#[derive(Debug)]
struct Running {
    handed_out: Instant,
    outcome: oneshot::Sender<Invocation>,
}

/// The caller's side of an invocation.
#[derive(Debug)]
pub(super) struct Pending {
    id: String,
    taken: Arc<AtomicBool>,
    outcome: oneshot::Receiver<Invocation>,
}

impl Pending {
    pub(super) fn id(&self) -> &str {
        &self.id
    }

    pub(super) fn is_taken(&self) -> bool {
        self.taken.load(Ordering::Acquire)
    }

    /// `None`: the server is gone.
    pub(super) async fn outcome(&mut self) -> Option<Invocation> {
        (&mut self.outcome).await.ok()
    }
}

impl State {
    pub(super) fn new() -> (Self, watch::Receiver<Startup>) {
        let (queue, waiting) = mpsc::unbounded_channel();
        let (startup, watch) = watch::channel(Startup::default());
        let state = Self {
            next_id: AtomicU64::new(1),
            queue,
            waiting: tokio::sync::Mutex::new(waiting),
            running: Mutex::default(),
            startup,
        };
        (state, watch)
    }

    pub(super) fn enqueue(&self, payload: Vec<u8>, deadline: Instant) -> Pending {
        let number = self.next_id.fetch_add(1, Ordering::Relaxed);
        // The form of a UUID, which clients may expect of a request id.
        let id = format!("00000000-0000-4000-8000-{number:012x}");
        let taken = Arc::new(AtomicBool::new(false));
        let (outcome, receiver) = oneshot::channel();
        let work = Work { id: id.clone(), payload, deadline, taken: Arc::clone(&taken), outcome };
        // It cannot fail: the receiving end lives in this very struct.
        drop(self.queue.send(work));
        Pending { id, taken, outcome: receiver }
    }

    /// Waits for an invocation whose caller still waits for it. To be dropped while it waits if
    /// the function goes away, and then takes nothing.
    pub(super) async fn take(&self) -> Option<Work> {
        self.startup.send_if_modified(|startup| {
            let first = startup.first_poll.is_none();
            if first {
                startup.first_poll = Some(Instant::now());
            }
            first
        });
        let mut waiting = self.waiting.lock().await;
        loop {
            let work = waiting.recv().await?;
            if !work.outcome.is_closed() {
                return Some(work);
            }
        }
    }

    /// Notes that the function has the invocation; gives id and payload.
    pub(super) fn hand_out(&self, work: Work) -> (String, Vec<u8>) {
        work.taken.store(true, Ordering::Release);
        let running = Running { handed_out: Instant::now(), outcome: work.outcome };
        lock(&self.running).insert(work.id.clone(), running);
        (work.id, work.payload)
    }

    /// Ends an invocation; false if there is none of this id under way.
    pub(super) fn finish(&self, id: &str, body: Vec<u8>, failed: bool) -> bool {
        let now = Instant::now();
        let Some(running) = lock(&self.running).remove(id) else {
            return false;
        };
        let elapsed = now.duration_since(running.handed_out);
        let outcome = if failed { Invocation::Error { body, elapsed } } else { Invocation::Response { body, elapsed } };
        // The caller may have stopped waiting; the function is told all the same that its
        // answer was taken, as Lambda does.
        drop(running.outcome.send(outcome));
        true
    }

    pub(super) fn init_failed(&self, body: String) {
        self.startup.send_modify(|startup| startup.init_error = Some(body));
    }
}
