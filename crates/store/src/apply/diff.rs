//! The difference between what a source states and what the items say. Pure.

use std::collections::{BTreeMap, BTreeSet};

use signet_core::code::{CodeHasher, CodeWidth, GroupCode, Salt};
use signet_core::grant::{Grant, SourceId};
use signet_core::group::{GroupKey, GroupRecord, GroupState};
use signet_core::role::RoleArn;
use signet_core::trust::grants::RoleEntry;

use crate::codec;
use crate::schema::OnCollision;
use crate::statement::{StatedGroup, Statement};

use super::codes::{Assigned, Owners};
use super::left::Left;
use super::{ApplyError, Crowded, Displaced, GroupChange};

/// The most bytes a group's item may have: twenty groups of 100 KB made a sign-in take 73 ms.
pub(super) const GROUP_BYTES: usize = 16 * 1_024;
/// The most roles a group may open, over all sources.
const GROUP_ROLES: usize = 300;
/// From how many percent of a limit on people are told.
const CROWDED: usize = 80;
/// The most bytes of a source's row of a role: DynamoDB takes items of 400 KB.
const ROLE_BYTES: usize = 300_000;

/// What the items say, of all that a source touched or will touch.
#[derive(Debug, Clone, Default)]
pub(super) struct Current {
    pub(super) groups: BTreeMap<GroupKey, GroupRecord>,
    pub(super) roles: BTreeMap<RoleArn, BTreeSet<RoleEntry>>,
    /// The groups that are noted as left out.
    pub(super) left: BTreeMap<GroupKey, Left>,
    /// Who owns the codes that those found taken.
    pub(super) owners: BTreeMap<GroupCode, GroupKey>,
}

/// What one group needs.
#[derive(Debug)]
pub(super) enum Verdict {
    /// Nothing: its item says what is stated.
    Nothing,
    /// A change of its item.
    Change(Box<Change>),
    /// Another code than the one it would have.
    LeftOut(Box<Left>),
}

/// How much a group holds of what one may hold, over all sources.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Load {
    roles: usize,
    bytes: usize,
}

impl Load {
    /// The nearer of the two limits, in percent.
    fn percent(self) -> usize {
        (self.roles * 100 / GROUP_ROLES).max(self.bytes * 100 / GROUP_BYTES)
    }
}

/// What changes on one group's item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Change {
    pub(super) group: GroupKey,
    /// A label to set, if it changes.
    pub(super) label: Option<String>,
    pub(super) code: GroupCode,
    pub(super) salt: Salt,
    /// Whether the group gets its code with this change, for the first time or again.
    pub(super) registers: bool,
    /// The sources that state grants of the group now.
    pub(super) sources: BTreeSet<SourceId>,
    pub(super) before: BTreeSet<Grant>,
    pub(super) after: BTreeSet<Grant>,
    pub(super) displaced: Option<Displaced>,
    /// What the group holds afterwards.
    pub(super) load: Load,
}

impl Change {
    /// Whether the group loses its last grant of all sources.
    pub(super) fn retires(&self, source: &SourceId) -> bool {
        self.after.is_empty() && self.sources.iter().all(|other| other == source)
    }

    /// What the group holds, if that is near a limit.
    pub(super) fn crowded(&self) -> Option<Crowded> {
        let Load { roles, bytes } = self.load;
        let percent = self.load.percent();
        (percent >= CROWDED).then(|| {
            let percent = u32::try_from(percent).unwrap_or(u32::MAX);
            Crowded { group: self.group.clone(), roles, bytes, percent }
        })
    }

    pub(super) fn summary(&self, source: &SourceId) -> GroupChange {
        GroupChange {
            group: self.group.clone(),
            label: self.label.clone(),
            code: self.code,
            salt: self.salt,
            registers: self.registers,
            retires: self.retires(source),
            added: self.after.difference(&self.before).cloned().collect(),
            removed: self.before.difference(&self.after).cloned().collect(),
        }
    }
}

