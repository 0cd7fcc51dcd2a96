//! What AWS makes of an assertion: the rules of `AssumeRoleWithSAML`, and of a trust policy's
//! conditions, written from AWS's documentation (IAM User Guide, "Configure SAML assertions for the
//! authentication response"; STS API reference).

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use regex::Regex;
use roxmltree::{Document, Node};

const SAML: &str = "urn:oasis:names:tc:SAML:2.0:assertion";
const PREFIX: &str = "https://aws.amazon.com/SAML/Attributes/";
const TAG: &str = "PrincipalTag:";

/// What AWS takes from an assertion.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// The roles that are offered, each with the provider that vouches for it, in order.
    pub roles: Vec<(String, String)>,
    /// The role session's name.
    pub name: String,
    /// The source identity.
    pub source_identity: Option<String>,
    /// The session tags.
    pub tags: BTreeMap<String, String>,
    /// The keys of the tags that role chaining cannot override.
    pub transitive: BTreeSet<String>,
    /// How long the role session lasts, in seconds.
    pub duration: Option<u32>,
    /// Whom the assertion is for: the condition key `SAML:aud`.
    pub audience: String,
}

/// Why AWS refuses an assertion, or a role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal(pub String);

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The conditions under which a role's trust policy lets somebody in.
#[derive(Debug, Clone)]
pub struct Trust<'a> {
    /// The provider's name.
    pub provider: &'a str,
    /// `SAML:aud`.
    pub audience: &'a str,
    /// The codes of which `aws:RequestTag/GroupHash` must have one.
    pub codes: &'a [&'a str],
    /// The pattern of `sts:SourceIdentity`.
    pub identity: &'a str,
}

/// Reads an assertion as STS does.
///
/// # Errors
/// The first rule that it breaks.
pub fn federate(xml: &str) -> Result<Session, Refusal> {
    let length = STANDARD.encode(xml).len();
    demand(length <= 100_000, || format!("the assertion has {length} characters in base64"))?;
    let document = Document::parse(xml).map_err(|error| Refusal(format!("not XML: {error}")))?;
    let attributes = attributes(&document)?;
    let session = Session {
        roles: roles(&values(&attributes, "Role")?)?,
        name: one(&attributes, "RoleSessionName")?.ok_or_else(|| Refusal("no RoleSessionName".to_owned()))?,
        source_identity: one(&attributes, "SourceIdentity")?,
        tags: tags(&attributes)?,
        transitive: values(&attributes, "TransitiveTagKeys")?.into_iter().collect(),
        duration: one(&attributes, "SessionDuration")?.map(|text| duration(&text)).transpose()?,
        audience: recipient(&document),
    };
    demand(is_name(&session.name), || format!("RoleSessionName `{}`", session.name))?;
    if let Some(identity) = &session.source_identity {
        demand(is_name(identity) && !identity.starts_with("aws:"), || format!("SourceIdentity `{identity}`"))?;
    }
    let stray = session.transitive.iter().find(|key| !session.tags.contains_key(*key));
    demand(stray.is_none(), || format!("TransitiveTagKeys names `{}`, which is no tag", stray.unwrap()))?;
    Ok(session)
}

impl Session {
    /// Assumes an offered role, whose trust policy demands what every role with grants demands.
    ///
    /// # Errors
    /// The first condition that does not hold.
    pub fn assume(&self, role: &str, trust: &Trust<'_>) -> Result<(), Refusal> {
        let provider = self.roles.iter().find(|(offered, _)| offered == role).map(|(_, provider)| provider);
        let provider = provider.ok_or_else(|| Refusal(format!("`{role}` is not offered")))?;
        let account = role.split(':').nth(4).unwrap_or_default();
        let trusted = format!("arn:aws:iam::{account}:saml-provider/{}", trust.provider);
        demand(*provider == trusted, || format!("`{provider}` is not trusted"))?;
        demand(self.audience == trust.audience, || format!("SAML:aud is `{}`", self.audience))?;
        let hash = self.tags.get("GroupHash").ok_or_else(|| Refusal("no GroupHash".to_owned()))?;
        let has_one = trust.codes.iter().any(|code| like(&format!("*:{code}:*"), hash));
        demand(has_one, || format!("GroupHash `{hash}` has none of {:?}", trust.codes))?;
        demand(self.transitive.contains("GroupHash"), || "GroupHash is not transitive".to_owned())?;
        let identity = self.source_identity.as_deref().unwrap_or_default();
        demand(like(trust.identity, identity), || format!("sts:SourceIdentity is `{identity}`"))
    }

    /// The codes in the tag `GroupHash`, in order.
    pub fn codes(&self) -> Vec<&str> {
        let hash = self.tags.get("GroupHash").map(String::as_str).unwrap_or_default();
        hash.split(':').filter(|code| !code.is_empty()).collect()
    }

    /// The ARNs of the roles, in order.
    pub fn role_arns(&self) -> Vec<&str> {
        self.roles.iter().map(|(role, _)| role.as_str()).collect()
    }
}

/// `StringLike`: `*` is any number of characters, `?` is one. Case matters.
pub fn like(pattern: &str, text: &str) -> bool {
    let pattern = regex::escape(pattern).replace(r"\*", ".*").replace(r"\?", ".");
    form(&format!("(?s:{pattern})")).is_match(text)
}

