//! `explain` of sign-ins that give tokens, on a real DynamoDB API.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may fail by a panic")]

mod support;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};
use support::{Place, code, role};

const POOL: &str = "eu-west-1:12345678-dead-beef-0000-123456790abc";
const USER_POOL: &str = "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_Tv0493apJ";
const ISSUER: &str = "https://example.okta.com/oauth2/aus1";

fn app(id: &str, protocol: &str, audience: &str, more: &str) -> String {
    format!(
        "- {{ id: {id}, protocol: {protocol}, provider: p-{id}, audience: \"{audience}\", groups: {{ claim: groups }}, \
         identity: {{ pattern: \"*@example.com\" }}, when_unentitled: deny, tags: {{ team: {{ claim: team }} }}{more} }}\n"
    )
}

async fn place() -> Place {
    let place = Place::with_table().await;
    place.apply(&format!(
        "name: platform\napps:\n{}{}{}{}{}{}grants:\n- {{ role: {}, groups: [Readers, Writers] }}\n",
        app("saml", "saml", "x", ""),
        app("oidc", "oidc", "0oa1", &format!(", issuer: {ISSUER}, code_capacity: 1")),
        app("machines", "oidc", "0oa2", ", when_no_user: pass, roles_claim: false"),
        app("observed", "oidc", "0oa3", &format!(", issuer: {ISSUER}, mode: observe")),
        app("pool", "cognito-oidc", "7abc", &format!(", issuer: {USER_POOL}, cognito: {{ identity_provider: Okta }}")),
        app("identity-pool", "cognito-identity-pool", POOL, ", cognito: { attributes: protected }"),
        role("reader"),
    ));
    place
}

fn jane<'a>(app: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    let args = ["explain", "--app", app, "--user", "jane@example.com", "--group", "Readers", "--claim", "team=red"];
    [&args[..], more].concat()
}

/// The claims that a token gets, without the decision's id.
fn tags(tokens: &Value, token: &str) -> Value {
    let mut tags = tokens[token]["https://aws.amazon.com/tags"].clone();
    tags["principal_tags"].as_object_mut().unwrap().remove("SignetDecision").unwrap();
    tags
}

#[tokio::test]
async fn one_grant_in_every_protocol() {
    let place = place().await;
    let hash = format!(":{}:", code("Readers", 0));
    let saml = place.json(&jane("saml", &[]));
    assert_eq!((&saml["protocol"], &saml["tokens"]), (&json!("saml"), &Value::Null));
    let nested = json!({
        "principal_tags": {"GroupHash": [hash], "team": ["red"]},
        "transitive_tag_keys": ["GroupHash", "SignetDecision", "team"],
    });
    for (app, protocol) in [("oidc", "oidc"), ("pool", "cognito")] {
        let value = place.json(&jane(app, &["--protocol", protocol]));
        let id = &value["tokens"]["id_token"];
        assert_eq!(tags(&value["tokens"], "id_token"), nested, "{value:#}");
        assert_eq!(id["https://aws.amazon.com/source_identity"], "jane@example.com");
        assert_eq!(id["https://aws.amazon.com/roles"], json!([role("reader")]));
        assert_eq!((&value["roles"], &value["codes"]), (&saml["roles"], &saml["codes"]));
        match protocol {
            "oidc" => assert_eq!(value["tokens"]["access_token"], Value::Null),
            _ => assert_eq!(tags(&value["tokens"], "access_token"), nested),
        }
    }
    let value = place.json(&jane("machines", &[]));
    assert_eq!(value["tokens"]["id_token"].as_object().unwrap().len(), 2, "{value:#}");
    let value = place.json(&jane("identity-pool", &["--event-version", "1"]));
    let id = &value["tokens"]["id_token"];
    assert_eq!((&id["GroupHash"], &id["team"]), (&json!(hash), &json!("red")));
    assert_eq!(value["tokens"]["iam_roles_to_override"], json!([role("reader")]));
    // What is known of real requests alone is no matter here.
    assert_eq!(value["notes"], json!([]));
    place.run(&jane("pool", &[])).ok().says("cognito-oidc").says("\nID token\n").says("\nAccess token\n");
    place.run(&jane("identity-pool", &[])).ok().says("cognito-identity-pool").says("Roles (iamRolesToOverride)");
}

