//! The sample events of `events/pre-token`: what each one gets.

use serde_json::{Value, json};
use signet_cases::Kind;
use signet_cases::case::Rule;
use signet_cases::kind::DEPARTMENT;
use signet_cases::samples::Samples;
use signet_cases::table::{Fake, id};
use signet_core::app::{App, AppId, AttributeSource, TokenGroups};
use signet_core::trust::gate::Issuer;
use signet_hook::record::Verdict;
use signet_hook::serve::Reply;

use crate::support::{answer_text, app_with, body, change, notes};

const ATHENA: &str = "6kathenaclient0example";
const PORTAL: &str = "7lportalclient0example";
const REPORTS: &str = "8mreportsclient0example";

fn samples() -> Samples {
    Samples::of("pre-token")
}

/// The apps of the folder's entitlement file.
fn apps() -> Vec<App> {
    let of = |id: &str, kind, rules: &[Rule], attributes| {
        let mut app = app_with(kind, rules);
        app.id = AppId::parse(id).unwrap();
        app.tokens.issuer =
            Some(Issuer::from_url("https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_Ex4mplePl").unwrap());
        app.tokens.cognito.attributes = attributes;
        app
    };
    let required = [Rule::RequiredTag("department", DEPARTMENT)];
    let optional = [Rule::Tag("department", DEPARTMENT), Rule::GroupsClaim("memberOf")];
    let mut athena = of(ATHENA, Kind::CognitoOidc, &required, AttributeSource::Federated);
    athena.tokens.cognito.identity_provider = Some("Okta".to_owned());
    let portal = of(PORTAL, Kind::IdentityPool, &optional, AttributeSource::Protected);
    let mut reports = of(REPORTS, Kind::CognitoOidc, &[], AttributeSource::Protected);
    reports.tokens.cognito.groups = TokenGroups::Remove;
    vec![athena, portal, reports]
}

fn table() -> Fake {
    samples().table(apps())
}

fn event(name: &str) -> Value {
    serde_json::from_str(&samples().event(name)).unwrap()
}

/// What each event gets: verdict, reason, roles, codes.
type Gets = (&'static str, Verdict, Option<&'static str>, usize, usize);

const fn access(name: &'static str, roles: usize, codes: usize) -> Gets {
    (name, Verdict::Access, None, roles, codes)
}

const fn denied(name: &'static str, reason: &'static str) -> Gets {
    (name, Verdict::Deny, Some(reason), 0, 0)
}

const EVENTS: [Gets; 28] = [
    access("v1-authenticate-device", 1, 1),
    access("v1-authentication", 1, 1),
    access("v1-hosted-auth", 1, 1),
    access("v1-new-password-challenge", 1, 1),
    denied("v1-oidc-provider", "event_version"),
    access("v1-refresh-tokens", 1, 1),
    access("v2-authenticate-device", 1, 1),
    access("v2-authentication", 1, 1),
    denied("v2-base-claim", "base_token"),
    access("v2-hosted-auth", 1, 1),
    access("v2-identity-pool", 2, 2),
    denied("v2-linked-user", "attributes_not_federated"),
    access("v2-many-groups", 6, 14),
    denied("v2-native-user", "attributes_not_federated"),
    access("v2-new-password-challenge", 1, 1),
    denied("v2-no-groups", "unentitled"),
    denied("v2-other-pool", "other_issuer"),
    denied("v2-other-provider", "attributes_not_federated"),
    access("v2-pool-roles", 1, 1),
    access("v2-refresh-tokens", 1, 1),
    denied("v2-unknown-client", "unknown_app"),
    denied("v2-unreadable-groups", "malformed_request"),
    access("v3-authenticate-device", 1, 1),
    access("v3-authentication", 1, 1),
    ("v3-client-credentials", Verdict::NoAccess, None, 0, 0),
    access("v3-hosted-auth", 1, 1),
    access("v3-new-password-challenge", 1, 1),
    access("v3-refresh-tokens", 1, 1),
];

