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

/// How a list is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// As the values of a SAML attribute.
    Encoded,
    /// As the list of an OIDC claim.
    Json,
}

/// How an attribute's list is written; none of a text that is one value, or an empty list.
#[must_use]
pub fn form(text: &str) -> Option<Form> {
    let inner = inner(text).filter(|inner| !inner.is_empty())?;
    Some(if inner.starts_with('"') { Form::Json } else { Form::Encoded })
}

/// The values of an attribute. Texts that are not encoded are not guessed at: the name of one group could
/// be read as those of several.
///
/// # Errors
/// [`NotAList`].
pub fn values(text: &str) -> Result<Vec<Cow<'_, str>>, NotAList> {
    let Some(inner) = inner(text) else { return Ok(vec![Cow::Borrowed(text)]) };
    match form(text) {
        None => Ok(Vec::new()),
        Some(Form::Json) => {
            let values = serde_json::from_str::<Vec<String>>(text).map_err(|_| NotAList)?;
            Ok(values.into_iter().map(Cow::Owned).collect())
        }
        Some(Form::Encoded) => {
            // A space may stand behind each comma.
            let bare = |(index, element)| if index == 0 { element } else { unspaced(element) };
            inner.split(',').enumerate().map(|element| decoded(bare(element))).collect()
        }
    }
}

/// What stands in an attribute's brackets, if it has them.
fn inner(text: &str) -> Option<&str> {
    text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'))
}

fn unspaced(element: &str) -> &str {
    element.strip_prefix(' ').unwrap_or(element)
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
        for (text, written) in [
            ("a", None),
            ("[]", None),
            ("[a,b]", Some(Form::Encoded)),
            ("[7]", Some(Form::Encoded)),
            (r#"["a"]"#, Some(Form::Json)),
        ] {
            assert_eq!(form(text), written, "{text}");
        }
        // Digits alone are plain characters, and no JSON strings.
        assert_eq!(values("[7,8]").unwrap(), ["7", "8"]);
    }
}
