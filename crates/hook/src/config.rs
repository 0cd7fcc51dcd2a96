//! The environment, read once at start.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use signet_okta::auth::HeaderSecrets;

use crate::auth::Auth;

/// The deadline where `SIGNET_DEADLINE_MS` does not say otherwise, in milliseconds.
const DEADLINE_MS: u64 = 2_500;
/// The deadlines that make sense, in milliseconds: Okta waits 3 s in all.
const DEADLINES_MS: std::ops::RangeInclusive<u64> = 100..=2_900;

/// How a function is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Front {
    /// Over HTTP, by way of an API or a function URL: callers have to authenticate.
    Http,
    /// By an AWS service that invokes it. `SIGNET_HOOK_AUTH` and `SIGNET_HOOK_SECRET_SHA256` mean nothing.
    Invoke,
}

/// What a sign-in function is told by its environment.
///
/// A variable that is set to nothing counts as not set, as for the AWS SDKs.
///
/// | Variable | Default | Meaning |
/// |---|---|---|
/// | `SIGNET_TABLE` | required | the entitlement table's name |
/// | `SIGNET_HOOK_AUTH` | `header` | how requests are authenticated: `header` or `jwt` |
/// | `SIGNET_HOOK_SECRET_SHA256` | required with `header` | comma-separated hex SHA-256 digests of the accepted `Authorization` header values |
/// | `SIGNET_DEADLINE_MS` | `2500` | the function's own deadline in milliseconds, 100 to 2900; Okta's is 3000, Cognito's 5000 |
/// | `AWS_REGION`, else `AWS_DEFAULT_REGION` | required | the table's region |
/// | `AWS_ENDPOINT_URL_DYNAMODB`, else `AWS_ENDPOINT_URL` | the region's endpoint | where DynamoDB is, `http://…` or `https://…` |
/// | `AWS_CA_BUNDLE` | Amazon's roots, compiled in | a PEM file with the certificates to trust instead |
/// | `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY` | required | credentials, which Lambda sets |
/// | `AWS_SESSION_TOKEN` | none | the session token that goes with them |
/// | `AWS_LAMBDA_FUNCTION_NAME` | the binary's name | the dimension `Function` of the metrics |
///
/// There is no other source of credentials: the SDK's default chain would cost every cold start
/// more than everything else together, and in Lambda it ends at the environment all the same.
#[derive(Debug, Clone)]
pub struct Config {
    /// The entitlement table's name.
    pub table: String,
    /// How requests are authenticated.
    pub auth: Auth,
    /// The function's own deadline, counted from when the gateway took the request.
    pub deadline: Duration,
    /// How to reach DynamoDB.
    pub dynamodb: DynamoDbConfig,
    /// The function's name, for metrics.
    pub function: String,
}

/// How to reach DynamoDB.
#[derive(Debug, Clone)]
pub struct DynamoDbConfig {
    /// The region.
    pub region: String,
    /// The endpoint, where it is not the region's own.
    pub endpoint: Option<String>,
    /// A PEM file with the certificates to trust in place of Amazon's.
    pub ca_bundle: Option<PathBuf>,
    /// The credentials.
    pub credentials: StaticCredentials,
}

/// Credentials as the environment gives them. `Debug` shows nothing of them.
#[derive(Clone)]
pub struct StaticCredentials {
    /// The access key's id.
    pub access_key_id: String,
    /// The secret key.
    pub secret_access_key: String,
    /// The token of temporary credentials.
    pub session_token: Option<String>,
}

impl fmt::Debug for StaticCredentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("StaticCredentials")
    }
}

/// What is wrong with the environment: every mistake, one a line.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the environment is not fit to start: {}", .0.join("; "))]
pub struct ConfigError(pub Vec<String>);

