//! Accounts are brought to what the table wants, whatever IAM does meanwhile.
#![allow(
    clippy::unwrap_used,
    clippy::unwrap_in_result,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may fail by a panic"
)]

mod support;

mod bounds;
mod crashes;
mod documents;
mod failures;
mod moto;
mod providers;
mod random;
mod stale;
mod sweep;
mod urgent;
