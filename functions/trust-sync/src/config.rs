//! The environment, read once at start.

use std::collections::BTreeSet;

use signet_core::producer::TopicArn;
use signet_core::role::RoleArn;
use signet_core::trust::plan::Quota;
use signet_iam::aws::Entry;
use signet_iam::pace::Rates;
use signet_reconcile::settings::{Bounds, Settings};
use signet_sync::alerts::AlertTopic;
use signet_sync::environment::{ConfigError, Reader};

/// What the function is told by its environment.
///
/// | Variable | Default | Meaning |
/// |---|---|---|
/// | `SIGNET_TABLE` | required | the entitlement table's name |
/// | `SIGNET_TRUST_QUEUE_URL` | required | the URL of the FIFO queue of accounts, which this function fills and is invoked by |
/// | `SIGNET_ALERT_TOPIC` | required | the ARN of the standard SNS topic that alerts are published to |
/// | `SIGNET_MEMBER_ROLE` | required | path and name, without a leading `/`, of the role by which an account is entered, the same in every account: `signet/signet-member` |
/// | `SIGNET_EXTERNAL_ID` | required | the external id that the member role's trust policy demands |
/// | `SIGNET_ROLE_PATHS` | see below | paths below which roles are written, separated by commas, each with `/` at both ends: `/data/,/analytics/` |
/// | `SIGNET_ROLE_TAG` | see below | a tag, as `key=value`, by which a role may be written that is below none of the paths |
/// | `SIGNET_DRY_RUN` | `false` | `true` to log what would be done, and write nothing to IAM |
/// | `SIGNET_POLICY_QUOTA` | `2048` | the quota of the trust policies' length in the accounts, in characters, 2048 to 8192 |
/// | `SIGNET_IAM_WRITES_PER_SECOND` | `1` | how often IAM is written to, in each account, up to 100 |
/// | `SIGNET_IAM_READS_PER_SECOND` | `10` | how often IAM is read, in each account, up to 1000 |
/// | `AWS_REGION`, else `AWS_DEFAULT_REGION` | required | the region of the table, the queue and the alert topic |
/// | `AWS_ENDPOINT_URL_DYNAMODB`, `…_SQS`, `…_SNS`, `…_STS`, `…_IAM`, else `AWS_ENDPOINT_URL` | the region's endpoints | where the services are |
/// | `AWS_ACCESS_KEY_ID`, … | as the AWS SDKs define them | credentials, which Lambda sets |
/// | `AWS_LAMBDA_FUNCTION_NAME` | required, Lambda sets it | the dimension `Function` of the metrics |
///
/// At least one of `SIGNET_ROLE_PATHS` and `SIGNET_ROLE_TAG` must be set: without a bound no role would be
/// safe from a mistaken grant. The member role and the function's own role are never written, whatever
/// the bounds say.
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    /// The entitlement table's name.
    pub table: String,
    /// The URL of the queue of accounts.
    pub queue: String,
    /// Where alerts go.
    pub alerts: TopicArn,
    /// How accounts are entered.
    pub entry: Entry,
    /// How fast, and how patient.
    pub rates: Rates,
    /// Guard rails, quota, times. The function's own role is added once it is known.
    pub settings: Settings,
    /// Whether nothing is written.
    pub dry_run: bool,
}

impl Config {
    /// Reads the environment by way of `get`.
    ///
    /// # Errors
    /// [`ConfigError`] with all mistakes at once.
    pub fn from_environment(get: impl Fn(&str) -> Option<String>) -> Result<Self, ConfigError> {
        let mut reader = Reader::new(get);
        let table = reader.required("SIGNET_TABLE", "give the entitlement table's name", |text| Ok(text.to_owned()));
        let queue = reader.required("SIGNET_TRUST_QUEUE_URL", "give the URL of the queue of accounts", queue_url);
        let hint = "give the ARN of the SNS topic that alerts are published to";
        let alerts = reader.required("SIGNET_ALERT_TOPIC", hint, AlertTopic::parse_arn);
        let hint = "give the path and name of the role by which accounts are entered, such as `signet/signet-member`";
        let member = reader.required("SIGNET_MEMBER_ROLE", hint, member_role);
        let hint = "give the external id that the member role's trust policy demands";
        let external_id = reader.required("SIGNET_EXTERNAL_ID", hint, external_id);
        let bounds = bounds(&mut reader);
        let dry_run = reader.optional("SIGNET_DRY_RUN", truth).unwrap_or(false);
        let quota = reader.optional("SIGNET_POLICY_QUOTA", quota).unwrap_or_default();
        let rate = |most: f64| move |text: &str| rate(text, most);
        let writes = reader.optional("SIGNET_IAM_WRITES_PER_SECOND", rate(100.0)).unwrap_or(Rates::DEFAULT.writes);
        let reads = reader.optional("SIGNET_IAM_READS_PER_SECOND", rate(1_000.0)).unwrap_or(Rates::DEFAULT.reads);
        reader.region();

        let read = (|| {
            let (member, mut bounds) = (member?, bounds?);
            bounds.never.insert(member.clone());
            Some(Self {
                table: table?,
                queue: queue?,
                alerts: alerts?,
                entry: Entry {
                    member_role: Some(member),
                    external_id: Some(external_id?),
                    session_name: "signet-trust-sync".to_owned(),
                },
                rates: Rates { writes, reads, ..Rates::DEFAULT },
                settings: Settings::new(bounds, quota),
                dry_run,
            })
        })();
        reader.finish(read)
    }
}

