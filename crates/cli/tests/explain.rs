//! `explain` on a real DynamoDB API, and `secret new` on nothing.
#![expect(clippy::unwrap_used, reason = "a test may fail by a panic")]

mod support;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use support::{Place, app, role};

async fn place() -> Place {
    let place = Place::with_table().await;
    place.apply(&format!(
        "name: platform\napps:\n{}{}{}grants:\n\
         - {{ role: {}, groups: [Readers, {{ key: 00g1, label: Stewards }}] }}\n\
         - {{ role: {}, groups: [Elsewhere], apps: [0oaObserved] }}\n\
         - {{ role: {}, groups: [Late], expires_at: 2020-01-01T00:00:00Z }}\n",
        app("0oaA", ", tags: { email: { claim: email, required: true } }"),
        app("0oaObserved", ", mode: observe"),
        app("0oaOff", ", active: false"),
        role("reader"),
        role("elsewhere"),
        role("late"),
    ));
    place
}

const JANE: [&str; 6] = ["explain", "--app", "0oaA", "--user", "jane@example.com", "--claim=email=jane@example.com"];

fn finding<'v>(value: &'v Value, group: &str) -> &'v Value {
    value["groups"].as_array().unwrap().iter().find(|found| found["group"] == group).unwrap()
}

#[tokio::test]
async fn why_each_group_does_or_does_not_count() {
    let place = place().await;
    let keys = place.file("keys.txt", "Elsewhere\r\nLate\n\nreaders\n");
    let args = [&JANE[..], &["--group", "Readers", "--group", "00g1", "--groups-from", &keys]].concat();
    place
        .run(&args)
        .ok()
        .says("access to 1 role with 2 group codes")
        .says("yes  Stewards (00g1)")
        .says("none of its grants counts: 1 expired, 0 for other apps")
        .says("none of its grants counts: 0 expired, 1 for other apps")
        .says("no   readers  the table does not have it")
        .says("by file:platform");
    let value = place.json(&args);
    assert_eq!(value["answer"], "patch");
    assert_eq!(value["roles"], json!([role("reader")]));
    assert_eq!(value["codes"].as_array().unwrap().len(), 2);
    assert_eq!(finding(&value, "Readers")["counts"], true);
    assert_eq!(finding(&value, "Late")["grants"][0]["why_not"], "expired");
    assert_eq!(finding(&value, "Elsewhere")["grants"][0]["why_not"], "other_app");
    assert_eq!(finding(&value, "readers")["finding"], "unregistered");
    place.run(&[&args[..], &["--exit-code"]].concat()).ok();
}

#[tokio::test]
async fn what_is_denied() {
    let place = place().await;
    let deny = |args: &[&str], reason: &str| {
        let value = place.json(args);
        assert_eq!(value["answer"], "deny", "{value:#}");
        assert_eq!(value["deny"]["reason"], reason);
        assert_eq!(value["attributes"], json!([]));
        place.run(&[args, &["--exit-code"]].concat()).exit(3).says("denied: ");
    };
    place.apply(&format!("name: oidc\napps:\n{}grants: []", app("0oaOidc", "").replace("saml,", "oidc,")));
    let jane = |app: &'static str| vec!["explain", "--app", app, "--user", "jane@example.com", "--group", "Readers"];
    deny(&jane("0oaNone"), "unknown_app");
    deny(&jane("not an app"), "unknown_app");
    deny(&[&jane("0oaOidc")[..], &["--protocol", "saml"]].concat(), "app_protocol");
    deny(&[&JANE[..], &["--protocol", "oidc", "--group", "Readers"]].concat(), "app_protocol");
    deny(&jane("0oaOff"), "inactive_app");
    deny(&jane("0oaA"), "required_tag");
    deny(&[&JANE[..], &["--group", "Late"]].concat(), "unentitled");
    deny(&JANE, "unentitled");
    deny(&["explain", "--app", "0oaA", "--user", "jane@example.org", "--group", "Readers"], "identity_pattern");
    let role = "--claim=https://aws.amazon.com/SAML/Attributes/Role=x";
    deny(&[&JANE[..], &["--group", "Readers", role]].concat(), "base_assertion");
}

#[tokio::test]
async fn an_observed_app_changes_nothing() {
    let place = place().await;
    let args = ["explain", "--app", "0oaObserved", "--user", "jane@example.com", "--group", "Elsewhere"];
    place.run(&args).ok().says("no change, since the app is in mode observe; enforced it would be: access to 1 role");
    let value = place.json(&args);
    assert_eq!(value["answer"], "no_change");
    assert_eq!(value["outcome"], "access");
}

