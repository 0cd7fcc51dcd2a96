//! What is written for which grants, and what becomes of documents that others wrote.

use std::collections::{BTreeMap, BTreeSet};

use crate::app::AppId;
use crate::code::{CodeWidth, GroupCode};
use crate::identity::IdentityPattern;
use crate::role::{ProviderName, RoleArn};
use crate::trust::desired::{Desired, LeftOut};
use crate::trust::document::{Document, Statement};
use crate::trust::error::PolicyError;
use crate::trust::gate::{Audience, Gate, IdentityPoolId, Issuer};
use crate::trust::grants::Codes;
use crate::trust::nonempty::NonEmpty;
use crate::trust::plan::{Plan, Quota};

pub(super) fn role() -> RoleArn {
    RoleArn::parse("arn:aws:iam::111122223333:role/data/clinical-reader").unwrap()
}

pub(super) fn app(id: &str) -> AppId {
    AppId::parse(id).unwrap()
}

pub(super) fn saml(provider: &str) -> Gate {
    Gate::Saml {
        provider: ProviderName::parse(provider).unwrap(),
        audience: Audience::parse("https://signin.aws.amazon.com/saml").unwrap(),
        identity: IdentityPattern::parse("*@example.com").unwrap(),
    }
}

pub(super) fn oidc(client: &str, roles_claim: bool) -> Gate {
    Gate::Oidc {
        issuer: Issuer::from_url("https://example.okta.com/oauth2/default").unwrap(),
        audiences: NonEmpty::of(Audience::parse(client).unwrap()),
        identity: IdentityPattern::parse("*@example.com").unwrap(),
        roles_claim,
    }
}

pub(super) fn pool() -> Gate {
    Gate::IdentityPool {
        pool: IdentityPoolId::parse("us-east-1:12345678-dead-beef-0000-123456790abc").unwrap(),
        user_pool: Issuer::from_url("https://cognito-idp.us-east-1.amazonaws.com/us-east-1_Tv0493apJ").unwrap(),
    }
}

pub(super) fn gates(gates: &[(&str, Gate)]) -> BTreeMap<AppId, Gate> {
    gates.iter().map(|(id, gate)| (app(id), gate.clone())).collect()
}

pub(super) fn codes(codes: &[(&str, &str)]) -> Codes {
    let set = |codes: &str| codes.split(' ').map(|code| GroupCode::parse(code).unwrap()).collect::<BTreeSet<_>>();
    codes.iter().map(|(id, codes)| (app(id), set(codes))).collect()
}

pub(super) fn desired(known: &[(&str, Gate)], granted: &[(&str, &str)]) -> Desired {
    Desired::new(&role(), CodeWidth::DEFAULT, &gates(known), &codes(granted))
}

pub(super) const EC2: &str =
    r#"{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}"#;

