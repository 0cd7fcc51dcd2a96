//! Every sample event, from Cognito's event to the tokens of the pool and the session of an identity pool.
//! What is expected is written out, and not taken from the program.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use signet_tests::cognito::{Answer, IdentityPool, issuer};
use signet_tests::emf;
use signet_tests::event::now_ms;
use signet_tests::jwt::Issuer;
use signet_tests::stack::Stack;
use signet_tests::sts::{self, Provider};
use signet_tests::subject::Kind;

use super::{CLINICAL_READER, CLINICAL_READERS, started};

const TAGS: &str = "https://aws.amazon.com/tags";

fn now() -> u64 {
    u64::try_from(now_ms() / 1_000).unwrap()
}

async fn answered(stack: &Stack, case: &str) -> (Value, Answer, Value) {
    let event = Kind::PreToken.sample(case);
    let answer = stack.hook.trigger(&event).await;
    let log = stack.hook.log_of(answer.number).await;
    assert_eq!((&log["protocol"], &log["app.id"]), (&json!("cognito"), &event["callerContext"]["clientId"]), "{case}");
    (event, answer, log)
}

#[tokio::test]
async fn a_user_pool_that_is_a_provider_gets_the_claims_that_sts_reads() {
    let stack = started().await;
    for version in ["v2", "v3"] {
        for trigger in
            ["hosted-auth", "refresh-tokens", "authentication", "new-password-challenge", "authenticate-device"]
        {
            let case = format!("{version}-{trigger}");
            let (event, answer, log) = answered(&stack, &case).await;
            let (identity, access) = answer.issue(&event, now());
            let pool = Issuer::new(&issuer(&event));
            let client = event["callerContext"]["clientId"].as_str().unwrap().to_owned();
            let provider = Provider { url: pool.url().to_owned(), client_ids: vec![client], jwks: pool.jwks() };
            let session = provider.federate(&pool.sign(&identity), now()).unwrap_or_else(|why| panic!("{case}: {why}"));
            assert_eq!(session.roles.as_deref(), Some(&[CLINICAL_READER.to_owned()][..]), "{case}");
            assert_eq!(session.codes(), [CLINICAL_READERS], "{case}");
            assert_eq!(session.source_identity.as_deref(), log["source_identity"].as_str(), "{case}");
            assert_eq!(session.tags["SignetDecision"], log["decision.id"], "{case}");
            assert!(session.transitive.contains("GroupHash"), "{case}");
            // The access token has the tags, and nothing that opens a role.
            assert_eq!(access[TAGS], identity[TAGS], "{case}");
            assert!(access["https://aws.amazon.com/roles"].is_null(), "{case}");
            assert!(access["https://aws.amazon.com/source_identity"].is_null(), "{case}");
            // The pool's groups are there still, but where the app has them removed.
            let given = &event["request"]["groupConfiguration"]["groupsToOverride"];
            let is_reports = matches!(trigger, "authentication" | "new-password-challenge" | "authenticate-device");
            assert_eq!(identity["cognito:groups"], if is_reports { Value::Null } else { given.clone() }, "{case}");
            assert_eq!(log["outcome"], "access", "{case}");
        }
    }
    let (event, answer, _) = answered(&stack, "v2-many-groups").await;
    let (identity, _) = answer.issue(&event, now());
    assert_eq!(identity["https://aws.amazon.com/roles"].as_array().unwrap().len(), 6);
    stack.hook.assert_discreet();
}

