//! `doctor` on a real DynamoDB API, on sample requests, and on a hook that a test plays.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may fail by a panic")]

mod support;

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};

use serde_json::Value;
use support::sns::Sns;
use support::{Place, app, role};

const SECRET: &str = "a secret of this test";

/// A sample of a sign-in.
fn sample(name: &str) -> String {
    format!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../events/saml-hook/{}"), name)
}

/// A table with the samples' entitlements.
async fn place() -> Place {
    place_of("saml-hook").await
}

/// A table with the entitlements of a function's samples.
async fn place_of(function: &str) -> Place {
    let place = Place::with_table().await;
    place.run(&["apply", &sample(&format!("../{function}/entitlements.yaml")), "--yes"]).ok();
    place
}

/// The checks of a name.
fn named<'v>(told: &'v Value, name: &str) -> Vec<&'v Value> {
    told["checks"].as_array().unwrap().iter().filter(|check| check["name"] == name).collect()
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

const DENIAL: &str = r#"{"error":{"errorSummary":"No access to AWS. Reference: abc"},
    "debugContext":{"decision":"abc","reason":"unknown_app"}}"#;

#[tokio::test]
async fn a_table_and_its_apps() {
    let place = place().await;
    let told = place.json(&["doctor"]);
    for name in ["environment", "credentials", "clock", "table", "index", "stream", "settings"] {
        assert_eq!(states(&told, name), ["ok"], "{name}: {told:#}");
    }
    let environment = format!("Region eu-central-1, DynamoDB at {}", place.endpoint());
    assert_eq!(named(&told, "environment")[0]["text"], environment);
    assert_eq!(states(&told, "permissions"), ["note"], "what writes was not tried");
    // What a local table cannot have.
    assert_eq!(states(&told, "deletion_protection"), ["warning"]);
    assert_eq!(states(&told, "point_in_time_recovery"), ["note"]);
    let mut apps = states(&told, "app");
    apps.sort_unstable();
    assert_eq!(apps, ["note", "ok"], "one is in observe mode");
    assert_eq!(told["totals"]["errors"], 0);
    let found = place.run(&["doctor", "--exit-code"]).exit(3).says("WARNING  deletion_protection");
    found.says("aws dynamodb update-table --table-name entitlements --deletion-protection-enabled");
    place.run(&["doctor"]).ok().says("1 warning, 3 notes.");
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
    assert_eq!(states(&told, "apps"), ["note"], "what was not looked at is told");
    let told = place.json(&["doctor", "--request", &sample("one-group.json")]);
    assert_eq!(states(&told, "request"), ["note"]);
    assert!(named(&told, "request")[0]["subject"].as_str().unwrap().ends_with("one-group.json"), "{told:#}");
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
    let nothing = place.file("x.json", "{}");
    place.run(&["doctor", "--request", &nothing]).exit(2).warns("not a sign-in event");
    // That is said before anybody is called, whatever else is wrong.
    let without = [("SIGNET_TABLE", "")];
    place.run_with(&["doctor", "--request", &nothing], &without).exit(2).warns("not a sign-in event");
}

/// A sample of a SAML sign-in without identity.
fn without_login(place: &Place, name: &str) -> String {
    let event: Value = serde_json::from_slice(&std::fs::read(sample(name)).unwrap()).unwrap();
    let mut request: Value = serde_json::from_str(event["body"].as_str().unwrap()).unwrap();
    request["data"]["context"]["user"]["profile"].as_object_mut().unwrap().remove("login").unwrap();
    request["data"]["assertion"]["claims"].as_object_mut().unwrap().remove("department");
    place.file("request.json", request.to_string())
}

