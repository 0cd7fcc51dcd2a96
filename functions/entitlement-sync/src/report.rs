//! What a record leaves behind: how it ended, and its log line.

use std::time::Duration;

use serde::Serialize;
use signet_events::sns::Notification;
use signet_store::apply::{Crowded, Plan};
use signet_sync::log::{Level, Log};
use signet_sync::serve::Call;
use signet_sync::text::shortened;

use crate::delivery::Delivery;
use crate::refusal::{Fault, Refusal};

/// The longest detail, in characters.
const MAX_DETAIL: usize = 4_000;

/// The most crowded groups that one record names, fullest first.
const MAX_CROWDED: usize = 10;

/// How a record ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// The table was brought to what the event says.
    Applied,
    /// The table said so already; the revision is noted.
    Unchanged,
    /// This very revision is there already.
    Repeated,
    /// A higher revision is there.
    Superseded,
    /// It is refused, and people were told. Nothing was written.
    Refused,
    /// It comes again.
    Failed,
}

/// What applying an event wrote. Also of an event whose record failed afterwards, since no alert could
/// be published.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Effect {
    /// Grants that came.
    #[serde(rename = "grants.added")]
    pub added: usize,
    /// Grants that went.
    #[serde(rename = "grants.removed")]
    pub removed: usize,
    /// Groups that are new to the table.
    #[serde(rename = "groups.registered")]
    pub registered: usize,
    /// Groups that lost their last grant.
    #[serde(rename = "groups.retired")]
    pub retired: usize,
    /// Groups that found their code taken, and got another one.
    #[serde(rename = "groups.displaced")]
    pub displaced: usize,
    /// Groups that found their code taken, and were left out.
    #[serde(rename = "groups.left_out")]
    pub left_out: usize,
}

impl Effect {
    /// What a plan that was carried out wrote.
    #[must_use]
    pub fn of(plan: &Plan) -> Self {
        Self {
            added: plan.groups.iter().map(|group| group.added.len()).sum(),
            removed: plan.groups.iter().map(|group| group.removed.len()).sum(),
            registered: plan.groups.iter().filter(|group| group.registers).count(),
            retired: plan.groups.iter().filter(|group| group.retires).count(),
            displaced: plan.displaced.len(),
            left_out: plan.left_out.len(),
        }
    }
}

/// The end of a record.
#[derive(Debug)]
pub struct Conclusion {
    /// How it ended.
    pub outcome: Outcome,
    /// Why it is refused, or was about to be when it failed.
    pub refusal: Option<Refusal>,
    /// Why it comes again.
    pub fault: Option<Fault>,
    /// What was written; none if nothing was.
    pub effect: Option<Effect>,
    /// The higher revision that is there.
    pub superseded_by: Option<u64>,
    /// How many collisions people were told of.
    pub collisions: usize,
    /// Groups near the limit of what one may hold, fullest first.
    pub crowded: Vec<Crowded>,
    /// What the event says that may not be meant.
    pub warnings: usize,
    /// From the event's own time to when the table had it, in milliseconds; none if it was not taken.
    /// Two clocks are compared.
    pub lag_ms: Option<i64>,
}

impl Conclusion {
    /// An end with nothing but its outcome.
    #[must_use]
    pub fn new(outcome: Outcome) -> Self {
        Self {
            outcome,
            refusal: None,
            fault: None,
            effect: None,
            superseded_by: None,
            collisions: 0,
            crowded: Vec::new(),
            warnings: 0,
            lag_ms: None,
        }
    }

    /// The same, but the record comes again.
    #[must_use]
    pub fn failed(self, fault: Fault) -> Self {
        Self { outcome: Outcome::Failed, fault: Some(fault), ..self }
    }

    /// Why it was not taken, as metrics and logs write it.
    #[must_use]
    pub fn reason(&self) -> Option<&'static str> {
        self.fault.as_ref().map(Fault::reason).or_else(|| self.refusal.as_ref().map(Refusal::reason))
    }

    fn level(&self) -> Level {
        let colliding = self.effect.is_some_and(|effect| effect.displaced > 0 || effect.left_out > 0);
        match self.outcome {
            Outcome::Failed => Level::Error,
            Outcome::Refused => Level::Warn,
            _ if colliding || self.collisions > 0 => Level::Warn,
            _ => Level::Info,
        }
    }

    fn detail(&self) -> Option<String> {
        let detail = match (&self.fault, &self.refusal) {
            (Some(fault), Some(refusal)) => format!("{fault}; what could not be told: {refusal}"),
            (Some(fault), None) => fault.to_string(),
            (None, Some(refusal)) => refusal.to_string(),
            (None, None) => return None,
        };
        Some(shortened(&detail, MAX_DETAIL))
    }
}

