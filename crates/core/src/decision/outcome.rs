//! What a sign-in gets, and why.

use std::mem;

use crate::app::SessionDuration;
use crate::code::GroupCode;
use crate::identity::{Identity, UnfitIdentity};
use crate::role::{ProviderName, RoleArn};
use crate::session::{SessionTag, UnfitTag};

/// What one sign-in gets, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision<'a> {
    /// What it gets.
    pub outcome: Outcome<'a>,
    /// What it would get, were it not denied because the app's issuer itself emits what AWS reads. Nobody is
    /// given it: it is for whoever observes an app before its own attributes are taken out.
    pub withheld: Option<Access<'a>>,
    /// What became of each of the person's groups, sorted by key.
    pub groups: Vec<GroupFinding<'a>>,
    /// What an operator should know of it, sorted.
    pub notes: Vec<Note<'a>>,
}

impl Decision<'_> {
    /// Denies a sign-in whose issuer itself emits what AWS reads: everything that AWS reads comes from Signet, so
    /// that what is issued without it opens nothing. Only then is a failure of the function harmless.
    pub(crate) fn withhold(&mut self, deny: Deny) {
        if let Outcome::Access(access) = mem::replace(&mut self.outcome, Outcome::Deny(deny)) {
            self.withheld = Some(access);
        }
    }

    /// Marks the groups whose codes gave way to others that open the same roles.
    pub(super) fn mark_left_out(&mut self, emitted: &[GroupCode]) {
        for group in &mut self.groups {
            if let Finding::Counts { code, roles } = group.finding
                && emitted.binary_search(&code).is_err()
            {
                group.finding = Finding::CodeLeftOut { code, roles };
            }
        }
    }
}

/// What a sign-in gets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome<'a> {
    /// Roles, codes, an identity and tags.
    Access(Access<'a>),
    /// No role, and the app lets such people sign in without access to AWS.
    NoAccess,
    /// An error.
    Deny(Deny),
}

/// What a person may do on AWS after a sign-in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Access<'a> {
    /// The source identity and the role session's name.
    pub identity: Identity<'a>,
    /// The roles offered, sorted; at least one.
    pub roles: Vec<&'a RoleArn>,
    /// The app's identity provider, in the account of each role.
    pub provider: &'a ProviderName,
    /// The codes emitted, sorted; at least one.
    pub codes: Vec<GroupCode>,
    /// The session tags, sorted by key, `GroupHash` and `SignetDecision` among them.
    pub tags: Vec<SessionTag>,
    /// The keys of the tags that role chaining cannot override, sorted.
    pub transitive: Vec<String>,
    /// How long a role session may last.
    pub session_duration: Option<SessionDuration>,
}

/// Why a sign-in is denied. The text is for logs; what the person reads names only the decision.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Deny {
    /// Attributes that AWS reads are in the assertion already, so Okta's own failure would
    /// let them through.
    #[error("the app itself emits the attribute `{name}`: remove it from the app's attribute statements")]
    BaseAssertion {
        /// The first of these attributes' names.
        name: String,
    },
    /// Claims that AWS reads are in the token already, so that a token would open something without
    /// Signet.
    #[error("the issuer itself emits the claim `{name}`: remove it from the issuer's claims")]
    BaseToken {
        /// The first of these claims' names.
        name: String,
    },
    /// The identity is missing or unfit.
    #[error("the identity {}", match .0 {
        UnfitIdentity::Missing => "is missing",
        UnfitIdentity::AwsRules => "is not 2 to 64 letters, digits and `_+=,.@-`, as AWS demands",
        UnfitIdentity::Pattern => "does not fit the app's pattern",
    })]
    Identity(UnfitIdentity),
    /// A tag that the app requires has no fitting value.
    #[error("the required tag `{key}` has no fitting value: {}", why.as_str())]
    RequiredTag {
        /// The tag's key.
        key: String,
        /// What is wrong.
        why: UnfitTag,
    },
    /// The codes do not fit into `GroupHash`.
    #[error(
        "{codes} group codes would have to be emitted and {capacity} fit: use fewer groups, or roles that groups share"
    )]
    CodesDoNotFit {
        /// How many would have to be emitted.
        codes: usize,
        /// How many fit.
        capacity: usize,
    },
    /// The assertion would be longer than AWS takes.
    #[error(
        "the assertion would have about {bytes} bytes and AWS takes {limit}: grant fewer roles, or limit them to apps"
    )]
    AssertionTooLong {
        /// The estimated size of the assertion's XML in bytes.
        bytes: usize,
        /// The most that AWS takes.
        limit: usize,
    },
    /// The token would be longer than AWS takes.
    #[error(
        "the token would have about {characters} characters and AWS takes {limit}: grant fewer roles, or limit them \
         to apps, or leave claims out of the token"
    )]
    TokenTooLong {
        /// The estimated length of the token.
        characters: usize,
        /// The most that AWS takes.
        limit: usize,
    },
    /// No role is left, and the app denies such sign-ins.
    #[error("no grant opens a role to the person in this app")]
    Unentitled,
}

