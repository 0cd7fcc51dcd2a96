//! That the judges refuse what they should: one that takes everything proves nothing.

use serde_json::{Value, json};
use signet_tests::aws::{federate, like};
use signet_tests::event::Event;
use signet_tests::okta::{SignIn, apply};
use signet_tests::{emf, saml};

use super::{CLINICAL_READER, trust};

const PREFIX: &str = "https://aws.amazon.com/SAML/Attributes/";
const PAIR: &str =
    "arn:aws:iam::111122223333:role/data/clinical-reader,arn:aws:iam::111122223333:saml-provider/okta-databricks";

fn set(assertion: &mut Value, name: &str, values: &[&str]) {
    let values: Vec<Value> = values.iter().map(|value| json!({"value": value})).collect();
    assertion["claims"][format!("{PREFIX}{name}")] = json!({"attributeValues": values});
}

/// An assertion that AWS takes.
fn good() -> Value {
    let mut assertion = Event::one_group().assertion();
    for (name, value) in [
        ("Role", PAIR),
        ("RoleSessionName", "jane@example.com"),
        ("SourceIdentity", "jane@example.com"),
        ("PrincipalTag:GroupHash", ":qwq3:"),
        ("TransitiveTagKeys", "GroupHash"),
        ("SessionDuration", "3600"),
    ] {
        set(&mut assertion, name, &[value]);
    }
    assertion
}

#[test]
fn aws_takes_a_good_assertion_and_its_role() {
    let session = federate(&saml::xml(&good())).unwrap();
    assert_eq!((session.role_arns(), session.codes()), (vec![CLINICAL_READER], vec!["qwq3"]));
    session.assume(CLINICAL_READER, &trust(&["aaaa", "qwq3"])).unwrap();
    let (first, second) = PAIR.split_once(',').unwrap();
    let mut turned = good();
    set(&mut turned, "Role", &[&format!("{second},{first}")]);
    assert_eq!(federate(&saml::xml(&turned)).unwrap(), session);
    for (trust, why) in [
        (trust(&["aaaa"]), "GroupHash"),
        (trust(&[]), "GroupHash"),
        (trust(&["wq3"]), "GroupHash"),
        (signet_tests::aws::Trust { provider: "okta-other", ..trust(&["qwq3"]) }, "not trusted"),
        (signet_tests::aws::Trust { audience: "https://example.com", ..trust(&["qwq3"]) }, "SAML:aud"),
        (signet_tests::aws::Trust { identity: "*@example.org", ..trust(&["qwq3"]) }, "SourceIdentity"),
    ] {
        let refusal = session.assume(CLINICAL_READER, &trust).unwrap_err();
        assert!(refusal.0.contains(why), "{refusal}");
    }
    session.assume("arn:aws:iam::111122223333:role/other", &trust(&["qwq3"])).unwrap_err();
}

#[test]
fn aws_refuses_an_assertion_that_breaks_a_rule() {
    let long = "x".repeat(257);
    let name = "x".repeat(65);
    let (role, provider) = PAIR.split_once(',').unwrap();
    let two_accounts = PAIR.replacen("111122223333", "444455556666", 1);
    let rules: [(&str, &[&str], &str); 22] = [
        ("Role", &[], "no value"),
        ("Role", &[role], "no pair"),
        ("Role", &[&format!("{role},{role}")], "no role and provider"),
        ("Role", &[&format!("{provider},{provider}")], "no role and provider"),
        ("Role", &[&two_accounts], "two accounts"),
        ("Role", &[PAIR, PAIR], "twice"),
        ("Role", &[&format!("{PAIR},{PAIR}")], "no pair"),
        ("RoleSessionName", &[], "no value"),
        ("RoleSessionName", &["jane", "john"], "2 values"),
        ("RoleSessionName", &["j"], "RoleSessionName"),
        ("RoleSessionName", &[&name], "RoleSessionName"),
        ("RoleSessionName", &["jane doe"], "RoleSessionName"),
        ("RoleSessionName", &["jänе"], "RoleSessionName"),
        ("SourceIdentity", &["jane*"], "SourceIdentity"),
        ("SourceIdentity", &["a", "b"], "2 values"),
        ("PrincipalTag:GroupHash", &["a", "b"], "2 values"),
        ("PrincipalTag:GroupHash", &[&long], "tag `GroupHash`"),
        ("PrincipalTag:GroupHash", &["a*"], "tag `GroupHash`"),
        ("PrincipalTag:grouphash", &["a"], "two cases"),
        ("PrincipalTag:", &["a"], "tag key"),
        ("TransitiveTagKeys", &["GroupHash", "Other"], "which is no tag"),
        ("SessionDuration", &["899"], "SessionDuration"),
    ];
    for (name, values, why) in rules {
        let mut assertion = good();
        set(&mut assertion, name, values);
        let refusal = federate(&saml::xml(&assertion)).unwrap_err();
        assert!(refusal.0.contains(why), "{name} {values:?}: {refusal}");
    }
    let mut many = good();
    (0..50).for_each(|n| set(&mut many, &format!("PrincipalTag:t{n}"), &["x"]));
    assert!(federate(&saml::xml(&many)).unwrap_err().0.contains("51 tags"));
    let mut oversized = good();
    let pairs: Vec<String> = (0..400).map(|n| PAIR.replacen(',', &format!("{n},"), 1)).collect();
    set(&mut oversized, "Role", &pairs.iter().map(String::as_str).collect::<Vec<_>>());
    assert!(federate(&saml::xml(&oversized)).unwrap_err().0.contains("in base64"));
    let mut nobody = good();
    nobody["claims"].as_object_mut().unwrap().remove(&format!("{PREFIX}RoleSessionName"));
    assert!(federate(&saml::xml(&nobody)).unwrap_err().0.contains("no RoleSessionName"));
    assert!(federate("<a>").unwrap_err().0.contains("not XML"));
}

