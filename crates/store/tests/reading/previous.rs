//! A table that an earlier version filled is read by this one as it was meant. `tests/data` says what is
//! in it.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt::Write as _;

use aws_sdk_dynamodb::types::AttributeValue;
use sha2::{Digest as _, Sha256};
use signet_core::app::{App, Codes, CognitoKind, Mode, TokenRules};
use signet_core::grant::{SourceId, Timestamp};
use signet_core::group::GroupState;
use signet_core::producer::TopicArn;
use signet_core::role::RoleArn;
use signet_store::apply::Applied;
use signet_store::past::History;
use signet_store::schema::{LAYOUT, OnCollision};
use signet_store::sign_in::AppState;
use signet_store::statement::Statement;

use crate::common::apps::file;
use crate::common::{TABLE, Worker, app_id, provenance};

const ITEMS: &[u8] = include_bytes!("../data/before-tokens/table.json");
/// The files of that version, with their SHA-256.
const FILES: [(&[u8], &str); 3] = [
    (ITEMS, "da3ebd769e7863c8a922a3e05d968dca82039850ad6cc77499d9cb68361c8a37"),
    (
        include_bytes!("../data/before-tokens/platform.yaml"),
        "32940820c31c5e5f7e1abb441989b26c380ef4887f144c9ab2a40fcd9123001c",
    ),
    (
        include_bytes!("../data/before-tokens/extra.yaml"),
        "a17882eee15841235fb88edd544172e1735d84b6fb6771415eacd04cca48f0ec",
    ),
];
const READERS: &str = "Readers";
const LABELLED: &str = "00g1emaKYZTWRYYRRTSK";

/// What an earlier version wrote is not what this one would like to read: the files never change.
#[test]
fn the_files_are_that_version_s_own() {
    for (file, digest) in FILES {
        let mut found = String::new();
        for byte in Sha256::digest(file) {
            write!(found, "{byte:02x}").unwrap();
        }
        assert_eq!(found, digest, "a fixture was changed: make a folder of its own for what another version writes");
    }
}

/// The table as that version left it.
async fn left() -> Worker {
    let worker = Worker::with_table().await;
    signet_local::dynamodb::load(worker.connector.database(), TABLE, ITEMS).unwrap();
    worker
}

type Item = HashMap<String, AttributeValue>;

async fn items(worker: &Worker) -> BTreeMap<(String, String), Item> {
    let scan = worker.client.scan().table_name(TABLE).consistent_read(true).send().await.unwrap();
    assert!(scan.last_evaluated_key.is_none(), "the fixture is one page");
    let key = |item: &Item, name: &str| item[name].as_s().unwrap().clone();
    scan.items.unwrap().into_iter().map(|item| ((key(&item, "pk"), key(&item, "sk")), item)).collect()
}

async fn active(worker: &Worker, id: &str) -> App {
    match worker.table.sign_in(id, &[]).await.unwrap().app {
        AppState::Active(app) => *app,
        other => panic!("{id}: {other:?}"),
    }
}

async fn changes_nothing(worker: &Worker, source: &SourceId, statement: &Statement) {
    let plan = worker.table.plan(source, statement).await.unwrap();
    assert!(plan.groups.is_empty() && plan.apps.is_empty() && plan.displaced.is_empty(), "{source}: {plan:?}");
}

#[tokio::test]
async fn sign_ins_read_its_settings_apps_and_groups() {
    let worker = left().await;
    let meta = worker.table.warm().await.unwrap();
    assert_eq!((meta.layout, meta.width.get(), meta.on_collision), (LAYOUT, 4, OnCollision::Refuse));

    let app = active(&worker, "0oaSaml").await;
    assert_eq!((app.name.as_deref(), app.mode, app.codes), (Some("Databricks"), Mode::Enforce, Codes::Cover));
    assert_eq!(app.session_duration.map(signet_core::app::SessionDuration::seconds), Some(3_600));
    assert_eq!(app.tags.rules().keys().collect::<Vec<_>>(), ["department", "email"]);
    assert_eq!(app.tags.local(), &BTreeSet::from(["email".to_owned()]));
    // What that version knew nothing of is as it was for all.
    assert_eq!((app.code_capacity, &app.tokens), (None, &TokenRules::default()));
    let observed = active(&worker, "0oaObserved").await;
    assert_eq!(
        (observed.mode, observed.codes, observed.groups_claim.as_str()),
        (Mode::Observe, Codes::All, "memberOf")
    );
    let token = active(&worker, "0oaToken").await;
    let issuer = token.tokens.issuer.as_ref().map(signet_core::trust::gate::Issuer::url);
    assert_eq!(issuer.as_deref(), Some("https://example.okta.com/oauth2/aus1analytics"), "by its provider event");
    assert!(token.tokens.roles_claim);
    assert_eq!(active(&worker, "6kathena").await.cognito_kind(), Some(CognitoKind::Oidc));
    assert!(matches!(worker.table.sign_in("0oaOff", &[]).await.unwrap().app, AppState::Inactive(_)));

    let asked = [READERS, LABELLED, "Former Readers", "Auditors", "Cardiology Stewards", "Team 1384", "Nobody"];
    let groups = worker.table.groups(&asked).await.unwrap();
    assert_eq!(groups.len(), 5, "a group that is left out and one that is unknown are not there");
    let hasher = signet_core::code::Sha256Hasher;
    assert!(groups.values().all(|group| group.registration.is_sound(&hasher, meta.width)));
    assert_eq!(groups[LABELLED].registration.label.as_deref(), Some("Stewards"));
    assert_eq!(groups["Former Readers"].registration.state, GroupState::Retired);
    assert_eq!(groups["Auditors"].registration.salt.get(), 3);
    assert_eq!(groups["Cardiology Stewards"].registration.salt.get(), 1, "it was displaced");
    let sources: Vec<_> = groups[READERS].grants.keys().map(SourceId::as_str).collect();
    assert_eq!(sources, ["dataset:clinical-trials", "file:extra", "file:platform"]);
    assert_eq!(groups[READERS].grants.values().map(Vec::len).sum::<usize>(), 5);
}

