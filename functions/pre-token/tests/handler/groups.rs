//! Groups: those of the pool, those of an attribute, and the roles that they bring.

use serde_json::{Value, json};
use signet_cases::case::Rule;
use signet_cases::kind::OTHER_GROUPS;
use signet_cases::table::arn;
use signet_cases::{Fake, Kind};
use signet_core::app::{AttributeLists, TokenGroups};
use signet_hook::record::Verdict;

use crate::support::{answer, app, app_with, body, change, person, reason, table, with_attributes};

/// The event of a person in two groups, to which the pool itself gives roles.
fn with_roles(roles: &Value, preferred: &Value) -> Value {
    let mut event = person();
    event["request"]["groupConfiguration"] = json!({
        "groupsToOverride": ["Clinical Readers", "Clinical Stewards"],
        "iamRolesToOverride": roles,
        "preferredRole": preferred,
    });
    event
}

fn two_roles(kind: Kind) -> Fake {
    table(app(kind)).grant("Clinical Stewards", "steward")
}

#[test]
fn an_oidc_provider_gets_the_group_configuration_as_it_was() {
    let pools_own = arn("pools-own");
    let event = with_roles(&json!([pools_own]), &json!(pools_own));
    let change = change(&answer(&two_roles(Kind::CognitoOidc), &event));
    assert_eq!((change.groups.len(), change.roles, change.preferred), (2, vec![pools_own.clone()], Some(pools_own)));
    assert_eq!(change.identity["https://aws.amazon.com/roles"], json!([arn("reader"), arn("steward")]));
}

#[test]
fn an_identity_pool_gets_the_roles_of_signet_and_no_others() {
    let (reader, steward, pools_own) = (arn("reader"), arn("steward"), arn("pools-own"));
    for (roles, preferred, expected) in [
        (json!([]), json!(null), None),
        (json!([pools_own]), json!(pools_own), None),
        (json!([pools_own, reader]), json!(reader), Some(&reader)),
        (json!([]), json!(steward), Some(&steward)),
        (json!(null), json!(""), None),
    ] {
        let change = change(&answer(&two_roles(Kind::IdentityPool), &with_roles(&roles, &preferred)));
        assert_eq!(change.roles, [reader.clone(), steward.clone()]);
        assert_eq!(change.preferred.as_ref(), expected, "{preferred}");
    }
    // Of one role there is no choice.
    for preferred in [json!(null), json!(pools_own), json!(reader)] {
        let change = change(&answer(&table(app(Kind::IdentityPool)), &with_roles(&json!([pools_own]), &preferred)));
        assert_eq!((change.roles, change.preferred.as_ref()), (vec![reader.clone()], Some(&reader)));
    }
    // Who has no role of Signet's has none of the pool's either.
    let pass = Fake::new(app_with(Kind::IdentityPool, &[Rule::Pass]));
    let change = change(&answer(&pass, &with_roles(&json!([pools_own]), &json!(pools_own))));
    assert_eq!((change.groups.len(), change.roles.len(), change.preferred), (2, 0, None));
}

#[test]
fn groups_are_echoed_unless_the_app_says_otherwise() {
    for kind in [Kind::CognitoOidc, Kind::IdentityPool] {
        let groups = ["Clinical Readers", "z", "Everyone", "a"];
        let mut event = person();
        event["request"]["groupConfiguration"]["groupsToOverride"] = json!(groups);
        let echoed = change(&answer(&table(app(kind)), &event));
        assert_eq!(echoed.groups, groups, "in their order");
        let mut remove = app(kind);
        remove.tokens.cognito.groups = TokenGroups::Remove;
        let conclusion = answer(&table(remove), &event);
        assert!(change(&conclusion).groups.is_empty());
        assert_eq!((conclusion.record.verdict, conclusion.record.groups.len()), (Verdict::Access, 4));
    }
}

#[test]
fn without_a_group_configuration_there_are_no_groups() {
    for configuration in [json!(null), json!({}), json!({"groupsToOverride": null, "iamRolesToOverride": null})] {
        let mut event = person();
        event["request"]["groupConfiguration"] = configuration;
        assert_eq!(reason(&answer(&table(app(Kind::CognitoOidc)), &event)), "unentitled");
        let pass = Fake::new(app_with(Kind::CognitoOidc, &[Rule::Pass]));
        let conclusion = answer(&pass, &event);
        let groups = &body(&conclusion)["response"]["claimsAndScopeOverrideDetails"]["groupOverrideDetails"];
        assert_eq!(*groups, json!({"groupsToOverride": [], "iamRolesToOverride": [], "preferredRole": null}));
    }
}

