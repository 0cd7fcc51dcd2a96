//! An app's rules: who may sign in how, and what the answer carries.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use crate::code::CodeWidth;
use crate::identity::{IdentityField, IdentityPattern};
use crate::invalid::InvalidValue;
use crate::role::{Protocol, ProviderName};
use crate::session::{self, DECISION_TAG, GROUP_HASH_TAG};
use crate::text::shown;
use crate::trust::gate::{IdentityPoolId, Issuer};

/// An app's id: Okta's app instance id (`0oa…`), an OIDC or a user pool client id.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AppId(String);

impl AppId {
    /// Reads an app's id.
    ///
    /// # Errors
    /// [`InvalidValue::AppId`] if it is not 1 to 128 characters of `[A-Za-z0-9._:-]`.
    pub fn parse(text: &str) -> Result<Self, InvalidValue> {
        let is_char = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | ':' | '-');
        let why = if text.is_empty() {
            "is empty"
        } else if text.len() > 128 {
            "is longer than 128 characters"
        } else if !text.chars().all(is_char) {
            "has characters other than letters, digits, `.`, `_`, `:` and `-`"
        } else {
            return Ok(Self(text.to_owned()));
        };
        Err(InvalidValue::AppId { value: shown(text), why })
    }

    /// The id.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for AppId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Defines an enum whose variants are words in files and in the table.
macro_rules! words {
    ($(#[$doc:meta])* $name:ident, $what:literal, $expected:literal, $($(#[$vdoc:meta])* $variant:ident = $word:literal,)+) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum $name { $($(#[$vdoc])* $variant,)+ }

        impl $name {
            /// The word as files and the table write it.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word,)+ }
            }

            /// Reads a word as files and the table write it.
            ///
            /// # Errors
            /// [`InvalidValue::Word`] for any other word.
            pub fn parse(text: &str) -> Result<Self, InvalidValue> {
                match text {
                    $($word => Ok(Self::$variant),)+
                    other => Err(InvalidValue::Word { what: $what, value: shown(other), expected: $expected }),
                }
            }
        }
    };
}

words! {
    /// Whether the app's sign-ins are answered or only looked at.
    Mode, "mode", "`enforce` or `observe`",
    /// The decision is the answer.
    Enforce = "enforce",
    /// The answer is "no change", and the decision is in the log: for migrations.
    Observe = "observe",
}

words! {
    /// What a sign-in gets that has no role left.
    WhenUnentitled, "when_unentitled", "`deny` or `pass`",
    /// An error that the person sees.
    Deny = "deny",
    /// "No change": the person signs in, without access to AWS.
    Pass = "pass",
}

words! {
    /// What to do when a person's codes do not fit into `GroupHash`.
    Codes, "codes", "`cover` or `all`",
    /// Emit the fewest codes that still open every offered role.
    Cover = "cover",
    /// Deny: the app's trust policies or its data rely on every code being there.
    All = "all",
}

words! {
    /// What a grant gets that has no user, such as OAuth's client credentials.
    WhenNoUser, "when_no_user", "`deny` or `pass`",
    /// An error that the client sees.
    Deny = "deny",
    /// "No change": the client gets its token, without access to AWS.
    Pass = "pass",
}

words! {
    /// Whose user pool attributes count.
    AttributeSource, "attributes", "`federated` or `protected`",
    /// Those of users who come from an identity provider. It writes them at each sign-in there; in between,
    /// what no app client may write stays as it wrote it.
    Federated = "federated",
    /// Those of all users: the operator sees to it that no app client of the pool may write them.
    Protected = "protected",
}

words! {
    /// How the user pool writes an attribute of several values.
    AttributeLists, "lists", "`form` or `json`",
    /// As it does with those of a SAML provider: `[one,two]`, each form-encoded.
    Form = "form",
    /// As it does with the lists of an OIDC provider: JSON.
    Json = "json",
}

words! {
    /// What becomes of the user pool's groups in a token.
    TokenGroups, "groups", "`echo` or `remove`",
    /// They stay as they are.
    Echo = "echo",
    /// The token names none.
    Remove = "remove",
}

