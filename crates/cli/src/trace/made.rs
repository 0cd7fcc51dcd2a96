//! What the table's history says of a decision: the app as it was, and which grants opened a role.

use std::iter;

use signet_core::app::{App, AppId};
use signet_core::grant::{Grant, SourceId, Timestamp};
use signet_core::group::GroupKey;
use signet_store::Meta;
use signet_store::history::HistoryRow;
use signet_store::named::audiences;
use signet_store::past::{History, Past};
use signet_store::sign_in::AppState;

use super::logged::Logged;

/// How long before and after a decision the history is looked at as well, in seconds. A change counts from the
/// moment that its application began, and takes its time; and that moment is by the clock of whoever applied
/// it, which may be behind the function's or ahead of it. What was there at any moment in between counts.
pub const IN_FLIGHT: i64 = 60;

/// How long an application may take from the moment that its changes count from, in seconds: a function runs for 15
/// minutes at most (Lambda quotas). Until it is through, a sign-in gets what it withdraws.
const APPLYING: i64 = 15 * 60;

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

/// An app as it was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AppThen {
    /// Its rules.
    pub app: App,
    /// The audiences that its assertions or tokens could be for, sorted.
    pub audiences: Vec<String>,
}

/// What the history says of a decision and one of its roles.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Made {
    /// The app as it was when the decision was made, and then in all other forms that it had around that moment;
    /// empty if it was not there, or not active.
    pub apps: Vec<AppThen>,
    /// The grants of the decision's groups on the role that counted, by group and source.
    pub granted: Vec<Granted>,
    /// There was none, but for a time so shortly before that its withdrawal may not have been through.
    pub withdrawn_lately: bool,
}

impl Made {
    /// What the history says of a decision and a role; none if it has nothing of that time or before. `meta` is
    /// the table's.
    #[must_use]
    pub fn of(history: &History, meta: Meta, logged: &Logged, role: &str) -> Option<Self> {
        let around = |seconds| Timestamp::from_seconds(logged.at.seconds().saturating_add(seconds));
        let (earliest, latest) = (around(-IN_FLIGHT), around(IN_FLIGHT));
        if history.at(latest).is_unknown() {
            return None;
        }
        let mut made = Self { apps: Vec::new(), granted: Vec::new(), withdrawn_lately: false };
        let Some(id) = logged.app.as_deref().and_then(|id| AppId::parse(id).ok()) else { return Some(made) };
        let before = history.between(earliest, logged.at).rev().chain([history.at(earliest)]);
        let after = history.between(logged.at, latest);
        for past in iter::once(history.at(logged.at)).chain(before).chain(after) {
            if let Some(then) = app(&past, meta, &id)
                && !made.apps.contains(&then)
            {
                made.apps.push(then);
            }
            if made.granted.is_empty() {
                made.granted = granted(&past, meta, &id, logged, role);
            }
        }
        if made.granted.is_empty() {
            let mut lately = history.between(around(-APPLYING), earliest).chain([history.at(around(-APPLYING))]);
            made.withdrawn_lately = lately.any(|past| !granted(&past, meta, &id, logged, role).is_empty());
        }
        Some(made)
    }

    /// The app as it was when the decision was made, or around that moment.
    #[must_use]
    pub fn app(&self) -> Option<&App> {
        self.apps.first().map(|then| &then.app)
    }
}

fn app(past: &Past<'_>, meta: Meta, id: &AppId) -> Option<AppThen> {
    match past.sign_in(meta, id.as_str(), &[]).app {
        AppState::Active(app) => {
            let audiences = audiences(&app, past.provider(id)).into_iter().map(str::to_owned).collect();
            Some(AppThen { app: *app, audiences })
        }
        AppState::Unknown | AppState::Inactive(_) => None,
    }
}

fn granted(past: &Past<'_>, meta: Meta, app: &AppId, logged: &Logged, role: &str) -> Vec<Granted> {
    let keys: Vec<&str> =
        logged.groups.iter().filter(|group| group.counted()).map(|group| group.key.as_str()).collect();
    let snapshot = past.sign_in(meta, app.as_str(), &keys);
    let mut records: Vec<_> = snapshot.groups.iter().collect();
    records.sort_by_key(|(key, _)| *key);
    let mut granted = Vec::new();
    for (key, record) in records {
        for (source, grant) in record.grants.iter().flat_map(|(source, all)| all.iter().map(move |one| (source, one))) {
            if grant.role.as_str() == role && grant.counts(app, logged.at).is_ok() {
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
    granted
}
