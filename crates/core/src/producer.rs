//! Producers: who may publish events, and what their events may say.
//!
//! Whatever a producer is not given, it may not say.

use std::collections::BTreeSet;
use std::fmt;

use crate::app::AppId;
use crate::group::GroupKey;
use crate::invalid::InvalidValue;
use crate::role::{ProviderName, RoleArn};
use crate::text::{glob, shown};

/// The topic that a producer's events arrive from, by its ARN.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TopicArn(String);

impl TopicArn {
    /// Reads a topic's ARN: `arn:<partition>:sns:<region>:<12 digits>:<name>`.
    ///
    /// # Errors
    /// [`InvalidValue::TopicArn`] if it is another resource's, or its name is not 1 to 256 letters,
    /// digits, `_` and `-`, with `.fifo` behind for a FIFO topic (SNS API reference, `CreateTopic`).
    pub fn parse(text: &str) -> Result<Self, InvalidValue> {
        match check_topic(text) {
            Ok(()) => Ok(Self(text.to_owned())),
            Err(why) => Err(InvalidValue::TopicArn { value: shown(text), why }),
        }
    }

    /// The partition that the topic is in, such as `aws`.
    #[must_use]
    pub fn partition(&self) -> &str {
        self.0.split(':').nth(1).unwrap_or_default()
    }

    /// The ARN.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for TopicArn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn check_topic(text: &str) -> Result<(), &'static str> {
    let parts: Vec<&str> = text.split(':').collect();
    let [arn, partition, service, region, account, name] = parts.as_slice() else {
        return Err("is not a topic's ARN: `arn:aws:sns:<region>:<account>:<name>` is expected");
    };
    if *arn != "arn" || *service != "sns" {
        return Err("is not an ARN of SNS: `arn:aws:sns:<region>:<account>:<name>` is expected");
    }
    if !matches!(partition.strip_prefix("aws"), Some(rest) if rest.bytes().all(|b| b.is_ascii_lowercase() || b == b'-'))
    {
        return Err("is of an unknown partition: `aws`, `aws-cn` or `aws-us-gov` is expected");
    }
    let is_region = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    if region.is_empty() || !region.bytes().all(is_region) {
        return Err("has no region");
    }
    if account.len() != 12 || !account.bytes().all(|b| b.is_ascii_digit()) {
        return Err("has no account of 12 digits");
    }
    let plain = name.strip_suffix(".fifo").unwrap_or(name);
    let is_name = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-');
    if plain.is_empty() || name.len() > 256 || !plain.bytes().all(is_name) {
        return Err("has a name that is not 1 to 256 letters, digits, `_` and `-`");
    }
    Ok(())
}

/// What an event is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EventType {
    /// All grants of a dataset.
    DatasetChanged,
    /// The provider of an app.
    ProviderChanged,
}

impl EventType {
    /// The `type` of such events (CloudEvents 1.0).
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::DatasetChanged => "signet.dataset.changed.v1",
            Self::ProviderChanged => "signet.provider.changed.v1",
        }
    }

    /// Reads a `type`.
    ///
    /// # Errors
    /// [`InvalidValue::Word`] for any other one, another version's among them.
    pub fn parse(text: &str) -> Result<Self, InvalidValue> {
        match text {
            "signet.dataset.changed.v1" => Ok(Self::DatasetChanged),
            "signet.provider.changed.v1" => Ok(Self::ProviderChanged),
            other => Err(InvalidValue::Word {
                what: "event type",
                value: shown(other),
                expected: "`signet.dataset.changed.v1` or `signet.provider.changed.v1`",
            }),
        }
    }
}

impl fmt::Display for EventType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What values look like: literal characters, and `*` for any number of any characters. Case
/// matters, and the whole value must fit.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Pattern(String);

impl Pattern {
    /// The longest pattern, in bytes.
    pub const MAX_BYTES: usize = 1_024;

    /// Reads a pattern.
    ///
    /// # Errors
    /// [`InvalidValue::Pattern`] if it is empty or longer than [`Pattern::MAX_BYTES`].
    pub fn parse(text: &str) -> Result<Self, InvalidValue> {
        let why = if text.is_empty() {
            "is empty"
        } else if text.len() > Self::MAX_BYTES {
            "is longer than 1024 bytes"
        } else {
            return Ok(Self(text.to_owned()));
        };
        Err(InvalidValue::Pattern { value: shown(text), why })
    }

    /// The pattern as written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether a value fits the whole pattern.
    #[must_use]
    pub fn matches(&self, value: &str) -> bool {
        glob(&self.0, value)
    }
}