pub(super) fn document(statements: &str) -> Document {
    Document::parse(&format!(r#"{{"Version":"2012-10-17","Statement":[{statements}]}}"#)).unwrap()
}

pub(super) fn plan(current: &Document, desired: &Desired, written: &Codes) -> Plan {
    Plan::new(current, desired, written, Quota::DEFAULT)
}

/// The document that a role with nothing else in it gets.
fn rendered(known: &[(&str, Gate)], granted: &[(&str, &str)]) -> String {
    plan(&document(EC2), &desired(known, granted), &Codes::new()).document.render().replace(&format!("{EC2},"), "")
}

#[test]
fn a_saml_provider_gets_in_with_the_codes_of_its_app() {
    assert_eq!(
        rendered(&[("a", saml("okta-databricks"))], &[("a", "efgh abcd")]),
        concat!(
            r#"{"Version":"2012-10-17","Statement":[{"Sid":"Signet1","Effect":"Allow","#,
            r#""Principal":{"Federated":"arn:aws:iam::111122223333:saml-provider/okta-databricks"},"#,
            r#""Action":["sts:AssumeRoleWithSAML","sts:TagSession","sts:SetSourceIdentity"],"Condition":{"#,
            r#""StringEquals":{"SAML:aud":"https://signin.aws.amazon.com/saml"},"#,
            r#""StringLike":{"aws:RequestTag/GroupHash":["*:abcd:*","*:efgh:*"],"sts:SourceIdentity":"*@example.com"},"#,
            r#""ForAnyValue:StringEquals":{"sts:TransitiveTagKeys":"GroupHash"}}}]}"#
        )
    );
}

#[test]
fn an_oidc_client_gets_in_only_to_the_roles_that_its_token_names() {
    let one = |roles_claim: bool| rendered(&[("a", oidc("0oa1", roles_claim))], &[("a", "abcd")]);
    assert_eq!(
        one(true),
        concat!(
            r#"{"Version":"2012-10-17","Statement":[{"Sid":"Signet1","Effect":"Allow","#,
            r#""Principal":{"Federated":"arn:aws:iam::111122223333:oidc-provider/example.okta.com/oauth2/default"},"#,
            r#""Action":["sts:AssumeRoleWithWebIdentity","sts:TagSession","sts:SetSourceIdentity"],"Condition":{"#,
            r#""StringEquals":{"example.okta.com/oauth2/default:aud":"0oa1"},"#,
            r#""StringLike":{"aws:RequestTag/GroupHash":"*:abcd:*","sts:SourceIdentity":"*@example.com"},"#,
            r#""ForAnyValue:StringEquals":{"sts:TransitiveTagKeys":"GroupHash"},"#,
            r#""Bool":{"sts:RoleAuthorizedByIdp":"true"}}}]}"#
        )
    );
    assert_eq!(one(false), one(true).replace(r#","Bool":{"sts:RoleAuthorizedByIdp":"true"}"#, ""));
}

#[test]
fn an_identity_pool_is_asked_for_what_cognito_documents() {
    assert_eq!(
        rendered(&[("a", pool())], &[("a", "abcd")]),
        concat!(
            r#"{"Version":"2012-10-17","Statement":[{"Sid":"Signet1","Effect":"Allow","#,
            r#""Principal":{"Federated":"cognito-identity.amazonaws.com"},"#,
            r#""Action":["sts:AssumeRoleWithWebIdentity","sts:TagSession"],"Condition":{"#,
            r#""StringEquals":{"cognito-identity.amazonaws.com:aud":"us-east-1:12345678-dead-beef-0000-123456790abc"},"#,
            r#""StringLike":{"aws:RequestTag/GroupHash":"*:abcd:*"},"#,
            r#""ForAnyValue:StringLike":{"cognito-identity.amazonaws.com:amr":"#,
            r#""cognito-idp.us-east-1.amazonaws.com/us-east-1_Tv0493apJ"}}}]}"#
        )
    );
}

#[test]
fn an_identity_pool_has_the_name_of_its_partition() {
    let rendered = |role: &str, region: &str| {
        let gate = Gate::IdentityPool {
            pool: IdentityPoolId::parse(&format!("{region}:12345678-dead-beef-0000-123456790abc")).unwrap(),
            user_pool: Issuer::from_url(&format!("https://cognito-idp.{region}.amazonaws.com/{region}_x")).unwrap(),
        };
        let role = RoleArn::parse(role).unwrap();
        let wanted = Desired::new(&role, CodeWidth::DEFAULT, &gates(&[("a", gate)]), &codes(&[("a", "abcd")]));
        (plan(&document(EC2), &wanted, &Codes::new()).document.render(), wanted.left_out().to_vec())
    };
    for (partition, region, name) in [
        ("aws-us-gov", "us-gov-west-1", "cognito-identity-us-gov.amazonaws.com"),
        ("aws-us-gov", "us-gov-east-1", "cognito-identity.us-gov-east-1.amazonaws.com"),
        ("aws-cn", "cn-north-1", "cognito-identity.cn-north-1.amazonaws.com.cn"),
    ] {
        let (text, left_out) = rendered(&format!("arn:{partition}:iam::111122223333:role/x"), region);
        for part in [format!(r#"{{"Federated":"{name}"}}"#), format!(r#""{name}:aud""#), format!(r#""{name}:amr""#)] {
            assert!(text.contains(&part), "{text} has no {part}");
        }
        assert!(!text.contains("cognito-identity.amazonaws.com"), "{text}");
        assert_eq!(left_out, []);
    }
    // Where no name is known, nobody is let in by another.
    let (text, left_out) = rendered("arn:aws-iso:iam::111122223333:role/x", "us-iso-east-1");
    assert_eq!((text, left_out), (document(EC2).render(), vec![LeftOut::Unnamed(app("a"))]));
}

#[test]
fn an_identity_pool_without_a_user_pool_of_cognitos_is_left_out() {
    let pool = |url: &str| Gate::IdentityPool {
        pool: IdentityPoolId::parse("us-east-1:12345678-dead-beef-0000-123456790abc").unwrap(),
        user_pool: Issuer::from_url(url).unwrap(),
    };
    // As a value of `amr`, this one would be anybody's.
    let wanted = desired(&[("a", pool("https://authenticated"))], &[("a", "abcd")]);
    assert!(wanted.is_empty());
    assert_eq!(wanted.left_out(), [LeftOut::Unnamed(app("a"))]);
}

#[test]
fn apps_share_a_statement_only_where_everything_in_it_is_equal() {
    let count = |known: &[(&str, Gate)], granted: &[(&str, &str)]| desired(known, granted).statements().len();
    let (a, b, c) = (("a", saml("a")), ("b", saml("b")), ("c", saml("c")));
    assert_eq!(count(&[a.clone(), b.clone(), c.clone()], &[("a", "aaaa"), ("b", "aaaa"), ("c", "bbbb")]), 2);
    assert_eq!(count(&[a.clone(), b.clone()], &[("a", "aaaa"), ("b", "aaaa bbbb")]), 2);
    // Two clients of one issuer: one provider, two audiences.
    assert_eq!(count(&[("a", oidc("1", true)), ("b", oidc("2", true))], &[("a", "aaaa"), ("b", "aaaa")]), 1);
    assert_eq!(count(&[("a", oidc("1", true)), ("b", oidc("2", false))], &[("a", "aaaa"), ("b", "aaaa")]), 2);
    assert_eq!(count(&[a, ("b", oidc("2", true))], &[("a", "aaaa"), ("b", "aaaa")]), 2);
    let other = |audience: &str, identity: &str| Gate::Saml {
        provider: ProviderName::parse("b").unwrap(),
        audience: Audience::parse(audience).unwrap(),
        identity: IdentityPattern::parse(identity).unwrap(),
    };
    for (audience, identity, statements) in [
        ("https://signin.aws.amazon.com/saml", "*@example.com", 1),
        ("https://signin.aws.amazon.com/saml", "*@example.org", 2),
        ("https://example.com/saml", "*@example.com", 2),
    ] {
        let known = [("a", saml("a")), ("b", other(audience, identity))];
        assert_eq!(count(&known, &[("a", "aaaa"), ("b", "aaaa")]), statements, "{audience} {identity}");
    }
}

#[test]
fn apps_that_a_role_could_not_tell_apart_are_trusted_neither() {
    let both = desired(&[("a", saml("x")), ("b", saml("x")), ("c", saml("c"))], &[("a", "aaaa"), ("c", "bbbb")]);
    assert_eq!(both.codes(), codes(&[("c", "bbbb")]));
    assert_eq!(both.left_out(), [LeftOut::SharedGate(app("a"), app("b"))]);
    for gate in [oidc("1", true), pool()] {
        let both = desired(&[("a", gate.clone()), ("b", gate)], &[("a", "aaaa"), ("b", "aaaa")]);
        assert!(both.is_empty());
        let shared = |a, b| LeftOut::SharedGate(app(a), app(b));
        assert_eq!(both.left_out(), [shared("a", "b"), shared("b", "a")]);
    }
}

#[test]
fn codes_of_another_width_and_apps_without_a_gate_are_left_out() {
    let some = desired(&[("a", saml("a")), ("b", saml("b"))], &[("a", "aaaa bbbbb"), ("b", "ccccc"), ("x", "dddd")]);
    assert_eq!(some.codes(), codes(&[("a", "aaaa")]));
    let other = |code: &str| LeftOut::OtherWidth(GroupCode::parse(code).unwrap());
    assert_eq!(some.left_out(), [other("bbbbb"), other("ccccc"), LeftOut::NoGate(app("x"))]);
}

#[test]
fn statements_of_others_survive_to_the_letter() {
    let text = r#"{ "Id":"x\/y", "Statement" : [
        {"Sid":"Signet7","Effect":"Allow","Principal":"*","Action":"sts:*"},
        {"Effect":"Deny","NotPrincipal":{"AWS":["1"]},"NotAction":"sts:TagSession","Condition":{"NumericEquals":{"x":1.50e1}},"Unknown":[null]},
        {"Sid":"signet","Effect":"Allow","Principal":{"AWS":"\u0031"},"Action":["sts:AssumeRole"]}
      ], "Version":"2008-10-17" }"#;
    let current = Document::parse(text).unwrap();
    assert_eq!(current.ours().count(), 1);
    let new = plan(&current, &desired(&[("a", saml("a"))], &[("a", "aaaa")]), &Codes::new()).write.unwrap();
    let foreign = concat!(
        r#"{"Id":"x\/y","Statement":[{"Effect":"Deny","NotPrincipal":{"AWS":["1"]},"NotAction":"sts:TagSession","#,
        r#""Condition":{"NumericEquals":{"x":1.50e1}},"Unknown":[null]},"#,
        r#"{"Sid":"signet","Effect":"Allow","Principal":{"AWS":"\u0031"},"Action":["sts:AssumeRole"]},"#
    );
    assert!(new.render().starts_with(foreign), "{}", new.render());
    assert!(new.render().ends_with(r#"],"Version":"2008-10-17"}"#));
    // And away again.
    let gone = plan(&new, &desired(&[], &[]), &Codes::new()).write.unwrap();
    assert_eq!(format!("{},", gone.render().replace(r#"],"Version":"2008-10-17"}"#, "")), foreign);
}

#[test]
fn any_trust_policy_of_iam_is_read_and_written_back() {
    for text in [
        r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":"*","Action":"sts:AssumeRole"}}"#,
        r#"{"Statement":[]}"#,
        r#"{"Statement":[{"Sid":"","Effect":"Deny","Principal":{"AWS":"*","Service":["a","b"]},"Action":["x"],"Condition":{"Bool":{"x":true},"NumericLessThan":{"y":[1,2.0]}}}],"Id":"x"}"#,
    ] {
        assert_eq!(Document::parse(text).unwrap().render(), text);
    }
    let single = Document::parse(&format!(r#"{{"Statement":{EC2}}}"#)).unwrap();
    assert_eq!(single.with_ours(Vec::new()), single);
    let more = plan(&single, &desired(&[("a", saml("a"))], &[("a", "aaaa")]), &Codes::new()).document;
    assert!(more.render().starts_with(&format!(r#"{{"Statement":[{EC2},"#)));
    assert_eq!(more.statements().filter_map(Statement::sid).collect::<Vec<_>>(), ["Signet1"]);
}

#[test]
fn what_iam_would_not_store_is_refused() {
    let error = |text: &str| Document::parse(text).unwrap_err();
    assert_eq!(error(" \n"), PolicyError::Empty);
    assert_eq!(error("[]"), PolicyError::NotAnObject);
    assert_eq!(error("{}"), PolicyError::NoStatement);
    assert_eq!(error(r#"{"statement":[]}"#), PolicyError::NoStatement);
    assert_eq!(error(r#"{"Statement":"x"}"#), PolicyError::NotAStatement { index: 0 });
    assert_eq!(error(r#"{"Statement":[{},[]]}"#), PolicyError::NotAStatement { index: 1 });
    assert_eq!(error(&format!("{{\"Statement\":[]}}{}", " ".repeat(131_072))), PolicyError::TooLong { limit: 131_072 });
    assert_eq!(
        error(r#"{"Statement":[{"Effect":"Deny","Effect":"Allow"}]}"#).to_string(),
        "the trust policy cannot be read at byte 31: the object has a member of this name already"
    );
    assert_eq!(error("%7B%22Statement").to_string(), "the trust policy cannot be read at byte 0: this is no value");
}

#[test]
fn length_is_counted_as_iam_counts_it() {
    let text = "{ \"Statement\" : [ { \"Sid\" : \"é\" } ] }\n";
    assert_eq!(Document::parse(text).unwrap().length(), r#"{"Statement":[{"Sid":"x"}]}"#.len());
}
