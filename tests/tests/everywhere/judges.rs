//! That the judges of tokens refuse what they should: one that takes everything proves nothing.

use serde_json::{Value, json};
use signet_spec::trust::policy::Policy;
use signet_tests::jwt::Issuer;
use signet_tests::sts::Provider;
use signet_tests::tokens::{Minted, apply};

const URL: &str = "https://example.okta.com/oauth2/a";
const NOW: u64 = 1_793_491_200;
const ROLE: &str = "arn:aws:iam::111122223333:role/data/reader";

fn good() -> Value {
    json!({
        "iss": URL, "aud": "client", "sub": "00u1", "iat": NOW, "exp": NOW + 3_600,
        "https://aws.amazon.com/tags": {
            "principal_tags": {"GroupHash": [":qwq3:"], "email": ["jane@example.com"]},
            "transitive_tag_keys": ["GroupHash"],
        },
        "https://aws.amazon.com/source_identity": "jane@example.com",
        "https://aws.amazon.com/roles": [ROLE],
    })
}

fn provider(issuer: &Issuer) -> Provider {
    Provider { url: URL.to_owned(), client_ids: vec!["client".to_owned()], jwks: issuer.jwks() }
}

#[test]
fn sts_takes_a_good_token() {
    let issuer = Issuer::new(URL);
    let session = provider(&issuer).federate(&issuer.sign(&good()), NOW).unwrap();
    assert_eq!((session.codes(), session.audience.as_str()), (vec!["qwq3"], "client"));
    assert_eq!(session.roles.as_deref(), Some(&[ROLE.to_owned()][..]));
    let mut one = good();
    one["https://aws.amazon.com/roles"] = json!(ROLE);
    one["aud"] = json!(["client"]);
    assert_eq!(provider(&issuer).federate(&issuer.sign(&one), NOW).unwrap(), session);
}

#[test]
fn sts_refuses_a_token_that_breaks_a_rule() {
    let issuer = Issuer::new(URL);
    let provider = provider(&issuer);
    let tags = "/https:~1~1aws.amazon.com~1tags";
    let long = "x".repeat(257);
    for (pointer, value, why) in [
        ("/iss".to_owned(), json!("https://example.okta.com"), "iss"),
        ("/aud".to_owned(), json!("other"), "aud is no client"),
        ("/aud".to_owned(), json!(["client", "other"]), "one audience"),
        ("/exp".to_owned(), json!((NOW + 3_600).to_string()), "not integers"),
        ("/iat".to_owned(), json!(1.5), "not integers"),
        ("/exp".to_owned(), json!(NOW), "expired"),
        ("/sub".to_owned(), json!(""), "sub"),
        (format!("{tags}/principal_tags/email"), json!("jane@example.com"), "not a list of one"),
        (format!("{tags}/principal_tags/email"), json!([]), "not a list of one"),
        (format!("{tags}/principal_tags/email"), json!(["a", "b"]), "not a list of one"),
        (format!("{tags}/principal_tags/email"), json!([7]), "not a list of one"),
        (format!("{tags}/principal_tags/email"), json!([long]), "tag `email`"),
        (format!("{tags}/principal_tags/email"), json!(["a*b"]), "tag `email`"),
        (format!("{tags}/transitive_tag_keys"), json!(["other"]), "no tag"),
        (tags.to_owned(), json!({}), "without principal_tags"),
        ("/https:~1~1aws.amazon.com~1source_identity".to_owned(), json!("jane doe"), "source_identity"),
        ("/https:~1~1aws.amazon.com~1source_identity".to_owned(), json!(["jane"]), "source_identity"),
        ("/https:~1~1aws.amazon.com~1roles".to_owned(), json!(["arn:aws:iam::111122223333:role/*"]), "roles has"),
        ("/https:~1~1aws.amazon.com~1roles".to_owned(), json!([7]), "roles has"),
        ("/https:~1~1aws.amazon.com~1roles".to_owned(), json!({}), "roles is neither"),
    ] {
        let mut claims = good();
        *claims.pointer_mut(&pointer).unwrap() = value;
        let refusal = provider.federate(&issuer.sign(&claims), NOW).unwrap_err();
        assert!(refusal.0.contains(why), "{pointer}: {refusal}");
    }
    let mut many = good();
    for number in 0..50 {
        many["https://aws.amazon.com/tags"]["principal_tags"][format!("t{number}")] = json!(["x"]);
    }
    assert!(provider.federate(&issuer.sign(&many), NOW).unwrap_err().0.contains("52 tags"));
    let mut oversized = good();
    oversized["padding"] = json!("x".repeat(15_000));
    assert!(provider.federate(&issuer.sign(&oversized), NOW).unwrap_err().0.contains("characters"));
}

