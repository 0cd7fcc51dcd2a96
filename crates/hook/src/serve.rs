//! Start, one invocation after the other, panics.

use std::cell::Cell;
use std::future::Future;
use std::io::{self, Write};
use std::panic::{AssertUnwindSafe, PanicHookInfo, catch_unwind};
use std::process::ExitCode;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use futures_util::FutureExt;
use lambda_runtime::{Diagnostic, LambdaEvent, Runtime, service_fn};
use serde::Serialize;
use serde::de::DeserializeOwned;
use signet_core::session::DecisionId;
use signet_store::Table;
use tokio::time::Instant;

use crate::config::{Config, ConfigError, Front};
use crate::dynamodb;
use crate::log::{self, Around, Level};
use crate::metrics::Metrics;
use crate::payload::{Answer, Payload};
use crate::record::Record;
use crate::refusal::Refusal;

/// What Lambda sets, and its runtime insists on.
const LAMBDA: [&str; 4] = [
    "AWS_LAMBDA_RUNTIME_API",
    "AWS_LAMBDA_FUNCTION_NAME",
    "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
    "AWS_LAMBDA_FUNCTION_VERSION",
];

/// The world outside, as functions, so that tests can give another one.
#[derive(Debug, Clone, Copy)]
pub struct Edge {
    /// The time, in milliseconds since 1970.
    pub now_ms: fn() -> i64,
    /// Random bytes for a decision's id; none if there are none to be had.
    pub random: fn() -> Option<[u8; 16]>,
}

impl Edge {
    /// The clock and the random bytes of the operating system.
    #[must_use]
    pub fn real() -> Self {
        Self { now_ms: system_time_ms, random: system_random }
    }
}

#[expect(clippy::disallowed_methods, reason = "this is the edge: everything else gets the time from here")]
fn system_time_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

fn system_random() -> Option<[u8; 16]> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).ok().map(|()| bytes)
}

/// What a function is invoked with. It can be anything: reading it never fails, so that the function
/// answers it, and not the runtime with an error of its own.
pub trait Event: DeserializeOwned + Default {
    /// When the request came in, by the clock of whoever passed it on, in milliseconds since 1970.
    fn time_epoch_ms(&self) -> Option<i64>;
}

/// What a function answers.
pub trait Reply {
    /// The answer as Lambda hands it on.
    type Body: Serialize;

    /// The answer, or the error that the invocation fails with.
    ///
    /// # Errors
    /// The error is an answer as well: whoever called reads it.
    fn reply(self) -> Result<Self::Body, Diagnostic>;
}

/// One invocation, as a handler gets it.
#[derive(Debug)]
pub struct Call<V = Payload> {
    /// What the function is invoked with.
    pub event: V,
    /// When it began, in milliseconds since 1970.
    pub now_ms: i64,
    /// When it began, for time-outs.
    pub began: Instant,
    /// The id of the decision to be made; none if there was no randomness for it.
    pub decision: Option<DecisionId>,
    /// Lambda's id of the invocation.
    pub request_id: String,
}

impl<V: Event> Call<V> {
    /// What a person can ask support about: the decision's id, or else the invocation's.
    #[must_use]
    pub fn reference(&self) -> &str {
        self.decision.as_ref().map_or(&self.request_id, DecisionId::as_str)
    }

    /// How long the function has, from its beginning.
    #[must_use]
    pub fn remaining(&self, deadline: Duration) -> Duration {
        crate::deadline::remaining(deadline, self.now_ms, self.event.time_epoch_ms())
    }
}

/// An answer, and what it leaves behind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conclusion<A = Answer> {
    /// The answer.
    pub answer: A,
    /// What is logged and counted.
    pub record: Record,
}

/// A sign-in function.
pub trait Handler {
    /// How people sign in, for logs: `saml`, `oidc`, `cognito`.
    const PROTOCOL: &'static str;

    /// What it is invoked with.
    type Event: Event;
    /// What it answers.
    type Answer: Reply;

    /// Answers one call. Always an answer: what goes wrong is one, too.
    fn handle(&self, call: &Call<Self::Event>) -> impl Future<Output = Conclusion<Self::Answer>>;

    /// The answer that denies. `reference` is what a person can ask support about.
    fn deny(refusal: &Refusal, reference: &str) -> Self::Answer;
}

