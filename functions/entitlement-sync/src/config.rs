//! The environment, read once at start.

use signet_core::producer::TopicArn;
use signet_sync::alerts::AlertTopic;
use signet_sync::environment::{ConfigError, Reader};

/// What the function is told by its environment.
///
/// | Variable | Default | Meaning |
/// |---|---|---|
/// | `SIGNET_TABLE` | required | the entitlement table's name |
/// | `SIGNET_ALERT_TOPIC` | required | the ARN of the standard SNS topic that alerts are published to |
/// | `AWS_REGION`, else `AWS_DEFAULT_REGION` | required | the region of the table and the alert topic |
/// | `AWS_ENDPOINT_URL_DYNAMODB`, `AWS_ENDPOINT_URL_SNS`, else `AWS_ENDPOINT_URL` | the region's endpoints | where DynamoDB and SNS are |
/// | `AWS_ACCESS_KEY_ID`, … | as the AWS SDKs define them | credentials, which Lambda sets |
/// | `AWS_LAMBDA_FUNCTION_NAME` | required, Lambda sets it | the dimension `Function` of the metrics |
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// The entitlement table's name.
    pub table: String,
    /// Where alerts go.
    pub alerts: TopicArn,
}

impl Config {
    /// Reads the environment by way of `get`.
    ///
    /// # Errors
    /// [`ConfigError`] with all mistakes at once.
    pub fn from_environment(get: impl Fn(&str) -> Option<String>) -> Result<Self, ConfigError> {
        let mut reader = Reader::new(get);
        let table = reader.required("SIGNET_TABLE", "give the entitlement table's name", |text| Ok(text.to_owned()));
        let hint = "give the ARN of the SNS topic that alerts are published to";
        let alerts = reader.required("SIGNET_ALERT_TOPIC", hint, AlertTopic::parse_arn);
        reader.region();
        reader.finish(table.zip(alerts).map(|(table, alerts)| Self { table, alerts }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOPIC: &str = "arn:aws:sns:eu-central-1:111122223333:alerts";

    fn read(pairs: &[(&str, &str)]) -> Result<Config, ConfigError> {
        Config::from_environment(|name| pairs.iter().find(|(n, _)| *n == name).map(|(_, value)| (*value).to_owned()))
    }

    #[test]
    fn what_is_set_is_taken() {
        let config = read(&[("SIGNET_TABLE", "t"), ("SIGNET_ALERT_TOPIC", TOPIC), ("AWS_REGION", "eu-central-1")]);
        assert_eq!(config, Ok(Config { table: "t".to_owned(), alerts: TopicArn::parse(TOPIC).unwrap() }));
    }

    #[test]
    fn all_mistakes_at_once() {
        assert_eq!(
            read(&[]).unwrap_err().0,
            [
                "`SIGNET_TABLE` is not set: give the entitlement table's name",
                "`SIGNET_ALERT_TOPIC` is not set: give the ARN of the SNS topic that alerts are published to",
                "`AWS_REGION` is not set: give the region of the table and the topics",
            ]
        );
        let error = read(&[("SIGNET_TABLE", "t"), ("SIGNET_ALERT_TOPIC", "alerts"), ("AWS_REGION", "x")]).unwrap_err();
        assert_eq!(error.0.len(), 1);
        assert!(error.0[0].starts_with("`SIGNET_ALERT_TOPIC` cannot be used: topic `alerts`"), "{error}");
    }
}
