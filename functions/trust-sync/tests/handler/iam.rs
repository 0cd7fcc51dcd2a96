//! Roles in memory, for the function's own behaviour: what is done to them is tested elsewhere, against
//! a server that checks policies.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use signet_core::role::RoleArn;
use signet_iam::{Account, Iam, IamError, OidcProvider, Providers, RoleFacts};

/// How a role answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mood {
    /// Never.
    Silent,
    /// With a panic.
    Panicking,
    /// With a refusal.
    Denying,
}

#[derive(Debug, Default)]
struct State {
    /// Trust policies, by account and name.
    roles: BTreeMap<(String, String), (String, String)>,
    moods: BTreeMap<String, Mood>,
    written: Vec<String>,
    calls: usize,
}

/// IAM in any number of accounts.
#[derive(Debug, Clone, Default)]
pub struct Memory(Arc<Mutex<State>>);

impl Memory {
    /// A role that lets nobody in yet.
    pub fn create(&self, arn: &str) {
        let role = RoleArn::parse(arn).unwrap();
        let policy = r#"{"Version":"2012-10-17","Statement":[{"Sid":"Other","Effect":"Allow","Principal":{"Service":"glue.amazonaws.com"},"Action":"sts:AssumeRole"}]}"#;
        let key = (role.account().to_owned(), role.name().to_owned());
        self.0.lock().unwrap().roles.insert(key, (arn.to_owned(), policy.to_owned()));
    }

    pub fn policy(&self, arn: &str) -> String {
        let role = RoleArn::parse(arn).unwrap();
        self.0.lock().unwrap().roles[&(role.account().to_owned(), role.name().to_owned())].1.clone()
    }

    /// Has the roles of a name answer in some way.
    pub fn be(&self, name: &str, mood: Mood) {
        self.0.lock().unwrap().moods.insert(name.to_owned(), mood);
    }

    pub fn be_well(&self) {
        self.0.lock().unwrap().moods.clear();
    }

    /// The names of the roles that were written since the last time, in their order.
    pub fn written(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().unwrap().written)
    }

    /// How many calls there were.
    pub fn calls(&self) -> usize {
        self.0.lock().unwrap().calls
    }

    fn called(&self) {
        self.0.lock().unwrap().calls += 1;
    }

    async fn answers(&self, operation: &'static str, account: &Account, name: &str) -> Result<(), IamError> {
        self.called();
        let mood = self.0.lock().unwrap().moods.get(name).copied();
        match mood {
            None => Ok(()),
            Some(Mood::Silent) => std::future::pending().await,
            Some(Mood::Panicking) => panic!("a test of panics"),
            Some(Mood::Denying) => {
                let cause = "as the test wants it".to_owned();
                Err(IamError::Denied { operation, account: account.id.to_string(), cause })
            }
        }
    }
}

fn missing(operation: &'static str, account: &Account, what: &str) -> IamError {
    IamError::NotFound { operation, account: account.id.to_string(), what: what.to_owned() }
}

impl Iam for Memory {
    async fn role(&self, account: &Account, name: &str) -> Result<RoleFacts, IamError> {
        self.answers("GetRole", account, name).await?;
        let state = self.0.lock().unwrap();
        let role = state.roles.get(&(account.id.to_string(), name.to_owned()));
        let (arn, policy) = role.ok_or_else(|| missing("GetRole", account, name))?;
        Ok(RoleFacts { arn: arn.clone(), trust_policy: policy.clone(), tags: Some(BTreeMap::new()) })
    }

    async fn roles(&self, account: &Account) -> Result<Vec<RoleFacts>, IamError> {
        self.called();
        let state = self.0.lock().unwrap();
        let own = state.roles.iter().filter(|((id, _), _)| id == account.id.as_str());
        let facts =
            own.map(|(_, (arn, policy))| RoleFacts { arn: arn.clone(), trust_policy: policy.clone(), tags: None });
        Ok(facts.collect())
    }

    async fn set_trust_policy(&self, account: &Account, role: &str, document: &str) -> Result<(), IamError> {
        self.answers("UpdateAssumeRolePolicy", account, role).await?;
        let mut state = self.0.lock().unwrap();
        let found = state.roles.get_mut(&(account.id.to_string(), role.to_owned()));
        document.clone_into(&mut found.ok_or_else(|| missing("UpdateAssumeRolePolicy", account, role))?.1);
        state.written.push(role.to_owned());
        Ok(())
    }

    async fn providers(&self, _: &Account) -> Result<Providers, IamError> {
        self.called();
        Ok(Providers { saml: BTreeSet::new(), oidc: BTreeSet::new() })
    }

    async fn saml_metadata(&self, account: &Account, arn: &str) -> Result<String, IamError> {
        Err(missing("GetSAMLProvider", account, arn))
    }

    async fn create_saml_provider(&self, _: &Account, name: &str, _: &str) -> Result<(), IamError> {
        panic!("no app of these tests has metadata: {name}")
    }

    async fn update_saml_provider(&self, _: &Account, arn: &str, _: &str) -> Result<(), IamError> {
        panic!("no app of these tests has metadata: {arn}")
    }

    async fn oidc_provider(&self, account: &Account, arn: &str) -> Result<OidcProvider, IamError> {
        Err(missing("GetOpenIDConnectProvider", account, arn))
    }

    async fn create_oidc_provider(&self, _: &Account, provider: &OidcProvider) -> Result<(), IamError> {
        panic!("no app of these tests has an issuer: {provider:?}")
    }

    async fn add_client_id(&self, _: &Account, arn: &str, _: &str) -> Result<(), IamError> {
        panic!("no app of these tests has an issuer: {arn}")
    }

    async fn remove_client_id(&self, _: &Account, arn: &str, _: &str) -> Result<(), IamError> {
        panic!("no app of these tests has an issuer: {arn}")
    }

    async fn delete_provider(&self, _: &Account, arn: &str) -> Result<(), IamError> {
        panic!("no app of these tests is deleted: {arn}")
    }
}
