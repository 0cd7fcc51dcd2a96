//! The same access everywhere, and none.

use signet_tests::flow::{DATASETS, dataset, deleted};

use super::apps::{Access, Apps, GROUP, PERSON};

/// What the group opens, once the dataset says so.
async fn state(apps: &Apps, event: &serde_json::Value) {
    apps.accounts.flow.publish(DATASETS, event);
    apps.accounts.settled().await;
}

fn all(sign_ins: Vec<Option<Access>>) -> Vec<Access> {
    sign_ins.into_iter().map(|access| access.expect("everybody who is granted the role signs in")).collect()
}

#[tokio::test]
async fn one_grant_opens_every_app_alike_and_its_withdrawal_closes_them_all() {
    let apps = Apps::start().await;
    assert!(apps.sign_in(&[GROUP]).await.iter().all(Option::is_none), "nothing is granted yet");

    state(&apps, &dataset("clinical-trials", 1, &[(&apps.role, &[GROUP])])).await;
    let accesses = all(apps.sign_in(&[GROUP, "VPN Users"]).await);
    assert_eq!(accesses.len(), 4);
    // The first four characters of the base32 of SHA-256 of `Night Shift`.
    let code = code(GROUP);
    for access in &accesses {
        let app = access.app;
        assert_eq!(access.roles, [apps.role.as_str()], "{app}");
        assert_eq!(access.codes, [code.as_str()], "{app}");
        assert!(apps.lets_in(access).await, "{app} is not let in: {}", apps.policy().await);
        // One identity, wherever the session can carry it; and it leads to the decision everywhere.
        let is_pool = app.contains("identity pool");
        assert_eq!(access.source_identity.as_deref(), (!is_pool).then_some(PERSON), "{app}");
        assert_eq!(access.log["source_identity"], PERSON, "{app}");
        assert_eq!(access.log["outcome"], "access", "{app}");
        assert_eq!(access.log["roles"], serde_json::json!([apps.role]), "{app}");
        assert_eq!(access.log["codes"], serde_json::json!([code]), "{app}");
    }

    // Nobody else gets in by way of the same apps.
    assert!(apps.sign_in(&["Day Shift"]).await.iter().all(Option::is_none));

    // A session from before the withdrawal is closed as well: the role no longer trusts its code.
    state(&apps, &deleted("clinical-trials", 2)).await;
    assert!(apps.sign_in(&[GROUP]).await.iter().all(Option::is_none), "the grant is withdrawn");
    for access in &accesses {
        assert!(!apps.lets_in(access).await, "{} is let in after the withdrawal", access.app);
    }
    assert_eq!(apps.accounts.flow.messaging.alerts().await, [] as [serde_json::Value; 0]);
}

#[tokio::test]
async fn a_grant_for_one_app_opens_that_app_alone() {
    let apps = Apps::start().await;
    let mut event = dataset("clinical-trials", 1, &[(&apps.role, &[GROUP])]);
    event["data"]["grants"][0]["apps"] = serde_json::json!(["0oajupyterHubClient0g3"]);
    state(&apps, &event).await;
    let sign_ins = apps.sign_in(&[GROUP]).await;
    let open: Vec<&str> = sign_ins.iter().flatten().map(|access| access.app).collect();
    assert_eq!(open, ["JupyterHub (OIDC)"]);
    assert!(apps.lets_in(sign_ins[1].as_ref().unwrap()).await);
}

fn code(group: &str) -> String {
    use sha2::Digest as _;
    let hash = sha2::Sha256::digest(group.as_bytes());
    base32::encode(base32::Alphabet::Rfc4648Lower { padding: false }, &hash).chars().take(4).collect()
}