/// A migration begins with an app that emits its own roles, and is observed: without them nobody gets into AWS.
#[tokio::test]
async fn what_an_observed_app_emits_is_no_error() {
    let place = place().await;
    // The samples' app that is observed.
    let event = std::fs::read_to_string(sample("app-emits-role.json")).unwrap();
    let event = event.replace("0oath92zlO60urQOP0g3", "0oajhub5PqRs7TuVw0g3");
    let told = place.json(&["doctor", "--request", &place.file("observed.json", event)]);
    assert_eq!(states(&told, "decision"), ["note"], "{told:#}");
    assert_eq!(told["totals"]["errors"], 0, "{told:#}");
    let decision = named(&told, "decision")[0];
    let (text, fix) = (decision["text"].as_str().unwrap(), decision["fix"].as_str().unwrap());
    assert!(text.contains("base_assertion") && text.contains("would deny once it is enforced"), "{text}");
    assert!(fix.contains("together with `mode: enforce`"), "{fix}");
    assert!(!text.contains("remove") && !fix.contains("remove"), "{text}: {fix}");

    // The issuer's claim is told alike.
    let place = Place::with_table().await;
    let entitlements = std::fs::read_to_string(sample("../token-hook/entitlements.yaml")).unwrap();
    place.apply(&entitlements.replace("mode: enforce", "mode: observe"));
    let told = place.json(&["doctor", "--request", &sample("../token-hook/base-claim.json")]);
    assert_eq!(states(&told, "decision"), ["note"], "{told:#}");
    assert!(!named(&told, "decision")[0].to_string().contains("remove"), "{told:#}");

    // A request that does not fit its app would be denied then as well, and is nothing that a migration wants.
    let told = place.json(&["doctor", "--request", &sample("../token-hook/other-issuer.json")]);
    assert_eq!(states(&told, "request"), ["warning"], "{told:#}");
}

#[tokio::test]
async fn everything_that_denies_a_request_is_told_at_once() {
    let place = place().await;
    let told = place.json(&["doctor", "--request", &without_login(&place, "app-emits-role.json")]);
    assert_eq!(states(&told, "decision"), ["error"], "{told:#}");
    assert_eq!(states(&told, "identity"), ["error"], "{told:#}");
    assert!(states(&told, "tag").contains(&"error"), "{told:#}");
}

#[tokio::test]
async fn a_request_of_nobody_s_is_no_error() {
    for (function, name) in [("token-hook", "client-credentials-pass"), ("pre-token", "v3-client-credentials")] {
        let place = place_of(function).await;
        let told = place.json(&["doctor", "--request", &sample(&format!("../{function}/{name}.json"))]);
        assert_eq!(states(&told, "request"), ["note"], "{told:#}");
        assert!(named(&told, "request")[0]["fix"].as_str().unwrap().contains("a person's sign-in"), "{told:#}");
    }
    // An app that denies such grants is another matter.
    let place = place_of("token-hook").await;
    let told = place.json(&["doctor", "--request", &sample("../token-hook/client-credentials.json")]);
    assert_eq!(states(&told, "request"), ["error"]);
    assert!(named(&told, "request")[0]["fix"].as_str().unwrap().contains("when_no_user: pass"), "{told:#}");
}

#[tokio::test]
async fn a_request_that_gets_nothing_is_not_well() {
    let place = place_of("saml-hook").await;
    let event = std::fs::read_to_string(sample("no-groups.json")).unwrap();
    // The app that lets people without roles pass.
    let event = event.replace("0oath92zlO60urQOP0g3", "0oajhub5PqRs7TuVw0g3");
    let told = place.json(&["doctor", "--request", &place.file("nothing.json", event)]);
    assert_eq!(states(&told, "decision"), ["note"], "{told:#}");
}

