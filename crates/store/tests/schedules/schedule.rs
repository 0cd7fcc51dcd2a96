//! One random schedule.

use std::collections::{BTreeMap, BTreeSet};

use signet_core::code::Salt;
use signet_core::grant::SourceId;
use signet_local::connector::{Action, Call};
use signet_store::apply::{Applied, ApplyError, CodeError, Collision, Done};
use signet_store::schema::OnCollision;
use signet_store::statement::Statement;

use crate::common::content::Content;
use crate::common::model;
use crate::common::scheduler::{Paused, Random};
use crate::common::{FewCodes, Worker, conflict, gone, key, limited, plain, provenance, source};
use crate::report::Report;

const SOURCES: [&str; 2] = ["trials", "genomes"];
/// By the codes below three propose one code, and two another one.
const GROUPS: [&str; 5] = ["Readers", "readers", "Stewards", "group", "Nurses"];
const ROLES: [&str; 3] = ["r1", "r2", "r3"];
/// Few, so that newcomers collide, and enough that all find one.
const CODES: FewCodes = FewCodes(8);

/// What a worker was given to do.
#[derive(Clone)]
enum Task {
    /// To apply a revision of a source.
    Apply { source: usize, revision: usize },
    /// To apply once more what a source states.
    Resync { source: usize },
    /// To note that people were told of these.
    Announce { source: usize, collisions: Vec<Collision> },
}

struct Ended {
    task: Task,
    result: Result<Option<Done>, ApplyError>,
    /// Whether a request of it was made to fail.
    faulty: bool,
    requests: usize,
}

/// A collision of a source: the group, and the code it found taken.
type Known = BTreeSet<(String, String, String)>;

struct Schedule {
    random: Random,
    sources: Vec<SourceId>,
    /// By source, the statements of revisions 1, 2, …
    statements: Vec<Vec<Statement>>,
    /// The highest revision that a worker began with and that is not refused; 0 for none.
    begun: Vec<usize>,
    inspector: Worker,
    under_way: Vec<(Task, Paused<Ended>)>,
    /// What the queue delivers again: its worker failed or vanished.
    not_acknowledged: Vec<(usize, usize)>,
    /// Whether the deployment's setting changes on the way.
    flips: bool,
    /// The claimed revision of each source, as last seen.
    claimed: BTreeMap<String, u64>,
    /// The code of each group that ever had one.
    codes: BTreeMap<String, String>,
    /// Groups that were seen to be left out.
    left: Known,
    /// Collisions that were handed out, and those that a worker began to note as told.
    handed: Known,
    told: Known,
    report: Report,
}

/// Runs the schedule of a seed; what is wrong with the table then, if anything is.
pub(crate) async fn run(seed: u64) -> Result<Report, String> {
    let mut random = Random(seed);
    let sources: Vec<SourceId> = SOURCES.iter().map(|id| source(id)).collect();
    let statements = sources.iter().map(|_| statements(&mut random)).collect();
    let inspector = Worker::with_table().await;
    if random.in_100(50) {
        inspector.table.set_on_collision(OnCollision::Refuse).await.unwrap();
    }
    let mut schedule = Schedule {
        statements,
        begun: vec![0; sources.len()],
        sources,
        inspector,
        under_way: Vec::new(),
        not_acknowledged: Vec::new(),
        flips: random.in_100(25),
        claimed: BTreeMap::new(),
        codes: BTreeMap::new(),
        left: Known::new(),
        handed: Known::new(),
        told: Known::new(),
        report: Report::default(),
        random,
    };
    schedule.deliver_all().await?;
    let settled = schedule.settle().await?;
    // Seldom, since what goes before takes as long.
    if schedule.random.in_100(30) {
        schedule.complete(&settled).await?;
    }
    Ok(schedule.report)
}

fn statements(random: &mut Random) -> Vec<Statement> {
    let mut all: Vec<Statement> = Vec::new();
    for _ in 0..2 + random.below(2) {
        let next = match (random.below(20), all.last()) {
            (0..=2, _) => gone(),
            // Rather a mistake, and to be refused unless there is nothing.
            (3, _) => Statement::default(),
            (4..=6, Some(last)) => last.clone(),
            _ => statement(random),
        };
        all.push(next);
    }
    all
}

fn statement(random: &mut Random) -> Statement {
    let mut statement = Statement::default();
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
    if statement.groups.is_empty() { gone() } else { statement }
}

/// Whether a dataset that has grants is refused with it.
fn says_nothing(statement: &Statement) -> bool {
    statement.groups.is_empty() && !statement.deleted
}

