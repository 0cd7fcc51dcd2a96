//! All roles of an account, by one list of them: what differs is attended to as if it were due.

use std::collections::BTreeMap;

use signet_core::role::RoleArn;
use signet_core::trust::desired::Desired;
use signet_core::trust::document::Document;
use signet_core::trust::grants::codes_at;
use signet_iam::{Iam, IamError, RoleFacts};
use signet_store::StoreError;
use signet_store::trust::account::RoleState;

use crate::account::Watch;
use crate::judge::{Case, Known, withdrawn};
use crate::report::Outcome;
use crate::run::Run;

/// What a list of an account's roles says is to be attended to.
#[derive(Debug, Default)]
pub(crate) struct Found {
    /// Roles of ours that are not as wanted, or are due.
    pub(crate) differ: Vec<RoleState>,
    /// Roles that were never granted and have statements of ours that let somebody in.
    pub(crate) orphans: Vec<RoleArn>,
}

impl<I: Iam, W: Watch> Run<'_, I, W> {
    /// Compares every role with what is wanted.
    pub(crate) async fn sweep(&self) -> Result<Result<Found, IamError>, StoreError> {
        let listed = match self.iam().roles(&self.account).await {
            Ok(listed) => listed,
            Err(error) => return Ok(Err(error)),
        };
        let mut found = Found { differ: Vec::new(), orphans: self.orphans(&listed) };
        let listed: BTreeMap<&str, &RoleFacts> = listed.iter().map(|facts| (facts.arn.as_str(), facts)).collect();
        for state in self.state.roles.values() {
            if self.differs(state, listed.get(state.role.as_str()).copied()).await? {
                found.differ.push(state.clone());
            }
        }
        Ok(Ok(found))
    }

    async fn differs(&self, state: &RoleState, listed: Option<&RoleFacts>) -> Result<bool, StoreError> {
        let now = self.now();
        if state.is_due(self.state.wanted(), now) {
            return Ok(true);
        }
        let outcome = state.outcome.as_deref();
        let is = |known: Outcome| outcome == Some(known.as_str());
        // What failed has its next attempt, and would fail again; but what is on the role may change.
        if state.failures > 0 && !is(Outcome::TooLong) {
            return Ok(false);
        }
        let Some(listed) = listed else { return Ok(!is(Outcome::Absent)) };
        let Ok(document) = Document::parse(&listed.trust_policy) else { return Ok(true) };
        let entries = self.reconciler.table.role_entries(&state.role).await?;
        let codes = codes_at(&entries, self.gates.keys(), now);
        let desired = Desired::new(&state.role, self.width, &self.gates, &codes);
        let settings = &self.reconciler.settings;
        if !settings.bounds.may_admit(&state.role) {
            // It was found so before; else it is to be told.
            return Ok(!desired.is_empty());
        }
        let case = Case { settings, now, state, desired: &desired, as_written: None, quota: Some(settings.quota) };
        Ok(case.judge(&Known { document, just_written: false, calls: 0 }).writes)
    }

    /// Roles without a row that have statements of ours.
    fn orphans(&self, listed: &[RoleFacts]) -> Vec<RoleArn> {
        let bounds = &self.reconciler.settings.bounds;
        let has_ours = |facts: &RoleFacts| {
            Document::parse(&facts.trust_policy).is_ok_and(|document| withdrawn(&document).is_some())
        };
        let known = listed.iter().filter_map(|facts| RoleArn::parse(&facts.arn).ok().map(|role| (role, facts)));
        known
            .filter(|(role, _)| !self.state.roles.contains_key(role) && !bounds.is_never(role))
            .filter(|(_, facts)| has_ours(facts))
            .map(|(role, _)| role)
            .collect()
    }
}