#[test]
fn patterns_are_those_of_string_like() {
    for (pattern, text, is) in [
        ("*:ab:*", ":ab:", true),
        ("*:ab:*", ":cd:ab:", true),
        ("*:ab:*", ":AB:", false),
        ("*:ab:*", "ab", false),
        ("*@example.com", "jane@example.com", true),
        ("*@example.com", "jane@exampleXcom", false),
        ("a?c", "abc", true),
        ("a?c", "ac", false),
    ] {
        assert_eq!(like(pattern, text), is, "{pattern} {text}");
    }
}

#[test]
fn okta_carries_out_what_it_can_and_ignores_the_rest() {
    let request = Event::one_group().request();
    let command = |operation: Value| {
        json!({"commands": [{"type": "com.okta.assertion.patch", "value": [operation]}]}).to_string()
    };
    let value = json!({"attributeValues": [{"value": "x"}]});
    let path = "/claims/https:~1~1example.com~1a~0b";
    let add = json!({"op": "add", "path": path, "value": value});
    let SignIn::Patched(assertion) = apply(200, &command(add.clone()), &request) else { panic!("not patched") };
    assert_eq!(assertion["claims"]["https://example.com/a~b"], value);
    assert_eq!(assertion["claims"]["groups"], request["data"]["assertion"]["claims"]["groups"]);

    let denial = json!({"error": {"errorSummary": "no"}}).to_string();
    assert_eq!(apply(200, &denial, &request), SignIn::Denied { summary: "no".to_owned() });
    for (status, body) in [(204, ""), (200, "{}")] {
        assert!(matches!(apply(status, body, &request), SignIn::Unchanged(_)));
    }
    let large = format!("{{\"x\":\"{}\",{}", "x".repeat(256 * 1024), &command(add.clone())[1..]);
    for (status, body) in [
        (400, denial.clone()),
        (500, command(add.clone())),
        (200, "<html>".to_owned()),
        (200, "[]".to_owned()),
        (200, json!({"error": {}}).to_string()),
        (200, large),
        (200, command(add.clone()).replace("assertion.patch", "access.patch")),
        (200, command(json!({"op": "remove", "path": "/claims/groups"}))),
        (200, command(json!({"op": "add", "path": path, "value": null}))),
        (200, command(json!({"op": "add", "path": "/lifetime/expiration", "value": 1}))),
        (200, command(json!({"op": "replace", "path": path, "value": value}))),
        (200, command(json!({"op": "add", "path": "/claims/nobody/attributeValues", "value": value}))),
    ] {
        let SignIn::Ignored { assertion, .. } = apply(status, &body, &request) else { panic!("{status} {body:.200}") };
        assert_eq!(assertion, request["data"]["assertion"]);
    }
}

#[test]
fn cloudwatch_reads_a_line_only_with_what_it_names() {
    let line = json!({
        "_aws": {"Timestamp": 1_800_000_000_000_u64, "CloudWatchMetrics": [{
            "Namespace": "Signet", "Dimensions": [["Function"]], "Metrics": [{"Name": "SignIns", "Unit": "Count"}],
        }]},
        "Function": "hook", "SignIns": 1,
    });
    assert_eq!(emf::read(&line).values["SignIns"], [1.0]);
    for member in ["Function", "SignIns", "_aws"] {
        let mut broken = line.clone();
        broken.as_object_mut().unwrap().remove(member);
        std::panic::catch_unwind(|| emf::read(&broken)).expect_err(member);
    }
}
