//! The client of the entitlement table, without the SDK's default chain.
//!
//! `aws-config` would look for credentials, regions and profiles in a dozen places, and its
//! TLS would read the machine's root store and draw entropy for aws-lc: together three times the
//! start of everything else. Lambda puts all of it into the environment, so this reads it there.

use std::path::Path;
use std::time::Duration;

use aws_credential_types::Credentials;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::retry::{RetryConfig, RetryPartition, TokenBucket};
use aws_sdk_dynamodb::config::timeout::TimeoutConfig;
use aws_sdk_dynamodb::config::{BehaviorVersion, Builder, Region, StalledStreamProtectionConfig};
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::tls::{Provider, TlsContext, TrustStore};
use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

use crate::config::DynamoDbConfig;

/// The roots that AWS's endpoints chain to.
const AMAZON_ROOTS: &[u8] = include_bytes!("amazon-roots.pem");

/// How long one attempt may take: long enough for a TLS handshake on a small function, short enough
/// that a connection that hangs leaves time for another.
const ATTEMPT: Duration = Duration::from_millis(700);
/// How long all attempts of one call may take together.
const OPERATION: Duration = Duration::from_secs(2);
/// The SDK's three attempts are over after some 60 ms of throttling. The operation time-out ends
/// these, most often before the tenth.
const ATTEMPTS: u32 = 10;
const FIRST_BACKOFF: Duration = Duration::from_millis(25);
const LONGEST_BACKOFF: Duration = Duration::from_millis(400);

/// Why there is no client.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// The file that `AWS_CA_BUNDLE` names cannot be read.
    #[error("the certificates in `{path}` (AWS_CA_BUNDLE) cannot be read: {cause}")]
    Unreadable {
        /// The file.
        path: String,
        /// What the operating system said.
        cause: std::io::Error,
    },
    /// The file is no list of certificates.
    #[error("`{path}` (AWS_CA_BUNDLE) is not a PEM file of certificates: {what}")]
    NotCertificates {
        /// The file.
        path: String,
        /// What is wrong with it.
        what: String,
    },
    /// The TLS context was refused.
    #[error("the TLS context cannot be built: {0}")]
    Tls(String),
}

/// Builds the client. No call takes longer than `deadline`.
///
/// # Errors
/// [`ClientError`].
pub fn client(config: &DynamoDbConfig, deadline: Duration) -> Result<Client, ClientError> {
    let credentials = &config.credentials;
    let mut builder = Builder::default()
        .behavior_version(BehaviorVersion::v2026_01_12())
        .region(Region::new(config.region.clone()))
        .credentials_provider(Credentials::new(
            credentials.access_key_id.clone(),
            credentials.secret_access_key.clone(),
            credentials.session_token.clone(),
            None,
            "environment",
        ))
        .http_client(
            aws_smithy_http_client::Builder::new()
                .tls_provider(Provider::rustls(CryptoMode::Ring))
                .tls_context(tls_context(config.ca_bundle.as_deref())?)
                .build_https(),
        )
        .timeout_config(time_outs(deadline))
        .retry_config(
            RetryConfig::standard()
                .with_max_attempts(ATTEMPTS)
                .with_initial_backoff(FIRST_BACKOFF)
                .with_max_backoff(LONGEST_BACKOFF),
        )
        // The SDK's bucket is a quota for the whole process, which one bad minute empties; then
        // every sign-in fails at its first throttled attempt. Here a sandbox has one sign-in at
        // a time, and attempts and time are limited as it is.
        .retry_partition(RetryPartition::custom("signet").token_bucket(TokenBucket::unlimited()).build())
        // The attempt time-out is stricter.
        .stalled_stream_protection(StalledStreamProtectionConfig::disabled());
    builder.set_endpoint_url(config.endpoint.clone());
    Ok(Client::from_conf(builder.build()))
}

