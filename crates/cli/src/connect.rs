//! The table, by way of the AWS settings that every tool takes.

use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region};
use aws_sdk_dynamodb::config::retry::{RetryPartition, TokenBucket};
use signet_store::Table;

use crate::args::Connection;
use crate::failure::Failure;

/// One call's share of [`OPERATION`]: a connection that hangs is given up for another.
const ATTEMPT: Duration = Duration::from_secs(5);
/// The longest that one operation may take, with all its repetitions.
const OPERATION: Duration = Duration::from_secs(30);
/// How often an operation is tried that is throttled or finds nobody: filling a table may meet
/// DynamoDB's limits. With the back-off below that takes some five seconds at most.
const TRIES: u32 = 8;
/// The longest wait before the second try; it doubles with every try.
const FIRST_WAIT: Duration = Duration::from_millis(50);
/// The longest wait before any try.
const LONGEST_WAIT: Duration = Duration::from_secs(2);

/// Opens the table that the command line or the environment names.
///
/// # Errors
/// [`Failure::Usage`] if no table or no region is named.
pub(crate) async fn table(connection: &Connection) -> Result<Table, Failure> {
    let name = connection.table.as_deref().filter(|name| !name.is_empty());
    let name = name.ok_or_else(|| Failure::Usage("no table: say --table NAME, or set SIGNET_TABLE".to_owned()))?;
    let mut settings = aws_config::defaults(BehaviorVersion::latest())
        .retry_config(
            RetryConfig::standard()
                .with_max_attempts(TRIES)
                .with_initial_backoff(FIRST_WAIT)
                .with_max_backoff(LONGEST_WAIT),
        )
        .timeout_config(
            TimeoutConfig::builder().operation_attempt_timeout(ATTEMPT).operation_timeout(OPERATION).build(),
        );
    if let Some(region) = &connection.region {
        settings = settings.region(Region::new(region.clone()));
    }
    if let Some(url) = &connection.endpoint_url {
        settings = settings.endpoint_url(url);
    }
    let settings = settings.load().await;
    if settings.region().is_none() {
        return Err(Failure::Usage("no AWS region: say --region NAME, or set AWS_REGION".to_owned()));
    }
    let settings = aws_sdk_dynamodb::config::Builder::from(&settings)
        // The SDK's bucket is a quota for the whole process: a long application against a throttled
        // table would empty it, and fail at its first throttled attempt.
        .retry_partition(RetryPartition::custom("signet").token_bucket(TokenBucket::unlimited()).build())
        .build();
    Ok(Table::new(aws_sdk_dynamodb::Client::from_conf(settings), name))
}
