//! A SAML attribute as `add /claims/<name>` takes it.

use serde::{Serialize, Serializer};

/// How the name of a SAML attribute is to be read (SAML 2.0 core, §8.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum NameFormat {
    /// A URI, as the names of AWS's attributes are.
    Uri,
    /// A name that is a valid `xs:Name`.
    Basic,
    /// Left to the parties.
    Unspecified,
}

impl NameFormat {
    /// The URN on the wire.
    #[must_use]
    pub const fn urn(self) -> &'static str {
        match self {
            Self::Uri => "urn:oasis:names:tc:SAML:2.0:attrname-format:uri",
            Self::Basic => "urn:oasis:names:tc:SAML:2.0:attrname-format:basic",
            Self::Unspecified => "urn:oasis:names:tc:SAML:2.0:attrname-format:unspecified",
        }
    }
}

/// A SAML attribute with its values: what an operation adds as a claim.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SamlAttribute {
    /// How the attribute's name is to be read.
    pub name_format: NameFormat,
    /// The XML Schema type (`xs:string`, `xs:integer`, …) and the text of each value, in
    /// order.
    pub values: Vec<(String, String)>,
}

impl SamlAttribute {
    /// An attribute whose values are all of type `xs:string`.
    #[must_use]
    pub fn strings<T: Into<String>>(name_format: NameFormat, values: impl IntoIterator<Item = T>) -> Self {
        let typed = |value: T| ("xs:string".to_owned(), value.into());
        Self { name_format, values: values.into_iter().map(typed).collect() }
    }
}

// By way of structs, and not of a map: the members stand in the order of Okta's samples.
impl Serialize for SamlAttribute {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let wire_value = |(xsi_type, value)| WireValue { attributes: WireType { xsi_type }, value };
        WireAttribute {
            attributes: WireFormat { name_format: self.name_format.urn() },
            attribute_values: self.values.iter().map(|(t, v)| wire_value((t, v))).collect(),
        }
        .serialize(serializer)
    }
}

#[derive(Serialize)]
struct WireAttribute<'a> {
    attributes: WireFormat,
    #[serde(rename = "attributeValues")]
    attribute_values: Vec<WireValue<'a>>,
}

#[derive(Serialize)]
struct WireFormat {
    #[serde(rename = "NameFormat")]
    name_format: &'static str,
}

#[derive(Serialize)]
struct WireValue<'a> {
    attributes: WireType<'a>,
    value: &'a str,
}

#[derive(Serialize)]
struct WireType<'a> {
    #[serde(rename = "xsi:type")]
    xsi_type: &'a str,
}
