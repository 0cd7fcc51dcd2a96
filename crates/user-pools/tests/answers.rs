//! What answers of Cognito mean, over HTTP.
#![expect(clippy::unwrap_used, reason = "a test may fail by a panic")]

mod support;

use std::sync::{Arc, Mutex};

use aws_config::SdkConfig;
use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use signet_user_pools::aws::Aws;
use signet_user_pools::{UserPool, UserPoolError, UserPools as _};
use support::{pool, set, settings};

const POOL: &str = r#"{"UserPool":{"Id":"eu-central-1_Example"}}"#;

/// An answer by the operation and the request's body.
type Answer = dyn Fn(&str, &str) -> (u16, String) + Send + Sync;

/// What the service answers, and the operations that it was asked, each with the request's authorization.
type Shared = (Arc<Answer>, Arc<Mutex<Vec<(String, String)>>>);

/// Cognito, which answers as the test says.
struct Service {
    endpoint: String,
    seen: Arc<Mutex<Vec<(String, String)>>>,
    server: tokio::task::JoinHandle<()>,
}

impl Drop for Service {
    fn drop(&mut self) {
        self.server.abort();
    }
}

impl Service {
    async fn start(answer: impl Fn(&str, &str) -> (u16, String) + Send + Sync + 'static) -> Self {
        let seen = Arc::<Mutex<Vec<(String, String)>>>::default();
        let state: Shared = (Arc::new(answer), Arc::clone(&seen));
        let handle = async |State((answer, seen)): State<Shared>, headers: HeaderMap, body: String| {
            let header = |name| headers.get(name).map(|value| value.to_str().unwrap().to_owned()).unwrap_or_default();
            let operation = header("x-amz-target").rsplit('.').next().unwrap_or_default().to_owned();
            seen.lock().unwrap().push((operation.clone(), header("authorization")));
            let (status, body) = answer(&operation, &body);
            (StatusCode::from_u16(status).unwrap(), body)
        };
        let app = Router::new().fallback(handle).with_state(state);
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let server = tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        Self { endpoint, seen, server }
    }

    async fn settings(&self) -> SdkConfig {
        settings(&self.endpoint).await
    }

    async fn ask(&self) -> Result<UserPool, UserPoolError> {
        Aws::new(&self.settings().await).user_pool(&pool("eu-central-1_Example")).await
    }
}

fn error(code: &str) -> String {
    format!(r#"{{"__type":"{code}","message":"said so"}}"#)
}

/// An answer of a pool that has nothing.
fn empty(operation: &str) -> (u16, String) {
    let body = match operation {
        "DescribeUserPool" => POOL,
        "ListIdentityProviders" => r#"{"Providers":[]}"#,
        _ => "{}",
    };
    (200, body.to_owned())
}

fn kind(error: &UserPoolError) -> &'static str {
    match error {
        UserPoolError::NotFound { .. } => "not found",
        UserPoolError::Denied { .. } => "denied",
        UserPoolError::Unavailable { .. } => "unavailable",
        UserPoolError::Refused { .. } => "refused",
    }
}

#[tokio::test]
async fn an_error_code_tells_what_failed() {
    for (status, code, expected) in [
        (400, "ResourceNotFoundException", "not found"),
        (400, "AccessDeniedException", "denied"),
        (400, "NotAuthorizedException", "denied"),
        (400, "UnrecognizedClientException", "denied"),
        (400, "ExpiredTokenException", "denied"),
        (400, "TooManyRequestsException", "unavailable"),
        (400, "ThrottlingException", "unavailable"),
        (429, "Unheard", "unavailable"),
        (500, "InternalErrorException", "unavailable"),
        (503, "Unheard", "unavailable"),
        (400, "InvalidParameterException", "refused"),
        (400, "OperationNotEnabledException", "refused"),
    ] {
        for operation in ["DescribeUserPool", "ListIdentityProviders", "ListUserPoolClients"] {
            let service =
                Service::start(move |asked, _| if asked == operation { (status, error(code)) } else { empty(asked) });
            let failed = service.await.ask().await.unwrap_err();
            assert_eq!(kind(&failed), expected, "{operation} {code}: {failed}");
            let text = failed.to_string();
            assert!(text.starts_with(operation) && text.contains("`eu-central-1_Example`"), "{text}");
            assert_eq!(text.contains("said so"), expected != "not found", "{text}");
        }
    }
}

#[tokio::test]
async fn who_cannot_be_reached_is_unavailable() {
    let settings = settings("http://127.0.0.1:9").await;
    let failed = Aws::new(&settings).user_pool(&pool("eu-central-1_Example")).await.unwrap_err();
    assert_eq!(kind(&failed), "unavailable", "{failed}");
}

#[tokio::test]
async fn what_repeats_the_request_is_not_repeated() {
    let service = Service::start(|_, _| (403, error("InvalidSignatureException"))).await;
    let text = service.ask().await.unwrap_err().to_string();
    assert!(text.ends_with("is refused: InvalidSignatureException"), "{text}");
}

#[tokio::test]
async fn a_pool_is_asked_for_in_its_own_region() {
    let service = Service::start(|asked, _| empty(asked)).await;
    let read = service.ask().await.unwrap();
    assert_eq!(read, UserPool::default());
    let seen = service.seen.lock().unwrap().clone();
    assert!(seen.len() == 3 && seen.iter().all(|(_, who)| who.contains("/eu-central-1/cognito-idp/")), "{seen:?}");
}

#[tokio::test]
async fn a_client_that_went_meanwhile_is_left_out() {
    let service = Service::start(|asked, body| match asked {
        "ListUserPoolClients" => (200, r#"{"UserPoolClients":[{"ClientId":"gone"},{"ClientId":"web"}]}"#.to_owned()),
        "DescribeUserPoolClient" if body.contains("gone") => (400, error("ResourceNotFoundException")),
        "DescribeUserPoolClient" => {
            let body = r#"{"UserPoolClient":{"ClientId":"web","ClientSecret":"hidden","WriteAttributes":[]}}"#;
            (200, body.to_owned())
        }
        _ => empty(asked),
    });
    let read = service.await.ask().await.unwrap();
    assert_eq!(read.clients.len(), 1);
    assert_eq!((read.clients[0].id.as_str(), &read.clients[0].write), ("web", &Some(set(&[]))));
    assert!(!format!("{read:?}").contains("hidden"));
}

#[tokio::test]
async fn a_list_without_an_end_is_no_list() {
    for (operation, member) in [("ListUserPoolClients", "UserPoolClients"), ("ListIdentityProviders", "Providers")] {
        let service = Service::start(move |asked, _| {
            if asked == operation { (200, format!(r#"{{"{member}":[],"NextToken":"again"}}"#)) } else { empty(asked) }
        });
        let failed = service.await.ask().await.unwrap_err();
        assert!(failed.to_string().contains("names the same page again"), "{failed}");
    }
}

#[tokio::test]
async fn an_answer_without_what_it_must_have_is_refused() {
    for (operation, body) in [
        ("DescribeUserPool", "{}"),
        ("ListUserPoolClients", r#"{"UserPoolClients":[{}]}"#),
        ("ListIdentityProviders", r#"{"Providers":[{}]}"#),
    ] {
        let service =
            Service::start(move |asked, _| if asked == operation { (200, body.to_owned()) } else { empty(asked) });
        let failed = service.await.ask().await.unwrap_err();
        assert_eq!(kind(&failed), "refused", "{failed}");
        assert!(failed.to_string().contains("the answer has no "), "{failed}");
    }
}
