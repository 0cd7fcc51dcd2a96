//! What an application knows before it writes: what the items say, and the difference.

use std::collections::BTreeMap;

use signet_core::grant::SourceId;
use signet_core::role::RoleArn;

use crate::Table;
use crate::batch::Key;
use crate::codec;
use crate::error::StoreError;
use crate::schema;
use crate::statement::Statement;

use super::codes::Owners;
use super::diff::{Aim, Change, Current};
use super::run::{self, AppWork};
use super::source::{Opening, SourceState, Touched};
use super::{AppChange, ApplyError, Plan, apps};

/// All that an application knows before it writes.
pub(super) struct Draft {
    pub(super) opening: Opening,
    pub(super) current: Current,
    pub(super) owners: Owners,
    pub(super) apps: Vec<AppWork>,
    pub(super) groups: Vec<Change>,
}

impl Table {
    pub(super) fn aim<'a>(&'a self, source: &'a SourceId, statement: &'a Statement, opening: &Opening) -> Aim<'a> {
        Aim { source, statement, width: opening.meta.width, hasher: &*self.hasher }
    }

    /// The first read of an application: the source, and the apps that the statement names.
    pub(super) async fn opening(&self, source: &SourceId, statement: &Statement) -> Result<Opening, StoreError> {
        let apps = statement.apps.iter().map(|stated| &stated.app);
        let keys = apps.flat_map(|app| [schema::app_key(app.id.as_str()), schema::provider_key(&app.provider)]);
        self.open(source, keys).await
    }

    /// Reads what the items say, and makes the difference.
    pub(super) async fn draft(
        &self,
        source: &SourceId,
        statement: &Statement,
        opening: Opening,
    ) -> Result<Draft, ApplyError> {
        let apps = apps::works(source, statement, &opening)?;
        let mut touched = opening.touched.clone();
        touched.extend_by(statement);
        let current = self.current(source, statement, &touched).await?;
        let mut owners = Owners::default();
        let aim = self.aim(source, statement, &opening);
        let groups = aim.changes(&current, &mut owners)?;
        aim.check_roles(&run::codes(&current, groups.iter()))?;
        Ok(Draft { opening, current, owners, apps, groups })
    }

    /// Reads the groups and the roles that the source touches.
    pub(super) async fn current(
        &self,
        source: &SourceId,
        statement: &Statement,
        touched: &Touched,
    ) -> Result<Current, StoreError> {
        debug_assert!(statement.groups.keys().all(|key| touched.groups.contains(&schema::group_hash(key.as_str()))));
        let groups: BTreeMap<Key, &str> =
            touched.groups.iter().map(|hash| (schema::group_key_of_hash(hash), hash.as_str())).collect();
        let roles: BTreeMap<Key, &RoleArn> =
            touched.roles.iter().map(|role| (schema::role_key(role, source), role)).collect();
        let items = self.read(groups.keys().chain(roles.keys()).cloned()).await?;
        let mut current = Current::default();
        for (key, item) in &items {
            if let Some(hash) = groups.get(key) {
                let record = codec::read_group(item)?;
                if schema::group_hash(record.registration.key.as_str()) != **hash {
                    let what = "its key is not the one its place stands for".to_owned();
                    return Err(StoreError::Corrupt(crate::Corrupt { item: codec::place(item), what }));
                }
                current.groups.insert(record.registration.key.clone(), record);
            } else if let Some(role) = roles.get(key) {
                current.roles.insert((*role).clone(), codec::read_role(item)?);
            }
        }
        Ok(current)
    }
}

impl Touched {
    /// Adds what a statement will touch.
    fn extend_by(&mut self, statement: &Statement) {
        self.groups.extend(statement.groups.keys().map(|key| schema::group_hash(key.as_str())));
        let grants = statement.groups.values().flat_map(|stated| &stated.grants);
        self.roles.extend(grants.map(|grant| grant.role.clone()));
    }
}

impl Draft {
    /// What the source touches before or after. Where nothing is under way, that is what carries a
    /// part of it in truth; else all that was noted, since a worker may write until it is fenced off.
    pub(super) fn touches(&self, source: &SourceId, statement: &Statement) -> Touched {
        let mut touched = if self.opening.known.as_ref().is_none_or(SourceState::is_finished) {
            let carrying = self.current.groups.values().filter(|record| record.grants.contains_key(source));
            Touched {
                groups: carrying.map(|record| schema::group_hash(record.registration.key.as_str())).collect(),
                roles: self.current.roles.keys().cloned().collect(),
            }
        } else {
            self.opening.touched.clone()
        };
        touched.extend_by(statement);
        touched
    }

    pub(super) fn plan(&self, source: &SourceId) -> Plan {
        let grants = self.current.groups.values().filter_map(|record| record.grants.get(source)).map(Vec::len);
        let apps = self.apps.iter();
        Plan {
            source: source.clone(),
            claimed: self.opening.known.as_ref().map_or(0, |state| state.claimed),
            grants_before: grants.sum(),
            groups: self.groups.iter().map(|change| change.summary(source)).collect(),
            apps: apps
                .map(|(stated, before)| AppChange { app: stated.app.id.clone(), added: before.is_none() })
                .collect(),
            displaced: self.groups.iter().filter_map(|change| change.displaced.clone()).collect(),
        }
    }
}
