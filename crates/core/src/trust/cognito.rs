//! How trust policies name Amazon Cognito: by the role's partition and the pool's Region.

use crate::trust::gate::{IdentityPoolId, Issuer};

/// The federated principal of identity pools, and the beginning of their condition keys. None for a
/// partition in which nobody documents one.
///
/// In `aws` it is the same in every Region (Amazon Cognito developer guide, "Role trust and
/// permissions"). In `aws-us-gov` each of the two Regions has its own (user guide of that
/// partition, "Amazon Cognito"). For `aws-cn` the guides show that of `aws`, which no identity pool there is; what
/// Cognito's tokens are known by there, and AWS's SDKs have, is the Region's.
pub(super) fn identity(partition: &str, pool: &IdentityPoolId) -> Option<String> {
    match partition {
        "aws" => Some(ANYWHERE.to_owned()),
        "aws-us-gov" if pool.region() == "us-gov-east-1" => Some("cognito-identity.us-gov-east-1.amazonaws.com".into()),
        "aws-us-gov" => Some("cognito-identity-us-gov.amazonaws.com".to_owned()),
        "aws-cn" => Some(format!("cognito-identity.{}.amazonaws.com.cn", pool.region())),
        _ => None,
    }
}

/// The name of identity pools in the partition `aws`.
pub(super) const ANYWHERE: &str = "cognito-identity.amazonaws.com";

/// Whether an issuer is a user pool, by the name that identity pools have for it
/// (`cognito-idp.<region>.amazonaws.com/<user pool id>`: Cognito API reference, `ProviderName` of
/// `CognitoIdentityProvider`, `UserPoolId`).
///
/// Tokens of identity pools say how their user signed in by such names, and by words like
/// `authenticated`: an issuer that is no user pool could be one that every sign-in has.
pub(super) fn is_user_pool(issuer: &Issuer) -> bool {
    let is_region = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    let is_id = |id: &str| {
        id.rsplit_once('_').is_some_and(|(region, id)| {
            is_region(&region.replace('_', "-")) && !id.is_empty() && id.bytes().all(|b| b.is_ascii_alphanumeric())
        })
    };
    issuer.as_str().split_once('/').is_some_and(|(host, id)| {
        let region = host
            .strip_prefix("cognito-idp.")
            .and_then(|host| host.strip_suffix(".amazonaws.com").or_else(|| host.strip_suffix(".amazonaws.com.cn")));
        region.is_some_and(is_region) && is_id(id)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identity_pools_have_their_partitions_name() {
        for (partition, region, name) in [
            ("aws", "eu-west-1", Some("cognito-identity.amazonaws.com")),
            ("aws-us-gov", "us-gov-west-1", Some("cognito-identity-us-gov.amazonaws.com")),
            ("aws-us-gov", "us-gov-east-1", Some("cognito-identity.us-gov-east-1.amazonaws.com")),
            ("aws-cn", "cn-north-1", Some("cognito-identity.cn-north-1.amazonaws.com.cn")),
            ("aws-iso", "us-iso-east-1", None),
        ] {
            let pool = IdentityPoolId::parse(&format!("{region}:12345678-dead-beef-0000-123456790abc")).unwrap();
            assert_eq!(identity(partition, &pool).as_deref(), name, "{partition} {region}");
        }
    }

    #[test]
    fn a_user_pool_is_cognitos() {
        let is = |url: &str| is_user_pool(&Issuer::from_url(url).unwrap());
        assert!(is("https://cognito-idp.us-east-1.amazonaws.com/us-east-1_Tv0493apJ"));
        assert!(is("https://cognito-idp.cn-north-1.amazonaws.com.cn/cn-north-1_Tv0493apJ"));
        for other in [
            "https://authenticated",
            "https://graph.facebook.com",
            "https://example.okta.com/us-east-1_x",
            "https://cognito-idp.us-east-1.amazonaws.com",
            "https://cognito-idp.us-east-1.amazonaws.com/",
            "https://cognito-idp.us-east-1.amazonaws.com/us-east-1",
            "https://cognito-idp.us-east-1.amazonaws.com/us-east-1_",
            "https://cognito-idp.us-east-1.amazonaws.com/us-east-1_x/",
            "https://cognito-idp..amazonaws.com/us-east-1_x",
            "https://cognito-idp.evil.example.amazonaws.com/us-east-1_x",
        ] {
            assert!(!is(other), "`{other}` was taken");
        }
    }
}
