//! The accounts whose roles are kept: IAM and STS (moto), and the table's stream, by which `trust-sync`
//! hears of what changed.

use std::collections::BTreeMap;
use std::sync::Mutex;

use aws_credential_types::Credentials;
use aws_sdk_iam::config::{BehaviorVersion, Region};
use serde_json::{Value, json};
use signet_local::moto::Moto;
use signet_local::stream::Stream;

use crate::flow::{EXTERNAL_ID, Flow, MEMBER_ROLE, ROLE_PATHS};
use crate::stack::TABLE;

/// Events, sign-ins, and the roles of some accounts. Dropping it stops all of it.
#[derive(Debug)]
pub struct Accounts {
    /// Everything between an owner of data and a person who signs in.
    pub flow: Flow,
    stream: Mutex<Stream>,
    clients: BTreeMap<String, aws_sdk_iam::Client>,
    moto: Moto,
}

impl Accounts {
    /// Starts it, with these accounts, which have no roles yet.
    pub async fn start(accounts: &[&str]) -> Self {
        let moto = Moto::start().unwrap();
        let mut clients = BTreeMap::new();
        for account in accounts {
            clients.insert((*account).to_owned(), administrator(moto.endpoint(), account).await);
        }
        let flow = Flow::with_trust_sync(moto.endpoint()).await;
        let stream = Mutex::new(Stream::of(flow.stack.database(), TABLE).unwrap());
        Self { flow, stream, clients, moto }
    }

    /// Creates a role that the account's owner lets the account's own administrators in to. Gives its
    /// ARN.
    pub async fn create_role(&self, account: &str, path: &str, name: &str) -> String {
        let document = json!({
            "Version": "2012-10-17",
            "Statement": [{
                "Sid": "Administrators",
                "Effect": "Allow",
                "Principal": { "AWS": format!("arn:aws:iam::{account}:root") },
                "Action": "sts:AssumeRole",
                "Condition": { "Bool": { "aws:MultiFactorAuthPresent": "true" } },
            }],
        });
        let call = self.of(account).create_role().role_name(name).path(path);
        let created = call.assume_role_policy_document(document.to_string()).send().await.unwrap();
        created.role.unwrap().arn
    }

    /// A role's trust policy, as IAM has it now.
    pub async fn trust_policy(&self, role: &str) -> String {
        let (account, name) = parts(role);
        let answer = self.of(account).get_role().role_name(name).send().await.unwrap();
        let encoded = answer.role.unwrap().assume_role_policy_document.unwrap();
        percent_encoding::percent_decode_str(&encoded).decode_utf8().unwrap().into_owned()
    }

    /// Replaces a role's trust policy, past Signet.
    pub async fn set_trust_policy(&self, role: &str, document: &Value) {
        let (account, name) = parts(role);
        let call = self.of(account).update_assume_role_policy().role_name(name);
        call.policy_document(document.to_string()).send().await.unwrap();
    }

    /// Deletes a role, past Signet.
    pub async fn delete_role(&self, role: &str) {
        let (account, name) = parts(role);
        self.of(account).delete_role().role_name(name).send().await.unwrap();
    }

    /// The metadata of an account's SAML provider; none if there is no such provider.
    pub async fn saml_metadata(&self, account: &str, provider: &str) -> Option<String> {
        let arn = format!("arn:aws:iam::{account}:saml-provider/{provider}");
        let listed = self.of(account).list_saml_providers().send().await.unwrap();
        let is_there = listed.saml_provider_list().iter().any(|entry| entry.arn() == Some(&arn));
        if !is_there {
            return None;
        }
        let answer = self.of(account).get_saml_provider().saml_provider_arn(arn).send().await.unwrap();
        answer.saml_metadata_document
    }

    /// Hands what changed in the table to `trust-sync`, as Lambda does, and waits until it has brought
    /// every account to what is wanted.
    pub async fn settled(&self) {
        self.flow.messaging.settled().await;
        loop {
            let Some(batch) = self.stream.lock().unwrap().read().unwrap() else { return };
            let answer = self.flow.messaging.invoke_trust_sync(&batch);
            let refused = self.flow.messaging.lines("not queued");
            assert_eq!(answer["batchItemFailures"], json!([]), "{refused:?}");
            let is_idle = async || self.flow.messaging.queued_accounts().await == 0;
            self.flow.messaging.until("no account waits", is_idle).await;
        }
    }

    /// Has the schedule's task run, and waits until its work is done.
    pub async fn run(&self, task: &str) {
        self.flow.messaging.invoke_trust_sync(&json!({ "task": task }));
        let is_idle = async || self.flow.messaging.queued_accounts().await == 0;
        self.flow.messaging.until("no account waits", is_idle).await;
    }

    /// What the compiled command says, as JSON. It reaches IAM as the function does.
    pub fn signet(&self, arguments: &[&str]) -> Value {
        let environment = [
            ("AWS_ENDPOINT_URL_IAM", self.moto.endpoint()),
            ("AWS_ENDPOINT_URL_STS", self.moto.endpoint()),
            ("SIGNET_MEMBER_ROLE", MEMBER_ROLE),
            ("SIGNET_EXTERNAL_ID", EXTERNAL_ID),
            ("SIGNET_ROLE_PATHS", ROLE_PATHS),
        ];
        serde_json::from_slice(&self.flow.stack.signet(arguments, &environment)).unwrap()
    }

    fn of(&self, account: &str) -> &aws_sdk_iam::Client {
        self.clients.get(account).unwrap_or_else(|| panic!("no account {account}"))
    }
}

/// Account and name of a role.
fn parts(role: &str) -> (&str, &str) {
    (role.split(':').nth(4).unwrap(), role.rsplit('/').next().unwrap())
}

/// Somebody who may do everything in an account.
async fn administrator(endpoint: &str, account: &str) -> aws_sdk_iam::Client {
    let region = Region::from_static("us-east-1");
    let sts = aws_sdk_sts::Client::from_conf(
        aws_sdk_sts::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .endpoint_url(endpoint)
            .region(region.clone())
            .credentials_provider(Credentials::from_keys("local", "local", None))
            .build(),
    );
    let role = format!("arn:aws:iam::{account}:role/administrator");
    let assumed = sts.assume_role().role_arn(role).role_session_name("tests").send().await.unwrap();
    let credentials = assumed.credentials.unwrap();
    aws_sdk_iam::Client::from_conf(
        aws_sdk_iam::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .endpoint_url(endpoint)
            .region(region)
            .credentials_provider(Credentials::from_keys(
                credentials.access_key_id,
                credentials.secret_access_key,
                Some(credentials.session_token),
            ))
            .build(),
    )
}
