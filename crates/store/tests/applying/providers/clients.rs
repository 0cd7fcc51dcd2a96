//! Clients of an issuer: each is one active app's.

use signet_core::role::Protocol;
use signet_store::apply::{AppliedProvider, ApplyError};
use signet_store::statement::StatedProvider;

use super::races::stalled;
use super::{NEW, applied, apply, deleted, oidc, refused};
use crate::common::{TABLE, Worker, text};

fn with(id: &str, clients: &[&str]) -> StatedProvider {
    StatedProvider {
        client_ids: clients.iter().map(|client| (*client).to_owned()).collect(),
        audience: None,
        ..oidc(id, &format!("okta-{id}"))
    }
}

/// Checks that each active app has exactly the rows of its clients, by their number.
async fn owners(worker: &Worker) -> Vec<String> {
    let mut owners: Vec<String> = worker.content().await.clients.into_values().collect();
    owners.sort();
    owners
}

#[tokio::test]
async fn a_client_of_another_app_is_refused_until_that_gives_it_up() {
    let worker = Worker::with_table().await;
    applied(&worker, &with("0oaA", &["a", "b"]), 1).await;
    let error = refused(&worker, &with("0oaB", &["b", "c"]), 1).await;
    assert_eq!(
        error.to_string(),
        "client `b` of issuer `example.okta.com` belongs to app `0oaA`, and app `0oaB` cannot have it as well: no \
         trust policy could tell the two apart; give app `0oaB` a client of its own, or first take this one from app \
         `0oaA`"
    );
    // The same id of another issuer is another client.
    let elsewhere = StatedProvider { issuer_url: Some("https://b.example.com".to_owned()), ..with("0oaB", &["b"]) };
    assert_eq!(applied(&worker, &elsewhere, 1).await, NEW);
    assert_eq!(owners(&worker).await, ["0oaA", "0oaA", "0oaB"]);
    applied(&worker, &with("0oaA", &["a", "d"]), 2).await;
    assert_eq!(applied(&worker, &with("0oaB", &["b", "c"]), 2).await, NEW);
    assert_eq!(owners(&worker).await, ["0oaA", "0oaA", "0oaB", "0oaB"]);
    assert!(matches!(refused(&worker, &with("0oaA", &["b"]), 3).await, ApplyError::ClientOfAnotherApp { .. }));
    // Nothing changes about clients: nothing is written about them.
    let renamed = StatedProvider { name: "Other".to_owned(), ..with("0oaB", &["b", "c"]) };
    assert_eq!(applied(&worker, &renamed, 3).await, NEW);
    assert_eq!(owners(&worker).await, ["0oaA", "0oaA", "0oaB", "0oaB"]);
}

#[tokio::test]
async fn a_deleted_app_has_no_client_and_gets_one_back_if_it_is_free() {
    let worker = Worker::with_table().await;
    let there = with("0oaA", &["a"]);
    applied(&worker, &there, 1).await;
    applied(&worker, &deleted(&there), 2).await;
    assert!(owners(&worker).await.is_empty());
    applied(&worker, &there, 3).await;
    applied(&worker, &deleted(&there), 4).await;
    applied(&worker, &with("0oaB", &["a"]), 1).await;
    assert!(
        matches!(refused(&worker, &there, 5).await, ApplyError::ClientOfAnotherApp { owner, .. } if owner == "0oaB")
    );
    applied(&worker, &with("0oaB", &["b"]), 2).await;
    assert_eq!(applied(&worker, &there, 5).await, NEW);
    assert_eq!(owners(&worker).await, ["0oaA", "0oaB"]);
}

#[tokio::test]
async fn an_audience_counts_as_a_client_in_any_case_of_the_issuer_and_a_pool_for_all_issuers() {
    let worker = Worker::with_table().await;
    let audience = |id: &str, audience: &str| StatedProvider { audience: Some(audience.to_owned()), ..with(id, &[id]) };
    applied(&worker, &audience("0oaA", "x"), 1).await;
    let upper = StatedProvider { issuer_url: Some("https://EXAMPLE.okta.com".to_owned()), ..with("0oaB", &["x"]) };
    assert!(matches!(refused(&worker, &upper, 1).await, ApplyError::ClientOfAnotherApp { .. }));
    let pool = |id: &str, issuer: &str| StatedProvider {
        protocol: Protocol::Cognito,
        issuer_url: Some(format!("https://{issuer}")),
        ..audience(id, "eu-central-1:12345678-dead-beef-0000-123456790abc")
    };
    applied(&worker, &pool("0oaC", "one.example.com"), 1).await;
    let error = refused(&worker, &pool("0oaD", "two.example.com"), 1).await.to_string();
    assert!(error.contains("of issuer `cognito-identity.amazonaws.com` belongs to app `0oaC`"), "{error}");
}

