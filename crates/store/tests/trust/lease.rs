//! One worker an account.

use signet_local::connector::Action;
use signet_store::StoreError;
use signet_store::trust::lease::{Leased, Released};
use signet_store::trust::outcome::Noted;

use crate::common::scheduler::Paused;
use crate::common::{Worker, number, text};
use crate::{EVEN, ODD, account, at, attended, held, row};

#[tokio::test]
async fn an_account_is_leased_to_one_at_a_time() {
    let worker = Worker::with_table().await;
    let first = held(&worker, ODD, "first", 100, 200).await;
    assert_eq!(worker.table.account(&account(ODD)).await.unwrap().row.unwrap().leased_until, Some(at(200)));
    for now in [100, 199] {
        let second = worker.table.lease(&account(ODD), "second", at(now), at(900)).await.unwrap();
        assert_eq!(second, Leased::Busy { until: at(200) });
    }
    held(&worker, EVEN, "second", 100, 200).await;

    // Asked for, it is let go only after another look; and again by nobody but those who asked since.
    assert_eq!(worker.table.let_go(&first).await.unwrap(), Released::Again);
    assert_eq!(worker.table.let_go(&first).await.unwrap(), Released::Done);
    assert_eq!(worker.table.account(&account(ODD)).await.unwrap().row.unwrap().leased_until, None);
    let second = held(&worker, ODD, "second", 100, 200).await;
    assert_eq!(worker.table.let_go(&first).await.unwrap(), Released::Done, "it had let go");
    assert!(!worker.table.renew(&first, at(999)).await.unwrap());
    assert_eq!(worker.table.let_go(&second).await.unwrap(), Released::Done);
    assert_eq!(worker.table.let_go(&second).await.unwrap(), Released::Done);
}

#[tokio::test]
async fn a_lease_that_ran_out_is_anybodys() {
    let worker = Worker::with_table().await;
    let first = held(&worker, ODD, "first", 100, 200).await;
    let busy = worker.table.lease(&account(ODD), "asker", at(150), at(250)).await.unwrap();
    assert_eq!(busy, Leased::Busy { until: at(200) });
    let state = worker.table.account(&account(ODD)).await.unwrap();
    assert!(!state.is_due(at(199)) && state.is_due(at(200)), "what was asked for is looked after by the schedule");
    // Nobody took it: it can be kept.
    assert!(worker.table.renew(&first, at(300)).await.unwrap());
    assert!(worker.table.renew(&first, at(250)).await.unwrap(), "and is not made shorter");
    let busy = worker.table.lease(&account(ODD), "second", at(299), at(400)).await.unwrap();
    assert_eq!(busy, Leased::Busy { until: at(300) });

    let second = held(&worker, ODD, "second", 300, 400).await;
    assert!(!worker.table.renew(&first, at(900)).await.unwrap());
    assert_eq!(worker.table.note_account(&first, &attended(7)).await.unwrap(), Noted::Lost);
    assert_eq!(worker.table.let_go(&first).await.unwrap(), Released::Lost);
    // A mark for the first is at worst a look too many.
    assert_eq!(worker.table.let_go(&second).await.unwrap(), Released::Again);
    assert_eq!(worker.table.let_go(&second).await.unwrap(), Released::Done);
    assert_eq!(worker.table.let_go(&first).await.unwrap(), Released::Lost);
}

#[tokio::test]
async fn a_token_is_used_once() {
    let worker = Worker::with_table().await;
    let lease = held(&worker, ODD, "one", 100, 200).await;
    // The same again, as after an error.
    assert_eq!(held(&worker, ODD, "one", 100, 200).await, lease);
    assert_eq!(worker.table.let_go(&lease).await.unwrap(), Released::Done);
    let error = worker.table.lease(&account(ODD), "one", at(100), at(200)).await.unwrap_err();
    assert!(matches!(&error, StoreError::Call { cause, .. } if cause.contains("used before")), "{error}");
}

#[tokio::test]
async fn a_lost_answer_is_not_somebody_elses_doing() {
    // Each request's answer is lost once, and the client asks again.
    for place in 0..4 {
        let worker = Worker::with_table().await;
        let patient = Worker::patient(worker.connector.database());
        patient.fail(place, Action::FailAfter);
        let lease = held(&patient, ODD, "one", 100, 200).await;
        assert!(patient.table.renew(&lease, at(300)).await.unwrap());
        assert_eq!(patient.table.let_go(&lease).await.unwrap(), Released::Done, "{place}");
        assert!(!row(&worker, ODD).await.contains_key("lease"));
    }
    // So are those of being asked and of asking.
    for place in 0..4 {
        let worker = Worker::with_table().await;
        let lease = held(&worker, ODD, "one", 100, 200).await;
        let (asker, holder) =
            (Worker::patient(worker.connector.database()), Worker::patient(worker.connector.database()));
        asker.fail(place, Action::FailAfter);
        holder.fail(place, Action::FailAfter);
        let busy = asker.table.lease(&account(ODD), "two", at(100), at(200)).await.unwrap();
        assert_eq!(busy, Leased::Busy { until: at(200) });
        assert_eq!(holder.table.let_go(&lease).await.unwrap(), Released::Again, "{place}");
        assert_eq!(holder.table.let_go(&lease).await.unwrap(), Released::Done, "{place}");
    }
}

#[tokio::test]
async fn a_release_that_comes_late_leaves_the_next_turn_alone() {
    for earlier_turns in 0..3 {
        let worker = Worker::with_table().await;
        let lease = held(&worker, ODD, "one", 100, 200).await;
        let ask_and_hear = async |asker: &str| {
            let busy = worker.table.lease(&account(ODD), asker, at(100), at(200)).await.unwrap();
            assert!(matches!(busy, Leased::Busy { .. }));
            assert_eq!(worker.table.let_go(&lease).await.unwrap(), Released::Again);
        };
        for turn in 0..earlier_turns {
            ask_and_hear(&format!("earlier {turn}")).await;
        }
        let (slow, late_lease) = (worker.sibling(), lease.clone());
        let (calls, table) = (slow.connector.clone(), slow.table.clone());
        let mut late = Paused::new(async move { table.let_go(&late_lease).await });
        // The row is read, and the release on its way, when somebody asks and the holder looks again.
        assert!(late.until(|| calls.calls("BatchGetItem") == 1).await.is_none());
        ask_and_hear("two").await;
        assert!(late.until(|| calls.calls("UpdateItem") == 1).await.is_none(), "it released the next turn");
        drop(late);
        assert_eq!(row(&worker, ODD).await["lease"], text("one"), "the holder went back to work");
        assert_eq!(worker.table.let_go(&lease).await.unwrap(), Released::Done);
    }
}

#[tokio::test]
async fn what_something_else_wrote_is_named() {
    let worker = Worker::with_table().await;
    let sk = "ACCOUNT";
    let pk = format!("ACCOUNT#{ODD}");
    worker.put(&pk, sk, &[("kind", text("account")), ("lease", text("x"))]).await;
    let error = worker.table.lease(&account(ODD), "one", at(1), at(2)).await.unwrap_err().to_string();
    assert!(error.contains(&format!("`{pk} / {sk}`")) && error.contains("no end"), "{error}");
    worker.put(&pk, sk, &[("kind", text("account")), ("lease", number(1)), ("lease_until", number(9))]).await;
    let error = worker.table.lease(&account(ODD), "one", at(1), at(2)).await.unwrap_err();
    assert!(matches!(error, StoreError::Corrupt(_)), "{error}");
}
