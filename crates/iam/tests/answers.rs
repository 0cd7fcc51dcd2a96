//! What answers of IAM and STS mean, over HTTP.
#![expect(clippy::unwrap_used, reason = "a test may fail by a panic")]

mod support;

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use signet_iam::aws::{Aws, own_role};
use signet_iam::{Iam as _, IamError};
use support::{account, entry, settings, settings_of_region};

const ROLE: &str = "<GetRoleResponse><GetRoleResult><Role><Path>/</Path><RoleName>r</RoleName><RoleId>AROAEXAMPLE</RoleId>\
    <Arn>arn:aws:iam::111111111111:role/r</Arn><CreateDate>2026-01-01T00:00:00Z</CreateDate>\
    <AssumeRolePolicyDocument>POLICY</AssumeRolePolicyDocument></Role></GetRoleResult></GetRoleResponse>";
const SESSION: &str = "<AssumeRoleResponse><AssumeRoleResult><Credentials><AccessKeyId>ASIAEXAMPLE</AccessKeyId>\
    <SecretAccessKey>hidden</SecretAccessKey><SessionToken>hidden</SessionToken>\
    <Expiration>2099-01-01T00:00:00Z</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>";

/// An answer by the request's form.
type Answer = dyn Fn(&str) -> (u16, String) + Send + Sync;

/// What the service answers, and the forms that it has seen.
type Shared = (Arc<Answer>, Arc<Mutex<Vec<String>>>);

/// IAM and STS in one, which answer as the test says.
struct Service {
    endpoint: String,
    requests: Arc<Mutex<Vec<String>>>,
    server: tokio::task::JoinHandle<()>,
}

impl Drop for Service {
    fn drop(&mut self) {
        self.server.abort();
    }
}

impl Service {
    async fn start(answer: impl Fn(&str) -> (u16, String) + Send + Sync + 'static) -> Self {
        let requests = Arc::<Mutex<Vec<String>>>::default();
        let state: Shared = (Arc::new(answer), Arc::clone(&requests));
        let handle = async |State((answer, seen)): State<Shared>, form: String| {
            seen.lock().unwrap().push(form.clone());
            let (status, body) = answer(&form);
            (StatusCode::from_u16(status).unwrap(), body)
        };
        let app = Router::new().fallback(handle).with_state(state);
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let server = tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        Self { endpoint, requests, server }
    }

    fn requests(&self, operation: &str) -> Vec<String> {
        let action = format!("Action={operation}&");
        self.requests.lock().unwrap().iter().filter(|form| form.starts_with(&action)).cloned().collect()
    }

    async fn aws(&self) -> Aws {
        Aws::new(&settings(&self.endpoint).await, entry())
    }
}

fn error(code: &str, message: &str) -> String {
    format!(
        "<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code><Message>{message}</Message></Error></ErrorResponse>"
    )
}

fn assuming(form: &str) -> bool {
    form.starts_with("Action=AssumeRole&")
}

/// A service that lets everybody in, and then gives this.
async fn inside(status: u16, body: String) -> Service {
    Service::start(move |form| if assuming(form) { (200, SESSION.to_owned()) } else { (status, body.clone()) }).await
}

fn kind(error: &IamError) -> &'static str {
    match error {
        IamError::NotFound { .. } => "not found",
        IamError::Denied { .. } => "denied",
        IamError::Throttled { .. } => "throttled",
        IamError::LimitExceeded { .. } => "limit",
        IamError::Malformed { .. } => "malformed",
        IamError::Conflict { .. } => "conflict",
        IamError::Unavailable { .. } => "unavailable",
        IamError::Refused { .. } => "refused",
    }
}

