//! Groups with odd names, claims without values, thousands of groups.

use serde_json::{Value, json};
use signet_tests::event::Event;
use signet_tests::stack::Stack;

use super::{CLINICAL_READER, CLINICAL_READERS, assert_denied, assert_one_group, session, trust};

/// Names that look alike, are live somewhere, or are no name at all.
fn odd() -> Vec<String> {
    let mut names: Vec<String> = [
        "",
        " ",
        "clinical readers",
        "CLINICAL READERS",
        " Clinical Readers",
        "Clinical Readers ",
        "Clinical  Readers",
        "Clinical\u{a0}Readers",
        "Сlinical Readers",
        "Clinical Readers\u{0}",
        "Clinical Readers\n",
        "\u{feff}Clinical Readers",
        "Clinical Readers\u{301}",
        "Clinical Readers,Clinical Stewards",
        "Clinical Readers\u{202e}",
        "qwq3",
        ":qwq3:",
        "*",
        "?",
        ":",
        "${aws:username}",
        "GROUP#x",
        "META",
        "\u{0}",
        "\u{1f9ec}\u{200d}\u{1f469}",
        "\u{10ffff}",
        "';--",
        "../../etc",
        "{\"S\":\"x\"}",
        "arn:aws:iam::111122223333:role/data/clinical-reader",
    ]
    .map(str::to_owned)
    .into();
    names.extend(["x".repeat(10_000), "\u{1f9ec}".repeat(2_500), "Clinical Readers".repeat(700)]);
    names
}

#[tokio::test]
async fn names_that_nobody_granted_open_nothing() {
    let stack = Stack::start().await;
    for name in odd() {
        let answer = stack.send(&Event::with_groups([&name])).await;
        assert_denied(&answer);
        assert_eq!(stack.hook.log(&answer).await["reason"], "unentitled", "{name:?}");
    }
    // Beside a group that counts they neither help nor hinder.
    let event = Event::with_groups(odd().iter().map(String::as_str).chain(["Clinical Readers"]));
    let answer = stack.send(&event).await;
    assert_one_group(&answer, &event);
    assert_eq!(stack.hook.log(&answer).await["groups.count"], odd().len() + 1);
    // Neither does repeating the one that counts.
    let event = Event::with_groups(["Clinical Readers"; 150]);
    assert_one_group(&stack.send(&event).await, &event);
    stack.hook.assert_discreet();
}

#[tokio::test]
async fn odd_names_that_were_granted_open_their_role_alone() {
    let stack = Stack::start().await;
    let names = ["*", ":", "${aws:username}", "Ärzte & Pflege 🧬", "<b>\"x\"</b>", "qwq3", "7", "CLINICAL READERS"];
    let role = |at: usize| format!("arn:aws:iam::111122223333:role/odd/role-{at}");
    let grants = names.iter().enumerate().map(|(at, name)| json!({"role": role(at), "groups": [name]}));
    // JSON is YAML; a file of another name is another source.
    stack.apply(&json!({"name": "odd", "apps": [], "grants": grants.collect::<Vec<_>>()}).to_string());
    for (at, name) in names.iter().enumerate() {
        let event = Event::with_groups([name]);
        let answer = stack.send(&event).await;
        let session = session(&answer, &event);
        assert_eq!(session.role_arns(), [role(at)], "{name}");
        let codes = session.codes();
        assert!(codes.len() == 1 && codes[0].len() == 4, "{name}: {codes:?}");
        assert!(codes[0].chars().all(|c| matches!(c, 'a'..='z' | '2'..='7')), "{name}: {codes:?}");
        session.assume(&role(at), &trust(&codes)).unwrap();
        session.assume(&role(at), &trust(&[CLINICAL_READERS])).unwrap_err();
    }
    stack.hook.assert_discreet();
}

#[tokio::test]
async fn claims_without_values_are_no_groups() {
    let stack = Stack::start().await;
    let claims = [
        json!(null),
        json!({}),
        json!({"attributes": null, "attributeValues": null}),
        json!({"attributeValues": []}),
        json!({"attributeValues": [null]}),
        json!({"attributeValues": [{}]}),
        json!({"attributeValues": [{"value": null}]}),
        json!({"attributeValues": [{"attributes": null, "value": ""}, {"attributes": {}}]}),
    ];
    for claim in &claims {
        let event = Event::one_group().with("/data/assertion/claims/groups", claim.clone());
        let answer = stack.send(&event).await;
        assert_denied(&answer);
        assert_eq!(stack.hook.log(&answer).await["reason"], "unentitled", "{claim}");
        // A tag without a value is left out, and one that is required denies.
        let event = Event::one_group().with("/data/assertion/claims/email", claim.clone());
        let answer = stack.send(&event).await;
        assert_eq!(session(&answer, &event).tags.get("email"), None, "{claim}");
        assert_eq!(stack.hook.log(&answer).await["notes"][0]["kind"], "tag_left_out", "{claim}");
        let answer = stack.send(&Event::one_group().with("/data/assertion/claims/department", claim.clone())).await;
        assert_denied(&answer);
        assert_eq!(stack.hook.log(&answer).await["reason"], "required_tag", "{claim}");
    }
    stack.hook.assert_discreet();
}

