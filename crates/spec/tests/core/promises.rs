//! What holds for core alone, whatever the specification says.

use std::collections::{BTreeMap, BTreeSet};

use proptest::strategy::{Just, Strategy};
use proptest::test_runner::TestCaseError;
use proptest::{prop_assert, prop_assert_eq};
use serde_json::Value;
use signet_spec::code::code;
use signet_spec::input::{Record, SignIn};
use signet_spec::outcome::{Access, Decision, Deny, Finding, Note, Outcome, Rendering};

use crate::case::{Case, build, weak_hash};
use crate::coverage::Coverage;
use crate::plan::{Plan, Shape, plans};
use crate::{check, regressions, subject};

/// Sign-ins in which much happens at once: collisions, tampering, and codes that hardly fit.
pub(crate) fn busy() -> impl Strategy<Value = Plan> {
    let shape = Shape {
        widths: 4..17,
        bits: 2..14,
        names: 0..70,
        groups: 0..26,
        fates: 0..24,
        roles: 0..24,
        grants: 0..4,
        honest: false,
        odd_rules: false,
    };
    let many = Shape { bits: 60..80, names: 60..400, groups: 10..70, fates: 7..8, grants: 1..3, ..shape.clone() };
    proptest::prop_oneof![3 => plans(&shape), 1 => plans(&many)]
}

/// A busy sign-in and a seed to shuffle it by.
fn shuffled() -> impl Strategy<Value = (Plan, u64)> {
    (busy(), proptest::num::u64::ANY)
}

/// The roles that a record opens to the group of this key, straight from the meaning of a grant.
fn granted(case: &Case, key: &str) -> BTreeSet<String> {
    let sign_in = &case.sign_in;
    let Some(record) = sign_in.table.get(key).filter(|record| record.key == key && !record.retired) else {
        return BTreeSet::new();
    };
    if record.code != code(&weak_hash(case.bits), key, record.salt, sign_in.width) {
        return BTreeSet::new();
    }
    let mut roles = BTreeSet::new();
    for grant in &record.grants {
        let ended = grant.expires_at.is_some_and(|end| sign_in.now >= end);
        let elsewhere = grant.apps.as_ref().is_some_and(|apps| !apps.contains(&sign_in.app.id));
        if !ended && !elsewhere {
            roles.insert(grant.role.clone());
        }
    }
    roles
}

fn access(decision: &Decision) -> Option<&Access> {
    match &decision.outcome {
        Outcome::Access(access) => Some(access),
        _ => None,
    }
}

fn roles(decision: &Decision) -> BTreeSet<String> {
    access(decision).map(|access| access.roles.clone()).unwrap_or_default()
}

/// The groups that were dropped because they share a code.
fn clashing(decision: &Decision) -> BTreeSet<String> {
    let clashes = decision.notes.iter().filter_map(|note| match note {
        Note::Clash(_, keys) => Some(keys.clone()),
        _ => None,
    });
    clashes.flatten().collect()
}

