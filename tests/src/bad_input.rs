//! What is no call of an inline hook: bodies and envelopes that are not what they should be.
//!
//! One list for all hooks, so that none of it is forgotten for one of them.

use serde_json::{Value, json};

use crate::event::{Event, SECRET};
use crate::hook::MARKER;

/// Bodies that are no call of the hook that a good event is for. `another_type` is a type of event that
/// another hook answers.
pub fn no_calls(good: &Event, another_type: &str) -> Vec<String> {
    let deep = |open: &str, close: &str| format!("{}{}", open.repeat(10_000), close.repeat(10_000));
    let request = good.request();
    let mut other_type = request.clone();
    other_type["eventType"] = json!(another_type);
    let mut no_type = request.clone();
    no_type.as_object_mut().unwrap().remove("eventType");
    let text = request.to_string();
    let own_type = request["eventType"].as_str().unwrap().to_owned();
    vec![
        String::new(),
        " ".to_owned(),
        MARKER.to_owned(),
        "null".to_owned(),
        "7".to_owned(),
        "\"text\"".to_owned(),
        "[]".to_owned(),
        "{}".to_owned(),
        format!("[{text}]"),
        format!("{text}{text}"),
        format!("{text},"),
        format!("\u{feff}{text}"),
        text.replace("Clinical Readers", r"\ud800"),
        text.replace("Clinical Readers", "line\nfeed"),
        text.replace("\"data\":", "\"data\":01,\"x\":"),
        "x".repeat(10_000_000),
        format!("{}{text}", " ".repeat(10_000_000)),
        format!("\"{}\"", "x".repeat(10_000_000)),
        deep("[", "]"),
        deep("{\"data\":", ""),
        "[".repeat(10_000),
        text.replace("\"session\":{", &format!("\"session\":{},\"_\":{{", deep("[", "]"))),
        other_type.to_string(),
        no_type.to_string(),
        text.replace(&own_type, &format!("{own_type} ")),
        format!(r#"{{"eventType":"{another_type}",{}"#, &text[1..]),
        format!("username={MARKER}&group=Clinical+Readers"),
        format!("<samlp:Response>{MARKER}</samlp:Response>"),
    ]
}

/// Invocations of another shape than that of an HTTP API, made of a good one, with the status that each is
/// answered with.
pub fn envelopes(good: &Event) -> Vec<(String, u16)> {
    let event = good.clone().taken_now();
    let body = event.0["body"].clone();
    let with = |name: &str, value: Value| event.clone().with_member(name, value);
    let without = |name: &str| {
        let mut event = event.clone();
        event.0.as_object_mut().unwrap().remove(name);
        event
    };
    let headers = json!({"authorization": SECRET});
    let envelopes = [
        (without("body"), 400),
        (with("body", json!(null)), 400),
        (with("body", json!({})), 400),
        (with("body", event.request()), 400),
        (with("body", json!(7)), 400),
        (with("body", json!([body])), 400),
        (with("isBase64Encoded", json!(true)), 400),
        (with("isBase64Encoded", json!("false")), 400),
        (with("isBase64Encoded", json!(0)), 400),
        (with("body", json!("e30")).with_member("isBase64Encoded", json!(true)), 400),
        (with("body", json!("=e30")).with_member("isBase64Encoded", json!(true)), 400),
        (with("body", json!("e30=")).with_member("isBase64Encoded", json!(true)), 400),
        (with("body", json!("\u{0}\u{1}")).with_member("isBase64Encoded", json!(true)), 400),
        (with("body", json!("A".repeat(12_000_000))).with_member("isBase64Encoded", json!(true)), 400),
        (without("headers"), 401),
        // A GET has no body, and a function URL that is opened in a browser no secret.
        (Event(json!({"version": "2.0", "requestContext": {"http": {"method": "GET"}}, "headers": headers})), 400),
        (Event(json!({"version": "2.0", "requestContext": {"http": {"method": "GET"}}})), 401),
        // Other payloads than those of an HTTP API.
        (Event(json!({})), 401),
        (Event(json!([])), 401),
        (Event(json!(null)), 401),
        (Event(json!(7)), 401),
        (Event(json!("text")), 401),
        (Event(event.request()), 401),
        (Event(json!({"Records": [{"messageId": "1", "body": body, "eventSource": "aws:sqs"}]})), 401),
        (Event(json!({"multiValueHeaders": {"authorization": [SECRET]}, "body": body})), 401),
        (Event(json!({"version": "0", "detail-type": "Scheduled Event", "detail": {}})), 401),
    ];
    let texts = [
        // A reader that keeps the last of two would take what another reader did not see.
        (format!(r#"{{"headers":{headers},"body":"{{}}","body":{body}}}"#), 401),
        (format!(r#"{{"headers":{{}},"headers":{headers},"body":{body}}}"#), 401),
        (format!(r#"{{"headers":{headers},"body":"\ud800"}}"#), 401),
        (format!(r#"{{"requestContext":{}{},"body":{body}}}"#, "[".repeat(9_999), "]".repeat(9_999)), 401),
    ];
    let envelopes = envelopes.into_iter().map(|(event, status)| (event.0.to_string(), status));
    envelopes.chain(texts).collect()
}