#[tokio::test]
async fn an_identity_pool_gets_plain_claims_and_roles_of_signet_alone() {
    let stack = started().await;
    let tags = ["GroupHash", "SignetDecision"].map(|key| (key.to_owned(), key.to_owned()));
    let pool =
        IdentityPool { id: "eu-central-1:12345678-dead-beef-0000-123456790abc".to_owned(), tags: BTreeMap::from(tags) };
    let one: &[&str] = &[CLINICAL_READER];
    let two: &[&str] = &[CLINICAL_READER, "arn:aws:iam::444455556666:role/analytics/notebooks"];
    for (case, roles) in [
        ("v1-hosted-auth", one),
        ("v1-refresh-tokens", one),
        ("v1-authentication", one),
        ("v1-new-password-challenge", one),
        ("v1-authenticate-device", one),
        ("v2-identity-pool", two),
        ("v2-pool-roles", one),
    ] {
        let (event, answer, log) = answered(&stack, case).await;
        let (identity, access) = answer.issue(&event, now());
        let session = pool.federate(&identity);
        assert_eq!(session.roles.len(), roles.len(), "{case}: {:?}", session.roles);
        assert!(session.roles.contains(&CLINICAL_READER.to_owned()), "{case}");
        assert_eq!(json!(session.roles), log["roles"], "{case}: every role is Signet's");
        assert!(sts::codes(&session.tags).contains(&CLINICAL_READERS), "{case}");
        assert_eq!(session.tags["SignetDecision"], log["decision.id"], "{case}");
        assert_eq!(session.preferred.as_deref(), (roles.len() == 1).then_some(CLINICAL_READER), "{case}");
        assert!(access[TAGS].is_null() && identity[TAGS].is_null(), "{case}");
        assert!(identity["https://aws.amazon.com/source_identity"].is_null(), "{case}");
        assert!(session.attempt("arn:aws:iam::111122223333:role/data/another").is_none(), "{case}");
    }
    stack.hook.assert_discreet();
}

#[tokio::test]
async fn sign_ins_without_right_fail_and_the_log_says_why() {
    let stack = started().await;
    for (case, reason) in [
        ("v1-oidc-provider", "event_version"),
        ("v2-unreadable-groups", "malformed_request"),
        ("v2-no-groups", "unentitled"),
        ("v2-native-user", "attributes_not_federated"),
        ("v2-linked-user", "attributes_not_federated"),
        ("v2-other-provider", "attributes_not_federated"),
        ("v2-base-claim", "base_token"),
        ("v2-unknown-client", "unknown_app"),
        ("v2-other-pool", "other_issuer"),
    ] {
        let (_, answer, log) = answered(&stack, case).await;
        assert!(answer.denial().contains(log["decision.id"].as_str().unwrap()), "{case}: {answer:?}");
        assert_eq!((&log["outcome"], &log["reason"]), (&json!("deny"), &json!(reason)), "{case}");
        assert_eq!((&log["roles"], &log["codes"]), (&json!([]), &json!([])), "{case}");
        let metrics = emf::read(&stack.hook.metric_of(answer.number, "Denies").await);
        assert_eq!(metrics.dimensions["Reason"], reason);
    }
    stack.hook.assert_discreet();
}

#[tokio::test]
async fn a_client_that_acts_for_itself_gets_its_token_whatever_the_table_does() {
    let stack = started().await;
    stack.proxy.set(signet_local::proxy::Mode::Refuse).await.unwrap();
    let (event, answer, log) = answered(&stack, "v3-client-credentials").await;
    assert_eq!(answer.response(), &event["response"]);
    assert_eq!((&log["outcome"], &log["notes"][0]["kind"]), (&json!("no_access"), &json!("no_user")));
    stack.hook.assert_discreet();
}

#[tokio::test]
async fn the_same_event_again_gets_the_same_answer_but_for_the_decisions_id() {
    let stack = started().await;
    let mut answers = Vec::new();
    for _ in 0..3 {
        let (event, answer, log) = answered(&stack, "v2-hosted-auth").await;
        let (identity, _) = answer.issue(&event, 0);
        answers.push(identity.to_string().replace(log["decision.id"].as_str().unwrap(), "ID"));
    }
    assert!(answers.windows(2).all(|two| two[0] == two[1]), "{answers:?}");
}

#[test]
fn every_sample_is_tested_here_by_its_name() {
    let this = include_str!("path.rs");
    for case in Kind::PreToken.samples() {
        let (version, trigger) = case.split_once('-').unwrap();
        let is_listed = this.contains(&format!("\"{case}\""));
        let is_made = matches!(version, "v2" | "v3") && this.contains(&format!("\"{trigger}\""));
        assert!(is_listed || is_made, "`{case}` is not tested");
    }
}
