//! The decision as SAML attributes, and how long the assertion gets.

use crate::input::App;
use crate::outcome::{Access, Deny};

/// What the name of every attribute that AWS reads begins with.
pub const PREFIX: &str = "https://aws.amazon.com/SAML/Attributes/";

/// "The assertion is at most 100,000 base64 characters."
const MAX_BASE64: usize = 100_000;

/// What an assertion has beside its attributes: signatures, certificates, subject, conditions.
/// Measured assertions have up to 8 KB of it.
const ENVELOPE: usize = 10_000;

/// The attributes that AWS reads, each name with its values.
#[must_use]
pub fn attributes(app: &App, access: &Access) -> Vec<(String, Vec<String>)> {
    // "Roles become sorted `role,provider` pairs", "role and provider in the same account".
    let pairs = access.roles.iter().map(|role| format!("{role},{}", provider(role, &app.provider))).collect();
    let mut attributes = vec![
        ("Role".to_owned(), pairs),
        ("RoleSessionName".to_owned(), vec![access.identity.clone()]),
        ("SourceIdentity".to_owned(), vec![access.identity.clone()]),
    ];
    // "One attribute per tag with exactly one value."
    for (key, value) in &access.tags {
        attributes.push((format!("PrincipalTag:{key}"), vec![value.clone()]));
    }
    attributes.push(("TransitiveTagKeys".to_owned(), access.transitive.iter().cloned().collect()));
    if let Some(seconds) = app.session_duration {
        attributes.push(("SessionDuration".to_owned(), vec![seconds.to_string()]));
    }
    attributes.into_iter().map(|(name, values)| (format!("{PREFIX}{name}"), values)).collect()
}

/// The ARN of a SAML provider in a role's account: everything before `:role/` stays.
fn provider(role: &str, name: &str) -> String {
    let account = role.split(":role/").next().unwrap_or_default();
    format!("{account}:saml-provider/{name}")
}

/// Writes the attributes out as Okta does, and counts.
///
/// # Errors
/// The denial, if AWS would not take the assertion.
pub fn check_size(base: &[(String, Vec<String>)], added: &[(String, Vec<String>)]) -> Result<(), Deny> {
    let bytes = assertion_bytes(base, added);
    // Every 3 bytes, and what is left of them at the end, become 4 characters.
    let base64 = bytes.div_ceil(3) * 4;
    if base64 > MAX_BASE64 { Err(Deny::AssertionTooLong(bytes)) } else { Ok(()) }
}

/// The bytes of an assertion with these attributes.
#[must_use]
pub fn assertion_bytes(base: &[(String, Vec<String>)], added: &[(String, Vec<String>)]) -> usize {
    let mut xml = String::new();
    for (name, values) in base.iter().chain(added) {
        xml += r#"<saml2:Attribute Name=""#;
        xml += &escaped(name);
        xml += r#"" NameFormat="urn:oasis:names:tc:SAML:2.0:attrname-format:uri">"#;
        for value in values {
            xml += r#"<saml2:AttributeValue xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="xs:string">"#;
            xml += &escaped(value);
            xml += "</saml2:AttributeValue>";
        }
        xml += "</saml2:Attribute>";
    }
    ENVELOPE + xml.len()
}

/// A text in XML, escaped in the longest of the usual ways.
fn escaped(text: &str) -> String {
    let reference = |c: char| format!("&#x{:02X};", u32::from(c));
    text.chars().fold(String::new(), |xml, c| match c {
        '&' | '<' | '>' | '"' | '\'' => xml + &reference(c),
        other => xml + other.encode_utf8(&mut [0; 4]),
    })
}
