//! Workers that stall, and workers that run together.

use signet_core::code::Sha256Hasher;
use signet_local::connector::Action;
use signet_store::apply::{Applied, ApplyError};
use signet_store::statement::Statement;

use crate::common::scheduler::{Paused, Random};
use crate::common::{FewCodes, Worker, all_to_all, gone, source, stated};
use crate::{shows, shows_by};

fn small_chunks(worker: &Worker) -> Worker {
    worker.sibling().map(|table| table.with_chunks_of(6))
}

/// Starts a revision in a worker that can be stopped.
fn start(worker: &Worker, id: &str, revision: u64, statement: &Statement) -> Paused<Result<Applied, ApplyError>> {
    let (worker, source, statement) = (worker.clone(), source(id), statement.clone());
    Paused::new(async move { worker.apply(&source, revision, &statement).await })
}

fn old() -> Statement {
    all_to_all(3, 8)
}

fn new() -> Statement {
    stated(&[("group 1", &["r1"]), ("Winners", &["r5"])])
}

#[tokio::test]
async fn a_stalled_worker_writes_nothing_after_a_higher_revision() {
    let mut stalled_in_writing = 0;
    for (place, is_later) in (0..12).flat_map(|place| [(place, false), (place, true)]) {
        let worker = Worker::with_table().await;
        // Once as the source's first revision, once as a later one.
        if is_later {
            worker.change(&source("trials"), 1, &stated(&[("group 0", &["r0"]), ("Leavers", &["r8"])])).await;
        }
        let slow = small_chunks(&worker);
        let mut stalled = start(&slow, "trials", 2, &old());
        // Its next request is on its way and arrives only later.
        let calls = slow.connector.clone();
        if stalled.until(|| calls.total_calls() == place).await.is_some() {
            continue;
        }
        stalled_in_writing += usize::from(slow.connector.calls("TransactWriteItems") > 0);
        worker.change(&source("trials"), 3, &new()).await;
        let settled = shows(&worker, &[(&source("trials"), &new())]).await;
        let ended = stalled.finish().await.unwrap();
        assert_eq!(ended, Applied::Superseded { by: 3 }, "stalled at request {place}");
        assert_eq!(worker.content().await, settled, "the worker that stalled at request {place} wrote something");
    }
    assert!(stalled_in_writing > 8, "{stalled_in_writing}");
}

#[tokio::test]
async fn a_worker_that_stalls_and_dies_is_undone_in_full() {
    for place in 2..8 {
        let worker = Worker::with_table().await;
        let slow = small_chunks(&worker);
        slow.fail(place, Action::HangBefore);
        let mut stalled = start(&slow, "trials", 1, &old());
        let calls = slow.connector.clone();
        stalled.until(|| calls.total_calls() > place).await;
        drop(stalled);
        worker.change(&source("trials"), 2, &new()).await;
        shows(&worker, &[(&source("trials"), &new())]).await;
    }
}

#[tokio::test]
async fn the_same_revision_in_two_workers_is_applied_once() {
    let mut handed_over = 0;
    for place in 0..8 {
        let worker = Worker::with_table().await;
        let slow = small_chunks(&worker);
        let mut stalled = start(&slow, "trials", 1, &old());
        let calls = slow.connector.clone();
        if stalled.until(|| calls.total_calls() == place).await.is_some() {
            continue;
        }
        let result = worker.apply(&source("trials"), 1, &old()).await.unwrap();
        assert!(matches!(result, Applied::Changed(_)), "{result:?}");
        let settled = shows(&worker, &[(&source("trials"), &old())]).await;
        // Where it had claimed the revision, it cannot tell whether the other one gets to the end: so its
        // message must come again.
        match stalled.finish().await {
            Ok(Applied::Repeated) => {}
            Err(ApplyError::Contended { .. }) => handed_over += 1,
            other => panic!("stalled at request {place}: {other:?}"),
        }
        assert_eq!(worker.content().await, settled, "stalled at request {place}");
    }
    assert!(handed_over > 0);
}

/// Runs two workers to their ends, one request of either at a time by the seed's dice.
async fn interleave(
    seed: u64,
    mut first: Paused<Result<Applied, ApplyError>>,
    mut second: Paused<Result<Applied, ApplyError>>,
) -> [Result<Applied, ApplyError>; 2] {
    let mut random = Random(seed);
    loop {
        if random.in_100(50) {
            if let Some(end) = first.step().await {
                return [end, second.finish().await];
            }
        } else if let Some(end) = second.step().await {
            return [first.finish().await, end];
        }
    }
}

