//! What the proxy was told and what it has seen.

use std::collections::BTreeMap;
use std::sync::Mutex;

use hyper::body::Bytes;

use super::Mode;
use crate::sync::lock;

/// A request as it arrived.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Recorded {
    /// The operation as in `x-amz-target`; empty without one.
    pub operation: String,
    /// The body.
    pub body: Bytes,
}

/// Shared by the handle and the connections.
#[derive(Debug, Default)]
pub(super) struct State(Mutex<Inner>);

#[derive(Debug, Default)]
struct Inner {
    mode: Mode,
    operation: Option<String>,
    left: Option<usize>,
    calls: BTreeMap<String, usize>,
    recorded: Option<Vec<Recorded>>,
}

impl State {
    pub(super) fn set(&self, mode: Mode, operation: Option<&str>, calls: Option<usize>) {
        let mut inner = lock(&self.0);
        inner.mode = mode;
        inner.operation = operation.map(str::to_owned);
        inner.left = calls;
    }

    /// Counts a request and says what to do with it.
    pub(super) fn arrived(&self, operation: &str, body: &Bytes) -> Mode {
        let mut inner = lock(&self.0);
        *inner.calls.entry(operation.to_owned()).or_default() += 1;
        if let Some(recorded) = &mut inner.recorded {
            recorded.push(Recorded { operation: operation.to_owned(), body: body.clone() });
        }
        let concerned = inner.operation.as_deref().is_none_or(|only| only == operation);
        match &mut inner.left {
            _ if !concerned => return Mode::Pass,
            Some(0) => return Mode::Pass,
            Some(left) => *left -= 1,
            None => {}
        }
        inner.mode.clone()
    }

    pub(super) fn calls(&self, operation: &str) -> usize {
        let inner = lock(&self.0);
        inner.calls.get(operation).copied().unwrap_or_default()
    }

    pub(super) fn total_calls(&self) -> usize {
        lock(&self.0).calls.values().sum()
    }

    pub(super) fn record(&self) {
        lock(&self.0).recorded = Some(Vec::new());
    }

    pub(super) fn recorded(&self) -> Vec<Recorded> {
        lock(&self.0).recorded.clone().unwrap_or_default()
    }
}