/// Which roles may be written; none, and a mistake, if nothing says so.
fn bounds(reader: &mut Reader<impl Fn(&str) -> Option<String>>) -> Option<Bounds> {
    let set = ["SIGNET_ROLE_PATHS", "SIGNET_ROLE_TAG"].iter().any(|name| reader.get(name).is_some());
    if !set {
        reader.mistake(
            "neither `SIGNET_ROLE_PATHS` nor `SIGNET_ROLE_TAG` is set: give the paths of the roles that may be written, \
             such as `/data/`, or a tag, as `key=value`",
        );
        return None;
    }
    let paths = reader.optional("SIGNET_ROLE_PATHS", paths);
    let tag = reader.optional("SIGNET_ROLE_TAG", tag);
    Some(Bounds { paths: paths.unwrap_or_default(), tag, never: BTreeSet::new() })
}

fn queue_url(text: &str) -> Result<String, String> {
    if !text.starts_with("https://") && !text.starts_with("http://") {
        return Err(format!("`{text}` is not a URL"));
    }
    // Names of FIFO queues end so (SQS API reference, `CreateQueue`).
    if text.rsplit_once('.').is_none_or(|(_, end)| end != "fifo") {
        return Err(format!("`{text}` is not a FIFO queue: without groups two workers would have one account"));
    }
    Ok(text.to_owned())
}

fn member_role(text: &str) -> Result<String, String> {
    if text.starts_with('/') {
        return Err(format!("`{text}` begins with `/`: give path and name as an ARN has them behind `role/`"));
    }
    // The account plays no part in what makes path and name valid.
    RoleArn::parse(&format!("arn:aws:iam::000000000000:role/{text}")).map_err(|error| error.to_string())?;
    Ok(text.to_owned())
}

/// STS takes 2 to 1,224 characters of `[\w+=,.@:\/-]` (STS API reference, `AssumeRole`). The value is
/// not repeated: it is no secret by AWS's word, and some treat it as one.
fn external_id(text: &str) -> Result<String, String> {
    let is_char = |c: char| c.is_ascii_alphanumeric() || "_+=,.@:/-".contains(c);
    if (2..=1_224).contains(&text.len()) && text.chars().all(is_char) {
        return Ok(text.to_owned());
    }
    Err("an external id has 2 to 1224 letters, digits and `_+=,.@:/-`".to_owned())
}

/// Paths by IAM's rules (IAM API reference, `CreateRole`), but for the root: below it is every role, and
/// that is no bound.
fn paths(text: &str) -> Result<BTreeSet<String>, String> {
    let path = |text: &str| {
        let text = text.trim();
        if text == "/" {
            return Err("path `/` bounds nothing: give a path of the roles alone, or a tag".to_owned());
        }
        let is_path = text.len() > 2 && text.len() <= 512 && text.starts_with('/') && text.ends_with('/');
        let is_char = |b: u8| (0x21..=0x7e).contains(&b) && !b"*?$".contains(&b);
        if !is_path || text.contains("//") || !text.bytes().all(is_char) {
            return Err(format!("path `{text}` is not one of IAM with `/` at both ends, such as `/data/`"));
        }
        Ok(text.to_owned())
    };
    text.split(',').map(path).collect()
}

/// Tags by IAM's limits (IAM API reference, `Tag`).
fn tag(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value))
            if (1..=128).contains(&key.chars().count()) && (1..=256).contains(&value.chars().count()) =>
        {
            Ok((key.to_owned(), value.to_owned()))
        }
        _ => Err(format!("`{text}` is not `key=value`, of up to 128 and 256 characters")),
    }
}

fn truth(text: &str) -> Result<bool, String> {
    match text {
        "true" => Ok(true),
        "false" => Ok(false),
        _ => Err(format!("`{text}` is neither `true` nor `false`")),
    }
}

fn quota(text: &str) -> Result<Quota, String> {
    let characters = text.parse().map_err(|_| format!("`{text}` is not a number of characters"))?;
    Quota::new(characters).map_err(|error| error.to_string())
}

