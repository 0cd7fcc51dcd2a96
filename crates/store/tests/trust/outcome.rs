//! What became of roles and accounts is noted by who holds the account, and by nobody else.

use signet_core::code::GroupCode;
use signet_core::trust::grants::Codes;
use signet_local::connector::Action;
use signet_store::StoreError;
use signet_store::trust::account::{RoleState, Written};
use signet_store::trust::outcome::{AccountOutcome, Noted, RoleOutcome};

use crate::common::{Worker, app_id, number, provenance, role, source, stated, text};
use crate::{ODD, account, applied, at, attended, failed, held, last, no_codes, role_row, row, set};

async fn state(worker: &Worker, name: &str) -> RoleState {
    let role = role(name);
    worker.table.account(&role.account_id()).await.unwrap().roles.remove(&role).unwrap()
}

/// A table where the role `r1` was granted once.
async fn granted() -> Worker {
    let worker = Worker::with_table().await;
    worker.change(&source("trials"), 1, &stated(&[("Readers", &["r1"])])).await;
    worker
}

fn codes() -> Codes {
    let code = |text| GroupCode::parse(text).unwrap();
    [(app_id("0oaA"), set(&[code("abcd"), code("efgh")])), (app_id("a.b:c-d"), set(&[code("abcd")]))].into()
}

#[tokio::test]
async fn a_role_is_noted_as_it_was_attended_to() {
    let worker = granted().await;
    let new = state(&worker, "r1").await;
    let since = Some(provenance(1).at);
    assert_eq!((new.wanted, new.tried, new.applied, new.since), (1, 0, 0, since));
    assert_eq!(last(&role_row(&worker, &role("r1")).await), "wanted");
    assert!(new.is_due(0, at(0)) && new.is_unreconciled(0));

    let lease = held(&worker, ODD, "one", 100, 200).await;
    let written = Written { digest: [0xa7; 32], codes: codes(), at: Some(at(120)), length: 1_234 };
    let outcome = RoleOutcome { next: Some(at(900)), written: Some(written.clone()), ..applied(1, 0) };
    assert_eq!(worker.table.note_role(&lease, &role("r1"), &outcome).await.unwrap(), Noted::Done);
    assert_eq!(worker.table.note_role(&lease, &role("r1"), &outcome).await.unwrap(), Noted::Done, "once more");
    let noted = state(&worker, "r1").await;
    let expected = RoleState {
        role: role("r1"),
        wanted: 1,
        tried: 1,
        applied: 1,
        tried_account: 0,
        applied_account: 0,
        since: None,
        outcome: Some("written".to_owned()),
        why: None,
        failures: 0,
        next: Some(at(900)),
        written: Some(written.clone()),
    };
    assert_eq!(noted, expected);
    assert_eq!(last(&role_row(&worker, &role("r1")).await), "worker");
    assert!(!noted.is_due(0, at(899)) && noted.is_due(0, at(900)) && noted.is_due(1, at(0)));

    // A failure says what is wrong, and leaves what was written.
    assert_eq!(worker.table.note_role(&lease, &role("r1"), &failed(1, 3)).await.unwrap(), Noted::Done);
    let noted = state(&worker, "r1").await;
    let expected = RoleState {
        tried_account: 3,
        since: Some(at(100)),
        outcome: Some("denied".to_owned()),
        why: Some("not allowed".to_owned()),
        failures: 1,
        next: Some(at(5_000)),
        ..expected
    };
    assert_eq!(noted, expected);
    // A document that was found as it should be was written by nobody.
    let found = Written { digest: [1; 32], codes: no_codes(), at: None, length: 9 };
    let outcome = RoleOutcome { written: Some(found.clone()), ..applied(1, 3) };
    assert_eq!(worker.table.note_role(&lease, &role("r1"), &outcome).await.unwrap(), Noted::Done);
    let noted = state(&worker, "r1").await;
    assert_eq!((noted.written, noted.applied_account, noted.since, noted.why), (Some(found), 3, None, None));
}

