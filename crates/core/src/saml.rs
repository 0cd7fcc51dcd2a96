//! The decision as SAML attributes, in the form that AWS's sign-in endpoint reads.

use crate::code::CodeHasher;
use crate::decision::{self, Access, Decision, Deny, Outcome, SignIn};

/// What the names of all attributes that AWS reads begin with.
pub const ATTRIBUTE_PREFIX: &str = "https://aws.amazon.com/SAML/Attributes/";

/// The longest assertion that AWS takes, in bytes of XML: 100,000 characters of base64
/// (`AssumeRoleWithSAML`, `SAMLAssertion`).
pub const MAX_ASSERTION_BYTES: usize = 75_000;

/// Reserved for what Okta adds around the attributes: the response, subject, conditions, two
/// signatures with their certificates. An estimate on the safe side; with it, some 235 roles of usual
/// length fit, as has been seen with Okta's assertions (225 to 275).
const ENVELOPE_BYTES: usize = 10_000;
/// `<saml2:Attribute Name="" NameFormat="urn:oasis:names:tc:SAML:2.0:attrname-format:uri">` and
/// its end tag.
const ATTRIBUTE_BYTES: usize = 104;
/// `<saml2:AttributeValue xmlns:xs="…" xmlns:xsi="…" xsi:type="xs:string">` and its end tag, as
/// Okta writes them on each value.
const VALUE_BYTES: usize = 164;

/// One attribute of an assertion.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attribute {
    /// The attribute's whole name.
    pub name: String,
    /// Its values; at least one.
    pub values: Vec<String>,
}

/// The assertion as Okta would send it without Signet.
#[derive(Debug, Clone, Default)]
pub struct BaseAssertion<'a> {
    /// Each attribute's name, with its values.
    pub attributes: Vec<(&'a str, Vec<&'a str>)>,
}

/// Whether an attribute's name is one that AWS reads, or one that differs from it only in case
/// or surrounding white space.
#[must_use]
pub fn is_aws_attribute(name: &str) -> bool {
    let prefix = ATTRIBUTE_PREFIX.as_bytes();
    name.trim().as_bytes().get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix))
}

/// Decides a sign-in to a SAML app, and renders what it gets.
///
/// The attributes are empty unless the outcome is access.
#[must_use]
pub fn decide<'a, H: CodeHasher + ?Sized>(
    sign_in: &SignIn<'a>,
    base: &BaseAssertion<'_>,
    hasher: &H,
) -> (Decision<'a>, Vec<Attribute>) {
    let mut decision = decision::decide(sign_in, hasher);
    if let Some((name, _)) = base.attributes.iter().filter(|(name, _)| is_aws_attribute(name)).min() {
        decision.withhold(Deny::BaseAssertion { name: (*name).to_owned() });
    }
    let Outcome::Access(access) = &decision.outcome else {
        return (decision, Vec::new());
    };
    let attributes = attributes(access);
    let bytes = assertion_bytes(base, &attributes);
    if bytes > MAX_ASSERTION_BYTES {
        decision.outcome = Outcome::Deny(Deny::AssertionTooLong { bytes, limit: MAX_ASSERTION_BYTES });
        return (decision, Vec::new());
    }
    (decision, attributes)
}

fn attributes(access: &Access<'_>) -> Vec<Attribute> {
    let attribute = |name: &str, values: Vec<String>| Attribute { name: format!("{ATTRIBUTE_PREFIX}{name}"), values };
    let identity = access.identity.as_str();
    let roles = access.roles.iter().map(|role| format!("{role},{}", role.saml_provider(access.provider)));
    let mut attributes = vec![
        attribute("Role", roles.collect()),
        attribute("RoleSessionName", vec![identity.to_owned()]),
        attribute("SourceIdentity", vec![identity.to_owned()]),
    ];
    for tag in &access.tags {
        attributes.push(attribute(&format!("PrincipalTag:{}", tag.key), vec![tag.value.clone()]));
    }
    attributes.push(attribute("TransitiveTagKeys", access.transitive.clone()));
    if let Some(duration) = access.session_duration {
        attributes.push(attribute("SessionDuration", vec![duration.seconds().to_string()]));
    }
    attributes
}

/// The size of the whole assertion in bytes of XML, estimated on the safe side.
fn assertion_bytes(base: &BaseAssertion<'_>, attributes: &[Attribute]) -> usize {
    let given = base.attributes.iter().map(|(name, values)| attribute_bytes(name, values.iter().copied()));
    let added = attributes.iter().map(|a| attribute_bytes(&a.name, a.values.iter().map(String::as_str)));
    ENVELOPE_BYTES + given.chain(added).sum::<usize>()
}

fn attribute_bytes<'v>(name: &str, values: impl Iterator<Item = &'v str>) -> usize {
    ATTRIBUTE_BYTES + escaped_bytes(name) + values.map(|value| VALUE_BYTES + escaped_bytes(value)).sum::<usize>()
}

/// The length of a text in XML; the longest escapes are `&quot;` and `&apos;`.
fn escaped_bytes(text: &str) -> usize {
    text.bytes().map(|byte| if matches!(byte, b'&' | b'<' | b'>' | b'"' | b'\'') { 6 } else { 1 }).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_below_the_prefix_are_aws_attributes_in_any_case() {
        for name in [
            "https://aws.amazon.com/SAML/Attributes/Role",
            "HTTPS://AWS.amazon.com/saml/attributes/role",
            "https://aws.amazon.com/SAML/Attributes/Anything",
            "https://aws.amazon.com/SAML/Attributes/",
            " https://aws.amazon.com/SAML/Attributes/Role\n",
        ] {
            assert!(is_aws_attribute(name), "{name:?}");
        }
        for name in ["", "Role", "groups", "https://aws.amazon.com/SAML/Attributes", "ähttps://aws.amazon.com/SAML/"] {
            assert!(!is_aws_attribute(name), "{name:?}");
        }
    }
}
