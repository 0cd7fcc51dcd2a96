//! Codes by hand: registered without grants, retired, released.

use std::collections::BTreeMap;

use aws_sdk_dynamodb::types::AttributeValue;
use signet_core::code::{CodeWidth, GroupCode, Salt, Sha256Hasher};
use signet_core::grant::Timestamp;
use signet_core::group::{GroupKey, GroupState};
use signet_store::apply::{CodeError, Provenance};
use signet_store::past::History;
use signet_store::schema::{Meta, OnCollision};

use crate::common::scheduler::Paused;
use crate::common::{FewCodes, TABLE, Worker, gone, key, source, stated, text};

fn by(event: &str, at: i64) -> Provenance {
    Provenance { at: Timestamp::from_seconds(at), event: event.to_owned() }
}

fn proposal(group: &GroupKey, salt: u32) -> GroupCode {
    GroupCode::propose(&Sha256Hasher, CodeWidth::DEFAULT, group.as_str(), Salt::new(salt))
}

async fn has_item(worker: &Worker, pk: &str, sk: &str) -> bool {
    let get = worker.client.get_item().table_name(TABLE).key("pk", text(pk)).key("sk", text(sk));
    get.consistent_read(true).send().await.unwrap().item.is_some()
}

#[tokio::test]
async fn a_group_is_registered_once_and_keeps_its_code() {
    let worker = Worker::with_table().await;
    let readers = key("Readers");
    let done = worker.table.register(&readers, None, Some("People"), &by("e1", 1)).await.unwrap();
    assert!(done.changed && done.displaced.is_none());
    assert_eq!((done.registration.code, done.registration.salt), (proposal(&readers, 0), Salt::NONE));
    let again = worker.table.register(&readers, None, None, &by("e2", 2)).await.unwrap();
    assert_eq!((again.registration, again.changed), (done.registration.clone(), false));
    let error = worker.table.register(&readers, Some(Salt::new(1)), None, &by("e3", 3)).await.unwrap_err();
    assert!(matches!(error, CodeError::HasCode { salt: 0, .. }), "{error}");
    let renamed = worker.table.register(&readers, None, Some("Others"), &by("e4", 4)).await.unwrap();
    assert_eq!((renamed.changed, renamed.registration.label.as_deref()), (true, Some("Others")));

    // A grant finds it registered, and its withdrawal retires it.
    let plan = worker.change(&source("trials"), 1, &stated(&[("Readers", &["r1"])])).await;
    assert!(!plan.groups[0].registers);
    worker.content().await.check_sound(&Sha256Hasher).unwrap();
    worker.change(&source("trials"), 2, &gone()).await;
    worker.content().await.check_sound(&Sha256Hasher).unwrap();
    let back = worker.table.register(&readers, None, None, &by("e5", 5)).await.unwrap();
    assert_eq!((back.changed, back.registration.state), (true, GroupState::Registered));
    assert_eq!(back.registration.code, proposal(&readers, 0));
}

#[tokio::test]
async fn a_newcomer_by_hand_gives_way() {
    let worker = Worker::with_table().await.map(|table| table.with_hasher(FewCodes(2)));
    let mut codes = BTreeMap::new();
    let mut displaced = 0;
    for name in ["a", "b"] {
        let done = worker.table.register(&key(name), None, None, &by(name, 1)).await.unwrap();
        displaced += usize::from(done.displaced.is_some());
        assert_eq!(done.displaced.is_some(), done.registration.salt != Salt::NONE);
        assert!(codes.insert(done.registration.code, name).is_none(), "two owners of one code");
    }
    assert!(displaced <= 1);
    let error = worker.table.register(&key("c"), None, None, &by("c", 1)).await.unwrap_err();
    assert!(matches!(error, CodeError::NoFreeCode { .. } | CodeError::Changed { .. }), "{error}");
    let error = worker.table.register(&key("c"), Some(Salt::new(7)), None, &by("c", 1)).await.unwrap_err();
    assert!(matches!(error, CodeError::Taken { salt: 7, .. }), "{error}");
}

#[tokio::test]
async fn a_salt_of_ones_own_choice() {
    let worker = Worker::with_table().await;
    let readers = key("Readers");
    let done = worker.table.register(&readers, Some(Salt::new(3)), None, &by("e1", 1)).await.unwrap();
    assert_eq!((done.registration.code, done.registration.salt.get()), (proposal(&readers, 3), 3));
    worker.change(&source("trials"), 1, &stated(&[("Readers", &["r1"])])).await;
    let content = worker.content().await;
    content.check_sound(&Sha256Hasher).unwrap();
    assert_eq!(content.code_of("Readers"), proposal(&readers, 3).as_str());
}

#[tokio::test]
async fn what_has_grants_is_neither_retired_nor_released() {
    let worker = Worker::with_table().await;
    let readers = key("Readers");
    let code = proposal(&readers, 0);
    let unknown = worker.table.retire(&readers, &by("e", 1)).await.unwrap_err();
    assert!(matches!(unknown, CodeError::Unregistered { .. }), "{unknown}");
    let unknown = worker.table.release(&code, &by("e", 1)).await.unwrap_err();
    assert!(matches!(unknown, CodeError::NoOwner { .. }), "{unknown}");
    worker.change(&source("trials"), 1, &stated(&[("Readers", &["r1"])])).await;
    let before = worker.content().await;
    let error = worker.table.retire(&readers, &by("e", 1)).await.unwrap_err();
    assert!(error.to_string().contains("`dataset:trials`"), "{error}");
    let error = worker.table.release(&code, &by("e", 1)).await.unwrap_err();
    assert!(matches!(error, CodeError::HasGrants { .. }), "{error}");
    assert_eq!(worker.content().await, before);
}

