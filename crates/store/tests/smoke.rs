//! A statement goes in and a sign-in reads it, on the embedded DynamoDB.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests fail by panicking")]

use aws_sdk_dynamodb::config::{BehaviorVersion, Credentials, Region};
use signet_core::code::CodeWidth;
use signet_core::grant::{Grant, SourceId, Timestamp};
use signet_core::group::GroupKey;
use signet_core::role::RoleArn;
use signet_local::connector::InProcess;
use signet_store::Table;
use signet_store::apply::{Applied, Provenance, Revision};
use signet_store::statement::Statement;

fn table() -> (Table, InProcess) {
    let connector = InProcess::new(signet_local::dynamodb::memory().unwrap());
    let config = aws_sdk_dynamodb::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("eu-central-1"))
        .credentials_provider(Credentials::new("local", "local", None, None, "test"))
        .http_client(connector.clone())
        .build();
    (Table::new(aws_sdk_dynamodb::Client::from_conf(config), "entitlements"), connector)
}

fn statement(roles: usize, groups: usize) -> Statement {
    let mut statement = Statement::default();
    for role in 0..roles {
        for group in 0..groups {
            let role = RoleArn::parse(&format!("arn:aws:iam::111122223333:role/data/r{role}")).unwrap();
            let grant = Grant { role, apps: None, expires_at: None };
            statement.grant(GroupKey::new(format!("group {group}")).unwrap(), None, grant);
        }
    }
    statement
}

#[tokio::test]
async fn applying_and_withdrawing() {
    let (table, connector) = table();
    table.create(CodeWidth::DEFAULT).await.unwrap();
    let source = SourceId::dataset("trials").unwrap();
    let provenance = Provenance { at: Timestamp::from_seconds(1), event: "e1".to_owned() };
    for (revision, roles, groups) in [(1, 20, 50), (2, 20, 50), (3, 1, 1000), (4, 0, 0)] {
        let before = connector.total_calls();
        let stated = statement(roles, groups);
        let applied = table.apply(&source, Revision::Exactly(revision), &stated, &provenance).await.unwrap();
        println!(
            "{revision}: {} calls {}",
            connector.total_calls() - before,
            match &applied {
                Applied::Changed(plan) => format!("{} groups {:?}", plan.groups.len(), plan.displaced),
                other => format!("{other:?}"),
            }
        );
        let now = table.export(&source).await.unwrap().unwrap();
        assert_eq!(now, stated);
    }
    let snapshot = table.sign_in("nope", &["group 1", "group 1", "", "other"]).await.unwrap();
    println!("{snapshot:?}");
}
