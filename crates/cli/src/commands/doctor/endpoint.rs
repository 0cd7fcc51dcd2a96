//! Calls of a hook, by the HTTP client that the AWS SDK brings.

use std::time::{Duration, Instant};

use aws_smithy_runtime_api::client::http::{HttpConnector, HttpConnectorSettings, SharedHttpConnector};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::byte_stream::ByteStream;
use serde_json::json;
use signet_core::role::Protocol;
use signet_facts::usual_groups_claim;
use signet_okta::request::{SAML_EVENT_TYPE, TOKEN_EVENT_TYPE};

use crate::connect::with_causes;
use crate::doctor::Check;
use crate::doctor::endpoint::{Answer, address, is_here, secret_not_given, with_secret, without_secret};
use crate::failure::Failure;
use crate::text::printable;

/// How long a call may take: Okta waits 3 s, and a first call may find a cold function behind a slow path.
const WITHIN: Duration = Duration::from_secs(10);
/// An app, a person and a group that are not there.
const NOT_THERE: &str = "signet-doctor";

/// Refuses what is no address of a hook; and, where a secret is sent there, one that others can listen to.
pub(super) fn check_address(url: &str, with_secret: bool) -> Result<(), Failure> {
    let refuse = |why: &str| Err(Failure::Usage(format!("--url `{}` {why}", printable(url))));
    let is_plain = |url: &str| !url.is_empty() && !url.contains(|c: char| c.is_whitespace() || c.is_control());
    let rest = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://")).filter(|rest| is_plain(rest));
    let Some(rest) = rest else {
        return refuse("is no address: `https://HOST/PATH` is expected");
    };
    // What stands before it looks like the host, and is not.
    if rest.split(['/', '?', '#']).next().unwrap_or_default().contains('@') {
        return refuse("has a user in it: `https://HOST/PATH` is expected");
    }
    if with_secret && url.starts_with("http://") && !is_here(url) {
        return refuse("is not encrypted: the secret is sent by `https://` only, or to this machine");
    }
    Ok(())
}

/// Calls a hook without the secret, and with it if it is known.
pub(super) async fn checks(url: &str, secret: Option<&str>) -> Vec<Check> {
    let settings = HttpConnectorSettings::builder().connect_timeout(WITHIN).read_timeout(WITHIN).build();
    let Some(client) = aws_smithy_http_client::default_connector(&settings, None) else {
        return vec![without_secret(url, Err("this command was built without an HTTP client"))];
    };
    let open = call(&client, url, None, SAML_EVENT_TYPE).await;
    let mut checks: Vec<Check> = address(url).into_iter().collect();
    checks.push(without_secret(url, open.as_ref().map_err(String::as_str)));
    let Some(secret) = secret else {
        checks.push(secret_not_given(url));
        return checks;
    };
    let mut answer = call(&client, url, Some(secret), SAML_EVENT_TYPE).await;
    // The hook of tokens takes no other's calls.
    if answer.as_ref().is_ok_and(|answer| answer.status == 400) {
        answer = call(&client, url, Some(secret), TOKEN_EVENT_TYPE).await;
    }
    checks.extend(with_secret(url, answer.as_ref().map_err(String::as_str)));
    checks
}

/// A sign-in to an app that is not there, by a person in a group that is not there, as the hook of either kind
/// takes it. The app's record would say which claim has the groups, so the hook looks for them in the usual one, and
/// reads its settings, the app and the group at once: all kinds of items that it has to be allowed to read.
fn probe(event: &str) -> String {
    let value = json!({ "attributes": { "xsi:type": "xs:string" }, "value": NOT_THERE });
    let assertion = json!({ (usual_groups_claim(Protocol::Saml)): { "attributeValues": [value] } });
    let token = json!({ (usual_groups_claim(Protocol::Oidc)): [NOT_THERE] });
    let data = json!({
        "context": {
            "protocol": { "issuer": { "id": NOT_THERE }, "client": { "id": NOT_THERE } },
            "user": { "id": NOT_THERE },
        },
        "assertion": { "claims": assertion },
        "identity": { "claims": token },
    });
    json!({ "eventId": NOT_THERE, "eventType": event, "data": data }).to_string()
}

/// The answer to a probe.
async fn call(client: &SharedHttpConnector, url: &str, secret: Option<&str>, event: &str) -> Result<Answer, String> {
    let mut request = HttpRequest::new(SdkBody::from(probe(event)));
    let unfit = |error: aws_smithy_runtime_api::http::HttpError| error.to_string();
    request.set_method("POST").map_err(unfit)?;
    request.set_uri(url).map_err(unfit)?;
    request.headers_mut().try_insert("content-type", "application/json").map_err(unfit)?;
    if let Some(secret) = secret {
        let value = secret.to_owned();
        // The error would repeat the value.
        request
            .headers_mut()
            .try_insert("authorization", value)
            .map_err(|_| "the secret is no header value".to_owned())?;
    }
    let begun = Instant::now();
    let answered = async {
        let response = client.call(request).await.map_err(|error| with_causes(&error))?;
        let status = response.status().as_u16();
        let body = ByteStream::new(response.into_body()).collect().await.map_err(|error| with_causes(&error))?;
        Ok(Answer { status, body: body.to_vec(), took: begun.elapsed() })
    };
    tokio::time::timeout(WITHIN, answered).await.unwrap_or_else(|_| Err(format!("none in {} s", WITHIN.as_secs())))
}

#[cfg(test)]
mod tests {
    use signet_facts::Facts;
    use signet_okta::request::Envelope;
    use signet_okta::saml::SamlRequest;
    use signet_okta::token::TokenRequest;

    use super::*;

    /// Read as the functions read it, before they know that there is no such app.
    #[test]
    fn a_probe_names_an_app_and_a_group_in_the_form_of_each_hook() {
        let envelope = |event: &str| Envelope::parse(probe(event).as_bytes()).unwrap();
        let saml = SamlRequest::from_envelope(&envelope(SAML_EVENT_TYPE)).unwrap();
        assert_eq!(saml.app_id(), Some(NOT_THERE));
        assert_eq!(saml.groups(usual_groups_claim(Protocol::Saml)).unwrap(), [NOT_THERE]);
        let token = TokenRequest::from_envelope(&envelope(TOKEN_EVENT_TYPE)).unwrap();
        assert_eq!(token.client_id(), Some(NOT_THERE));
        assert_eq!(token.groups(usual_groups_claim(Protocol::Oidc)).unwrap(), [NOT_THERE]);
    }

    #[test]
    fn secrets_are_sent_in_the_open_to_nobody_else() {
        let taken = |url: &str, secret| check_address(url, secret).is_ok();
        for url in ["https://hooks.example.com/saml-hook", "http://127.0.0.1:9000/", "http://localhost/x"] {
            assert!(taken(url, true) && taken(url, false), "{url}");
        }
        for url in ["http://hooks.example.com", "http://localhost.example.com/"] {
            assert!(!taken(url, true) && taken(url, false), "{url}");
        }
        for url in [
            "http://127.0.0.1@example.com/",
            "http://localhost:80@example.com/",
            "http://localhost:80@example.com:80",
            "https://hooks.example.com@example.com/",
            "https://user:password@hooks.example.com?x",
        ] {
            assert!(!taken(url, true) && !taken(url, false), "{url}");
        }
        assert!(taken("https://hooks.example.com/@x?y=a@b", true));
        for url in ["", "https://", "ftp://x", "hooks.example.com", "https://a b"] {
            assert!(!taken(url, false), "{url}");
        }
    }
}
