//! Whatever is put where in a request, the hook answers what Okta can read, and gives only what is granted
//! to whoever the request still names.

use proptest::prelude::*;
use serde_json::{Value, json};
use signet_cases::case::LOGIN;
use signet_cases::http::{self, Okta};
use signet_cases::kind::OKTA_ISSUER;
use signet_cases::mutations::{any_json, each, places, with};
use signet_cases::table::{APP, arn};
use signet_cases::wire::{Answered, token_claims};
use signet_hook::record::Verdict;

use crate::calls::OKTA;
use crate::support::{answer, answer_text, app, table};
use crate::wire::claims;

const NAMES: &[&str] = &[
    "claims",
    "groups",
    "Clinical Readers",
    "identity",
    "access",
    "id",
    "uri",
    "request",
    "grant_type",
    "client_credentials",
    "https://aws.amazon.com/tags",
    "profile",
    "login",
];

/// Okta's sample, made one of somebody with access.
fn sample() -> Value {
    let mut sample: Value = serde_json::from_str(OKTA).unwrap();
    sample["data"]["context"]["protocol"]["client"]["id"] = json!(APP);
    sample["data"]["context"]["protocol"]["issuer"]["uri"] = json!(OKTA_ISSUER);
    sample["data"]["context"]["protocol"]["request"]["grant_type"] = json!("refresh_token");
    sample["data"]["context"]["protocol"]["originalGrant"] = json!({"request": {"grant_type": "authorization_code"}});
    sample["data"]["context"]["user"]["profile"]["login"] = json!(LOGIN);
    sample["data"]["identity"]["claims"]["groups"] = json!(["Everyone", "Clinical Readers"]);
    sample["data"]["access"]["claims"]["groups"] = json!("Clinical Readers");
    sample
}

/// The groups of a request, read in the simplest way.
fn groups(request: &Value) -> Vec<Value> {
    let claim = |token: &str| request.pointer(&format!("/data/{token}/claims/groups")).filter(|claim| !claim.is_null());
    match claim("identity").or_else(|| claim("access")) {
        Some(Value::Array(groups)) => groups.clone(),
        Some(one @ Value::String(_)) => vec![one.clone()],
        _ => Vec::new(),
    }
}

fn check(request: &Value) -> Verdict {
    let conclusion = answer(&table(app()), request);
    match http::read(&conclusion.answer) {
        Okta::Commands(commands) => {
            assert_eq!(conclusion.record.verdict, Verdict::Access);
            // Only a token that is being minted can be patched: Okta would drop the answer.
            assert!(request["data"]["identity"].is_object(), "{request}");
            let access = token_claims(&claims(&commands));
            assert_eq!(access.roles, [arn("reader")]);
            assert_eq!(access.source_identity.as_deref(), Some(LOGIN));
            assert!(groups(request).contains(&json!("Clinical Readers")), "{request}");
            let protocol = &request["data"]["context"]["protocol"];
            assert_eq!((&protocol["client"]["id"], &protocol["issuer"]["uri"]), (&json!(APP), &json!(OKTA_ISSUER)));
        }
        Okta::Answered(Answered::Denied(text)) => {
            assert_eq!(conclusion.record.verdict, Verdict::Deny);
            assert!(!text.contains(LOGIN) && text.ends_with(&signet_cases::id()), "{text}");
        }
        Okta::Answered(Answered::Nothing) => assert_eq!(conclusion.record.verdict, Verdict::NoAccess),
        Okta::Answered(answered) => {
            assert_eq!(answered, Answered::Rejected(Some(400)));
            assert_eq!(conclusion.record.verdict, Verdict::Rejected);
        }
    }
    conclusion.record.verdict
}

#[test]
fn every_member_missing_and_as_every_type() {
    assert_eq!(check(&sample()), Verdict::Access);
    let mut seen = [0; 4];
    for (_, request) in each(&sample()) {
        seen[check(&request) as usize] += 1;
    }
    assert!(seen[Verdict::Access as usize] > 300 && seen[Verdict::Deny as usize] > 50, "{seen:?}");
    assert!(seen.iter().all(|count| *count > 0), "{seen:?}");
}

#[test]
fn every_beginning_of_a_request_is_rejected() {
    let text = sample().to_string();
    let table = table(app());
    for beginning in (0..text.len()).filter_map(|end| text.get(..end)) {
        assert_eq!(answer_text(&table, beginning).answer.status(), 400, "{beginning}");
    }
    assert!(table.reads.borrow().is_empty());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 3000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_json_anywhere(
        places in prop::collection::vec(prop::sample::select(places(&sample())), 1..4),
        values in prop::collection::vec(any_json(NAMES), 3),
    ) {
        let request = places.iter().zip(values).fold(sample(), |request, (place, value)| with(&request, place, value));
        check(&request);
    }

    #[test]
    fn any_text_in_a_request(at in 0_usize..2_000, text in ".{0,8}") {
        let mut body = sample().to_string();
        let at = (0..=at.min(body.len())).rev().find(|at| body.is_char_boundary(*at)).unwrap();
        body.insert_str(at, &text);
        let conclusion = answer_text(&table(app()), &body);
        prop_assert!(matches!(conclusion.answer.status(), 200 | 204 | 400));
        let _ = http::read(&conclusion.answer);
    }
}
