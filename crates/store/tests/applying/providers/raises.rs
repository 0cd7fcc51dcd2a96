//! Who is told that trust policies follow from what changed: every account, also after a crash.

use std::collections::BTreeSet;

use signet_core::role::AccountId;
use signet_local::connector::Action;
use signet_store::apply::{AppliedProvider, ApplyError};
use signet_store::statement::StatedProvider;

use super::{NEW, applied, apply, deleted, event, oidc};
use crate::common::{Worker, app_id, source, stated};

/// A table with a role in one account.
async fn with_role() -> (Worker, AccountId) {
    let worker = Worker::with_table().await;
    let statement = stated(&[("Readers", &["r1"])]);
    worker.change(&source("trials"), 1, &statement).await;
    let role = statement.groups.values().flat_map(|group| &group.grants).next().unwrap().role.clone();
    (worker, AccountId::parse(role.account()).unwrap())
}

/// How often the account was raised, and for which apps.
async fn raised(worker: &Worker, account: &AccountId) -> (u64, BTreeSet<String>) {
    let state = worker.table.account(account).await.unwrap();
    let apps = state.row.iter().flat_map(|row| &row.apps).map(ToString::to_string).collect();
    (state.wanted(), apps)
}

#[tokio::test]
async fn what_gates_or_providers_follow_from_raises_every_account() {
    let (worker, account) = with_role().await;
    let saml = event("0oaA", "okta-a", "one");
    let tokens = oidc("0oaB", "okta-b");
    let mut revision = 0;
    let mut wanted = 0;
    for (stated, raises) in [
        (saml.clone(), true),
        (saml.clone(), false),
        (StatedProvider { name: "Other".to_owned(), ..saml.clone() }, false),
        (event("0oaA", "okta-a", "two"), true),
        (StatedProvider { audience: Some("x".to_owned()), ..event("0oaA", "okta-a", "two") }, true),
        (deleted(&saml), true),
        (saml, true),
        (tokens.clone(), true),
        (StatedProvider { name: "Other".to_owned(), ..tokens.clone() }, false),
        (StatedProvider { issuer_url: Some("https://other.example.com".to_owned()), ..tokens.clone() }, true),
        (StatedProvider { client_ids: ["client c".to_owned()].into(), ..tokens.clone() }, true),
        (deleted(&tokens), true),
    ] {
        revision += 1;
        applied(&worker, &stated, revision).await;
        wanted += u64::from(raises);
        assert_eq!(raised(&worker, &account).await.0, wanted, "revision {revision}: {stated:?}");
    }
    assert_eq!(raised(&worker, &account).await.1, ["0oaA".to_owned(), "0oaB".to_owned()].into());
    assert!(worker.table.raise_for_all(crate::common::provenance(1).at).await.unwrap().is_empty(), "no mark is left");
}

#[tokio::test]
async fn a_raise_that_was_interrupted_is_finished_by_whatever_finds_it() {
    let one = event("0oaA", "okta-a", "one");
    let (straight, _) = with_role().await;
    let calls = straight.connector.total_calls();
    applied(&straight, &one, 2).await;
    let calls = straight.connector.total_calls() - calls;
    assert!(calls > 3, "{calls}");
    for action in [Action::FailBefore, Action::FailAfter] {
        for place in 2..calls {
            for by in 0..5 {
                let (worker, account) = with_role().await;
                worker.fail(place, action.clone());
                let error = apply(&worker, &one, 2).await.unwrap_err();
                assert!(matches!(error, ApplyError::Store(_)), "{error}");
                worker.heal();
                let now = crate::common::provenance(9).at;
                match by {
                    0 => assert_eq!(applied(&worker, &one, 2).await, AppliedProvider::Repeated),
                    1 => assert_eq!(applied(&worker, &one, 1).await, AppliedProvider::Superseded { by: 2 }),
                    2 => assert_eq!(applied(&worker, &one, 3).await, AppliedProvider::Unchanged),
                    3 => {
                        let renamed = StatedProvider { name: "Other".to_owned(), ..one.clone() };
                        assert_eq!(applied(&worker, &renamed, 3).await, NEW);
                    }
                    _ => drop(worker.table.raise_for_all(now).await.unwrap()),
                }
                let (wanted, apps) = raised(&worker, &account).await;
                assert!(wanted > 0 && apps == ["0oaA".to_owned()].into(), "{action:?} at {place}, by {by}: {apps:?}");
                assert!(worker.table.raise_for_all(now).await.unwrap().is_empty(), "{action:?} at {place}, by {by}");
            }
        }
    }
}

#[tokio::test]
async fn a_refused_event_raises_nothing() {
    let (worker, account) = with_role().await;
    applied(&worker, &event("0oaA", "okta-a", "one"), 1).await;
    let before = raised(&worker, &account).await;
    apply(&worker, &event("0oaB", "okta-a", "one"), 1).await.unwrap_err();
    apply(&worker, &event("0oaA", "okta-a", "two"), 1).await.unwrap_err();
    assert_eq!(raised(&worker, &account).await, before);
    assert_eq!(worker.table.raise_for(&app_id("0oaC"), crate::common::provenance(1).at).await.map_err(drop), Ok(()));
}
