//! Raising what is wanted.

use signet_core::app::{AttributeSource, CodeCapacity, TokenGroups, WhenNoUser, WhenUnentitled};
use signet_core::identity::{IdentityField, IdentityPattern};
use signet_core::trust::gate::Issuer;
use signet_local::connector::Action;
use signet_store::apply::Applied;
use signet_store::statement::{StatedApp, Statement};

use crate::common::apps::{app, file};
use crate::common::content::Item;
use crate::common::scheduler::Paused;
use crate::common::{TABLE, Worker, app_id, number, provenance, role, source, stated, text};
use crate::{EVEN, ODD, account, applied, at, attended, held, item, last, role_row, row, set};

fn of(apps: &[StatedApp]) -> Statement {
    Statement { apps: apps.to_vec(), ..Statement::default() }
}

/// The app's item: its mark, and up to which it was attended to.
async fn marks(worker: &Worker, id: &str) -> (u64, u64) {
    let item = item(worker, &format!("APP#{id}"), "APP").await;
    let count = |name| item.get(name).map_or(0, |value| value.as_n().unwrap().parse().unwrap());
    (count("raising"), count("raised"))
}

fn wanted(row: &Item) -> u64 {
    row.get("wanted").map_or(0, |value| value.as_n().unwrap().parse().unwrap())
}

/// How often both accounts were raised.
async fn raised(worker: &Worker) -> (u64, u64) {
    (wanted(&row(worker, ODD).await), wanted(&row(worker, EVEN).await))
}

/// A table with a role in each of two accounts.
async fn scene() -> Worker {
    let worker = Worker::with_table().await;
    worker.change(&source("trials"), 1, &stated(&[("Readers", &["r1", "r2"])])).await;
    worker
}

#[tokio::test]
async fn an_app_that_changes_raises_every_account() {
    let worker = scene().await;
    worker.change(&file("platform"), 1, &of(&[app("0oaA", "okta-a"), app("0oaB", "okta-b")])).await;
    assert_eq!(raised(&worker).await, (1, 1), "once for all apps of a statement");
    for id in [ODD, EVEN] {
        let state = worker.table.account(&account(id)).await.unwrap();
        let row = state.row.as_ref().unwrap();
        assert_eq!(row.apps, set(&["0oaA", "0oaB"].map(app_id)));
        assert_eq!((row.applied, row.since, state.is_due(at(0))), (0, Some(provenance(1).at), true));
        assert_eq!(last(&self::row(&worker, id).await), "wanted");
    }
    assert_eq!((marks(&worker, "0oaA").await, marks(&worker, "0oaB").await), ((1, 1), (1, 1)));

    let base = app("0oaA", "okta-a");
    let mut revision = 1;
    let mut change = async |changed: &StatedApp| {
        revision += 1;
        let before = raised(&worker).await;
        worker.change(&file("platform"), revision, &of(&[changed.clone(), app("0oaB", "okta-b")])).await;
        let (odd, even) = raised(&worker).await;
        (odd - before.0, even - before.1)
    };
    let with = |edit: &dyn Fn(&mut StatedApp)| {
        let mut changed = base.clone();
        edit(&mut changed);
        changed
    };
    for concerns in [
        with(&|stated| stated.active = false),
        with(&|stated| stated.app.audience = "https://example.com".to_owned()),
        with(&|stated| stated.app.identity.pattern = IdentityPattern::parse("*@example.org").unwrap()),
        with(&|stated| stated.app.tokens.issuer = Some(Issuer::from_url("https://example.okta.com").unwrap())),
        with(&|stated| stated.app.tokens.roles_claim = false),
    ] {
        assert_eq!(change(&concerns).await, (1, 1), "{concerns:?}");
        assert_eq!(change(&base).await, (1, 1), "and back");
    }
    for concerns_not in [
        with(&|stated| stated.app.name = None),
        with(&|stated| stated.app.tags = signet_core::app::TagRules::default()),
        with(&|stated| stated.app.session_duration = None),
        with(&|stated| stated.app.when_unentitled = WhenUnentitled::Pass),
        with(&|stated| stated.app.identity.from = IdentityField::UserId),
        with(&|stated| stated.app.code_capacity = Some(CodeCapacity::new(7).unwrap())),
        with(&|stated| stated.app.tokens.when_no_user = WhenNoUser::Pass),
        with(&|stated| stated.app.tokens.cognito.groups = TokenGroups::Remove),
        with(&|stated| stated.app.tokens.cognito.attributes = AttributeSource::Protected),
        base.clone(),
    ] {
        assert_eq!(change(&concerns_not).await, (0, 0), "{concerns_not:?}");
    }
    let (raising, raised) = marks(&worker, "0oaA").await;
    assert_eq!((raising, raised), (11, 11));
    assert_eq!(marks(&worker, "0oaB").await, (1, 1));
}