fn rate(text: &str, most: f64) -> Result<f64, String> {
    match text.parse() {
        Ok(rate) if rate > 0.0 && rate <= most => Ok(rate),
        _ => Err(format!("`{text}` is not a number above 0, and at most {most}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: [(&str, &str); 7] = [
        ("SIGNET_TABLE", "t"),
        ("SIGNET_TRUST_QUEUE_URL", "https://sqs.eu-central-1.amazonaws.com/111122223333/accounts.fifo"),
        ("SIGNET_ALERT_TOPIC", "arn:aws:sns:eu-central-1:111122223333:alerts"),
        ("SIGNET_MEMBER_ROLE", "signet/signet-member"),
        ("SIGNET_EXTERNAL_ID", "example"),
        ("SIGNET_ROLE_PATHS", "/data/, /analytics/"),
        ("AWS_REGION", "eu-central-1"),
    ];

    fn read(changes: &[(&str, &str)]) -> Result<Config, ConfigError> {
        let of = |pairs: &[(&str, &str)], name: &str| {
            pairs.iter().find(|(n, _)| *n == name).map(|(_, value)| (*value).to_owned())
        };
        Config::from_environment(|name| of(changes, name).or_else(|| of(&GOOD, name)))
    }

    #[test]
    fn what_is_set_is_taken() {
        let config = read(&[]).unwrap();
        let bounds = Bounds {
            paths: ["/data/", "/analytics/"].map(str::to_owned).into(),
            tag: None,
            never: ["signet/signet-member".to_owned()].into(),
        };
        assert_eq!(config.settings.bounds, bounds);
        assert_eq!((config.dry_run, config.settings.quota), (false, Quota::DEFAULT));
        assert_eq!((config.rates.writes, config.rates.reads), (1.0, 10.0));
        assert_eq!(config.entry.member_role.as_deref(), Some("signet/signet-member"));
        assert_eq!(config.entry.external_id.as_deref(), Some("example"));

        let config = read(&[
            ("SIGNET_ROLE_PATHS", ""),
            ("SIGNET_ROLE_TAG", "signet:managed=yes=1"),
            ("SIGNET_DRY_RUN", "true"),
            ("SIGNET_POLICY_QUOTA", "4096"),
            ("SIGNET_IAM_WRITES_PER_SECOND", "0.5"),
            ("SIGNET_IAM_READS_PER_SECOND", "200"),
        ]);
        let config = config.unwrap();
        assert_eq!(config.settings.bounds.paths, BTreeSet::new());
        assert_eq!(config.settings.bounds.tag, Some(("signet:managed".to_owned(), "yes=1".to_owned())));
        assert_eq!((config.dry_run, config.settings.quota.characters()), (true, 4_096));
        assert_eq!((config.rates.writes, config.rates.reads), (0.5, 200.0));
    }

    #[test]
    fn what_is_missing_is_told_in_one_go() {
        let error = Config::from_environment(|_| None).unwrap_err();
        let beginnings: Vec<&str> = error.0.iter().map(|mistake| mistake.split(':').next().unwrap()).collect();
        assert_eq!(
            beginnings,
            [
                "`SIGNET_TABLE` is not set",
                "`SIGNET_TRUST_QUEUE_URL` is not set",
                "`SIGNET_ALERT_TOPIC` is not set",
                "`SIGNET_MEMBER_ROLE` is not set",
                "`SIGNET_EXTERNAL_ID` is not set",
                "neither `SIGNET_ROLE_PATHS` nor `SIGNET_ROLE_TAG` is set",
                "`AWS_REGION` is not set",
            ]
        );
    }

    #[test]
    fn what_does_not_fit_is_told_in_one_go() {
        let bad = [
            ("SIGNET_TRUST_QUEUE_URL", "https://sqs.eu-central-1.amazonaws.com/111122223333/accounts"),
            ("SIGNET_ALERT_TOPIC", "alerts"),
            ("SIGNET_MEMBER_ROLE", "/signet/signet-member"),
            ("SIGNET_EXTERNAL_ID", "a secret?"),
            ("SIGNET_ROLE_PATHS", "/data/,/"),
            ("SIGNET_ROLE_TAG", "managed"),
            ("SIGNET_DRY_RUN", "yes"),
            ("SIGNET_POLICY_QUOTA", "1024"),
            ("SIGNET_IAM_WRITES_PER_SECOND", "0"),
            ("SIGNET_IAM_READS_PER_SECOND", "NaN"),
        ];
        let error = read(&bad).unwrap_err();
        assert_eq!(error.0.len(), bad.len(), "{error}");
        for ((name, _), mistake) in bad.iter().zip(&error.0) {
            assert!(mistake.starts_with(&format!("`{name}` cannot be used: ")), "{mistake}");
        }
        assert!(!error.to_string().contains("a secret?"));
    }

    #[test]
    fn single_values() {
        for bad in ["", "data/", "/data", "//", "/da ta/", "/data//x/", "/data/*/", "/data/,", "/"] {
            assert!(paths(bad).is_err(), "`{bad}` was taken");
        }
        for bad in ["", "x=", "=x", "x"] {
            assert!(tag(bad).is_err(), "`{bad}` was taken");
        }
        for bad in ["", "a/", "a,b", "*", "x".repeat(65).as_str()] {
            assert!(member_role(bad).is_err(), "`{bad}` was taken");
        }
        for bad in ["", "-1", "inf", "101", "1e9", "x"] {
            assert!(rate(bad, 100.0).is_err(), "`{bad}` was taken");
        }
        for bad in ["accounts.fifo", "sqs://x.fifo"] {
            assert!(queue_url(bad).is_err(), "`{bad}` was taken");
        }
    }
}
