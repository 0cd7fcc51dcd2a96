//! What a statement changes: groups come and go, sources stay out of each other's way.

use signet_store::apply::Applied;
use signet_store::statement::{StatedGroup, Statement};

use crate::common::content::Entry;
use crate::common::{Worker, gone, key, limited, plain, role, source, stated};
use crate::shows;

#[tokio::test]
async fn a_group_is_registered_withdrawn_and_gets_its_own_code_back() {
    let worker = Worker::with_table().await;
    let trials = source("trials");
    let first = stated(&[("Readers", &["r1", "r2"]), ("Stewards", &["r1"])]);
    let plan = worker.change(&trials, 1, &first).await;
    assert!(plan.groups.iter().all(|group| group.registers && !group.retires));
    let content = shows(&worker, &[(&trials, &first)]).await;
    assert_eq!(content.groups["Readers"].state, "registered");
    let code = content.code_of("Readers").to_owned();
    assert_eq!(content.codes[&code], ("Readers".to_owned(), "registered".to_owned()));

    let second = stated(&[("Stewards", &["r1"])]);
    let plan = worker.change(&trials, 2, &second).await;
    assert_eq!(plan.groups.len(), 1);
    assert!(plan.groups[0].retires && plan.groups[0].added.is_empty());
    let content = shows(&worker, &[(&trials, &second)]).await;
    assert_eq!(content.groups["Readers"].state, "retired");
    assert_eq!(content.codes[&code], ("Readers".to_owned(), "retired".to_owned()));

    let genomes = source("genomes");
    let revived = stated(&[("Readers", &["r3"])]);
    let plan = worker.change(&genomes, 1, &revived).await;
    assert!(plan.groups[0].registers && plan.displaced.is_empty());
    let content = shows(&worker, &[(&trials, &second), (&genomes, &revived)]).await;
    assert_eq!(content.code_of("Readers"), code);
    assert_eq!(content.codes[&code], ("Readers".to_owned(), "registered".to_owned()));
}

#[tokio::test]
async fn two_sources_that_grant_the_same_do_not_disturb_each_other() {
    let worker = Worker::with_table().await;
    let (trials, genomes) = (source("trials"), source("genomes"));
    let same = stated(&[("Readers", &["r1"])]);
    worker.change(&trials, 1, &same).await;
    worker.change(&genomes, 1, &same).await;
    let content = shows(&worker, &[(&trials, &same), (&genomes, &same)]).await;
    assert_eq!(content.groups["Readers"].parts.len(), 2);

    let nothing = gone();
    let plan = worker.change(&trials, 2, &nothing).await;
    assert!(!plan.groups[0].retires);
    let content = shows(&worker, &[(&trials, &nothing), (&genomes, &same)]).await;
    assert_eq!(content.groups["Readers"].state, "registered");

    let plan = worker.change(&genomes, 2, &nothing).await;
    assert!(plan.groups[0].retires);
    let content = shows(&worker, &[(&trials, &nothing), (&genomes, &nothing)]).await;
    assert!(content.roles.is_empty());
    assert!(content.groups["Readers"].sources.is_empty());
}

#[tokio::test]
async fn rows_of_roles_hold_the_codes_with_their_limits() {
    let worker = Worker::with_table().await;
    let trials = source("trials");
    let mut statement = stated(&[("Readers", &["r1"])]);
    statement.grant(key("Readers"), None, limited("r1", &["app-2", "app-1"], Some(2_000)));
    statement.grant(key("Stewards"), None, limited("r1", &["app-1"], None));
    worker.change(&trials, 1, &statement).await;
    let content = shows(&worker, &[(&trials, &statement)]).await;
    let mut row = content.roles[&(role("r1").to_string(), trials.to_string())].clone();
    row.sort();
    let entry = |group: &str, apps: Option<&[&str]>, expires_at| Entry {
        what: content.code_of(group).to_owned(),
        apps: apps.map(|apps| apps.iter().map(ToString::to_string).collect()),
        expires_at,
    };
    let mut expected = vec![
        entry("Readers", None, None),
        entry("Readers", Some(&["app-1", "app-2"]), Some(2_000)),
        entry("Stewards", Some(&["app-1"]), None),
    ];
    expected.sort();
    assert_eq!(row, expected);
}

