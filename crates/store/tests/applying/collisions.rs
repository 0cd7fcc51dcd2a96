//! People are told of each collision, and not of it again.

use signet_local::connector::Action;
use signet_store::apply::{Applied, Collision};
use signet_store::schema::OnCollision;

use crate::common::scheduler::Paused;
use crate::common::{FewCodes, Worker, gone, source, stated};
use crate::{shows, shows_by};

/// Of the groups below, `c`, `g` and `h` find their codes taken.
const CODES: FewCodes = FewCodes(12);

async fn with_few_codes() -> Worker {
    Worker::with_table().await.map(|table| table.with_hasher(CODES).with_chunks_of(4))
}

fn statement() -> signet_store::statement::Statement {
    stated(&["a", "b", "c", "d", "e", "f", "g", "h"].map(|group| (group, &["r1", "r2"][..])))
}

fn ids(collisions: &[Collision]) -> Vec<&str> {
    collisions.iter().map(|collision| collision.id.as_str()).collect()
}

#[tokio::test]
async fn a_collision_is_handed_out_until_it_is_announced() {
    let worker = with_few_codes().await;
    let trials = source("trials");
    let done = worker.apply_whole(&trials, 5, &statement()).await.unwrap();
    let Applied::Changed(plan) = &done.applied else { panic!("{done:?}") };
    assert!(plan.displaced.len() > 1);
    let mut of: Vec<_> = done.unannounced.iter().collect();
    of.sort_by(|a, b| a.group.cmp(&b.group));
    for (collision, displaced) in of.into_iter().zip(&plan.displaced) {
        assert_eq!(
            (&collision.group, collision.taken, &collision.owner),
            (&displaced.group, displaced.taken, &displaced.owner)
        );
        assert_eq!(collision.given, Some((displaced.code, displaced.salt)));
        assert_eq!(collision.event, "event-5");
    }
    assert_eq!(done.unannounced.len(), plan.displaced.len());

    // Whatever comes after it.
    let equal = statement();
    for (revision, expected) in [(5, Applied::Repeated), (4, Applied::Superseded { by: 5 }), (6, Applied::Unchanged)] {
        let again = worker.sibling().apply_whole(&trials, revision, &equal).await.unwrap();
        assert_eq!((again.applied, &again.unannounced), (expected, &done.unannounced));
    }
    let next = worker.apply_whole(&trials, 7, &gone()).await.unwrap();
    assert_eq!(next.unannounced, done.unannounced);

    let (some, rest) = done.unannounced.split_at(1);
    worker.table.announced(&trials, some).await.unwrap();
    worker.table.announced(&trials, some).await.unwrap();
    assert_eq!(worker.apply_whole(&trials, 7, &gone()).await.unwrap().unannounced, rest);
    worker.table.announced(&trials, rest).await.unwrap();
    let calls = worker.connector.total_calls();
    let quiet = worker.apply_whole(&trials, 7, &gone()).await.unwrap();
    assert_eq!((quiet.applied, quiet.unannounced.len()), (Applied::Repeated, 0));
    assert_eq!(worker.connector.total_calls() - calls, 1, "looking for collisions where there are none");
    // They have their codes now: granting them again is no collision.
    let back = worker.apply_whole(&trials, 8, &statement()).await.unwrap();
    assert!(back.unannounced.is_empty());
    shows_by(&worker, &CODES, &[(&trials, &statement())]).await;
}

#[tokio::test]
async fn an_ordinary_application_does_not_look_for_collisions() {
    let worker = Worker::with_table().await;
    let trials = source("trials");
    worker.change(&trials, 1, &statement()).await;
    worker.change(&trials, 2, &gone()).await;
    assert_eq!(worker.connector.calls("Query"), 0);
    shows(&worker, &[(&trials, &gone())]).await;
}

#[tokio::test]
async fn none_is_lost_whatever_request_fails() {
    let trials = source("trials");
    let whole = {
        let worker = with_few_codes().await;
        worker.apply_whole(&trials, 1, &statement()).await.unwrap().unannounced
    };
    for action in [Action::FailBefore, Action::FailAfter] {
        for (place, heals) in (0..12).flat_map(|place| [(place, true), (place, false)]) {
            let worker = with_few_codes().await;
            worker.fail(place, action.clone());
            let _ = worker.apply_whole(&trials, 1, &statement()).await;
            worker.heal();
            let registered: Vec<String> = worker
                .content()
                .await
                .history
                .into_values()
                .flatten()
                .flat_map(|row| row.groups)
                .filter(|change| change.displaced.is_some())
                .map(|change| change.group)
                .collect();
            let done = if heals {
                worker.sibling().map(|table| table.with_hasher(CODES)).apply_whole(&trials, 1, &statement()).await
            } else {
                worker.apply_whole(&trials, 2, &gone()).await
            };
            let told = done.unwrap().unannounced;
            if heals {
                assert_eq!(ids(&told), ids(&whole), "{action:?} at {place}");
            }
            let lost = registered.iter().find(|group| !told.iter().any(|one| one.group.as_str() == *group));
            assert_eq!(lost, None, "{action:?} at {place}");
        }
    }
}

