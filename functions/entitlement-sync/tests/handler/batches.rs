//! Several records in one invocation.

use serde_json::{Value, json};
use signet_core::group::GroupKey;

use crate::support::{APPS, DATASETS, World, dataset, envelope, reader, record, sample};

fn outcomes<'a>(lines: &'a [Value], by: &str) -> Vec<(&'a str, &'a str)> {
    let mut all: Vec<_> =
        lines.iter().map(|line| (line[by].as_str().unwrap_or_default(), line["outcome"].as_str().unwrap())).collect();
    all.sort_unstable();
    all
}

#[tokio::test]
async fn of_the_bad_sample_two_are_refused_and_two_applied() {
    let world = World::new().await;
    let done = world.invoke(sample("batch-two-bad.sqs")).await;
    let outcomes: Vec<_> = outcomes(&done.lines, "message.id").into_iter().map(|(_, outcome)| outcome).collect();
    assert_eq!(outcomes, ["applied", "refused", "refused", "applied"], "{done:#?}");
    assert!(done.failed.is_empty());
    let reasons: std::collections::BTreeSet<_> =
        done.alerts.iter().map(|alert| alert["data"]["detail"]["reason"].as_str().unwrap()).collect();
    assert_eq!(reasons, ["invalid_event", "no_envelope"].into());
}

#[tokio::test]
async fn one_bad_record_of_ten_fails_alone() {
    let world = World::new().await;
    let bodies: Vec<String> = (0..10)
        .map(|n| {
            let id = if n == 4 { "genomes".to_owned() } else { format!("clinical-{n}") };
            envelope(DATASETS, &dataset(&id, 1, &reader(&["Trials Curators"])))
        })
        .collect();
    let done = world.deliver(&bodies).await;
    assert_eq!(done.lines.iter().filter(|line| line["outcome"] == "applied").count(), 9);
    assert_eq!((done.alerts.len(), done.failed.len()), (1, 0));

    // And one whose writes the table does not take.
    let next = |n: u64| envelope(DATASETS, &dataset(&format!("clinical-{n}"), 2, &reader(&["Clinical Readers"])));
    let bodies: Vec<String> = (0..10).filter(|n| *n != 4).map(next).collect();
    world.fail(signet_local::connector::Action::FailBefore, |request| {
        request.operation == "TransactWriteItems"
            && String::from_utf8_lossy(request.body).contains("SOURCE#dataset:clinical-7")
    });
    let done = world.deliver(&bodies).await;
    assert_eq!(done.failed, ["m6"], "{:#?}", done.lines);
    assert_eq!(done.lines.iter().filter(|line| line["outcome"] == "applied").count(), 8);
}

#[tokio::test]
async fn the_same_record_twice_is_applied_once() {
    let world = World::new().await;
    let body = envelope(DATASETS, &dataset("clinical-trials", 1, &reader(&["Trials Curators"])));
    let done = world.invoke(json!({ "Records": [record("a", &body), record("b", &body), record("a", &body)] })).await;
    let outcomes: Vec<_> = done.lines.iter().map(|line| line["outcome"].as_str().unwrap()).collect();
    assert_eq!(outcomes, ["applied", "repeated", "repeated"]);
    assert!(done.failed.is_empty());
}

#[tokio::test]
async fn revisions_of_one_subject_are_applied_in_their_order() {
    let world = World::new().await;
    let groups = ["Trials A", "Trials B", "Trials C", "Trials D"];
    let of = |revision: u64| {
        let group = groups[usize::try_from(revision - 1).unwrap()];
        envelope(DATASETS, &dataset("clinical-trials", revision, &reader(&[group])))
    };
    let other = envelope(DATASETS, &dataset("clinical-images", 1, &reader(&["Trials A"])));
    let done = world.deliver(&[of(3), other, of(1), of(4), of(2)]).await;
    let trials = done.lines.iter().filter(|line| line["subject"] == "clinical-trials");
    let revisions: Vec<_> = trials.map(|line| (line["revision"].as_u64().unwrap(), &line["outcome"])).collect();
    let applied = json!("applied");
    assert_eq!(revisions, [(1, &applied), (2, &applied), (3, &applied), (4, &applied)]);
    let stated = world.stated("clinical-trials").await;
    assert_eq!(stated.groups.keys().map(GroupKey::as_str).collect::<Vec<_>>(), ["Trials D"]);
}

#[tokio::test]
async fn a_revision_that_is_refused_does_not_hold_up_the_next() {
    let world = World::new().await;
    let bad = envelope(DATASETS, &dataset("clinical-trials", 1, &reader(&["Administrators"])));
    let good = envelope(DATASETS, &dataset("clinical-trials", 2, &reader(&["Trials Curators"])));
    let done = world.deliver(&[good, bad]).await;
    let outcomes: Vec<_> = done.lines.iter().map(|line| line["outcome"].as_str().unwrap()).collect();
    assert_eq!(outcomes, ["refused", "applied"]);
}

#[tokio::test]
async fn a_record_without_an_id_fails_the_whole_batch() {
    let world = World::new().await;
    world.fail(signet_local::connector::Action::FailBefore, |_| true);
    let body = envelope(DATASETS, &dataset("clinical-trials", 1, &reader(&["Trials Curators"])));
    let done = world.invoke(json!({ "Records": [{ "body": body }] })).await;
    // Lambda takes an empty identifier as the failure of all records.
    assert_eq!(done.failed, [""]);
}

#[tokio::test]
async fn an_empty_batch_is_one() {
    let done = World::new().await.invoke(json!({ "Records": [] })).await;
    assert!(done.failed.is_empty() && done.lines.is_empty());
}

#[tokio::test]
async fn datasets_and_apps_come_through_their_topics_side_by_side() {
    let world = World::new().await;
    let dataset = envelope(DATASETS, &sample("dataset-active"));
    let done = world.deliver(&[envelope(APPS, &sample("provider-saml-active")), dataset]).await;
    assert_eq!(
        outcomes(&done.lines, "event.type"),
        [("signet.dataset.changed.v1", "applied"), ("signet.provider.changed.v1", "applied")]
    );
}
