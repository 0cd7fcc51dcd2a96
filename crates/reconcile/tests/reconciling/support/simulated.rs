//! IAM as its guides and quotas describe it, in memory: an outside system, with its moods.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use signet_iam::{Account, Iam, IamError, OidcProvider, Providers, RoleFacts};
use tokio::time::Instant;

/// What an account is like.
#[derive(Debug, Clone, Default)]
pub struct Mood {
    /// The account lets nobody in.
    pub denied: bool,
    /// Every call is throttled until then.
    pub throttled_until: Option<Instant>,
    /// For how long after a write roles are shown as they were.
    pub lag: Duration,
    /// For how long after a change providers are shown, and listed, as they were.
    pub provider_lag: Duration,
    /// How long a call takes.
    pub latency: Duration,
    /// So many of the next writes are taken and not answered.
    pub unanswered: usize,
    /// So many of the next writes are refused as a conflict.
    pub conflicts: usize,
    /// Characters of a trust policy, without white space; 2,048 where it is 0.
    pub quota: usize,
}

#[derive(Debug, Clone)]
struct Role {
    path: String,
    tags: BTreeMap<String, String>,
    /// Every document it had, and since when.
    documents: Vec<(Instant, String)>,
}

/// The SAML and the OIDC providers of an account, by their ARNs.
type AllProviders = (BTreeMap<String, String>, BTreeMap<String, OidcProvider>);

#[derive(Debug, Default)]
struct InAccount {
    mood: Mood,
    roles: BTreeMap<String, Role>,
    saml: BTreeMap<String, String>,
    oidc: BTreeMap<String, OidcProvider>,
    /// What the providers were before each of our changes, and until when.
    before: Vec<(Instant, AllProviders)>,
}

impl InAccount {
    /// Call it before a change of ours.
    fn keep_providers(&mut self) {
        self.before.push((Instant::now(), (self.saml.clone(), self.oidc.clone())));
    }

    /// The providers as they were so long ago.
    fn shown(&self) -> AllProviders {
        let is_late = |(until, _): &&(Instant, AllProviders)| until.elapsed() < self.mood.provider_lag;
        let late = self.before.iter().find(is_late).map(|(_, before)| before.clone());
        late.unwrap_or_else(|| (self.saml.clone(), self.oidc.clone()))
    }
}

#[derive(Debug, Default)]
struct State {
    accounts: BTreeMap<String, InAccount>,
    calls: Vec<Call>,
}

/// A call, as it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    pub account: String,
    pub operation: &'static str,
    pub what: String,
}

/// Clones are one IAM.
#[derive(Debug, Clone, Default)]
pub struct SimulatedIam(Arc<Mutex<State>>);

impl SimulatedIam {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }

    fn with<T>(&self, account: &str, change: impl FnOnce(&mut InAccount) -> T) -> T {
        change(self.state().accounts.entry(account.to_owned()).or_default())
    }

    pub fn mood(&self, account: &str, change: impl FnOnce(&mut Mood)) {
        self.with(account, |account| change(&mut account.mood));
    }

    pub fn create(&self, arn: &str, document: &str, tags: &[(&str, &str)]) {
        let (account, path, name) = parts(arn);
        let tags = tags.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
        let role = Role { path, tags, documents: vec![(Instant::now(), document.to_owned())] };
        self.with(&account, |account| account.roles.insert(name, role));
    }

    pub fn delete(&self, arn: &str) {
        let (account, _, name) = parts(arn);
        self.with(&account, |account| account.roles.remove(&name));
    }

    /// The document that the role really has.
    pub fn document(&self, arn: &str) -> String {
        let (account, _, name) = parts(arn);
        self.with(&account, |account| account.roles[&name].documents.last().unwrap().1.clone())
    }

    /// Somebody else writes a role.
    pub fn edit(&self, arn: &str, document: &str) {
        let (account, _, name) = parts(arn);
        let entry = (Instant::now(), document.to_owned());
        self.with(&account, |account| account.roles.get_mut(&name).unwrap().documents.push(entry));
    }

    pub fn saml(&self, account: &str) -> BTreeMap<String, String> {
        self.with(account, |account| account.saml.clone())
    }

    pub fn set_saml(&self, account: &str, arn: &str, metadata: &str) {
        self.with(account, |account| account.saml.insert(arn.to_owned(), metadata.to_owned()));
    }

    pub fn oidc(&self, account: &str) -> BTreeMap<String, OidcProvider> {
        self.with(account, |account| account.oidc.clone())
    }

    pub fn calls(&self) -> Vec<Call> {
        self.state().calls.clone()
    }

    pub fn forget_calls(&self) {
        self.state().calls.clear();
    }

    /// The operations that change something, in their order.
    pub fn writes(&self) -> Vec<Call> {
        let is_write = |call: &Call| !call.operation.starts_with("Get") && !call.operation.starts_with("List");
        self.calls().into_iter().filter(is_write).collect()
    }

    /// A call is on its way, may be throttled, and then arrives.
    async fn call(&self, account: &Account, operation: &'static str, what: &str) -> Result<(), IamError> {
        let id = account.id.as_str().to_owned();
        let call = Call { account: id.clone(), operation, what: what.to_owned() };
        self.state().calls.push(call);
        let mood = self.with(&id, |account| account.mood.clone());
        if mood.latency.is_zero() {
            tokio::task::yield_now().await;
        } else {
            tokio::time::sleep(mood.latency).await;
        }
        if mood.denied {
            return Err(IamError::Denied { operation, account: id, cause: "AccessDenied".to_owned() });
        }
        if mood.throttled_until.is_some_and(|until| Instant::now() < until) {
            return Err(IamError::Throttled { operation, account: id, cause: "Throttling".to_owned() });
        }
        Ok(())
    }
}

