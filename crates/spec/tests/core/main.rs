//! Holds core against the specification on more than 100,000 random sign-ins of all protocols, and core
//! alone against the promises that hold whatever the specification says.
//!
//! | Module | Holds |
//! |---|---|
//! | `pools` | names, identities, claims: ordinary ones and hostile ones |
//! | `plan` | what proptest draws and shrinks: small numbers |
//! | `case` | a plan made into a sign-in |
//! | `subject` | a sign-in handed to core, and core's answer in the specification's words |
//! | `coverage` | what the cases of a run really reached |
//! | `agreement` | core decides what the specification decides |
//! | `promises` | what holds for core alone |
//! | `renderings` | one decision, whatever it is rendered as |
//! | `doors` | a person's sign-ins on the documents that core writes from the same table |
//! | `documents` | grants and gates in core's types (as `tests/trust` has them) |
//! | `values` | identities, tag characters and codes, one by one |
#![allow(
    clippy::unwrap_used,
    clippy::unwrap_in_result,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    reason = "a test may stop at the first surprise"
)]

mod agreement;
mod case;
mod coverage;
#[path = "../trust/documents.rs"]
mod documents;
mod doors;
mod plan;
mod pools;
mod promises;
mod renderings;
mod subject;
mod values;

use proptest::strategy::Strategy;
use proptest::test_runner::{Config, FileFailurePersistence, TestCaseError, TestRunner};

/// Runs a property on random values of a strategy; failures of former runs come first.
fn check<S: Strategy>(
    cases: u32,
    regressions: &'static str,
    strategy: &S,
    property: impl Fn(S::Value) -> Result<(), TestCaseError>,
) {
    let failure_persistence = Some(Box::new(FileFailurePersistence::Direct(regressions)) as _);
    let config = Config { cases, failure_persistence, max_shrink_iters: 20_000, ..Config::default() };
    if let Err(failure) = TestRunner::new(config).run(strategy, property) {
        panic!("{failure}");
    }
}

/// The file that keeps the seeds of a test's failures.
macro_rules! regressions {
    ($test:literal) => {
        concat!(env!("CARGO_MANIFEST_DIR"), "/proptest-regressions/", $test, ".txt")
    };
}
use regressions;
