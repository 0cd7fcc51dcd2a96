//! The function as its handler: its three kinds of invocation, a real table in memory, the queue, the
//! alert topic and STS behind real clients, and IAM in memory.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::missing_panics_doc,
    missing_docs,
    unreachable_pub,
    reason = "a test that fails shall fail loudly, and its support is for these tests alone"
)]

mod aws;
mod faults;
mod iam;
mod schedule;
#[allow(dead_code, reason = "another function's tests use all of it")]
#[path = "../../../entitlement-sync/tests/handler/sns.rs"]
mod sns;
mod started;
mod stream;
mod support;
mod worker;
