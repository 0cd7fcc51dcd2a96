//! Whatever is put where in an event, the answer is one that Cognito can read, and gives only what is
//! granted to whoever the event still names.

use proptest::prelude::*;
use serde_json::{Value, json};
use signet_cases::Kind;
use signet_cases::case::LOGIN;
use signet_cases::kind::{REGION, USER_POOL};
use signet_cases::mutations::{any_json, each, places, with};
use signet_cases::table::{APP, arn};
use signet_cases::wire::Answered;
use signet_hook::record::Verdict;
use signet_hook::serve::Reply;

use crate::support::{answer, answer_text, app, person, table};
use crate::wire::read;

const NAMES: &[&str] = &[
    "userAttributes",
    "groupConfiguration",
    "groupsToOverride",
    "Clinical Readers",
    "iamRolesToOverride",
    "preferredRole",
    "clientId",
    "email",
    "identities",
    "EXTERNAL_PROVIDER",
    "https://aws.amazon.com/tags",
    "1",
    "2",
    "3",
    "TokenGeneration_ClientCredentials",
];

fn sample() -> Value {
    let mut event = person();
    event["request"]["userAttributes"]["custom:department"] = json!("Research");
    event["request"]["groupConfiguration"] = json!({
        "groupsToOverride": ["Everyone", "Clinical Readers"],
        "iamRolesToOverride": [arn("pools-own")],
        "preferredRole": arn("pools-own"),
    });
    event["request"]["clientMetadata"] = json!({"key": "value"});
    event
}

fn check(kind: Kind, event: &Value) -> Verdict {
    let conclusion = answer(&table(app(kind)), event);
    let verdict = conclusion.record.verdict;
    match read(kind, conclusion.answer, event) {
        Answered::Access(access) => {
            assert_eq!((verdict, access.roles), (Verdict::Access, vec![arn("reader")]));
            let place = |pointer: &str| event.pointer(pointer).cloned().unwrap_or_default();
            assert_eq!(place("/callerContext/clientId"), json!(APP));
            assert_eq!((place("/userPoolId"), place("/region")), (json!(USER_POOL), json!(REGION)));
            assert_eq!(place("/request/userAttributes/email"), json!(LOGIN));
            assert_eq!(place("/request/userAttributes/cognito:user_status"), json!("EXTERNAL_PROVIDER"));
            let groups = place("/request/groupConfiguration/groupsToOverride");
            assert!(groups.as_array().unwrap().contains(&json!("Clinical Readers")), "{event}");
        }
        Answered::Denied(text) => {
            assert_eq!(verdict, Verdict::Deny);
            assert!(!text.contains(LOGIN) && text.ends_with(&signet_cases::id()), "{text}");
        }
        Answered::Nothing => assert_eq!(verdict, Verdict::NoAccess),
        Answered::Rejected(_) => assert_eq!(verdict, Verdict::Rejected),
    }
    verdict
}

#[test]
fn every_member_missing_and_as_every_type() {
    for kind in [Kind::CognitoOidc, Kind::IdentityPool] {
        assert_eq!(check(kind, &sample()), Verdict::Access);
        let mut seen = [0; 4];
        for (_, event) in each(&sample()) {
            seen[check(kind, &event) as usize] += 1;
        }
        assert!(seen[Verdict::Access as usize] > 100 && seen[Verdict::Deny as usize] > 50, "{seen:?}");
        // No trigger source, and three others.
        assert_eq!(seen[Verdict::Rejected as usize], 4, "{seen:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 3000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_json_anywhere(
        is_pool: bool,
        version in prop::sample::select(&["1", "2", "3"][..]),
        places in prop::collection::vec(prop::sample::select(places(&sample())), 1..4),
        values in prop::collection::vec(any_json(NAMES), 3),
    ) {
        let kind = if is_pool { Kind::IdentityPool } else { Kind::CognitoOidc };
        let first = with(&sample(), "/version", json!(version));
        let event = places.iter().zip(values).fold(first, |event, (place, value)| with(&event, place, value));
        check(kind, &event);
    }

    #[test]
    fn any_text_in_an_event(at in 0_usize..1_500, text in ".{0,8}") {
        let mut body = sample().to_string();
        let at = (0..=at.min(body.len())).rev().find(|at| body.is_char_boundary(*at)).unwrap();
        body.insert_str(at, &text);
        // Whatever it is now: no panic, and an answer.
        match answer_text(&table(app(Kind::CognitoOidc)), &body).answer.reply() {
            Ok(answer) => prop_assert!(serde_json::to_value(answer).unwrap()["response"].is_object()),
            Err(error) => prop_assert!(["SignetDenied", "SignetRejected"].contains(&error.error_type.as_str())),
        }
    }
}
