//! Building answers: Okta's samples, what they do to an assertion, and what is refused.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test that fails shall fail loudly")]

use serde_json::{Value, json};
use signet_okta::pointer::Pointer;
use signet_okta::response::{BODY_LIMIT_BYTES, NameFormat, Operation, Patch, Response, ResponseError, SamlAttribute};

const SAML_REQUEST: &str = include_str!("data/saml-hook.request.json");
const SAML_RESPONSE: &str = include_str!("data/saml-hook.response.json");
const URI_RESPONSE: &str = include_str!("data/saml-hook.response-uri-claims.json");
const TOKEN_RESPONSE: &str = include_str!("data/token-hook.response.json");
const TOKEN_REQUEST: &str = include_str!("data/token-hook.request.json");

#[path = "../examples/team.rs"]
#[allow(dead_code, unreachable_pub, reason = "the example's `main` is not run here")]
mod team;

fn parse(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

fn body(response: &Response) -> String {
    let encoded = response.encode().unwrap();
    assert_eq!(encoded.status, 200);
    encoded.body.unwrap()
}

fn pointer(text: &str) -> Pointer {
    Pointer::parse(text).unwrap()
}

fn okta_s_saml_response() -> Response {
    Response::patches([
        Patch::assertion([
            Operation::replace(
                Pointer::claim("array").push("attributeValues").push_index(1).push("value"),
                "replacementValue",
            ),
            Operation::replace(
                pointer("/authentication/authnContext"),
                json!({"authnContextClassRef": "replacementValue"}),
            ),
            Operation::add(Pointer::claim("extPatientId"), SamlAttribute::strings(NameFormat::Basic, ["4321"])),
            Operation::add(pointer("/authentication/sessionLifetime"), 300_u32),
        ]),
        Patch::assertion([Operation::replace(pointer("/authentication/sessionIndex"), "exampleSession")]),
    ])
}

fn okta_s_uri_response() -> Response {
    let existing = Pointer::claim("http://schemas.xmlsoap.org/ws/2005/05/identity/claims/foo");
    let added = Pointer::claim("http://schemas.xmlsoap.org/ws/2005/05/identity/claims/bar");
    Response::patch(Patch::assertion([
        Operation::replace(existing.clone().push("attributeValues").push_index(0).push("value"), "replacementValue"),
        Operation::replace(existing.push("attributes"), json!({"attributes": {"NameFormat": NameFormat::Basic.urn()}})),
        Operation::add(added, SamlAttribute::strings(NameFormat::Basic, ["bearer"])),
    ]))
}

fn okta_s_token_response() -> Response {
    Response::patches([
        Patch::identity([Operation::add(Pointer::claim("extPatientId"), "1234")]),
        Patch::access([Operation::add(Pointer::claim("external_guid"), "F0384685-F87D-474B-848D-2058AC5655A7")]),
    ])
}

#[test]
fn okta_s_samples_can_be_built() {
    for (response, sample) in [
        (okta_s_saml_response(), SAML_RESPONSE),
        (okta_s_uri_response(), URI_RESPONSE),
        (okta_s_token_response(), TOKEN_RESPONSE),
    ] {
        assert_eq!(parse(&body(&response)), parse(sample));
        // Not only equal as JSON: the members stand in the order of the sample, too.
        let compact: String = sample.split_whitespace().collect();
        assert_eq!(body(&response), compact);
    }
}

/// Applies all commands of an answer to `target` as JSON Patch does (RFC 6902).
fn apply(response: &Response, kind: &str, mut target: Value) -> Value {
    for command in parse(&body(response))["commands"].as_array().unwrap() {
        if command["type"] == kind {
            let patch: json_patch::Patch = serde_json::from_value(command["value"].clone()).unwrap();
            json_patch::patch(&mut target, &patch).unwrap();
        }
    }
    target
}

#[test]
fn the_saml_sample_patches_the_sample_assertion() {
    let assertion = parse(SAML_REQUEST)["data"]["assertion"].clone();
    let patched = apply(&okta_s_saml_response(), "com.okta.assertion.patch", assertion);
    insta::assert_json_snapshot!("saml_patched", patched);
}

#[test]
fn the_uri_sample_patches_an_assertion_with_uri_names() {
    let names = ["foo", "other"].map(|n| format!("http://schemas.xmlsoap.org/ws/2005/05/identity/claims/{n}"));
    let claim = json!({"attributes": {}, "attributeValues": [{"value": "before"}]});
    let assertion = json!({"claims": {&names[0]: claim, &names[1]: claim}});
    let patched = apply(&okta_s_uri_response(), "com.okta.assertion.patch", assertion);
    insta::assert_json_snapshot!("uri_patched", patched);
}

#[test]
fn the_token_sample_patches_the_sample_tokens() {
    let data = &parse(TOKEN_REQUEST)["data"];
    let response = okta_s_token_response();
    let identity = apply(&response, "com.okta.identity.patch", data["identity"].clone());
    let access = apply(&response, "com.okta.access.patch", data["access"].clone());
    assert_eq!(identity["claims"]["extPatientId"], "1234");
    assert_eq!(access["claims"]["external_guid"], "F0384685-F87D-474B-848D-2058AC5655A7");
    assert_eq!(identity["claims"].get("external_guid"), None);
}

#[test]
fn odd_names_land_where_they_should() {
    let long = "n".repeat(10_000);
    for name in [
        "",
        " ",
        "~",
        "/",
        "~1",
        "~0",
        "~01",
        "/~",
        "a:b",
        "a b",
        "🦀",
        "\0",
        "\u{1b}",
        "\"\\",
        "-",
        "0",
        "${x}",
        "https://aws.amazon.com/SAML/Attributes/PrincipalTag:GroupHash",
        &long,
    ] {
        let attribute = SamlAttribute::strings(NameFormat::Uri, ["v"]);
        let response = Response::patch(Patch::assertion([Operation::add(Pointer::claim(name), attribute)]));
        let patched = apply(&response, "com.okta.assertion.patch", json!({"claims": {"kept": 1}}));
        let claims = patched["claims"].as_object().unwrap();
        assert_eq!(claims.len(), 2, "{name:?}");
        assert_eq!(claims[name]["attributeValues"][0]["value"], "v", "{name:?}");
    }
}

#[test]
fn answers_on_the_wire() {
    let attribute = SamlAttribute {
        name_format: NameFormat::Unspecified,
        values: vec![
            ("xs:integer".to_owned(), "7".to_owned()),
            ("xs:string".to_owned(), "a \"quoted\" <tag> & 🦀".to_owned()),
        ],
    };
    let answers = [
        Response::no_change(),
        Response::no_change().debug_context("decision", "abc"),
        Response::deny("You may not. Reference: abc"),
        Response::deny("No.").debug_context("decision", "abc").debug_context("n", 1),
        Response::patch(Patch::assertion([Operation::add(Pointer::claim("a/b"), attribute)]))
            .debug_context("twice", 1)
            .debug_context("zebra first", true)
            .debug_context("twice", 2),
        Response::patch(Patch::access([
            Operation::remove(Pointer::claim("teams")),
            Operation::replace(pointer("/token/lifetime/expiration"), 600_u32),
            Operation::add(Pointer::claim("list").push("-"), Value::Null),
        ])),
    ];
    let wire: Vec<_> = answers
        .iter()
        .map(|answer| answer.encode().unwrap())
        .map(|encoded| json!([encoded.status, encoded.body]))
        .collect();
    insta::assert_json_snapshot!("wire", wire);
    assert_eq!(answers.each_ref().map(Response::is_deny), [false, false, true, true, false, false]);
}

#[test]
fn what_okta_would_not_carry_out_is_not_sent() {
    let refusal = |patch: Patch| Response::patch(patch).encode().unwrap_err().to_string();
    let claim = || Pointer::claim("a");
    let one = |operation: Operation| [operation];
    let messages = [
        refusal(Patch::assertion(one(Operation::remove(claim())))),
        refusal(Patch::assertion(one(Operation::add(claim(), Value::Null)))),
        refusal(Patch::assertion(one(Operation::replace(claim(), json!({"b": [1, null]}))))),
        refusal(Patch::assertion(one(Operation::add(Pointer::new(), 1_u32)))),
        refusal(Patch::assertion(one(Operation::add(pointer("/claims"), json!({}))))),
        refusal(Patch::assertion(one(Operation::add(pointer("/lifetime/expiration"), 1_u32)))),
        refusal(Patch::access(one(Operation::remove(Pointer::new())))),
        refusal(Patch::access(one(Operation::add(pointer("/scopes/openid"), 1_u32)))),
        refusal(Patch::access(one(Operation::add(Pointer::claim("cid"), "x")))),
        refusal(Patch::identity(one(Operation::add(Pointer::claim("aud").push("-"), "x")))),
        refusal(Patch::assertion([])),
        Response::patches([]).encode().unwrap_err().to_string(),
        // One bad operation among good ones, in the second command.
        Response::patches([
            Patch::assertion(one(Operation::add(claim(), "x"))),
            Patch::assertion([Operation::add(claim(), "x"), Operation::remove(claim())]),
        ])
        .encode()
        .unwrap_err()
        .to_string(),
    ];
    insta::assert_json_snapshot!("refusals", messages);
}

#[test]
fn claims_of_oktas_own_are_reserved_in_the_token_that_has_them() {
    let taken = |patch: Patch| Response::patch(patch).encode().is_ok();
    let add = |name: &str| [Operation::add(Pointer::claim(name), "x")];
    for (name, identity, access) in [
        ("iss", false, false),
        ("scp", false, false),
        ("groups", false, false),
        ("sub", false, true),
        ("uid", true, false),
        ("https://aws.amazon.com/tags", true, true),
        // A name that only looks like one when it is not unescaped, and the other way about.
        ("au/d", true, true),
        ("ISS", true, true),
    ] {
        assert_eq!(taken(Patch::identity(add(name))), identity, "{name} of an ID token");
        assert_eq!(taken(Patch::access(add(name))), access, "{name} of an access token");
        assert!(taken(Patch::assertion(add(name))), "{name} of an assertion");
    }
}

#[test]
fn the_body_stays_under_the_limit() {
    let of_size = |padding: usize| {
        let value = "x".repeat(padding);
        Response::patch(Patch::assertion([Operation::add(Pointer::claim("a"), value)]))
    };
    let overhead = body(&of_size(0)).len();
    let largest = BODY_LIMIT_BYTES - 1 - overhead;
    assert_eq!(body(&of_size(largest)).len(), 262_143);
    assert!(matches!(of_size(largest + 1).encode(), Err(ResponseError::TooLarge { bytes: 262_144, limit: 262_144 })));
    assert!(matches!(Response::deny("x".repeat(BODY_LIMIT_BYTES)).encode(), Err(ResponseError::TooLarge { .. })));
    // Bytes count, not characters, and escapes count as they are written.
    let wide = Response::deny("🦀".repeat(BODY_LIMIT_BYTES / 4)).encode();
    let escaped = Response::deny("\u{1}".repeat(BODY_LIMIT_BYTES / 6)).encode();
    assert!(wide.is_err() && escaped.is_err());
}

#[test]
fn the_example_answers() {
    let answer = |text: &str| body(&team::answer(text.as_bytes()).unwrap());
    insta::assert_json_snapshot!("example", parse(&answer(SAML_REQUEST)));
    let stranger = SAML_REQUEST.replace("00uq8tMo3zV0OfJON0g3", "00ustranger");
    let stranger = team::answer(stranger.as_bytes()).unwrap();
    assert_eq!(stranger.encode().unwrap().status, 204);
    let broken = SAML_REQUEST.replace("\"00uq8tMo3zV0OfJON0g3\"", "7");
    assert!(team::answer(broken.as_bytes()).unwrap().is_deny());
    assert!(team::answer(TOKEN_REQUEST.as_bytes()).is_err());
}
