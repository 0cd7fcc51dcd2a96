//! `table create`, `plan`, `apply`, `export`, `decode` on a real DynamoDB API.

mod support;

use std::collections::HashMap;

use signet_core::code::{CodeWidth, GroupCode, Salt, Sha256Hasher};
use support::{Place, TABLE, app, role};

fn platform() -> String {
    format!(
        "name: platform\napps:\n{}{}grants:\n\
         - role: {}\n  groups: [Clinical Readers, {{ key: 00g1emaKYZTWRYYRRTSK, label: Clinical Stewards }}]\n  apps: [0oaA]\n\
         - role: {}\n  groups: [Clinical Readers, \"*\", \"1.0\", \"yes\", \": x\"]\n  expires_at: 2999-01-31T00:00:00Z\n",
        app("0oaA", ", tags: { email: { claim: email } }, session_duration: 3600"),
        app("0oaB", ", mode: observe, codes: all, active: false"),
        role("data/clinical-reader"),
        role("data/other"),
    )
}

/// Two names that propose one code.
fn collision() -> (String, String, String) {
    let mut seen: HashMap<GroupCode, String> = HashMap::new();
    for n in 0.. {
        let name = format!("Team {n}");
        let code = GroupCode::propose(&Sha256Hasher, CodeWidth::DEFAULT, &name, Salt::NONE);
        if let Some(first) = seen.insert(code, name.clone()) {
            return (first, name, code.to_string());
        }
    }
    unreachable!()
}

fn grants(name: &str, roles: std::ops::Range<usize>) -> String {
    let grants = roles.map(|n| format!("- {{ role: {}, groups: [Readers] }}\n", role(&format!("r{n}"))));
    format!("name: {name}\ngrants:\n{}", grants.collect::<Vec<_>>().concat())
}

#[tokio::test]
async fn a_table_is_created_once_and_keeps_its_width() {
    let place = Place::empty().await;
    place.run(&["decode", "abcd"]).exit(1).warns(TABLE);
    place.run(&["table", "create", "--code-width", "3"]).exit(2).warns("code width `3`");
    place.run(&["table", "create", "--code-width", "6"]).ok().says("created, with group codes of 6 characters");
    place.run(&["table", "create", "--code-width", "6"]).ok().says("was there");
    let ended = place.run(&["table", "create"]).exit(1);
    assert!(ended.err.contains("width"), "{}", ended.err);
    let value = place.json(&["table", "create", "--code-width", "6"]);
    assert_eq!(value["created"], false);
    assert_eq!(value["code_width"], 6);
}

#[tokio::test]
async fn what_is_applied_is_there() {
    let place = Place::with_table().await;
    let file = place.file("platform.yaml", platform());
    place.run(&["plan", &file]).ok().says("Source file:platform").says("+ 0oaA  new").says("grants added");
    place.run(&["plan", &file, "--exit-code"]).exit(3);
    let plan = place.json(&["plan", &file]);
    assert_eq!(plan["changes"], true);
    assert_eq!(plan["totals"]["groups_registered"], 6);
    assert_eq!(plan["totals"]["grants_added"], 7);

    place.run(&["apply", &file, "--yes"]).ok().says("Applied as apply-").says("7 grants added");
    place.run(&["plan", &file, "--exit-code"]).ok().says("Nothing to change");
    place.run(&["apply", &file, "--yes"]).ok().says("Nothing to change");
    let again = place.json(&["apply", &file, "--yes"]);
    assert_eq!(again["applied"], false);
    assert_eq!(again["changes"], false);
}

#[tokio::test]
async fn an_export_says_what_the_file_said() {
    let place = Place::with_table().await;
    place.apply(&platform());
    let exported = place.run(&["export", "platform"]).ok().out;
    let file = place.file("exported.yaml", &exported);
    place.run(&["plan", &file, "--exit-code"]).ok().says("Nothing to change");
    let path = place.path("out.yaml");
    place.run(&["export", "file:platform", "--output", path.to_str().unwrap()]).ok();
    assert_eq!(std::fs::read_to_string(path).unwrap(), exported);
    let value = place.json(&["export", "platform"]);
    assert_eq!(value["name"], "platform");
    let file = place.file("exported.json", value.to_string());
    place.run(&["plan", &file, "--exit-code"]).ok().says("Nothing to change");
    place.run(&["export", "nowhere"]).exit(1).warns("`file:platform`");
    place.run(&["export", "topic:x"]).exit(2);
}