#[tokio::test]
async fn what_a_protocol_refuses() {
    let place = place().await;
    let deny = |args: &[&str], reason: &str| {
        let value = place.json(args);
        assert_eq!((&value["answer"], &value["deny"]["reason"]), (&json!("deny"), &json!(reason)), "{value:#}");
        assert_eq!(value["tokens"], Value::Null);
        place.run(&[args, &["--exit-code"]].concat()).exit(3).says("denied: ");
    };
    deny(&jane("oidc", &["--protocol", "cognito"]), "app_protocol");
    deny(&jane("pool", &["--event-version", "1"]), "event_version");
    deny(&jane("oidc", &["--claim", "https://aws.amazon.com/roles=x"]), "base_token");
    deny(&jane("pool", &["--claim", "https://aws.amazon.com/tags=x"]), "base_token");
    // Two codes, and room for one: each opens the role.
    let value = place.json(&jane("oidc", &["--group", "Writers"]));
    assert_eq!((value["codes"].as_array().unwrap().len(), &value["notes"][0]["kind"]), (1, &json!("codes_covered")));
    place.run(&jane("oidc", &["--event-version", "2"])).exit(2).warns("--event-version is for `cognito`");
    place.run(&["explain", "--event", "x", "--protocol", "oidc"]).exit(2);
    // Nobody is refused in an app that is only observed.
    let args = jane("observed", &["--protocol", "saml"]);
    assert_eq!(place.json(&args)["answer"], "no_change");
    place.run(&args).ok().says("enforced it would be: denied: the app is stated as `oidc` and signs in by `saml`");
}

/// A call of Okta's token hook.
fn call(client: &str, issuer: &str, user: &Value, tokens: &Value) -> Value {
    let mut data = json!({
        "context": {
            "protocol": {"client": {"id": client}, "issuer": {"uri": issuer}, "request": {"grant_type": "x"}},
            "user": user,
        },
    });
    data.as_object_mut().unwrap().extend(tokens.as_object().unwrap().clone());
    json!({"eventType": "com.okta.oauth2.tokens.transform", "eventId": "e", "data": data})
}

#[tokio::test]
async fn calls_of_the_token_hook() {
    let place = place().await;
    let user = json!({"id": "00u1", "profile": {"login": "jane@example.com"}});
    let claims = json!({"claims": {"sub": "jane", "groups": ["Readers", "Others"], "team": "red"}});
    let explain = |call: &Value| place.json(&["explain", "--event", &place.file("call.json", call.to_string())]);
    let both = json!({"identity": claims, "access": {"claims": {}}});

    let bare = call("oidc", ISSUER, &user, &both);
    let expected = explain(&bare);
    assert_eq!((&expected["answer"], &expected["notes"]), (&json!("patch"), &json!([])), "{expected:#}");
    assert_eq!((&expected["identity"], expected["groups"].as_array().unwrap().len()), (&json!("jane@example.com"), 2));
    assert_eq!(tags(&expected["tokens"], "id_token")["principal_tags"]["team"], json!(["red"]));
    let body = BASE64_STANDARD.encode(bare.to_string());
    let wrapped = explain(&json!({"version": "2.0", "body": body, "isBase64Encoded": true}));
    assert_eq!(tags(&wrapped["tokens"], "id_token"), tags(&expected["tokens"], "id_token"));

    let reason = |call: &Value| explain(call)["deny"]["reason"].clone();
    assert_eq!(reason(&call("oidc", "https://example.okta.com/oauth2/other", &user, &both)), "other_issuer");
    assert_eq!(reason(&call("saml", ISSUER, &user, &both)), "app_protocol");
    assert_eq!(reason(&call("", ISSUER, &user, &both)), "unknown_app");
    assert_eq!(reason(&call("oidc", ISSUER, &json!({}), &both)), "no_user");
    let odd = json!({"identity": {"claims": {"groups": {"a": 1}}}});
    assert_eq!(reason(&call("oidc", ISSUER, &user, &odd)), "malformed_request");
    assert_eq!(reason(&call("oidc", ISSUER, &user, &json!({"identity": []}))), "malformed_request");
    let emitted = json!({"access": {"claims": {"https://aws.amazon.com/tags": {}}}, "identity": claims});
    assert_eq!(reason(&call("oidc", ISSUER, &user, &emitted)), "base_token");
    let observed = explain(&call("observed", "https://example.okta.com/oauth2/other", &user, &both));
    assert_eq!((&observed["answer"], &observed["mode"]), (&json!("no_change"), &json!("observe")));

    // For a machine, and for a person who asks for no ID token.
    let mut machine = call("machines", ISSUER, &json!({}), &json!({"access": {"claims": {}}}));
    assert_eq!(reason(&machine), "no_user", "a request that is said to be a person's, and names none");
    machine["data"]["context"]["protocol"]["request"]["grant_type"] = json!("client_credentials");
    let machine = explain(&machine);
    assert_eq!((&machine["answer"], &machine["notes"][0]["kind"]), (&json!("no_change"), &json!("no_user")));
    let no_id_token = json!({"access": claims});
    let nothing = explain(&call("oidc", ISSUER, &user, &no_id_token));
    assert_eq!((&nothing["outcome"], &nothing["notes"][0]["kind"]), (&json!("no_access"), &json!("no_id_token")));
    let file = place.file("call.json", call("oidc", ISSUER, &user, &no_id_token).to_string());
    place.run(&["explain", "--event", &file, "--exit-code"]).exit(3).says("ask for the scope `openid`");

    // A hundred groups are as many as Okta gives, and nobody states who issues these tokens.
    let groups: Vec<String> = (0..100).map(|n| format!("g{n}")).collect();
    let many = explain(&call("machines", ISSUER, &user, &json!({"identity": {"claims": {"groups": groups}}})));
    let kinds: Vec<_> = many["notes"].as_array().unwrap().iter().map(|note| note["kind"].as_str().unwrap()).collect();
    assert!(kinds.ends_with(&["groups_possibly_cut", "issuer_not_stated"]), "{kinds:?}");
}

