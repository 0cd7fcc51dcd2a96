//! SAML metadata of an identity provider: who signs, and with which keys.
//!
//! IAM takes the document as it is, in every account, and whoever has one of its signing keys can sign
//! people in. So what it says of itself is known before it goes anywhere: its entity id, by which one
//! identity provider is told from another, and its certificates, of which people hear when they change.
//!
//! A document comes from outside and is read before anybody is permitted anything. A document type
//! definition, with which a small document can become a large one, is refused without being read; what
//! costs the reader more than the document's length is limited.

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use roxmltree::{Document, Node, ParsingOptions};
use sha2::{Digest, Sha256};

use crate::problem::shown;

/// The most signing certificates of a document (IAM quotas, keys per SAML provider).
pub const MAX_CERTIFICATES: usize = 10;

/// The longest entity id, in characters (SAML 2.0 Core, 8.3.6).
pub const MAX_ENTITY_ID: usize = 1_024;

/// The most nodes of a document. Okta's has a dozen elements; with a description of every claim, as
/// other identity providers give it, there are some hundreds.
const MAX_NODES: u32 = 20_000;
/// The most `=`, of which each attribute has one: the reader compares the attributes of an element one
/// by one.
const MAX_EQUALS: usize = 5_000;
/// The most declarations of namespaces: the reader hands each one down to every element below.
const MAX_NAMESPACES: usize = 100;

const METADATA: &str = "urn:oasis:names:tc:SAML:2.0:metadata";
const SIGNATURES: &str = "http://www.w3.org/2000/09/xmldsig#";

/// What a SAML metadata document says of its identity provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SamlMetadata {
    /// The identity provider's entity id, the issuer of its assertions.
    pub entity_id: String,
    /// SHA-256 of each signing certificate in DER, in hex. There is at least one.
    pub certificates: BTreeSet<String>,
}

/// Why a document is not the SAML metadata of one identity provider.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MetadataError {
    /// A document type definition.
    #[error("SAML metadata with a DTD is not read: take `<!DOCTYPE …>` out of the document")]
    Dtd,
    /// More than the reader is given.
    #[error("SAML metadata with more than {most} {what} is not read: give the identity provider's own metadata alone")]
    TooMuch {
        /// What there is too much of.
        what: &'static str,
        /// The most of it.
        most: usize,
    },
    /// Not XML.
    #[error("SAML metadata is not XML, {0}: give the document as Okta shows it, from its first `<` to its last `>`")]
    NotXml(String),
    /// Several entities in one document.
    #[error("SAML metadata is an `EntitiesDescriptor`: give the one `EntityDescriptor` of the app's identity provider")]
    Several,
    /// XML of another kind.
    #[error("SAML metadata is `{0}`, and an `EntityDescriptor` of `{METADATA}` is expected")]
    OtherRoot(String),
    /// No entity id, or one that is none.
    #[error("SAML metadata has an `entityID` that {0}: give the document as Okta shows it")]
    EntityId(&'static str),
    /// The metadata of something that is no identity provider.
    #[error(
        "SAML metadata has no `IDPSSODescriptor`: it is not an identity provider's; give that of the app in Okta, and \
         not that of a service"
    )]
    NoIdentityProvider,
    /// No key that assertions could be signed with.
    #[error(
        "SAML metadata has no signing certificate: an `X509Certificate` in a `KeyDescriptor` for `signing` is expected"
    )]
    NoCertificate,
    /// A certificate that cannot be read.
    #[error("signing certificate {place} of the SAML metadata {why}: give the document as Okta shows it")]
    Certificate {
        /// Which one, from 1.
        place: usize,
        /// What is wrong with it.
        why: &'static str,
    },
}

