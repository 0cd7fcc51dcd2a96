//! Start, one invocation after the other.

use std::future::Future;
use std::panic::PanicHookInfo;
use std::process::ExitCode;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use lambda_runtime::{Context, LambdaEvent, Runtime, service_fn};
use metrics::Unit;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::time::Instant;

use crate::clients::{self, SdkConfig};
use crate::environment::ConfigError;
use crate::limit::{Cut, limit};
use crate::log::{Level, Log};
use crate::metrics::Metrics;

/// What Lambda sets, and its runtime insists on.
const LAMBDA: [&str; 4] = [
    "AWS_LAMBDA_RUNTIME_API",
    "AWS_LAMBDA_FUNCTION_NAME",
    "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
    "AWS_LAMBDA_FUNCTION_VERSION",
];

/// The most time that is kept back at the end of an invocation, for its answer and its log.
const MARGIN: Duration = Duration::from_secs(2);

/// The longest time that Lambda gives an invocation.
const LONGEST: Duration = Duration::from_mins(15);

/// The world outside, as values, so that tests can give another one.
#[derive(Debug, Clone)]
pub struct Edge {
    /// The time, in milliseconds since 1970.
    pub now_ms: fn() -> i64,
    /// Where log lines go.
    pub log: Log,
}

impl Edge {
    /// The clock of the operating system, and standard output.
    #[must_use]
    pub fn real() -> Self {
        Self { now_ms: system_time_ms, log: Log::stdout() }
    }
}

/// The clock of the operating system, in milliseconds since 1970: for a program's own edge, where it
/// has one besides [`Edge`].
#[must_use]
#[expect(clippy::disallowed_methods, reason = "this is the edge: everything else gets the time from here")]
pub fn system_time_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

/// One invocation, as a handler gets it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// Lambda's id of the invocation.
    pub request_id: String,
    /// The function's ARN, as it was invoked; the `source` of its alerts.
    pub function: String,
    /// Until when work may go on: Lambda's own deadline less what the answer needs.
    pub until: Instant,
}

impl Call {
    fn new(context: Context, now_ms: i64) -> Self {
        let until = Instant::now() + time_for_work(context.deadline, now_ms);
        let Context { request_id, invoked_function_arn, .. } = context;
        Self { request_id, function: invoked_function_arn, until }
    }
}

/// How long work may go on. Both times are in milliseconds since 1970.
fn time_for_work(deadline_ms: u64, now_ms: i64) -> Duration {
    let deadline_ms = i64::try_from(deadline_ms).unwrap_or(i64::MAX);
    let left = Duration::from_millis(u64::try_from(deadline_ms.saturating_sub(now_ms)).unwrap_or(0)).min(LONGEST);
    // Of a short time a fifth.
    left.saturating_sub(MARGIN.min(left / 5))
}

/// An event-driven function.
pub trait Handler {
    /// What it is invoked with. Anything else is an error of the invocation.
    type Payload: DeserializeOwned;
    /// What it answers.
    type Answer: Serialize;
    /// The numbers it counts, with their units.
    const NUMBERS: &'static [(&'static str, Unit)];

    /// Answers one invocation. What goes wrong with a part of it is part of the answer.
    fn handle(&self, call: &Call, payload: Self::Payload) -> impl Future<Output = Self::Answer>;

    /// Why the whole invocation failed, where the answer has no other way to say so: Lambda gets the
    /// sentence in place of the answer, as an error of the invocation, and does with it what it does
    /// with errors.
    fn failure(answer: &Self::Answer) -> Option<String> {
        let _ = answer;
        None
    }
}

/// Why an invocation has no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
enum NoAnswer {
    /// It panicked, or was never ended.
    #[error(transparent)]
    Cut(#[from] Cut),
    /// The handler says that it failed.
    #[error("{0}")]
    Failed(String),
}

/// Runs a function in Lambda until its sandbox ends.
pub fn run<C, H: Handler>(
    configure: impl FnOnce(fn(&str) -> Option<String>) -> Result<C, ConfigError>,
    build: impl FnOnce(C, &SdkConfig, Edge) -> H,
) -> ExitCode {
    let edge = Edge::real();
    std::panic::set_hook(Box::new(log_panic));
    match start(&edge, configure, build) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            edge.log.say((edge.now_ms)(), Level::Error, "start failed", &error.to_string());
            ExitCode::FAILURE
        }
    }
}

fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

