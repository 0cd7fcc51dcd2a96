//! What proptest draws and shrinks: small numbers, 0 the plainest of each kind.

use std::ops::Range;

use proptest::collection::vec;
use proptest::strategy::Strategy;

/// A sign-in, in numbers.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    /// The code width.
    pub width: usize,
    /// How many bits of the digest are kept: few make groups collide.
    pub bits: usize,
    pub form: FormPlan,
    /// Groups take the next free salt, as the table has it; otherwise a salt of their own choice.
    pub honest: bool,
    pub deny_unentitled: bool,
    pub all_codes: bool,
    pub session_duration: Option<u32>,
    pub groups: Vec<GroupPlan>,
    pub rules: RulesPlan,
}

/// What the app's sign-ins look like, in numbers.
#[derive(Debug, Clone, Copy)]
pub(crate) struct FormPlan {
    /// Which protocol.
    pub protocol: usize,
    /// The app's own capacity.
    pub capacity: Option<usize>,
    pub roles_claim: bool,
}

/// A group, in numbers.
#[derive(Debug, Clone)]
pub(crate) struct GroupPlan {
    /// Which name.
    pub name: usize,
    /// What the table has of it.
    pub fate: u8,
    /// Its salt, unless the table is honest.
    pub salt: u32,
    /// How often the claim has it, less one; from 4 on, not at all.
    pub times: u8,
    pub grants: Vec<GrantPlan>,
}

/// A grant, in numbers: role, source, apps, expiry.
#[derive(Debug, Clone)]
pub(crate) struct GrantPlan {
    pub role: usize,
    pub source: usize,
    pub apps: u8,
    pub expiry: u8,
}

/// Identity, tags and base assertion, in numbers.
#[derive(Debug, Clone)]
pub(crate) struct RulesPlan {
    pub identity: usize,
    pub pattern: usize,
    /// For each tag: its key, its value, whether it is required, whether it is local.
    pub tags: Vec<(usize, usize, u8, bool)>,
    /// For each attribute: its kind and its name.
    pub base: Vec<(u8, usize)>,
    /// The length of a long value in the base assertion; none below a thousand.
    pub filler: usize,
}

/// What a test draws its sign-ins from.
#[derive(Debug, Clone)]
pub(crate) struct Shape {
    pub widths: Range<usize>,
    pub bits: Range<usize>,
    pub names: Range<usize>,
    pub groups: Range<usize>,
    pub fates: Range<u8>,
    pub roles: Range<usize>,
    pub grants: Range<usize>,
    pub honest: bool,
    /// Odd identities, tags and base assertions: in all cases, or nearly none.
    pub odd_rules: bool,
}

/// Sign-ins of a shape.
pub(crate) fn plans(shape: &Shape) -> impl Strategy<Value = Plan> + use<> {
    let honest = shape.honest;
    (
        (shape.widths.clone(), shape.bits.clone(), 0..16u8, 0..5u32),
        (protocols(), capacities()),
        vec(groups(shape), shape.groups.clone()),
        rules(shape.odd_rules),
    )
        .prop_map(move |((width, bits, flags, duration), (protocol, capacity), groups, rules)| Plan {
            width,
            bits,
            form: FormPlan { protocol, capacity, roles_claim: flags & 8 == 0 },
            honest,
            deny_unentitled: flags & 1 == 1,
            all_codes: flags & 6 == 6,
            session_duration: [None, Some(900), Some(3_600), Some(43_200), None][duration as usize],
            groups,
            rules,
        })
}

/// SAML for half of the sign-ins; see [`crate::pools::PROTOCOLS`].
pub(crate) fn protocols() -> Range<usize> {
    0..6
}

/// What apps say of their capacity: most of them nothing.
pub(crate) fn capacities() -> impl Strategy<Value = Option<usize>> {
    (0..14usize).prop_map(|number| [1, 2, 3, 5, 14, 20, 51].get(number).copied())
}

fn groups(shape: &Shape) -> impl Strategy<Value = GroupPlan> + use<> {
    let grants = (shape.roles.clone(), 0..3usize, 0..10u8, 0..12u8)
        .prop_map(|(role, source, apps, expiry)| GrantPlan { role, source, apps, expiry });
    (shape.names.clone(), shape.fates.clone(), 0..10u32, 0..8u8, vec(grants, shape.grants.clone())).prop_map(
        |(name, fate, salt, times, grants)| GroupPlan {
            name,
            fate,
            // Half of the groups have none; one in ten the last.
            salt: [0, 0, 0, 0, 0, 1, 2, 3, 10, u32::MAX][salt as usize],
            times: [0, 0, 0, 0, 0, 1, 2, 4][times as usize],
            grants,
        },
    )
}

fn rules(odd: bool) -> impl Strategy<Value = RulesPlan> {
    let spread = if odd { 1 } else { 12 };
    // Beyond the pools lie the plain values, so that `spread` makes odd ones rare.
    (
        0..60 * spread,
        0..8 * spread,
        vec((0..6usize, 0..32 * spread, 0..6u8, 0..2u8), 0..5),
        base(spread),
        0..750_000_usize,
    )
        .prop_map(|(identity, pattern, tags, base, filler)| RulesPlan {
            identity,
            pattern,
            tags: tags.into_iter().map(|(key, value, required, local)| (key, value, required, local == 1)).collect(),
            base,
            // One in twenty-five has a long value, some of them too long.
            filler: filler.checked_sub(720_000).map_or(0, |long| 35_000 + long),
        })
}

fn base(spread: usize) -> impl Strategy<Value = Vec<(u8, usize)>> {
    let kinds = if spread == 1 { 8_u8 } else { 100 };
    vec((0..kinds, 0..8usize), 0..3)
}
