//! What AWS makes of a token: the rules of `AssumeRoleWithWebIdentity` and of IAM's OIDC providers, written
//! from AWS's documentation (STS API reference; IAM User Guide, "Create an `OpenID` Connect identity provider",
//! "Passing session tags using `AssumeRoleWithWebIdentity`").

use std::collections::{BTreeMap, BTreeSet};

use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
use regex::Regex;
use serde_json::Value;
use signet_spec::trust::sign_in::{Proof, SignIn};

use crate::aws::Refusal;

const TAGS: &str = "https://aws.amazon.com/tags";
const SOURCE_IDENTITY: &str = "https://aws.amazon.com/source_identity";
const ROLES: &str = "https://aws.amazon.com/roles";
/// "Length Constraints: … Maximum length of 20000."
const LONGEST_TOKEN: usize = 20_000;

/// An OIDC provider in IAM: whom it takes tokens of, and for whom.
#[derive(Debug, Clone)]
pub struct Provider {
    /// The issuer's URL.
    pub url: String,
    /// The clients.
    pub client_ids: Vec<String>,
    /// The issuer's keys.
    pub jwks: Value,
}

/// What AWS takes from a token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebSession {
    /// The issuer, host and path.
    pub issuer: String,
    /// The audience.
    pub audience: String,
    /// The roles that the token is good for; none where it does not say.
    pub roles: Option<Vec<String>>,
    /// The session tags.
    pub tags: BTreeMap<String, String>,
    /// The keys of the tags that role chaining cannot override.
    pub transitive: BTreeSet<String>,
    /// The source identity.
    pub source_identity: Option<String>,
    /// Whom the token is about.
    pub subject: String,
}

impl Provider {
    /// Reads a token as STS does, at a moment in seconds since 1970.
    ///
    /// # Errors
    /// The first rule that it breaks.
    pub fn federate(&self, token: &str, now: u64) -> Result<WebSession, Refusal> {
        let refuse = |what: &str| Err(Refusal(what.to_owned()));
        if token.len() > LONGEST_TOKEN {
            return Err(Refusal(format!("the token has {} characters", token.len())));
        }
        let claims = self.verified(token)?;
        if claims["iss"].as_str() != Some(&self.url) {
            return refuse("iss is not the provider");
        }
        // "One audience": a list of several would need `azp`, which STS takes in their place.
        let audience = match &claims["aud"] {
            Value::String(audience) => audience.clone(),
            Value::Array(list) => match list.as_slice() {
                [Value::String(audience)] => audience.clone(),
                _ => return refuse("aud is not one audience"),
            },
            _ => return refuse("aud is not there"),
        };
        if !self.client_ids.contains(&audience) {
            return refuse("aud is no client of the provider");
        }
        let (Some(issued), Some(expires)) = (claims["iat"].as_u64(), claims["exp"].as_u64()) else {
            return refuse("iat and exp are not integers");
        };
        if expires <= now || issued > now + 300 {
            return refuse("the token has expired, or is of the future");
        }
        let Some(subject) = claims["sub"].as_str().filter(|subject| !subject.is_empty()) else {
            return refuse("no sub");
        };
        let (tags, transitive) = tags(&claims[TAGS])?;
        let source_identity = match &claims[SOURCE_IDENTITY] {
            Value::Null => None,
            Value::String(text) if form("[A-Za-z0-9_+=,.@-]{2,64}").is_match(text) => Some(text.clone()),
            _ => return refuse("source_identity is no name"),
        };
        Ok(WebSession {
            issuer: self.url.trim_start_matches("https://").to_owned(),
            audience,
            roles: roles(&claims[ROLES])?,
            tags,
            transitive,
            source_identity,
            subject: subject.to_owned(),
        })
    }

    /// The claims of a token that one of the keys has signed.
    fn verified(&self, token: &str) -> Result<Value, Refusal> {
        let wrong = |error: jsonwebtoken::errors::Error| Refusal(format!("the token is not the issuer's: {error}"));
        let header = decode_header(token).map_err(wrong)?;
        let no_keys = |error| Refusal(format!("the provider's keys cannot be read: {error}"));
        let keys: JwkSet = serde_json::from_value(self.jwks.clone()).map_err(no_keys)?;
        let key = header.kid.as_deref().and_then(|id| keys.find(id));
        let key = key.ok_or_else(|| Refusal("no such key".to_owned()))?;
        // What of the claims is to be demanded is demanded above, by the rules of STS.
        let mut validation = Validation::new(Algorithm::ES256);
        validation.required_spec_claims.clear();
        (validation.validate_exp, validation.validate_aud) = (false, false);
        Ok(decode::<Value>(token, &DecodingKey::from_jwk(key).map_err(wrong)?, &validation).map_err(wrong)?.claims)
    }
}