fn start<C, H: Handler>(
    edge: &Edge,
    configure: impl FnOnce(fn(&str) -> Option<String>) -> Result<C, ConfigError>,
    build: impl FnOnce(C, &SdkConfig, Edge) -> H,
) -> Result<(), lambda_runtime::Error> {
    let missing = LAMBDA.iter().filter(|name| variable(name).is_none());
    let missing: Vec<String> = missing.map(|name| format!("`{name}`")).collect();
    if !missing.is_empty() {
        let hint = "this program is a Lambda function: run it in Lambda, or under `cargo lambda watch`";
        return Err(ConfigError(vec![format!("{} not set: {hint}", missing.join(", "))]).into());
    }
    let config = configure(variable)?;
    let function = variable("AWS_LAMBDA_FUNCTION_NAME").unwrap_or_default();
    let metrics = match Metrics::install(&function, H::NUMBERS) {
        Ok(metrics) => Some(metrics),
        Err(why) => {
            edge.log.say((edge.now_ms)(), Level::Warn, "no metrics", &why);
            None
        }
    };
    // Almost all of the time is spent waiting for AWS.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let handler = build(config, &clients::settings().await, edge.clone());
        serve(&handler, edge, metrics).await
    })
}

async fn serve<H: Handler>(handler: &H, edge: &Edge, metrics: Option<Metrics>) -> Result<(), lambda_runtime::Error> {
    let service = service_fn(|event: LambdaEvent<H::Payload>| async move {
        let (payload, context) = event.into_parts();
        let answer = answer(handler, context, payload, (edge.now_ms)()).await;
        if let Some(Err(error)) = metrics.map(|metrics| metrics.flush(&edge.log)) {
            edge.log.say((edge.now_ms)(), Level::Warn, "no metrics", &error.to_string());
        }
        answer.map_err(lambda_runtime::Error::from)
    });
    Runtime::new(service).run().await
}

/// Answers one invocation. A panic fails it: the whole of it comes again.
async fn answer<H: Handler>(
    handler: &H,
    context: Context,
    payload: H::Payload,
    now_ms: i64,
) -> Result<H::Answer, NoAnswer> {
    let call = Call::new(context, now_ms);
    // The call's own limit is the handler's to keep; this one is behind it.
    let behind = Instant::now() + LONGEST + MARGIN;
    let answer = limit(behind, async { handler.handle(&call, payload).await }).await?;
    match H::failure(&answer) {
        Some(why) => Err(NoAnswer::Failed(why)),
        None => Ok(answer),
    }
}

/// Says where a panic was, and not what: the message of a panic may quote an event.
fn log_panic(info: &PanicHookInfo<'_>) {
    let place = info.location().map_or_else(|| "an unknown place".to_owned(), ToString::to_string);
    Log::stdout().say(system_time_ms(), Level::Error, "panic", &place);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn some_time_is_kept_back_for_the_answer() {
        let now = 1_800_000_000_000;
        let left = |deadline| time_for_work(deadline, now).as_millis();
        assert_eq!(left(1_800_000_060_000), 58_000);
        assert_eq!(left(1_800_000_005_000), 4_000);
        assert_eq!(left(1_800_000_000_000), 0);
        assert_eq!(left(0), 0, "a deadline of the past");
        assert_eq!(left(u64::MAX), 898_000);
    }

    struct Fake;

    impl Handler for Fake {
        type Payload = bool;
        type Answer = String;
        const NUMBERS: &'static [(&'static str, Unit)] = &[];

        async fn handle(&self, call: &Call, panics: bool) -> String {
            assert!(!panics, "a test of panics");
            call.request_id.clone()
        }

        fn failure(answer: &String) -> Option<String> {
            (answer == "req-2").then(|| format!("`{answer}` failed"))
        }
    }

    #[tokio::test]
    async fn a_panic_fails_the_invocation() {
        let mut context = Context::default();
        "req-1".clone_into(&mut context.request_id);
        assert_eq!(answer(&Fake, context.clone(), false, 0).await, Ok("req-1".to_owned()));
        assert_eq!(answer(&Fake, context, true, 0).await, Err(Cut::Panic.into()));
    }

    #[tokio::test]
    async fn an_answer_may_stand_for_a_failure() {
        let mut context = Context::default();
        "req-2".clone_into(&mut context.request_id);
        assert_eq!(answer(&Fake, context, false, 0).await, Err(NoAnswer::Failed("`req-2` failed".to_owned())));
    }
}