impl SamlMetadata {
    /// Reads the metadata document of one identity provider.
    ///
    /// # Errors
    /// [`MetadataError`] if it is no XML or has a DTD, is of several entities or of none, has no
    /// `IDPSSODescriptor`, or not 1 to [`MAX_CERTIFICATES`] signing certificates that can be read.
    pub fn parse(document: &str) -> Result<Self, MetadataError> {
        for (what, pattern, most) in
            [("equals signs", "=", MAX_EQUALS), ("declarations of namespaces", "xmlns", MAX_NAMESPACES)]
        {
            if document.matches(pattern).nth(most).is_some() {
                return Err(MetadataError::TooMuch { what, most });
            }
        }
        let options = ParsingOptions { allow_dtd: false, nodes_limit: MAX_NODES, ..ParsingOptions::default() };
        let parsed = Document::parse_with_options(document, options).map_err(|error| match error {
            roxmltree::Error::DtdDetected => MetadataError::Dtd,
            roxmltree::Error::NodesLimitReached => MetadataError::TooMuch { what: "nodes", most: MAX_NODES as usize },
            other => MetadataError::NotXml(shown(&other.to_string())),
        })?;
        let root = parsed.root_element();
        if root.has_tag_name((METADATA, "EntitiesDescriptor")) {
            return Err(MetadataError::Several);
        }
        if !root.has_tag_name((METADATA, "EntityDescriptor")) {
            return Err(MetadataError::OtherRoot(shown(root.tag_name().name())));
        }
        let entity_id = entity_id(root)?;
        let providers: Vec<Node<'_, '_>> =
            root.children().filter(|child| child.has_tag_name((METADATA, "IDPSSODescriptor"))).collect();
        if providers.is_empty() {
            return Err(MetadataError::NoIdentityProvider);
        }
        let keys = providers.iter().flat_map(Node::children).filter(|child| signs(*child));
        let found: Vec<Node<'_, '_>> = keys
            .flat_map(|key| key.descendants())
            .filter(|node| node.has_tag_name((SIGNATURES, "X509Certificate")))
            .collect();
        if found.is_empty() {
            return Err(MetadataError::NoCertificate);
        }
        let mut certificates = BTreeSet::new();
        for (n, node) in found.into_iter().enumerate() {
            let fingerprint = fingerprint(node).map_err(|why| MetadataError::Certificate { place: n + 1, why })?;
            certificates.insert(fingerprint);
            if certificates.len() > MAX_CERTIFICATES {
                return Err(MetadataError::TooMuch { what: "signing certificates", most: MAX_CERTIFICATES });
            }
        }
        Ok(Self { entity_id, certificates })
    }
}

fn entity_id(root: Node<'_, '_>) -> Result<String, MetadataError> {
    let id = root.attribute("entityID").ok_or(MetadataError::EntityId("is not there"))?;
    let why = if id.is_empty() {
        "is empty"
    } else if id.chars().nth(MAX_ENTITY_ID).is_some() {
        "is longer than 1024 characters"
    } else if id.chars().any(|c| c.is_whitespace() || c.is_control()) {
        "has white space or a control character"
    } else {
        return Ok(id.to_owned());
    };
    Err(MetadataError::EntityId(why))
}

/// Whether a key is one that assertions are signed with: without a `use` it is for everything (SAML 2.0
/// Metadata, 2.4.1.1).
fn signs(node: Node<'_, '_>) -> bool {
    node.has_tag_name((METADATA, "KeyDescriptor")) && node.attribute("use").is_none_or(|used| used == "signing")
}

/// SHA-256 of a certificate in DER, in hex.
fn fingerprint(node: Node<'_, '_>) -> Result<String, &'static str> {
    // Readers of XML differ in what they make of text with something else in between.
    if !node.children().all(|child| child.is_text()) {
        return Err("has something else than text in it");
    }
    let text: String = node.children().filter_map(|child| child.text()).collect();
    let base64: String = text.chars().filter(|c| !c.is_ascii_whitespace()).collect();
    if base64.is_empty() {
        return Err("is empty");
    }
    let der = STANDARD.decode(base64).map_err(|_| "is not base64")?;
    if !is_whole(&der) {
        return Err("is not one whole certificate in DER");
    }
    Ok(Sha256::digest(&der).iter().fold(String::new(), |hex, byte| format!("{hex}{byte:02x}")))
}