#[tokio::test]
async fn an_error_code_tells_what_failed() {
    let one = account("111111111111");
    for (status, code, expected) in [
        (404, "NoSuchEntity", "not found"),
        (403, "AccessDenied", "denied"),
        (403, "AccessDeniedException", "denied"),
        (403, "InvalidClientTokenId", "denied"),
        (403, "ExpiredToken", "denied"),
        (403, "UnrecognizedClientException", "denied"),
        (400, "Throttling", "throttled"),
        (400, "ThrottlingException", "throttled"),
        (400, "RequestLimitExceeded", "throttled"),
        (429, "TooManyRequestsException", "throttled"),
        (429, "Unheard", "throttled"),
        (409, "LimitExceeded", "limit"),
        (400, "MalformedPolicyDocument", "malformed"),
        (400, "InvalidInput", "malformed"),
        (409, "ConcurrentModification", "conflict"),
        (400, "UnmodifiableEntity", "refused"),
        (400, "ValidationError", "refused"),
        (500, "ServiceFailure", "unavailable"),
        (500, "InternalFailure", "unavailable"),
        (503, "ServiceUnavailable", "unavailable"),
        (503, "Unheard", "unavailable"),
    ] {
        let service = inside(status, error(code, "the reason")).await;
        let error = service.aws().await.set_trust_policy(&one, "reader", "{}").await.unwrap_err();
        assert_eq!(kind(&error), expected, "{code}: {error}");
        assert_eq!(service.requests("UpdateAssumeRolePolicy").len(), 1, "{code} is not repeated here");
        let text = error.to_string();
        assert!(text.contains("UpdateAssumeRolePolicy in account `111111111111`"), "{text}");
        assert!(expected == "not found" || text.ends_with(&format!("{code}: the reason")), "{text}");
    }
}

#[tokio::test]
async fn an_account_that_does_not_let_us_in_is_told_by_its_member_role() {
    let one = account("111111111111");
    for (status, code, expected) in [
        (403, "AccessDenied", "denied"),
        (403, "ExpiredToken", "denied"),
        (400, "Throttling", "throttled"),
        (503, "ServiceUnavailable", "unavailable"),
        (403, "RegionDisabledException", "refused"),
    ] {
        let service = Service::start(move |_| (status, error(code, "the reason"))).await;
        let error = service.aws().await.role(&one, "reader").await.unwrap_err();
        assert_eq!(kind(&error), expected, "{code}: {error}");
        assert!(
            error.to_string().contains("AssumeRole of `arn:aws:iam::111111111111:role/signet/signet-member`"),
            "{error}"
        );
        assert_eq!(service.requests("AssumeRole").len(), 1, "{code} is not repeated here");
        assert_eq!(service.requests("GetRole").len(), 0);
    }
}

#[tokio::test]
async fn credentials_are_asked_for_once_an_account_with_the_external_id() {
    let service = inside(200, ROLE.replace("POLICY", "%7B%7D")).await;
    let iam = service.aws().await;
    let (one, two) = (account("111111111111"), account("222222222222"));
    for account in [&one, &one, &two, &one, &two] {
        assert_eq!(iam.role(account, "r").await.unwrap().trust_policy, "{}");
    }
    let asked = service.requests("AssumeRole");
    assert_eq!(asked.len(), 2);
    for (form, account) in asked.iter().zip(["111111111111", "222222222222"]) {
        assert!(form.contains(&format!("arn%3Aaws%3Aiam%3A%3A{account}%3Arole%2Fsignet%2Fsignet-member")), "{form}");
        assert!(form.contains("ExternalId=example") && form.contains("RoleSessionName=signet-test"), "{form}");
    }
    assert_eq!(service.requests("GetRole").len(), 5);
}

#[tokio::test]
async fn a_policy_in_no_encoding_is_refused() {
    for policy in ["%7", "%zz", "%ff"] {
        let service = inside(200, ROLE.replace("POLICY", policy)).await;
        let error = service.aws().await.role(&account("111111111111"), "r").await.unwrap_err();
        assert_eq!(kind(&error), "refused", "{error}");
        assert!(error.to_string().contains("the trust policy of `r` cannot be read"), "{error}");
    }
    let service = inside(200, ROLE.replace("<AssumeRolePolicyDocument>POLICY</AssumeRolePolicyDocument>", "")).await;
    let error = service.aws().await.role(&account("111111111111"), "r").await.unwrap_err();
    assert_eq!(kind(&error), "refused", "{error}");
}

