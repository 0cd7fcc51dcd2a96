//! The hook as a function of a call and a table in memory.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    unreachable_pub,
    reason = "a test that fails shall fail loudly, and its support is for these tests alone"
)]

mod calls;
mod events;
mod grants;
mod mutations;
mod support;
mod tokens;
mod wire;

#[test]
fn every_shared_case() {
    signet_cases::run::assert_all::<wire::TokenWire>();
}