#[tokio::test]
async fn a_newcomer_that_finds_its_code_taken_is_displaced_and_both_are_named() {
    let place = Place::with_table().await;
    let (first, second, code) = collision();
    place.apply(&format!("name: one\ngrants: [{{ role: {}, groups: [{first}] }}]", role("a")));
    let file = place.file("two.yaml", format!("grants: [{{ role: {}, groups: [{second}] }}]", role("b")));
    let planned = place.run(&["plan", &file]).ok().says("DISPLACED").says(&first).says(&second).says(&code);
    assert!(planned.out.contains("1 displaced"), "{}", planned.out);
    let applied = place.json(&["apply", &file, "--yes"]);
    let displaced = &applied["displaced"][0];
    assert_eq!(displaced["group"], second.as_str());
    assert_eq!(displaced["owner"], first.as_str());
    assert_eq!(displaced["taken"], code.as_str());
    assert_eq!(displaced["salt"], 1);
    let new = displaced["code"].as_str().unwrap();
    assert_ne!(new, code);
    place.run(&["plan", &file, "--exit-code"]).ok();

    place.run(&["decode", &format!(":{code}:{new}:")]).ok().says(&first).says(&second);
    let decoded = place.json(&["decode", &code, new]);
    assert_eq!(decoded["codes"][0]["group"], first.as_str());
    assert_eq!(decoded["codes"][1]["group"], second.as_str());
    assert_eq!(decoded["codes"][1]["state"], "registered");
}

#[tokio::test]
async fn codes_that_nobody_owns() {
    let place = Place::with_table().await;
    place.run(&["decode", "abcd"]).exit(1).says("abcd  unknown").warns("nobody owns `abcd`");
    place.run(&["decode", ":abcd:efg"]).exit(2).warns("is not a GroupHash value");
    place.run(&["decode", "ABCD"]).exit(2);
}

#[tokio::test]
async fn a_mass_withdrawal_must_be_meant() {
    let place = Place::with_table().await;
    place.apply(&grants("f", 0..50));
    let less = place.file("f.yaml", grants("f", 0..20));
    place.run(&["apply", &less, "--yes"]).exit(4).warns("withdraws 30 of the 50 grants").warns("--allow-withdrawals");
    let all = place.file("f.yaml", grants("f", 0..50));
    place.run(&["plan", &all, "--exit-code"]).ok();
    let few = place.file("f.yaml", grants("f", 0..30));
    place.run(&["apply", &few, "--yes"]).ok().says("20 removed");
    let none = place.file("f.yaml", "grants: []");
    place.run(&["apply", &none, "--yes"]).exit(4);
    place.run(&["apply", &none, "--yes", "--allow-withdrawals"]).ok().says("1 retired");
    let code = GroupCode::propose(&Sha256Hasher, CodeWidth::DEFAULT, "Readers", Salt::NONE);
    place.run(&["decode", code.as_str()]).ok().says("retired  Readers");
}

#[tokio::test]
async fn a_file_with_a_mistake_writes_nothing() {
    let place = Place::with_table().await;
    let text = format!("{}- role: nonsense\n  groups: [a]\n  expires: never\n", platform());
    let file = place.file("bad.yaml", text);
    let ended = place.run(&["apply", &file, "--yes"]).exit(2).warns("grants[2].role: role `nonsense` is not an ARN");
    assert!(ended.err.contains("bad.yaml:12:9: "), "{}", ended.err);
    assert!(ended.err.contains("bad.yaml:14:3: grants[2].expires: is unknown"), "{}", ended.err);
    assert_eq!(ended.out, "");
    place.run(&["export", "platform"]).exit(1).warns("states nothing");
    place.run(&["plan", "nowhere.yaml"]).exit(2).warns("cannot read `nowhere.yaml`");
}

#[tokio::test]
async fn nobody_to_ask_is_no_consent() {
    let place = Place::with_table().await;
    let file = place.file("platform.yaml", platform());
    place.run(&["apply", &file]).exit(2).warns("--yes");
    place.run(&["apply", &file, "--json"]).exit(2).warns("--yes");
    place.run(&["export", "platform"]).exit(1);
}

