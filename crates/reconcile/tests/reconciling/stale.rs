//! IAM shows old documents, loses answers, and is not ours alone.

use std::future::Future as _;
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use signet_reconcile::account::Scope;
use signet_reconcile::report::{Ended, Outcome};

use crate::support::{A, EC2, SETTLE, World, after, outcomes, policy, role, saml_app};

#[tokio::test(start_paused = true)]
async fn a_withdrawal_lands_though_iam_shows_the_document_before_the_grant() {
    let (world, reader) = World::with_reader().await;
    after(SETTLE * 2).await;
    world.iam().mood(A, |mood| mood.lag = SETTLE);
    world.grant_to(&reader, &["Readers", "Guests"]).await;
    world.work(A).await;
    assert!(world.lets_in(&reader, "Guests"));
    after(Duration::from_secs(2)).await;
    // IAM still shows what it had before: that looks as wanted.
    world.grant_to(&reader, &["Readers"]).await;
    let report = world.work(A).await;
    assert_eq!(outcomes(&report), [("reader".to_owned(), Outcome::Written)]);
    assert!(!report.roles[0].drifted);
    assert!(!world.lets_in(&reader, "Guests"));
    world.check(&reader).await;
    assert_eq!(world.heard.kinds(), [""; 0]);
    // Once it has settled, what it shows is believed.
    after(SETTLE * 2).await;
    world.iam().forget_calls();
    assert_eq!(world.sweep(A).await.roles, []);
    assert_eq!(world.iam().writes(), []);
}

#[tokio::test(start_paused = true)]
async fn a_withdrawal_lands_after_a_grant_whose_answer_was_lost() {
    let (world, reader) = World::with_reader().await;
    after(SETTLE * 2).await;
    world.iam().mood(A, |mood| (mood.lag, mood.unanswered) = (SETTLE, 1));
    world.grant_to(&reader, &["Readers", "Guests"]).await;
    assert_eq!(outcomes(&world.work(A).await), [("reader".to_owned(), Outcome::Unavailable)]);
    assert!(world.lets_in(&reader, "Guests"), "the write was taken");
    world.grant_to(&reader, &["Readers"]).await;
    let report = world.work(A).await;
    assert_eq!(outcomes(&report), [("reader".to_owned(), Outcome::Written)]);
    assert!(!world.lets_in(&reader, "Guests"));
    // The lost one might have arrived last: the role is looked at once more, and then left.
    let next = report.next.expect("the role is looked at again");
    after(Duration::from_secs((next.seconds() - crate::support::now().seconds()).unsigned_abs())).await;
    let report = world.work(A).await;
    assert_eq!(outcomes(&report), [("reader".to_owned(), Outcome::Unchanged)]);
    assert_eq!(report.next, None);
}

#[tokio::test(start_paused = true)]
async fn a_withdrawal_lands_after_a_worker_died_between_write_and_note() {
    let (world, reader) = World::with_reader().await;
    after(SETTLE * 2).await;
    world.iam().mood(A, |mood| (mood.lag, mood.latency) = (SETTLE, Duration::from_secs(1)));
    world.grant_to(&reader, &["Readers", "Guests"]).await;
    let account = signet_core::role::AccountId::parse(A).unwrap();
    let until = tokio::time::Instant::now() + Duration::from_mins(1);
    {
        let scope = Scope::Due;
        let mut work = pin!(world.reconciler.account(&account, &scope, until, &world.heard));
        // Dies as soon as IAM has the document.
        std::future::poll_fn(|context| match work.as_mut().poll(context) {
            Poll::Ready(report) => panic!("{report:?}"),
            Poll::Pending if world.lets_in(&reader, "Guests") => Poll::Ready(()),
            Poll::Pending => Poll::Pending,
        })
        .await;
    }
    world.grant_to(&reader, &["Readers"]).await;
    assert_eq!(world.run(A, &Scope::Due, Duration::from_mins(1)).await.ended, Ended::Busy);
    // Long after the write, and so after all that `settle` covers; what IAM shows is old still.
    world.iam().mood(A, |mood| mood.lag = Duration::from_mins(10));
    after(Duration::from_mins(2)).await;
    world.work(A).await;
    assert!(!world.lets_in(&reader, "Guests"));
    world.check(&reader).await;
}