fn time_outs(deadline: Duration) -> TimeoutConfig {
    // A little less than the deadline: whoever looks for the reason shall read what failed, and not
    // only that time was over.
    let operation = OPERATION.min(deadline * 17 / 20);
    let attempt = ATTEMPT.min(operation);
    TimeoutConfig::builder()
        .connect_timeout(attempt)
        .operation_attempt_timeout(attempt)
        .operation_timeout(operation)
        .build()
}

/// Trusts Amazon's roots, or those of a file alone. Never the machine's: reading them takes longer
/// than the rest of the start.
fn tls_context(ca_bundle: Option<&Path>) -> Result<TlsContext, ClientError> {
    let pem = match ca_bundle {
        None => AMAZON_ROOTS.to_vec(),
        Some(path) => {
            let shown = || path.display().to_string();
            let pem = std::fs::read(path).map_err(|cause| ClientError::Unreadable { path: shown(), cause })?;
            // The client panics, at its first call, on certificates that cannot be used.
            check(&pem).map_err(|what| ClientError::NotCertificates { path: shown(), what })?;
            pem
        }
    };
    let trust_store = TrustStore::empty().with_pem_certificate(pem);
    TlsContext::builder().with_trust_store(trust_store).build().map_err(|error| ClientError::Tls(error.to_string()))
}

/// How many certificates there are, if every one can be trusted as a root.
fn check(pem: &[u8]) -> Result<usize, String> {
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(pem) {
        let certificate = certificate.map_err(|error| error.to_string())?;
        roots.add(certificate).map_err(|error| error.to_string())?;
    }
    if roots.is_empty() { Err("there is no certificate in it".to_owned()) } else { Ok(roots.len()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(ca_bundle: Option<&Path>) -> DynamoDbConfig {
        DynamoDbConfig {
            region: "eu-central-1".to_owned(),
            endpoint: Some("http://127.0.0.1:9".to_owned()),
            ca_bundle: ca_bundle.map(Path::to_owned),
            credentials: crate::config::StaticCredentials {
                access_key_id: "AKIDEXAMPLE".to_owned(),
                secret_access_key: "s3cret".to_owned(),
                session_token: None,
            },
        }
    }

    #[test]
    fn amazons_roots_can_be_used() {
        assert_eq!(check(AMAZON_ROOTS), Ok(5));
        assert!(client(&config(None), OPERATION).is_ok());
    }

    #[test]
    fn certificates_that_cannot_be_used_are_refused_at_start() {
        let folder = std::env::temp_dir().join(format!("signet-hook-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let missing = folder.join("missing.pem");
        assert!(matches!(client(&config(Some(&missing)), OPERATION), Err(ClientError::Unreadable { .. })));
        let file = folder.join("bundle.pem");
        let armour = |text: &str| format!("-----BEGIN CERTIFICATE-----\n{text}\n-----END CERTIFICATE-----\n");
        for unfit in
            [String::new(), "text".to_owned(), armour("!!!!"), armour("AAAA"), armour("AAAA").replace("END", "EN")]
        {
            std::fs::write(&file, &unfit).unwrap();
            let refused = client(&config(Some(&file)), OPERATION);
            assert!(matches!(refused, Err(ClientError::NotCertificates { .. })), "{unfit:?}: {refused:?}");
        }
        std::fs::write(&file, AMAZON_ROOTS).unwrap();
        assert!(client(&config(Some(&file)), OPERATION).is_ok());
        std::fs::remove_dir_all(&folder).unwrap();
    }

    #[test]
    fn no_call_outlives_the_deadline() {
        let short = Duration::from_millis(300);
        let client = client(&config(None), short).unwrap();
        let time_outs = client.config().timeout_config().unwrap();
        let within = Duration::from_millis(255);
        assert_eq!(time_outs.operation_timeout(), Some(within));
        assert_eq!(time_outs.operation_attempt_timeout(), Some(within));
        assert_eq!(super::time_outs(Duration::from_secs(9)).operation_timeout(), Some(OPERATION));
    }

    #[test]
    fn credentials_are_in_no_debug_text() {
        let shown = format!("{:?}", client(&config(None), OPERATION).unwrap());
        assert!(!shown.contains("s3cret"), "{shown}");
    }
}
