//! What goes into which token, and how it looks.

use serde_json::json;
use signet_cases::case::{Rule, USER};
use signet_cases::table::{APP, Fake, id};
use signet_cases::wire::Answered;
use signet_core::app::{CodeCapacity, TokenRules};
use signet_hook::record::Verdict;

use crate::support::{answer, answered, app, app_with, given, notes, reason, request, request_with, table};

#[test]
fn access_is_one_patch_of_the_id_token() {
    let mapped = app_with(&[Rule::Tag("email", "email"), Rule::LocalTag("cost center", "costCenter")]);
    let table = Fake::new(mapped).grant("Clinical Readers", "data/reader").grant("Clinical Stewards", "data/steward");
    let claims: [(&str, &[&str]); 3] = [
        ("groups", &["Clinical Readers", "Everyone", "Clinical Stewards"]),
        ("email", &["jane.doe@example.com"]),
        ("costCenter", &["4711/8"]),
    ];
    let conclusion = answer(&table, &request_with(&claims));
    let record = &conclusion.record;
    let hash = format!(":{}:", record.codes.join(":"));
    let body: serde_json::Value = serde_json::from_str(conclusion.answer.body().unwrap()).unwrap();
    assert_eq!(
        body,
        json!({
            "commands": [{
                "type": "com.okta.identity.patch",
                "value": [
                    {
                        "op": "add",
                        "path": "/claims/https:~1~1aws.amazon.com~1tags",
                        "value": {
                            "principal_tags": {
                                "GroupHash": [hash],
                                "SignetDecision": [id()],
                                "cost center": ["4711/8"],
                                "email": ["jane.doe@example.com"],
                            },
                            "transitive_tag_keys": ["GroupHash", "SignetDecision", "email"],
                        },
                    },
                    {
                        "op": "add",
                        "path": "/claims/https:~1~1aws.amazon.com~1source_identity",
                        "value": "jane.doe@example.com",
                    },
                    {
                        "op": "add",
                        "path": "/claims/https:~1~1aws.amazon.com~1roles",
                        "value": [
                            "arn:aws:iam::111122223333:role/data/reader",
                            "arn:aws:iam::111122223333:role/data/steward",
                        ],
                    },
                ],
            }],
            "debugContext": {"decision": id()},
        })
    );
    assert_eq!((hash.len(), record.groups.len(), record.roles.len()), (11, 3, 2));
    let ids = (record.event_id.as_deref(), record.app_id.as_deref(), record.user_id.as_deref());
    assert_eq!(ids, (Some("event-1"), Some(APP), Some(USER)));
}

#[test]
fn only_an_id_token_gets_anything() {
    let table = table(app());
    let both = request();
    assert_eq!(given(&answer(&table, &both)).len(), 3);

    let mut id_alone = both.clone();
    id_alone["data"].as_object_mut().unwrap().remove("access");
    assert_eq!(given(&answer(&table, &id_alone)), given(&answer(&table, &both)));

    // The groups are in the access token, and somebody could be given access; nobody is.
    for identity in [None, Some(json!(null))] {
        let mut access_alone = both.clone();
        let data = access_alone["data"].as_object_mut().unwrap();
        data["access"] = data.remove("identity").unwrap();
        data.extend(identity.map(|identity| ("identity".to_owned(), identity)));
        let conclusion = answer(&table, &access_alone);
        assert_eq!(answered(&conclusion), Answered::Nothing);
        let record = &conclusion.record;
        assert_eq!((record.verdict, notes(&conclusion)), (Verdict::NoAccess, vec!["no_id_token"]));
        assert!(record.roles.is_empty() && record.codes.is_empty() && record.source_identity.is_none());
        assert_eq!(record.groups.len(), 1, "what was considered is told all the same");
    }
    // An ID token without a claim is minted, too.
    let mut bare = both;
    bare["data"]["access"]["claims"] = json!({"groups": ["Clinical Readers"]});
    bare["data"]["identity"] = json!({});
    assert_eq!(given(&answer(&table, &bare)).len(), 3);
}

#[test]
fn without_an_id_token_denials_deny_all_the_same() {
    let table = table(app());
    let mut access_alone = request_with(&[("groups", &["Everyone"])]);
    let data = access_alone["data"].as_object_mut().unwrap();
    data["access"] = data.remove("identity").unwrap();
    assert_eq!(reason(&answer(&table, &access_alone)), "unentitled");
}

