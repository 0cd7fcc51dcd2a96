//! Statements of others beside ours.

use super::*;
use crate::trust::grants::Codes;
use crate::trust::tests::{EC2, app, desired, document, gates, oidc, plan, pool, role, saml};

const SAML: &str = "arn:aws:iam::111122223333:saml-provider/okta";
const ASSUME: &str = r#""Action":"sts:AssumeRoleWithSAML""#;

fn lacks(statement: &str) -> Option<Vec<String>> {
    let known = [("a", saml("okta"))];
    let found = wider(&document(statement), &role(), &gates(&known), &desired(&known, &[("a", "abcd efgh")]));
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
    let known = [("a", oidc("0oa1", true)), ("p", pool())];
    let found = |aud: &str| wider(&statement(aud), &role(), &gates(&known), &desired(&known, &[("a", "abcd")]));
    assert_eq!(found(r#""other""#), []);
    for aud in [r#"["other","0oa1"]"#, r#""${aws:x}""#] {
        assert_eq!(found(aud).into_iter().map(|wider| wider.app).collect::<Vec<_>>(), [app("a")]);
    }
}

#[test]
fn an_empty_list_of_audiences_is_nobody_elses() {
    assert_eq!(
        lacks(&narrow().replace(r#"["https://signin.aws.amazon.com/saml"]"#, "[]")),
        Some(vec!["SAML:aud".into()])
    );
    let issuer = "example.okta.com/oauth2/default";
    let statement = format!(
        r#"{{"Effect":"Allow","Principal":{{"Federated":"arn:aws:iam::111122223333:oidc-provider/{issuer}"}},
        "Action":"sts:AssumeRoleWithWebIdentity","Condition":{{"StringEquals":{{"{issuer}:aud":[]}}}}}}"#
    );
    let known = [("a", oidc("0oa1", true))];
    let found = wider(&document(&statement), &role(), &gates(&known), &desired(&known, &[("a", "abcd")]));
    assert_eq!(found.len(), 1);
}

#[test]
fn whatever_lets_in_an_app_without_codes_is_wider() {
    let known = [("a", saml("okta"))];
    for statement in [narrow(), narrow().replace(r#""*:abcd:*""#, "[]")] {
        for nobody in [desired(&known, &[]), Desired::default(), desired(&known, &[("a", "zzzzz")])] {
            let found = wider(&document(&statement), &role(), &gates(&known), &nobody);
            assert_eq!(found.len(), 1, "{statement}");
            assert_eq!(found[0].lacks, ["aws:RequestTag/GroupHash"]);
        }
    }
    // An app that we leave out has no codes that we would let in.
    let shared = [("a", saml("okta")), ("b", saml("okta"))];
    let found = wider(&document(&narrow()), &role(), &gates(&shared), &desired(&shared, &[("a", "abcd")]));
    assert_eq!(found.into_iter().map(|wider| wider.app).collect::<Vec<_>>(), [app("a"), app("b")]);
}

#[test]
fn any_login_of_an_identity_pool_is_wider_than_its_user_pool() {
    let known = [("p", pool())];
    let wanted = desired(&known, &[("p", "abcd")]);
    let ours = plan(&document(""), &wanted, &Codes::new()).document.render().replace("Signet1", "Other");
    let found = |text: &str| wider(&Document::parse(text).unwrap(), &role(), &gates(&known), &wanted);
    assert_eq!(found(&ours), []);
    let all = found(&ours.replace("cognito-idp.us-east-1.amazonaws.com/us-east-1_Tv0493apJ", "authenticated"));
    assert_eq!(all[0].lacks, ["cognito-identity.amazonaws.com:amr"]);
}

/// What a role lacks, and what is doubtful, for one app.
fn readiness(statements: &str, gate: Gate) -> (String, String) {
    let found = not_ready(&document(statements), &role(), &gates(&[("a", gate)]));
    let words = |actions: BTreeSet<&'static str>| {
        actions.into_iter().map(|action| action.trim_start_matches("sts:")).collect::<Vec<_>>().join(" ")
    };
    // An app that is ready is not in the list at all.
    assert!(found.iter().all(|found| !found.lacks.is_empty() || !found.doubtful.is_empty()));
    found.into_iter().next().map_or_else(ready, |found| (words(found.lacks), words(found.doubtful)))
}

fn ready() -> (String, String) {
    lacking("")
}

fn lacking(lacks: &str) -> (String, String) {
    (lacks.to_owned(), String::new())
}

fn doubtful(doubtful: &str) -> (String, String) {
    (String::new(), doubtful.to_owned())
}

const BOTH: &str = "SetSourceIdentity TagSession";

fn allow(action: &str) -> String {
    format!(r#"{{"Effect":"Allow","Principal":{{"Federated":"{SAML}"}},"Action":{action}}}"#)
}

/// A statement with a condition.
fn on(statement: &str, operator: &str, condition: &str) -> String {
    statement.replace(r#","Action""#, &format!(r#","Condition":{{"{operator}":{{{condition}}}}},"Action""#))
}

#[test]
fn a_role_is_ready_for_tags_when_the_provider_may_send_them() {
    let lacks = |statements: &str| readiness(statements, saml("okta"));
    let assume = allow(r#""sts:AssumeRoleWithSAML""#);
    assert_eq!(lacks(EC2), ready());
    assert_eq!(lacks(&assume), lacking(BOTH));
    let tags = allow(r#"["sts:TagSession"]"#);
    assert_eq!(lacks(&format!("{assume},{tags}")), lacking("SetSourceIdentity"));
    assert_eq!(lacks(&allow(r#""sts:*""#)), ready());
    assert_eq!(lacks(&allow(r#""sts:*""#).replace(&format!(r#"{{"Federated":"{SAML}"}}"#), r#""*""#)), ready());
    let all = allow(r#"["sts:AssumeRoleWithSAML","sts:TagSession","sts:SetSourceIdentity"]"#);
    assert_eq!(lacks(&all), ready());
    let deny = r#"{"Effect":"Deny","Principal":"*","Action":"sts:TagSession"}"#;
    assert_eq!(lacks(&format!("{all},{deny}")), lacking("TagSession"));
    // Identity pools send no source identity that anybody documents.
    let cognito = r#"{"Effect":"Allow","Principal":{"Federated":"cognito-identity.amazonaws.com"},"Action":["sts:AssumeRoleWithWebIdentity","sts:TagSession"]}"#;
    assert_eq!(readiness(cognito, pool()), ready());
}

#[test]
fn only_what_reaches_the_sign_ins_makes_a_role_ready() {
    let lacks =
        |statement: &str| readiness(&format!("{},{statement}", allow(r#""sts:AssumeRoleWithSAML""#)), saml("okta"));
    let tags = allow(r#"["sts:TagSession","sts:SetSourceIdentity"]"#);
    let aud = |audience: &str| on(&tags, "StringEquals", &format!(r#""SAML:aud":{audience}"#));
    let (right, other) = (r#""https://signin.aws.amazon.com/saml""#, r#""https://example.com""#);
    assert_eq!(lacks(&tags), ready());
    assert_eq!(lacks(&tags.replace("okta", "okta2")), lacking(BOTH));
    assert_eq!(lacks(&aud(right)), ready());
    assert_eq!(lacks(&aud(&format!("[{right},{other}]"))), ready());
    assert_eq!(lacks(&aud(other)), lacking(BOTH));
    // What every sign-in of the app will have is no obstacle.
    assert_eq!(lacks(&on(&tags, "StringLike", r#""sts:SourceIdentity":["*@example.com","x"]"#)), ready());
    assert_eq!(lacks(&on(&tags, "ForAnyValue:StringEquals", r#""sts:TransitiveTagKeys":"GroupHash""#)), ready());
    // What one may have or not is, unless nobody without it gets in.
    for (operator, condition) in [
        ("StringLike", r#""sts:SourceIdentity":"admin-*""#),
        ("StringLike", r#""aws:RequestTag/GroupHash":"*:abcd:*""#),
        ("StringNotEquals", r#""SAML:aud":"https:\/\/example.com""#),
        ("IpAddress", r#""aws:SourceIp":"192.0.2.0\/24""#),
    ] {
        let some = on(&tags, operator, condition);
        assert_eq!(lacks(&some), doubtful(BOTH), "{condition}");
        let entry = on(&allow(r#""sts:AssumeRoleWithSAML""#), operator, condition);
        assert_eq!(readiness(&format!("{entry},{some}"), saml("okta")), ready(), "{condition}");
    }
    let some = on(&tags, "StringNotEquals", r#""x:y":["1","2"]"#);
    let fewer = on(&allow(r#""sts:AssumeRoleWithSAML""#), "StringNotEquals", r#""x:y":"1""#);
    assert_eq!(readiness(&format!("{fewer},{some}"), saml("okta")), doubtful(BOTH));
}

#[test]
fn one_client_of_an_issuer_does_not_make_another_ready() {
    let issuer = "example.okta.com/oauth2/default";
    let statement = |action: &str, aud: &str| {
        format!(
            r#"{{"Effect":"Allow","Principal":{{"Federated":"arn:aws:iam::111122223333:oidc-provider/{issuer}"}},
            "Action":{action},"Condition":{{"StringEquals":{{"{issuer}:aud":{aud}}}}}}}"#
        )
    };
    let assume = statement(r#""sts:AssumeRoleWithWebIdentity""#, r#"["1","2"]"#);
    let with = |aud: &str| format!("{assume},{}", statement(r#"["sts:TagSession","sts:SetSourceIdentity"]"#, aud));
    assert_eq!(readiness(&with(r#""2""#), oidc("1", true)), lacking(BOTH));
    assert_eq!(readiness(&with(r#"["1","3"]"#), oidc("1", true)), ready());
    assert_eq!(readiness(&with(r#"["1","2"]"#), oidc("2", true)), ready());
}

#[test]
fn our_statements_make_a_role_ready() {
    let known = [("a", saml("okta"))];
    let wide = allow(r#""sts:AssumeRoleWithSAML""#);
    let ours = plan(&document(&wide), &desired(&known, &[("a", "abcd")]), &Codes::new()).document;
    assert_eq!(not_ready(&ours, &role(), &gates(&known)), []);
    let none = plan(&ours, &desired(&known, &[]), &Codes::new()).document;
    assert_eq!(not_ready(&none, &role(), &gates(&known)).len(), 1);
}

#[test]
fn what_may_stand_in_the_way_is_said() {
    let lacks = |statements: &str| readiness(statements, saml("okta"));
    let all = allow(r#"["sts:AssumeRoleWithSAML","sts:TagSession","sts:SetSourceIdentity"]"#);
    let deny = r#"{"Effect":"Deny","Principal":"*","Action":"sts:TagSession"}"#;
    let some = on(deny, "StringNotLike", r#""aws:RequestTag/GroupHash":"*:zzzz:*""#);
    assert_eq!(lacks(&format!("{all},{some}")), doubtful("TagSession"));
    assert_eq!(lacks(&format!("{all},{}", some.replace("sts:TagSession", "sts:AssumeRole"))), ready());
    let other = on(deny, "StringEquals", r#""SAML:aud":"https://example.com""#);
    assert_eq!(lacks(&format!("{all},{other}")), ready());
    // A statement that cannot be read may let the app in, or deny it what it sends.
    let odd = r#"{"effect":"Deny"}"#;
    assert_eq!(lacks(&format!("{all},{odd}")), doubtful(BOTH));
    assert_eq!(lacks(odd), doubtful(BOTH));
    assert_eq!(lacks(&format!("{},{odd}", allow(r#""sts:AssumeRoleWithSAML""#))), lacking(BOTH));
}

#[test]
fn a_provider_is_named_wherever_it_stands() {
    let escaped = SAML.replace('/', r"\/");
    let coded = SAML.replace('/', r"\u002f").replace('s', r"\u0073");
    for statement in [
        format!(r#"{{"Effect":"Deny","Principal":{{"Federated":"{SAML}"}},{ASSUME}}}"#),
        format!(r#"{{"Effect":"Allow","NotPrincipal":{{"Federated":["x","{SAML}"]}},{ASSUME}}}"#),
        format!(r#"{{"Effect":"Allow","Principal":{{"Federated":"{coded}"}},{ASSUME}}}"#),
        format!(
            r#"{{"Effect":"Allow","Principal":{{"AWS":"1"}},"Action":"sts:AssumeRole","Condition":{{
            "StringEquals":{{"aws:FederatedProvider":"{escaped}"}}}}}}"#
        ),
        format!(r#"{{"Odd":"{SAML}"}}"#),
        format!(r#"{{"Odd":"{escaped}"}}"#),
        format!(r#"{{"Odd":[{{"x":[null,"a {coded} b"]}}]}}"#),
        format!(r#"{{"Odd":{{"{escaped}":1}}}}"#),
    ] {
        assert!(names_provider(&document(&statement), SAML), "{statement}");
    }
    for other in
        [format!(r#"{{"Effect":"Allow","Principal":{{"Federated":"{SAML}2"}}}}"#), r#"{"Odd":"okta"}"#.to_owned()]
    {
        assert!(!names_provider(&document(&other), SAML), "{other}");
    }
}