/// Every role and code in an answer is granted to a group in the request; and every role so
/// granted is there, or the answer is a denial, or an alarm names the groups that clash.
#[test]
fn what_is_granted_is_answered_and_nothing_else() {
    let coverage = Coverage::default();
    check(10_000, regressions!("what_is_granted"), &busy(), |plan| {
        let case = build(&plan);
        let decision = subject::decide(&case);
        coverage.add(&case.sign_in, &decision);
        let asked: BTreeSet<&String> = case.sign_in.groups.iter().collect();
        let clashing = clashing(&decision);

        let mut all = BTreeSet::new();
        let mut all_codes = BTreeSet::new();
        let mut unclashed = BTreeSet::new();
        for key in asked {
            let roles = granted(&case, key);
            if roles.is_empty() {
                continue;
            }
            all_codes.insert(case.sign_in.table[key].code.clone());
            if !clashing.contains(key) {
                unclashed.extend(roles.iter().cloned());
            }
            all.extend(roles);
        }
        match &decision.outcome {
            Outcome::Access(access) => {
                prop_assert!(access.roles.is_subset(&all), "not granted: {:?}", &access.roles - &all);
                prop_assert!(access.codes.is_subset(&all_codes), "not granted: {:?}", &access.codes - &all_codes);
                prop_assert!(unclashed.is_subset(&access.roles), "left out: {:?}", &unclashed - &access.roles);
                // What the codes say and what the roles say is the same.
                let mut opened = BTreeSet::new();
                for (key, finding) in &decision.findings {
                    if matches!(finding, Finding::Counts(code, _) if access.codes.contains(code)) {
                        opened.extend(granted(&case, key));
                    }
                }
                prop_assert_eq!(&opened, &access.roles);
                fits_aws(&case.sign_in, access, &decision)?;
            }
            Outcome::NoAccess => {
                prop_assert!(unclashed.is_empty(), "silently left out: {unclashed:?}");
                prop_assert!(decision.rendering.is_none());
            }
            Outcome::Deny(deny) => {
                prop_assert!(*deny != Deny::Unentitled || unclashed.is_empty(), "left out: {unclashed:?}");
                prop_assert!(decision.rendering.is_none());
            }
        }
        Ok(())
    });
    coverage.assert_reached(["nested, with roles", "nested, without roles", "flat"]);
    coverage.assert_reached(["access", "no access", "finding: clash", "finding: code left out", "deny: no cover fits"]);
}

/// What AWS would refuse the whole sign-in for is never in an answer.
fn fits_aws(sign_in: &SignIn, access: &Access, decision: &Decision) -> Result<(), TestCaseError> {
    let hash = &access.tags["GroupHash"];
    prop_assert!(hash.len() <= 256, "{hash}");
    let inner = hash.strip_prefix(':').and_then(|rest| rest.strip_suffix(':')).unwrap_or_default();
    let codes: Vec<&str> = inner.split(':').collect();
    prop_assert!(codes.iter().all(|code| code.len() == sign_in.width), "{hash}");
    prop_assert!(hash.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'2'..=b'7' | b':')), "{hash}");
    prop_assert_eq!(codes.into_iter().map(str::to_owned).collect::<BTreeSet<_>>(), access.codes.clone());
    prop_assert!(access.tags.len() <= 50);
    prop_assert!(access.tags.values().all(|value| value.chars().count() <= 256));
    prop_assert!(access.transitive.contains("GroupHash") && access.transitive.contains("SignetDecision"));

    let mut keys = BTreeSet::new();
    prop_assert!(access.tags.keys().all(|key| keys.insert(key.to_lowercase())), "{:?}", access.tags);
    match &decision.rendering {
        Some(Rendering::Attributes(attributes)) => attributes_fit(attributes),
        Some(Rendering::Nested(claims)) => claims_fit(sign_in, claims),
        // A claim is a text and a role an ARN: what AWS demands of them is looked at above.
        Some(Rendering::Flat { claims, roles }) => {
            prop_assert!(!roles.is_empty() && claims.contains_key("GroupHash"));
            Ok(())
        }
        None => Err(TestCaseError::fail("access that nobody is told of")),
    }
}

fn claims_fit(sign_in: &SignIn, claims: &Value) -> Result<(), TestCaseError> {
    let tags = &claims["https://aws.amazon.com/tags"];
    for (key, value) in tags["principal_tags"].as_object().unwrap() {
        prop_assert!(value.as_array().is_some_and(|one| one.len() == 1 && one[0].is_string()), "{}: {}", key, value);
    }
    let is_tag = |key: &Value| key.as_str().is_some_and(|key| tags["principal_tags"].get(key).is_some());
    prop_assert!(tags["transitive_tag_keys"].as_array().unwrap().iter().all(is_tag));
    prop_assert!(claims["https://aws.amazon.com/source_identity"].is_string());
    let roles = claims.get("https://aws.amazon.com/roles");
    prop_assert_eq!(roles.is_some(), sign_in.app.roles_claim);
    prop_assert!(roles.is_none_or(|roles| roles.as_array().is_some_and(|roles| !roles.is_empty())));
    // Nothing else is in a token by Signet's doing.
    prop_assert_eq!(claims.as_object().unwrap().len(), 2 + usize::from(sign_in.app.roles_claim));
    Ok(())
}

