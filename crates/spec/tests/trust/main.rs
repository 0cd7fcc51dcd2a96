//! Holds core's trust policies against the specification: the grants say who may come in, core writes
//! the document, and AWS's rules, as the specification has them, say who does.
//!
//! | Module | Holds |
//! |---|---|
//! | `plan` | what proptest draws and shrinks: small numbers, 0 the plainest of each kind |
//! | `pools` | providers, codes, tags and statements of others: ordinary ones and hostile ones |
//! | `documents` | grants and gates in core's types, and whom core would have a role trust |
//! | `world` | a plan made into grants and gates, and what core makes of them |
//! | `attempt` | a plan made into a sign-in, right but for what the plan says |
//! | `agreement` | who is let in is who may come in, beside whatever others have written |
//! | `changes` | from one state to the next: nothing opens that should not, withdrawals land |
//! | `dangling` | documents that name somebody who is deleted |
//! | `partitions` | identity pools outside the partition `aws` |
//! | `text` | documents of others, kept to the letter |
//! | `coverage` | what the cases of a run really reached |
#![allow(
    clippy::unwrap_used,
    clippy::unwrap_in_result,
    clippy::string_slice,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may stop at the first surprise"
)]

mod agreement;
mod attempt;
mod changes;
mod coverage;
mod dangling;
mod documents;
mod partitions;
mod plan;
mod pools;
mod text;
mod world;

use proptest::strategy::Strategy;
use proptest::test_runner::{Config, FileFailurePersistence, TestCaseError, TestRunner};

/// Runs a property on random values of a strategy; failures of former runs come first.
fn check<S: Strategy>(cases: u32, test: &str, strategy: &S, property: impl Fn(S::Value) -> Result<(), TestCaseError>) {
    let file = format!("{}/proptest-regressions/{test}.txt", env!("CARGO_MANIFEST_DIR"));
    // Persistence wants a name that lives as long as the program; there is one a test.
    let failure_persistence = Some(Box::new(FileFailurePersistence::Direct(Box::leak(file.into_boxed_str()))) as _);
    let config = Config { cases, failure_persistence, max_shrink_iters: 20_000, ..Config::default() };
    if let Err(failure) = TestRunner::new(config).run(strategy, property) {
        panic!("{failure}");
    }
}
