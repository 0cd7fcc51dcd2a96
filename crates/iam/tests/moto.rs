//! Three accounts of an IAM that checks documents.

mod support;

use std::collections::{BTreeMap, BTreeSet};

use aws_config::SdkConfig;
use aws_config::sts::AssumeRoleProvider;
use aws_sdk_iam::types::Tag;
use signet_iam::aws::{Aws, own_role};
use signet_iam::{Account, Iam as _, IamError, OidcProvider};
use signet_local::moto::Moto;
use support::{account, entry, settings};

const OPEN: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111111111111:root"},"Action":"sts:AssumeRole"}]}"#;
const CHANGED: &str = r#"{"Version":"2012-10-17","Statement":[{"Sid":"a+b","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::222222222222:root"},"Action":"sts:AssumeRole","Condition":{"StringLike":{"aws:PrincipalTag/x":"100% *:é:*"}}}]}"#;

fn three() -> [Account; 3] {
    ["111111111111", "222222222222", "333333333333"].map(account)
}

/// An administrator's client in an account.
async fn administrator(settings: &SdkConfig, account: &Account) -> aws_sdk_iam::Client {
    let role = format!("arn:aws:iam::{}:role/administrator", account.id.as_str());
    let role = AssumeRoleProvider::builder(role).configure(settings).session_name("test").build().await;
    let config = aws_sdk_iam::config::Builder::from(settings).credentials_provider(role);
    aws_sdk_iam::Client::from_conf(config.build())
}

fn not_found(error: &IamError, name: &str) -> bool {
    matches!(error, IamError::NotFound { what, .. } if what == name)
}

#[tokio::test]
async fn roles_are_read_and_changed_in_their_own_account() {
    let moto = Moto::start().unwrap();
    let settings = settings(moto.endpoint()).await;
    let iam = Aws::new(&settings, entry());
    let [one, two, three] = three();
    for account in [&one, &two] {
        let tag = Tag::builder().key("signet").value(account.id.as_str()).build().unwrap();
        let creation = administrator(&settings, account).await.create_role();
        let creation = creation.role_name("reader").path("/data/").assume_role_policy_document(OPEN).tags(tag);
        creation.send().await.unwrap();
    }

    let role = iam.role(&one, "reader").await.unwrap();
    assert_eq!(role.arn, "arn:aws:iam::111111111111:role/data/reader");
    assert_eq!(role.trust_policy, OPEN);
    assert_eq!(role.tags, Some(BTreeMap::from([("signet".to_owned(), "111111111111".to_owned())])));

    iam.set_trust_policy(&one, "reader", CHANGED).await.unwrap();
    assert_eq!(iam.role(&one, "reader").await.unwrap().trust_policy, CHANGED);
    assert_eq!(iam.role(&two, "reader").await.unwrap().trust_policy, OPEN, "another account's stays");

    let error = iam.role(&three, "reader").await.unwrap_err();
    assert!(not_found(&error, "reader"), "{error}");
    let error = iam.set_trust_policy(&one, "writer", OPEN).await.unwrap_err();
    assert!(not_found(&error, "writer"), "{error}");

    for malformed in ["{}", "not JSON", r#"{"Version":"2012-10-17","Statement":[{"Effect":"Perhaps"}]}"#] {
        let error = iam.set_trust_policy(&one, "reader", malformed).await.unwrap_err();
        assert!(matches!(error, IamError::Malformed { .. }), "{malformed}: {error}");
        assert!(!error.passes());
    }
    assert_eq!(iam.role(&one, "reader").await.unwrap().trust_policy, CHANGED);
}

#[tokio::test]
async fn a_list_of_several_pages_is_whole() {
    const ROLES: usize = 205;
    // Without a `%`: in lists, other than AWS, moto encodes nothing.
    let marked = CHANGED.replace('%', "");
    let moto = Moto::start().unwrap();
    let settings = settings(moto.endpoint()).await;
    let iam = Aws::new(&settings, entry());
    let [one, two, _] = three();
    let client = administrator(&settings, &one).await;
    for number in 0..ROLES {
        let creation = client.create_role().role_name(format!("role-{number:03}"));
        creation.assume_role_policy_document(if number == 204 { &marked } else { OPEN }).send().await.unwrap();
    }
    let roles = iam.roles(&one).await.unwrap();
    let arns: BTreeSet<_> = roles.iter().map(|role| role.arn.as_str()).collect();
    assert_eq!((roles.len(), arns.len()), (ROLES, ROLES));
    let last = roles.iter().find(|role| role.arn.ends_with("/role-204")).unwrap();
    assert_eq!((last.trust_policy.as_str(), &last.tags), (marked.as_str(), &None));
    assert_eq!(iam.roles(&two).await.unwrap(), []);
}

