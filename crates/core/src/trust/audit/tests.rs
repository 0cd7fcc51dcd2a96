//! Statements of others beside ours.

use super::*;
use crate::trust::tests::{EC2, app, codes, document, gates, oidc, pool, role, saml};

const SAML: &str = "arn:aws:iam::111122223333:saml-provider/okta";
const ASSUME: &str = r#""Action":"sts:AssumeRoleWithSAML""#;

fn lacks(statement: &str) -> Option<Vec<String>> {
    let found = wider(&document(statement), &role(), &gates(&[("a", saml("okta"))]), &codes(&[("a", "abcd efgh")]));
    assert!(found.len() <= 1);
    found.into_iter().next().map(|wider| wider.lacks)
}

/// A statement that demands what ours does.
fn narrow() -> String {
    format!(
        r#"{{"Effect":"Allow","Principal":{{"Federated":"{SAML}"}},{ASSUME},"Condition":{{
        "StringEquals":{{"saml:aud":["https://signin.aws.amazon.com/saml"]}},
        "StringLike":{{"aws:RequestTag/GroupHash":"*:abcd:*","sts:SourceIdentity":"*@example.com"}},
        "ForAnyValue:StringEquals":{{"sts:TransitiveTagKeys":["GroupHash"]}}}}}}"#
    )
}

#[test]
fn a_statement_that_demands_as_much_is_not_reported() {
    assert_eq!(lacks(&narrow()), None);
    assert_eq!(lacks(EC2), None);
    assert_eq!(lacks(&narrow().replace("saml-provider/okta", "saml-provider/okta2")), None);
    assert_eq!(lacks(&narrow().replace("Allow", "Deny").replace("abcd", "zzzz")), None);
}

#[test]
fn a_statement_that_demands_less_is_reported_with_what_it_lacks() {
    for (from, to, key) in [
        ("*:abcd:*", "*:zzzz:*", "aws:RequestTag/GroupHash"),
        ("*:abcd:*", "*abcd*", "aws:RequestTag/GroupHash"),
        // One value too many, and none at all.
        ("\"*:abcd:*\"", "[\"*:abcd:*\",\"*:zzzz:*\"]", "aws:RequestTag/GroupHash"),
        ("\"*:abcd:*\"", "[]", "aws:RequestTag/GroupHash"),
        ("aws:RequestTag/GroupHash", "aws:PrincipalTag/GroupHash", "aws:RequestTag/GroupHash"),
        ("*@example.com", "*", "sts:SourceIdentity"),
        ("https://signin.aws.amazon.com/saml", "https://example.com", "SAML:aud"),
        ("ForAnyValue:", "ForAllValues:", "sts:TransitiveTagKeys"),
        ("StringEquals\":{\"saml", "StringEqualsIfExists\":{\"saml", "SAML:aud"),
    ] {
        assert_eq!(lacks(&narrow().replace(from, to)), Some(vec![key.to_owned()]), "{to}");
    }
    assert_eq!(lacks(&narrow().replace("StringLike", "StringLikeIfExists")).map(|lacks| lacks.len()), Some(2));
}

