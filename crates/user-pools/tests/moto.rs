//! A user pool of a Cognito on this machine.
#![expect(clippy::unwrap_used, reason = "a test may fail by a panic")]

mod support;

use aws_config::Region;
use aws_sdk_cognitoidentityprovider::Client;
use aws_sdk_cognitoidentityprovider::types::{
    AttributeDataType, IdentityProviderTypeType, LambdaConfigType, PreTokenGenerationLambdaVersionType,
    PreTokenGenerationVersionConfigType, SchemaAttributeType,
};
use signet_local::moto::Moto;
use signet_user_pools::aws::Aws;
use signet_user_pools::{
    Attribute, Relies, Source, Trigger, TriggerVersion, UserPoolError, UserPools as _, Weight, judge,
};
use support::{pool, set, settings};

const FUNCTION: &str = "arn:aws:lambda:eu-central-1:111122223333:function:pre-token:live";
const SCOPE: &str = "aws.cognito.signin.user.admin";
/// The Region of the pool, which is not that of the settings.
const REGION: &str = "eu-central-1";

async fn administrator(moto: &Moto) -> Client {
    Client::new(&settings(moto.endpoint()).await.to_builder().region(Region::new(REGION)).build())
}

/// A pool with an attribute for groups, whose trigger is of the second version.
async fn created(client: &Client) -> String {
    let groups = SchemaAttributeType::builder().name("groups").attribute_data_type(AttributeDataType::String);
    let email = SchemaAttributeType::builder().name("email").attribute_data_type(AttributeDataType::String);
    let version = PreTokenGenerationLambdaVersionType::V20;
    let trigger = PreTokenGenerationVersionConfigType::builder().lambda_version(version).lambda_arn(FUNCTION);
    let triggers = LambdaConfigType::builder().pre_token_generation_config(trigger.build().unwrap()).build();
    let creation = client.create_user_pool().pool_name("people").lambda_config(triggers);
    let creation = creation.schema(groups.mutable(true).build()).schema(email.mutable(true).required(true).build());
    creation.send().await.unwrap().user_pool.unwrap().id.unwrap()
}

async fn add_client(client: &Client, pool: &str, name: &str, write: &[&str], scope: Option<&str>) -> String {
    let write = (!write.is_empty()).then(|| write.iter().map(|name| (*name).to_owned()).collect());
    let creation = client.create_user_pool_client().user_pool_id(pool).client_name(name).generate_secret(true);
    let creation =
        creation.set_write_attributes(write).set_allowed_o_auth_scopes(scope.map(|one| vec![one.to_owned()]));
    creation.send().await.unwrap().user_pool_client.unwrap().client_id.unwrap()
}

#[tokio::test]
async fn a_pool_is_read_and_judged() {
    let moto = Moto::start().unwrap();
    let client = administrator(&moto).await;
    let id = created(&client).await;
    let web = add_client(&client, &id, "web", &["name", "custom:groups"], Some(SCOPE)).await;
    let cli = add_client(&client, &id, "cli", &[], None).await;
    let provider = client.create_identity_provider().user_pool_id(&id).provider_name("corporate");
    let provider = provider.provider_type(IdentityProviderTypeType::Saml).provider_details("MetadataURL", "https://x");
    provider.send().await.unwrap();

    let pools = Aws::new(&settings(moto.endpoint()).await);
    let read = pools.user_pool(&pool(&id)).await.unwrap();
    assert_eq!(read.trigger, Some(Trigger { function: FUNCTION.to_owned(), version: TriggerVersion::V2 }));
    assert_eq!(read.identity_providers, set(&["corporate"]));
    assert_eq!(read.attributes.get("custom:groups"), Some(&Attribute { mutable: true, required: false }));
    assert_eq!(read.attributes.get("email"), Some(&Attribute { mutable: true, required: true }));
    let of = |id: &str| read.clients.iter().find(|client| client.id == id).unwrap();
    assert_eq!(of(&web).write, Some(set(&["custom:groups", "name"])));
    assert_eq!((of(&web).name.as_deref(), &of(&web).scopes), (Some("web"), &set(&[SCOPE])));
    assert_eq!((&of(&cli).write, &of(&cli).scopes), (&None, &set(&[])));

    let app = Relies {
        app: web.clone(),
        attributes: set(&["custom:groups"]),
        source: Source::Federated,
        identity_provider: Some("corporate".to_owned()),
        nested: true,
    };
    let found = judge(&pool(&id), &read, &[app], &set(&[FUNCTION]));
    let brief: Vec<_> = found.iter().map(|one| (one.weight, one.kind, one.subject.clone())).collect();
    assert_eq!(brief, [(Weight::Error, "attribute_writable", format!("{id}/{web}"))]);
}

#[tokio::test]
async fn a_list_of_several_pages_is_whole() {
    const CLIENTS: usize = 62;
    let moto = Moto::start().unwrap();
    let client = administrator(&moto).await;
    let id = created(&client).await;
    for number in 0..CLIENTS {
        add_client(&client, &id, &format!("client-{number}"), &["name"], None).await;
    }
    let read = Aws::new(&settings(moto.endpoint()).await).user_pool(&pool(&id)).await.unwrap();
    assert_eq!(read.clients.len(), CLIENTS);
}

#[tokio::test]
async fn a_pool_that_is_not_there_is_told() {
    let moto = Moto::start().unwrap();
    let error = Aws::new(&settings(moto.endpoint()).await).user_pool(&pool("eu-central-1_Gone")).await.unwrap_err();
    assert!(matches!(error, UserPoolError::NotFound { .. }), "{error}");
    assert!(error.to_string().contains("no user pool `eu-central-1_Gone`"), "{error}");
}