#[test]
fn groups_of_an_attribute_are_read_in_each_form_that_cognito_writes() {
    for kind in [Kind::CognitoOidc, Kind::IdentityPool] {
        for (list, groups) in [
            ("Clinical Readers", 1),
            ("[Clinical+Readers]", 1),
            ("[Clinical%20Readers]", 1),
            ("[Everyone,Clinical+Readers]", 2),
            ("[Everyone, Clinical+Readers]", 2),
            (r#"["Everyone","Clinical Readers"]"#, 2),
            (r#"["Clinical Readers"]"#, 1),
        ] {
            let event = with_attributes(&json!({"custom:groups": list}));
            let stating = |lists| {
                let mut app = app_with(kind, &[Rule::GroupsClaim(OTHER_GROUPS)]);
                app.tokens.cognito.lists = lists;
                answer(&table(app), &event)
            };
            let (stated, other) = if list.contains('"') {
                (AttributeLists::Json, AttributeLists::Form)
            } else {
                (AttributeLists::Form, AttributeLists::Json)
            };
            let conclusion = stating(stated);
            assert_eq!(conclusion.record.roles, [arn("reader")], "{list}");
            assert_eq!(conclusion.record.groups.len(), groups);
            // In the other form it may be the name of one group.
            if list.starts_with('[') {
                assert_eq!(reason(&stating(other)), "malformed_request", "{list}");
            } else {
                assert_eq!(stating(other).record.roles, [arn("reader")], "{list}");
            }
        }
        for (list, reason) in [
            ("", "unentitled"),
            ("[]", "unentitled"),
            ("clinical readers", "unentitled"),
            ("Clinical Readers,Everyone", "unentitled"),
            ("Clinical+Readers", "unentitled"),
            (" [Clinical+Readers]", "unentitled"),
            ("[Clinical Readers]", "malformed_request"),
            ("[Clinical Readers, Everyone]", "malformed_request"),
            ("[Clinical+Readers,]", "malformed_request"),
            ("[,Clinical+Readers]", "malformed_request"),
            (r#"["Clinical Readers",7]"#, "malformed_request"),
            (r#"["Clinical Readers""#, "unentitled"),
            ("[%FF,Clinical+Readers]", "malformed_request"),
        ] {
            let event = with_attributes(&json!({"custom:groups": list}));
            let conclusion = answer(&table(app_with(kind, &[Rule::GroupsClaim(OTHER_GROUPS)])), &event);
            assert_eq!(self::reason(&conclusion), reason, "{list}");
            if reason == "malformed_request" {
                let detail = conclusion.record.detail.unwrap();
                assert!(
                    detail.contains("/request/userAttributes/custom:groups") && !detail.contains("Clinical"),
                    "{detail}"
                );
            }
        }
        // An app whose groups are the pool's does not read the attribute.
        let event = with_attributes(&json!({"custom:groups": "[Clinical Readers, x]"}));
        assert_eq!(answer(&table(app(kind)), &event).record.verdict, Verdict::Access);
    }
}

#[test]
fn groups_of_an_attribute_do_not_change_those_of_the_pool() {
    let event = with_attributes(&json!({"custom:groups": "[Clinical+Readers]"}));
    let conclusion = answer(&table(app_with(Kind::CognitoOidc, &[Rule::GroupsClaim(OTHER_GROUPS)])), &event);
    assert_eq!(change(&conclusion).groups, ["Clinical Readers"]);
    let mut none = event;
    none["request"]["groupConfiguration"]["groupsToOverride"] = json!([]);
    let conclusion = answer(&table(app_with(Kind::CognitoOidc, &[Rule::GroupsClaim(OTHER_GROUPS)])), &none);
    assert!(change(&conclusion).groups.is_empty());
    assert_eq!(conclusion.record.roles, [arn("reader")]);
}

#[test]
fn an_attribute_is_no_group_of_the_pool_by_its_name() {
    let mut event = with_attributes(&json!({"cognito:groups": "[Clinical+Readers]", "groups": "Clinical Readers"}));
    event["request"]["groupConfiguration"]["groupsToOverride"] = json!([]);
    assert_eq!(reason(&answer(&table(app(Kind::CognitoOidc)), &event)), "unentitled");
}
