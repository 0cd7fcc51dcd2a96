//! From the sessions on AWS back to the person, the group and the event, by `signet trace`: CloudTrail's
//! records of what the sign-ins led to, and the lines that the compiled functions wrote.

use serde_json::{Value, json};
use signet_tests::flow::{DATASETS, dataset, deleted};
use signet_tests::trail::{Opening, record};

use super::apps::{Access, Apps, GROUP, PERSON};

/// The record of a session that an access opened in the second of its decision.
fn opened(apps: &Apps, access: &Access, number: usize) -> Value {
    let at = access.log["timestamp"].as_str().unwrap();
    record(&apps.attempt(access), &Opening { name: &access.session_name, subject: &access.subject, at, number })
}

/// What the command says of records, with the functions' lines as they are.
fn traced(apps: &Apps, records: &[Value]) -> Value {
    let stack = &apps.accounts.flow.stack;
    let records = stack.file("records.json", &json!({ "Records": records }).to_string());
    let log = stack.file("log.jsonl", &apps.lines().join("\n"));
    apps.accounts.signet(&["--json", "trace", &records, "--log", &log])
}

fn words(list: &Value, name: &str) -> Vec<String> {
    list.as_array().unwrap().iter().map(|one| one[name].as_str().unwrap().to_owned()).collect()
}

/// The apps, and what the group opens in each of them.
async fn granted() -> (Apps, Vec<Access>) {
    let apps = Apps::start().await;
    apps.accounts.flow.publish(DATASETS, &dataset("clinical-trials", 1, &[(&apps.role, &[GROUP])]));
    apps.accounts.settled().await;
    let accesses = apps.sign_in(&[GROUP, "VPN Users"]).await;
    let accesses = accesses.into_iter().map(|access| access.expect("everybody who is granted the role signs in"));
    let accesses = accesses.collect();
    (apps, accesses)
}

#[tokio::test]
async fn every_session_leads_to_the_person_the_app_the_group_and_the_event() {
    let (apps, accesses) = granted().await;
    let records: Vec<Value> = (1..).zip(&accesses).map(|(number, access)| opened(&apps, access, number)).collect();
    let first = traced(&apps, &records);
    let totals = json!({ "sessions": 4, "in_order": 3, "wrong": 0, "not_proven": 1, "others": 0, "refused": 0 });
    assert_eq!(first["totals"], totals, "{first:#}");
    for (number, access) in (1..).zip(&accesses) {
        let sessions = first["sessions"].as_array().unwrap();
        let session = sessions.iter().find(|one| one["event"] == json!(format!("record-{number}"))).unwrap();
        let (app, log) = (access.app, &access.log);
        // An identity pool's sessions carry no source identity; everything else is the decision's.
        let is_pool = app.contains("identity pool");
        let untold = words(&session["cannot_tell"], "what");
        assert_eq!(untold, if is_pool { vec!["user"] } else { vec![] }, "{app}");
        let decision = &session["decision"];
        assert_eq!((&decision["id"], &decision["app"]), (&log["decision.id"], &log["app.id"]), "{app}");
        assert_eq!((&decision["user"], &decision["source_identity"]), (&log["user.id"], &json!(PERSON)), "{app}");
        let granted = session["granted_by"].as_array().unwrap();
        assert_eq!(granted.len(), 1, "{app}: {granted:?}");
        assert_eq!((&granted[0]["group"], &granted[0]["role"]), (&json!(GROUP), &json!(apps.role)), "{app}");
        assert_eq!(granted[0]["source"], "dataset:clinical-trials", "{app}");
        assert_eq!(granted[0]["since"]["event"], "https://data.example.com/catalog#clinical-trials-1", "{app}");
    }

    // What was in order then stays so, whatever is granted now.
    apps.accounts.flow.publish(DATASETS, &deleted("clinical-trials", 2));
    apps.accounts.settled().await;
    assert_eq!(traced(&apps, &records), first);
}

#[tokio::test]
async fn a_session_that_is_not_what_its_decision_gave_is_found() {
    let (apps, accesses) = granted().await;
    // Of a person who is let in nowhere: the decision is there, and gave nothing.
    assert!(apps.sign_in(&["Day Shift"]).await.iter().all(Option::is_none));
    let lines = apps.lines();
    let lines = lines.iter().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let mut denied = lines.filter(|line| line["outcome"] == "deny").map(|line| line["decision.id"].clone());
    let denied = denied.next_back().unwrap();
    let other_role = "arn:aws:iam::111122223333:role/data/payroll";
    let tags = "/requestParameters/principalTags";
    // An identity pool's sessions carry no source identity, and a subject of its own.
    let (all, tokens, named): (&[usize], &[usize], &[usize]) = (&[1, 2, 3, 4], &[2, 3], &[1, 2, 3]);
    for (pointer, value, of, found) in [
        (format!("{tags}/SignetDecision"), json!("aaaaaaaaaaaaaaaaaaaaaaaaaa"), all, &["unknown_decision"][..]),
        (format!("{tags}/SignetDecision"), Value::Null, all, &["no_decision"]),
        (format!("{tags}/SignetDecision"), denied, all, &["not_given"]),
        (format!("{tags}/GroupHash"), json!(":aaaa:"), all, &["other_codes"]),
        ("/requestParameters/sourceIdentity".to_owned(), json!("john.roe@example.com"), named, &["other_user"]),
        ("/responseElements/subjectFromWebIdentityToken".to_owned(), json!("00u2john"), tokens, &["other_user"]),
        ("/requestParameters/roleArn".to_owned(), json!(other_role), all, &["other_role", "not_granted"]),
        ("/eventTime".to_owned(), json!("2099-01-01T00:00:00Z"), all, &["late"]),
        ("/eventTime".to_owned(), json!("2000-01-01T00:00:00Z"), all, &["before"]),
    ] {
        for number in of {
            let access = &accesses[number - 1];
            let mut forged = opened(&apps, access, *number);
            *forged.pointer_mut(&pointer).unwrap() = value.clone();
            let traced = traced(&apps, &[forged]);
            assert_eq!(words(&traced["sessions"][0]["findings"], "kind"), found, "{}: {pointer}", access.app);
        }
    }

    // One decision is for one assertion; the same one may open several roles.
    let saml = &accesses[0];
    let twice = [opened(&apps, saml, 1), opened(&apps, saml, 2)];
    assert_eq!(traced(&apps, &twice)["totals"]["wrong"], 2);
    let mut again = opened(&apps, saml, 2);
    again["requestParameters"]["sAMLAssertionID"] = twice[0]["requestParameters"]["sAMLAssertionID"].clone();
    assert_eq!(traced(&apps, &[twice[0].clone(), again])["totals"]["in_order"], 2);
    // By an app of another kind, with a decision that is real.
    let mut crossed = opened(&apps, &accesses[1], 3);
    crossed["requestParameters"]["principalTags"] = twice[0]["requestParameters"]["principalTags"].clone();
    assert_eq!(words(&traced(&apps, &[crossed])["sessions"][0]["findings"], "kind"), ["other_app"]);
}
