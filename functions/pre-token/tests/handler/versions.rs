//! Versions of the event, trigger sources, and what goes into which token.

use serde_json::{Value, json};
use signet_cases::Kind;
use signet_cases::case::{Rule, USER};
use signet_cases::table::{APP, Fake, arn, id};
use signet_core::app::TokenGroups;
use signet_hook::record::Verdict;

use crate::support::{
    answer, answer_text, app, app_with, body, change, notes, person, reason, rejection, table, version,
};

/// Every trigger source with a user.
const WITH_A_USER: [&str; 5] = [
    "TokenGeneration_HostedAuth",
    "TokenGeneration_Authentication",
    "TokenGeneration_NewPasswordChallenge",
    "TokenGeneration_AuthenticateDevice",
    "TokenGeneration_RefreshTokens",
];

fn tags(codes: &[String]) -> Value {
    json!({
        "principal_tags": {
            "GroupHash": [format!(":{}:", codes.join(":"))],
            "SignetDecision": [id()],
            "department": ["Research"],
        },
        "transitive_tag_keys": ["GroupHash", "SignetDecision", "department"],
    })
}

fn researcher(version: &str) -> Value {
    let mut event = crate::support::version(version);
    event["request"]["userAttributes"]["custom:department"] = json!("Research");
    event
}

#[test]
fn an_oidc_provider_gets_tags_in_both_tokens_and_roles_in_the_id_token_alone() {
    let table = table(app_with(Kind::CognitoOidc, &[Rule::Tag("department", "department")]));
    for version in ["2", "3"] {
        let conclusion = answer(&table, &researcher(version));
        let record = &conclusion.record;
        let body = body(&conclusion);
        assert_eq!(
            body["response"],
            json!({"claimsAndScopeOverrideDetails": {
                "idTokenGeneration": {"claimsToAddOrOverride": {
                    "https://aws.amazon.com/tags": tags(&record.codes),
                    "https://aws.amazon.com/source_identity": "jane.doe@example.com",
                    "https://aws.amazon.com/roles": [arn("reader")],
                }},
                "accessTokenGeneration": {"claimsToAddOrOverride": {
                    "https://aws.amazon.com/tags": tags(&record.codes),
                }},
                "groupOverrideDetails": {
                    "groupsToOverride": ["Clinical Readers"],
                    "iamRolesToOverride": [],
                    "preferredRole": null,
                },
            }})
        );
        assert_eq!((record.verdict, record.codes.len()), (Verdict::Access, 1));
        assert_eq!((record.app_id.as_deref(), record.user_id.as_deref()), (Some(APP), Some(USER)));
    }
}

#[test]
fn an_identity_pool_gets_flat_claims_and_roles_in_every_version() {
    let table = table(app_with(Kind::IdentityPool, &[Rule::Tag("department", "department")]));
    for version in ["1", "2", "3"] {
        let conclusion = answer(&table, &researcher(version));
        let claims = json!({
            "GroupHash": format!(":{}:", conclusion.record.codes.join(":")),
            "SignetDecision": id(),
            "department": "Research",
        });
        let groups = json!({
            "groupsToOverride": ["Clinical Readers"],
            "iamRolesToOverride": [arn("reader")],
            "preferredRole": arn("reader"),
        });
        let expected = if version == "1" {
            json!({"claimsOverrideDetails": {"claimsToAddOrOverride": claims, "groupOverrideDetails": groups}})
        } else {
            json!({"claimsAndScopeOverrideDetails": {
                "idTokenGeneration": {"claimsToAddOrOverride": claims},
                "accessTokenGeneration": {"claimsToAddOrOverride": {}},
                "groupOverrideDetails": groups,
            }})
        };
        assert_eq!(body(&conclusion)["response"], expected, "{version}");
    }
}

