//! One statement of ours that lets sign-ins in.
//!
//! Only values of checked types become part of it, and no list of it can be empty: an Allow
//! without codes, a code that a pattern could escape from, or a bare `*` cannot be made.

use std::collections::BTreeSet;

use crate::code::GroupCode;
use crate::role::RoleArn;
use crate::session::GROUP_HASH_TAG;
use crate::trust::document::{OURS, Statement};
use crate::trust::gate::{Audience, Gate};
use crate::trust::json::Json;
use crate::trust::nonempty::NonEmpty;

/// The condition key of a SAML assertion's audience, which is its recipient.
pub(super) const SAML_AUDIENCE: &str = "SAML:aud";

/// What lets a session carry tags.
const TAG_SESSION: &str = "sts:TagSession";
/// What lets a session carry a source identity.
const SET_SOURCE_IDENTITY: &str = "sts:SetSourceIdentity";

/// What sign-ins of a kind need to be allowed: the first is the assumption itself.
const SAML_ACTIONS: &[&str] = &["sts:AssumeRoleWithSAML", TAG_SESSION, SET_SOURCE_IDENTITY];
const WEB_ACTIONS: &[&str] = &["sts:AssumeRoleWithWebIdentity", TAG_SESSION, SET_SOURCE_IDENTITY];
/// Of an identity pool: nothing would say what source identity is right.
const POOL_ACTIONS: &[&str] = &["sts:AssumeRoleWithWebIdentity", TAG_SESSION];

/// The condition key of the session tag that carries codes.
pub(super) fn group_key() -> String {
    format!("aws:RequestTag/{GROUP_HASH_TAG}")
}

/// The pattern of tags that carry a code. It is enclosed, so that it cannot match across two
/// neighbours.
fn pattern(code: &GroupCode) -> String {
    format!("*:{}:*", code.as_str())
}

/// The code that a pattern is for, if it is one of ours.
pub(super) fn code_of(pattern: &str) -> Option<GroupCode> {
    let code = pattern.strip_prefix("*:")?.strip_suffix(":*")?;
    GroupCode::parse(code).ok()
}

/// A condition: all of a statement's must hold, each by any of its values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Demand {
    pub(super) operator: &'static str,
    pub(super) key: String,
    pub(super) values: BTreeSet<String>,
}

impl Demand {
    fn new(operator: &'static str, key: impl Into<String>, values: BTreeSet<String>) -> Self {
        Self { operator, key: key.into(), values }
    }

    fn one(operator: &'static str, key: &str, value: &str) -> Self {
        Self::new(operator, key, BTreeSet::from([value.to_owned()]))
    }
}

/// What a gate means on one role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Terms {
    /// The actions that a sign-in may need, the assumption first.
    pub(super) actions: &'static [&'static str],
    /// What sign-ins are known to carry, by the action that allows it.
    pub(super) carries: &'static [&'static str],
    /// The providers, as `Federated` principals.
    pub(super) principals: NonEmpty<String>,
    /// The condition key of the audience.
    pub(super) audience_key: String,
    /// The audiences.
    pub(super) audiences: NonEmpty<String>,
    /// The other conditions, but for the codes.
    rest: Vec<Demand>,
}

impl Terms {
    pub(super) fn new(gate: &Gate, role: &RoleArn) -> Self {
        let principals = NonEmpty::of(gate.principal(role));
        let transitive = Demand::one("ForAnyValue:StringEquals", "sts:TransitiveTagKeys", GROUP_HASH_TAG);
        let of = |pattern: &str| Demand::one("StringLike", "sts:SourceIdentity", pattern);
        match gate {
            Gate::Saml { audience, identity, .. } => Self {
                actions: SAML_ACTIONS,
                carries: &[TAG_SESSION, SET_SOURCE_IDENTITY],
                principals,
                audience_key: SAML_AUDIENCE.to_owned(),
                audiences: NonEmpty::of(audience.to_string()),
                rest: vec![of(identity.as_str()), transitive],
            },
            Gate::Oidc { issuer, audiences, identity, roles_claim } => {
                let mut rest = vec![of(identity.as_str()), transitive];
                if *roles_claim {
                    rest.push(Demand::one("Bool", "sts:RoleAuthorizedByIdp", "true"));
                }
                Self {
                    actions: WEB_ACTIONS,
                    carries: &[TAG_SESSION, SET_SOURCE_IDENTITY],
                    principals,
                    audience_key: format!("{}:aud", issuer.as_str()),
                    audiences: audiences.map(Audience::to_string),
                    rest,
                }
            }
            Gate::IdentityPool { pool, user_pool } => {
                let cognito = gate.principal(role);
                // Of the ways to sign in that `amr` lists, one value must be the user pool. Only a token
                // of somebody who is signed in has it, so it stands for `authenticated` as well; beside
                // it, `authenticated` would be another value that is enough.
                let through = Demand::one("ForAnyValue:StringLike", &format!("{cognito}:amr"), user_pool.as_str());
                Self {
                    actions: POOL_ACTIONS,
                    carries: &[TAG_SESSION],
                    principals,
                    audience_key: format!("{cognito}:aud"),
                    audiences: NonEmpty::of(pool.as_str().to_owned()),
                    rest: vec![through],
                }
            }
        }
    }

