//! Core decides what the specification decides: outcome and reason, roles, codes, identity, tags,
//! transitive keys, findings, notes, and the attributes or claims of the app's protocol.

use std::ops::Range;

use proptest::strategy::{Just, Strategy};
use proptest::test_runner::TestCaseError;
use proptest::{prop_assert, prop_assert_eq, prop_oneof};
use signet_spec::decision::decide;
use signet_spec::input::Protocol;
use signet_spec::outcome::{Decision, Deny, Outcome, Rendering};
use signet_spec::{rendering, token};

use crate::case::{Case, build, weak_hash};
use crate::coverage::Coverage;
use crate::plan::{FormPlan, GrantPlan, GroupPlan, Plan, RulesPlan, Shape, capacities, plans, protocols};
use crate::{check, pools, regressions, subject};

const EVERY_WIDTH: Range<usize> = 4..17;
/// Fates up to this one come true; beyond, groups are registered as they should be.
const FATES: Range<u8> = 0..20;

fn agree(case: &Case, coverage: &Coverage) -> Result<(), TestCaseError> {
    let mut expected = decide(&case.sign_in, &weak_hash(case.bits));
    coverage.add(&case.sign_in, &expected);
    let mut found = subject::decide(case);
    settle_length(&mut found, &mut expected, coverage)?;
    prop_assert_eq!(found, expected);
    Ok(())
}

/// Core estimates how long a token gets. The estimate lies within the specification's bounds; and where it
/// is too long, and the specification cannot tell, core may deny.
fn settle_length(found: &mut Decision, expected: &mut Decision, coverage: &Coverage) -> Result<(), TestCaseError> {
    let (estimate, bounds) = (found.length.take(), expected.length.take());
    let Some(estimate) = estimate else { return Ok(()) };
    let Some(bounds) = bounds else { return Err(TestCaseError::fail("what is too long is no token")) };
    prop_assert!((bounds.least..=bounds.most).contains(&estimate.least), "{estimate:?} is not within {bounds:?}");
    if matches!(expected.outcome, Outcome::Access(_)) {
        expected.outcome = Outcome::Deny(Deny::TokenTooLong);
        expected.rendering = None;
        coverage.note("token too long by the estimate alone");
    }
    Ok(())
}

/// Tables as Signet writes them: a group that finds its code taken has the next salt.
#[test]
fn on_tables_that_signet_wrote() {
    let coverage = Coverage::default();
    let shape = Shape {
        widths: EVERY_WIDTH,
        bits: 3..9,
        names: 0..80,
        groups: 0..14,
        fates: 0..20,
        roles: 0..18,
        grants: 0..4,
        honest: true,
        odd_rules: false,
    };
    // Of the fates only those that Signet itself brings about: absent, retired, registered.
    let plans = plans(&shape).prop_map(|mut plan| {
        plan.groups.iter_mut().filter(|group| (2..7).contains(&group.fate)).for_each(|group| group.fate = 7);
        plan
    });
    check(30_000, regressions!("on_tables_that_signet_wrote"), &plans, |plan| agree(&build(&plan), &coverage));
    coverage.assert_reached([
        "access",
        "no access",
        "deny: unentitled",
        "finding: counts",
        "finding: unregistered",
        "finding: retired",
        "finding: no grant at all",
        "finding: grants for other apps only",
        "finding: expired grants only",
        "finding: no grant, of both kinds",
        "input: a displaced group counts",
        "input: a group twice",
    ]);
    coverage.assert_reached(EVERY_WIDTH.map(|width| format!("width {width}")));
    // Where every code has one owner nothing ever clashes.
    coverage.assert_not_reached(&["finding: clash", "finding: code mismatch", "note: unsound"]);
}

/// Tables that something else wrote into, under a hash by which most groups collide.
#[test]
fn on_tables_that_others_wrote_into() {
    let coverage = Coverage::default();
    let shape = Shape {
        widths: EVERY_WIDTH,
        bits: 1..12,
        names: 0..60,
        groups: 0..16,
        fates: FATES,
        roles: 0..18,
        grants: 0..4,
        honest: false,
        odd_rules: false,
    };
    let plans = plans(&shape);
    check(30_000, regressions!("on_tables_that_others_wrote_into"), &plans, |plan| agree(&build(&plan), &coverage));
    coverage.assert_reached([
        "access",
        "no access",
        "deny: unentitled",
        "finding: counts",
        "finding: unregistered",
        "finding: key mismatch",
        "finding: code mismatch",
        "finding: retired",
        "finding: clash",
        "note: clash of two",
        "note: clash of three",
        "note: unsound",
        "input: a displaced group counts",
        "input: a group of the last salt counts",
        "input: a displaced group is unsound",
        "input: a code of another width",
        "input: a group twice",
    ]);
    // A grant that ends before, at and after this second, or never; for all apps, this, or others.
    for app in ["None", "Some(true)", "Some(false)"] {
        for ends in ["None", "Some(-1)", "Some(0)", "Some(1)"] {
            coverage.assert_reached([format!("grant: for this app {app}, ends {ends}")]);
        }
    }
    coverage.assert_reached(EVERY_WIDTH.map(|width| format!("width {width}")));
    for (number, name) in pools::NAMES.iter().enumerate() {
        coverage.assert_reached([format!("asked for hostile name {number}")]);
        if pools::can_be_registered(name) {
            coverage.assert_reached([format!("hostile name {number} counts")]);
        }
    }
}