impl Schedule {
    /// Delivers every revision once or twice, somewhat out of order, several at a time, with an
    /// operator's resync now and then.
    async fn deliver_all(&mut self) -> Result<(), String> {
        let mut tasks = Vec::new();
        for source in 0..self.sources.len() {
            for revision in 1..=self.statements[source].len() {
                for _ in 0..=usize::from(self.random.in_100(40)) {
                    tasks.push(Task::Apply { source, revision });
                }
            }
        }
        self.random.shuffle(&mut tasks);
        if self.random.in_100(50) {
            // Mostly in order: the revisions rise, so that each of them has something to do.
            tasks.sort_by_key(|task| if let Task::Apply { revision, .. } = task { *revision } else { 0 });
        }
        for _ in 0..self.random.below(3) {
            let source = self.random.below(self.sources.len());
            let place = self.random.below(tasks.len() + 1);
            tasks.insert(place, Task::Resync { source });
        }
        let at_once = 1 + self.random.below(3);
        while !tasks.is_empty() || !self.under_way.is_empty() {
            let begins = self.under_way.is_empty() || self.under_way.len() < at_once && self.random.in_100(25);
            if begins && !tasks.is_empty() {
                let task = tasks.remove(0);
                self.begin(task);
            }
            if self.flips && self.random.in_100(5) {
                let setting = *self.random.choose(&[OnCollision::Displace, OnCollision::Refuse]);
                self.inspector.table.set_on_collision(setting).await.unwrap();
            }
            self.go_on().await?;
        }
        Ok(())
    }

    fn worker(&mut self) -> Worker {
        let chunk = *self.random.choose(&[4, 6, 10, 100]);
        self.inspector.sibling().map(|table| table.with_hasher(CODES).with_chunks_of(chunk))
    }

