//! Reading events: what is one, and what can be wrong with it.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test that fails shall fail loudly")]

use serde_json::{Value, json};
use signet_cognito::event::{EventError, PreToken, Version};
use signet_cognito::json;

fn event() -> Value {
    json!({
        "version": "2",
        "triggerSource": "TokenGeneration_HostedAuth",
        "region": "eu-central-1",
        "userPoolId": "eu-central-1_Example01",
        "userName": "corporate_jane",
        "callerContext": {"awsSdkVersion": "aws-sdk-unknown-unknown", "clientId": "client1"},
        "request": {
            "userAttributes": {
                "sub": "11111111-2222-3333-4444-555555555555",
                "email": "jane.doe@example.com",
                "cognito:user_status": "EXTERNAL_PROVIDER",
                "identities": "[{\"providerName\":\"Corporate\"}]",
                "custom:groups": "[Clinical+Readers,Everyone]",
                "empty": "",
                "null": null,
            },
            "groupConfiguration": {
                "groupsToOverride": ["Clinical Readers"],
                "iamRolesToOverride": ["arn:aws:iam::111122223333:role/pools-own"],
                "preferredRole": "arn:aws:iam::111122223333:role/pools-own",
            },
            "clientMetadata": {"email": "other@example.com"},
        },
        "response": {"claimsAndScopeOverrideDetails": null},
    })
}

fn read(event: &Value) -> Result<PreToken, EventError> {
    read_text(&event.to_string())
}

fn read_text(text: &str) -> Result<PreToken, EventError> {
    PreToken::read(&tree(text))
}

fn tree(text: &str) -> json::Json {
    json::read(text.as_bytes()).unwrap()
}

fn with(place: &str, value: Value) -> Result<PreToken, EventError> {
    read(&changed(place, value))
}

/// The event with another value at a place, which must be there.
fn changed(place: &str, value: Value) -> Value {
    let mut event = event();
    *event.pointer_mut(place).unwrap() = value;
    event
}

fn path_of(error: EventError) -> String {
    match error {
        EventError::Malformed(malformed) => malformed.path,
        other => panic!("not malformed: {other:?}"),
    }
}

#[test]
fn an_event_is_read() {
    let event = read(&event()).unwrap();
    assert_eq!((event.version(), event.trigger()), (Version::V2, "TokenGeneration_HostedAuth"));
    assert_eq!(event.client_id(), Some("client1"));
    assert_eq!(event.user_id(), Some("11111111-2222-3333-4444-555555555555"));
    assert_eq!(
        event.issuer().as_deref(),
        Some("https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_Example01")
    );
    assert_eq!(event.attribute("email"), Some("jane.doe@example.com"));
    assert_eq!(event.attribute("cognito:username"), Some("corporate_jane"));
    assert_eq!((event.attribute("empty"), event.attribute("null"), event.attribute("Email")), (Some(""), None, None));
    assert_eq!(event.groups().names, ["Clinical Readers"]);
    assert_eq!((event.groups().roles.len(), event.groups().preferred.is_some()), (1, true));
    assert_eq!(event.list("cognito:groups").unwrap(), ["Clinical Readers"]);
    assert_eq!(event.list("custom:groups").unwrap(), ["Clinical Readers", "Everyone"]);
    assert!(event.list("empty").unwrap().is_empty() && event.list("none").unwrap().is_empty());
    assert!(!event.has_no_user());
    assert_eq!(event.attributes().count(), 6, "`null` is none");
}

#[test]
fn versions_are_the_three_that_are_known() {
    for (text, version) in [("1", Version::V1), ("2", Version::V2), ("3", Version::V3)] {
        assert_eq!(with("/version", json!(text)).unwrap().version(), version);
    }
    for unknown in ["0", "4", "", "2.0", "V2_0"] {
        let error = with("/version", json!(unknown)).unwrap_err();
        assert_eq!(
            error.to_string(),
            format!("the event's version is `{unknown}`: versions `1`, `2` and `3` are known")
        );
    }
    assert!(with("/version", json!(null)).unwrap_err().to_string().contains("not there"));
    assert_eq!(path_of(with("/version", json!(2)).unwrap_err()), "/version");
}

#[test]
fn only_the_trigger_sources_of_token_generation_are_events() {
    for source in ["HostedAuth", "Authentication", "NewPasswordChallenge", "AuthenticateDevice", "RefreshTokens"] {
        let event = with("/triggerSource", json!(format!("TokenGeneration_{source}"))).unwrap();
        assert!(!event.has_no_user(), "{source}");
    }
    assert!(with("/triggerSource", json!("TokenGeneration_ClientCredentials")).unwrap().has_no_user());
    for other in ["PreSignUp_SignUp", "tokengeneration_HostedAuth", "TokenGeneration", ""] {
        let error = with("/triggerSource", json!(other)).unwrap_err();
        assert!(matches!(&error, EventError::OtherTrigger { found } if *found == format!("`{other}`")), "{error}");
    }
    for text in ["null", "7", "[]", "{}", "\"TokenGeneration_HostedAuth\""] {
        let error = read_text(text).unwrap_err();
        assert!(matches!(&error, EventError::OtherTrigger { found } if found == "not there"), "{text}: {error}");
    }
    // What somebody else wrote is shown escaped, and cut.
    let error = with("/triggerSource", json!(format!("\n\u{0}{}", "x".repeat(1_000)))).unwrap_err().to_string();
    assert!(error.contains(r"`\n\u{0}xx") && error.len() < 300, "{error}");
}

