//! The table's settings, and what becomes of groups that find their code taken.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may fail by a panic")]

mod support;

use serde_json::{Value, json};
use support::{Place, TABLE, app, code, collision, role};

/// A file of two groups, of which the second finds its code taken.
fn platform(first: &str, second: &str) -> String {
    let (a, b) = (role("a"), role("b"));
    format!(
        "name: platform\napps:\n{}grants:\n- {{ role: {a}, groups: [{first}] }}\n- {{ role: {a}, groups: [{second}] \
         }}\n- {{ role: {b}, groups: [{second}, Others] }}\n",
        app("0oaA", "")
    )
}

fn roles(place: &Place, group: &str) -> Value {
    place.json(&["explain", "--app", "0oaA", "--user", "jane@example.com", "--group", group])["roles"].clone()
}

#[tokio::test]
async fn a_displaced_group_is_told_and_told_once() {
    let place = Place::with_table().await;
    let (first, second) = collision();
    place.apply(&platform(&first, "Nobody else"));
    let file = place.file("platform.yaml", platform(&first, &second));
    place.run(&["plan", &file]).ok().says("DISPLACED").says("1 displaced, 0 left out");
    let value = place.json(&["apply", &file, "--yes"]);
    let expected =
        json!([{ "group": second, "code": code(&second, 1), "salt": 1, "taken": code(&first, 0), "owner": first }]);
    assert_eq!((&value["displaced"], &value["left_out"]), (&expected, &json!([])));
    let told = &value["collisions"][0];
    for member in ["group", "code", "salt", "taken", "owner"] {
        assert_eq!(told[member], expected[0][member], "{member}");
    }
    assert_eq!(told["event"], value["event"]);
    assert_eq!(value["collisions"].as_array().unwrap().len(), 1);

    assert_eq!(place.json(&["apply", &file, "--yes"])["collisions"], json!([]));
    assert_eq!(place.json(&["resync", "file:platform"])["collisions"], json!([]));
    let ended = place.run(&["apply", &file, "--yes"]).ok();
    assert!(!ended.out.contains("DISPLACED") && !ended.out.contains("COLLISIONS"), "{}", ended.out);
}

#[tokio::test]
async fn a_group_that_is_left_out_is_completed_by_hand() {
    let place = Place::empty().await;
    place
        .run(&["table", "create", "--on-collision", "refuse"])
        .ok()
        .says("A group that finds its code taken is left out until it is registered by hand.");
    let (first, second) = collision();
    place.apply(&platform(&first, "Nobody else"));
    let file = place.file("platform.yaml", platform(&first, &second));
    place
        .run(&["plan", &file])
        .ok()
        .says(&format!("LEFT OUT\n  ! `{second}` finds its code {} taken by `{first}`", code(&first, 0)))
        .says("this table gives it no other: 2 grants wait.\n")
        .says("`signet register GROUP --salt NUMBER`, and then its grants by `signet resync file:platform`")
        .says("0 displaced, 1 left out");
    let applied = place.run(&["apply", &file, "--yes"]).ok();
    assert_eq!(applied.out.matches("LEFT OUT").count(), 2, "in the plan, and in what was done: {}", applied.out);
    assert!(!applied.out.contains("COLLISIONS OF EARLIER"), "{}", applied.out);
    assert_eq!(roles(&place, &second), json!([]));
    assert_eq!(roles(&place, "Others"), json!([role("b")]));

    // Nothing has changed, and the group waits.
    place.run(&["resync", "file:platform"]).ok().says("LEFT OUT").says("2 grants wait.");
    let waiting = place.json(&["resync", "file:platform"]);
    let left_out = json!([{ "group": second, "taken": code(&first, 0), "owner": first, "grants": 2 }]);
    assert_eq!((&waiting["left_out"], &waiting["applied"]), (&left_out, &json!(false)));
    let again = place.json(&["plan", &file]);
    assert_eq!((&again["left_out"], &again["changes"]), (&left_out, &json!(false)));
    place.run(&["plan", &file, "--exit-code"]).exit(3).says("Nothing to change").says("LEFT OUT");

    place.run(&["register", &second, "--salt", "7"]).ok().says("salt 7] is registered.").says("`signet resync SOURCE`");
    place
        .run(&["resync", "file:platform"])
        .ok()
        .says(&format!("{second}  [{}, salt 7]", code(&second, 7)))
        .says(&format!("    + {}\n    + {}\n", role("a"), role("b")))
        .says("2 grants added, 0 removed.")
        .says("\nApplied as resync-");
    assert_eq!(roles(&place, &second), json!([role("a"), role("b")]));
    let done = place.json(&["resync", "file:platform"]);
    assert_eq!((&done["changes"], &done["applied"], &done["event"]), (&json!(false), &json!(false), &Value::Null));
    place.run(&["resync", "file:platform"]).ok().says("Nothing to change: the table has what the source states.");
    place.run(&["plan", &file, "--exit-code"]).ok();
}

#[tokio::test]
async fn what_cannot_be_resynced() {
    let place = Place::with_table().await;
    place.run(&["resync", "clinical"]).exit(1).warns("error: source `dataset:clinical` states nothing");
    place.apply(&platform("A", "B"));
    place.run(&["resync", "platform"]).exit(1).warns(&format!(
        "error: source `dataset:platform` states nothing in table `{TABLE}`: there are `file:platform`"
    ));
    place.run(&["resync", "a b"]).exit(2).warns("source `dataset:a b`");
    place.run(&["resync", "role:a"]).exit(2).warns("does not begin `file:` or `dataset:`");
    place.run(&["resync"]).exit(2);
    place.run_with(&["resync", "clinical"], &[("SIGNET_TABLE", "other")]).exit(1).warns("does not exist");
}

#[tokio::test]
async fn settings_are_shown_and_changed() {
    let place = Place::empty().await;
    place.run(&["table", "show"]).exit(1).warns("does not exist");
    place.run(&["table", "set", "--on-collision", "refuse"]).exit(1).warns("does not exist");
    place.run(&["table", "create", "--on-collision", "maybe"]).exit(2).warns("displace, refuse");
    place.run(&["table", "create", "--code-width", "5"]).ok().says("gets the next free one.");
    place
        .run(&["table", "show"])
        .ok()
        .says(&format!("table         {TABLE}\nlayout        1\ncode width    5\non collision  displace\n"));
    place.run(&["table", "set"]).exit(2).warns("--on-collision");
    place.run(&["table", "set", "--on-collision", "refuse"]).ok().says("Changed in table");
    place.run(&["table", "set", "--on-collision", "refuse"]).ok().says("Nothing to change");
    let expected = json!({ "table": TABLE, "layout": 1, "code_width": 5, "on_collision": "refuse" });
    assert_eq!(place.json(&["table", "show"]), expected);
    let set = |choice: &str| place.json(&["table", "set", "--on-collision", choice]);
    assert_eq!(set("displace"), json!({ "table": TABLE, "on_collision": "displace", "changed": true }));
    assert_eq!(set("displace")["changed"], false);
    // Creating it again changes only what is asked for.
    set("refuse");
    let create = |args: &[&str]| place.json(&[&["table", "create", "--code-width", "5"], args].concat());
    assert_eq!(create(&[])["on_collision"], "refuse");
    let changed = create(&["--on-collision", "displace"]);
    assert_eq!((&changed["on_collision"], &changed["created"]), (&json!("displace"), &json!(false)));
}
