//! What is too much is refused before anything is written, and withdrawing never is.

use aws_sdk_dynamodb::types::AttributeValue;
use signet_core::grant::SourceId;
use signet_local::connector::Action;
use signet_store::apply::{Applied, ApplyError};
use signet_store::statement::Statement;

use crate::common::content::Item;
use crate::common::{TABLE, Worker, gone, key, limited, number, plain, role, source, stated, text};
use crate::shows;

async fn refused(worker: &Worker, source: &SourceId, revision: u64, statement: &Statement) -> ApplyError {
    let before = worker.content().await;
    let planned = worker.table.plan(source, statement).await.unwrap_err();
    let error = worker.apply(source, revision, statement).await.unwrap_err();
    assert_eq!(planned.to_string(), error.to_string());
    assert_eq!(worker.content().await, before, "a refused statement left something behind");
    error
}

fn to_one_group(roles: std::ops::Range<usize>) -> Statement {
    let mut statement = Statement::default();
    for n in roles {
        statement.grant(key("Readers"), None, plain(&format!("r{n}")));
    }
    statement
}

/// Another source's part of a group, written as an earlier version with other limits might have.
async fn force_part(worker: &Worker, group: &str, source: &SourceId, roles: usize) {
    let content = worker.content().await;
    let grants = (0..roles)
        .map(|n| AttributeValue::M(Item::from([("role".to_owned(), text(role(&format!("old{n}")).as_str()))])));
    let update = worker.client.update_item().table_name(TABLE).key("pk", text(&content.groups[group].pk));
    update
        .key("sk", text("GROUP"))
        .update_expression("SET #part = :part ADD sources :source")
        .expression_attribute_names("#part", format!("s:{source}"))
        .expression_attribute_values(":part", AttributeValue::L(grants.collect()))
        .expression_attribute_values(":source", AttributeValue::Ss(vec![source.to_string()]))
        .send()
        .await
        .unwrap();
}

#[tokio::test]
async fn a_group_opens_300_roles_over_all_sources_and_no_more() {
    let worker = Worker::with_table().await;
    let (trials, genomes) = (source("t"), source("g"));
    let error = refused(&worker, &trials, 1, &to_one_group(0..301)).await;
    assert!(
        matches!(&error, ApplyError::Capacity { what, limit, .. } if what == "301 roles" && limit == "300"),
        "{error}"
    );
    // Over all sources, and each role once.
    worker.change(&trials, 1, &to_one_group(0..150)).await;
    force_part(&worker, "Readers", &source("old"), 100).await;
    let error = refused(&worker, &genomes, 1, &to_one_group(100..201)).await;
    assert!(matches!(&error, ApplyError::Capacity { what, .. } if what == "301 roles"), "{error}");
    let error = refused(&worker, &trials, 2, &to_one_group(0..201)).await;
    assert!(matches!(&error, ApplyError::Capacity { what, .. } if what == "301 roles"), "{error}");
}

#[tokio::test]
async fn a_group_holds_16_kb_and_no_more() {
    let worker = Worker::with_table().await;
    let trials = source("trials");
    let long = "x".repeat(55);
    let of = |count: usize| {
        let mut statement = stated(&[("Stewards", &["r1"])]);
        for n in 0..count {
            statement.grant(key("Readers"), None, plain(&format!("{long}{n:03}")));
        }
        statement
    };
    let error = refused(&worker, &trials, 1, &of(180)).await;
    assert!(
        matches!(&error, ApplyError::Capacity { what, limit, .. } if what.ends_with("bytes of grants") && limit == "16384"),
        "{error}"
    );
    // The largest that is taken is an item of at most 16 KB by DynamoDB's own count.
    let mut count = 179;
    while worker.table.plan(&trials, &of(count)).await.is_err() {
        count -= 1;
    }
    assert!(count > 130, "{count} grants of 100 bytes are well below 16 KB");
    worker.change(&trials, 1, &of(count)).await;
    let content = shows(&worker, &[(&trials, &of(count))]).await;
    let item = worker
        .client
        .get_item()
        .table_name(TABLE)
        .key("pk", text(&content.groups["Readers"].pk))
        .key("sk", text("GROUP"));
    let item = item.send().await.unwrap().item.unwrap();
    assert!(size_of(&AttributeValue::M(item)) <= 16 * 1_024);
}