#[tokio::test]
async fn only_roles_whose_rows_change_are_wanted_again() {
    let worker = Worker::with_table().await;
    let trials = source("trials");
    let wanted = async || {
        let content = worker.content().await;
        ["r1", "r2", "r3"].map(|name| content.wanted.get(role(name).as_str()).copied().unwrap_or_default())
    };
    worker.change(&trials, 1, &stated(&[("Readers", &["r1", "r2"])])).await;
    assert_eq!(wanted().await, [1, 1, 0]);
    worker.change(&trials, 2, &stated(&[("Readers", &["r1", "r2"]), ("Stewards", &["r2"])])).await;
    assert_eq!(wanted().await, [1, 2, 0]);
    worker.change(&trials, 3, &stated(&[("Readers", &["r1", "r3"]), ("Stewards", &["r1"])])).await;
    assert_eq!(wanted().await, [2, 3, 1]);
    let mut ends = stated(&[("Readers", &["r1"]), ("Stewards", &["r1"])]);
    ends.grant(key("Readers"), None, limited("r3", &["app-1"], Some(5)));
    worker.change(&trials, 4, &ends).await;
    assert_eq!(wanted().await, [2, 3, 2]);
    assert_eq!(worker.apply(&trials, 5, &ends).await.unwrap(), Applied::Unchanged);
    // Another source's grants are rows of its own.
    worker.change(&source("genomes"), 1, &stated(&[("Readers", &["r1"])])).await;
    assert_eq!(wanted().await, [3, 3, 2]);
}

#[tokio::test]
async fn labels_are_set_and_changed_and_never_taken_away() {
    let worker = Worker::with_table().await;
    let trials = source("trials");
    let labelled = |label: Option<&str>| {
        let mut statement = Statement::default();
        statement.grant(key("00g1emaKYZTWRYYRRTSK"), label.map(str::to_owned), plain("r1"));
        statement
    };
    let label = async || worker.content().await.groups["00g1emaKYZTWRYYRRTSK"].label.clone();
    worker.change(&trials, 1, &labelled(None)).await;
    assert_eq!(label().await, None);
    worker.change(&trials, 2, &labelled(Some("Stewards"))).await;
    assert_eq!(label().await.as_deref(), Some("Stewards"));
    let before = worker.content().await.wanted;
    worker.change(&trials, 3, &labelled(Some("Clinical Stewards"))).await;
    assert_eq!(label().await.as_deref(), Some("Clinical Stewards"));
    // No trust policy has labels.
    assert_eq!(worker.content().await.wanted, before);
    assert_eq!(worker.apply(&trials, 4, &labelled(None)).await.unwrap(), Applied::Unchanged);
    assert_eq!(label().await.as_deref(), Some("Clinical Stewards"));
    worker.change(&trials, 5, &gone()).await;
    assert_eq!(label().await.as_deref(), Some("Clinical Stewards"));
}

#[tokio::test]
async fn a_group_without_grants_is_not_registered_nor_a_hindrance() {
    let worker = Worker::with_table().await;
    let trials = source("trials");
    let bare = |label: &str| {
        let group = StatedGroup { label: Some(label.to_owned()), ..StatedGroup::default() };
        Statement { groups: [(key("Readers"), group)].into(), apps: Vec::new(), deleted: true }
    };
    assert_eq!(worker.apply(&trials, 1, &bare("a")).await.unwrap(), Applied::Unchanged);
    assert!(worker.content().await.groups.is_empty());
    let first = stated(&[("Readers", &["r1"])]);
    worker.change(&trials, 2, &first).await;
    // Withdrawn and retired, the group is labelled or not: the statement is taken in any case.
    for revision in 3..6 {
        worker.apply(&trials, revision, &bare(&format!("label {revision}"))).await.unwrap();
        shows(&worker, &[(&trials, &gone())]).await;
    }
}

#[tokio::test]
async fn hostile_keys_are_groups_like_any_other() {
    let worker = Worker::with_table().await;
    let trials = source("trials");
    let long = "x".repeat(1_024);
    let keys = [" ", "a:b", "*", "${aws:username}", "\0", "😀", "Ａ", "GROUP#x", "s:dataset:trials", ":part", &long];
    let groups: Vec<(&str, &[&str])> = keys.iter().map(|key| (*key, &["r1"][..])).collect();
    let statement = stated(&groups);
    worker.change(&trials, 1, &statement).await;
    let content = shows(&worker, &[(&trials, &statement)]).await;
    assert_eq!(content.groups.len(), keys.len());
    let snapshot = worker.table.sign_in("app", &keys).await.unwrap();
    assert_eq!(snapshot.groups.len(), keys.len());
    for (asked, record) in &snapshot.groups {
        assert_eq!(asked, record.registration.key.as_str());
    }
}
