//! What the table's history says of a decision: the app as it was, and which grants opened a role.

use std::collections::BTreeSet;

use signet_core::app::App;
use signet_core::grant::{Grant, SourceId, Timestamp};
use signet_core::group::GroupKey;
use signet_core::role::RoleArn;
use signet_store::Meta;
use signet_store::history::HistoryRow;
use signet_store::past::Past;
use signet_store::sign_in::AppState;

use super::logged::Logged;

/// How long before a decision the history is looked at as well, in seconds: a change counts from the moment
/// that its application began, and takes its time. What is withdrawn while a decision is made is granted in
/// one of both moments.
const IN_FLIGHT: i64 = 60;

/// A grant that opened a role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Granted {
    /// The group.
    pub group: GroupKey,
    /// What people call it.
    pub label: Option<String>,
    /// Its code.
    pub code: String,
    /// Who stated the grant.
    pub source: SourceId,
    /// The grant.
    pub grant: Grant,
    /// The row of the history that brought it; none if the history does not say.
    pub since: Option<HistoryRow>,
}

/// What the history says of a decision and one of its roles.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Made {
    /// The app, if it was there and active.
    pub app: Option<App>,
    /// The grants of the decision's groups on the role that counted, by group and source.
    pub granted: Vec<Granted>,
}

/// The history, for decisions in the order of their time: looking at the same moment again costs nothing.
#[derive(Debug)]
pub struct History {
    rows: Vec<HistoryRow>,
    meta: Meta,
    /// The moments at which something changed.
    moments: BTreeSet<Timestamp>,
    now: Option<(Timestamp, Past)>,
    before: Option<(Timestamp, Past)>,
}

impl History {
    /// The history of a table, by the rows of [`signet_store::Table::whole_history`]. `meta` is the table's.
    #[must_use]
    pub fn new(meta: Meta, rows: Vec<HistoryRow>) -> Self {
        let moments = rows.iter().map(|row| row.at).collect();
        Self { rows, meta, moments, now: None, before: None }
    }

    /// What it says of a decision and a role; none if it has nothing of that moment or before.
    pub fn made(&mut self, logged: &Logged, role: &RoleArn) -> Option<Made> {
        let last = |moments: &BTreeSet<Timestamp>, at| moments.range(..=at).next_back().copied();
        let earlier = Timestamp::from_seconds(logged.at.seconds() - IN_FLIGHT);
        let now = at(&self.rows, &mut self.now, last(&self.moments, logged.at)?);
        let made = of(now, self.meta, logged, role);
        if made.app.is_some() && !made.granted.is_empty() {
            return Some(made);
        }
        let Some(earlier) = last(&self.moments, earlier) else { return Some(made) };
        let before = of(at(&self.rows, &mut self.before, earlier), self.meta, logged, role);
        let granted = if made.granted.is_empty() { before.granted } else { made.granted };
        Some(Made { app: made.app.or(before.app), granted })
    }
}

/// The table at a moment, which is kept for the next time.
fn at<'p>(rows: &[HistoryRow], kept: &'p mut Option<(Timestamp, Past)>, moment: Timestamp) -> &'p Past {
    let is_kept = kept.as_ref().is_some_and(|(known, _)| *known == moment);
    if !is_kept {
        *kept = None;
    }
    let (_, past) = kept.get_or_insert_with(|| (moment, Past::at(moment, rows.to_vec())));
    past
}

fn of(past: &Past, meta: Meta, logged: &Logged, role: &RoleArn) -> Made {
    let Some(app_id) = &logged.app else { return Made { app: None, granted: Vec::new() } };
    let keys: Vec<&str> =
        logged.groups.iter().filter(|group| group.counted()).map(|group| group.key.as_str()).collect();
    let snapshot = past.sign_in(meta, app_id, &keys);
    let app = match snapshot.app {
        AppState::Active(app) => Some(*app),
        AppState::Unknown | AppState::Inactive(_) => None,
    };
    let mut granted = Vec::new();
    let mut records: Vec<_> = snapshot.groups.iter().collect();
    records.sort_by_key(|(key, _)| *key);
    for (key, record) in records {
        for (source, grant) in record.grants.iter().flat_map(|(source, all)| all.iter().map(move |one| (source, one))) {
            let counts = app.as_ref().is_some_and(|app| grant.counts(&app.id, logged.at).is_ok());
            if counts && grant.role == *role {
                granted.push(Granted {
                    group: record.registration.key.clone(),
                    label: record.registration.label.clone(),
                    code: record.registration.code.to_string(),
                    source: source.clone(),
                    grant: grant.clone(),
                    since: past.cause(key, source, grant).cloned(),
                });
            }
        }
    }
    Made { app, granted }
}
