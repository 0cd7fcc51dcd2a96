//! Every sample is an event, and every invocation carries one through SNS's envelope.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::needless_pass_by_value,
    reason = "a test may fail by a panic, and takes what `json!` gives"
)]

mod support;

use serde_json::Value;
use signet_core::producer::EventType;
use signet_events::event::{Change, Event};
use signet_events::sns::{Notification, SnsError};

#[test]
fn every_sample_is_an_event_without_warnings() {
    let samples = support::samples(false);
    for (name, sample) in &samples {
        let event = support::parse(sample).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(event.warnings, [], "{name}");
        assert!(name.starts_with(if event.event_type() == EventType::DatasetChanged {
            "dataset-"
        } else {
            "provider-"
        }));
    }
    assert_eq!(samples.len(), 6);
}

#[test]
fn every_sample_reads_back_as_it_was_written() {
    for (name, sample) in support::samples(false) {
        let event = support::parse(&sample).unwrap();
        assert_eq!(support::parse(&event.to_json()).unwrap(), event, "{name}");
    }
}

fn bodies(invocation: &Value) -> Vec<&str> {
    let records = invocation["Records"].as_array().unwrap();
    records.iter().map(|record| record["body"].as_str().unwrap()).collect()
}

fn carried(body: &str) -> Event {
    Event::parse(Notification::parse(body).unwrap().message.as_bytes()).unwrap()
}

#[test]
fn every_invocation_carries_its_event() {
    let invocations: Vec<_> = support::samples(true).into_iter().filter(|(name, _)| name != "batch-two-bad").collect();
    for (name, invocation) in &invocations {
        let [body] = bodies(invocation)[..] else { panic!("{name} has another number of records") };
        assert_eq!(carried(body), support::parse(&support::sample(name)).unwrap(), "{name}");
        let topic = Notification::parse(body).unwrap().topic;
        let expected = if name.starts_with("dataset") { ":clinical-platform" } else { ":app-registry" };
        assert!(topic.as_str().ends_with(expected), "{name}");
    }
    assert_eq!(invocations.len(), 6);
}

#[test]
fn of_the_bad_batch_two_are_refused() {
    let batch = support::samples(true).into_iter().find(|(name, _)| name == "batch-two-bad").unwrap().1;
    let [first, raw, forged, last] = bodies(&batch)[..] else { panic!("four records") };
    assert!(matches!(carried(first).change, Change::Dataset(_)));
    assert_eq!(Notification::parse(raw), Err(SnsError::RawEvent));
    let notification = Notification::parse(forged).unwrap();
    assert!(notification.topic.as_str().ends_with(":clinical-platform"), "the envelope's topic, not the message's");
    assert!(Event::parse(notification.message.as_bytes()).is_err());
    assert!(matches!(carried(last).change, Change::Provider(_)));
}

#[test]
fn the_samples_tell_one_story() {
    let dataset = |name: &str| match support::parse(&support::sample(name)).unwrap().change {
        Change::Dataset(dataset) => dataset,
        Change::Provider(_) => panic!("{name} is about a provider"),
    };
    let [active, withdrawn, deleted] = ["dataset-active", "dataset-withdrawn", "dataset-deleted"].map(dataset);
    assert_eq!((active.revision, active.grants.len()), (1, 3));
    assert_eq!((withdrawn.revision, withdrawn.grants.len()), (2, 1));
    assert_eq!((deleted.revision, deleted.grants.len()), (3, 0));
    assert_eq!(active.dataset, deleted.dataset);
    assert_eq!(active.dataset_id(), "clinical-trials");
    assert!(active.grants.contains(&withdrawn.grants[0]));
}
