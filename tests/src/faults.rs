//! A table that fails in every way, as each sign-in function meets it: the person reads a reference and no
//! internals, in time; the log says why; and when the table is back, so are the sign-ins, in the same process.
//!
//! One table of faults for all functions, so that none is forgotten for one of them.

use std::time::Duration;

use serde_json::{Value, json};
use signet_local::proxy::Mode;

use crate::stack::{Settings, Stack, TABLE};
use crate::subject::{Kind, Outcome};

/// How long after its deadline the function may answer on a machine that does other things, too: with
/// the default of 2.5 s it is still within the 3 s that Okta waits.
const GRACE: Duration = Duration::from_millis(500);
/// What the one group opens.
const CLINICAL_READER: &str = "arn:aws:iam::111122223333:role/data/clinical-reader";
const SHORT_MS: u64 = 1_000;
const DEFAULT_MS: u64 = 2_500;

/// Words of which none may be in what a person reads, in lower case.
const INTERNALS: [&str; 15] = [
    TABLE,
    "127.0.0.1",
    "table",
    "dynamo",
    "exception",
    "throttl",
    "batchget",
    "http",
    "endpoint",
    "timeout",
    "timed out",
    "panic",
    "sdk",
    "unprocessed",
    "arn:",
];

/// A sign-in while the table fails. `reasons` are the ones that the log may give.
async fn assert_fails(stack: &Stack, kind: Kind, deadline_ms: u64, reasons: &[&str], what: &str) -> Value {
    let answer = kind.ask(&stack.hook, &kind.one_group()).await;
    assert!(answer.denial.is_some() && answer.roles.is_empty(), "{what}: {answer:?}");
    assert!(answer.elapsed <= Duration::from_millis(deadline_ms) + GRACE, "{what}: {:?}", answer.elapsed);
    let log = stack.hook.log_of(answer.number).await;
    assert_eq!((&log["outcome"], &log["level"]), (&json!("deny"), &json!("ERROR")), "{what}: {log}");
    let reason = log["reason"].as_str().unwrap();
    assert!(reasons.contains(&reason), "{what}: `{reason}`, expected one of {reasons:?}: {log}");
    assert!(!log["detail"].as_str().unwrap().is_empty());
    assert_says_nothing(&answer, &log, what);
    let metric = stack.hook.metric_of(answer.number, "Denies").await;
    assert_eq!(metric["Reason"], reason, "{what}");
    log
}

fn assert_says_nothing(answer: &Outcome, log: &Value, what: &str) {
    let decision = log["decision.id"].as_str().unwrap();
    let text = answer.denial.as_deref().unwrap_or_default();
    assert!(text.contains(decision), "{what}: {answer:?}");
    // The id is random: any short word may be in it.
    let body = text.replace(decision, "").to_lowercase();
    for internal in INTERNALS {
        assert!(!body.contains(internal), "{what}: `{internal}` is in {body}");
    }
}

async fn assert_heals(stack: &Stack, kind: Kind, what: &str) {
    stack.proxy.set(Mode::Pass).await.unwrap();
    let answer = kind.ask(&stack.hook, &kind.one_group()).await;
    assert_eq!(answer.roles, [CLINICAL_READER], "{what}: {answer:?}");
}

/// Every fault in turn, on one function.
async fn in_turn(kind: Kind, deadline_ms: u64, faults: Vec<(&str, Mode, &[&str])>) {
    let stack = Settings::of(kind).deadline_ms(deadline_ms).start().await;
    for (what, mode, reasons) in faults {
        let refuses = mode == Mode::Refuse;
        let before = stack.proxy.total_calls();
        stack.proxy.set(mode).await.unwrap();
        assert_fails(&stack, kind, deadline_ms, reasons, what).await;
        assert!(refuses || stack.proxy.total_calls() > before, "{what}: the fault was not met");
        assert_heals(&stack, kind, what).await;
    }
    stack.hook.assert_discreet();
}

