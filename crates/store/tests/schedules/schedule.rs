//! One random schedule.

use std::collections::BTreeMap;

use signet_core::grant::SourceId;
use signet_local::connector::{Action, Call};
use signet_store::apply::{Applied, ApplyError};
use signet_store::statement::Statement;

use crate::common::content::Content;
use crate::common::model::{self, Model};
use crate::common::scheduler::{Paused, Random};
use crate::common::{FewCodes, Worker, conflict, key, limited, plain, source};

const SOURCES: [&str; 3] = ["trials", "genomes", "claims"];
const GROUPS: [&str; 6] = ["Readers", "readers", "Stewards", "Owners ", "Ärzte", "*"];
const ROLES: [&str; 4] = ["r1", "r2", "r3", "r4"];
/// Fewer than twice the groups, so that most newcomers collide, and enough that all find one.
const CODES: FewCodes = FewCodes(9);

/// What schedules met.
#[derive(Debug, Default)]
pub(crate) struct Report {
    pub(crate) changed: u64,
    pub(crate) unchanged: u64,
    pub(crate) superseded: u64,
    pub(crate) crashed: u64,
    pub(crate) dropped: u64,
    pub(crate) contended: u64,
    pub(crate) displaced: u64,
    pub(crate) retired: u64,
    pub(crate) requests: u64,
}

impl Report {
    pub(crate) fn add(&mut self, other: &Self) {
        self.changed += other.changed;
        self.unchanged += other.unchanged;
        self.superseded += other.superseded;
        self.crashed += other.crashed;
        self.dropped += other.dropped;
        self.contended += other.contended;
        self.displaced += other.displaced;
        self.retired += other.retired;
        self.requests += other.requests;
    }
}

/// A revision on its way into the table.
#[derive(Clone, Copy)]
struct Delivery {
    source: usize,
    revision: usize,
}

struct Ended {
    delivery: Delivery,
    result: Result<Applied, ApplyError>,
    /// Whether a request of it was made to fail.
    faulty: bool,
    requests: usize,
}

struct Schedule {
    random: Random,
    sources: Vec<SourceId>,
    /// By source, the statements of revisions 1, 2, …
    statements: Vec<Vec<Statement>>,
    /// The highest revision that a worker began with; 0 for none.
    begun: Vec<usize>,
    inspector: Worker,
    under_way: Vec<(Delivery, Paused<Ended>)>,
    /// What the queue delivers again: its worker failed or vanished.
    not_acknowledged: Vec<Delivery>,
    /// The claimed revision of each source, as last seen.
    claimed: BTreeMap<String, u64>,
    /// The code of each group that ever had one.
    codes: BTreeMap<String, String>,
    report: Report,
}

/// Runs the schedule of a seed; what is wrong with the table then, if anything is.
pub(crate) async fn run(seed: u64) -> Result<Report, String> {
    let mut random = Random(seed);
    let sources: Vec<SourceId> = SOURCES.iter().map(|id| source(id)).collect();
    let statements = sources.iter().map(|_| (0..2 + random.below(3)).map(|_| statement(&mut random)).collect());
    let mut schedule = Schedule {
        statements: statements.collect(),
        begun: vec![0; sources.len()],
        sources,
        inspector: Worker::with_table().await,
        under_way: Vec::new(),
        not_acknowledged: Vec::new(),
        claimed: BTreeMap::new(),
        codes: BTreeMap::new(),
        report: Report::default(),
        random,
    };
    schedule.deliver_all().await?;
    schedule.settle().await?;
    Ok(schedule.report)
}

fn statement(random: &mut Random) -> Statement {
    let mut statement = Statement::default();
    if random.in_100(15) {
        return statement;
    }
    for group in GROUPS {
        for role in ROLES {
            if random.in_100(30) {
                let end = random.in_100(30).then_some(2_000);
                let grant = match random.below(4) {
                    0 => limited(role, &["app-1"], end),
                    1 => limited(role, &["app-1", "app-2"], end),
                    _ => plain(role),
                };
                statement.grant(key(group), None, grant);
            }
        }
    }
    statement
}

