//! `make bench`: the sign-in function beside its peers, in one run. `bench/README.md` says what is
//! measured and how to read it; `bench/run` builds everything and starts this program.
//!
//! | Module | Holds |
//! |---|---|
//! | `args` | the command line |
//! | `contender` | the functions that are compared, and how each is started |
//! | `entitlements` | what the tables hold: groups, grants, the app |
//! | `fill` | bringing that into the tables |
//! | `request` | sign-ins, and the one right answer to each |
//! | `measure` | starts and warm invocations, in interleaved rounds |
//! | `simulated` | IAM in many accounts, at the rate that it has |
//! | `summary` | median, p99, extremes |
//! | `report` | the tables that are printed |
//! | `targets` | what is to be reached, and whether it is |
//! | `trust` | how fast roles follow a provider event |
//! | `writes` | what an event of a dataset costs |

mod args;
mod contender;
mod entitlements;
mod error;
mod fill;
mod measure;
mod report;
mod request;
mod simulated;
mod summary;
mod targets;
mod trust;
mod writes;

use std::process::ExitCode;

use clap::Parser;
use tokio::signal::unix::{SignalKind, signal};

use args::Args;
use error::BenchError;

fn main() -> ExitCode {
    let args = Args::parse();
    let outcome = tokio::runtime::Runtime::new()
        .map_err(|cause| BenchError::File { path: "tokio's runtime".into(), cause })
        .and_then(|runtime| runtime.block_on(until_interrupted(&args)));
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bench: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Runs to the end or the first signal. Either way every server and every function is dropped, and
/// with it stopped, before this returns.
async fn until_interrupted(args: &Args) -> Result<(), BenchError> {
    let mut interrupt = stopped_by(SignalKind::interrupt())?;
    let mut terminate = stopped_by(SignalKind::terminate())?;
    tokio::select! {
        outcome = run(args) => outcome,
        _ = interrupt.recv() => Err(BenchError::Interrupted),
        _ = terminate.recv() => Err(BenchError::Interrupted),
    }
}

fn stopped_by(kind: SignalKind) -> Result<tokio::signal::unix::Signal, BenchError> {
    signal(kind).map_err(|cause| BenchError::File { path: "a signal's handler".into(), cause })
}

async fn run(args: &Args) -> Result<(), BenchError> {
    let writes = writes::all().await?;
    if args.writes {
        println!("{}", report::writes(&writes));
        return writes::demand(&writes);
    }
    let trust = trust::measure().await?;
    if args.trust {
        println!("{}", report::trust(&trust));
        return trust.demand();
    }
    let plan = args.plan();
    let contenders = contender::all(args)?;
    let stage = fill::stage(&plan).await?;
    let results = measure::all(&plan, &contenders, &stage).await?;
    let text = report::render(&plan, &contenders, &results, &writes, &trust);
    println!("\n{text}");
    if let Some(parent) = args.report.parent() {
        std::fs::create_dir_all(parent).map_err(|cause| BenchError::File { path: parent.to_owned(), cause })?;
    }
    std::fs::write(&args.report, text).map_err(|cause| BenchError::File { path: args.report.clone(), cause })?;
    println!("The same as a file: {}", args.report.display());
    writes::demand(&writes)?;
    trust.demand()
}
