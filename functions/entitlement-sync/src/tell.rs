//! The alerts: what people are told, and what they can do.
//!
//! Names of strangers stand cut and escaped in the summary, which people read, and in full in the
//! detail, as JSON. No summary has a command with such a name in it, for somebody to copy.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde_json::{Map, Value, json};
use signet_core::grant::SourceId;
use signet_events::alert::{Alert, AlertKind};
use signet_events::event::Event;
use signet_events::provider::ProviderChanged;
use signet_store::apply::Collision;
use signet_store::provider::MetadataChange;
use signet_sync::text::shortened;

use crate::delivery::Delivery;
use crate::refusal::Refusal;

/// The longest name in a summary, in characters.
const NAME: usize = 80;

/// The most problems of an event that an alert lists; it says how many more there are.
const PROBLEMS: usize = 50;

/// The most certificates that a summary names of those that came, and of those that went.
const CERTIFICATES: usize = 3;

/// An alert, with its id and what it concerns.
#[derive(Debug, Clone, PartialEq)]
pub struct Telling {
    /// The alert.
    pub alert: Alert,
    /// The same whenever the same is told again.
    pub id: String,
    /// What it concerns.
    pub subject: String,
}

/// The moment of an alert. A clock beyond the year 9999 has none.
#[must_use]
pub fn moment(now_ms: i64) -> Timestamp {
    Timestamp::from_millisecond(now_ms).unwrap_or_default()
}

/// An event is refused.
#[must_use]
pub fn refused(refusal: &Refusal, delivery: &Delivery) -> Telling {
    let kind = refusal.alert_kind();
    let about = match &delivery.told.subject {
        Some(subject) => format!("an event about `{}`", shortened(subject, NAME)),
        None => "a message".to_owned(),
    };
    let mut detail = came(delivery);
    detail.insert("reason".to_owned(), json!(refusal.reason()));
    detail.insert("why".to_owned(), json!(shortened(&refusal.to_string(), 4_000)));
    let problems = refusal.problems();
    let listed = problems.iter().take(PROBLEMS);
    let listed: Vec<Value> = listed.map(|problem| json!({ "place": problem.place, "what": problem.what })).collect();
    if let Some(more) = problems.len().checked_sub(listed.len()).filter(|more| *more > 0) {
        detail.insert("problems_left_out".to_owned(), json!(more));
    }
    if !listed.is_empty() {
        detail.insert("problems".to_owned(), json!(listed));
    }
    Telling {
        alert: Alert {
            kind,
            summary: format!("{about} was refused, and nothing of it was applied: {refusal}"),
            detail,
        },
        id: format!("refused-{}", delivery.mark),
        subject: delivery.subject().to_owned(),
    }
}

/// A group found its code taken.
#[must_use]
pub fn collision(collision: &Collision, source: &SourceId, delivery: &Delivery) -> Telling {
    let dataset = source.dataset_id().unwrap_or(source.as_str());
    let (group, owner) = (shortened(collision.group.as_str(), NAME), shortened(collision.owner.as_str(), NAME));
    let taken = &collision.taken;
    let found = format!("group `{group}` of dataset `{dataset}` found its code `{taken}` taken by group `{owner}`");
    let summary = match &collision.given {
        Some((code, salt)) => format!(
            "{found}, and was given code `{code}` with salt {} instead: nobody loses access; make sure that both \
             groups are meant",
            salt.get()
        ),
        None => format!(
            "{found}, and is left out, as this deployment wants it: its members get nothing by the dataset until you \
             run `signet register KEY --salt NUMBER` with the group's key, and then `signet resync {dataset}`"
        ),
    };
    let mut detail = came(delivery);
    let (code, salt) = collision.given.as_ref().map(|(code, salt)| (code.to_string(), salt.get())).unzip();
    for (name, value) in [
        ("dataset", json!(dataset)),
        ("group", json!(collision.group.as_str())),
        ("given_code", json!(code)),
        ("given_salt", json!(salt)),
        ("taken_code", json!(taken.to_string())),
        ("owner", json!(collision.owner.as_str())),
        ("left_out", json!(collision.given.is_none())),
        ("found_by", json!(collision.event)),
    ] {
        detail.insert(name.to_owned(), value);
    }
    Telling {
        alert: Alert { kind: AlertKind::Collision, summary, detail },
        id: collision.id.clone(),
        subject: dataset.to_owned(),
    }
}

