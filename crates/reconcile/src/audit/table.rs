//! Sources and groups: what waits, what is displaced, what is nearly full.

use std::collections::BTreeSet;

use signet_core::code::{CodeWidth, Salt, Sha256Hasher};
use signet_core::group::{GroupKey, GroupRecord};
use signet_core::role::RoleArn;
use signet_store::apply::LeftOut;
use signet_store::lookup::SourceInfo;
use signet_store::{StoreError, Table};

use super::{Finding, Weight};

/// The most roles a group may open, and the most bytes that its item may have.
const GROUP_ROLES: usize = 300;
const GROUP_BYTES: usize = 16 * 1_024;

/// What is to be said of the table's sources and groups.
pub(super) async fn findings(table: &Table, width: CodeWidth) -> Result<Vec<Finding>, StoreError> {
    let mut found = Vec::new();
    let mut keys = BTreeSet::new();
    for info in table.sources().await? {
        found.extend(interrupted(&info));
        let left = table.groups_left_out(&info.source).await?;
        found.extend(left.iter().map(|one| left_out(&info, one)));
        if let Some(statement) = table.export(&info.source).await? {
            keys.extend(statement.groups.into_keys());
        }
    }
    let keys: Vec<&str> = keys.iter().map(GroupKey::as_str).collect();
    for record in table.groups(&keys).await?.values() {
        found.extend(group(record, width));
    }
    Ok(found)
}

fn interrupted(info: &SourceInfo) -> Option<Finding> {
    let SourceInfo { source, claimed, applied } = info;
    (applied < claimed).then(|| {
        let text = format!(
            "revision {claimed} is being applied, or its application was interrupted: the table has revision \
             {applied} in full. `signet resync {source}` completes it"
        );
        Finding::new(Weight::Warning, "interrupted", source.as_str(), text)
    })
}

fn left_out(info: &SourceInfo, left: &LeftOut) -> Finding {
    let text = format!(
        "it finds its code {} taken by `{}`, and waits for another with {} grants of {source}: `signet register`, and \
         then `signet resync {source}`",
        left.taken,
        left.owner.as_str(),
        left.grants,
        source = info.source,
    );
    Finding::new(Weight::Error, "left_out", left.group.as_str(), text)
}

/// What is to be said of a group.
fn group(record: &GroupRecord, width: CodeWidth) -> Vec<Finding> {
    let registration = &record.registration;
    let key = registration.key.as_str();
    let mut found = Vec::new();
    if !registration.is_sound(&Sha256Hasher, width) {
        let text = format!(
            "its code {} is not the hash of its key and salt: something else than Signet wrote it, and it opens nothing",
            registration.code
        );
        found.push(Finding::new(Weight::Error, "unsound", key, text));
    }
    if registration.salt != Salt::NONE {
        let text = format!(
            "it found its code taken by another group, and has {} (salt {}) instead: whoever works codes out from names \
             alone gets the other group's",
            registration.code,
            registration.salt.get()
        );
        found.push(Finding::new(Weight::Note, "collision", key, text));
    }
    let roles = record.all_grants().map(|grant| &grant.role).collect::<BTreeSet<&RoleArn>>().len();
    let bytes = bytes(record);
    let percent = (roles * 100 / GROUP_ROLES).max(bytes * 100 / GROUP_BYTES);
    let weight = match percent {
        ..=70 => return found,
        71..=90 => Weight::Note,
        _ => Weight::Warning,
    };
    let text = format!(
        "it has {roles} of {GROUP_ROLES} roles, in an item of some {bytes} of {GROUP_BYTES} bytes ({percent} %): what \
         goes beyond is refused"
    );
    found.push(Finding::new(weight, "group_capacity", key, text));
    found
}

/// The bytes of a group's item, about, and rather too many: DynamoDB counts names, values and some bytes
/// for each.
fn bytes(record: &GroupRecord) -> usize {
    let label = record.registration.label.as_deref().map_or(0, str::len);
    let mut bytes = 300 + record.registration.key.as_str().len() + label;
    for (source, grants) in &record.grants {
        bytes += source.as_str().len() + 8;
        for grant in grants {
            let apps: usize = grant.apps.iter().flatten().map(|app| app.as_str().len() + 1).sum();
            let end = if grant.expires_at.is_some() { 18 } else { 0 };
            bytes += grant.role.as_str().len() + apps + end + 20;
        }
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;
    use signet_core::code::GroupCode;
    use signet_core::grant::{Grant, SourceId};
    use signet_core::group::{GroupState, Registration};

    fn record(salt: u32, code: Option<&str>, roles: usize) -> GroupRecord {
        let role = |n| RoleArn::parse(&format!("arn:aws:iam::111122223333:role/r{n}")).unwrap();
        let grants = (0..roles).map(|n| Grant { role: role(n), apps: None, expires_at: None }).collect();
        let salt = Salt::new(salt);
        let proposed = GroupCode::propose(&Sha256Hasher, CodeWidth::DEFAULT, "Readers", salt);
        GroupRecord {
            registration: Registration {
                key: GroupKey::new("Readers").unwrap(),
                label: None,
                code: code.map_or(proposed, |code| GroupCode::parse(code).unwrap()),
                salt,
                state: GroupState::Registered,
            },
            grants: [(SourceId::file("f").unwrap(), grants)].into(),
        }
    }

    #[test]
    fn groups_are_looked_at() {
        let kinds = |record| {
            let found = group(&record, CodeWidth::DEFAULT);
            found.iter().map(|one| (one.weight, one.kind)).collect::<Vec<_>>()
        };
        assert_eq!(kinds(record(0, None, 150)), []);
        assert_eq!(kinds(record(3, None, 1)), [(Weight::Note, "collision")]);
        assert_eq!(kinds(record(0, Some("aaaa"), 1)), [(Weight::Error, "unsound")]);
        assert_eq!(kinds(record(0, None, 214)), [(Weight::Note, "group_capacity")]);
        assert_eq!(kinds(record(0, None, 275)), [(Weight::Warning, "group_capacity")]);
    }
}
