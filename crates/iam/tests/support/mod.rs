//! Settings for IAM and STS on this machine.
#![allow(
    dead_code,
    unreachable_pub,
    clippy::unwrap_used,
    reason = "each test binary uses its own part, and may fail by a panic"
)]

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use signet_core::role::AccountId;
use signet_iam::Account;
use signet_iam::aws::Entry;

/// Settings as the environment would give them, with `endpoint` for all services.
pub async fn settings(endpoint: &str) -> SdkConfig {
    settings_of_region(endpoint, "eu-central-1").await
}

pub async fn settings_of_region(endpoint: &str, region: &'static str) -> SdkConfig {
    aws_config::defaults(BehaviorVersion::latest())
        .region(Region::new(region))
        .credentials_provider(Credentials::new("local", "local", None, None, "test"))
        .endpoint_url(endpoint)
        .load()
        .await
}

pub fn entry() -> Entry {
    Entry {
        member_role: Some("signet/signet-member".to_owned()),
        external_id: Some("example".to_owned()),
        session_name: "signet-test".to_owned(),
    }
}

pub fn account(number: &str) -> Account {
    Account { partition: "aws".to_owned(), id: AccountId::parse(number).unwrap() }
}
