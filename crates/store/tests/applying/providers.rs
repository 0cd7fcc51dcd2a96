//! What provider events say of apps: which one wins, what they may not say, and what is left of them
//! after crashes and races.

mod clients;
mod metadata;
mod names;
mod races;
mod raises;
mod schedules;

use signet_core::role::{Protocol, ProviderName};
use signet_local::connector::Action;
use signet_store::StoreError;
use signet_store::apply::{AppliedProvider, ApplyError};
use signet_store::sign_in::AppState;
use signet_store::statement::{StatedProvider, Statement};

use crate::apps::{app, file};
use crate::common::content::Content;
use crate::common::{TABLE, Worker, app_id, conflict, number, provenance, text};

const NEW: AppliedProvider = AppliedProvider::Changed { metadata_changed: None };

/// Whether people are to be told of other metadata.
fn is_told(applied: &AppliedProvider) -> bool {
    matches!(applied, AppliedProvider::Changed { metadata_changed: Some(_) })
}

pub(crate) fn event(id: &str, provider: &str, metadata: &str) -> StatedProvider {
    StatedProvider {
        app: app_id(id),
        active: true,
        name: "Databricks".to_owned(),
        protocol: Protocol::Saml,
        provider: name(provider),
        saml_metadata: Some(metadata.to_owned()),
        entity_id: Some(format!("http://www.okta.com/{id}")),
        certificates: [format!("certificate {metadata:.8}")].into(),
        issuer_url: None,
        client_ids: [].into(),
        audience: None,
    }
}

pub(crate) fn oidc(id: &str, provider: &str) -> StatedProvider {
    StatedProvider {
        protocol: Protocol::Oidc,
        saml_metadata: None,
        entity_id: None,
        certificates: [].into(),
        issuer_url: Some("https://example.okta.com".to_owned()),
        client_ids: ["client b".to_owned(), "client a".to_owned()].into(),
        audience: Some("https://example.com".to_owned()),
        ..event(id, provider, "")
    }
}

pub(crate) fn deleted(stated: &StatedProvider) -> StatedProvider {
    StatedProvider { active: false, saml_metadata: None, ..stated.clone() }
}

fn name(provider: &str) -> ProviderName {
    ProviderName::parse(provider).unwrap()
}

fn only_app(id: &str, provider: &str) -> Statement {
    Statement { apps: vec![app(id, provider)], ..Statement::default() }
}

pub(crate) async fn apply(
    worker: &Worker,
    stated: &StatedProvider,
    revision: u64,
) -> Result<AppliedProvider, ApplyError> {
    worker.table.apply_provider(stated, revision, &provenance(revision)).await
}

async fn applied(worker: &Worker, stated: &StatedProvider, revision: u64) -> AppliedProvider {
    apply(worker, stated, revision).await.unwrap()
}

async fn state(worker: &Worker, id: &str) -> AppState {
    worker.table.sign_in(id, &[]).await.unwrap().app
}

/// Checks that an event is refused and nothing written, and gives why.
async fn refused(worker: &Worker, stated: &StatedProvider, revision: u64) -> ApplyError {
    let before = worker.content().await;
    let error = apply(worker, stated, revision).await.unwrap_err();
    assert_eq!(worker.content().await, before);
    error
}

/// Checks what holds after every transaction: half, name, document and history agree.
pub(crate) fn check_sound(content: &Content) -> Result<(), String> {
    for (id, half) in &content.halves {
        if content.providers.get(&half.provider) != Some(id) {
            return Err(format!("`{}` is not the provider of `{id}` alone", half.provider));
        }
        let document = content.metadata.get(&half.provider);
        if document.is_some() != (half.state == "active" && half.protocol == "saml")
            || half.metadata.is_some() != document.is_some()
        {
            return Err(format!("the document of `{id}` does not go with its half: {half:?}"));
        }
        if document.is_some_and(|(app, revision, _)| app != id || Some(*revision) > half.revision) {
            return Err(format!("the document of `{id}` is another's: {document:?}"));
        }
        let mut was = None;
        for (revision, before, after) in content.provider_history.get(id).map(Vec::as_slice).unwrap_or_default() {
            if *before != was || was.as_ref() == Some(after) || Some(*revision) > half.revision {
                return Err(format!("the history of `{id}` has a gap at revision {revision}"));
            }
            was = Some(after.clone());
        }
        let is = crate::common::content::ProviderHalf { revision: None, unannounced: false, ..half.clone() };
        if was.as_ref() != Some(&is) {
            return Err(format!("the history of `{id}` ends with {was:?}, and it is {is:?}"));
        }
    }
    match content.metadata.keys().find(|provider| !content.halves.values().any(|half| half.provider == **provider)) {
        Some(provider) => Err(format!("nobody states the document of `{provider}`")),
        None => Ok(()),
    }
}

