//! Groups, grants, codes; the claim that they are in.

use std::collections::BTreeSet;

use signet_core::app::AppId;
use signet_core::code::{CodeWidth, GroupCode, Salt, Sha256Hasher};
use signet_core::grant::Timestamp;
use signet_core::group::{GroupKey, GroupState};

use crate::case::{Case, Expected, Rule, case};
use crate::kind::{Kind, OTHER_GROUPS};
use crate::table::{APP, NOW_MS};

/// Two groups whose names have the same code.
const COLLIDING: [&str; 2] = ["Baltic Pharmacy Reviewers", "Cardiology Stewards"];

pub(super) fn cases(_: Kind) -> Vec<Case> {
    let mut cases = entitled();
    cases.extend(unentitled());
    cases.extend(grants());
    cases.extend(codes());
    cases.extend(claims());
    cases
}

fn entitled() -> Vec<Case> {
    let both =
        || Expected::access(&["Clinical Readers", "Clinical Stewards"], &["data/reader", "data/steward"]).groups(3);
    let clinical = |name, groups: &[&str]| {
        case(name, groups)
            .grant("Clinical Readers", "data/reader")
            .grant("Clinical Stewards", "data/reader")
            .grant("Clinical Stewards", "data/steward")
            .grant("Genomics Readers", "data/genomics")
    };
    vec![
        clinical("one group, one role", &["Clinical Readers"])
            .gives(Expected::access(&["Clinical Readers"], &["data/reader"]).groups(1)),
        clinical("groups with and without grants", &["Clinical Readers", "Everyone", "Clinical Stewards"])
            .gives(both()),
        clinical("the same groups in another order", &["Everyone", "Clinical Stewards", "Clinical Readers"])
            .gives(both()),
        clinical(
            "the same groups, some twice",
            &["Clinical Stewards", "Everyone", "Clinical Stewards", "Clinical Readers", "Everyone"],
        )
        .gives(both()),
        hostile(),
    ]
}

fn hostile() -> Case {
    let long = "x".repeat(10_000);
    let names = ["", "*", ":", "${aws:username}", "\0", "😀", "a,b]", "Clinical Readers ", "clinical readers", &long];
    case("hostile group names are keys like any other", &names)
        .grant("Clinical Readers", "reader")
        .grant("a", "admin")
        .grant("*", "star")
        .gives(Expected::access(&["*"], &["star"]).groups(names.len()))
}

fn unentitled() -> Vec<Case> {
    let denied = || Expected::denied("unentitled");
    let granted = |case: Case| case.grant("Clinical Readers", "reader");
    vec![
        granted(case("no group, and nobody says so", &[]))
            .given(|given| given.claims.clear())
            .gives(denied().groups(0)),
        granted(case("no group", &[])).gives(denied().asked(&[&[]])),
        granted(case("no registered group", &["Everyone"])).gives(denied().groups(1)),
        granted(case("no group, and that is fine", &[])).step(&[Rule::Pass], Expected::no_access()),
        granted(case("no registered group, and that is fine", &["Everyone"]))
            .step(&[Rule::Pass], Expected::no_access().groups(1)),
        granted(case("access where no role would be fine", &["Clinical Readers"]))
            .step(&[Rule::Pass], Expected::access(&["Clinical Readers"], &["reader"])),
    ]
}

fn grants() -> Vec<Case> {
    let now = NOW_MS / 1_000;
    let until = move |name, seconds| {
        case(name, &["Trial 2024"])
            .grant_with("Trial 2024", "trial", move |grant| grant.expires_at = Some(Timestamp::from_seconds(seconds)))
    };
    let only = |name, id: &str| {
        let apps = BTreeSet::from([AppId::parse(id).unwrap()]);
        case(name, &["Notebook Users"]).grant_with("Notebook Users", "notebooks", |grant| grant.apps = Some(apps))
    };
    let given = |group, role| Expected::access(&[group], &[role]);
    vec![
        until("a grant ends in a second", now + 1).gives(given("Trial 2024", "trial")),
        until("a grant ends now", now).gives(Expected::denied("unentitled")),
        until("a grant has ended", now - 1).gives(Expected::denied("unentitled")),
        only("a grant is for this app", APP).gives(given("Notebook Users", "notebooks")),
        only("a grant is for another app", "0oajhub5PqRs7TuVw0g3").gives(Expected::denied("unentitled")),
        case("a group with a grant that counts and others", &["Trial 2024"])
            .grant_with("Trial 2024", "trial", move |grant| grant.expires_at = Some(Timestamp::from_seconds(now)))
            .grant("Trial 2024", "archive")
            .gives(given("Trial 2024", "archive")),
    ]
}