/// A form that a whole text has.
fn form(pattern: &str) -> Regex {
    Regex::new(&format!(r"\A(?:{pattern})\z")).unwrap()
}

fn demand(holds: bool, otherwise: impl FnOnce() -> String) -> Result<(), Refusal> {
    if holds { Ok(()) } else { Err(Refusal(otherwise())) }
}

/// What is below AWS's prefix, by the rest of the name, each attribute once.
fn attributes(document: &Document<'_>) -> Result<BTreeMap<String, Vec<String>>, Refusal> {
    let mut found = BTreeMap::new();
    for attribute in document.descendants().filter(|node| node.has_tag_name((SAML, "Attribute"))) {
        let Some(name) = attribute.attribute("Name").and_then(|name| name.strip_prefix(PREFIX)) else { continue };
        let is_value = |node: &Node<'_, '_>| node.has_tag_name((SAML, "AttributeValue"));
        let texts = attribute.children().filter(is_value).map(|node| node.text().unwrap_or_default().to_owned());
        let doubled = found.insert(name.to_owned(), texts.collect()).is_some();
        demand(!doubled, || format!("two attributes `{name}`"))?;
    }
    Ok(found)
}

fn values(attributes: &BTreeMap<String, Vec<String>>, name: &str) -> Result<Vec<String>, Refusal> {
    let values = attributes.get(name).cloned().unwrap_or_default();
    demand(!attributes.contains_key(name) || !values.is_empty(), || format!("`{name}` has no value"))?;
    Ok(values)
}

fn one(attributes: &BTreeMap<String, Vec<String>>, name: &str) -> Result<Option<String>, Refusal> {
    let mut values = values(attributes, name)?;
    demand(values.len() <= 1, || format!("`{name}` has {} values", values.len()))?;
    Ok(values.pop())
}

fn roles(pairs: &[String]) -> Result<Vec<(String, String)>, Refusal> {
    let role = form(r"arn:aws(?:-[a-z]+)*:iam::([0-9]{12}):role/[A-Za-z0-9_+=,.@/-]{1,576}");
    let provider = form(r"arn:aws(?:-[a-z]+)*:iam::([0-9]{12}):saml-provider/[A-Za-z0-9_.-]{1,128}");
    let account = |kind: &Regex, arn: &str| kind.captures(arn).map(|found| found[1].to_owned());
    let mut roles = Vec::new();
    for pair in pairs {
        // A role's name may have commas; an ARN of the provider begins only once.
        let halves = pair.match_indices(",arn:").map(|(at, _)| (&pair[..at], &pair[at + 1..])).collect::<Vec<_>>();
        let [(first, second)] = halves.as_slice() else { return Err(Refusal(format!("Role `{pair}` is no pair"))) };
        let (arn, by) = if role.is_match(first) { (*first, *second) } else { (*second, *first) };
        let (of_role, of_provider) = (account(&role, arn), account(&provider, by));
        demand(of_role.is_some() && of_provider.is_some(), || format!("Role `{pair}` is no role and provider"))?;
        demand(of_role == of_provider, || format!("Role `{pair}` is of two accounts"))?;
        let doubled = roles.iter().any(|(other, _)| other == arn);
        demand(!doubled, || format!("Role `{arn}` is there twice"))?;
        roles.push((arn.to_owned(), by.to_owned()));
    }
    demand(!roles.is_empty(), || "no Role".to_owned())?;
    Ok(roles)
}

fn tags(attributes: &BTreeMap<String, Vec<String>>) -> Result<BTreeMap<String, String>, Refusal> {
    let characters = form(r"[\p{L}\p{Z}\p{N}_.:/=+\-@]*");
    let mut tags = BTreeMap::new();
    let mut keys = BTreeSet::new();
    for (name, values) in attributes {
        let Some(key) = name.strip_prefix(TAG) else { continue };
        let [value] = values.as_slice() else {
            return Err(Refusal(format!("tag `{key}` has {} values", values.len())));
        };
        let fits = |text: &str, length: std::ops::RangeInclusive<usize>| {
            length.contains(&text.encode_utf16().count()) && characters.is_match(text)
        };
        demand(fits(key, 1..=128), || format!("tag key `{key}`"))?;
        demand(fits(value, 0..=256), || format!("tag `{key}` is `{value}`"))?;
        demand(!key.to_lowercase().starts_with("aws:"), || format!("tag key `{key}` is reserved"))?;
        demand(keys.insert(key.to_lowercase()), || format!("tag key `{key}` is there in two cases"))?;
        tags.insert(key.to_owned(), value.clone());
    }
    demand(tags.len() <= 50, || format!("{} tags", tags.len()))?;
    Ok(tags)
}

fn is_name(text: &str) -> bool {
    form("[A-Za-z0-9_+=,.@-]{2,64}").is_match(text)
}

fn duration(text: &str) -> Result<u32, Refusal> {
    let seconds = text.parse().ok().filter(|seconds| (900..=43_200).contains(seconds));
    seconds.ok_or_else(|| Refusal(format!("SessionDuration `{text}`")))
}

fn recipient(document: &Document<'_>) -> String {
    let data = document.descendants().find(|node| node.has_tag_name((SAML, "SubjectConfirmationData")));
    data.and_then(|node| node.attribute("Recipient")).unwrap_or_default().to_owned()
}
