use std::collections::BTreeSet;

use signet_core::code::GroupCode;
use signet_core::grant::SourceId;
use signet_core::group::GroupKey;
use signet_core::role::RoleArn;
use signet_store::apply::{AppChange, Displaced};

use super::*;

fn grant(role: &str, apps: &[&str], end: Option<i64>) -> Grant {
    let apps: BTreeSet<_> = apps.iter().map(|app| AppId::parse(app).unwrap()).collect();
    Grant {
        role: RoleArn::parse(&format!("arn:aws:iam::111122223333:role/{role}")).unwrap(),
        apps: (!apps.is_empty()).then_some(apps),
        expires_at: end.map(Timestamp::from_seconds),
    }
}

fn change(key: &str, code: &str) -> GroupChange {
    GroupChange {
        group: GroupKey::new(key).unwrap(),
        label: None,
        code: GroupCode::parse(code).unwrap(),
        salt: Salt::NONE,
        registers: false,
        retires: false,
        added: Vec::new(),
        removed: Vec::new(),
    }
}

pub(crate) fn empty() -> Plan {
    Plan {
        left_out: Vec::new(),
        crowded: Vec::new(),
        source: SourceId::file("platform").unwrap(),
        claimed: 7,
        grants_before: 100,
        groups: Vec::new(),
        apps: Vec::new(),
        displaced: Vec::new(),
    }
}

fn sample() -> Plan {
    let id = |id| AppId::parse(id).unwrap();
    Plan {
        groups: vec![
            GroupChange {
                label: Some("Clinical Stewards".to_owned()),
                salt: Salt::new(1),
                registers: true,
                added: vec![grant("reader", &["0oaA", "0oaB"], Some(1_801_353_600)), grant("writer", &[], None)],
                ..change("00g1emaKYZTWRYYRRTSK", "efgh")
            },
            GroupChange { retires: true, removed: vec![grant("reader", &[], None)], ..change("Old\u{1b}[2J", "ijkl") },
            GroupChange {
                added: vec![grant("reader", &["0oaA"], None)],
                removed: vec![grant("reader", &[], None)],
                ..change("Readers", "mnop")
            },
            change("Renamed", "qrst"),
        ],
        apps: vec![AppChange { app: id("0oaA"), added: true }, AppChange { app: id("0oaB"), added: false }],
        displaced: vec![Displaced {
            group: GroupKey::new("00g1emaKYZTWRYYRRTSK").unwrap(),
            code: GroupCode::parse("efgh").unwrap(),
            salt: Salt::new(1),
            taken: GroupCode::parse("abcd").unwrap(),
            owner: GroupKey::new("Clinical Readers").unwrap(),
        }],
        left_out: vec![left_out("Trial\u{7}s", 1), left_out("Trials B", 20)],
        crowded: vec![Crowded { group: GroupKey::new("Everybody").unwrap(), roles: 288, bytes: 13_100, percent: 96 }],
        ..empty()
    }
}

fn left_out(group: &str, grants: usize) -> LeftOut {
    LeftOut {
        group: GroupKey::new(group).unwrap(),
        taken: GroupCode::parse("uvwx").unwrap(),
        owner: GroupKey::new("Trials A").unwrap(),
        grants,
    }
}

#[test]
fn for_people() {
    insta::assert_snapshot!("plan_text", text(&sample(), &[AppId::parse("0oaGone").unwrap()]));
    insta::assert_snapshot!("plan_text_empty", text(&empty(), &[]));
    let waiting = text(&Plan { left_out: vec![left_out("Trials B", 2)], ..empty() }, &[]);
    assert!(waiting.contains("LEFT OUT") && waiting.contains("2 grants wait."), "{waiting}");
    assert!(waiting.ends_with("has what the source states, but for the groups left out.\n"), "{waiting}");
}

#[test]
fn for_programs() {
    insta::assert_snapshot!("plan_json", format!("{:#}", json(&sample(), &[AppId::parse("0oaGone").unwrap()])));
    assert_eq!(json(&empty(), &[])["changes"], false);
}

#[test]
fn what_a_plan_withdraws() {
    let now = Timestamp::from_seconds(1_000);
    let withdrawn_by = |removed: Grant, added: &[Grant]| {
        let groups = vec![GroupChange { removed: vec![removed], added: added.to_vec(), ..change("g", "abcd") }];
        withdrawn(&Plan { groups, ..empty() }, now)
    };
    // Gone, or for other roles, fewer apps, a shorter time.
    assert_eq!(withdrawn_by(grant("r", &[], None), &[]), 1);
    assert_eq!(withdrawn_by(grant("r", &[], None), &[grant("s", &[], None)]), 1);
    assert_eq!(withdrawn_by(grant("r", &[], None), &[grant("r", &["a"], None)]), 1);
    assert_eq!(withdrawn_by(grant("r", &["a", "b"], None), &[grant("r", &["a"], None)]), 1);
    assert_eq!(withdrawn_by(grant("r", &[], None), &[grant("r", &[], Some(2_000))]), 1);
    assert_eq!(withdrawn_by(grant("r", &[], Some(3_000)), &[grant("r", &[], Some(2_000))]), 1);
    // More apps, a longer time, or over already.
    assert_eq!(withdrawn_by(grant("r", &["a"], None), &[grant("r", &[], None)]), 0);
    assert_eq!(withdrawn_by(grant("r", &["a"], None), &[grant("r", &["a", "b"], None)]), 0);
    assert_eq!(withdrawn_by(grant("r", &[], Some(2_000)), &[grant("r", &[], Some(2_000))]), 0);
    assert_eq!(withdrawn_by(grant("r", &[], Some(1_000)), &[]), 0);
    assert_eq!(withdrawn_by(grant("r", &[], Some(1_001)), &[]), 1);
}
