//! The assertion as XML, in the form in which Okta sends it to AWS.

use std::io;

use quick_xml::Writer;
use quick_xml::events::{BytesDecl, BytesText, Event};
use serde_json::Value;

type Xml = Writer<Vec<u8>>;

const PROTOCOL: (&str, &str) = ("xmlns:saml2p", "urn:oasis:names:tc:SAML:2.0:protocol");
const ASSERTION: (&str, &str) = ("xmlns:saml2", "urn:oasis:names:tc:SAML:2.0:assertion");
const SCHEMA: [(&str, &str); 2] =
    [("xmlns:xs", "http://www.w3.org/2001/XMLSchema"), ("xmlns:xsi", "http://www.w3.org/2001/XMLSchema-instance")];
/// The response and the assertion are signed, each with its certificate: so much of it in bytes.
const SIGNATURE_BYTES: usize = 3_000;

/// Renders the `data.assertion` of a hook's request, changed or not, as the response that the
/// browser takes to AWS. The signatures are of the right size, and are none.
pub fn xml(assertion: &Value) -> String {
    let mut writer = Writer::new(Vec::new());
    writer.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None))).unwrap();
    writer
        .create_element("saml2p:Response")
        .with_attributes([PROTOCOL, ("ID", "id1"), ("Version", "2.0"), ("IssueInstant", "2026-08-01T07:00:00.000Z")])
        .write_inner_content(|w| {
            signature(w)?;
            w.create_element("saml2:Assertion")
                .with_attributes([ASSERTION, ("ID", "id2"), ("Version", "2.0")])
                .write_inner_content(|w| {
                    signature(w)?;
                    subject(w, &assertion["subject"])?;
                    conditions(w, &assertion["conditions"])?;
                    attributes(w, &assertion["claims"])
                })?;
            Ok(())
        })
        .unwrap();
    String::from_utf8(writer.into_inner()).unwrap()
}

fn signature(w: &mut Xml) -> io::Result<()> {
    w.create_element("ds:Signature")
        .with_attribute(("xmlns:ds", "http://www.w3.org/2000/09/xmldsig#"))
        .write_text_content(BytesText::new(&"A".repeat(SIGNATURE_BYTES)))?;
    Ok(())
}

fn subject(w: &mut Xml, subject: &Value) -> io::Result<()> {
    w.create_element("saml2:Subject").write_inner_content(|w| {
        w.create_element("saml2:NameID")
            .with_attribute(("Format", text(&subject["nameFormat"]).as_str()))
            .write_text_content(BytesText::new(&text(&subject["nameId"])))?;
        let confirmation = &subject["confirmation"];
        w.create_element("saml2:SubjectConfirmation")
            .with_attribute(("Method", text(&confirmation["method"]).as_str()))
            .write_inner_content(|w| {
                w.create_element("saml2:SubjectConfirmationData")
                    .with_attribute(("Recipient", text(&confirmation["data"]["recipient"]).as_str()))
                    .write_empty()?;
                Ok(())
            })?;
        Ok(())
    })?;
    Ok(())
}

fn conditions(w: &mut Xml, conditions: &Value) -> io::Result<()> {
    w.create_element("saml2:Conditions").write_inner_content(|w| {
        w.create_element("saml2:AudienceRestriction").write_inner_content(|w| {
            for audience in conditions["audienceRestriction"].as_array().into_iter().flatten() {
                w.create_element("saml2:Audience").write_text_content(BytesText::new(&text(audience)))?;
            }
            Ok(())
        })?;
        Ok(())
    })?;
    Ok(())
}

fn attributes(w: &mut Xml, claims: &Value) -> io::Result<()> {
    w.create_element("saml2:AttributeStatement").write_inner_content(|w| {
        for (name, claim) in claims.as_object().into_iter().flatten() {
            w.create_element("saml2:Attribute")
                .with_attribute(("Name", writable(name).as_str()))
                .with_attribute(("NameFormat", text(&claim["attributes"]["NameFormat"]).as_str()))
                .write_inner_content(|w| {
                    for value in claim["attributeValues"].as_array().into_iter().flatten() {
                        w.create_element("saml2:AttributeValue")
                            .with_attributes(SCHEMA)
                            .with_attribute(("xsi:type", text(&value["attributes"]["xsi:type"]).as_str()))
                            .write_text_content(BytesText::new(&text(&value["value"])))?;
                    }
                    Ok(())
                })?;
        }
        Ok(())
    })?;
    Ok(())
}

fn text(value: &Value) -> String {
    match value {
        Value::String(text) => writable(text),
        Value::Null => String::new(),
        other => writable(&other.to_string()),
    }
}

/// XML 1.0 has no place for most control characters, not even escaped.
fn writable(text: &str) -> String {
    let fits = |c: char| c >= ' ' && !matches!(c, '\u{fffe}' | '\u{ffff}') || matches!(c, '\t' | '\n' | '\r');
    text.chars().map(|c| if fits(c) { c } else { '\u{fffd}' }).collect()
}