    /// Every condition: the audience, the codes, and the rest.
    pub(super) fn demands(&self, codes: &BTreeSet<GroupCode>) -> Vec<Demand> {
        let group = Demand::new("StringLike", group_key(), codes.iter().map(pattern).collect());
        // The audience stands first and the codes behind it.
        let mut demands: Vec<_> = self.always().collect();
        demands.insert(1, group);
        demands
    }

    /// What every sign-in through the gate has: all but the codes.
    pub(super) fn always(&self) -> impl Iterator<Item = Demand> {
        let audience = Demand::new("StringEquals", self.audience_key.clone(), self.audiences.as_set().clone());
        std::iter::once(audience).chain(self.rest.iter().cloned())
    }

    /// Whether one statement can say what both say, and no more: of different providers the same, or
    /// of one provider the same for different audiences. Were both different, the union would let each
    /// provider in with the other's audience.
    pub(super) fn can_join(&self, other: &Self) -> bool {
        self.actions == other.actions
            && self.audience_key == other.audience_key
            && self.rest == other.rest
            && (self.principals == other.principals || self.audiences == other.audiences)
    }
}

/// A statement of ours that lets sign-ins in by their codes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Allow {
    terms: Terms,
    codes: NonEmpty<GroupCode>,
}

impl Allow {
    pub(super) fn new(terms: Terms, codes: NonEmpty<GroupCode>) -> Self {
        Self { terms, codes }
    }

    /// Takes another statement in, if everything else in it is equal, codes included; else gives it
    /// back.
    pub(super) fn join(&mut self, other: Self) -> Option<Self> {
        if !self.terms.can_join(&other.terms) || self.codes != other.codes {
            return Some(other);
        }
        self.terms.principals.extend(other.terms.principals);
        self.terms.audiences.extend(other.terms.audiences);
        None
    }

    /// The statement, with a number that makes its `Sid` unique in the document.
    pub(super) fn statement(&self, number: usize) -> Statement {
        // IAM wants each operator once, with all its keys.
        let mut conditions: Vec<(&str, Vec<(String, Json)>)> = Vec::new();
        for Demand { operator, key, values } in self.terms.demands(self.codes.as_set()) {
            let condition = (key, Json::texts(values.iter().map(String::as_str)));
            match conditions.iter_mut().find(|(known, _)| *known == operator) {
                Some((_, keys)) => keys.push(condition),
                None => conditions.push((operator, vec![condition])),
            }
        }
        let conditions = conditions.into_iter().map(|(operator, keys)| {
            (operator, Json::object(keys.iter().map(|(key, values)| (key.as_str(), values.clone()))))
        });
        Statement::new([
            ("Sid", Json::text(&format!("{OURS}{number}"))),
            ("Effect", Json::text("Allow")),
            ("Principal", Json::object([("Federated", Json::texts(self.terms.principals.iter().map(String::as_str)))])),
            ("Action", Json::texts(self.terms.actions.iter().copied())),
            ("Condition", Json::object(conditions)),
        ])
    }
}

/// The statement that stands where nothing of ours is left and nothing else is in the document: IAM
/// takes no empty one. It denies what STS never takes, a request without TLS, so it stands in
/// nobody's way who adds a statement of their own.
pub(super) fn inert() -> Statement {
    Statement::new([
        ("Sid", Json::text(&format!("{OURS}None"))),
        ("Effect", Json::text("Deny")),
        ("Principal", Json::text("*")),
        ("Action", Json::text("sts:AssumeRole")),
        ("Condition", Json::object([("Bool", Json::object([("aws:SecureTransport", Json::text("false"))]))])),
    ])
}
