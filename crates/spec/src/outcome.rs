//! What a sign-in gets, and why.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

/// What one sign-in gets, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// What it gets.
    pub outcome: Outcome,
    /// What became of each group of the request, by key.
    pub findings: BTreeMap<String, Finding>,
    /// What an operator should know.
    pub notes: BTreeSet<Note>,
    /// What the person takes to AWS. None unless the outcome is access.
    pub rendering: Option<Rendering>,
    /// How long the token is with it, where there is a token. None unless the outcome is access, or a token
    /// that is too long.
    pub length: Option<Length>,
}

/// A decision in the form of a protocol.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rendering {
    /// SAML attributes in their order: name and values.
    Attributes(Vec<(String, Vec<String>)>),
    /// Claims of an ID token that STS reads: an object.
    Nested(Value),
    /// Claims of an ID token that an identity pool reads, and the roles that it may choose from.
    Flat {
        /// Each claim with its text.
        claims: BTreeMap<String, String>,
        /// The roles' ARNs, sorted.
        roles: Vec<String>,
    },
}

/// How long a token is, in characters. Its issuer writes it, so that nobody knows in advance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Length {
    /// What whoever estimates must count at least.
    pub least: usize,
    /// What nobody may count more than.
    pub most: usize,
}

/// What a sign-in gets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// Access to AWS.
    Access(Access),
    /// No role, and the app lets such people sign in without.
    NoAccess,
    /// An error.
    Deny(Deny),
}

/// What a person may do on AWS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Access {
    /// The source identity and the role session's name.
    pub identity: String,
    /// The ARNs of the offered roles.
    pub roles: BTreeSet<String>,
    /// The codes emitted.
    pub codes: BTreeSet<String>,
    /// All session tags, by key.
    pub tags: BTreeMap<String, String>,
    /// The keys of the transitive tags.
    pub transitive: BTreeSet<String>,
}

/// Why a sign-in is denied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Deny {
    /// The base assertion has an attribute that AWS reads: the first of their names.
    BaseAssertion(String),
    /// A token has a claim that AWS reads without Signet: the first of their names.
    BaseToken(String),
    /// The identity is missing.
    IdentityMissing,
    /// AWS would refuse the identity.
    IdentityUnfit,
    /// The identity does not fit the app's pattern.
    IdentityPattern,
    /// No role is left.
    Unentitled,
    /// So many codes are needed, and only so many fit.
    CodesDoNotFit {
        /// How many are needed.
        needed: usize,
        /// How many fit.
        fit: usize,
    },
    /// The required tag of this key has no fitting value.
    RequiredTag(String, UnfitTag),
    /// The assertion would have so many bytes, more than AWS takes.
    AssertionTooLong(usize),
    /// The token would be longer than AWS takes.
    TokenTooLong,
}

/// Why a value cannot be a tag's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum UnfitTag {
    /// There is no value, or only an empty one.
    Missing,
    /// There are several.
    SeveralValues,
    /// It is too long.
    TooLong,
    /// It has a character that AWS refuses.
    Character,
}

/// What became of one group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Finding {
    /// It counts: its code, and how many roles it opens.
    Counts(String, usize),
    /// It counts, but its code gave way to others: its code, and how many roles it opens.
    CodeLeftOut(String, usize),
    /// The table does not have it.
    Unregistered,
    /// The table's item carries another key.
    KeyMismatch,
    /// Its last grant was withdrawn.
    Retired,
    /// Its code is not the hash of its key and salt.
    CodeMismatch,
    /// None of its grants counts: how many have expired, how many are for other apps.
    NoGrant(usize, usize),
    /// Another group of the person would emit the same code.
    Clash(String),
}

/// What an operator should know.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Note {
    /// These groups would emit this one code.
    Clash(String, BTreeSet<String>),
    /// The table's item for this group was not written by Signet.
    Unsound(String),
    /// Not all codes fitted: how many are emitted, of how many.
    CodesCovered(usize, usize),
    /// The tag of this key was left out.
    TagLeftOut(String, UnfitTag),
}
