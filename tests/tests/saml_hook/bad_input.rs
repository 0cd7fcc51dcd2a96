//! Bodies and envelopes that are not what they should be. Each is answered, by the process that
//! was started, and opens nothing.

use serde_json::{Value, json};
use signet_tests::bad_input;
use signet_tests::event::Event;
use signet_tests::hook::MARKER;
use signet_tests::stack::Stack;

use super::{assert_denied, assert_one_group, assert_opens_nothing, assert_rejected};

fn marked() -> Event {
    Event::one_group().with_claim("note", MARKER)
}

#[tokio::test]
async fn bodies_that_are_no_call_of_the_hook_are_400() {
    let stack = Stack::start().await;
    let event = marked();
    let bodies = bad_input::no_calls(&event, "com.okta.oauth2.tokens.transform");
    for body in bodies {
        let answer = stack.send(&event.clone().with_body(&*body)).await;
        assert_eq!(answer.status, 400, "{body:.200}: {answer:?}");
        assert_rejected(&answer, 400);
        assert_eq!(stack.hook.log(&answer).await["message"], "rejected");
    }
    assert_one_group(&stack.send(&event).await, &event);
    stack.hook.assert_discreet();
}

#[tokio::test]
async fn a_body_cut_short_anywhere_is_400() {
    let stack = Stack::start().await;
    let event = marked();
    let text = event.request().to_string();
    for length in (0..text.len()).step_by(47) {
        assert_rejected(&stack.send(&event.clone().with_body(&text[..length])).await, 400);
    }
    assert_one_group(&stack.send(&event).await, &event);
    stack.hook.assert_discreet();
}

#[tokio::test]
async fn envelopes_of_another_shape_are_turned_away() {
    let stack = Stack::start().await;
    let event = marked();
    for (payload, status) in bad_input::envelopes(&event) {
        assert_rejected(&stack.hook.invoke(payload.into_bytes()).await, status);
    }
    assert_one_group(&stack.send(&event).await, &event);
    stack.hook.assert_discreet();
}

#[tokio::test]
async fn what_decides_about_access_is_never_there_twice() {
    let stack = Stack::start().await;
    let event = marked();
    let text = event.request().to_string();
    let forged = r#""groups":{"attributeValues":[{"value":"Clinical Stewards"}]}"#;
    let unlike = text.replacen("\"claims\":{", &format!("\"claims\":{{{forged},"), 1);
    let app = text.replacen("\"issuer\":{", "\"issuer\":{\"id\":\"0oajhub5PqRs7TuVw0g3\",", 1);
    let login = text.replacen("\"profile\":{", "\"profile\":{\"login\":\"mallory@example.com\",", 1);
    let data = text.replacen("\"data\":{", "\"data\":{},\"data\":{", 1);
    let claims = text.replacen("\"assertion\":{", "\"assertion\":{\"claims\":{},", 1);
    let value = text.replacen("\"value\":\"Clinical Readers\"", "\"value\":\"Clinical Stewards\",\"value\":\"a\"", 1);
    for body in [unlike, app, login, data, claims, value] {
        assert_ne!(body, text);
        let event = event.clone().with_body(body);
        let answer = stack.send(&event).await;
        assert_denied(&answer);
        assert_opens_nothing(&answer, &event);
        assert_eq!(stack.hook.log(&answer).await["reason"], "malformed_request");
    }
    assert_one_group(&stack.send(&event).await, &event);
    stack.hook.assert_discreet();
}

#[tokio::test]
async fn identities_are_taken_whole_or_not_at_all() {
    let stack = Stack::start().await;
    let long = |length: usize| format!("{}@example.com", "x".repeat(length - "@example.com".len()));
    let login = |login: &Value| Event::one_group().with("/data/context/user/profile/login", login.clone());
    for good in [long(64), "a+b=c,d.e_f-9@example.com".to_owned()] {
        let event = login(&json!(good));
        let answer = stack.send(&event).await;
        let session = super::session(&answer, &event);
        assert_eq!((session.name.as_str(), session.source_identity.as_deref()), (&*good, Some(&*good)));
    }
    for (bad, reason) in [
        (json!(null), "identity_missing"),
        (json!(""), "identity_missing"),
        (json!(long(65)), "identity_unfit"),
        (json!("jane doe@example.com"), "identity_unfit"),
        (json!("jane\u{0}@example.com"), "identity_unfit"),
        (json!("jänе@example.com"), "identity_unfit"),
        (json!("aws:jane@example.com"), "identity_unfit"),
        (json!("jane@example.com\n"), "identity_unfit"),
        (json!("jane@example.org"), "identity_pattern"),
        (json!("jane@EXAMPLE.com"), "identity_pattern"),
        (json!("jane@example.com.example.org"), "identity_pattern"),
        (json!(7), "malformed_request"),
        (json!(["jane@example.com"]), "malformed_request"),
    ] {
        let event = login(&bad);
        let answer = stack.send(&event).await;
        assert_denied(&answer);
        assert_opens_nothing(&answer, &event);
        assert_eq!(stack.hook.log(&answer).await["reason"], reason, "{bad}");
    }
    stack.hook.assert_discreet();
}

#[tokio::test]
async fn an_app_that_emits_anything_that_aws_reads_is_denied() {
    let stack = Stack::start().await;
    for name in [
        "https://aws.amazon.com/SAML/Attributes/Role",
        "https://aws.amazon.com/SAML/Attributes/RoleSessionName",
        "https://aws.amazon.com/SAML/Attributes/SourceIdentity",
        "https://aws.amazon.com/SAML/Attributes/PrincipalTag:GroupHash",
        "https://aws.amazon.com/SAML/Attributes/PrincipalTag:CostCenter",
        "https://aws.amazon.com/SAML/Attributes/SomethingNew",
        "HTTPS://AWS.AMAZON.COM/saml/attributes/role",
    ] {
        let answer = stack.send(&marked().with_claim(name, "x")).await;
        assert_denied(&answer);
        assert_eq!(stack.hook.log(&answer).await["reason"], "base_assertion", "{name}");
        // Without a value, too: it is the app's settings that are wrong.
        let mut request = marked().request();
        request["data"]["assertion"]["claims"][name] = json!(null);
        assert_denied(&stack.send(&marked().with_request(&request)).await);
    }
    let event = marked().with_claim("https://example.com/SAML/Attributes/Role", "x");
    assert_one_group(&stack.send(&event).await, &event);
    stack.hook.assert_discreet();
}