#[test]
fn every_event_gets_what_is_said_of_it() {
    assert_eq!(samples().names(), EVENTS.map(|(name, ..)| name));
    for (name, verdict, reason, roles, codes) in EVENTS {
        let conclusion = answer_text(&table(), &samples().event(name));
        let record = &conclusion.record;
        assert_eq!((record.verdict, record.reason), (verdict, reason), "{name}: {:?}", record.detail);
        assert_eq!((record.roles.len(), record.codes.len()), (roles, codes), "{name}");
        match conclusion.answer.clone().reply() {
            Ok(_) if verdict == Verdict::NoAccess => assert_eq!(body(&conclusion), event(name)),
            Ok(_) => assert_eq!(verdict, Verdict::Access, "{name}"),
            Err(error) => assert_eq!((verdict, error.error_message.ends_with(&id())), (Verdict::Deny, true), "{name}"),
        }
        let told: &[&str] = if name == "v3-client-credentials" { &["no_user"] } else { &[] };
        assert_eq!(notes(&conclusion), told, "{name}");
    }
}

#[test]
fn every_version_has_every_trigger_source() {
    let names = samples().names();
    for version in ["1", "2", "3"] {
        for (slug, source) in [
            ("hosted-auth", "HostedAuth"),
            ("authentication", "Authentication"),
            ("new-password-challenge", "NewPasswordChallenge"),
            ("authenticate-device", "AuthenticateDevice"),
            ("refresh-tokens", "RefreshTokens"),
        ] {
            let name = format!("v{version}-{slug}");
            assert!(names.contains(&name), "{name}");
            let event = event(&name);
            assert_eq!(
                (&event["version"], &event["triggerSource"]),
                (&json!(version), &json!(format!("TokenGeneration_{source}")))
            );
        }
    }
    for name in names {
        assert_eq!(event(&name)["version"].as_str(), name.get(1..2), "{name}");
    }
}

#[test]
fn one_group_is_one_role_for_one_person_in_every_kind_of_app() {
    let role = "arn:aws:iam::111122223333:role/data/clinical-reader";
    for (name, client) in [("v2-hosted-auth", ATHENA), ("v1-hosted-auth", PORTAL), ("v3-authentication", REPORTS)] {
        assert_eq!(event(name)["callerContext"]["clientId"], client);
        let conclusion = answer_text(&table(), &samples().event(name));
        assert_eq!(conclusion.record.roles, [role], "{name}");
        assert_eq!(conclusion.record.source_identity.as_deref(), Some("jane.doe@example.com"), "{name}");
        let change = change(&conclusion);
        let hash = format!(":{}:", conclusion.record.codes[0]);
        if client == PORTAL {
            assert_eq!((&change.identity["GroupHash"], &change.roles[..]), (&json!(hash), &[role.to_owned()][..]));
        } else {
            assert_eq!(change.identity["https://aws.amazon.com/roles"], json!([role]));
            assert_eq!(change.identity["https://aws.amazon.com/tags"]["principal_tags"]["GroupHash"], json!([hash]));
            let groups: &[&str] = if client == ATHENA { &["Clinical Readers"] } else { &[] };
            assert_eq!(change.groups, groups);
        }
    }
    // The roles that the pool's own groups bring give way to those of Signet.
    let conclusion = answer_text(&table(), &samples().event("v2-pool-roles"));
    let change = change(&conclusion);
    assert_eq!((change.roles, change.preferred.as_deref()), (vec![role.to_owned()], Some(role)));
    assert_eq!(change.groups, ["Portal Users"]);
}

#[test]
fn the_list_of_events_is_complete() {
    let list = samples().file("README.md");
    for (name, _, reason, ..) in EVENTS {
        let line = list.lines().find(|line| line.contains(&format!("`{name}.json`")));
        let line = line.unwrap_or_else(|| panic!("{name} is not in the list"));
        assert!(reason.is_none_or(|reason| line.contains(&format!("denied: `{reason}`"))), "{line}");
    }
}

#[test]
fn every_group_of_an_event_has_its_place_in_the_entitlements() {
    let entitlements = samples().file("entitlements.yaml");
    let strangers = ["Everyone", "VPN Users", "Printer Floor 3", "Portal Users"];
    for name in samples().names() {
        let event = event(&name);
        for group in event["request"]["groupConfiguration"]["groupsToOverride"].as_array().unwrap() {
            let group = group.as_str().unwrap();
            assert_eq!(entitlements.contains(group), !strangers.contains(&group), "{group} of {name}");
        }
    }
}
