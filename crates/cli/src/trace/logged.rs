//! The functions' log lines of decisions. `signet-hook` writes them, and its module `log` is their contract.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;
use signet_core::grant::Timestamp;

use super::documents;

/// A decision, as its log line has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Logged {
    /// The decision's id.
    pub id: String,
    /// When the invocation began, cut to whole seconds as CloudTrail's times are.
    pub at: Timestamp,
    /// How the person signed in: `saml`, `oidc`, `cognito`.
    pub protocol: String,
    /// The app.
    pub app: Option<String>,
    /// The person's id in the directory.
    pub user: Option<String>,
    /// The source identity that was given out.
    pub source_identity: Option<String>,
    /// What became of it: `access` alone gives anything out.
    pub outcome: String,
    /// The groups that were considered, as far as the line lists them.
    pub groups: Vec<LoggedGroup>,
    /// How many groups the line does not list.
    pub groups_left_out: usize,
    /// The codes that were given out.
    pub codes: Vec<String>,
    /// The roles that were given out, as far as the line lists them.
    pub roles: Vec<String>,
    /// How many roles the line does not list.
    pub roles_left_out: usize,
}

/// A group, as a log line has it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct LoggedGroup {
    /// Its key.
    pub key: String,
    /// Whether it counted, and why not.
    pub finding: String,
    /// Its code, where it counted.
    #[serde(default)]
    pub code: Option<String>,
}

impl LoggedGroup {
    /// Whether its grants opened roles; its code may have given way to others.
    #[must_use]
    pub fn counted(&self) -> bool {
        matches!(self.finding.as_str(), "counts" | "code_left_out")
    }
}

/// All decisions of a log.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Log {
    /// By their ids. More than one line of an id is no decision of ours: ids are random.
    pub decisions: BTreeMap<String, Vec<Logged>>,
    /// The first and the last moment that any line is of.
    pub span: Option<(Timestamp, Timestamp)>,
    /// How many lines are none of JSON, or none of a decision's form though they say so.
    pub unreadable: usize,
}

/// A line of a decision. Others have not all of these.
#[derive(Deserialize)]
struct Line {
    timestamp: String,
    message: String,
    #[serde(rename = "decision.id")]
    id: Option<String>,
    protocol: Option<String>,
    #[serde(rename = "app.id")]
    app: Option<String>,
    #[serde(rename = "user.id")]
    user: Option<String>,
    source_identity: Option<String>,
    outcome: Option<String>,
    #[serde(default)]
    groups: Vec<LoggedGroup>,
    #[serde(default, rename = "groups.left_out")]
    groups_left_out: usize,
    #[serde(default)]
    codes: Vec<String>,
    #[serde(default)]
    roles: Vec<String>,
    #[serde(default, rename = "roles.left_out")]
    roles_left_out: usize,
}

impl Log {
    /// Adds what a file holds: the functions' lines as they are, with a time before them as exports and
    /// `aws logs tail` write them, or the JSON answers of `aws logs filter-log-events` and
    /// `get-query-results`. Lines of others are passed over.
    pub fn add(&mut self, text: &str) {
        match documents(text) {
            Ok(documents) => {
                for document in &documents {
                    self.add_document(document);
                }
            }
            Err(_) => {
                for line in text.lines() {
                    self.add_line(line);
                }
            }
        }
    }

    fn add_document(&mut self, document: &Value) {
        let member = |name| document.get(name).and_then(Value::as_array);
        if let Some(all) = document.as_array() {
            for one in all {
                self.add_document(one);
            }
        } else if let Some(events) = member("events").or_else(|| member("logEvents")) {
            for message in events.iter().filter_map(|event| event.get("message")?.as_str()) {
                self.add_line(message);
            }
        } else if let Some(rows) = member("results") {
            let fields = rows.iter().filter_map(Value::as_array).flatten();
            let messages = fields.filter(|field| field.get("field").is_some_and(|name| name == "@message"));
            for message in messages.filter_map(|field| field.get("value")?.as_str()) {
                self.add_line(message);
            }
        } else {
            self.add_value(document);
        }
    }

    /// A line of text: whatever stands before its first brace is the log's own.
    fn add_line(&mut self, line: &str) {
        let Some(json) = line.find('{').and_then(|start| line.get(start..)) else { return };
        match serde_json::from_str(json.trim_end()) {
            Ok(value) => self.add_value(&value),
            Err(_) => self.unreadable += 1,
        }
    }

