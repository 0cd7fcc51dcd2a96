//! Roles and identity providers in IAM.

use std::fmt;

use crate::invalid::InvalidValue;
use crate::text::{is_name_char, shown};

/// An IAM role, by its ARN. Its account is in the ARN.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RoleArn(String);

impl RoleArn {
    /// Reads a role's ARN: `arn:<partition>:iam::<12 digits>:role/<path><name>`.
    ///
    /// # Errors
    /// [`InvalidValue::RoleArn`] if it is another resource's, breaks IAM's rules for paths (up to
    /// 512 characters, `[\x21-\x7e]`) or names (`[\w+=,.@-]{1,64}`), or has a comma: IAM allows
    /// it in names, but AWS separates role and provider by one in the SAML attribute.
    pub fn parse(text: &str) -> Result<Self, InvalidValue> {
        match check(text) {
            Ok(()) => Ok(Self(text.to_owned())),
            Err(why) => Err(InvalidValue::RoleArn { value: shown(text), why }),
        }
    }

    /// The ARN.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The number of the role's account: 12 digits.
    #[must_use]
    pub fn account(&self) -> &str {
        self.part(4)
    }

    /// The role's account.
    #[must_use]
    pub fn account_id(&self) -> AccountId {
        AccountId(self.account().to_owned())
    }

    /// The role's name, without its path: unique in its account, whatever the path or case (IAM API
    /// reference, `CreateRole`).
    #[must_use]
    pub fn name(&self) -> &str {
        let rest = self.path_and_name();
        rest.rsplit_once('/').map_or(rest, |(_, name)| name)
    }

    /// The role's path, with `/` at both ends, `/` alone for none.
    #[must_use]
    pub fn path(&self) -> String {
        self.path_and_name().rsplit_once('/').map_or_else(|| "/".to_owned(), |(path, _)| format!("/{path}/"))
    }

    /// The role's partition: `aws`, `aws-cn`, `aws-us-gov` …
    #[must_use]
    pub fn partition(&self) -> &str {
        self.part(1)
    }

    /// The role's path and name, without a leading `/`: `data/clinical-reader`.
    #[must_use]
    pub fn path_and_name(&self) -> &str {
        self.0.split_once(":role/").map_or("", |(_, rest)| rest)
    }

    /// The ARN of an app's SAML provider in the role's account. AWS wants both in one account.
    #[must_use]
    pub fn saml_provider(&self, provider: &ProviderName) -> String {
        format!("arn:{}:iam::{}:saml-provider/{}", self.partition(), self.account(), provider.as_str())
    }

    fn part(&self, index: usize) -> &str {
        // INVARIANT: a parsed ARN has six parts.
        self.0.split(':').nth(index).unwrap_or_default()
    }
}

impl fmt::Display for RoleArn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// An AWS account, by its number of 12 digits.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AccountId(String);

impl AccountId {
    /// Reads an account's number.
    ///
    /// # Errors
    /// [`InvalidValue::AccountId`] if it is not 12 digits.
    pub fn parse(text: &str) -> Result<Self, InvalidValue> {
        if text.len() == 12 && text.bytes().all(|b| b.is_ascii_digit()) {
            Ok(Self(text.to_owned()))
        } else {
            Err(InvalidValue::AccountId(shown(text)))
        }
    }

    /// The number.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for AccountId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn check(text: &str) -> Result<(), &'static str> {
    let parts: Vec<&str> = text.splitn(6, ':').collect();
    let [arn, partition, service, region, account, resource] = parts.as_slice() else {
        return Err("is not an ARN: `arn:aws:iam::<account>:role/<name>` is expected");
    };
    if *arn != "arn" || *service != "iam" || !region.is_empty() {
        return Err("is not an ARN of IAM: `arn:aws:iam::<account>:role/<name>` is expected");
    }
    if !matches!(partition.strip_prefix("aws"), Some(rest) if rest.bytes().all(|b| b.is_ascii_lowercase() || b == b'-'))
    {
        return Err("is of an unknown partition: `aws`, `aws-cn` or `aws-us-gov` is expected");
    }
    if account.len() != 12 || !account.bytes().all(|b| b.is_ascii_digit()) {
        return Err("has no account of 12 digits");
    }
    let Some(path_and_name) = resource.strip_prefix("role/") else {
        return Err("is not a role's ARN: its resource does not begin `role/`");
    };
    let (path, name) = path_and_name.rsplit_once('/').unwrap_or(("", path_and_name));
    if path.len() > 510 || !path.bytes().all(|b| (0x21..=0x7e).contains(&b)) {
        return Err("has a path that IAM would refuse");
    }
    if name.is_empty() || name.len() > 64 || !name.chars().all(is_name_char) {
        return Err("has a name that is not 1 to 64 letters, digits and `_+=.@-`");
    }
    if path_and_name.contains(',') {
        return Err("has a comma, which AWS reads as the end of the role in a SAML attribute");
    }
    if path_and_name.contains(['*', '?', '$']) {
        return Err("has a character that is live in IAM's patterns");
    }
    Ok(())
}

