//! IAM of some accounts beside the table: the command enters each by a member role.

use std::path::Path;

use aws_sdk_iam::config::{BehaviorVersion, Credentials, Region};
use serde_json::Value;
use signet_local::moto::Moto;

use super::{Ended, Place};

/// The member role, by path and name.
pub(crate) const MEMBER: &str = "signet/signet-member";

/// A trust policy that has nothing to do with Signet.
pub(crate) const EC2: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}]}"#;

/// A table, and accounts.
pub(crate) struct Accounts {
    pub(crate) place: Place,
    moto: Moto,
}

impl Accounts {
    /// A table, and accounts that hold nothing.
    pub(crate) async fn start() -> Self {
        Self { place: Place::with_table().await, moto: Moto::start().unwrap() }
    }

    /// What the environment says of the accounts.
    pub(crate) fn settings(&self) -> Vec<(&'static str, String)> {
        vec![
            ("AWS_ENDPOINT_URL_IAM", self.moto.endpoint().to_owned()),
            ("AWS_ENDPOINT_URL_STS", self.moto.endpoint().to_owned()),
            ("SIGNET_MEMBER_ROLE", MEMBER.to_owned()),
            ("SIGNET_EXTERNAL_ID", "external".to_owned()),
            ("SIGNET_ROLE_PATHS", "/data/".to_owned()),
        ]
    }

    /// Runs the command with these settings, and with others that come before.
    pub(crate) fn run_with(&self, args: &[&str], more: &[(&str, &str)]) -> Ended {
        let settings = self.settings();
        let mut all: Vec<(&str, &str)> = settings.iter().map(|(name, value)| (*name, value.as_str())).collect();
        all.extend(more);
        self.place.run_with(args, &all)
    }

    /// Runs the command.
    pub(crate) fn run(&self, args: &[&str]) -> Ended {
        self.run_with(args, &[])
    }

    /// Runs the command with `--json`, whatever its exit code, and reads what it prints.
    pub(crate) fn json(&self, args: &[&str]) -> Value {
        let ended = self.run(&[args, &["--json"]].concat());
        let value = serde_json::from_str(&ended.out);
        assert!(value.is_ok(), "no JSON: {ended:?}");
        value.unwrap()
    }

    /// IAM of an account.
    pub(crate) async fn iam(&self, account: &str) -> aws_sdk_iam::Client {
        let own = aws_sdk_sts::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("eu-central-1"))
            .credentials_provider(Credentials::new("local", "local", None, None, "local"))
            .endpoint_url(self.moto.endpoint());
        let entry = aws_sdk_sts::Client::from_conf(own.build()).assume_role();
        let entry = entry.role_arn(format!("arn:aws:iam::{account}:role/tests")).role_session_name("tests");
        let given = entry.send().await.unwrap().credentials.unwrap();
        let token = Some(given.session_token);
        let config = aws_sdk_iam::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("eu-central-1"))
            .credentials_provider(Credentials::new(given.access_key_id, given.secret_access_key, token, None, "tests"))
            .endpoint_url(self.moto.endpoint());
        aws_sdk_iam::Client::from_conf(config.build())
    }

    /// Creates a role; `role` is its path and name.
    pub(crate) async fn role(&self, account: &str, role: &str, policy: &str) {
        let (path, name) =
            role.rsplit_once('/').map_or(("/".to_owned(), role), |(path, name)| (format!("/{path}/"), name));
        let create = self.iam(account).await.create_role().role_name(name).path(path);
        create.assume_role_policy_document(policy).send().await.unwrap();
    }

    /// A role's trust policy as IAM has it.
    pub(crate) async fn policy(&self, account: &str, role: &str) -> Value {
        let name = Path::new(role).file_name().unwrap().to_str().unwrap();
        let answer = self.iam(account).await.get_role().role_name(name).send().await.unwrap();
        let encoded = answer.role.unwrap().assume_role_policy_document.unwrap();
        serde_json::from_str(&decoded(&encoded)).unwrap()
    }

    /// Replaces a role's trust policy, past the command.
    pub(crate) async fn set_policy(&self, account: &str, role: &str, policy: &str) {
        let name = Path::new(role).file_name().unwrap().to_str().unwrap();
        let update = self.iam(account).await.update_assume_role_policy().role_name(name);
        update.policy_document(policy).send().await.unwrap();
    }
}

/// A text without URL encoding.
fn decoded(text: &str) -> String {
    let mut bytes = text.bytes();
    let mut decoded = Vec::new();
    while let Some(byte) = bytes.next() {
        decoded.push(if byte == b'%' {
            let digits: Vec<u8> = bytes.by_ref().take(2).collect();
            u8::from_str_radix(&String::from_utf8(digits).unwrap(), 16).unwrap()
        } else {
            byte
        });
    }
    String::from_utf8(decoded).unwrap()
}
