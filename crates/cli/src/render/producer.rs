//! Producers: who may publish events, and what they may say.

use std::fmt::Write as _;

use serde_json::{Value, json};
use signet_core::producer::{EventType, Pattern, Producer, RolePattern};

use crate::text::{columns, printable};

/// What a producer may say, each kind of thing with its name.
fn limits(producer: &Producer) -> Vec<(&'static str, Vec<&str>)> {
    let Producer { topic: _, events, datasets, roles, groups, apps, providers } = producer;
    let mut limits = vec![
        ("events", events.iter().map(|event| event.as_str()).collect()),
        ("datasets", datasets.iter().map(Pattern::as_str).collect()),
        ("roles", roles.iter().map(RolePattern::as_str).collect()),
        ("groups", groups.iter().map(Pattern::as_str).collect()),
        ("apps", apps.iter().map(Pattern::as_str).collect()),
    ];
    // Any name where there is no limit: then there is nothing to show.
    limits.extend(providers.iter().map(|names| ("providers", names.iter().map(Pattern::as_str).collect())));
    limits
}

/// A producer for people.
#[must_use]
pub fn text(producer: &Producer) -> String {
    let mut text = format!("{}\n", producer.topic);
    let mut rows = Vec::new();
    for (mut name, mut values) in limits(producer) {
        if values.is_empty() {
            values.push("-");
        }
        for value in values {
            rows.push(vec![std::mem::take(&mut name).to_owned(), printable(value)]);
        }
    }
    text.push_str(&columns("  ", &rows));
    text
}

/// A producer for programs.
#[must_use]
pub fn json(producer: &Producer) -> Value {
    let mut value = json!({ "topic": producer.topic.as_str() });
    for (name, values) in limits(producer) {
        if let Some(members) = value.as_object_mut() {
            members.insert(name.to_owned(), json!(values));
        }
    }
    value
}

/// What is missing for a producer to say anything of the kinds of events it may publish, for people.
#[must_use]
pub fn gaps(producer: &Producer) -> Option<String> {
    let needs: &[(EventType, &[&str])] =
        &[(EventType::DatasetChanged, &["datasets", "roles", "groups"]), (EventType::ProviderChanged, &["apps"])];
    if producer.events.is_empty() {
        return Some("it may publish no event: --events is not given".to_owned());
    }
    let mut text = String::new();
    for (name, values) in limits(producer) {
        let needed = needs.iter().find(|(event, names)| producer.events.contains(event) && names.contains(&name));
        if let (Some((event, _)), true) = (needed, values.is_empty()) {
            let begin = if text.is_empty() { "" } else { "; " };
            let _ = write!(text, "{begin}its events of type {event} may speak of no {name}: --{name} is not given");
        }
    }
    (!text.is_empty()).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use signet_core::producer::TopicArn;

    fn silent() -> Producer {
        Producer::silent(TopicArn::parse("arn:aws:sns:eu-central-1:111122223333:clinical").unwrap())
    }

    #[test]
    fn for_people_and_for_programs() {
        let producer = Producer {
            events: [EventType::DatasetChanged].into(),
            groups: [Pattern::parse("a\u{1b}*").unwrap(), Pattern::parse("b").unwrap()].into(),
            ..silent()
        };
        assert_eq!(
            text(&producer),
            "arn:aws:sns:eu-central-1:111122223333:clinical\n  events    signet.dataset.changed.v1\n  datasets  -\n  \
             roles     -\n  groups    a\\u{1b}*\n            b\n  apps      -\n"
        );
        let value = json(&producer);
        assert_eq!(value["groups"], json!(["a\u{1b}*", "b"]));
        assert_eq!((&value["apps"], &value["providers"]), (&json!([]), &Value::Null));
        let limited = Producer { providers: Some([Pattern::parse("okta-*").unwrap()].into()), ..producer };
        assert_eq!(json(&limited)["providers"], json!(["okta-*"]));
        assert!(text(&limited).ends_with("  apps       -\n  providers  okta-*\n"), "{}", text(&limited));
    }

    #[test]
    fn what_is_missing_is_named() {
        assert_eq!(gaps(&silent()).unwrap(), "it may publish no event: --events is not given");
        let provider = Producer { events: [EventType::ProviderChanged].into(), ..silent() };
        let missing = "its events of type signet.provider.changed.v1 may speak of no apps: --apps is not given";
        assert_eq!(gaps(&provider).unwrap(), missing);
        let given = Producer { apps: [Pattern::parse("*").unwrap()].into(), ..provider };
        assert_eq!(gaps(&given), None);
    }
}
