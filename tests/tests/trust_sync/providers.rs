//! An app's provider comes, changes and goes.

use serde_json::{Value, json};
use signet_tests::flow::{PROVIDERS, sample};

use super::{ACCOUNTS, APP, NIGHT, PROVIDER, assert_lets_in, sign_in, started, state, statements};

/// The provider event of the app at another revision.
fn event(revision: u64, change: impl FnOnce(&mut Value)) -> Value {
    let mut event = sample("provider-saml-active");
    event["id"] = json!(format!("{APP}-{revision}"));
    event["data"]["revision"] = json!(revision);
    change(&mut event["data"]);
    event
}

#[tokio::test]
async fn a_deleted_app_loses_its_statements_and_then_its_provider() {
    let (accounts, roles) = started().await;
    state(&accounts, 1, &[(&roles[0], &[NIGHT]), (&roles[2], &[NIGHT])]).await;
    let night = sign_in(&accounts, &[NIGHT]).await.unwrap();
    assert_lets_in(&accounts, &roles, &night, &[&roles[0], &roles[2]]).await;
    // Another role of the second account trusts the provider, by nobody's leave.
    let other = accounts.create_role(ACCOUNTS[1], "/platform/", "deployer").await;
    let trusting = json!({
        "Version": "2012-10-17",
        "Statement": {
            "Effect": "Allow",
            "Principal": { "Federated": format!("arn:aws:iam::{}:saml-provider/{PROVIDER}", ACCOUNTS[1]) },
            "Action": "sts:AssumeRoleWithSAML",
        },
    });
    accounts.set_trust_policy(&other, &trusting).await;

    let mut deleted = sample("provider-deleted");
    deleted["data"]["revision"] = json!(7);
    accounts.flow.publish(PROVIDERS, &deleted);
    accounts.settled().await;
    assert_eq!(sign_in(&accounts, &[NIGHT]).await, None);
    assert_lets_in(&accounts, &roles, &night, &[]).await;
    for role in &roles {
        // Those of the other app of the file stay.
        let ours = statements(&accounts, role, true).await;
        assert!(!ours.iter().any(|statement| statement.to_string().contains(PROVIDER)), "{role}: {ours:?}");
    }
    assert_eq!(accounts.saml_metadata(ACCOUNTS[0], PROVIDER).await, None);
    assert!(accounts.saml_metadata(ACCOUNTS[1], PROVIDER).await.is_some(), "a role trusts it still");
}

#[tokio::test]
async fn a_changed_certificate_reaches_every_account_and_people() {
    let (accounts, roles) = started().await;
    state(&accounts, 1, &[(&roles[0], &[NIGHT]), (&roles[2], &[NIGHT])]).await;
    let first = accounts.saml_metadata(ACCOUNTS[0], PROVIDER).await.unwrap();
    let certificate =
        |metadata: &str| metadata.split("X509Certificate>").nth(1).unwrap().trim_end_matches("</ds:").to_owned();
    let old = certificate(&first);
    // Another one: its last bytes, of the signature, come in another order.
    let (rest, last) = old.split_at(old.len() - 12);
    let (a, b) = last.split_at(4);
    let new = format!("{rest}{}{a}{}", b.split_at(4).0, b.split_at(4).1);
    assert_ne!(new, old);
    accounts.flow.publish(
        PROVIDERS,
        &event(2, |data| {
            let metadata = data["saml_metadata"].as_str().unwrap().replace(&old, &new);
            data["saml_metadata"] = json!(metadata);
        }),
    );
    accounts.settled().await;
    for account in &ACCOUNTS[..2] {
        assert_eq!(certificate(&accounts.saml_metadata(account, PROVIDER).await.unwrap()), new, "{account}");
    }
    let alerts = accounts.flow.messaging.alerts().await;
    assert_eq!(alerts.len(), 1, "{alerts:?}");
    assert_eq!(alerts[0]["data"]["kind"], "metadata_changed");

    // Another identity provider altogether is refused.
    accounts.flow.publish(
        PROVIDERS,
        &event(3, |data| {
            let metadata = data["saml_metadata"].as_str().unwrap();
            let metadata = metadata.replace("http://www.okta.com/exk1fcia6d6EMsf331d8", "http://www.okta.com/exkOther");
            data["saml_metadata"] = json!(metadata);
        }),
    );
    accounts.settled().await;
    assert_eq!(certificate(&accounts.saml_metadata(ACCOUNTS[0], PROVIDER).await.unwrap()), new);
    let alerts = accounts.flow.messaging.alerts().await;
    assert_eq!(alerts.len(), 1, "{alerts:?}");
    assert_eq!(alerts[0]["data"]["kind"], "refused");
}
