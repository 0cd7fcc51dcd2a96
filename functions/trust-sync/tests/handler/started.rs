//! The compiled function, against the Runtime API, a table over HTTP and the stand-ins.

use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};
use signet_local::dynamodb::DynamoDb;
use signet_local::function::Function;
use signet_local::runtime_api::{Invocation, RuntimeApi};

use crate::support::{ALERTS, QUEUE, READER, TABLE, World, sample};

const TIME: Duration = Duration::from_secs(30);

struct Started {
    function: Function,
    api: RuntimeApi,
    world: World,
    _dynamodb: DynamoDb,
}

impl Started {
    async fn new() -> Self {
        let dynamodb = DynamoDb::start().await.unwrap();
        let world = World::on(dynamodb.database().clone(), false).await;
        let api = RuntimeApi::start().await.unwrap();
        let environment = [
            ("SIGNET_TABLE", TABLE),
            ("SIGNET_TRUST_QUEUE_URL", QUEUE),
            ("SIGNET_ALERT_TOPIC", ALERTS),
            ("SIGNET_MEMBER_ROLE", "signet/signet-member"),
            ("SIGNET_EXTERNAL_ID", "of-the-tests"),
            ("SIGNET_ROLE_PATHS", "/data/"),
            ("AWS_ENDPOINT_URL_DYNAMODB", dynamodb.endpoint()),
            ("AWS_ENDPOINT_URL_SNS", world.sns.endpoint()),
            ("AWS_ENDPOINT_URL_SQS", world.aws.endpoint()),
            ("AWS_ENDPOINT_URL_STS", world.aws.endpoint()),
        ];
        let function = spawn(&api, &environment);
        Self { function, api, world, _dynamodb: dynamodb }
    }

    async fn invoke(&self, payload: &Value) -> Invocation {
        self.api.invoke(payload.to_string().into_bytes(), TIME).await.unwrap_or_else(|error| {
            panic!("{error}: {:#?}", self.function.logs());
        })
    }

    /// Why an invocation fails.
    async fn error(&self, payload: &Value) -> String {
        match self.invoke(payload).await {
            Invocation::Error { body, .. } => String::from_utf8(body).unwrap(),
            other @ Invocation::Response { .. } => panic!("{payload}: {other:?}"),
        }
    }

    async fn answer(&self, payload: &Value) -> Value {
        match self.invoke(payload).await {
            Invocation::Response { body, .. } => serde_json::from_slice(&body).unwrap(),
            other @ Invocation::Error { .. } => panic!("{other:?}: {:#?}", self.function.logs()),
        }
    }
}

fn spawn(api: &RuntimeApi, environment: &[(&str, &str)]) -> Function {
    let binary = Path::new(env!("CARGO_BIN_EXE_trust-sync"));
    let environment: Vec<_> =
        environment.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Function::spawn(binary, &environment, api).unwrap()
}

#[tokio::test]
async fn the_function_takes_the_stream_and_the_schedule_from_lambda() {
    let started = Started::new().await;
    started.world.grant(1, &[READER]).await;
    assert_eq!(started.answer(&sample("stream-wanted")).await, json!({ "batchItemFailures": [] }));
    assert_eq!(started.world.aws.take().len(), 2);
    let answer = started.answer(&sample("tick")).await;
    assert_eq!((&answer["task"], &answer["queued"]), (&json!("tick"), &json!(1)));
    assert_eq!(started.world.aws.take()[0].body, "111122223333");
    let line = started.function.wait_for_log(|line| line.contains("\"UnreconciledRoles\""), TIME).await.unwrap();
    let numbers: Value = serde_json::from_str(&line).unwrap();
    assert_eq!((&numbers["Function"], &numbers["UnreconciledRoles"]), (&json!("local"), &json!([1.0])));

    // A task that fails is an error of the invocation, with its reason.
    started.world.aws.queue_is_down(true);
    let why = started.error(&sample("sweep")).await;
    assert!(why.contains("sweep: account `111122223333` cannot be put onto queue"), "{why}");
}

#[tokio::test]
async fn whatever_else_it_is_invoked_with_is_an_error_and_the_function_lives_on() {
    let started = Started::new().await;
    for (payload, part) in [
        (json!({}), "neither a batch"),
        (json!("hello"), "neither a batch"),
        (json!({ "Records": [] }), "no records"),
        (json!({ "task": "tock" }), "`tock`"),
        (json!({ "Records": [{ "eventSource": "aws:sns" }] }), "record 0 has `eventSource` `aws:sns`"),
    ] {
        let why = started.error(&payload).await;
        assert!(why.contains(part), "{payload}: {why}");
    }
    assert_eq!(started.answer(&sample("stream-outcome")).await, json!({ "batchItemFailures": [] }));
}

#[tokio::test]
async fn without_its_own_role_it_fails_its_messages() {
    let started = Started::new().await;
    started.world.aws.sts_is_down(true);
    let answer = started.answer(&sample("queue")).await;
    assert_eq!(answer["batchItemFailures"].as_array().unwrap().len(), 2);
    started.function.wait_for_log(|line| line.contains("own role unknown"), TIME).await.unwrap();
}

#[tokio::test]
async fn an_environment_that_is_not_fit_is_told_in_full() {
    let api = RuntimeApi::start().await.unwrap();
    let environment = [("SIGNET_ALERT_TOPIC", "alerts"), ("SIGNET_DRY_RUN", "maybe"), ("AWS_REGION", "")];
    let function = spawn(&api, &[&environment[..], &[("AWS_DEFAULT_REGION", "")]].concat());
    let line = function.wait_for_log(|line| line.contains("start failed"), TIME).await.unwrap();
    let line: Value = serde_json::from_str(&line).unwrap();
    let detail = line["detail"].as_str().unwrap();
    for mistake in [
        "`SIGNET_TABLE` is not set",
        "`SIGNET_TRUST_QUEUE_URL` is not set",
        "`SIGNET_ALERT_TOPIC` cannot be used",
        "neither `SIGNET_ROLE_PATHS` nor `SIGNET_ROLE_TAG` is set",
        "`SIGNET_DRY_RUN` cannot be used",
        "`AWS_REGION` is not set",
    ] {
        assert!(detail.contains(mistake), "{detail}");
    }
}
