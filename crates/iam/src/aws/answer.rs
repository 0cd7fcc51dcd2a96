//! What stands in IAM's answers.

use percent_encoding::percent_decode_str;

use super::fault::Call;
use crate::error::IamError;

/// IAM answered without something that its reference says is always there.
pub(super) fn absent(call: &Call<'_>, what: &str) -> IamError {
    call.refused(format!("the answer has no {what}"))
}

/// A policy document without its URL encoding, which is RFC 3986's (IAM API reference, `Role`): a `+` is
/// a `+`. What is no encoding is an error, and nothing is guessed: the document decides who gets in.
pub(super) fn decoded(text: &str) -> Result<String, String> {
    let mut parts = text.split('%');
    // What stands before the first `%`.
    parts.next();
    for part in parts {
        if !matches!(part.as_bytes(), [high, low, ..] if high.is_ascii_hexdigit() && low.is_ascii_hexdigit()) {
            return Err("a `%` in it is not followed by two hexadecimal digits".to_owned());
        }
    }
    let decoded = percent_decode_str(text).decode_utf8().map_err(|error| format!("it is not UTF-8: {error}"))?;
    Ok(decoded.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_encoding_is_undone_once() {
        assert_eq!(decoded("%7B%22a%22%3A%20%22%C3%A9%25+%2B%22%7D").unwrap(), "{\"a\": \"é%++\"}");
        assert_eq!(decoded("%257B").unwrap(), "%7B");
        assert_eq!(decoded("{}").unwrap(), "{}");
        assert_eq!(decoded("").unwrap(), "");
    }

    #[test]
    fn what_is_no_encoding_is_an_error() {
        for text in ["%", "%7", "%7Bx%g0", "%é0", "a%%20", "%-1", "%+1"] {
            assert!(decoded(text).is_err(), "{text}");
        }
        assert!(decoded("%ff%fe").unwrap_err().contains("not UTF-8"));
    }
}
