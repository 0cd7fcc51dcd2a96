//! What a file states of apps.

use signet_core::app::{Codes, Mode, TagRules, WhenUnentitled};
use signet_core::grant::SourceId;
use signet_core::role::Protocol;
use signet_store::apply::{Applied, ApplyError};
use signet_store::sign_in::AppState;
use signet_store::statement::{StatedApp, Statement};

use crate::common::{Worker, stated};
use crate::shows;

pub(crate) use crate::common::apps::{app, file};

pub(crate) fn with_apps(apps: &[StatedApp]) -> Statement {
    Statement { apps: apps.to_vec(), ..stated(&[("Readers", &["r1"])]) }
}

async fn state(worker: &Worker, id: &str) -> AppState {
    worker.table.sign_in(id, &[]).await.unwrap().app
}

/// Checks that a statement is refused before anything is written, and gives why.
async fn refused(worker: &Worker, source: &SourceId, revision: u64, statement: &Statement) -> ApplyError {
    let before = worker.content().await;
    let planned = worker.table.plan(source, statement).await.unwrap_err();
    let error = worker.apply(source, revision, statement).await.unwrap_err();
    assert_eq!(planned.to_string(), error.to_string());
    assert_eq!(worker.content().await, before);
    error
}

#[tokio::test]
async fn an_app_is_there_as_it_was_stated() {
    let worker = Worker::with_table().await;
    let platform = file("platform");
    let mut bare = app("0oaB", "okta-b");
    bare.app.name = None;
    bare.app.tags = TagRules::default();
    bare.app.session_duration = None;
    bare.app.mode = Mode::Observe;
    bare.app.when_unentitled = WhenUnentitled::Pass;
    bare.app.codes = Codes::All;
    bare.app.protocol = Protocol::Oidc;
    bare.active = false;
    let statement = with_apps(&[bare.clone(), app("0oaA", "okta-a")]);
    let plan = worker.change(&platform, 1, &statement).await;
    assert_eq!(
        plan.apps.iter().map(|change| (change.app.as_str(), change.added)).collect::<Vec<_>>(),
        [("0oaA", true), ("0oaB", true)]
    );
    assert_eq!(state(&worker, "0oaA").await, AppState::Active(Box::new(app("0oaA", "okta-a").app)));
    assert!(matches!(state(&worker, "0oaB").await, AppState::Inactive(_)));
    let mut listed = worker.table.apps().await.unwrap();
    listed.sort_by(|(_, a), (_, b)| a.app.id.cmp(&b.app.id));
    assert_eq!(listed, [(platform.clone(), app("0oaA", "okta-a")), (platform.clone(), bare)]);
    let content = shows(&worker, &[(&platform, &statement)]).await;
    assert_eq!(content.providers["okta-a"], "0oaA");
}

#[tokio::test]
async fn an_app_changes_its_rules_and_one_left_out_stays() {
    let worker = Worker::with_table().await;
    let platform = file("platform");
    worker.change(&platform, 1, &with_apps(&[app("0oaA", "okta-a"), app("0oaB", "okta-b")])).await;
    let mut other = app("0oaA", "okta-a");
    other.app.audience = "https://example.com/saml".to_owned();
    let plan = worker.change(&platform, 2, &with_apps(&[other.clone()])).await;
    assert_eq!(
        plan.apps.iter().map(|change| (change.app.as_str(), change.added)).collect::<Vec<_>>(),
        [("0oaA", false)]
    );
    assert!(plan.groups.is_empty());
    assert_eq!(state(&worker, "0oaA").await, AppState::Active(Box::new(other.app.clone())));
    assert!(matches!(state(&worker, "0oaB").await, AppState::Active(_)));
    other.active = false;
    worker.change(&platform, 3, &with_apps(&[other.clone()])).await;
    assert!(matches!(state(&worker, "0oaA").await, AppState::Inactive(_)));
    assert_eq!(worker.apply(&platform, 4, &with_apps(&[other])).await.unwrap(), Applied::Unchanged);
    let rows = &worker.content().await.history[platform.as_str()];
    assert_eq!(rows.iter().map(|row| row.apps.join(" ")).collect::<Vec<_>>(), ["0oaA 0oaB", "0oaA", "0oaA"]);
}

