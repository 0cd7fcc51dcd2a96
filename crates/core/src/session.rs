//! Session tags, the limits AWS sets to them, and the `GroupHash` tag.
//!
//! The limits are those of STS (`AssumeRoleWithSAML`, `Tag`): a value outside them makes STS
//! refuse the whole sign-in, so none is ever emitted, and none is ever cut to fit.

use std::fmt;

use unicode_properties::{GeneralCategoryGroup, UnicodeGeneralCategory};

use crate::code::{CodeWidth, GroupCode};
use crate::invalid::InvalidValue;
use crate::text::shown;

/// The key of the tag that carries group codes.
pub const GROUP_HASH_TAG: &str = "GroupHash";
/// The key of the tag that carries the decision's id.
pub const DECISION_TAG: &str = "SignetDecision";
/// The most tags a session can have.
pub const MAX_TAGS: usize = 50;
/// The longest tag key, in characters.
pub const MAX_TAG_KEY: usize = 128;
/// The longest tag value, in characters, counted in UTF-16 units to be on the safe side.
pub const MAX_TAG_VALUE: usize = 256;

/// One session tag. Both parts fit AWS's rules.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionTag {
    /// The key.
    pub key: String,
    /// The value.
    pub value: String,
}

/// Why a value cannot be a session tag's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UnfitTag {
    /// The claim is absent, or its value is empty.
    Missing,
    /// The claim has several values; a session tag has exactly one.
    SeveralValues,
    /// The value is longer than [`MAX_TAG_VALUE`].
    TooLong,
    /// The value has a character outside `[\p{L}\p{Z}\p{N}_.:/=+\-@]`.
    Character,
}

impl UnfitTag {
    /// The reason as logs write it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::SeveralValues => "several_values",
            Self::TooLong => "too_long",
            Self::Character => "character",
        }
    }
}

/// The one value of a claim, if AWS takes it as a tag's value.
///
/// # Errors
/// [`UnfitTag`]. An empty value counts as missing: it would make a tag that says nothing.
pub fn tag_value<'v>(values: &[&'v str]) -> Result<&'v str, UnfitTag> {
    let value = match values {
        [] | [""] => return Err(UnfitTag::Missing),
        [value] => *value,
        _ => return Err(UnfitTag::SeveralValues),
    };
    if value.encode_utf16().count() > MAX_TAG_VALUE {
        return Err(UnfitTag::TooLong);
    }
    if !value.chars().all(is_tag_char) {
        return Err(UnfitTag::Character);
    }
    Ok(value)
}

/// Whether AWS takes a text as a tag's key: 1 to 128 characters of `[\p{L}\p{Z}\p{N}_.:/=+\-@]`.
#[must_use]
pub fn is_tag_key(key: &str) -> bool {
    !key.is_empty() && key.encode_utf16().count() <= MAX_TAG_KEY && key.chars().all(is_tag_char)
}

fn is_tag_char(c: char) -> bool {
    if c.is_ascii() {
        return c.is_ascii_alphanumeric() || matches!(c, ' ' | '_' | '.' | ':' | '/' | '=' | '+' | '-' | '@');
    }
    matches!(
        c.general_category_group(),
        GeneralCategoryGroup::Letter | GeneralCategoryGroup::Number | GeneralCategoryGroup::Separator
    )
}

/// How many codes of a width fit into one `GroupHash` value: 51 of four characters, which
/// with their colons are exactly 256.
#[must_use]
pub fn code_capacity(width: CodeWidth) -> usize {
    (MAX_TAG_VALUE - 1) / (width.get() + 1)
}

/// Renders codes as a `GroupHash` value: `:aaaa:bbbb:`.
///
/// Every code is enclosed: without separators a pattern `*abcd*` would also match across two
/// neighbouring codes, and such neighbours can be crafted.
#[must_use]
pub fn group_hash(codes: &[GroupCode]) -> String {
    let mut value = String::from(":");
    for code in codes {
        value.push_str(code.as_str());
        value.push(':');
    }
    value
}