fn codes() -> Vec<Case> {
    let two = |name| {
        case(name, &["Clinical Readers", "Genomics Readers"])
            .grant("Clinical Readers", "reader")
            .grant("Genomics Readers", "genomics")
    };
    let other = || Expected::access(&["Genomics Readers"], &["genomics"]);
    let colliding = |name| case(name, &COLLIDING).grant(COLLIDING[0], "pharmacy").grant(COLLIDING[1], "cardiology");
    vec![
        two("a group is retired")
            .tampered("Clinical Readers", |record| record.registration.state = GroupState::Retired)
            .gives(other()),
        two("a group's item is another group's")
            .tampered("Clinical Readers", |record| {
                record.registration = crate::table::record("Clinical Stewards", Salt::NONE).registration;
            })
            .gives(other().alarm("unsound")),
        two("a group's code is not that of its key")
            .tampered("Clinical Readers", |record| record.registration.code = GroupCode::parse("aaaa").unwrap())
            .gives(other().alarm("unsound")),
        two("a group's code is as long as another table's")
            .tampered("Clinical Readers", |record| {
                let width = CodeWidth::new(5).unwrap();
                record.registration.code = GroupCode::propose(&Sha256Hasher, width, "Clinical Readers", Salt::NONE);
            })
            .gives(other().alarm("unsound")),
        two("a group is written in other letters")
            .tampered("Clinical Readers", |record| {
                record.registration.key = GroupKey::new("clinical readers").unwrap();
            })
            .gives(other().alarm("unsound")),
        colliding("two groups have one code").gives(Expected::denied("unentitled").alarm("clash").groups(2)),
        colliding("two groups have one code, and a third has its own")
            .claim(crate::kind::GROUPS, &[COLLIDING[0], COLLIDING[1], "Genomics Readers"])
            .grant("Genomics Readers", "genomics")
            .gives(other().alarm("clash").groups(3)),
        colliding("one of two groups is displaced")
            .tampered(COLLIDING[1], |record| {
                record.registration = crate::table::record(COLLIDING[1], Salt::new(1)).registration;
            })
            .gives(Expected::access(&COLLIDING, &["pharmacy", "cardiology"])),
    ]
}

fn claims() -> Vec<Case> {
    let elsewhere = [Rule::GroupsClaim(OTHER_GROUPS)];
    let both = |name| {
        case(name, &["Bait"])
            .claim(OTHER_GROUPS, &["Clinical Readers"])
            .grant("Clinical Readers", "reader")
            .grant("Bait", "admin")
    };
    let reader = || Expected::access(&["Clinical Readers"], &["reader"]);
    let admin = || Expected::access(&["Bait"], &["admin"]);
    vec![
        both("groups in another claim are read, and the claim is remembered")
            .step(&elsewhere, reader().asked(&[&["Bait"], &["Clinical Readers"]]))
            .step(&elsewhere, reader().asked(&[&["Clinical Readers"]]))
            .step(&elsewhere, reader().asked(&[&["Clinical Readers"]])),
        both("a remembered claim never decides")
            .step(&elsewhere, reader().reads(2))
            .gives(admin().asked(&[&["Clinical Readers"], &["Bait"]]))
            .gives(admin().asked(&[&["Bait"]]))
            .step(&elsewhere, reader().reads(2)),
        case("the other claim is not there", &["Bait"])
            .grant("Bait", "admin")
            .step(&elsewhere, Expected::denied("unentitled").asked(&[&["Bait"]])),
        case("names in the other claim are taken to the letter", &[])
            .claim(OTHER_GROUPS, &["a,b", "[c]", "d e", "%41", "+", "\"q\"", "ä", "Clinical Readers"])
            .grant("Clinical Readers", "reader")
            .grant("a,b", "comma")
            .grant("[c]", "brackets")
            .grant("%41", "percent")
            .grant("ä", "umlaut")
            .grant("a", "admin")
            .grant("c", "admin")
            .grant("A", "admin")
            .step(
                &elsewhere,
                Expected::access(
                    &["Clinical Readers", "a,b", "[c]", "%41", "ä"],
                    &["reader", "comma", "brackets", "percent", "umlaut"],
                )
                .groups(8)
                .reads(2),
            ),
    ]
}