impl Schedule {
    /// Delivers every revision once or twice, somewhat out of order, several at a time.
    async fn deliver_all(&mut self) -> Result<(), String> {
        let mut deliveries = Vec::new();
        for source in 0..self.sources.len() {
            for revision in 1..=self.statements[source].len() {
                for _ in 0..=self.random.below(2) {
                    deliveries.push(Delivery { source, revision });
                }
            }
        }
        self.random.shuffle(&mut deliveries);
        if self.random.in_100(50) {
            // Mostly in order: the revisions rise, so that each of them has something to do.
            deliveries.sort_by_key(|delivery| delivery.revision);
        }
        let at_once = 1 + self.random.below(4);
        while !deliveries.is_empty() || !self.under_way.is_empty() {
            if self.under_way.is_empty() || self.under_way.len() < at_once && self.random.in_100(20) {
                if deliveries.is_empty() && self.under_way.is_empty() {
                    break;
                }
                let begins = (!deliveries.is_empty()).then(|| deliveries.remove(0));
                if let Some(delivery) = begins {
                    self.begin(delivery);
                }
            }
            self.go_on().await?;
        }
        Ok(())
    }

    fn worker(&mut self) -> Worker {
        let chunk = *self.random.choose(&[4, 6, 10, 100]);
        self.inspector.sibling().map(|table| table.with_hasher(CODES).with_chunks_of(chunk))
    }

