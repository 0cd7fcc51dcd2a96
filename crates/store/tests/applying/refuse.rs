//! A deployment that leaves groups out whose code is taken, instead of giving them another one.

use signet_core::code::{CodeWidth, GroupCode, Salt};
use signet_local::connector::Action;
use signet_store::apply::{Applied, ApplyError};
use signet_store::schema::OnCollision;
use signet_store::statement::Statement;

use crate::common::content::Content;
use crate::common::model::{self, Model};
use crate::common::{FewCodes, Worker, gone, key, number, plain, provenance, source, stated, text};

const CODES: FewCodes = FewCodes(5);

async fn refusing() -> Worker {
    let worker = Worker::with_table().await.map(|table| table.with_hasher(CODES));
    worker.table.set_on_collision(OnCollision::Refuse).await.unwrap();
    worker
}

fn first_proposal(group: &str) -> GroupCode {
    GroupCode::propose(&CODES, CodeWidth::DEFAULT, group, Salt::NONE)
}

/// Three names of one code, sorted, and one of another code.
fn names() -> [String; 4] {
    let code = first_proposal("group 0");
    let alike = (0..).map(|n| format!("group {n}")).filter(|name| first_proposal(name) == code);
    let mut names: Vec<String> = alike.take(3).collect();
    names.sort();
    names.extend((0..99).map(|n| format!("other {n}")).find(|name| first_proposal(name) != code));
    names.try_into().unwrap()
}

/// What a table shows that may leave groups out.
async fn shows(worker: &Worker, id: &str, statement: &Statement) -> Content {
    let content = worker.content().await;
    let model: Model = [(source(id), statement.clone())].into();
    content.check_sound(&CODES).and_then(|()| content.check_history()).unwrap();
    model.iter().try_for_each(|(source, statement)| model::check_source(&content, source, statement)).unwrap();
    let state = &content.sources[source(id).as_str()];
    assert_eq!(state.left_out, content.left.len() as u64);
    content
}

fn left(content: &Content) -> Vec<&str> {
    content.left.keys().map(|(_, group)| group.as_str()).collect()
}

#[tokio::test]
async fn the_setting_is_in_meta_and_may_not_be_anything() {
    let worker = Worker::with_table().await;
    assert_eq!(worker.table.warm().await.unwrap().on_collision, OnCollision::Displace);
    worker.table.set_on_collision(OnCollision::Refuse).await.unwrap();
    let meta = worker.table.warm().await.unwrap();
    assert_eq!((meta.on_collision, meta.width), (OnCollision::Refuse, CodeWidth::DEFAULT));
    // A table of an earlier version does not say it.
    worker.put("META", "META", &[("layout", number(1)), ("code_width", number(4))]).await;
    assert_eq!(worker.table.warm().await.unwrap().on_collision, OnCollision::Displace);
    let odd = [("layout", number(1)), ("code_width", number(4)), ("on_collision", text("ignore"))];
    worker.put("META", "META", &odd).await;
    let error = worker.table.warm().await.unwrap_err().to_string();
    assert!(error.contains("`on_collision`"), "{error}");
    worker.put("META", "META", &[("layout", number(2)), ("code_width", number(4))]).await;
    worker.table.set_on_collision(OnCollision::Refuse).await.unwrap_err();
    let none = Worker::new(&signet_local::dynamodb::memory().unwrap());
    none.table.create(CodeWidth::DEFAULT).await.unwrap();
    let key = [("pk", text("META")), ("sk", text("META"))].map(|(name, value)| (name.to_owned(), value));
    none.client.delete_item().table_name(crate::common::TABLE).set_key(Some(key.into())).send().await.unwrap();
    let error = none.table.set_on_collision(OnCollision::Refuse).await.unwrap_err();
    assert_eq!(error.reason(), "meta_missing");
}

