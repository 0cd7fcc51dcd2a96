//! The identity providers of accounts.

use std::collections::BTreeSet;
use std::time::Duration;

use signet_iam::Iam as _;
use signet_reconcile::account::Scope;
use signet_store::statement::{StatedApp, StatedProvider};

use crate::support::{
    A, EC2, SETTLE, World, after, by_name, deleted, oidc_app, oidc_event, policy, providers, role, saml_app, saml_event,
};

const SAML: &str = "arn:aws:iam::111122223333:saml-provider/okta-a";
const OIDC: &str = "arn:aws:iam::111122223333:oidc-provider/example.okta.com";

/// A role that `Readers` are granted, with these apps; nobody worked on it yet.
async fn begun(apps: &[StatedApp], events: &[StatedProvider]) -> (World, signet_core::role::RoleArn) {
    let world = World::new().await;
    let reader = role(A, "reader");
    world.iam().create(reader.as_str(), &policy(EC2), &[]);
    world.apps(apps).await;
    for event in events {
        world.event(event).await;
    }
    world.grant_to(&reader, &["Readers"]).await;
    (world, reader)
}

fn writes(world: &World) -> Vec<&'static str> {
    let writes = world.iam().writes().iter().map(|call| call.operation).collect();
    world.iam().forget_calls();
    writes
}

#[tokio::test(start_paused = true)]
async fn a_provider_is_there_before_statements_name_it_and_gone_after_them() {
    let (world, reader) = begun(&[saml_app("a")], &[saml_event("a", "one")]).await;
    world.work(A).await;
    assert_eq!(writes(&world), ["CreateSAMLProvider", "UpdateAssumeRolePolicy"]);
    assert_eq!(world.iam().saml(A)[SAML], "one");

    // Written only on a difference.
    after(SETTLE * 2).await;
    world.run(A, &Scope::All, Duration::from_mins(1)).await;
    world.event(&StatedProvider { name: "Another name".to_owned(), ..saml_event("a", "one") }).await;
    world.work(A).await;
    assert_eq!(writes(&world), [""; 0]);
    world.event(&saml_event("a", "two")).await;
    assert_eq!(providers(&world.work(A).await), ["updated okta-a"]);
    assert_eq!((writes(&world), world.iam().saml(A)[SAML].as_str()), (vec!["UpdateSAMLProvider"], "two"));
    assert_eq!(world.heard.kinds(), [""; 0]);

    world.event(&deleted(saml_event("a", ""))).await;
    assert_eq!(providers(&world.work(A).await), ["deleted okta-a"]);
    assert_eq!(writes(&world), ["UpdateAssumeRolePolicy", "DeleteProvider"]);
    assert_eq!(world.iam().document(reader.as_str()), policy(EC2));
    // It comes back.
    world.event(&saml_event("a", "two")).await;
    world.work(A).await;
    assert_eq!(writes(&world), ["CreateSAMLProvider", "UpdateAssumeRolePolicy"]);
    world.check(&reader).await;
}

