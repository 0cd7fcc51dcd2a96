//! `register` and `retire` on a real DynamoDB API.

mod support;

use serde_json::json;
use support::{Place, code, collision, role};

#[tokio::test]
async fn a_code_from_its_registration_to_its_release() {
    let place = Place::with_table().await;
    let (first, other) = collision();
    let own = code(&first, 0);
    place
        .run(&["register", &first, "--label", "People"])
        .ok()
        .says(&format!("People ({first})  [{own}] is registered"))
        .says("`signet resync SOURCE`");
    let again = place.json(&["register", &first]);
    assert_eq!((&again["code"], &again["changed"], &again["event"]), (&json!(own), &json!(false), &json!(null)));
    place.run(&["register", &first, "--salt", "1"]).exit(1).warns("has code");
    place.run(&["decode", &own]).ok().says(&format!("registered  {first}"));
    place.run(&["retire", "--release", &own]).exit(1).warns("is not retired");

    place.run(&["register", &other]).ok().says("DISPLACED").says(&format!("`{first}`"));
    place.run(&["register", &other]).ok().says("is registered already");

    place.apply(&format!("name: platform\ngrants: [{{ role: {}, groups: [{first}] }}]", role("a")));
    place.run(&["retire", &first]).exit(1).warns("has grants by `file:platform`");
    place.run(&["retire", "--release", &own]).exit(1).warns("has grants");
    place.apply("name: platform\ngrants: []");
    place.run(&["retire", &own]).ok().says("is retired already");
    let released = place.json(&["retire", "--release", &own]);
    assert_eq!((&released["group"], &released["state"]), (&json!(first), &json!("released")));
    place.run(&["decode", &own]).exit(1).warns("nobody owns");
    place.run(&["retire", "--release", &own]).exit(1).warns("nobody owns");
    place.run(&["retire", &first]).exit(1).warns("is not registered");
    place.run(&["retire", "--release", "Readers"]).exit(2).warns("group code `Readers`");

    // Within one second, the history has no order between what different hands did.
    let rows = place.json(&["history", &first])["rows"].clone();
    let rows: Vec<_> = rows.as_array().unwrap().iter().map(|row| (&row["source"], &row["groups"][0])).collect();
    let counts = |what: &str| rows.iter().filter(|(_, change)| change[what] == true).count();
    assert_eq!([counts("registers"), counts("retires"), counts("releases")], [1, 1, 1]);
    assert_eq!(rows.iter().filter(|(source, _)| source.is_null()).count(), 2, "two were by hand");
    assert_eq!(rows.len(), 4);
    place.run(&["history", &first]).ok().says("by hand").says(&format!("released {own}"));
}

#[tokio::test]
async fn a_salt_of_ones_own_choice() {
    let place = Place::with_table().await;
    let third = code("Readers", 3);
    place.run(&["register", "Readers", "--salt", "3"]).ok().says(&format!("Readers  [{third}, salt 3] is registered."));
    place.run(&["retire", "group:Readers"]).ok().says("is retired.");
    place.run(&["register", "Readers"]).ok().says(&third);
    place.run(&["register", ""]).exit(2);
}
