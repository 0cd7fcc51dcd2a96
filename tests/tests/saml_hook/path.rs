//! Every sample event, from Okta's request to the role session on AWS. What is expected is
//! written out, and not taken from the program: codes are the first four characters of the base32
//! of SHA-256 of a group's name.

use std::collections::BTreeMap;

use serde_json::json;
use signet_tests::event::Event;
use signet_tests::hook::Answer;
use signet_tests::okta::SignIn;
use signet_tests::stack::Stack;
use signet_tests::{aws, emf, saml};

use super::{CLINICAL_READER, CLINICAL_READERS, assert_denied, assert_one_group, assert_opens_nothing, session, trust};

const PROVIDER_1: &str = "arn:aws:iam::111122223333:saml-provider/okta-databricks";
const PROVIDER_4: &str = "arn:aws:iam::444455556666:saml-provider/okta-databricks";

/// The roles of `many-groups.json`, sorted, each with the codes that open it.
const MANY: [(&str, &str, &[&str]); 7] = [
    (CLINICAL_READER, PROVIDER_1, &["qwq3", "wv6d"]),
    ("arn:aws:iam::111122223333:role/data/clinical-steward", PROVIDER_1, &["wv6d"]),
    ("arn:aws:iam::111122223333:role/data/genomics-reader", PROVIDER_1, &["cyew", "zrnr", "shoh"]),
    ("arn:aws:iam::111122223333:role/data/imaging-reader", PROVIDER_1, &["qfgh", "d67b", "ramk", "fxbi"]),
    ("arn:aws:iam::444455556666:role/analytics/cardiology-neurology", PROVIDER_4, &["l5su", "u6qg"]),
    ("arn:aws:iam::444455556666:role/analytics/finance", PROVIDER_4, &["ugiu", "hxii", "r4ac"]),
    ("arn:aws:iam::444455556666:role/analytics/oncology", PROVIDER_4, &["jn6n", "h4uj", "ilij", "t63e"]),
];

fn counted(values: &BTreeMap<String, Vec<f64>>, name: &str) -> Vec<f64> {
    values.get(name).cloned().unwrap_or_else(|| panic!("no metric `{name}`: {values:?}"))
}

#[tokio::test]
async fn one_group_becomes_one_role_one_code_and_an_identity() {
    let stack = Stack::start().await;
    for case in ["one-group", "base64-body", "missing-session"] {
        let event = Event::load(case);
        let answer = stack.send(&event).await;
        assert_one_group(&answer, &event);
        let session = session(&answer, &event);
        assert_eq!(session.roles, [(CLINICAL_READER.to_owned(), PROVIDER_1.to_owned())]);
        assert_eq!(session.name, "jane.doe@example.com");
        assert_eq!(session.source_identity.as_deref(), Some("jane.doe@example.com"));
        assert_eq!(session.duration, Some(3600));

        let log = stack.hook.log(&answer).await;
        let decision = log["decision.id"].as_str().unwrap();
        let tags = [
            ("GroupHash", ":qwq3:"),
            ("SignetDecision", decision),
            ("department", "Clinical Data Science"),
            ("email", "jane.doe@example.com"),
        ];
        let expected: BTreeMap<_, _> = tags.map(|(key, value)| (key.to_owned(), value.to_owned())).into();
        assert_eq!(session.tags, expected, "{case}");
        assert_eq!(session.transitive, expected.keys().cloned().collect(), "{case}");

        assert_eq!(log["message"], "decision");
        assert_eq!(log["outcome"], "access");
        assert_eq!(log["event.id"], "Vf1xq3u6QkGq0cX9m0b2Zg");
        assert_eq!(log["app.id"], "0oath92zlO60urQOP0g3");
        assert_eq!(log["user.id"], "00u1janeA2b3C4d5E6f7");
        assert_eq!(log["source_identity"], "jane.doe@example.com");
        assert_eq!(log["roles"], json!([CLINICAL_READER]));
        assert_eq!(log["codes"], json!([CLINICAL_READERS]));
        assert_eq!(
            log["groups"],
            json!([{"key": "Clinical Readers", "finding": "counts", "code": "qwq3", "roles": 1}])
        );
        assert_eq!(log["cold_start"], case == "one-group");
        assert!(log["duration_ms"].as_f64().unwrap() > 0.0);

        let metrics = emf::read(&stack.hook.metric(&answer, "SignIns").await);
        assert_eq!(metrics.namespace, "Signet");
        assert_eq!(metrics.dimensions["Function"], "local");
        for name in ["SignIns", "Groups", "Codes", "Roles"] {
            assert_eq!(counted(&metrics.values, name), [1.0], "{name}");
        }
        assert_eq!(metrics.values.contains_key("ColdStarts"), case == "one-group");
        assert!(counted(&metrics.values, "Duration")[0] > 0.0);
    }
    stack.hook.assert_discreet();
}