    fn begin(&mut self, delivery: Delivery) {
        let worker = self.worker();
        let faulty = self.random.in_100(40);
        if faulty {
            let action = match self.random.below(20) {
                0 => conflict(),
                1..=10 => Action::FailBefore,
                _ => Action::FailAfter,
            };
            let place = self.random.below(10);
            worker.connector.set_fault(move |call: &Call<'_>| {
                let concerned = action != conflict() || call.operation == "TransactWriteItems";
                if call.index == place && concerned { action.clone() } else { Action::Pass }
            });
        }
        let begun = &mut self.begun[delivery.source];
        *begun = delivery.revision.max(*begun);
        let source = self.sources[delivery.source].clone();
        let statement = self.statements[delivery.source][delivery.revision - 1].clone();
        let work = Paused::new(async move {
            let result = worker.apply(&source, delivery.revision as u64, &statement).await;
            Ended { delivery, result, faulty, requests: worker.connector.total_calls() }
        });
        self.under_way.push((delivery, work));
    }

    /// Takes one worker a few requests further, or has it vanish.
    async fn go_on(&mut self) -> Result<(), String> {
        let place = self.random.below(self.under_way.len());
        let (delivery, mut worker) = self.under_way.swap_remove(place);
        if self.random.in_100(4) {
            self.not_acknowledged.push(delivery);
            self.report.dropped += 1;
            return Ok(());
        }
        for _ in 0..=self.random.below(4) {
            if let Some(ended) = worker.step().await {
                self.note(&ended)?;
                // Now and then only: looking is slower than applying.
                return if self.random.in_100(25) { self.look().await.map(drop) } else { Ok(()) };
            }
        }
        self.under_way.push((delivery, worker));
        Ok(())
    }

    fn note(&mut self, ended: &Ended) -> Result<(), String> {
        self.report.requests += ended.requests as u64;
        if ended.result.is_err() {
            self.not_acknowledged.push(ended.delivery);
        }
        match &ended.result {
            Ok(Applied::Changed(plan)) => {
                self.report.changed += 1;
                self.report.displaced += plan.displaced.len() as u64;
                self.report.retired += plan.groups.iter().filter(|group| group.retires).count() as u64;
            }
            Ok(Applied::Unchanged) => self.report.unchanged += 1,
            Ok(Applied::Superseded { by }) if *by >= ended.delivery.revision as u64 => self.report.superseded += 1,
            Err(ApplyError::Store(_)) if ended.faulty => self.report.crashed += 1,
            Err(ApplyError::Contended { .. }) => self.report.contended += 1,
            wrong => {
                let Delivery { source, revision } = ended.delivery;
                return Err(format!("revision {revision} of `{}` ended as {wrong:?}", self.sources[source]));
            }
        }
        Ok(())
    }

    /// What holds at every moment, whoever is under way.
    async fn look(&mut self) -> Result<Content, String> {
        let content = self.inspector.content().await;
        content.check_sound(&CODES)?;
        content.check_history()?;
        for (key, group) in &content.groups {
            let code = self.codes.entry(key.clone()).or_insert_with(|| group.code.clone());
            if *code != group.code {
                return Err(format!("the code of `{key}` was `{code}`: {group:?}"));
            }
        }
        if let Some(lost) = self.codes.keys().find(|key| !content.groups.contains_key(*key)) {
            return Err(format!("`{lost}` was registered and is not there any more"));
        }
        for (source, statements) in self.sources.iter().zip(&self.statements) {
            // A revision that is applied in full shows in full, until a higher one is claimed.
            let Some(state) = content.sources.get(source.as_str()) else { continue };
            let before = self.claimed.insert(source.to_string(), state.claimed).unwrap_or_default();
            if state.claimed < before || state.claimed < state.applied {
                return Err(format!("revision {before} of `{source}` was claimed: {state:?}"));
            }
            if state.claimed == state.applied {
                let revision = usize::try_from(state.applied).unwrap();
                model::check_source(&content, source, &statements[revision - 1])
                    .map_err(|what| format!("revision {revision} is applied, but {what}"))?;
            }
        }
        Ok(content)
    }

    /// The queue delivers again what was not acknowledged, and nothing else.
    async fn settle(&mut self) -> Result<(), String> {
        let mut again = std::mem::take(&mut self.not_acknowledged);
        self.random.shuffle(&mut again);
        for Delivery { source, revision } in again {
            let (id, statement) = (self.sources[source].clone(), self.statements[source][revision - 1].clone());
            let worker = self.worker();
            let before = self.inspector.content().await;
            if let Err(error) = worker.apply(&id, revision as u64, &statement).await {
                return Err(format!("revision {revision} of `{id}` does not settle: {error}"));
            }
            check_wanted(&before, &self.look().await?)?;
        }
        let content = self.look().await?;
        let mut model = Model::new();
        for (place, source) in self.sources.iter().enumerate() {
            let (revision, state) = (self.begun[place], content.sources.get(source.as_str()));
            if state.is_none_or(|state| (state.claimed, state.applied) != (revision as u64, revision as u64)) {
                return Err(format!("`{source}` should be at revision {revision}: {state:?}"));
            }
            model.insert(source.clone(), self.statements[place][revision - 1].clone());
        }
        model::check(&content, &model)
    }
}

/// Whoever changes what a role grants tells the role's reconciliation so, and nobody else does.
fn check_wanted(before: &Content, after: &Content) -> Result<(), String> {
    let rows = |content: &Content, role: &str| -> Vec<_> {
        content
            .roles
            .iter()
            .filter(|((arn, _), _)| arn == role)
            .map(|(place, row)| (place.clone(), row.clone()))
            .collect()
    };
    let roles = after.wanted.keys().chain(before.roles.keys().map(|(role, _)| role));
    for role in roles {
        let rose = after.wanted.get(role) > before.wanted.get(role);
        if rose != (rows(before, role) != rows(after, role)) {
            let (was, is) = (before.wanted.get(role), after.wanted.get(role));
            return Err(format!("`wanted` of `{role}` went from {was:?} to {is:?} against what its rows did"));
        }
    }
    Ok(())
}
