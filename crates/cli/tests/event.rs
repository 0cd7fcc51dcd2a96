//! `event check`, which needs no table and no AWS.
#![expect(clippy::unwrap_used, reason = "a test may fail by a panic")]

mod support;

use serde_json::{Value, json};
use support::{Ended, command, fed, sample};
use tempfile::TempDir;

fn check(args: &[&str], input: &[u8]) -> Ended {
    let folder = TempDir::new().unwrap();
    let mut command = command(folder.path());
    command.args(["event", "check"]).args(args);
    fed(command, input)
}

#[test]
fn good_events_are_told_in_one_line_each() {
    let ended = check(&[&sample("dataset-active"), &sample("provider-saml-active")], b"").ok();
    let [dataset, provider] = ended.out.lines().collect::<Vec<_>>()[..] else { panic!("{}", ended.out) };
    assert!(dataset.starts_with("ok  "), "{dataset}");
    assert!(
        dataset.ends_with(
            "signet.dataset.changed.v1 of clinical-trials at revision 1, active: 2 groups, 2 roles, 3 grants"
        )
    );
    assert!(provider.ends_with(
        "signet.provider.changed.v1 of 0oath92zlO60urQOP0g3 at revision 1, active: saml provider okta-databricks"
    ));
    assert_eq!(ended.err, "");
}

#[test]
fn all_files_are_checked_and_all_problems_told() {
    let folder = TempDir::new().unwrap();
    let bad = folder.path().join("bad.json");
    let event = std::fs::read_to_string(sample("dataset-active")).unwrap();
    let event = event.replace("\"expires_at\"", "\"expire_at\"").replace("\"revision\": 1", "\"revision\": 0");
    std::fs::write(&bad, event.replace("role/data", "user/data")).unwrap();
    let bad = bad.to_str().unwrap();
    check(&[bad, "nowhere.json", &sample("dataset-deleted")], b"")
        .exit(2)
        .says("signet.dataset.changed.v1 of clinical-trials at revision 3, deleted: 0 groups, 0 roles, 0 grants")
        .warns("bad.json: /data/revision: `0` is not a whole number from 1 to 9007199254740992\n")
        .warns("bad.json: /data/grants/0/role: role `arn:aws:iam::111122223333:user/data/trials-reader` is not")
        .warns("bad.json: /data/grants/1/expire_at: is unknown: known are `role`, `groups`, `apps`, `expires_at`\n")
        .warns("nowhere.json: cannot read `nowhere.json`");
}

#[test]
fn an_event_may_come_through_the_standard_input() {
    let event = std::fs::read(sample("dataset-withdrawn")).unwrap();
    check(&["-"], &event).ok().says("ok  -  signet.dataset.changed.v1 of clinical-trials at revision 2");
    check(&["-"], b"{").exit(2).warns("-: the event is not JSON: ");
    check(&["-"], &vec![b' '; 300_000]).exit(2).warns("-: the event has `300000` bytes, and 262144 is the most");
    check(&[], b"").exit(2);
}

#[test]
fn warnings_do_not_make_an_event_bad() {
    let event = std::fs::read_to_string(sample("dataset-withdrawn")).unwrap();
    let event = event.replace("\"Trials Curators\"", "\"Trials Curators\", \"Trials Curators\"");
    check(&["-"], event.as_bytes())
        .ok()
        .says("1 group, 1 role, 1 grant")
        .warns("-: warning: /data/grants/0/groups/1: group `Trials Curators` has this very grant already");
}

#[test]
fn programs_get_json() {
    let json = |ended: Ended| serde_json::from_str::<Value>(&ended.out).unwrap();
    let good = json(check(&[&sample("dataset-active"), "--json"], b"").ok());
    assert_eq!(good["ok"], true);
    let [file] = &good["files"].as_array().unwrap()[..] else { panic!("{good}") };
    assert_eq!(file["type"], "signet.dataset.changed.v1");
    assert_eq!((&file["grants"], &file["groups"], &file["duplicates"]), (&json!(3), &json!(2), &json!(0)));
    assert_eq!(file["warnings"], json!([]));

    let bad = json(check(&["-", "--json"], b"[]").exit(2));
    assert_eq!(bad["ok"], false);
    let what = "one event a message is expected, and there is an array";
    assert_eq!(bad["files"], json!([{ "file": "-", "ok": false, "problems": [{ "place": "", "what": what }] }]));
}
