//! What a trust policy follows from.

use signet_core::grant::Grant;
use signet_core::trust::grants::codes_at;
use signet_local::connector::Action;
use signet_store::StoreError;
use signet_store::statement::Statement;

use crate::common::apps::{app, file};
use crate::common::content::Content;
use crate::common::{Worker, app_id, gone, key, limited, plain, role, source, stated, text};
use crate::{at, set};

#[tokio::test]
async fn a_role_has_the_grants_of_all_sources() {
    let worker = Worker::with_table().await;
    let mut trials = stated(&[("Readers", &["r1", "r2"])]);
    trials.grant(key("Guests"), None, limited("r1", &["0oaA"], Some(500)));
    let mut genomes = stated(&[("Writers", &["r1"])]);
    genomes.grant(key("Readers"), None, Grant { expires_at: Some(at(300)), ..plain("r1") });
    worker.change(&source("trials"), 1, &trials).await;
    worker.change(&source("genomes"), 1, &genomes).await;
    assert_eq!(worker.table.role_entries(&role("r3")).await.unwrap(), []);

    let entries = worker.table.role_entries(&role("r1")).await.unwrap();
    assert_eq!(entries.len(), 4, "{entries:?}");
    assert!(entries.is_sorted());
    let content = worker.content().await;
    let (a, b) = (app_id("0oaA"), app_id("0oaB"));
    let allowed = |now, app, content: &Content, entries: &[_]| {
        let codes = codes_at(entries, [app], at(now)).remove(app).unwrap_or_default();
        let owner = |code: &str| content.groups.iter().find(|(_, group)| group.code == code).unwrap().0.clone();
        codes.iter().map(|code| owner(code.as_str())).collect::<std::collections::BTreeSet<_>>()
    };
    let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    assert_eq!(allowed(499, &a, &content, &entries), names(&["Guests", "Readers", "Writers"]));
    assert_eq!(allowed(500, &a, &content, &entries), names(&["Readers", "Writers"]));
    assert_eq!(allowed(0, &b, &content, &entries), names(&["Readers", "Writers"]));

    worker.change(&source("trials"), 2, &gone()).await;
    let entries = worker.table.role_entries(&role("r1")).await.unwrap();
    assert_eq!(allowed(299, &b, &content, &entries), names(&["Readers", "Writers"]));
    assert_eq!(allowed(300, &b, &content, &entries), names(&["Writers"]));
}

#[tokio::test]
async fn many_sources_of_one_role_are_read_in_pages() {
    let worker = Worker::with_table().await;
    let groups: Vec<String> = (0..1_000).map(|n| format!("group {n}")).collect();
    let mut statement = Statement::default();
    let apps: Vec<String> = (0..6).map(|n| format!("{n}{}", "x".repeat(100))).collect();
    let apps: Vec<&str> = apps.iter().map(String::as_str).collect();
    for group in &groups[..300] {
        statement.grant(key(group), None, limited("r1", &apps, None));
    }
    for id in ["a", "b", "c", "d", "e", "f", "g"] {
        worker.change(&source(id), 1, &statement).await;
    }
    worker.change(&source("last"), 1, &stated(&[("Readers", &["r1"])])).await;
    let before = worker.connector.calls("Query");
    let entries = worker.table.role_entries(&role("r1")).await.unwrap();
    assert!(worker.connector.calls("Query") - before > 1, "one page holds 1 MB");
    assert_eq!(entries.len(), 301);
    worker.fail(1, Action::FailBefore);
    worker.table.role_entries(&role("r1")).await.unwrap_err();
}

#[tokio::test]
async fn apps_are_known_by_both_halves() {
    let worker = Worker::with_table().await;
    let off = signet_store::statement::StatedApp { active: false, ..app("0oaB", "okta-b") };
    let statement = Statement { apps: vec![app("0oaA", "okta-a"), off.clone()], ..Statement::default() };
    worker.change(&file("platform"), 1, &statement).await;
    worker.put("APP#0oaC", "APP", &[("kind", text("app"))]).await;
    // One that the index does not have, as it lags.
    worker.put("APP#0oaD", "APP", &[]).await;

    let known = worker.table.known_apps(&[].into()).await.unwrap();
    assert_eq!(
        known.keys().cloned().collect::<std::collections::BTreeSet<_>>(),
        set(&["0oaA", "0oaB", "0oaC"].map(app_id))
    );
    let known = worker.table.known_apps(&set(&["0oaA", "0oaD", "0oaE"].map(app_id))).await.unwrap();
    assert_eq!(known.len(), 4, "and what is not there is not known: {known:?}");
    assert_eq!((&known[&app_id("0oaA")].stated, known[&app_id("0oaA")].inactive), (&Some(app("0oaA", "okta-a")), None));
    assert_eq!(known[&app_id("0oaB")].stated, Some(off));
    assert!(known[&app_id("0oaB")].inactive.is_some_and(|why| why.contains("switches the app off")));
    assert!(known[&app_id("0oaC")].inactive.is_some_and(|why| why.contains("no entitlement file")));
    assert!(known.values().all(|app| app.provider.is_none()));

    worker.put("APP#0oaC", "APP", &[("kind", text("app")), ("app", text("x"))]).await;
    assert!(matches!(worker.table.known_apps(&[].into()).await, Err(StoreError::Corrupt(_))));
}
