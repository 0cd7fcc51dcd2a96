//! Reading requests: Okta's samples, and what can be wrong with them.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test that fails shall fail loudly")]

use serde_json::{Value, json};
use signet_okta::request::{Envelope, RequestError, SAML_EVENT_TYPE, TOKEN_EVENT_TYPE};
use signet_okta::saml::SamlRequest;

const SAML: &str = include_str!("data/saml-hook.request.json");
const TOKEN: &str = include_str!("data/token-hook.request.json");

fn saml(text: &str) -> Result<SamlRequest, RequestError> {
    SamlRequest::from_envelope(&Envelope::parse(text.as_bytes())?)
}

/// A request with `data` as given.
fn with_data(data: &str) -> Result<SamlRequest, RequestError> {
    saml(&format!(r#"{{"eventType":"{SAML_EVENT_TYPE}","data":{data}}}"#))
}

fn with_claims(claims: &str) -> Result<SamlRequest, RequestError> {
    with_data(&format!(r#"{{"assertion":{{"claims":{claims}}}}}"#))
}

fn malformed(result: Result<SamlRequest, RequestError>) -> (String, String) {
    match result {
        Err(RequestError::Malformed { path, what }) => (path, what),
        other => panic!("not malformed: {other:?}"),
    }
}

fn envelope_view(envelope: &Envelope) -> Value {
    let members = envelope.data.as_object().unwrap().iter();
    json!({
        "event_type": envelope.event_type,
        "event_id": envelope.event_id,
        "event_time": envelope.event_time,
        "event_type_version": envelope.event_type_version,
        "source": envelope.source,
        "data": members.map(|(name, _)| name).collect::<Vec<_>>(),
    })
}

fn saml_view(request: &SamlRequest) -> Value {
    let claims = request.claims().iter().map(|(name, claim)| {
        let values = claim.values.iter();
        let values: Vec<_> = values.map(|v| json!([v.xsi_type, v.value])).collect();
        json!({"name": name, "name_format": claim.name_format, "values": values})
    });
    let profile = ["login", "firstName", "lastName", "locale", "timeZone", "email"];
    json!({
        "app_id": request.app_id(),
        "app_name": request.app_name(),
        "user_id": request.user_id(),
        "profile": profile.map(|member| (member, request.profile(member))),
        "name_id": request.name_id(),
        "recipient": request.recipient(),
        "audiences": request.audiences(),
        "claims": claims.collect::<Vec<_>>(),
    })
}

#[test]
fn okta_s_saml_sample() {
    let envelope = Envelope::parse(SAML.as_bytes()).unwrap();
    insta::assert_json_snapshot!("saml_envelope", envelope_view(&envelope));
    let request = SamlRequest::from_envelope(&envelope).unwrap();
    insta::assert_json_snapshot!("saml_request", saml_view(&request));
}

#[test]
fn okta_s_token_sample() {
    let envelope = Envelope::parse(TOKEN.as_bytes()).unwrap();
    envelope.expect_type(TOKEN_EVENT_TYPE).unwrap();
    insta::assert_json_snapshot!("token_envelope", envelope_view(&envelope));
    let client = envelope.data.at(&["context", "protocol", "client", "id"]);
    assert_eq!(client.unwrap().as_str(), Some("customClientIdNative"));
    assert_eq!(
        SamlRequest::from_envelope(&envelope),
        Err(RequestError::OtherEventType { found: TOKEN_EVENT_TYPE.to_owned(), expected: SAML_EVENT_TYPE.to_owned() })
    );
}

#[test]
fn bodies_that_are_no_requests() {
    let message = |body: &[u8]| Envelope::parse(body).unwrap_err().to_string();
    let cases: [(&str, &[u8]); 9] = [
        ("empty", b""),
        ("blank", b" \n"),
        ("truncated", br#"{"eventType": "com"#),
        ("form", b"SAMLResponse=secret"),
        ("not UTF-8", b"{\"eventType\":\"\xff\"}"),
        ("lone surrogate", br#"{"eventType":"\ud800"}"#),
        ("two documents", b"{}{}"),
        ("array", b"[]"),
        ("string", b"\"com.okta.saml.tokens.transform\""),
    ];
    let messages: Vec<_> = cases.iter().map(|(name, body)| json!([name, message(body)])).collect();
    insta::assert_json_snapshot!("no_requests", messages);
}

#[test]
fn nesting_is_limited_wherever_it_is() {
    let session = format!("{}{}", "[".repeat(100), "]".repeat(100));
    assert!(with_data(&format!(r#"{{"context":{{"session":{session}}}}}"#)).is_ok());
    for depth in [127, 5_000_000] {
        let nested = "[".repeat(depth);
        for text in [
            nested.clone(),
            format!(r#"{{"unknown":{nested}"#),
            format!(r#"{{"data":{{"context":{{"session":{nested}{}}}}}}}"#, "]".repeat(depth)),
        ] {
            assert!(matches!(Envelope::parse(text.as_bytes()), Err(RequestError::NotJson { .. })));
        }
    }
}

#[test]
fn event_types() {
    let parse = |text: &str| Envelope::parse(text.as_bytes());
    for text in ["{}", r#"{"eventType":null}"#] {
        let envelope = parse(text).unwrap();
        assert_eq!(envelope.expect_type(SAML_EVENT_TYPE), Err(RequestError::MissingEventType));
    }
    for text in [r#"{"eventType":1}"#, r#"{"eventType":"a","eventType":"a"}"#] {
        assert!(matches!(
            parse(text),
            Err(RequestError::Malformed { path, .. }) if path == "/eventType"
        ));
    }
    assert!(matches!(
        parse(r#"{"data":{},"data":{}}"#),
        Err(RequestError::Malformed { path, .. }) if path == "/data"
    ));
    // The members around it are for logs: they never stop a sign-in.
    let envelope = parse(r#"{"eventType":"t","eventId":7,"eventTime":[],"source":{}}"#).unwrap();
    assert_eq!((envelope.event_id, envelope.event_time, envelope.source), (None, None, None));
}

#[test]
fn messages_show_the_caller_s_text_cut_and_on_one_line() {
    let found = format!("a\r\n\u{1b}[31m{}", "x".repeat(10_000));
    let envelope = Envelope::parse(json!({"eventType": found}).to_string().as_bytes()).unwrap();
    let message = envelope.expect_type(SAML_EVENT_TYPE).unwrap_err().to_string();
    assert!(message.len() < 400, "{message}");
    assert!(message.contains(r"a\r\n\u{1b}[31mxxx") && message.contains("x…"), "{message}");
}

#[test]
fn everything_is_optional() {
    let nothing = with_data("{}").unwrap();
    let nulls = [
        "null",
        r#"{"context":null,"assertion":null}"#,
        r#"{"context":{"protocol":null,"user":null},"assertion":{"subject":null,"claims":null}}"#,
        r#"{"context":{"protocol":{"issuer":null},"user":{"id":null,"profile":null}},
            "assertion":{"subject":{"nameId":null,"confirmation":null},"conditions":null}}"#,
        r#"{"context":{"protocol":{"issuer":{"id":null}},"user":{"profile":{"login":null}}}}"#,
    ];
    for data in nulls {
        assert_eq!(with_data(data).unwrap(), nothing, "{data}");
    }
    assert_eq!(saml(&format!(r#"{{"eventType":"{SAML_EVENT_TYPE}"}}"#)).unwrap(), nothing);
    assert_eq!((nothing.app_id(), nothing.login(), nothing.name_id()), (None, None, None));
    assert!(nothing.claims().is_empty() && nothing.audiences().is_empty());
}

#[test]
fn claims_without_values() {
    let request = with_claims(
        r#"{"a":null,"b":{},"c":{"attributes":null,"attributeValues":null},
            "d":{"attributeValues":[]},
            "e":{"attributeValues":[null,{},{"value":null},{"attributes":7,"value":""}]}}"#,
    )
    .unwrap();
    let counts: Vec<_> = request.claims().iter().map(|(n, c)| (n, c.values.len())).collect();
    assert_eq!(counts, [("a", 0), ("b", 0), ("c", 0), ("d", 0), ("e", 4)]);
    let e = request.claims().get("e").unwrap();
    assert_eq!(e.texts().collect::<Vec<_>>(), [""]);
}

#[test]
fn what_decides_about_access_is_read_strictly() {
    let cases = [
        ("[]", "/data", "expected an object, found an array"),
        (r#"{"context":"x"}"#, "/data/context", "expected an object, found a string"),
        (
            r#"{"context":{"protocol":{"issuer":{"id":7}}}}"#,
            "/data/context/protocol/issuer/id",
            "expected a string, found a number",
        ),
        (r#"{"context":{"user":{"id":true}}}"#, "/data/context/user/id", "expected a string, found a boolean"),
        (r#"{"context":{"user":{"id":"a","id":"b"}}}"#, "/data/context/user/id", "the name occurs twice in its object"),
        (r#"{"context":{"user":{"profile":[]}}}"#, "/data/context/user/profile", "expected an object, found an array"),
        (
            r#"{"context":{"user":{"profile":{"login":{}}}}}"#,
            "/data/context/user/profile/login",
            "expected a string, found an object",
        ),
        (
            r#"{"context":{"user":{"profile":{"badge":"1","badge":"2"}}}}"#,
            "/data/context/user/profile/badge",
            "the name occurs twice in its object",
        ),
        (
            r#"{"assertion":{"subject":{"nameId":1}}}"#,
            "/data/assertion/subject/nameId",
            "expected a string, found a number",
        ),
        (r#"{"assertion":{"claims":{}},"assertion":null}"#, "/data/assertion", "the name occurs twice in its object"),
    ];
    for (data, path, what) in cases {
        assert_eq!(malformed(with_data(data)), (path.to_owned(), what.to_owned()), "{data}");
    }
}

#[test]
fn claims_are_read_strictly() {
    let twice = "the name occurs twice in its object";
    let cases = [
        ("[]", "", "expected an object, found an array"),
        (r#"{"g":"x"}"#, "/g", "expected an object, found a string"),
        (r#"{"g":{"attributeValues":{}}}"#, "/g/attributeValues", "expected an array, found an object"),
        (
            r#"{"g":{"attributeValues":[{"value":"a"},"b"]}}"#,
            "/g/attributeValues/1",
            "expected an object, found a string",
        ),
        (
            r#"{"g":{"attributeValues":[{"value":4321}]}}"#,
            "/g/attributeValues/0/value",
            "expected a string, found a number",
        ),
        (
            r#"{"g":{"attributeValues":[{"value":["a"]}]}}"#,
            "/g/attributeValues/0/value",
            "expected a string, found an array",
        ),
        (r#"{"g":{"attributeValues":[{"value":"a","value":"b"}]}}"#, "/g/attributeValues/0/value", twice),
        (r#"{"g":{"attributeValues":[],"attributeValues":null}}"#, "/g/attributeValues", twice),
        (r#"{"a/~b":{},"c":{},"a/~b":{}}"#, "/a~1~0b", twice),
        // The same name, once with an escape.
        (r#"{"g":null,"\u0067":null}"#, "/g", twice),
    ];
    for (claims, below, what) in cases {
        let path = format!("/data/assertion/claims{below}");
        assert_eq!(malformed(with_claims(claims)), (path, what.to_owned()), "{claims}");
    }
}

#[test]
fn names_are_told_apart_to_the_letter() {
    let names = ["", " ", "g", "G", "g ", "g\0", "~", "~1", "/", "a:b", "é", "e\u{301}", "🦀"];
    let claims: serde_json::Map<_, _> = names
        .iter()
        .map(|name| {
            let value = json!({"attributeValues": [{"value": format!("of {name}")}]});
            ((*name).to_owned(), value)
        })
        .collect();
    let request = with_claims(&Value::from(claims).to_string()).unwrap();
    assert_eq!(request.claims().len(), names.len());
    for name in names {
        let claim = request.claims().get(name).unwrap();
        assert_eq!(claim.texts().collect::<Vec<_>>(), [format!("of {name}")]);
    }
}

#[test]
fn a_profile_member_that_is_no_string_is_absent() {
    let request =
        with_data(r#"{"context":{"user":{"profile":{"badge":7,"flags":["a"],"team":"x","none":null}}}}"#).unwrap();
    let read = ["badge", "flags", "team", "none"].map(|member| request.profile(member));
    assert_eq!(read, [None, None, Some("x"), None]);
}

#[test]
fn an_audience_restriction_is_all_or_nothing() {
    for (list, expected) in [(r#"["a","b"]"#, vec!["a", "b"]), (r#"["a",7]"#, vec![]), (r#""a""#, vec![])] {
        let data = format!(r#"{{"assertion":{{"conditions":{{"audienceRestriction":{list}}}}}}}"#);
        assert_eq!(with_data(&data).unwrap().audiences(), expected);
    }
}

#[test]
fn two_thousand_groups() {
    let value = |n| json!({"attributes": {"xsi:type": "xs:string"}, "value": format!("Group {n}")});
    let values: Vec<_> = (0..2000).map(value).collect();
    let request = with_claims(&json!({"groups": {"attributeValues": values}}).to_string()).unwrap();
    let groups = request.claims().get("groups").unwrap();
    assert_eq!(groups.texts().count(), 2000);
    assert_eq!(groups.texts().last(), Some("Group 1999"));
}

#[test]
fn debug_forms_show_no_personal_data() {
    let envelope = Envelope::parse(SAML.as_bytes()).unwrap();
    let request = SamlRequest::from_envelope(&envelope).unwrap();
    let claims = request.claims();
    let array = claims.get("array").unwrap();
    let shown = format!("{envelope:?} {:?} {request:?} {claims:?} {array:?} {:?}", envelope.data, array.values);
    for secret in ["user@example.com", "Admin", "Array", "4321", "127.0.0.1", "middle"] {
        assert!(!shown.contains(secret), "{secret} in {shown}");
    }
    assert!(shown.contains("0oath92zlO60urQOP0g3") && shown.contains("XMFoHCM1S4Wi_SGWzL8T9A"));
}