#[tokio::test]
async fn providers_are_created_read_changed_and_deleted() {
    let moto = Moto::start().unwrap();
    let settings = settings(moto.endpoint()).await;
    let iam = Aws::new(&settings, entry());
    let [one, two, _] = three();
    let metadata =
        format!("<EntityDescriptor entityID=\"https://okta.example\">{}</EntityDescriptor>", "a".repeat(2_000));
    let arn = "arn:aws:iam::111111111111:saml-provider/app";

    assert!(iam.providers(&one).await.unwrap().saml.is_empty());
    iam.create_saml_provider(&one, "app", &metadata).await.unwrap();
    assert_eq!(iam.saml_metadata(&one, arn).await.unwrap(), metadata);
    let changed = metadata.replace('a', "b & ü +%41");
    iam.update_saml_provider(&one, arn, &changed).await.unwrap();
    assert_eq!(iam.saml_metadata(&one, arn).await.unwrap(), changed);

    let provider = OidcProvider {
        url: "https://login.example/oauth2".to_owned(),
        client_ids: BTreeSet::from(["first".to_owned(), "second".to_owned()]),
    };
    iam.create_oidc_provider(&one, &provider).await.unwrap();
    let oidc = "arn:aws:iam::111111111111:oidc-provider/login.example/oauth2";
    assert_eq!(iam.oidc_provider(&one, oidc).await.unwrap(), provider);
    let error = iam.create_oidc_provider(&one, &provider).await.unwrap_err();
    assert!(matches!(error, IamError::Conflict { .. }) && !error.passes(), "{error}");

    let all = iam.providers(&one).await.unwrap();
    assert_eq!((all.saml, all.oidc), (BTreeSet::from([arn.to_owned()]), BTreeSet::from([oidc.to_owned()])));
    let none = iam.providers(&two).await.unwrap();
    assert!(none.saml.is_empty() && none.oidc.is_empty(), "another account has none: {none:?}");
    for theirs in [arn, oidc] {
        let error = iam.delete_provider(&two, theirs).await.unwrap_err();
        assert!(matches!(error, IamError::Refused { .. }), "{error}");
    }

    for ours in [arn, oidc] {
        iam.delete_provider(&one, ours).await.unwrap();
        iam.delete_provider(&one, ours).await.unwrap();
    }
    let none = iam.providers(&one).await.unwrap();
    assert!(none.saml.is_empty() && none.oidc.is_empty(), "{none:?}");
    assert!(not_found(&iam.saml_metadata(&one, arn).await.unwrap_err(), arn));
    assert!(not_found(&iam.oidc_provider(&one, oidc).await.unwrap_err(), oidc));
}

#[tokio::test]
async fn without_a_member_role_the_own_credentials_are_used_and_tell_the_own_role() {
    let moto = Moto::start().unwrap();
    let own = settings(moto.endpoint()).await;
    assert_eq!(own_role(&aws_sdk_sts::Client::new(&own)).await.unwrap(), None);
    let role = AssumeRoleProvider::builder("arn:aws:iam::333333333333:role/signet/signet-trust-sync");
    let role = role.configure(&own).session_name("test").build().await;
    let session = aws_credential_types::provider::SharedCredentialsProvider::new(role);
    let assumed = own.to_builder().credentials_provider(session).build();
    assert_eq!(own_role(&aws_sdk_sts::Client::new(&assumed)).await.unwrap().as_deref(), Some("signet-trust-sync"));

    let entry = signet_iam::aws::Entry { member_role: None, ..entry() };
    let [_, two, three] = three();
    let iam = Aws::new(&assumed, entry);
    iam.create_saml_provider(&three, "app", &"m".repeat(1_000)).await.unwrap();
    // A role of another account is not one that is gone: these credentials cannot tell.
    let error = iam.role(&two, "reader").await.unwrap_err();
    assert!(
        matches!(&error, IamError::Refused { cause, .. } if cause.contains("of account `333333333333`")),
        "{error}"
    );
    iam.roles(&two).await.unwrap_err();
    let client = administrator(&own, &three).await;
    assert_eq!(client.list_saml_providers().send().await.unwrap().saml_provider_list().len(), 1);
}
