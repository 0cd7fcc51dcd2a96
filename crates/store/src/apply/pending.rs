//! What is to be written still. Pure.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use signet_core::code::GroupCode;
use signet_core::group::GroupKey;
use signet_core::role::RoleArn;
use signet_core::trust::grants::RoleEntry;

use super::ApplyError;
use super::codes::Owners;
use super::diff::{Aim, Change, Current, Verdict};
use super::left::Left;

/// What groups need, and who is known to own which code.
#[derive(Debug, Default)]
pub(super) struct Pending {
    pub(super) owners: Owners,
    /// What changes on groups' items, sorted by key.
    pub(super) groups: VecDeque<Change>,
    /// The groups that are to be left out, whether that is noted already or not.
    pub(super) left: BTreeMap<GroupKey, Left>,
}

impl Pending {
    /// The difference between what is stated and what the items say.
    pub(super) fn of(aim: &Aim<'_>, current: &Current) -> Result<Self, ApplyError> {
        let mut pending = Self::default();
        for record in current.groups.values() {
            pending.owners.learn(record.registration.code, record.registration.key.clone());
        }
        for (code, owner) in &current.owners {
            pending.owners.learn(*code, owner.clone());
        }
        let keys: BTreeSet<&GroupKey> = aim.statement.groups.keys().chain(current.groups.keys()).collect();
        for key in keys {
            match aim.verdict(key, current.groups.get(key), &mut pending.owners)? {
                Verdict::Nothing => {}
                Verdict::Change(change) => pending.groups.push_back(*change),
                Verdict::LeftOut(left) => drop(pending.left.insert(key.clone(), *left)),
            }
        }
        Ok(pending)
    }

    /// Makes anew what these groups need, by the items as they are now, and what those need that
    /// gave way to them.
    pub(super) fn reconsider(
        &mut self,
        aim: &Aim<'_>,
        current: &Current,
        mut stale: BTreeSet<GroupKey>,
    ) -> Result<(), ApplyError> {
        loop {
            let displaced = self.groups.iter().filter_map(|change| change.displaced.as_ref());
            let gave_way = displaced.map(|displaced| (&displaced.group, &displaced.owner));
            let gave_way = gave_way.chain(self.left.values().map(|left| (&left.group, &left.owner)));
            let more: Vec<GroupKey> = gave_way
                .filter(|(group, owner)| stale.contains(*owner) && !stale.contains(*group))
                .map(|(group, _)| group.clone())
                .collect();
            if more.is_empty() {
                break;
            }
            stale.extend(more);
        }
        for change in self.groups.iter().filter(|change| stale.contains(&change.group)) {
            self.owners.release(&change.group, change.code);
        }
        for record in stale.iter().filter_map(|group| current.groups.get(group)) {
            self.owners.learn(record.registration.code, record.registration.key.clone());
        }
        for group in stale {
            let verdict = aim.verdict(&group, current.groups.get(&group), &mut self.owners)?;
            self.left.remove(&group);
            let place = self.groups.binary_search_by(|change| change.group.cmp(&group));
            match (verdict, place) {
                (Verdict::Change(change), Ok(place)) => {
                    if let Some(slot) = self.groups.get_mut(place) {
                        *slot = *change;
                    }
                }
                (Verdict::Change(change), Err(place)) => self.groups.insert(place, *change),
                (other, place) => {
                    if let Ok(place) = place {
                        self.groups.remove(place);
                    }
                    if let Verdict::LeftOut(left) = other {
                        self.left.insert(group, *left);
                    }
                }
            }
        }
        Ok(())
    }

    /// The rows of left-out groups that are not as they should be: to be noted, or to be forgotten.
    /// Those of groups that get their grants are forgotten with them.
    pub(super) fn rows_of_left<'p>(
        &'p self,
        current: &'p Current,
    ) -> impl Iterator<Item = (&'p GroupKey, Option<&'p Left>)> {
        let noted = self.left.iter().filter(|(group, left)| current.left.get(*group) != Some(*left));
        let gets = |group: &GroupKey| self.groups.binary_search_by(|change| change.group.cmp(group)).is_ok();
        let forgotten = current.left.keys().filter(move |group| !self.left.contains_key(*group) && !gets(group));
        noted.map(|(group, left)| (group, Some(left))).chain(forgotten.map(|group| (group, None)))
    }
}

/// The rows of roles that do not hold what they should, given the codes of the groups.
pub(super) fn rows_of_roles(
    aim: &Aim<'_>,
    current: &Current,
    codes: &BTreeMap<&GroupKey, GroupCode>,
) -> BTreeMap<RoleArn, BTreeSet<RoleEntry>> {
    let mut rows = aim.roles(codes);
    for role in current.roles.keys() {
        rows.entry(role.clone()).or_default();
    }
    let is = |role: &RoleArn| current.roles.get(role);
    // Nobody writes an empty row; one that is there all the same goes.
    rows.retain(|role, entries| is(role).map_or(!entries.is_empty(), |is| is != entries || is.is_empty()));
    rows
}

/// The code of every group: by the items, or else by what is to be written.
pub(super) fn codes<'c>(
    current: &'c Current,
    changes: impl Iterator<Item = &'c Change>,
) -> BTreeMap<&'c GroupKey, GroupCode> {
    let by_item = current.groups.iter().map(|(key, record)| (key, record.registration.code));
    changes.map(|change| (&change.group, change.code)).chain(by_item).collect()
}
