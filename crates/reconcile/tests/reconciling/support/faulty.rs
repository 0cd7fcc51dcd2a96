//! Faults between a real IAM and whoever calls it: what an emulator has none of.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::Duration;

use signet_iam::{Account, Iam, IamError, OidcProvider, Providers, RoleFacts};
use tokio::time::Instant;

/// An IAM that shows roles as they were for a while, has a quota, and throttles accounts.
pub struct Faulty<I> {
    inner: I,
    pub lag: Mutex<Duration>,
    pub throttled: Mutex<Option<String>>,
    /// What roles were before their last write, by account and name.
    before: Mutex<BTreeMap<(String, String), (Instant, RoleFacts)>>,
}

impl<I> Faulty<I> {
    pub fn new(inner: I) -> Self {
        Self { inner, lag: Mutex::default(), throttled: Mutex::default(), before: Mutex::default() }
    }

    fn check(&self, operation: &'static str, account: &Account) -> Result<(), IamError> {
        let account = account.id.to_string();
        let is_throttled = self.throttled.lock().unwrap().as_deref() == Some(&account);
        let cause = "Throttling: Rate exceeded".to_owned();
        if is_throttled { Err(IamError::Throttled { operation, account, cause }) } else { Ok(()) }
    }
}

impl<I: Iam> Iam for Faulty<I> {
    async fn role(&self, account: &Account, name: &str) -> Result<RoleFacts, IamError> {
        self.check("GetRole", account)?;
        let lag = *self.lag.lock().unwrap();
        let old = self.before.lock().unwrap().get(&(account.id.to_string(), name.to_owned())).cloned();
        match old.filter(|(at, _)| at.elapsed() < lag) {
            Some((_, facts)) => Ok(facts),
            None => self.inner.role(account, name).await,
        }
    }

    async fn roles(&self, account: &Account) -> Result<Vec<RoleFacts>, IamError> {
        self.check("ListRoles", account)?;
        self.inner.roles(account).await
    }

    async fn set_trust_policy(&self, account: &Account, role: &str, document: &str) -> Result<(), IamError> {
        let operation = "UpdateAssumeRolePolicy";
        self.check(operation, account)?;
        if document.chars().filter(|c| !c.is_whitespace()).count() > 2_048 {
            let cause = "Cannot exceed quota for ACLSizePerRole: 2048".to_owned();
            return Err(IamError::LimitExceeded { operation, account: account.id.to_string(), cause });
        }
        let facts = self.inner.role(account, role).await?;
        self.inner.set_trust_policy(account, role, document).await?;
        let key = (account.id.to_string(), role.to_owned());
        self.before.lock().unwrap().insert(key, (Instant::now(), facts));
        Ok(())
    }

    async fn providers(&self, account: &Account) -> Result<Providers, IamError> {
        self.check("ListSAMLProviders", account)?;
        self.inner.providers(account).await
    }

    async fn saml_metadata(&self, account: &Account, arn: &str) -> Result<String, IamError> {
        self.inner.saml_metadata(account, arn).await
    }

    async fn create_saml_provider(&self, account: &Account, name: &str, metadata: &str) -> Result<(), IamError> {
        self.inner.create_saml_provider(account, name, metadata).await
    }

    async fn update_saml_provider(&self, account: &Account, arn: &str, metadata: &str) -> Result<(), IamError> {
        self.inner.update_saml_provider(account, arn, metadata).await
    }

    async fn oidc_provider(&self, account: &Account, arn: &str) -> Result<OidcProvider, IamError> {
        self.inner.oidc_provider(account, arn).await
    }

    async fn create_oidc_provider(&self, account: &Account, provider: &OidcProvider) -> Result<(), IamError> {
        self.inner.create_oidc_provider(account, provider).await
    }

    async fn add_client_id(&self, account: &Account, arn: &str, id: &str) -> Result<(), IamError> {
        self.inner.add_client_id(account, arn, id).await
    }

    async fn remove_client_id(&self, account: &Account, arn: &str, id: &str) -> Result<(), IamError> {
        self.inner.remove_client_id(account, arn, id).await
    }

    async fn delete_provider(&self, account: &Account, arn: &str) -> Result<(), IamError> {
        self.inner.delete_provider(account, arn).await
    }
}
