//! Names of providers, which apps have for ever: which of them a producer may give.

use signet_core::producer::{EventType, Pattern, Producer, Spoken, TopicArn};
use signet_store::apply::{AppliedProvider, ApplyError};
use signet_store::statement::StatedProvider;

use super::{NEW, event, name};
use crate::common::{Worker, provenance};

fn patterns(texts: &[&str]) -> std::collections::BTreeSet<Pattern> {
    texts.iter().map(|text| Pattern::parse(text).unwrap()).collect()
}

fn producer(providers: Option<&[&str]>) -> Producer {
    let topic = TopicArn::parse("arn:aws:sns:eu-central-1:111122223333:app-registry").unwrap();
    Producer {
        events: [EventType::ProviderChanged].into(),
        apps: patterns(&["0oa*"]),
        providers: providers.map(patterns),
        ..Producer::silent(topic)
    }
}

async fn publish(worker: &Worker, stated: &StatedProvider, revision: u64) -> Result<AppliedProvider, ApplyError> {
    worker.table.apply_provider_from(&producer(None).topic, stated, revision, &provenance(revision)).await
}

#[tokio::test]
async fn a_producer_takes_the_names_that_it_may_and_no_other() {
    let worker = Worker::with_table().await;
    for providers in [None, Some(["okta-*"].as_slice()), Some(&[])] {
        worker.table.put_producer(&producer(providers)).await.unwrap();
        let read = worker.table.producer(&producer(None).topic).await.unwrap().unwrap();
        assert_eq!(read, producer(providers), "not limited and nothing at all are two things");
    }
    assert!(matches!(
        publish(&worker, &event("0oaA", "okta-a", "one"), 1).await,
        Err(ApplyError::NotPermitted(refusal)) if refusal.what == Spoken::Provider
    ));
    worker.table.put_producer(&producer(Some(&["okta-*"]))).await.unwrap();
    let error = publish(&worker, &event("0oaA", "entra-a", "one"), 1).await.unwrap_err().to_string();
    assert!(error.contains("may not speak of provider `entra-a`"), "{error}");
    assert_eq!(worker.table.saml_metadata(&name("entra-a")).await.unwrap(), None);
    assert_eq!(publish(&worker, &event("0oaA", "okta-a", "one"), 1).await.unwrap(), NEW);
    // Whoever is not limited may take any name, as before there were limits.
    worker.table.put_producer(&producer(None)).await.unwrap();
    assert_eq!(publish(&worker, &event("0oaB", "entra-b", "one"), 1).await.unwrap(), NEW);
}
