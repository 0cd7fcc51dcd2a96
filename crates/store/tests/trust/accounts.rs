//! All accounts at once, and rows of them that something else wrote.

use signet_local::connector::Action;
use signet_store::StoreError;
use signet_store::trust::account::Accounts;

use crate::common::{Worker, number, role, source, stated, text};
use crate::{EVEN, ODD, account, at};

#[tokio::test]
async fn a_row_that_cannot_be_read_keeps_no_other_from_being_read() {
    let worker = Worker::with_table().await;
    worker.change(&source("trials"), 1, &stated(&[("Readers", &["r1", "r2"])])).await;
    worker.table.raise_account(&account(ODD), at(5)).await.unwrap();
    let whole = worker.table.accounts().await.unwrap();
    let expected = Accounts { states: whole.clone(), unreadable: Vec::new() };
    assert_eq!(worker.table.accounts_with_faults().await.unwrap(), expected);

    let third = "777788889999";
    let elsewhere = format!("ROLE#{}", role("r2"));
    for (pk, sk, kind, wanted) in [
        (format!("ACCOUNT#{ODD}"), "ROLE#nonsense", "role", number(1)),
        (format!("ACCOUNT#{ODD}"), elsewhere.as_str(), "role", number(1)),
        (format!("ACCOUNT#{third}"), "ACCOUNT", "account", text("one")),
        ("ACCOUNT#12".to_owned(), "ACCOUNT", "account", number(1)),
    ] {
        worker.put(&pk, sk, &[("kind", text(kind)), ("wanted", wanted)]).await;
    }
    let Accounts { states, unreadable } = worker.table.accounts_with_faults().await.unwrap();
    let numbers: Vec<_> = states.iter().map(|state| state.account.as_str()).collect();
    assert_eq!(numbers, [ODD, EVEN, third]);
    assert_eq!(states[..2], whole[..], "what can be read is there");
    assert!(states[2].row.is_none() && states[2].roles.is_empty());
    let mut rows: Vec<_> = unreadable
        .iter()
        .map(|row| (row.account.as_ref().map_or("none", |account| account.as_str()), row.corrupt.item.clone()))
        .collect();
    rows.sort();
    assert_eq!(
        rows,
        [
            (ODD, format!("ACCOUNT#{ODD} / {elsewhere}")),
            (ODD, format!("ACCOUNT#{ODD} / ROLE#nonsense")),
            (third, format!("ACCOUNT#{third} / ACCOUNT")),
            ("none", "ACCOUNT#12 / ACCOUNT".to_owned()),
        ]
    );
    // Who asks for all of it, or for that one, is told.
    assert!(matches!(worker.table.accounts().await, Err(StoreError::Corrupt(_))));
    assert!(matches!(worker.table.account(&account(ODD)).await, Err(StoreError::Corrupt(_))));
    worker.table.account(&account(EVEN)).await.unwrap();

    // A query that fails is no account without rows.
    worker.fail(1, Action::FailBefore);
    worker.table.accounts_with_faults().await.unwrap_err();
}