#[tokio::test]
async fn apps_are_kept_and_belong_to_one_file() {
    let place = Place::with_table().await;
    place.apply(&platform());
    let less = place.file(
        "less.yaml",
        format!(
            "name: platform\napps:\n{}grants: [{{ role: {}, groups: [x], apps: [0oaB, 0oaZ] }}]\n",
            app("0oaA", ", tags: { email: { claim: email } }, session_duration: 7200"),
            role("a")
        ),
    );
    let planned =
        place.run(&["plan", &less]).ok().says("~ 0oaA  changed").says("0oaB  not in the file; kept: not deleted");
    assert!(planned.err.contains("less.yaml:4:"), "{}", planned.err);
    assert!(planned.err.contains("warning: app `0oaZ` is neither in this file nor in the table"), "{}", planned.err);
    assert!(!planned.err.contains("`0oaB`"), "{}", planned.err);
    place.run(&["apply", &less, "--yes"]).ok();
    place.run(&["export", "platform"]).ok().says("id: 0oaB");

    let other = place.file("other.yaml", format!("apps:\n{}grants: []\n", app("0oaA", "")));
    place.run(&["apply", &other, "--yes"]).exit(1).warns("belongs to source `file:platform`");
    let renamed = place.file("platform.yaml", platform().replace("okta-0oaA", "another-provider"));
    place.run(&["plan", &renamed]).exit(1).warns("for ever");
}

#[tokio::test]
async fn grants_that_are_over_are_taken_with_a_warning() {
    let place = Place::with_table().await;
    let file = place.file(
        "old.yaml",
        format!("grants: [{{ role: {}, groups: [x], expires_at: 2020-01-01T00:00:00Z }}]", role("a")),
    );
    place.run(&["apply", &file, "--yes"]).ok().warns("warning: the grant has ended already");
    let value = place.json(&["plan", &file]);
    assert_eq!(value["changes"], false);
    assert_eq!(value["warnings"][0]["field"], "grants[0].expires_at");
    assert_eq!(value["warnings"][0]["line"], 1);
}

#[tokio::test]
async fn the_table_must_be_named_and_there() {
    let place = Place::empty().await;
    let file = place.file("f.yaml", "grants: []");
    place.run(&["plan", &file]).exit(1).warns("table `entitlements` does not exist");
    place.run_with(&["plan", &file], &[("SIGNET_TABLE", "")]).exit(2).warns("SIGNET_TABLE");
    place.run_with(&["plan", &file, "--table", "other"], &[]).exit(1).warns("table `other` does not exist");
    place.run(&["plan", &file, "--endpoint-url", "http://127.0.0.1:1"]).exit(1).warns("table `entitlements`");
}

#[tokio::test]
async fn rules_of_tokens_are_applied_planned_and_exported() {
    let place = Place::with_table().await;
    let file = |more: &str| {
        format!(
            "name: tokens\napps:\n- {{ id: 7abc, protocol: cognito-oidc, provider: p, audience: 7abc, groups: {{ claim: \
             \"cognito:groups\" }}, identity: {{ pattern: \"*@example.com\" }}, when_unentitled: deny{more} }}\ngrants: []\n"
        )
    };
    place.apply(&file(""));
    let rules = ", issuer: \"https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_Tv0493apJ\", roles_claim: false, \
                 code_capacity: 9, cognito: { identity_provider: Okta, groups: remove }";
    let changed = place.file("tokens.yaml", file(rules));
    place.run(&["plan", &changed, "--exit-code"]).exit(3).says("~ 7abc  changed");
    place.run(&["apply", &changed, "--yes"]).ok().says("1 changed");
    place.run(&["plan", &changed, "--exit-code"]).ok().says("Nothing to change");
    let exported = place.run(&["export", "tokens"]).ok().says("cognito: { identity_provider: Okta, groups: remove }");
    let exported = place.file("exported.yaml", exported.says("code_capacity: 9").says("roles_claim: false").out);
    place.run(&["plan", &exported, "--exit-code"]).ok().says("Nothing to change");
    place
        .run(&["history", "app:7abc"])
        .ok()
        .says("code_capacity: 9, was -")
        .says("cognito: {\"groups\":\"remove\",\"identity_provider\":\"Okta\"}, was -")
        .says("roles_claim: false, was -");
    // What has no effect is said, and no mistake.
    let odd = place.file("tokens.yaml", file(&format!("{rules}, session_duration: 3600")));
    place.run(&["plan", &odd]).ok().warns("apps[0].session_duration: warning: has no effect");
}
