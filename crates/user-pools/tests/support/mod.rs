//! Settings for Cognito on this machine.
#![allow(
    dead_code,
    unreachable_pub,
    clippy::unwrap_used,
    reason = "each test binary uses its own part, and may fail by a panic"
)]

use std::collections::BTreeSet;

use aws_config::retry::RetryConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use signet_user_pools::PoolId;

/// Settings as the environment would give them, with `endpoint` for all services.
pub async fn settings(endpoint: &str) -> SdkConfig {
    aws_config::defaults(BehaviorVersion::latest())
        .region(Region::new("us-east-1"))
        .credentials_provider(Credentials::new("local", "local", None, None, "test"))
        .retry_config(RetryConfig::standard().with_max_attempts(1))
        .endpoint_url(endpoint)
        .load()
        .await
}

/// A pool by its id.
pub fn pool(id: &str) -> PoolId {
    let region = id.split_once('_').unwrap().0;
    PoolId::of_issuer(&format!("cognito-idp.{region}.amazonaws.com/{id}")).unwrap()
}

pub fn set(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}
