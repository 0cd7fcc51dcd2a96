//! The table, topics, accounts and user pools, by way of the AWS settings that every tool takes.

use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_dynamodb::config::ProvideCredentials as _;
use aws_sdk_dynamodb::config::retry::{RetryPartition, TokenBucket};
use signet_core::producer::TopicArn;
use signet_store::Table;
use signet_sync::alerts::AlertTopic;

use crate::args::Connection;
use crate::failure::Failure;
use crate::text::printable;

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
/// [`Failure::Usage`] if no table or no region is named, or an address that is none.
pub(crate) async fn table(connection: &Connection) -> Result<Table, Failure> {
    let Reached { client, name, .. } = dynamodb(connection).await?;
    Ok(Table::new(client, name))
}

/// The table's `DynamoDB`.
pub(crate) struct Reached {
    /// Speaks to it.
    pub(crate) client: aws_sdk_dynamodb::Client,
    /// The table's name.
    pub(crate) name: String,
    settings: SdkConfig,
}

impl Reached {
    /// The Region that it is in.
    pub(crate) fn region(&self) -> &str {
        self.settings.region().map_or("-", Region::as_ref)
    }

    /// The id of the credentials that are used.
    ///
    /// # Errors
    /// Why there are none.
    pub(crate) async fn credentials(&self) -> Result<String, String> {
        let provider = self.settings.credentials_provider().ok_or_else(|| "nothing provides any".to_owned())?;
        let found = provider.provide_credentials().await.map_err(|error| with_causes(&error))?;
        Ok(found.access_key_id().to_owned())
    }
}

/// An error with its causes.
pub(crate) fn with_causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        text = format!("{text}: {cause}");
        next = cause.source();
    }
    text
}

/// The `DynamoDB` of the table that the command line or the environment names.
///
/// # Errors
/// As [`table`].
pub(crate) async fn dynamodb(connection: &Connection) -> Result<Reached, Failure> {
    let name = connection.table.as_deref().filter(|name| !name.is_empty());
    let name = name.ok_or_else(|| Failure::Usage("no table: say --table NAME, or set SIGNET_TABLE".to_owned()))?;
    let settings = settings(connection, Address::Given, &["AWS_ENDPOINT_URL_DYNAMODB"], None).await?;
    let own = aws_sdk_dynamodb::config::Builder::from(&settings)
        // The SDK's bucket is a quota for the whole process: a long application against a throttled
        // table would empty it, and fail at its first throttled attempt.
        .retry_partition(RetryPartition::custom("signet").token_bucket(TokenBucket::unlimited()).build())
        .build();
    Ok(Reached { client: aws_sdk_dynamodb::Client::from_conf(own), name: name.to_owned(), settings })
}

/// Speaks to the SNS of a topic: in the topic's region, unless the command line names another.
///
/// # Errors
/// [`Failure::Usage`] if the environment names an address that is none.
pub(crate) async fn sns(connection: &Connection, topic: &TopicArn) -> Result<aws_sdk_sns::Client, Failure> {
    // INVARIANT: the fourth part of a topic's ARN is its region.
    let region = topic.as_str().split(':').nth(3).map(str::to_owned);
    Ok(aws_sdk_sns::Client::new(&settings(connection, Address::Given, &["AWS_ENDPOINT_URL_SNS"], region).await?))
}

/// Alerts go to a topic; its SNS is in the topic's region. `--endpoint-url` is DynamoDB's here.
///
/// # Errors
/// [`Failure::Usage`] if the topic is none for alerts, or the environment names an address that is none.
pub(crate) async fn alerts(topic: &str) -> Result<AlertTopic, Failure> {
    let topic = AlertTopic::parse_arn(topic).map_err(|error| Failure::Usage(format!("--alert-topic: {error}")))?;
    let region = topic.as_str().split(':').nth(3).map(str::to_owned);
    let region = Connection { region, ..Connection::default() };
    let settings = settings(&region, Address::Environment, &["AWS_ENDPOINT_URL_SNS"], None).await?;
    Ok(AlertTopic::new(aws_sdk_sns::Client::new(&settings), topic))
}

/// The settings for IAM and STS. `--endpoint-url` is DynamoDB's, and not theirs.
///
/// # Errors
/// [`Failure::Usage`] as for [`table`].
pub(crate) async fn accounts(connection: &Connection) -> Result<SdkConfig, Failure> {
    settings(connection, Address::Environment, &["AWS_ENDPOINT_URL_IAM", "AWS_ENDPOINT_URL_STS"], None).await
}

/// The settings for Cognito, in whatever Region a user pool is. `--endpoint-url` is DynamoDB's, and not
/// Cognito's.
///
/// # Errors
/// [`Failure::Usage`] as for [`table`].
pub(crate) async fn user_pools(connection: &Connection) -> Result<SdkConfig, Failure> {
    settings(connection, Address::Environment, &["AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER"], None).await
}

/// Where a service's address comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Address {
    /// The command line, or else the environment.
    Given,
    /// The environment alone.
    Environment,
}

/// The settings of the environment and the files that every AWS tool reads, unless the command line
/// says otherwise. `variables` are the services' own for their addresses; `region` is taken before the
/// environment's.
async fn settings(
    connection: &Connection,
    address: Address,
    variables: &[&str],
    region: Option<String>,
) -> Result<SdkConfig, Failure> {
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
    if let Some(region) = connection.region.clone().or(region) {
        settings = settings.region(Region::new(region));
    }
    if let Some(url) = connection.endpoint_url.as_ref().filter(|_| address == Address::Given) {
        check_address(url, "--endpoint-url")?;
        settings = settings.endpoint_url(url);
    } else {
        for variable in variables.iter().chain(&["AWS_ENDPOINT_URL"]) {
            if let Ok(url) = std::env::var(variable) {
                check_address(&url, variable)?;
            }
        }
    }
    let settings = settings.load().await;
    if settings.region().is_none_or(|region| region.as_ref().is_empty()) {
        return Err(Failure::Usage("no AWS region: say --region NAME, or set AWS_REGION".to_owned()));
    }
    Ok(settings)
}

/// Refuses what is no address: the SDK would answer with the whole request in its message.
fn check_address(url: &str, place: &str) -> Result<(), Failure> {
    let host = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"));
    if host.is_some_and(|host| !host.is_empty() && !host.contains(|c: char| c.is_whitespace() || c.is_control())) {
        return Ok(());
    }
    let url = printable(url);
    Err(Failure::Usage(format!("{place}: `{url}` is no address: `https://HOST` or `http://HOST:PORT` is expected")))
}
