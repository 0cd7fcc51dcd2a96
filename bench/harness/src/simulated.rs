//! IAM in many accounts as it limits those who write: one write and ten reads a second and account, by a
//! token bucket, and an answer that takes a moment. Whoever asks more often is throttled.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use signet_core::role::{AccountId, RoleArn};
use signet_iam::{Account, Iam, IamError, OidcProvider, Providers, RoleFacts};
use tokio::time::Instant;

/// Writes a second and account.
pub(crate) const WRITES: f64 = 1.0;
/// Reads a second and account.
pub(crate) const READS: f64 = 10.0;
/// Calls at once, after a rest.
pub(crate) const BURST: f64 = 2.0;
/// How long an answer takes.
const LATENCY: Duration = Duration::from_millis(30);
/// What a role trusts before Signet writes to it.
const OWN: &str = r#"{"Version":"2012-10-17","Statement":[{"Sid":"Own","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111122223333:root"},"Action":"sts:AssumeRole"}]}"#;

/// IAM in many accounts. A clone is the same one.
#[derive(Debug, Clone, Default)]
pub(crate) struct Simulated {
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    accounts: HashMap<AccountId, Contents>,
    calls: Calls,
    is_limited: bool,
}

/// What was asked.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Calls {
    /// Calls that changed something.
    pub(crate) writes: usize,
    /// Calls that read.
    pub(crate) reads: usize,
    /// Calls that were throttled.
    pub(crate) throttled: usize,
}

#[derive(Debug, Default)]
struct Contents {
    roles: BTreeMap<String, (RoleArn, String)>,
    saml: BTreeMap<String, String>,
    written: Bucket,
    read: Bucket,
}

/// What is left to ask; full where nobody asked yet.
#[derive(Debug, Default)]
struct Bucket(Option<(f64, Instant)>);

impl Bucket {
    fn take(&mut self, rate: f64) -> bool {
        let now = Instant::now();
        let (tokens, at) = self.0.unwrap_or((BURST, now));
        let tokens = (tokens + rate * (now - at).as_secs_f64()).min(BURST);
        let has_one = tokens >= 1.0;
        self.0 = Some((if has_one { tokens - 1.0 } else { tokens }, now));
        has_one
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Read,
    Write,
}

impl Simulated {
    /// IAM with these roles, without limits until [`Simulated::limit`].
    pub(crate) fn new(roles: &[RoleArn]) -> Self {
        let mut state = State::default();
        for role in roles {
            let account = state.accounts.entry(role.account_id()).or_default();
            account.roles.insert(role.name().to_owned(), (role.clone(), OWN.to_owned()));
        }
        Self { state: Arc::new(Mutex::new(state)) }
    }

    /// Limits every account from now on, after a rest.
    pub(crate) fn limit(&self) {
        self.with(|state| {
            state.is_limited = true;
            for account in state.accounts.values_mut() {
                (account.written, account.read) = Default::default();
            }
        });
    }

    /// What was asked since the last look.
    pub(crate) fn calls(&self) -> Calls {
        self.with(|state| std::mem::take(&mut state.calls))
    }

    fn with<T>(&self, work: impl FnOnce(&mut State) -> T) -> T {
        // Nothing panics while it is held.
        let mut state = self.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        work(&mut state)
    }

