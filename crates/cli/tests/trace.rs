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
/// 2026-08-01T07:00:00Z, when Jane's decision was made.
const DECIDED: i64 = 1_785_567_600;
/// The place of the first of Jane's sessions among all.
const JANE: usize = 2;

/// A table to which the samples' entitlements were applied at a moment.
async fn place(at: i64) -> Place {
    let place = Place::with_table().await;
    apply(&place, ENTITLEMENTS, 1, at).await;
    place
}

/// Applies entitlements by a clock.
async fn apply(place: &Place, entitlements: &str, revision: u64, at: i64) {
    let at = Timestamp::from_seconds(at);
    let stated = signet_cli::file::parse(entitlements.as_bytes(), "platform", at).unwrap();
    assert_eq!(stated.warnings, []);
    let provenance = Provenance { at, event: "apply-sample".to_owned() };
    place.table().apply(&stated.source, Revision::Exactly(revision), &stated.statement, &provenance).await.unwrap();
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
            "06:55 wrong replayed",
            "06:57 wrong replayed",
            "07:00 in_order",
            "07:00 in_order",
            "07:05 in_order",
            "07:06 wrong other_user",
            "07:10 not_proven user",
            "07:15 wrong copied",
            "07:16 wrong copied",
            "07:25 wrong other_user other_user other_role other_codes not_granted",
            "07:28 wrong no_decision",
            "07:29 wrong unknown_decision",
            "07:30 wrong not_given",
            "07:35 wrong other_tags",
            "09:20 wrong late",
        ]
    );
    assert_eq!(
        all["totals"],
        json!({ "sessions": 15, "in_order": 3, "wrong": 11, "not_proven": 1, "others": 1, "refused": 1 })
    );
    let first = &all["sessions"][JANE];
    assert_eq!(first["calls"], json!({ "s3.amazonaws.com GetObject": 2, "s3.amazonaws.com ListBuckets": 1 }));
    assert_eq!(first["access_key"], "ASIAEXAMPLEJANE00001");
    assert_eq!(
        (&first["decision"]["app_name"], &first["decision"]["seconds_before"]),
        (&json!("Databricks"), &json!(21))
    );
    assert_eq!(first["granted_by"].as_array().unwrap().len(), 1, "one group alone opens this role");
    let granted = &first["granted_by"][0];
    assert_eq!((&granted["group"], &granted["code"]), (&json!("Clinical Stewards"), &json!("wv6d")));
    assert_eq!((&granted["source"], &granted["since"]["event"]), (&json!("file:platform"), &json!("apply-sample")));

    let second = &all["sessions"][JANE + 1];
    assert_eq!(second["calls"], json!({}));
    let also = |session: &Value| session["also_opened"][0]["event"].clone();
    assert_eq!((also(first), also(second)), (second["event"].clone(), first["event"].clone()));

    assert_eq!(verdicts(&traced(&place, &["--findings"])).len(), 11);
}

/// The records of one moment.
fn records_of(time: &str) -> String {
    let all = json(RECORDS);
    let found: Vec<&Value> = all
        .get("Records")
        .and_then(Value::as_array)
        .unwrap()
        .iter()
        .filter(|record| record["eventTime"] == time)
        .collect();
    json!(found).to_string()
}

/// The records of the samples, changed.
fn records(change: impl Fn(&mut Value)) -> String {
    let mut all = json(RECORDS);
    all.get_mut("Records").and_then(Value::as_array_mut).unwrap().iter_mut().for_each(change);
    all.to_string()
}

#[tokio::test]
async fn tokens_are_as_old_as_somebody_says() {
    let place = place(MORNING).await;
    let late = records(|record| {
        if record["eventTime"] == "2026-08-01T07:05:02Z" {
            record["eventTime"] = json!("2026-08-01T09:05:00Z");
        }
    });
    let (records, log) = (place.file("late.json", late), place.file("log.jsonl", LOG));
    let of = |more: &[&str]| verdicts(&place.json(&[&["trace", &records, "--log", &log], more].concat()));
    let is_late = |verdicts: &[String]| verdicts.iter().any(|verdict| verdict == "09:05 wrong late");
    assert!(is_late(&of(&[])) && is_late(&of(&["--token-minutes", "119"])));
    assert!(!is_late(&of(&["--token-minutes", "120"])));
    // For assertions nobody but AWS says.
    assert!(of(&["--token-minutes", "1440"]).contains(&"09:20 wrong late".to_owned()));
}