/// How a Cognito app's sign-ins reach AWS, which treats the two in different ways.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CognitoKind {
    /// The user pool is an OIDC provider in IAM: its ID tokens are taken like any issuer's.
    Oidc,
    /// Through an identity pool, which makes session tags of claims that are plain strings.
    IdentityPool,
}

impl CognitoKind {
    /// The kind as files write it, in place of the protocol.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Oidc => "cognito-oidc",
            Self::IdentityPool => "cognito-identity-pool",
        }
    }

    /// The kind that an audience says: an identity pool's id, or a client's.
    #[must_use]
    pub fn of_audience(audience: &str) -> Self {
        if IdentityPoolId::parse(audience).is_ok() { Self::IdentityPool } else { Self::Oidc }
    }
}

/// The rules of a user pool client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CognitoRules {
    /// Whose attributes count.
    pub attributes: AttributeSource,
    /// The pool's identity provider that users must come from, by its name in the pool; any where absent.
    pub identity_provider: Option<String>,
    /// How the pool writes an attribute of several values. A text in the other form is denied, since it
    /// may be the name of one group.
    pub lists: AttributeLists,
    /// What becomes of the pool's groups in a token.
    pub groups: TokenGroups,
}

impl Default for CognitoRules {
    fn default() -> Self {
        Self {
            attributes: AttributeSource::Federated,
            identity_provider: None,
            lists: AttributeLists::Form,
            groups: TokenGroups::Echo,
        }
    }
}

/// The rules of an app whose people get tokens: an OIDC client, a user pool client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenRules {
    /// Who issues the tokens. Where it is stated, sign-ins by way of another issuer are denied.
    pub issuer: Option<Issuer>,
    /// Whether the tokens carry the claim `https://aws.amazon.com/roles`, so that STS itself refuses any
    /// other role. Without it a role's trust policy is the only gate between a token and the role.
    pub roles_claim: bool,
    /// What a grant without a user gets.
    pub when_no_user: WhenNoUser,
    /// The rules of a user pool client.
    pub cognito: CognitoRules,
}

impl Default for TokenRules {
    fn default() -> Self {
        Self { issuer: None, roles_claim: true, when_no_user: WhenNoUser::Deny, cognito: CognitoRules::default() }
    }
}

/// The most group codes that a sign-in carries, where an app says so: 1 to 51.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CodeCapacity(u16);

impl CodeCapacity {
    /// The largest: as many as ever fit a session tag.
    pub const MAX: u16 = 51;

    /// What apps have whose people get tokens, and whose rules do not say otherwise. AWS packs session
    /// tags into the session token, and refuses what does not fit. About 20 codes did at the time when
    /// that limit was tightest.
    pub const TOKENS: Self = Self(20);

    /// Takes a number of codes.
    ///
    /// # Errors
    /// [`InvalidValue::CodeCapacity`] outside 1 to 51.
    pub fn new(codes: u64) -> Result<Self, InvalidValue> {
        match u16::try_from(codes) {
            Ok(fits @ 1..=Self::MAX) => Ok(Self(fits)),
            _ => Err(InvalidValue::CodeCapacity(codes)),
        }
    }

    /// The number of codes.
    #[must_use]
    pub fn get(self) -> u16 {
        self.0
    }
}

/// Where an identity comes from, and what it looks like.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdentityRule {
    /// The field of the request.
    pub from: IdentityField,
    /// What its value must look like.
    pub pattern: IdentityPattern,
}

/// Where a session tag's value comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TagRule {
    /// The claim whose one value the tag takes.
    pub claim: String,
    /// Whether a sign-in without a fitting value is denied; otherwise the tag is left out.
    pub required: bool,
}

/// The session tags that an app maps from claims.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TagRules {
    // INVARIANT: keys fit AWS, are unique ignoring case, and none is reserved; `local` names
    // only keys of `rules`.
    rules: BTreeMap<String, TagRule>,
    local: BTreeSet<String>,
}

