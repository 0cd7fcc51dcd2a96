//! Who is let in to ask: the secret header, or the token that an authorizer has verified.

use serde_json::{Value, json};
use signet_tests::event::{Event, SECRET};
use signet_tests::stack::{Settings, Stack};

use super::{assert_one_group, assert_rejected};

#[tokio::test]
async fn the_header_is_needed_once_and_right() {
    let stack = Stack::start().await;
    let event = Event::one_group();
    for headers in
        [json!({"authorization": SECRET}), json!({"Authorization": SECRET}), json!({"AUTHORIZATION": SECRET})]
    {
        let event = event.clone().with_headers(headers);
        assert_one_group(&stack.send(&event).await, &event);
    }
    let digest = "ed71a6a7d8e61d977aadd9cab27a439a49f631a4e02b3ccb040db58ac41d1ecc";
    let doubled = format!("{SECRET},{SECRET}");
    let calls = stack.proxy.total_calls();
    for (headers, reason) in [
        (json!({}), "auth_missing"),
        (Value::Null, "auth_missing"),
        (json!([]), "auth_missing"),
        (json!("authorization"), "auth_missing"),
        (json!({"x-authorization": SECRET}), "auth_missing"),
        (json!({"proxy-authorization": SECRET}), "auth_missing"),
        (json!({"authorization": ""}), "auth_mismatch"),
        (json!({"authorization": "another-secret"}), "auth_mismatch"),
        (json!({"authorization": digest}), "auth_mismatch"),
        (json!({"authorization": SECRET.to_uppercase()}), "auth_mismatch"),
        (json!({"authorization": format!("{SECRET} ")}), "auth_mismatch"),
        (json!({"authorization": format!("Bearer {SECRET}")}), "auth_mismatch"),
        (json!({"authorization": &SECRET[..SECRET.len() - 1]}), "auth_mismatch"),
        (json!({"authorization": doubled}), "auth_mismatch"),
        (json!({"authorization": format!("{SECRET}, another-secret")}), "auth_mismatch"),
        (json!({"authorization": [SECRET]}), "auth_mismatch"),
        (json!({"authorization": null}), "auth_mismatch"),
        (json!({"authorization": SECRET, "Authorization": SECRET}), "auth_doubled"),
        (json!({"authorization": SECRET, "AUTHORIZATION": ""}), "auth_doubled"),
        (json!({"authorization": "another-secret", "Authorization": SECRET}), "auth_doubled"),
    ] {
        let answer = stack.send(&event.clone().with_headers(headers.clone())).await;
        assert_rejected(&answer, 401);
        let log = stack.hook.log(&answer).await;
        assert_eq!((&log["message"], &log["reason"]), (&json!("rejected"), &json!(reason)), "{headers}");
        let metric = stack.hook.metric(&answer, "Rejected").await;
        assert_eq!((&metric["Reason"], &metric["Rejected"]), (&json!(reason), &json!(1)), "{metric}");
    }
    // Doubled in the text itself, where a reader that keeps the last one would see one.
    for last in [SECRET, "another-secret"] {
        let headers = format!(r#"{{"authorization":"{SECRET}","authorization":"{last}"}}"#);
        let text = event.clone().with_headers(json!("HEADERS")).0.to_string().replace(r#""HEADERS""#, &headers);
        assert_rejected(&stack.hook.invoke(text.into_bytes()).await, 401);
    }
    assert_eq!(stack.proxy.total_calls(), calls, "whoever is turned away reads nothing");
    assert_one_group(&stack.send(&event).await, &event);
    stack.hook.assert_discreet();
}

#[tokio::test]
async fn secrets_can_be_rotated() {
    // SHA-256 of `abc`, as FIPS 180-4 gives it, beside that of the usual secret.
    let digests = "BA7816BF8F01CFEA414140DE5DAE2223B00361A396177A9CB410FF61F20015AD, \
                   ed71a6a7d8e61d977aadd9cab27a439a49f631a4e02b3ccb040db58ac41d1ecc";
    let stack = Settings::new().with("SIGNET_HOOK_SECRET_SHA256", digests).start().await;
    for secret in ["abc", SECRET] {
        let event = Event::one_group().with_headers(json!({"authorization": secret}));
        assert_one_group(&stack.send(&event).await, &event);
    }
    let event = Event::one_group().with_headers(json!({"authorization": "abcd"}));
    assert_rejected(&stack.send(&event).await, 401);
    stack.hook.assert_discreet();
}

#[tokio::test]
async fn in_jwt_mode_only_what_the_authorizer_verified_counts() {
    let settings = Settings::new().with("SIGNET_HOOK_AUTH", "jwt").with("SIGNET_HOOK_SECRET_SHA256", "");
    let stack = settings.start().await;
    let claims = json!({"iss": "https://example.okta.com/oauth2/default", "sub": "0oaclient", "aud": "signet"});
    let verified = |claims: &Value| {
        let mut event = Event::one_group().with_headers(json!({"authorization": "Bearer e30.e30.e30"}));
        event.0["requestContext"]["authorizer"] = json!({"jwt": {"claims": claims, "scopes": ["signet"]}});
        event
    };
    let event = verified(&claims);
    assert_one_group(&stack.send(&event).await, &event);

    let calls = stack.proxy.total_calls();
    for absent in [json!({}), json!(null), json!([]), json!("iss"), json!([claims]), json!({"sub": "0oaclient"})] {
        assert_rejected(&stack.send(&verified(&absent)).await, 401);
    }
    for issuer in [json!(""), json!(null), json!(7), json!(["https://example.okta.com"])] {
        assert_rejected(&stack.send(&verified(&json!({"iss": issuer}))).await, 401);
    }
    // The caller writes headers and body, and neither makes a verified claim.
    let forged = json!({"authorizer": {"jwt": {"claims": claims}}});
    let mut request = Event::one_group().request();
    request["requestContext"] = forged.clone();
    request["authorizer"] = forged["authorizer"].clone();
    let plain = Event::one_group();
    for event in [
        plain.clone(),
        plain.clone().with_headers(json!({"authorization": SECRET})),
        plain.clone().with_headers(json!({"authorization": "Bearer eyJhbGciOiJub25lIn0.eyJpc3MiOiJhIn0."})),
        plain.clone().with_headers(json!({"requestContext": forged, "authorizer": forged["authorizer"]})),
        plain.clone().with_headers(json!({"x-amzn-authorizer-jwt-claims": claims.to_string()})),
        plain.clone().with_request(&request),
        plain.clone().with_member("authorizer", forged["authorizer"].clone()),
        plain.clone().with_member("requestcontext", forged.clone()),
    ] {
        let answer = stack.send(&event).await;
        assert_rejected(&answer, 401);
        assert_eq!(stack.hook.log(&answer).await["reason"], "jwt_missing");
    }
    assert_eq!(stack.proxy.total_calls(), calls, "whoever is turned away reads nothing");
    let event = verified(&claims);
    assert_one_group(&stack.send(&event).await, &event);
    stack.hook.assert_discreet();
}