/// Runs a function in Lambda until its sandbox ends. `binary` is its name, where Lambda gives none.
///
/// The connection to the table is opened before the first invocation. If that fails, the
/// function starts all the same: its sign-ins say what is wrong, and recover when the table does.
pub fn run<H: Handler>(binary: &str, front: Front, build: impl FnOnce(&Config, Table) -> H) -> ExitCode {
    let edge = Edge::real();
    std::panic::set_hook(Box::new(log_panic));
    match start(binary, front, edge, build) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            say(Level::Error, "start failed", &error.to_string());
            ExitCode::FAILURE
        }
    }
}

fn start<H: Handler>(
    binary: &str,
    front: Front,
    edge: Edge,
    build: impl FnOnce(&Config, Table) -> H,
) -> Result<(), lambda_runtime::Error> {
    let get = |name: &str| std::env::var(name).ok();
    let missing: Vec<String> =
        LAMBDA.iter().filter(|name| get(name).is_none()).map(|name| format!("`{name}`")).collect();
    if !missing.is_empty() {
        let hint = "this program is a Lambda function: run it in Lambda, or under `cargo lambda watch`";
        return Err(ConfigError(vec![format!("{} not set: {hint}", missing.join(", "))]).into());
    }
    let config = Config::from_environment(binary, front, get)?;
    let client = dynamodb::client(&config.dynamodb, config.deadline)?;
    let table = Table::new(client, config.table.clone());
    let metrics = match Metrics::install(&config.function) {
        Ok(metrics) => Some(metrics),
        Err(why) => {
            say(Level::Warn, "no metrics", &why);
            None
        }
    };
    // One sign-in at a time, and nothing to compute meanwhile: a second thread would only cost
    // start and memory.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        warm(&table, config.deadline).await;
        let handler = build(&config, table);
        serve(&handler, edge, metrics).await
    })
}

async fn warm(table: &Table, limit: Duration) {
    let why = match AssertUnwindSafe(tokio::time::timeout(limit, table.warm())).catch_unwind().await {
        Ok(Ok(Ok(_))) => return,
        Ok(Ok(Err(error))) => error.to_string(),
        Ok(Err(_)) => format!("no answer within {} ms", limit.as_millis()),
        Err(_) => "the function panicked".to_owned(),
    };
    say(Level::Warn, "table not reached at start", &why);
}

async fn serve<H: Handler>(handler: &H, edge: Edge, metrics: Option<Metrics>) -> Result<(), lambda_runtime::Error> {
    let cold_start = Cell::new(true);
    let cold_start = &cold_start;
    let service = service_fn(|event: LambdaEvent<H::Event>| async move {
        let (event, context) = event.into_parts();
        let cold_start = cold_start.replace(false);
        let keep = |record: &Record, around: &Around<'_>| {
            let mut out = io::stdout().lock();
            log::record(&mut out, record, around)?;
            if let Some(metrics) = metrics {
                metrics.record(&mut out, record, around.duration_ms, around.cold_start)?;
            }
            out.flush()
        };
        invoke(handler, edge, event, context.request_id, cold_start, keep).await.reply()
    });
    Runtime::new(service).run().await
}