#[tokio::test]
async fn a_group_is_left_out_and_the_rest_is_applied() {
    let worker = refusing().await;
    let [owner, second, third, other] = names();
    let (trials, genomes) = (source("trials"), source("genomes"));
    worker.change(&genomes, 1, &stated(&[(&owner, &["r9"])])).await;
    // One that is known to be taken only by writing, and one more that follows it.
    let statement = stated(&[(&second, &["r1", "r2"]), (&third, &["r1"]), (&other, &["r1"])]);
    let planned = worker.table.plan(&trials, &statement).await.unwrap();
    let done = worker.apply_whole(&trials, 1, &statement).await.unwrap();
    let Applied::Changed(plan) = done.applied else { panic!("{:?}", done.applied) };
    assert_eq!(plan, planned);
    assert_eq!(plan.groups.iter().map(|change| change.group.as_str()).collect::<Vec<_>>(), [&*other]);
    let told: Vec<_> =
        plan.left_out.iter().map(|left| (left.group.as_str(), left.owner.as_str(), left.taken, left.grants)).collect();
    let code = first_proposal(&owner);
    assert_eq!(told, [(&*second, &*owner, code, 2), (&*third, &*owner, code, 1)]);
    assert!(plan.displaced.is_empty());
    let mut collisions = done.unannounced;
    collisions.sort_by(|a, b| a.group.cmp(&b.group));
    let of: Vec<_> = collisions.iter().map(|one| (one.group.as_str(), one.owner.as_str(), one.given)).collect();
    assert_eq!(of, [(&*second, &*owner, None), (&*third, &*owner, None)]);
    let content = shows(&worker, "trials", &statement).await;
    assert_eq!(left(&content), [&*second, &*third]);
    assert!(!content.groups.contains_key(&second));
    worker.table.announced(&trials, &collisions).await.unwrap();
    assert_eq!(worker.table.export(&trials).await.unwrap().unwrap(), statement, "what waits is stated too");

    // What stays left out is no new collision, and is tried again by the next revision only.
    let again = worker.apply_whole(&trials, 1, &statement).await.unwrap();
    assert_eq!((again.applied, again.unannounced.len()), (Applied::Repeated, 0));
    let next = worker.apply_whole(&trials, 2, &statement).await.unwrap();
    assert_eq!((next.applied, next.unannounced.len()), (Applied::Unchanged, 0));
    // More of it is stated: it waits with all of that.
    let more = stated(&[(&second, &["r1", "r2", "r3"]), (&other, &["r1"])]);
    let next = worker.apply_whole(&trials, 3, &more).await.unwrap();
    assert!(matches!(next.applied, Applied::Changed(_)) && next.unannounced.is_empty());
    let content = shows(&worker, "trials", &more).await;
    assert_eq!(left(&content), [&*second]);
    // And nothing of it is left when it is stated no more.
    worker.change(&trials, 4, &gone()).await;
    assert!(shows(&worker, "trials", &gone()).await.left.is_empty());
}

#[tokio::test]
async fn two_newcomers_of_one_statement_and_one_code() {
    let worker = refusing().await;
    let [first, second, third, other] = names();
    let statement = stated(&[(&first, &["r1"]), (&second, &["r1"]), (&third, &["r2"]), (&other, &["r2"])]);
    let plan = worker.change(&source("trials"), 1, &statement).await;
    assert!(plan.left_out.iter().all(|left| left.owner.as_str() == first), "{plan:?}");
    let content = shows(&worker, "trials", &statement).await;
    assert_eq!(left(&content), [&*second, &*third]);
}

#[tokio::test]
async fn a_left_out_group_gets_its_grants_once_it_is_registered_by_hand() {
    let worker = refusing().await;
    let [first, second, third, _] = names();
    let trials = source("trials");
    let statement = stated(&[(&first, &["r1"]), (&second, &["r1", "r2"]), (&third, &["r2"])]);
    worker.change(&trials, 1, &statement).await;
    let salt = (1..99).map(Salt::new).find(|salt| {
        let code = GroupCode::propose(&CODES, CodeWidth::DEFAULT, &second, *salt);
        code != first_proposal(&first)
    });
    worker.table.register(&key(&second), salt, None, &provenance(5)).await.unwrap();
    let done = worker.table.resync(&trials, &provenance(6)).await.unwrap();
    let Applied::Changed(plan) = done.applied else { panic!("{:?}", done.applied) };
    assert_eq!(plan.groups.iter().map(|change| change.group.as_str()).collect::<Vec<_>>(), [&*second]);
    let content = shows(&worker, "trials", &statement).await;
    assert_eq!((left(&content), content.groups[&second].state.as_str()), (vec![&*third], "registered"));
    let state = &content.sources[trials.as_str()];
    assert_eq!((state.claimed, state.applied, state.resyncing), (1, 1, false));
    let row = content.history[trials.as_str()].last().unwrap();
    assert_eq!((row.event.as_str(), row.revision), ("event-6", 1));
    // Its event, delivered again, has nothing to add.
    assert_eq!(worker.apply(&trials, 1, &statement).await.unwrap(), Applied::Repeated);
    let again = worker.table.resync(&trials, &provenance(7)).await.unwrap();
    assert_eq!(again.applied, Applied::Unchanged);
    // The last one follows when the deployment displaces.
    worker.table.set_on_collision(OnCollision::Displace).await.unwrap();
    let next = worker.change(&trials, 2, &statement).await;
    assert_eq!(next.displaced.len(), 1);
    assert!(shows(&worker, "trials", &statement).await.left.is_empty());
}

