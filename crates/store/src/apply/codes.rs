//! Which code a newcomer gets.

use std::collections::HashMap;

use signet_core::code::{CodeHasher, CodeWidth, GroupCode, Salt};
use signet_core::group::GroupKey;

use super::{ApplyError, Displaced};

/// How many salts are tried: at width 4 a table with half of its codes taken needs two on the average.
const SALTS: usize = 10_000;

/// Who is known to own which code: by the items, by earlier choices, by refusals.
#[derive(Debug, Clone, Default)]
pub(super) struct Owners {
    by_code: HashMap<GroupCode, GroupKey>,
}

/// The code of a newcomer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Assigned {
    pub(super) code: GroupCode,
    pub(super) salt: Salt,
    /// Whom it gave way to, if its first proposal was taken.
    pub(super) displaced: Option<Displaced>,
}

impl Owners {
    /// Notes who owns a code. The first note stands: a code never changes hands.
    pub(super) fn learn(&mut self, code: GroupCode, owner: GroupKey) {
        self.by_code.entry(code).or_insert(owner);
    }

    /// Takes back a choice that the table refused, and notes who owns the code in truth.
    pub(super) fn forget(&mut self, group: &GroupKey, code: GroupCode, owner: GroupKey) {
        if self.by_code.get(&code) == Some(group) {
            self.by_code.insert(code, owner);
        }
    }

    /// Takes back a choice whose group turned out to have another code, or none.
    pub(super) fn release(&mut self, group: &GroupKey, code: GroupCode) {
        if self.by_code.get(&code) == Some(group) {
            self.by_code.remove(&code);
        }
    }

    /// Gives a newcomer its first proposal, or says which that is and who is known to own it.
    pub(super) fn assign_first<H: CodeHasher + ?Sized>(
        &mut self,
        hasher: &H,
        width: CodeWidth,
        group: &GroupKey,
    ) -> Result<GroupCode, (GroupCode, GroupKey)> {
        let code = GroupCode::propose(hasher, width, group.as_str(), Salt::NONE);
        let owner = self.by_code.entry(code).or_insert_with(|| group.clone());
        if owner == group { Ok(code) } else { Err((code, owner.clone())) }
    }

    /// Gives a newcomer the first of its proposals that nobody is known to own.
    pub(super) fn assign<H: CodeHasher + ?Sized>(
        &mut self,
        hasher: &H,
        width: CodeWidth,
        group: &GroupKey,
    ) -> Result<Assigned, ApplyError> {
        let mut first: Option<(GroupCode, GroupKey)> = None;
        let salts = std::iter::successors(Some(Salt::NONE), |salt| salt.next());
        for salt in salts.take(SALTS) {
            let code = GroupCode::propose(hasher, width, group.as_str(), salt);
            if let Some(owner) = self.by_code.get(&code).filter(|owner| *owner != group) {
                first.get_or_insert_with(|| (code, owner.clone()));
                continue;
            }
            self.by_code.insert(code, group.clone());
            let displaced = first.map(|(taken, owner)| Displaced { group: group.clone(), code, salt, taken, owner });
            return Ok(Assigned { code, salt, displaced });
        }
        Err(ApplyError::NoFreeCode { group: group.clone() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Gives every key one of two codes, by its last byte.
    struct TwoCodes;

    impl CodeHasher for TwoCodes {
        fn digest(&self, input: &[u8]) -> [u8; 32] {
            [u8::from(!input.len().is_multiple_of(2)); 32]
        }
    }

    fn key(text: &str) -> GroupKey {
        GroupKey::new(text).unwrap()
    }

    #[test]
    fn a_newcomer_gives_way_and_an_owner_keeps_its_code() {
        let mut owners = Owners::default();
        let mut assign = |text: &str| owners.assign(&TwoCodes, CodeWidth::DEFAULT, &key(text));
        let first = assign("a").unwrap();
        assert_eq!((first.salt, first.displaced.clone()), (Salt::NONE, None));
        assert_eq!(assign("a").unwrap(), first);
        // "b" proposes the code of "a"; "1:b" has an odd length too, "10:b" has an even one.
        let second = assign("b").unwrap();
        let displaced = second.displaced.unwrap();
        assert_eq!((second.salt.get(), displaced.taken, displaced.owner), (10, first.code, key("a")));
        assert!(matches!(assign("c"), Err(ApplyError::NoFreeCode { .. })));
    }
}
