//! Grant types, issuers, and where the groups are.

use serde_json::{Value, json};
use signet_cases::kind::OKTA_ISSUER;
use signet_cases::wire::Answered;
use signet_core::app::{App, TagRule, TagRules, WhenNoUser};
use signet_hook::record::Verdict;

use crate::support::{answer, answered, app, given, notes, reason, request, request_with, table};

/// A request of a grant type, perhaps a renewed one.
fn grant(grant_type: &str, original: Option<(&str, &str)>) -> Value {
    let mut request = request();
    let protocol = &mut request["data"]["context"]["protocol"];
    protocol["request"]["grant_type"] = json!(grant_type);
    if let Some((member, original)) = original {
        protocol[member] =
            json!({"request": {"grant_type": original, "scope": "openid groups"}, "refresh_token": {"jti": "x"}});
    }
    request
}

#[test]
fn renewed_tokens_get_what_new_ones_get() {
    let table = table(app());
    for member in ["originalGrant", "OriginalGrant"] {
        for original in ["authorization_code", "password", "urn:openid:params:grant-type:ciba"] {
            let renewed = grant("refresh_token", Some((member, original)));
            assert_eq!(given(&answer(&table, &renewed)).len(), 3, "{member} {original}");
        }
    }
    // A withdrawn grant closes at the next renewal.
    let withdrawn = signet_cases::Fake::new(app());
    let renewed = grant("refresh_token", Some(("originalGrant", "authorization_code")));
    assert_eq!(reason(&answer(&withdrawn, &renewed)), "unentitled");
}

#[test]
fn a_client_that_acts_for_itself_is_denied_or_let_be() {
    let mut machine = grant("client_credentials", None);
    machine["data"]["context"].as_object_mut().unwrap().remove("user");
    machine["data"].as_object_mut().unwrap().remove("identity");
    // A user beside such a grant is nobody's, and a grant is such by its original.
    let beside = grant("client_credentials", None);
    let renewed = grant("refresh_token", Some(("originalGrant", "client_credentials")));
    let renewed_odd = grant("refresh_token", Some(("OriginalGrant", "client_credentials")));
    let mut nobody = request();
    nobody["data"]["context"].as_object_mut().unwrap().remove("user");

    let mut pass = app();
    pass.tokens.when_no_user = WhenNoUser::Pass;
    // A request that is said to be a person's, and names none, is never let be.
    assert_eq!(reason(&answer(&table(app()), &nobody)), "no_user");
    assert_eq!(reason(&answer(&table(pass.clone()), &nobody)), "no_user");
    // Nor is one whose issuer itself emits what AWS reads.
    let mut emitted = machine.clone();
    emitted["data"]["access"]["claims"]["https://aws.amazon.com/Roles"] = json!("x");
    assert_eq!(reason(&answer(&table(pass.clone()), &emitted)), "base_token");
    for request in [machine, beside, renewed, renewed_odd] {
        let denied = answer(&table(app()), &request);
        assert_eq!((reason(&denied), denied.record.fault), ("no_user", false));
        let passed = answer(&table(pass.clone()), &request);
        assert_eq!((answered(&passed), passed.answer.status()), (Answered::Nothing, 204));
        assert_eq!((passed.record.verdict, notes(&passed)), (Verdict::NoAccess, vec!["no_user"]));
        assert!(passed.record.roles.is_empty());
    }
    // The setting is of no use to people.
    assert_eq!(given(&answer(&table(pass), &request())).len(), 3);
}

#[test]
fn tokens_of_another_issuer_are_denied() {
    let with = |issuer: Value| {
        let mut request = request();
        request["data"]["context"]["protocol"]["issuer"] = issuer;
        request
    };
    let stated = table(app());
    for (issuer, fits) in [
        (json!({"uri": OKTA_ISSUER}), true),
        (json!({"uri": "https://example.okta.com/oauth2/other"}), false),
        (json!({"uri": "https://example.okta.com/oauth2/default/"}), false),
        (json!({"uri": "https://example.okta.com/oauth2/Default"}), false),
        (json!({"uri": "http://example.okta.com/oauth2/default"}), false),
        (json!({"uri": "example.okta.com/oauth2/default"}), false),
        (json!({"uri": ""}), false),
        (json!({"uri": null}), false),
        (json!({}), false),
        (json!(null), false),
    ] {
        let conclusion = answer(&stated, &with(issuer.clone()));
        assert_eq!(conclusion.record.reason, (!fits).then_some("other_issuer"), "{issuer}");
        assert!(notes(&conclusion).is_empty());
    }
    // Where nobody states the issuer, that is told, and any will do.
    let mut unstated = app();
    unstated.tokens.issuer = None;
    for issuer in [json!({"uri": "https://other.example.com"}), json!(null)] {
        let conclusion = answer(&table(unstated.clone()), &with(issuer));
        assert_eq!((given(&conclusion).len(), notes(&conclusion)), (3, vec!["issuer_not_stated"]));
    }
}

