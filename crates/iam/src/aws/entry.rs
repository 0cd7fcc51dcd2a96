//! The way into an account.

use std::time::Duration;

use aws_config::SdkConfig;
use aws_config::retry::RetryConfig;
use aws_config::sts::AssumeRoleProvider;
use aws_config::timeout::TimeoutConfig;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_sdk_iam::Client;
use aws_sdk_iam::config::IdentityCache;
use aws_smithy_http_client::tls::Provider;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;

use super::fault::Call;
use crate::api::Account;
use crate::error::IamError;

/// How long a connection may take, and an account's credentials.
const CREDENTIALS: Duration = Duration::from_secs(3);
/// How long one attempt may take, with the account's credentials where they are not at hand: long enough
/// for a page of roles on a bad day.
const ATTEMPT: Duration = Duration::from_secs(10);

/// The partitions besides `aws`, by how the names of their Regions begin (the partitions of the AWS SDK).
const PARTITIONS: [(&str, &str); 7] = [
    ("cn-", "aws-cn"),
    ("us-gov-", "aws-us-gov"),
    ("us-iso-", "aws-iso"),
    ("us-isob-", "aws-iso-b"),
    ("eu-isoe-", "aws-iso-e"),
    ("us-isof-", "aws-iso-f"),
    ("eusc-", "aws-eusc"),
];

/// How accounts are entered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The member role's path and name, without a leading `/`, the same in every account. None to use
    /// the credentials as they are: for one account.
    pub member_role: Option<String>,
    /// The external id that the member role's trust policy demands.
    pub external_id: Option<String>,
    /// The name of the role sessions, which CloudTrail shows.
    pub session_name: String,
}

impl Entry {
    /// The ARN of the member role of an account, if accounts are entered by one.
    #[must_use]
    pub fn member_role_arn(&self, account: &Account) -> Option<String> {
        let role = self.member_role.as_ref()?;
        Some(format!("arn:{}:iam::{}:role/{role}", account.partition, account.id.as_str()))
    }
}

/// The settings that the clients of all accounts share.
pub(super) fn of_all_accounts(settings: &SdkConfig) -> SdkConfig {
    let time_outs = TimeoutConfig::builder()
        .connect_timeout(CREDENTIALS)
        .operation_attempt_timeout(ATTEMPT)
        .operation_timeout(ATTEMPT)
        .build();
    // One for all: each client's own would read the machine's certificates anew, and keep connections
    // that no other account could use.
    let http = settings.http_client().unwrap_or_else(|| {
        aws_smithy_http_client::Builder::new().tls_provider(Provider::rustls(CryptoMode::AwsLc)).build_https()
    });
    settings
        .to_builder()
        .retry_config(RetryConfig::standard().with_max_attempts(1))
        .timeout_config(time_outs)
        .http_client(http)
        .build()
}

/// The client of an account.
pub(super) async fn client(settings: &SdkConfig, entry: &Entry, account: &Account) -> Client {
    let config = aws_sdk_iam::config::Builder::from(settings)
        .identity_cache(IdentityCache::lazy().load_timeout(CREDENTIALS).build());
    let Some(arn) = entry.member_role_arn(account) else {
        return Client::from_conf(config.build());
    };
    let mut role = AssumeRoleProvider::builder(arn).configure(settings).session_name(&entry.session_name);
    if let Some(id) = &entry.external_id {
        role = role.external_id(id);
    }
    Client::from_conf(config.credentials_provider(SharedCredentialsProvider::new(role.build().await)).build())
}

/// Whether a call can be made with these settings at all.
pub(super) fn belongs(settings: &SdkConfig, call: &Call<'_>) -> Result<(), IamError> {
    let Some(region) = settings.region() else {
        return Err(call.refused("the settings name no Region; set `AWS_REGION`".to_owned()));
    };
    if settings.time_source().is_none() {
        return Err(call.refused("the settings have no clock; load them with `aws_config`".to_owned()));
    }
    let ours = partition(region.as_ref());
    if ours == call.account.partition {
        return Ok(());
    }
    Err(call.refused(format!(
        "the account is in partition `{}`, and the Region `{region}` in `{ours}`; each partition needs a deployment of its own",
        call.account.partition
    )))
}

/// The partition of a Region.
fn partition(region: &str) -> &'static str {
    PARTITIONS.iter().find(|(start, _)| region.starts_with(start)).map_or("aws", |(_, partition)| partition)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_region_tells_its_partition() {
        for (region, expected) in [
            ("eu-central-1", "aws"),
            ("us-east-1", "aws"),
            ("il-central-1", "aws"),
            ("cn-north-1", "aws-cn"),
            ("us-gov-west-1", "aws-us-gov"),
            ("us-iso-east-1", "aws-iso"),
            ("us-isob-east-1", "aws-iso-b"),
            ("eu-isoe-west-1", "aws-iso-e"),
            ("us-isof-south-1", "aws-iso-f"),
            ("eusc-de-east-1", "aws-eusc"),
        ] {
            assert_eq!(partition(region), expected, "{region}");
        }
    }
}
