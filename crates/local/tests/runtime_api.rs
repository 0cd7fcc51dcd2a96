//! The Runtime API with real functions in processes of their own: Rust's `lambda_runtime`, and
//! a loop written in Python after the documentation.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test may fail by a panic")]

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use lambda_runtime::{LambdaEvent, service_fn};
use serde_json::{Value, json};
use signet_local::function::{Function, FunctionError};
use signet_local::runtime_api::{Invocation, RESPONSE_LIMIT, RuntimeApi, RuntimeApiError};

const TIMEOUT: Duration = Duration::from_secs(20);

/// Not a test but the function that the tests start: this very binary, told to run only this.
#[test]
fn rust_function() {
    if std::env::var_os("AWS_LAMBDA_RUNTIME_API").is_none() {
        return;
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(lambda_runtime::run(service_fn(handle))).unwrap();
}

async fn handle(event: LambdaEvent<Value>) -> Result<Value, String> {
    eprintln!("handling {}", event.context.request_id);
    let text = |name: &str| event.payload.get(name).and_then(Value::as_str).map(str::to_owned);
    match text("do").as_deref() {
        Some("fail") => Err("it was told to fail".to_owned()),
        Some("sleep") => {
            tokio::time::sleep(Duration::from_mins(1)).await;
            Ok(Value::Null)
        }
        Some("exit") => std::process::exit(7),
        Some("large") => Ok(Value::String("x".repeat(RESPONSE_LIMIT))),
        Some("environment") => Ok(std::env::vars().map(|(name, value)| (name, Value::String(value))).collect()),
        _ => Ok(json!({
            "echo": event.payload,
            "id": event.context.request_id,
            "deadline": event.context.deadline,
            "arn": event.context.invoked_function_arn,
        })),
    }
}

fn rust(api: &RuntimeApi, environment: &[(String, String)]) -> Function {
    let binary = std::env::current_exe().unwrap();
    let arguments = ["--exact", "rust_function", "--nocapture"].map(str::to_owned);
    Function::spawn_with(&binary, &arguments, environment, api).unwrap()
}

fn python(api: &RuntimeApi, program: &str) -> Function {
    let path = std::env::var_os("PATH").unwrap();
    let python = std::env::split_paths(&path)
        .map(|folder| folder.join("python3"))
        .find(|binary: &PathBuf| binary.is_file())
        .unwrap();
    let arguments = ["-u", "-c", program].map(str::to_owned);
    Function::spawn_with(&python, &arguments, &[], api).unwrap()
}

async fn invoke(api: &RuntimeApi, payload: Value) -> Result<Invocation, RuntimeApiError> {
    api.invoke(payload.to_string().into_bytes(), TIMEOUT).await
}

fn answer(invocation: Invocation) -> Value {
    match invocation {
        Invocation::Response { body, .. } => serde_json::from_slice(&body).unwrap(),
        Invocation::Error { body, .. } => panic!("{}", String::from_utf8_lossy(&body)),
    }
}

fn error(invocation: Invocation) -> Value {
    match invocation {
        Invocation::Error { body, .. } => serde_json::from_slice(&body).unwrap(),
        Invocation::Response { body, .. } => panic!("{}", String::from_utf8_lossy(&body)),
    }
}

#[tokio::test]
async fn a_rust_function_answers_many_invocations_in_one_process() {
    let api = RuntimeApi::start().await.unwrap();
    let function = rust(&api, &[]);
    let start = api.first_poll(TIMEOUT).await.unwrap() - function.spawned_at();
    assert!(start > Duration::ZERO && start < TIMEOUT, "{start:?}");
    let mut ids = std::collections::BTreeSet::new();
    for n in 0..50 {
        let sent = Instant::now();
        let invocation = invoke(&api, json!({"n": n})).await.unwrap();
        let Invocation::Response { elapsed, .. } = &invocation else { panic!("{invocation:?}") };
        assert!(*elapsed > Duration::ZERO && *elapsed <= sent.elapsed());
        let answer = answer(invocation);
        assert_eq!(answer["echo"]["n"], n);
        assert_eq!(answer["arn"], signet_local::function::ARN);
        let left = answer["deadline"].as_u64().unwrap().saturating_sub(epoch_ms());
        assert!((10_000..=20_000).contains(&left), "{left}");
        ids.insert(answer["id"].as_str().unwrap().to_owned());
    }
    assert_eq!(ids.len(), 50);
    assert_eq!(error(invoke(&api, json!({"do": "fail"})).await.unwrap())["errorMessage"], "it was told to fail");
    let large = error(invoke(&api, json!({"do": "large"})).await.unwrap());
    assert_eq!(large["errorType"], "Function.ResponseSizeTooLarge");
    assert_eq!(function.exit_status().unwrap(), None);
    let memory = function.memory().unwrap();
    assert!(memory.peak >= memory.resident && memory.resident > 1_000_000);
}

#[tokio::test]
async fn the_environment_is_lambdas_and_nothing_else() {
    let api = RuntimeApi::start().await.unwrap();
    let own = [("SIGNET_TABLE", "t"), ("AWS_REGION", "us-west-2")];
    let own = own.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let _function = rust(&api, &own);
    let seen = answer(invoke(&api, json!({"do": "environment"})).await.unwrap());
    assert_eq!(seen["AWS_LAMBDA_RUNTIME_API"], api.address());
    assert_eq!(seen["AWS_LAMBDA_FUNCTION_VERSION"], "$LATEST");
    assert_eq!(seen["SIGNET_TABLE"], "t");
    assert_eq!(seen["AWS_REGION"], "us-west-2");
    assert!(std::env::var_os("PATH").is_some());
    for absent in ["PATH", "HOME", "CARGO_MANIFEST_DIR"] {
        assert!(seen.get(absent).is_none(), "{absent}");
    }
}

#[tokio::test]
async fn logs_are_kept_and_can_be_waited_for() {
    let api = RuntimeApi::start().await.unwrap();
    let function = rust(&api, &[]);
    let id = answer(invoke(&api, json!({})).await.unwrap())["id"].as_str().unwrap().to_owned();
    let line = function.wait_for_log(|line| line.contains("handling"), TIMEOUT).await.unwrap();
    assert_eq!(line, format!("handling {id}"));
    assert!(function.logs().contains(&line));
    let short = Duration::from_millis(50);
    let missing = function.wait_for_log(|line| line == "never", short).await.unwrap_err();
    assert!(missing.to_string().contains(&line), "{missing}");

    let ended = invoke(&api, json!({"do": "exit"}));
    let closed = function.wait_for_log(|line| line == "never", TIMEOUT);
    let (ended, closed) = tokio::join!(tokio::time::timeout(TIMEOUT / 10, ended), closed);
    assert!(ended.is_err(), "nobody answers the invocation");
    assert!(closed.unwrap_err().to_string().contains("closed its output"));
    while function.exit_status().unwrap().is_none() {
        tokio::task::yield_now().await;
    }
    assert_eq!(function.exit_status().unwrap().unwrap().code(), Some(7));
}

#[tokio::test]
async fn a_drop_ends_the_process() {
    let api = RuntimeApi::start().await.unwrap();
    let function = rust(&api, &[]);
    api.first_poll(TIMEOUT).await.unwrap();
    let proc = PathBuf::from(format!("/proc/{}", function.pid()));
    assert!(proc.exists());
    drop(function);
    assert!(!proc.exists());
}

#[tokio::test]
async fn time_outs_say_whether_the_function_had_the_invocation() {
    let api = RuntimeApi::start().await.unwrap();
    let short = Duration::from_millis(300);
    let nobody = api.invoke(b"{}".to_vec(), short).await.unwrap_err();
    assert!(matches!(nobody, RuntimeApiError::NotPolled { .. }), "{nobody}");
    assert!(api.first_poll(short).await.is_err());

    let function = rust(&api, &[]);
    api.first_poll(TIMEOUT).await.unwrap();
    let asleep = api.invoke(br#"{"do":"sleep"}"#.to_vec(), short).await.unwrap_err();
    assert!(matches!(asleep, RuntimeApiError::Unanswered { .. }), "{asleep}");
    drop(function);

    // The next function gets the next invocation, not the one that its caller gave up.
    let _next = rust(&api, &[]);
    assert_eq!(answer(invoke(&api, json!({"n": 2})).await.unwrap())["echo"]["n"], 2);
}

#[tokio::test]
async fn a_loop_after_the_documentation_works_on_one_connection() {
    let api = RuntimeApi::start().await.unwrap();
    let function = python(
        &api,
        r#"
import http.client, json, os
connection = http.client.HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])
def call(method, path, body=None):
    connection.request(method, "/2018-06-01/runtime" + path, body)
    answer = connection.getresponse()
    return answer, answer.read()
answer, body = call("POST", "/invocation/unknown/response", b"{}")
print("unknown", answer.status, json.loads(body)["errorType"])
while True:
    answer, body = call("GET", "/invocation/next")
    names = ["Lambda-Runtime-Aws-Request-Id", "Lambda-Runtime-Deadline-Ms",
        "Lambda-Runtime-Invoked-Function-Arn", "Lambda-Runtime-Trace-Id"]
    values = [answer.headers[name] for name in names]
    assert all(values) and int(values[1]) > 0, values
    path = "/invocation/" + values[0]
    if body == b"fail":
        answer, _ = call("POST", path + "/error", b'{"errorType":"T","errorMessage":"m"}')
    else:
        answer, _ = call("POST", path + "/response", body[::-1])
    print("sent", answer.status)
"#,
    );
    for payload in [b"abc".to_vec(), vec![b'x'; 1_000_000], vec![]] {
        let mut expected = payload.clone();
        expected.reverse();
        let got = api.invoke(payload, TIMEOUT).await.unwrap();
        let Invocation::Response { body, .. } = got else { panic!("{got:?}") };
        assert_eq!(body, expected);
    }
    let failed = error(api.invoke(b"fail".to_vec(), TIMEOUT).await.unwrap());
    assert_eq!(failed["errorType"], "T");
    let unknown = |line: &str| line.starts_with("unknown");
    let line = function.wait_for_log(unknown, TIMEOUT).await.unwrap();
    assert_eq!(line, "unknown 400 InvalidRequestID");
    function.wait_for_log(|line| line == "sent 202", TIMEOUT).await.unwrap();
}