fn attributes_fit(attributes: &[(String, Vec<String>)]) -> Result<(), TestCaseError> {
    let mut names = BTreeSet::new();
    for (name, values) in attributes {
        let short = name.strip_prefix("https://aws.amazon.com/SAML/Attributes/");
        prop_assert!(short.is_some(), "{name}");
        prop_assert!(names.insert(name.to_lowercase()), "{name} is there twice");
        prop_assert!(!values.is_empty(), "{name}");
        if !matches!(short, Some("Role" | "TransitiveTagKeys")) {
            prop_assert_eq!(values.len(), 1, "{}", name);
        }
        for pair in values.iter().filter(|_| short == Some("Role")) {
            let parts: Vec<&str> = pair.split(',').collect();
            prop_assert_eq!(parts.len(), 2, "{}", pair);
            let account = |arn: &str| arn.split(':').take(5).map(str::to_owned).collect::<Vec<_>>();
            prop_assert_eq!(account(parts[0]), account(parts[1]), "{}", pair);
        }
    }
    Ok(())
}

/// The answer does not depend on the order of groups, grants, sources, claims or attributes, nor
/// on how often a group is named.
#[test]
fn order_does_not_matter() {
    check(6_000, regressions!("order_does_not_matter"), &shuffled(), |(plan, seed)| {
        let case = build(&plan);
        let mut other = case.clone();
        let mut shuffle = Shuffle(seed | 1);
        shuffle.apply(&mut other.sign_in.groups);
        if let Some(again) = other.sign_in.groups.first().cloned() {
            other.sign_in.groups.push(again);
        }
        shuffle.apply(&mut other.sign_in.base);
        shuffle.apply(&mut other.sign_in.access_token);
        for record in other.sign_in.table.values_mut() {
            shuffle.apply(&mut record.grants);
            // Sources are compared by name; another name moves a source's grants among the others'.
            for grant in &mut record.grants {
                grant.source = format!("dataset:z-{}", grant.source.len());
            }
        }
        prop_assert_eq!(subject::decide(&case), subject::decide(&other));
        Ok(())
    });
}

/// A small generator of its own, so that a plan shrinks while its shuffle stays.
struct Shuffle(u64);

impl Shuffle {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % bound
    }

    fn apply<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            items.swap(last, self.below(last + 1));
        }
    }
}

/// Adding a group never removes a role, but through a stated limit: a denial, or a clash that an
/// alarm names.
#[test]
fn adding_a_group_never_silently_removes_a_role() {
    let coverage = Coverage::default();
    check(8_000, regressions!("adding_a_group"), &shuffled(), |(plan, seed)| {
        let more = build(&plan);
        if more.sign_in.groups.is_empty() {
            return Ok(());
        }
        let mut fewer = more.clone();
        let added = more.sign_in.groups[Shuffle(seed | 1).below(more.sign_in.groups.len())].clone();
        fewer.sign_in.groups.retain(|key| *key != added);
        let (before, after) = (subject::decide(&fewer), subject::decide(&more));
        coverage.add(&more.sign_in, &after);
        if let Outcome::Deny(deny) = &after.outcome {
            // Of the reasons to deny, these alone can come with a group.
            let same = matches!(&before.outcome, Outcome::Deny(_));
            let stated = match deny {
                Deny::CodesDoNotFit { .. } | Deny::AssertionTooLong(_) | Deny::TokenTooLong => true,
                // Tags are looked at once there is a role.
                Deny::RequiredTag(..) => before.outcome == Outcome::NoAccess,
                _ => false,
            };
            let clashed = *deny == Deny::Unentitled && clashing(&after).contains(&added);
            prop_assert!(same || stated || clashed, "`{added}` brought {deny:?}");
            return Ok(());
        }
        let lost = &roles(&before) - &roles(&after);
        let newly_clashing = &clashing(&after) - &clashing(&before);
        let excused: BTreeSet<String> = newly_clashing.iter().flat_map(|key| granted(&more, key)).collect();
        prop_assert!(lost.is_subset(&excused), "`{added}` removed {lost:?}");
        prop_assert!(lost.is_empty() || newly_clashing.contains(&added), "`{added}` removed {lost:?}");
        Ok(())
    });
    coverage.assert_reached(["access", "finding: clash", "deny: no cover fits", "note: codes covered"]);
}

