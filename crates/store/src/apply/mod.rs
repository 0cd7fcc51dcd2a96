//! Taking a source's new state into the table, fenced and repeatable.
//!
//! | Module | Holds |
//! |---|---|
//! | `source` | the claim, and what a source touches |
//! | `draft` | what the items say, and the difference, before anything is written |
//! | `diff` | what a statement changes, given what the items say; pure |
//! | `apps` | which apps change, and which may not |
//! | `plan` | what changes, as people and programs read it |
//! | `error` | why a statement is refused |
//! | `codes` | which code a newcomer gets |
//! | `run` | writing the changes in chunks behind the fence |
//! | `actions` | what each change writes, on which conditions |
//! | `transact` | one transaction |
//! | `by_hand` | what an operator may do about a group's code |
//!
//! Every chunk is one transaction with a condition on the claim's token. So a worker that stalls and
//! wakes up after another claimed the source can write nothing any more; and whoever claims it next
//! finds on the source's pages all that an interrupted worker may have written.

mod actions;
mod apps;
mod by_hand;
mod codes;
mod diff;
mod draft;
mod error;
mod plan;
mod run;
pub(crate) mod source;
mod transact;

pub use by_hand::{CodeError, Registered};
pub use error::ApplyError;
pub use plan::{AppChange, Applied, Displaced, GroupChange, Plan, Provenance, Revision};

use signet_core::grant::SourceId;

use crate::Table;
use crate::lookup::owner_key;
use crate::schema;
use crate::statement::Statement;

use run::{Ended, Run};
use source::{Claim, SourceState};
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
        let opening = self.opening(source, statement).await?;
        let mut draft = self.draft(source, statement, opening).await?;
        let aim = self.aim(source, statement, &draft.opening);
        // Writing finds taken codes out by itself; a plan asks for them, until every newcomer has a
        // code that is free.
        loop {
            let newcomers = draft.groups.iter().filter(|change| change.registers);
            let rows = self.read(newcomers.map(|change| schema::code_key(&change.code))).await?;
            let mut taken = false;
            for change in &mut draft.groups {
                let owner = rows.get(&schema::code_key(&change.code)).and_then(owner_key);
                if let Some(owner) = owner.filter(|owner| change.registers && *owner != change.group) {
                    taken = true;
                    draft.owners.forget(&change.group, change.code, owner);
                    if let Some(again) = aim.change(&change.group, None, &mut draft.owners)? {
                        *change = again;
                    }
                }
            }
            if !taken {
                return Ok(draft.plan(source));
            }
        }
    }

    /// Brings the table to a source's statement: registers new groups, sets the source's grants on
    /// every group it touches or touched, notes the codes on the roles, keeps history.
    ///
    /// Repeatable: applying again after any failure completes it, and applying what is there
    /// changes nothing.
    ///
    /// # Errors
    /// [`ApplyError`].
    pub async fn apply(
        &self,
        source: &SourceId,
        revision: Revision,
        statement: &Statement,
        provenance: &Provenance,
    ) -> Result<Applied, ApplyError> {
        let digest = statement.digest();
        for _ in 0..CLAIMS {
            let opening = self.opening(source, statement).await?;
            let seen = opening.known.clone();
            // Before anything else: what is late is acknowledged, and not refused for what it says.
            let number = match accept(source, revision, seen.as_ref(), &digest)? {
                Accepted::Number(number) => number,
                Accepted::Ended(ended) => return Ok(ended),
            };
            let mut draft = self.draft(source, statement, opening).await?;
            let is_finished = seen.as_ref().is_none_or(SourceState::is_finished);
            let changes_nothing = is_finished && draft.apps.is_empty() && draft.groups.is_empty() && {
                let aim = self.aim(source, statement, &draft.opening);
                aim.roles(&run::codes(&draft.current, std::iter::empty())) == draft.current.roles
            };
            if changes_nothing && matches!(revision, Revision::After(_)) {
                return Ok(Applied::Unchanged);
            }
            let touches = draft.touches(source, statement);
            let claim = Claim {
                source,
                seen: seen.as_ref(),
                revision: number,
                digest: &digest,
                touches: (touches != draft.opening.touched).then_some(&touches),
                finishes: changes_nothing,
            };
            let too_large = || ApplyError::TooLarge {
                source_id: source.clone(),
                groups: touches.groups.len(),
                roles: touches.roles.len(),
            };
            let actions = claim.actions(self)?.ok_or_else(too_large)?;
            if let Outcome::Refused(_) = self.transact(actions).await? {
                continue;
            }
            if changes_nothing {
                return Ok(Applied::Unchanged);
            }
            if !is_finished {
                // Until the claim just now, another worker may have gone on writing.
                draft.current = self.current(source, statement, &touches).await?;
                let aim = self.aim(source, statement, &draft.opening);
                draft.groups = aim.changes(&draft.current, &mut draft.owners)?;
            }
            let plan = draft.plan(source);
            let aim = self.aim(source, statement, &draft.opening);
            let mut run = Run {
                table: self,
                aim: &aim,
                owners: draft.owners,
                current: draft.current,
                apps: draft.apps.into(),
                groups: draft.groups.into(),
                done: Vec::new(),
                token: claim.token(),
                revision: number,
                provenance,
            };
            return Ok(match run.finish().await? {
                Ended::Lost { by } => Applied::Superseded { by },
                Ended::Finished => Applied::Changed(plan.with_written(source, &run.done)),
            });
        }
        Err(ApplyError::Contended { source_id: source.clone(), tries: CLAIMS })
    }
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
            if state.digest != digest {
                Err(ApplyError::RevisionConflict { source_id: source.clone(), revision: number })
            } else if state.is_finished() {
                Ok(Accepted::Ended(Applied::Unchanged))
            } else {
                Ok(Accepted::Number(number))
            }
        }
        (Revision::Exactly(number), _) => Ok(Accepted::Number(number)),
    }
}
