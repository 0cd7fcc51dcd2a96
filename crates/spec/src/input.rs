//! What a sign-in is made of.

use std::collections::BTreeMap;

/// One sign-in: what the request says, and what the table holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignIn {
    /// The 128 random bits of the decision's id.
    pub decision_id: [u8; 16],
    /// The rules of the app.
    pub app: App,
    /// The table's code width, in characters.
    pub width: usize,
    /// The moment of the sign-in, in seconds since 1970.
    pub now: i64,
    /// The value of the field that the app takes identities from.
    pub identity: Option<String>,
    /// The person's groups, as the claim carries them.
    pub groups: Vec<String>,
    /// What the table answers for a group, by the key that is asked for.
    pub table: BTreeMap<String, Record>,
    /// The values of the claims that the app maps to tags, by tag key.
    pub tag_values: BTreeMap<String, Vec<String>>,
    /// What the assertion, or the ID token, has without Signet: the attributes' or claims' names and values.
    pub base: Vec<(String, Vec<String>)>,
    /// The names of the claims of the access token that is issued beside it.
    pub access_token: Vec<String>,
}

/// An app's rules, as far as they bear on a decision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct App {
    /// The app's id.
    pub id: String,
    /// How its people come to AWS.
    pub protocol: Protocol,
    /// The name of its provider, the same in every account.
    pub provider: String,
    /// What identities must look like; `*` stands for any number of characters.
    pub pattern: String,
    /// The session tags it maps, by key.
    pub tags: BTreeMap<String, Tag>,
    /// `session_duration`, in seconds.
    pub session_duration: Option<u32>,
    /// `when_unentitled: deny` rather than `pass`.
    pub deny_unentitled: bool,
    /// `codes: all` rather than `cover`.
    pub all_codes: bool,
    /// `code_capacity`.
    pub code_capacity: Option<usize>,
    /// `roles_claim`: the ID tokens name the roles they are for.
    pub roles_claim: bool,
}

/// How people come from an app to AWS.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Protocol {
    /// With a SAML assertion.
    Saml,
    /// With an ID token of an OIDC issuer.
    Oidc,
    /// With an ID token of a Cognito user pool that is an OIDC provider in IAM.
    CognitoOidc,
    /// Through a Cognito identity pool.
    IdentityPool,
}

/// A session tag that an app maps from a claim.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tag {
    /// Without a fitting value the sign-in is denied.
    pub required: bool,
    /// The tag is listed in `local_tags`.
    pub local: bool,
}

/// A group's item in the table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// The key that the item carries.
    pub key: String,
    /// The registered code.
    pub code: String,
    /// The salt that the code is said to come from.
    pub salt: u32,
    /// The group's last grant was withdrawn.
    pub retired: bool,
    /// The grants of all sources.
    pub grants: Vec<Grant>,
}

/// What one source grants the group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// Who said so.
    pub source: String,
    /// The role's ARN.
    pub role: String,
    /// The apps it is for; all where there is no list.
    pub apps: Option<Vec<String>>,
    /// The second at which it ends.
    pub expires_at: Option<i64>,
}
