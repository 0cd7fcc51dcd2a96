//! The compiled function, against the Runtime API, a table over HTTP and the alert topic.

use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};
use signet_local::dynamodb::DynamoDb;
use signet_local::function::Function;
use signet_local::runtime_api::{Invocation, RuntimeApi};

use crate::support::{ALERTS, TABLE, World, sample};

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
        let world = World::on(dynamodb.database().clone(), |table| table).await;
        let api = RuntimeApi::start().await.unwrap();
        let function = spawn(
            &api,
            &[
                ("SIGNET_TABLE", TABLE),
                ("SIGNET_ALERT_TOPIC", ALERTS),
                ("AWS_ENDPOINT_URL_DYNAMODB", dynamodb.endpoint()),
                ("AWS_ENDPOINT_URL_SNS", world.sns.endpoint()),
            ],
        );
        Self { function, api, world, _dynamodb: dynamodb }
    }

    async fn invoke(&self, payload: &Value) -> Invocation {
        self.api.invoke(payload.to_string().into_bytes(), TIME).await.unwrap_or_else(|error| {
            panic!("{error}: {:#?}", self.function.logs());
        })
    }

    /// The answer, as JSON.
    async fn answer(&self, payload: &Value) -> Value {
        match self.invoke(payload).await {
            Invocation::Response { body, .. } => serde_json::from_slice(&body).unwrap(),
            other @ Invocation::Error { .. } => panic!("{other:?}: {:#?}", self.function.logs()),
        }
    }

    fn lines(&self) -> Vec<Value> {
        let logs = self.function.logs();
        logs.iter().map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("no JSON: {line}"))).collect()
    }
}

fn spawn(api: &RuntimeApi, environment: &[(&str, &str)]) -> Function {
    let binary = Path::new(env!("CARGO_BIN_EXE_entitlement-sync"));
    let environment: Vec<_> =
        environment.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Function::spawn(binary, &environment, api).unwrap()
}

#[tokio::test]
async fn the_function_takes_a_batch_from_lambda() {
    let started = Started::new().await;
    let none = json!({ "batchItemFailures": [] });
    assert_eq!(started.answer(&sample("batch-two-bad.sqs")).await, none, "{:#?}", started.function.logs());
    assert_eq!(started.world.grants("clinical-trials").await, 3);
    assert_eq!(started.world.sns.take().len(), 2);

    assert_eq!(started.answer(&sample("dataset-deleted.sqs")).await, none);
    assert_eq!(started.world.grants("clinical-trials").await, 0);

    let wanted = |line: &str| line.contains("\"EventsApplied\"");
    started.function.wait_for_log(wanted, TIME).await.unwrap();
    let lines = started.lines();
    let events = lines.iter().filter(|line| line["message"] == "event");
    let outcomes: Vec<_> = events.map(|line| line["outcome"].as_str().unwrap()).collect();
    assert_eq!(outcomes.len(), 5);
    assert_eq!(outcomes.iter().filter(|outcome| **outcome == "refused").count(), 2);
    let numbers = lines.iter().find(|line| line.get("EventsApplied").is_some()).unwrap();
    assert_eq!((&numbers["Function"], &numbers["GrantsAdded"]), (&json!("local"), &json!(3)));
    assert!(lines.iter().any(|line| line["Reason"] == "no_envelope" && line["EventsRefused"] == 1), "{lines:#?}");
}

#[tokio::test]
async fn what_fails_is_named_to_lambda() {
    let started = Started::new().await;
    started.world.sns.be(crate::sns::Mood::NoTopic);
    let answer = started.answer(&sample("batch-two-bad.sqs")).await;
    let failed = |n: u8| json!({ "itemIdentifier": format!("059f36b4-87a3-44ab-83d2-66197597502{n}") });
    assert_eq!(answer, json!({ "batchItemFailures": [failed(2), failed(3)] }));
    assert_eq!(started.world.grants("clinical-trials").await, 3, "the good ones are applied all the same");
}

#[tokio::test]
async fn what_is_no_batch_is_an_error_and_the_function_lives_on() {
    let started = Started::new().await;
    for payload in [json!({}), json!("hello"), json!({ "Records": 1 })] {
        let outcome = started.invoke(&payload).await;
        assert!(matches!(outcome, Invocation::Error { .. }), "{payload}: {outcome:?}");
    }
    assert_eq!(started.answer(&sample("dataset-active.sqs")).await, json!({ "batchItemFailures": [] }));
}

#[tokio::test]
async fn an_environment_that_is_not_fit_is_told_in_full() {
    let api = RuntimeApi::start().await.unwrap();
    let function = spawn(&api, &[("SIGNET_ALERT_TOPIC", "alerts"), ("AWS_REGION", ""), ("AWS_DEFAULT_REGION", "")]);
    let line = function.wait_for_log(|line| line.contains("start failed"), TIME).await.unwrap();
    let line: Value = serde_json::from_str(&line).unwrap();
    let detail = line["detail"].as_str().unwrap();
    for variable in ["`SIGNET_TABLE` is not set", "`SIGNET_ALERT_TOPIC` cannot be used", "`AWS_REGION` is not set"] {
        assert!(detail.contains(variable), "{detail}");
    }
}