/// The size of a value by DynamoDB's rules: names and texts by their bytes, one byte an element of a
/// list or a map and three a list or a map.
fn size_of(value: &AttributeValue) -> usize {
    match value {
        AttributeValue::S(text) => text.len(),
        AttributeValue::N(digits) => digits.len().div_ceil(2) + 2,
        AttributeValue::Ss(texts) => texts.iter().map(String::len).sum(),
        AttributeValue::L(values) => 3 + values.iter().map(|value| 1 + size_of(value)).sum::<usize>(),
        AttributeValue::M(map) => 3 + map.iter().map(|(name, value)| 1 + name.len() + size_of(value)).sum::<usize>(),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn withdrawing_is_taken_however_much_is_left_behind() {
    let worker = Worker::with_table().await;
    let (trials, old) = (source("trials"), source("old"));
    let first = to_one_group(0..5);
    worker.change(&trials, 1, &first).await;
    // A group far above both limits.
    force_part(&worker, "Readers", &old, 400).await;
    let error = refused(&worker, &trials, 2, &to_one_group(0..6)).await;
    assert!(matches!(error, ApplyError::Capacity { .. }), "{error}");

    worker.change(&trials, 2, &to_one_group(0..4)).await;
    // Narrowing a grant withdraws too, although it is another grant then.
    let mut narrower = to_one_group(0..3);
    narrower.grant(key("Readers"), None, limited("r3", &["a", "b"], None));
    worker.change(&trials, 3, &narrower).await;
    let mut narrowest = to_one_group(0..3);
    narrowest.grant(key("Readers"), None, limited("r3", &["a"], Some(2_000)));
    worker.change(&trials, 4, &narrowest).await;
    // And what makes a group smaller on the whole is no reason to keep it as large as it is.
    worker.change(&trials, 5, &to_one_group(1..2)).await;
    let error = refused(&worker, &trials, 6, &to_one_group(1..3)).await;
    assert!(matches!(error, ApplyError::Capacity { .. }), "{error}");
    worker.change(&trials, 7, &gone()).await;
    let content = worker.content().await;
    assert_eq!(content.groups["Readers"].sources, [old.to_string()].into());
    assert_eq!(content.groups["Readers"].state, "registered");
}

#[tokio::test]
async fn a_role_of_too_many_groups_is_refused() {
    let worker = Worker::with_table().await;
    let ids: Vec<String> = (0..20).map(|n| format!("{n:0>120}")).collect();
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    let of = |groups: usize| {
        let mut statement = Statement::default();
        for n in 0..groups {
            statement.grant(key(&format!("group {n}")), None, limited("r1", &ids, None));
        }
        statement
    };
    let error = refused(&worker, &source("trials"), 1, &of(130)).await;
    assert!(matches!(&error, ApplyError::RoleTooLarge { role: large, .. } if *large == role("r1")), "{error}");
    worker.change(&source("trials"), 1, &of(110)).await;
    shows(&worker, &[(&source("trials"), &of(110))]).await;
    worker.change(&source("trials"), 2, &of(3)).await;
    shows(&worker, &[(&source("trials"), &of(3))]).await;
}

#[tokio::test]
async fn a_source_of_too_many_groups_is_refused() {
    // With wide codes: nearly half of the narrow ones would be taken.
    let worker = Worker::new(&signet_local::dynamodb::memory().unwrap());
    worker.table.create(signet_core::code::CodeWidth::new(10).unwrap()).await.unwrap();
    let mut statement = Statement::default();
    for n in 0..38_000 {
        statement.grant(key(&format!("group {n}")), None, plain(&format!("r{}", n % 4)));
    }
    let error = worker.apply(&source("trials"), 1, &statement).await.unwrap_err();
    assert!(matches!(error, ApplyError::TooLarge { groups: 38_000, roles: 4, .. }), "{error}");
    assert!(worker.content().await.sources.is_empty());
}

#[tokio::test]
async fn a_newer_layout_is_not_written_into() {
    let worker = Worker::with_table().await;
    worker.put("META", "META", &[("layout", number(2)), ("code_width", number(4))]).await;
    let before = worker.content().await;
    let error = worker.apply(&source("trials"), 1, &stated(&[("Readers", &["r1"])])).await.unwrap_err();
    assert!(error.to_string().contains("layout 2"), "{error}");
    assert_eq!(worker.content().await, before);
}

#[tokio::test]
async fn three_hundred_short_roles_fit() {
    let worker = Worker::with_table().await;
    let mut statement = Statement::default();
    for n in 0..300 {
        let role = signet_core::role::RoleArn::parse(&format!("arn:aws:iam::111122223333:role/{n}")).unwrap();
        statement.grant(key("g"), None, signet_core::grant::Grant { role, apps: None, expires_at: None });
    }
    assert!(matches!(worker.apply(&source("t"), 1, &statement).await, Ok(Applied::Changed(_))));
}

#[tokio::test]
async fn groups_near_a_limit_are_named() {
    let worker = Worker::with_table().await;
    let (trials, genomes) = (source("trials"), source("genomes"));
    let short = |group: &str, roles: std::ops::Range<usize>| {
        let mut statement = Statement::default();
        for n in roles {
            let role = signet_core::role::RoleArn::parse(&format!("arn:aws:iam::111122223333:role/{n}")).unwrap();
            statement.grant(key(group), None, signet_core::grant::Grant { role, apps: None, expires_at: None });
        }
        statement
    };
    assert!(worker.change(&trials, 1, &short("g", 0..200)).await.crowded.is_empty());
    // Over all sources: 200 and 40 others are 80 % of 300.
    assert!(worker.change(&genomes, 1, &short("g", 200..239)).await.crowded.is_empty());
    let mut both = short("g", 200..240);
    both.groups.extend(short("h", 0..290).groups);
    let planned = worker.table.plan(&genomes, &both).await.unwrap();
    let plan = worker.change(&genomes, 2, &both).await;
    assert_eq!(plan.crowded, planned.crowded);
    let named: Vec<_> = plan.crowded.iter().map(|one| (one.group.as_str(), one.roles, one.percent >= 80)).collect();
    assert_eq!(named, [("h", 290, true), ("g", 240, true)]);
    // By its bytes as well.
    let long = "x".repeat(55);
    let mut wide = Statement::default();
    for n in 0..125 {
        wide.grant(key("w"), None, plain(&format!("{long}{n:03}")));
    }
    let plan = worker.change(&trials, 2, &wide).await;
    let named = plan.crowded.iter().find(|one| one.group.as_str() == "w").unwrap();
    assert!(named.bytes > 13_107 && named.bytes <= 16_384 && named.roles == 125, "{named:?}");
}

#[tokio::test]
async fn what_was_begun_within_the_limits_is_completed_whatever_another_source_adds_meanwhile() {
    let worker = Worker::with_table().await;
    let (trials, genomes) = (source("trials"), source("genomes"));
    let mut statement = to_one_group(0..200);
    statement.grant(key("Aardvarks"), None, plain("r0"));
    statement.grant(key("Badgers"), None, plain("r0"));
    let slow = worker.sibling().map(|table| table.with_chunks_of(3));
    // The source, three calls for what it touches, the claim, and one chunk.
    slow.fail(6, Action::FailBefore);
    slow.apply(&trials, 1, &statement).await.unwrap_err();
    let mut others = Statement::default();
    for n in 0..200 {
        others.grant(key("Readers"), None, plain(&format!("other{n}")));
    }
    worker.change(&genomes, 1, &others).await;
    // It comes again: part of it is there, and the rest follows.
    worker.change(&trials, 1, &statement).await;
    shows(&worker, &[(&trials, &statement), (&genomes, &others)]).await;
    // What comes after that is held to the limits.
    statement.grant(key("Readers"), None, plain("onemore"));
    assert!(matches!(refused(&worker, &trials, 2, &statement).await, ApplyError::Capacity { .. }));
}

#[tokio::test]
async fn a_page_of_another_claim_is_not_believed() {
    let worker = Worker::with_table().await;
    let trials = source("trials");
    worker.change(&trials, 1, &to_one_group(0..2)).await;
    worker.change(&trials, 2, &to_one_group(0..3)).await;
    let old = AttributeValue::N("1".to_owned());
    let none = AttributeValue::Ss(vec!["0".repeat(64)]);
    worker.put("SOURCE#dataset:trials", "PAGE#0", &[("token", old), ("groups", none)]).await;
    let error = worker.apply(&trials, 3, &Statement { deleted: true, ..Statement::default() }).await.unwrap_err();
    assert!(error.to_string().contains("PAGE#0"), "{error}");
    assert!(worker.table.export(&trials).await.is_err());
}