#[tokio::test]
async fn what_was_only_observed_had_no_decision_to_carry() {
    let place = place(MORNING).await;
    let untagged = records(|record| {
        if let Some(parameters) = record["requestParameters"].as_object_mut() {
            parameters.remove("principalTags");
        }
    });
    let undecided = records(|record| {
        if let Some(tags) = record.pointer_mut("/requestParameters/principalTags").and_then(Value::as_object_mut) {
            tags.remove("SignetDecision");
        }
    });
    let (records, log) = (place.file("untagged.json", untagged), place.file("log.jsonl", LOG));
    let undecided = place.file("undecided.json", undecided);
    let by = |records: &str| verdicts(&place.json(&["trace", records, "--log", &log]));
    let of = || by(&records);
    assert_eq!(of()[JANE], "07:00 wrong no_decision");
    // Databricks was observed until a minute before Jane signed in, and an assertion lives for five.
    let observed =
        ENTITLEMENTS.replace("    provider: okta-databricks", "    provider: okta-databricks\n    mode: observe");
    assert_ne!(observed, ENTITLEMENTS);
    apply(&place, &observed, 2, MORNING + 60).await;
    apply(&place, ENTITLEMENTS, 3, DECIDED - 60).await;
    let verdicts = of();
    assert_eq!(verdicts[JANE], "07:00 not_proven decision");
    assert_eq!(by(&undecided)[JANE], "07:00 wrong no_decision", "Signet gives codes with a decision alone");
    assert!(verdicts.contains(&"07:05 wrong no_decision".to_owned()), "by another app: {verdicts:?}");
    assert!(verdicts.contains(&"07:15 wrong no_decision".to_owned()), "long after: {verdicts:?}");
}

#[tokio::test]
async fn people_read_the_chain_and_scripts_the_exit_code() {
    let place = place(MORNING).await;
    trace(&place, &["--exit-code"])
        .exit(3)
        .says("2026-08-01T07:00:21Z  arn:aws:iam::111122223333:role/data/clinical-steward\n")
        .says("  Decision     7kbsitlre4vw4diqiqjqukoo7a  at 2026-08-01T07:00:00Z, 21 s before\n")
        .says("  Person       jane.doe@example.com (00u1jane000000000g3)\n")
        .says("  App          Databricks (0oath92zlO60urQOP0g3), saml\n")
        .says("  Record       6e1a3b20-0000-4000-8000-000000000001\n")
        .says("  Assertion    _a1111111111\n")
        .says("  Also opened  arn:aws:iam::111122223333:role/data/clinical-reader  at 2026-08-01T07:00:40Z, from 192.0.2.10")
        .says("  By Clinical Stewards  [wv6d]\n")
        .says("  by file:platform, since 2026-08-01T00:00:00Z (apply-sample, revision 1)\n")
        .says("  Did s3.amazonaws.com GetObject  2\n")
        .says("  In order: person, role, codes and app are the decision's.\n")
        .says("  FINDING  other_user: its token is about `00u2john000000000g3`, and the decision about `00u1jane000000000g3`")
        .says("  FINDING  late: it was opened 7200 s after its decision, more than 360 s")
        .says("  FINDING  replayed: its assertion also opened the session of record `6e1a3b20-0000-4000-8000-000000000018`")
        .says("`Department` beyond those that the app gives; `SignetDecision` not transitive")
        .says("the log has no such decision; it has 9, from 2026-08-01T06:55:00Z to 2026-08-01T07:35:00Z")
        .says("  CANNOT TELL  user: sessions of an identity pool carry no source identity")
        .says("15 sessions: 3 in order, 11 with findings, 1 of which something cannot be told.\n");
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
    let late = place(1_900_000_000).await;
    trace(&late, &[])
        .ok()
        .warns("the table's history begins at 2030-03-17T17:46:40Z, after 16 sessions of these records");
    let empty = Place::with_table().await;
    trace(&empty, &[]).ok().warns("the table has no history").warns("is it the right table?");
    let begun = trace(&place(MORNING).await, &[]).ok();
    assert!(!begun.err.contains("history"), "{}", begun.err);
    let verdicts = verdicts(&traced(&late, &[]));
    assert_eq!(verdicts[JANE], "07:00 not_proven app grants");
    assert!(verdicts.contains(&"07:10 not_proven user app grants".to_owned()), "an identity pool: {verdicts:?}");
    assert!(!verdicts.iter().any(|verdict| verdict.starts_with("07:28")), "the role was not Signet's: {verdicts:?}");
}

#[tokio::test]
async fn what_is_changed_while_a_decision_is_made_is_no_finding() {
    // Applied by a clock that is a minute ahead.
    assert_eq!(verdicts(&traced(&place(DECIDED + 60).await, &[]))[JANE], "07:00 in_order");
    assert_eq!(verdicts(&traced(&place(DECIDED + 61).await, &[]))[JANE], "07:00 not_proven app grants");

    let other = ENTITLEMENTS.replace("Clinical Stewards", "Others");
    let withdrawn = async |at| {
        let place = place(MORNING).await;
        apply(&place, &other, 2, at).await;
        verdicts(&traced(&place, &[]))[JANE].clone()
    };
    // The decision was made before the withdrawal was through.
    assert_eq!(withdrawn(DECIDED).await, "07:00 in_order");
    assert_eq!(withdrawn(DECIDED - 59).await, "07:00 in_order");
    // An application of many grants takes minutes; none takes longer than a function may run.
    assert_eq!(withdrawn(DECIDED - 60).await, "07:00 not_proven grants");
    assert_eq!(withdrawn(DECIDED - 899).await, "07:00 not_proven grants");
    assert_eq!(withdrawn(DECIDED - 900).await, "07:00 wrong not_granted");
    let granted = async |at| {
        let place = Place::with_table().await;
        apply(&place, &other, 1, MORNING).await;
        apply(&place, ENTITLEMENTS, 2, at).await;
        verdicts(&traced(&place, &[]))[JANE].clone()
    };
    // The grant was there before the moment that its row tells.
    assert_eq!(granted(DECIDED + 1).await, "07:00 in_order");
    assert_eq!(granted(DECIDED + 60).await, "07:00 in_order");
    assert_eq!(granted(DECIDED + 61).await, "07:00 wrong not_granted");
}

