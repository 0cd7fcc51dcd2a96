//! What somebody else changes in IAM.

use serde_json::{Value, json};

use super::{ACCOUNTS, NIGHT, PROVIDER, assert_lets_in, sign_in, started, state, statements};

#[tokio::test]
async fn the_nightly_sweep_puts_back_what_was_changed_by_hand() {
    let (accounts, roles) = started().await;
    state(&accounts, 1, &[(&roles[0], &[NIGHT]), (&roles[2], &[NIGHT])]).await;
    let night = sign_in(&accounts, &[NIGHT]).await.unwrap();
    let mut policy: Value = serde_json::from_str(&accounts.trust_policy(&roles[0]).await).unwrap();
    let own = json!({
        "Sid": "MoreOfMine",
        "Effect": "Allow",
        "Principal": { "AWS": format!("arn:aws:iam::{}:root", ACCOUNTS[0]) },
        "Action": ["sts:AssumeRole"],
    });
    let list = policy["Statement"].as_array_mut().unwrap();
    let ours = list.iter_mut().find(|s| s["Sid"].as_str().unwrap().starts_with("Signet")).unwrap();
    // Everybody with a code gets in.
    ours["Condition"]["StringLike"]["aws:RequestTag/GroupHash"] = json!("*:*:*");
    list.push(own.clone());
    accounts.set_trust_policy(&roles[0], &policy).await;
    let mut other = night.clone();
    other.tags.insert("GroupHash".to_owned(), ":zzzz:".to_owned());
    assert_lets_in(&accounts, &roles, &other, &[&roles[0]]).await;

    // The last write is a moment ago: IAM may still show an older document then, which is no drift.
    accounts.run("sweep").await;
    assert_lets_in(&accounts, &roles, &other, &[]).await;
    assert_lets_in(&accounts, &roles, &night, &[&roles[0], &roles[2]]).await;
    assert!(statements(&accounts, &roles[0], false).await.contains(&own));

    // A sweep that finds nothing amiss writes nothing.
    let before = accounts.flow.messaging.lines("role").len();
    accounts.run("sweep").await;
    let lines = accounts.flow.messaging.lines("role");
    assert!(lines[before..].iter().all(|line| line["outcome"] == "unchanged"), "{:?}", &lines[before..]);
}

#[tokio::test]
async fn the_command_shows_puts_right_and_audits() {
    let (accounts, roles) = started().await;
    state(&accounts, 1, &[(&roles[0], &[NIGHT]), (&roles[2], &[NIGHT])]).await;
    let wide = json!({
        "Version": "2012-10-17",
        "Statement": [{
            "Sid": "FromBefore",
            "Effect": "Allow",
            "Principal": { "Federated": format!("arn:aws:iam::{}:saml-provider/{PROVIDER}", ACCOUNTS[0]) },
            "Action": "sts:AssumeRoleWithSAML",
            "Condition": { "StringEquals": { "SAML:aud": "https://signin.aws.amazon.com/saml" } },
        }],
    });
    accounts.set_trust_policy(&roles[0], &wide).await;
    let night = sign_in(&accounts, &[NIGHT]).await.unwrap();
    // Sign-ins with tags fail there: that statement does not allow tags.
    assert_lets_in(&accounts, &roles, &night, &[&roles[2]]).await;

    let findings = accounts.signet(&["audit", "--json", "--capacity"]);
    let text = findings.to_string();
    assert!(text.contains("FromBefore") || text.contains(&roles[0]), "{text}");
    let of_the_role = |kind: &str| {
        let findings = findings["findings"].as_array().unwrap();
        findings.iter().any(|finding| finding["kind"] == kind && finding["subject"] == roles[0].as_str())
    };
    assert!(of_the_role("wider") && of_the_role("not_ready"), "{text}");

    let capacity = findings["capacity"].as_array().unwrap();
    let of_the_role = capacity.iter().find(|entry| entry["role"] == roles[2].as_str()).unwrap();
    assert_eq!(of_the_role["length"].as_u64().unwrap() + of_the_role["left"].as_u64().unwrap(), 2_048);

    let planned = accounts.signet(&["trust", "plan", "--json"]).to_string();
    assert!(planned.contains(&roles[0]), "{planned}");
    assert_lets_in(&accounts, &roles, &night, &[&roles[2]]).await;
    accounts.signet(&["trust", "sync", "--yes", "--json", &roles[0]]);
    assert_lets_in(&accounts, &roles, &night, &[&roles[0], &roles[2]]).await;
    assert_eq!(statements(&accounts, &roles[0], false).await, [wide["Statement"][0].clone()]);
}