fn parts(arn: &str) -> (String, String, String) {
    let (account, rest) = arn.strip_prefix("arn:aws:iam::").unwrap().split_once(":role/").unwrap();
    let (path, name) = rest.rsplit_once('/').map_or(("/".to_owned(), rest), |(path, name)| (format!("/{path}/"), name));
    (account.to_owned(), path, name.to_ascii_lowercase())
}

fn not_found(operation: &'static str, account: &Account, what: &str) -> IamError {
    IamError::NotFound { operation, account: account.id.to_string(), what: what.to_owned() }
}

fn already_there(operation: &'static str, account: &Account) -> IamError {
    IamError::Conflict { operation, account: account.id.to_string(), cause: "EntityAlreadyExists".to_owned() }
}

impl Role {
    fn shown(&self, lag: Duration) -> &str {
        let old = |(at, _): &&(Instant, String)| at.elapsed() >= lag;
        &self.documents.iter().rfind(old).or(self.documents.first()).unwrap().1
    }

    fn facts(&self, account: &Account, name: &str, lag: Duration, is_listed: bool) -> RoleFacts {
        RoleFacts {
            arn: format!("arn:aws:iam::{}:role{}{name}", account.id, self.path),
            trust_policy: self.shown(lag).to_owned(),
            tags: (!is_listed).then(|| self.tags.clone()),
        }
    }
}

/// What IAM refuses of a document.
fn check(document: &str, account: &InAccount) -> Result<(), (bool, &'static str)> {
    let length = document.chars().filter(|c| !c.is_whitespace()).count();
    let quota = if account.mood.quota == 0 { 2_048 } else { account.mood.quota };
    if length > quota {
        return Err((true, "LimitExceeded: Cannot exceed quota for ACLSizePerRole"));
    }
    let json: serde_json::Value = serde_json::from_str(document).map_err(|_| (false, "not JSON"))?;
    if json["Statement"].as_array().is_none_or(Vec::is_empty) && !json["Statement"].is_object() {
        return Err((false, "Syntax error: no statement"));
    }
    if document.contains("\"AIDA") || document.contains("\"AROA") {
        return Err((false, "MalformedPolicyDocument: Invalid principal in policy"));
    }
    Ok(())
}

impl Iam for SimulatedIam {
    async fn role(&self, account: &Account, name: &str) -> Result<RoleFacts, IamError> {
        self.call(account, "GetRole", name).await?;
        let name = name.to_ascii_lowercase();
        self.with(account.id.as_str(), |known| {
            let role = known.roles.get(&name).ok_or_else(|| not_found("GetRole", account, &name))?;
            Ok(role.facts(account, &name, known.mood.lag, false))
        })
    }

    async fn roles(&self, account: &Account) -> Result<Vec<RoleFacts>, IamError> {
        self.call(account, "ListRoles", "").await?;
        Ok(self.with(account.id.as_str(), |known| {
            known.roles.iter().map(|(name, role)| role.facts(account, name, known.mood.lag, true)).collect()
        }))
    }

