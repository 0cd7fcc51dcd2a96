//! The sample events of `events/token-hook`: what each one gets.

use std::time::Duration;

use serde_json::Value;
use signet_cases::http::SECRET;
use signet_cases::samples::Samples;
use signet_cases::table::{Fake, block_on, call};
use signet_cases::wire::Wire;
use signet_core::app::{App, AppId, CodeCapacity, WhenNoUser, WhenUnentitled};
use signet_core::trust::gate::Issuer;
use signet_hook::payload::Payload;
use signet_hook::record::Verdict;
use signet_hook::serve::{Conclusion, Handler};
use signet_okta::auth::digest_hex;

use crate::support::{app_with, given, notes};
use crate::wire::TokenWire;

fn samples() -> Samples {
    Samples::of("token-hook")
}

/// The apps of the folder's entitlement file.
fn apps() -> Vec<App> {
    let of = |id: &str| {
        let mut app = app_with(&[signet_cases::case::Rule::RequiredTag("department", "department")]);
        app.id = AppId::parse(id).unwrap();
        id.clone_into(&mut app.audience);
        app.tokens.issuer = Some(Issuer::from_url("https://example.okta.com/oauth2/aus1analytics").unwrap());
        app
    };
    let mut airflow = of("0oaairflowClient0001g3");
    airflow.tags = signet_core::app::TagRules::default();
    airflow.tokens.roles_claim = false;
    airflow.tokens.when_no_user = WhenNoUser::Pass;
    airflow.code_capacity = Some(CodeCapacity::new(3).unwrap());
    airflow.when_unentitled = WhenUnentitled::Pass;
    vec![of("0oajupyterHubClient0g3"), airflow]
}

fn table() -> Fake {
    samples().table(apps())
}

fn answer(name: &str) -> Conclusion {
    let table = table();
    let payload: Payload = serde_json::from_str(&samples().event(name)).unwrap();
    let hook = TokenWire::handler(&table, Duration::from_millis(150));
    block_on(async { hook.handle(&call(payload)).await })
}

fn request(name: &str) -> Value {
    let envelope: Value = serde_json::from_str(&samples().event(name)).unwrap();
    serde_json::from_str(envelope["body"].as_str().unwrap()).unwrap()
}

/// What each event gets: verdict, reason, roles, codes, notes.
type Gets = (&'static str, Verdict, Option<&'static str>, usize, usize, &'static [&'static str]);

const EVENTS: [Gets; 14] = [
    ("access-token-only", Verdict::NoAccess, None, 0, 0, &["no_id_token"]),
    ("base-claim", Verdict::Deny, Some("base_token"), 0, 0, &[]),
    ("client-credentials", Verdict::Deny, Some("no_user"), 0, 0, &[]),
    ("client-credentials-pass", Verdict::NoAccess, None, 0, 0, &["no_user"]),
    ("groups-in-access-token", Verdict::Access, None, 1, 1, &[]),
    ("hundred-groups", Verdict::Access, None, 1, 1, &["groups_possibly_cut"]),
    ("many-groups", Verdict::Access, None, 6, 14, &[]),
    ("no-groups", Verdict::Deny, Some("unentitled"), 0, 0, &[]),
    ("okta-sample", Verdict::Deny, Some("unknown_app"), 0, 0, &[]),
    ("one-group", Verdict::Access, None, 1, 1, &[]),
    ("other-issuer", Verdict::Deny, Some("other_issuer"), 0, 0, &[]),
    ("preview-placeholders", Verdict::Deny, Some("identity_unfit"), 0, 0, &[]),
    ("refresh", Verdict::Access, None, 1, 1, &[]),
    ("unknown-client", Verdict::Deny, Some("unknown_app"), 0, 0, &[]),
];

#[test]
fn every_event_gets_what_is_said_of_it() {
    assert_eq!(samples().names(), EVENTS.map(|(name, ..)| name));
    for (name, verdict, reason, roles, codes, told) in EVENTS {
        let conclusion = answer(name);
        let record = &conclusion.record;
        assert_eq!((record.verdict, record.reason), (verdict, reason), "{name}: {:?}", record.detail);
        assert_eq!((record.roles.len(), record.codes.len()), (roles, codes), "{name}");
        assert_eq!(notes(&conclusion), told, "{name}");
        let status = if verdict == Verdict::NoAccess { 204 } else { 200 };
        assert_eq!(conclusion.answer.status(), status, "{name}");
    }
}

#[test]
fn one_group_is_one_role_for_one_person() {
    let conclusion = answer("one-group");
    let claims = given(&conclusion);
    assert_eq!(claims["https://aws.amazon.com/source_identity"], "jane.doe@example.com");
    assert_eq!(
        claims["https://aws.amazon.com/roles"],
        serde_json::json!(["arn:aws:iam::111122223333:role/data/clinical-reader"])
    );
    let tags = &claims["https://aws.amazon.com/tags"]["principal_tags"];
    assert_eq!(tags["department"], serde_json::json!(["Clinical Data Science"]));
    assert_eq!(tags["GroupHash"], serde_json::json!([format!(":{}:", conclusion.record.codes[0])]));
}

#[test]
fn the_list_of_events_is_complete_and_names_their_secret() {
    let list = samples().file("README.md");
    for (name, _, reason, ..) in EVENTS {
        let line = list.lines().find(|line| line.starts_with(&format!("| `{name}.json` |")));
        let line = line.unwrap_or_else(|| panic!("{name} is not in the list"));
        assert!(reason.is_none_or(|reason| line.contains(&format!("denied: `{reason}`"))), "{line}");
        assert!(samples().event(name).contains(SECRET));
    }
    assert!(list.contains(&digest_hex(SECRET)));
}

#[test]
fn every_group_of_an_event_has_its_place_in_the_entitlements() {
    let entitlements = samples().file("entitlements.yaml");
    let is_stranger =
        |group: &str| ["Everyone", "VPN Users", "Printer Floor 3"].contains(&group) || group.starts_with("Team ");
    for name in samples().names() {
        let request = request(&name);
        for token in ["identity", "access"] {
            for group in request["data"][token]["claims"]["groups"].as_array().into_iter().flatten() {
                let group = group.as_str().unwrap();
                assert_eq!(entitlements.contains(group), !is_stranger(group), "{group} of {name}");
            }
        }
    }
}

#[test]
fn hundred_groups_are_a_hundred_and_the_sample_is_oktas() {
    let groups = request("hundred-groups")["data"]["identity"]["claims"]["groups"].as_array().unwrap().len();
    assert_eq!(groups, 100);
    assert_eq!(request("okta-sample"), serde_json::from_str::<Value>(crate::calls::OKTA).unwrap());
}