/// Answers one invocation, and records it by way of `keep`. A panic is a denial.
async fn invoke<H: Handler>(
    handler: &H,
    edge: Edge,
    event: H::Event,
    request_id: String,
    cold_start: bool,
    keep: impl FnOnce(&Record, &Around<'_>) -> io::Result<()>,
) -> H::Answer {
    let call = Call {
        event,
        now_ms: (edge.now_ms)(),
        began: Instant::now(),
        decision: (edge.random)().map(DecisionId::from_random),
        request_id,
    };
    // The call of `handle` is inside, too: a handler may do something before its future is polled.
    let answered = AssertUnwindSafe(async { handler.handle(&call).await }).catch_unwind().await;
    let conclusion = answered.unwrap_or_else(|_| {
        let refusal = Refusal::Panic;
        Conclusion { answer: H::deny(&refusal, call.reference()), record: Record::refused(&refusal) }
    });
    let around = Around {
        now_ms: call.now_ms,
        protocol: H::PROTOCOL,
        decision_id: call.decision.as_ref().map(DecisionId::as_str),
        request_id: &call.request_id,
        duration_ms: milliseconds(call.began.elapsed()),
        cold_start,
    };
    // An answer that cannot be recorded is still the right answer, and Okta waits for it.
    match catch_unwind(AssertUnwindSafe(|| keep(&conclusion.record, &around))) {
        Ok(Ok(())) => {}
        Ok(Err(error)) => complain(&format!("the log cannot be written: {error}")),
        Err(_) => complain("the function panicked while it wrote the log"),
    }
    conclusion.answer
}

/// A duration in milliseconds, to the microsecond.
fn milliseconds(duration: Duration) -> f64 {
    f64::from(u32::try_from(duration.as_micros()).unwrap_or(u32::MAX)) / 1_000.0
}

/// Says where a panic was, and not what: the message of a panic may quote a request.
fn log_panic(info: &PanicHookInfo<'_>) {
    let place = info.location().map_or_else(|| "an unknown place".to_owned(), ToString::to_string);
    say(Level::Error, "panic", &place);
}

fn say(level: Level, message: &'static str, detail: &str) {
    let mut out = io::stdout().lock();
    if let Err(error) = log::event(&mut out, level, message, detail, system_time_ms()).and_then(|()| out.flush()) {
        complain(&format!("the log cannot be written: {error}: {message}: {detail}"));
    }
}

/// The last resort, where standard output is closed.
fn complain(text: &str) {
    // Nobody is left to tell if this fails, too.
    drop(writeln!(io::stderr(), "{text}"));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inline_hook;

    struct Fake(fn(&Call) -> Conclusion);

    impl Handler for Fake {
        const PROTOCOL: &'static str = "saml";

        type Event = Payload;
        type Answer = Answer;

        async fn handle(&self, call: &Call) -> Conclusion {
            tokio::task::yield_now().await;
            (self.0)(call)
        }

        fn deny(refusal: &Refusal, reference: &str) -> Answer {
            inline_hook::deny(refusal, reference)
        }
    }

    const EDGE: Edge = Edge { now_ms: || 1_800_000_000_000, random: || Some([7; 16]) };

    fn run(handler: fn(&Call) -> Conclusion, edge: Edge, keep: fn() -> io::Result<()>) -> (Answer, Option<String>) {
        let mut line = None;
        let answer = tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(invoke(
            &Fake(handler),
            edge,
            Payload::default(),
            "req-1".to_owned(),
            true,
            |record, around| {
                let mut out = Vec::new();
                log::record(&mut out, record, around)?;
                line = Some(String::from_utf8(out).unwrap());
                keep()
            },
        ));
        (answer, line)
    }

    fn refuse(call: &Call) -> Conclusion {
        Conclusion {
            answer: inline_hook::deny(&Refusal::NoApp, call.reference()),
            record: Record::refused(&Refusal::NoApp),
        }
    }

    #[test]
    fn a_panic_denies_and_is_logged() {
        let (answer, line) = run(|_| panic!("s3cret"), EDGE, || Ok(()));
        assert_eq!(answer, inline_hook::deny(&Refusal::Panic, DecisionId::from_random([7; 16]).as_str()));
        let line = line.unwrap();
        assert!(line.contains(r#""reason":"internal""#) && !line.contains("s3cret"), "{line}");
    }

    #[test]
    fn an_answer_survives_a_log_that_does_not() {
        let expected = inline_hook::deny(&Refusal::NoApp, DecisionId::from_random([7; 16]).as_str());
        let broken: [fn() -> io::Result<()>; 2] = [|| Err(io::ErrorKind::BrokenPipe.into()), || panic!("in the log")];
        for keep in broken {
            assert_eq!(run(refuse, EDGE, keep).0, expected);
        }
    }

    #[test]
    fn without_randomness_the_invocation_is_the_reference() {
        let (answer, line) = run(refuse, Edge { random: || None, ..EDGE }, || Ok(()));
        assert_eq!(answer, inline_hook::deny(&Refusal::NoApp, "req-1"));
        let line: serde_json::Value = serde_json::from_str(&line.unwrap()).unwrap();
        assert_eq!((&line["request.id"], line.get("decision.id")), (&"req-1".into(), None));
        assert_eq!(line["cold_start"], true);
    }
}