#[tokio::test]
async fn tag_values_that_aws_refuses_never_reach_it() {
    const SHOWN: &str = "value-of-a-tag";
    let stack = Stack::start().await;
    let email = |value: &str| {
        Event::one_group()
            .with("/data/assertion/claims/email/attributeValues/0/value", json!(format!("{SHOWN}{value}")))
    };
    for good in [" Größe/3:4=5+6-7@8_9.", &"x".repeat(256 - SHOWN.len()), "日本 語"] {
        let event = email(good);
        let answer = stack.send(&event).await;
        assert_eq!(session(&answer, &event).tags["email"], format!("{SHOWN}{good}"));
    }
    for bad in ["*", "\n", "\u{0}", &"x".repeat(257 - SHOWN.len()), "🧬", "a;b", "a,b"] {
        let event = email(bad);
        assert_eq!(session(&stack.send(&event).await, &event).tags.get("email"), None, "{bad:?}");
        let department = "/data/assertion/claims/department/attributeValues/0/value";
        assert_denied(&stack.send(&Event::one_group().with(department, json!(format!("{SHOWN}{bad}")))).await);
    }
    stack.hook.assert_discreet();
    assert!(stack.hook.lines().iter().all(|line| !line.contains(SHOWN)), "no log line shows a tag's value");
}

#[tokio::test]
async fn hundreds_of_groups_are_decided() {
    let stack = Stack::start().await;
    let with_one =
        |n: usize| Event::with_groups((1..n).map(|n| format!("Project {n}")).chain(["Clinical Readers".into()]));
    let event = with_one(300);
    let answer = stack.send(&event).await;
    assert_one_group(&answer, &event);
    assert_eq!(stack.hook.log(&answer).await["groups.count"], 300);

    // AWS would not take the assertion, since the claim with the groups is in it, too.
    let event = with_one(2_000);
    let answer = stack.send(&event).await;
    assert_denied(&answer);
    let log = stack.hook.log(&answer).await;
    assert_eq!((&log["groups.count"], &log["reason"]), (&json!(2_000), &json!("assertion_too_long")));
    let shown = u64::try_from(log["groups"].as_array().unwrap().len()).unwrap();
    assert_eq!(shown + log["groups.left_out"].as_u64().unwrap_or_default(), 2_000);

    let names = (0..2_000).map(|n| format!("{n:04}{}", "\u{1}\"\u{1f9ec}".repeat(100)));
    let answer = stack.send(&Event::with_groups(names)).await;
    assert_denied(&answer);
    let log = stack.hook.log(&answer).await;
    assert_eq!((&log["groups.count"], &log["reason"]), (&json!(2_000), &json!("unentitled")));
    assert!(log["groups.left_out"].as_u64().unwrap() > 0);
    stack.hook.assert_discreet();
}

#[tokio::test]
async fn more_codes_than_fit_are_covered_or_denied_never_cut() {
    let stack = Stack::start().await;
    let name = |n: usize| format!("Team {n:02}");
    // Sixty groups on one role: one code opens it.
    let shared = json!({"role": CLINICAL_READER, "groups": (0..60).map(name).collect::<Vec<_>>()});
    stack.apply(&json!({"name": "teams", "apps": [], "grants": [shared]}).to_string());
    let event = Event::with_groups((0..60).map(name));
    let answer = stack.send(&event).await;
    let session_of_all = session(&answer, &event);
    assert_eq!((session_of_all.role_arns(), session_of_all.codes().len()), (vec![CLINICAL_READER], 1));
    assert_eq!(stack.hook.log(&answer).await["notes"][0]["kind"], "codes_covered");
    // With 51 of them every code is there.
    let event = Event::with_groups((0..51).map(name));
    assert_eq!(session(&stack.send(&event).await, &event).codes().len(), 51);

    // A role each: none can be left out, and 51 fit.
    let own = |n: usize| json!({"role": format!("arn:aws:iam::111122223333:role/t/{n}"), "groups": [name(n)]});
    stack.apply(&json!({"name": "teams", "apps": [], "grants": (0..60).map(own).collect::<Vec<_>>()}).to_string());
    let event = Event::with_groups((0..51).map(name));
    let session_of_51 = session(&stack.send(&event).await, &event);
    assert_eq!((session_of_51.roles.len(), session_of_51.codes().len()), (51, 51));
    assert_eq!(session_of_51.tags["GroupHash"].len(), 256);
    let event = Event::with_groups((0..52).map(name));
    let answer = stack.send(&event).await;
    assert_denied(&answer);
    assert_eq!(stack.hook.log(&answer).await["reason"], "codes_do_not_fit");
    stack.hook.assert_discreet();
}

#[tokio::test]
async fn more_roles_than_an_assertion_holds_are_denied() {
    let stack = Stack::start().await;
    let role = |n: usize| format!("arn:aws:iam::111122223333:role/a-rather-long-path/of-a-department/role-{n:04}");
    let group = |n: usize| format!("Everything {}", n / 100);
    let grants: Vec<Value> = (0..300).map(|n| json!({"role": role(n), "groups": [group(n)]})).collect();
    stack.apply(&json!({"name": "all", "apps": [], "grants": grants}).to_string());
    let event = Event::with_groups([group(0)]);
    assert_eq!(session(&stack.send(&event).await, &event).roles.len(), 100);
    let event = Event::with_groups([group(0), group(100), group(200)]);
    let answer = stack.send(&event).await;
    assert_denied(&answer);
    assert_eq!(stack.hook.log(&answer).await["reason"], "assertion_too_long");
    stack.hook.assert_discreet();
}