#[tokio::test]
async fn a_failed_start_is_reported_to_whoever_waits() {
    let api = RuntimeApi::start().await.unwrap();
    assert_eq!(api.init_error(), None);
    let _function = python(
        &api,
        r#"
import http.client, os
connection = http.client.HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])
connection.request("POST", "/2018-06-01/runtime/init/error", b'{"errorType":"Runtime.Bad"}')
connection.getresponse().read()
"#,
    );
    let (poll, invocation) = tokio::join!(api.first_poll(TIMEOUT), invoke(&api, json!({})));
    assert!(poll.unwrap_err().to_string().contains("Runtime.Bad"));
    assert!(matches!(invocation, Err(RuntimeApiError::Init { .. })));
    assert!(api.init_error().unwrap().contains("Runtime.Bad"));
}

#[tokio::test]
async fn a_binary_that_is_not_there_is_an_error_that_names_it() {
    let api = RuntimeApi::start().await.unwrap();
    let error = Function::spawn(Path::new("/nonexistent/bootstrap"), &[], &api).unwrap_err();
    assert!(matches!(error, FunctionError::Spawn { .. }));
    assert!(error.to_string().contains("/nonexistent/bootstrap"));
}

fn epoch_ms() -> u64 {
    #[expect(clippy::disallowed_methods, reason = "the deadline is a time of day")]
    let now = std::time::SystemTime::now();
    let since = now.duration_since(std::time::UNIX_EPOCH).unwrap();
    u64::try_from(since.as_millis()).unwrap()
}
