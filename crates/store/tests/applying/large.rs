//! The largest events: thousands of groups on one role.

use signet_local::connector::Action;
use signet_store::apply::Applied;

use crate::common::{Worker, all_to_all, gone, source};
use crate::shows_by;

/// A deployment of so many groups has wide codes; here each code is its group's own.
const GROUPS: usize = 5_000;

struct OwnCodes;

impl signet_core::code::CodeHasher for OwnCodes {
    fn digest(&self, input: &[u8]) -> [u8; 32] {
        let number: u32 =
            std::str::from_utf8(input).ok().and_then(|text| text.strip_prefix("group ")?.parse().ok()).unwrap_or(0);
        let mut digest = [0; 32];
        digest[..4].copy_from_slice(&(number << 12).to_be_bytes());
        digest
    }
}

async fn table() -> Worker {
    Worker::with_table().await.map(|table| table.with_hasher(OwnCodes))
}

#[tokio::test]
async fn five_thousand_groups_on_one_role() {
    let worker = table().await;
    let (trials, large) = (source("trials"), all_to_all(1, GROUPS));
    let before = worker.connector.total_calls();
    worker.change(&trials, 1, &large).await;
    let calls = worker.connector.total_calls() - before;
    assert!(calls <= 160, "{calls} calls");
    let before = worker.connector.total_calls();
    assert_eq!(worker.apply(&trials, 2, &large).await.unwrap(), Applied::Unchanged);
    assert!(worker.connector.total_calls() - before <= 3, "one more for a second page");
    shows_by(&worker, &OwnCodes, &[(&trials, &large)]).await;
}

#[tokio::test]
async fn an_interrupted_one_is_healed_by_its_event_and_by_the_next_revision() {
    let (trials, large) = (source("trials"), all_to_all(1, GROUPS));
    for next in [1, 2] {
        let worker = table().await;
        worker.fail(100, Action::FailAfter);
        worker.apply(&trials, 1, &large).await.unwrap_err();
        worker.heal();
        assert!(worker.content().await.groups.len() > 1_000);
        let statement = if next == 1 { large.clone() } else { gone() };
        worker.sibling().map(|table| table.with_hasher(OwnCodes)).change(&trials, next, &statement).await;
        shows_by(&worker, &OwnCodes, &[(&trials, &statement)]).await;
    }
}