/// A source's statement, and what its codes are proposed with.
pub(super) struct Aim<'a> {
    pub(super) source: &'a SourceId,
    pub(super) statement: &'a Statement,
    pub(super) width: CodeWidth,
    pub(super) hasher: &'a dyn CodeHasher,
    pub(super) on_collision: OnCollision,
    /// Whether the revision is claimed, and may be written in part: then it is completed whatever the
    /// limits say. They were kept when it was claimed, and a part that stays is worse than a group that
    /// two sources at once made too large.
    pub(super) is_begun: bool,
}

impl Aim<'_> {
    /// What one group needs.
    pub(super) fn verdict(
        &self,
        group: &GroupKey,
        record: Option<&GroupRecord>,
        owners: &mut Owners,
    ) -> Result<Verdict, ApplyError> {
        let nothing = StatedGroup::default();
        let stated = self.statement.groups.get(group).unwrap_or(&nothing);
        let before: BTreeSet<Grant> =
            record.and_then(|record| record.grants.get(self.source)).into_iter().flatten().cloned().collect();
        let has_label = record.and_then(|record| record.registration.label.as_ref());
        // Without a grant, a label is of no group of this source's.
        let label = stated.label.as_ref().filter(|label| Some(*label) != has_label && !stated.grants.is_empty());
        let is_retired = record.is_some_and(|record| record.registration.state == GroupState::Retired);
        let registers = !stated.grants.is_empty() && (record.is_none() || is_retired);
        if before == stated.grants && label.is_none() && !registers || record.is_none() && stated.grants.is_empty() {
            return Ok(Verdict::Nothing);
        }
        let load = self.load(group, &before, &stated.grants, record)?;
        let assigned = match (record, self.on_collision) {
            (Some(GroupRecord { registration, .. }), _) => {
                Assigned { code: registration.code, salt: registration.salt, displaced: None }
            }
            (None, OnCollision::Displace) => owners.assign(self.hasher, self.width, group)?,
            (None, OnCollision::Refuse) => match owners.assign_first(self.hasher, self.width, group) {
                Ok(code) => Assigned { code, salt: Salt::NONE, displaced: None },
                Err((taken, owner)) => {
                    let (group, label, grants) = (group.clone(), stated.label.clone(), stated.grants.clone());
                    return Ok(Verdict::LeftOut(Box::new(Left { group, label, grants, taken, owner })));
                }
            },
        };
        Ok(Verdict::Change(Box::new(Change {
            group: group.clone(),
            label: label.cloned(),
            code: assigned.code,
            salt: assigned.salt,
            registers,
            sources: record.map(|record| record.grants.keys().cloned().collect()).unwrap_or_default(),
            before,
            after: stated.grants.clone(),
            displaced: assigned.displaced,
            load,
        })))
    }

    /// What a group will hold. Refuses what makes it too large, or larger where it is too large
    /// already, unless the revision is begun. What only withdraws is never refused for its size.
    fn load(
        &self,
        group: &GroupKey,
        before: &BTreeSet<Grant>,
        after: &BTreeSet<Grant>,
        record: Option<&GroupRecord>,
    ) -> Result<Load, ApplyError> {
        let others =
            || record.into_iter().flat_map(|record| &record.grants).filter(|(source, _)| *source != self.source);
        let load = |own: &BTreeSet<Grant>| {
            let all = own.iter().chain(others().flat_map(|(_, grants)| grants));
            let roles = all.map(|grant| &grant.role).collect::<BTreeSet<_>>().len();
            let parts: usize = others().map(|(source, grants)| part_bytes(source, grants)).sum();
            Load { roles, bytes: 300 + group.as_str().len() + part_bytes(self.source, own) + parts }
        };
        let will = load(after);
        let is_over = will.roles > GROUP_ROLES || will.bytes > GROUP_BYTES;
        if !is_over || self.is_begun || after.iter().all(|grant| before.iter().any(|before| is_within(grant, before))) {
            return Ok(will);
        }
        let was = load(before);
        let refuse =
            |what, limit: usize| Err(ApplyError::Capacity { group: group.clone(), what, limit: limit.to_string() });
        if will.roles > GROUP_ROLES && will.roles > was.roles {
            return refuse(format!("{} roles", will.roles), GROUP_ROLES);
        }
        if will.bytes > GROUP_BYTES && will.bytes > was.bytes {
            return refuse(format!("{} bytes of grants", will.bytes), GROUP_BYTES);
        }
        Ok(will)
    }

    /// What the source's rows of roles should hold, given the codes of the groups.
    pub(super) fn roles(&self, codes: &BTreeMap<&GroupKey, GroupCode>) -> BTreeMap<RoleArn, BTreeSet<RoleEntry>> {
        let mut roles: BTreeMap<RoleArn, BTreeSet<RoleEntry>> = BTreeMap::new();
        for (key, stated) in &self.statement.groups {
            let Some(code) = codes.get(key) else { continue };
            for grant in &stated.grants {
                let entry = RoleEntry { code: *code, apps: grant.apps.clone(), expires_at: grant.expires_at };
                roles.entry(grant.role.clone()).or_default().insert(entry);
            }
        }
        roles
    }

    /// Whether every role's row fits into an item.
    pub(super) fn check_roles(&self, codes: &BTreeMap<&GroupKey, GroupCode>) -> Result<(), ApplyError> {
        for (role, entries) in self.roles(codes) {
            let bytes = codec::size(&codec::write_role(&entries));
            if bytes > ROLE_BYTES {
                let source_id = self.source.clone();
                return Err(ApplyError::RoleTooLarge { source_id, role, bytes, limit: ROLE_BYTES });
            }
        }
        Ok(())
    }
}

