//! Drift, staleness, capacity, what stands in the way.
//!
//! | Part | Looks at |
//! |---|---|
//! | `table` | sources and groups: what waits, what is displaced, what is nearly full |
//! | `apps` | apps, their gates and certificates |
//! | `progress` | what the table notes of accounts and roles: what waits, for how long, and why |
//! | `policies` | the trust policies of an account's roles, as they are |
//! | `providers` | the identity providers of an account, as they are |
//!
//! An account costs the calls of one list of roles and one of providers, whatever it holds. What cannot
//! be looked at is a finding.

mod apps;
mod known;
mod policies;
mod progress;
mod providers;
mod table;

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::pin::pin;

use futures_util::{StreamExt, stream};
use signet_core::grant::Timestamp;
use signet_core::role::RoleArn;
use signet_iam::{Account, Iam};
use signet_store::Table;
use signet_store::trust::account::AccountState;

use crate::account::{ReconcileError, Reconciler};
use crate::settings::Settings;
use known::Known;

/// How many accounts are looked at side by side: each has a rate of its own.
const ACCOUNTS_AT_ONCE: usize = 8;

/// How much a finding matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Weight {
    /// Good to know.
    Note,
    /// To be looked at.
    Warning,
    /// Somebody is let in who should not be, or kept out who should be in.
    Error,
}

impl Weight {
    /// Every weight, the heaviest first.
    pub const ALL: [Self; 3] = [Self::Error, Self::Warning, Self::Note];

    /// The word for people and programs.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Note => "note",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

/// What an audit found.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Finding {
    /// How much it matters.
    pub weight: Weight,
    /// What it is, in a word: `drift`, `stale`, `capacity`, `not_ready`, `wider`, `provider_without_app`,
    /// `shared_certificate`, `unreachable`, `collision`, `left_out` …
    pub kind: &'static str,
    /// What it concerns: an ARN, an account, an app, a group.
    pub subject: String,
    /// What it is and what to do, for people.
    pub text: String,
}

impl Finding {
    fn new(weight: Weight, kind: &'static str, subject: impl Into<String>, text: impl Into<String>) -> Self {
        Self { weight, kind, subject: subject.into(), text: text.into() }
    }
}

/// Looks at the table alone: what needs no IAM. Writes nothing.
///
/// # Errors
/// [`ReconcileError`] where the table cannot be read.
pub async fn offline(table: &Table, settings: &Settings, now: Timestamp) -> Result<Vec<Finding>, ReconcileError> {
    let known = Known::read(table).await?;
    let mut found = of_table(table, &known, now).await?;
    for account in &known.accounts {
        for state in account.roles.values() {
            found.extend(progress::outcome(state, account.wanted(), progress::Live::No));
            found.extend(progress::capacity(state, settings.quota));
        }
    }
    Ok(sorted(found))
}

/// What needs no IAM, and is said whether or not IAM is looked at.
async fn of_table(table: &Table, known: &Known, now: Timestamp) -> Result<Vec<Finding>, ReconcileError> {
    let mut found = table::findings(table, known.width).await?;
    found.extend(apps::findings(known));
    found.extend(known.accounts.iter().filter_map(|account| progress::staleness(account, now)));
    Ok(found)
}

/// The heaviest first, and none twice: for who has findings of their own beside an audit's.
#[must_use]
pub fn sorted(found: Vec<Finding>) -> Vec<Finding> {
    let found: BTreeSet<Finding> = found.into_iter().collect();
    let mut found: Vec<Finding> = found.into_iter().collect();
    found.sort_by_key(|one| Reverse(one.weight));
    found
}

impl<I: Iam> Reconciler<I> {
    /// Looks at every account's roles and providers, and at the table. Writes nothing. `progress` hears
    /// of each account that was looked at.
    ///
    /// # Errors
    /// [`ReconcileError`] where the table cannot be read. An account that cannot be is a finding.
    pub async fn audit(&self, now: Timestamp, mut progress: impl FnMut(&str)) -> Result<Vec<Finding>, ReconcileError> {
        let known = Known::read(&self.table).await?;
        let mut found = of_table(&self.table, &known, now).await?;
        let all = known.accounts.len();
        let known = &known;
        let looks = known.accounts.iter().map(async |account| (account, self.look(known, account, now).await));
        let mut looks = pin!(stream::iter(looks).buffer_unordered(ACCOUNTS_AT_ONCE));
        let mut done = 0;
        while let Some((account, findings)) = looks.next().await {
            done += 1;
            let findings = findings?;
            progress(&format!("account {} ({done} of {all}): {}", account.account, counted(findings.len())));
            found.extend(findings);
        }
        Ok(sorted(found))
    }

    /// Looks at one account.
    async fn look(&self, known: &Known, state: &AccountState, now: Timestamp) -> Result<Vec<Finding>, ReconcileError> {
        let mut entries = BTreeMap::new();
        for role in state.roles.keys() {
            entries.insert(role.clone(), self.table.role_entries(role).await?);
        }
        let mut found = Vec::new();
        for partition in partitions(state) {
            let account = Account { partition, id: state.account.clone() };
            let (roles, providers) = tokio::join!(self.iam.roles(&account), self.iam.providers(&account));
            let subject = state.account.to_string();
            let mine = || state.roles.values().filter(|role| role.role.partition() == account.partition);
            match &roles {
                Err(error) => {
                    let text = format!("the account's roles cannot be looked at: {error}");
                    found.push(Finding::new(Weight::Error, "unreachable", &subject, text));
                    // Then what was noted last is all that there is.
                    for role in mine() {
                        found.extend(progress::outcome(role, state.wanted(), progress::Live::No));
                        found.extend(progress::capacity(role, self.settings.quota));
                    }
                }
                Ok(roles) => {
                    for role in mine() {
                        found.extend(progress::outcome(role, state.wanted(), progress::Live::Yes));
                    }
                    let policies =
                        policies::Policies { known, settings: &self.settings, state, entries: &entries, now };
                    found.extend(policies.findings(&account, roles));
                }
            }
            match &providers {
                Err(error) if roles.is_ok() => {
                    let text = format!("the account's identity providers cannot be looked at: {error}");
                    found.push(Finding::new(Weight::Error, "unreachable", &subject, text));
                }
                Err(_) => {}
                Ok(providers) => found.extend(providers::findings(known, &account, providers, state, &entries, now)),
            }
        }
        Ok(found)
    }
}

/// The partitions of an account's roles: one, since no two partitions share a number.
fn partitions(state: &AccountState) -> BTreeSet<String> {
    state.roles.keys().map(|role: &RoleArn| role.partition().to_owned()).collect()
}

fn counted(findings: usize) -> String {
    match findings {
        0 => "nothing found".to_owned(),
        1 => "1 finding".to_owned(),
        more => format!("{more} findings"),
    }
}

#[cfg(test)]
mod tests;