#[tokio::test]
async fn what_was_raised_meanwhile_or_taken_over_is_not_noted() {
    let worker = granted().await;
    let lease = held(&worker, ODD, "one", 100, 200).await;
    worker.change(&source("trials"), 2, &stated(&[("Writers", &["r1"])])).await;
    let before = role_row(&worker, &role("r1")).await;
    for outcome in [applied(1, 0), failed(1, 0), applied(0, 0), applied(3, 0)] {
        assert_eq!(worker.table.note_role(&lease, &role("r1"), &outcome).await.unwrap(), Noted::Raised);
    }
    let other = held(&worker, ODD, "two", 200, 300).await;
    for outcome in [applied(1, 0), applied(2, 0)] {
        assert_eq!(worker.table.note_role(&lease, &role("r1"), &outcome).await.unwrap(), Noted::Lost);
    }
    assert_eq!(role_row(&worker, &role("r1")).await, before);
    assert_eq!(worker.table.note_role(&other, &role("r1"), &applied(2, 0)).await.unwrap(), Noted::Done);
    // The first change's time counts until all of it is applied.
    assert_eq!(before["since"], number(1_001));
}

#[tokio::test]
async fn a_lost_answer_of_a_note_is_no_loss() {
    let worker = granted().await;
    for place in 0..2 {
        let lease = held(&worker, ODD, &format!("token {place}"), 100, 200).await;
        let patient = Worker::patient(worker.connector.database());
        patient.fail(place, Action::FailAfter);
        assert_eq!(patient.table.note_role(&lease, &role("r1"), &applied(1, 0)).await.unwrap(), Noted::Done);
        assert_eq!(patient.table.note_account(&lease, &attended(0)).await.unwrap(), Noted::Done);
        assert_eq!(patient.table.let_go(&lease).await.unwrap(), signet_store::trust::lease::Released::Done);
    }
    let lease = held(&worker, ODD, "last", 100, 200).await;
    let dead = worker.sibling();
    dead.fail(0, Action::FailAfter);
    dead.table.note_role(&lease, &role("r1"), &failed(1, 0)).await.unwrap_err();
    assert_eq!(state(&worker, "r1").await.failures, 1);
}

#[tokio::test]
async fn an_account_is_noted_up_to_what_was_seen() {
    let worker = Worker::with_table().await;
    let row_of = async || worker.table.account(&account(ODD)).await.unwrap().row.unwrap();
    worker.table.raise_account(&account(ODD), at(50)).await.unwrap();
    assert_eq!(last(&row(&worker, ODD).await), "wanted");
    let lease = held(&worker, ODD, "one", 100, 200).await;
    assert_eq!(last(&row(&worker, ODD).await), "worker");
    assert_eq!((row_of().await.wanted, row_of().await.since), (1, Some(at(50))));

    worker.table.raise_account(&account(ODD), at(60)).await.unwrap();
    let outcome = AccountOutcome { applied: Some(1), why: Some("no provider".to_owned()), next: Some(at(300)) };
    assert_eq!(worker.table.note_account(&lease, &outcome).await.unwrap(), Noted::Raised);
    let noted = row_of().await;
    assert_eq!((noted.wanted, noted.applied, noted.since), (2, 1, Some(at(50))));
    assert_eq!((noted.why, noted.next), (outcome.why, outcome.next));
    assert_eq!(last(&row(&worker, ODD).await), "worker");

    let nothing = AccountOutcome { applied: None, why: None, next: None };
    assert_eq!(worker.table.note_account(&lease, &nothing).await.unwrap(), Noted::Done);
    assert_eq!((row_of().await.applied, row_of().await.why, row_of().await.since), (1, None, Some(at(50))));
    assert_eq!(worker.table.note_account(&lease, &attended(2)).await.unwrap(), Noted::Done);
    let noted = row_of().await;
    assert_eq!((noted.applied, noted.since, noted.next), (2, None, None));
    assert!(!worker.table.account(&account(ODD)).await.unwrap().is_due(at(199)));

    // A role that fails keeps the time of the change that it missed, after the account's own row forgot it.
    worker.change(&source("trials"), 1, &stated(&[("Readers", &["r1"])])).await;
    assert_eq!(worker.table.note_role(&lease, &role("r1"), &applied(1, 2)).await.unwrap(), Noted::Done);
    worker.table.raise_account(&account(ODD), at(2_000)).await.unwrap();
    let lease = held(&worker, ODD, "two", 2_010, 2_100).await;
    assert_eq!(worker.table.note_role(&lease, &role("r1"), &failed(1, 3)).await.unwrap(), Noted::Done);
    assert_eq!(worker.table.note_account(&lease, &attended(3)).await.unwrap(), Noted::Done);
    assert_eq!(worker.table.account(&account(ODD)).await.unwrap().oldest_unreconciled(), Some(at(2_000)));
    for state in worker.table.accounts().await.unwrap() {
        assert_eq!(state, worker.table.account(&state.account).await.unwrap());
    }
}

