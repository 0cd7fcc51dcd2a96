//! IAM itself, by way of a member role in each account.

mod answer;
mod entry;
mod fault;
mod own;

use std::collections::BTreeMap;

use aws_config::SdkConfig;
use aws_sdk_iam::Client;
use aws_sdk_iam::types::{Role, Tag};
use tokio::sync::{Mutex, OnceCell};

use crate::api::{Account, Iam, OidcProvider, Providers, RoleFacts};
use crate::error::IamError;
use answer::{absent, decoded};
pub use entry::Entry;
use fault::Call;
pub use own::{OwnRoleError, own_role};

/// Roles a page: an answer stays below a megabyte, and an account of a thousand roles takes five calls.
const PAGE: i32 = 200;

/// IAM in any number of accounts. Clients and credentials are kept for each account.
///
/// A call is tried once: [`Paced`](crate::pace::Paced) repeats it, and knows the account's rate. The
/// credentials of an account are asked for with its first call, and again five minutes before they end.
#[derive(Debug)]
pub struct Aws {
    settings: SdkConfig,
    entry: Entry,
    clients: Mutex<BTreeMap<Account, Client>>,
    /// The account that the settings' credentials are of.
    own_account: OnceCell<String>,
}

impl Aws {
    /// Speaks to IAM with these settings: their credentials, Region and endpoints
    /// (`AWS_ENDPOINT_URL_IAM`, `AWS_ENDPOINT_URL_STS` among them), with time-outs of its own.
    ///
    /// Without a member role every account but that of the credentials is [`IamError::Refused`]: IAM would
    /// answer of its own, where a role of another account is one that is not there.
    ///
    /// STS is the settings' Region's; IAM is one for the partition that the Region belongs to, and
    /// accounts of other partitions are [`IamError::Refused`].
    #[must_use]
    pub fn new(settings: &SdkConfig, entry: Entry) -> Self {
        Self {
            settings: entry::of_all_accounts(settings),
            entry,
            clients: Mutex::default(),
            own_account: OnceCell::new(),
        }
    }

    /// The client of an account, and what its errors are told by.
    async fn call<'a>(
        &'a self,
        operation: &'static str,
        account: &'a Account,
        what: &'a str,
    ) -> Result<(Client, Call<'a>), IamError> {
        let call = Call { operation, account, what, entry: &self.entry };
        entry::belongs(&self.settings, &call)?;
        if self.entry.member_role.is_none() {
            self.is_own(&call).await?;
        }
        let mut clients = self.clients.lock().await;
        if let Some(client) = clients.get(account) {
            return Ok((client.clone(), call));
        }
        // Nothing is sent here: the member role is assumed with the first call.
        let client = entry::client(&self.settings, &self.entry, account).await;
        clients.insert(account.clone(), client.clone());
        Ok((client, call))
    }

    /// That an account is that of the settings' credentials.
    async fn is_own(&self, call: &Call<'_>) -> Result<(), IamError> {
        let ask = async || {
            let sts = aws_sdk_sts::Client::new(&self.settings);
            let call = Call { operation: "GetCallerIdentity", ..*call };
            let answer = sts.get_caller_identity().send().await.map_err(|error| call.failed(error))?;
            answer.account.ok_or_else(|| absent(&call, "account"))
        };
        let own = self.own_account.get_or_try_init(ask).await?;
        if own == call.account.id.as_str() {
            return Ok(());
        }
        Err(call.refused(format!(
            "these credentials are of account `{own}`; name the member role by which other accounts are entered"
        )))
    }

    /// As [`Aws::call`], for a provider that its ARN names: one of another account is refused.
    async fn call_of<'a>(
        &'a self,
        operation: &'static str,
        account: &'a Account,
        arn: &'a str,
    ) -> Result<(Client, Call<'a>), IamError> {
        let (client, call) = self.call(operation, account, arn).await?;
        if arn.starts_with(&format!("arn:{}:iam::{}:", account.partition, account.id.as_str())) {
            return Ok((client, call));
        }
        Err(call.refused(format!("`{arn}` is not of this account")))
    }
}

impl Iam for Aws {
    async fn role(&self, account: &Account, name: &str) -> Result<RoleFacts, IamError> {
        let (client, call) = self.call("GetRole", account, name).await?;
        let answer = client.get_role().role_name(name).send().await.map_err(|error| call.failed(error))?;
        let role = answer.role.ok_or_else(|| absent(&call, "role"))?;
        let tags = role.tags().iter().map(|Tag { key, value, .. }| (key.clone(), value.clone())).collect();
        facts(&call, role, Some(tags))
    }

    async fn roles(&self, account: &Account) -> Result<Vec<RoleFacts>, IamError> {
        let (client, call) = self.call("ListRoles", account, "").await?;
        let mut roles = Vec::new();
        let mut marker = None;
        loop {
            let page = client.list_roles().max_items(PAGE).set_marker(marker.clone());
            let page = page.send().await.map_err(|error| call.failed(error))?;
            for role in page.roles {
                roles.push(facts(&call, role, None)?);
            }
            if !page.is_truncated {
                return Ok(roles);
            }
            // A list that ends early would pass for the whole.
            let next = page.marker.filter(|next| !next.is_empty() && marker.as_ref() != Some(next));
            marker = Some(next.ok_or_else(|| absent(&call, "marker of the next page"))?);
        }
    }

    async fn set_trust_policy(&self, account: &Account, role: &str, document: &str) -> Result<(), IamError> {
        let (client, call) = self.call("UpdateAssumeRolePolicy", account, role).await?;
        let change = client.update_assume_role_policy().role_name(role).policy_document(document);
        change.send().await.map_err(|error| call.failed(error))?;
        Ok(())
    }

