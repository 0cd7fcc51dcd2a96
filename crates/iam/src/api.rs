//! What is asked of IAM.

use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;

use signet_core::role::{AccountId, RoleArn};

use crate::error::IamError;

/// An account, with its partition: both are part of every ARN in it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Account {
    /// `aws`, `aws-cn`, `aws-us-gov` …
    pub partition: String,
    /// The account's number.
    pub id: AccountId,
}

impl Account {
    /// The account of a role.
    #[must_use]
    pub fn of(role: &RoleArn) -> Self {
        Self { partition: role.partition().to_owned(), id: role.account_id() }
    }
}

/// What IAM says of a role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoleFacts {
    /// Its ARN, as IAM writes it.
    pub arn: String,
    /// Its trust policy, with IAM's URL encoding undone.
    pub trust_policy: String,
    /// Its tags; none where IAM was asked for a list of roles, which has no tags.
    pub tags: Option<BTreeMap<String, String>>,
}

/// The identity providers of an account, by ARN.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Providers {
    /// The SAML providers.
    pub saml: BTreeSet<String>,
    /// The OIDC providers.
    pub oidc: BTreeSet<String>,
}

/// An OIDC provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OidcProvider {
    /// Its URL, with `https://`.
    pub url: String,
    /// The client ids that tokens may be for.
    pub client_ids: BTreeSet<String>,
}

/// What is asked of IAM. Each is one call, but for [`Iam::roles`], which is one a page.
pub trait Iam {
    /// A role by its name.
    fn role(&self, account: &Account, name: &str) -> impl Future<Output = Result<RoleFacts, IamError>>;

    /// All roles of an account, with their trust policies.
    fn roles(&self, account: &Account) -> impl Future<Output = Result<Vec<RoleFacts>, IamError>>;

    /// Replaces a role's trust policy.
    fn set_trust_policy(
        &self,
        account: &Account,
        role: &str,
        document: &str,
    ) -> impl Future<Output = Result<(), IamError>>;

    /// All identity providers of an account: two calls.
    fn providers(&self, account: &Account) -> impl Future<Output = Result<Providers, IamError>>;

    /// The metadata document of a SAML provider.
    fn saml_metadata(&self, account: &Account, arn: &str) -> impl Future<Output = Result<String, IamError>>;

    /// Creates a SAML provider.
    fn create_saml_provider(
        &self,
        account: &Account,
        name: &str,
        metadata: &str,
    ) -> impl Future<Output = Result<(), IamError>>;

    /// Replaces the metadata document of a SAML provider.
    fn update_saml_provider(
        &self,
        account: &Account,
        arn: &str,
        metadata: &str,
    ) -> impl Future<Output = Result<(), IamError>>;

    /// An OIDC provider.
    fn oidc_provider(&self, account: &Account, arn: &str) -> impl Future<Output = Result<OidcProvider, IamError>>;

    /// Creates an OIDC provider.
    fn create_oidc_provider(
        &self,
        account: &Account,
        provider: &OidcProvider,
    ) -> impl Future<Output = Result<(), IamError>>;

    /// Adds a client id to an OIDC provider.
    fn add_client_id(&self, account: &Account, arn: &str, id: &str) -> impl Future<Output = Result<(), IamError>>;

    /// Removes a client id from an OIDC provider.
    fn remove_client_id(&self, account: &Account, arn: &str, id: &str) -> impl Future<Output = Result<(), IamError>>;

    /// Deletes an identity provider, SAML or OIDC, by its ARN. One that is not there is deleted.
    fn delete_provider(&self, account: &Account, arn: &str) -> impl Future<Output = Result<(), IamError>>;
}
