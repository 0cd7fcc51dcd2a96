//! Sweeps and dry runs.

use std::time::Duration;

use signet_core::role::RoleArn;
use signet_reconcile::account::Scope;
use signet_reconcile::report::Outcome;

use crate::support::{A, EC2, SETTLE, World, after, outcomes, policy, providers, role, saml_app, saml_event};

#[tokio::test(start_paused = true)]
async fn a_sweep_without_differences_writes_nothing() {
    let world = World::new().await;
    let roles: Vec<_> = (0..5).map(|number| role(A, &format!("r{number}"))).collect();
    for role in &roles {
        world.iam().create(role.as_str(), &policy(EC2), &[]);
    }
    world.iam().create("arn:aws:iam::111122223333:role/data/stranger", &policy(EC2), &[]);
    world.apps(&[saml_app("a")]).await;
    world.event(&saml_event("a", "one")).await;
    let grants: Vec<_> = roles.iter().map(|role| ("Readers", role, None, None)).collect();
    world.grant(&grants).await;
    world.work(A).await;
    after(SETTLE * 2).await;
    // The look at providers once IAM has settled.
    world.work(A).await;
    world.iam().forget_calls();
    let before =
        (world.state(A).await, world.connector.calls("UpdateItem"), world.connector.calls("TransactWriteItems"));
    let report = world.sweep(A).await;
    assert_eq!((outcomes(&report), providers(&report)), (vec![], vec![]));
    assert_eq!(world.iam().writes(), []);
    assert_eq!(world.iam().calls().iter().filter(|call| call.operation == "GetRole").count(), 0);
    assert_eq!(world.state(A).await, before.0);
    // Taking the lease and letting go of it.
    assert_eq!(world.connector.calls("UpdateItem") - before.1, 2);
    assert_eq!(world.connector.calls("TransactWriteItems"), before.2);
}

#[tokio::test(start_paused = true)]
async fn a_sweep_mends_what_differs_and_reads_nothing_else() {
    let world = World::new().await;
    let (one, two) = (role(A, "one"), role(A, "two"));
    for role in [&one, &two] {
        world.iam().create(role.as_str(), &policy(EC2), &[]);
    }
    world.apps(&[saml_app("a")]).await;
    world.grant(&[("Readers", &one, None, None), ("Readers", &two, None, None)]).await;
    world.work(A).await;
    after(SETTLE * 2).await;
    world.iam().edit(two.as_str(), &policy(EC2));
    world.iam().forget_calls();
    let report = world.sweep(A).await;
    assert_eq!(outcomes(&report), [("two".to_owned(), Outcome::Written)]);
    assert!(report.roles[0].drifted);
    let read: Vec<_> = world.iam().calls().into_iter().filter(|call| call.operation == "GetRole").collect();
    assert_eq!(read.len(), 1);
    world.check(&two).await;
    assert_eq!(world.heard.kinds(), ["drift two"]);
}

#[tokio::test(start_paused = true)]
async fn statements_of_ours_where_nothing_was_granted_are_taken_off() {
    let (world, reader) = World::with_reader().await;
    let ours = world.iam().document(reader.as_str());
    let inside = role(A, "copy");
    let outside = RoleArn::parse(&format!("arn:aws:iam::{A}:role/other/copy2")).unwrap();
    let own = role(A, "signet-member");
    for role in [&inside, &outside, &own] {
        world.iam().create(role.as_str(), &ours, &[]);
    }
    after(SETTLE * 2).await;
    let report = world.sweep(A).await;
    assert_eq!(outcomes(&report), [("copy".to_owned(), Outcome::Written), ("copy2".to_owned(), Outcome::OutOfBounds)]);
    assert!(report.roles[0].drifted);
    assert_eq!(world.iam().document(inside.as_str()), policy(EC2));
    assert_eq!(world.iam().document(outside.as_str()), ours);
    assert_eq!(world.iam().document(own.as_str()), ours);
    assert_eq!(world.heard.kinds(), ["drift copy", "role_unreachable copy2"]);
    // No row is made for them.
    assert_eq!(world.state(A).await.roles.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_sweep_that_cannot_list_is_told_and_does_what_is_due() {
    let (world, reader) = World::with_reader().await;
    world.iam().mood(A, |mood| mood.denied = true);
    world.grant_to(&reader, &["Stewards"]).await;
    world.sweep(A).await;
    assert_eq!(world.heard.kinds(), ["role_unreachable 111122223333", "role_unreachable reader"]);
    assert!(world.state(A).await.row.unwrap().why.unwrap().contains("denied"));
    world.iam().mood(A, |mood| mood.denied = false);
    after(Duration::from_mins(20)).await;
    world.sweep(A).await;
    world.check(&reader).await;
    assert_eq!(world.state(A).await.row.unwrap().why, None);
}

#[tokio::test(start_paused = true)]
async fn a_dry_run_says_what_would_be_done_and_does_nothing() {
    let world = World::new().await;
    let reader = role(A, "reader");
    world.iam().create(reader.as_str(), &policy(EC2), &[]);
    world.apps(&[saml_app("a")]).await;
    world.event(&saml_event("a", "one")).await;
    world.grant_to(&reader, &["Readers"]).await;
    let before = world.state(A).await;
    for scope in [Scope::Due, Scope::All, Scope::Sweep, Scope::Roles([reader.clone()].into())] {
        let report = world.preview(A, &scope).await;
        assert_eq!(outcomes(&report), [("reader".to_owned(), Outcome::WouldWrite)], "{scope:?}");
        assert_eq!(providers(&report), ["would_create okta-a"]);
        let report = &report.roles[0];
        assert_eq!(report.before.as_deref(), Some(policy(EC2).as_str()));
        world.check_document(&reader, report.after.as_ref().unwrap()).await;
    }
    assert_eq!(world.iam().writes(), []);
    assert_eq!(world.state(A).await, before);
    assert_eq!(world.heard.kinds(), [""; 0]);
}
