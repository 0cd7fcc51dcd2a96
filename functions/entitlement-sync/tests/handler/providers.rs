//! Apps' identity providers.

use serde_json::{Value, json};

use crate::sns::Mood;
use crate::support::{APPS, World, envelope, received, sample};

fn provider(revision: u64, change: impl FnOnce(&mut Value)) -> Value {
    let mut event = sample("provider-saml-active");
    event["id"] = json!(format!("provider-{revision}"));
    event["data"]["revision"] = json!(revision);
    change(&mut event["data"]);
    event
}

fn edited(data: &mut Value, from: &str, to: &str) {
    let metadata = data["saml_metadata"].as_str().unwrap();
    assert!(metadata.contains(from), "{from}");
    data["saml_metadata"] = json!(metadata.replace(from, to));
}

/// Another certificate, of the same length.
fn renewed(data: &mut Value) {
    edited(data, "VbanfC35vojHdWk8", "VbanfC35vojHdWk9");
}

type Change = fn(&mut Value);

#[tokio::test]
async fn the_samples_of_providers_are_taken() {
    let world = World::new().await;
    for (file, outcome) in [
        ("provider-saml-active.sqs", "applied"),
        ("provider-saml-active.sqs", "repeated"),
        ("provider-oidc-active.sqs", "applied"),
        ("provider-deleted.sqs", "applied"),
        ("provider-saml-active.sqs", "superseded"),
    ] {
        let done = world.invoke(sample(file)).await;
        assert_eq!((done.outcome(), done.alerts.len()), (outcome, 0), "{file}: {done:#?}");
        let line = done.lines[0].to_string();
        assert!(!line.contains("EntityDescriptor"), "{line}");
    }
}

#[tokio::test]
async fn another_certificate_is_told_and_a_new_name_is_not() {
    let world = World::new().await;
    world.publish_app(&provider(1, |_| ())).await;
    let done = world.publish_app(&provider(2, |data| data["name"] = json!("Databricks 2"))).await;
    assert_eq!((done.outcome(), done.alerts.len()), ("applied", 0), "{done:#?}");
    let done = world.publish_app(&provider(3, renewed)).await;
    assert_eq!(done.outcome(), "applied");
    let [alert] = done.alerts.as_slice() else { panic!("{done:#?}") };
    let data = &alert["data"];
    assert_eq!(data["kind"], "metadata_changed");
    assert_eq!((&alert["subject"], &data["detail"]["revision"]), (&json!("0oath92zlO60urQOP0g3"), &json!(3)));
    let one = |name: &str| data["detail"][name][0].as_str().unwrap().to_owned();
    let (added, removed) = (one("certificates_added"), one("certificates_removed"));
    assert_eq!(data["detail"]["certificates"], json!([added]));
    assert_eq!(
        data["summary"],
        format!(
            "the SAML metadata of app `0oath92zlO60urQOP0g3`, `Databricks`, changed, and provider `okta-databricks` \
             gets it in every account: signing certificate `{added}` was added, and `{removed}` removed; whoever has \
             the key of an added one can sign people in, so make sure that it was meant"
        )
    );
    assert!(!alert.to_string().contains("EntityDescriptor"));
}

#[tokio::test]
async fn another_certificate_that_nobody_heard_of_is_told_at_the_next_delivery() {
    let world = World::new().await;
    world.publish_app(&provider(1, |_| ())).await;
    world.sns.be(Mood::Broken);
    let body = envelope(APPS, &provider(2, renewed));
    let done = world.invoke(json!({ "Records": [received("m", &body, 1)] })).await;
    assert_eq!((done.outcome(), done.failed.len()), ("failed", 1), "{done:#?}");
    world.heal();
    let done = world.invoke(json!({ "Records": [received("m", &body, 2)] })).await;
    assert_eq!((done.failed.len(), done.alerts.len()), (0, 1), "{done:#?}");
    assert_eq!(done.alerts[0]["data"]["kind"], "metadata_changed");
    let done = world.invoke(json!({ "Records": [received("m", &body, 3)] })).await;
    assert_eq!((done.outcome(), done.alerts.len()), ("repeated", 0));
}

#[tokio::test]
async fn other_metadata_with_the_same_certificates_says_so() {
    let world = World::new().await;
    world.publish_app(&provider(1, |_| ())).await;
    let done = world.publish_app(&provider(2, |data| edited(data, "/sso/saml", "/sso/saml2"))).await;
    let [alert] = done.alerts.as_slice() else { panic!("{done:#?}") };
    let summary = alert["data"]["summary"].as_str().unwrap();
    assert!(
        summary.ends_with("its signing certificates are the same, and something else in it is another"),
        "{summary}"
    );
    assert_eq!(alert["data"]["detail"]["certificates_added"], json!([]));
}

