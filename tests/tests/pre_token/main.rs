//! The compiled pre token generation trigger on real parts: a Lambda Runtime API, a DynamoDB API over HTTP, a
//! table that the compiled `signet` command fills, and what a user pool and an identity pool make of the
//! answers.
//!
//! | Module | Holds |
//! |---|---|
//! | `path` | every sample event, from Cognito's event to the tokens and the session |
//! | `bad_input` | what is no event of the trigger, and events that are not what they should be |
//! | `faults` | a table that fails in every way |
//! | `explained` | that `signet explain` says the same |
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may stop at the first surprise"
)]

mod bad_input;
mod explained;
mod faults;
mod path;

use signet_tests::stack::{Settings, Stack};
use signet_tests::subject::Kind;

/// The role that `Clinical Readers` opens, and its code.
const CLINICAL_READER: &str = "arn:aws:iam::111122223333:role/data/clinical-reader";
const CLINICAL_READERS: &str = "qwq3";

async fn started() -> Stack {
    Settings::of(Kind::PreToken).start().await
}
