//! Producers: put, found, listed, removed.

use signet_core::grant::{Grant, SourceId};
use signet_core::producer::{EventType, Pattern, Producer, RolePattern, TopicArn};
use signet_core::role::RoleArn;
use signet_local::connector::Action;
use signet_local::dynamodb::memory;
use signet_store::StoreError;
use signet_store::apply::{Applied, ApplyError, Revision};
use signet_store::statement::Statement;

use crate::common::{Worker, gone, key, provenance, text};

fn topic(name: &str) -> TopicArn {
    TopicArn::parse(&format!("arn:aws:sns:eu-central-1:111122223333:{name}")).unwrap()
}

fn producer(name: &str) -> Producer {
    Producer {
        events: [EventType::DatasetChanged].into(),
        datasets: [Pattern::parse("clinical-*").unwrap()].into(),
        roles: [RolePattern::parse("arn:aws:iam::111122223333:role/data/*").unwrap()].into(),
        groups: [Pattern::parse("*").unwrap(), Pattern::parse("a, b").unwrap()].into(),
        ..Producer::silent(topic(name))
    }
}

fn grants(role: &str) -> Statement {
    let role = RoleArn::parse(&format!("arn:aws:iam::111122223333:role/{role}")).unwrap();
    let mut statement = Statement::default();
    statement.grant(key("Readers"), None, Grant { role, apps: None, expires_at: None });
    statement
}

#[tokio::test]
async fn a_producer_is_what_was_put_last() {
    let worker = Worker::with_table().await;
    let (first, second) = (producer("b"), Producer::silent(topic("a")));
    assert_eq!(worker.table.producer(&first.topic).await.unwrap(), None);
    assert_eq!(worker.table.put_producer(&first).await.unwrap(), None);
    assert_eq!(worker.table.put_producer(&second).await.unwrap(), None);
    assert_eq!(worker.table.producer(&first.topic).await.unwrap().as_ref(), Some(&first));
    assert_eq!(worker.table.producers().await.unwrap(), [second.clone(), first.clone()]);

    let changed = Producer { apps: [Pattern::parse("0oa*").unwrap()].into(), ..Producer::silent(topic("b")) };
    assert_eq!(worker.table.put_producer(&changed).await.unwrap().as_ref(), Some(&first));
    assert_eq!(worker.table.producer(&first.topic).await.unwrap().as_ref(), Some(&changed));
    assert_eq!(worker.table.remove_producer(&first.topic).await.unwrap(), Some(changed));
    assert_eq!(worker.table.remove_producer(&first.topic).await.unwrap(), None);
    assert_eq!(worker.table.producers().await.unwrap(), [second]);
}

#[tokio::test]
async fn what_a_topic_may_not_say_is_refused_before_anything_is_told_or_changed() {
    let worker = Worker::with_table().await;
    let (trials, genomes) = (SourceId::dataset("clinical-trials").unwrap(), SourceId::dataset("genomes").unwrap());
    let may = grants("data/reader");
    let say = async |name: &str, source: &SourceId, revision, statement: &Statement| {
        let (topic, revision) = (topic(name), Revision::Exactly(revision));
        let said = worker.table.apply_from(&topic, source, revision, statement, &provenance(1)).await;
        said.map(|done| done.applied)
    };
    let error = say("a", &trials, 1, &may).await.unwrap_err();
    assert!(matches!(&error, ApplyError::UnknownTopic(unknown) if *unknown == topic("a")), "{error}");
    worker.table.put_producer(&producer("a")).await.unwrap();
    for (source, statement) in [(&genomes, &may), (&trials, &grants("reader")), (&genomes, &gone())] {
        let error = say("a", source, 1, statement).await.unwrap_err();
        assert!(matches!(error, ApplyError::NotPermitted(_)), "{error}");
    }
    let file = SourceId::file("clinical-trials").unwrap();
    let error = say("a", &file, 1, &may).await.unwrap_err();
    assert!(matches!(error, ApplyError::NoDataset { .. }), "{error}");
    assert!(worker.table.sources().await.unwrap().is_empty());

    assert!(matches!(say("a", &trials, 7, &may).await.unwrap(), Applied::Changed(_)));
    // A producer that is removed is not even told what is there.
    worker.table.remove_producer(&topic("a")).await.unwrap();
    for revision in [6, 7, 8] {
        let error = say("a", &trials, revision, &may).await.unwrap_err();
        assert!(matches!(error, ApplyError::UnknownTopic(_)), "{error}");
    }
}

