//! `signet.alert.v1`: what Signet tells people, on its own topic.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::event::MAX_BYTES;
use crate::wire;

/// The `type` of alerts.
pub const TYPE: &str = "signet.alert.v1";

/// The longest summary, in characters. A longer one is cut, and ends with `…`.
pub const MAX_SUMMARY: usize = 1_000;

/// What an alert is about. More kinds may come: treat one that is not known as an alert all the
/// same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AlertKind {
    /// A group found its code taken by another group, and was displaced to the next salt or left
    /// out.
    Collision,
    /// An event was refused, and nothing of it was applied.
    Refused,
    /// A limit of the table was reached: something could not be stated.
    Capacity,
    /// The SAML metadata of an app's provider became another: another key can sign people in.
    MetadataChanged,
    /// The trust policy of a role would be longer than IAM takes.
    PolicyTooLong,
    /// Something else than Signet changed what Signet writes.
    Drift,
    /// A role's trust policy cannot be read or written.
    RoleUnreachable,
}

impl AlertKind {
    /// Every kind.
    pub const ALL: [Self; 7] = [
        Self::Collision,
        Self::Refused,
        Self::Capacity,
        Self::MetadataChanged,
        Self::PolicyTooLong,
        Self::Drift,
        Self::RoleUnreachable,
    ];

    /// The word as alerts write it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Collision => "collision",
            Self::Refused => "refused",
            Self::Capacity => "capacity",
            Self::MetadataChanged => "metadata_changed",
            Self::PolicyTooLong => "policy_too_long",
            Self::Drift => "drift",
            Self::RoleUnreachable => "role_unreachable",
        }
    }
}

/// Something that people should know of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alert {
    /// What it is about.
    pub kind: AlertKind,
    /// One line for people: what happened, and what to do. No secrets and no assertions.
    pub summary: String,
    /// The same for programs: the names and values concerned.
    pub detail: Map<String, Value>,
}

/// Where and when an alert arises.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Origin<'a> {
    /// The id of the alert; two alerts of one source with the same id are one.
    pub id: &'a str,
    /// What raises it: a URI reference, such as the function's ARN.
    pub source: &'a str,
    /// What it concerns: the id of a dataset or an app, the ARN of a role or a topic.
    pub subject: &'a str,
    /// When it was raised.
    pub time: Timestamp,
}

impl Alert {
    /// The alert as the text of a `CloudEvent`, within [`MAX_BYTES`]. Detail that does not fit is left
    /// out, and the alert says so in its place: an alert that SNS refuses would tell nobody.
    #[must_use]
    pub fn to_message(&self, origin: &Origin<'_>) -> String {
        let message = self.written(origin, self.detail.clone());
        if message.len() <= MAX_BYTES {
            return message;
        }
        let left_out = format!("the detail: with it the alert has {} bytes, and SNS takes {MAX_BYTES}", message.len());
        self.written(origin, Map::from_iter([("left_out".to_owned(), json!(left_out))]))
    }

    fn written(&self, origin: &Origin<'_>, detail: Map<String, Value>) -> String {
        let mut summary: String = self.summary.chars().take(MAX_SUMMARY).collect();
        if self.summary.chars().nth(MAX_SUMMARY).is_some() {
            summary.pop();
            summary.push('…');
        }
        wire::alert(origin, wire::AlertData { kind: self.kind, summary, detail }).to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn origin() -> Origin<'static> {
        Origin {
            id: "5f0c",
            source: "arn:aws:lambda:eu-central-1:111122223333:function:entitlement-sync",
            subject: "clinical-trials",
            time: Timestamp::from_second(1_782_898_200).unwrap(),
        }
    }

    fn alert(summary: &str, detail: Value) -> Alert {
        let Value::Object(detail) = detail else { panic!("no object") };
        Alert { kind: AlertKind::PolicyTooLong, summary: summary.to_owned(), detail }
    }

    fn written(alert: &Alert) -> Value {
        serde_json::from_str(&alert.to_message(&origin())).unwrap()
    }

    #[test]
    fn an_alert_is_a_cloud_event() {
        let detail = json!({ "role": "arn:aws:iam::111122223333:role/data/reader" });
        assert_eq!(
            written(&alert("the trust policy is too long", detail.clone())),
            json!({
                "specversion": "1.0",
                "id": "5f0c",
                "source": "arn:aws:lambda:eu-central-1:111122223333:function:entitlement-sync",
                "type": "signet.alert.v1",
                "subject": "clinical-trials",
                "time": "2026-07-01T09:30:00Z",
                "datacontenttype": "application/json",
                "data": { "kind": "policy_too_long", "summary": "the trust policy is too long", "detail": detail },
            })
        );
    }

    #[test]
    fn kinds_are_written_as_they_say() {
        for kind in AlertKind::ALL {
            assert_eq!(json!(kind), json!(kind.as_str()));
        }
    }

    #[test]
    fn an_alert_always_fits_and_says_what_it_leaves_out() {
        let alert = alert(&"é".repeat(1_001), json!({ "groups": vec!["x".repeat(1_000); 300] }));
        assert!(alert.to_message(&origin()).len() <= MAX_BYTES);
        let written = written(&alert);
        assert!(written["data"]["detail"]["left_out"].as_str().unwrap().starts_with("the detail: with it"));
        let summary = written["data"]["summary"].as_str().unwrap();
        assert!(summary.ends_with("é…") && summary.chars().count() == 1_000);
    }
}