#[tokio::test]
async fn a_released_code_is_given_to_the_group_that_waits_for_it() {
    let worker = refusing().await;
    let [first, second, ..] = names();
    let (trials, genomes) = (source("trials"), source("genomes"));
    worker.change(&genomes, 1, &stated(&[(&first, &["r1"])])).await;
    let statement = stated(&[(&second, &["r1"])]);
    worker.change(&trials, 1, &statement).await;
    worker.change(&genomes, 2, &gone()).await;
    assert_eq!(worker.table.resync(&trials, &provenance(2)).await.unwrap().applied, Applied::Unchanged);
    worker.table.release(&first_proposal(&first), &provenance(3)).await.unwrap();
    assert!(matches!(worker.table.resync(&trials, &provenance(4)).await.unwrap().applied, Applied::Changed(_)));
    let content = shows(&worker, "trials", &statement).await;
    assert_eq!(content.code_of(&second), first_proposal(&first).as_str());
    assert!(content.left.is_empty());
}

#[tokio::test]
async fn nothing_is_lost_whatever_request_fails() {
    let [first, second, third, other] = names();
    let trials = source("trials");
    let before = stated(&[(&first, &["r1"]), (&second, &["r1", "r2"])]);
    let interrupted = stated(&[(&first, &["r2"]), (&second, &["r3"]), (&third, &["r1", "r2"]), (&other, &["r1"])]);
    let winner = stated(&[(&third, &["r4"]), (&other, &["r2"])]);
    let mut died = 0;
    for action in [Action::FailBefore, Action::FailAfter] {
        for (place, next) in (0..14).flat_map(|place| [(place, 2), (place, 3)]) {
            let worker = refusing().await.map(|table| table.with_chunks_of(4));
            worker.change(&trials, 1, &before).await;
            worker.fail(place, action.clone());
            died += usize::from(worker.apply(&trials, 2, &interrupted).await.is_err());
            worker.heal();
            let statement = if next == 2 { &interrupted } else { &winner };
            let healer = worker.sibling().map(|table| table.with_hasher(CODES));
            let done = healer.apply_whole(&trials, next, statement).await.unwrap();
            let content = shows(&worker, "trials", statement).await;
            assert_eq!(left(&content).contains(&&*second), next == 2, "{action:?} at {place}");
            // Nobody announced anything yet: each is handed out.
            for ((_, group), row) in &content.left {
                let collision = done.unannounced.iter().find(|one| one.group.as_str() == group);
                assert_eq!(collision.map(|one| one.taken.to_string()), Some(row.taken.clone()), "at {place}");
            }
        }
    }
    assert!(died > 30, "{died}");
}

#[tokio::test]
async fn a_resync_may_die_at_any_request() {
    let [first, second, third, _] = names();
    let trials = source("trials");
    let statement = stated(&[(&first, &["r1"]), (&second, &["r1", "r2"]), (&third, &["r2", "r3"])]);
    let winner = stated(&[(&third, &["r4"])]);
    let mut died = 0;
    for action in [Action::FailBefore, Action::FailAfter] {
        for place in 0..14 {
            for heals in ["resync", "its event", "the next revision"] {
                let worker = refusing().await.map(|table| table.with_chunks_of(4));
                worker.change(&trials, 1, &statement).await;
                worker.table.set_on_collision(OnCollision::Displace).await.unwrap();
                worker.fail(place, action.clone());
                died += usize::from(worker.table.resync(&trials, &provenance(2)).await.is_err());
                worker.heal();
                let expected = match heals {
                    "resync" => {
                        worker.table.resync(&trials, &provenance(3)).await.unwrap();
                        &statement
                    }
                    "its event" => {
                        // It is repeated where the resync had not begun, or had ended.
                        worker.apply(&trials, 1, &statement).await.unwrap();
                        worker.table.resync(&trials, &provenance(3)).await.unwrap();
                        &statement
                    }
                    _ => {
                        worker.apply(&trials, 2, &winner).await.unwrap();
                        &winner
                    }
                };
                let content = shows(&worker, "trials", expected).await;
                assert!(content.left.is_empty() && !content.sources[trials.as_str()].resyncing, "{heals} at {place}");
            }
        }
    }
    assert!(died > 30, "{died}");
}

#[tokio::test]
async fn a_left_out_group_is_held_to_the_limits_too() {
    let worker = refusing().await;
    let [first, second, ..] = names();
    worker.change(&source("genomes"), 1, &stated(&[(&first, &["r1"])])).await;
    worker.change(&source("trials"), 1, &stated(&[(&first, &["r1"]), (&second, &["r1"])])).await;
    let mut statement = Statement::default();
    for n in 0..301 {
        statement.grant(key(&second), None, plain(&format!("r{n}")));
    }
    let error = worker.apply(&source("trials"), 2, &statement).await.unwrap_err();
    assert!(matches!(error, ApplyError::Capacity { .. }), "{error}");
}