impl TagRules {
    /// The most rules an app can have: AWS takes 50 tags, and Signet's own are two.
    pub const MAX: usize = session::MAX_TAGS - 2;

    /// Takes the rules by tag key, and the keys of the tags that role chaining may override.
    ///
    /// # Errors
    /// [`InvalidValue::TagRules`] if AWS would refuse a key, two keys are equal ignoring case, a
    /// key is reserved (`GroupHash`, `Signet…`, `aws:…`), a local tag has no rule, or there are
    /// more than [`TagRules::MAX`].
    pub fn new(rules: BTreeMap<String, TagRule>, local: BTreeSet<String>) -> Result<Self, InvalidValue> {
        let refuse = |key: &str, why| Err(InvalidValue::TagRules { key: shown(key), why });
        let mut seen = BTreeSet::new();
        for (key, rule) in &rules {
            // Upper case first: letters such as the long s have no lower case of their own but share
            // the upper case of another letter.
            let folded = key.to_uppercase().to_lowercase();
            if !session::is_tag_key(key) {
                return refuse(key, "has a key that is not 1 to 128 letters, digits, spaces and `_.:/=+-@`");
            }
            if folded == GROUP_HASH_TAG.to_lowercase() || folded.starts_with("signet") {
                return refuse(key, "has a key that is reserved: `GroupHash` and `Signet…` are set by Signet");
            }
            if folded.starts_with("aws:") {
                return refuse(key, "has a key that is reserved: `aws:` belongs to AWS");
            }
            if rule.claim.is_empty() {
                return refuse(key, "names no claim");
            }
            if !seen.insert(folded) {
                return refuse(key, "is there twice: AWS compares keys ignoring case");
            }
        }
        if let Some(key) = local.iter().find(|key| !rules.contains_key(*key)) {
            return refuse(key, "is local, but the app maps no tag of this key");
        }
        if let Some(key) = rules.keys().nth(Self::MAX) {
            return refuse(key, "is one too many: AWS takes 50 tags, and two are Signet's");
        }
        Ok(Self { rules, local })
    }

    /// The rules, by tag key.
    #[must_use]
    pub fn rules(&self) -> &BTreeMap<String, TagRule> {
        &self.rules
    }

    /// The keys of the tags that role chaining may override.
    #[must_use]
    pub fn local(&self) -> &BTreeSet<String> {
        &self.local
    }

    /// Whether a tag is transitive: all are, but those the app lists as local.
    #[must_use]
    pub fn is_transitive(&self, key: &str) -> bool {
        debug_assert!(!self.local.contains(GROUP_HASH_TAG) && !self.local.contains(DECISION_TAG));
        !self.local.contains(key)
    }
}

/// How long a role session may last: 900 to 43,200 seconds (AWS's `SessionDuration` attribute).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SessionDuration(u32);

impl SessionDuration {
    /// Takes a duration in seconds.
    ///
    /// # Errors
    /// [`InvalidValue::SessionDuration`] outside 900 to 43,200.
    pub fn new(seconds: u64) -> Result<Self, InvalidValue> {
        match u32::try_from(seconds) {
            Ok(fits @ 900..=43_200) => Ok(Self(fits)),
            _ => Err(InvalidValue::SessionDuration(seconds)),
        }
    }

    /// The duration in seconds.
    #[must_use]
    pub fn seconds(self) -> u32 {
        self.0
    }
}

/// An analytics service that people sign in to, with its rules.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct App {
    /// The app's id.
    pub id: AppId,
    /// What people call it.
    pub name: Option<String>,
    /// How people sign in to it.
    pub protocol: Protocol,
    /// Its identity provider's name in every account.
    pub provider: ProviderName,
    /// The audience that trust policies demand: for SAML the recipient of the assertion.
    pub audience: String,
    /// Whether the decision is the answer.
    pub mode: Mode,
    /// The claim that carries the person's groups.
    pub groups_claim: String,
    /// Where identities come from.
    pub identity: IdentityRule,
    /// The session tags it maps from claims.
    pub tags: TagRules,
    /// How long a role session may last; AWS's default where absent.
    pub session_duration: Option<SessionDuration>,
    /// What a sign-in without a role gets.
    pub when_unentitled: WhenUnentitled,
    /// What to do when codes do not fit.
    pub codes: Codes,
    /// The most codes that a sign-in carries; the protocol's usual number where absent.
    pub code_capacity: Option<CodeCapacity>,
    /// The rules of its tokens. No SAML app has need of them.
    pub tokens: TokenRules,
}

