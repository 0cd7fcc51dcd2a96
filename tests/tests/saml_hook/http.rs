//! The path over HTTP, as Okta calls it.

use signet_tests::aws::federate;
use signet_tests::event::{Event, SECRET};
use signet_tests::stack::Stack;
use signet_tests::{okta, saml};

use super::{CLINICAL_READER, CLINICAL_READERS, trust};

const JSON: (&str, &str) = ("Content-Type", "application/json");

#[tokio::test]
async fn a_sign_in_over_http_ends_in_a_role_session() {
    let stack = Stack::start().await;
    let front = stack.front().await;
    let request = Event::one_group().request();
    let body = request.to_string();
    // Header names in any case; a content type that makes the gateway encode the body.
    for headers in [
        [JSON, ("Authorization", SECRET)],
        [("CONTENT-TYPE", "application/json"), ("AUTHORIZATION", SECRET)],
        [("content-type", "application/octet-stream"), ("authorization", SECRET)],
    ] {
        let (status, answer) = front.post(&headers, body.as_bytes()).await;
        assert_eq!(status, 200, "{answer}");
        let signed_in = okta::apply(status, &answer, &request);
        let session = federate(&saml::xml(signed_in.patched())).unwrap();
        assert_eq!(session.role_arns(), [CLINICAL_READER]);
        session.assume(CLINICAL_READER, &trust(&[CLINICAL_READERS])).unwrap();
    }
    stack.hook.assert_discreet();
}

#[tokio::test]
async fn callers_that_are_not_okta_are_turned_away_over_http() {
    let stack = Stack::start().await;
    let front = stack.front().await;
    let body = Event::one_group().request().to_string();
    let before = stack.proxy.total_calls();
    for headers in [
        vec![JSON],
        vec![JSON, ("Authorization", "another-secret")],
        // The gateway joins the two by a comma.
        vec![JSON, ("Authorization", SECRET), ("authorization", SECRET)],
        vec![JSON, ("Authorization", SECRET), ("Authorization", "another-secret")],
    ] {
        let (status, answer) = front.post(&headers, body.as_bytes()).await;
        assert_eq!(status, 401, "{headers:?}: {answer}");
    }
    let secret = ("Authorization", SECRET);
    assert_eq!(front.request("GET", &[], b"").await.0, 401);
    assert_eq!(front.request("GET", &[secret], b"").await.0, 400);
    assert_eq!(front.post(&[JSON, secret], b"").await.0, 400);
    assert_eq!(front.post(&[JSON, secret], b"\xff\xfe{}").await.0, 400);
    assert_eq!(stack.proxy.total_calls(), before, "none of these reads the table");
    stack.hook.assert_discreet();
}