/// A whole answer of DynamoDB with these items.
fn answered(items: &Value) -> Mode {
    Mode::WrongJson(json!({"Responses": {TABLE: items}, "UnprocessedKeys": {}}).to_string())
}

fn meta(layout: &str, width: &str) -> Value {
    json!({"pk": {"S": "META"}, "sk": {"S": "META"}, "layout": {"N": layout}, "code_width": {"N": width}})
}

/// The table answers, and what it says is no.
pub async fn answers_that_say_no_are_denials(kind: Kind) {
    let error = |code: &str| Mode::error(400, code, "The message of the service, with arn:aws:dynamodb");
    let json = |text: &str| Mode::WrongJson(text.to_owned());
    let status = |status, body: &str| Mode::Status { status, body: body.into(), content_type: "text/html".into() };
    let table = json!({"S": TABLE});
    in_turn(
        kind,
        SHORT_MS,
        vec![
            ("no table", Mode::table_missing(), &["table_missing"]),
            ("not valid", error("ValidationException"), &["table_error"]),
            ("no right", error("AccessDeniedException"), &["table_error"]),
            ("bad credentials", error("UnrecognizedClientException"), &["table_error"]),
            ("a new error", error("SomethingNewException"), &["table_error"]),
            ("400 without a body", status(400, ""), &["table_error"]),
            ("403 of a firewall", status(403, "<html>blocked</html>"), &["table_error"]),
            ("404", status(404, "not found"), &["table_error"]),
            ("a page in place of the API", status(200, "<html>welcome</html>"), &["table_error"]),
            ("garbage", Mode::Garbage, &["table_error"]),
            ("no object", json("[]"), &["table_error"]),
            ("null", json("null"), &["table_error"]),
            ("nothing in it", json("{}"), &["table_error"]),
            ("no responses", json(r#"{"Responses":{}}"#), &["table_error"]),
            ("wrong types", json(r#"{"Responses":7}"#), &["table_error"]),
            ("another table", json(r#"{"Responses":{"other":[]}}"#), &["table_error"]),
            ("no items", answered(&json!([])), &["meta_missing"]),
            ("an item without keys", answered(&json!([{"x": table}])), &["table_corrupt"]),
            ("an item of nobody", answered(&json!([{"pk": table, "sk": table}])), &["table_corrupt"]),
            ("a new layout", answered(&json!([meta("2", "4")])), &["meta_unfit"]),
            ("a width beyond all", answered(&json!([meta("1", "40")])), &["table_corrupt"]),
            ("a width of none", answered(&json!([meta("1", "x")])), &["table_corrupt", "table_error"]),
        ],
    )
    .await;
}

/// No answer comes, or not all of it.
pub async fn answers_that_do_not_come_are_denials_within_the_deadline(kind: Kind) {
    let late: &[&str] = &["deadline", "table_timeout"];
    let late_or_error: &[&str] = &["deadline", "table_timeout", "table_error"];
    tokio::join!(
        in_turn(
            kind,
            SHORT_MS,
            vec![
                ("silent", Mode::Silent, late),
                ("a byte at a time", Mode::Trickle(Duration::from_millis(50)), late),
                ("slow", Mode::Slow(Duration::from_secs(3)), late),
                ("half an answer", Mode::HalfAnswer, late_or_error),
            ],
        ),
        in_turn(
            kind,
            SHORT_MS,
            vec![
                ("closed without an answer", Mode::Empty, late_or_error),
                ("refused", Mode::Refuse, late_or_error),
                ("some keys never", Mode::UnprocessedKeys, &["deadline", "table_partial"]),
                ("500", Mode::internal_error(), late_or_error),
            ],
        ),
        in_turn(
            kind,
            SHORT_MS,
            vec![
                ("503", Mode::error(503, "ServiceUnavailable", "x"), late_or_error),
                ("throttled", Mode::throttled(), &["deadline", "table_timeout", "table_throttled"]),
                ("no capacity", Mode::capacity_exceeded(), &["deadline", "table_timeout", "table_throttled"]),
                ("slow again", Mode::Slow(Duration::from_secs(3)), late),
            ],
        ),
    );
}

/// Within the default deadline the reason is known, and not only that time was over.
pub async fn the_usual_deadline_leaves_time_to_say_why(kind: Kind) {
    tokio::join!(
        in_turn(kind, DEFAULT_MS, vec![("silent", Mode::Silent, &["table_timeout"])]),
        in_turn(kind, DEFAULT_MS, vec![("throttled", Mode::throttled(), &["table_throttled", "table_timeout"])]),
        in_turn(kind, DEFAULT_MS, vec![("500", Mode::internal_error(), &["table_error", "table_timeout"])]),
        in_turn(kind, DEFAULT_MS, vec![("some keys never", Mode::UnprocessedKeys, &["table_partial"])]),
    );
}

/// Faults that end within the deadline.
pub async fn faults_that_pass_are_not_seen(kind: Kind) {
    let stack = Settings::of(kind).start().await;
    for (what, mode, calls) in [
        ("some keys later", Mode::UnprocessedKeys, 1),
        ("throttled", Mode::throttled(), 3),
        ("no capacity", Mode::capacity_exceeded(), 2),
        ("500", Mode::internal_error(), 2),
        ("closed without an answer", Mode::Empty, 1),
        ("half an answer", Mode::HalfAnswer, 1),
        ("silent once", Mode::Silent, 1),
        ("slow", Mode::Slow(Duration::from_millis(200)), 1),
    ] {
        let before = stack.proxy.calls("BatchGetItem");
        stack.proxy.set_limited(mode, Some("BatchGetItem"), Some(calls)).await.unwrap();
        let answer = kind.ask(&stack.hook, &kind.one_group()).await;
        assert_eq!(answer.roles, [CLINICAL_READER], "{what}: {answer:?}");
        let calls = stack.proxy.calls("BatchGetItem") - before;
        assert!(calls >= if what == "slow" { 1 } else { 2 }, "{what}: {calls}");
    }
    stack.hook.assert_discreet();
}

/// The function's own configuration is wrong.
pub async fn a_table_of_another_name_is_missing(kind: Kind) {
    let stack = Settings::of(kind).with("SIGNET_TABLE", "entitlements-of-nobody").start().await;
    stack.hook.wait_for_line("table not reached at start").await;
    let log = assert_fails(&stack, kind, DEFAULT_MS, &["table_missing"], "no such table").await;
    assert!(log["detail"].as_str().unwrap().contains("entitlements-of-nobody"), "{log}");
    stack.hook.assert_discreet();
}

/// The table fails while the function starts.
pub async fn a_table_that_fails_at_start_is_no_failure_to_start(kind: Kind) {
    async fn start(kind: Kind, what: &str, mode: Mode, reasons: &[&str]) {
        let stack = Settings::of(kind).deadline_ms(SHORT_MS).at_start(mode).start().await;
        let took = stack.hook.init().await;
        assert!(took <= Duration::from_millis(SHORT_MS) + 2 * GRACE, "{what}: {took:?}");
        stack.hook.wait_for_line("table not reached at start").await;
        assert_fails(&stack, kind, SHORT_MS, reasons, what).await;
        assert_heals(&stack, kind, what).await;
        stack.hook.assert_discreet();
    }
    let late: &[&str] = &["deadline", "table_timeout", "table_error"];
    tokio::join!(
        start(kind, "refused", Mode::Refuse, late),
        start(kind, "silent", Mode::Silent, late),
        start(kind, "no table", Mode::table_missing(), &["table_missing"]),
        start(kind, "garbage", Mode::Garbage, &["table_error"]),
    );
}
