//! Which of a person's groups count, and why the others do not.

use std::ops::Range;

use rustc_hash::FxHashMap;

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
    /// The numbers of the roles that the groups open, group after group. A role's number is below the
    /// count of roles, and says nothing of its place among them.
    numbers: Vec<usize>,
}

impl Offer<'_> {
    /// The numbers of the roles that a group opens, each once.
    pub(super) fn opened_by(&self, group: &Opens) -> &[usize] {
        self.numbers.get(group.numbers.clone()).unwrap_or_default()
    }
}

/// A group that counts.
pub(super) struct Opens {
    pub(super) code: GroupCode,
    /// Its part of the offer's numbers.
    numbers: Range<usize>,
}

/// The offer, with what became of every group.
pub(super) struct Counting<'a> {
    pub(super) offer: Offer<'a>,
    pub(super) findings: Vec<GroupFinding<'a>>,
    pub(super) notes: Vec<Note<'a>>,
}

/// A group with at least one grant that counts.
struct Live<'a> {
    key: &'a str,
    code: GroupCode,
    /// Its place among the findings.
    finding: usize,
    /// Its part of the live roles.
    roles: Range<usize>,
}

/// Looks at each of the person's groups once.
pub(super) fn count<'a, H: CodeHasher + ?Sized>(sign_in: &SignIn<'a>, hasher: &H) -> Counting<'a> {
    let mut keys = sign_in.groups.to_vec();
    keys.sort_unstable();
    keys.dedup();

    let mut notes = Vec::new();
    let mut findings = Vec::with_capacity(keys.len());
    let mut live = Vec::with_capacity(keys.len());
    let mut live_roles = Vec::new();
    for key in keys {
        let begin = live_roles.len();
        let finding = match examine(sign_in, hasher, key, &mut live_roles) {
            Ok(code) => {
                live.push(Live { key, code, finding: findings.len(), roles: begin..live_roles.len() });
                Finding::Counts { code, roles: 0 }
            }
            Err(finding) => finding,
        };
        if matches!(finding, Finding::KeyMismatch | Finding::CodeMismatch) {
            notes.push(Note::Unsound { key });
        }
        findings.push(GroupFinding { key, finding });
    }

    // Keys break ties, so that those of one code stay sorted.
    live.sort_unstable_by(|a, b| (a.code, a.key).cmp(&(b.code, b.key)));
    let mut offer = Offer { groups: Vec::with_capacity(live.len()), roles: Vec::new(), numbers: Vec::new() };
    let mut known: FxHashMap<&RoleArn, usize> = FxHashMap::default();
    // By role number, the group that opened it last: several sources may grant a role to one group.
    let mut last: Vec<usize> = Vec::new();
    for same_code in live.chunk_by(|a, b| a.code == b.code) {
        let [group] = same_code else {
            notes.extend(clash(same_code, &mut findings));
            continue;
        };
        let begin = offer.numbers.len();
        for role in live_roles.get(group.roles.clone()).unwrap_or_default() {
            let number = *known.entry(*role).or_insert(offer.roles.len());
            match last.get_mut(number) {
                Some(finding) if *finding == group.finding => continue,
                Some(finding) => *finding = group.finding,
                None => {
                    offer.roles.push(*role);
                    last.push(group.finding);
                }
            }
            offer.numbers.push(number);
        }
        let numbers = begin..offer.numbers.len();
        set(&mut findings, group.finding, Finding::Counts { code: group.code, roles: numbers.len() });
        offer.groups.push(Opens { code: group.code, numbers });
    }
    offer.roles.sort_unstable();
    Counting { offer, findings, notes }
}

/// Groups that would emit one code: none of them counts.
fn clash<'a>(same_code: &[Live<'a>], findings: &mut [GroupFinding<'a>]) -> Option<Note<'a>> {
    for group in same_code {
        set(findings, group.finding, Finding::Clash { code: group.code });
    }
    let code = same_code.first()?.code;
    Some(Note::Clash { code, keys: same_code.iter().map(|group| group.key).collect() })
}

/// A group's code, having added the roles it opens; or why it does not count, having added none.
fn examine<'a, H: CodeHasher + ?Sized>(
    sign_in: &SignIn<'a>,
    hasher: &H,
    key: &str,
    roles: &mut Vec<&'a RoleArn>,
) -> Result<GroupCode, Finding> {
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
    let (begin, mut expired, mut other_app) = (roles.len(), 0, 0);
    for grant in record.all_grants() {
        match grant.counts(&sign_in.app.id, sign_in.now) {
            Ok(()) => roles.push(&grant.role),
            Err(NotCounting::Expired) => expired += 1,
            Err(NotCounting::OtherApp) => other_app += 1,
        }
    }
    if roles.len() == begin {
        return Err(Finding::NoGrant { expired, other_app });
    }
    Ok(registration.code)
}

fn set(findings: &mut [GroupFinding<'_>], index: usize, finding: Finding) {
    if let Some(slot) = findings.get_mut(index) {
        slot.finding = finding;
    }
}
