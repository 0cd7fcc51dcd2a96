//! Who is let in to ask: the secret header, or the token that an authorizer has verified.

use serde_json::{Value, json};
use signet_tests::event::SECRET;
use signet_tests::stack::Settings;
use signet_tests::subject::Kind;

use super::{assert_one_group, assert_rejected, load, started};

#[tokio::test]
async fn the_header_is_needed_once_and_right() {
    let stack = started().await;
    let event = load("one-group");
    let calls = stack.proxy.total_calls();
    for (headers, reason) in [
        (json!({}), "auth_missing"),
        (Value::Null, "auth_missing"),
        (json!({"authorization": "another-secret"}), "auth_mismatch"),
        (json!({"authorization": format!("Bearer {SECRET}")}), "auth_mismatch"),
        (json!({"authorization": [SECRET]}), "auth_mismatch"),
        (json!({"authorization": SECRET, "Authorization": SECRET}), "auth_doubled"),
    ] {
        let answer = stack.send(&event.clone().with_headers(headers.clone())).await;
        assert_rejected(&answer, 401);
        assert_eq!(stack.hook.log(&answer).await["reason"], reason, "{headers}");
        assert_eq!(stack.hook.metric(&answer, "Rejected").await["Reason"], reason);
    }
    assert_eq!(stack.proxy.total_calls(), calls, "whoever is turned away reads nothing");
    assert_one_group(&stack.send(&event).await, &event);
    stack.hook.assert_discreet();
}

#[tokio::test]
async fn in_jwt_mode_only_what_the_authorizer_verified_counts() {
    let settings = Settings::of(Kind::Token).with("SIGNET_HOOK_AUTH", "jwt").with("SIGNET_HOOK_SECRET_SHA256", "");
    let stack = settings.start().await;
    let event = load("one-group").with_headers(json!({"authorization": "Bearer e30.e30.e30"}));
    assert_rejected(&stack.send(&event).await, 401);
    let mut verified = event;
    verified.0["requestContext"]["authorizer"] = json!({"jwt": {"claims": {"iss": "https://example.okta.com"}}});
    assert_one_group(&stack.send(&verified).await, &verified);
    stack.hook.assert_discreet();
}