#[tokio::test]
async fn what_it_states_applied_once_more_changes_no_item() {
    let worker = left().await;
    let before = items(&worker).await;
    for source in ["file:platform", "file:extra", "dataset:clinical-trials"] {
        let source = SourceId::parse(source).unwrap();
        let statement = worker.table.export(&source).await.unwrap().unwrap();
        changes_nothing(&worker, &source, &statement).await;
    }
    let statement = worker.table.export(&file("platform")).await.unwrap().unwrap();
    assert_eq!(statement.apps.len(), 5);
    let next = worker.apply(&file("platform"), 9, &statement).await.unwrap();
    assert!(matches!(next, Applied::Unchanged), "{next:?}");
    let after = items(&worker).await;
    let changed: Vec<_> =
        after.iter().filter(|(key, item)| before.get(*key) != Some(*item)).map(|(key, _)| key).collect();
    assert!(changed.iter().all(|(pk, _)| pk == "SOURCE#file:platform"), "only the revision: {changed:?}");
    assert_eq!(before.len(), after.len());
}

#[tokio::test]
async fn roles_accounts_and_producers_are_as_they_were_noted() {
    let worker = left().await;
    let reader = RoleArn::parse("arn:aws:iam::111122223333:role/data/reader").unwrap();
    assert_eq!(worker.table.role_entries(&reader).await.unwrap().len(), 3);
    let accounts = worker.table.accounts_with_faults().await.unwrap();
    assert!(accounts.unreadable.is_empty(), "{:?}", accounts.unreadable);
    assert_eq!(accounts.states.iter().map(|account| account.roles.len()).collect::<Vec<_>>(), [4, 3]);
    let written = accounts.states[0].roles[&reader].written.clone().unwrap();
    assert_eq!((written.length, written.codes.len()), (812, 1));
    let apps = worker.table.known_apps(&BTreeSet::new()).await.unwrap();
    assert_eq!(apps.len(), 5);
    assert!(apps[&app_id("0oaSaml")].provider.as_ref().unwrap().metadata.is_some());
    let topic = TopicArn::parse("arn:aws:sns:eu-central-1:111122223333:signet-datasets").unwrap();
    assert!(worker.table.producer(&topic).await.unwrap().is_some());
    let left_out = worker.table.groups_left_out(&file("extra")).await.unwrap();
    assert_eq!(left_out.len(), 1);
}

#[tokio::test]
async fn its_history_says_what_was_there_at_any_moment() {
    let worker = left().await;
    let history = History::new(worker.table.whole_history().await.unwrap());
    let meta = worker.table.warm().await.unwrap();
    let at = |second: i64| history.at(Timestamp::from_seconds(1_780_000_000 + second));
    let roles = |second: i64, group: &str| {
        let groups = at(second).sign_in(meta, "0oaSaml", &[group]).groups;
        groups.get(group).map(|group| group.all_grants().count())
    };
    assert_eq!(
        [roles(1, READERS), roles(2, READERS), roles(3, READERS), roles(6, READERS)],
        [None, Some(1), Some(3), Some(5)]
    );
    assert_eq!((roles(2, "Former Readers"), roles(3, "Former Readers")), (Some(1), Some(0)));
    // Now is what the table says now.
    let past = at(9).sign_in(meta, "0oaSaml", &[READERS, LABELLED, "Auditors"]);
    let live = worker.table.sign_in("0oaSaml", &[READERS, LABELLED, "Auditors"]).await.unwrap();
    assert_eq!((past.app, past.groups), (live.app, live.groups));
}

#[tokio::test]
async fn work_goes_on_in_it() {
    let worker = left().await;
    let resynced = worker.table.resync(&file("platform"), &provenance(20)).await.unwrap();
    assert!(matches!(resynced.applied, Applied::Unchanged), "{:?}", resynced.applied);
    let mut statement = worker.table.export(&file("platform")).await.unwrap().unwrap();
    statement.apps[0].app.tokens.roles_claim = false;
    worker.change(&file("platform"), 30, &statement).await;
    changes_nothing(&worker, &file("platform"), &statement).await;
}
