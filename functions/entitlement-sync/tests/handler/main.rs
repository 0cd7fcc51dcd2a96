//! The function as its handler: batches in, a real table in memory, alerts over a real SNS client.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::missing_panics_doc,
    missing_docs,
    unreachable_pub,
    reason = "a test that fails shall fail loudly, and its support is for these tests alone"
)]

mod applying;
mod batches;
mod collisions;
mod faults;
mod mutations;
mod providers;
mod refusals;
mod sns;
mod started;
mod support;
