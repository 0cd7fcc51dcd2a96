//! What the table held at a moment, by its history. Pure.

use std::collections::{BTreeMap, HashMap};

use signet_core::app::AppId;
use signet_core::grant::{Grant, SourceId, Timestamp};
use signet_core::group::{GroupKey, GroupRecord, GroupState, Registration};

use crate::history::{HistoryRow, PastApp, PastGroup, PastProvider};
use crate::schema::Meta;
use crate::sign_in::{AppState, DELETED, NOT_STATED, Snapshot, state_of};

/// The table as it was at a moment.
#[derive(Debug, Clone)]
pub struct Past {
    /// The rows of that moment and before, oldest first.
    rows: Vec<HistoryRow>,
    /// What changed of each group, by its key: the places of the row, and of the change within it.
    groups: HashMap<String, Vec<(usize, usize)>>,
    begins: Option<Timestamp>,
}

impl Past {
    /// The table at a moment, by the rows of [`crate::Table::whole_history`]. What changed within the
    /// second of the moment counts as changed.
    #[must_use]
    pub fn at(moment: Timestamp, mut rows: Vec<HistoryRow>) -> Self {
        let begins = rows.iter().map(|row| row.at).min();
        rows.retain(|row| row.at <= moment);
        let mut groups: HashMap<String, Vec<(usize, usize)>> = HashMap::new();
        for (place, row) in rows.iter().enumerate() {
            for (within, change) in row.groups.iter().enumerate() {
                groups.entry(change.group.as_str().to_owned()).or_default().push((place, within));
            }
        }
        Self { rows, groups, begins }
    }

    /// Whether the history has nothing of that moment or before: nothing is known, rather than
    /// nothing granted.
    #[must_use]
    pub fn is_unknown(&self) -> bool {
        self.rows.is_empty()
    }

    /// When the history begins, whatever the moment; none where there is no history.
    #[must_use]
    pub fn begins(&self) -> Option<Timestamp> {
        self.begins
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
    pub fn cause(&self, group: &str, source: &SourceId, grant: &Grant) -> Option<&HistoryRow> {
        let mut changes = self.group_changes(group).filter(|(row, _)| row.source.as_ref() == Some(source));
        changes.rfind(|(_, change)| change.added().any(|added| added == grant)).map(|(row, _)| row)
    }

    /// The row that made an app what it was then; none if the history does not say. That is the one
    /// that brought its rules as they stood, or switched it off; or else, of an app that a sign-in was
    /// denied to for it, the provider event that deleted it, or was the only one to speak of it.
    #[must_use]
    pub fn cause_of_app(&self, app: &AppId) -> Option<&HistoryRow> {
        let stated = self.app_changes(app.as_str()).next_back().map(|(row, _)| row);
        match self.app(app.as_str()) {
            AppState::Inactive(DELETED) => self.cause_of_provider(app),
            _ => stated.or_else(|| self.cause_of_provider(app)),
        }
    }

    /// The provider event since which an app had been active, or deleted, then; none if the history
    /// does not say.
    #[must_use]
    pub fn cause_of_provider(&self, app: &AppId) -> Option<&HistoryRow> {
        let changes: Vec<_> = self.provider_changes(app.as_str()).collect();
        let (_, last) = changes.last()?;
        let same = changes.iter().rev().take_while(|(_, change)| change.after.active == last.after.active);
        same.last().map(|(row, _)| *row)
    }

    fn group_changes(&self, key: &str) -> impl DoubleEndedIterator<Item = (&HistoryRow, &PastGroup)> {
        let places = self.groups.get(key).map(Vec::as_slice).unwrap_or_default();
        places.iter().filter_map(|(place, within)| {
            let row = self.rows.get(*place)?;
            Some((row, row.groups.get(*within)?))
        })
    }

    fn app_changes(&self, id: &str) -> impl DoubleEndedIterator<Item = (&HistoryRow, &PastApp)> {
        let changes = self.rows.iter().flat_map(|row| row.apps.iter().map(move |change| (row, change)));
        changes.filter(move |(_, change)| change.after.app.id.as_str() == id)
    }

    fn provider_changes(&self, id: &str) -> impl DoubleEndedIterator<Item = (&HistoryRow, &PastProvider)> {
        let changes = self.rows.iter().filter_map(|row| Some((row, row.provider.as_ref()?)));
        changes.filter(move |(_, change)| change.app.as_str() == id)
    }
}
