//! What an event grants or withdraws is seen at the very next sign-in.

use serde_json::Value;
use signet_tests::event::Event;
use signet_tests::flow::{Flow, PROVIDERS, dataset, deleted, sample};

use super::{NIGHT_SHIFT, TRIALS, assert_opens, assert_unentitled, code, sign_in};

const IMAGES: &str = "arn:aws:iam::111122223333:role/data/images-reader";

#[tokio::test]
async fn a_grant_and_its_withdrawal_reach_the_next_sign_in() {
    let flow = Flow::start().await;
    let code = code(NIGHT_SHIFT, 0);
    let granted = |revision| dataset("clinical-trials", revision, &[(TRIALS, &[NIGHT_SHIFT, "Day Shift"])]);
    let withdrawn = |revision| dataset("clinical-trials", revision, &[(TRIALS, &["Day Shift"])]);
    assert_unentitled(&flow, NIGHT_SHIFT).await;

    flow.state(&granted(1)).await;
    assert_opens(&flow, NIGHT_SHIFT, TRIALS, &code).await;

    flow.state(&withdrawn(2)).await;
    assert_unentitled(&flow, NIGHT_SHIFT).await;
    assert!(sign_in(&flow, &["Day Shift"]).await.is_ok());

    // Late and repeated ones change nothing.
    flow.state(&granted(1)).await;
    flow.state(&withdrawn(2)).await;
    assert_unentitled(&flow, NIGHT_SHIFT).await;

    // Granted again, the group has the code that it had; and the dataset takes all with it.
    flow.state(&granted(3)).await;
    assert_opens(&flow, NIGHT_SHIFT, TRIALS, &code).await;
    flow.state(&deleted("clinical-trials", 4)).await;
    assert_unentitled(&flow, NIGHT_SHIFT).await;
    assert_unentitled(&flow, "Day Shift").await;

    assert_eq!(flow.outcomes(), ["applied", "applied", "superseded", "repeated", "applied", "applied"]);
    assert_eq!(flow.messaging.alerts().await, [] as [Value; 0]);
    flow.stack.hook.assert_discreet();
}

#[tokio::test]
async fn two_datasets_that_grant_the_same_leave_each_other_alone() {
    let flow = Flow::start().await;
    let code = code(NIGHT_SHIFT, 0);
    flow.state(&dataset("clinical-trials", 1, &[(TRIALS, &[NIGHT_SHIFT])])).await;
    flow.state(&dataset("clinical-images", 1, &[(TRIALS, &[NIGHT_SHIFT]), (IMAGES, &[NIGHT_SHIFT])])).await;
    let session = sign_in(&flow, &[NIGHT_SHIFT]).await.unwrap();
    assert_eq!(session.role_arns(), [IMAGES, TRIALS]);
    assert_eq!(session.codes(), [code.as_str()]);

    flow.state(&deleted("clinical-images", 2)).await;
    assert_opens(&flow, NIGHT_SHIFT, TRIALS, &code).await;
    flow.state(&deleted("clinical-trials", 2)).await;
    assert_unentitled(&flow, NIGHT_SHIFT).await;
}

#[tokio::test]
async fn large_events_take_few_calls() {
    let flow = Flow::start().await;
    // The start of the function is not counted.
    flow.state(&dataset("clinical-small", 1, &[(TRIALS, &[NIGHT_SHIFT])])).await;
    let calls = async |event: &Value| {
        let before = flow.proxy.total_calls();
        flow.state(event).await;
        flow.proxy.total_calls() - before
    };
    let role = |number| format!("arn:aws:iam::111122223333:role/data/broad-{number:02}");
    let roles: Vec<String> = (0..20).map(role).collect();
    let groups: Vec<String> = (0..50).map(|number| format!("Broad {number}")).collect();
    let groups: Vec<&str> = groups.iter().map(String::as_str).collect();
    let grants: Vec<(&str, &[&str])> = roles.iter().map(|role| (role.as_str(), groups.as_slice())).collect();

    let broad = calls(&dataset("clinical-broad", 1, &grants)).await;
    assert!(broad <= 6, "{broad} calls for 1,000 grants");
    assert_eq!(sign_in(&flow, &["Broad 49"]).await.unwrap().role_arns(), roles);
    let unchanged = calls(&dataset("clinical-broad", 2, &grants)).await;
    assert!(unchanged <= 2, "{unchanged} calls for an event that changes nothing");
    let repeated = calls(&dataset("clinical-broad", 2, &grants)).await;
    assert!(repeated <= 1, "{repeated} calls for a repeated event");

    // About as large as SNS takes.
    let groups: Vec<String> = (0..1_000).map(|number| format!("{number:03} {}", "long name ".repeat(24))).collect();
    let groups: Vec<&str> = groups.iter().map(String::as_str).collect();
    let event = dataset("clinical-deep", 1, &[(TRIALS, &groups)]);
    let bytes = event.to_string().len();
    assert!((240_000..=262_144).contains(&bytes), "{bytes}");
    let deep = calls(&event).await;
    assert!(deep <= 40, "{deep} calls for 1,000 groups on one role");
    assert_opens(&flow, groups[999], TRIALS, &code(groups[999], 0)).await;
    assert_eq!(flow.outcomes(), ["applied", "applied", "unchanged", "repeated", "applied"]);
}

#[tokio::test]
async fn an_app_whose_provider_is_deleted_lets_nobody_in() {
    let flow = Flow::start().await;
    let readers = async || sign_in(&flow, &["Clinical Readers"]).await;
    let active = sample("provider-saml-active");
    flow.publish(PROVIDERS, &active);
    flow.messaging.settled().await;
    assert!(readers().await.is_ok());

    flow.publish(PROVIDERS, &sample("provider-deleted"));
    flow.messaging.settled().await;
    assert_eq!(readers().await, Err("inactive_app".to_owned()));
    assert_eq!(flow.outcomes(), ["applied", "applied"]);

    // The app of the samples is the app of the sign-ins.
    assert_eq!(active["subject"], Event::one_group().request()["data"]["context"]["protocol"]["issuer"]["id"]);
}
