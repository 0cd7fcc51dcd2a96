//! What the table says of trust policies: what is wanted of accounts and roles, who works on them, what
//! was done; over lost answers, crashes, stalled workers and random schedules.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests fail by panicking")]

#[path = "../common/mod.rs"]
mod common;

mod accounts;
mod desired;
mod lease;
mod outcome;
mod schedule;
mod wanted;

use std::collections::{BTreeMap, BTreeSet};

use common::content::Item;
use common::{TABLE, Worker, text};
use signet_core::grant::Timestamp;
use signet_core::role::{AccountId, RoleArn};
use signet_store::trust::lease::{Lease, Leased};
use signet_store::trust::outcome::{AccountOutcome, RoleOutcome};

/// The account of the roles `r1`, `r3` …
const ODD: &str = "111122223333";
/// The account of the roles `r0`, `r2` …
const EVEN: &str = "444455556666";

fn account(id: &str) -> AccountId {
    AccountId::parse(id).unwrap()
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_seconds(seconds)
}

/// Takes a lease that nobody has.
async fn held(worker: &Worker, id: &str, token: &str, now: i64, until: i64) -> Lease {
    match worker.table.lease(&account(id), token, at(now), at(until)).await.unwrap() {
        Leased::Held(lease) => lease,
        busy @ Leased::Busy { .. } => panic!("{busy:?}"),
    }
}

/// An item as it is, whatever the crate makes of it.
async fn item(worker: &Worker, pk: &str, sk: &str) -> Item {
    let get = worker.client.get_item().table_name(TABLE).key("pk", text(pk)).key("sk", text(sk));
    get.consistent_read(true).send().await.unwrap().item.unwrap_or_default()
}

async fn row(worker: &Worker, id: &str) -> Item {
    item(worker, &format!("ACCOUNT#{id}"), "ACCOUNT").await
}

async fn role_row(worker: &Worker, role: &RoleArn) -> Item {
    item(worker, &format!("ACCOUNT#{}", role.account()), &format!("ROLE#{role}")).await
}

/// Who wrote an item last, as the stream's reader sees it.
fn last(item: &Item) -> &str {
    item["last"].as_s().unwrap()
}

fn applied(wanted: u64, account_wanted: u64) -> RoleOutcome {
    RoleOutcome {
        wanted,
        account_wanted,
        is_applied: true,
        outcome: "written".to_owned(),
        why: None,
        failures: 0,
        next: None,
        written: None,
    }
}

fn failed(wanted: u64, account_wanted: u64) -> RoleOutcome {
    RoleOutcome {
        is_applied: false,
        outcome: "denied".to_owned(),
        why: Some("not allowed".to_owned()),
        failures: 1,
        next: Some(at(5_000)),
        ..applied(wanted, account_wanted)
    }
}

fn attended(wanted: u64) -> AccountOutcome {
    AccountOutcome { applied: Some(wanted), why: None, next: None }
}

fn set<T: Ord + Clone>(of: &[T]) -> BTreeSet<T> {
    of.iter().cloned().collect()
}

fn no_codes() -> signet_core::trust::grants::Codes {
    BTreeMap::new()
}