    async fn set_trust_policy(&self, account: &Account, role: &str, document: &str) -> Result<(), IamError> {
        let operation = "UpdateAssumeRolePolicy";
        self.call(account, operation, role).await?;
        let name = role.to_ascii_lowercase();
        self.with(account.id.as_str(), |known| {
            let id = account.id.to_string();
            if known.mood.conflicts > 0 {
                known.mood.conflicts -= 1;
                return Err(IamError::Conflict { operation, account: id, cause: "ConcurrentModification".to_owned() });
            }
            check(document, known).map_err(|(is_long, cause)| {
                let (account, cause) = (id.clone(), cause.to_owned());
                if is_long {
                    IamError::LimitExceeded { operation, account, cause }
                } else {
                    IamError::Malformed { operation, account, cause }
                }
            })?;
            let role = known.roles.get_mut(&name).ok_or_else(|| not_found(operation, account, &name))?;
            role.documents.push((Instant::now(), document.to_owned()));
            if known.mood.unanswered > 0 {
                known.mood.unanswered -= 1;
                return Err(IamError::Unavailable { operation, account: id, cause: "no answer".to_owned() });
            }
            Ok(())
        })
    }

    async fn providers(&self, account: &Account) -> Result<Providers, IamError> {
        self.call(account, "ListProviders", "").await?;
        Ok(self.with(account.id.as_str(), |known| {
            let (saml, oidc) = known.shown();
            Providers { saml: saml.into_keys().collect(), oidc: oidc.into_keys().collect() }
        }))
    }

    async fn saml_metadata(&self, account: &Account, arn: &str) -> Result<String, IamError> {
        self.call(account, "GetSAMLProvider", arn).await?;
        self.with(account.id.as_str(), |known| known.shown().0.get(arn).cloned())
            .ok_or_else(|| not_found("GetSAMLProvider", account, arn))
    }

    async fn create_saml_provider(&self, account: &Account, name: &str, metadata: &str) -> Result<(), IamError> {
        self.call(account, "CreateSAMLProvider", name).await?;
        let arn = format!("arn:aws:iam::{}:saml-provider/{name}", account.id);
        self.with(account.id.as_str(), |known| {
            if known.saml.contains_key(&arn) {
                return Err(already_there("CreateSAMLProvider", account));
            }
            known.keep_providers();
            known.saml.insert(arn, metadata.to_owned());
            Ok(())
        })
    }

    async fn update_saml_provider(&self, account: &Account, arn: &str, metadata: &str) -> Result<(), IamError> {
        self.call(account, "UpdateSAMLProvider", arn).await?;
        self.with(account.id.as_str(), |known| {
            known.keep_providers();
            let provider = known.saml.get_mut(arn).ok_or_else(|| not_found("UpdateSAMLProvider", account, arn))?;
            metadata.clone_into(provider);
            Ok(())
        })
    }

    async fn oidc_provider(&self, account: &Account, arn: &str) -> Result<OidcProvider, IamError> {
        self.call(account, "GetOpenIDConnectProvider", arn).await?;
        self.with(account.id.as_str(), |known| known.shown().1.get(arn).cloned())
            .ok_or_else(|| not_found("GetOpenIDConnectProvider", account, arn))
    }

    async fn create_oidc_provider(&self, account: &Account, provider: &OidcProvider) -> Result<(), IamError> {
        self.call(account, "CreateOpenIDConnectProvider", &provider.url).await?;
        let host = provider.url.strip_prefix("https://").unwrap();
        let arn = format!("arn:aws:iam::{}:oidc-provider/{host}", account.id);
        self.with(account.id.as_str(), |known| {
            if known.oidc.contains_key(&arn) {
                return Err(already_there("CreateOpenIDConnectProvider", account));
            }
            known.keep_providers();
            known.oidc.insert(arn, provider.clone());
            Ok(())
        })
    }

    async fn add_client_id(&self, account: &Account, arn: &str, id: &str) -> Result<(), IamError> {
        let operation = "AddClientIDToOpenIDConnectProvider";
        self.call(account, operation, id).await?;
        self.with(account.id.as_str(), |known| {
            known.keep_providers();
            let provider = known.oidc.get_mut(arn).ok_or_else(|| not_found(operation, account, arn))?;
            provider.client_ids.insert(id.to_owned());
            Ok(())
        })
    }

    async fn remove_client_id(&self, account: &Account, arn: &str, id: &str) -> Result<(), IamError> {
        let operation = "RemoveClientIDFromOpenIDConnectProvider";
        self.call(account, operation, id).await?;
        self.with(account.id.as_str(), |known| {
            known.keep_providers();
            let provider = known.oidc.get_mut(arn).ok_or_else(|| not_found(operation, account, arn))?;
            provider.client_ids.remove(id);
            Ok(())
        })
    }

    async fn delete_provider(&self, account: &Account, arn: &str) -> Result<(), IamError> {
        self.call(account, "DeleteProvider", arn).await?;
        self.with(account.id.as_str(), |known| {
            known.keep_providers();
            known.saml.remove(arn);
            known.oidc.remove(arn);
        });
        Ok(())
    }
}
