//! What records say, in each of their wrappings.

use serde_json::json;

use super::*;
use crate::trace::calls::Counts;

fn record() -> Value {
    json!({
        "eventName": "AssumeRoleWithSAML", "eventSource": "sts.amazonaws.com", "eventID": "e-1",
        "eventTime": "2026-08-01T07:00:21Z", "sourceIPAddress": "192.0.2.10",
        "requestParameters": {
            "sAMLAssertionID": "_a1", "roleSessionName": "jane@example.com", "sourceIdentity": "jane@example.com",
            "principalTags": {"grouphash": ":abcd:", "SignetDecision": ["d1"], "odd": ["a", "b"]},
            "transitiveTagKeys": ["GroupHash"],
            "roleArn": "arn:aws:iam::111122223333:role/reader",
            "principalArn": "arn:aws:iam::111122223333:saml-provider/okta",
        },
        "responseElements": {
            "audience": "aud", "subject": "jane", "credentials": {"accessKeyId": "ASIAONE"},
            "assumedRoleUser": {"assumedRoleId": "AROAONE:jane@example.com"},
        },
    })
}

fn read(value: &Value) -> Result<Records, BadRecords> {
    read_bytes(value.to_string().as_bytes())
}

fn read_bytes(bytes: &[u8]) -> Result<Records, BadRecords> {
    let mut records = Records::default();
    records.add(bytes).map(|()| records)
}

#[test]
fn a_record_says_who_and_by_which_decision() {
    let records = read(&record()).unwrap();
    let session = &records.sessions[0];
    assert_eq!((session.decision.as_deref(), session.group_hash.as_deref()), (Some("d1"), Some(":abcd:")));
    assert_eq!(session.at, Timestamp::from_seconds(1_785_567_621));
    assert_eq!((session.assertion.as_deref(), session.access_key.as_deref()), (Some("_a1"), Some("ASIAONE")));
    let tags = [("SignetDecision", "d1"), ("grouphash", ":abcd:"), ("odd", "[\"a\",\"b\"]")];
    assert_eq!(session.tags, tags.map(|(key, value)| (key.to_owned(), value.to_owned())).into());
    assert_eq!(session.subject.as_deref(), Some("jane"));
    assert_eq!(session.transitive, ["GroupHash".to_owned()].into());
    assert_eq!(session.provider_name(), Some("okta"));
}

#[test]
fn records_come_in_many_wrappings() {
    let one = read(&record()).unwrap();
    let text = record().to_string();
    let event = json!({"Events": [{"EventId": "e-1", "CloudTrailEvent": text}]});
    for wrapped in [
        json!({"Records": [record()]}),
        json!([record()]),
        json!({"detail-type": "AWS API Call via CloudTrail", "detail": record()}),
        event,
        json!({"events": [{"timestamp": 1, "message": text}]}),
        json!({"messageType": "DATA_MESSAGE", "logEvents": [{"id": "1", "message": text}]}),
        json!([{"@timestamp": "x", "@message": record()}]),
        // Twice in one delivery is once.
        json!([record(), record()]),
    ] {
        assert_eq!(read(&wrapped).unwrap(), one, "{wrapped}");
    }
    assert_eq!(read_bytes(format!("{text}\n{text}\n").as_bytes()).unwrap(), one);
    assert_eq!(read_bytes(format!("\u{feff}{text}").as_bytes()).unwrap(), one);
    assert_eq!(read_bytes(b"").unwrap(), Records::default());
}

#[test]
fn several_files_are_as_one() {
    let mut earlier = record();
    (earlier["eventID"], earlier["eventTime"]) = (json!("e-0"), json!("2026-08-01T06:00:00Z"));
    let mut records = Records::default();
    for file in [json!([record()]), json!([earlier, record()])] {
        records.add(file.to_string().as_bytes()).unwrap();
    }
    assert_eq!(records.sessions.iter().map(|session| session.event.as_str()).collect::<Vec<_>>(), ["e-0", "e-1"]);
}

#[test]
fn of_a_token_the_subject_is_the_tokens() {
    let mut by_token = record();
    by_token["eventName"] = json!("AssumeRoleWithWebIdentity");
    by_token["responseElements"]["subjectFromWebIdentityToken"] = json!("00u1");
    let records = read(&by_token).unwrap();
    assert_eq!(records.sessions[0].subject.as_deref(), Some("00u1"));
}

