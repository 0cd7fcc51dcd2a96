//! The trigger as a function of an event and a table in memory.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    unreachable_pub,
    reason = "a test that fails shall fail loudly, and its support is for these tests alone"
)]

mod answers;
mod events;
mod groups;
mod mutations;
mod people;
mod support;
mod versions;
mod wire;

#[test]
fn every_shared_case_of_a_user_pool_that_is_an_oidc_provider() {
    signet_cases::run::assert_all::<wire::OidcV2>();
    signet_cases::run::assert_all::<wire::OidcV3>();
}

#[test]
fn every_shared_case_of_an_identity_pool() {
    signet_cases::run::assert_all::<wire::PoolV1>();
    signet_cases::run::assert_all::<wire::PoolV2>();
    signet_cases::run::assert_all::<wire::PoolV3>();
}
