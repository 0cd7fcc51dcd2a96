//! `signet-local dynamodb`: the embedded DynamoDB as a program, for local runs.

use std::io::{Read as _, Write as _};
use std::process::ExitCode;

use signet_local::LocalError;
use signet_local::dynamodb::DynamoDb;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::oneshot;

const USAGE: &str = "\
Usage: signet-local dynamodb [--port N] [--until-stdin-closes]

Runs an empty DynamoDB in memory on 127.0.0.1. Prints `listening on http://127.0.0.1:PORT`
when it accepts connections, and stops on SIGINT or SIGTERM.

  --port N               the port; without it, or with 0, any free one
  --until-stdin-closes   also stop when standard input ends, so that it never outlives the
                         program that started it
";

#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error(transparent)]
    Local(#[from] LocalError),
    #[error("{what}: {source}")]
    Io { what: &'static str, source: std::io::Error },
    #[error("{0}; `signet-local --help` says how to call it")]
    Usage(String),
}

enum Command {
    Help,
    DynamoDb { port: u16, until_stdin_closes: bool },
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("signet-local: {failure}");
            match failure {
                Failure::Usage(_) => ExitCode::from(2),
                Failure::Local(_) | Failure::Io { .. } => ExitCode::FAILURE,
            }
        }
    }
}

async fn run() -> Result<(), Failure> {
    let (port, until_stdin_closes) = match parse(std::env::args().skip(1))? {
        Command::Help => return print(USAGE),
        Command::DynamoDb { port, until_stdin_closes } => (port, until_stdin_closes),
    };
    // Before the port is announced: a signal that follows at once must not be missed.
    let listen = |kind| signal(kind).map_err(|source| Failure::Io { what: "cannot listen for signals", source });
    let mut interrupt = listen(SignalKind::interrupt())?;
    let mut terminate = listen(SignalKind::terminate())?;
    let dynamodb = DynamoDb::start_on(port).await?;
    print(&format!("listening on {}\n", dynamodb.endpoint()))?;
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
        () = stdin_closed(), if until_stdin_closes => {}
    }
    Ok(())
}

fn parse(arguments: impl Iterator<Item = String>) -> Result<Command, Failure> {
    let mut arguments = arguments;
    match arguments.next().as_deref() {
        Some("dynamodb") => {}
        Some("--help" | "-h") => return Ok(Command::Help),
        Some(other) => return Err(Failure::Usage(format!("unknown command `{other}`"))),
        None => return Err(Failure::Usage("a command is missing".to_owned())),
    }
    let (mut port, mut until_stdin_closes) = (0, false);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--help" | "-h" => return Ok(Command::Help),
            "--until-stdin-closes" => until_stdin_closes = true,
            "--port" => {
                let value = arguments.next().ok_or_else(|| Failure::Usage("`--port` needs a value".to_owned()))?;
                port = value.parse().map_err(|error| Failure::Usage(format!("port `{value}`: {error}")))?;
            }
            other => return Err(Failure::Usage(format!("unknown option `{other}`"))),
        }
    }
    Ok(Command::DynamoDb { port, until_stdin_closes })
}

fn print(text: &str) -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    out.write_all(text.as_bytes())
        .and_then(|()| out.flush())
        .map_err(|source| Failure::Io { what: "cannot write to standard output", source })
}

/// Resolves when standard input is at its end or cannot be read. Reads on a thread of its own,
/// which the end of the program does not wait for.
async fn stdin_closed() {
    let (closed, end) = oneshot::channel::<()>();
    std::thread::spawn(move || {
        let mut buffer = [0; 1024];
        let mut stdin = std::io::stdin().lock();
        while stdin.read(&mut buffer).is_ok_and(|n| n > 0) {}
        drop(closed);
    });
    // The sender is never used: it is dropped.
    drop(end.await);
}