    async fn providers(&self, account: &Account) -> Result<Providers, IamError> {
        let (client, call) = self.call("ListSAMLProviders", account, "").await?;
        let saml = client.list_saml_providers().send().await.map_err(|error| call.failed(error))?;
        let saml = saml.saml_provider_list.unwrap_or_default().into_iter();
        let saml = saml.map(|provider| provider.arn.ok_or_else(|| absent(&call, "ARN of a provider")));
        let saml = saml.collect::<Result<_, _>>()?;
        let (client, call) = self.call("ListOpenIDConnectProviders", account, "").await?;
        let oidc = client.list_open_id_connect_providers().send().await.map_err(|error| call.failed(error))?;
        let oidc = oidc.open_id_connect_provider_list.unwrap_or_default().into_iter();
        let oidc = oidc.map(|provider| provider.arn.ok_or_else(|| absent(&call, "ARN of a provider")));
        Ok(Providers { saml, oidc: oidc.collect::<Result<_, _>>()? })
    }

    async fn saml_metadata(&self, account: &Account, arn: &str) -> Result<String, IamError> {
        let (client, call) = self.call_of("GetSAMLProvider", account, arn).await?;
        let answer = client.get_saml_provider().saml_provider_arn(arn).send().await;
        let answer = answer.map_err(|error| call.failed(error))?;
        answer.saml_metadata_document.ok_or_else(|| absent(&call, "metadata document"))
    }

    async fn create_saml_provider(&self, account: &Account, name: &str, metadata: &str) -> Result<(), IamError> {
        let (client, call) = self.call("CreateSAMLProvider", account, name).await?;
        let creation = client.create_saml_provider().name(name).saml_metadata_document(metadata);
        creation.send().await.map_err(|error| call.failed(error))?;
        Ok(())
    }

    async fn update_saml_provider(&self, account: &Account, arn: &str, metadata: &str) -> Result<(), IamError> {
        let (client, call) = self.call_of("UpdateSAMLProvider", account, arn).await?;
        let change = client.update_saml_provider().saml_provider_arn(arn).saml_metadata_document(metadata);
        change.send().await.map_err(|error| call.failed(error))?;
        Ok(())
    }

    async fn oidc_provider(&self, account: &Account, arn: &str) -> Result<OidcProvider, IamError> {
        let (client, call) = self.call_of("GetOpenIDConnectProvider", account, arn).await?;
        let answer = client.get_open_id_connect_provider().open_id_connect_provider_arn(arn).send().await;
        let answer = answer.map_err(|error| call.failed(error))?;
        let url = answer.url.ok_or_else(|| absent(&call, "URL"))?;
        // IAM leaves the scheme out (IAM API reference, `GetOpenIDConnectProvider`).
        let url = if url.starts_with("https://") { url } else { format!("https://{url}") };
        Ok(OidcProvider { url, client_ids: answer.client_id_list.unwrap_or_default().into_iter().collect() })
    }

    async fn create_oidc_provider(&self, account: &Account, provider: &OidcProvider) -> Result<(), IamError> {
        let (client, call) = self.call("CreateOpenIDConnectProvider", account, &provider.url).await?;
        let ids = provider.client_ids.iter().cloned().collect();
        let creation = client.create_open_id_connect_provider().url(&provider.url).set_client_id_list(Some(ids));
        creation.send().await.map_err(|error| call.failed(error))?;
        Ok(())
    }

    async fn add_client_id(&self, account: &Account, arn: &str, id: &str) -> Result<(), IamError> {
        let (client, call) = self.call_of("AddClientIDToOpenIDConnectProvider", account, arn).await?;
        let change = client.add_client_id_to_open_id_connect_provider();
        let change = change.open_id_connect_provider_arn(arn).client_id(id);
        change.send().await.map_err(|error| call.failed(error))?;
        Ok(())
    }

    async fn remove_client_id(&self, account: &Account, arn: &str, id: &str) -> Result<(), IamError> {
        let (client, call) = self.call_of("RemoveClientIDFromOpenIDConnectProvider", account, arn).await?;
        let change = client.remove_client_id_from_open_id_connect_provider();
        let change = change.open_id_connect_provider_arn(arn).client_id(id);
        change.send().await.map_err(|error| call.failed(error))?;
        Ok(())
    }

    async fn delete_provider(&self, account: &Account, arn: &str) -> Result<(), IamError> {
        let deleted = if arn.contains(":saml-provider/") {
            let (client, call) = self.call_of("DeleteSAMLProvider", account, arn).await?;
            let answer = client.delete_saml_provider().saml_provider_arn(arn).send().await;
            answer.map(|_| ()).map_err(|error| call.failed(error))
        } else if arn.contains(":oidc-provider/") {
            let (client, call) = self.call_of("DeleteOpenIDConnectProvider", account, arn).await?;
            let answer = client.delete_open_id_connect_provider().open_id_connect_provider_arn(arn).send().await;
            answer.map(|_| ()).map_err(|error| call.failed(error))
        } else {
            let (_, call) = self.call("DeleteSAMLProvider", account, arn).await?;
            Err(call.refused(format!("`{arn}` is no identity provider")))
        };
        match deleted {
            Err(IamError::NotFound { .. }) => Ok(()),
            deleted => deleted,
        }
    }
}

fn facts(call: &Call<'_>, role: Role, tags: Option<BTreeMap<String, String>>) -> Result<RoleFacts, IamError> {
    let document = role.assume_role_policy_document.ok_or_else(|| absent(call, "trust policy of a role"))?;
    let trust_policy = decoded(&document).map_err(|problem| {
        call.refused(format!("the trust policy of `{}` cannot be read: {problem}", role.role_name))
    })?;
    Ok(RoleFacts { arn: role.arn, trust_policy, tags })
}