/// Whether bytes are one value of ASN.1, a sequence, to the last byte (X.690, 8.1): a certificate that was
/// cut short is not.
fn is_whole(der: &[u8]) -> bool {
    let [0x30, first, rest @ ..] = der else { return false };
    let (length, value) = match first {
        0x81..=0x84 => {
            let Some((length, value)) = rest.split_at_checked(usize::from(first - 0x80)) else { return false };
            (length.iter().fold(0_usize, |sum, byte| sum * 256 + usize::from(*byte)), value)
        }
        0x00..=0x7f => (usize::from(*first), rest),
        _ => return false,
    };
    length == value.len() && length > 0
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A value that looks like a certificate: a sequence of these many bytes.
    fn certificate(seed: u8, length: u16) -> String {
        let [high, low] = length.to_be_bytes();
        let mut der = vec![0x30, 0x82, high, low];
        der.extend((0..length).map(|n| seed ^ (n % 251) as u8));
        STANDARD.encode(der)
    }

    fn key(used: &str, certificate: &str) -> String {
        format!(
            "<md:KeyDescriptor{used}><ds:KeyInfo xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\"><ds:X509Data>\
             <ds:X509Certificate>{certificate}</ds:X509Certificate></ds:X509Data></ds:KeyInfo></md:KeyDescriptor>"
        )
    }

    /// Metadata as Okta shows it.
    fn okta(keys: &str) -> String {
        format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?><md:EntityDescriptor entityID=\"http://www.okta.com/exk1fcia6d6EMsf331d8\" \
             xmlns:md=\"urn:oasis:names:tc:SAML:2.0:metadata\"><md:IDPSSODescriptor WantAuthnRequestsSigned=\"false\" \
             protocolSupportEnumeration=\"urn:oasis:names:tc:SAML:2.0:protocol\">{keys}<md:NameIDFormat>\
             urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified</md:NameIDFormat><md:SingleSignOnService \
             Binding=\"urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST\" Location=\"https://example.okta.com/app/x/sso/saml\"/>\
             </md:IDPSSODescriptor></md:EntityDescriptor>"
        )
    }

    fn signing(seed: u8) -> String {
        key(" use=\"signing\"", &certificate(seed, 800))
    }

    fn error(document: &str) -> MetadataError {
        SamlMetadata::parse(document).expect_err(document)
    }

    #[test]
    fn a_document_of_okta_says_who_signs_and_with_what() {
        let read = SamlMetadata::parse(&okta(&signing(7))).unwrap();
        assert_eq!(read.entity_id, "http://www.okta.com/exk1fcia6d6EMsf331d8");
        let der = STANDARD.decode(certificate(7, 800)).unwrap();
        let expected = Sha256::digest(&der).iter().fold(String::new(), |hex, byte| format!("{hex}{byte:02x}"));
        assert_eq!(read.certificates, [expected].into());
    }

    #[test]
    fn lines_prefixes_and_the_order_of_keys_make_no_difference() {
        let plain = SamlMetadata::parse(&okta(&format!("{}{}", signing(7), signing(8)))).unwrap();
        assert_eq!(plain.certificates.len(), 2);
        let text = certificate(7, 800);
        let (a, b) = text.split_at(76);
        let broken = format!("\r\n  {a}\n\t{b}\n");
        let turned = okta(&format!("{}{}", signing(8), key("", &broken)));
        assert_eq!(SamlMetadata::parse(&turned).unwrap(), plain, "without a use, a key is for everything");
        let other_prefix = turned.replace("md:", "").replace("xmlns:md", "xmlns");
        assert_eq!(SamlMetadata::parse(&other_prefix).unwrap(), plain);
        let marked = turned.replacen("<?xml", "\u{feff}<?xml", 1);
        assert_eq!(SamlMetadata::parse(&marked).unwrap(), plain);
    }

    #[test]
    fn keys_that_sign_no_assertions_do_not_count() {
        let encryption = key(" use=\"encryption\"", &certificate(9, 800));
        let both = SamlMetadata::parse(&okta(&format!("{encryption}{}", signing(7)))).unwrap();
        assert_eq!(both, SamlMetadata::parse(&okta(&signing(7))).unwrap());
        assert_eq!(error(&okta(&encryption)), MetadataError::NoCertificate);
        assert_eq!(error(&okta("")), MetadataError::NoCertificate);
        let foreign = signing(7).replace("http://www.w3.org/2000/09/xmldsig#", "urn:x");
        assert_eq!(error(&okta(&foreign)), MetadataError::NoCertificate);
        // Those of a service in the same document are not the identity provider's.
        let service = format!("<md:SPSSODescriptor>{}</md:SPSSODescriptor></md:EntityDescriptor>", signing(9));
        let both = okta(&signing(7)).replace("</md:EntityDescriptor>", &service);
        assert_eq!(SamlMetadata::parse(&both).unwrap(), SamlMetadata::parse(&okta(&signing(7))).unwrap());
    }

    #[test]
    fn what_is_no_identity_providers_metadata_is_refused() {
        let good = okta(&signing(7));
        for (document, says) in [
            (String::new(), "is not XML"),
            ("not XML".to_owned(), "is not XML"),
            (good.trim_end_matches('>').to_owned(), "is not XML"),
            (format!("{good}<x/>"), "is not XML"),
            (good.replace(" entityID", " ID"), "an `entityID` that is not there"),
            (good.replace("http://www.okta.com/exk1fcia6d6EMsf331d8", ""), "an `entityID` that is empty"),
            (good.replace("http://www.okta", "http://www okta"), "an `entityID` that has white space"),
            (good.replace("exk1", &"x".repeat(1_025)), "an `entityID` that is longer than 1024"),
            (good.replace("md:EntityDescriptor", "md:EntitiesDescriptor"), "is an `EntitiesDescriptor`"),
            (
                good.replace("SAML:2.0:metadata", "SAML:1.0:metadata"),
                "is `EntityDescriptor`, and an `EntityDescriptor` of `urn",
            ),
            ("<html/>".to_owned(), "is `html`"),
            (good.replace("IDPSSODescriptor", "SPSSODescriptor"), "has no `IDPSSODescriptor`"),
        ] {
            let error = error(&document).to_string();
            assert!(error.contains(says), "{error}");
        }
    }

    #[test]
    fn a_certificate_that_is_damaged_is_refused() {
        let good = certificate(8, 800);
        for (bad, says) in [
            (String::new(), "is empty"),
            ("-----BEGIN CERTIFICATE-----".to_owned(), "is not base64"),
            (good.get(..good.len() - 8).unwrap().to_owned(), "is not one whole"),
            (format!("{}AAAA", good.trim_end_matches('=')), "is not"),
            (STANDARD.encode([0x31, 1, 0]), "is not one whole"),
            (STANDARD.encode([0x30, 0x80, 0, 0]), "is not one whole"),
            (STANDARD.encode([0x30, 0x85, 0, 0, 0, 0, 1, 0]), "is not one whole"),
            (STANDARD.encode([0x30, 0x82, 1]), "is not one whole"),
            (STANDARD.encode([0x30, 0]), "is not one whole"),
            (good.replacen('A', "<!-- x -->A", 1), "has something else"),
        ] {
            let keys = format!("{}{}", signing(7), key(" use=\"signing\"", &bad));
            let error = error(&okta(&keys)).to_string();
            assert!(error.starts_with("signing certificate 2 of") && error.contains(says), "{error}");
        }
    }

    #[test]
    fn a_small_document_cannot_become_a_large_one() {
        let laughs = (1..10).fold(String::from("<!ENTITY a0 \"lol\">"), |text, n| {
            format!("{text}<!ENTITY a{n} \"{}\">", format!("&a{};", n - 1).repeat(10))
        });
        let body = okta(&signing(7)).replacen("<?xml version=\"1.0\" encoding=\"UTF-8\"?>", "", 1);
        for dtd in
            [format!("<!DOCTYPE x [{laughs}]>"), "<!DOCTYPE x>".into(), "<!DOCTYPE x SYSTEM \"file:///x\">".into()]
        {
            let document = format!("<?xml version=\"1.0\"?>\n<!-- x -->{dtd}{}", body.replace("exk1", "&a9;"));
            assert_eq!(error(&document), MetadataError::Dtd);
        }
        // Behind the place for it, it is no XML.
        let late = body.replacen("<md:IDP", &format!("<!DOCTYPE x [{laughs}]><md:IDP"), 1);
        assert!(matches!(error(&late), MetadataError::NotXml(_)));
        assert!(matches!(error(&body.replace("exk1", "&a9;")), MetadataError::NotXml(_)));
    }

    fn repeated(count: usize, make: impl Fn(usize) -> String) -> String {
        (0..count).map(make).collect::<Vec<_>>().concat()
    }

    #[test]
    fn what_would_keep_the_reader_busy_is_refused_at_once() {
        let began = std::time::Instant::now();
        let attributes: String = repeated(30_000, |n| format!(" a{n}=\"\""));
        let nested: String = repeated(20_000, |n| format!("<a xmlns:b{n}=\"u\">"));
        for (document, what) in [
            (okta(&format!("<a{attributes}/>")), "equals signs"),
            (okta(&nested), "equals signs"),
            (okta(&repeated(200, |n| format!("<a xmlns:b{n}=\"u\">"))), "declarations of namespaces"),
            (okta(&"<a/>".repeat(30_000)), "nodes"),
            (okta(&"<a>".repeat(80_000)), "nodes"),
            (okta(&(0..11).map(signing).collect::<String>()), "signing certificates"),
        ] {
            assert!(matches!(error(&document), MetadataError::TooMuch { what: found, .. } if found == what), "{what}");
        }
        let large = okta(&signing(7))
            .replace("</md:NameIDFormat>", &format!("<!--{}--></md:NameIDFormat>", "x".repeat(9_000_000)));
        assert!(SamlMetadata::parse(&large).is_ok());
        assert!(began.elapsed() < std::time::Duration::from_secs(20), "{:?}", began.elapsed());
    }

    #[test]
    fn what_is_repeated_of_a_document_is_cut() {
        let long = error(&format!("<{0}></x{0}>", "é".repeat(300))).to_string();
        assert!(long.chars().count() < 250, "{long}");
    }
}