#[tokio::test]
async fn an_item_that_cannot_be_read_costs_no_other_check() {
    let place = place().await;
    let put = |pk: &str, sk: &str, name: &str, value: &str| {
        let text = |value: &str| aws_sdk_dynamodb::types::AttributeValue::S(value.to_owned());
        let put = place.client().put_item().table_name(support::TABLE);
        put.item("pk", text(pk)).item("sk", text(sk)).item(name, text(value)).send()
    };
    put("ACCOUNT#111122223333", "ROLE#nonsense", "kind", "role").await.unwrap();
    put("ACCOUNT#x", "ACCOUNT", "kind", "account").await.unwrap();
    let told = place.json(&["doctor"]);
    assert_eq!(states(&told, "row"), ["error", "error"], "{told:#}");
    assert_eq!(states(&told, "app").len(), 2, "{told:#}");

    put("APP#0oath92zlO60urQOP0g3", "APP", "app", "x").await.unwrap();
    let told = place.json(&["doctor", "--request", &sample("one-group.json")]);
    assert_eq!(states(&told, "request"), ["error"], "{told:#}");
    assert_eq!(states(&told, "settings"), ["ok"]);
}

#[tokio::test]
async fn what_every_call_would_meet_is_told_once() {
    let place = place().await;
    let told = |endpoint: &str| -> Value {
        let settings = [("AWS_ENDPOINT_URL_DYNAMODB", endpoint)];
        serde_json::from_str(&place.run_with(&["doctor", "--json"], &settings).ok().out).unwrap()
    };
    let nobody = told("http://127.0.0.1:9");
    assert_eq!((states(&nobody, "table"), &nobody["totals"]["errors"]), (vec!["error"], &1.into()), "{nobody:#}");
    let expired = Sns::start(&[(400, r#"{"__type":"ExpiredTokenException","message":"expired"}"#)]);
    let told_expired = told(&expired.endpoint());
    assert_eq!(states(&told_expired, "credentials"), ["error"], "{told_expired:#}");
    assert_eq!(told_expired["totals"]["errors"], 1, "{told_expired:#}");
    // Who may not look at the table may still read it.
    let denied = Sns::start(&[(400, r#"{"__type":"AccessDeniedException","message":"not authorized"}"#)]);
    let told_denied = told(&denied.endpoint());
    assert_eq!((states(&told_denied, "table"), states(&told_denied, "settings")), (vec!["note"], vec!["error"]));
    assert!(named(&told_denied, "settings")[0]["fix"].as_str().unwrap().contains("`dynamodb:BatchGetItem`"));
}

/// DynamoDB by way of a server whose answers are of another year. It ends with the test.
fn of_another_year(endpoint: &str) -> String {
    let (listener, behind) = (TcpListener::bind("127.0.0.1:0").unwrap(), endpoint.replace("http://", ""));
    let url = format!("http://{}", listener.local_addr().unwrap());
    let forward = |mut from: TcpStream, mut to: TcpStream, is_answer: bool| {
        std::thread::spawn(move || {
            let mut buffer = vec![0; 65_536];
            while let Ok(count @ 1..) = from.read(&mut buffer) {
                let bytes = buffer.get_mut(..count).unwrap();
                let date =
                    bytes.windows(6).position(|window| window.eq_ignore_ascii_case(b"date: ")).filter(|_| is_answer);
                if let Some(year) = date.and_then(|at| bytes.get_mut(at + 18..at + 22)) {
                    year.copy_from_slice(b"2001");
                }
                if to.write_all(bytes).is_err() {
                    break;
                }
            }
            let _ = to.shutdown(std::net::Shutdown::Write);
        })
    };
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let (near, far) = (stream.unwrap(), TcpStream::connect(&behind).unwrap());
            forward(near.try_clone().unwrap(), far.try_clone().unwrap(), false);
            forward(far, near, true);
        }
    });
    url
}

#[tokio::test]
async fn a_wrong_clock_keeps_nothing_from_being_read() {
    let place = place().await;
    let settings = [("AWS_ENDPOINT_URL_DYNAMODB", &*of_another_year(place.endpoint()))];
    let args = ["doctor", "--json", "--request", &sample("one-group.json")];
    let told: Value = serde_json::from_str(&place.run_with(&args, &settings).ok().out).unwrap();
    assert_eq!(states(&told, "clock"), ["error"], "{told:#}");
    assert_eq!((states(&told, "app").len(), states(&told, "decision")), (2, vec!["ok"]), "{told:#}");
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
    assert_eq!(states(&good, "hook_time"), ["ok"], "{good:#}");
    assert_eq!((states(&good, "hook_closed"), states(&good, "hook_answers")), (vec!["ok"], vec!["ok"]), "{good:#}");
    // Anything answers 401: what is not tried without the secret is told, and how to try it.
    let not_tried = told(&args[..4]);
    let found = (states(&not_tried, "hook_closed"), states(&not_tried, "hook_answers"));
    assert_eq!(found, (vec!["ok"], vec!["note"]), "{not_tried:#}");
    let fix = named(&not_tried, "hook_answers")[0]["fix"].as_str().unwrap();
    assert!(fix.contains("--secret-env"), "{fix}");

    // The hook of tokens takes calls of its own kind only.
    let url = hook(|known, request| match known {
        false => http(401, "no"),
        true if request.contains("com.okta.oauth2.tokens.transform") => http(200, DENIAL),
        true => http(400, "another type"),
    });
    assert_eq!(states(&told(&[&args[..3], &[&url], &args[4..]].concat()), "hook_answers"), ["ok"]);

    // One that cannot read its table denies as well.
    let blind =
        hook(|known, _| if known { http(200, &DENIAL.replace("unknown_app", "table_error")) } else { http(401, "no") });
    let told_blind = told(&[&args[..3], &[&blind], &args[4..]].concat());
    assert_eq!(states(&told_blind, "hook_answers"), ["error"], "{told_blind:#}");

    // One that may not read groups lets nobody in who has one, and answers who has none.
    let no_groups = hook(|known, request| match known {
        false => http(401, "no"),
        true if request.contains(r#""groups":{"attributeValues":[{"#) && request.contains(r#""groups":["#) => {
            http(200, &DENIAL.replace("unknown_app", "table_error"))
        }
        true => http(200, DENIAL),
    });
    let told_no_groups = told(&[&args[..3], &[&no_groups], &args[4..]].concat());
    assert_eq!(states(&told_no_groups, "hook_answers"), ["error"], "{told_no_groups:#}");
    let fix = named(&told_no_groups, "hook_answers")[0]["fix"].as_str().unwrap();
    assert!(fix.contains("`GROUP#*`"), "{fix}");

    let open = hook(|_, _| http(204, ""));
    let told_open = told(&[&args[..3], &[&open], &args[4..]].concat());
    assert_eq!((states(&told_open, "hook_closed"), states(&told_open, "hook_answers")), (vec!["error"], vec!["error"]));
    let nobody = told(&["doctor", "--json", "--url", "http://127.0.0.1:9/"]);
    assert_eq!(states(&nobody, "hook_closed"), ["error"]);

    // What is before the function leaves nothing in its log.
    let throttled = hook(|known, _| if known { http(429, "") } else { http(401, "no") });
    let told_throttled = told(&[&args[..3], &[&throttled], &args[4..]].concat());
    assert_eq!(states(&told_throttled, "hook_answers"), ["warning"], "{told_throttled:#}");
    let fix = named(&told_throttled, "hook_answers")[0]["fix"].as_str().unwrap();
    assert!(fix.contains("throttling") && !fix.contains("log"), "{fix}");
    assert_eq!(states(&told_throttled, "hook_time"), [""; 0], "{told_throttled:#}");

    place.run(&args).exit(2).warns("no variable `HOOK_SECRET`");
    place.run(&["doctor", "--secret-env", "HOOK_SECRET"]).exit(2);
    let plain = ["doctor", "--url", "http://hooks.example.com/", "--secret-env", "HOOK_SECRET"];
    place.run_with(&plain, &[("HOOK_SECRET", SECRET)]).exit(2).warns("is not encrypted");
}