#[tokio::test]
async fn of_two_apps_that_claim_one_client_at_once_one_gets_it() {
    for place in [0, 1] {
        let worker = Worker::with_table().await;
        let work = stalled(&worker, &with("0oaA", &["a", "b"]), 1, place).await;
        applied(&worker, &with("0oaB", &["b", "c"]), 1).await;
        let settled = worker.content().await;
        assert!(matches!(work.finish().await, Err(ApplyError::ClientOfAnotherApp { owner, .. }) if owner == "0oaB"));
        assert_eq!(worker.content().await, settled);

        // One asks for a client that the other is about to give up, and has not yet.
        let work = stalled(&worker, &with("0oaB", &["c"]), 2, place).await;
        assert!(matches!(refused(&worker, &with("0oaA", &["b"]), 1).await, ApplyError::ClientOfAnotherApp { .. }));
        assert_eq!(work.finish().await.unwrap(), NEW, "{place}");
        assert_eq!(applied(&worker, &with("0oaA", &["b"]), 1).await, NEW);
        assert_eq!(owners(&worker).await, ["0oaA", "0oaB"]);

        // The app itself is changed by a higher revision in between.
        let work = stalled(&worker, &with("0oaA", &["d"]), 2, place).await;
        applied(&worker, &with("0oaA", &["e", "f"]), 3).await;
        assert_eq!(work.finish().await.unwrap(), AppliedProvider::Superseded { by: 3 });
        assert_eq!(owners(&worker).await, ["0oaA", "0oaA", "0oaB"]);
    }
}

#[tokio::test]
async fn an_app_of_an_older_version_gets_its_rows_by_its_next_event() {
    let worker = Worker::with_table().await;
    applied(&worker, &with("0oaA", &["a", "b"]), 1).await;
    let update = worker.client.update_item().table_name(TABLE).key("pk", text("APP#0oaA")).key("sk", text("APP"));
    update.update_expression("REMOVE provider.owns_clients").send().await.unwrap();
    for id in worker.content().await.clients.into_keys() {
        let delete = worker.client.delete_item().table_name(TABLE);
        delete.key("pk", text(format!("ISSUER#{id}"))).key("sk", text("OWNER")).send().await.unwrap();
    }
    // Another app is faster for one of them.
    applied(&worker, &with("0oaB", &["b"]), 1).await;
    assert!(matches!(refused(&worker, &with("0oaA", &["a", "b"]), 2).await, ApplyError::ClientOfAnotherApp { .. }));
    assert_eq!(applied(&worker, &with("0oaA", &["a"]), 2).await, NEW);
    assert_eq!(owners(&worker).await, ["0oaA", "0oaB"], "what it never had a row for, it does not free");
}

#[tokio::test]
async fn all_clients_of_an_app_are_replaced_in_one_transaction_and_more_are_refused() {
    let worker = Worker::with_table().await;
    let some = |n: usize, letter: &str| -> Vec<String> { (0..n).map(|n| format!("{letter}{n}")).collect() };
    let stated = |names: &[String]| with("0oaA", &names.iter().map(String::as_str).collect::<Vec<_>>());
    applied(&worker, &stated(&some(40, "a")), 1).await;
    let before = worker.connector.calls("TransactWriteItems");
    assert_eq!(applied(&worker, &stated(&some(40, "b")), 2).await, NEW);
    assert_eq!(worker.connector.calls("TransactWriteItems") - before, 1);
    assert_eq!(owners(&worker).await.len(), 40);
    let error = refused(&worker, &stated(&some(58, "c")), 3).await.to_string();
    assert_eq!(
        error,
        "app `0oaA` changes so many client ids that it takes 101 writes at once, and 100 are possible: give it fewer"
    );
    assert!(apply(&worker, &stated(&some(57, "c")), 3).await.is_ok());
}