/// Whether a grant gives nothing that another one does not give.
fn is_within(grant: &Grant, other: &Grant) -> bool {
    let apps = match (&grant.apps, &other.apps) {
        (_, None) => true,
        (None, Some(_)) => false,
        (Some(apps), Some(others)) => apps.is_subset(others),
    };
    let time = match (grant.expires_at, other.expires_at) {
        (_, None) => true,
        (None, Some(_)) => false,
        (Some(end), Some(other)) => end <= other,
    };
    grant.role == other.role && apps && time
}

fn part_bytes<'g>(source: &SourceId, grants: impl IntoIterator<Item = &'g Grant>) -> usize {
    2 * codec::part_name(source).len() + codec::size(&codec::write_grants(grants))
}

#[cfg(test)]
mod tests {
    use super::*;
    use signet_core::app::AppId;
    use signet_core::grant::Timestamp;

    fn grant(apps: Option<&[&str]>, expires_at: Option<i64>) -> Grant {
        Grant {
            role: RoleArn::parse("arn:aws:iam::111122223333:role/reader").unwrap(),
            apps: apps.map(|ids| ids.iter().map(|id| AppId::parse(id).unwrap()).collect()),
            expires_at: expires_at.map(Timestamp::from_seconds),
        }
    }

    #[test]
    fn a_grant_is_within_one_that_gives_as_much_for_as_long() {
        let all = grant(None, None);
        let some = grant(Some(&["a", "b"]), Some(100));
        assert!(is_within(&some, &all) && !is_within(&all, &some));
        for within in [grant(Some(&["a"]), Some(100)), grant(Some(&["a", "b"]), Some(99)), grant(Some(&[]), Some(1))] {
            assert!(is_within(&within, &some) && !is_within(&some, &within), "{within:?}");
        }
        for other in [grant(Some(&["a", "c"]), Some(1)), grant(None, Some(1)), grant(Some(&["a"]), Some(101))] {
            assert!(!is_within(&other, &some), "{other:?}");
        }
        let role = RoleArn::parse("arn:aws:iam::111122223333:role/writer").unwrap();
        assert!(!is_within(&Grant { role, ..all.clone() }, &all));
    }
}
