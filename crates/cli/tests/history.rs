//! `history`, `explain --at` and `producer` on a real DynamoDB API.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may fail by a panic")]

mod support;

use serde_json::{Value, json};
use signet_core::app::AppId;
use signet_core::grant::{Grant, SourceId, Timestamp};
use signet_core::group::GroupKey;
use signet_core::role::{Protocol, ProviderName, RoleArn};
use signet_store::apply::{Provenance, Revision};
use signet_store::statement::{StatedProvider, Statement};
use support::{Ended, Place, TABLE, app, role};

const JANE: [&str; 7] = ["explain", "--app", "0oaA", "--user", "jane@example.com", "--group", "Readers"];

fn platform(mode: &str, grants: &str) -> String {
    format!("name: platform\napps:\n{}grants: [{grants}]\n", app("0oaA", &format!(", mode: {mode}")))
}

fn grant(name: &str, group: &str) -> String {
    format!("{{ role: {}, groups: [{group}] }}", role(name))
}

/// Applies a file's content, and gives the event and the moment of it.
fn apply(place: &Place, file: &str, content: &str) -> (String, String) {
    let path = place.file(file, content);
    place.run(&["plan", &path, "--exit-code"]).exit(3);
    let applied = place.json(&["apply", &path, "--yes", "--allow-withdrawals"]);
    let event = applied["event"].as_str().unwrap().to_owned();
    let source = format!("file:{}", file.strip_suffix(".yaml").unwrap());
    let rows = place.json(&["history", &source])["rows"].clone();
    let row = rows.as_array().unwrap().iter().find(|row| row["event"] == event.as_str()).unwrap();
    (event, row["at"].as_str().unwrap().to_owned())
}

