//! `doctor` on a real DynamoDB API, on sample requests, and on a hook that a test plays.
#![expect(clippy::unwrap_used, reason = "a test may fail by a panic")]

mod support;

use std::io::{Read, Write};
use std::net::TcpListener;

use serde_json::Value;
use support::{Place, app, role};

const SECRET: &str = "a secret of this test";

/// A sample of a sign-in.
fn sample(name: &str) -> String {
    format!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../events/saml-hook/{}"), name)
}

/// A table with the samples' entitlements.
async fn place() -> Place {
    let place = Place::with_table().await;
    place.run(&["apply", &sample("entitlements.yaml"), "--yes"]).ok();
    place
}

/// The states of checks of a name, of all subjects.
fn states<'v>(told: &'v Value, name: &str) -> Vec<&'v str> {
    let checks = told["checks"].as_array().unwrap().iter().filter(|check| check["name"] == name);
    checks.map(|check| check["state"].as_str().unwrap()).collect()
}

/// A hook that takes the secret, or answers as it is told. It ends with the test.
fn hook(answers: fn(bool, &str) -> String) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/saml-hook", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let (mut read, mut buffer) = (Vec::new(), [0; 4_096]);
            while !String::from_utf8_lossy(&read).contains("\"eventType\"") {
                match stream.read(&mut buffer).unwrap() {
                    0 => break,
                    count => read.extend_from_slice(buffer.get(..count).unwrap()),
                }
            }
            let request = String::from_utf8(read).unwrap();
            let known = request.contains(&format!("authorization: {SECRET}\r\n"));
            stream.write_all(answers(known, &request).as_bytes()).unwrap();
        }
    });
    url
}

fn http(status: u16, body: &str) -> String {
    format!("HTTP/1.1 {status} x\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}", body.len())
}

const DENIAL: &str = r#"{"error":{"errorSummary":"No access to AWS. Reference: abc"}}"#;

#[tokio::test]
async fn a_table_and_its_apps() {
    let place = place().await;
    let told = place.json(&["doctor"]);
    for name in ["credentials", "clock", "table", "index", "stream", "settings"] {
        assert_eq!(states(&told, name), ["ok"], "{name}: {told:#}");
    }
    // What a local table cannot have.
    assert_eq!(states(&told, "deletion_protection"), ["warning"]);
    assert_eq!(states(&told, "point_in_time_recovery"), ["note"]);
    assert_eq!(states(&told, "app"), ["ok", "ok"]);
    assert_eq!(told["totals"]["errors"], 0);
    place.run(&["doctor", "--exit-code"]).exit(3).says("WARNING  deletion_protection").says("infra/template.yaml");
    place.run(&["doctor"]).ok().says("1 warning, 1 note.");
}

#[tokio::test]
async fn what_an_app_lacks() {
    let place = Place::with_table().await;
    assert_eq!(states(&place.json(&["doctor"]), "apps"), ["warning"]);
    let wide = app("0oaWide", "").replace("*@example.com", "*@*");
    let token = app("0oaToken", "").replace("saml,", "oidc,");
    let content = format!(
        "name: p\napps:\n{wide}{token}grants: [{{ role: {}, groups: [Readers], apps: [0oaWide] }}]\n",
        role("r")
    );
    place.apply(&content);
    let told = place.json(&["doctor"]);
    assert_eq!(states(&told, "identity_pattern"), ["warning"]);
    assert_eq!(states(&told, "provider"), ["error"], "nobody states the issuer");
    assert_eq!(states(&told, "grants"), ["warning"], "nothing is granted in the other app");
}

