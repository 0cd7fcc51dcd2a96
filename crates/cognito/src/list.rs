//! Attributes of several values, as Cognito writes them.
//!
//! A user pool's attribute is one text. Of a SAML attribute with several values Cognito makes
//! `[one,two]`, each value form-encoded; of a list in an OIDC provider's claim, JSON (Amazon Cognito
//! developer guide, "Things to know about SAML `IdPs`", "Mapping `IdP` attributes"). Any other text is one
//! value.

use std::borrow::Cow;

use percent_encoding::percent_decode_str;

/// Why a text in brackets is not a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("is in brackets, and neither a JSON list of strings nor a list of form-encoded values")]
pub struct NotAList;

/// The values of an attribute. Texts that are not encoded are not guessed at: the name of one group could
/// be read as those of several.
///
/// # Errors
/// [`NotAList`].
pub fn values(text: &str) -> Result<Vec<Cow<'_, str>>, NotAList> {
    let Some(inner) = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) else {
        return Ok(vec![Cow::Borrowed(text)]);
    };
    if inner.is_empty() {
        return Ok(Vec::new());
    }
    if let Ok(values) = serde_json::from_str::<Vec<String>>(text) {
        return Ok(values.into_iter().map(Cow::Owned).collect());
    }
    // One space may stand behind each comma.
    let elements = inner.split(',').enumerate();
    elements
        .map(|(index, element)| decoded(if index == 0 { element } else { element.trim_start_matches(' ') }))
        .collect()
}

/// A form-encoded value (URL standard, `application/x-www-form-urlencoded`), which is not empty.
fn decoded(element: &str) -> Result<Cow<'_, str>, NotAList> {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'*' | b'_' | b'+');
    let mut bytes = element.bytes();
    let mut is_whole = !element.is_empty();
    while let Some(byte) = bytes.next() {
        is_whole &= match byte {
            b'%' => [bytes.next(), bytes.next()].iter().all(|digit| digit.is_some_and(|d| d.is_ascii_hexdigit())),
            other => is_plain(other),
        };
    }
    if !is_whole {
        return Err(NotAList);
    }
    let spaced = element.replace('+', " ");
    percent_decode_str(&spaced).decode_utf8().map(|text| Cow::Owned(text.into_owned())).map_err(|_| NotAList)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_without_brackets_is_one_value_as_it_is() {
        for text in ["Clinical Readers", "a,b", "a+b", "%41", "", " [a]", "[a", "a]", "]["] {
            assert_eq!(values(text).unwrap(), [text]);
        }
    }

    #[test]
    fn lists_are_form_encoded_or_json() {
        for (text, expected) in [
            ("[]", &[][..]),
            ("[a]", &["a"]),
            ("[a,b]", &["a", "b"]),
            ("[a, b]", &["a", "b"]),
            ("[Clinical+Readers,VPN%20Users]", &["Clinical Readers", "VPN Users"]),
            ("[a%2Cb,c%5Bd%5D,%E6%97%A5]", &["a,b", "c[d]", "日"]),
            ("[00g1emaKYZTWRYYRRTSK,a.b-c_d*]", &["00g1emaKYZTWRYYRRTSK", "a.b-c_d*"]),
            (r#"["Clinical Readers","a,b"]"#, &["Clinical Readers", "a,b"]),
            (r#"[""]"#, &[""]),
        ] {
            assert_eq!(values(text).unwrap(), expected, "{text}");
        }
    }

    #[test]
    fn what_could_be_one_name_or_several_is_neither() {
        for text in [
            "[Clinical Readers, x]",
            "[a,,b]",
            "[,]",
            "[a b]",
            "[%4]",
            "[%zz]",
            "[%FF]",
            "[[a],b]",
            "[\"a]",
            "[7, {}]",
            "[ä]",
        ] {
            assert_eq!(values(text), Err(NotAList), "{text}");
        }
        // Digits alone are plain characters, and no JSON strings.
        assert_eq!(values("[7,8]").unwrap(), ["7", "8"]);
    }
}
