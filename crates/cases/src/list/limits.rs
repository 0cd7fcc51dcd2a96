//! What does not fit.

use crate::case::{Case, Expected, Rule, case};
use crate::kind::{GROUPS, Kind};

pub(super) fn cases(kind: Kind) -> Vec<Case> {
    let mut cases = capacity(kind);
    cases.extend(length(kind));
    cases
}

/// Three groups: one opens two roles, the others one of them each.
fn overlapping(name: &'static str) -> Case {
    case(name, &["Both", "First", "Second"])
        .grant("Both", "first")
        .grant("Both", "second")
        .grant("First", "first")
        .grant("Second", "second")
}

/// So many groups, each with a role of its own.
fn apart(name: &'static str, count: usize) -> (Case, Vec<String>, Vec<String>) {
    let groups: Vec<String> = (0..count).map(|n| format!("Group {n}")).collect();
    let roles: Vec<String> = (0..count).map(|n| format!("role-{n}")).collect();
    let mut case = case(name, &[]).claim(GROUPS, &groups);
    for (group, role) in groups.iter().zip(&roles) {
        case = case.grant(group, role);
    }
    (case, groups, roles)
}

fn capacity(kind: Kind) -> Vec<Case> {
    let roles = ["first", "second"];
    let usual = kind.code_capacity();
    let fits = |name| {
        let (case, groups, roles) = apart(name, usual);
        case.gives(Expected::access(&groups, &roles))
    };
    let over = |name, rules: &[Rule]| {
        let (case, _, _) = apart(name, usual + 1);
        case.step(rules, Expected::denied("codes_do_not_fit"))
    };
    let three = Expected::access(&["Both", "First", "Second"][..], &roles[..]);
    let cover = Expected::access(&["Both"][..], &roles[..]).note("codes_covered");
    vec![
        overlapping("as many codes as fit by the app's rules").step(&[Rule::Capacity(3)], three.clone()),
        overlapping("as many codes as fit, and every one is needed").step(&[Rule::Capacity(3), Rule::AllCodes], three),
        overlapping("more codes than fit, and fewer open every role").step(&[Rule::Capacity(2)], cover.clone()),
        overlapping("one code opens every role").step(&[Rule::Capacity(1)], cover),
        overlapping("more codes than fit, and every one is needed")
            .step(&[Rule::Capacity(2), Rule::AllCodes], Expected::denied("codes_do_not_fit")),
        fits("as many codes as usually fit"),
        over("one code more than usually fits", &[]),
        over("one code more than usually fits, and every one is needed", &[Rule::AllCodes]),
        apart("never more codes than fit a tag", 52)
            .0
            .step(&[Rule::Capacity(51)], Expected::denied("codes_do_not_fit")),
    ]
}

fn length(kind: Kind) -> Vec<Case> {
    let too_long = if kind == Kind::Saml { "assertion_too_long" } else { "token_too_long" };
    let with_roles = |name, count: usize| {
        let roles: Vec<String> = (0..count).map(|n| format!("data/role-number-{n:03}")).collect();
        let case = roles.iter().fold(case(name, &["Many"]), |case, role| case.grant("Many", role));
        (case, roles)
    };
    let (hundred, roles) = with_roles("a hundred roles", 100);
    let (thousand, _) = with_roles("a thousand roles", 1_000);
    let groups: Vec<String> = (0..2_000).map(|n| format!("Group {n}")).collect();
    let registered = |case: Case| groups.iter().fold(case, |case, key| case.grant(key, "reader"));
    // The groups themselves are in the assertion or the token: AWS would not take so much.
    let many = |name| registered(case(name, &[]).claim(GROUPS, &groups));
    // Among so many groups there are two pairs that have one code each.
    let clashing = |expected: Expected| expected.groups(2_000).alarm("clash").alarm("clash");
    let long = "x".repeat(80_000);
    vec![
        hundred.gives(Expected::access(&["Many".to_owned()], &roles)),
        thousand.gives(Expected::denied(too_long)),
        many("two thousand groups").gives(clashing(Expected::denied(too_long)).note("codes_covered")),
        many("two thousand groups, and every code is needed")
            .step(&[Rule::AllCodes], clashing(Expected::denied("codes_do_not_fit"))),
        case("a long claim beside", &["Clinical Readers"])
            .grant("Clinical Readers", "reader")
            .claim("photo", &[long])
            .gives(Expected::denied(too_long)),
        case("two thousand groups that open nothing", &[])
            .claim(GROUPS, &groups)
            .step(&[Rule::Pass], Expected::no_access().groups(2_000)),
    ]
}
