//! The source identity: who every later audit record names.

use std::fmt;

use crate::invalid::InvalidValue;
use crate::text::{glob, is_name_char, shown};

/// A value that fits both `SourceIdentity` and `RoleSessionName`: `[\w+=,.@-]{2,64}`, ASCII, not
/// beginning `aws:` (STS API reference). Taken as it is or not at all: a cut login could be
/// somebody else's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Identity<'a>(&'a str);

/// Why a value cannot be a person's identity.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UnfitIdentity {
    /// The field that the app names is absent or empty.
    Missing,
    /// AWS would refuse the value.
    AwsRules,
    /// The value does not fit the app's pattern.
    Pattern,
}

impl<'a> Identity<'a> {
    /// Takes the value of the field that an app names.
    ///
    /// # Errors
    /// [`UnfitIdentity`], in the order of its variants.
    pub fn new(value: Option<&'a str>, pattern: &IdentityPattern) -> Result<Self, UnfitIdentity> {
        let value = value.filter(|v| !v.is_empty()).ok_or(UnfitIdentity::Missing)?;
        // `aws:` needs no check of its own: `:` is not in the alphabet.
        if !(2..=64).contains(&value.len()) || !value.chars().all(is_name_char) {
            return Err(UnfitIdentity::AwsRules);
        }
        if !pattern.matches(value) {
            return Err(UnfitIdentity::Pattern);
        }
        Ok(Self(value))
    }

    /// The value.
    #[must_use]
    pub fn as_str(&self) -> &'a str {
        self.0
    }
}

/// What identities of an app look like: literal characters, and `*` for any number of
/// characters. Case matters.
///
/// It is also written into trust policies as a `StringLike` value, so it holds nothing else
/// that is live there, and is never a bare `*`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdentityPattern(String);

impl IdentityPattern {
    /// Reads a pattern such as `*@example.com`.
    ///
    /// # Errors
    /// [`InvalidValue::IdentityPattern`] if it is empty, longer than 64 characters, has no
    /// literal character, or has one that no identity can have.
    pub fn parse(text: &str) -> Result<Self, InvalidValue> {
        let why = if text.is_empty() {
            "is empty"
        } else if text.chars().all(|c| c == '*') {
            "lets everybody in: name what all identities of the app share, such as `*@example.com`"
        } else if text.len() > 64 {
            "is longer than 64 characters"
        } else if !text.chars().all(|c| c == '*' || is_name_char(c)) {
            "has characters that no identity can have: use letters, digits, `_+=,.@-` and `*`"
        } else {
            return Ok(Self(text.to_owned()));
        };
        Err(InvalidValue::IdentityPattern { value: shown(text), why })
    }

    /// The pattern as written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether a value fits the whole pattern.
    #[must_use]
    pub fn matches(&self, value: &str) -> bool {
        glob(&self.0, value)
    }
}

impl fmt::Display for IdentityPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The field of a sign-in request that an app takes identities from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum IdentityField {
    /// `user.profile.<member>`: a member of the person's profile in Okta.
    Profile(String),
    /// `user.id`: the person's id in Okta.
    UserId,
    /// `subject.nameId`: the assertion's subject.
    NameId,
    /// `claim:<name>`: a claim with exactly one value.
    Claim(String),
}

impl IdentityField {
    /// The field of an app that does not say otherwise.
    #[must_use]
    pub fn login() -> Self {
        Self::Profile("login".to_owned())
    }

    /// Reads a field's name.
    ///
    /// # Errors
    /// [`InvalidValue::IdentityField`] if no request has such a field.
    pub fn parse(text: &str) -> Result<Self, InvalidValue> {
        let field = match text {
            "user.id" => Some(Self::UserId),
            "subject.nameId" => Some(Self::NameId),
            other => other
                .strip_prefix("user.profile.")
                .map(|member| Self::Profile(member.to_owned()))
                .or_else(|| other.strip_prefix("claim:").map(|name| Self::Claim(name.to_owned()))),
        };
        match field {
            None => Err(InvalidValue::IdentityField { value: shown(text) }),
            Some(Self::Profile(name) | Self::Claim(name)) if name.is_empty() => {
                Err(InvalidValue::IdentityField { value: shown(text) })
            }
            Some(field) => Ok(field),
        }
    }
}

impl fmt::Display for IdentityField {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Profile(member) => write!(f, "user.profile.{member}"),
            Self::UserId => f.write_str("user.id"),
            Self::NameId => f.write_str("subject.nameId"),
            Self::Claim(name) => write!(f, "claim:{name}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pattern(text: &str) -> IdentityPattern {
        IdentityPattern::parse(text).unwrap()
    }

    #[test]
    fn patterns_match_the_whole_value() {
        for (text, value, fits) in [
            ("*@example.com", "jane@example.com", true),
            ("*@example.com", "@example.com", true),
            ("*@example.com", "jane@example.com.evil", false),
            ("*@example.com", "jane@EXAMPLE.com", false),
            ("*@example.com", "jane@exampleXcom", false),
            ("jane", "jane", true),
            ("jane", "janet", false),
            ("svc-*@*.example.com", "svc-a@b.example.com", true),
            ("svc-*@*.example.com", "svc-a@example.com", false),
            ("a*ba", "aba", true),
            ("a*a", "a", false),
            ("a*bc*bcd", "abcd", false),
            ("a*b*c", "abbc", true),
            ("a**b", "ab", true),
            ("*x*", "axb", true),
            ("*x*", "ab", false),
        ] {
            assert_eq!(pattern(text).matches(value), fits, "`{text}` on `{value}`");
        }
    }

    #[test]
    fn a_pattern_that_lets_everybody_in_is_refused() {
        for bad in ["", "*", "**", "*?", "${aws:username}*", "*@exam ple.com", "*:x"] {
            assert!(IdentityPattern::parse(bad).is_err(), "`{bad}` was taken");
        }
    }

    #[test]
    fn identities_are_never_cut_or_altered() {
        let any = pattern("*@*");
        let longest = format!("{}@x", "j".repeat(62));
        assert_eq!(Identity::new(Some(&longest), &any).unwrap().as_str(), longest);
        for (value, why) in [
            (None, UnfitIdentity::Missing),
            (Some(""), UnfitIdentity::Missing),
            (Some("@"), UnfitIdentity::AwsRules),
            (Some("jané@example.com"), UnfitIdentity::AwsRules),
            (Some("jane @example.com"), UnfitIdentity::AwsRules),
            (Some("aws:jane@example.com"), UnfitIdentity::AwsRules),
            (Some("jane@example.com\n"), UnfitIdentity::AwsRules),
            (Some("${user.login}@x"), UnfitIdentity::AwsRules),
            (Some("jane.example.com"), UnfitIdentity::Pattern),
        ] {
            assert_eq!(Identity::new(value, &any).unwrap_err(), why, "{value:?}");
        }
        let too_long = format!("{}@x", "j".repeat(63));
        assert_eq!(Identity::new(Some(&too_long), &any).unwrap_err(), UnfitIdentity::AwsRules);
    }

    #[test]
    fn fields_read_and_write_alike() {
        for text in ["user.profile.login", "user.id", "subject.nameId", "claim:email"] {
            assert_eq!(IdentityField::parse(text).unwrap().to_string(), text);
        }
        for bad in ["", "login", "user.profile.", "claim:", "session.id"] {
            assert!(IdentityField::parse(bad).is_err(), "`{bad}` was taken");
        }
    }
}