#[test]
fn exactly_a_hundred_groups_may_have_been_cut() {
    let groups: Vec<String> = (0..101).map(|n| format!("Group {n}")).collect();
    let groups: Vec<&str> = groups.iter().map(String::as_str).collect();
    for (count, remark) in [(99, vec![]), (100, vec!["groups_possibly_cut"]), (101, vec![])] {
        let granted = table(app()).grant(groups[0], "reader");
        let conclusion = answer(&granted, &request_with(&[("groups", &groups[..count])]));
        assert_eq!((given(&conclusion).len(), notes(&conclusion)), (3, remark.clone()), "{count}");
        // It is told of a denial, too: that one may be for want of the groups that were cut.
        let denied = answer(&table(app()), &request_with(&[("groups", &groups[..count])]));
        assert_eq!((reason(&denied), notes(&denied)), ("unentitled", remark), "{count}");
    }
}

fn with_groups(identity: Option<Value>, access: Option<Value>) -> Value {
    let mut request = request();
    for (token, groups) in [("identity", identity), ("access", access)] {
        let claims = request["data"][token]["claims"].as_object_mut().unwrap();
        claims.remove("groups");
        claims.extend(groups.map(|groups| ("groups".to_owned(), groups)));
    }
    request
}

#[test]
fn groups_are_those_of_the_id_token_or_else_of_the_access_token() {
    let table = || table(app()).grant("Clinical Stewards", "steward");
    let readers = || Some(json!(["Clinical Readers"]));
    let stewards = || Some(json!(["Clinical Stewards"]));
    for (identity, access, role) in [
        (readers(), None, Some("reader")),
        (None, readers(), Some("reader")),
        (readers(), stewards(), Some("reader")),
        (Some(json!(null)), stewards(), Some("steward")),
        (Some(json!([])), stewards(), None),
        (Some(json!("Clinical Readers")), None, Some("reader")),
        (Some(json!("Clinical Readers,Clinical Stewards")), None, None),
        (Some(json!("[\"Clinical Readers\"]")), None, None),
        (None, None, None),
        (None, Some(json!([])), None),
        // What is in the other token is not read, be it what it may.
        (readers(), Some(json!({"a": 7})), Some("reader")),
    ] {
        let conclusion = answer(&table(), &with_groups(identity.clone(), access.clone()));
        let roles: Vec<String> = role.iter().map(|role| format!("arn:aws:iam::111122223333:role/{role}")).collect();
        assert_eq!(conclusion.record.roles, roles, "{identity:?} {access:?}");
        assert_eq!(conclusion.record.reason, role.is_none().then_some("unentitled"));
    }
}

#[test]
fn groups_of_a_wrong_type_are_no_groups_but_a_denial() {
    for wrong in [
        json!(7),
        json!(true),
        json!({"0": "Clinical Readers"}),
        json!(["Clinical Readers", null]),
        json!(["Clinical Readers", 7]),
        json!(["Clinical Readers", ["Clinical Stewards"]]),
    ] {
        for (identity, access) in [(Some(wrong.clone()), None), (None, Some(wrong.clone()))] {
            let conclusion = answer(&table(app()), &with_groups(identity, access));
            assert_eq!(reason(&conclusion), "malformed_request", "{wrong}");
            assert_eq!(conclusion.record.event_id.as_deref(), Some("event-1"));
            assert!(conclusion.record.detail.unwrap().contains("/claims/groups"));
        }
    }
    // A claim that is mapped to a tag, and is no text, counts as missing.
    let mapped = crate::support::app_with(&[signet_cases::case::Rule::Tag("level", "level")]);
    let mut request = request();
    request["data"]["identity"]["claims"]["level"] = json!(7);
    let conclusion = answer(&table(mapped.clone()), &request);
    assert_eq!((given(&conclusion).len(), notes(&conclusion)), (3, vec!["tag_left_out"]));
    let required =
        mapped.tags.rules().iter().map(|(key, rule)| (key.clone(), TagRule { required: true, ..rule.clone() }));
    let required =
        App { tags: TagRules::new(required.collect(), std::collections::BTreeSet::new()).unwrap(), ..mapped };
    assert_eq!(reason(&answer(&table(required), &request)), "required_tag");
    assert_eq!(given(&answer(&table(app()), &request)).len(), 3);
}

#[test]
fn identities_come_from_the_user_or_a_claim() {
    let from = |field: &str| {
        let mut app: App = app();
        app.identity.from = signet_core::identity::IdentityField::parse(field).unwrap();
        app
    };
    let mut request = request();
    request["data"]["context"]["user"]["profile"] =
        json!({"login": "login@example.com", "firstName": "first@example.com"});
    request["data"]["identity"]["claims"]["email"] = json!("email@example.com");
    request["data"]["access"]["claims"]["upn"] = json!(["upn@example.com"]);
    request["data"]["access"]["claims"]["email"] = json!("other@example.com");
    for (field, identity) in [
        ("user.profile.login", Some("login@example.com")),
        ("user.profile.firstName", Some("first@example.com")),
        ("claim:email", Some("email@example.com")),
        ("claim:upn", Some("upn@example.com")),
        ("claim:sub", None),
        ("user.profile.email", None),
        ("subject.nameId", None),
    ] {
        let conclusion = answer(&table(from(field)), &request);
        assert_eq!(conclusion.record.source_identity.as_deref(), identity, "{field}");
        assert_eq!(conclusion.record.reason, identity.is_none().then_some("identity_missing"), "{field}");
    }
}
