//! Why there are no figures.

use std::path::PathBuf;

use signet_core::invalid::InvalidValue;
use signet_local::LocalError;
use signet_local::dynoxide::DynoxideError;
use signet_local::function::FunctionError;
use signet_store::StoreError;
use signet_store::apply::ApplyError;

/// Why the benchmark ended without a report.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BenchError {
    /// A local server could not be started.
    #[error(transparent)]
    Local(#[from] LocalError),
    /// A function could not be started or watched.
    #[error(transparent)]
    Function(#[from] FunctionError),
    /// A table could not be made.
    #[error("the table cannot be filled: {0}")]
    Store(#[from] StoreError),
    /// A statement was refused.
    #[error("the table cannot be filled: {0}")]
    Apply(#[from] ApplyError),
    /// The embedded database refused items.
    #[error("the table cannot be filled: {0}")]
    Database(#[from] DynoxideError),
    /// The benchmark's own data does not fit Signet's rules.
    #[error("the benchmark's data is unfit: {0}")]
    Invalid(#[from] InvalidValue),
    /// The benchmark's own data contradicts itself.
    #[error("the benchmark's data is unfit: {0}")]
    Data(String),
    /// The command line asks for what there is not.
    #[error("{0}; see --help")]
    Usage(String),
    /// A program, a file or a part of this process is not to be had.
    #[error("`{path}` cannot be used: {cause}")]
    File {
        /// What it is about.
        path: PathBuf,
        /// What the operating system said.
        cause: std::io::Error,
    },
    /// A function did not start or did not answer.
    #[error("`{contender}` {cause}\nits log ends with:\n{log}")]
    Failed {
        /// Which function.
        contender: &'static str,
        /// What went wrong.
        cause: String,
        /// The last lines of its log.
        log: String,
    },
    /// A function gave a wrong answer, so its figures mean nothing.
    #[error("`{contender}` gave a wrong answer: {what}")]
    Wrong {
        /// Which function.
        contender: &'static str,
        /// What is wrong with it.
        what: String,
    },
    /// An event costs more than it may.
    #[error("too many calls of DynamoDB: {0}")]
    Over(String),
    /// Roles follow too slowly.
    #[error("the roles' figures are over their limits: {0}")]
    Slow(String),
    /// Somebody stopped it.
    #[error("interrupted; everything that was started is stopped")]
    Interrupted,
}