#[tokio::test]
async fn another_identity_provider_is_refused_also_after_a_deletion() {
    let world = World::new().await;
    world.publish_app(&provider(1, |_| ())).await;
    let other = |data: &mut Value| edited(data, "/exk1fcia6d6EMsf331d8\"", "/exkOther\"");
    let before = world.content().await;
    let done = world.publish_app(&provider(2, other)).await;
    let summary = done.refused("entity_change")["summary"].to_string();
    for id in ["`http://www.okta.com/exk1fcia6d6EMsf331d8`", "`http://www.okta.com/exkOther`"] {
        assert!(summary.contains(id), "{summary}");
    }
    assert_eq!(world.content().await, before);
    let deleted = provider(3, |data| {
        data["state"] = json!("deleted");
        data.as_object_mut().unwrap().remove("saml_metadata");
    });
    assert_eq!(world.publish_app(&deleted).await.outcome(), "applied");
    world.publish_app(&provider(4, other)).await.refused("entity_change");
    assert_eq!(world.publish_app(&provider(4, |_| ())).await.outcome(), "applied");
}

#[tokio::test]
async fn a_client_is_one_active_apps() {
    let world = World::new().await;
    let oidc = |app: &str, revision: u64| {
        let mut event = sample("provider-oidc-active");
        event["id"] = json!(format!("{app}-{revision}"));
        event["subject"] = json!(app);
        event["data"]["app"] = json!(app);
        event["data"]["provider"] = json!(format!("okta-{app}"));
        event["data"]["revision"] = json!(revision);
        event
    };
    assert_eq!(world.publish_app(&oidc("0oaOne", 1)).await.outcome(), "applied");
    let done = world.publish_app(&oidc("0oaTwo", 1)).await;
    let summary = done.refused("client_of_another_app")["summary"].to_string();
    assert!(summary.contains("client `0oa2fgkVx8sYLOmW10g4` of issuer `example.okta.com/oauth2/"), "{summary}");
    assert!(summary.contains("belongs to app `0oaOne`"), "{summary}");
    let mut gone = oidc("0oaOne", 2);
    gone["data"]["state"] = json!("deleted");
    assert_eq!(world.publish_app(&gone).await.outcome(), "applied");
    assert_eq!(world.publish_app(&oidc("0oaTwo", 1)).await.outcome(), "applied");
}

#[tokio::test]
async fn a_provider_is_one_apps_for_ever() {
    let world = World::new().await;
    world.publish_app(&provider(1, |_| ())).await;
    let before = world.content().await;
    let done = world.publish_app(&provider(2, |data| data["provider"] = json!("okta-other"))).await;
    assert_eq!(done.refused("provider_change")["kind"], "refused");
    let mut other = provider(1, |data| data["app"] = json!("0oaOther"));
    other["subject"] = json!("0oaOther");
    world.publish_app(&other).await.refused("provider_of_another_app");
    assert_eq!(world.content().await, before);
}

#[tokio::test]
async fn one_revision_has_one_content() {
    let world = World::new().await;
    world.publish_app(&provider(1, |_| ())).await;
    world.publish_app(&provider(1, renewed)).await.refused("revision_conflict");
}

#[tokio::test]
async fn a_provider_event_that_is_wrong_is_refused() {
    let world = World::new().await;
    let before = world.content().await;
    let wrong: [(Change, &str); 7] = [
        (|data| edited(data, "<md:EntityDescriptor", "<!DOCTYPE x><md:EntityDescriptor"), "/data/saml_metadata"),
        (|data| edited(data, "signing", "encryption"), "/data/saml_metadata"),
        (|data| data["protocol"] = json!("ldap"), "/data/protocol"),
        (|data| data["issuer_url"] = json!("https://idp.example.com"), "/data/issuer_url"),
        (|data| data["saml_metadata"] = json!("short"), "/data/saml_metadata"),
        (|data| data["provider"] = json!("a b"), "/data/provider"),
        (|data| data["surprise"] = json!(1), "/data/surprise"),
    ];
    for (change, place) in wrong {
        let done = world.publish_app(&provider(1, change)).await;
        let problems = done.refused("invalid_event")["detail"]["problems"].to_string();
        assert!(problems.contains(place), "{problems}");
    }
    assert_eq!(world.content().await, before);
}
