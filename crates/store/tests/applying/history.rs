//! The history: what changed, when and by which event, in the transaction of the change.

use signet_core::code::Salt;
use signet_local::connector::Action;

use crate::common::content::Entry;
use crate::common::{Worker, all_to_all, gone, key, limited, plain, source, stated};

#[tokio::test]
async fn a_row_says_what_changed_when_and_why() {
    let worker = Worker::with_table().await;
    let trials = source("trials");
    let mut first = stated(&[("Readers", &["r1"])]);
    first.grant(key("Readers"), Some("People who read".to_owned()), limited("r2", &["app-1"], Some(2_000)));
    worker.change(&trials, 1, &first).await;
    worker.change(&trials, 2, &stated(&[("Stewards", &["r1"])])).await;
    let content = worker.content().await;
    content.check_history().unwrap();
    let rows = &content.history[trials.as_str()];
    assert_eq!(rows.len(), 2);
    assert!(rows[0].version < rows[1].version);
    assert_eq!((rows[0].at, rows[0].event.as_str(), rows[0].revision), (1_001, "event-1", 1));
    assert_eq!((rows[1].at, rows[1].event.as_str(), rows[1].revision), (1_002, "event-2", 2));

    let entries =
        [plain("r1"), limited("r2", &["app-1"], Some(2_000))].map(|grant| Entry::of(grant.role.as_str(), &grant));
    let came = &rows[0].groups[0];
    assert_eq!((came.group.as_str(), came.code.as_str()), ("Readers", content.code_of("Readers")));
    assert_eq!((came.registers, came.retires, came.salt), (true, false, u64::from(Salt::NONE.get())));
    assert_eq!((came.label.as_deref(), &came.displaced), (Some("People who read"), &None));
    assert_eq!((&came.before[..], &came.after[..]), (&[][..], &entries[..]));

    let gone = rows[1].groups.iter().find(|change| change.group == "Readers").unwrap();
    assert_eq!((gone.registers, gone.retires), (false, true));
    assert_eq!((&gone.before[..], &gone.after[..]), (&entries[..], &[][..]));
}

#[tokio::test]
async fn versions_rise_over_chunks_crashes_and_revisions() {
    let worker = Worker::with_table().await.map(|table| table.with_chunks_of(10));
    let trials = source("trials");
    worker.fail(5, Action::FailAfter);
    worker.apply(&trials, 1, &all_to_all(2, 12)).await.unwrap_err();
    worker.heal();
    worker.change(&trials, 1, &all_to_all(2, 12)).await;
    worker.change(&trials, 12, &gone()).await;
    let content = worker.content().await;
    content.check_history().unwrap();
    let rows = &content.history[trials.as_str()];
    assert!(rows.len() >= 6, "{}", rows.len());
    assert!(rows.is_sorted_by_key(|row| row.revision), "versions sort as the revisions");
    let came = rows.iter().filter(|row| row.revision == 1).flat_map(|row| &row.groups);
    assert_eq!(came.count(), 12, "each change is recorded once, whatever was repeated");
}

#[tokio::test]
async fn nothing_that_did_not_change_is_recorded() {
    let worker = Worker::with_table().await;
    let trials = source("trials");
    let statement = stated(&[("Readers", &["r1"])]);
    worker.change(&trials, 1, &statement).await;
    worker.apply(&trials, 1, &statement).await.unwrap();
    worker.apply(&trials, 2, &statement).await.unwrap();
    worker.apply(&trials, 1, &gone()).await.unwrap();
    assert_eq!(worker.content().await.history[trials.as_str()].len(), 1);
}
