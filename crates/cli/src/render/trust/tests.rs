use signet_core::code::{CodeWidth, GroupCode};
use signet_core::grant::Timestamp;
use signet_core::group::{GroupKey, GroupState};
use signet_core::identity::IdentityPattern;
use signet_core::role::{AccountId, ProviderName, RoleArn};
use signet_core::trust::desired::Desired;
use signet_core::trust::document::Document;
use signet_core::trust::gate::Audience;
use signet_core::trust::grants::Codes;
use signet_core::trust::plan::Plan;

use super::*;

const FOREIGN: &str = r#"{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}"#;

fn app(id: &str) -> AppId {
    AppId::parse(id).unwrap()
}

fn arn(name: &str) -> RoleArn {
    RoleArn::parse(&format!("arn:aws:iam::111122223333:role/data/{name}")).unwrap()
}

fn names() -> Names {
    let gate = |provider: &str| Gate::Saml {
        provider: ProviderName::parse(provider).unwrap(),
        audience: Audience::parse("https://signin.aws.amazon.com/saml").unwrap(),
        identity: IdentityPattern::parse("*@example.com").unwrap(),
    };
    let owner = |code: &str, key: &str, label: Option<&str>| {
        let owner = CodeOwner {
            code: GroupCode::parse(code).unwrap(),
            group: GroupKey::new(key).unwrap(),
            label: label.map(str::to_owned),
            state: GroupState::Registered,
        };
        (code.to_owned(), owner)
    };
    Names {
        gates: [(app("0oaA"), gate("okta-a")), (app("0oaB"), gate("okta-b"))].into(),
        apps: [(app("0oaA"), "Databricks".to_owned())].into(),
        groups: [owner("abcd", "00g1", Some("Clinical\u{1b} Readers")), owner("efgh", "Stewards", None)].into(),
    }
}

fn codes(all: &[(&str, &str)]) -> Codes {
    let parse = |codes: &str| codes.split_whitespace().map(|code| GroupCode::parse(code).unwrap()).collect();
    all.iter().map(|(id, codes)| (app(id), parse(codes))).collect()
}

fn document(name: &str, statements: &str, granted: &[(&str, &str)]) -> String {
    let present = Document::parse(&format!(r#"{{"Version":"2012-10-17","Statement":[{statements}]}}"#)).unwrap();
    let desired = Desired::new(&arn(name), CodeWidth::DEFAULT, &names().gates, &codes(granted));
    Plan::new(&present, &desired, &Codes::new(), Quota::DEFAULT).document.render()
}

fn role(name: &str, outcome: Outcome) -> RoleReport {
    RoleReport {
        role: arn(name),
        outcome,
        why: None,
        before: None,
        after: None,
        codes: Codes::new(),
        drifted: false,
        calls: 1,
        waited: None,
        next: None,
    }
}

fn sample() -> Vec<AccountReport> {
    let both = document("reader", FOREIGN, &[("0oaA", "abcd zzzz"), ("0oaB", "abcd")]);
    let changed = RoleReport {
        before: Some(document("reader", FOREIGN, &[("0oaA", "abcd efgh"), ("0oaB", "abcd")])),
        after: Some(both.clone()),
        codes: codes(&[("0oaA", "abcd zzzz"), ("0oaB", "abcd")]),
        next: Some(Timestamp::from_seconds(1_801_353_600)),
        ..role("reader", Outcome::WouldWrite)
    };
    let by_hand = format!(
        r#"{FOREIGN},{{"Sid":"SignetX","Effect":"Allow","Principal":{{"Federated":"arn:aws:iam::111122223333:saml-provider/other"}},"Action":"sts:AssumeRoleWithSAML"}}"#
    );
    let before = format!(r#"{{"Version":"2012-10-17","Statement":[{by_hand}]}}"#);
    let drifted = RoleReport {
        before: Some(before),
        after: Some(document("writer", &by_hand, &[("0oaB", "efgh")])),
        drifted: true,
        ..role("writer", Outcome::WouldWrite)
    };
    let failed = RoleReport { why: Some("the account says\n no".to_owned()), ..role("locked", Outcome::Denied) };
    let outside =
        RoleReport { why: Some("it is outside the bounds".to_owned()), ..role("outside", Outcome::OutOfBounds) };
    let same = RoleReport { before: Some(both.clone()), after: Some(both), ..role("same", Outcome::Unchanged) };
    let provider = |name: &str, outcome: &'static str, why: Option<&str>| ProviderReport {
        arn: format!("arn:aws:iam::111122223333:saml-provider/{name}"),
        outcome,
        why: why.map(str::to_owned),
    };
    vec![
        AccountReport {
            account: AccountId::parse("111122223333").unwrap(),
            ended: Ended::Done,
            roles: vec![changed, drifted, failed, outside, same],
            providers: vec![
                provider("okta-a", "would_create", None),
                provider("okta-b", "would_update", None),
                provider("okta-c", "kept", Some("a role still trusts it")),
                provider("okta-d", "failed", Some("over a quota")),
            ],
            next: Some(Timestamp::from_seconds(1_801_353_600)),
        },
        AccountReport {
            account: AccountId::parse("444455556666").unwrap(),
            ended: Ended::Busy,
            roles: Vec::new(),
            providers: Vec::new(),
            next: None,
        },
    ]
}

#[test]
fn for_people() {
    insta::assert_snapshot!("trust_text", text(&sample(), &names(), Quota::DEFAULT, false));
    insta::assert_snapshot!("trust_text_empty", text(&[], &names(), Quota::DEFAULT, true));
}

#[test]
fn for_programs() {
    insta::assert_snapshot!("trust_json", format!("{:#}", json(&sample(), &names())));
}

#[test]
fn what_counts() {
    let totals = Totals::of(&sample());
    let expected =
        Totals { accounts: 2, unchanged: 1, changed: 2, failed: 2, providers: 2, providers_failed: 1, unfinished: 1 };
    assert_eq!(totals, expected);
    assert!(is_unseen(&role("a", Outcome::Unavailable)) && !is_unseen(&role("a", Outcome::OutOfBounds)));
    assert!(!is_failure(&role("a", Outcome::Absent)) && is_failure(&role("a", Outcome::TooLong)));
}

#[test]
fn a_statement_of_another_shape_is_shown_as_it_is() {
    let statement = |change: (&str, &str)| {
        let ours = document("reader", "", &[("0oaA", "abcd")]).replace(change.0, change.1);
        let before = RoleReport { before: Some(ours), ..role("reader", Outcome::WouldWrite) };
        let after = RoleReport { after: Some(document("reader", "", &[("0oaA", "abcd")])), ..before };
        Changes::of(&after, &names().gates).unwrap()
    };
    assert_eq!(statement(("", "")).odd, Vec::<String>::new());
    for change in
        [("*:abcd:*", "*abcd*"), ("StringEquals\":{\"SAML:aud", "StringLike2\":{\"SAML:aud"), ("Allow", "allow")]
    {
        let changes = statement(change);
        assert_eq!((changes.odd.len(), changes.changed.len()), (1, 1), "{change:?}");
        assert_eq!(changes.apps["0oaA"].added, ["abcd".to_owned()].into());
    }
    // Another audience is another door, which no app has.
    let changes = statement(("https://signin.aws.amazon.com/saml", "https://example.com/"));
    let other = "arn:aws:iam::111122223333:saml-provider/okta-a for https://example.com/";
    assert_eq!(changes.apps[other].removed, ["abcd".to_owned()].into());
}