/// Names that a person could be in instead of, or beside, a group that is registered.
fn look_alikes(key: &str) -> Vec<String> {
    vec![
        format!("{key} "),
        format!(" {key}"),
        format!("{key}\0"),
        format!("1:{key}"),
        format!("{key}*"),
        format!("{key}\u{200b}"),
        key.to_uppercase(),
        key.to_lowercase(),
        key.replace('a', "а"),
        key.chars().rev().collect(),
        key.chars().skip(1).collect(),
    ]
}

/// A group never gains by another group's name: a name that is like a registered one, contains
/// it, or proposes its code, opens nothing; nor does another group's item under its own key.
#[test]
fn a_group_gains_nothing_by_anothers_name() {
    let coverage = Coverage::default();
    check(6_000, regressions!("another_groups_name"), &shuffled(), |(plan, seed)| {
        let case = build(&plan);
        let before = subject::decide(&case);
        coverage.add(&case.sign_in, &before);
        let Some(victim) = case.sign_in.table.keys().nth(seed as usize % case.sign_in.table.len().max(1)) else {
            return Ok(());
        };

        // Only the look-alike is in the claim: nothing of the victim's.
        let mut alone = case.clone();
        alone.sign_in.groups =
            look_alikes(victim).into_iter().filter(|name| !case.sign_in.table.contains_key(name)).collect();
        let decision = subject::decide(&alone);
        prop_assert_eq!(roles(&decision), BTreeSet::new());
        prop_assert!(decision.findings.values().all(|finding| *finding == Finding::Unregistered));

        // Beside the others it changes nothing but its own finding.
        let mut beside = case.clone();
        beside.sign_in.groups.extend(alone.sign_in.groups.clone());
        let mut with = subject::decide(&beside);
        for name in &alone.sign_in.groups {
            with.findings.remove(name);
        }
        let mut without = before.clone();
        without.findings.retain(|name, _| !alone.sign_in.groups.contains(name));
        // The decision's id is made from the plan, so the two are alike in that as well.
        prop_assert_eq!(with, without);

        // The victim's item, answered for another key: an adapter's mistake or an attack.
        let mut swapped = case.clone();
        let record: Record = case.sign_in.table[victim].clone();
        swapped.sign_in.table = BTreeMap::from([("somebody else's".to_owned(), record)]);
        swapped.sign_in.groups = vec!["somebody else's".to_owned()];
        prop_assert_eq!(roles(&subject::decide(&swapped)), BTreeSet::new());
        Ok(())
    });
    coverage.assert_reached(["access"]);
}

/// What the table has of groups that are not in the request has no bearing.
#[test]
fn other_groups_in_the_table_have_no_bearing() {
    check(4_000, regressions!("other_groups"), &(busy(), Just(())), |(plan, ())| {
        let case = build(&plan);
        let mut bare = case.clone();
        bare.sign_in.table.retain(|key, _| case.sign_in.groups.contains(key));
        prop_assert_eq!(subject::decide(&case), subject::decide(&bare));
        Ok(())
    });
}
