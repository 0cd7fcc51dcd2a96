//! The fewest codes that still open every offered role.
//!
//! Choosing the very fewest is set cover, which is NP-hard; the greedy choice is within a factor
//! of `ln(roles) + 1` of it, and is the same on every machine: at each step the group that opens
//! most roles not opened yet, and of equals the one with the first code.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use crate::code::GroupCode;

use super::groups::Opens;

/// The codes of a greedy cover, sorted. Roles are numbered below `roles`.
pub(super) fn fewest(groups: &[Opens], roles: usize) -> Vec<GroupCode> {
    let mut open = vec![false; roles];
    let mut missing = roles;
    let mut chosen = Vec::new();
    // What a group adds can only shrink while others are chosen. So a group whose stored
    // figure is still right when it comes up is the best one, and most are never looked at again.
    let mut queue: BinaryHeap<(usize, Reverse<GroupCode>, usize)> =
        groups.iter().enumerate().map(|(index, group)| (group.roles.len(), Reverse(group.code), index)).collect();
    while missing > 0
        && let Some((stored, code, index)) = queue.pop()
    {
        let Some(group) = groups.get(index) else { continue };
        let adds = group.roles.iter().filter(|role| open.get(**role) == Some(&false)).count();
        if adds == 0 {
            continue;
        }
        if adds < stored {
            queue.push((adds, code, index));
            continue;
        }
        for role in &group.roles {
            if let Some(slot) = open.get_mut(*role) {
                *slot = true;
            }
        }
        missing -= adds;
        chosen.push(group.code);
    }
    chosen.sort_unstable();
    chosen
}