#[tokio::test]
async fn the_highest_revision_is_what_counts() {
    let worker = Worker::with_table().await;
    let (first, second) =
        (event("0oaA", "okta-a", "one"), StatedProvider { name: "Other".to_owned(), ..event("0oaA", "okta-a", "one") });
    assert_eq!(applied(&worker, &first, 3).await, NEW);
    assert_eq!(worker.connector.calls("TransactWriteItems"), 1);
    let before = worker.content().await;
    assert_eq!(before.halves["0oaA"].revision, Some(3));

    assert_eq!(applied(&worker, &first, 3).await, AppliedProvider::Repeated);
    assert_eq!(applied(&worker, &second, 2).await, AppliedProvider::Superseded { by: 3 });
    assert_eq!(worker.content().await, before);
    let error = refused(&worker, &second, 3).await;
    assert!(matches!(&error, ApplyError::ProviderRevisionConflict { app, revision: 3 } if *app == app_id("0oaA")));
    assert_eq!(
        error.to_string(),
        "revision 3 of the provider of app `0oaA` is there with another content: raise the revision with every change"
    );

    assert_eq!(applied(&worker, &first, 4).await, AppliedProvider::Unchanged);
    let noted = worker.content().await;
    assert_eq!((noted.halves["0oaA"].revision, &noted.provider_history), (Some(4), &before.provider_history));
    assert_eq!(applied(&worker, &first, 3).await, AppliedProvider::Superseded { by: 4 });
    assert_eq!(applied(&worker, &first, 4).await, AppliedProvider::Repeated);
    assert_eq!(applied(&worker, &second, 7).await, NEW);
    let content = worker.content().await;
    assert_eq!(content.halves["0oaA"].name, "Other");
    check_sound(&content).unwrap();
}

#[tokio::test]
async fn every_word_of_an_event_counts_as_its_content() {
    let worker = Worker::with_table().await;
    let first = oidc("0oaA", "okta-a");
    applied(&worker, &first, 1).await;
    let others = [
        deleted(&first),
        StatedProvider { name: "Other".to_owned(), ..first.clone() },
        StatedProvider { issuer_url: None, ..first.clone() },
        StatedProvider { client_ids: ["client a".to_owned()].into(), ..first.clone() },
        StatedProvider { audience: None, ..first.clone() },
        StatedProvider { saml_metadata: Some("one".to_owned()), ..first.clone() },
    ];
    let mut revision = 1;
    for other in &others {
        let error = refused(&worker, other, revision).await;
        assert!(matches!(error, ApplyError::ProviderRevisionConflict { .. }), "{other:?}");
        assert!(matches!(applied(&worker, other, revision + 1).await, AppliedProvider::Changed { .. }), "{other:?}");
        assert!(matches!(applied(&worker, &first, revision + 2).await, AppliedProvider::Changed { .. }), "{other:?}");
        revision += 2;
    }
    let rows = worker.table.whole_history().await.unwrap();
    let after = &rows.last().unwrap().provider.as_ref().unwrap().after;
    assert_eq!(after.client_ids, first.client_ids);
    assert_eq!(
        (&after.issuer_url, &after.audience, after.protocol),
        (&first.issuer_url, &first.audience, Protocol::Oidc)
    );
}