#[test]
fn a_tag_that_is_left_out_is_made_of_no_other_claim() {
    // Cognito writes a claim `name` of the attribute of that name; the pool's map would make the tag of it.
    let table = table(app_with(Kind::IdentityPool, &[Rule::Tag("name", "custom:fullname")]));
    for version in ["1", "2", "3"] {
        let mut event = researcher(version);
        event["request"]["userAttributes"]["name"] = json!("Whatever the user wrote");
        for (fullname, suppressed) in [(json!(null), json!(["name"])), (json!("Jane Doe"), json!(null))] {
            event["request"]["userAttributes"]["custom:fullname"] = fullname;
            let response = body(&answer(&table, &event))["response"].clone();
            let pointer = match version {
                "1" => "/claimsOverrideDetails",
                _ => "/claimsAndScopeOverrideDetails/idTokenGeneration",
            };
            let of_identity = response.pointer(pointer).unwrap();
            assert_eq!(of_identity["claimsToSuppress"], suppressed, "{version}: {response}");
            assert_eq!(of_identity["claimsToAddOrOverride"].get("name").is_none(), suppressed != json!(null));
        }
    }
}

#[test]
fn version_1_has_no_place_for_what_an_oidc_provider_needs() {
    let oidc = table(app(Kind::CognitoOidc));
    let conclusion = answer(&oidc, &version("1"));
    // It denies everybody, so it is the deployment's fault.
    assert_eq!((reason(&conclusion), conclusion.record.fault), ("event_version", true));
    assert!(conclusion.record.detail.unwrap().contains("V2_0"));
    // It is refused before anything is decided: also to whoever would get nothing.
    let pass = Fake::new(app_with(Kind::CognitoOidc, &[Rule::Pass]));
    assert_eq!(reason(&answer(&pass, &version("1"))), "event_version");
    // Observed, it is told and changes nothing.
    let observed = table(app_with(Kind::CognitoOidc, &[Rule::Observe]));
    let conclusion = answer(&observed, &version("1"));
    assert_eq!((body(&conclusion), conclusion.record.reason), (version("1"), Some("event_version")));
    assert!(conclusion.record.observed);
}

#[test]
fn every_trigger_source_with_a_user_is_answered_alike() {
    for kind in [Kind::CognitoOidc, Kind::IdentityPool] {
        let table = table(app(kind));
        let first = body(&answer(&table, &person()))["response"].clone();
        for source in WITH_A_USER {
            for number in ["2", "3"] {
                let mut event = version(number);
                event["triggerSource"] = json!(source);
                let conclusion = answer(&table, &event);
                assert_eq!(body(&conclusion)["response"], first, "{source} {number}");
            }
        }
    }
}

#[test]
fn a_trigger_source_that_is_new_is_answered_as_one_with_a_user() {
    let mut event = person();
    event["triggerSource"] = json!("TokenGeneration_SomethingNew");
    assert_eq!(change(&answer(&table(app(Kind::CognitoOidc)), &event)).identity.len(), 3);
}

