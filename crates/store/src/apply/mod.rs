//! Taking a source's new state into the table, fenced and repeatable.
//!
//! | Module | Holds |
//! |---|---|
//! | `source` | the claim, and what a source touches |
//! | `draft` | what the items say, and the difference, before anything is written |
//! | `diff` | what a statement changes, given what the items say; pure |
//! | `pending` | what is to be written still; pure |
//! | `left` | groups that are left out because their code is taken |
//! | `apps` | which apps change, and which may not |
//! | `permit` | whether a topic may say what comes through it |
//! | `plan` | what changes, as people and programs read it |
//! | `error` | why a statement is refused |
//! | `codes` | which code a newcomer gets |
//! | `run` | writing the changes in chunks behind the fence |
//! | `actions` | what each change writes, on which conditions |
//! | `transact` | one transaction, or one update |
//! | `announce` | which collisions people were told of |
//! | `resync` | applying once more what a source states |
//! | `by_hand` | what an operator may do about a group's code |
//! | `provider` | what provider events say of an app: one transaction, without a claim |
//!
//! Every chunk is one transaction with a condition on the claim's token. So a worker that stalls and
//! wakes up after another claimed the source can write nothing any more; and whoever claims it next
//! finds on the source's pages all that an interrupted worker may have written.

mod actions;
mod announce;
mod apps;
mod by_hand;
mod clients;
mod codes;
mod diff;
mod draft;
mod error;
mod left;
mod pending;
mod permit;
mod plan;
mod provider;
mod resync;
mod run;
pub(crate) mod source;
pub(crate) mod transact;

pub use by_hand::{CodeError, Registered};
pub use error::ApplyError;
pub use plan::{
    AppChange, Applied, Collision, Crowded, Displaced, Done, GroupChange, LeftOut, Plan, Provenance, Revision,
};
pub use provider::AppliedProvider;

use std::collections::BTreeSet;

use signet_core::app::AppId;
use signet_core::grant::SourceId;
use signet_core::producer::TopicArn;

use crate::Table;
use crate::lookup::owner_key;
use crate::schema;
use crate::statement::{Statement, digests_differ};

use diff::Change;
use draft::Draft;
use pending::Pending;
use run::{Ended, Run};
use source::{Claim, SourceState, Then};
use transact::Outcome;

pub(crate) use transact::ACTIONS;

/// How often a source is claimed anew because another worker claimed it first.
const CLAIMS: usize = 8;

impl Table {
    /// What applying a statement would change. Reads only.
    ///
    /// # Errors
    /// As [`Table::apply`], but for what only writing finds out.
    pub async fn plan(&self, source: &SourceId, statement: &Statement) -> Result<Plan, ApplyError> {
        let opening = self.opening(None, source, statement).await?;
        let mut draft = self.draft(source, statement, opening, false).await?;
        let aim = self.aim(source, statement, &draft.opening, false);
        // Writing finds taken codes out by itself; a plan asks for them, until every newcomer has a
        // code that is free.
        loop {
            let is_newcomer = |change: &&Change| !draft.current.groups.contains_key(&change.group);
            let newcomers = draft.pending.groups.iter().filter(is_newcomer);
            let newcomers: Vec<_> = newcomers.map(|change| (change.group.clone(), change.code)).collect();
            let rows = self.read(newcomers.iter().map(|(_, code)| schema::code_key(code))).await?;
            let mut stale = BTreeSet::new();
            for (group, code) in newcomers {
                let owner = rows.get(&schema::code_key(&code)).and_then(owner_key);
                if let Some(owner) = owner.filter(|owner| *owner != group) {
                    draft.pending.owners.forget(&group, code, owner);
                    stale.insert(group);
                }
            }
            if stale.is_empty() {
                return Ok(draft.plan(source));
            }
            draft.pending.reconsider(&aim, &draft.current, stale)?;
        }
    }

    /// Brings the table to a source's statement: registers new groups, sets the source's grants on
    /// every group it touches or touched, notes the codes on the roles, keeps history.
    ///
    /// Repeatable: applying again after any failure completes it, and applying what is there
    /// changes nothing. What a higher revision says that says the same as the last one is not read
    /// again: so it does not mend what was changed past this program, as [`Table::resync`] does.
    ///
    /// # Errors
    /// [`ApplyError`].
    pub async fn apply(
        &self,
        source: &SourceId,
        revision: Revision,
        statement: &Statement,
        provenance: &Provenance,
    ) -> Result<Done, ApplyError> {
        self.apply_of(None, source, revision, statement, provenance).await
    }

