//! From a producer's event to the trust policies of roles in three accounts: SNS, SQS and Lambda
//! (ministack), the compiled `entitlement-sync`, `trust-sync` and sign-in functions, the table's stream, IAM
//! and STS (moto), the compiled `signet` command. What a role lets in is judged by the evaluator of the
//! specification.
//!
//! | Module | Holds |
//! |---|---|
//! | `path` | a grant and a withdrawal, from the event to the role |
//! | `providers` | an app's provider comes, changes and goes |
//! | `strangers` | what somebody else changes in IAM |
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may stop at the first surprise"
)]

mod path;
mod providers;
mod strangers;

use serde_json::Value;
use signet_spec::trust::policy::Policy;
use signet_spec::trust::sign_in::{Proof, SignIn};
use signet_tests::accounts::Accounts;
use signet_tests::aws::{Session, federate};
use signet_tests::event::Event;
use signet_tests::flow::{DATASETS, PROVIDERS, dataset, sample};
use signet_tests::saml;

const ACCOUNTS: [&str; 3] = ["111122223333", "222233334444", "333344445555"];
const PROVIDER: &str = "okta-databricks";
const APP: &str = "0oath92zlO60urQOP0g3";
const NIGHT: &str = "Night Shift";
const DAY: &str = "Day Shift";

/// The file of the app, without the grants that the other tests have: their roles are nowhere here.
const APPS: &str = "\
name: platform
apps:
  - id: 0oath92zlO60urQOP0g3
    name: Databricks
    protocol: saml
    provider: okta-databricks
    audience: https://signin.aws.amazon.com/saml
    mode: enforce
    groups: { claim: groups }
    identity: { from: user.profile.login, pattern: \"*@example.com\" }
    tags: { email: { claim: email }, department: { claim: department, required: true } }
    when_unentitled: deny
grants: []
";

/// Three accounts with a role `data/trials-reader` and a role `data/trials-writer` each, the app's
/// provider event handled, and no grants on any of them.
async fn started() -> (Accounts, Vec<String>) {
    let accounts = Accounts::start(&ACCOUNTS).await;
    let mut roles = Vec::new();
    for account in ACCOUNTS {
        for name in ["trials-reader", "trials-writer"] {
            roles.push(accounts.create_role(account, "/data/", name).await);
        }
    }
    let topic = accounts.flow.messaging.topic(DATASETS);
    let limits = ["--datasets", "clinical-*", "--roles", "arn:aws:iam::*:role/data/*", "--groups", "*"];
    let add = ["producer", "add", topic, "--events", "signet.dataset.changed.v1"];
    accounts.flow.stack.signet(&[&add[..], &limits].concat(), &[]);
    accounts.flow.stack.apply(APPS);
    accounts.flow.publish(PROVIDERS, &sample("provider-saml-active"));
    (accounts, roles)
}

/// States what the dataset grants from now on, and waits until every role says so.
async fn state(accounts: &Accounts, revision: u64, grants: &[(&str, &[&str])]) {
    accounts.flow.publish(DATASETS, &dataset("clinical-trials", revision, grants));
    accounts.settled().await;
}

/// The role session that a sign-in of a member of these groups leads to; none if it is denied.
async fn sign_in(accounts: &Accounts, groups: &[&str]) -> Option<Session> {
    let event = Event::with_groups(groups);
    let answer = accounts.flow.stack.send(&event).await;
    let log = accounts.flow.stack.hook.log(&answer).await;
    if log["outcome"] == "deny" {
        return None;
    }
    let assertion = answer.to_okta(&event).patched().clone();
    Some(federate(&saml::xml(&assertion)).unwrap_or_else(|refusal| panic!("AWS refuses: {refusal}; {answer:?}")))
}

/// Whether a role's trust policy, as IAM has it now, lets a session in, whatever the assertion offers.
async fn lets_in(accounts: &Accounts, role: &str, session: &Session) -> bool {
    let account = role.split(':').nth(4).unwrap();
    let attempt = SignIn {
        role: role.to_owned(),
        provider: format!("arn:aws:iam::{account}:saml-provider/{PROVIDER}"),
        proof: Proof::Assertion { audience: session.audience.clone() },
        tags: session.tags.clone(),
        transitive: session.transitive.clone(),
        source_identity: session.source_identity.clone(),
    };
    let policy = accounts.trust_policy(role).await;
    attempt.is_let_in(&Policy::read(&policy).unwrap()).unwrap_or_else(|why| panic!("{why}: {policy}"))
}

/// Exactly these of the roles let the session in.
async fn assert_lets_in(accounts: &Accounts, roles: &[String], session: &Session, expected: &[&String]) {
    for role in roles {
        assert_eq!(lets_in(accounts, role, session).await, expected.contains(&role), "{role}");
    }
}

/// The statements of a trust policy, ours or not.
async fn statements(accounts: &Accounts, role: &str, ours: bool) -> Vec<Value> {
    let policy: Value = serde_json::from_str(&accounts.trust_policy(role).await).unwrap();
    let list = policy["Statement"].as_array().unwrap().iter();
    let is_ours = |statement: &Value| statement["Sid"].as_str().is_some_and(|sid| sid.starts_with("Signet"));
    list.filter(|statement| is_ours(statement) == ours).cloned().collect()
}