#[tokio::test]
async fn the_document_is_beside_the_app_and_not_in_what_a_sign_in_reads() {
    let worker = Worker::with_table().await;
    let large = "x".repeat(250_000);
    assert_eq!(applied(&worker, &event("0oaA", "okta-a", &large), 1).await, NEW);
    let key = worker.client.get_item().table_name(TABLE).key("pk", text("APP#0oaA")).key("sk", text("APP"));
    let item = key.send().await.unwrap().item.unwrap();
    assert!(format!("{item:?}").len() < 2_000, "{item:?}");
    let metadata = worker.table.saml_metadata(&name("okta-a")).await.unwrap().unwrap();
    assert_eq!((metadata.app, metadata.revision, metadata.document.len()), (app_id("0oaA"), 1, 250_000));
    assert_eq!(Some(metadata.digest), worker.content().await.halves["0oaA"].metadata);
    assert_eq!(worker.table.saml_metadata(&name("okta-b")).await.unwrap(), None);

    let renamed = StatedProvider { name: "Other".to_owned(), ..event("0oaA", "okta-a", &large) };
    assert_eq!(applied(&worker, &renamed, 2).await, NEW);
    assert_eq!(worker.table.saml_metadata(&name("okta-a")).await.unwrap().unwrap().revision, 1);
    assert!(is_told(&applied(&worker, &event("0oaA", "okta-a", "two"), 3).await));
    let metadata = worker.table.saml_metadata(&name("okta-a")).await.unwrap().unwrap();
    assert_eq!((metadata.revision, metadata.document.as_str()), (3, "two"));
    check_sound(&worker.content().await).unwrap();
}

#[tokio::test]
async fn another_document_is_told_until_somebody_was_told() {
    let worker = Worker::with_table().await;
    let (first, second) = (event("0oaA", "okta-a", "one"), event("0oaA", "okta-a", "two"));
    applied(&worker, &first, 1).await;
    assert!(is_told(&applied(&worker, &second, 2).await));
    // Whoever was to tell it died.
    assert!(is_told(&applied(&worker, &second, 2).await));
    assert!(is_told(&applied(&worker, &second, 3).await));
    let content = worker.content().await;
    worker.table.provider_announced(&app_id("0oaA"), 2).await.unwrap();
    worker.table.provider_announced(&app_id("0oaB"), 2).await.unwrap();
    assert_eq!(worker.content().await, content);
    for _ in 0..2 {
        worker.table.provider_announced(&app_id("0oaA"), 3).await.unwrap();
        assert_eq!(applied(&worker, &second, 3).await, AppliedProvider::Repeated);
        assert_eq!(applied(&worker, &second, 2).await, AppliedProvider::Superseded { by: 3 });
    }
    assert_eq!(applied(&worker, &StatedProvider { name: "Other".to_owned(), ..second }, 4).await, NEW);
    check_sound(&worker.content().await).unwrap();
}

#[tokio::test]
async fn a_deleted_app_is_inactive_and_keeps_its_name_for_ever() {
    let worker = Worker::with_table().await;
    let there = event("0oaA", "okta-a", "one");
    worker.change(&file("platform"), 1, &only_app("0oaA", "okta-a")).await;
    applied(&worker, &there, 1).await;
    assert!(matches!(state(&worker, "0oaA").await, AppState::Active(_)));
    assert_eq!(applied(&worker, &deleted(&there), 3).await, NEW);
    assert_eq!(state(&worker, "0oaA").await, AppState::Inactive("the app's provider was deleted"));
    assert_eq!(worker.table.saml_metadata(&name("okta-a")).await.unwrap(), None);
    assert_eq!(applied(&worker, &there, 2).await, AppliedProvider::Superseded { by: 3 });
    let content = worker.content().await;
    check_sound(&content).unwrap();
    assert_eq!((content.providers["okta-a"].as_str(), content.halves["0oaA"].provider.as_str()), ("0oaA", "okta-a"));

    let error = refused(&worker, &event("0oaB", "okta-a", "one"), 1).await;
    assert!(matches!(error, ApplyError::ProviderOfAnotherApp { owner, .. } if owner == "0oaA"));
    let error = refused(&worker, &event("0oaA", "okta-new", "one"), 4).await;
    assert!(matches!(error, ApplyError::ProviderChange { what: "provider", .. }));
    // A file's change of the rules leaves the event's half alone.
    let mut other = app("0oaA", "okta-a");
    other.app.name = None;
    worker.change(&file("platform"), 2, &Statement { apps: vec![other], ..Statement::default() }).await;
    assert!(matches!(state(&worker, "0oaA").await, AppState::Inactive(_)));

    assert_eq!(applied(&worker, &there, 4).await, NEW);
    assert!(matches!(state(&worker, "0oaA").await, AppState::Active(_)));
    assert_eq!(worker.table.saml_metadata(&name("okta-a")).await.unwrap().unwrap().revision, 4);
    // Coming back under another certificate is a change of it.
    applied(&worker, &deleted(&there), 5).await;
    assert!(is_told(&applied(&worker, &event("0oaA", "okta-a", "two"), 6).await));
    check_sound(&worker.content().await).unwrap();
}