#[tokio::test]
async fn many_groups_open_what_the_file_grants_and_no_more() {
    let stack = Stack::start().await;
    let event = Event::load("many-groups");
    let answer = stack.send(&event).await;
    let session = session(&answer, &event);
    let roles = MANY.map(|(role, provider, _)| (role.to_owned(), provider.to_owned()));
    assert_eq!(session.roles, roles);
    let mut codes: Vec<&str> = MANY.iter().flat_map(|(_, _, codes)| *codes).copied().collect();
    codes.sort_unstable();
    codes.dedup();
    assert_eq!(codes.len(), 18);
    assert_eq!(session.codes(), codes);
    for (role, _, codes) in MANY {
        session.assume(role, &trust(codes)).unwrap();
        for code in codes {
            session.assume(role, &trust(&[code])).unwrap();
        }
    }

    let log = stack.hook.log(&answer).await;
    assert_eq!(log["groups.count"], 23);
    let finding = |key: &str| {
        let group = log["groups"].as_array().unwrap().iter().find(|group| group["key"] == key);
        group.unwrap_or_else(|| panic!("no `{key}` in {log}")).clone()
    };
    for key in ["Everyone", "VPN Users", "Printer Floor 3"] {
        assert_eq!(finding(key)["finding"], "unregistered", "{key}");
    }
    assert_eq!(finding("Former Trial 2024")["expired"], 1);
    assert_eq!(finding("Notebook Users")["other_app"], 1);
    let metrics = emf::read(&stack.hook.metric(&answer, "SignIns").await);
    assert_eq!(counted(&metrics.values, "Groups"), [23.0]);
    assert_eq!(counted(&metrics.values, "Codes"), [18.0]);
    assert_eq!(counted(&metrics.values, "Roles"), [7.0]);
    stack.hook.assert_discreet();
}

#[tokio::test]
async fn sign_ins_without_right_are_denied_and_the_log_says_why() {
    let stack = Stack::start().await;
    for (case, reason) in [
        ("no-groups", "unentitled"),
        ("unknown-app", "unknown_app"),
        ("app-emits-role", "base_assertion"),
        ("okta-sample", "unentitled"),
        ("preview-placeholders", "unentitled"),
    ] {
        let event = Event::load(case);
        let answer = stack.send(&event).await;
        assert_denied(&answer);
        if case != "app-emits-role" {
            assert_opens_nothing(&answer, &event);
        }
        let log = stack.hook.log(&answer).await;
        assert_eq!((&log["outcome"], &log["reason"]), (&json!("deny"), &json!(reason)), "{case}");
        assert_eq!((&log["roles"], &log["codes"]), (&json!([]), &json!([])), "{case}");
        assert_reference(&answer, &log);
        let metrics = emf::read(&stack.hook.metric(&answer, "Denies").await);
        assert_eq!(metrics.dimensions["Reason"], reason);
        assert_eq!(counted(&metrics.values, "Denies"), [1.0]);
    }
    stack.hook.assert_discreet();
}