/// The SAML metadata of an app became another one: whoever has a new key can sign people in.
#[must_use]
pub fn metadata(provider: &ProviderChanged, change: &MetadataChange, event: &Event, delivery: &Delivery) -> Telling {
    let (app, name) = (provider.app.as_str(), shortened(&provider.name, NAME));
    let summary = format!(
        "the SAML metadata of app `{app}`, `{name}`, changed, and provider `{}` gets it in every account: {}",
        provider.provider.as_str(),
        certificates(change)
    );
    let mut detail = came(delivery);
    for (name, value) in [
        ("app", json!(app)),
        ("name", json!(provider.name)),
        ("provider", json!(provider.provider.as_str())),
        ("revision", json!(provider.revision)),
        ("certificates", json!(change.now)),
        ("certificates_added", json!(change.is_compared().then(|| change.added()))),
        ("certificates_removed", json!(change.is_compared().then(|| change.removed()))),
        ("event_time", json!(event.time.to_string())),
    ] {
        detail.insert(name.to_owned(), value);
    }
    Telling {
        alert: Alert { kind: AlertKind::MetadataChanged, summary, detail },
        id: format!("metadata-{}", delivery.mark),
        subject: app.to_owned(),
    }
}

/// Which certificates came and went, and what to do.
fn certificates(change: &MetadataChange) -> String {
    if !change.is_compared() {
        let now = listed(&change.now.iter().map(String::as_str).collect());
        return format!(
            "its signing certificates are now {now}, and which there were before was not noted; whoever has the key \
             of one can sign people in, so make sure that they are meant"
        );
    }
    let (added, removed) = (change.added(), change.removed());
    match (added.is_empty(), removed.is_empty()) {
        (true, true) => "its signing certificates are the same, and something else in it is another".to_owned(),
        (true, false) => format!("signing certificate {} was removed, and none added", listed(&removed)),
        (false, nothing) => {
            let removed = if nothing { "none".to_owned() } else { listed(&removed) };
            format!(
                "signing certificate {} was added, and {removed} removed; whoever has the key of an added one can \
                 sign people in, so make sure that it was meant",
                listed(&added)
            )
        }
    }
}

/// Fingerprints on one line: the first three, and how many more there are.
fn listed(fingerprints: &BTreeSet<&str>) -> String {
    let mut texts: Vec<String> = fingerprints.iter().take(CERTIFICATES).map(|text| format!("`{text}`")).collect();
    if let Some(more) = fingerprints.len().checked_sub(CERTIFICATES).filter(|more| *more > 0) {
        texts.push(format!("and {more} more"));
    }
    texts.join(", ")
}

/// How a message came, and what it says of itself.
fn came(delivery: &Delivery) -> Map<String, Value> {
    let notification = delivery.notification.as_ref().ok();
    let told = &delivery.told;
    let texts = [
        ("topic", notification.map(|n| n.topic.as_str().to_owned())),
        ("sns_message_id", notification.map(|n| shortened(&n.message_id, 256))),
        ("queue_message_id", Some(delivery.message_id.clone()).filter(|id| !id.is_empty())),
        ("event_id", told.id.clone()),
        ("event_source", told.source.clone()),
        ("event_type", told.kind.clone()),
        ("event_subject", told.subject.clone()),
    ];
    let texts = texts.into_iter().filter_map(|(name, value)| Some((name.to_owned(), json!(value?))));
    texts.chain(told.revision.map(|revision| ("event_revision".to_owned(), json!(revision)))).collect()
}