#[tokio::test]
async fn a_deletion_that_comes_first_is_the_same_as_one_that_comes_last() {
    let there = event("0oaA", "okta-a", "one");
    let (ordered, reversed) = (Worker::with_table().await, Worker::with_table().await);
    applied(&ordered, &there, 1).await;
    applied(&ordered, &deleted(&there), 2).await;
    applied(&reversed, &deleted(&there), 2).await;
    assert_eq!(applied(&reversed, &there, 1).await, AppliedProvider::Superseded { by: 2 });
    let (ordered, reversed) = (ordered.content().await, reversed.content().await);
    check_sound(&reversed).unwrap();
    assert_eq!(
        (ordered.halves, ordered.providers, ordered.metadata),
        (reversed.halves, reversed.providers, reversed.metadata)
    );
}

#[tokio::test]
async fn what_a_file_or_an_earlier_event_said_is_not_changed() {
    let worker = Worker::with_table().await;
    worker.change(&file("platform"), 1, &only_app("0oaA", "okta-a")).await;
    applied(&worker, &event("0oaB", "okta-b", "one"), 1).await;
    for (id, provider) in [("0oaA", "okta-a"), ("0oaB", "okta-b")] {
        let error = refused(&worker, &event(id, "okta-new", "one"), 2).await;
        assert!(
            matches!(&error, ApplyError::ProviderChange { what: "provider", from, to, .. } if from == provider && to == "okta-new"),
            "{error}"
        );
        let error = refused(&worker, &oidc(id, provider), 2).await;
        assert!(matches!(error, ApplyError::ProviderChange { what: "protocol", .. }), "{error}");
        let error = refused(&worker, &event("0oaC", provider, "one"), 1).await;
        assert!(matches!(error, ApplyError::ProviderOfAnotherApp { owner, .. } if owner == id));
    }
    assert_eq!(applied(&worker, &event("0oaA", "okta-a", "one"), 1).await, NEW);
    check_sound(&worker.content().await).unwrap();
}

#[tokio::test]
async fn a_file_cannot_name_another_provider_than_the_event() {
    let worker = Worker::with_table().await;
    let platform = file("platform");
    applied(&worker, &event("0oaA", "okta-a", "one"), 1).await;
    for revision in [1, 2] {
        let before = worker.content().await;
        let mut other_protocol = only_app("0oaA", "okta-a");
        other_protocol.apps[0].app.protocol = Protocol::Oidc;
        for (statement, expected) in [(only_app("0oaA", "okta-new"), "provider"), (other_protocol, "protocol")] {
            let error = worker.apply(&platform, revision, &statement).await.unwrap_err();
            assert!(matches!(error, ApplyError::ProviderChange { what, .. } if what == expected), "{error}");
            assert_eq!(worker.table.plan(&platform, &statement).await.unwrap_err().to_string(), error.to_string());
        }
        let error = worker.apply(&platform, revision, &only_app("0oaB", "okta-a")).await.unwrap_err();
        assert!(matches!(error, ApplyError::ProviderOfAnotherApp { owner, .. } if owner == "0oaA"));
        assert_eq!(worker.content().await, before);
        applied(&worker, &deleted(&event("0oaA", "okta-a", "one")), 5).await;
    }
    worker.change(&platform, 1, &only_app("0oaA", "okta-a")).await;
    check_sound(&worker.content().await).unwrap();
}

#[tokio::test]
async fn an_app_that_no_file_states_is_not_signed_in_to_and_not_listed() {
    let worker = Worker::with_table().await;
    applied(&worker, &event("0oaA", "okta-a", "one"), 1).await;
    assert_eq!(state(&worker, "0oaA").await, AppState::Inactive("no entitlement file states the app's rules"));
    assert_eq!(worker.table.apps().await.unwrap(), []);
    worker.change(&file("platform"), 1, &only_app("0oaB", "okta-b")).await;
    assert_eq!(worker.table.apps().await.unwrap(), [(file("platform"), app("0oaB", "okta-b"))]);
    let exported = worker.table.export(&file("platform")).await.unwrap().unwrap();
    assert_eq!(exported, only_app("0oaB", "okta-b"));
    worker.change(&file("platform"), 2, &only_app("0oaA", "okta-a")).await;
    assert_eq!(state(&worker, "0oaA").await, AppState::Active(Box::new(app("0oaA", "okta-a").app)));
}

