//! Apps whose people get tokens.

use signet_core::app::{AttributeSource, CognitoKind, TokenGroups, WhenNoUser};
use signet_core::role::Protocol;

use super::super::tests::{bad, good, warnings};
use super::*;
use crate::export;

const POOL: &str = "eu-west-1:12345678-dead-beef-0000-123456790abc";
const USER_POOL: &str = "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_Tv0493apJ";

/// A file with one app: its protocol, its audience, and further fields.
fn file(protocol: &str, audience: &str, more: &str) -> String {
    let more = if more.is_empty() { String::new() } else { format!(", {more}") };
    format!(
        "grants: []\napps:\n- {{ id: a1, protocol: {protocol}, provider: p1, audience: \"{audience}\", groups: {{ claim: \
         groups }}, when_unentitled: deny{more} }}\n"
    )
}

const IDENTITY: &str = "identity: { pattern: \"*@example.com\" }";

fn with_identity(protocol: &str, audience: &str, more: &str) -> String {
    let more = if more.is_empty() { IDENTITY.to_owned() } else { format!("{IDENTITY}, {more}") };
    file(protocol, audience, &more)
}

fn app(text: &str) -> App {
    let read = good(text);
    assert_eq!(read.warnings, [], "{text}");
    read.statement.apps.into_iter().next().unwrap().app
}

#[test]
fn an_oidc_app() {
    let usual = app(&with_identity("oidc", "0oa1", ""));
    assert_eq!(usual.identity.from.to_string(), "user.profile.login");
    assert_eq!((usual.tokens, usual.code_capacity), (signet_core::app::TokenRules::default(), None));
    let stated = app(&with_identity(
        "oidc",
        "0oa1",
        "issuer: https://example.okta.com/oauth2/aus1, roles_claim: false, code_capacity: 30, when_no_user: pass",
    ));
    assert_eq!(stated.tokens.issuer.as_ref().unwrap().url(), "https://example.okta.com/oauth2/aus1");
    assert_eq!((stated.tokens.roles_claim, stated.tokens.when_no_user), (false, WhenNoUser::Pass));
    assert_eq!(stated.code_capacity.unwrap().get(), 30);
}

#[test]
fn cognito_apps_are_of_a_kind() {
    for (word, audience, kind) in [
        ("cognito", "7abc", CognitoKind::Oidc),
        ("cognito-oidc", "7abc", CognitoKind::Oidc),
        ("cognito", POOL, CognitoKind::IdentityPool),
        ("cognito-identity-pool", POOL, CognitoKind::IdentityPool),
    ] {
        let app = app(&with_identity(word, audience, ""));
        assert_eq!((app.protocol, app.cognito_kind()), (Protocol::Cognito, Some(kind)), "{word} {audience}");
        assert_eq!(app.identity.from.to_string(), "claim:email");
    }
    let stated = app(&with_identity(
        "cognito",
        "7abc",
        &format!("issuer: {USER_POOL}, cognito: {{ identity_provider: Okta, groups: remove }}"),
    ));
    assert_eq!(stated.tokens.issuer.unwrap().url(), USER_POOL);
    assert_eq!(stated.tokens.cognito.attributes, AttributeSource::Federated);
    assert_eq!(stated.tokens.cognito.identity_provider.as_deref(), Some("Okta"));
    assert_eq!(stated.tokens.cognito.groups, TokenGroups::Remove);
}

#[test]
fn mistakes_of_apps_with_tokens_are_located() {
    let from = |field: &str| format!("identity: {{ from: \"{field}\", pattern: \"*@x\" }}");
    let cases = [
        ("a kind that the audience is not of", with_identity("cognito-oidc", POOL, "")),
        ("and the other", with_identity("cognito-identity-pool", "7abc", "tags: { sub: { claim: sub } }")),
        ("an unknown protocol", with_identity("cognito-pool", "7abc", "when_no_user: deny")),
        (
            "saml",
            with_identity("saml", "x", "issuer: https://a.example, when_no_user: pass, cognito: { groups: echo }"),
        ),
        ("issuers", with_identity("oidc", "x", "issuer: http://a.example")),
        ("issuers of user pools", with_identity("cognito", "x", "issuer: https://example.okta.com")),
        ("an oidc app with a user pool's rules", with_identity("oidc", "x", "cognito: {}, code_capacity: 0")),
        ("a cognito app without a user", with_identity("cognito", "x", "when_no_user: pass, code_capacity: 52")),
        (
            "wrong words",
            with_identity(
                "cognito",
                "x",
                "roles_claim: off, cognito: { attributes: all, identity_provider: \"\", groups: keep, provider: x }",
            ),
        ),
        ("wrong words of oidc", with_identity("oidc", "x", "when_no_user: allow, code_capacity: many")),
        (
            "a provider that keeps nobody out",
            with_identity("cognito", "x", "cognito: { attributes: protected, identity_provider: Okta }"),
        ),
        ("no subject", file("oidc", "x", &from("subject.nameId"))),
        ("no profile", file("cognito", "x", &from("user.profile.login"))),
        ("no assertion", file("cognito", "x", &from("subject.nameId"))),
        (
            "claims of Cognito's own",
            with_identity(
                "cognito",
                POOL,
                "tags: { sub: { claim: sub }, \"custom:team\": { claim: \"custom:team\" }, team: { claim: x } }",
            ),
        ),
    ];
    let mut all = String::new();
    for (what, text) in cases {
        all.extend(["# ", what, "\n", &bad(&text), "\n\n"]);
    }
    insta::assert_snapshot!("mistakes", all);
}

#[test]
fn what_has_no_effect_is_a_warning() {
    let cases = [
        with_identity("saml", "x", "roles_claim: true"),
        with_identity("oidc", "x", "session_duration: 3600"),
        with_identity("cognito", "x", "session_duration: 3600"),
        with_identity("cognito", POOL, "roles_claim: false, tags: { team: { claim: t } }, local_tags: [team]"),
    ];
    insta::assert_snapshot!("warnings", cases.map(|text| warnings(&text)).join("\n"));
    // A user pool that is an OIDC provider marks tags as transitive, and any key will do.
    let tags = "local_tags: [sub], tags: { sub: { claim: sub } }";
    assert_eq!(warnings(&with_identity("cognito", "x", tags)), "");
}

#[test]
fn exported_apps_with_tokens_read_back_to_the_same_statement() {
    let apps = [
        with_identity("oidc", "0oa1", "issuer: https://e.okta.com/oauth2/a, roles_claim: false, code_capacity: 30"),
        with_identity("oidc", "0oa1", "when_no_user: pass"),
        with_identity("cognito-oidc", "7abc", &format!("issuer: {USER_POOL}, cognito: {{ attributes: protected }}")),
        with_identity("cognito-identity-pool", POOL, "cognito: { identity_provider: \"yes\", groups: remove }"),
        with_identity("cognito", "x", "cognito: { attributes: federated, groups: echo }, roles_claim: true"),
        with_identity("saml", "x", "code_capacity: 51"),
    ];
    let mut all = String::new();
    for text in apps {
        let file = good(&text);
        let yaml = export::yaml("base-name", &file.statement);
        assert_eq!(good(&yaml), file, "{yaml}");
        let json = crate::text::json(&export::json("base-name", &file.statement));
        assert_eq!(good(&json), file, "{json}");
        all.push_str(&yaml);
    }
    insta::assert_snapshot!("exported", all);
}
