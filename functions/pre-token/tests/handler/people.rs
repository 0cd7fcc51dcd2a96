//! Whose attributes count, and who somebody is.

use serde_json::{Value, json};
use signet_cases::Kind;
use signet_cases::table::arn;
use signet_core::app::{App, AttributeSource, TokenGroups};
use signet_core::identity::{IdentityField, IdentityPattern};
use signet_hook::record::Verdict;

use crate::support::{answer, app, body, reason, table, with_attributes};

fn rules(attributes: AttributeSource, provider: Option<&str>) -> App {
    let mut app = app(Kind::CognitoOidc);
    app.tokens.cognito.attributes = attributes;
    app.tokens.cognito.identity_provider = provider.map(str::to_owned);
    app.tokens.cognito.groups = TokenGroups::Echo;
    app
}

fn identities(providers: &[&str]) -> Value {
    let one = |name: &&str| json!({"userId": "1", "providerName": name, "providerType": "SAML", "primary": true});
    json!(Value::from(providers.iter().map(one).collect::<Vec<_>>()).to_string())
}

/// The reason to deny somebody with these attributes, if there is one.
fn denied(app: &App, attributes: &Value) -> Option<&'static str> {
    let conclusion = answer(&table(app.clone()), &with_attributes(attributes));
    if conclusion.record.verdict == Verdict::Access {
        assert_eq!(conclusion.record.roles, [arn("reader")]);
        return None;
    }
    Some(reason(&conclusion))
}

#[test]
fn attributes_of_users_of_the_pool_itself_do_not_count() {
    const NO: Option<&str> = Some("attributes_not_federated");
    let any = rules(AttributeSource::Federated, None);
    let corporate = rules(AttributeSource::Federated, Some("Corporate"));
    let external = "EXTERNAL_PROVIDER";
    for (attributes, of_any, of_corporate) in [
        (json!({}), None, None),
        (json!({"identities": identities(&["Corporate"])}), None, None),
        (json!({"identities": identities(&["Partner"])}), None, NO),
        (json!({"identities": identities(&["corporate"])}), None, NO),
        (json!({"identities": identities(&["Corporate", "Corporate"])}), None, None),
        // Who has two identities may have had the attributes from the other one.
        (json!({"identities": identities(&["Corporate", "Google"])}), None, NO),
        (json!({"identities": identities(&[])}), NO, NO),
        (json!({"identities": null}), NO, NO),
        // A native user with a linked identity has a password in the pool.
        (json!({"cognito:user_status": "CONFIRMED"}), NO, NO),
        (json!({"cognito:user_status": "CONFIRMED", "identities": null}), NO, NO),
        (json!({"cognito:user_status": "FORCE_CHANGE_PASSWORD"}), NO, NO),
        (json!({"cognito:user_status": "external_provider"}), NO, NO),
        (json!({"cognito:user_status": ""}), NO, NO),
        (json!({"cognito:user_status": null}), NO, NO),
        // What is not the list that Cognito writes, says nothing.
        (json!({"identities": "", "cognito:user_status": external}), NO, NO),
        (json!({"identities": "Corporate"}), NO, NO),
        (json!({"identities": "[{\"providerName\":\"Corporate\""}), NO, NO),
        (json!({"identities": "{\"providerName\":\"Corporate\"}"}), NO, NO),
        (json!({"identities": "[{}]"}), None, NO),
        (json!({"identities": "[\"Corporate\"]"}), None, NO),
        (json!({"identities": "[{\"providerName\":7}]"}), None, NO),
        (json!({"identities": "[{\"providerName\":\"x\",\"providerName\":\"Corporate\"}]"}), None, NO),
    ] {
        assert_eq!(denied(&any, &attributes), of_any, "{attributes}");
        assert_eq!(denied(&corporate, &attributes), of_corporate, "{attributes}");
    }
}