#[test]
fn sts_takes_tokens_of_the_issuers_key_alone() {
    let (issuer, other) = (Issuer::new(URL), Issuer::new(URL));
    provider(&issuer).federate(&other.sign(&good()), NOW).unwrap_err();
    let token = issuer.sign(&good());
    let (head, signature) = token.rsplit_once('.').unwrap();
    let (header, _) = head.split_once('.').unwrap();
    let mut forged = good();
    forged["sub"] = json!("root");
    let forged = issuer.sign(&forged);
    let payload = forged.split('.').nth(1).unwrap();
    provider(&issuer).federate(&format!("{header}.{payload}.{signature}"), NOW).unwrap_err();
    provider(&issuer).federate("no.token", NOW).unwrap_err();
}

#[test]
fn a_role_refuses_a_token_that_does_not_name_it() {
    let issuer = Issuer::new(URL);
    let policy = json!({"Version": "2012-10-17", "Statement": [{
        "Effect": "Allow",
        "Principal": {"Federated": "arn:aws:iam::111122223333:oidc-provider/example.okta.com/oauth2/a"},
        "Action": ["sts:AssumeRoleWithWebIdentity", "sts:TagSession", "sts:SetSourceIdentity"],
        "Condition": {"StringEquals": {"example.okta.com/oauth2/a:aud": "client"}},
    }]});
    let policy = Policy::read(&policy.to_string()).unwrap();
    let session = provider(&issuer).federate(&issuer.sign(&good()), NOW).unwrap();
    assert_eq!(session.attempt(ROLE).is_let_in(&policy), Ok(true));
    assert_eq!(session.attempt("arn:aws:iam::111122223333:role/data/other").is_let_in(&policy), Ok(false));
    assert_eq!(session.attempt("arn:aws:iam::444455556666:role/data/reader").is_let_in(&policy), Ok(false));
}

#[test]
fn okta_carries_out_what_it_can_and_ignores_the_rest() {
    let request = json!({"data": {"identity": {"claims": {"sub": "a"}}}});
    let answer = |kind: &str, operation: Value| json!({"commands": [{"type": kind, "value": [operation]}]}).to_string();
    let add = |path: &str| json!({"op": "add", "path": path, "value": "x"});
    let identity = "com.okta.identity.patch";
    let minted = apply(200, &answer(identity, add("/claims/https:~1~1a~1b")), &request);
    assert_eq!(minted.identity(), &json!({"sub": "a", "https://a/b": "x"}));
    for (status, body) in [
        (500, answer(identity, add("/claims/a"))),
        (200, answer("com.okta.access.patch", add("/claims/a"))),
        (200, answer("com.okta.assertion.patch", add("/claims/a"))),
        (200, answer(identity, add("/claims/sub"))),
        (200, answer(identity, add("/token/x"))),
        (200, answer(identity, add("/claims/https://a/b"))),
        (200, json!({"commands": [{"type": identity, "value": []}]}).to_string()),
        (200, "[]".to_owned()),
        (200, json!({"error": {}}).to_string()),
    ] {
        assert!(matches!(apply(status, &body, &request), Minted::Ignored { .. }), "{status} {body}");
    }
    let denied = apply(200, &json!({"error": {"errorSummary": "no"}}).to_string(), &request);
    assert_eq!(denied, Minted::Denied { summary: "no".to_owned() });
    assert!(matches!(apply(204, "", &request), Minted::Tokens { changed: false, .. }));
}
