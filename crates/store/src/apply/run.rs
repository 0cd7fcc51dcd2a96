//! Writing an application in chunks, each a transaction behind the fence.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use signet_core::code::GroupCode;
use signet_core::grant::SourceId;
use signet_core::group::GroupKey;

use crate::Table;
use crate::codec::{self, Item};
use crate::lookup::owner_key;
use crate::schema;
use crate::statement::StatedApp;

use super::actions::{self, Fence, Step, Work};
use super::diff::{Aim, Change, Current};
use super::pending::{self, Pending};
use super::transact::{BYTES, Outcome};
use super::{ApplyError, Provenance};

/// The most bytes of one history row: DynamoDB takes items of 400 KB.
const HISTORY_BYTES: usize = 300_000;
/// How often one chunk is made anew because other writers changed its items.
const TRIES: usize = 16;

/// An app's rules, with what they were.
pub(super) type AppWork = (StatedApp, Option<StatedApp>);

/// How writing ended.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Ended {
    /// Everything is written, and the revision noted as applied.
    Finished,
    /// Somebody else claimed the source and finishes it.
    Lost { by: u64 },
}

/// An application under its claim.
pub(super) struct Run<'a> {
    pub(super) table: &'a Table,
    pub(super) aim: &'a Aim<'a>,
    pub(super) current: Current,
    /// What is to be written still; what is written moves to `done`.
    pub(super) apps: VecDeque<AppWork>,
    pub(super) pending: Pending,
    pub(super) done: Vec<Change>,
    /// Whether collisions were noted.
    pub(super) collided: bool,
    pub(super) token: u64,
    pub(super) revision: u64,
    pub(super) provenance: &'a Provenance,
}

/// One transaction's worth of work.
struct Chunk {
    works: Vec<Work>,
    steps: Vec<Step>,
    /// Whether nothing is left after it.
    is_last: bool,
}