impl Config {
    /// Reads the environment by way of `get`. `binary` names the function where Lambda does not.
    ///
    /// # Errors
    /// [`ConfigError`] with all mistakes at once. It names variables and never shows a secret.
    pub fn from_environment(
        binary: &str,
        front: Front,
        get: impl Fn(&str) -> Option<String>,
    ) -> Result<Self, ConfigError> {
        let mut reader = Reader { get, mistakes: Vec::new() };
        let table = reader.required("SIGNET_TABLE", "give the entitlement table's name");
        let auth = match front {
            Front::Http => reader.auth(),
            Front::Invoke => Some(Auth::Invoker),
        };
        let deadline = reader.deadline();
        let region = reader.first(&["AWS_REGION", "AWS_DEFAULT_REGION"]).unwrap_or_else(|| {
            reader.mistake("`AWS_REGION` is not set: give the table's region");
            String::new()
        });
        let endpoint = reader.endpoint();
        let credentials = StaticCredentials {
            access_key_id: reader.required("AWS_ACCESS_KEY_ID", "credentials come from the environment alone"),
            secret_access_key: reader.required("AWS_SECRET_ACCESS_KEY", "credentials come from the environment alone"),
            session_token: reader.get("AWS_SESSION_TOKEN"),
        };
        let ca_bundle = reader.get("AWS_CA_BUNDLE").map(PathBuf::from);
        let function = reader.get("AWS_LAMBDA_FUNCTION_NAME").unwrap_or_else(|| binary.to_owned());
        match auth {
            Some(auth) if reader.mistakes.is_empty() => Ok(Self {
                table,
                auth,
                deadline,
                dynamodb: DynamoDbConfig { region, endpoint, ca_bundle, credentials },
                function,
            }),
            _ => Err(ConfigError(reader.mistakes)),
        }
    }
}

struct Reader<G> {
    get: G,
    mistakes: Vec<String>,
}

impl<G: Fn(&str) -> Option<String>> Reader<G> {
    fn get(&self, name: &str) -> Option<String> {
        (self.get)(name).filter(|value| !value.is_empty())
    }

    fn first(&self, names: &[&str]) -> Option<String> {
        names.iter().find_map(|name| self.get(name))
    }

    fn mistake(&mut self, text: impl Into<String>) {
        self.mistakes.push(text.into());
    }

    fn required(&mut self, name: &str, hint: &str) -> String {
        self.get(name).unwrap_or_else(|| {
            self.mistake(format!("`{name}` is not set: {hint}"));
            String::new()
        })
    }

    fn auth(&mut self) -> Option<Auth> {
        const DIGESTS: &str = "SIGNET_HOOK_SECRET_SHA256";
        match self.get("SIGNET_HOOK_AUTH").as_deref() {
            Some("jwt") => Some(Auth::Jwt),
            None | Some("header") => match HeaderSecrets::parse(&self.get(DIGESTS).unwrap_or_default()) {
                Ok(secrets) => Some(Auth::Header(secrets)),
                Err(error) => {
                    self.mistake(format!("`{DIGESTS}` cannot be used: {error}"));
                    None
                }
            },
            Some(other) => {
                self.mistake(format!("`SIGNET_HOOK_AUTH` is `{other}`: use `header` or `jwt`"));
                None
            }
        }
    }

    fn deadline(&mut self) -> Duration {
        let milliseconds = match self.get("SIGNET_DEADLINE_MS") {
            None => DEADLINE_MS,
            Some(text) => text.parse().ok().filter(|ms| DEADLINES_MS.contains(ms)).unwrap_or_else(|| {
                self.mistake(format!(
                    "`SIGNET_DEADLINE_MS` is `{text}`: give milliseconds from {} to {}",
                    DEADLINES_MS.start(),
                    DEADLINES_MS.end()
                ));
                DEADLINE_MS
            }),
        };
        Duration::from_millis(milliseconds)
    }

