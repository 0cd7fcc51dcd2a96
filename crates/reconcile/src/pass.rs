//! One pass over an account.
//!
//! The order is safe at every point: providers are there before statements name them, statements are
//! gone before providers are deleted, and no role is ever more open than its old or its new grants say.

use std::collections::BTreeSet;

use futures_util::{StreamExt, TryStreamExt, stream};
use signet_core::grant::Timestamp;
use signet_core::role::RoleArn;
use signet_iam::Iam;
use signet_store::trust::account::{AccountState, RoleState};
use signet_store::trust::outcome::{AccountOutcome, Noted};

use crate::account::{Scope, Watch};
use crate::providers::{Trouble, Wanted};
use crate::run::{Run, Stop};

/// How a pass ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Passed {
    /// All that was due is attended to; when something is due by itself.
    Through(Option<Timestamp>),
    /// More is due by now.
    Again,
    /// What was read is out of date: all of what was asked for is to be looked at anew.
    Anew,
}

/// After how many roles the account is looked at again for what was withdrawn meanwhile: half a minute's
/// writes.
const ROLES_A_LOOK: usize = 32;

/// The roles that a pass attends to.
#[derive(Debug, Default)]
struct Roles {
    ours: Vec<RoleState>,
    orphans: Vec<RoleArn>,
}

impl<I: Iam, W: Watch> Run<'_, I, W> {
    /// Whether nobody has worked on the account yet.
    pub(crate) fn is_new(&self) -> bool {
        self.state.wanted() == 0 && !self.state.roles.is_empty()
    }

    /// Goes over the account once.
    pub(crate) async fn pass(&self, scope: &Scope) -> Result<Passed, Stop> {
        let mut trouble = Trouble::default();
        let wanted = Wanted::of(&self.account, &self.apps);
        let looks = self.wants_providers(scope);
        let there = if looks { self.provide(&wanted, &mut trouble).await? } else { None };
        let roles = self.roles(scope, &mut trouble).await?;
        match self.attend_all(&roles).await {
            Err(Stop::Stale) => return Ok(Passed::Anew),
            ended => ended?,
        }
        if let Some(there) = &there {
            self.remove(&wanted, there, &mut trouble).await?;
        }
        self.all_told()?;
        if self.is_dry() { Ok(Passed::Through(None)) } else { self.close(scope, looks, trouble).await }
    }

    /// Whether providers are to be looked at: for what is wanted of the whole account, or for one that
    /// was in the way the last time.
    fn wants_providers(&self, scope: &Scope) -> bool {
        let has_come = |next: Option<Timestamp>| next.is_some_and(|next| next <= self.now());
        let is_due =
            self.state.row.as_ref().is_none_or(|row| {
                row.wanted == 0 || row.wanted > row.applied || (row.why.is_some() && has_come(row.next))
            });
        // Without roles there is nobody to sign in.
        !self.state.roles.is_empty() && (is_due || matches!(scope, Scope::All | Scope::Sweep))
    }

    async fn roles(&self, scope: &Scope, trouble: &mut Trouble) -> Result<Roles, Stop> {
        let (wanted, now) = (self.state.wanted(), self.now());
        let those = |is_meant: &dyn Fn(&RoleState) -> bool| Roles {
            ours: self.state.roles.values().filter(|state| is_meant(state)).cloned().collect(),
            orphans: Vec::new(),
        };
        let due = |state: &RoleState| state.is_due(wanted, now);
        Ok(match scope {
            Scope::Due => those(&due),
            Scope::All => those(&|_| true),
            Scope::Roles(roles) => those(&|state| roles.contains(&state.role)),
            Scope::Sweep => {
                self.keep().await?;
                match self.sweep().await? {
                    Ok(found) => Roles { ours: found.differ, orphans: found.orphans },
                    Err(error) => {
                        self.failed(self.account.id.as_str(), &error.to_string(), trouble).await?;
                        those(&due)
                    }
                }
            }
        })
    }

    async fn attend_all(&self, roles: &Roles) -> Result<(), Stop> {
        let mut chunks = roles.ours.chunks(ROLES_A_LOOK).peekable();
        while let Some(chunk) = chunks.next() {
            self.attend_some(chunk).await?;
            if chunks.peek().is_some() && !self.is_dry() {
                let waiting: BTreeSet<&RoleArn> = chunks.clone().flatten().map(|state| &state.role).collect();
                self.attend_some(&self.raised_but(&waiting).await?).await?;
            }
        }
        for role in &roles.orphans {
            self.keep().await?;
            self.attend_orphan(role).await?;
        }
        Ok(())
    }

    async fn attend_some(&self, roles: &[RoleState]) -> Result<(), Stop> {
        let at_once = self.reconciler.settings.roles_at_once.max(1);
        let ours = stream::iter(roles).map(|state| self.attend(state));
        ours.buffer_unordered(at_once).try_collect().await
    }

    /// The roles whose grants changed since they were attended to, or that nobody knew to be due; without
    /// those whose turn comes yet.
    async fn raised_but(&self, waiting: &BTreeSet<&RoleArn>) -> Result<Vec<RoleState>, Stop> {
        let account = self.reconciler.table.account(&self.account.id).await?;
        let is_raised = |state: &RoleState| state.wanted > state.tried && !waiting.contains(&state.role);
        Ok(account.roles.into_values().filter(is_raised).collect())
    }

    /// Looks once more at what is wanted, and notes how far the account came.
    async fn close(&self, scope: &Scope, looked: bool, mut trouble: Trouble) -> Result<Passed, Stop> {
        self.keep().await?;
        let table = &self.reconciler.table;
        let state = table.account(&self.account.id).await?;
        if self.has_other_apps(&state).await? {
            // Whoever changed them raises every account that is listed; this one may be too new for that.
            table.raise_account(&self.account.id, self.now()).await?;
            return Ok(Passed::Again);
        }
        let is_partial = matches!(scope, Scope::Roles(_));
        if !is_partial && state.roles.values().any(|role| role.is_due(state.wanted(), self.now())) {
            return Ok(Passed::Again);
        }
        if let Some(row) = state.row.as_ref().filter(|row| !looked && row.why.is_some()) {
            // What was in the way of providers is so still, and is due when it was.
            trouble.whys.extend(row.why.clone());
            row.next.into_iter().for_each(|next| trouble.retry(next));
        }
        let why = trouble.whys.into_iter().reduce(|all, one| format!("{all}; {one}"));
        let next = state.roles.values().filter_map(|role| role.next).chain(trouble.next).min();
        let is_attended = !is_partial && !trouble.is_unapplied;
        let outcome = AccountOutcome { applied: is_attended.then(|| self.state.wanted()), why, next };
        self.note(&state, &outcome).await
    }

    /// Notes it, unless that is what the row says already.
    async fn note(&self, state: &AccountState, outcome: &AccountOutcome) -> Result<Passed, Stop> {
        let Some(live) = &self.live else { return Ok(Passed::Through(outcome.next)) };
        let is_noted = state.row.as_ref().is_some_and(|row| {
            let is_applied = outcome.applied.is_none_or(|applied| row.applied >= applied && row.wanted <= applied);
            is_applied && row.why == outcome.why && row.next == outcome.next
        });
        if is_noted {
            return Ok(Passed::Through(outcome.next));
        }
        match self.reconciler.table.note_account(&live.held.lease, outcome).await? {
            Noted::Done => Ok(Passed::Through(outcome.next)),
            Noted::Raised | Noted::AccountRaised => Ok(Passed::Again),
            Noted::Lost => Err(Stop::Lost),
        }
    }
}
