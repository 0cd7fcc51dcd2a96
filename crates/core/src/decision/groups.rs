//! Which of a person's groups count, and why the others do not.

use std::collections::HashMap;

use crate::code::{CodeHasher, GroupCode};
use crate::grant::NotCounting;
use crate::group::{GroupRecord, GroupState};
use crate::role::RoleArn;

use super::input::SignIn;
use super::outcome::{Finding, GroupFinding, Note};

/// What the groups that count offer.
pub(super) struct Offer<'a> {
    /// The groups that count, sorted by code.
    pub(super) groups: Vec<Opens>,
    /// The roles they open, sorted.
    pub(super) roles: Vec<&'a RoleArn>,
}

/// A group that counts.
pub(super) struct Opens {
    pub(super) code: GroupCode,
    /// The roles it opens, as numbers below the count of the offered roles; each once.
    pub(super) roles: Vec<usize>,
}

/// The offer, with what became of every group.
pub(super) struct Counting<'a> {
    pub(super) offer: Offer<'a>,
    pub(super) findings: Vec<GroupFinding<'a>>,
    pub(super) notes: Vec<Note<'a>>,
}

/// Looks at each of the person's groups once.
pub(super) fn count<'a, H: CodeHasher + ?Sized>(sign_in: &SignIn<'a>, hasher: &H) -> Counting<'a> {
    let mut keys = sign_in.groups.to_vec();
    keys.sort_unstable();
    keys.dedup();

    let mut notes = Vec::new();
    let mut live: Vec<Live<'a>> = Vec::with_capacity(keys.len());
    let mut findings = Vec::with_capacity(keys.len());
    for (index, key) in keys.into_iter().enumerate() {
        let finding = match examine(sign_in, hasher, key) {
            Ok((code, roles)) => {
                live.push(Live { finding: index, key, code, roles });
                Finding::Counts { code, roles: 0 }
            }
            Err(finding) => finding,
        };
        if matches!(finding, Finding::KeyMismatch | Finding::CodeMismatch) {
            notes.push(Note::Unsound { key });
        }
        findings.push(GroupFinding { key, finding });
    }

    live.sort_by_key(|group| group.code);
    for same_code in live.chunk_by(|a, b| a.code == b.code).filter(|groups| groups.len() > 1) {
        for group in same_code {
            set(&mut findings, group.finding, Finding::Clash { code: group.code });
        }
        if let Some(first) = same_code.first() {
            // The sort above is stable, so the keys of one code are still sorted.
            notes.push(Note::Clash { code: first.code, keys: same_code.iter().map(|group| group.key).collect() });
        }
    }
    live.retain(|group| matches!(findings.get(group.finding), Some(f) if matches!(f.finding, Finding::Counts { .. })));

    let mut roles = Roles::default();
    let mut groups = Vec::with_capacity(live.len());
    for group in live {
        let mut opened: Vec<usize> = group.roles.into_iter().map(|role| roles.number(role)).collect();
        opened.sort_unstable();
        opened.dedup();
        set(&mut findings, group.finding, Finding::Counts { code: group.code, roles: opened.len() });
        groups.push(Opens { code: group.code, roles: opened });
    }
    Counting { offer: Offer { groups, roles: roles.sorted() }, findings, notes }
}

/// A group with at least one grant that counts.
struct Live<'a> {
    /// Its place among the findings.
    finding: usize,
    key: &'a str,
    code: GroupCode,
    roles: Vec<&'a RoleArn>,
}

/// A group's code and the roles it opens, or why it does not count.
fn examine<'a, H: CodeHasher + ?Sized>(
    sign_in: &SignIn<'a>,
    hasher: &H,
    key: &str,
) -> Result<(GroupCode, Vec<&'a RoleArn>), Finding> {
    let record: &GroupRecord = sign_in.records.get(key).ok_or(Finding::Unregistered)?;
    let registration = &record.registration;
    if registration.key.as_str() != key {
        return Err(Finding::KeyMismatch);
    }
    if registration.state == GroupState::Retired {
        return Err(Finding::Retired);
    }
    if !registration.is_sound(hasher, sign_in.width) {
        return Err(Finding::CodeMismatch);
    }
    let (mut roles, mut expired, mut other_app) = (Vec::new(), 0, 0);
    for grant in record.all_grants() {
        match grant.counts(&sign_in.app.id, sign_in.now) {
            Ok(()) => roles.push(&grant.role),
            Err(NotCounting::Expired) => expired += 1,
            Err(NotCounting::OtherApp) => other_app += 1,
        }
    }
    if roles.is_empty() {
        return Err(Finding::NoGrant { expired, other_app });
    }
    Ok((registration.code, roles))
}

fn set(findings: &mut [GroupFinding<'_>], index: usize, finding: Finding) {
    if let Some(slot) = findings.get_mut(index) {
        slot.finding = finding;
    }
}

/// Numbers roles in the order they are met, so that a cover can count them without comparing
/// ARNs.
#[derive(Default)]
struct Roles<'a> {
    numbers: HashMap<&'a str, usize>,
    met: Vec<&'a RoleArn>,
}

impl<'a> Roles<'a> {
    fn number(&mut self, role: &'a RoleArn) -> usize {
        let next = self.met.len();
        let number = *self.numbers.entry(role.as_str()).or_insert(next);
        if number == next {
            self.met.push(role);
        }
        number
    }

    fn sorted(self) -> Vec<&'a RoleArn> {
        let mut roles = self.met;
        roles.sort_unstable();
        roles
    }
}
