use signet_core::app::{Codes, Mode, WhenUnentitled};
use signet_core::grant::Grant;

use super::*;
use crate::export;

const NOW: i64 = 1_800_000_000;

const GOOD: &str = r#"
name: platform                # the source's name
apps:
  - id: 0oath92zlO60urQOP0g3
    name: Databricks
    protocol: saml
    provider: okta-databricks
    audience: https://signin.aws.amazon.com/saml
    mode: enforce              # or observe
    groups: { claim: groups }
    identity: { from: user.profile.login, pattern: "*@example.com" }
    tags: { email: { claim: email }, department: { claim: department, required: true } }
    local_tags: []
    session_duration: 3600
    when_unentitled: deny
grants:
  - role: arn:aws:iam::111122223333:role/data/clinical-reader
    groups: [Clinical Readers, { key: 00g1emaKYZTWRYYRRTSK, label: Clinical Stewards }]
    apps: [0oath92zlO60urQOP0g3]      # optional: all apps
    expires_at: 2027-01-31T00:00:00Z   # optional
"#;

/// An app and a grant that are right, to put one mistake beside.
const APP: &str = "{ id: a1, protocol: saml, provider: p1, audience: x, groups: { claim: groups }, \
                   identity: { pattern: \"*@example.com\" }, when_unentitled: deny }";
const ROLE: &str = "arn:aws:iam::111122223333:role/reader";

fn read(text: &str) -> Result<Entitlements, Vec<Problem>> {
    parse(text.as_bytes(), "base-name", Timestamp::from_seconds(NOW))
}

pub(super) fn good(text: &str) -> Entitlements {
    read(text).unwrap_or_else(|problems| panic!("{}", BadFile { file: "f.yaml".to_owned(), problems }))
}

pub(super) fn bad(text: &str) -> String {
    match read(text) {
        Ok(_) => panic!("the file was taken:\n{text}"),
        Err(problems) => BadFile { file: "f.yaml".to_owned(), problems }.to_string(),
    }
}

