//! A compiled function in a process of its own, in the environment that Lambda gives it.

mod log;
mod memory;

use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use crate::runtime_api::RuntimeApi;
use crate::sync::lock;
use log::Log;
pub use memory::Memory;

/// The ARN that every function has here; AWS reserves the account id for examples.
pub const ARN: &str = "arn:aws:lambda:eu-central-1:111122223333:function:local";

pub(crate) const JSON: &str = "application/json";

/// What Lambda sets, with stand-ins for what differs from one deployment to the next
/// ("Defined runtime environment variables" in its documentation). The credentials are no
/// secrets: the local DynamoDB takes any.
const ENVIRONMENT: [(&str, &str); 14] = [
    ("AWS_LAMBDA_FUNCTION_NAME", "local"),
    ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST"),
    ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "512"),
    ("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand"),
    ("AWS_LAMBDA_LOG_GROUP_NAME", "/aws/lambda/local"),
    ("AWS_LAMBDA_LOG_STREAM_NAME", "local"),
    ("AWS_REGION", "eu-central-1"),
    ("AWS_DEFAULT_REGION", "eu-central-1"),
    ("AWS_ACCESS_KEY_ID", "local"),
    ("AWS_SECRET_ACCESS_KEY", "local"),
    ("AWS_SESSION_TOKEN", "local"),
    ("_HANDLER", "bootstrap"),
    ("LANG", "en_US.UTF-8"),
    ("TZ", ":UTC"),
];

/// A running function. Dropping it kills the process and waits until it is gone.
#[derive(Debug)]
pub struct Function {
    child: Mutex<Child>,
    pid: u32,
    spawned_at: Instant,
    log: Log,
}

/// Why a function could not be started or watched.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FunctionError {
    /// The process could not be started.
    #[error("cannot start the function `{binary}`, is it built? {source}")]
    Spawn {
        /// The binary.
        binary: String,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// The process cannot be asked for its state.
    #[error("cannot read the state of process {pid}: {source}")]
    State {
        /// The process id.
        pid: u32,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// The kernel does not tell a figure, most often since the process has ended.
    #[error("the kernel gives no `{field}` for process {pid}, which has probably ended")]
    Memory {
        /// The process id.
        pid: u32,
        /// The line that is missing in `/proc/<pid>/status`.
        field: &'static str,
    },
    /// No line of the log was what was waited for.
    #[error("{end} without the awaited log line; the log ends with:\n{tail}")]
    NotLogged {
        /// What ended the wait: the time was over, or the function closed its output.
        end: String,
        /// The last lines of the log.
        tail: String,
    },
}

impl Function {
    /// Starts `binary` against `runtime_api`. Nothing of this process' environment is passed
    /// on: the function gets what Lambda sets (region `eu-central-1`, 512 MB, any credentials)
    /// and then `environment`, which may replace it.
    ///
    /// # Errors
    /// The process cannot be started.
    pub fn spawn(
        binary: &Path,
        environment: &[(String, String)],
        runtime_api: &RuntimeApi,
    ) -> Result<Self, FunctionError> {
        Self::spawn_with(binary, &[], environment, runtime_api)
    }

    /// As [`spawn`](Self::spawn), with arguments: for interpreters. `binary` is a path, since
    /// the function's environment has no `PATH`.
    ///
    /// # Errors
    /// The process cannot be started.
    pub fn spawn_with(
        binary: &Path,
        arguments: &[String],
        environment: &[(String, String)],
        runtime_api: &RuntimeApi,
    ) -> Result<Self, FunctionError> {
        let failed = |source| FunctionError::Spawn { binary: binary.display().to_string(), source };
        let spawned_at = Instant::now();
        let mut child = Command::new(binary)
            .args(arguments)
            .env_clear()
            .env("AWS_LAMBDA_RUNTIME_API", runtime_api.address())
            .envs(ENVIRONMENT)
            .envs(environment.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(failed)?;
        let pid = child.id();
        let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
        // From here on a drop ends the process, also if its output cannot be read.
        let mut function = Self { child: Mutex::new(child), pid, spawned_at, log: Log::default() };
        function.log.read(stdout).map_err(failed)?;
        function.log.read(stderr).map_err(failed)?;
        Ok(function)
    }

    /// The process id.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.pid
    }

    /// Just before the process was started; with
    /// [`RuntimeApi::first_poll`](crate::runtime_api::RuntimeApi::first_poll) this is the time
    /// that a cold start takes.
    #[must_use]
    pub fn spawned_at(&self) -> Instant {
        self.spawned_at
    }

    /// How the process ended; `None` while it runs.
    ///
    /// # Errors
    /// The operating system does not tell.
    pub fn exit_status(&self) -> Result<Option<ExitStatus>, FunctionError> {
        lock(&self.child).try_wait().map_err(|source| FunctionError::State { pid: self.pid, source })
    }

    /// The lines that the function has written so far, to standard output and standard error,
    /// in the order of their arrival. Bytes that are not UTF-8 are replaced.
    #[must_use]
    pub fn logs(&self) -> Vec<String> {
        self.log.lines()
    }

    /// The first line of the log that `wanted` says yes to, past lines included. Waits for it.
    ///
    /// # Errors
    /// The time is over, or the function has closed its output, without such a line.
    pub async fn wait_for_log(
        &self,
        wanted: impl Fn(&str) -> bool,
        timeout: Duration,
    ) -> Result<String, FunctionError> {
        self.log.wait_for(wanted, timeout).await
    }

    /// The memory that the process takes.
    ///
    /// # Errors
    /// It has ended, or `/proc` cannot be read (Linux only).
    pub fn memory(&self) -> Result<Memory, FunctionError> {
        memory::of(self.pid)
    }
}

impl Drop for Function {
    fn drop(&mut self) {
        let mut child = lock(&self.child);
        // Both fail only if the process is gone already, which is what is wanted.
        drop(child.kill());
        drop(child.wait());
    }
}