/// What roles look like: `*` for every role, or an ARN whose parts may have `*`.
///
/// A `*` stays within its part of the ARN: that of an account's number never reaches into the role's
/// path, where whoever owns an account may write what looks like another's. Within path and name it
/// matches `/` too, as in IAM's patterns.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RolePattern(Pattern);

impl RolePattern {
    /// Reads a pattern such as `arn:aws:iam::111122223333:role/data/*`.
    ///
    /// # Errors
    /// [`InvalidValue::Pattern`] if it is neither `*` nor an ARN's six parts, or no role fits it
    /// for what stands before its account or before its path and name.
    pub fn parse(text: &str) -> Result<Self, InvalidValue> {
        let pattern = Pattern::parse(text)?;
        let parts: Vec<&str> = text.splitn(ARN_PARTS, ':').collect();
        let why = match parts.as_slice() {
            ["*"] => return Ok(Self(pattern)),
            ["arn", _, "iam", "", _, role] if role.starts_with("role/") || *role == "*" => return Ok(Self(pattern)),
            ["arn", _, "iam", "", _, _] => "fits no role: behind the account, `role/` or `*` is expected",
            _ => "is neither `*` nor like a role's ARN, `arn:aws:iam::111122223333:role/data/*`",
        };
        Err(InvalidValue::Pattern { value: shown(text), why })
    }

    /// The pattern as written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    /// Whether a role fits the pattern.
    #[must_use]
    pub fn matches(&self, role: &RoleArn) -> bool {
        if self.as_str() == "*" {
            return true;
        }
        let patterns = self.as_str().splitn(ARN_PARTS, ':');
        let parts = role.as_str().splitn(ARN_PARTS, ':');
        // INVARIANT: both have six parts.
        patterns.zip(parts).all(|(pattern, part)| glob(pattern, part))
    }
}

/// How many parts an ARN has; the last one may hold colons.
const ARN_PARTS: usize = 6;

/// Who may publish events, known by the topic that they arrive from, with what the events may say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Producer {
    /// The topic.
    pub topic: TopicArn,
    /// The events that may come from there.
    pub events: BTreeSet<EventType>,
    /// The datasets, by their ids, that its events may be about.
    pub datasets: BTreeSet<Pattern>,
    /// The roles that it may grant.
    pub roles: BTreeSet<RolePattern>,
    /// The groups, by their keys, that it may grant roles to.
    pub groups: BTreeSet<Pattern>,
    /// The apps, by their ids, whose providers its events may be about. Which apps a grant is limited
    /// to is not restricted by it: that only narrows a grant.
    pub apps: BTreeSet<Pattern>,
    /// The names of providers that its events may give those apps; none where that is not limited. An app
    /// has its provider's name for ever, so that a name taken by mistake is lost to its own app.
    pub providers: Option<BTreeSet<Pattern>>,
}

/// What a producer may not say.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("topic `{topic}` may not speak of {} `{value}`: widen the producer by `signet producer add`, or correct the event", what.as_str())]
pub struct NotPermitted {
    /// The producer's topic.
    pub topic: TopicArn,
    /// What kind of thing it spoke of.
    pub what: Spoken,
    /// The first such thing that it may not speak of, shortened where it is long.
    pub value: String,
}

/// What an event speaks of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Spoken {
    /// A type of events.
    Event,
    /// A dataset.
    Dataset,
    /// A role.
    Role,
    /// A group.
    Group,
    /// An app.
    App,
    /// A provider, by its name.
    Provider,
}

impl Spoken {
    /// The word as logs and messages write it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Event => "event",
            Self::Dataset => "dataset",
            Self::Role => "role",
            Self::Group => "group",
            Self::App => "app",
            Self::Provider => "provider",
        }
    }
}

impl Producer {
    /// A producer that may say nothing.
    #[must_use]
    pub fn silent(topic: TopicArn) -> Self {
        let (datasets, roles, groups, apps) = Default::default();
        Self { topic, events: BTreeSet::new(), datasets, roles, groups, apps, providers: None }
    }