#[tokio::test(start_paused = true)]
async fn a_provider_that_anybody_trusts_is_kept() {
    let (world, _) = begun(&[saml_app("a")], &[saml_event("a", "one")]).await;
    world.work(A).await;
    let foreign =
        format!(r#"{{"Effect":"Deny","Principal":{{"Federated":"{SAML}"}},"Action":"sts:AssumeRoleWithSAML"}}"#);
    let stranger = format!("arn:aws:iam::{A}:role/other/stranger");
    world.iam().create(&stranger, &policy(&foreign), &[]);
    world.event(&deleted(saml_event("a", ""))).await;
    let report = world.work(A).await;
    assert_eq!(providers(&report), ["kept okta-a"]);
    assert!(report.providers[0].why.as_ref().unwrap().contains(&stranger));
    let row = world.state(A).await.row.unwrap();
    assert!(row.applied == row.wanted && row.why.is_some() && row.next.is_some());
    assert_eq!(world.iam().document(&stranger), policy(&foreign));
    // Tried again by itself.
    world.iam().edit(&stranger, &policy(EC2));
    after(Duration::from_mins(11)).await;
    assert_eq!(providers(&world.work(A).await), ["deleted okta-a"]);
    assert_eq!(world.state(A).await.row.unwrap().why, None);
}

#[tokio::test(start_paused = true)]
async fn a_provider_waits_for_a_list_that_shows_our_own_old_documents() {
    let (world, _) = begun(&[saml_app("a")], &[saml_event("a", "one")]).await;
    world.work(A).await;
    after(SETTLE * 2).await;
    world.iam().mood(A, |mood| mood.lag = SETTLE);
    world.event(&deleted(saml_event("a", ""))).await;
    assert_eq!(providers(&world.work(A).await), ["kept okta-a"]);
    after(SETTLE + Duration::from_secs(2)).await;
    assert_eq!(providers(&world.work(A).await), ["deleted okta-a"]);
}

#[tokio::test(start_paused = true)]
async fn a_provider_stays_while_a_role_that_may_trust_it_cannot_be_reached() {
    let (world, reader) = begun(&[saml_app("a")], &[saml_event("a", "one")]).await;
    world.work(A).await;
    world.iam().mood(A, |mood| mood.conflicts = 1);
    world.event(&deleted(saml_event("a", ""))).await;
    assert_eq!(providers(&world.work(A).await), ["kept okta-a"]);
    assert!(world.lets_in(&reader, "Readers") && world.iam().saml(A).contains_key(SAML));
    after(Duration::from_mins(11)).await;
    world.work(A).await;
    assert!(!world.lets_in(&reader, "Readers"));
    after(Duration::from_mins(11)).await;
    world.work(A).await;
    assert!(!world.iam().saml(A).contains_key(SAML));
}

#[tokio::test(start_paused = true)]
async fn metadata_that_somebody_else_gave_a_provider_is_put_back_and_told() {
    let (world, _) = begun(&[saml_app("a")], &[saml_event("a", "one")]).await;
    world.work(A).await;
    world.iam().set_saml(A, SAML, "theirs");
    assert_eq!(providers(&world.sweep(A).await), ["updated okta-a"]);
    assert_eq!(world.iam().saml(A)[SAML], "one");
    assert_eq!(world.heard.kinds(), ["drift okta-a"]);
    // White space around it is nobody's doing.
    world.iam().set_saml(A, SAML, "\n one ");
    assert_eq!(providers(&world.sweep(A).await), [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn a_provider_that_fails_holds_no_statements_up_and_is_told_once() {
    let (world, reader) = begun(&[saml_app("a")], &[saml_event("a", "one")]).await;
    world.iam().mood(A, |mood| mood.throttled_until = Some(tokio::time::Instant::now() + Duration::from_secs(2)));
    world.iam().mood(A, |mood| mood.latency = Duration::from_millis(1_500));
    let report = world.work(A).await;
    assert_eq!(providers(&report), [""; 0]);
    assert_eq!(world.heard.kinds(), ["role_unreachable 111122223333"]);
    world.check(&reader).await;
    let row = world.state(A).await.row.unwrap();
    assert!(row.applied < row.wanted && row.next.is_some());
    assert!(row.why.unwrap().contains("throttled"));
    after(Duration::from_mins(1)).await;
    assert_eq!(providers(&world.work(A).await), ["created okta-a"]);
    let row = world.state(A).await.row.unwrap();
    assert_eq!((row.applied, row.why, row.next), (row.wanted, None, None));
}

#[tokio::test(start_paused = true)]
async fn providers_of_apps_that_no_event_spoke_of_are_left_alone() {
    let (world, reader) = begun(&[saml_app("a")], &[]).await;
    world.iam().set_saml(A, SAML, "theirs");
    world.work(A).await;
    world.check(&reader).await;
    assert_eq!(writes(&world), ["UpdateAssumeRolePolicy"]);
    assert_eq!(world.iam().saml(A)[SAML], "theirs");
}

#[tokio::test(start_paused = true)]
async fn an_app_that_is_switched_off_is_made_nowhere_and_kept_up_to_date() {
    let off = StatedApp { active: false, ..saml_app("a") };
    let (world, reader) = begun(&[off], &[saml_event("a", "one")]).await;
    world.work(A).await;
    assert_eq!(writes(&world), [""; 0]);
    world.iam().set_saml(A, SAML, "old");
    world.event(&saml_event("a", "two")).await;
    world.work(A).await;
    assert_eq!(world.iam().saml(A)[SAML], "two");
    world.check(&reader).await;
}

#[tokio::test(start_paused = true)]
async fn client_ids_come_and_go_and_strangers_stay() {
    let apps = [oidc_app("a"), oidc_app("b")];
    let (world, reader) = begun(&apps, &[oidc_event("a", &["a1"]), oidc_event("b", &["b1", "b2"])]).await;
    world.work(A).await;
    let ids = || by_name(&world.iam().oidc(A))["example.okta.com"].client_ids.clone();
    let set = |ids: &[&str]| ids.iter().map(|id| (*id).to_owned()).collect::<BTreeSet<_>>();
    assert_eq!(ids(), set(&["a1", "b1", "b2"]));
    world.check(&reader).await;
    let account = signet_iam::Account::of(&reader);
    world.iam().add_client_id(&account, OIDC, "theirs").await.unwrap();
    world.event(&oidc_event("a", &["a1", "a2"])).await;
    world.work(A).await;
    assert_eq!(ids(), set(&["a1", "a2", "b1", "b2", "theirs"]));
    world.event(&deleted(oidc_event("b", &["b1", "b2"]))).await;
    assert_eq!(providers(&world.work(A).await), ["updated example.okta.com"]);
    assert_eq!(ids(), set(&["a1", "a2", "theirs"]));
    world.event(&deleted(oidc_event("a", &["a1", "a2"]))).await;
    world.work(A).await;
    assert_eq!(ids(), set(&["theirs"]));
    assert_eq!(world.iam().document(reader.as_str()), policy(EC2));
    // Nothing of ours is left to do there.
    assert_eq!(providers(&world.sweep(A).await), [""; 0]);
    world.iam().remove_client_id(&account, OIDC, "theirs").await.unwrap();
    assert_eq!(providers(&world.sweep(A).await), ["deleted example.okta.com"]);
}
