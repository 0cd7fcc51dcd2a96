//! What the table held at a moment, by its history. Pure.

use std::collections::{BTreeMap, HashMap};
use std::ops::Bound;

use signet_core::app::AppId;
use signet_core::grant::{Grant, SourceId, Timestamp};
use signet_core::group::{GroupKey, GroupRecord, GroupState, Registration};

use crate::history::{HistoryRow, PastApp, PastGroup, PastProvider};
use crate::provider::AppProvider;
use crate::schema::Meta;
use crate::sign_in::{AppState, DELETED, NOT_STATED, Snapshot, state_of};

/// The history of a table, indexed: any number of moments is looked at without a copy of it.
#[derive(Debug, Clone, Default)]
pub struct History {
    /// The rows, in the order in which they are applied one after the other.
    rows: Vec<HistoryRow>,
    /// What changed of each group, by its key: the places of the row, and of the change within it.
    groups: HashMap<String, Vec<(usize, usize)>>,
    /// What files changed of each app, by its id, in the same way.
    apps: HashMap<String, Vec<(usize, usize)>>,
    /// The rows of the provider events of each app, by its id.
    providers: HashMap<String, Vec<usize>>,
    /// The moments at which something changed, with the places of the rows that say so.
    moments: BTreeMap<Timestamp, Vec<usize>>,
}

impl History {
    /// A history of the rows of [`crate::Table::whole_history`].
    #[must_use]
    pub fn new(rows: Vec<HistoryRow>) -> Self {
        let mut history = Self::default();
        for (place, row) in rows.iter().enumerate() {
            history.moments.entry(row.at).or_default().push(place);
            for (within, change) in row.groups.iter().enumerate() {
                history.groups.entry(change.group.as_str().to_owned()).or_default().push((place, within));
            }
            for (within, change) in row.apps.iter().enumerate() {
                history.apps.entry(change.after.app.id.as_str().to_owned()).or_default().push((place, within));
            }
            if let Some(change) = &row.provider {
                history.providers.entry(change.app.as_str().to_owned()).or_default().push(place);
            }
        }
        Self { rows, ..history }
    }

    /// The table at a moment. What changed within the second of the moment counts as changed.
    #[must_use]
    pub fn at(&self, moment: Timestamp) -> Past<'_> {
        Past { history: self, moment, rows: self.rows.len() }
    }

    /// The rows.
    #[must_use]
    pub fn rows(&self) -> &[HistoryRow] {
        &self.rows
    }

    /// The table after each change that was made after one moment and up to another, the earliest first: what
    /// was changed twice within a second is there in each of its forms. None if the second moment is not after
    /// the first.
    #[must_use]
    pub fn between(&self, after: Timestamp, until: Timestamp) -> impl DoubleEndedIterator<Item = Past<'_>> {
        // A range that ends before it begins would be a panic.
        let range = (Bound::Excluded(after), Bound::Included(until.max(after)));
        self.moments.range(range).flat_map(move |(moment, places)| {
            places.iter().map(move |place| Past { history: self, moment: *moment, rows: place.saturating_add(1) })
        })
    }
}

/// The table as it was at a moment.
#[derive(Debug, Clone, Copy)]
pub struct Past<'h> {
    history: &'h History,
    moment: Timestamp,
    /// How many of the rows there were: those of a moment come one after the other.
    rows: usize,
}

impl<'h> Past<'h> {
    /// Whether the history has nothing of that moment or before: nothing is known, rather than
    /// nothing granted.
    #[must_use]
    pub fn is_unknown(&self) -> bool {
        self.begins().is_none_or(|begins| begins > self.moment)
    }

    /// When the history begins, whatever the moment; none where there is no history.
    #[must_use]
    pub fn begins(&self) -> Option<Timestamp> {
        self.history.moments.keys().next().copied()
    }

    /// What a sign-in would have read then. `meta` is the table's: its code width never changes.
    #[must_use]
    pub fn sign_in(&self, meta: Meta, app: &str, groups: &[&str]) -> Snapshot {
        Snapshot { meta, app: self.app(app), groups: self.groups(groups) }
    }

    fn app(&self, id: &str) -> AppState {
        let event = self.provider_changes(id).next_back().map(|(_, change)| change.after.standing());
        match (self.app_changes(id).next_back(), &event) {
            (None, None) => AppState::Unknown,
            (None, Some(_)) => AppState::Inactive(NOT_STATED),
            (Some((_, change)), event) => state_of(change.after.clone(), event.as_ref()),
        }
    }

    fn groups(&self, keys: &[&str]) -> HashMap<String, GroupRecord> {
        let keys = keys.iter().filter_map(|key| GroupKey::new(*key).ok());
        keys.filter_map(|key| Some((key.as_str().to_owned(), self.group(&key)?))).collect()
    }

