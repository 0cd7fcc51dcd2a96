//! Which identities and tag values are fit.

use std::sync::LazyLock;

use regex::Regex;

use crate::outcome::{Deny, UnfitTag};

/// A regular expression of this file. One that does not compile would fit nothing, and fail
/// every test.
fn whole(expression: &str) -> Option<Regex> {
    Regex::new(&format!(r"\A(?:{expression})\z")).ok()
}

/// STS on `SourceIdentity` and `RoleSessionName`: "`[\w+=,.@-]{2,64}` (ASCII)".
static NAME: LazyLock<Option<Regex>> = LazyLock::new(|| whole("[A-Za-z0-9_+=,.@-]{2,64}"));

/// STS on tag keys and values: "characters of `[\p{L}\p{Z}\p{N}_.:/=+\-@]`".
static TAG: LazyLock<Option<Regex>> = LazyLock::new(|| whole(r"[\p{L}\p{Z}\p{N}_.:/=+\-@]*"));

/// "SourceIdentity and RoleSessionName come from the field that the app names, must fit AWS's
/// rules and the app's pattern, and are never cut or altered."
///
/// # Errors
/// The denial: a missing identity first, then AWS's rules, then the app's pattern.
pub fn identity(value: Option<&str>, pattern: &str) -> Result<String, Deny> {
    let value = value.unwrap_or_default();
    if value.is_empty() {
        return Err(Deny::IdentityMissing);
    }
    // "Not beginning `aws:`."
    if !NAME.as_ref().is_some_and(|name| name.is_match(value)) || value.starts_with("aws:") {
        return Err(Deny::IdentityUnfit);
    }
    if !fits(pattern, value) {
        return Err(Deny::IdentityPattern);
    }
    Ok(value.to_owned())
}

/// Whether a value is the pattern, with any number of any characters for each `*`.
#[must_use]
pub fn fits(pattern: &str, value: &str) -> bool {
    let mut value_rest = value.chars();
    let mut pattern_rest = pattern.chars();
    match (pattern_rest.next(), value_rest.next()) {
        (None, first) => first.is_none(),
        // The `*` stands for nothing, or for the first character and perhaps more.
        (Some('*'), None) => fits(pattern_rest.as_str(), value),
        (Some('*'), Some(_)) => fits(pattern_rest.as_str(), value) || fits(pattern, value_rest.as_str()),
        (Some(wanted), first) => first == Some(wanted) && fits(pattern_rest.as_str(), value_rest.as_str()),
    }
}

/// "Exactly one value", "0–256 characters": counted in UTF-16 units, the count in which a text
/// is longest. An empty value says nothing and counts as missing.
///
/// # Errors
/// Why AWS would refuse the value.
pub fn tag(values: &[String]) -> Result<String, UnfitTag> {
    let value = match values {
        [] => return Err(UnfitTag::Missing),
        [value] => value,
        _ => return Err(UnfitTag::SeveralValues),
    };
    if value.is_empty() {
        return Err(UnfitTag::Missing);
    }
    if value.encode_utf16().count() > 256 {
        return Err(UnfitTag::TooLong);
    }
    if !is_tag_text(value) {
        return Err(UnfitTag::Character);
    }
    Ok(value.clone())
}

/// Whether a text has only characters that AWS takes in tags.
#[must_use]
pub fn is_tag_text(text: &str) -> bool {
    TAG.as_ref().is_some_and(|tag| tag.is_match(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_any_number_of_characters() {
        for (pattern, value) in [("", ""), ("*", ""), ("*", "ab"), ("a*", "a"), ("*@x", "jane@x"), ("a*b*c", "abbc")] {
            assert!(fits(pattern, value), "`{pattern}` on `{value}`");
        }
        for (pattern, value) in [("", "a"), ("a", ""), ("a*a", "a"), ("*@x", "jane@x.y"), ("a*b*c", "acb")] {
            assert!(!fits(pattern, value), "`{pattern}` on `{value}`");
        }
    }

    #[test]
    fn the_expressions_of_this_file_compile() {
        assert!(NAME.is_some() && TAG.is_some());
        assert!(is_tag_text("Größe 3/4 日本"));
        assert!(!is_tag_text("a*b"));
        assert_eq!(identity(Some("jane@example.com\n"), "*"), Err(Deny::IdentityUnfit));
    }
}
