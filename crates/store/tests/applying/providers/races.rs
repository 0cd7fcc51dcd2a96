//! Provider events and files that claim the same at once.

use signet_store::apply::{AppliedProvider, ApplyError};
use signet_store::statement::StatedProvider;

use super::{NEW, applied, apply, check_sound, deleted, event, only_app};
use crate::apps::file;
use crate::common::Worker;
use crate::common::scheduler::Paused;

/// Starts an event in a worker that can be stopped, and takes it to a request.
pub(crate) async fn stalled(
    worker: &Worker,
    stated: &StatedProvider,
    revision: u64,
    place: usize,
) -> Paused<Result<AppliedProvider, ApplyError>> {
    let (worker, stated) = (worker.sibling(), stated.clone());
    let calls = worker.connector.clone();
    let mut work = Paused::new(async move { apply(&worker, &stated, revision).await });
    assert!(work.until(|| calls.total_calls() >= place).await.is_none());
    work
}

#[tokio::test]
async fn of_two_events_at_once_the_higher_one_stays() {
    let (one, two) = (event("0oaA", "okta-a", "one"), event("0oaA", "okta-a", "two"));
    for is_known in [false, true] {
        for place in [0, 1] {
            for (slow, fast) in [((&two, 3), (&one, 2)), ((&one, 2), (&two, 3)), ((&one, 2), (&deleted(&one), 3))] {
                let worker = Worker::with_table().await;
                if is_known {
                    applied(&worker, &event("0oaA", "okta-a", "none"), 1).await;
                }
                let work = stalled(&worker, slow.0, slow.1, place).await;
                applied(&worker, fast.0, fast.1).await;
                let ended = work.finish().await.unwrap();
                let content = worker.content().await;
                check_sound(&content).unwrap();
                assert_eq!(content.halves["0oaA"].revision, Some(3), "{slow:?} {fast:?}");
                let expected = [slow, fast].into_iter().find(|(_, revision)| *revision == 3).unwrap().0;
                let document = content.metadata.get("okta-a").map(|(.., document)| document.clone());
                assert_eq!(document, expected.saml_metadata, "{slow:?} {fast:?}");
                assert_eq!(ended == AppliedProvider::Superseded { by: 3 }, fast.1 == 3, "{ended:?}");
            }
        }
    }
}

#[tokio::test]
async fn of_two_contents_of_one_revision_at_once_one_is_refused() {
    let (one, two) = (event("0oaA", "okta-a", "one"), event("0oaA", "okta-a", "two"));
    for place in [0, 1] {
        let worker = Worker::with_table().await;
        let work = stalled(&worker, &one, 1, place).await;
        assert_eq!(applied(&worker, &two, 1).await, NEW);
        let settled = worker.content().await;
        assert!(matches!(work.finish().await, Err(ApplyError::ProviderRevisionConflict { .. })));
        assert_eq!(worker.content().await, settled);
        let work = stalled(&worker, &two, 1, 0).await;
        assert_eq!(work.finish().await.unwrap(), AppliedProvider::Repeated);
    }
}

#[tokio::test]
async fn of_two_apps_that_claim_one_name_at_once_one_gets_it() {
    for place in [0, 1] {
        // Event against event.
        let worker = Worker::with_table().await;
        let work = stalled(&worker, &event("0oaA", "okta-a", "one"), 1, place).await;
        applied(&worker, &event("0oaB", "okta-a", "two"), 1).await;
        let settled = worker.content().await;
        assert!(matches!(work.finish().await, Err(ApplyError::ProviderOfAnotherApp { owner, .. }) if owner == "0oaB"));
        assert_eq!(worker.content().await, settled);

        // A file is faster than an event, for another app and for the same one.
        for (id, provider) in [("0oaB", "okta-a"), ("0oaA", "okta-b")] {
            let worker = Worker::with_table().await;
            let work = stalled(&worker, &event("0oaA", "okta-a", "one"), 1, place).await;
            worker.change(&file("platform"), 1, &only_app(id, provider)).await;
            let settled = worker.content().await;
            let error = work.finish().await.unwrap_err();
            assert!(
                matches!(error, ApplyError::ProviderOfAnotherApp { .. } | ApplyError::ProviderChange { .. }),
                "{error}"
            );
            assert_eq!(worker.content().await, settled);
        }
    }
}

#[tokio::test]
async fn an_event_is_faster_than_a_file() {
    let mut refused_late = 0;
    for (id, provider) in [("0oaB", "okta-a"), ("0oaA", "okta-b")] {
        for place in 0..5 {
            let worker = Worker::with_table().await;
            let slow = worker.sibling();
            let calls = slow.connector.clone();
            let statement = only_app(id, provider);
            let mut work = Paused::new(async move { slow.apply(&file("platform"), 1, &statement).await });
            if work.until(|| calls.total_calls() >= place).await.is_some() {
                continue;
            }
            if apply(&worker, &event("0oaA", "okta-a", "one"), 1).await.is_err() {
                work.finish().await.unwrap();
                continue;
            }
            let error = work.finish().await.unwrap_err();
            refused_late += usize::from(matches!(error, ApplyError::AppChanged { .. }));
            assert!(
                matches!(
                    error,
                    ApplyError::AppChanged { .. }
                        | ApplyError::ProviderOfAnotherApp { .. }
                        | ApplyError::ProviderChange { .. }
                ),
                "{error}"
            );
            let content = worker.content().await;
            check_sound(&content).unwrap();
            assert!(content.apps.is_empty(), "{content:?}");
            assert_eq!(content.providers.len(), 1, "{:?}", content.providers);
        }
    }
    assert!(refused_late >= 2, "a file has to be refused by its transaction: {refused_late}");
}
