//! Groups that find their code taken.

use signet_core::code::{CodeWidth, GroupCode, Salt};
use signet_store::apply::ApplyError;

use crate::common::{FewCodes, Worker, gone, key, source, stated};
use crate::shows_by;

const CODES: FewCodes = FewCodes(40);

async fn with_few_codes() -> Worker {
    Worker::with_table().await.map(|table| table.with_hasher(CODES))
}

fn first_proposal(group: &str) -> GroupCode {
    GroupCode::propose(&CODES, CodeWidth::DEFAULT, group, Salt::NONE)
}

/// Names of groups whose first proposals are one code.
fn colliding(count: usize) -> Vec<String> {
    let code = first_proposal("group 0");
    (0..).map(|n| format!("group {n}")).filter(|name| first_proposal(name) == code).take(count).collect()
}

#[tokio::test]
async fn two_newcomers_of_one_statement() {
    let worker = with_few_codes().await;
    let mut names = colliding(2);
    names.sort();
    let trials = source("trials");
    let statement = stated(&[(&names[0], &["r1"]), (&names[1], &["r1", "r2"])]);
    let plan = worker.change(&trials, 1, &statement).await;
    assert_eq!(plan.displaced.len(), 1);
    let displaced = &plan.displaced[0];
    assert_ne!(displaced.salt, Salt::NONE);
    assert_eq!((displaced.group.as_str(), displaced.owner.as_str()), (&*names[1], &*names[0]));
    assert_eq!(displaced.taken, first_proposal(&names[0]));
    let content = shows_by(&worker, &CODES, &[(&trials, &statement)]).await;
    assert_eq!(content.code_of(displaced.group.as_str()), displaced.code.as_str());
}

#[tokio::test]
async fn a_newcomer_gives_way_to_another_sources_group() {
    let worker = with_few_codes().await;
    let names = colliding(2);
    let (trials, genomes) = (source("trials"), source("genomes"));
    let first = stated(&[(&names[0], &["r1"])]);
    let second = stated(&[(&names[1], &["r1"])]);
    worker.change(&trials, 1, &first).await;
    let planned = worker.table.plan(&genomes, &second).await.unwrap();
    let plan = worker.change(&genomes, 1, &second).await;
    assert_eq!(plan, planned);
    assert_eq!(plan.displaced.len(), 1);
    assert_eq!((plan.displaced[0].group.as_str(), plan.displaced[0].owner.as_str()), (&*names[1], &*names[0]));
    let content = shows_by(&worker, &CODES, &[(&trials, &first), (&genomes, &second)]).await;
    assert_eq!(content.code_of(&names[0]), first_proposal(&names[0]).as_str());
    let row = &content.history[genomes.as_str()][0].groups[0];
    assert_eq!(row.displaced, Some((first_proposal(&names[0]).to_string(), names[0].clone())));
    // Its owners are told apart.
    let codes = [&names[0], &names[1]].map(|name| GroupCode::parse(content.code_of(name)).unwrap());
    let owners = worker.table.code_owners(&codes).await.unwrap();
    let owners: Vec<_> = owners.iter().map(|owner| owner.as_ref().unwrap().group.clone()).collect();
    assert_eq!(owners, [key(&names[0]), key(&names[1])]);
}

#[tokio::test]
async fn a_retired_code_is_nobody_elses() {
    let worker = with_few_codes().await;
    let names = colliding(2);
    let (trials, genomes) = (source("trials"), source("genomes"));
    worker.change(&trials, 1, &stated(&[(&names[0], &["r1"])])).await;
    let nothing = gone();
    worker.change(&trials, 2, &nothing).await;
    let second = stated(&[(&names[1], &["r1"])]);
    let plan = worker.change(&genomes, 1, &second).await;
    assert_eq!(plan.displaced[0].owner.as_str(), names[0]);
    let content = shows_by(&worker, &CODES, &[(&trials, &nothing), (&genomes, &second)]).await;
    assert_eq!(content.codes[first_proposal(&names[0]).as_str()], (names[0].clone(), "retired".to_owned()));
    // And its first owner gets it back.
    let plan = worker.change(&trials, 3, &stated(&[(&names[0], &["r1"])])).await;
    assert!(plan.displaced.is_empty());
    assert_eq!(worker.content().await.code_of(&names[0]), first_proposal(&names[0]).as_str());
}

#[tokio::test]
async fn many_groups_share_few_codes_out_and_keep_them() {
    let worker = with_few_codes().await;
    let (trials, genomes) = (source("trials"), source("genomes"));
    let names: Vec<String> = (0..30).map(|n| format!("group {n}")).collect();
    let of = |names: &[String]| stated(&names.iter().map(|name| (name.as_str(), &["r1"][..])).collect::<Vec<_>>());
    let first = of(&names[..15]);
    worker.change(&trials, 1, &first).await;
    let before = shows_by(&worker, &CODES, &[(&trials, &first)]).await;
    let second = of(&names[10..]);
    let planned = worker.table.plan(&genomes, &second).await.unwrap();
    assert!(planned.displaced.len() > 3);
    assert_eq!(worker.change(&genomes, 1, &second).await, planned);
    let after = shows_by(&worker, &CODES, &[(&trials, &first), (&genomes, &second)]).await;
    for (name, group) in &before.groups {
        assert_eq!(after.code_of(name), group.code);
    }
    for displaced in &planned.displaced {
        assert_eq!(after.codes[displaced.taken.as_str()].0, displaced.owner.as_str());
        assert_eq!(after.codes[displaced.code.as_str()].0, displaced.group.as_str());
    }
}

#[tokio::test]
async fn a_table_without_a_free_code_refuses_and_writes_nothing() {
    let worker = Worker::with_table().await.map(|table| table.with_hasher(FewCodes(2)));
    let statement = stated(&[("a", &["r1"]), ("b", &["r1"]), ("c", &["r1"])]);
    let before = worker.content().await;
    let error = worker.apply(&source("trials"), 1, &statement).await.unwrap_err();
    assert!(matches!(error, ApplyError::NoFreeCode { .. }), "{error}");
    assert_eq!(worker.content().await, before);
}