#[test]
fn the_roles_claim_can_be_switched_off() {
    let mut without = app();
    without.tokens.roles_claim = false;
    let conclusion = answer(&table(without), &request());
    let claims = given(&conclusion);
    let names: Vec<&str> = claims.keys().map(String::as_str).collect();
    assert_eq!(names, ["https://aws.amazon.com/source_identity", "https://aws.amazon.com/tags"]);
    assert_eq!(conclusion.record.roles, ["arn:aws:iam::111122223333:role/reader"], "the log has them");
}

#[test]
fn twenty_codes_fit_unless_the_app_says_otherwise() {
    let groups: Vec<String> = (0..51).map(|n| format!("Group {n}")).collect();
    let of = |capacity: Option<u64>, groups: &[String]| {
        let mut app = app();
        app.code_capacity = capacity.map(|codes| CodeCapacity::new(codes).unwrap());
        let table =
            groups.iter().enumerate().fold(table(app), |table, (n, group)| table.grant(group, &format!("role-{n}")));
        let groups: Vec<&str> = groups.iter().map(String::as_str).collect();
        let conclusion = answer(&table, &request_with(&[("groups", &groups)]));
        (conclusion.record.codes.len(), conclusion.record.reason)
    };
    assert_eq!(of(None, &groups[..20]), (20, None));
    assert_eq!(of(None, &groups[..21]), (0, Some("codes_do_not_fit")));
    assert_eq!(of(Some(21), &groups[..21]), (21, None));
    assert_eq!(of(Some(51), &groups), (51, None));
    assert_eq!(of(Some(50), &groups), (0, Some("codes_do_not_fit")));
}

#[test]
fn a_token_is_as_long_as_aws_takes_or_denied() {
    let table = table(app());
    // Other claims of the ID token count; those of the access token do not.
    for (token, length, reason) in
        [("identity", 12_000, None), ("identity", 15_000, Some("token_too_long")), ("access", 200_000, None)]
    {
        let mut request = request();
        request["data"][token]["claims"]["photo"] = json!({"a": ["x".repeat(length)]});
        let conclusion = answer(&table, &request);
        assert_eq!(conclusion.record.reason, reason, "{token} {length}");
    }
}

#[test]
fn whoever_issues_what_aws_reads_is_denied_in_either_token() {
    let table = table(app());
    for name in [
        "https://aws.amazon.com/tags",
        "https://aws.amazon.com/roles",
        "https://aws.amazon.com/source_identity",
        "https://aws.amazon.com/new",
        "https://AWS.amazon.com/TAGS",
        "HTTPS://aws.amazon.com/",
        "\thttps://aws.amazon.com/tags",
    ] {
        for token in ["identity", "access"] {
            for value in [json!("x"), json!(null), json!({"principal_tags": {}}), json!([])] {
                let mut request = request();
                request["data"][token]["claims"][name] = value;
                assert_eq!(reason(&answer(&table, &request)), "base_token", "{name} in {token}");
            }
        }
    }
    // Okta's reserved claims are in every token, and no place for ours.
    let mut reserved = request();
    reserved["data"]["identity"]["claims"]["sub"] = json!("00u1");
    reserved["data"]["identity"]["claims"]["https://aws.amazon.org/tags"] = json!("x");
    assert_eq!(given(&answer(&table, &reserved)).len(), 3);
}

#[test]
fn tags_called_like_oktas_reserved_claims_are_tags() {
    // They are below the claim of tags, and not claims.
    let mapped = app_with(&[Rule::Tag("groups", "dept"), Rule::Tag("iss", "dept"), Rule::Tag("sub", "dept")]);
    let conclusion = answer(&table(mapped), &request_with(&[("groups", &["Clinical Readers"]), ("dept", &["R"])]));
    let tags = &given(&conclusion)["https://aws.amazon.com/tags"]["principal_tags"];
    assert_eq!((&tags["groups"], &tags["iss"], &tags["sub"]), (&json!(["R"]), &json!(["R"]), &json!(["R"])));
}

#[test]
fn the_default_rules_of_tokens_are_the_careful_ones() {
    let rules = TokenRules::default();
    assert!(rules.roles_claim && rules.issuer.is_none());
}
