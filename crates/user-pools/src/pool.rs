//! A user pool's id.

use std::fmt;

/// How the host of a user pool's issuer begins; its Region follows.
const HOST: &str = "cognito-idp.";
/// How it ends, by partition (Cognito's endpoints, AWS General Reference).
const DOMAINS: [&str; 2] = [".amazonaws.com", ".amazonaws.com.cn"];
/// The longest id, in characters (Cognito API reference, `UserPoolId`).
const LONGEST: usize = 55;

/// An issuer that is no user pool.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("issuer `{issuer}` is no user pool: `cognito-idp.REGION.amazonaws.com/REGION_ID` is expected")]
pub struct InvalidPool {
    /// The issuer's host and path, shortened where they are long.
    pub issuer: String,
}

/// A user pool's id, `<region>_<letters and digits>`: it says where the pool is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PoolId {
    // INVARIANT: `id` is `region`, `_`, and letters and digits.
    id: String,
    region: String,
}

impl PoolId {
    /// The pool that issues tokens as this issuer, by host and path
    /// (`cognito-idp.eu-central-1.amazonaws.com/eu-central-1_Example`). Host and id must name one Region.
    ///
    /// # Errors
    /// [`InvalidPool`] for any other issuer.
    pub fn of_issuer(issuer: &str) -> Result<Self, InvalidPool> {
        let pool = issuer.split_once('/').and_then(|(host, id)| {
            let host = host.strip_prefix(HOST)?;
            let region = DOMAINS.iter().find_map(|domain| host.strip_suffix(domain))?;
            let number = id.strip_prefix(region)?.strip_prefix('_')?;
            let fits = is_region(region)
                && id.len() <= LONGEST
                && !number.is_empty()
                && number.bytes().all(|b| b.is_ascii_alphanumeric());
            fits.then(|| Self { id: id.to_owned(), region: region.to_owned() })
        });
        pool.ok_or_else(|| InvalidPool { issuer: issuer.chars().take(255).collect() })
    }

    /// The id.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.id
    }

    /// The Region that the pool is in.
    #[must_use]
    pub fn region(&self) -> &str {
        &self.region
    }
}

impl fmt::Display for PoolId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.id)
    }
}

/// A Region becomes part of the host that requests are sent to.
fn is_region(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_issuer_tells_pool_and_region() {
        for (issuer, id, region) in [
            ("cognito-idp.eu-central-1.amazonaws.com/eu-central-1_Ab9", "eu-central-1_Ab9", "eu-central-1"),
            ("cognito-idp.us-gov-west-1.amazonaws.com/us-gov-west-1_x", "us-gov-west-1_x", "us-gov-west-1"),
            ("cognito-idp.cn-north-1.amazonaws.com.cn/cn-north-1_x", "cn-north-1_x", "cn-north-1"),
        ] {
            let pool = PoolId::of_issuer(issuer).unwrap();
            assert_eq!((pool.as_str(), pool.region()), (id, region));
        }
    }

    #[test]
    fn another_issuer_is_no_pool() {
        let long = format!("cognito-idp.eu-west-1.amazonaws.com/eu-west-1_{}", "x".repeat(46));
        for issuer in [
            "",
            "login.example/oauth2/default",
            "cognito-idp.eu-west-1.amazonaws.com",
            "cognito-idp.eu-west-1.amazonaws.com/",
            "cognito-idp.eu-west-1.amazonaws.com/eu-west-1_",
            "cognito-idp.eu-west-1.amazonaws.com/eu-west-2_x",
            "cognito-idp.eu-west-1.amazonaws.com/eu-west-1_x/",
            "cognito-idp.eu-west-1.amazonaws.com/eu-west-1_a_b",
            "cognito-idp.eu-west-1.amazonaws.com.example/eu-west-1_x",
            "cognito-idp.evil.example/.amazonaws.com/x_y",
            "cognito-idp..amazonaws.com/_x",
            "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_x",
            &long,
        ] {
            assert!(PoolId::of_issuer(issuer).is_err(), "{issuer}");
        }
        let error = PoolId::of_issuer("login.example").unwrap_err().to_string();
        assert!(error.starts_with("issuer `login.example` is no user pool"), "{error}");
    }
}