#[tokio::test]
async fn a_revision_that_was_begun_is_never_refused_as_if_nothing_of_it_were_there() {
    let worker = Worker::with_table().await;
    let (trials, topic) = (SourceId::dataset("clinical-trials").unwrap(), topic("a"));
    worker.table.put_producer(&producer("a")).await.unwrap();
    let table = worker.table.clone().with_chunks_of(3);
    let recorded = provenance(1);
    let mut statement = grants("data/reader");
    for group in ["Stewards", "Writers"] {
        let grant = statement.groups[&key("Readers")].grants.first().unwrap().clone();
        statement.grant(key(group), None, grant);
    }
    let say = || table.apply_from(&topic, &trials, Revision::Exactly(1), &statement, &recorded);
    // Opening, items, claim, and a first chunk: the next one fails.
    worker.fail(4, Action::FailBefore);
    assert!(matches!(say().await, Err(ApplyError::Store(_))));
    let part = worker.sibling().table.export(&trials).await.unwrap().unwrap();
    assert!((1..3).contains(&part.groups.len()), "part of it is there: {part:?}");
    worker.heal();

    worker.table.remove_producer(&topic).await.unwrap();
    let error = say().await.unwrap_err();
    let ApplyError::Stranded { revision: 1, why, .. } = &error else { panic!("{error}") };
    assert!(matches!(**why, ApplyError::UnknownTopic(_)), "{error}");
    let narrow = Producer { roles: [].into(), ..producer("a") };
    worker.table.put_producer(&narrow).await.unwrap();
    let error = say().await.unwrap_err();
    assert!(matches!(&error, ApplyError::Stranded { why, .. } if matches!(**why, ApplyError::NotPermitted(_))));
    // Another content under that revision was never begun.
    let other = grants("data/reader");
    let error = table.apply_from(&topic, &trials, Revision::Exactly(1), &other, &recorded).await.unwrap_err();
    assert!(matches!(error, ApplyError::NotPermitted(_)), "{error}");

    worker.table.put_producer(&producer("a")).await.unwrap();
    assert!(matches!(say().await.unwrap().applied, Applied::Changed(_)));
}

#[tokio::test]
async fn a_table_that_is_not_set_up_gets_no_producer() {
    let worker = Worker::new(&memory().unwrap());
    let error = worker.table.put_producer(&producer("a")).await.unwrap_err();
    assert!(matches!(error, StoreError::NoTable { .. }), "{error}");
}

#[tokio::test]
async fn an_item_that_something_else_wrote_is_no_producer() {
    let worker = Worker::with_table().await;
    let pk = format!("PRODUCER#{}", topic("a"));
    for (name, value) in [("events", "signet.dataset.changed.v9"), ("roles", "arn:aws:iam"), ("groups", "")] {
        let list = aws_sdk_dynamodb::types::AttributeValue::L(vec![text(value)]);
        worker.put(&pk, "PRODUCER", &[("kind", text("producer")), (name, list)]).await;
        let error = worker.table.producer(&topic("a")).await.unwrap_err();
        assert!(matches!(error, StoreError::Corrupt(_)), "{error}");
        assert!(worker.table.producers().await.is_err());
    }
    worker.put(&pk, "PRODUCER", &[("datasets", text("*"))]).await;
    assert!(worker.table.producer(&topic("a")).await.is_err(), "a text is no list of patterns");
}