#[tokio::test]
async fn an_app_that_is_changed_while_a_decision_is_made_is_no_finding() {
    let other = ENTITLEMENTS.replace("https://signin.aws.amazon.com/saml", "https://elsewhere.example.com/saml");
    for (at, verdict) in [
        (DECIDED - 61, "07:00 wrong other_app"),
        (DECIDED - 60, "07:00 wrong other_app"),
        (DECIDED - 59, "07:00 in_order"),
        (DECIDED + 61, "07:00 in_order"),
    ] {
        let place = place(MORNING).await;
        apply(&place, &other, 2, at).await;
        assert_eq!(verdicts(&traced(&place, &[]))[JANE], verdict, "changed {} s after", at - DECIDED);
    }
    let place = Place::with_table().await;
    apply(&place, &other, 1, MORNING).await;
    apply(&place, ENTITLEMENTS, 2, DECIDED + 60).await;
    assert_eq!(verdicts(&traced(&place, &[]))[JANE], "07:00 in_order", "by a clock that is ahead");
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

#[tokio::test]
async fn records_come_as_cloudwatch_logs_has_them() {
    let place = place(MORNING).await;
    let log = place.file("log.jsonl", LOG);
    let events: Vec<Value> = json(RECORDS)["Records"]
        .as_array()
        .unwrap()
        .iter()
        .map(|record| json!({ "message": record.to_string() }))
        .collect();
    let answer = place.file("answer.json", json!({ "events": events }).to_string());
    assert_eq!(place.json(&["trace", &answer, "--log", &log]), traced(&place, &[]));
}

#[tokio::test]
async fn what_was_shown_again_is_found_among_several_files() {
    let place = place(MORNING).await;
    let log = place.file("log.jsonl", LOG);
    let [first, second] = ["2026-08-01T06:55:20Z", "2026-08-01T06:57:05Z"]
        .map(|time| place.file(&format!("{}.json", time.replace(':', "-")), records_of(time)));
    assert_eq!(verdicts(&place.json(&["trace", &first, "--log", &log])), ["06:55 in_order"]);
    let both = verdicts(&place.json(&["trace", &second, &first, "--log", &log]));
    assert_eq!(both, ["06:55 wrong replayed", "06:57 wrong replayed"]);
    place.run(&["trace", "-", "-", "--log", &log]).exit(2).warns("`-` is given twice");
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
    let tailed: Vec<String> = LOG
        .lines()
        .map(|line| format!("2026-08-01T07:00:00.412000+00:00 2026/08/01/[$LATEST]0a {:#}\n", json(line)))
        .collect();
    let tailed = place.file("tailed.txt", tailed.concat());
    let insights: Vec<Value> =
        LOG.lines().map(|line| json!({ "@timestamp": "2026-08-01 07:00:00.412", "@message": json(line) })).collect();
    let insights = place.file("insights.json", json!(insights).to_string());
    // As PowerShell writes it, and with a line of something else behind it.
    let marked = place.file("marked.json", format!("\u{feff}{}", json!({ "events": events })));
    let joined = place.file("joined.txt", format!("{}\nEND RequestId: x\n", json!({ "events": events })));
    for log in [&answer, &exported, &tailed, &insights, &marked, &joined] {
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
    place.run(&["trace", &records, "--log", "-", "--log", "-"]).exit(2).warns("`-` is given twice");
    place.run(&["trace", "--log", "-"]).exit(2).warns("unless FILE says where they are");
    place.run(&["trace", &place.file("bad.json", "{}"), "--log", &log]).exit(2).warns("document 1 is no record");
    place.run(&["trace", &place.file("x.gz", b"\x1f\x8b"), "--log", &log]).exit(2).warns("| signet trace - --log LOG`");
    place.run(&["trace", "nowhere.json", "--log", &log]).exit(2).warns("cannot read `nowhere.json`");
    let empty = place.file("empty.jsonl", "START\n{\"message\": \"decision\"}\n");
    place
        .run(&["trace", &records, "--log", &empty])
        .ok()
        .warns(&format!("1 line of `{empty}` cannot be read"))
        .warns("the log has no decision")
        .says("the log has no such decision: it has none\n");
    let none = place.run(&["trace", &place.file("none.json", ""), "--log", &log]).ok();
    none.says("0 sessions").warns("no record is of AssumeRoleWithSAML or AssumeRoleWithWebIdentity");
    let refused = records_of("2026-08-01T07:32:00Z");
    let refused = place.run(&["trace", &place.file("refused.json", refused), "--log", &log]).ok();
    assert!(!refused.says("1 call refused by AWS").err.contains("no record"), "a call that was refused is one");
}
