//! Every sample event, from Okta's request to the role session on AWS. What is expected is written out, and
//! not taken from the program.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use signet_tests::event::{Event, now_ms};
use signet_tests::hook::Answer;
use signet_tests::jwt::Issuer;
use signet_tests::stack::Stack;
use signet_tests::sts::{Provider, WebSession};
use signet_tests::subject::Kind;
use signet_tests::tokens::Minted;
use signet_tests::{aws, emf};

use super::{CLINICAL_READER, CLINICAL_READERS, assert_denied, load, minted, started};

/// What STS makes of the ID token that an answer leads to.
fn session(answer: &Answer, event: &Event) -> WebSession {
    let mut claims = minted(answer, event).identity().clone();
    let now = u64::try_from(now_ms() / 1_000).unwrap();
    (claims["iat"], claims["exp"]) = (json!(now), json!(now + 3_600));
    let issuer = Issuer::new(claims["iss"].as_str().unwrap());
    let client = claims["aud"].as_str().unwrap().to_owned();
    let provider = Provider { url: issuer.url().to_owned(), client_ids: vec![client], jwks: issuer.jwks() };
    provider.federate(&issuer.sign(&claims), now).unwrap_or_else(|refusal| panic!("STS refuses: {refusal}; {answer:?}"))
}

async fn answered(stack: &Stack, case: &str) -> (Event, Answer, Value) {
    let event = load(case);
    let answer = stack.send(&event).await;
    let log = stack.hook.log(&answer).await;
    (event, answer, log)
}

#[tokio::test]
async fn one_group_becomes_one_role_one_code_and_an_identity() {
    let stack = started().await;
    for case in ["one-group", "groups-in-access-token", "refresh"] {
        let (event, answer, log) = answered(&stack, case).await;
        let session = session(&answer, &event);
        assert_eq!(session.roles.as_deref(), Some(&[CLINICAL_READER.to_owned()][..]), "{case}");
        assert_eq!(session.codes(), [CLINICAL_READERS], "{case}");
        assert_eq!(session.source_identity.as_deref(), Some("jane.doe@example.com"), "{case}");
        assert_eq!(session.tags["SignetDecision"], log["decision.id"], "{case}");
        let keys: BTreeSet<&str> = session.tags.keys().map(String::as_str).collect();
        assert_eq!(keys, BTreeSet::from(["GroupHash", "SignetDecision", "department"]), "{case}");
        assert_eq!(session.transitive, session.tags.keys().cloned().collect(), "{case}");
        // The access token, and everything else of the ID token, stays as it was.
        let Minted::Tokens { identity, access, changed } = minted(&answer, &event) else { panic!("{answer:?}") };
        assert_eq!((changed, &access), (true, &event.request()["data"]["access"]["claims"]), "{case}");
        for (name, value) in event.request()["data"]["identity"]["claims"].as_object().unwrap() {
            assert_eq!(identity[name], *value, "{case}: {name}");
        }
        assert_eq!((&log["protocol"], &log["outcome"]), (&json!("oidc"), &json!("access")), "{case}");
        assert_eq!(answer.json()["debugContext"], json!({"decision": log["decision.id"]}), "{case}");
        assert_eq!(log["app.id"], event.request()["data"]["context"]["protocol"]["client"]["id"], "{case}");
        let metrics = emf::read(&stack.hook.metric(&answer, "SignIns").await);
        assert_eq!(
            (metrics.values["SignIns"].as_slice(), metrics.values["Roles"].as_slice()),
            (&[1.0][..], &[1.0][..])
        );
    }
    stack.hook.assert_discreet();
}

#[tokio::test]
async fn many_groups_become_the_roles_that_each_of_them_opens() {
    let stack = started().await;
    let (event, answer, log) = answered(&stack, "many-groups").await;
    let session = session(&answer, &event);
    assert_eq!(session.codes().len(), 14);
    assert_eq!(session.roles.as_ref().unwrap().len(), 6);
    assert_eq!(log["groups.count"], 19);
    // The role opens to the sign-in by its code alone.
    let hash = &session.tags["GroupHash"];
    assert!(aws::like(&format!("*:{CLINICAL_READERS}:*"), hash), "{hash}");
    let (event, answer, log) = answered(&stack, "hundred-groups").await;
    assert_eq!(self::session(&answer, &event).codes(), [CLINICAL_READERS]);
    assert!(log["notes"].to_string().contains("groups_possibly_cut"), "{log}");
    stack.hook.assert_discreet();
}

#[tokio::test]
async fn sign_ins_without_right_are_denied_and_the_log_says_why() {
    let stack = started().await;
    for (case, reason) in [
        ("no-groups", "unentitled"),
        ("client-credentials", "no_user"),
        ("base-claim", "base_token"),
        ("unknown-client", "unknown_app"),
        ("other-issuer", "other_issuer"),
        ("okta-sample", "unknown_app"),
        ("preview-placeholders", "identity_unfit"),
    ] {
        let (event, answer, log) = answered(&stack, case).await;
        assert_denied(&answer, &event);
        assert_eq!((&log["outcome"], &log["reason"]), (&json!("deny"), &json!(reason)), "{case}");
        assert_eq!((&log["roles"], &log["codes"]), (&json!([]), &json!([])), "{case}");
        assert!(answer.denial().contains(log["decision.id"].as_str().unwrap()), "{case}: {answer:?}");
        let metrics = emf::read(&stack.hook.metric(&answer, "Denies").await);
        assert_eq!(metrics.dimensions["Reason"], reason);
    }
    stack.hook.assert_discreet();
}

#[tokio::test]
async fn where_there_is_nothing_to_give_the_tokens_stay_as_they_are() {
    let stack = started().await;
    for (case, note) in [("access-token-only", "no_id_token"), ("client-credentials-pass", "no_user")] {
        let (event, answer, log) = answered(&stack, case).await;
        assert_eq!((answer.status, answer.body.as_str()), (204, ""), "{case}");
        assert!(matches!(minted(&answer, &event), Minted::Tokens { changed: false, .. }), "{case}");
        assert_eq!((&log["outcome"], &log["roles"]), (&json!("no_access"), &json!([])), "{case}");
        assert_eq!(log["notes"][0]["kind"], note, "{case}: {log}");
    }
    stack.hook.assert_discreet();
}

#[tokio::test]
async fn every_sample_is_among_these() {
    let tested = [
        "access-token-only",
        "base-claim",
        "client-credentials",
        "client-credentials-pass",
        "groups-in-access-token",
        "hundred-groups",
        "many-groups",
        "no-groups",
        "okta-sample",
        "one-group",
        "other-issuer",
        "preview-placeholders",
        "refresh",
        "unknown-client",
    ];
    assert_eq!(Kind::Token.samples(), tested);
}

#[tokio::test]
async fn no_answer_at_all_opens_nothing() {
    // What Okta does when the function cannot be reached: the tokens go out as they are.
    for case in ["one-group", "many-groups"] {
        let event = load(case);
        let claims = &event.request()["data"]["identity"]["claims"];
        assert!(claims.as_object().unwrap().keys().all(|name| !name.starts_with("https://aws.amazon.com/")));
    }
}
