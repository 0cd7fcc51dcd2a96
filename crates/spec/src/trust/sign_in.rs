//! What a sign-in brings to a role, in the words of STS (IAM User Guide, "Available keys for SAML-based
//! AWS STS federation", "… for AWS OIDC federation", "… for AWS STS"; STS API reference).

use std::collections::{BTreeMap, BTreeSet};

use crate::trust::condition::Context;
use crate::trust::policy::{Policy, Request, Says};

/// One attempt to assume one role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignIn {
    /// The role's ARN.
    pub role: String,
    /// The ARN of the provider that vouches, or Cognito's name.
    pub provider: String,
    /// What it vouches with.
    pub proof: Proof,
    /// The session tags.
    pub tags: BTreeMap<String, String>,
    /// The keys of the transitive ones.
    pub transitive: BTreeSet<String>,
    /// The source identity.
    pub source_identity: Option<String>,
}

/// What a provider vouches with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Proof {
    /// A SAML assertion.
    Assertion {
        /// The recipient: `SAML:aud`.
        audience: String,
    },
    /// A token.
    Token {
        /// The issuer, host and path: what its condition keys begin with.
        issuer: String,
        /// `aud`.
        audience: String,
        /// `https://aws.amazon.com/roles`.
        roles: Option<Vec<String>>,
        /// `amr`.
        amr: Vec<String>,
    },
}

impl SignIn {
    /// The action of the assumption itself.
    #[must_use]
    pub fn assume(&self) -> &'static str {
        match self.proof {
            Proof::Assertion { .. } => "sts:AssumeRoleWithSAML",
            Proof::Token { .. } => "sts:AssumeRoleWithWebIdentity",
        }
    }

    /// Every action that the role must allow.
    #[must_use]
    pub fn actions(&self) -> Vec<&'static str> {
        let mut actions = vec![self.assume()];
        if !self.tags.is_empty() {
            actions.push("sts:TagSession");
        }
        if self.source_identity.is_some() {
            actions.push("sts:SetSourceIdentity");
        }
        actions
    }

    /// A request for one of the actions.
    #[must_use]
    pub fn request(&self, action: &str) -> Request {
        Request { action: action.to_owned(), federated: self.provider.clone(), context: self.context() }
    }

    /// Whether the role's trust policy lets the sign-in in: STS asks for each of its actions.
    ///
    /// # Errors
    /// What of the policy is not modelled.
    pub fn is_let_in(&self, policy: &Policy) -> Result<bool, String> {
        // "When the roles claim is present STS refuses any other role before it looks at the trust
        // policy."
        if let Proof::Token { roles: Some(roles), .. } = &self.proof
            && !roles.contains(&self.role)
        {
            return Ok(false);
        }
        let mut all = true;
        for action in self.actions() {
            all &= policy.says(&self.request(action))? == Says::Allow;
        }
        Ok(all)
    }

    /// The context keys. Those of the session (`aws:PrincipalTag`, `aws:SourceIdentity`) are not there:
    /// there is no session yet.
    fn context(&self) -> Context {
        let mut context = Context::new();
        let mut put = |key: &str, values: Vec<String>| {
            // A set of no values is an absent key.
            if !values.is_empty() {
                context.insert(key.to_lowercase(), values);
            }
        };
        put("aws:SecureTransport", vec!["true".to_owned()]);
        for (key, value) in &self.tags {
            put(&format!("aws:RequestTag/{key}"), vec![value.clone()]);
        }
        put("aws:TagKeys", self.tags.keys().cloned().collect());
        put("sts:TransitiveTagKeys", self.transitive.iter().cloned().collect());
        put("sts:SourceIdentity", self.source_identity.iter().cloned().collect());
        match &self.proof {
            Proof::Assertion { audience } => put("SAML:aud", vec![audience.clone()]),
            Proof::Token { issuer, audience, roles, amr } => {
                put(&format!("{issuer}:aud"), vec![audience.clone()]);
                put(&format!("{issuer}:amr"), amr.clone());
                let authorized = roles.as_ref().is_some_and(|roles| roles.contains(&self.role));
                put("sts:RoleAuthorizedByIdp", vec![authorized.to_string()]);
            }
        }
        context
    }
}