impl Deny {
    /// The reason as metrics and logs write it.
    #[must_use]
    pub fn reason(&self) -> &'static str {
        match self {
            Self::BaseAssertion { .. } => "base_assertion",
            Self::BaseToken { .. } => "base_token",
            Self::Identity(UnfitIdentity::Missing) => "identity_missing",
            Self::Identity(UnfitIdentity::AwsRules) => "identity_unfit",
            Self::Identity(UnfitIdentity::Pattern) => "identity_pattern",
            Self::RequiredTag { .. } => "required_tag",
            Self::CodesDoNotFit { .. } => "codes_do_not_fit",
            Self::AssertionTooLong { .. } => "assertion_too_long",
            Self::TokenTooLong { .. } => "token_too_long",
            Self::Unentitled => "unentitled",
        }
    }
}

/// What became of one of the person's groups.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupFinding<'a> {
    /// The group's key, as the request carries it.
    pub key: &'a str,
    /// What became of it.
    pub finding: Finding,
}

/// Whether a group counted, and why not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Finding {
    /// It counts, and its code is emitted where the sign-in gets access.
    Counts {
        /// Its code.
        code: GroupCode,
        /// How many roles it opens here.
        roles: usize,
    },
    /// It counts, but other codes open the same roles and not all codes fit.
    CodeLeftOut {
        /// Its code.
        code: GroupCode,
        /// How many roles it opens here.
        roles: usize,
    },
    /// The table does not have it.
    Unregistered,
    /// Its last grant was withdrawn.
    Retired,
    /// The table's item for it carries another key: something other than Signet wrote it.
    KeyMismatch,
    /// Its code is not the hash of its key and salt: something other than Signet wrote it.
    CodeMismatch,
    /// None of its grants counts here.
    NoGrant {
        /// Grants whose end has come.
        expired: usize,
        /// Grants for other apps.
        other_app: usize,
    },
    /// Another group of the person has the same code; neither counts.
    Clash {
        /// The code.
        code: GroupCode,
    },
}

impl Finding {
    /// The finding as logs write it.
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Counts { .. } => "counts",
            Self::CodeLeftOut { .. } => "code_left_out",
            Self::Unregistered => "unregistered",
            Self::Retired => "retired",
            Self::KeyMismatch => "key_mismatch",
            Self::CodeMismatch => "code_mismatch",
            Self::NoGrant { .. } => "no_grant",
            Self::Clash { .. } => "clash",
        }
    }
}

/// What an operator should know of a decision.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Note<'a> {
    /// ALARM: two or more groups of the person have one code; none of them counts.
    Clash {
        /// The code.
        code: GroupCode,
        /// The groups' keys, sorted.
        keys: Vec<&'a str>,
    },
    /// ALARM: an item of the table was written by something other than Signet.
    Unsound {
        /// The key of the group that was asked for.
        key: &'a str,
    },
    /// Not all codes fitted; as few as open every role are emitted.
    CodesCovered {
        /// How many are emitted.
        emitted: usize,
        /// How many groups count.
        of: usize,
    },
    /// A tag of the app has no fitting value and was left out.
    TagLeftOut {
        /// The tag's key.
        key: &'a str,
        /// What is wrong with its value.
        why: &'static str,
    },
}

impl Note<'_> {
    /// Whether somebody should be woken.
    #[must_use]
    pub fn is_alarm(&self) -> bool {
        matches!(self, Self::Clash { .. } | Self::Unsound { .. })
    }
}