impl App {
    /// How many codes of a width a sign-in to the app can carry: never more than fit a session tag.
    #[must_use]
    pub fn capacity(&self, width: CodeWidth) -> usize {
        let fits = session::code_capacity(width);
        let usual = match self.protocol {
            Protocol::Saml => None,
            Protocol::Oidc | Protocol::Cognito => Some(CodeCapacity::TOKENS),
        };
        self.code_capacity.or(usual).map_or(fits, |capacity| fits.min(capacity.get().into()))
    }

    /// How a Cognito app's sign-ins reach AWS; nothing of an app of another protocol.
    #[must_use]
    pub fn cognito_kind(&self) -> Option<CognitoKind> {
        (self.protocol == Protocol::Cognito).then(|| CognitoKind::of_audience(&self.audience))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(keys: &[&str]) -> BTreeMap<String, TagRule> {
        let rule = TagRule { claim: "email".to_owned(), required: false };
        keys.iter().map(|key| ((*key).to_owned(), rule.clone())).collect()
    }

    #[test]
    fn reserved_and_doubled_keys_are_refused() {
        for keys in [
            &["GroupHash"][..],
            &["grouphash"],
            &["SignetDecision"],
            &["signetAnything"],
            &["\u{17f}ignetX"],
            &["GroupHa\u{17f}h"],
            &["\u{17f}ize", "size"],
            &["aws:x"],
            &["Email", "email"],
            &[""],
            &["a*b"],
        ] {
            assert!(TagRules::new(rules(keys), BTreeSet::new()).is_err(), "{keys:?} were taken");
        }
        assert!(TagRules::new(rules(&["email", "cost center", "département"]), BTreeSet::new()).is_ok());
    }

    #[test]
    fn local_tags_are_tags_of_the_app() {
        let local = BTreeSet::from(["GroupHash".to_owned()]);
        assert!(TagRules::new(rules(&["email"]), local).is_err());
        let local = BTreeSet::from(["email".to_owned()]);
        let tags = TagRules::new(rules(&["email", "department"]), local).unwrap();
        assert!(!tags.is_transitive("email"));
        assert!(tags.is_transitive("department"));
        assert!(tags.is_transitive("GroupHash"));
    }

    #[test]
    fn with_signets_own_there_are_never_more_than_fifty_tags() {
        let keys: Vec<String> = (0..49).map(|n| format!("k{n}")).collect();
        let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
        assert!(TagRules::new(rules(&keys), BTreeSet::new()).is_err());
        assert!(TagRules::new(rules(&keys[..48]), BTreeSet::new()).is_ok());
    }

    #[test]
    fn words_read_and_write_alike() {
        for word in ["enforce", "observe"] {
            assert_eq!(Mode::parse(word).unwrap().as_str(), word);
        }
        assert_eq!(
            Mode::parse("Enforce").unwrap_err().to_string(),
            "mode `Enforce` is unknown: use `enforce` or `observe`"
        );
        for word in ["federated", "protected"] {
            assert_eq!(AttributeSource::parse(word).unwrap().as_str(), word);
        }
        assert!(WhenNoUser::parse("allow").is_err() && TokenGroups::parse("keep").is_err());
        assert!(CodeCapacity::new(0).is_err() && CodeCapacity::new(52).is_err());
        assert_eq!(CodeCapacity::new(51).unwrap().get(), CodeCapacity::MAX);
        assert!(SessionDuration::new(899).is_err());
        assert!(SessionDuration::new(43_201).is_err());
    }
}
