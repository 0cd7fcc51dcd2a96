//! The functions' log lines of decisions. `signet-hook` writes them, and its module `log` is their contract.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Deserializer, Value};
use signet_core::grant::Timestamp;

use super::documents;
use super::wrapped::{self, Line as Wrapped};

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
    unreadable: usize,
}

/// How much of decisions a log has.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Extent {
    /// How many ids.
    pub decisions: usize,
    /// The moments of the first and of the last; none where there are none.
    pub span: Option<(Timestamp, Timestamp)>,
}

/// A line of a decision. Others have not all of these.
#[derive(Deserialize)]
struct Line {
    timestamp: String,
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
    /// `aws logs tail` write them, on one line or on many, the JSON answers of `aws logs filter-log-events` and
    /// `get-query-results`, or what Logs Insights exports. Lines of others are passed over.
    ///
    /// Returns how many lines are none of JSON, or none of a decision's form though they say so.
    pub fn add(&mut self, text: &str) -> usize {
        let before = self.unreadable;
        match documents(text) {
            Ok(documents) => documents.iter().for_each(|document| self.add_document(document)),
            Err(_) => self.add_text(text),
        }
        self.unreadable - before
    }

    /// How much it has.
    #[must_use]
    pub fn extent(&self) -> Extent {
        let moments = || self.decisions.values().flatten().map(|logged| logged.at);
        Extent { decisions: self.decisions.len(), span: moments().min().zip(moments().max()) }
    }

    fn add_document(&mut self, document: &Value) {
        if let Some(all) = document.as_array() {
            for one in all {
                self.add_document(one);
            }
            return;
        }
        match wrapped::lines(document) {
            None => self.add_value(document),
            Some(lines) => {
                for line in lines {
                    match line {
                        Wrapped::Text(text) => self.add_text(text),
                        Wrapped::Json(value) => self.add_value(value),
                    }
                }
            }
        }
    }

    /// Lines of text. Whatever stands before the first brace of a line is the log's own, and what begins there
    /// may end on a later line.
    fn add_text(&mut self, text: &str) {
        let mut rest = text;
        while let Some(json) = rest.find('{').and_then(|start| rest.get(start..)) {
            let mut values = Deserializer::from_str(json).into_iter::<Value>();
            let behind = if let Some(Ok(document)) = values.next() {
                self.add_document(&document);
                values.byte_offset()
            } else {
                self.unreadable += 1;
                json.find('\n').unwrap_or(json.len())
            };
            rest = json.get(behind..).unwrap_or_default();
        }
    }

    fn add_value(&mut self, value: &Value) {
        if value.get("message").is_none_or(|message| message != "decision") {
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
        let pretty = format!("{:#}", line("d1", 0));
        for text in [
            format!("START RequestId: 1\n{message}\nEND RequestId: 1\n\nREPORT x\n"),
            format!("2026-08-01T07:00:00.999Z {message}\n2026-08-01T07:00:00.999Z START\n"),
            format!("{message}\n{message}\n"),
            // As `aws logs tail --format json` writes it, and with other lines about it.
            format!("2026-08-01T07:00:00.999000+00:00 2026/08/01/[$LATEST]0a1b {pretty}\n"),
            format!("t START\nt {pretty}\nt {{\n    \"_aws\": {{}}\n}}\nt {pretty}\nt END"),
            json!({"events": [{"message": format!("{message}\n")}, {"message": "START"}]}).to_string(),
            json!({"logEvents": [{"message": message}]}).to_string(),
            json!({"results": [[{"field": "@timestamp", "value": "x"}, {"field": "@message", "value": message}]]})
                .to_string(),
            json!([{"@timestamp": "x", "@message": message}, {"@message": 7}]).to_string(),
            json!({"@timestamp": "x", "@message": line("d1", 0)}).to_string(),
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
        let text = format!("{alarm}\n{metrics}\n{broken}\n{{cut\n{}\n{{cut", line("d1", 0));
        let mut log = Log::default();
        assert_eq!(log.add(&text), 3);
        assert_eq!(log.add("{cut"), 1, "of this text alone");
        assert_eq!(log.decisions.keys().collect::<Vec<_>>(), ["d1"]);
    }

    #[test]
    fn a_log_reaches_from_its_first_decision_to_its_last() {
        let alarm = json!({"timestamp": "2026-08-01T08:00:00Z", "message": "alarm"});
        let log = log(&format!("{alarm}\n{}\n{}\n{}", line("d2", 9), line("d1", 2), line("d3", 5)));
        let [first, last] = [2, 9].map(|second| Timestamp::from_seconds(1_785_567_600 + second));
        assert_eq!(log.extent(), Extent { decisions: 3, span: Some((first, last)) });
        assert_eq!(Log::default().extent(), Extent { decisions: 0, span: None });
    }

    #[test]
    fn two_different_lines_of_one_id_are_both_kept() {
        let log = log(&format!("{}\n{}\n{}", line("d1", 0), line("d1", 1), line("d1", 0)));
        assert_eq!(log.decisions["d1"].len(), 2);
    }
}