#[tokio::test]
async fn nothing_marked_costs_nothing() {
    let worker = scene().await;
    let statement = of(&[app("0oaA", "okta-a")]);
    worker.change(&file("platform"), 1, &statement).await;
    let calls = || worker.connector.total_calls();
    let before = calls();
    assert_eq!(worker.apply(&file("platform"), 1, &statement).await.unwrap(), Applied::Repeated);
    assert_eq!(calls() - before, 1);
    let before = calls();
    assert_eq!(worker.apply(&file("platform"), 2, &statement).await.unwrap(), Applied::Unchanged);
    assert_eq!(calls() - before, 2);
    let before = calls();
    assert_eq!(worker.table.raise_for_all(at(9)).await.unwrap(), []);
    assert_eq!(calls() - before, 1);
    let before = calls();
    worker.table.raise_for(&app_id("0oaA"), at(9)).await.unwrap();
    worker.table.raise_for(&app_id("0oaZ"), at(9)).await.unwrap();
    assert_eq!(calls() - before, 2);
    assert_eq!(raised(&worker).await, (1, 1));
    assert!(item(&worker, "APP#0oaZ", "APP").await.is_empty(), "an app comes into being by its sources alone");
}

#[tokio::test]
async fn raising_that_was_interrupted_is_finished() {
    let statement = of(&[app("0oaA", "okta-a")]);
    let straight = scene().await;
    let before = straight.connector.total_calls();
    straight.change(&file("platform"), 1, &statement).await;
    let requests = straight.connector.total_calls() - before;
    let mut left = 0;
    for action in [Action::FailBefore, Action::FailAfter] {
        for place in 0..requests {
            for finish in 0..3 {
                let worker = scene().await;
                worker.fail(place, action.clone());
                worker.apply(&file("platform"), 1, &statement).await.unwrap_err();
                worker.heal();
                let (raising, raised_to) = marks(&worker, "0oaA").await;
                left += usize::from(raising > raised_to);
                let is_written = worker.content().await.apps.contains_key("0oaA");
                assert_eq!(raising == 1, is_written, "the mark comes with the change");
                match finish {
                    0 => {
                        let found = worker.table.raise_for_all(at(77)).await.unwrap();
                        assert_eq!(!found.is_empty(), raising > raised_to);
                    }
                    1 => drop(worker.apply(&file("platform"), 1, &statement).await.unwrap()),
                    _ => drop(worker.apply(&file("platform"), 2, &statement).await.unwrap()),
                }
                if finish == 0 && !is_written {
                    continue;
                }
                let (odd, even) = raised(&worker).await;
                assert!(odd >= 1 && even >= 1, "{action:?} at {place}, {finish}: {odd} {even}");
                assert_eq!(marks(&worker, "0oaA").await, (1, 1), "{action:?} at {place}, {finish}");
                assert_eq!(worker.table.raise_for_all(at(78)).await.unwrap(), []);
                assert_eq!(worker.content().await.raised[ODD], set(&["0oaA".to_owned()]));
            }
        }
    }
    assert!(left > 20, "too few were interrupted half way: {left}");
}

