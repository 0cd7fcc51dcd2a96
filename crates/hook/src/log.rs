//! Log lines as JSON, one a line, on standard output.
//!
//! Written by hand and not by way of `tracing`: the line of a decision is a contract that queries
//! rely on, and a subscriber that formats JSON costs more at start than everything here. The SDK's
//! own traces go nowhere: they would show requests.

use std::io::{self, Write};

use aws_smithy_types::DateTime;
use aws_smithy_types::date_time::Format;
use serde::Serialize;

use crate::record::{GroupLine, NoteLine, Record, Verdict};

/// CloudWatch Logs takes events of 256 KB everywhere (1 MB by now, in most places). These leave
/// room for the rest of the line.
const MAX_GROUPS_BYTES: usize = 128 * 1024;
const MAX_ROLES_BYTES: usize = 64 * 1024;
const MAX_NOTES_BYTES: usize = 24 * 1024;

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Level {
    /// As it should be.
    Info,
    /// Somebody was turned away, or something is slower than it should be.
    Warn,
    /// The deployment is at fault.
    Error,
}

/// What surrounds a record.
#[derive(Debug, Clone, Copy)]
pub struct Around<'a> {
    /// When the invocation began, in milliseconds since 1970.
    pub now_ms: i64,
    /// How the person signs in: `saml`, …
    pub protocol: &'static str,
    /// The decision's id.
    pub decision_id: Option<&'a str>,
    /// Lambda's id of the invocation.
    pub request_id: &'a str,
    /// How long it took, in milliseconds.
    pub duration_ms: f64,
    /// Whether it was the first of this sandbox.
    pub cold_start: bool,
}

#[derive(Serialize)]
struct DecisionLine<'a> {
    timestamp: String,
    level: Level,
    message: &'static str,
    #[serde(rename = "decision.id", skip_serializing_if = "Option::is_none")]
    decision_id: Option<&'a str>,
    #[serde(rename = "request.id")]
    request_id: &'a str,
    #[serde(rename = "event.id", skip_serializing_if = "Option::is_none")]
    event_id: Option<&'a str>,
    protocol: &'static str,
    #[serde(rename = "app.id", skip_serializing_if = "Option::is_none")]
    app_id: Option<&'a str>,
    #[serde(rename = "user.id", skip_serializing_if = "Option::is_none")]
    user_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    source_identity: Option<&'a str>,
    outcome: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    would_be: Option<Verdict>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<&'a str>,
    duration_ms: f64,
    cold_start: bool,
    #[serde(flatten)]
    lists: Option<Lists<'a>>,
}

/// The numbers come before the lists: Logs Insights finds the first 200 fields of a line, and each group
/// of a list takes several (CloudWatch Logs user guide, "Supported logs and discovered fields").
#[derive(Serialize)]
struct Lists<'a> {
    #[serde(rename = "groups.count")]
    groups_count: usize,
    #[serde(rename = "groups.left_out", skip_serializing_if = "Option::is_none")]
    groups_left_out: Option<usize>,
    #[serde(rename = "roles.count")]
    roles_count: usize,
    #[serde(rename = "roles.left_out", skip_serializing_if = "Option::is_none")]
    roles_left_out: Option<usize>,
    #[serde(rename = "notes.left_out", skip_serializing_if = "Option::is_none")]
    notes_left_out: Option<usize>,
    codes: &'a [String],
    notes: &'a [NoteLine],
    roles: &'a [String],
    groups: &'a [GroupLine],
}

#[derive(Serialize)]
struct AlarmLine<'a> {
    timestamp: String,
    level: Level,
    message: &'static str,
    kind: &'static str,
    #[serde(rename = "decision.id", skip_serializing_if = "Option::is_none")]
    decision_id: Option<&'a str>,
    #[serde(rename = "app.id", skip_serializing_if = "Option::is_none")]
    app_id: Option<&'a str>,
    detail: &'a str,
}

#[derive(Serialize)]
struct EventLine<'a> {
    timestamp: String,
    level: Level,
    message: &'static str,
    detail: &'a str,
}