#[test]
fn what_was_refused_and_what_is_another_call_is_counted() {
    let mut refused = record();
    refused["errorCode"] = json!("AccessDenied");
    refused["requestParameters"] = Value::Null;
    refused["eventID"] = json!("e-2");
    let records = read(&json!([record(), refused, call(&json!({"accessKeyId": "ASIAONE"}))])).unwrap();
    assert_eq!((records.sessions.len(), records.refused, records.is_empty()), (1, 1, false));
    assert_eq!(records.calls.of(&records.sessions[0]), did(1));
    for none in [Value::Null, json!("")] {
        refused["errorCode"] = none;
        refused["requestParameters"] = record()["requestParameters"].clone();
        assert_eq!(read(&refused).unwrap().sessions.len(), 1);
    }
    assert!(read(&call(&json!({}))).unwrap().is_empty());
    // Another service's call of that name is none of STS's.
    let mut other = record();
    other["eventSource"] = json!("example.amazonaws.com");
    assert!(read(&other).unwrap().sessions.is_empty());
}

fn call(identity: &Value) -> Value {
    json!({"eventName": "GetObject", "eventSource": "s3.amazonaws.com", "userIdentity": identity})
}

fn did(number: usize) -> Counts {
    Counts::from([("s3.amazonaws.com GetObject".to_owned(), number)])
}

#[test]
fn calls_are_of_the_session_that_they_were_made_in() {
    let by = |key: &str, principal: &str, created: &str| {
        let attributes = json!({"creationDate": created});
        call(&json!({"accessKeyId": key, "principalId": principal, "sessionContext": {"attributes": attributes}}))
    };
    let jane = "AROAONE:jane@example.com";
    let mut later = record();
    (later["eventID"], later["eventTime"]) = (json!("e-2"), json!("2026-08-01T07:00:22Z"));
    later["responseElements"]["credentials"]["accessKeyId"] = json!("ASIATWO");
    let count = |calls: &[Value]| {
        let records = read(&json!([record(), later, calls])).unwrap();
        let numbers = records.sessions.iter().map(|session| records.calls.of(session).values().sum::<usize>());
        numbers.collect::<Vec<_>>()
    };
    // By the session's own key, and then by nothing else.
    assert_eq!(count(&[by("ASIAONE", jane, "2026-08-01T07:00:21Z"), call(&json!({"accessKeyId": "ASIAONE"}))]), [2, 0]);
    assert_eq!(count(&[by("ASIATWO", jane, "2026-08-01T07:00:22Z")]), [0, 1]);
    // The console's keys are others: the principal, and the second of the opening, give or take one.
    for (second, expected) in [(19, [0, 0]), (20, [1, 0]), (21, [1, 1]), (22, [1, 1]), (23, [0, 1]), (24, [0, 0])] {
        let created = format!("2026-08-01T07:00:{second}Z");
        assert_eq!(count(&[by("ASIACONSOLE", jane, &created)]), expected, "{second}");
        assert_eq!(count(&[by("ASIACONSOLE", "AROAONE:john@example.com", &created)]), [0, 0]);
    }
    assert_eq!(count(&[call(&json!({"accessKeyId": "", "principalId": jane}))]), [0, 0]);
}

#[test]
fn a_provider_has_one_name_in_all_accounts() {
    let of =
        |way, provider: &str| Session { way, provider: Some(provider.to_owned()), ..session(&record(), way).unwrap() };
    for (way, provider, name) in [
        (Way::Saml, "arn:aws:iam::111122223333:saml-provider/okta", "okta"),
        (Way::Token, "arn:aws:iam::111122223333:oidc-provider/example.okta.com/a", "example.okta.com/a"),
        (Way::Token, "https://example.okta.com/a", "example.okta.com/a"),
        (Way::Token, "cognito-identity.amazonaws.com", "cognito-identity.amazonaws.com"),
    ] {
        assert_eq!(of(way, provider).provider_name(), Some(name));
    }
}

#[test]
fn what_is_no_record_is_refused() {
    for (bytes, why) in [
        (&b"\x1f\x8b\x08"[..], "`gunzip -c FILE | signet trace - --log LOG`"),
        (b"\xff", "UTF-8"),
        (b"{", "not JSON"),
        (b"{}", "document 1"),
        (b"7", "document 1"),
        (b"{\"Events\": [{}]}", "document 1"),
        (b"{\"events\": [{\"message\": \"START\"}]}", "document 1"),
    ] {
        let error = read_bytes(bytes).unwrap_err().to_string();
        assert!(error.contains(why), "{error}");
    }
    for (member, why) in [("eventTime", "`eventTime`"), ("requestParameters", "`requestParameters.roleArn`")] {
        let mut lacking = record();
        lacking.as_object_mut().unwrap().remove(member);
        assert!(read(&lacking).unwrap_err().to_string().contains(why));
    }
}