impl Run<'_> {
    pub(super) async fn finish(&mut self) -> Result<Ended, ApplyError> {
        let (mut number, mut tries) = (0, 0);
        loop {
            let chunk = self.next_chunk()?;
            let is_last = chunk.is_last;
            match self.write(&chunk, number).await? {
                Outcome::Written => {
                    self.collided |= chunk.steps.iter().any(|step| step.collides);
                    self.note_written(chunk.works);
                    if is_last {
                        return Ok(Ended::Finished);
                    }
                    (number, tries) = (number + 1, 0);
                }
                Outcome::Refused(refusals) => {
                    if let Some((_, source)) = refusals.iter().find(|(place, _)| *place == 0) {
                        return Ok(Ended::Lost { by: claimed(source.as_ref()) });
                    }
                    tries += 1;
                    if tries >= TRIES {
                        return Err(ApplyError::Contended { source_id: self.source().clone(), tries });
                    }
                    self.look_again(&chunk, refusals).await?;
                }
            }
        }
    }

    fn source(&self) -> &SourceId {
        self.aim.source
    }

    /// As much as fits into one transaction: apps first, then groups with those that are left out, and
    /// roles once the codes of all groups are certain, or become so with this very chunk.
    fn next_chunk(&self) -> Result<Chunk, ApplyError> {
        let mut chunk = Chunk { works: Vec::new(), steps: Vec::new(), is_last: false };
        let (mut actions, mut bytes, mut history) = (2, 0, 0);
        let apps = self.apps.iter().map(|(stated, before)| Work::App {
            stated: Box::new(stated.clone()),
            before: before.clone().map(Box::new),
        });
        let groups = self.pending.groups.iter().map(|change| Work::Group {
            was_left: self.current.left.contains_key(&change.group),
            change: Box::new(change.clone()),
        });
        let left = self.pending.rows_of_left(&self.current).map(|(group, left)| match left {
            None => Work::NotLeft(group.clone()),
            Some(left) => {
                let is_new = self.current.left.get(group).is_none_or(|noted| noted.taken != left.taken);
                Work::Left { left: Box::new(left.clone()), is_new }
            }
        });
        // Made only once all before them fit: a statement of many groups has many chunks.
        let roles = std::iter::once_with(|| pending::rows_of_roles(self.aim, &self.current, &self.codes())).flatten();
        let roles = roles.map(|(role, entries)| {
            let before = self.current.roles.get(&role).cloned().unwrap_or_default();
            Work::Role { role, entries, before }
        });
        for work in apps.chain(groups).chain(left).chain(roles) {
            let step = work.step(self.table, self.source(), self.provenance)?;
            let entry = step.history.as_ref().map_or(0, |(_, entry)| codec::size(entry));
            (actions, bytes, history) = (actions + step.actions.len(), bytes + step.bytes, history + entry);
            let fits = actions <= self.table.actions && bytes <= BYTES && history <= HISTORY_BYTES;
            if !fits && !chunk.works.is_empty() {
                return Ok(chunk);
            }
            chunk.works.push(work);
            chunk.steps.push(step);
        }
        chunk.is_last = true;
        Ok(chunk)
    }

    /// The code of every group that has one, or will have it with what is to be written still.
    fn codes(&self) -> BTreeMap<&GroupKey, GroupCode> {
        pending::codes(&self.current, self.pending.groups.iter().chain(&self.done))
    }

    async fn write(&self, chunk: &Chunk, number: usize) -> Result<Outcome, ApplyError> {
        let fence = Fence {
            token: self.token,
            collides: chunk.steps.iter().any(|step| step.collides),
            finishes: chunk.is_last.then_some((self.revision, self.pending.left.len())),
        };
        let mut all = vec![fence.action(self.table, self.source())?];
        all.extend(chunk.steps.iter().flat_map(|step| step.actions.iter().cloned()));
        let entries: Vec<_> = chunk.steps.iter().filter_map(|step| step.history.clone()).collect();
        if !entries.is_empty() {
            let version = (self.token, number);
            all.push(actions::history(self.table, self.source(), version, self.revision, self.provenance, &entries)?);
        }
        Ok(self.table.transact(all).await?)
    }

    fn note_written(&mut self, works: Vec<Work>) {
        for work in works {
            match work {
                Work::App { .. } => {
                    self.apps.pop_front();
                }
                Work::Group { change, .. } => {
                    self.current.left.remove(&change.group);
                    self.done.extend(self.pending.groups.pop_front());
                }
                Work::Left { left, .. } => {
                    self.current.left.insert(left.group.clone(), *left);
                }
                Work::NotLeft(group) => {
                    self.current.left.remove(&group);
                }
                Work::Role { role, entries, .. } => {
                    if entries.is_empty() {
                        self.current.roles.remove(&role);
                    } else {
                        self.current.roles.insert(role, entries);
                    }
                }
            }
        }
    }

    /// Reads again what another writer changed, and makes the refused changes anew.
    async fn look_again(&mut self, chunk: &Chunk, refusals: Vec<(usize, Option<Item>)>) -> Result<(), ApplyError> {
        let places: Vec<(&Work, usize)> = chunk
            .works
            .iter()
            .zip(&chunk.steps)
            .flat_map(|(work, step)| (0..step.actions.len()).map(move |index| (work, index)))
            .collect();
        let mut stale = BTreeSet::new();
        for (place, row) in refusals {
            match places.get(place - 1) {
                Some((Work::Group { change, .. }, 0)) => drop(stale.insert(change.group.clone())),
                Some((Work::Group { change, .. }, _)) => {
                    let owner = row.as_ref().and_then(owner_key).ok_or_else(|| self.unexplained(&change.group))?;
                    self.pending.owners.forget(&change.group, change.code, owner);
                    stale.insert(change.group.clone());
                }
                Some((Work::App { stated, .. }, _)) => {
                    return Err(ApplyError::AppChanged { app: stated.app.id.clone() });
                }
                _ => {
                    return Err(ApplyError::Contended { source_id: self.source().clone(), tries: 1 });
                }
            }
        }
        let items = self.table.read(stale.iter().map(|group| schema::group_key(group.as_str()))).await?;
        for group in &stale {
            let item = items.get(&schema::group_key(group.as_str()));
            if let Some(record) = item.map(codec::read_group).transpose().map_err(crate::StoreError::from)? {
                self.current.groups.insert(group.clone(), record);
            } else {
                // An operator released its code, and with that the group.
                self.current.groups.remove(group);
            }
        }
        self.pending.reconsider(self.aim, &self.current, stale)
    }

    fn unexplained(&self, group: &GroupKey) -> ApplyError {
        ApplyError::Store(crate::StoreError::Call {
            operation: "TransactWriteItems",
            table: self.table.name().to_owned(),
            cause: format!("the code of group `{group}` was refused without naming its owner"),
        })
    }
}

/// The revision that a source's item names as claimed.
fn claimed(source: Option<&Item>) -> u64 {
    let digits = source.and_then(|item| item.get("claimed")).and_then(|value| value.as_n().ok());
    digits.and_then(|digits| digits.parse().ok()).unwrap_or_default()
}
