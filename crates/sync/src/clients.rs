//! The clients of AWS's services.
//!
//! A synchronisation has seconds where a sign-in has milliseconds, so that it takes the SDK's own
//! chain of settings: credentials, region and the endpoint variables (`AWS_ENDPOINT_URL` and those of
//! single services) as every AWS tool reads them.

use std::time::Duration;

use aws_config::BehaviorVersion;
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_sdk_dynamodb::config::retry::{RetryPartition, TokenBucket};
use signet_store::Table;

/// The settings that all clients share.
pub use aws_config::SdkConfig;

/// How long one attempt may take: long enough for a transaction of a hundred items on a bad day.
const ATTEMPT: Duration = Duration::from_secs(3);
/// How long all attempts of one call may take together. Well below a function's time, so that a
/// service that is down fails one record, with its reason, and not the invocation.
const OPERATION: Duration = Duration::from_secs(12);
/// How often a call is tried. The SDK's three attempts are over after some 60 ms of throttling.
const ATTEMPTS: u32 = 10;
const FIRST_BACKOFF: Duration = Duration::from_millis(50);
const LONGEST_BACKOFF: Duration = Duration::from_secs(2);

/// Reads the settings that all clients share.
pub async fn settings() -> SdkConfig {
    let time_outs = TimeoutConfig::builder()
        .connect_timeout(ATTEMPT)
        .operation_attempt_timeout(ATTEMPT)
        .operation_timeout(OPERATION)
        .build();
    let retries = RetryConfig::standard()
        .with_max_attempts(ATTEMPTS)
        .with_initial_backoff(FIRST_BACKOFF)
        .with_max_backoff(LONGEST_BACKOFF);
    aws_config::defaults(BehaviorVersion::latest()).timeout_config(time_outs).retry_config(retries).load().await
}

/// The entitlement table of a name.
#[must_use]
pub fn table(settings: &SdkConfig, name: &str) -> Table {
    let config = aws_sdk_dynamodb::config::Builder::from(settings)
        // The SDK's bucket is a quota for the whole process, which one bad minute empties: then
        // every call fails at its first throttled attempt. Attempts and time are limited as it is.
        .retry_partition(RetryPartition::custom("signet").token_bucket(TokenBucket::unlimited()).build())
        .build();
    Table::new(aws_sdk_dynamodb::Client::from_conf(config), name)
}

/// The client of SNS.
#[must_use]
pub fn sns(settings: &SdkConfig) -> aws_sdk_sns::Client {
    aws_sdk_sns::Client::new(settings)
}