#[tokio::test]
async fn a_released_code_is_free_and_its_group_forgotten() {
    let worker = Worker::with_table().await;
    let readers = key("Readers");
    let code = proposal(&readers, 0);
    worker.table.register(&readers, None, None, &by("e1", 1)).await.unwrap();
    let error = worker.table.release(&code, &by("e2", 2)).await.unwrap_err();
    assert!(matches!(error, CodeError::NotRetired { .. }), "{error}");
    assert!(worker.table.retire(&readers, &by("e3", 3)).await.unwrap().1);
    assert!(!worker.table.retire(&readers, &by("e4", 4)).await.unwrap().1);
    worker.table.release(&code, &by("e5", 5)).await.unwrap();
    let content = worker.content().await;
    assert!(content.groups.is_empty() && content.codes.is_empty());

    let rows = worker.table.whole_history().await.unwrap();
    assert_eq!(rows.iter().map(|row| row.event.as_str()).collect::<Vec<_>>(), ["e1", "e3", "e5"]);
    assert!(rows.iter().all(|row| row.source.is_none()));
    let flags = |n: usize| {
        let change = &rows[n].groups[0];
        (change.registers, change.retires, change.releases)
    };
    assert_eq!([flags(0), flags(1), flags(2)], [(true, false, false), (false, true, false), (false, false, true)]);
    let meta = Meta { layout: 1, width: CodeWidth::DEFAULT, on_collision: OnCollision::Displace };
    let history = History::new(rows);
    let states = [1, 3, 5].map(|moment| {
        let past = history.at(Timestamp::from_seconds(moment));
        past.sign_in(meta, "app", &["Readers"]).groups.get("Readers").map(|record| record.registration.state)
    });
    assert_eq!(states, [Some(GroupState::Registered), Some(GroupState::Retired), None]);
    // And whoever comes next may have it.
    worker.change(&source("trials"), 1, &stated(&[("Readers", &["r1"])])).await;
    worker.content().await.check_sound(&Sha256Hasher).unwrap();
}

#[tokio::test]
async fn a_code_that_a_role_still_names_is_not_released() {
    let worker = Worker::with_table().await;
    let trials = source("trials");
    let readers = key("Readers");
    let code = proposal(&readers, 0);
    worker.change(&trials, 1, &stated(&[("Readers", &["r1"])])).await;
    worker.change(&trials, 2, &gone()).await;
    let role = "arn:aws:iam::111122223333:role/left";
    let code_text = code.as_str();
    let entry = AttributeValue::M([("code".to_owned(), text(code_text))].into());
    let account = ("ACCOUNT#111122223333".to_owned(), format!("ROLE#{role}"));
    for (pk, sk, name, value) in [
        (format!("ROLE#{role}"), "SOURCE#dataset:x".to_owned(), "grants", AttributeValue::L(vec![entry])),
        (account.0.clone(), account.1.clone(), "codes", AttributeValue::Ss(vec![code_text.to_owned()])),
        (account.0, account.1, "codes", AttributeValue::L(vec![text(code_text)])),
    ] {
        worker.put(&pk, &sk, &[("kind", text("role")), (name, value)]).await;
        let error = worker.table.release(&code, &by("e", 1)).await.unwrap_err();
        assert!(matches!(&error, CodeError::InUse { places, .. } if places.contains(role)), "{error}");
        assert!(has_item(&worker, &format!("CODE#{code}"), "OWNER").await);
        let delete = worker.client.delete_item().table_name(TABLE).key("pk", text(pk)).key("sk", text(sk));
        delete.send().await.unwrap();
    }
    worker.table.release(&code, &by("e2", 2)).await.unwrap();
    assert!(!has_item(&worker, &format!("CODE#{code}"), "OWNER").await);
}

#[tokio::test]
async fn a_grant_that_comes_during_a_release_stops_it() {
    let mut stopped = 0;
    for (place, goes) in (0..5).flat_map(|place| [(place, false), (place, true)]) {
        let worker = Worker::with_table().await;
        let (trials, readers) = (source("trials"), key("Readers"));
        let code = proposal(&readers, 0);
        worker.table.register(&readers, None, None, &by("e1", 1)).await.unwrap();
        worker.table.retire(&readers, &by("e2", 2)).await.unwrap();
        // The release's next request is on its way, and another worker grants meanwhile.
        let slow = worker.sibling();
        let calls = slow.connector.clone();
        let mut release = Paused::new(async move { slow.table.release(&code, &by("e3", 3)).await });
        assert!(release.until(|| calls.total_calls() == place).await.is_none(), "it takes no more than {place} calls");
        worker.change(&trials, 1, &stated(&[("Readers", &["r1"])])).await;
        if goes {
            worker.change(&trials, 2, &gone()).await;
        }
        let ended = release.finish().await;
        let content = worker.content().await;
        content.check_sound(&Sha256Hasher).unwrap();
        // What comes and goes before the release looks at the roles does not matter to it.
        if goes && place < 3 {
            continue;
        }
        let error = ended.unwrap_err();
        let stops = matches!(
            error,
            CodeError::Changed { .. }
                | CodeError::HasGrants { .. }
                | CodeError::NotRetired { .. }
                | CodeError::InUse { .. }
        );
        assert!(stops, "{error}");
        assert!(content.groups.contains_key("Readers"));
        stopped += 1;
    }
    assert_eq!(stopped, 7);
}
