use super::*;
use signet_core::code::{GroupCode, Salt};
use signet_core::grant::{Grant, SourceId};
use signet_core::group::GroupKey;
use signet_core::role::RoleArn;
use signet_local::dynamodb::DynamoDb;
use signet_store::apply::GroupChange;

fn withdrawing(removed: usize, before: usize) -> Plan {
    let role = |n| RoleArn::parse(&format!("arn:aws:iam::111122223333:role/r{n}")).unwrap();
    let removed = (0..removed).map(|n| Grant { role: role(n), apps: None, expires_at: None }).collect();
    Plan {
        left_out: Vec::new(),
        crowded: Vec::new(),
        source: SourceId::file("f").unwrap(),
        claimed: 1,
        grants_before: before,
        groups: vec![GroupChange {
            group: GroupKey::new("g").unwrap(),
            label: None,
            code: GroupCode::parse("abcd").unwrap(),
            salt: Salt::NONE,
            registers: false,
            retires: false,
            added: Vec::new(),
            removed,
        }],
        apps: Vec::new(),
        displaced: Vec::new(),
    }
}

#[test]
fn much_is_more_than_twenty_and_more_than_a_fifth() {
    let now = Timestamp::from_seconds(0);
    for (removed, before, stopped) in
        [(20, 20, false), (21, 21, true), (21, 104, true), (21, 105, false), (22, 105, true), (1, 1, false)]
    {
        let plan = withdrawing(removed, before);
        assert_eq!(check_withdrawals(&plan, now, false).is_err(), stopped, "{removed} of {before}");
        assert!(check_withdrawals(&plan, now, true).is_ok());
    }
}

/// Applies a file with somebody at the terminal who gives an answer. Returns what happened, and
/// whether the table has what the file states.
async fn asked(answer: &str) -> (Result<Exit, Failure>, String, bool) {
    let dynamodb = DynamoDb::start().await.unwrap();
    let credentials = aws_sdk_dynamodb::config::Credentials::new("local", "local", None, None, "local");
    let settings = aws_sdk_dynamodb::Config::builder()
        .behavior_version(aws_sdk_dynamodb::config::BehaviorVersion::latest())
        .region(aws_sdk_dynamodb::config::Region::new("eu-central-1"))
        .credentials_provider(credentials)
        .endpoint_url(dynamodb.endpoint())
        .build();
    let table = Table::new(aws_sdk_dynamodb::Client::from_conf(settings), "entitlements");
    table.create(signet_core::code::CodeWidth::DEFAULT).await.unwrap();
    let now = Timestamp::from_seconds(1_800_000_000);
    let text = b"grants: [{ role: 'arn:aws:iam::111122223333:role/r', groups: [g] }]";
    let file = crate::file::parse(text, "f", now).unwrap();
    let source = file.source.clone();

    let args = Apply { file: "f.yaml".into(), yes: false, allow_withdrawals: false };
    let (mut out, mut err, mut input) = (Vec::new(), Vec::new(), answer.as_bytes());
    let mut console = Console::new(&mut out, &mut err, Some(&mut input));
    let ended = apply(&args, file, &table, false, now, &mut console).await;
    let written = table.export(&source).await.unwrap().is_some();
    (ended, String::from_utf8(err).unwrap(), written)
}

#[tokio::test]
async fn only_consent_writes() {
    let (ended, asked_for, written) = asked("y\n").await;
    assert_eq!(ended.unwrap(), Exit::Done);
    assert!(asked_for.contains("Apply these changes? [y/N]"), "{asked_for}");
    assert!(written);
    for answer in ["n\n", "\n", "", "sure\n"] {
        let (ended, _, written) = asked(answer).await;
        assert_eq!(ended.unwrap_err().exit(), Exit::NotApplied, "{answer:?}");
        assert!(!written, "{answer:?}");
    }
}