    /// All that was known of a group: none if it was not registered.
    fn group(&self, key: &GroupKey) -> Option<GroupRecord> {
        let mut record: Option<GroupRecord> = None;
        for (row, change) in self.group_changes(key.as_str()) {
            if change.releases {
                record = None;
                continue;
            }
            let record = record.get_or_insert_with(|| GroupRecord {
                registration: Registration {
                    key: key.clone(),
                    label: None,
                    code: change.code,
                    salt: change.salt,
                    state: GroupState::Registered,
                },
                grants: BTreeMap::new(),
            });
            let registration = &mut record.registration;
            (registration.code, registration.salt) = (change.code, change.salt);
            registration.label = change.label.clone().or(registration.label.take());
            if let Some(source) = &row.source {
                record.grants.insert(source.clone(), change.after.iter().cloned().collect());
                record.grants.retain(|_, grants| !grants.is_empty());
            }
            if change.registers || !record.grants.is_empty() {
                registration.state = GroupState::Registered;
            } else if change.retires {
                registration.state = GroupState::Retired;
            }
        }
        record
    }

    /// The row that brought a grant as it stood then; none if the history does not say.
    #[must_use]
    pub fn cause(&self, group: &str, source: &SourceId, grant: &Grant) -> Option<&'h HistoryRow> {
        let mut changes = self.group_changes(group).filter(|(row, _)| row.source.as_ref() == Some(source));
        changes.rfind(|(_, change)| change.added().any(|added| added == grant)).map(|(row, _)| row)
    }

    /// The row that made an app what it was then; none if the history does not say. That is the one
    /// that brought its rules as they stood, or switched it off; or else, of an app that a sign-in was
    /// denied to for it, the provider event that deleted it, or was the only one to speak of it.
    #[must_use]
    pub fn cause_of_app(&self, app: &AppId) -> Option<&'h HistoryRow> {
        let stated = self.app_changes(app.as_str()).next_back().map(|(row, _)| row);
        match self.app(app.as_str()) {
            AppState::Inactive(DELETED) => self.cause_of_provider(app),
            _ => stated.or_else(|| self.cause_of_provider(app)),
        }
    }

    /// The provider event since which an app had been active, or deleted, then; none if the history
    /// does not say.
    #[must_use]
    pub fn cause_of_provider(&self, app: &AppId) -> Option<&'h HistoryRow> {
        let changes: Vec<_> = self.provider_changes(app.as_str()).collect();
        let (_, last) = changes.last()?;
        let same = changes.iter().rev().take_while(|(_, change)| change.after.active == last.after.active);
        same.last().map(|(row, _)| *row)
    }

    /// What the last provider event had said of an app then; none if none had spoken of it.
    #[must_use]
    pub fn provider(&self, app: &AppId) -> Option<&'h AppProvider> {
        self.provider_changes(app.as_str()).next_back().map(|(_, change)| &change.after)
    }

    fn group_changes(&self, key: &str) -> impl DoubleEndedIterator<Item = (&'h HistoryRow, &'h PastGroup)> {
        let history = self.history;
        let places = history.groups.get(key).map(Vec::as_slice).unwrap_or_default();
        self.standing(places.iter().filter_map(|(place, within)| {
            let row = history.rows.get(*place)?;
            Some((*place, row, row.groups.get(*within)?))
        }))
    }

    fn app_changes(&self, id: &str) -> impl DoubleEndedIterator<Item = (&'h HistoryRow, &'h PastApp)> {
        let history = self.history;
        let places = history.apps.get(id).map(Vec::as_slice).unwrap_or_default();
        self.standing(places.iter().filter_map(|(place, within)| {
            let row = history.rows.get(*place)?;
            Some((*place, row, row.apps.get(*within)?))
        }))
    }

    fn provider_changes(&self, id: &str) -> impl DoubleEndedIterator<Item = (&'h HistoryRow, &'h PastProvider)> {
        let history = self.history;
        let places = history.providers.get(id).map(Vec::as_slice).unwrap_or_default();
        self.standing(places.iter().filter_map(|place| {
            let row = history.rows.get(*place)?;
            Some((*place, row, row.provider.as_ref()?))
        }))
    }

    /// The changes that there had been by then.
    fn standing<T>(
        &self,
        changes: impl DoubleEndedIterator<Item = (usize, &'h HistoryRow, T)>,
    ) -> impl DoubleEndedIterator<Item = (&'h HistoryRow, T)> {
        let Self { moment, rows, .. } = *self;
        let there = changes.filter(move |(place, row, _)| *place < rows && row.at <= moment);
        there.map(|(_, row, change)| (row, change))
    }
}
