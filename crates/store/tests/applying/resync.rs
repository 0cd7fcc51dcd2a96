//! Applying once more what a source states.

use signet_store::apply::{Applied, ApplyError};

use crate::apps::{app, file, with_apps};
use crate::common::scheduler::Paused;
use crate::common::{Worker, key, limited, plain, provenance, source, stated};
use crate::shows;

#[tokio::test]
async fn what_is_unknown_or_unfinished_is_not_applied_once_more() {
    let worker = Worker::with_table().await;
    let trials = source("trials");
    let error = worker.table.resync(&trials, &provenance(1)).await.unwrap_err();
    assert!(matches!(error, ApplyError::UnknownSource { .. }), "{error}");
    worker.change(&trials, 3, &stated(&[("a", &["r1"])])).await;
    worker.fail(3, signet_local::connector::Action::FailBefore);
    worker.apply(&trials, 4, &stated(&[("b", &["r1"])])).await.unwrap_err();
    worker.heal();
    let before = worker.content().await;
    let error = worker.table.resync(&trials, &provenance(1)).await.unwrap_err();
    assert!(matches!(error, ApplyError::Unfinished { revision: 4, .. }), "{error}");
    assert_eq!(worker.content().await, before);
}

#[tokio::test]
async fn rows_of_roles_that_differ_are_mended() {
    let worker = Worker::with_table().await;
    let (trials, genomes) = (source("trials"), source("genomes"));
    let mut statement = stated(&[("a", &["r1", "r2"]), ("b", &["r1"])]);
    statement.grant(key("b"), Some("People".to_owned()), limited("r3", &["app"], Some(2_000)));
    let other = stated(&[("a", &["r1"])]);
    worker.change(&trials, 3, &statement).await;
    worker.change(&genomes, 1, &other).await;
    let whole = shows(&worker, &[(&trials, &statement), (&genomes, &other)]).await;
    assert_eq!(worker.table.resync(&trials, &provenance(8)).await.unwrap().applied, Applied::Unchanged);
    assert_eq!(worker.content().await, whole);

    let role = crate::common::role("r1");
    let (pk, sk) = (format!("ROLE#{role}"), format!("SOURCE#{trials}"));
    worker.put(&pk, &sk, &[("grants", aws_sdk_dynamodb::types::AttributeValue::L(Vec::new()))]).await;
    let done = worker.table.resync(&trials, &provenance(8)).await.unwrap();
    assert!(matches!(&done.applied, Applied::Changed(plan) if plan.groups.is_empty()), "{done:?}");
    let mended = shows(&worker, &[(&trials, &statement), (&genomes, &other)]).await;
    assert_eq!((mended.history, &mended.groups), (whole.history, &whole.groups));
    assert!(mended.wanted[role.as_str()] > whole.wanted[role.as_str()]);
    // The revision is the same to whoever repeats it, and to whoever raises it.
    assert_eq!(worker.apply(&trials, 3, &statement).await.unwrap(), Applied::Repeated);
    let conflict = worker.apply(&trials, 3, &other).await.unwrap_err();
    assert!(matches!(conflict, ApplyError::RevisionConflict { revision: 3, .. }), "{conflict}");
    assert_eq!(worker.apply(&trials, 4, &statement).await.unwrap(), Applied::Unchanged);
}

#[tokio::test]
async fn a_files_apps_are_left_alone() {
    let worker = Worker::with_table().await;
    let platform = file("platform");
    let mut statement = with_apps(&[app("0oaA", "okta-a")]);
    statement.grant(key("a"), None, plain("r1"));
    worker.change(&platform, 1, &statement).await;
    let (pk, sk) = (format!("ROLE#{}", crate::common::role("r1")), format!("SOURCE#{platform}"));
    worker.put(&pk, &sk, &[("grants", aws_sdk_dynamodb::types::AttributeValue::L(Vec::new()))]).await;
    worker.table.resync(&platform, &provenance(2)).await.unwrap();
    shows(&worker, &[(&platform, &statement)]).await;
    assert_eq!(worker.table.export(&platform).await.unwrap(), Some(statement));
}

#[tokio::test]
async fn one_that_stalls_writes_nothing_after_the_next_revision() {
    let (trials, statement, next) = (source("trials"), stated(&[("a", &["r1", "r2"])]), stated(&[("b", &["r2"])]));
    let mut stalled = 0;
    for place in 0..8 {
        let worker = Worker::with_table().await;
        worker.change(&trials, 1, &statement).await;
        for name in ["r1", "r2"] {
            let pk = format!("ROLE#{}", crate::common::role(name));
            let sk = format!("SOURCE#{trials}");
            worker.put(&pk, &sk, &[("grants", aws_sdk_dynamodb::types::AttributeValue::L(Vec::new()))]).await;
        }
        let slow = worker.sibling().map(|table| table.with_chunks_of(4));
        let (table, source) = (slow.table.clone(), trials.clone());
        let mut resync = Paused::new(async move { table.resync(&source, &provenance(2)).await });
        let calls = slow.connector.clone();
        if resync.until(|| calls.total_calls() == place).await.is_some() {
            continue;
        }
        stalled += 1;
        worker.change(&trials, 2, &next).await;
        let settled = shows(&worker, &[(&trials, &next)]).await;
        let ended = resync.finish().await;
        assert!(
            matches!(&ended, Ok(done) if done.applied == Applied::Superseded { by: 2 } || done.applied == Applied::Unchanged),
            "{ended:?}"
        );
        assert_eq!(worker.content().await, settled, "stalled at request {place}");
    }
    assert!(stalled > 4, "{stalled}");
}