#[tokio::test]
async fn a_sign_in_reads_once_and_no_more_of_the_half_than_it_needs() {
    let worker = Worker::with_table().await;
    worker.change(&file("platform"), 1, &only_app("0oaA", "okta-a")).await;
    applied(&worker, &event("0oaA", "okta-a", "one"), 1).await;
    let calls = worker.connector.total_calls();
    assert!(matches!(state(&worker, "0oaA").await, AppState::Active(_)));
    assert_eq!((worker.connector.total_calls() - calls, worker.connector.calls("GetItem")), (1, 0));

    let set = async |name: &str, value| {
        let update = worker.client.update_item().table_name(TABLE).key("pk", text("APP#0oaA")).key("sk", text("APP"));
        let update = update.update_expression("SET provider.#name = :value").expression_attribute_names("#name", name);
        update.expression_attribute_values(":value", value).send().await.unwrap();
    };
    let second = deleted(&event("0oaA", "okta-a", "one"));
    for name in [
        "revision",
        "digest",
        "last_metadata",
        "unannounced",
        "name",
        "issuer_url",
        "client_ids",
        "audience",
        "metadata",
        "entity_id",
        "certificates",
        "last_entity_id",
        "last_certificates",
        "certificates_before",
        "certificates_since",
        "owns_clients",
    ] {
        let good = if name == "revision" { number(1) } else { text("x") };
        set(name, aws_sdk_dynamodb::types::AttributeValue::Null(true)).await;
        // Of what an event says beside the provider, a sign-in takes the issuer and the audience.
        let sign_in = worker.table.sign_in("0oaA", &[]).await;
        if matches!(name, "issuer_url" | "audience") {
            assert!(matches!(sign_in, Err(StoreError::Corrupt(_))), "{name}: {sign_in:?}");
        } else {
            assert!(matches!(sign_in.unwrap().app, AppState::Active(_)), "{name}");
        }
        let error = apply(&worker, &second, 2).await.unwrap_err();
        let ApplyError::Store(StoreError::Corrupt(corrupt)) = error else { panic!("`{name}`: {error}") };
        assert!(corrupt.item == "APP#0oaA / APP" && corrupt.what.contains(&format!("`{name}`")), "{corrupt}");
        let good = match name {
            "unannounced" | "owns_clients" => aws_sdk_dynamodb::types::AttributeValue::Bool(false),
            name if name == "client_ids" || name.contains("certificates") => {
                aws_sdk_dynamodb::types::AttributeValue::L(Vec::new())
            }
            "issuer_url" => text("https://example.okta.com"),
            _ => good,
        };
        set(name, good).await;
    }
    for (name, value) in
        [("state", text("gone")), ("state", number(1)), ("provider", text("a b")), ("protocol", text("ldap"))]
    {
        set(name, value).await;
        let error = worker.table.sign_in("0oaA", &[]).await.unwrap_err();
        assert!(matches!(error, StoreError::Corrupt(_)), "{error}");
    }
}

#[tokio::test]
async fn what_something_else_wrote_is_named() {
    let worker = Worker::with_table().await;
    let document = [("app", text("0oaA")), ("revision", number(1)), ("digest", text("00")), ("document", text("one"))];
    worker.put("PROVIDER#okta-a", "METADATA", &document).await;
    let error = worker.table.saml_metadata(&name("okta-a")).await.unwrap_err().to_string();
    assert!(error.contains("`PROVIDER#okta-a / METADATA`") && error.contains("digest"), "{error}");
    worker.put("PROVIDER#okta-a", "OWNER", &[("app", number(1))]).await;
    let error = apply(&worker, &event("0oaA", "okta-a", "one"), 1).await.unwrap_err().to_string();
    assert!(error.contains("`PROVIDER#okta-a / OWNER`"), "{error}");
    let row = [("kind", text("provider")), ("at", number(1)), ("event", text("e"))];
    worker.put("HISTORY#APP#0oaA", "1", &row).await;
    let error = worker.table.whole_history().await.unwrap_err().to_string();
    assert!(error.contains("`HISTORY#APP#0oaA / 1`") && error.contains("`provider`"), "{error}");

    let nothing = Worker::new(&signet_local::dynamodb::memory().unwrap());
    let error = apply(&nothing, &event("0oaA", "okta-a", "one"), 1).await.unwrap_err();
    assert!(matches!(error, ApplyError::Store(StoreError::NoTable { .. })), "{error}");
}

