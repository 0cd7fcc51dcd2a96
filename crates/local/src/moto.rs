//! IAM, STS and Cognito user pools, in any number of accounts: moto's server, in a process of its own.

use std::io::{BufRead as _, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::sync::lock;

/// How long the server may take to listen: 0.6 s by itself, more on a busy machine.
const PATIENCE: Duration = Duration::from_mins(1);
/// How many of the last lines of its log an error shows.
const TAIL: usize = 20;

/// What the server is told of its surroundings, and all of it. It calls nobody; should a part of it
/// want credentials, it finds these and looks for no others.
const ENVIRONMENT: [(&str, &str); 5] = [
    ("AWS_ACCESS_KEY_ID", "local"),
    ("AWS_SECRET_ACCESS_KEY", "local"),
    ("AWS_DEFAULT_REGION", "eu-central-1"),
    ("AWS_EC2_METADATA_DISABLED", "true"),
    ("NO_PROXY", "*"),
];

/// IAM, STS and Cognito user pools on a port of 127.0.0.1, empty at the start. Dropping it kills the process
/// and waits until it is gone; killing the process that started it ends it as well.
///
/// It takes any credentials, and any Region of a partition that it knows. Calls with credentials that it
/// has not given out are calls in account `123456789012`; `AssumeRole` of a role in another account gives
/// credentials for that account, whether or not there is such a role and whom it trusts. It checks policy
/// documents, but no permissions; it knows no quotas and throttles nobody. In `ListRoles`, trust policies
/// are not URL-encoded as AWS encodes them (one with a `%` cannot be read there); `CreateSAMLProvider`
/// replaces a provider of the same name; client ids cannot be added to or removed from an OIDC provider. A
/// user pool that was given attributes has no standard ones beside them.
///
/// ```no_run
/// # fn main() -> Result<(), signet_local::moto::MotoError> {
/// let moto = signet_local::moto::Moto::start()?;
/// assert!(moto.endpoint().starts_with("http://127.0.0.1:"));
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Moto {
    endpoint: String,
    log: Log,
    child: Child,
}

/// Why moto's server could not be started.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MotoError {
    /// Its environment is not installed, or was made for another folder.
    #[error("moto is not installed in `{folder}`; run `make setup` first")]
    Missing {
        /// Where it should be.
        folder: String,
    },
    /// The process could not be started.
    #[error("cannot start moto with `{python}`; run `make setup` again if it does not start by itself: {source}")]
    Spawn {
        /// The interpreter.
        python: String,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// It does not listen.
    #[error("moto's server {end} before it listened; its log ends with:\n{tail}")]
    NotReady {
        /// What ended the wait: it ended, or the time was over.
        end: &'static str,
        /// The last lines of its log.
        tail: String,
    },
}

#[derive(Debug, Clone, Default)]
struct Log(Arc<Mutex<Vec<String>>>);

impl Moto {
    /// Starts on a free port; returns when it accepts connections. Blocks the thread for about a second.
    ///
    /// # Errors
    /// The Python environment that `make setup` makes is not there, or the server does not start within a
    /// minute.
    pub fn start() -> Result<Self, MotoError> {
        Self::start_from(&environment())
    }

    fn start_from(environment: &Path) -> Result<Self, MotoError> {
        if !environment.join(".stamp").is_file() {
            return Err(MotoError::Missing { folder: environment.display().to_string() });
        }
        let python = environment.join("bin/python");
        let failed = |source| MotoError::Spawn { python: python.display().to_string(), source };
        let mut child = Command::new(&python)
            // Isolated: neither this folder nor the user's packages take part.
            .args(["-I", "-B", "-u", "-c", include_str!("moto/serve.py")])
            .env_clear()
            .envs(ENVIRONMENT)
            // Held open by `child`: its end is the server's.
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(failed)?;
        let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
        // From here on a drop ends the process.
        let mut moto = Self { endpoint: String::new(), log: Log::default(), child };
        moto.log.read(stderr).map_err(failed)?;
        let (report, listening) = mpsc::channel();
        std::thread::Builder::new()
            .name("signet-local moto".to_owned())
            .spawn(move || {
                let line = stdout.and_then(|stdout| BufReader::new(stdout).lines().next()?.ok());
                // Whoever asked may have stopped waiting.
                let _ = report.send(line.and_then(|line| line.trim().parse::<u16>().ok()));
            })
            .map_err(failed)?;
        let end = match listening.recv_timeout(PATIENCE) {
            Ok(Some(port)) => {
                moto.endpoint = format!("http://127.0.0.1:{port}");
                return Ok(moto);
            }
            Ok(None) | Err(RecvTimeoutError::Disconnected) => "ended",
            Err(RecvTimeoutError::Timeout) => "needed a minute",
        };
        moto.stop();
        Err(MotoError::NotReady { end, tail: moto.log.tail() })
    }

    /// Where they all are, for `AWS_ENDPOINT_URL`: `http://127.0.0.1:PORT`.
    #[must_use]
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// The process id.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// What the server has written to its log: its failures, each with its reason.
    #[must_use]
    pub fn log(&self) -> Vec<String> {
        lock(&self.log.0).clone()
    }

    fn stop(&mut self) {
        // Both fail only if the process is gone already, which is what is wanted.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

impl Drop for Moto {
    fn drop(&mut self) {
        self.stop();
    }
}

impl Log {
    /// Reads `stream` to its end, on a thread of its own.
    fn read(&self, stream: Option<impl Read + Send + 'static>) -> std::io::Result<()> {
        let Some(stream) = stream else {
            return Ok(());
        };
        let lines = Arc::clone(&self.0);
        let read = move || {
            for line in BufReader::new(stream).lines().map_while(Result::ok) {
                lock(&lines).push(line);
            }
        };
        std::thread::Builder::new().name("signet-local moto log".to_owned()).spawn(read)?;
        Ok(())
    }

    fn tail(&self) -> String {
        let lines = lock(&self.0);
        let first = lines.len().saturating_sub(TAIL);
        lines.iter().skip(first).map(String::as_str).collect::<Vec<_>>().join("\n")
    }
}

/// Where `make setup` installs tests/requirements.txt.
fn environment() -> PathBuf {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../target/ministack")).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_environment_says_what_to_do() {
        let error = Moto::start_from(Path::new("/nonexistent/environment")).unwrap_err().to_string();
        assert_eq!(error, "moto is not installed in `/nonexistent/environment`; run `make setup` first");
    }
}