    fn begin(&mut self, task: Task) {
        let worker = self.worker();
        let faulty = self.random.in_100(40);
        if faulty {
            let action = match self.random.below(20) {
                0 => conflict(),
                1..=10 => Action::FailBefore,
                _ => Action::FailAfter,
            };
            let place = self.random.below(8);
            worker.connector.set_fault(move |call: &Call<'_>| {
                let concerned = action != conflict() || call.operation == "TransactWriteItems";
                if call.index == place && concerned { action.clone() } else { Action::Pass }
            });
        }
        let place = match &task {
            Task::Apply { source, .. } | Task::Resync { source } | Task::Announce { source, .. } => *source,
        };
        let source = self.sources[place].clone();
        let mut statement = Statement::default();
        match &task {
            Task::Apply { revision, .. } => {
                statement.clone_from(&self.statements[place][revision - 1]);
                if !says_nothing(&statement) {
                    self.begun[place] = self.begun[place].max(*revision);
                }
            }
            Task::Resync { .. } => {}
            Task::Announce { collisions, .. } => {
                let known = collisions.iter().map(|collision| known(&source, collision));
                self.told.extend(known);
            }
        }
        let kept = task.clone();
        let work = Paused::new(async move {
            let result = match &task {
                Task::Apply { revision, .. } => {
                    worker.apply_whole(&source, *revision as u64, &statement).await.map(Some)
                }
                Task::Resync { .. } => worker.table.resync(&source, &provenance(77)).await.map(Some),
                Task::Announce { collisions, .. } => {
                    worker.table.announced(&source, collisions).await.map(|()| None).map_err(ApplyError::from)
                }
            };
            Ended { task, result, faulty, requests: worker.connector.total_calls() }
        });
        self.under_way.push((kept, work));
    }

    /// Takes one worker a few requests further, or has it vanish.
    async fn go_on(&mut self) -> Result<(), String> {
        let place = self.random.below(self.under_way.len());
        let (task, mut worker) = self.under_way.swap_remove(place);
        if self.random.in_100(4) {
            if let Task::Apply { source, revision } = task {
                self.not_acknowledged.push((source, revision));
            }
            self.report.dropped += 1;
            return Ok(());
        }
        for _ in 0..=self.random.below(4) {
            if let Some(ended) = worker.step().await {
                self.note(ended)?;
                // Now and then only: looking is slower than applying.
                return if self.random.in_100(10) { self.look().await.map(drop) } else { Ok(()) };
            }
        }
        self.under_way.push((task, worker));
        Ok(())
    }

    fn note(&mut self, ended: Ended) -> Result<(), String> {
        let Ended { task, result, faulty, requests } = ended;
        self.report.requests += requests as u64;
        let (place, revision) = match task {
            Task::Apply { source, revision } => (source, revision),
            Task::Resync { source } | Task::Announce { source, .. } => (source, 0),
        };
        let is_refused = revision > 0 && says_nothing(&self.statements[place][revision - 1]);
        if result.is_err() && revision > 0 && !(is_refused && matches!(result, Err(ApplyError::NothingLeft { .. }))) {
            self.not_acknowledged.push((place, revision));
        }
        match &result {
            Ok(None) => self.report.announced += 1,
            Ok(Some(done)) => {
                if is_refused && matches!(done.applied, Applied::Changed(_) | Applied::Unchanged | Applied::Repeated) {
                    self.begun[place] = self.begun[place].max(revision);
                }
                match &done.applied {
                    Applied::Changed(plan) => {
                        self.report.changed += 1;
                        self.report.displaced += plan.displaced.len() as u64;
                        self.report.left_out += plan.left_out.len() as u64;
                        self.report.retired += plan.groups.iter().filter(|group| group.retires).count() as u64;
                    }
                    Applied::Unchanged => self.report.unchanged += 1,
                    Applied::Repeated => self.report.repeated += 1,
                    Applied::Superseded { by } if *by > revision as u64 => self.report.superseded += 1,
                    Applied::Superseded { .. } => return Err(format!("revision {revision} ended as {result:?}")),
                }
            }
            Err(ApplyError::NothingLeft { .. }) if is_refused => self.report.refused += 1,
            Err(ApplyError::Unfinished { .. } | ApplyError::UnknownSource { .. }) if revision == 0 => {
                self.report.not_resynced += 1;
            }
            Err(ApplyError::Store(_)) if faulty => self.report.crashed += 1,
            Err(ApplyError::Contended { .. }) => self.report.contended += 1,
            wrong => return Err(format!("revision {revision} of `{}` ended as {wrong:?}", self.sources[place])),
        }
        if let Ok(Some(done)) = result {
            self.handed.extend(done.unannounced.iter().map(|collision| known(&self.sources[place], collision)));
            let mut collisions = done.unannounced;
            if !collisions.is_empty() && self.random.in_100(60) {
                // Some of them, or all: an alert may fail by itself.
                let unheard = self.random.below(collisions.len());
                collisions.drain(..if self.random.in_100(50) { unheard } else { 0 });
                self.begin(Task::Announce { source: place, collisions });
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
                let check = if state.resyncing { model::check_groups } else { model::check_source };
                check(&content, source, &statements[revision - 1])
                    .map_err(|what| format!("revision {revision} is applied, but {what}"))?;
                let left = content.left.keys().filter(|(id, _)| id == source.as_str()).count() as u64;
                if !state.resyncing && left != state.left_out {
                    return Err(format!("{left} groups are left out of `{source}`: {state:?}"));
                }
            }
        }
        self.check_collisions(&content)?;
        Ok(content)
    }

    /// Each collision is noted until somebody was given it and said so.
    fn check_collisions(&mut self, content: &Content) -> Result<(), String> {
        let mut noted = Known::new();
        for (source, rows) in &content.collisions {
            let state = &content.sources[source];
            if state.collided == state.told {
                return Err(format!("nobody would look for {rows:?}: {state:?}"));
            }
            noted.extend(rows.iter().map(|row| (source.clone(), row.group.clone(), row.taken.clone())));
        }
        for (source, rows) in &content.history {
            for change in rows.iter().flat_map(|row| &row.groups) {
                let Some((taken, _)) = &change.displaced else { continue };
                let collision = (source.clone(), change.group.clone(), taken.clone());
                if !noted.contains(&collision) && !self.told.contains(&collision) {
                    return Err(format!("nobody was told of {collision:?}"));
                }
            }
        }
        for ((source, group), row) in &content.left {
            let collision = (source.clone(), group.clone(), row.taken.clone());
            if !noted.contains(&collision) && !self.told.contains(&collision) {
                return Err(format!("nobody was told of the left-out {collision:?}"));
            }
            self.left.insert(collision);
        }
        Ok(())
    }

    /// The queue delivers again what was not acknowledged, and nothing else.
    async fn settle(&mut self) -> Result<Content, String> {
        let mut again = std::mem::take(&mut self.not_acknowledged);
        self.random.shuffle(&mut again);
        let mut content = self.look().await?;
        for (place, revision) in again {
            let (id, statement) = (self.sources[place].clone(), self.statements[place][revision - 1].clone());
            let worker = self.worker();
            match worker.apply_whole(&id, revision as u64, &statement).await {
                Err(ApplyError::NothingLeft { .. }) if says_nothing(&statement) => {}
                Err(error) => return Err(format!("revision {revision} of `{id}` does not settle: {error}")),
                Ok(done) => {
                    self.handed.extend(done.unannounced.iter().map(|collision| known(&id, collision)));
                    if says_nothing(&statement) && !matches!(done.applied, Applied::Superseded { .. }) {
                        self.begun[place] = self.begun[place].max(revision);
                    }
                }
            }
            let before = std::mem::replace(&mut content, self.look().await?);
            check_wanted(&before, &content)?;
        }
        // Who resynced and was interrupted does it again.
        for source in self.sources.clone() {
            if content.sources.get(source.as_str()).is_some_and(|state| state.resyncing) {
                let done = self.worker().table.resync(&source, &provenance(66)).await;
                let done = done.map_err(|error| format!("`{source}` is not resynced again: {error}"))?;
                self.handed.extend(done.unannounced.iter().map(|collision| known(&source, collision)));
                content = self.look().await?;
            }
        }
        self.check_end(&content)?;
        Ok(content)
    }

    /// Every source is at its highest revision, and nothing else is there.
    fn check_end(&self, content: &Content) -> Result<(), String> {
        let mut model = model::Model::new();
        for (place, source) in self.sources.iter().enumerate() {
            let (revision, state) = (self.begun[place], content.sources.get(source.as_str()));
            if revision == 0 {
                continue;
            }
            if state.is_none_or(|state| (state.claimed, state.applied) != (revision as u64, revision as u64)) {
                return Err(format!("`{source}` should be at revision {revision}: {state:?}"));
            }
            model.insert(source.clone(), self.statements[place][revision - 1].clone());
        }
        model::check(content, &model)
    }

    /// An operator gives left-out groups other codes and has the sources applied once more; people
    /// are told of everything, and then of nothing any more.
    async fn complete(&mut self, before: &Content) -> Result<(), String> {
        let left: BTreeSet<&String> = before.left.keys().map(|(_, group)| group).collect();
        let by_salt = self.random.in_100(50);
        if !by_salt {
            self.inspector.table.set_on_collision(OnCollision::Displace).await.unwrap();
        }
        for group in left.into_iter().filter(|_| by_salt) {
            let worker = self.worker();
            let mut salts = (1..).map(Salt::new);
            loop {
                match worker.table.register(&key(group), salts.next(), None, &provenance(99)).await {
                    Ok(_) | Err(CodeError::HasCode { .. }) => break,
                    Err(CodeError::Taken { .. }) => {}
                    Err(error) => return Err(format!("`{group}` is not registered: {error}")),
                }
            }
        }
        for source in self.sources.clone() {
            let worker = self.worker();
            let done = match worker.table.resync(&source, &provenance(88)).await {
                Err(ApplyError::UnknownSource { .. }) if !before.sources.contains_key(source.as_str()) => continue,
                other => other.map_err(|error| format!("`{source}` is not resynced: {error}"))?,
            };
            self.report.completed += before.left.keys().filter(|(id, _)| id == source.as_str()).count() as u64;
            self.handed.extend(done.unannounced.iter().map(|collision| known(&source, collision)));
            self.told.extend(done.unannounced.iter().map(|collision| known(&source, collision)));
            worker.table.announced(&source, &done.unannounced).await.map_err(|error| error.to_string())?;
            let again = worker.table.resync(&source, &provenance(89)).await.map_err(|error| error.to_string())?;
            if again != (Done { applied: Applied::Unchanged, unannounced: Vec::new() }) {
                return Err(format!("`{source}` is applied once more, and again there is {again:?}"));
            }
        }
        let content = self.inspector.content().await;
        content.check_sound(&CODES)?;
        content.check_history()?;
        self.check_end(&content)?;
        let told = content.sources.values().all(|state| state.collided == state.told && !state.resyncing);
        if !content.left.is_empty() || !content.collisions.is_empty() || !told {
            return Err(format!("something is left in the end: {content:?}"));
        }
        match self.left.difference(&self.handed).next() {
            Some(never) => Err(format!("{never:?} was never handed out")),
            None => Ok(()),
        }
    }
}

fn known(source: &SourceId, collision: &Collision) -> (String, String, String) {
    (source.to_string(), collision.group.as_str().to_owned(), collision.taken.to_string())
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
