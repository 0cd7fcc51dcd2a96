//! The fewest codes that still open every offered role.
//!
//! Choosing the very fewest is set cover, which is NP-hard; the greedy choice is within a factor
//! of `ln(roles) + 1` of it, and is the same on every machine: at each step the group that opens
//! most roles not opened yet, and of equals the one with the first code.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use crate::code::GroupCode;

use super::groups::Offer;

/// The codes of a greedy cover, sorted.
pub(super) fn fewest(offer: &Offer<'_>) -> Vec<GroupCode> {
    let mut missing = offer.roles.len();
    let mut open = vec![false; missing];
    let mut chosen = Vec::new();
    // What a group adds can only shrink while others are chosen. So a group whose stored
    // figure is still right when it comes up is the best one, and most are never looked at again.
    let mut queue: BinaryHeap<(usize, Reverse<GroupCode>, usize)> = (offer.groups.iter().enumerate())
        .map(|(index, group)| (offer.opened_by(group).len(), Reverse(group.code), index))
        .collect();
    while missing > 0
        && let Some((stored, code, index)) = queue.pop()
    {
        let Some(group) = offer.groups.get(index) else { continue };
        let opened = offer.opened_by(group);
        let adds = opened.iter().filter(|role| open.get(**role) == Some(&false)).count();
        if adds == 0 {
            continue;
        }
        if adds < stored {
            queue.push((adds, code, index));
            continue;
        }
        for role in opened {
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