    /// The same for an event that came through a topic, if the topic's producer may say so: what it
    /// may not say is refused whole, before anything else is told or changed. The producer is part of
    /// the first read.
    ///
    /// # Errors
    /// [`ApplyError`]; [`ApplyError::UnknownTopic`] and [`ApplyError::NotPermitted`] if it may not.
    pub async fn apply_from(
        &self,
        topic: &TopicArn,
        source: &SourceId,
        revision: Revision,
        statement: &Statement,
        provenance: &Provenance,
    ) -> Result<Done, ApplyError> {
        self.apply_of(Some(topic), source, revision, statement, provenance).await
    }

    async fn apply_of(
        &self,
        topic: Option<&TopicArn>,
        source: &SourceId,
        revision: Revision,
        statement: &Statement,
        provenance: &Provenance,
    ) -> Result<Done, ApplyError> {
        let mut marked = BTreeSet::new();
        let done = self.apply_stated(topic, source, revision, statement, provenance, &mut marked).await?;
        // Last of all: whoever comes again because this failed finds the marks.
        self.raise_for_some(&marked, provenance.at).await?;
        Ok(done)
    }

    /// Applies a statement, but for the raising that its apps are `marked` for, by this application or an
    /// earlier one that was interrupted.
    async fn apply_stated(
        &self,
        topic: Option<&TopicArn>,
        source: &SourceId,
        revision: Revision,
        statement: &Statement,
        provenance: &Provenance,
        marked: &mut BTreeSet<AppId>,
    ) -> Result<Done, ApplyError> {
        let digest = statement.digest();
        for _ in 0..CLAIMS {
            let opening = self.opening(topic, source, statement).await?;
            let seen = opening.known.clone();
            let seen = seen.as_ref();
            let begun = seen.filter(|seen| is_begun(seen, revision, &digest)).map(|seen| seen.claimed);
            let stranded = |why: ApplyError| match begun {
                Some(number) => why.stranded(source, number),
                None => why,
            };
            if let Some(topic) = topic {
                permit::dataset(topic, &opening.items, source, statement).map_err(stranded)?;
            }
            marked.extend(apps::marked(statement, &opening)?);
            // Before anything else: what is late is acknowledged, and not refused for what it says.
            let number = match accept(source, revision, seen, &digest)? {
                Accepted::Number(number) => number,
                Accepted::Ended(ended) => {
                    let is_under_way = seen.is_some_and(|state| !state.is_finished());
                    return Ok(self.done(source, ended, seen, is_under_way).await?);
                }
            };
            let mut claim =
                Claim { source, seen, revision: number, digest: &digest, touches: None, then: Then::Nothing };
            let draft = if says_the_same(seen, revision, statement, &digest) {
                None
            } else {
                let draft = self.draft(source, statement, opening, begun.is_some()).await.map_err(stranded)?;
                let is_finished = seen.is_none_or(SourceState::is_finished);
                let changes_nothing =
                    is_finished && draft.is_empty(&self.aim(source, statement, &draft.opening, false));
                if changes_nothing && matches!(revision, Revision::After(_)) {
                    return Ok(self.done(source, Applied::Unchanged, seen, false).await?);
                }
                claim.then = if changes_nothing { Then::Nothing } else { Then::Statement };
                Some(draft)
            };
            let touches = draft.as_ref().map(|draft| draft.touches(source, statement));
            let noted = draft.as_ref().map(|draft| &draft.opening.touched);
            claim.touches = touches.as_ref().filter(|touches| Some(*touches) != noted);
            let too_large = || ApplyError::TooLarge {
                source_id: source.clone(),
                groups: touches.as_ref().map_or(0, |touches| touches.groups.len()),
                roles: touches.as_ref().map_or(0, |touches| touches.roles.len()),
            };
            let actions = claim.actions(self)?.ok_or_else(too_large)?;
            if let Outcome::Refused(_) = self.transact(actions).await? {
                continue;
            }
            let (Some(mut draft), Some(touches), Then::Statement) = (draft, &touches, claim.then) else {
                return Ok(self.done(source, Applied::Unchanged, seen, false).await?);
            };
            if seen.is_some_and(|state| !state.is_finished()) {
                // Until the claim just now, another worker may have gone on writing.
                draft.current = self.current(source, touches, true).await?;
                let aim = self.aim(source, statement, &draft.opening, true);
                draft.pending = Pending::of(&aim, &draft.current).map_err(|why| why.stranded(source, number))?;
            }
            let changed = draft.apps.iter().filter(|(app, before)| actions::concerns_roles(app, before.as_ref()));
            marked.extend(changed.map(|(app, _)| app.app.id.clone()));
            let written = self.write(source, statement, draft, &claim, provenance).await;
            return written.map_err(|why| why.stranded(source, number));
        }
        Err(ApplyError::Contended { source_id: source.clone(), tries: CLAIMS })
    }

