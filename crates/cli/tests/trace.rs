//! `trace` of the samples in `events/trace`, and of records and lines in other forms.
#![expect(clippy::unwrap_used, reason = "a test may fail by a panic")]

mod support;

use serde_json::{Value, json};
use signet_core::grant::Timestamp;
use signet_store::apply::{Provenance, Revision};
use support::{Ended, Place, TABLE, fed};

const RECORDS: &str = include_str!("../../../events/trace/records.json");
const LOG: &str = include_str!("../../../events/trace/log.jsonl");
const ENTITLEMENTS: &str = include_str!("../../../events/trace/entitlements.yaml");
/// 2026-08-01T00:00:00Z, some hours before the samples' first sign-in.
const MORNING: i64 = 1_785_542_400;

/// A table to which the samples' entitlements were applied at a moment.
async fn place(at: i64) -> Place {
    let place = Place::with_table().await;
    let at = Timestamp::from_seconds(at);
    let stated = signet_cli::file::parse(ENTITLEMENTS.as_bytes(), "platform", at).unwrap();
    assert_eq!(stated.warnings, []);
    let provenance = Provenance { at, event: "apply-sample".to_owned() };
    place.table().apply(&stated.source, Revision::Exactly(1), &stated.statement, &provenance).await.unwrap();
    place
}

fn trace(place: &Place, more: &[&str]) -> Ended {
    let (records, log) = (place.file("records.json", RECORDS), place.file("log.jsonl", LOG));
    place.run(&[&["trace", &records, "--log", &log], more].concat())
}

fn traced(place: &Place, more: &[&str]) -> Value {
    let ended = trace(place, &[&["--json"], more].concat()).ok();
    serde_json::from_str(&ended.out).unwrap()
}

/// What is said of each session: the minute, and the findings or what cannot be told.
fn verdicts(traced: &Value) -> Vec<String> {
    let words = |list: &Value, name: &str| -> Vec<String> {
        list.as_array().unwrap().iter().map(|one| one[name].as_str().unwrap().to_owned()).collect()
    };
    let sessions = traced["sessions"].as_array().unwrap().iter();
    sessions
        .map(|session| {
            let at = session["at"].as_str().unwrap().get(11..16).unwrap();
            let mut all = words(&session["findings"], "kind");
            all.extend(words(&session["cannot_tell"], "what"));
            format!("{at} {} {}", session["verdict"].as_str().unwrap(), all.join(" ")).trim_end().to_owned()
        })
        .collect()
}

#[tokio::test]
async fn the_samples_are_what_their_page_says() {
    let place = place(MORNING).await;
    let all = traced(&place, &[]);
    assert_eq!(
        verdicts(&all),
        [
            "07:00 in_order",
            "07:05 in_order",
            "07:10 not_proven user",
            "07:15 wrong replayed",
            "07:16 wrong replayed",
            "07:25 wrong other_user other_user other_role other_codes not_granted",
            "07:28 wrong no_decision",
            "07:29 wrong unknown_decision",
            "07:30 wrong not_given",
            "09:20 wrong late",
        ]
    );
    assert_eq!(
        all["totals"],
        json!({ "sessions": 10, "in_order": 2, "wrong": 7, "not_proven": 1, "others": 1, "refused": 1 })
    );
    let first = &all["sessions"][0];
    assert_eq!(first["calls"], json!({ "s3.amazonaws.com GetObject": 2 }));
    assert_eq!(
        (&first["decision"]["app_name"], &first["decision"]["seconds_before"]),
        (&json!("Databricks"), &json!(21))
    );
    assert_eq!(first["granted_by"].as_array().unwrap().len(), 1, "one group alone opens this role");
    let granted = &first["granted_by"][0];
    assert_eq!((&granted["group"], &granted["code"]), (&json!("Clinical Stewards"), &json!("wv6d")));
    assert_eq!((&granted["source"], &granted["since"]["event"]), (&json!("file:platform"), &json!("apply-sample")));

    assert_eq!(verdicts(&traced(&place, &["--findings"])).len(), 7);
    // Two hours are soon enough, if somebody says so.
    assert_eq!(traced(&place, &["--within", "120"])["totals"]["wrong"], 6);
}