    /// Whether the producer may state these grants of a dataset.
    ///
    /// # Errors
    /// [`NotPermitted`] with the first thing that it may not speak of: the type of event, the dataset,
    /// then by grant the role and the group.
    pub fn permits_dataset<'s>(
        &self,
        dataset: &str,
        grants: impl IntoIterator<Item = (&'s GroupKey, &'s RoleArn)>,
    ) -> Result<(), NotPermitted> {
        self.permits_event(EventType::DatasetChanged)?;
        if !self.datasets.iter().any(|pattern| pattern.matches(dataset)) {
            return Err(self.refusal(Spoken::Dataset, dataset));
        }
        for (group, role) in grants {
            // A role of another partition can never be assumed with what this deployment hands out.
            if role.partition() != self.topic.partition() || !self.roles.iter().any(|pattern| pattern.matches(role)) {
                return Err(self.refusal(Spoken::Role, role.as_str()));
            }
            if !self.groups.iter().any(|pattern| pattern.matches(group.as_str())) {
                return Err(self.refusal(Spoken::Group, group.as_str()));
            }
        }
        Ok(())
    }

    /// Whether the producer may speak of this provider of an app.
    ///
    /// # Errors
    /// [`NotPermitted`] with the first thing that it may not speak of: the type of event, the app, then
    /// the provider's name.
    pub fn permits_provider(&self, app: &AppId, provider: &ProviderName) -> Result<(), NotPermitted> {
        self.permits_event(EventType::ProviderChanged)?;
        if !self.apps.iter().any(|pattern| pattern.matches(app.as_str())) {
            return Err(self.refusal(Spoken::App, app.as_str()));
        }
        match &self.providers {
            Some(patterns) if !patterns.iter().any(|pattern| pattern.matches(provider.as_str())) => {
                Err(self.refusal(Spoken::Provider, provider.as_str()))
            }
            _ => Ok(()),
        }
    }

    fn permits_event(&self, event: EventType) -> Result<(), NotPermitted> {
        if self.events.contains(&event) { Ok(()) } else { Err(self.refusal(Spoken::Event, event.as_str())) }
    }

    fn refusal(&self, what: Spoken, value: &str) -> NotPermitted {
        NotPermitted { topic: self.topic.clone(), what, value: shown(value) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOPIC: &str = "arn:aws:sns:eu-central-1:111122223333:clinical-platform";

    fn role(text: &str) -> RoleArn {
        RoleArn::parse(text).unwrap()
    }

    fn key(text: &str) -> GroupKey {
        GroupKey::new(text).unwrap()
    }

    fn producer() -> Producer {
        let patterns = |texts: &[&str]| texts.iter().map(|text| Pattern::parse(text).unwrap()).collect();
        Producer {
            topic: TopicArn::parse(TOPIC).unwrap(),
            events: [EventType::DatasetChanged, EventType::ProviderChanged].into(),
            datasets: patterns(&["clinical-*", "genomes"]),
            roles: [RolePattern::parse("arn:aws:iam::111122223333:role/data/*").unwrap()].into(),
            groups: patterns(&["Clinical *", "00g*"]),
            apps: patterns(&["0oaA"]),
            providers: None,
        }
    }

    #[test]
    fn topics_are_arns_of_sns() {
        for good in [TOPIC, "arn:aws-us-gov:sns:us-gov-west-1:111122223333:x.fifo"] {
            assert_eq!(TopicArn::parse(good).unwrap().as_str(), good);
        }
        for bad in [
            "",
            "clinical-platform",
            "arn:aws:sqs:eu-central-1:111122223333:queue",
            "arn:aws:sns::111122223333:x",
            "arn:aws:sns:eu-central-1:1111:x",
            "arn:aws:sns:eu-central-1:111122223333:",
            "arn:aws:sns:eu-central-1:111122223333:.fifo",
            "arn:aws:sns:eu-central-1:111122223333:a*",
            "arn:aws:sns:eu-central-1:111122223333:a:5ad1d3f5-subscription",
            "arn:azure:sns:eu-central-1:111122223333:x",
        ] {
            assert!(TopicArn::parse(bad).is_err(), "`{bad}` was taken");
        }
    }

    #[test]
    fn event_types_read_and_write_alike() {
        for event in [EventType::DatasetChanged, EventType::ProviderChanged] {
            assert_eq!(EventType::parse(event.as_str()).unwrap(), event);
        }
        for bad in ["", "signet.dataset.changed.v2", "signet.dataset.changed", "Signet.dataset.changed.v1"] {
            assert!(EventType::parse(bad).is_err(), "`{bad}` was taken");
        }
    }

    #[test]
    fn a_star_stays_within_its_part_of_an_arn() {
        let data = RolePattern::parse("arn:aws:iam::*:role/data/*").unwrap();
        assert!(data.matches(&role("arn:aws:iam::111122223333:role/data/reader")));
        assert!(data.matches(&role("arn:aws:iam::444455556666:role/data/deep:er/reader")));
        for other in [
            "arn:aws:iam::111122223333:role/reader",
            "arn:aws:iam::111122223333:role/x:role/data/reader",
            "arn:aws-cn:iam::111122223333:role/data/reader",
            "arn:aws:iam::111122223333:role/Data/reader",
        ] {
            assert!(!data.matches(&role(other)), "`{other}` fits");
        }
        let all = RolePattern::parse("*").unwrap();
        assert!(all.matches(&role("arn:aws-cn:iam::111122223333:role/reader")));
    }

    #[test]
    fn a_pattern_that_no_role_could_fit_is_a_mistake() {
        for bad in [
            "",
            "**",
            "data/*",
            "arn:aws:iam::111122223333",
            "arn:aws:iam::111122223333:user/*",
            "arn:aws:s3:::bucket",
            "arn:*",
            "111122223333",
        ] {
            assert!(RolePattern::parse(bad).is_err(), "`{bad}` was taken");
        }
        assert!(RolePattern::parse("arn:aws:iam::111122223333:*").is_ok());
    }

    #[test]
    fn what_is_not_given_may_not_be_said() {
        let (reader, clinical) = (role("arn:aws:iam::111122223333:role/data/reader"), key("Clinical Readers"));
        let producer = producer();
        producer.permits_dataset("clinical-trials", [(&clinical, &reader)]).unwrap();
        producer.permits_dataset("genomes", []).unwrap();
        let okta = ProviderName::parse("okta-a").unwrap();
        producer.permits_provider(&AppId::parse("0oaA").unwrap(), &okta).unwrap();

        let other_role = role("arn:aws:iam::444455556666:role/data/reader");
        let other_group = key("clinical readers");
        let refused = |dataset: &str, grants: &[(&GroupKey, &RoleArn)]| {
            let refusal = producer.permits_dataset(dataset, grants.iter().copied()).unwrap_err();
            (refusal.what, refusal.value)
        };
        assert_eq!(refused("genomes-2", &[]), (Spoken::Dataset, "genomes-2".to_owned()));
        assert_eq!(
            refused("genomes", &[(&clinical, &reader), (&clinical, &other_role), (&other_group, &reader)]),
            (Spoken::Role, other_role.to_string()),
            "the first one that it may not say"
        );
        assert_eq!(refused("genomes", &[(&other_group, &reader)]), (Spoken::Group, "clinical readers".to_owned()));
        let app = producer.permits_provider(&AppId::parse("0oaB").unwrap(), &okta).unwrap_err();
        assert_eq!((app.what, app.value.as_str()), (Spoken::App, "0oaB"));
        assert!(app.to_string().starts_with(&format!("topic `{TOPIC}` may not speak of app `0oaB`")), "{app}");
    }

    #[test]
    fn roles_of_another_partition_are_never_said_whatever_the_pattern() {
        let roles = [RolePattern::parse("*").unwrap()].into();
        let producer = Producer { roles, ..producer() };
        let (ours, theirs) = (role("arn:aws:iam::111122223333:role/a"), role("arn:aws-cn:iam::111122223333:role/a"));
        let group = key("Clinical Readers");
        producer.permits_dataset("genomes", [(&group, &ours)]).unwrap();
        assert_eq!(producer.permits_dataset("genomes", [(&group, &theirs)]).unwrap_err().value, theirs.as_str());
    }

    #[test]
    fn names_of_providers_are_limited_where_that_is_stated() {
        let app = AppId::parse("0oaA").unwrap();
        let name = |text: &str| ProviderName::parse(text).unwrap();
        let limited = Producer { providers: Some([Pattern::parse("okta-*").unwrap()].into()), ..producer() };
        limited.permits_provider(&app, &name("okta-a")).unwrap();
        let refusal = limited.permits_provider(&app, &name("entra-a")).unwrap_err();
        assert_eq!((refusal.what, refusal.value.as_str()), (Spoken::Provider, "entra-a"));
        assert!(refusal.to_string().contains("may not speak of provider `entra-a`"), "{refusal}");
        let nothing = Producer { providers: Some(BTreeSet::new()), ..producer() };
        assert_eq!(nothing.permits_provider(&app, &name("okta-a")).unwrap_err().what, Spoken::Provider);
    }

    #[test]
    fn a_silent_producer_may_say_nothing() {
        let silent = Producer::silent(TopicArn::parse(TOPIC).unwrap());
        assert_eq!(silent.permits_dataset("genomes", []).unwrap_err().what, Spoken::Event);
        let (app, okta) = (AppId::parse("0oaA").unwrap(), ProviderName::parse("okta-a").unwrap());
        assert_eq!(silent.permits_provider(&app, &okta).unwrap_err().what, Spoken::Event);
        let events = [EventType::DatasetChanged].into();
        let hardly = Producer { events, ..silent };
        assert_eq!(hardly.permits_dataset("genomes", []).unwrap_err().what, Spoken::Dataset);
    }
}
