//! Starts and warm invocations, in interleaved rounds: whatever the machine does meanwhile falls on
//! all functions alike.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use signet_local::function::Function;
use signet_local::runtime_api::{Invocation, RuntimeApi};

use crate::args::{BLOCK, Plan, SIZES};
use crate::contender::{Contender, Kind};
use crate::error::BenchError;
use crate::fill::{Filled, Stage};
use crate::request::{Request, SECRET, pool};

/// Different requests of each size and table.
const POOL: usize = 64;
/// How many groups the first request of a process has.
pub(crate) const FIRST_GROUPS: usize = 20;
/// Nothing takes this long unless it is broken.
const PATIENCE: Duration = Duration::from_secs(30);
/// Lines of a function's log that an error shows.
const TAIL: usize = 15;
/// How often progress is said in each part.
const STEPS: usize = 4;

/// A table by its place on the stage.
pub(crate) type TableIndex = usize;

/// Everything that was measured.
#[derive(Debug, Default)]
pub(crate) struct Results {
    /// From the spawn to the first request for an invocation.
    pub(crate) first_polls: BTreeMap<Kind, Vec<Duration>>,
    /// The first invocation of a process.
    pub(crate) first_answers: BTreeMap<Kind, Vec<Duration>>,
    /// Invocations of a process that has had some, by table and number of groups.
    pub(crate) warm: BTreeMap<(Kind, TableIndex, usize), Vec<Duration>>,
    /// The most bytes of physical memory that a process took, over all numbers of groups.
    pub(crate) memory: BTreeMap<(Kind, TableIndex), u64>,
}

/// Measures everything.
pub(crate) async fn all(plan: &Plan, contenders: &[Contender], stage: &Stage) -> Result<Results, BenchError> {
    let mut results = Results::default();
    starts(plan, contenders, stage, &mut results).await?;
    warm(plan, contenders, stage, &mut results).await?;
    Ok(results)
}

async fn starts(plan: &Plan, contenders: &[Contender], stage: &Stage, results: &mut Results) -> Result<(), BenchError> {
    let Some(table) = stage.tables.first() else { return Ok(()) };
    let requests = pool(table, FIRST_GROUPS, POOL)?;
    // The first round only brings programs and libraries into the machine's memory.
    for (round, request) in (0..=plan.starts).zip(requests.iter().cycle()) {
        if round > 0 {
            say("Cold starts", round, plan.starts);
        }
        for contender in rotated(contenders, round) {
            let running = Running::start(contender, stage, table).await?;
            let first_poll = running.first_poll;
            let first_answer = running.invoke(request).await?;
            if round > 0 {
                results.first_polls.entry(contender.kind).or_default().push(first_poll);
                results.first_answers.entry(contender.kind).or_default().push(first_answer);
            }
        }
    }
    Ok(())
}

async fn warm(plan: &Plan, contenders: &[Contender], stage: &Stage, results: &mut Results) -> Result<(), BenchError> {
    let mut requests = BTreeMap::new();
    let mut functions = Vec::new();
    for (index, table) in stage.tables.iter().enumerate() {
        for size in SIZES {
            requests.insert((index, size), pool(table, size, POOL)?);
        }
    }
    eprintln!("==> Warm up: {} invocations of each function on each table", plan.warm_up);
    for contender in contenders {
        for (index, table) in stage.tables.iter().enumerate() {
            let running = Running::start(contender, stage, table).await?;
            for request in requests.get(&(index, FIRST_GROUPS)).into_iter().flatten().cycle().take(plan.warm_up) {
                running.invoke(request).await?;
            }
            functions.push((index, running));
        }
    }
    for round in 0..plan.rounds {
        say("Warm invocations", round + 1, plan.rounds);
        for size in SIZES {
            // A function's processes for both tables are neighbours: their ratio is a figure, too.
            for (index, running) in rotated(&functions, round) {
                let times = results.warm.entry((running.contender.kind, *index, size)).or_default();
                let requests = requests.get(&(*index, size)).into_iter().flatten().cycle();
                for request in requests.skip(round * BLOCK % POOL).take(BLOCK) {
                    times.push(running.invoke(request).await?);
                }
            }
        }
    }
    for (index, running) in &functions {
        results.memory.insert((running.contender.kind, *index), running.function.memory()?.peak);
    }
    Ok(())
}

/// All of them, each round from another one on.
fn rotated<T>(all: &[T], round: usize) -> impl Iterator<Item = &T> {
    all.iter().cycle().skip(round % all.len().max(1)).take(all.len())
}

fn say(what: &str, done: usize, of: usize) {
    if done == 1 || done == of || done.is_multiple_of(of.div_ceil(STEPS)) {
        eprintln!("==> {what}: round {done} of {of}");
    }
}

/// A function in a process of its own, with a Runtime API of its own. Dropping it stops both.
#[derive(Debug)]
struct Running<'a> {
    contender: &'a Contender,
    first_poll: Duration,
    // In this order: a function that outlives its Runtime API complains.
    function: Function,
    api: RuntimeApi,
}

impl<'a> Running<'a> {
    async fn start(contender: &'a Contender, stage: &Stage, table: &Filled) -> Result<Self, BenchError> {
        let api = RuntimeApi::start().await?;
        let environment = environment(stage, table);
        let function = Function::spawn_with(&contender.program, &contender.arguments, &environment, &api)?;
        let mut running = Self { contender, first_poll: Duration::ZERO, function, api };
        let first_poll: Instant = running.api.first_poll(PATIENCE).await.map_err(|error| running.failed(&error))?;
        running.first_poll = first_poll.saturating_duration_since(running.function.spawned_at());
        Ok(running)
    }

    /// Has the function answer, checks the answer, and says how long it took.
    async fn invoke(&self, request: &Request) -> Result<Duration, BenchError> {
        let outcome = self.api.invoke(request.payload.clone(), PATIENCE).await.map_err(|error| self.failed(&error))?;
        match outcome {
            Invocation::Error { body, .. } => {
                Err(self.failed(&format!("reported an error: {}", String::from_utf8_lossy(&body))))
            }
            Invocation::Response { body, elapsed } => {
                let contender = self.contender.kind.name();
                request.check(self.contender.kind, &body).map_err(|what| BenchError::Wrong { contender, what })?;
                Ok(elapsed)
            }
        }
    }

    fn failed(&self, cause: &impl ToString) -> BenchError {
        let lines = self.function.logs();
        let tail = lines.get(lines.len().saturating_sub(TAIL)..).unwrap_or_default();
        BenchError::Failed { contender: self.contender.kind.name(), cause: cause.to_string(), log: tail.join("\n") }
    }
}

fn environment(stage: &Stage, table: &Filled) -> Vec<(String, String)> {
    let pairs = [
        ("SIGNET_TABLE", table.name.as_str()),
        ("SIGNET_HOOK_SECRET_SHA256", &signet_okta::auth::digest_hex(SECRET)),
        ("AWS_ENDPOINT_URL_DYNAMODB", stage.dynamodb.endpoint()),
        // There are none in Lambda; the machine's own must not be read here either.
        ("AWS_CONFIG_FILE", "/dev/null"),
        ("AWS_SHARED_CREDENTIALS_FILE", "/dev/null"),
    ];
    pairs.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}