/// The person can name the decision to support, and Okta's System Log has it.
fn assert_reference(answer: &Answer, log: &serde_json::Value) {
    let decision = log["decision.id"].as_str().unwrap();
    assert!(decision.len() == 26 && answer.denial().contains(decision), "{answer:?}");
    assert_eq!(answer.json()["debugContext"], json!({"decision": decision, "reason": log["reason"]}));
}

#[tokio::test]
async fn an_observed_app_keeps_its_assertion_and_logs_what_it_would_get() {
    let stack = Stack::start().await;
    let event = Event::load("observe");
    let answer = stack.send(&event).await;
    assert_eq!((answer.status, answer.body.as_str()), (204, ""));
    assert_eq!(answer.to_okta(&event), SignIn::Unchanged(event.assertion()));
    assert_opens_nothing(&answer, &event);
    let log = stack.hook.log(&answer).await;
    assert_eq!((&log["outcome"], &log["would_be"]), (&json!("observed"), &json!("access")));
    assert_eq!(log["roles"], json!([CLINICAL_READER, "arn:aws:iam::444455556666:role/analytics/notebooks"]));
    assert_eq!(log["codes"], json!(["qwq3", "u672"]));
    let metrics = emf::read(&stack.hook.metric(&answer, "SignIns").await);
    assert_eq!(counted(&metrics.values, "Observed"), [1.0]);

    // A sign-in that would be denied is not, and neither is one that cannot be decided.
    let event = event.with("/data/context/user/profile/login", json!("jane.doe@example.org"));
    let answer = stack.send(&event).await;
    assert_eq!(answer.status, 204);
    let log = stack.hook.log(&answer).await;
    assert_eq!((&log["would_be"], &log["reason"]), (&json!("deny"), &json!("identity_pattern")));
    stack.hook.assert_discreet();
}

#[tokio::test]
async fn groups_with_one_hash_have_two_codes_and_both_open_their_role() {
    let stack = Stack::start().await;
    let event = Event::load("displaced-group");
    let answer = stack.send(&event).await;
    let session = session(&answer, &event);
    let steward = "arn:aws:iam::111122223333:role/data/cardiology-steward";
    let reviewer = "arn:aws:iam::444455556666:role/analytics/pharmacy-reviewer";
    assert_eq!(session.role_arns(), [steward, reviewer]);
    // `ucoz` is the hash of both names. `1:Cardiology Stewards` gives `iqvh`, and
    // `1:Baltic Pharmacy Reviewers` gives `kzim`: which of them is displaced is the table's to say.
    let codes = session.codes();
    let of = match codes.as_slice() {
        ["iqvh", "ucoz"] => [("iqvh", steward), ("ucoz", reviewer)],
        ["kzim", "ucoz"] => [("ucoz", steward), ("kzim", reviewer)],
        other => panic!("{other:?}"),
    };
    for (code, role) in of {
        session.assume(role, &trust(&[code])).unwrap();
    }
    // Each alone has its own code and role, and the other's code opens nothing for it.
    for (group, role, own, others) in
        [("Cardiology Stewards", steward, of[0].0, of[1].0), ("Baltic Pharmacy Reviewers", reviewer, of[1].0, of[0].0)]
    {
        let (own, others) = if of[0].1 == steward { (own, others) } else { (others, own) };
        let event = Event::with_groups([group]);
        let answer = stack.send(&event).await;
        let session = super::session(&answer, &event);
        assert_eq!((session.role_arns(), session.codes()), (vec![role], vec![own]), "{group}");
        session.assume(role, &trust(&[others])).unwrap_err();
    }
    stack.hook.assert_discreet();
}

#[tokio::test]
async fn no_answer_at_all_opens_nothing() {
    // What Okta does when the function cannot be reached: the assertion goes out as it is.
    for case in ["one-group", "many-groups", "observe"] {
        let assertion = Event::load(case).assertion();
        let refusal = aws::federate(&saml::xml(&assertion)).unwrap_err();
        assert!(refusal.0.contains("no Role"), "{refusal}");
    }
}