#[tokio::test]
async fn people_read_the_chain_and_scripts_the_exit_code() {
    let place = place(MORNING).await;
    trace(&place, &["--exit-code"])
        .exit(3)
        .says("2026-08-01T07:00:21Z  arn:aws:iam::111122223333:role/data/clinical-steward\n")
        .says("  Decision  7kbsitlre4vw4diqiqjqukoo7a  at 2026-08-01T07:00:00Z, 21 s before\n")
        .says("  Person    jane.doe@example.com (00u1jane000000000g3)\n")
        .says("  App       Databricks (0oath92zlO60urQOP0g3), saml\n")
        .says("  By Clinical Stewards  [wv6d]\n")
        .says("  by file:platform, since 2026-08-01T00:00:00Z (apply-sample, revision 1)\n")
        .says("  Did s3.amazonaws.com GetObject  2\n")
        .says("  In order: person, role, codes and app are the decision's.\n")
        .says("  FINDING  late: it was opened 7200 s after its decision, more than 900 s")
        .says("  CANNOT TELL  user: sessions of an identity pool carry no source identity")
        .says("10 sessions: 2 in order, 7 with findings, 1 of which something cannot be told.\n");
    // Of two sessions that are in order nothing is found.
    let records: Value = serde_json::from_str(RECORDS).unwrap();
    let lines: Vec<String> =
        records["Records"].as_array().unwrap().iter().take(5).map(|record| format!("{record}\n")).collect();
    let log = place.file("log.jsonl", LOG);
    let mut command = support::command(&std::env::temp_dir());
    command.env("AWS_ENDPOINT_URL_DYNAMODB", place.endpoint()).env("SIGNET_TABLE", TABLE);
    command.args(["trace", "-", "--log", &log, "--exit-code"]);
    fed(command, lines.concat().as_bytes()).ok().says("3 sessions: 2 in order, 0 with findings");
}

#[tokio::test]
async fn what_the_history_does_not_reach_cannot_be_told() {
    // Applied long after the sign-ins.
    let place = place(1_900_000_000).await;
    assert_eq!(verdicts(&traced(&place, &[]))[0], "07:00 not_proven app grants");
}

#[tokio::test]
async fn what_is_changed_while_a_decision_is_made_is_no_finding() {
    let place = place(MORNING).await;
    // Withdrawn in the second of the decision, which was made before it was through.
    let stated = ENTITLEMENTS.replace("Clinical Stewards", "Others");
    let at = Timestamp::from_seconds(1_785_567_600);
    let stated = signet_cli::file::parse(stated.as_bytes(), "platform", at).unwrap();
    let provenance = Provenance { at, event: "withdrawal".to_owned() };
    place.table().apply(&stated.source, Revision::Exactly(2), &stated.statement, &provenance).await.unwrap();
    assert_eq!(verdicts(&traced(&place, &[]))[0], "07:00 in_order");
}

#[tokio::test]
async fn lines_come_as_cloudwatch_logs_has_them() {
    let place = place(MORNING).await;
    let records = place.file("records.json", RECORDS);
    let events: Vec<Value> =
        LOG.lines().map(|line| json!({ "timestamp": 1, "message": format!("{line}\n") })).collect();
    let answer = place.file("answer.json", json!({ "events": events, "searchedLogStreams": [] }).to_string());
    let exported: Vec<String> = LOG.lines().map(|line| format!("2026-08-01T07:00:00.412Z {line}")).collect();
    let exported = exported.join("\n");
    let exported = place.file("export.txt", format!("2026-08-01T07:00:00.001Z START RequestId: x\n{exported}"));
    let expected = traced(&place, &[]);
    for log in [&answer, &exported] {
        assert_eq!(place.json(&["trace", &records, "--log", log]), expected);
    }
    assert_eq!(place.json(&["trace", &records, "--log", &answer, "--log", &exported]), expected, "overlaps count once");
}

#[tokio::test]
async fn what_cannot_be_read_is_told() {
    let place = place(MORNING).await;
    let (records, log) = (place.file("records.json", RECORDS), place.file("log.jsonl", LOG));
    place.run(&["trace", &records]).exit(2).warns("--log");
    place.run(&["trace", "-", "--log", "-"]).exit(2).warns("`-` is given twice");
    place.run(&["trace", &place.file("bad.json", "{}"), "--log", &log]).exit(2).warns("document 1 is no record");
    place.run(&["trace", &place.file("x.gz", b"\x1f\x8b"), "--log", &log]).exit(2).warns("gunzip");
    place.run(&["trace", "nowhere.json", "--log", &log]).exit(2).warns("cannot read `nowhere.json`");
    let empty = place.file("empty.jsonl", "START\n{\"message\": \"decision\"}\n");
    place
        .run(&["trace", &records, "--log", &empty])
        .ok()
        .warns("1 line of the log cannot be read")
        .warns("the log has no decision")
        .says("does not reach over that time");
    place.run(&["trace", &place.file("none.json", ""), "--log", &log]).ok().says("0 sessions");
}