#[test]
fn every_way_of_letting_the_provider_in_is_seen() {
    for principal in [
        format!(r#""Principal":{{"Federated":["x","{SAML}"]}}"#),
        r#""Principal":"*""#.to_owned(),
        r#""Principal":{"AWS":"*"}"#.to_owned(),
        r#""NotPrincipal":{"AWS":"1"}"#.to_owned(),
    ] {
        for action in [
            ASSUME,
            r#""Action":["sts:TagSession","sts:assumerolewithsaml"]"#,
            r#""Action":"sts:*""#,
            r#""Action":"*""#,
            r#""Action":"sts:AssumeRoleWith????""#,
            r#""NotAction":"sts:AssumeRole""#,
        ] {
            let all = lacks(&format!(r#"{{"Effect":"Allow",{principal},{action}}}"#));
            assert_eq!(all.map(|lacks| lacks.len()), Some(4), "{principal} {action}");
        }
    }
    for not in [
        format!(r#""NotPrincipal":{{"AWS":"1","Federated":"{SAML}"}},{ASSUME}"#),
        format!(r#""Principal":{{"Federated":"{SAML}"}},"Action":["sts:TagSession","sts:AssumeRole"]"#),
        format!(r#""Principal":{{"Federated":"{SAML}"}},"NotAction":"sts:AssumeRoleWith*""#),
    ] {
        assert_eq!(lacks(&format!(r#"{{"Effect":"Allow",{not}}}"#)), None, "{not}");
    }
    // What cannot be read for certain is reported, with nothing to say about it.
    assert_eq!(lacks(r#"{"effect":"Allow"}"#), Some(vec![]));
}

#[test]
fn another_client_of_one_issuer_is_not_our_concern() {
    let issuer = "example.okta.com/oauth2/default";
    let statement = |aud: &str| {
        document(&format!(
            r#"{{"Effect":"Allow","Principal":{{"Federated":"arn:aws:iam::111122223333:oidc-provider/{issuer}"}},
            "Action":"sts:AssumeRoleWithWebIdentity","Condition":{{"StringEquals":{{"{issuer}:aud":{aud}}}}}}}"#
        ))
    };
    let gates = gates(&[("a", oidc("0oa1", true)), ("p", pool())]);
    let found = |aud: &str| wider(&statement(aud), &role(), &gates, &codes(&[("a", "abcd")]));
    assert_eq!(found(r#""other""#), []);
    for aud in [r#"["other","0oa1"]"#, r#""${aws:x}""#] {
        assert_eq!(found(aud).into_iter().map(|wider| wider.app).collect::<Vec<_>>(), [app("a")]);
    }
}

#[test]
fn a_role_is_ready_for_tags_when_the_provider_may_send_them() {
    let lacks = |statements: &str| {
        let found = not_ready(&document(statements), &role(), &gates(&[("a", saml("okta"))]));
        found.into_iter().next().map(|found| found.lacks.into_iter().collect::<Vec<_>>().join(" "))
    };
    let allow =
        |action: &str| format!(r#"{{"Effect":"Allow","Principal":{{"Federated":"{SAML}"}},"Action":{action}}}"#);
    let assume = allow(r#""sts:AssumeRoleWithSAML""#);
    assert_eq!(lacks(EC2), None);
    assert_eq!(lacks(&assume).as_deref(), Some("sts:SetSourceIdentity sts:TagSession"));
    let tags = allow(r#"["sts:TagSession"]"#);
    assert_eq!(lacks(&format!("{assume},{tags}")).as_deref(), Some("sts:SetSourceIdentity"));
    assert_eq!(lacks(&allow(r#""sts:*""#)), None);
    let all = allow(r#"["sts:AssumeRoleWithSAML","sts:TagSession","sts:SetSourceIdentity"]"#);
    assert_eq!(lacks(&all), None);
    let deny = r#"{"Effect":"Deny","Principal":"*","Action":"sts:TagSession"}"#;
    assert_eq!(lacks(&format!("{all},{deny}")).as_deref(), Some("sts:TagSession"));
    // Identity pools send no source identity that anybody documents.
    let gates = gates(&[("p", pool())]);
    let cognito = r#"{"Effect":"Allow","Principal":{"Federated":"cognito-identity.amazonaws.com"},"Action":["sts:AssumeRoleWithWebIdentity","sts:TagSession"]}"#;
    assert_eq!(not_ready(&document(cognito), &role(), &gates), []);
}

#[test]
fn a_provider_is_named_wherever_it_stands() {
    for statement in [
        format!(r#"{{"Effect":"Deny","Principal":{{"Federated":"{SAML}"}},{ASSUME}}}"#),
        format!(r#"{{"Effect":"Allow","NotPrincipal":{{"Federated":["x","{SAML}"]}},{ASSUME}}}"#),
        format!(r#"{{"Odd":"{SAML}"}}"#),
    ] {
        assert!(names_provider(&document(&statement), SAML), "{statement}");
    }
    assert!(!names_provider(
        &document(&format!(r#"{{"Effect":"Allow","Principal":{{"Federated":"{SAML}2"}}}}"#)),
        SAML
    ));
}

#[test]
fn patterns_of_actions_are_iams() {
    for (pattern, value, fits) in [
        ("*", "", true),
        ("a*c", "abbc", true),
        ("a?c", "abc", true),
        ("a?c", "ac", false),
        ("a*b*c", "acb", false),
        ("", "", true),
        ("", "a", false),
    ] {
        assert_eq!(like(pattern, value), fits, "`{pattern}` on `{value}`");
    }
    assert!(!like(&"*a".repeat(1_000), &"a".repeat(999)));
}