impl WebSession {
    /// The attempt to assume a role with the token.
    pub fn attempt(&self, role: &str) -> SignIn {
        let account = role.split(':').nth(4).unwrap();
        SignIn {
            role: role.to_owned(),
            provider: format!("arn:aws:iam::{account}:oidc-provider/{}", self.issuer),
            proof: Proof::Token {
                issuer: self.issuer.clone(),
                audience: self.audience.clone(),
                roles: self.roles.clone(),
                amr: Vec::new(),
            },
            tags: self.tags.clone(),
            transitive: self.transitive.clone(),
            source_identity: self.source_identity.clone(),
        }
    }

    /// The codes in the tag `GroupHash`, in order.
    pub fn codes(&self) -> Vec<&str> {
        codes(&self.tags)
    }
}

/// The codes in the tag `GroupHash`, in order.
pub fn codes(tags: &BTreeMap<String, String>) -> Vec<&str> {
    let hash = tags.get("GroupHash").map(String::as_str).unwrap_or_default();
    hash.split(':').filter(|code| !code.is_empty()).collect()
}

fn form(pattern: &str) -> Regex {
    Regex::new(&format!(r"\A(?:{pattern})\z")).unwrap()
}

/// "A string or an array of exact role ARNs."
fn roles(claim: &Value) -> Result<Option<Vec<String>>, Refusal> {
    let role = form(r"arn:aws(?:-[a-z]+)*:iam::[0-9]{12}:role/[A-Za-z0-9_+=,.@/-]{1,576}");
    let list = match claim {
        Value::Null => return Ok(None),
        Value::String(one) => vec![one.clone()],
        Value::Array(all) => all.iter().map(|one| one.as_str().unwrap_or_default().to_owned()).collect(),
        _ => return Err(Refusal("roles is neither a string nor a list".to_owned())),
    };
    match list.iter().find(|arn| !role.is_match(arn)) {
        Some(arn) => Err(Refusal(format!("roles has `{arn}`"))),
        None => Ok(Some(list)),
    }
}

/// A tag's text by its key, and the keys of the transitive ones.
type Tags = (BTreeMap<String, String>, BTreeSet<String>);

/// "Each tag is a one-element array of strings."
fn tags(claim: &Value) -> Result<Tags, Refusal> {
    let refuse = |what: String| Err(Refusal(what));
    let (mut tags, mut keys) = (BTreeMap::new(), BTreeSet::new());
    if claim.is_null() {
        return Ok((tags, BTreeSet::new()));
    }
    let Some(principal) = claim["principal_tags"].as_object() else {
        return refuse("tags without principal_tags".to_owned());
    };
    let characters = form(r"[\p{L}\p{Z}\p{N}_.:/=+\-@]*");
    for (key, value) in principal {
        let Some([Value::String(text)]) = value.as_array().map(Vec::as_slice) else {
            return refuse(format!("tag `{key}` is not a list of one text"));
        };
        let fits = |text: &str, length: std::ops::RangeInclusive<usize>| {
            length.contains(&text.encode_utf16().count()) && characters.is_match(text)
        };
        if !fits(key, 1..=128) || !fits(text, 0..=256) || key.to_lowercase().starts_with("aws:") {
            return refuse(format!("tag `{key}` is `{text}`"));
        }
        if !keys.insert(key.to_lowercase()) {
            return refuse(format!("tag `{key}` is there in two cases"));
        }
        tags.insert(key.clone(), text.clone());
    }
    if tags.len() > 50 {
        return refuse(format!("{} tags", tags.len()));
    }
    let mut transitive = BTreeSet::new();
    for key in claim["transitive_tag_keys"].as_array().into_iter().flatten() {
        match key.as_str().filter(|key| tags.contains_key(*key)) {
            Some(key) => transitive.insert(key.to_owned()),
            None => return refuse(format!("transitive_tag_keys has {key}, which is no tag")),
        };
    }
    Ok((tags, transitive))
}
