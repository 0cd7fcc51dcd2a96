//! What is read from SAML metadata: the entity id, which stays, and the certificates, of whose change
//! people hear.

use std::collections::BTreeSet;

use aws_sdk_dynamodb::types::AttributeValue;
use signet_store::apply::{AppliedProvider, ApplyError};
use signet_store::provider::MetadataChange;
use signet_store::statement::StatedProvider;

use super::{NEW, applied, check_sound, deleted, event, refused};
use crate::common::{TABLE, Worker, app_id, text};

fn set(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

fn with(document: &str, certificates: &[&str]) -> StatedProvider {
    StatedProvider { certificates: set(certificates), ..event("0oaA", "okta-a", document) }
}

fn other_entity(document: &str) -> StatedProvider {
    StatedProvider { entity_id: Some("http://www.okta.com/other".to_owned()), ..event("0oaA", "okta-a", document) }
}

fn change(applied: AppliedProvider) -> MetadataChange {
    match applied {
        AppliedProvider::Changed { metadata_changed: Some(change) } => change,
        other => panic!("people are not told: {other:?}"),
    }
}

/// Makes the half one of a version that read no metadata.
async fn forget(worker: &Worker) {
    let update = worker.client.update_item().table_name(TABLE).key("pk", text("APP#0oaA")).key("sk", text("APP"));
    let update = update.update_expression("REMOVE provider.entity_id, provider.certificates, provider.owns_clients");
    update.send().await.unwrap();
}

async fn half(worker: &Worker) -> std::collections::HashMap<String, AttributeValue> {
    let get = worker.client.get_item().table_name(TABLE).key("pk", text("APP#0oaA")).key("sk", text("APP"));
    get.send().await.unwrap().item.unwrap()["provider"].as_m().unwrap().clone()
}

#[tokio::test]
async fn another_entity_id_is_refused_while_the_app_is_there_deleted_and_back() {
    let worker = Worker::with_table().await;
    applied(&worker, &event("0oaA", "okta-a", "one"), 1).await;
    let error = refused(&worker, &other_entity("two"), 2).await;
    let ApplyError::EntityChange { app, from, to } = &error else { panic!("{error}") };
    assert_eq!(
        (app, from.as_str(), to.as_str()),
        (&app_id("0oaA"), "http://www.okta.com/0oaA", "http://www.okta.com/other")
    );
    let said = error.to_string();
    for part in
        ["has entity id `http://www.okta.com/other`, and had `http://www.okta.com/0oaA`", "publish the metadata of"]
    {
        assert!(said.contains(part), "{said}");
    }
    // Not the same document with another id either, were that possible.
    assert!(matches!(refused(&worker, &other_entity("one"), 2).await, ApplyError::EntityChange { .. }));
    applied(&worker, &deleted(&event("0oaA", "okta-a", "one")), 2).await;
    applied(&worker, &deleted(&StatedProvider { name: "Other".to_owned(), ..event("0oaA", "okta-a", "one") }), 3).await;
    assert!(matches!(refused(&worker, &other_entity("one"), 4).await, ApplyError::EntityChange { .. }));
    // A deletion is not refused for what goes with it.
    applied(&worker, &deleted(&other_entity("one")), 4).await;
    assert_eq!(applied(&worker, &event("0oaA", "okta-a", "one"), 5).await, NEW);
    assert!(matches!(refused(&worker, &other_entity("one"), 6).await, ApplyError::EntityChange { .. }));
    // Late is late, whatever it says.
    assert_eq!(applied(&worker, &other_entity("one"), 4).await, AppliedProvider::Superseded { by: 5 });
    check_sound(&worker.content().await).unwrap();
}

#[tokio::test]
async fn two_apps_may_have_one_entity_id() {
    let worker = Worker::with_table().await;
    applied(&worker, &event("0oaA", "okta-a", "one"), 1).await;
    let entity_id = event("0oaA", "okta-a", "one").entity_id;
    let second = StatedProvider { entity_id, ..event("0oaB", "okta-b", "two") };
    assert_eq!(applied(&worker, &second, 1).await, NEW);
}

#[tokio::test]
async fn certificates_that_come_and_go_are_told() {
    let worker = Worker::with_table().await;
    applied(&worker, &with("one", &["a", "b"]), 1).await;
    let two = change(applied(&worker, &with("two", &["b", "c"]), 2).await);
    assert!(two.is_compared());
    assert_eq!((two.added(), two.removed(), &two.now), (["c"].into(), ["a"].into(), &set(&["b", "c"])));
    assert_eq!(change(applied(&worker, &with("two", &["b", "c"]), 2).await), two, "until somebody was told");
    worker.table.provider_announced(&app_id("0oaA"), 2).await.unwrap();
    assert_eq!(applied(&worker, &with("two", &["b", "c"]), 2).await, AppliedProvider::Repeated);
    let half = half(&worker).await;
    assert!(!half.contains_key("certificates_before") && !half.contains_key("certificates_since"), "{half:?}");
    let same = change(applied(&worker, &with("three", &["b", "c"]), 3).await);
    assert!(same.is_compared() && same.added().is_empty() && same.removed().is_empty());
}

#[tokio::test]
async fn what_came_and_went_before_anybody_was_told_is_told_as_well() {
    let worker = Worker::with_table().await;
    applied(&worker, &with("one", &["a"]), 1).await;
    change(applied(&worker, &with("two", &["b"]), 2).await);
    let back = change(applied(&worker, &with("one", &["a"]), 3).await);
    assert_eq!((back.added(), back.removed(), &back.now), (["b"].into(), BTreeSet::new(), &set(&["a"])));
    let renamed = StatedProvider { name: "Other".to_owned(), ..with("one", &["a"]) };
    assert_eq!(change(applied(&worker, &renamed, 4).await), back);
    // A deletion in between hides nothing.
    applied(&worker, &deleted(&renamed), 5).await;
    worker.table.provider_announced(&app_id("0oaA"), 5).await.unwrap();
    let returned = change(applied(&worker, &with("four", &["d"]), 6).await);
    assert_eq!((returned.added(), returned.removed()), (["d"].into(), ["a"].into()));
}

#[tokio::test]
async fn a_half_of_an_older_version_is_compared_with_nothing_and_filled() {
    let worker = Worker::with_table().await;
    applied(&worker, &with("one", &["a"]), 1).await;
    forget(&worker).await;
    let rows = worker.table.whole_history().await.unwrap().len();
    assert_eq!(applied(&worker, &with("one", &["a"]), 1).await, AppliedProvider::Repeated);
    assert_eq!(applied(&worker, &with("one", &["a"]), 2).await, AppliedProvider::Unchanged);
    assert_eq!(worker.table.whole_history().await.unwrap().len(), rows, "nothing changed");
    assert!(half(&worker).await.contains_key("certificates"));
    assert!(matches!(refused(&worker, &other_entity("one"), 3).await, ApplyError::EntityChange { .. }));

    forget(&worker).await;
    let told = change(applied(&worker, &other_entity("two"), 3).await);
    assert!(!told.is_compared() && told.removed().is_empty());
    assert_eq!(told.now, other_entity("two").certificates);
    check_sound(&worker.content().await).unwrap();
}