pub(super) fn warnings(text: &str) -> String {
    good(text).warnings.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

#[test]
fn a_whole_file() {
    let file = good(GOOD);
    assert_eq!(file.source.as_str(), "file:platform");
    assert_eq!(file.warnings, []);
    assert_eq!(file.foreign_apps, []);
    let [stated] = file.statement.apps.as_slice() else { panic!() };
    assert!(stated.active);
    assert_eq!(stated.app.id.as_str(), "0oath92zlO60urQOP0g3");
    assert_eq!(stated.app.mode, Mode::Enforce);
    assert_eq!(stated.app.codes, Codes::Cover);
    assert_eq!(stated.app.when_unentitled, WhenUnentitled::Deny);
    assert_eq!(stated.app.identity.from.to_string(), "user.profile.login");
    assert_eq!(stated.app.session_duration.unwrap().seconds(), 3600);
    assert!(stated.app.tags.rules()["department"].required);
    let groups: Vec<_> =
        file.statement.groups.iter().map(|(key, group)| (key.as_str(), group.label.as_deref())).collect();
    assert_eq!(groups, [("00g1emaKYZTWRYYRRTSK", Some("Clinical Stewards")), ("Clinical Readers", None)]);
    let grant: &Grant = file.statement.groups.values().next().unwrap().grants.first().unwrap();
    assert_eq!(grant.expires_at, Some(Timestamp::from_seconds(1_801_353_600)));
    assert_eq!(grant.apps.as_ref().unwrap().len(), 1);
}

#[test]
fn what_may_be_left_out() {
    let file = good(&format!("apps: [{APP}]\ngrants: []"));
    assert_eq!(file.source.as_str(), "file:base-name");
    assert_eq!(file.statement.apps[0].app.identity.from.to_string(), "user.profile.login");
    assert!(file.statement.apps[0].active);
    assert_eq!(good("grants: []").statement, Statement::default());
}

#[test]
fn group_keys_are_what_the_file_says() {
    let keys = |groups: &str| {
        let file = good(&format!("grants: [{{ role: {ROLE}, groups: {groups} }}]"));
        file.statement.groups.into_keys().map(|key| key.as_str().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(keys("[1.0]"), ["1.0"]);
    assert_eq!(
        keys("[0x1F, 007, 1_000, 1e3, .NaN, 123456789012345678901234567890123456789012]"),
        [".NaN", "007", "0x1F", "123456789012345678901234567890123456789012", "1_000", "1e3"]
    );
    assert_eq!(keys("[yes, True, No]"), ["No", "True", "yes"]);
    assert_eq!(keys(r#"["null", "~", " x ", "a\nb", 'it''s', "\0"]"#), ["\0", " x ", "a\nb", "it's", "null", "~"]);
}

#[test]
fn anchors_serve_many_grants_and_mistakes_name_the_place_of_use() {
    let file =
        good(&format!("grants:\n- {{ role: {ROLE}, groups: &g [a, 1.0] }}\n- {{ role: {ROLE}2, groups: *g }}\n"));
    assert_eq!(file.statement.groups.len(), 2);
    assert_eq!(file.statement.grants(), 4);
}

#[test]
fn what_is_not_yaml() {
    let cases = [
        ("open list", "grants: [\n"),
        ("tabs", "grants:\n\t- role: x\n"),
        ("unknown alias", "grants: *nowhere\n"),
        ("two documents", "grants: []\n---\ngrants: []\n"),
        ("tag", "grants: !include other.yaml\n"),
        ("empty", ""),
        ("a list", "- a\n- b\n"),
        ("nothing", "~"),
        ("not utf-8", ""),
    ];
    let mut all = String::new();
    for (what, text) in cases {
        let found = if what == "not utf-8" {
            let problems = parse(b"grants: []\nname: \xff\n", "f", Timestamp::from_seconds(NOW)).unwrap_err();
            BadFile { file: "f.yaml".to_owned(), problems }.to_string()
        } else {
            bad(text)
        };
        all.extend(["# ", what, "\n", &found, "\n\n"]);
    }
    insta::assert_snapshot!("not_yaml", all);
}

#[test]
fn mistakes_are_located() {
    let cases = [
        ("unknown fields", format!("nmae: x\nappz: []\ngrants: []\napps: [{APP}]\nzzz: 1\n")),
        ("grants are missing", "name: x\n".to_owned()),
        ("the name cannot be a source's", "name: a b\ngrants: []\n".to_owned()),
        ("wrong kinds", "name: [x]\napps: {}\ngrants: 3\n".to_owned()),
        ("nothing where a list should be", "apps:\ngrants:\n".to_owned()),
        ("doubled keys", format!("name: x\nname: y\ngrants:\n- role: {ROLE}\n  groups: [a]\n  role: {ROLE}\n")),
        ("a key that is a list", "[a]: b\ngrants: []\n".to_owned()),
        (
            "a grant with everything wrong",
            "grants:\n- role: arn:aws:iam::1:user/x\n  groups: [\"\", {kye: x}, [], ~]\n  apps: [a b]\n  \
             expires_at: 2027-01-31\n  until: x\n"
                .to_owned(),
        ),
        ("empty lists", format!("grants:\n- role: {ROLE}\n  groups: []\n- role: {ROLE}\n  groups: [a]\n  apps: []\n")),
        ("a grant without anything", "grants:\n- {}\n- x\n".to_owned()),
        ("an app without anything", "grants: []\napps:\n- {}\n- []\n".to_owned()),
        (
            "an app with everything wrong",
            "grants: []\napps:\n- id: a b\n  name: \"x\\ny\"\n  protocol: SAML\n  provider: a/b\n  audience: a b\n  \
             mode: audit\n  groups: { claims: groups }\n  identity: { from: login, pattern: \"*\" }\n  \
             tags: { GroupHash: { claim: x }, b: { claim: \"\", required: maybe } }\n  local_tags: x\n  \
             session_duration: 1h\n  when_unentitled: allow\n  codes: some\n  active: yes\n"
                .to_owned(),
        ),
        (
            "reserved and local tags",
            format!(
                "grants: []\napps:\n- {}\n- {}\n",
                APP.replace("when_un", "tags: { SignetX: { claim: c } }, when_un"),
                APP.replace("a1", "a2").replace("p1", "p2").replace("when_un", "local_tags: [email], when_un"),
            ),
        ),
        (
            "numbers",
            format!(
                "grants: []\napps:\n- {}\n- {}\n- {}\n- {}\n",
                APP.replace("when_un", "session_duration: 60, when_un"),
                APP.replace("when_un", "session_duration: -1, when_un"),
                APP.replace("when_un", "session_duration: 3600.5, when_un"),
                APP.replace("when_un", "session_duration: \"3600\", when_un"),
            ),
        ),
        ("two apps with one id", format!("grants: []\napps:\n- {APP}\n- {}\n", APP.replace("p1", "p2"))),
        ("two apps with one provider", format!("grants: []\napps:\n- {APP}\n- {}\n", APP.replace("a1", "a2"))),
        ("a colon too many", format!("grants:\n- role: {ROLE}\n  groups: [Readers: all]\n")),
        ("a key that is too long", format!("grants:\n- role: {ROLE}\n  groups: [{}]\n", "x".repeat(1_025))),
    ];
    let mut all = String::new();
    for (what, text) in cases {
        all.extend(["# ", what, "\n", &bad(&text), "\n\n"]);
    }
    insta::assert_snapshot!("mistakes", all);
}

#[test]
fn what_may_not_be_meant() {
    let text = format!(
        "grants:\n\
         - role: {ROLE}\n  groups: [a, a, {{ key: b, label: One }}]\n  expires_at: 2020-01-01T00:00:00+01:00\n\
         - role: {ROLE}\n  groups: [{{ key: b, label: Two }}, {{ key: c, label: C }}]\n  apps: [a1, a1]\n\
         - role: {ROLE}\n  groups: [{{ key: c, label: C }}]\n  apps: [a1]\n"
    );
    insta::assert_snapshot!("warnings", warnings(&text));
    let file = good(&text);
    assert_eq!(file.statement.grants(), 4);
    let label = |key: &str| file.statement.groups.iter().find(|(k, _)| k.as_str() == key).unwrap().1.label.clone();
    assert_eq!(label("b").as_deref(), Some("One"));
    let [(app, problem)] = file.foreign_apps.as_slice() else { panic!() };
    assert_eq!(app.as_str(), "a1");
    assert_eq!((problem.line, problem.field.as_str()), (7, "grants[1].apps[0]"));
}

#[test]
fn what_would_eat_memory_is_refused() {
    let mut bomb = String::from("a: &a [x, x, x, x, x, x, x, x, x, x]\n");
    for (this, last) in ["b", "c", "d", "e", "f", "g", "h"].iter().zip(["a", "b", "c", "d", "e", "f", "g"]) {
        let aliases = vec![format!("*{last}"); 10].join(", ");
        bomb.extend([this, ": &", this, " [", &aliases, "]\n"]);
    }
    assert!(bad(&bomb).contains("cannot be read as YAML"));
    assert!(bad(&"[".repeat(100_000)).contains("cannot be read as YAML"));
    assert!(bad(&"- ".repeat(100_000)).contains("cannot be read as YAML"));
    assert!(bad(&format!("name: {}\n", "x".repeat(17 * 1024 * 1024))).contains("larger than 16 MB"));
}

#[test]
fn exported_files_read_back_to_the_same_statement() {
    let hostile = [
        "*",
        ": x",
        "yes",
        "1.0",
        "#x",
        "a\nb\n",
        "😀",
        "'",
        "\"",
        "\\",
        " lead",
        "trail ",
        "a: b",
        "a #b",
        "- x",
        "? x",
        "null",
        "~",
        "!x",
        "&x",
        "@x",
        "%x",
        "`x",
        "[x]",
        "{x}",
        "a, b",
        "a:",
        ":",
        "-",
        "--- x",
        "...",
        "=",
        "<<",
        "0x1F",
        "2027-01-31T00:00:00Z",
        "12:30:45",
        "1_000",
        "0o7",
        ".5",
        ".inf",
        "+1",
        "-1",
        "1e3",
        "\0",
        "\u{7f}",
        "\u{85}",
        "\u{2028}",
        "\u{feff}",
        "\u{202e}x",
        "\u{200b}",
        "\r",
        "\t",
        "ä",
        "Ａ",
        "日本 語",
        "\u{301}e",
        "\u{10ffff}",
        "\u{fffe}",
        "${aws:username}",
        "n",
        "Y",
        "NULL",
        "٣",
        "½",
        "e3",
        "00g1emaKYZTWRYYRRTSK",
        "a\u{a0}",
        "\u{3000}",
        "👩\u{200d}💻",
        "\u{e000}",
    ];
    let mut file = good(GOOD);
    for (index, key) in hostile.iter().enumerate() {
        let label = (index % 2 == 0 && !key.chars().any(char::is_control)).then(|| (*key).to_owned());
        let grants = file.statement.groups.values().next().unwrap().grants.clone();
        let key = signet_core::group::GroupKey::new(*key).unwrap();
        file.statement.groups.insert(key, signet_store::statement::StatedGroup { label, grants });
    }
    let long = signet_core::group::GroupKey::new("é:".repeat(341)).unwrap();
    let grants = file.statement.groups.values().next().unwrap().grants.clone();
    file.statement.groups.insert(long, signet_store::statement::StatedGroup { label: None, grants });

    let yaml = export::yaml(export::name(&file.source), &file.statement);
    assert_eq!(good(&yaml), file, "{yaml}");
    assert_eq!(export::yaml("platform", &good(&yaml).statement), yaml, "a file is exported as it is");
    let json = crate::text::json(&export::json("platform", &file.statement));
    assert_eq!(good(&json), file, "{json}");
    insta::assert_snapshot!("exported", yaml);
}

#[test]
fn exported_apps_read_back_to_the_same_statement() {
    let file = good(&format!(
        "grants: []\napps:\n- {}\n- {}\n",
        APP.replace("when_un", "codes: all, active: false, mode: observe, name: \"A: b\", when_un"),
        APP.replace("a1", "a0").replace("p1", "p2").replace("claim: groups", "claim: \"memberOf, all\"").replace(
            "when_un",
            "tags: { \"cost center\": { claim: c }, département: { claim: \"d: e\", required: true } }, \
             local_tags: [\"cost center\"], when_un"
        ),
    ));
    let yaml = export::yaml("base-name", &file.statement);
    let mut sorted = file.clone();
    sorted.statement.apps.sort_by(|a, b| a.app.id.cmp(&b.app.id));
    assert_eq!(good(&yaml), sorted, "{yaml}");
    assert_eq!(good(&export::json("base-name", &file.statement).to_string()), sorted);
    insta::assert_snapshot!("exported_apps", yaml);
}