/// How people sign in to an app, and with it the kind of its identity provider in IAM.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    /// A SAML app: `AssumeRoleWithSAML`.
    Saml,
    /// An OIDC client: `AssumeRoleWithWebIdentity`.
    Oidc,
    /// A Cognito user pool client.
    Cognito,
}

impl Protocol {
    /// The protocol as files, events and the table write it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Saml => "saml",
            Self::Oidc => "oidc",
            Self::Cognito => "cognito",
        }
    }

    /// Reads a protocol.
    ///
    /// # Errors
    /// [`InvalidValue::Word`] for any other word.
    pub fn parse(text: &str) -> Result<Self, InvalidValue> {
        match text {
            "saml" => Ok(Self::Saml),
            "oidc" => Ok(Self::Oidc),
            "cognito" => Ok(Self::Cognito),
            other => Err(InvalidValue::Word {
                what: "protocol",
                value: shown(other),
                expected: "`saml`, `oidc` or `cognito`",
            }),
        }
    }
}

/// The name of an app's IAM identity provider, the same in every account: `[\w._-]{1,128}`
/// (IAM API reference, `CreateSAMLProvider`).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ProviderName(String);

impl ProviderName {
    /// Reads a provider's name.
    ///
    /// # Errors
    /// [`InvalidValue::ProviderName`] if IAM would refuse it.
    pub fn parse(text: &str) -> Result<Self, InvalidValue> {
        let is_char = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
        if text.is_empty() || text.len() > 128 || !text.chars().all(is_char) {
            return Err(InvalidValue::ProviderName { value: shown(text) });
        }
        Ok(Self(text.to_owned()))
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_of_an_arn() {
        let role = RoleArn::parse("arn:aws-us-gov:iam::111122223333:role/data/clinical:x/reader").unwrap();
        assert_eq!(role.account(), "111122223333");
        assert_eq!(role.partition(), "aws-us-gov");
        assert_eq!(role.path_and_name(), "data/clinical:x/reader");
        let provider = ProviderName::parse("okta-databricks").unwrap();
        assert_eq!(role.saml_provider(&provider), "arn:aws-us-gov:iam::111122223333:saml-provider/okta-databricks");
    }

    #[test]
    fn a_role_has_an_account_a_path_and_a_name() {
        for (resource, path, name) in [
            ("reader", "/", "reader"),
            ("data/reader", "/data/", "reader"),
            ("data/clinical:x/re-ad.er_@=+", "/data/clinical:x/", "re-ad.er_@=+"),
            ("a//b", "/a//", "b"),
            ("role/role/x", "/role/role/", "x"),
            ("a:role/b/x", "/a:role/b/", "x"),
        ] {
            let role = RoleArn::parse(&format!("arn:aws:iam::111122223333:role/{resource}")).unwrap();
            assert_eq!((role.path().as_str(), role.name()), (path, name), "{resource}");
            assert_eq!(role.path_and_name(), resource);
            assert_eq!(format!("{}{}", role.path(), role.name()), format!("/{resource}"));
            assert_eq!(role.account_id(), AccountId::parse("111122223333").unwrap());
        }
    }

    #[test]
    fn an_account_is_twelve_digits() {
        let account = AccountId::parse("001122223333").unwrap();
        assert_eq!((account.as_str(), account.to_string()), ("001122223333", "001122223333".to_owned()));
        for bad in ["", "11112222333", "1111222233334", "11112222333x", " 11112222333", "-11112222333", "１１１１"]
        {
            let refused = AccountId::parse(bad).unwrap_err();
            assert_eq!(refused.to_string(), format!("account `{bad}` is not 12 digits"));
        }
        // A long value is cut, control characters are escaped.
        let long = AccountId::parse(&"9".repeat(1_000)).unwrap_err().to_string();
        assert_eq!(long, format!("account `{}…` is not 12 digits", "9".repeat(80)));
        assert_eq!(AccountId::parse("1\n").unwrap_err().to_string(), r"account `1\n` is not 12 digits");
    }

    #[test]
    fn what_is_no_role() {
        for bad in [
            "",
            "reader",
            "arn:aws:iam::111122223333:user/reader",
            "arn:aws:iam::111122223333:role/",
            "arn:aws:iam::111122223333:role/data/",
            "arn:aws:iam::11112222333:role/reader",
            "arn:aws:iam::11112222333x:role/reader",
            "arn:aws:iam:eu-west-1:111122223333:role/reader",
            "arn:aws:sts::111122223333:assumed-role/reader/x",
            "arn:azure:iam::111122223333:role/reader",
            "arn:aws:iam::111122223333:role/rea der",
            "arn:aws:iam::111122223333:role/reader,x",
            "arn:aws:iam::111122223333:role/a,b/reader",
            "arn:aws:iam::111122223333:role/*",
            "arn:aws:iam::111122223333:role/a*b/reader",
            "arn:aws:iam::111122223333:role/lesér",
        ] {
            assert!(RoleArn::parse(bad).is_err(), "`{bad}` was taken");
        }
        assert!(RoleArn::parse(&format!("arn:aws:iam::111122223333:role/{}", "x".repeat(65))).is_err());
    }
}
