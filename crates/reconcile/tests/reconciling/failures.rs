//! Roles and accounts that cannot be brought to what is wanted, and hold nobody else up.

use std::time::Duration;

use signet_core::grant::Timestamp;
use signet_core::trust::plan::Quota;
use signet_reconcile::account::{ReconcileError, Scope};
use signet_reconcile::report::{Ended, Outcome};
use tokio::time::Instant;

use crate::support::{A, B, EC2, SETTLE, World, after, foreign, now, outcomes, policy, role, saml_app};

fn groups(numbers: std::ops::Range<usize>) -> Vec<String> {
    numbers.map(|number| format!("Group {number}")).collect()
}

async fn grant(world: &World, role: &signet_core::role::RoleArn, groups: &[String]) {
    let groups: Vec<&str> = groups.iter().map(String::as_str).collect();
    world.grant_to(role, &groups).await;
}

#[tokio::test(start_paused = true)]
async fn a_withdrawal_lands_where_the_rest_is_too_long() {
    let (world, reader) = World::with_reader().await;
    grant(&world, &reader, &groups(0..80)).await;
    world.work(A).await;
    grant(&world, &reader, &groups(1..200)).await;
    let report = world.work(A).await;
    assert_eq!(outcomes(&report), [("reader".to_owned(), Outcome::TooLong)]);
    assert_eq!(world.heard.kinds(), ["policy_too_long reader"]);
    assert!(!world.lets_in(&reader, "Group 0") && world.lets_in(&reader, "Group 1"));
    assert!(!world.lets_in(&reader, "Group 150"));
    let row = world.row(&reader).await;
    assert!(row.applied < row.wanted && row.since.is_some() && row.next.is_some());

    // It stays so quietly, until there is room.
    after(Duration::from_mins(1)).await;
    assert_eq!(outcomes(&world.work(A).await), [("reader".to_owned(), Outcome::TooLong)]);
    assert_eq!(world.heard.kinds(), [""; 0]);
    grant(&world, &reader, &groups(1..60)).await;
    assert_eq!(outcomes(&world.work(A).await), [("reader".to_owned(), Outcome::Written)]);
    world.check(&reader).await;
}

#[tokio::test(start_paused = true)]
async fn a_withdrawal_lands_where_the_account_has_a_shorter_quota_than_the_setting() {
    let (mut world, reader) = World::with_reader().await;
    world.reconciler.settings.quota = Quota::new(8_192).unwrap();
    grant(&world, &reader, &groups(0..80)).await;
    world.work(A).await;
    grant(&world, &reader, &groups(1..200)).await;
    let report = world.work(A).await;
    assert_eq!(outcomes(&report), [("reader".to_owned(), Outcome::TooLong)]);
    assert_eq!(report.roles[0].calls, 3);
    assert_eq!(world.heard.kinds(), ["policy_too_long reader"]);
    assert!(!world.lets_in(&reader, "Group 0") && world.lets_in(&reader, "Group 1"));
    world.iam().mood(A, |mood| mood.quota = 8_192);
    after(Duration::from_mins(1)).await;
    assert_eq!(outcomes(&world.work(A).await), [("reader".to_owned(), Outcome::Written)]);
    world.check(&reader).await;
}

#[tokio::test(start_paused = true)]
async fn a_withdrawal_lands_past_deleted_principals_of_others() {
    let (world, reader) = World::with_reader().await;
    let dangling =
        r#"{"Effect":"Allow","Principal":{"AWS":["AROAEXAMPLEEXAMPLE123","111122223333"]},"Action":"sts:AssumeRole"}"#;
    let document = world.iam().document(reader.as_str()).replace(EC2, &format!("{EC2},{dangling}"));
    world.iam().edit(reader.as_str(), &document);
    after(SETTLE * 2).await;
    world.grant(&[]).await;
    let report = world.work(A).await;
    assert_eq!(outcomes(&report), [("reader".to_owned(), Outcome::Written)]);
    assert!(report.roles[0].why.as_ref().unwrap().contains("AROAEXAMPLEEXAMPLE123"));
    assert_eq!(report.roles[0].calls, 3);
    assert_eq!(world.heard.kinds(), ["drift reader"]);
    assert!(!world.lets_in(&reader, "Readers"));
    let left = foreign(&world.iam().document(reader.as_str()));
    assert_eq!(left.len(), 2);
    assert!(left[0] == EC2 && left[1].contains("111122223333") && !left[1].contains("AROA"), "{left:?}");
}

