//! `audit` of user pools, on a real DynamoDB API and a Cognito on this machine.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may fail by a panic")]

mod support;

use aws_sdk_cognitoidentityprovider::Client;
use aws_sdk_cognitoidentityprovider::config::{BehaviorVersion, Credentials, Region};
use aws_sdk_cognitoidentityprovider::types::{
    AttributeDataType, LambdaConfigType, PreTokenGenerationLambdaVersionType, PreTokenGenerationVersionConfigType,
    SchemaAttributeType,
};
use serde_json::Value;
use signet_core::app::AppId;
use signet_core::grant::Timestamp;
use signet_core::role::{Protocol, ProviderName};
use signet_local::moto::Moto;
use signet_store::apply::Provenance;
use signet_store::statement::StatedProvider;
use support::Place;
use support::sns::Sns;

/// The Region of the pool, which is not the command's.
const REGION: &str = "eu-west-1";

/// Cognito, past the command.
fn cognito(moto: &Moto) -> Client {
    let config = aws_sdk_cognitoidentityprovider::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(REGION))
        .credentials_provider(Credentials::new("local", "local", None, None, "local"))
        .endpoint_url(moto.endpoint());
    Client::from_conf(config.build())
}

/// A pool with an attribute for groups, without a trigger; and a client of it that may write it.
async fn people(client: &Client) -> (String, String) {
    let groups = SchemaAttributeType::builder().name("groups").attribute_data_type(AttributeDataType::String);
    // Other than AWS, moto leaves standard attributes out where others are given.
    let email = SchemaAttributeType::builder().name("email").attribute_data_type(AttributeDataType::String);
    let pool = client.create_user_pool().pool_name("people").schema(groups.mutable(true).build());
    let pool = pool.schema(email.mutable(true).build()).send().await.unwrap().user_pool.unwrap().id.unwrap();
    let web = client.create_user_pool_client().user_pool_id(&pool).client_name("web");
    let web = web.write_attributes("custom:groups").allowed_o_auth_scopes("aws.cognito.signin.user.admin");
    (pool, web.send().await.unwrap().user_pool_client.unwrap().client_id.unwrap())
}

/// A Cognito app in the table, with a provider event that names the pool as its issuer.
async fn app(place: &Place, pool: &str, client: &str) {
    place.apply(&format!(
        "name: platform\napps:\n  - {{ id: {client}, name: Portal, protocol: cognito, provider: people, \
         when_unentitled: deny, audience: {client}, groups: {{ claim: \"custom:groups\" }}, \
         identity: {{ from: \"claim:email\", pattern: \"*@example.com\" }} }}\ngrants: []\n"
    ));
    let stated = StatedProvider {
        app: AppId::parse(client).unwrap(),
        active: true,
        name: "Portal".to_owned(),
        protocol: Protocol::Cognito,
        provider: ProviderName::parse("people").unwrap(),
        saml_metadata: None,
        entity_id: None,
        certificates: [].into(),
        issuer_url: Some(format!("https://cognito-idp.{REGION}.amazonaws.com/{pool}")),
        client_ids: [client.to_owned()].into(),
        audience: None,
    };
    let provenance = Provenance { at: Timestamp::from_seconds(1_800_000_000), event: "p-1".to_owned() };
    place.table().apply_provider(&stated, 1, &provenance).await.unwrap();
}

/// Weights, kinds and subjects of what an audit found.
fn brief(found: &str) -> Vec<(String, String, String)> {
    let found: Value = serde_json::from_str(found).unwrap();
    let text = |finding: &Value, member: &str| finding[member].as_str().unwrap().to_owned();
    let all = found["findings"].as_array().unwrap().iter();
    all.map(|one| (text(one, "weight"), text(one, "kind"), text(one, "subject"))).collect()
}

fn told(weight: &str, kind: &str, subject: &str) -> (String, String, String) {
    (weight.to_owned(), kind.to_owned(), subject.to_owned())
}

#[tokio::test]
async fn an_audit_looks_at_the_pools_of_cognito_apps() {
    let place = Place::with_table().await;
    let moto = Moto::start().unwrap();
    let client = cognito(&moto);
    let (pool, web) = people(&client).await;
    app(&place, &pool, &web).await;
    let address = [("AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER", moto.endpoint())];
    let found = place.run_with(&["audit", "--json"], &address).ok().warns(&format!("user pool {pool}: 3 findings"));
    let subject = format!("{pool}/{web}");
    let expected = [
        told("error", "attribute_writable", &subject),
        told("error", "identity_provider_unknown", &web),
        told("error", "trigger_missing", &web),
    ];
    assert_eq!(brief(&found.out), expected);
    let text = place.run_with(&["audit", "--exit-code"], &address).exit(3);
    text.says("client `web` can write `custom:groups` (of app ").says("Take the scope out of its `AllowedOAuthScopes`");
    // Whoever looks at the table alone asks nobody.
    place.run(&["audit", "--offline", "--exit-code"]).ok().says("Nothing found.");
}

#[tokio::test]
async fn a_pool_that_is_denied_fails_no_audit() {
    let place = Place::with_table().await;
    app(&place, "eu-west-1_Example", "web").await;
    let denied = Sns::start(&[(400, r#"{"__type":"AccessDeniedException","message":"not authorized"}"#)]);
    let address = [("AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER", &*denied.endpoint())];
    let found = place.run_with(&["audit", "--json"], &address).ok();
    assert_eq!(brief(&found.out), [told("warning", "pool_unreadable", "eu-west-1_Example")]);
    assert!(found.out.contains("allowed `cognito-idp:DescribeUserPool`"), "{}", found.out);
    let address = [("AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER", "nowhere")];
    place.run_with(&["audit"], &address).exit(2).warns("`nowhere` is no address");
}

#[tokio::test]
async fn a_pool_that_calls_another_function_is_found() {
    let place = Place::with_table().await;
    let moto = Moto::start().unwrap();
    let client = cognito(&moto);
    let (pool, web) = people(&client).await;
    app(&place, &pool, &web).await;
    let live = format!("arn:aws:lambda:{REGION}:111122223333:function:pre-token:live");
    let trigger = PreTokenGenerationVersionConfigType::builder().lambda_arn(live.trim_end_matches(":live"));
    let trigger = trigger.lambda_version(PreTokenGenerationLambdaVersionType::V20).build().unwrap();
    let lambda = LambdaConfigType::builder().pre_token_generation_config(trigger).build();
    client.update_user_pool().user_pool_id(&pool).lambda_config(lambda).send().await.unwrap();

    let address = ("AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER", moto.endpoint());
    let of = |args: &[&str], settings: &[(&str, &str)]| {
        let found = place.run_with(&[&["audit", "--json"], args].concat(), settings).ok();
        let found = brief(&found.out).into_iter().find(|(_, kind, _)| kind == "trigger_function");
        found.map(|(weight, _, subject)| (weight, subject))
    };
    let told = |weight: &str| Some((weight.to_owned(), web.clone()));
    assert_eq!(of(&[], &[address]), told("warning"));
    assert_eq!(of(&["--pre-token-arn", &live], &[address]), told("error"));
    let both = format!("{},{live}", live.replace(REGION, "us-east-1"));
    assert_eq!(of(&[], &[address, ("SIGNET_PRE_TOKEN_ARN", &both)]), told("error"));
    place.run(&["audit", "--pre-token-arn", "pre-token"]).exit(2).warns("function:NAME:live");
}