#[tokio::test(start_paused = true)]
async fn of_two_reconcilers_one_works_and_looks_again() {
    let world = World::new().await;
    let roles: Vec<_> = (0..6).map(|number| role(A, &format!("r{number}"))).collect();
    for role in &roles {
        world.iam().create(role.as_str(), &policy(EC2), &[]);
    }
    world.apps(&[saml_app("a")]).await;
    let grants: Vec<_> = roles.iter().map(|role| ("Readers", role, None, None)).collect();
    world.grant(&grants).await;
    world.iam().mood(A, |mood| mood.latency = Duration::from_secs(1));
    let second = async {
        after(Duration::from_millis(1_500)).await;
        let grants: Vec<_> = roles.iter().map(|role| ("Stewards", role, None, None)).collect();
        world.grant(&grants).await;
        world.run(A, &Scope::Due, Duration::from_mins(10)).await
    };
    let (first, second) = tokio::join!(world.work(A), second);
    assert_eq!((first.ended, second.ended), (Ended::Done, Ended::Busy));
    for role in &roles {
        world.check(role).await;
        assert!(!world.lets_in(role, "Readers"));
        let row = world.row(role).await;
        assert_eq!(row.applied, row.wanted);
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_raised_while_a_role_is_written_is_repeated_without_reading() {
    let (world, reader) = World::with_reader().await;
    after(SETTLE * 2).await;
    world.iam().mood(A, |mood| (mood.lag, mood.latency) = (SETTLE, Duration::from_secs(2)));
    world.grant_to(&reader, &["Readers", "Guests"]).await;
    world.iam().forget_calls();
    let (report, ()) = tokio::join!(world.work(A), async {
        // The role was read after 2 s, and is written until 4 s.
        after(Duration::from_secs(3)).await;
        world.grant_to(&reader, &["Readers"]).await;
    });
    let written = ("reader".to_owned(), Outcome::Written);
    assert_eq!(outcomes(&report), [written.clone(), written]);
    let operations: Vec<_> = world.iam().calls().iter().map(|call| call.operation).collect();
    assert_eq!(operations, ["GetRole", "UpdateAssumeRolePolicy", "UpdateAssumeRolePolicy"]);
    assert!(!world.lets_in(&reader, "Guests"));
    world.check(&reader).await;
}

#[tokio::test(start_paused = true)]
async fn who_lost_the_lease_writes_nothing_any_more() {
    let (world, reader) = World::with_reader().await;
    let before = world.iam().document(reader.as_str());
    world.grant_to(&reader, &["Stewards"]).await;
    // One call takes longer than the lease lasts, and another takes the account meanwhile.
    world.iam().mood(A, |mood| mood.latency = Duration::from_mins(3));
    let account = signet_core::role::AccountId::parse(A).unwrap();
    let second = async {
        after(Duration::from_secs(150)).await;
        let (now, until) = (crate::support::now(), signet_core::grant::Timestamp::from_seconds(4_000_000_000));
        world.table().lease(&account, "another", now, until).await.unwrap();
    };
    let (report, ()) = tokio::join!(world.run(A, &Scope::Due, Duration::from_mins(30)), second);
    assert_eq!(report.ended, Ended::Lost);
    assert_eq!(world.iam().document(reader.as_str()), before);
}

#[tokio::test(start_paused = true)]
async fn a_conflict_is_tried_again() {
    let (world, reader) = World::with_reader().await;
    world.iam().mood(A, |mood| mood.conflicts = 2);
    world.grant_to(&reader, &["Stewards"]).await;
    for outcome in [Outcome::Unavailable, Outcome::Unavailable, Outcome::Written] {
        assert_eq!(outcomes(&world.work(A).await), [("reader".to_owned(), outcome)]);
        after(Duration::from_secs(20)).await;
    }
    world.check(&reader).await;
}