#[test]
fn what_decides_about_access_is_read_strictly() {
    for (place, value) in [
        ("/triggerSource", json!(7)),
        ("/region", json!(7)),
        ("/userPoolId", json!([])),
        ("/userName", json!({})),
        ("/callerContext", json!("client1")),
        ("/callerContext/clientId", json!(7)),
        ("/request", json!([])),
        ("/request/userAttributes", json!("email")),
        ("/request/userAttributes/email", json!(["jane.doe@example.com"])),
        ("/request/userAttributes/empty", json!(true)),
        ("/request/groupConfiguration", json!([])),
        ("/request/groupConfiguration/groupsToOverride", json!("Clinical Readers")),
        ("/request/groupConfiguration/iamRolesToOverride", json!({})),
        ("/request/groupConfiguration/preferredRole", json!([])),
    ] {
        assert_eq!(path_of(with(place, value).unwrap_err()), place);
    }
    for (place, value) in [
        ("/request/groupConfiguration/groupsToOverride", json!(["a", null])),
        ("/request/groupConfiguration/iamRolesToOverride", json!(["a", 7])),
    ] {
        assert_eq!(path_of(with(place, value).unwrap_err()), format!("{place}/1"));
    }
    for (place, value) in [
        ("/request/clientMetadata", json!(7)),
        ("/callerContext/awsSdkVersion", json!([])),
        ("/response", json!("x")),
        ("/region", json!(null)),
        ("/callerContext", json!(null)),
        ("/request", json!(null)),
        ("/request/userAttributes", json!(null)),
        ("/request/groupConfiguration", json!(null)),
    ] {
        assert!(with(place, value).is_ok(), "{place}");
    }
}

#[test]
fn a_name_that_is_there_twice_is_refused() {
    for name in [
        "triggerSource",
        "version",
        "region",
        "userPoolId",
        "userName",
        "callerContext",
        "clientId",
        "request",
        "userAttributes",
        "sub",
        "groupConfiguration",
        "groupsToOverride",
        "iamRolesToOverride",
        "preferredRole",
        "response",
    ] {
        let text = event().to_string().replacen(&format!("\"{name}\":"), &format!("\"{name}\":null,\"{name}\":"), 1);
        let path = path_of(read_text(&text).unwrap_err());
        assert!(path.ends_with(name), "{name}: {path}");
    }
}

#[test]
fn an_attribute_that_is_no_list_is_said_by_its_place_and_not_by_its_value() {
    let event = with("/request/userAttributes/custom:groups", json!("[Clinical Readers, Everyone]")).unwrap();
    let error = event.list("custom:groups").unwrap_err();
    assert_eq!(error.path, "/request/userAttributes/custom:groups");
    assert!(!error.to_string().contains("Clinical"), "{error}");
}

#[test]
fn the_issuer_is_the_pools_url_in_its_partition() {
    let china = with("/region", json!("cn-north-1")).unwrap();
    assert!(china.issuer().unwrap().starts_with("https://cognito-idp.cn-north-1.amazonaws.com.cn/"));
    assert_eq!(with("/region", json!(null)).unwrap().issuer(), None);
    assert_eq!(with("/userPoolId", json!(null)).unwrap().issuer(), None);
}

#[test]
fn people_are_federated_by_status_and_identities_together() {
    let federated = |status: Value, identities: Value, provider: Option<&str>| {
        let mut event = event();
        event["request"]["userAttributes"]["cognito:user_status"] = status;
        event["request"]["userAttributes"]["identities"] = identities;
        read(&event).unwrap().is_federated(provider)
    };
    let external = || json!("EXTERNAL_PROVIDER");
    let of = |names: &[&str]| {
        let list: Vec<Value> = names.iter().map(|name| json!({"providerName": name})).collect();
        json!(Value::from(list).to_string())
    };
    assert!(federated(external(), of(&["Corporate"]), None));
    assert!(federated(external(), of(&["Corporate"]), Some("Corporate")));
    assert!(!federated(external(), of(&["Corporate"]), Some("corporate")));
    assert!(!federated(external(), of(&["Corporate", "Google"]), Some("Corporate")));
    assert!(federated(external(), of(&["Corporate", "Google"]), None));
    assert!(!federated(json!("CONFIRMED"), of(&["Corporate"]), None));
    assert!(!federated(json!(null), of(&["Corporate"]), None));
    for nothing in [json!(null), json!(""), json!("[]"), json!("{}"), json!("Corporate"), json!("[{]")] {
        assert!(!federated(external(), nothing.clone(), None), "{nothing}");
    }
    // One that names no provider, or two, is of none that is asked for.
    for odd in ["[{}]", "[7]", r#"[{"providerName":7}]"#, r#"[{"providerName":"a","providerName":"Corporate"}]"#] {
        assert!(!federated(external(), json!(odd), Some("Corporate")), "{odd}");
    }
}

#[test]
fn nothing_of_a_person_is_in_the_debug_form() {
    let event = read(&event()).unwrap();
    let shown = format!("{event:?} {:?}", event.groups());
    assert!(shown.contains("client1") && shown.contains("<1 groups>"), "{shown}");
    assert!(!shown.contains("jane") && !shown.contains("Clinical"), "{shown}");
}
