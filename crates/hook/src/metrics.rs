//! The numbers of an invocation, in CloudWatch's embedded metric format: lines of the log that
//! CloudWatch makes metrics of, so that no call is needed to send them.
//!
//! Namespace `Signet`, dimension `Function`; where a reason is counted, also `Reason`.
//!
//! | Metric | Unit | Meaning |
//! |---|---|---|
//! | `SignIns` | count | sign-ins that got a decision, denials included |
//! | `Denies` | count | sign-ins that were denied, by `Reason` |
//! | `Observed` | count | sign-ins to apps that are only observed |
//! | `Rejected` | count | calls that were not Okta's, or for something else, by `Reason` |
//! | `Alarms` | count | log lines `alarm`, by `Reason`, their kind |
//! | `Groups`, `Codes`, `Roles` | count | of one sign-in: considered, given out, given out |
//! | `Duration` | milliseconds | from the invocation's beginning to its answer |
//! | `ColdStarts` | count | first invocations of a sandbox |

use std::io::{self, Write};

use metrics::Unit;
use metrics_cloudwatch_embedded::{Builder, Collector};

use crate::record::{Record, Verdict};

/// The process' collector of numbers.
#[derive(Clone, Copy)]
pub struct Metrics {
    collector: &'static Collector,
}

impl std::fmt::Debug for Metrics {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Metrics")
    }
}

impl Metrics {
    /// Installs the collector of this process. There can be one only.
    ///
    /// # Errors
    /// A sentence, if there is one already.
    pub fn install(function: &str) -> Result<Self, String> {
        let builder = Builder::new().cloudwatch_namespace("Signet").with_dimension("Function", function.to_owned());
        let collector = builder.init().map_err(|error| format!("metrics cannot be collected: {error}"))?;
        for name in ["SignIns", "Denies", "Observed", "Rejected", "Alarms", "ColdStarts"] {
            metrics::describe_counter!(name, Unit::Count, "");
        }
        for name in ["Groups", "Codes", "Roles"] {
            metrics::describe_histogram!(name, Unit::Count, "");
        }
        metrics::describe_histogram!("Duration", Unit::Milliseconds, "");
        Ok(Self { collector })
    }

    /// Counts an invocation, and writes the lines.
    ///
    /// # Errors
    /// The output cannot be written.
    pub fn record(self, out: &mut impl Write, record: &Record, duration_ms: f64, cold_start: bool) -> io::Result<()> {
        count(record);
        metrics::histogram!("Duration").record(duration_ms);
        if cold_start {
            metrics::counter!("ColdStarts").increment(1);
        }
        let mut lines = Vec::new();
        self.collector.flush(&mut lines)?;
        out.write_all(&lines)
    }
}

fn count(record: &Record) {
    let reason = record.reason.unwrap_or("none");
    if record.verdict == Verdict::Rejected {
        metrics::counter!("Rejected", "Reason" => reason).increment(1);
        return;
    }
    metrics::counter!("SignIns").increment(1);
    if record.observed {
        metrics::counter!("Observed").increment(1);
    } else if record.verdict == Verdict::Deny {
        metrics::counter!("Denies", "Reason" => reason).increment(1);
    }
    for alarm in &record.alarms {
        metrics::counter!("Alarms", "Reason" => alarm.kind).increment(1);
    }
    for (name, list) in [("Groups", record.groups.len()), ("Codes", record.codes.len()), ("Roles", record.roles.len())]
    {
        // Lists of a request are far below the 2^32 that a float holds exactly.
        metrics::histogram!(name).record(f64::from(u32::try_from(list).unwrap_or(u32::MAX)));
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;
    use crate::refusal::Refusal;

    // The recorder is the process', so one test looks at all of it.
    #[test]
    fn numbers_are_lines_in_the_embedded_format() {
        let metrics = Metrics::install("hook").unwrap();
        assert!(Metrics::install("hook").is_err());
        let flush = |record: &Record, cold_start| {
            let mut out = Vec::new();
            metrics.record(&mut out, record, 12.5, cold_start).unwrap();
            let text = String::from_utf8(out).unwrap();
            text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()).collect::<Vec<_>>()
        };

        let lines = flush(&Record::refused(&Refusal::UnknownApp), true);
        assert_eq!(lines.len(), 2, "{lines:?}");
        let (all, denies) = (&lines[0], &lines[1]);
        assert_eq!(all["_aws"]["CloudWatchMetrics"][0]["Namespace"], "Signet");
        assert_eq!(all["_aws"]["CloudWatchMetrics"][0]["Dimensions"][0], serde_json::json!(["Function"]));
        assert_eq!((&all["Function"], &all["SignIns"], &all["ColdStarts"]), (&"hook".into(), &1.into(), &1.into()));
        assert_eq!(all["Duration"], serde_json::json!([12.5]));
        let units = all["_aws"]["CloudWatchMetrics"][0]["Metrics"].as_array().unwrap();
        assert!(units.contains(&serde_json::json!({"Name": "Duration", "Unit": "Milliseconds"})), "{units:?}");
        assert_eq!((&denies["Reason"], &denies["Denies"]), (&"unknown_app".into(), &1.into()));

        // Nothing of one invocation is left for the next.
        let lines = flush(&Record::rejected("auth_missing", "x"), false);
        assert_eq!(lines.len(), 2, "{lines:?}");
        assert!(lines[0].get("SignIns").is_none() && lines[0].get("ColdStarts").is_none());
        assert_eq!((&lines[1]["Reason"], &lines[1]["Rejected"]), (&"auth_missing".into(), &1.into()));
    }
}