    fn endpoint(&mut self) -> Option<String> {
        let names = ["AWS_ENDPOINT_URL_DYNAMODB", "AWS_ENDPOINT_URL"];
        let (name, url) = names.iter().find_map(|name| Some((name, self.get(name)?)))?;
        let host = url.strip_prefix("http://").or_else(|| url.strip_prefix("https://"));
        if host.is_none_or(|host| host.is_empty() || host.starts_with('/')) {
            self.mistake(format!("`{name}` is `{url}`: give an address that begins `http://` or `https://`"));
        }
        Some(url)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DIGEST: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

    fn read(changes: &[(&str, &str)]) -> Result<Config, ConfigError> {
        let base = [
            ("SIGNET_TABLE", "signet"),
            ("SIGNET_HOOK_SECRET_SHA256", DIGEST),
            ("AWS_REGION", "eu-central-1"),
            ("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE"),
            ("AWS_SECRET_ACCESS_KEY", "s3cret-key"),
            ("AWS_SESSION_TOKEN", "s3cret-token"),
        ];
        Config::from_environment("saml-hook", Front::Http, |name| {
            let last = base.iter().chain(changes).rev().find(|(n, _)| *n == name);
            last.map(|(_, value)| (*value).to_owned())
        })
    }

    fn mistakes(changes: &[(&str, &str)]) -> Vec<String> {
        read(changes).unwrap_err().0
    }

    #[test]
    fn defaults() {
        let config = read(&[]).unwrap();
        assert_eq!(config.table, "signet");
        assert!(matches!(config.auth, Auth::Header(_)));
        assert_eq!(config.deadline, Duration::from_millis(2_500));
        assert_eq!(config.dynamodb.region, "eu-central-1");
        assert_eq!(config.dynamodb.endpoint, None);
        assert_eq!(config.function, "saml-hook");
    }

    #[test]
    fn who_is_invoked_by_a_service_needs_no_secret() {
        let of = |front| {
            Config::from_environment("pre-token", front, |name| match name {
                "SIGNET_HOOK_AUTH" | "SIGNET_HOOK_SECRET_SHA256" => None,
                _ => Some("eu-central-1".to_owned())
                    .filter(|_| !name.starts_with("AWS_E") && name != "SIGNET_DEADLINE_MS"),
            })
        };
        assert!(matches!(of(Front::Invoke).unwrap().auth, Auth::Invoker));
        assert_eq!(of(Front::Http).unwrap_err().0.len(), 1);
    }

    #[test]
    fn all_mistakes_at_once() {
        let error = Config::from_environment("saml-hook", Front::Http, |name| match name {
            "SIGNET_DEADLINE_MS" => Some("3000".to_owned()),
            "AWS_ENDPOINT_URL" => Some("localhost:8000".to_owned()),
            _ => None,
        });
        assert_eq!(
            error.unwrap_err().0,
            [
                "`SIGNET_TABLE` is not set: give the entitlement table's name",
                "`SIGNET_HOOK_SECRET_SHA256` cannot be used: no digest given; give the hex SHA-256 of the header value",
                "`SIGNET_DEADLINE_MS` is `3000`: give milliseconds from 100 to 2900",
                "`AWS_REGION` is not set: give the table's region",
                "`AWS_ENDPOINT_URL` is `localhost:8000`: give an address that begins `http://` or `https://`",
                "`AWS_ACCESS_KEY_ID` is not set: credentials come from the environment alone",
                "`AWS_SECRET_ACCESS_KEY` is not set: credentials come from the environment alone",
            ]
        );
    }

    #[test]
    fn the_endpoint_of_dynamodb_goes_before_that_of_all_services() {
        let all = ("AWS_ENDPOINT_URL", "http://127.0.0.1:1");
        let own = ("AWS_ENDPOINT_URL_DYNAMODB", "https://127.0.0.1:2");
        assert_eq!(read(&[all]).unwrap().dynamodb.endpoint.as_deref(), Some(all.1));
        assert_eq!(read(&[all, own]).unwrap().dynamodb.endpoint.as_deref(), Some(own.1));
        let empty = ("AWS_ENDPOINT_URL_DYNAMODB", "");
        assert_eq!(read(&[all, empty]).unwrap().dynamodb.endpoint.as_deref(), Some(all.1));
        assert_eq!(mistakes(&[("AWS_ENDPOINT_URL", "http://")]).len(), 1);
    }

    #[test]
    fn modes_and_deadlines() {
        let jwt = [("SIGNET_HOOK_AUTH", "jwt"), ("SIGNET_HOOK_SECRET_SHA256", "")];
        assert!(matches!(read(&jwt).unwrap().auth, Auth::Jwt));
        assert_eq!(mistakes(&[("SIGNET_HOOK_AUTH", "JWT")]), ["`SIGNET_HOOK_AUTH` is `JWT`: use `header` or `jwt`"]);
        assert_eq!(mistakes(&[("SIGNET_HOOK_SECRET_SHA256", "s3cret")]).len(), 1);
        for fits in ["100", "2900"] {
            assert!(read(&[("SIGNET_DEADLINE_MS", fits)]).is_ok());
        }
        for unfit in ["99", "2901", "-1", "2.5", "2500ms", "99999999999999999999"] {
            assert_eq!(mistakes(&[("SIGNET_DEADLINE_MS", unfit)]).len(), 1, "{unfit}");
        }
    }

    #[test]
    fn secrets_are_in_no_text() {
        let shown = format!("{:?}", read(&[]).unwrap());
        for secret in ["AKIDEXAMPLE", "s3cret", DIGEST] {
            assert!(!shown.contains(secret), "{secret} in {shown}");
        }
        let error = read(&[("SIGNET_HOOK_SECRET_SHA256", "s3cret, pasted by mistake")]).unwrap_err();
        assert!(!error.to_string().contains("s3cret"), "{error}");
    }
}
