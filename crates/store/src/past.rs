//! What the table held at a moment, by its history. Pure.

use std::collections::{BTreeMap, HashMap};

use signet_core::app::AppId;
use signet_core::grant::{Grant, SourceId, Timestamp};
use signet_core::group::{GroupKey, GroupRecord, GroupState, Registration};

use crate::history::{HistoryRow, PastApp, PastGroup};
use crate::schema::Meta;
use crate::sign_in::{AppState, SWITCHED_OFF, Snapshot};

/// The table as it was at a moment.
///
/// It knows what entitlement files and datasets stated. What provider events said of an app is not
/// part of the history.
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
        match self.app_changes(id).next_back() {
            None => AppState::Unknown,
            Some((_, change)) if change.after.active => AppState::Active(Box::new(change.after.app.clone())),
            Some(_) => AppState::Inactive(SWITCHED_OFF),
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

    /// The row that brought the rules of an app as they stood then; none if the history does not say.
    #[must_use]
    pub fn cause_of_app(&self, app: &AppId) -> Option<&HistoryRow> {
        self.app_changes(app.as_str()).next_back().map(|(row, _)| row)
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
}