/// Reads a `GroupHash` value as CloudTrail shows it.
///
/// # Errors
/// [`InvalidValue::GroupHash`] if it is not codes of one width, each enclosed in colons, or
/// [`InvalidValue::GroupCode`] if one of them is no code.
pub fn parse_group_hash(value: &str) -> Result<Vec<GroupCode>, InvalidValue> {
    let refuse = |why| InvalidValue::GroupHash { value: shown(value), why };
    let inner = value
        .strip_prefix(':')
        .and_then(|rest| rest.strip_suffix(':'))
        .ok_or_else(|| refuse("it does not begin and end with `:`"))?;
    let codes = inner.split(':').map(GroupCode::parse).collect::<Result<Vec<_>, _>>()?;
    let mut widths = codes.iter().map(|code| code.as_str().len());
    let first = widths.next();
    if widths.any(|width| Some(width) != first) {
        return Err(refuse("its codes are of different widths"));
    }
    Ok(codes)
}

/// The id of one decision: 26 characters of lower-case base32, from 128 random bits.
///
/// It travels in the session tag `SignetDecision`, so that CloudTrail's record of a role session
/// leads to the decision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DecisionId(String);

impl DecisionId {
    /// Makes an id of 16 random bytes.
    #[must_use]
    pub fn from_random(bytes: [u8; 16]) -> Self {
        Self(base32::encode(base32::Alphabet::Rfc4648Lower { padding: false }, &bytes))
    }

    /// The id.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for DecisionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn codes(texts: &[&str]) -> Vec<GroupCode> {
        texts.iter().map(|t| GroupCode::parse(t).unwrap()).collect()
    }

    #[test]
    fn fifty_one_codes_of_four_fill_the_tag_exactly() {
        assert_eq!(code_capacity(CodeWidth::DEFAULT), 51);
        assert_eq!(group_hash(&codes(&["aaaa"; 51])).len(), 256);
        for width in 4..=16 {
            let capacity = code_capacity(CodeWidth::new(width).unwrap());
            let longest = 1 + capacity * (usize::try_from(width).unwrap() + 1);
            assert!((MAX_TAG_VALUE - 16..=MAX_TAG_VALUE).contains(&longest), "width {width}: {longest}");
        }
    }

    #[test]
    fn group_hash_reads_and_writes_alike() {
        let some = codes(&["abcd", "efgh"]);
        assert_eq!(group_hash(&some), ":abcd:efgh:");
        assert_eq!(parse_group_hash(":abcd:efgh:").unwrap(), some);
        for bad in ["", ":", "::", "abcd", ":abcd", "abcd:", ":abcd::efgh:", ":abcd:efghi:", ":AB12:", ":ab*d:"] {
            assert!(parse_group_hash(bad).is_err(), "`{bad}` was taken");
        }
    }

    #[test]
    fn tag_values_are_those_that_aws_takes() {
        for fits in ["jane@example.com", "Größe 3/4", "日本 語", "a=b+c:d_e.f-g", "Ⅷ", "\u{a0}", "\u{2028}"] {
            assert_eq!(tag_value(&[fits]), Ok(fits));
        }
        for unfit in ["a*b", "tab\there", "line\nfeed", "nul\0", "😀", "semi;colon", "a,b", "e\u{301}", "\u{200b}"] {
            assert_eq!(tag_value(&[unfit]), Err(UnfitTag::Character), "{unfit:?}");
        }
        assert_eq!(tag_value(&[]), Err(UnfitTag::Missing));
        assert_eq!(tag_value(&[""]), Err(UnfitTag::Missing));
        assert_eq!(tag_value(&["a", "a"]), Err(UnfitTag::SeveralValues));
        assert_eq!(tag_value(&["x".repeat(256).as_str()]).unwrap().len(), 256);
        assert_eq!(tag_value(&["x".repeat(257).as_str()]), Err(UnfitTag::TooLong));
    }

    #[test]
    fn decision_ids_fit_a_tag() {
        let id = DecisionId::from_random([0xff; 16]);
        assert_eq!(id.as_str().len(), 26);
        assert!(tag_value(&[id.as_str()]).is_ok());
    }
}