#[tokio::test]
async fn a_list_that_breaks_off_is_no_list() {
    let page = "<ListRolesResponse><ListRolesResult><Roles/><IsTruncated>true</IsTruncated>MARKER</ListRolesResult></ListRolesResponse>";
    for (marker, pages) in [("", 1), ("<Marker></Marker>", 1), ("<Marker>again</Marker>", 2)] {
        let service = inside(200, page.replace("MARKER", marker)).await;
        let error = service.aws().await.roles(&account("111111111111")).await.unwrap_err();
        assert_eq!(kind(&error), "refused", "{error}");
        assert_eq!(service.requests("ListRoles").len(), pages, "{marker}");
    }
}

#[tokio::test]
async fn the_policies_of_a_list_are_decoded() {
    let role = "<member><Path>/</Path><RoleName>r</RoleName><RoleId>AROAEXAMPLE</RoleId>\
        <Arn>arn:aws:iam::111111111111:role/r</Arn><CreateDate>2026-01-01T00:00:00Z</CreateDate>\
        <AssumeRolePolicyDocument>%7B%22a%22%3A%22100%25%22%7D</AssumeRolePolicyDocument></member>";
    let list = format!(
        "<ListRolesResponse><ListRolesResult><Roles>{role}</Roles><IsTruncated>false</IsTruncated></ListRolesResult></ListRolesResponse>"
    );
    let service = inside(200, list).await;
    let roles = service.aws().await.roles(&account("111111111111")).await.unwrap();
    assert_eq!(roles.len(), 1);
    assert_eq!(roles[0].trust_policy, r#"{"a":"100%"}"#);
}

#[tokio::test]
async fn client_ids_are_added_and_removed() {
    let service = inside(200, "<Response/>".to_owned()).await;
    let (iam, one) = (service.aws().await, account("111111111111"));
    let arn = "arn:aws:iam::111111111111:oidc-provider/login.example";
    iam.add_client_id(&one, arn, "first").await.unwrap();
    iam.remove_client_id(&one, arn, "second").await.unwrap();
    let added = service.requests("AddClientIDToOpenIDConnectProvider");
    assert!(added.len() == 1 && added[0].contains("ClientID=first"), "{added:?}");
    let removed = service.requests("RemoveClientIDFromOpenIDConnectProvider");
    assert!(removed.len() == 1 && removed[0].contains("ClientID=second"), "{removed:?}");
}

#[tokio::test]
async fn messages_carry_no_secret_and_are_not_endless() {
    let one = account("111111111111");
    let service = inside(403, error("SignatureDoesNotMatch", "x-amz-security-token:hidden")).await;
    let error_text = service.aws().await.role(&one, "r").await.unwrap_err().to_string();
    assert!(error_text.ends_with("is refused: SignatureDoesNotMatch"), "{error_text}");
    let service = inside(400, error("ValidationError", &"x".repeat(5_000))).await;
    let error_text = service.aws().await.role(&one, "r").await.unwrap_err().to_string();
    assert!(error_text.len() < 700 && error_text.ends_with("… (cut)"), "{error_text}");
}

#[tokio::test]
async fn no_answer_is_unavailable() {
    let one = account("111111111111");
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let settings = settings(&endpoint).await;
    let error = Aws::new(&settings, entry()).role(&one, "r").await.unwrap_err();
    assert_eq!(kind(&error), "unavailable", "{error}");
    assert!(error.to_string().starts_with("AssumeRole in account"), "{error}");
    let direct = signet_iam::aws::Entry { member_role: None, ..entry() };
    let error = Aws::new(&settings, direct).role(&one, "r").await.unwrap_err();
    assert_eq!(kind(&error), "unavailable", "{error}");
    assert!(error.to_string().starts_with("GetCallerIdentity in account"), "{error}");
    own_role(&aws_sdk_sts::Client::new(&settings)).await.unwrap_err();
}

#[tokio::test]
async fn another_partition_is_refused_before_anything_is_sent() {
    let service = inside(200, ROLE.replace("POLICY", "%7B%7D")).await;
    let settings = settings_of_region(&service.endpoint, "cn-north-1").await;
    let error = Aws::new(&settings, entry()).role(&account("111111111111"), "r").await.unwrap_err();
    assert_eq!(kind(&error), "refused");
    assert!(error.to_string().contains("partition `aws`, and the Region `cn-north-1` in `aws-cn`"), "{error}");
    assert!(service.requests.lock().unwrap().is_empty());
}
