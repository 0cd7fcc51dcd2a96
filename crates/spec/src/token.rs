//! The decision as claims of tokens, nested and flat, and how long the token gets.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::input::App;
use crate::outcome::{Access, Length};

/// What the name of every claim that STS reads for itself begins with.
pub const PREFIX: &str = "https://aws.amazon.com/";

/// "A token is at most 20,000 characters."
pub const MAX_CHARACTERS: usize = 20_000;

/// What a token has beside its claims: header, signature and two dots. With an RSA key of 4,096 bits, the
/// longest that is usual, that is 683 characters of signature and some 200 of header.
const ENVELOPE: usize = 1_000;

/// "`"https://aws.amazon.com/tags": {"principal_tags": {"K": ["v"]}, "transitive_tag_keys": ["K"]}`; each
/// tag is a one-element array of strings. `"https://aws.amazon.com/source_identity": "user"`.
/// `"https://aws.amazon.com/roles"`, a string or an array of exact role ARNs." "An app can turn it off."
#[must_use]
pub fn nested(app: &App, access: &Access) -> Value {
    let tags: BTreeMap<&String, [&String; 1]> = access.tags.iter().map(|(key, value)| (key, [value])).collect();
    let mut claims = json!({
        "https://aws.amazon.com/tags": { "principal_tags": tags, "transitive_tag_keys": access.transitive },
        "https://aws.amazon.com/source_identity": access.identity,
    });
    if app.roles_claim
        && let Some(claims) = claims.as_object_mut()
    {
        claims.insert("https://aws.amazon.com/roles".to_owned(), json!(access.roles));
    }
    claims
}

/// The claims of an ID token that goes to an identity pool, as Cognito issues it: the roles are in
/// `cognito:roles`, and one of them, any, may be in `cognito:preferred_role` as well.
#[must_use]
pub fn flat(claims: &BTreeMap<String, String>, roles: &[String]) -> Value {
    let mut all = json!(claims);
    if let Some(all) = all.as_object_mut() {
        let longest = roles.iter().max_by_key(|role| written(&json!(role)).len());
        all.insert("cognito:roles".to_owned(), json!(roles));
        all.insert("cognito:preferred_role".to_owned(), json!(longest));
    }
    all
}

/// How long a token gets with these claims beside those it has.
///
/// The issuer writes the token, and nobody says how: with `/` or `\/`, with `ü` or `\u00fc`. So whoever
/// estimates must count at least what the longest of the usual ways takes: a token that is too long makes
/// STS refuse the sign-in, where a denial says why. And it must not count much more, or it denies what STS
/// would take: eight bytes for each text, and three for each character outside ASCII.
#[must_use]
pub fn length(base: &[(String, Vec<String>)], added: &Value) -> Length {
    let mut members = members_of(added);
    members.extend(base.iter().map(|(name, values)| {
        let value = match values.as_slice() {
            [one] => json!(one),
            other => json!(other),
        };
        (name.clone(), value)
    }));
    // A claim that is there already is counted twice: which of the two is longer, the issuer decides.
    let json = object(&members);
    let texts: Vec<String> = members.iter().flat_map(|(name, value)| texts(name, value)).collect();
    let foreign = texts.iter().flat_map(|text| text.chars()).filter(|c| !c.is_ascii()).count();
    Length {
        least: ENVELOPE + base64url(json.len()),
        most: ENVELOPE + base64url(json.len() + 8 * texts.len() + 3 * foreign) + 2,
    }
}

/// How many characters bytes become: every 3 become 4, and of 1 or 2 at the end each becomes one more than
/// it is. No padding.
fn base64url(bytes: usize) -> usize {
    (bytes * 4).div_ceil(3)
}

fn members_of(value: &Value) -> Vec<(String, Value)> {
    value.as_object().into_iter().flatten().map(|(name, value)| (name.clone(), value.clone())).collect()
}

/// A JSON text in the longest of the usual ways.
fn written(value: &Value) -> String {
    match value {
        Value::String(text) => quoted(text),
        Value::Array(elements) => format!("[{}]", elements.iter().map(written).collect::<Vec<_>>().join(",")),
        Value::Object(_) => object(&members_of(value)),
        other => other.to_string(),
    }
}

fn object(members: &[(String, Value)]) -> String {
    let members: Vec<_> = members.iter().map(|(name, value)| format!("{}:{}", quoted(name), written(value))).collect();
    format!("{{{}}}", members.join(","))
}

/// A text in quotes, all in ASCII, and `/` escaped, as JSON allows.
fn quoted(text: &str) -> String {
    let mut all = String::from('"');
    for c in text.chars() {
        match c {
            '"' | '\\' | '/' => all.extend(['\\', c]),
            ' '..='~' => all.push(c),
            other => all.extend(other.encode_utf16(&mut [0; 2]).iter().map(|unit| format!("\\u{unit:04x}"))),
        }
    }
    all + "\""
}

/// All texts of a member, its name included.
fn texts(name: &str, value: &Value) -> Vec<String> {
    let mut all = vec![name.to_owned()];
    match value {
        Value::String(text) => all.push(text.clone()),
        Value::Array(elements) => all.extend(elements.iter().filter_map(Value::as_str).map(str::to_owned)),
        Value::Object(_) => all.extend(members_of(value).iter().flat_map(|(name, value)| texts(name, value))),
        _ => {}
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_written_as_long_as_json_allows() {
        assert_eq!(written(&json!({"a/b": ["ü\n", "\"", 1.5]})), r#"{"a\/b":["\u00fc\u000a","\"",1.5]}"#);
        assert_eq!(written(&json!("😀")), r#""\ud83d\ude00""#);
        for value in [json!({"a/b": ["ü\n", "\\\""], "c": {"日": null}}), json!([[], {}, "\u{7f}"])] {
            assert_eq!(serde_json::from_str::<Value>(&written(&value)).unwrap(), value);
        }
    }

    #[test]
    fn three_bytes_are_four_characters() {
        // RFC 4648, section 10, without padding: "f" is "Zg", "fo" is "Zm8", "foo" is "Zm9v".
        assert_eq!([0, 1, 2, 3, 4].map(base64url), [0, 2, 3, 4, 6]);
    }
}