/// What may be there before an event that crashes, the event, and the one after it.
fn scenes() -> Vec<(Option<StatedProvider>, StatedProvider, StatedProvider)> {
    let (one, two) = (event("0oaA", "okta-a", "one"), event("0oaA", "okta-a", "two"));
    vec![
        (None, one.clone(), two.clone()),
        (None, deleted(&one), one.clone()),
        (Some(one.clone()), two.clone(), deleted(&two)),
        (Some(one.clone()), deleted(&one), two.clone()),
        (Some(deleted(&one)), two, one.clone()),
        (Some(one.clone()), one.clone(), deleted(&one)),
    ]
}

/// A table with an event of revision 1, and a worker that died over revision 2.
async fn crashed(before: Option<&StatedProvider>, stated: &StatedProvider, place: usize, action: Action) -> Worker {
    let worker = Worker::with_table().await;
    if let Some(before) = before {
        applied(&worker, before, 1).await;
    }
    worker.fail(place, action);
    let error = apply(&worker, stated, 2).await.unwrap_err();
    assert!(matches!(error, ApplyError::Store(_)), "{error}");
    check_sound(&worker.sibling().content().await).unwrap();
    worker.sibling()
}

#[tokio::test]
async fn an_event_that_crashes_anywhere_is_finished_by_itself_or_by_the_next() {
    for (before, stated, next) in scenes() {
        let straight = Worker::with_table().await;
        if let Some(before) = &before {
            applied(&straight, before, 1).await;
        }
        let requests = straight.connector.total_calls();
        let told = applied(&straight, &stated, 2).await;
        let requests = straight.connector.total_calls() - requests;
        let raises = before.as_ref() != Some(&stated);
        assert_eq!(requests, if raises { 6 } else { 2 }, "one read and one write, and who is to be raised");
        let at_two = straight.content().await;
        applied(&straight, &next, 3).await;
        let at_three = straight.content().await;
        for action in [Action::FailBefore, Action::FailAfter] {
            for place in 0..requests {
                let what = format!("{action:?} at {place} of {stated:?}");
                let worker = crashed(before.as_ref(), &stated, place, action.clone()).await;
                let again = applied(&worker, &stated, 2).await;
                // Nobody was told of the document yet, whether it was written or not.
                assert_eq!(is_told(&again), is_told(&told), "{what}");
                assert_eq!(worker.content().await, at_two, "{what}");

                let worker = crashed(before.as_ref(), &stated, place, action.clone()).await;
                applied(&worker, &next, 3).await;
                assert_eq!(applied(&worker, &stated, 2).await, AppliedProvider::Superseded { by: 3 }, "{what}");
                let content = worker.content().await;
                check_sound(&content).unwrap();
                assert_eq!(
                    (&content.halves["0oaA"].metadata, &content.halves["0oaA"].state),
                    (&at_three.halves["0oaA"].metadata, &at_three.halves["0oaA"].state)
                );
                let documents =
                    |content: &Content| content.metadata.values().map(|(.., text)| text.clone()).collect::<Vec<_>>();
                assert_eq!(documents(&content), documents(&at_three), "{what}");
            }
        }
    }
}

#[tokio::test]
async fn a_conflict_with_another_transaction_is_tried_again() {
    let worker = Worker::with_table().await;
    worker.fail(1, conflict());
    assert_eq!(applied(&worker, &event("0oaA", "okta-a", "one"), 1).await, NEW);
    worker.connector.set_fault(
        |call: &signet_local::connector::Call<'_>| {
            if call.operation == "TransactWriteItems" { conflict() } else { Action::Pass }
        },
    );
    let error = apply(&worker, &event("0oaA", "okta-a", "two"), 2).await.unwrap_err();
    assert!(matches!(error, ApplyError::Store(_)), "{error}");
}
