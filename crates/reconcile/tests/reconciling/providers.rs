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

/// IAM shows what it has by now, and the account is attended to again.
async fn settle(world: &World) -> Vec<String> {
    after(SETTLE + Duration::from_secs(2)).await;
    providers(&world.work(A).await)
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
    settle(&world).await;
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
    settle(&world).await;
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
    // They could not even be listed: what failed is the account's.
    let report = world.work(A).await;
    assert_eq!(providers(&report), ["failed 111122223333"]);
    assert_eq!(world.heard.kinds(), ["role_unreachable 111122223333"]);
    world.check(&reader).await;
    let row = world.state(A).await.row.unwrap();
    assert!(row.applied < row.wanted && row.next.is_some());
    assert!(row.why.unwrap().contains("throttled"));
    after(Duration::from_mins(1)).await;
    assert_eq!(providers(&world.work(A).await), ["created okta-a"]);
    settle(&world).await;
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

/// An account with metadata `one`, all of it noted as applied; from now on IAM shows providers late.
async fn settled() -> World {
    let (world, _) = begun(&[saml_app("a")], &[saml_event("a", "one")]).await;
    world.work(A).await;
    settle(&world).await;
    assert!(is_applied(&world).await);
    world.iam().mood(A, |mood| mood.provider_lag = SETTLE);
    world
}

async fn is_applied(world: &World) -> bool {
    let row = world.state(A).await.row.unwrap();
    row.applied == row.wanted && row.next.is_none()
}

#[tokio::test(start_paused = true)]
async fn metadata_that_was_taken_back_lands_although_iam_shows_the_old() {
    let world = settled().await;
    world.event(&saml_event("a", "two")).await;
    let report = world.work(A).await;
    assert_eq!((providers(&report), world.iam().saml(A)[SAML].as_str()), (vec!["updated okta-a".to_owned()], "two"));
    let row = world.state(A).await.row.unwrap();
    assert!(row.applied < row.wanted && row.next == report.next && row.next.is_some() && row.why.is_none());
    after(Duration::from_secs(2)).await;
    // It looks as wanted, and is not.
    world.event(&saml_event("a", "one")).await;
    assert_eq!(providers(&world.work(A).await), [""; 0]);
    assert!(!is_applied(&world).await);
    assert_eq!(settle(&world).await, ["updated okta-a"]);
    assert_eq!(world.iam().saml(A)[SAML], "one");
    // One more look, which reads no role.
    world.iam().forget_calls();
    assert_eq!(settle(&world).await, [""; 0]);
    let calls: Vec<_> = world.iam().calls().iter().map(|call| call.operation).collect();
    assert_eq!(calls, ["ListProviders", "GetSAMLProvider"]);
    assert!(is_applied(&world).await && !world.state(A).await.is_due(crate::support::now()));
    assert_eq!(world.heard.kinds(), [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn a_worker_that_dies_after_a_change_leaves_word_of_it() {
    for polls in 1.. {
        let world = settled().await;
        world.event(&saml_event("a", "two")).await;
        let ended = crate::crashes::die_after(&world, &Scope::Due, polls).await;
        // Somebody else takes over at once.
        let account = signet_core::role::AccountId::parse(A).unwrap();
        let (now, until) = (signet_core::grant::Timestamp::from_seconds(4_000_000_000), crate::support::now());
        world.table().lease(&account, "another", now, until).await.unwrap();
        world.event(&saml_event("a", "one")).await;
        after(Duration::from_secs(1)).await;
        world.work(A).await;
        settle(&world).await;
        settle(&world).await;
        assert_eq!(world.iam().saml(A)[SAML], "one", "after {polls} polls");
        assert!(is_applied(&world).await, "after {polls} polls");
        if ended {
            assert!(polls > 5);
            return;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_provider_that_was_deleted_is_made_again_although_it_is_listed() {
    let world = settled().await;
    world.event(&deleted(saml_event("a", ""))).await;
    assert_eq!(providers(&world.work(A).await), ["deleted okta-a"]);
    after(Duration::from_secs(2)).await;
    world.event(&saml_event("a", "one")).await;
    assert_eq!(providers(&world.work(A).await), [""; 0]);
    assert!(!is_applied(&world).await && world.iam().saml(A).is_empty());
    assert_eq!(settle(&world).await, ["created okta-a"]);
    assert_eq!(world.iam().saml(A)[SAML], "one");
    // It is not listed yet, and nobody is bothered by that.
    world.event(&saml_event("a", "two")).await;
    assert_eq!(providers(&world.work(A).await), [""; 0]);
    assert_eq!(settle(&world).await, ["updated okta-a"]);
    assert_eq!((settle(&world).await, world.iam().saml(A)[SAML].as_str()), (vec![], "two"));
    assert!(is_applied(&world).await);
    assert_eq!(world.heard.kinds(), [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn client_ids_that_are_shown_late_come_to_what_is_wanted() {
    let (world, _) = begun(&[oidc_app("a"), oidc_app("b")], &[oidc_event("a", &["a1"])]).await;
    world.work(A).await;
    settle(&world).await;
    world.iam().mood(A, |mood| mood.provider_lag = SETTLE);
    world.event(&oidc_event("b", &["b1"])).await;
    assert_eq!(providers(&world.work(A).await), ["updated example.okta.com"]);
    world.event(&deleted(oidc_event("b", &["b1"]))).await;
    assert_eq!(providers(&world.work(A).await), [""; 0]);
    assert_eq!(settle(&world).await, ["updated example.okta.com"]);
    assert_eq!(world.iam().oidc(A)[OIDC].client_ids, BTreeSet::from(["a1".to_owned()]));
    // And the other way round.
    world.event(&oidc_event("b", &["b1"])).await;
    world.work(A).await;
    settle(&world).await;
    settle(&world).await;
    assert_eq!(world.iam().oidc(A)[OIDC].client_ids, BTreeSet::from(["a1".to_owned(), "b1".to_owned()]));
    assert!(is_applied(&world).await);
}

#[tokio::test(start_paused = true)]
async fn an_expiry_in_between_does_not_hide_that_iam_has_not_settled() {
    let (world, reader) = begun(&[saml_app("a")], &[saml_event("a", "one")]).await;
    world.work(A).await;
    settle(&world).await;
    world.iam().mood(A, |mood| mood.provider_lag = SETTLE);
    let ends = signet_core::grant::Timestamp::from_seconds(crate::support::now().seconds() + 4);
    world.grant(&[("Readers", &reader, None, None), ("Guests", &reader, None, Some(ends))]).await;
    world.event(&saml_event("a", "two")).await;
    assert_eq!(world.work(A).await.next, Some(ends));
    world.event(&saml_event("a", "one")).await;
    world.work(A).await;
    after(Duration::from_secs(5)).await;
    world.work(A).await;
    assert!(!is_applied(&world).await);
    for _ in 0..3 {
        settle(&world).await;
    }
    assert_eq!(world.iam().saml(A)[SAML], "one");
    assert!(is_applied(&world).await);
}