    fn add_value(&mut self, value: &Value) {
        let is_ours = |message: &str| matches!(message, "decision" | "rejected" | "alarm" | "panic" | "start failed");
        if !value.get("message").and_then(Value::as_str).is_some_and(is_ours) {
            return;
        }
        let Ok(line) = Line::deserialize(value) else {
            self.unreadable += 1;
            return;
        };
        let Ok(at) = line.timestamp.parse::<jiff::Timestamp>() else {
            self.unreadable += 1;
            return;
        };
        // Below the second there is nothing to compare with; before 1970 there is nothing at all.
        let at = Timestamp::from_seconds(at.as_second());
        let (first, last) = self.span.unwrap_or((at, at));
        self.span = Some((first.min(at), last.max(at)));
        if line.message != "decision" {
            return;
        }
        let (Some(id), Some(protocol), Some(outcome)) = (line.id, line.protocol, line.outcome) else {
            self.unreadable += 1;
            return;
        };
        let logged = Logged {
            id,
            at,
            protocol,
            app: line.app,
            user: line.user,
            source_identity: line.source_identity,
            outcome,
            groups: line.groups,
            groups_left_out: line.groups_left_out,
            codes: line.codes,
            roles: line.roles,
            roles_left_out: line.roles_left_out,
        };
        let of_id = self.decisions.entry(logged.id.clone()).or_default();
        // Exports may overlap.
        if !of_id.contains(&logged) {
            of_id.push(logged);
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn line(id: &str, second: u32) -> Value {
        json!({
            "timestamp": format!("2026-08-01T07:00:{second:02}.999Z"), "level": "INFO", "message": "decision",
            "decision.id": id, "request.id": "r", "protocol": "saml", "app.id": "0oaA", "user.id": "00u1",
            "source_identity": "jane@example.com", "outcome": "access", "duration_ms": 9.5, "cold_start": false,
            "groups.count": 1, "groups": [{"key": "Readers", "finding": "counts", "code": "abcd", "roles": 1}],
            "codes": ["abcd"], "roles.count": 1, "roles": ["arn:aws:iam::111122223333:role/reader"], "notes": [],
        })
    }

    fn log(text: &str) -> Log {
        let mut log = Log::default();
        log.add(text);
        log
    }

    #[test]
    fn a_log_comes_in_many_wrappings() {
        let one = log(&line("d1", 0).to_string());
        let logged = &one.decisions["d1"][0];
        assert_eq!(logged.at, Timestamp::from_seconds(1_785_567_600), "cut to the second");
        assert!(logged.groups[0].counted());
        let message = line("d1", 0).to_string();
        for text in [
            format!("START RequestId: 1\n{message}\nEND RequestId: 1\n\nREPORT x\n"),
            format!("2026-08-01T07:00:00.999Z {message}\n2026-08-01T07:00:00.999Z START\n"),
            format!("{message}\n{message}\n"),
            json!({"events": [{"message": format!("{message}\n")}, {"message": "START"}]}).to_string(),
            json!({"logEvents": [{"message": message}]}).to_string(),
            json!({"results": [[{"field": "@timestamp", "value": "x"}, {"field": "@message", "value": message}]]})
                .to_string(),
            json!([line("d1", 0)]).to_string(),
        ] {
            assert_eq!(log(&text), one, "{text}");
        }
    }

    #[test]
    fn other_lines_are_passed_over_and_broken_ones_counted() {
        let alarm = json!({"timestamp": "2026-08-01T08:00:00Z", "level": "ERROR", "message": "alarm", "kind": "clash",
            "detail": "x"});
        let metrics = json!({"_aws": {"Timestamp": 1}, "SignIns": 1});
        let mut broken = line("d2", 1);
        broken["codes"] = json!("abcd");
        let text = format!("{alarm}\n{metrics}\n{broken}\n{}\n{{cut", line("d1", 0));
        let log = log(&text);
        assert_eq!((log.decisions.len(), log.unreadable), (1, 2));
        let (first, last) = log.span.unwrap();
        assert_eq!(last.seconds() - first.seconds(), 3_600);
    }

    #[test]
    fn two_different_lines_of_one_id_are_both_kept() {
        let log = log(&format!("{}\n{}\n{}", line("d1", 0), line("d1", 1), line("d1", 0)));
        assert_eq!(log.decisions["d1"].len(), 2);
    }
}