/// Waits until the clock shows another second than at a moment: what happens within one second is
/// one moment to the history.
fn until_after(moment: &str) {
    let moment: jiff::Timestamp = moment.parse().unwrap();
    let now = || {
        let since = std::time::UNIX_EPOCH.elapsed().unwrap();
        i64::try_from(since.as_secs()).unwrap()
    };
    while now() <= moment.as_second() {
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
}

fn events(value: &Value) -> Vec<&str> {
    value["rows"].as_array().unwrap().iter().map(|row| row["event"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn a_change_is_in_the_history_of_all_that_it_concerns() {
    let place = Place::with_table().await;
    let both = [grant("reader", "Readers"), grant("other", "{ key: 00g1, label: Stewards }")].join(", ");
    let (first, _) = apply(&place, "platform.yaml", &platform("observe", &both));
    let (second, moment) = apply(&place, "platform.yaml", &platform("enforce", &grant("reader", "Readers")));
    until_after(&moment);
    let limited = format!("grants: [{{ role: {}, groups: [Readers], apps: [0oaA] }}]", role("other"));
    let (third, _) = apply(&place, "extra.yaml", &limited);

    let of = |subject: &str| place.json(&["history", subject]);
    assert_eq!(events(&of("file:platform")), [first.as_str(), second.as_str()]);
    assert_eq!(events(&of("file:extra")), [third.as_str()]);
    assert_eq!(events(&of("Readers")), [first.as_str(), third.as_str()]);
    assert_eq!(events(&of("group:00g1")), [first.as_str(), second.as_str()]);
    assert_eq!(events(&of(&role("reader"))), [first.as_str()]);
    assert_eq!(events(&of(&role("other"))), [first.as_str(), second.as_str(), third.as_str()]);
    assert_eq!(events(&of("app:0oaA")), [first.as_str(), second.as_str(), third.as_str()]);

    let stewards = of("00g1");
    assert_eq!(stewards["subject"], json!({ "kind": "group", "id": "00g1" }));
    assert_eq!(stewards["rows"][0]["groups"][0]["label"], "Stewards");
    assert_eq!(stewards["rows"][0]["groups"][0]["registers"], true);
    assert_eq!(stewards["rows"][1]["groups"][0]["retires"], true);
    assert_eq!(stewards["rows"][1]["groups"][0]["removed"][0]["role"], role("other"));
    assert_eq!(stewards["rows"][1]["groups"].as_array().unwrap().len(), 1);
    assert_eq!(of("app:0oaA")["rows"][1]["apps"][0]["before"]["mode"], "observe");

    place
        .run(&["history", "file:platform"])
        .ok()
        .says(&format!("  {first}  file:platform  revision 1\n"))
        .says("  Stewards (00g1)  [")
        .says("    registered ")
        .says(&format!("    + {}\n", role("reader")))
        .says(&format!("    - {}\n", role("other")))
        .says("    retired ")
        .says("  app 0oaA  new\n")
        .says("  app 0oaA  changed\n    mode: enforce, was observe\n");
    let text = place.run(&["history", &role("reader")]).ok().out;
    assert!(!text.contains("Stewards") && !text.contains("other"), "{text}");
}

#[tokio::test]
async fn a_dataset_is_found_by_its_bare_id() {
    let place = Place::with_table().await;
    let mut statement = Statement::default();
    let reader = Grant { role: RoleArn::parse(&role("reader")).unwrap(), apps: None, expires_at: None };
    statement.grant(GroupKey::new("Readers").unwrap(), None, reader);
    let source = SourceId::dataset("clinical").unwrap();
    let provenance = Provenance { at: Timestamp::from_seconds(1_800_000_000), event: "d-1".to_owned() };
    place.table().apply(&source, Revision::Exactly(1), &statement, &provenance).await.unwrap();
    let history = place.json(&["history", "clinical"]);
    assert_eq!(history["subject"], json!({ "kind": "source", "id": "dataset:clinical" }));
    assert_eq!(events(&history), ["d-1"]);
    assert_eq!(history, place.json(&["history", "dataset:clinical"]));
    // A group of that name has a history of its own, and comes first.
    apply(&place, "platform.yaml", &platform("enforce", &grant("reader", "clinical")));
    assert_eq!(place.json(&["history", "clinical"])["subject"], json!({ "kind": "group", "id": "clinical" }));
}

#[tokio::test]
async fn what_has_no_history() {
    let place = Place::with_table().await;
    place.run(&["history", "Readers"]).exit(1).warns(&format!("table `{TABLE}` has nothing about group `Readers` or"));
    place.run(&["history", "file:platform"]).exit(1).warns("nothing about source `file:platform`");
    place.run(&["history", "app:a b"]).exit(2).warns("app id `a b`");
    place.run(&["history", "arn:aws:s3:::bucket"]).exit(2);
    place.run(&[&JANE[..], &["--at", "2027-01-31T00:00:00Z"]].concat()).ok().says("the table has no history");
}

#[tokio::test]
async fn a_sign_in_of_then_is_answered_as_it_was_then() {
    let place = Place::with_table().await;
    let at = |moment: &str| [&JANE[..], &["--at", moment]].concat().into_iter().map(str::to_owned).collect::<Vec<_>>();
    let answer = |moment: &str| {
        let args = at(moment);
        place.json(&args.iter().map(String::as_str).collect::<Vec<_>>())
    };
    let readers = platform("enforce", &grant("reader", "Readers"));
    let (first, then) = apply(&place, "platform.yaml", &readers);
    let live = place.json(&JANE);
    until_after(&then);
    let (second, withdrawn) = apply(&place, "platform.yaml", &platform("enforce", &grant("reader", "Others")));
    until_after(&withdrawn);
    let (third, again) = apply(&place, "platform.yaml", &readers);

    let found = answer(&then);
    assert_eq!(found["at"], then.as_str());
    for member in ["answer", "outcome", "roles", "codes", "identity", "app_name", "mode"] {
        assert_eq!(found[member], live[member], "{member}");
    }
    let since = |value: &Value| value["groups"][0]["grants"][0]["since"].clone();
    assert_eq!(since(&live), Value::Null);
    let expected = json!({ "at": then, "event": first, "source": "file:platform", "revision": 1 });
    assert_eq!((since(&found), &found["app_since"]), (expected.clone(), &expected));
    assert_eq!(since(&answer(&again))["event"], third.as_str());
    assert_eq!(answer(&again)["app_since"]["event"], first.as_str());

    let gone = answer(&withdrawn);
    assert_eq!((&gone["answer"], &gone["deny"]["reason"]), (&json!("deny"), &json!("unentitled")));
    assert_eq!(gone["groups"][0]["finding"], "retired");
    assert_ne!(first, second);

    let run = |moment: &str| -> Ended {
        let args = at(moment);
        place.run(&args.iter().map(String::as_str).collect::<Vec<_>>())
    };
    run(&then)
        .ok()
        .says(&format!("At      {then}\n"))
        .says("Answer  access to 1 role with 1 group code\n")
        .says(&format!("by file:platform, since {then} ({first}, revision 1)\n"));
    let unknown = answer("2020-01-01T00:00:00Z");
    assert_eq!(unknown["deny"]["reason"], "no_history");
    run("2020-01-01T00:00:00Z")
        .ok()
        .says(&format!("the table's history has nothing of 2020-01-01T00:00:00Z or before: it begins at {then}\n"));
    run("2999-01-01T00:00:00Z").ok().warns("is still to come").says("access to 1 role");
    run("yesterday").exit(2).warns("RFC 3339");
}

fn provider_event(active: bool, metadata: Option<&str>) -> StatedProvider {
    StatedProvider {
        app: AppId::parse("0oaA").unwrap(),
        active,
        name: "Databricks".to_owned(),
        protocol: Protocol::Saml,
        provider: ProviderName::parse("okta-0oaA").unwrap(),
        saml_metadata: metadata.map(str::to_owned),
        issuer_url: None,
        client_ids: [].into(),
        audience: None,
        entity_id: None,
        certificates: [].into(),
    }
}

#[tokio::test]
async fn provider_events_are_in_the_history_and_explain_an_answer() {
    let place = Place::with_table().await;
    let (_, stated) = apply(&place, "platform.yaml", &platform("enforce", &grant("reader", "Readers")));
    let stated: jiff::Timestamp = stated.parse().unwrap();
    let table = place.table();
    for (revision, event) in [
        (1, provider_event(true, Some("one"))),
        (2, provider_event(true, Some("two"))),
        (4, provider_event(false, None)),
        (5, provider_event(true, Some("two"))),
    ] {
        let at = Timestamp::from_seconds(stated.as_second() + 100 * u64::cast_signed(revision));
        let provenance = Provenance { at, event: format!("p-{revision}") };
        table.apply_provider(&event, revision, &provenance).await.unwrap();
    }
    let moment = |after: i64| jiff::Timestamp::from_second(stated.as_second() + after).unwrap().to_string();

    let history = place.json(&["history", "app:0oaA"]);
    assert_eq!(&events(&history)[1..], ["p-1", "p-2", "p-4", "p-5"]);
    let row = &history["rows"][2];
    assert_eq!((&row["source"], &row["revision"], &row["at"]), (&Value::Null, &json!(2), &json!(moment(200))));
    let (before, after) = (&row["provider"]["before"], &row["provider"]["after"]);
    assert_eq!((&row["provider"]["app"], &after["provider"]), (&json!("0oaA"), &json!("okta-0oaA")));
    assert_ne!(before["saml_metadata_sha256"], after["saml_metadata_sha256"]);
    assert_eq!(history["rows"][0]["provider"], Value::Null);
    let text = place.run(&["history", "app:0oaA"]).ok().out;
    let of_two = before["saml_metadata_sha256"].as_str().unwrap();
    for line in [
        &format!("{}  p-1  provider event  revision 1\n  provider okta-0oaA of app 0oaA  new\n", moment(100)),
        &format!("    saml_metadata_sha256: {of_two}\n    state: active\n"),
        &format!("{}  p-2  provider event  revision 2\n  provider okta-0oaA of app 0oaA  changed\n", moment(200)),
        &format!(", was {of_two}\n"),
        "  provider okta-0oaA of app 0oaA  deleted\n",
        "    state: deleted, was active\n",
        "  provider okta-0oaA of app 0oaA  there again\n",
    ] {
        assert!(text.contains(line), "`{line}` is not in: {text}");
    }
    place.run(&["history", "app:0oaB"]).exit(1);
    assert!(!place.run(&["history", "Readers"]).ok().out.contains("p-1"));
    assert!(!place.run(&["history", &role("reader")]).ok().out.contains("p-1"));

    let at = |moment: &str| place.json(&[&JANE[..], &["--at", moment]].concat());
    assert_eq!((&at(&moment(50))["answer"], &at(&moment(50))["provider_since"]), (&json!("patch"), &Value::Null));
    let active = at(&moment(350));
    assert_eq!((&active["answer"], &active["provider_since"]["event"]), (&json!("patch"), &json!("p-1")));
    assert_eq!(active["app_since"]["source"], "file:platform");
    let gone = at(&moment(450));
    assert_eq!(
        gone["deny"],
        json!({ "reason": "inactive_app", "text": "the app is not active: the app's provider was deleted" })
    );
    let since = json!({ "at": moment(400), "event": "p-4", "source": null, "revision": 4 });
    assert_eq!((&gone["provider_since"], &gone["app_since"]), (&since, &Value::Null));
    place
        .run(&[&JANE[..], &["--at", &moment(450)]].concat())
        .ok()
        .says(&format!("Made so  by a provider event, since {} (p-4, revision 4)\n", moment(400)));
    place
        .run(&[&JANE[..], &["--at", &moment(550)]].concat())
        .ok()
        .says(&format!("Provider  by a provider event, since {} (p-5, revision 5)\n", moment(500)))
        .says("access to 1 role");
}

#[tokio::test]
async fn an_end_that_had_not_come_yet() {
    let place = Place::with_table().await;
    let until = format!("{{ role: {}, groups: [Readers], expires_at: 2999-01-01T00:00:00Z }}", role("reader"));
    place.apply(&platform("enforce", &until));
    let at = |moment: &str| place.json(&[&JANE[..], &["--at", moment]].concat());
    assert_eq!(at("2998-12-31T23:59:59Z")["answer"], "patch");
    assert_eq!(at("2999-01-01T00:00:00Z")["groups"][0]["grants"][0]["why_not"], "expired");
    assert_eq!(at("2999-01-01T00:00:00Z")["answer"], "deny");
}

const TOPIC: &str = "arn:aws:sns:eu-central-1:111122223333:clinical";

#[tokio::test]
async fn producers_are_added_listed_and_removed() {
    let place = Place::with_table().await;
    place.run(&["producer", "list"]).ok().says("No producers");
    let add = [
        "producer",
        "add",
        TOPIC,
        "--events",
        "signet.dataset.changed.v1",
        "--datasets",
        "clinical-*,genomes",
        "--roles",
        "arn:aws:iam::111122223333:role/data/*",
        "--groups",
        "Clinical, *",
        "--groups",
        "00g*",
        "--providers",
        "okta-*",
    ];
    place.run(&add).ok().says(TOPIC).says("  datasets   clinical-*\n             genomes\n").says("Added.");
    place.run(&add).ok().says("Nothing to change");
    let listed = place.json(&["producer", "list"]);
    let expected = json!({
        "topic": TOPIC,
        "events": ["signet.dataset.changed.v1"],
        "datasets": ["clinical-*", "genomes"],
        "roles": ["arn:aws:iam::111122223333:role/data/*"],
        "groups": ["00g*", "Clinical, *"],
        "apps": [],
        "providers": ["okta-*"],
    });
    assert_eq!(listed, json!({ "producers": [expected.clone()] }));

    let silent = place.run(&["producer", "add", TOPIC]).ok().says("Changed. Until now it was\n").says("  events    -");
    assert!(silent.err.contains("it may publish no event"), "{}", silent.err);
    let value = place.json(&add);
    assert_eq!((&value["producer"], &value["before"]["events"]), (&expected, &json!([])));

    place.run(&["producer", "remove", TOPIC]).ok().says("Removed.");
    place.run(&["producer", "remove", TOPIC]).exit(1).warns("is no producer's");
    place.run(&["producer", "list"]).ok().says("No producers");
}

#[tokio::test]
async fn a_producer_with_a_mistake_is_not_written() {
    let place = Place::with_table().await;
    for (args, why) in [
        (&["clinical"][..], "topic `clinical` is not a topic's ARN"),
        (&[TOPIC, "--events", "dataset"], "event type `dataset` is unknown"),
        (&[TOPIC, "--roles", "data/*"], "pattern `data/*` is neither"),
        (&[TOPIC, "--groups", ""], "pattern `` is empty"),
    ] {
        place.run(&[&["producer", "add"], args].concat()).exit(2).warns(why);
    }
    assert_eq!(place.json(&["producer", "list"]), json!({ "producers": [] }));
    place.run_with(&["producer", "add", TOPIC], &[("SIGNET_TABLE", "other")]).exit(1).warns("does not exist");
}
