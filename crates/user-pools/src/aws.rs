//! Cognito itself, in any number of Regions.

mod answer;
mod fault;

use std::collections::BTreeSet;

use aws_config::{Region, SdkConfig};
use aws_sdk_cognitoidentityprovider::Client;
use aws_sdk_cognitoidentityprovider::types::UserPoolType;

use crate::api::{AppClient, UserPool, UserPools};
use crate::error::UserPoolError;
use crate::pool::PoolId;
use answer::{attributes, client, trigger};
use fault::Call;

/// Clients, or identity providers, a page: Cognito's most (Cognito API reference, `MaxResults`).
const PAGE: i32 = 60;

/// Cognito in any number of Regions, with the credentials as they are: a pool's id says its Region, and
/// not its account.
#[derive(Debug)]
pub struct Aws {
    settings: SdkConfig,
}

impl Aws {
    /// Speaks to Cognito with these settings: their credentials, time-outs, repetitions and endpoint
    /// (`AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER`), in the Region of each pool.
    #[must_use]
    pub fn new(settings: &SdkConfig) -> Self {
        Self { settings: settings.clone() }
    }
}

impl UserPools for Aws {
    async fn user_pool(&self, pool: &PoolId) -> Result<UserPool, UserPoolError> {
        let settings = self.settings.to_builder().region(Region::new(pool.region().to_owned())).build();
        let asked = Asked { client: Client::new(&settings), pool };
        let facts = asked.facts().await?;
        let identity_providers = asked.identity_providers().await?;
        let mut clients = Vec::new();
        for id in asked.client_ids().await? {
            clients.extend(asked.app_client(&id).await?);
        }
        let trigger = facts.lambda_config().and_then(trigger);
        Ok(UserPool { clients, attributes: attributes(facts.schema_attributes()), trigger, identity_providers })
    }
}

/// A pool that is asked about.
struct Asked<'a> {
    client: Client,
    pool: &'a PoolId,
}

impl Asked<'_> {
    fn call(&self, operation: &'static str) -> Call<'_> {
        Call { operation, pool: self.pool }
    }

    async fn facts(&self) -> Result<UserPoolType, UserPoolError> {
        let call = self.call("DescribeUserPool");
        let answer = self.client.describe_user_pool().user_pool_id(self.pool.as_str()).send().await;
        let answer = answer.map_err(|error| call.failed(error))?;
        answer.user_pool.ok_or_else(|| call.absent("user pool"))
    }

    async fn client_ids(&self) -> Result<BTreeSet<String>, UserPoolError> {
        let call = self.call("ListUserPoolClients");
        let mut ids = BTreeSet::new();
        let mut token = None;
        loop {
            let page = self.client.list_user_pool_clients().user_pool_id(self.pool.as_str());
            let page = page.max_results(PAGE).set_next_token(token.clone()).send().await;
            let page = page.map_err(|error| call.failed(error))?;
            for client in page.user_pool_clients.unwrap_or_default() {
                ids.insert(client.client_id.ok_or_else(|| call.absent("id of a client"))?);
            }
            token = call.next(token.as_deref(), page.next_token)?;
            if token.is_none() {
                return Ok(ids);
            }
        }
    }

    /// An app client; none where it was deleted since it was listed.
    async fn app_client(&self, id: &str) -> Result<Option<AppClient>, UserPoolError> {
        let call = self.call("DescribeUserPoolClient");
        let answer = self.client.describe_user_pool_client().user_pool_id(self.pool.as_str()).client_id(id);
        match answer.send().await.map_err(|error| call.failed(error)) {
            Err(UserPoolError::NotFound { .. }) => Ok(None),
            Err(error) => Err(error),
            Ok(answer) => {
                let facts = answer.user_pool_client.ok_or_else(|| call.absent("client"))?;
                Ok(Some(client(id, facts)))
            }
        }
    }

    async fn identity_providers(&self) -> Result<BTreeSet<String>, UserPoolError> {
        let call = self.call("ListIdentityProviders");
        let mut names = BTreeSet::new();
        let mut token = None;
        loop {
            let page = self.client.list_identity_providers().user_pool_id(self.pool.as_str());
            let page = page.max_results(PAGE).set_next_token(token.clone()).send().await;
            let page = page.map_err(|error| call.failed(error))?;
            for provider in page.providers {
                names.insert(provider.provider_name.ok_or_else(|| call.absent("name of an identity provider"))?);
            }
            token = call.next(token.as_deref(), page.next_token)?;
            if token.is_none() {
                return Ok(names);
            }
        }
    }
}