#[tokio::test]
async fn two_revisions_of_one_source_at_once() {
    for seed in 0..60 {
        let worker = Worker::with_table().await;
        let [low, high] = [small_chunks(&worker), small_chunks(&worker)];
        let ends = interleave(seed, start(&low, "trials", 1, &old()), start(&high, "trials", 2, &new())).await;
        let [low, high] = ends.map(Result::unwrap);
        assert!(matches!(high, Applied::Changed(_)), "seed {seed}: {high:?}");
        assert!(!matches!(low, Applied::Unchanged), "seed {seed}: {low:?}");
        shows(&worker, &[(&source("trials"), &new())]).await;
    }
}

#[tokio::test]
async fn two_sources_withdraw_the_last_grants_of_a_group_at_once() {
    let nothing = gone();
    for seed in 0..60 {
        let worker = Worker::with_table().await;
        let both = stated(&[("Readers", &["r1"]), ("Stewards", &["r1"])]);
        worker.change(&source("trials"), 1, &both).await;
        worker.change(&source("genomes"), 1, &both).await;
        let [one, other] = [small_chunks(&worker), small_chunks(&worker)];
        let ends = interleave(seed, start(&one, "trials", 2, &nothing), start(&other, "genomes", 2, &nothing)).await;
        for end in ends {
            assert!(matches!(end, Ok(Applied::Changed(_))), "seed {seed}: {end:?}");
        }
        let (trials, genomes) = (source("trials"), source("genomes"));
        let content = shows(&worker, &[(&trials, &nothing), (&genomes, &nothing)]).await;
        assert!(content.groups.values().all(|group| group.state == "retired"), "seed {seed}: {:?}", content.groups);
    }
}

#[tokio::test]
async fn one_source_withdraws_while_another_grants() {
    let (gone, come) = (gone(), stated(&[("Readers", &["r2"]), ("Stewards", &["r2"])]));
    for seed in 0..60 {
        let worker = Worker::with_table().await;
        worker.change(&source("trials"), 1, &stated(&[("Readers", &["r1"]), ("Stewards", &["r1"])])).await;
        let [one, other] = [small_chunks(&worker), small_chunks(&worker)];
        let ends = interleave(seed, start(&one, "trials", 2, &gone), start(&other, "genomes", 1, &come)).await;
        for end in ends {
            assert!(matches!(end, Ok(Applied::Changed(_))), "seed {seed}: {end:?}");
        }
        let (trials, genomes) = (source("trials"), source("genomes"));
        let content = shows(&worker, &[(&trials, &gone), (&genomes, &come)]).await;
        assert!(content.groups.values().all(|group| group.state == "registered"), "seed {seed}");
    }
}

#[tokio::test]
async fn two_sources_register_the_same_and_colliding_groups_at_once() {
    let codes = FewCodes(7);
    let one_says = stated(&[("a", &["r1"]), ("b", &["r1"]), ("c", &["r2"]), ("d", &["r2"])]);
    let other_says = stated(&[("c", &["r1"]), ("d", &["r1"]), ("e", &["r2"]), ("f", &["r2"])]);
    let mut displaced = 0;
    for seed in 0..60 {
        let worker = Worker::with_table().await;
        let [one, other] = [(); 2].map(|()| small_chunks(&worker).map(|table| table.with_hasher(codes)));
        let ends =
            interleave(seed, start(&one, "trials", 1, &one_says), start(&other, "genomes", 1, &other_says)).await;
        let (trials, genomes) = (source("trials"), source("genomes"));
        let content = shows_by(&worker, &codes, &[(&trials, &one_says), (&genomes, &other_says)]).await;
        for end in ends {
            let Ok(Applied::Changed(plan)) = end else { panic!("seed {seed}: {end:?}") };
            displaced += plan.displaced.len();
            for group in &plan.displaced {
                assert_eq!(content.codes[group.taken.as_str()].0, group.owner.as_str(), "seed {seed}");
            }
            for group in plan.groups {
                assert_eq!(content.code_of(group.group.as_str()), group.code.as_str(), "seed {seed}");
            }
        }
    }
    assert!(displaced >= 60, "{displaced}");
}

#[tokio::test]
async fn many_sources_change_one_group_at_once() {
    let worker = Worker::with_table().await;
    let statement = stated(&[("Readers", &["r1", "r2"])]);
    let sources: Vec<_> = (0..8).map(|n| source(&format!("set-{n}"))).collect();
    let workers: Vec<_> = sources.iter().map(|_| worker.sibling()).collect();
    let all = sources.iter().zip(&workers).map(|(source, worker)| worker.apply(source, 1, &statement));
    for end in futures_util::future::join_all(all).await {
        assert!(matches!(end, Ok(Applied::Changed(_))), "{end:?}");
    }
    let content = worker.content().await;
    content.check_sound(&Sha256Hasher).unwrap();
    assert_eq!(content.groups["Readers"].sources.len(), 8);
}