#[tokio::test]
async fn rows_of_an_older_version_are_due() {
    let worker = Worker::with_table().await;
    let arn = role("r1");
    let pk = format!("ACCOUNT#{ODD}");
    worker.put(&pk, &format!("ROLE#{arn}"), &[("kind", text("role")), ("wanted", number(4))]).await;
    let state = worker.table.account(&account(ODD)).await.unwrap();
    let role = &state.roles[&arn];
    assert_eq!((role.wanted, role.tried, role.applied, role.failures), (4, 0, 0, 0));
    assert!(state.is_due(at(0)) && role.is_unreconciled(state.wanted()) && state.row.is_none());
    assert_eq!((state.oldest_unreconciled(), &role.written, &role.outcome), (None, &None, &None));
    assert_eq!(worker.table.accounts().await.unwrap(), [state]);

    let lease = held(&worker, ODD, "one", 100, 200).await;
    assert_eq!(worker.table.note_role(&lease, &arn, &applied(4, 0)).await.unwrap(), Noted::Done);
    assert_eq!(worker.table.note_account(&lease, &attended(0)).await.unwrap(), Noted::Done);
    assert!(worker.table.raise_role(&arn, at(150)).await.unwrap());
    let state = worker.table.account(&account(ODD)).await.unwrap();
    assert_eq!((state.roles[&arn].wanted, state.oldest_unreconciled()), (5, Some(at(150))));
    assert_eq!(last(&role_row(&worker, &arn).await), "wanted");
}

#[tokio::test]
async fn what_something_else_wrote_is_named() {
    let worker = Worker::with_table().await;
    let (pk, arn) = (format!("ACCOUNT#{ODD}"), role("r1"));
    let elsewhere = role("r2");
    for (sk, attribute, value) in [
        (format!("ROLE#{arn}"), "wanted", text("1")),
        (format!("ROLE#{arn}"), "digest", text("00")),
        (format!("ROLE#{arn}"), "digest", text("g".repeat(64))),
        (format!("ROLE#{elsewhere}"), "wanted", number(1)),
        ("ROLE#r1".to_owned(), "wanted", number(1)),
        ("OTHER".to_owned(), "wanted", number(1)),
        ("ACCOUNT".to_owned(), "apps", text("0oaA")),
    ] {
        worker.put(&pk, &sk, &[("kind", text("role")), (attribute, value.clone())]).await;
        let error = worker.table.account(&account(ODD)).await.unwrap_err();
        let StoreError::Corrupt(corrupt) = error else { panic!("{error}") };
        assert_eq!(corrupt.item, format!("{pk} / {sk}"), "{attribute} {value:?}");
        assert!(matches!(worker.table.accounts().await, Err(StoreError::Corrupt(_))));
        let delete = worker.client.delete_item().table_name(crate::common::TABLE);
        delete.key("pk", text(&pk)).key("sk", text(&sk)).send().await.unwrap();
    }
}

#[tokio::test]
async fn an_account_of_a_thousand_roles_is_read_in_pages() {
    let worker = Worker::with_table().await;
    let long = "x".repeat(3_000);
    for n in 0..1_000 {
        let sk = format!("ROLE#arn:aws:iam::{ODD}:role/data/r{n:04}");
        let row = [("kind", text("role")), ("wanted", number(1)), ("why", text(&long))];
        worker.put(&format!("ACCOUNT#{ODD}"), &sk, &row).await;
    }
    worker.table.raise_account(&account(ODD), at(5)).await.unwrap();
    let before = worker.connector.calls("Query");
    let state = worker.table.account(&account(ODD)).await.unwrap();
    assert!(worker.connector.calls("Query") - before > 2, "one page holds 1 MB");
    assert_eq!((state.roles.len(), state.wanted()), (1_000, 1));
    assert_eq!(worker.table.accounts().await.unwrap(), [state]);
    // An answer that is lost half way is not an account of fewer roles.
    worker.fail(1, Action::FailBefore);
    worker.table.account(&account(ODD)).await.unwrap_err();
}