#[tokio::test]
async fn what_the_environment_lacks() {
    let place = Place::empty().await;
    let told = place.json(&["doctor"]);
    assert_eq!(states(&told, "table"), ["error"]);
    assert_eq!(told["totals"]["errors"], 1, "one cause is told once");
    let told = |settings: &[(&str, &str)]| -> Value {
        serde_json::from_str(&place.run_with(&["doctor", "--json"], settings).ok().out).unwrap()
    };
    assert_eq!(states(&told(&[("SIGNET_TABLE", "")]), "environment"), ["error"]);
    assert_eq!(states(&told(&[("AWS_REGION", "")]), "environment"), ["error"]);
    let without = told(&[("AWS_ACCESS_KEY_ID", ""), ("AWS_SECRET_ACCESS_KEY", "")]);
    assert_eq!(states(&without, "credentials"), ["error"]);
    // A table that the stack made, and nobody set up.
    let place = Place::with_table().await;
    let key = |name: &str| (name.to_owned(), aws_sdk_dynamodb::types::AttributeValue::S("META".to_owned()));
    let delete = place.client().delete_item().table_name(support::TABLE);
    delete.set_key(Some([key("pk"), key("sk")].into())).send().await.unwrap();
    let told = place.json(&["doctor"]);
    assert_eq!((states(&told, "table"), states(&told, "settings")), (vec!["ok"], vec!["error"]));
}

#[tokio::test]
async fn a_request_shows_how_okta_is_set_up() {
    let place = place().await;
    let told = place.json(&["doctor", "--request", &sample("one-group.json")]);
    for name in ["groups", "identity", "recipient", "decision"] {
        assert_eq!(states(&told, name), ["ok"], "{name}: {told:#}");
    }
    let of = |name: &str| place.json(&["doctor", "--request", &sample(name)]);
    let emits = of("app-emits-role.json");
    assert_eq!(states(&emits, "decision"), ["error"]);
    assert!(emits.to_string().contains("base_assertion"), "{emits:#}");
    assert_eq!(states(&of("no-groups.json"), "groups"), ["warning"]);
    assert_eq!(states(&of("unknown-app.json"), "request"), ["error"]);
    let preview = of("preview-placeholders.json");
    assert_eq!(states(&preview, "groups"), ["warning"]);
    place.run(&["doctor", "--request", &place.file("x.json", "{}")]).exit(2).warns("not a sign-in event");
}

#[tokio::test]
async fn a_hook_refuses_whoever_has_no_secret_and_denies_whoever_has_it() {
    let place = place().await;
    let url = hook(|known, _| if known { http(200, DENIAL) } else { http(401, "no") });
    let args = ["doctor", "--json", "--url", &url, "--secret-env", "HOOK_SECRET"];
    let told = |args: &[&str]| {
        let ended = place.run_with(args, &[("HOOK_SECRET", SECRET)]).ok();
        assert!(!ended.out.contains(SECRET) && !ended.err.contains(SECRET), "{ended:?}");
        serde_json::from_str::<Value>(&ended.out).unwrap()
    };
    let good = told(&args);
    assert_eq!((states(&good, "hook_closed"), states(&good, "hook_answers")), (vec!["ok"], vec!["ok"]), "{good:#}");
    assert_eq!(states(&told(&args[..4]), "hook_answers"), [""; 0]);

    // The hook of tokens takes calls of its own kind only.
    let url = hook(|known, request| match known {
        false => http(401, "no"),
        true if request.contains("com.okta.oauth2.tokens.transform") => http(200, DENIAL),
        true => http(400, "another type"),
    });
    assert_eq!(states(&told(&[&args[..3], &[&url], &args[4..]].concat()), "hook_answers"), ["ok"]);

    let open = hook(|_, _| http(204, ""));
    let told_open = told(&[&args[..3], &[&open], &args[4..]].concat());
    assert_eq!((states(&told_open, "hook_closed"), states(&told_open, "hook_answers")), (vec!["error"], vec!["error"]));
    let nobody = told(&["doctor", "--json", "--url", "http://127.0.0.1:9/"]);
    assert_eq!(states(&nobody, "hook_closed"), ["error"]);

    place.run(&args).exit(2).warns("no variable `HOOK_SECRET`");
    place.run(&["doctor", "--secret-env", "HOOK_SECRET"]).exit(2);
    let plain = ["doctor", "--url", "http://hooks.example.com/", "--secret-env", "HOOK_SECRET"];
    place.run_with(&plain, &[("HOOK_SECRET", SECRET)]).exit(2).warns("is not encrypted");
}
