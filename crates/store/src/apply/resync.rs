//! Applying once more what a source states.

use signet_core::grant::SourceId;

use crate::Table;
use crate::statement::{StatedGroup, Statement};

use super::diff::Current;
use super::draft::Draft;
use super::pending::Pending;
use super::source::{Claim, Opening, Then};
use super::transact::Outcome;
use super::{Applied, ApplyError, CLAIMS, Done, Provenance};

impl Table {
    /// Applies once more what a source states, by what the table keeps of it: groups that were left
    /// out get their grants if they are registered by now, and rows of roles that differ from the
    /// groups are mended. The revision stays. One that was interrupted is completed by another one,
    /// by the revision's event if it comes again, and by the next revision.
    ///
    /// # Errors
    /// [`ApplyError`]; [`ApplyError::UnknownSource`] and [`ApplyError::Unfinished`] where there is
    /// nothing, or not all of it, to go by.
    pub async fn resync(&self, source: &SourceId, provenance: &Provenance) -> Result<Done, ApplyError> {
        for _ in 0..CLAIMS {
            let opening = self.open(source, []).await?;
            let Some(seen) = opening.known.clone() else {
                return Err(ApplyError::UnknownSource { source_id: source.clone() });
            };
            if !seen.is_applied() {
                return Err(ApplyError::Unfinished { source_id: source.clone(), revision: seen.claimed });
            }
            let (statement, draft) = self.redraft(source, opening, false).await?;
            if seen.is_finished() && draft.is_empty(&self.aim(source, &statement, &draft.opening, false)) {
                return Ok(self.done(source, Applied::Unchanged, Some(&seen), false).await?);
            }
            let claim = Claim {
                source,
                seen: Some(&seen),
                revision: seen.claimed,
                digest: &seen.digest,
                touches: None,
                then: Then::Resync,
            };
            if let Some(actions) = claim.actions(self)?
                && let Outcome::Refused(_) = self.transact(actions).await?
            {
                continue;
            }
            // Until the claim just now, another resync may have gone on writing.
            let (statement, draft) = self.redraft(source, draft.opening, true).await?;
            return self.write(source, &statement, draft, &claim, provenance).await;
        }
        Err(ApplyError::Contended { source_id: source.clone(), tries: CLAIMS })
    }

    /// What a source states, by the items, and how they differ from it.
    async fn redraft(
        &self,
        source: &SourceId,
        opening: Opening,
        is_begun: bool,
    ) -> Result<(Statement, Draft), ApplyError> {
        let current = self.current(source, &opening.touched, opening.may_leave_out()).await?;
        let statement = statement(source, &current);
        let aim = self.aim(source, &statement, &opening, is_begun);
        let pending = Pending::of(&aim, &current)?;
        Ok((statement, Draft { opening, current, apps: Vec::new(), pending }))
    }
}

/// What a source states: its part of each group, and what waits for the groups that are left out.
/// Each grant is in one of the two at every moment, since one transaction moves it.
fn statement(source: &SourceId, current: &Current) -> Statement {
    let mut statement = Statement::default();
    for left in current.left.values() {
        let stated = StatedGroup { label: left.label.clone(), grants: left.grants.clone() };
        statement.groups.insert(left.group.clone(), stated);
    }
    for record in current.groups.values() {
        if let Some(grants) = record.grants.get(source) {
            let registration = &record.registration;
            let stated = StatedGroup { label: registration.label.clone(), grants: grants.iter().cloned().collect() };
            statement.groups.insert(registration.key.clone(), stated);
        }
    }
    statement
}