#[tokio::test]
async fn who_is_slow_to_raise_leaves_a_newer_mark() {
    let mut kept = 0;
    for (place, is_another_faster) in (1..8).flat_map(|place| [(place, false), (place, true)]) {
        let worker = scene().await;
        worker.change(&file("platform"), 1, &of(&[app("0oaA", "okta-a")])).await;
        let mark = async || {
            let update = worker.client.update_item().table_name(TABLE).key("pk", text("APP#0oaA"));
            let update = update.key("sk", text("APP")).update_expression("ADD raising :one");
            update.expression_attribute_values(":one", number(1)).send().await.unwrap();
        };
        mark().await;
        let slow = worker.sibling();
        let (calls, table) = (slow.connector.clone(), slow.table.clone());
        let mut raising = Paused::new(async move { table.raise_for(&app_id("0oaA"), at(5)).await });
        if raising.until(|| calls.total_calls() >= place).await.is_some() {
            continue;
        }
        // Another one may be faster with this mark; then the app changes again, and who is to raise for that
        // dies.
        if is_another_faster {
            worker.table.raise_for(&app_id("0oaA"), at(6)).await.unwrap();
        }
        mark().await;
        let before = raised(&worker).await;
        raising.finish().await.unwrap();
        let (raising, raised_to) = marks(&worker, "0oaA").await;
        if raising > raised_to {
            kept += 1;
            assert_eq!(worker.table.raise_for_all(at(7)).await.unwrap(), [app_id("0oaA")]);
        }
        let after = raised(&worker).await;
        assert!(after.0 > before.0 && after.1 > before.1, "{place} {is_another_faster}");
        assert_eq!(marks(&worker, "0oaA").await, (3, 3));
    }
    assert!(kept >= 8, "{kept}");
}

#[tokio::test]
async fn roles_and_accounts_are_raised_by_hand() {
    let worker = scene().await;
    assert!(!worker.table.raise_role(&role("r3"), at(9)).await.unwrap(), "nobody ever granted it");
    assert!(role_row(&worker, &role("r3")).await.is_empty());
    let lease = held(&worker, ODD, "one", 100, 200).await;
    worker.table.note_role(&lease, &role("r1"), &applied(1, 0)).await.unwrap();
    worker.table.note_account(&lease, &attended(0)).await.unwrap();
    worker.table.let_go(&lease).await.unwrap();
    assert!(!worker.table.account(&account(ODD)).await.unwrap().is_due(at(9_999)));

    assert!(worker.table.raise_role(&role("r1"), at(9)).await.unwrap());
    let state = worker.table.account(&account(ODD)).await.unwrap();
    assert!(state.is_due(at(0)) && state.roles[&role("r1")].is_unreconciled(0));
    assert_eq!((state.roles[&role("r1")].since, state.wanted()), (Some(at(9)), 0));
    worker.table.raise_account(&account(ODD), at(8)).await.unwrap();
    let state = worker.table.account(&account(ODD)).await.unwrap();
    assert_eq!((state.oldest_unreconciled(), state.wanted(), state.row.unwrap().apps), (Some(at(8)), 1, [].into()));
    let accounts: Vec<_> = worker.table.accounts().await.unwrap().into_iter().map(|state| state.account).collect();
    assert_eq!(accounts, [account(ODD), account(EVEN)]);
}

#[tokio::test]
async fn a_conflict_with_a_transaction_passes() {
    let worker = scene().await;
    let conflict = Action::refuse("TransactionConflictException", "Transaction is ongoing for the item");
    worker.fail(0, conflict.clone());
    worker.table.raise_account(&account(ODD), at(8)).await.unwrap();
    worker.fail(0, conflict.clone());
    let lease = held(&worker, ODD, "one", 100, 200).await;
    worker.fail(1, conflict);
    assert_eq!(worker.table.let_go(&lease).await.unwrap(), signet_store::trust::lease::Released::Done);
    assert_eq!(raised(&worker).await, (1, 0));
}