#[test]
fn protected_attributes_count_for_everybody() {
    for provider in [None, Some("Corporate")] {
        let protected = rules(AttributeSource::Protected, provider);
        for attributes in [
            json!({}),
            json!({"cognito:user_status": "CONFIRMED", "identities": null}),
            json!({"cognito:user_status": null, "identities": "{"}),
            json!({"identities": identities(&["Partner"])}),
        ] {
            assert_eq!(denied(&protected, &attributes), None, "{attributes}");
        }
    }
}

#[test]
fn the_user_name_says_nothing_of_where_somebody_comes_from() {
    let corporate = rules(AttributeSource::Federated, Some("Corporate"));
    let mut event = with_attributes(&json!({"cognito:user_status": "CONFIRMED", "identities": null}));
    event["userName"] = json!("Corporate_jane.doe@example.com");
    event["request"]["clientMetadata"] =
        json!({"cognito:user_status": "EXTERNAL_PROVIDER", "identities": "[{\"providerName\":\"Corporate\"}]"});
    assert_eq!(reason(&answer(&table(corporate), &event)), "attributes_not_federated");
}

#[test]
fn what_a_client_sends_is_never_read() {
    let event = |metadata: Value| {
        let mut event = with_attributes(&json!({"email": null}));
        event["request"]["clientMetadata"] = metadata;
        event
    };
    for metadata in [json!({"email": "root@example.com"}), json!("x"), json!([7]), json!(null)] {
        let conclusion = answer(&table(app(Kind::CognitoOidc)), &event(metadata.clone()));
        assert_eq!(reason(&conclusion), "identity_missing", "{metadata}");
    }
}

#[test]
fn identities_come_from_an_attribute_or_the_users_id() {
    for kind in [Kind::CognitoOidc, Kind::IdentityPool] {
        for (field, identity) in [
            ("claim:email", Some("jane.doe@example.com")),
            ("claim:custom:upn", Some("jd@example.com")),
            ("user.id", Some("00u1janeA2b3C4d5E6f7")),
            ("claim:sub", Some("00u1janeA2b3C4d5E6f7")),
            ("claim:cognito:username", Some("corporate_jane.doe@example.com")),
            ("claim:cognito:groups", None),
            ("claim:none", None),
            // A user pool has neither a profile of Okta's nor an assertion.
            ("user.profile.login", None),
            ("subject.nameId", None),
        ] {
            let mut app = app(kind);
            app.identity.from = IdentityField::parse(field).unwrap();
            app.identity.pattern = IdentityPattern::parse("*j*").unwrap();
            let conclusion = answer(&table(app), &with_attributes(&json!({"custom:upn": "jd@example.com"})));
            assert_eq!(conclusion.record.source_identity.as_deref(), identity, "{field}");
            assert_eq!(conclusion.record.reason, identity.is_none().then_some("identity_missing"), "{field}");
        }
    }
}

#[test]
fn a_user_without_attributes_is_denied() {
    for kind in [Kind::CognitoOidc, Kind::IdentityPool] {
        for attributes in [json!(null), json!({})] {
            let mut event = with_attributes(&json!({}));
            event["request"]["userAttributes"] = attributes;
            assert_eq!(reason(&answer(&table(app(kind)), &event)), "attributes_not_federated");
        }
    }
    let mut event = with_attributes(&json!({}));
    event["request"]["userAttributes"] = json!({});
    let protected = rules(AttributeSource::Protected, None);
    assert_eq!(reason(&answer(&table(protected), &event)), "identity_missing");
}

#[test]
fn an_event_is_unchanged_where_the_app_is_only_observed() {
    for kind in [Kind::CognitoOidc, Kind::IdentityPool] {
        let mut observed = app(kind);
        observed.mode = signet_core::app::Mode::Observe;
        for (attributes, reason) in [
            (json!({}), None),
            (json!({"cognito:user_status": "CONFIRMED"}), Some("attributes_not_federated")),
            (json!({"email": null}), Some("identity_missing")),
            (json!({"https://aws.amazon.com/tags": "x"}), Some("base_token")),
        ] {
            let event = with_attributes(&attributes);
            let conclusion = answer(&table(observed.clone()), &event);
            assert_eq!((body(&conclusion), conclusion.record.reason), (event, reason));
            assert!(conclusion.record.observed);
        }
    }
}
