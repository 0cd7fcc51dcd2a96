//! Wires the `signet` command to the clock, the terminal and the environment.

use std::io::{IsTerminal, StdinLock};
use std::process::ExitCode;

use clap::Parser;
use signet_cli::args::Args;
use signet_cli::commands;
use signet_cli::console::Console;
use signet_core::grant::Timestamp;

fn main() -> ExitCode {
    // Prints help and usage errors, and ends with 0 or 2.
    let args = Args::parse();
    let stdin = std::io::stdin();
    let interactive = stdin.is_terminal();
    let mut input = stdin.lock();
    let mut out = std::io::stdout().lock();
    let mut err = std::io::stderr().lock();
    let mut console = if interactive {
        Console::new(&mut out, &mut err, Some(&mut input))
    } else {
        Console::new(&mut out, &mut err, None::<&mut StdinLock<'_>>).with_piped(&mut input)
    };
    let runtime = match tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            console.message(&format!("error: cannot start: {error}"));
            return ExitCode::FAILURE;
        }
    };
    let Some(now) = now() else {
        console.message("error: this machine's clock is wrong: it stands before 1970");
        return ExitCode::FAILURE;
    };
    let exit = match runtime.block_on(commands::run(args, now, clock, &mut console)) {
        Ok(exit) => exit,
        Err(failure) => {
            if !failure.is_silent() {
                console.message(&failure.report());
            }
            failure.exit()
        }
    };
    exit.into()
}

/// The moment, in whole seconds; none of a clock that stands before 1970, which says nothing about
/// what has expired.
#[expect(clippy::disallowed_methods, reason = "the program's edge reads the clock")]
fn now() -> Option<Timestamp> {
    let since_1970 = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).ok()?;
    i64::try_from(since_1970.as_secs()).ok().map(Timestamp::from_seconds)
}

/// The moment, for work that takes its time. A clock that is set to before 1970 in the middle says of
/// every grant that it has ended.
fn clock() -> Timestamp {
    now().unwrap_or(Timestamp::from_seconds(i64::MAX / 2))
}