#[tokio::test]
async fn an_event_is_explained_as_the_hook_would_see_it() {
    let place = place().await;
    let values = |values: &[&str]| {
        let values: Vec<_> =
            values.iter().map(|v| json!({"attributes": {"xsi:type": "xs:string"}, "value": v})).collect();
        json!({"attributes": {"NameFormat": "x"}, "attributeValues": values})
    };
    let body = json!({
        "eventType": "com.okta.saml.tokens.transform",
        "data": {
            "context": {
                "protocol": {"issuer": {"id": "0oaA"}},
                "user": {"id": "00u1", "profile": {"login": "jane@example.com"}},
            },
            "assertion": {"claims": {
                "groups": values(&["Readers", "Late", "Readers"]),
                "email": values(&["jane@example.com"]),
            }},
        },
    })
    .to_string();
    let bare = place.file("bare.json", &body);
    let expected = place.json(&["explain", "--event", &bare]);
    assert_eq!(expected["answer"], "patch", "{expected:#}");
    assert_eq!(expected["groups"].as_array().unwrap().len(), 2);
    assert_eq!(expected["identity"], "jane@example.com");

    let without_id = |value: &Value| {
        value["attributes"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|a| !a["name"].as_str().unwrap().ends_with("SignetDecision"))
            .cloned()
            .collect::<Vec<_>>()
    };
    for (name, envelope) in [
        ("plain.json", json!({"version": "2.0", "requestContext": {}, "body": body, "isBase64Encoded": false})),
        ("base64.json", json!({"version": "2.0", "body": BASE64_STANDARD.encode(&body), "isBase64Encoded": true})),
    ] {
        let value = place.json(&["explain", "--event", &place.file(name, envelope.to_string())]);
        assert_eq!(without_id(&value), without_id(&expected));
        assert_eq!(value["groups"], expected["groups"]);
    }
    let options = place.json(&[&JANE[..], &["--group", "Readers", "--group", "Late"]].concat());
    assert_eq!(without_id(&options), without_id(&expected));
}

#[tokio::test]
async fn what_is_no_event() {
    let place = place().await;
    for (content, why) in [
        ("", "it is not JSON"),
        ("[]", "object"),
        ("{\"eventType\": \"com.okta.import.transform\"}", "com.okta.saml.tokens.transform"),
        ("{}", "no `eventType`"),
        ("{\"triggerSource\": \"PreSignUp_SignUp\"}", "pre token generation"),
        ("{\"version\": \"2.0\", \"requestContext\": {}}", "without a body"),
    ] {
        let file = place.file("event.json", content);
        place.run(&["explain", "--event", &file]).exit(2).warns(why);
    }
}

#[tokio::test]
async fn an_event_that_the_hook_denies_unread_needs_no_table() {
    let place = Place::empty().await;
    for (data, reason) in [
        ("{}", "unknown_app"),
        (r#"{"context": {"protocol": {"issuer": {"id": 7}}}}"#, "malformed_request"),
        (r#"{"assertion": {"claims": []}}"#, "malformed_request"),
        (r#"{}, "data": {}"#, "malformed_request"),
    ] {
        let event = format!(r#"{{"eventType": "com.okta.saml.tokens.transform", "data": {data}}}"#);
        let file = place.file("event.json", event);
        let value = place.json(&["explain", "--event", &file]);
        assert_eq!(value["answer"], "deny");
        assert_eq!(value["deny"]["reason"], reason, "{data}");
    }
}

#[test]
fn a_secret_needs_no_table() {
    let folder = tempfile::TempDir::new().unwrap();
    let run = |args: &[&str]| support::ended(support::command(folder.path()).args(args).output().unwrap()).ok();
    let made: Value = serde_json::from_str(&run(&["secret", "new", "--json"]).out).unwrap();
    let secret = made["secret"].as_str().unwrap();
    assert_eq!(secret.len(), 43);
    let digest: Vec<String> = Sha256::digest(secret).iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(made["sha256"], digest.concat().as_str());
    let text = run(&["secret", "new"]).says("secret  ").says("sha256  ").warns("SIGNET_HOOK_SECRET_SHA256");
    assert!(!text.out.contains(secret), "secrets are new each time");
    run(&["--version"]);
}