#[tokio::test]
async fn another_files_app_and_another_apps_provider_are_refused() {
    let worker = Worker::with_table().await;
    let platform = file("platform");
    worker.change(&platform, 1, &with_apps(&[app("0oaA", "okta-a")])).await;

    let error = refused(&worker, &file("research"), 1, &with_apps(&[app("0oaA", "okta-a")])).await;
    assert!(matches!(error, ApplyError::AppOfAnotherSource { owner, .. } if owner == platform));
    let error = refused(&worker, &file("research"), 1, &with_apps(&[app("0oaB", "okta-a")])).await;
    assert!(matches!(error, ApplyError::ProviderOfAnotherApp { owner, .. } if owner == "0oaA"));
    let error = refused(&worker, &platform, 2, &with_apps(&[app("0oaA", "okta-new")])).await;
    assert!(matches!(error, ApplyError::ProviderChange { what: "provider", .. }));
    let mut oidc = app("0oaA", "okta-a");
    oidc.app.protocol = Protocol::Oidc;
    let error = refused(&worker, &platform, 2, &with_apps(&[oidc])).await;
    assert!(matches!(error, ApplyError::ProviderChange { what: "protocol", .. }));
}

#[tokio::test]
async fn two_apps_of_one_file_cannot_have_one_provider() {
    let worker = Worker::with_table().await;
    let both = with_apps(&[app("0oaA", "okta-a"), app("0oaB", "okta-a")]);
    let error = refused(&worker, &file("platform"), 1, &both).await;
    assert!(matches!(error, ApplyError::ProviderOfAnotherApp { owner, .. } if owner == "0oaA"));
}

#[tokio::test]
async fn two_files_that_claim_an_app_at_once_do_not_both_get_it() {
    let worker = Worker::with_table().await;
    let rival = worker.sibling();
    let (platform, research) = (file("platform"), file("research"));
    let statement = with_apps(&[app("0oaA", "okta-a")]);
    let (first, second) = tokio::join!(worker.apply(&platform, 1, &statement), rival.apply(&research, 1, &statement));
    let refused = [&first, &second]
        .into_iter()
        .filter(|end| matches!(end, Err(ApplyError::AppChanged { .. } | ApplyError::AppOfAnotherSource { .. })));
    assert_eq!(refused.count(), 1, "{first:?} {second:?}");
    let content = worker.content().await;
    content.check_sound(&signet_core::code::Sha256Hasher).unwrap();
    let loser = if first.is_ok() { &research } else { &platform };
    assert_ne!(content.apps["0oaA"], loser.as_str());
    assert!(!content.groups["Readers"].parts.contains_key(loser.as_str()));
}

#[tokio::test]
async fn an_app_whose_halves_contradict_each_other_is_inactive() {
    let worker = Worker::with_table().await;
    worker.change(&file("platform"), 1, &with_apps(&[app("0oaA", "okta-a")])).await;
    // Neither a file nor an event would be let in that brings this about.
    for (provider, protocol, is_active, is_fine) in [
        ("okta-a", "saml", true, true),
        ("okta-a", "saml", false, false),
        ("okta-b", "saml", true, false),
        ("okta-a", "oidc", true, false),
    ] {
        let text = |value: &str| crate::common::text(value);
        let event = std::collections::HashMap::from([
            ("state".to_owned(), text(if is_active { "active" } else { "deleted" })),
            ("provider".to_owned(), text(provider)),
            ("protocol".to_owned(), text(protocol)),
        ]);
        let update = worker.client.update_item().table_name(crate::common::TABLE).key("pk", text("APP#0oaA"));
        let update = update.key("sk", text("APP")).update_expression("SET provider = :event");
        update
            .expression_attribute_values(":event", aws_sdk_dynamodb::types::AttributeValue::M(event))
            .send()
            .await
            .unwrap();
        let state = state(&worker, "0oaA").await;
        assert_eq!(matches!(state, AppState::Active(_)), is_fine, "{state:?}");
        assert_eq!(matches!(state, AppState::Inactive(_)), !is_fine, "{state:?}");
    }
}