/// Writes the line of an invocation, and one for each alarm before it.
///
/// # Errors
/// The output cannot be written.
pub fn record(out: &mut impl Write, record: &Record, around: &Around<'_>) -> io::Result<()> {
    for alarm in &record.alarms {
        let line = AlarmLine {
            timestamp: timestamp(around.now_ms),
            level: Level::Error,
            message: "alarm",
            kind: alarm.kind,
            decision_id: around.decision_id,
            app_id: record.app_id.as_deref(),
            detail: &alarm.detail,
        };
        write_line(out, &line)?;
    }
    let rejected = record.verdict == Verdict::Rejected;
    let line = DecisionLine {
        timestamp: timestamp(around.now_ms),
        level: level(record),
        message: if rejected { "rejected" } else { "decision" },
        decision_id: around.decision_id,
        request_id: around.request_id,
        event_id: record.event_id.as_deref(),
        protocol: around.protocol,
        app_id: record.app_id.as_deref(),
        user_id: record.user_id.as_deref(),
        source_identity: record.source_identity.as_deref(),
        outcome: outcome(record),
        would_be: record.observed.then_some(record.verdict),
        reason: record.reason,
        detail: record.detail.as_deref(),
        duration_ms: around.duration_ms,
        cold_start: around.cold_start,
        lists: (!rejected).then(|| lists(record)),
    };
    write_line(out, &line)
}

/// Writes a line about the function itself: its start, a panic.
///
/// # Errors
/// The output cannot be written.
pub fn event(out: &mut impl Write, level: Level, message: &'static str, detail: &str, now_ms: i64) -> io::Result<()> {
    write_line(out, &EventLine { timestamp: timestamp(now_ms), level, message, detail })
}

/// The outcome as the log line writes it.
fn outcome(record: &Record) -> &'static str {
    match record.verdict {
        _ if record.observed => "observed",
        Verdict::Access => "access",
        Verdict::NoAccess => "no_access",
        Verdict::Deny => "deny",
        Verdict::Rejected => "rejected",
    }
}

fn level(record: &Record) -> Level {
    match record.verdict {
        _ if record.fault => Level::Error,
        Verdict::Access | Verdict::NoAccess => Level::Info,
        _ if record.observed => Level::Info,
        Verdict::Deny | Verdict::Rejected => Level::Warn,
    }
}

fn lists(record: &Record) -> Lists<'_> {
    let (groups, groups_left_out) = fitting(&record.groups, MAX_GROUPS_BYTES, |group| 96 + escaped_bytes(&group.key));
    let (roles, roles_left_out) = fitting(&record.roles, MAX_ROLES_BYTES, |role| 3 + escaped_bytes(role));
    let (notes, notes_left_out) = fitting(&record.notes, MAX_NOTES_BYTES, |note| 48 + escaped_bytes(&note.detail));
    Lists {
        groups_count: record.groups.len(),
        groups_left_out,
        roles_count: record.roles.len(),
        roles_left_out,
        notes_left_out,
        // At most 51, by the size of the tag that carries them.
        codes: &record.codes,
        notes,
        roles,
        groups,
    }
}

/// The first elements that fit into `limit` bytes together, and how many are left out, if any.
fn fitting<T>(all: &[T], limit: usize, bytes: impl Fn(&T) -> usize) -> (&[T], Option<usize>) {
    let mut sum = 0;
    let count = all
        .iter()
        .take_while(|element| {
            sum += bytes(element);
            sum <= limit
        })
        .count();
    let left_out = all.len() - count;
    (all.get(..count).unwrap_or_default(), (left_out > 0).then_some(left_out))
}

/// The length of a text in JSON.
fn escaped_bytes(text: &str) -> usize {
    let escaped = |byte: u8| match byte {
        b'"' | b'\\' => 2,
        0..0x20 => 6,
        _ => 1,
    };
    text.bytes().map(escaped).sum()
}

fn timestamp(now_ms: i64) -> String {
    // Years beyond 9999 cannot be written; the number still says when.
    DateTime::from_millis(now_ms).fmt(Format::DateTime).unwrap_or_else(|_| now_ms.to_string())
}

