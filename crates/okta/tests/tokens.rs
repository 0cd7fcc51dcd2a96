//! Reading token hooks' requests: Okta's sample, and what can be wrong with them.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test that fails shall fail loudly")]

use serde_json::{Value, json};
use signet_okta::request::{Envelope, RequestError, SAML_EVENT_TYPE, TOKEN_EVENT_TYPE};
use signet_okta::token::TokenRequest;

const TOKEN: &str = include_str!("data/token-hook.request.json");

fn read(text: &str) -> Result<TokenRequest, RequestError> {
    TokenRequest::from_envelope(&Envelope::parse(text.as_bytes())?)
}

/// A request with `data` as given.
fn with_data(data: &Value) -> Result<TokenRequest, RequestError> {
    read(&json!({"eventType": TOKEN_EVENT_TYPE, "data": data}).to_string())
}

fn with_tokens(identity: &Value, access: &Value) -> TokenRequest {
    with_data(&json!({"identity": identity, "access": access})).unwrap()
}

fn path_of(error: RequestError) -> String {
    match error {
        RequestError::Malformed { path, .. } => path,
        other => panic!("not malformed: {other:?}"),
    }
}

#[test]
fn oktas_sample_is_read() {
    let request = read(TOKEN).unwrap();
    assert_eq!(request.client_id(), Some("customClientIdNative"));
    assert_eq!(request.client_name(), Some("Native client"));
    assert_eq!(request.issuer(), Some("https://{yourOktaDomain}/oauth2/default"));
    assert_eq!(request.user_id(), Some("00uq8tMo3zV0OfJON0g3"));
    assert_eq!(request.profile("login"), Some("administrator1@clouditude.net"));
    assert!(!request.has_no_user() && !request.is_refresh());
    assert_eq!(request.texts("amr").unwrap(), ["pwd"]);
    assert_eq!(request.texts("firstName").unwrap(), ["Add-Min"], "only the access token has it");
    assert_eq!(request.texts("sub").unwrap(), ["00uq8tMo3zV0OfJON0g3"], "the ID token's goes first");
    assert_eq!(request.identity().unwrap().iter().count(), 12);
    assert_eq!(request.access().unwrap().iter().count(), 9);
}

#[test]
fn nothing_of_a_request_is_needed_to_read_it() {
    for data in [json!(null), json!({}), json!({"context": null, "identity": null, "access": null})] {
        let request = with_data(&data).unwrap();
        let ids = (request.client_id(), request.issuer(), request.user_id(), request.profile("login"));
        assert_eq!(ids, (None, None, None, None));
        assert!(request.identity().is_none() && request.access().is_none() && request.has_no_user());
        assert!(request.texts("groups").unwrap().is_empty());
    }
    let empty = with_data(&json!({"identity": {}})).unwrap();
    assert_eq!(empty.identity().unwrap().iter().count(), 0, "it is minted, and has no claims");
}

#[test]
fn claims_are_strings_or_lists_of_strings_once_they_are_asked_for() {
    let claims = json!({"one": "a", "list": ["a", "", "a"], "none": [], "null": null, "n": 7, "mixed": ["a", 7],
        "hole": ["a", null], "object": {"a": "b"}, "flag": true});
    let request = with_tokens(&json!({"claims": claims}), &json!({"claims": {"null": "x", "other": ["y"]}}));
    assert_eq!(request.texts("one").unwrap(), ["a"]);
    assert_eq!(request.texts("list").unwrap(), ["a", "", "a"]);
    assert_eq!(request.texts("none").unwrap(), [""; 0]);
    assert_eq!(request.texts("null").unwrap(), ["x"], "a null is no claim");
    assert_eq!(request.texts("other").unwrap(), ["y"]);
    assert_eq!(request.texts("missing").unwrap(), [""; 0]);
    for (claim, path) in [
        ("n", "/data/identity/claims/n"),
        ("flag", "/data/identity/claims/flag"),
        ("object", "/data/identity/claims/object"),
        ("mixed", "/data/identity/claims/mixed/1"),
        ("hole", "/data/identity/claims/hole/1"),
    ] {
        assert_eq!(path_of(request.texts(claim).unwrap_err()), path);
    }
    let access = with_tokens(&json!(null), &json!({"claims": {"a/b": 7}}));
    assert_eq!(path_of(access.texts("a/b").unwrap_err()), "/data/access/claims/a~1b");
}

#[test]
fn what_decides_about_access_is_read_strictly() {
    for (pointer, value) in [
        ("/data/context/protocol/client/id", json!(7)),
        ("/data/context/protocol/client", json!([])),
        ("/data/context/protocol/issuer/uri", json!({})),
        ("/data/context/protocol/request/grant_type", json!(["client_credentials"])),
        ("/data/context/protocol/originalGrant", json!("x")),
        ("/data/context/user/id", json!(7)),
        ("/data/context/user/profile/login", json!(["a"])),
        ("/data/identity", json!([])),
        ("/data/identity/claims", json!("x")),
        ("/data/access/claims", json!([])),
    ] {
        let mut request: Value = serde_json::from_str(TOKEN).unwrap();
        let (parent, name) = pointer.rsplit_once('/').unwrap();
        request.pointer_mut(parent).unwrap()[name] = value;
        assert_eq!(path_of(read(&request.to_string()).unwrap_err()), pointer);
    }
    let twice = TOKEN.replacen("\"sub\":", "\"sub\": \"root\", \"sub\":", 1);
    assert_eq!(path_of(read(&twice).unwrap_err()), "/data/identity/claims/sub");
    let twice = TOKEN.replacen("\"identity\":", "\"identity\": null, \"identity\":", 1);
    assert_eq!(path_of(read(&twice).unwrap_err()), "/data/identity");
    let other = TOKEN.replace(TOKEN_EVENT_TYPE, SAML_EVENT_TYPE);
    assert!(matches!(read(&other), Err(RequestError::OtherEventType { .. })));
}

#[test]
fn grants_without_a_user_and_renewals_are_told_apart() {
    let grant = |protocol: Value, user: Value| {
        with_data(&json!({"context": {"protocol": protocol, "user": user}, "access": {"claims": {}}})).unwrap()
    };
    let jane = || json!({"id": "00u1", "profile": {"login": "jane@example.com"}});
    let of = |grant_type: &str| json!({"request": {"grant_type": grant_type}});
    let machine = grant(of("client_credentials"), json!(null));
    assert!(machine.has_no_user() && !machine.is_refresh());
    // A user beside such a grant is nobody's.
    assert!(grant(of("client_credentials"), jane()).has_no_user());
    assert!(!grant(of("authorization_code"), jane()).has_no_user());
    assert!(!grant(json!({}), json!({"profile": {"login": "jane@example.com"}})).has_no_user());
    for name in ["originalGrant", "OriginalGrant"] {
        let renewed =
            |original: &str| grant(json!({"request": {"grant_type": "refresh_token"}, name: of(original)}), jane());
        assert!(renewed("authorization_code").is_refresh() && !renewed("authorization_code").has_no_user());
        assert!(renewed("client_credentials").has_no_user(), "{name}");
    }
}

#[test]
fn nothing_of_a_person_is_in_the_debug_form() {
    let shown = format!("{:?}", read(TOKEN).unwrap());
    assert!(shown.contains("customClientIdNative") && shown.contains("<12 claims>"), "{shown}");
    assert!(!shown.contains("clouditude") && !shown.contains("Add-Min"), "{shown}");
}