/// Identities, tags and base assertions of every odd kind.
#[test]
fn on_every_rule_of_an_app() {
    let coverage = Coverage::default();
    let shape = Shape {
        widths: EVERY_WIDTH,
        bits: 20..257,
        names: 60..70,
        groups: 1..4,
        fates: 0..60,
        roles: 0..6,
        grants: 1..3,
        honest: false,
        odd_rules: true,
    };
    let plans = plans(&shape);
    check(30_000, regressions!("on_every_rule_of_an_app"), &plans, |plan| agree(&build(&plan), &coverage));
    coverage.assert_reached([
        "access",
        "no access",
        "deny: base assertion",
        "deny: identity missing",
        "deny: identity unfit",
        "deny: identity pattern",
        "deny: unentitled",
        "deny: required tag missing",
        "deny: required tag several values",
        "deny: required tag too long",
        "deny: required tag character",
        "deny: assertion too long",
        "note: tag left out, missing",
        "note: tag left out, several values",
        "note: tag left out, too long",
        "note: tag left out, character",
        "a tag is local",
        "deny: base token",
        "deny: base token, for the access token alone",
        "deny: token too long",
    ]);
}

/// As many groups as codes fit, one or two fewer and more, for every width; with roles of their
/// own, which no cover can open with fewer codes, and with roles that they share.
fn overflows(
    widths: Range<usize>,
    settings: impl Strategy<Value = (usize, Option<usize>)>,
) -> impl Strategy<Value = Plan> {
    (widths, settings, 0..6usize, 0..300usize, 1..9usize, 0..4u8, 0..20u8).prop_map(
        |(width, (protocol, setting), over, own, shared, all_codes, odd)| {
            let usual = if pools::PROTOCOLS[protocol] == Protocol::Saml { 51 } else { 20 };
            let capacity = setting.unwrap_or(usual).min(255 / (width + 1));
            let count = (capacity + over).saturating_sub(2);
            // So many groups have a role of their own: none, nearly all, or any number up to all.
            let own = match own {
                0..80 => 0,
                80..180 => count.saturating_sub(own % 6),
                _ => own - 180,
            };
            let groups = (0..count)
                .map(|number| {
                    let grant = |role| GrantPlan { role, source: role % 3, apps: 0, expiry: 0 };
                    let grants = if number < own {
                        vec![grant(100 + number)]
                    } else {
                        vec![grant(number % shared), grant((number * number + own) % shared)]
                    };
                    GroupPlan { name: 100 + number, fate: 99, salt: u32::from(number % 7 == 6), times: 0, grants }
                })
                .collect();
            let tags = if odd == 0 { vec![(0, 3, 5, false)] } else { vec![] };
            let rules = RulesPlan { identity: 99, pattern: 99, tags, base: vec![], filler: 0 };
            Plan {
                width,
                bits: 256,
                form: FormPlan { protocol, capacity: setting, roles_claim: true },
                honest: false,
                deny_unentitled: true,
                all_codes: all_codes == 0,
                session_duration: None,
                groups,
                rules,
            }
        },
    )
}

#[test]
fn where_codes_hardly_fit() {
    let coverage = Coverage::default();
    let settings = (protocols(), capacities());
    check(10_000, regressions!("where_codes_hardly_fit"), &overflows(EVERY_WIDTH, settings), |plan| {
        agree(&build(&plan), &coverage)
    });
    coverage.assert_reached([
        "deny: all codes do not fit",
        "deny: no cover fits",
        "finding: code left out",
        "note: codes covered",
        "GroupHash is full",
    ]);
    for width in EVERY_WIDTH {
        coverage.assert_reached([format!("width {width}: all"), format!("width {width}: covered")]);
    }
    for protocol in pools::PROTOCOLS {
        coverage.assert_reached([
            format!("{protocol:?}, as many as fit, of its own accord"),
            format!("{protocol:?}, one too many, of its own accord"),
            format!("{protocol:?}, as many as fit, by its setting"),
            format!("{protocol:?}, one too many, by its setting"),
            format!("{protocol:?}, a setting of more than a tag holds"),
        ]);
    }
}