#[test]
fn what_is_no_event_of_this_trigger_is_an_error_that_says_so() {
    let table = table(app(Kind::CognitoOidc));
    for text in [
        "null",
        "7",
        "[]",
        "{}",
        r#""TokenGeneration_HostedAuth""#,
        r#"{"triggerSource":null}"#,
        r#"{"triggerSource":""}"#,
        r#"{"triggerSource":"PreSignUp_SignUp","version":"1"}"#,
        r#"{"triggerSource":"tokengeneration_HostedAuth","version":"2"}"#,
        r#"{"headers":{"authorization":"x"},"body":"{}"}"#,
    ] {
        let conclusion = answer_text(&table, text);
        assert!(rejection(&conclusion).contains("`triggerSource`"), "{text}");
        assert_eq!(conclusion.record.verdict, Verdict::Rejected);
    }
    let deep = "[".repeat(10_000) + &"]".repeat(10_000);
    rejection(&answer_text(&table, &deep));
    let long = format!(r#"{{"triggerSource":"{}\u0000\n"}}"#, "x".repeat(10_000));
    assert!(rejection(&answer_text(&table, &long)).len() < 1_000);
    assert!(table.reads.borrow().is_empty());
}

#[test]
fn an_unknown_version_denies() {
    let table = table(app(Kind::IdentityPool));
    for unknown in [json!("4"), json!("0"), json!(""), json!("V2_0"), json!(2), json!(null), json!(["2"])] {
        let mut event = person();
        event["version"] = unknown.clone();
        let conclusion = answer(&table, &event);
        assert_eq!(reason(&conclusion), "malformed_request", "{unknown}");
        assert!(conclusion.record.detail.unwrap().contains("/version"));
    }
    assert!(table.reads.borrow().is_empty());
}

#[test]
fn a_client_that_acts_for_itself_is_let_be_without_a_read() {
    let mut machine = version("3");
    machine["triggerSource"] = json!("TokenGeneration_ClientCredentials");
    machine["userName"] = json!(null);
    machine["request"] =
        json!({"userAttributes": {}, "groupConfiguration": {}, "scopes": ["api/read"], "clientMetadata": {"a": "b"}});
    let mut bare = version("3");
    bare["triggerSource"] = json!("TokenGeneration_ClientCredentials");
    bare["request"] = json!(null);
    for kind in [Kind::CognitoOidc, Kind::IdentityPool] {
        let mut table = table(app(kind));
        for mood in
            [signet_cases::Mood::Well, signet_cases::Mood::Fails(signet_cases::Fault::Call), signet_cases::Mood::Hangs]
        {
            table.mood = mood;
            for event in [&machine, &bare] {
                let conclusion = answer(&table, event);
                assert_eq!(body(&conclusion), *event);
                assert_eq!((conclusion.record.verdict, notes(&conclusion)), (Verdict::NoAccess, vec!["no_user"]));
                assert_eq!(conclusion.record.app_id.as_deref(), Some(APP));
            }
        }
        assert!(table.reads.borrow().is_empty());
    }
}

#[test]
fn the_pool_of_an_app_is_its_issuer() {
    for kind in [Kind::CognitoOidc, Kind::IdentityPool] {
        for (place, value) in [
            ("/userPoolId", json!("eu-central-1_Other0001")),
            ("/userPoolId", json!(null)),
            ("/region", json!("eu-west-1")),
            ("/region", json!("cn-north-1")),
            ("/region", json!(null)),
            ("/region", json!("")),
        ] {
            let mut event = person();
            *event.pointer_mut(place).unwrap() = value.clone();
            assert_eq!(reason(&answer(&table(app(kind)), &event)), "other_issuer", "{place} {value}");
            let mut unstated = app(kind);
            unstated.tokens.issuer = None;
            let conclusion = answer(&table(unstated), &event);
            assert_eq!((conclusion.record.verdict, notes(&conclusion)), (Verdict::Access, vec!["issuer_not_stated"]));
        }
    }
}

#[test]
fn the_roles_claim_can_be_switched_off() {
    let mut without = app(Kind::CognitoOidc);
    without.tokens.roles_claim = false;
    let identity = change(&answer(&table(without), &person())).identity;
    let names: Vec<&String> = identity.keys().collect();
    assert_eq!(names, ["https://aws.amazon.com/source_identity", "https://aws.amazon.com/tags"]);
}

#[test]
fn without_a_role_the_tokens_get_nothing_but_their_groups() {
    for kind in [Kind::CognitoOidc, Kind::IdentityPool] {
        for (groups, names) in [(TokenGroups::Echo, vec!["Clinical Readers"]), (TokenGroups::Remove, vec![])] {
            let mut pass = app_with(kind, &[Rule::Pass]);
            pass.tokens.cognito.groups = groups;
            let conclusion = answer(&Fake::new(pass), &person());
            assert_eq!(conclusion.record.verdict, Verdict::NoAccess);
            let change = change(&conclusion);
            assert_eq!(change.groups, names);
            assert!(change.identity.is_empty() && change.access.is_empty() && change.roles.is_empty());
        }
    }
}