    /// Writes what a claimed statement changes.
    async fn write(
        &self,
        source: &SourceId,
        statement: &Statement,
        draft: Draft,
        claim: &Claim<'_>,
        provenance: &Provenance,
    ) -> Result<Done, ApplyError> {
        let plan = draft.plan(source);
        let aim = self.aim(source, statement, &draft.opening, true);
        let mut run = Run {
            table: self,
            aim: &aim,
            current: draft.current,
            apps: draft.apps.into(),
            pending: draft.pending,
            done: Vec::new(),
            collided: false,
            token: claim.token(),
            revision: claim.revision,
            provenance,
        };
        let applied = match run.finish().await? {
            // The same event, in the hands of another worker: whether that one gets to the end is not
            // known here, and both may have the only message that could come again.
            Ended::Lost { by } if by == claim.revision => {
                return Err(ApplyError::Contended { source_id: source.clone(), tries: 1 });
            }
            Ended::Lost { by } => Applied::Superseded { by },
            Ended::Finished => Applied::Changed(plan.with_written(source, &run.done, &run.pending.left)),
        };
        let was_under_way = claim.seen.is_some_and(|state| !state.is_finished());
        Ok(self.done(source, applied, claim.seen, run.collided || was_under_way).await?)
    }
}

/// Whether a higher revision says what the table has in full, so that nothing has to be read. What
/// a source states changes by its own claims only, and whoever grants or withdraws beside it leaves
/// its part alone. Of apps a statement is compared with the items, as an operator expects of a file.
fn says_the_same(seen: Option<&SourceState>, revision: Revision, statement: &Statement, digest: &str) -> bool {
    seen.is_some_and(|state| state.is_finished() && state.left_out == 0 && state.digest == digest)
        && matches!(revision, Revision::Exactly(_))
        && statement.apps.is_empty()
}

/// Whether this very revision is claimed and not applied in full: part of it may be in force.
fn is_begun(seen: &SourceState, revision: Revision, digest: &str) -> bool {
    !seen.is_applied() && revision == Revision::Exactly(seen.claimed) && !digests_differ(&seen.digest, digest)
}

/// Whether a revision may be claimed, and as what number.
enum Accepted {
    Number(u64),
    Ended(Applied),
}

fn accept(
    source: &SourceId,
    revision: Revision,
    seen: Option<&SourceState>,
    digest: &str,
) -> Result<Accepted, ApplyError> {
    let claimed = seen.map_or(0, |state| state.claimed);
    match (revision, seen) {
        (Revision::After(planned), _) if planned == claimed => Ok(Accepted::Number(claimed + 1)),
        (Revision::After(_), _) => Err(ApplyError::ChangedSincePlan { source_id: source.clone() }),
        (Revision::Exactly(number), Some(_)) if number < claimed => {
            Ok(Accepted::Ended(Applied::Superseded { by: claimed }))
        }
        (Revision::Exactly(number), Some(state)) if number == claimed => {
            if digests_differ(&state.digest, digest) {
                Err(ApplyError::RevisionConflict { source_id: source.clone(), revision: number })
            } else if state.is_finished() {
                Ok(Accepted::Ended(Applied::Repeated))
            } else {
                Ok(Accepted::Number(number))
            }
        }
        (Revision::Exactly(number), _) => Ok(Accepted::Number(number)),
    }
}
