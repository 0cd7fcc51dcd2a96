//! What an application knows before it writes: what the items say, and the difference.

use std::collections::BTreeMap;

use signet_core::grant::SourceId;
use signet_core::producer::TopicArn;
use signet_core::role::RoleArn;

use crate::Table;
use crate::batch::Key;
use crate::codec;
use crate::error::StoreError;
use crate::schema::{self, Meta};
use crate::statement::Statement;

use super::diff::{Aim, Current};
use super::left::Left;
use super::pending::{self, Pending};
use super::plan::crowded;
use super::run::AppWork;
use super::source::{Opening, SourceState, Touched};
use super::{AppChange, ApplyError, Plan, apps};

/// All that an application knows before it writes.
pub(super) struct Draft {
    pub(super) opening: Opening,
    pub(super) current: Current,
    pub(super) apps: Vec<AppWork>,
    pub(super) pending: Pending,
}

impl Table {
    pub(super) fn aim<'a>(
        &'a self,
        source: &'a SourceId,
        statement: &'a Statement,
        opening: &Opening,
        is_begun: bool,
    ) -> Aim<'a> {
        let Meta { width, on_collision, .. } = opening.meta;
        Aim { source, statement, width, on_collision, hasher: &*self.hasher, is_begun }
    }

    /// The first read of an application: the source, the topic's producer, and the apps that the
    /// statement names.
    pub(super) async fn opening(
        &self,
        topic: Option<&TopicArn>,
        source: &SourceId,
        statement: &Statement,
    ) -> Result<Opening, StoreError> {
        let apps = statement.apps.iter().map(|stated| &stated.app);
        let keys = apps.flat_map(|app| [schema::app_key(app.id.as_str()), schema::provider_key(&app.provider)]);
        self.open(source, topic.map(schema::producer_key).into_iter().chain(keys)).await
    }

    /// Reads what the items say, and makes the difference.
    pub(super) async fn draft(
        &self,
        source: &SourceId,
        statement: &Statement,
        opening: Opening,
        is_begun: bool,
    ) -> Result<Draft, ApplyError> {
        let apps = apps::works(source, statement, &opening)?;
        let mut touched = opening.touched.clone();
        touched.extend_by(statement);
        let current = self.current(source, &touched, opening.may_leave_out()).await?;
        let aim = self.aim(source, statement, &opening, is_begun);
        check_something_left(&aim, &current, &opening)?;
        let pending = Pending::of(&aim, &current)?;
        aim.check_roles(&pending::codes(&current, pending.groups.iter()))?;
        Ok(Draft { opening, current, apps, pending })
    }

    /// Reads the groups and the roles that the source touches, and with `looks` the groups that
    /// are left out of it.
    pub(super) async fn current(
        &self,
        source: &SourceId,
        touched: &Touched,
        looks: bool,
    ) -> Result<Current, StoreError> {
        let groups: BTreeMap<Key, &str> =
            touched.groups.iter().map(|hash| (schema::group_key_of_hash(hash), hash.as_str())).collect();
        let roles: BTreeMap<Key, &RoleArn> =
            touched.roles.iter().map(|role| (schema::role_key(role, source), role)).collect();
        let items = self.read(groups.keys().chain(roles.keys()).cloned()).await?;
        let mut current = Current::default();
        if looks {
            (current.left, current.owners) = self.left_out(source).await?;
        }
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

/// Refuses a dataset that is there and states no grants where it had some: that is rather a mistake
/// of its producer than a withdrawal of everything.
fn check_something_left(aim: &Aim<'_>, current: &Current, opening: &Opening) -> Result<(), ApplyError> {
    let Aim { source, statement, .. } = aim;
    if !source.as_str().starts_with("dataset:") || statement.deleted || statement.grants() > 0 {
        return Ok(());
    }
    let grants = current.groups.values().filter_map(|record| record.grants.get(*source)).map(Vec::len).sum::<usize>()
        + current.left.values().map(|left| left.grants.len()).sum::<usize>();
    // What is under way may be writing grants just now: those roles were noted for it.
    let is_under_way = opening.known.as_ref().is_some_and(|state| !state.is_finished());
    if grants > 0 || is_under_way && !opening.touched.roles.is_empty() {
        return Err(ApplyError::NothingLeft { source_id: (*source).clone(), grants });
    }
    Ok(())
}

impl Opening {
    /// Whether there may be groups that are left out: they are counted when an application ends.
    pub(super) fn may_leave_out(&self) -> bool {
        self.known.as_ref().is_some_and(|state| state.left_out > 0 || !state.is_finished())
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

    /// Whether the table says already what is stated.
    pub(super) fn is_empty(&self, aim: &Aim<'_>) -> bool {
        let codes = pending::codes(&self.current, std::iter::empty());
        self.apps.is_empty()
            && self.pending.groups.is_empty()
            && self.pending.rows_of_left(&self.current).next().is_none()
            && pending::rows_of_roles(aim, &self.current, &codes).is_empty()
    }

    pub(super) fn plan(&self, source: &SourceId) -> Plan {
        let grants = self.current.groups.values().filter_map(|record| record.grants.get(source)).map(Vec::len);
        let apps = self.apps.iter();
        Plan {
            source: source.clone(),
            claimed: self.opening.known.as_ref().map_or(0, |state| state.claimed),
            grants_before: grants.sum(),
            groups: self.pending.groups.iter().map(|change| change.summary(source)).collect(),
            apps: apps
                .map(|(stated, before)| AppChange { app: stated.app.id.clone(), added: before.is_none() })
                .collect(),
            displaced: self.pending.groups.iter().filter_map(|change| change.displaced.clone()).collect(),
            left_out: self.pending.left.values().map(Left::summary).collect(),
            crowded: crowded(self.pending.groups.iter()),
        }
    }
}