/// One write a line, so that lines of other threads do not come between.
fn write_line(out: &mut impl Write, line: &impl Serialize) -> io::Result<()> {
    let mut text = serde_json::to_vec(line)?;
    text.push(b'\n');
    out.write_all(&text)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::refusal::Refusal;

    const AROUND: Around<'_> = Around {
        now_ms: 1_800_000_000_123,
        protocol: "saml",
        decision_id: Some("abc"),
        request_id: "req",
        duration_ms: 12.5,
        cold_start: true,
    };

    fn lines(record: &Record) -> Vec<Value> {
        let mut out = Vec::new();
        super::record(&mut out, record, &AROUND).unwrap();
        assert!(out.len() < 256_000, "{} bytes", out.len());
        String::from_utf8(out).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    fn group(key: String) -> GroupLine {
        GroupLine { key, finding: "counts", code: Some("abcd".to_owned()), roles: 1, expired: 0, other_app: 0 }
    }

    #[test]
    fn a_denial_says_why() {
        let record = Record::refused(&Refusal::UnknownApp).about(Some("event"), Some("app"), None);
        assert_eq!(
            lines(&record),
            [json!({
                "timestamp": "2027-01-15T08:00:00.123Z", "level": "WARN", "message": "decision",
                "decision.id": "abc", "request.id": "req", "event.id": "event", "protocol": "saml",
                "app.id": "app", "outcome": "deny", "reason": "unknown_app",
                "detail": "the table has no such app: add it to an entitlement file and apply that",
                "duration_ms": 12.5, "cold_start": true,
                "groups.count": 0, "groups": [], "codes": [], "roles.count": 0, "roles": [], "notes": [],
            })]
        );
    }

    #[test]
    fn an_observed_denial_says_what_it_would_be() {
        let mut record = Record::refused(&Refusal::Decision(signet_core::decision::Deny::Unentitled));
        record.observed = true;
        let line = &lines(&record)[0];
        assert_eq!(
            (&line["outcome"], &line["would_be"], &line["level"]),
            (&json!("observed"), &json!("deny"), &json!("INFO"))
        );
    }

    #[test]
    fn alarms_are_lines_of_their_own_and_rejections_have_no_lists() {
        let mut record = Record::refused(&Refusal::Panic);
        record.alarms = vec![NoteLine { kind: "clash", detail: "two\nlines".to_owned() }];
        let both = lines(&record);
        assert_eq!(both.len(), 2);
        assert_eq!(
            (&both[0]["message"], &both[0]["kind"], &both[0]["level"]),
            (&json!("alarm"), &json!("clash"), &json!("ERROR"))
        );
        assert_eq!((&both[1]["level"], &both[1]["reason"]), (&json!("ERROR"), &json!("internal")));
        let rejected = &lines(&Record::rejected("not_json", "x"))[0];
        assert_eq!(rejected["message"], "rejected");
        assert!(rejected.get("groups").is_none());
    }

    #[test]
    fn a_line_stays_below_the_limit_and_says_what_is_left_out() {
        let mut record = Record::refused(&Refusal::NoApp);
        record.groups = (0..2_000).map(|n| group(format!("{n}{}", "\u{1}\"".repeat(500)))).collect();
        record.roles = (0..2_000).map(|n| format!("arn:aws:iam::111122223333:role/{n}/{}", "x".repeat(64))).collect();
        record.notes = (0..2_000).map(|_| NoteLine { kind: "tag_left_out", detail: "\n".repeat(99) }).collect();
        let line = &lines(&record)[0];
        let shown = line["groups"].as_array().unwrap().len();
        assert_eq!(line["groups.count"], 2_000);
        assert_eq!(line["groups.left_out"], 2_000 - shown);
        assert!(shown > 10);
        assert!(line["roles.left_out"].is_number() && line["notes.left_out"].is_number());
    }

    #[test]
    fn what_queries_ask_for_comes_before_the_lists() {
        let mut record = Record::refused(&Refusal::NoApp).about(Some("event"), Some("app"), Some("user"));
        record.groups = (0..2_000).map(|n| group(format!("{n}{}", "x".repeat(500)))).collect();
        let mut out = Vec::new();
        super::record(&mut out, &record, &AROUND).unwrap();
        let text = String::from_utf8(out).unwrap();
        let place = |name: &str| text.find(&format!("\"{name}\":")).unwrap_or_else(|| panic!("no `{name}`"));
        for name in
            ["decision.id", "app.id", "user.id", "outcome", "reason", "groups.count", "groups.left_out", "roles.count"]
        {
            for list in ["codes", "notes", "roles", "groups"] {
                assert!(place(name) < place(list), "`{name}` comes after `{list}`");
            }
        }
    }

    #[test]
    fn all_of_a_thousand_ordinary_groups_are_shown() {
        let mut record = Record::refused(&Refusal::NoApp);
        record.groups = (0..1_000).map(|n| group(format!("Clinical Readers {n}"))).collect();
        let line = &lines(&record)[0];
        assert_eq!(line["groups"].as_array().unwrap().len(), 1_000);
        assert!(line.get("groups.left_out").is_none());
    }
}