#[tokio::test]
async fn announcing_may_die_at_any_request() {
    let trials = source("trials");
    for action in [Action::FailBefore, Action::FailAfter] {
        for place in 0..4 {
            let worker = with_few_codes().await;
            let done = worker.apply_whole(&trials, 1, &statement()).await.unwrap();
            worker.fail(place, action.clone());
            worker.table.announced(&trials, &done.unannounced).await.unwrap_err();
            worker.heal();
            // They are all there still, or all gone; and what looks finds that there is nothing.
            let again = worker.apply_whole(&trials, 1, &statement()).await.unwrap();
            assert!(again.unannounced.is_empty() || again.unannounced == done.unannounced);
            worker.table.announced(&trials, &again.unannounced).await.unwrap();
            let calls = worker.connector.total_calls();
            worker.apply_whole(&trials, 1, &statement()).await.unwrap();
            assert_eq!(worker.connector.total_calls() - calls, 1, "{action:?} at {place}");
        }
    }
}

#[tokio::test]
async fn one_that_is_noted_while_others_are_announced_is_handed_out() {
    let (trials, few) = (source("trials"), stated(&[("a", &["r1"]), ("b", &["r1"]), ("c", &["r2"])]));
    let mut noted = 0;
    for place in 0..5 {
        let worker = with_few_codes().await;
        let first = worker.apply_whole(&trials, 1, &few).await.unwrap().unannounced;
        let slow = worker.sibling();
        let (table, source, told) = (slow.table.clone(), trials.clone(), first.clone());
        let mut announcing = Paused::new(async move { table.announced(&source, &told).await });
        let calls = slow.connector.clone();
        let ended = announcing.until(|| calls.total_calls() == place).await.is_some();
        worker.apply_whole(&trials, 2, &statement()).await.unwrap();
        if !ended {
            announcing.finish().await.unwrap();
        }
        let told = worker.apply_whole(&trials, 2, &statement()).await.unwrap().unannounced;
        let content = worker.content().await;
        assert_eq!(told.len(), content.collisions.get(trials.as_str()).map_or(0, Vec::len), "at {place}");
        assert!(told.iter().all(|one| !first.contains(one)));
        noted += told.len();
    }
    assert!(noted >= 5, "{noted}");
}

#[tokio::test]
async fn one_that_is_noted_anew_stays_when_the_old_one_is_announced() {
    let worker = with_few_codes().await;
    let trials = source("trials");
    worker.table.set_on_collision(OnCollision::Refuse).await.unwrap();
    let old = worker.apply_whole(&trials, 1, &statement()).await.unwrap().unannounced;
    assert!(!old.is_empty() && old.iter().all(|one| one.given.is_none()));
    // Now they are displaced, which people do not know yet.
    worker.table.set_on_collision(OnCollision::Displace).await.unwrap();
    let new = worker.apply_whole(&trials, 2, &statement()).await.unwrap().unannounced;
    assert_eq!(ids(&new), ids(&old));
    worker.table.announced(&trials, &old).await.unwrap();
    let told = worker.apply_whole(&trials, 2, &statement()).await.unwrap().unannounced;
    assert_eq!(told, new);
    assert!(told.iter().all(|one| one.given.is_some()));
}

#[tokio::test]
async fn thousands_at_once_are_all_told() {
    // Wide codes of few digests: each newcomer but the first ones collides, and finds another code.
    let worker = Worker::with_table().await.map(|table| table.with_hasher(SameFirst));
    let trials = source("trials");
    let large = crate::common::all_to_all(1, 1_500);
    let done = worker.apply_whole(&trials, 1, &large).await.unwrap();
    assert_eq!(done.unannounced.len(), 1_499);
    worker.table.announced(&trials, &done.unannounced).await.unwrap();
    assert!(worker.apply_whole(&trials, 1, &large).await.unwrap().unannounced.is_empty());
}

/// Gives all groups one first proposal, and others by salt.
struct SameFirst;

impl signet_core::code::CodeHasher for SameFirst {
    fn digest(&self, input: &[u8]) -> [u8; 32] {
        if input.starts_with(b"group") { [7; 32] } else { signet_core::code::Sha256Hasher.digest(input) }
    }
}