#[tokio::test(start_paused = true)]
async fn a_withdrawal_lands_past_both() {
    let (mut world, reader) = World::with_reader().await;
    grant(&world, &reader, &groups(0..70)).await;
    world.work(A).await;
    world.reconciler.settings.quota = Quota::new(8_192).unwrap();
    let dangling = r#"{"Effect":"Allow","Principal":{"AWS":["AIDAEXAMPLEEXAMPLE123"]},"Action":"sts:AssumeRole"}"#;
    let document = world.iam().document(reader.as_str()).replace(EC2, &format!("{EC2},{dangling}"));
    world.iam().edit(reader.as_str(), &document);
    after(SETTLE * 2).await;
    grant(&world, &reader, &groups(1..200)).await;
    assert_eq!(outcomes(&world.work(A).await), [("reader".to_owned(), Outcome::Refused)]);
    after(Duration::from_secs(6)).await;
    world.work(A).await;
    assert!(!world.lets_in(&reader, "Group 0") && world.lets_in(&reader, "Group 1"));
}

#[tokio::test(start_paused = true)]
async fn a_deleted_role_is_gone_while_granted_and_absent_afterwards() {
    let (world, reader) = World::with_reader().await;
    world.iam().delete(reader.as_str());
    world.grant_to(&reader, &["Stewards"]).await;
    assert_eq!(outcomes(&world.work(A).await), [("reader".to_owned(), Outcome::Gone)]);
    assert_eq!(world.heard.kinds(), ["role_unreachable reader"]);
    // One of the same name with another path is another role.
    world.iam().create("arn:aws:iam::111122223333:role/other/reader", &policy(EC2), &[("signet", "yes")]);
    after(Duration::from_secs(6)).await;
    assert_eq!(outcomes(&world.work(A).await), [("reader".to_owned(), Outcome::Gone)]);
    assert_eq!(world.iam().document("arn:aws:iam::111122223333:role/other/reader"), policy(EC2));
    world.iam().delete("arn:aws:iam::111122223333:role/other/reader");
    world.grant(&[]).await;
    assert_eq!(outcomes(&world.work(A).await), [("reader".to_owned(), Outcome::Absent)]);
    let row = world.row(&reader).await;
    assert_eq!((row.applied, row.since, row.next, row.failures), (row.wanted, None, None, 0));
    // It is there again, new, and granted again: nobody changed anything of ours.
    world.iam().create(reader.as_str(), &policy(EC2), &[]);
    after(SETTLE * 2).await;
    world.grant_to(&reader, &["Stewards"]).await;
    assert!(!world.work(A).await.roles[0].drifted);
    world.check(&reader).await;
    assert_eq!(world.heard.kinds(), [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn a_denied_account_is_told_once_and_tried_again() {
    let (world, reader) = World::with_reader().await;
    world.iam().mood(A, |mood| mood.denied = true);
    world.grant_to(&reader, &["Stewards"]).await;
    let mut pauses = Vec::new();
    for _ in 0..4 {
        let report = world.work(A).await;
        assert_eq!(outcomes(&report), [("reader".to_owned(), Outcome::Denied)]);
        let pause = report.next.unwrap().seconds() - now().seconds();
        pauses.push(pause);
        after(Duration::from_secs(pause.unsigned_abs())).await;
    }
    assert_eq!(pauses, [5, 10, 20, 40]);
    assert_eq!(world.heard.kinds(), ["role_unreachable reader"]);
    world.iam().mood(A, |mood| mood.denied = false);
    world.work(A).await;
    world.check(&reader).await;
}

#[tokio::test(start_paused = true)]
async fn an_account_that_throttles_for_a_minute_holds_no_other_up() {
    let world = World::new().await;
    let roles = [role(A, "one"), role(B, "two")];
    for role in &roles {
        world.iam().create(role.as_str(), &policy(EC2), &[]);
    }
    world.apps(&[saml_app("a")]).await;
    world.grant(&[("Readers", &roles[0], None, None), ("Readers", &roles[1], None, None)]).await;
    let begun = Instant::now();
    world.iam().mood(A, |mood| mood.throttled_until = Some(begun + Duration::from_mins(1)));
    let (slow, fast) = tokio::join!(world.work(A), async {
        let report = world.work(B).await;
        (report, begun.elapsed())
    });
    assert_eq!(outcomes(&slow), [("one".to_owned(), Outcome::Unavailable)]);
    assert_eq!(outcomes(&fast.0), [("two".to_owned(), Outcome::Written)]);
    assert!(fast.1 < Duration::from_secs(5), "{:?}", fast.1);
    while begun.elapsed() < Duration::from_mins(3) {
        after(Duration::from_secs(5)).await;
        world.work(A).await;
    }
    world.check(&roles[0]).await;
    assert_eq!(world.heard.kinds(), ["role_unreachable one"]);
}

#[tokio::test(start_paused = true)]
async fn a_role_that_fails_holds_no_other_of_its_account_up() {
    let world = World::new().await;
    let (gone, unreadable, fine) = (role(A, "a-gone"), role(A, "b-unreadable"), role(A, "c-fine"));
    world.iam().create(unreadable.as_str(), "not JSON", &[]);
    world.iam().create(fine.as_str(), &policy(EC2), &[]);
    world.apps(&[saml_app("a")]).await;
    world.grant(&[&gone, &unreadable, &fine].map(|role| ("Readers", role, None, None))).await;
    let mut found = outcomes(&world.work(A).await);
    found.sort();
    let found: Vec<_> = found.into_iter().map(|(_, outcome)| outcome).collect();
    assert_eq!(found, [Outcome::Gone, Outcome::Unreadable, Outcome::Written]);
}

#[tokio::test(start_paused = true)]
async fn an_expired_grant_goes_by_itself_and_no_failure_puts_it_off() {
    let (world, reader) = World::with_reader().await;
    let end = Timestamp::from_seconds(now().seconds() + 30);
    world.grant(&[("Readers", &reader, None, None), ("Guests", &reader, None, Some(end))]).await;
    assert_eq!(world.work(A).await.next, Some(end));
    assert!(world.lets_in(&reader, "Guests"));
    // Fails again and again; the next attempt is never after the end.
    world.iam().mood(A, |mood| mood.denied = true);
    world.grant(&[("Stewards", &reader, None, None), ("Guests", &reader, None, Some(end))]).await;
    while now() < end {
        let next = world.work(A).await.next.unwrap();
        assert!(next <= end && next > now());
        after(Duration::from_secs((next.seconds() - now().seconds()).unsigned_abs())).await;
    }
    world.iam().mood(A, |mood| mood.denied = false);
    world.work(A).await;
    assert!(!world.lets_in(&reader, "Guests") && world.lets_in(&reader, "Stewards"));
    assert_eq!(world.row(&reader).await.next, None);
}

#[tokio::test(start_paused = true)]
async fn nothing_is_noted_that_nobody_could_be_told_of() {
    let (world, reader) = World::with_reader().await;
    world.iam().mood(A, |mood| mood.denied = true);
    world.grant_to(&reader, &["Stewards"]).await;
    world.heard.deaf.set(true);
    let account = signet_core::role::AccountId::parse(A).unwrap();
    let until = Instant::now() + Duration::from_mins(1);
    let error = world.reconciler.account(&account, &Scope::Due, until, &world.heard).await.unwrap_err();
    assert!(matches!(error, ReconcileError::Untold(_)), "{error}");
    assert_ne!(world.row(&reader).await.outcome.as_deref(), Some("denied"));
    // The account is free again, and the next one tells.
    world.heard.deaf.set(false);
    assert_eq!(outcomes(&world.work(A).await), [("reader".to_owned(), Outcome::Denied)]);
    assert_eq!(world.heard.kinds(), ["role_unreachable reader"]);
}

#[tokio::test(start_paused = true)]
async fn what_is_not_done_in_time_is_done_the_next_time() {
    let world = World::new().await;
    let roles: Vec<_> = (0..20).map(|number| role(A, &format!("r{number}"))).collect();
    for role in &roles {
        world.iam().create(role.as_str(), &policy(EC2), &[]);
    }
    world.apps(&[saml_app("a")]).await;
    let grants: Vec<_> = roles.iter().map(|role| ("Readers", role, None, None)).collect();
    world.grant(&grants).await;
    world.iam().mood(A, |mood| mood.latency = Duration::from_secs(2));
    let mut ended = Vec::new();
    for _ in 0..12 {
        let report = world.run(A, &Scope::Due, Duration::from_secs(5)).await;
        ended.push(report.ended);
        if report.ended == Ended::Done {
            break;
        }
    }
    assert!(ended.len() > 3 && ended.last() == Some(&Ended::Done), "{ended:?}");
    for role in &roles {
        world.check(role).await;
    }
}