    async fn call<T>(
        &self,
        operation: &'static str,
        account: &Account,
        kind: Kind,
        work: impl FnOnce(&mut Contents) -> Option<T>,
    ) -> Result<T, IamError> {
        let failed = |cause: &str| (operation, account.id.to_string(), cause.to_owned());
        let answer = self.with(|state| {
            let is_limited = state.is_limited;
            let contents = state.accounts.entry(account.id.clone()).or_default();
            let may = match kind {
                Kind::Read => contents.read.take(READS),
                Kind::Write => contents.written.take(WRITES),
            };
            if is_limited && !may {
                state.calls.throttled += 1;
                let (operation, account, cause) = failed("Rate exceeded");
                return Err(IamError::Throttled { operation, account, cause });
            }
            match kind {
                Kind::Read => state.calls.reads += 1,
                Kind::Write => state.calls.writes += 1,
            }
            work(contents).ok_or_else(|| {
                let (operation, account, what) = failed("what was asked for");
                IamError::NotFound { operation, account, what }
            })
        });
        tokio::time::sleep(LATENCY).await;
        answer
    }
}

fn facts((arn, trust_policy): &(RoleArn, String), tags: Option<BTreeMap<String, String>>) -> RoleFacts {
    RoleFacts { arn: arn.to_string(), trust_policy: trust_policy.clone(), tags }
}

fn saml_arn(account: &Account, name: &str) -> String {
    format!("arn:{}:iam::{}:saml-provider/{name}", account.partition, account.id)
}

impl Iam for Simulated {
    async fn role(&self, account: &Account, name: &str) -> Result<RoleFacts, IamError> {
        let read = |contents: &mut Contents| contents.roles.get(name).map(|role| facts(role, Some(BTreeMap::new())));
        self.call("GetRole", account, Kind::Read, read).await
    }

    async fn roles(&self, account: &Account) -> Result<Vec<RoleFacts>, IamError> {
        let read = |contents: &mut Contents| Some(contents.roles.values().map(|role| facts(role, None)).collect());
        self.call("ListRoles", account, Kind::Read, read).await
    }

    async fn set_trust_policy(&self, account: &Account, role: &str, document: &str) -> Result<(), IamError> {
        let write = |contents: &mut Contents| contents.roles.get_mut(role).map(|(_, text)| document.clone_into(text));
        self.call("UpdateAssumeRolePolicy", account, Kind::Write, write).await
    }

    async fn providers(&self, account: &Account) -> Result<Providers, IamError> {
        let read = |contents: &mut Contents| {
            let saml = contents.saml.keys().map(|name| saml_arn(account, name)).collect();
            Some(Providers { saml, ..Providers::default() })
        };
        self.call("ListSAMLProviders", account, Kind::Read, read).await
    }

    async fn saml_metadata(&self, account: &Account, arn: &str) -> Result<String, IamError> {
        let name = arn.rsplit('/').next().unwrap_or_default();
        self.call("GetSAMLProvider", account, Kind::Read, |contents| contents.saml.get(name).cloned()).await
    }

    async fn create_saml_provider(&self, account: &Account, name: &str, metadata: &str) -> Result<(), IamError> {
        let write = |contents: &mut Contents| {
            contents.saml.insert(name.to_owned(), metadata.to_owned());
            Some(())
        };
        self.call("CreateSAMLProvider", account, Kind::Write, write).await
    }

    async fn update_saml_provider(&self, account: &Account, arn: &str, metadata: &str) -> Result<(), IamError> {
        let name = arn.rsplit('/').next().unwrap_or_default();
        let write = |contents: &mut Contents| contents.saml.get_mut(name).map(|text| metadata.clone_into(text));
        self.call("UpdateSAMLProvider", account, Kind::Write, write).await
    }

    async fn oidc_provider(&self, account: &Account, _: &str) -> Result<OidcProvider, IamError> {
        self.call("GetOpenIDConnectProvider", account, Kind::Read, |_| None).await
    }

    async fn create_oidc_provider(&self, account: &Account, _: &OidcProvider) -> Result<(), IamError> {
        self.call("CreateOpenIDConnectProvider", account, Kind::Write, |_| None).await
    }

    async fn add_client_id(&self, account: &Account, _: &str, _: &str) -> Result<(), IamError> {
        self.call("AddClientIDToOpenIDConnectProvider", account, Kind::Write, |_| None).await
    }

    async fn remove_client_id(&self, account: &Account, _: &str, _: &str) -> Result<(), IamError> {
        self.call("RemoveClientIDFromOpenIDConnectProvider", account, Kind::Write, |_| None).await
    }

    async fn delete_provider(&self, account: &Account, arn: &str) -> Result<(), IamError> {
        let name = arn.rsplit('/').next().unwrap_or_default().to_owned();
        let write = |contents: &mut Contents| {
            contents.saml.remove(&name);
            Some(())
        };
        self.call("DeleteSAMLProvider", account, Kind::Write, write).await
    }
}