#[derive(Serialize)]
struct EventLine<'a> {
    #[serde(rename = "request.id")]
    request_id: &'a str,
    #[serde(rename = "message.id")]
    message_id: &'a str,
    receive_count: u64,
    #[serde(rename = "sns.id", skip_serializing_if = "Option::is_none")]
    sns_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    topic: Option<&'a str>,
    #[serde(rename = "event.id", skip_serializing_if = "Option::is_none")]
    event_id: Option<&'a str>,
    #[serde(rename = "event.source", skip_serializing_if = "Option::is_none")]
    event_source: Option<&'a str>,
    #[serde(rename = "event.type", skip_serializing_if = "Option::is_none")]
    event_type: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    subject: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    revision: Option<u64>,
    outcome: Outcome,
    #[serde(skip_serializing_if = "Option::is_none")]
    superseded_by: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    refusal: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<String>,
    #[serde(flatten)]
    effect: Option<Effect>,
    #[serde(rename = "groups.crowded")]
    crowded: usize,
    #[serde(rename = "collisions.told")]
    collisions: usize,
    warnings: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    lag_ms: Option<i64>,
    duration_ms: f64,
}

#[derive(Serialize)]
struct CrowdedLine<'a> {
    #[serde(rename = "request.id")]
    request_id: &'a str,
    #[serde(rename = "message.id")]
    message_id: &'a str,
    group: &'a str,
    roles: usize,
    bytes: usize,
    percent: u32,
    detail: &'static str,
}

/// Writes the line of a record, and one for each of the fullest groups before it.
///
/// A group that nears its limit is a line and a number, not an alert: it is as full at each event that
/// touches it, and the alarm on the number tells people once.
pub fn write(log: &Log, now_ms: i64, call: &Call, delivery: &Delivery, conclusion: &Conclusion, took: Duration) {
    for crowded in conclusion.crowded.iter().take(MAX_CROWDED) {
        let line = CrowdedLine {
            request_id: &call.request_id,
            message_id: &delivery.message_id,
            group: crowded.group.as_str(),
            roles: crowded.roles,
            bytes: crowded.bytes,
            percent: crowded.percent,
            detail: "grants beyond the limit are refused: grant the group fewer roles, or split it",
        };
        log.line(now_ms, Level::Warn, "group nearly full", &line);
    }
    let notification = delivery.notification.as_ref().ok();
    let told = &delivery.told;
    let line = EventLine {
        request_id: &call.request_id,
        message_id: &delivery.message_id,
        receive_count: delivery.receive_count,
        sns_id: notification.map(|notification| shortened(&notification.message_id, 64)),
        topic: notification.map(topic),
        event_id: told.id.as_deref(),
        event_source: told.source.as_deref(),
        event_type: told.kind.as_deref(),
        subject: told.subject.as_deref(),
        revision: told.revision,
        outcome: conclusion.outcome,
        superseded_by: conclusion.superseded_by,
        reason: conclusion.reason(),
        refusal: conclusion.fault.as_ref().and(conclusion.refusal.as_ref()).map(Refusal::reason),
        detail: conclusion.detail(),
        effect: conclusion.effect,
        crowded: conclusion.crowded.len(),
        collisions: conclusion.collisions,
        warnings: conclusion.warnings,
        lag_ms: conclusion.lag_ms,
        duration_ms: milliseconds(took),
    };
    log.line(now_ms, conclusion.level(), "event", &line);
}

fn topic(notification: &Notification) -> &str {
    notification.topic.as_str()
}

/// A duration in milliseconds, to the microsecond.
fn milliseconds(duration: Duration) -> f64 {
    f64::from(u32::try_from(duration.as_micros()).unwrap_or(u32::MAX)) / 1_000.0
}