#[test]
fn at_fifty_one_and_fifty_two_codes() {
    let coverage = Coverage::default();
    let settings = prop_oneof![Just((0, None)), (protocols(), Just(Some(51)))];
    check(4_000, regressions!("at_fifty_one_and_fifty_two_codes"), &overflows(4..5, settings), |plan| {
        agree(&build(&plan), &coverage)
    });
    coverage.assert_reached([
        "51 fit: 50 count, all",
        "51 fit: 51 count, all",
        "51 fit: 52 count, covered",
        "51 fit: 53 count, covered",
        "51 emitted, all",
        "51 emitted, covered",
        "deny: all codes do not fit",
        "deny: no cover fits",
        "GroupHash is full",
    ]);
}

/// More roles than an assertion or a token carries, all of one group.
pub(crate) fn many_roles(roles: usize, protocol: usize, roles_claim: bool) -> Plan {
    let grants = (0..roles).map(|role| GrantPlan { role, source: role % 3, apps: 0, expiry: 0 }).collect();
    Plan {
        width: 4,
        bits: 256,
        form: FormPlan { protocol, capacity: None, roles_claim },
        honest: false,
        deny_unentitled: true,
        all_codes: false,
        session_duration: Some(900),
        groups: vec![GroupPlan { name: 100, fate: 99, salt: 0, times: 0, grants }],
        rules: RulesPlan { identity: 99, pattern: 99, tags: vec![], base: vec![], filler: 0 },
    }
}

fn filler(letter: &str, length: usize) -> Vec<(String, Vec<String>)> {
    vec![("groups".to_owned(), vec![letter.repeat(length)])]
}

/// Letters that issuers write in more ways than one, with the length of the longest.
const LETTERS: [(&str, usize); 7] = [("x", 1), ("/", 2), ("\"", 2), ("\u{7f}", 6), ("é", 6), ("日", 6), ("😀", 12)];

/// Bases that leave room to the byte.
#[test]
fn where_assertions_hardly_fit() {
    let coverage = Coverage::default();
    let plans = (1..330usize, 0..9usize, 0..3usize).prop_map(|(roles, off, kind)| {
        let mut case = build(&many_roles(roles, 0, true));
        // A filler that leaves four bytes, three … and takes as many too many.
        if let Some(Rendering::Attributes(attributes)) = decide(&case.sign_in, &weak_hash(256)).rendering
            && kind > 0
        {
            let without = signet_spec::saml::assertion_bytes(&filler("x", 0), &attributes);
            case.sign_in.base = filler("x", (75_000 + off).saturating_sub(without + 4));
        }
        case
    });
    check(2_000, regressions!("where_assertions_hardly_fit"), &plans, |case| agree(&case, &coverage));
    coverage.assert_reached(["access", "deny: assertion too long"]);
}

/// Bases that leave room to the character: by what must be counted, and by what may be.
#[test]
fn where_tokens_hardly_fit() {
    let coverage = Coverage::default();
    let numbers = (1..400usize, 0..9usize, 0..3usize, 3..6usize, 0..4u8, 0..LETTERS.len());
    let plans = numbers.prop_map(|(roles, off, kind, protocol, claim, letter)| {
        let mut case = build(&many_roles(roles, protocol, claim > 0));
        case.sign_in.base = filler("x", 0);
        let Some(rendering) = decide(&case.sign_in, &weak_hash(256)).rendering else { return case };
        let Some(length) = rendering::length(&case.sign_in, &rendering) else { return case };
        let without = [0, length.least, length.most][kind];
        if kind > 0 {
            // Three bytes of the filler are four characters of the token.
            let room = token::MAX_CHARACTERS.saturating_sub(without) * 3 / 4;
            let (letter, bytes) = LETTERS[letter];
            case.sign_in.base = filler(letter, (room / bytes + off).saturating_sub(4));
        }
        case
    });
    check(1_500, regressions!("where_tokens_hardly_fit"), &plans, |case| agree(&case, &coverage));
    coverage.assert_reached([
        "access",
        "deny: token too long",
        "token too long by the estimate alone",
        "no token could be longer",
        "no token could be shorter",
        "nested, with roles",
        "nested, without roles",
        "flat",
    ]);
}
