//! Which values gates are made of, and which gates meet.

use super::*;

#[test]
fn audiences_are_plain() {
    for fits in ["https://signin.aws.amazon.com/saml", "0oa1", "https://example.com/acs?idp=okta&x=$1{2}", "a:b"] {
        assert_eq!(Audience::parse(fits).unwrap().as_str(), fits);
    }
    let long = "x".repeat(256);
    for bad in ["", "*", "a*", "a b", "a\n", "é", "a\"b", "a\\b", "${aws:username}", &long] {
        assert!(Audience::parse(bad).is_err(), "`{bad}` was taken");
    }
}

#[test]
fn issuers_name_providers_and_keys() {
    let role = RoleArn::parse("arn:aws-cn:iam::111122223333:role/x").unwrap();
    let issuer = Issuer::from_url("https://example.okta.com/oauth2/default").unwrap();
    assert_eq!(issuer.as_str(), "example.okta.com/oauth2/default");
    assert_eq!(issuer.provider(&role), "arn:aws-cn:iam::111122223333:oidc-provider/example.okta.com/oauth2/default");
    assert_eq!(Issuer::from_url("https://tenant.example.com/").unwrap().as_str(), "tenant.example.com/");
    let long = format!("https://example.com/{}", "x".repeat(236));
    for bad in [
        "",
        "example.com",
        "http://example.com",
        "https://",
        "https:///x",
        "https://example.com:8443",
        &long,
        "https://a@example.com",
        "https://example.com/*",
        "https://example.com/?x",
        "https://example.com/${x}",
        "https://example.com/a b",
        "https://exämple.com",
        "https://example.com/a:b",
        "https://*.example.com",
    ] {
        assert!(Issuer::from_url(bad).is_err(), "`{bad}` was taken");
    }
}

#[test]
fn identity_pools_are_cognitos() {
    assert!(IdentityPoolId::parse("us-east-1:12345678-dead-beef-0000-123456790abc").is_ok());
    for bad in ["", "us-east-1", "us-east-1:*", ":12345678", "us-east-1:12345678-DEAD", "us-east-1:${x}123456"] {
        assert!(IdentityPoolId::parse(bad).is_err(), "`{bad}` was taken");
    }
}

#[test]
fn gates_meet_where_a_sign_in_fits_both() {
    let identity = IdentityPattern::parse("*@example.com").unwrap();
    let audience = |text: &str| Audience::parse(text).unwrap();
    let saml = |provider, aud| Gate::Saml {
        provider: ProviderName::parse(provider).unwrap(),
        audience: audience(aud),
        identity: identity.clone(),
    };
    let oidc = |url, clients: &[&str]| Gate::Oidc {
        issuer: Issuer::from_url(url).unwrap(),
        audiences: NonEmpty::new(clients.iter().map(|c| audience(c)).collect()).unwrap(),
        identity: identity.clone(),
        roles_claim: true,
    };
    assert!(saml("a", "x").meets(&saml("a", "y")));
    assert!(!saml("a", "x").meets(&saml("b", "x")));
    assert!(oidc("https://a.example.com", &["1", "2"]).meets(&oidc("https://a.example.com", &["2", "3"])));
    assert!(!oidc("https://a.example.com", &["1"]).meets(&oidc("https://a.example.com", &["2"])));
    assert!(!oidc("https://a.example.com", &["1"]).meets(&oidc("https://a.example.com/", &["1"])));
    assert!(!saml("a", "x").meets(&oidc("https://a.example.com", &["x"])));
    let behind = |pool: &str, user_pool: &str| Gate::IdentityPool {
        pool: IdentityPoolId::parse(&format!("us-east-1:12345678-dead-beef-0000-{pool}")).unwrap(),
        user_pool: Issuer::from_url(&format!("https://cognito-idp.us-east-1.amazonaws.com/{user_pool}")).unwrap(),
    };
    assert!(behind("0a", "us-east-1_x").meets(&behind("0a", "us-east-1_y")));
    assert!(!behind("0a", "us-east-1_x").meets(&behind("0b", "us-east-1_x")));
}
