//! An audit costs an account two lists, changes nothing, and is silent about nothing.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may fail by a panic"
)]

#[path = "reconciling/support/mod.rs"]
mod support;

use std::collections::BTreeSet;
use std::time::Duration;

use signet_reconcile::audit::{Finding, Weight, offline};
use support::{A, B, EC2, SETTLE, World, after, now, policy, role, saml_app, saml_event};

/// What was found, but for its text.
fn kinds(found: &[Finding]) -> Vec<(Weight, &'static str, &str)> {
    found.iter().map(|one| (one.weight, one.kind, one.subject.as_str())).collect()
}

/// Two accounts with a role each, all as it should be.
async fn two_accounts() -> World {
    let world = World::new().await;
    world.apps(&[saml_app("a")]).await;
    world.event(&saml_event("a", "metadata")).await;
    for account in [A, B] {
        world.iam().create(role(account, "reader").as_str(), &policy(EC2), &[]);
    }
    world.grant(&[("Readers", &role(A, "reader"), None, None), ("Readers", &role(B, "reader"), None, None)]).await;
    for account in [A, B] {
        world.work(account).await;
    }
    after(Duration::from_mins(10)).await;
    world.iam().forget_calls();
    world
}

async fn audit(world: &World) -> (Vec<Finding>, Vec<String>) {
    let mut lines = Vec::new();
    let found = world.reconciler.audit(now(), |line| lines.push(line.to_owned())).await.unwrap();
    (found, lines)
}

#[tokio::test(start_paused = true)]
async fn an_account_costs_two_lists_and_nothing_changes() {
    let world = two_accounts().await;
    let (found, mut lines) = audit(&world).await;
    assert_eq!(found, []);
    let operations: Vec<_> = world.iam().calls().iter().map(|call| (call.account.clone(), call.operation)).collect();
    for account in [A, B] {
        let own: BTreeSet<_> = operations.iter().filter(|(of, _)| of == account).map(|(_, name)| *name).collect();
        assert!(!own.contains("GetRole"), "{own:?}");
        assert!(operations.iter().filter(|(of, _)| of == account).count() <= 3, "{operations:?}");
    }
    assert_eq!(world.iam().writes(), []);
    lines.sort();
    assert_eq!(lines.len(), 2);
    assert!(lines[0].contains(A) && lines[1].contains(B) && lines.iter().any(|line| line.contains("(2 of 2)")));
    assert_eq!(world.heard.kinds(), [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn an_account_that_lets_nobody_in_is_a_finding_and_holds_no_other_up() {
    let world = two_accounts().await;
    let reader = role(B, "reader");
    let changed = world.iam().document(reader.as_str()).replace("SAML:aud", "saml:iss");
    world.iam().edit(reader.as_str(), &changed);
    world.iam().mood(A, |mood| mood.denied = true);
    let (found, _) = audit(&world).await;
    assert_eq!(kinds(&found), [(Weight::Error, "drift", reader.as_str()), (Weight::Error, "unreachable", A)]);
    // What is noted of its roles is said all the same.
    world.grant(&[]).await;
    world.work(A).await;
    let (found, _) = audit(&world).await;
    let denied = role(A, "reader");
    assert!(kinds(&found).contains(&(Weight::Error, "denied", denied.as_str())), "{found:?}");
}

#[tokio::test(start_paused = true)]
async fn what_waits_grows_old_and_is_seen_without_iam() {
    let world = two_accounts().await;
    // The look at providers once IAM has settled.
    after(SETTLE * 2).await;
    world.work(A).await;
    world.work(B).await;
    world.iam().forget_calls();
    world.grant(&[("Readers", &role(A, "reader"), None, None)]).await;
    let stale = async || {
        let found = offline(world.table(), &world.reconciler.settings, now()).await.unwrap();
        found.iter().filter(|one| one.kind == "stale").map(|one| (one.weight, one.subject.clone())).collect::<Vec<_>>()
    };
    assert_eq!(stale().await, [(Weight::Note, B.to_owned())]);
    after(Duration::from_hours(1)).await;
    assert_eq!(stale().await, [(Weight::Warning, B.to_owned())]);
    after(Duration::from_hours(24)).await;
    assert_eq!(stale().await, [(Weight::Error, B.to_owned())]);
    assert_eq!(world.iam().calls(), []);
    world.work(B).await;
    assert_eq!(stale().await, []);
}
