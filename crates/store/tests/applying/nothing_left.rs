//! A dataset that is there and states no grants where it had some.

use signet_local::connector::Action;
use signet_store::apply::{Applied, ApplyError};
use signet_store::schema::OnCollision;
use signet_store::statement::Statement;

use crate::apps::file;
use crate::common::{FewCodes, Worker, gone, key, source, stated};
use crate::shows;

#[tokio::test]
async fn it_is_refused_and_nothing_written() {
    let worker = Worker::with_table().await;
    let (trials, some) = (source("trials"), stated(&[("a", &["r1", "r2"]), ("b", &["r1"])]));
    // One that never had any is fine.
    assert_eq!(worker.apply(&trials, 1, &Statement::default()).await.unwrap(), Applied::Unchanged);
    worker.change(&trials, 2, &some).await;
    let before = shows(&worker, &[(&trials, &some)]).await;
    let mut labels_only = Statement::default();
    labels_only.groups.entry(key("a")).or_default().label = Some("People".to_owned());
    for nothing in [Statement::default(), labels_only] {
        let error = worker.apply(&trials, 3, &nothing).await.unwrap_err();
        assert!(matches!(error, ApplyError::NothingLeft { grants: 3, .. }), "{error}");
        let error = worker.table.plan(&trials, &nothing).await.unwrap_err();
        assert!(matches!(error, ApplyError::NothingLeft { grants: 3, .. }), "{error}");
    }
    assert_eq!(worker.content().await, before);
    // What is late is acknowledged whatever it says, and what was taken once is repeated.
    assert_eq!(worker.apply(&trials, 1, &Statement::default()).await.unwrap(), Applied::Superseded { by: 2 });
    worker.change(&trials, 3, &gone()).await;
    let conflict = worker.apply(&trials, 3, &Statement::default()).await.unwrap_err();
    assert!(matches!(conflict, ApplyError::RevisionConflict { .. }), "{conflict}");
    assert_eq!(worker.apply(&trials, 4, &Statement::default()).await.unwrap(), Applied::Unchanged);
    assert_eq!(worker.apply(&trials, 4, &Statement::default()).await.unwrap(), Applied::Repeated);
}

#[tokio::test]
async fn a_file_may_withdraw_all_it_states() {
    let worker = Worker::with_table().await;
    worker.change(&file("platform"), 1, &stated(&[("a", &["r1"])])).await;
    worker.change(&file("platform"), 2, &Statement::default()).await;
}

#[tokio::test]
async fn grants_of_an_interrupted_revision_count_and_so_do_those_that_wait() {
    let (trials, some) = (source("trials"), stated(&[("a", &["r1"]), ("b", &["r1"])]));
    // Before the claim nothing is there; after it, something may be.
    for (place, is_refused) in [(1, false), (2, true), (3, true)] {
        let worker = Worker::with_table().await.map(|table| table.with_chunks_of(4));
        worker.fail(place, Action::FailAfter);
        worker.apply(&trials, 1, &some).await.unwrap_err();
        worker.heal();
        let result = worker.apply(&trials, 2, &Statement::default()).await;
        assert_eq!(matches!(result, Err(ApplyError::NothingLeft { .. })), is_refused, "{place}: {result:?}");
    }
    let worker = Worker::with_table().await.map(|table| table.with_hasher(FewCodes(1)));
    worker.table.set_on_collision(OnCollision::Refuse).await.unwrap();
    worker.change(&source("genomes"), 1, &stated(&[("z", &["r1"])])).await;
    worker.change(&trials, 1, &some).await;
    let error = worker.apply(&trials, 2, &Statement::default()).await.unwrap_err();
    assert!(matches!(error, ApplyError::NothingLeft { grants: 2, .. }), "{error}");
}