/// An event of Cognito's trigger.
fn event(version: &str, trigger: &str, client: &str, attributes: &Value) -> Value {
    json!({
        "version": version, "triggerSource": format!("TokenGeneration_{trigger}"), "region": "eu-west-1",
        "userPoolId": "eu-west-1_Tv0493apJ", "userName": "okta_jane", "callerContext": {"clientId": client},
        "request": {"userAttributes": attributes, "groupConfiguration": {"groupsToOverride": []}},
        "response": {},
    })
}

#[tokio::test]
async fn events_of_a_user_pool() {
    let place = place().await;
    let explain = |event: &Value| place.json(&["explain", "--event", &place.file("event.json", event.to_string())]);
    let identities = json!([{"providerName": "Okta", "userId": "jane"}]).to_string();
    let federated = json!({
        "sub": "1", "email": "jane@example.com", "groups": "[Readers,Others]", "team": "red",
        "cognito:user_status": "EXTERNAL_PROVIDER", "identities": identities,
    });
    let native = json!({"email": "jane@example.com", "groups": "Readers", "cognito:user_status": "CONFIRMED"});
    let given = explain(&event("2", "HostedAuth", "pool", &federated));
    assert_eq!((&given["answer"], &given["notes"]), (&json!("patch"), &json!([])), "{given:#}");
    assert_eq!((&given["identity"], &given["roles"]), (&json!("jane@example.com"), &json!([role("reader")])));
    assert_eq!(tags(&given["tokens"], "access_token")["principal_tags"]["team"], json!(["red"]));
    let flat = explain(&event("1", "Authentication", "identity-pool", &native));
    assert_eq!(flat["tokens"]["iam_roles_to_override"], json!([role("reader")]), "{flat:#}");
    assert_eq!(flat["notes"][1]["kind"], "issuer_not_stated", "{flat:#}");

    let reason = |event: &Value| explain(event)["deny"]["reason"].clone();
    assert_eq!(reason(&event("1", "HostedAuth", "pool", &federated)), "event_version");
    assert_eq!(reason(&event("2", "Authentication", "pool", &native)), "attributes_not_federated");
    assert_eq!(reason(&event("2", "HostedAuth", "oidc", &federated)), "app_protocol");
    assert_eq!(reason(&event("2", "HostedAuth", "none", &federated)), "unknown_app");
    assert_eq!(reason(&event("9", "HostedAuth", "pool", &federated)), "malformed_request");
    assert_eq!(reason(&event("2", "HostedAuth", "pool", &json!([]))), "malformed_request");
    let mut elsewhere = event("2", "HostedAuth", "pool", &federated);
    elsewhere["userPoolId"] = json!("eu-west-1_other");
    assert_eq!(reason(&elsewhere), "other_issuer");
}

#[tokio::test]
async fn an_event_without_a_user_needs_no_table() {
    let place = Place::empty().await;
    let file = place.file("event.json", event("3", "ClientCredentials", "pool", &Value::Null).to_string());
    let value = place.json(&["explain", "--event", &file]);
    assert_eq!((&value["app"], &value["answer"]), (&json!("pool"), &json!("no_change")));
    assert_eq!((&value["deny"], &value["notes"][0]["kind"]), (&Value::Null, &json!("no_user")));
    place.run(&["explain", "--event", &file, "--exit-code"]).exit(3).says("no change: the grant has no user");
}

#[tokio::test]
async fn the_past_of_an_app_with_tokens() {
    let place = place().await;
    let value = place.json(&jane("oidc", &["--at", "2999-01-01T00:00:00Z"]));
    assert_eq!(value["answer"], "patch", "{value:#}");
    assert_eq!(value["app_since"]["source"], "file:platform");
    let value = place.json(&jane("pool", &["--at", "2999-01-01T00:00:00Z", "--event-version", "1"]));
    assert_eq!(value["deny"]["reason"], "event_version");
    assert_eq!(value["app_since"]["source"], "file:platform");
}
