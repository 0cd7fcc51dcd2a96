//! The numbers of the function, in namespace `Signet`, dimension `Function`. What is counted by reason
//! is there twice: once without, for alarms, and once with the dimension `Reason`.
//!
//! | Metric | Unit | Meaning |
//! |---|---|---|
//! | `RolesWritten` | count | roles that another trust policy was written to |
//! | `RolesUnchanged` | count | roles that were as they should be |
//! | `RolesToWrite` | count | in a dry run: roles that another trust policy would be written to |
//! | `RolesFailed` | count | attempts after which a role is not as wanted; also by `Reason`, the outcome |
//! | `RolesTooLong` | count | those of them whose trust policy is too long: all that is withdrawn is out, and not all that is granted is in |
//! | `RolesDrifted` | count | roles where somebody else had changed what Signet writes |
//! | `ProvidersChanged` | count | identity providers that were created, updated or deleted |
//! | `ProvidersFailed` | count | identity providers that should have been, and were not |
//! | `AccountsDone` | count | accounts in which all that was due was attended to |
//! | `AccountsUnfinished` | count | accounts that were put back: the time was over, or the lease was lost; in a dry run accounts that it had no time to look at whole, and that are not put back |
//! | `AccountsBusy` | count | accounts on which somebody else works; a sweep of one is put back |
//! | `AccountsFailed` | count | accounts whose messages come again; also by `Reason` |
//! | `AccountsQueued` | count | accounts that the stream and the schedule put onto the queue |
//! | `BatchesFailed` | count | batches of the stream, and tasks of the schedule, of which something could not be queued |
//! | `RecordsUnreadable` | count | records of the stream and messages of the queue that cannot be read |
//! | `RowsUnreadable` | count | at each task of the schedule: rows of accounts and roles that cannot be read; their accounts are queued whether due or not |
//! | `AlertsPublished` | count | alerts that people got |
//! | `AlertsFailed` | count | alerts that could not be published: what they tell of is not noted, and comes again |
//! | `IamCalls` | count | calls of IAM for single roles |
//! | `WantedLag` | milliseconds | from when a role's grants changed to when its trust policy said so, in whole seconds |
//! | `OldestUnreconciled` | seconds | at each task of the schedule: how long the oldest of what is wanted and not applied has waited; 0 if nothing is |
//! | `UnreconciledRoles` | count | at each task of the schedule: roles that may not be as wanted |

use metrics::Unit;
use signet_reconcile::report::{Ended, Outcome, ProviderReport, RoleReport};

use crate::fault::Fault;
use crate::schedule::Summary;
use crate::worker::Conclusion;
use crate::{report, stream};

/// The numbers, with their units.
pub const NUMBERS: &[(&str, Unit)] = &[
    ("RolesWritten", Unit::Count),
    ("RolesUnchanged", Unit::Count),
    ("RolesToWrite", Unit::Count),
    ("RolesFailed", Unit::Count),
    ("RolesTooLong", Unit::Count),
    ("RolesDrifted", Unit::Count),
    ("ProvidersChanged", Unit::Count),
    ("ProvidersFailed", Unit::Count),
    ("AccountsDone", Unit::Count),
    ("AccountsUnfinished", Unit::Count),
    ("AccountsBusy", Unit::Count),
    ("AccountsFailed", Unit::Count),
    ("AccountsQueued", Unit::Count),
    ("BatchesFailed", Unit::Count),
    ("RecordsUnreadable", Unit::Count),
    ("RowsUnreadable", Unit::Count),
    ("AlertsPublished", Unit::Count),
    ("AlertsFailed", Unit::Count),
    ("IamCalls", Unit::Count),
    ("WantedLag", Unit::Milliseconds),
    ("OldestUnreconciled", Unit::Seconds),
    ("UnreconciledRoles", Unit::Count),
];

/// Counts a role that was attended to.
pub fn role(role: &RoleReport) {
    match role.outcome {
        Outcome::Written => metrics::counter!("RolesWritten").increment(1),
        Outcome::Unchanged | Outcome::Absent => metrics::counter!("RolesUnchanged").increment(1),
        Outcome::WouldWrite => metrics::counter!("RolesToWrite").increment(1),
        Outcome::TooLong
        | Outcome::Gone
        | Outcome::OutOfBounds
        | Outcome::Unreadable
        | Outcome::Denied
        | Outcome::Unavailable
        | Outcome::Refused => by_reason("RolesFailed", 1, role.outcome.as_str()),
    }
    if role.outcome == Outcome::TooLong {
        metrics::counter!("RolesTooLong").increment(1);
    }
    if role.drifted {
        metrics::counter!("RolesDrifted").increment(1);
    }
    if role.calls > 0 {
        metrics::counter!("IamCalls").increment(u64::from(role.calls));
    }
    if let Some(waited) = role.waited.filter(|_| role.outcome.is_applied()) {
        metrics::histogram!("WantedLag").record(waited.as_secs_f64() * 1_000.0);
    }
}

/// Counts the end of work on an account.
pub fn account(conclusion: &Conclusion) {
    if let Some(done) = &conclusion.report {
        let name = match done.ended {
            Ended::Done => "AccountsDone",
            Ended::Busy => "AccountsBusy",
            Ended::Unfinished | Ended::Lost => "AccountsUnfinished",
        };
        metrics::counter!(name).increment(1);
        let count = |which: fn(&ProviderReport) -> bool| done.providers.iter().filter(|one| which(one)).count() as u64;
        for (name, number) in [
            ("ProvidersChanged", count(report::is_changed)),
            ("ProvidersFailed", count(|provider| provider.outcome == "failed")),
        ] {
            if number > 0 {
                metrics::counter!(name).increment(number);
            }
        }
    }
    if let Some(fault) = &conclusion.fault {
        failed(1, fault.reason());
    }
}

/// Counts accounts whose messages come again.
pub fn failed(accounts: usize, reason: &'static str) {
    by_reason("AccountsFailed", accounts as u64, reason);
}

/// Counts a record or a message that cannot be read.
pub fn unreadable() {
    metrics::counter!("RecordsUnreadable").increment(1);
}

/// Counts an alert.
pub fn alert(is_published: bool) {
    let name = if is_published { "AlertsPublished" } else { "AlertsFailed" };
    metrics::counter!(name).increment(1);
}

/// Counts a batch of the stream.
pub fn stream(conclusion: &stream::Conclusion) {
    queued(conclusion.queued, conclusion.failed_from.is_some());
}

/// Counts a task of the schedule.
pub fn task(summary: &Summary, faults: &[Fault]) {
    queued(summary.queued, !faults.is_empty());
    if summary.rows_unreadable > 0 {
        metrics::counter!("RowsUnreadable").increment(summary.rows_unreadable as u64);
    }
}

fn queued(accounts: usize, has_failed: bool) {
    if accounts > 0 {
        metrics::counter!("AccountsQueued").increment(accounts as u64);
    }
    if has_failed {
        metrics::counter!("BatchesFailed").increment(1);
    }
}

/// Says how far the table's accounts are from what is wanted: also where they are not at all, so that
/// an alarm knows the difference between that and silence.
pub fn staleness(summary: &Summary) {
    // What does not fit into 32 bits, 136 years or four billion roles, says all there is to say.
    let number = |number: u64| f64::from(u32::try_from(number).unwrap_or(u32::MAX));
    let age = u64::try_from(summary.oldest_unreconciled_s).unwrap_or(0);
    metrics::histogram!("OldestUnreconciled").record(number(age));
    metrics::histogram!("UnreconciledRoles").record(number(summary.unreconciled_roles as u64));
}

fn by_reason(name: &'static str, number: u64, reason: &'static str) {
    metrics::counter!(name).increment(number);
    metrics::counter!(name, "Reason" => reason).increment(number);
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};
    use std::time::Duration;

    use serde_json::{Value, json};
    use signet_core::role::{AccountId, RoleArn};
    use signet_core::trust::grants::Codes;
    use signet_reconcile::report::AccountReport;
    use signet_sync::limit::Cut;
    use signet_sync::log::Log;
    use signet_sync::metrics::Metrics;

    use super::*;

    fn report(outcome: Outcome) -> RoleReport {
        RoleReport {
            role: RoleArn::parse("arn:aws:iam::111122223333:role/data/reader").unwrap(),
            outcome,
            why: None,
            before: None,
            after: None,
            codes: Codes::new(),
            drifted: outcome == Outcome::Written,
            calls: 2,
            waited: Some(Duration::from_secs(4)),
            next: None,
        }
    }

    fn done(ended: Ended) -> Conclusion {
        let providers = ["created", "updated", "deleted", "kept", "failed", "would_create"];
        let providers = providers.map(|outcome| ProviderReport { arn: String::new(), outcome, why: None }).into();
        let account = AccountId::parse("111122223333").unwrap();
        let report = AccountReport { account, ended, roles: Vec::new(), providers, next: None };
        Conclusion { report: Some(report), fault: None }
    }

    // The recorder is the process', so one test looks at all of it.
    #[test]
    fn numbers_are_lines_in_the_embedded_format() {
        let kept = Arc::new(Mutex::new(Vec::new()));
        let to = Arc::clone(&kept);
        let log = Log::to(move |bytes| {
            to.lock().unwrap().extend_from_slice(bytes);
            Ok(())
        });
        let metrics = Metrics::install("trust", NUMBERS).unwrap();
        for outcome in [
            Outcome::Written,
            Outcome::Unchanged,
            Outcome::Absent,
            Outcome::WouldWrite,
            Outcome::TooLong,
            Outcome::Denied,
            Outcome::Denied,
        ] {
            role(&report(outcome));
        }
        account(&done(Ended::Done));
        account(&Conclusion { fault: Some(Cut::Deadline.into()), ..Conclusion::default() });
        for ended in [Ended::Busy, Ended::Unfinished, Ended::Lost] {
            let Conclusion { report, fault } = done(ended);
            let report = report.map(|report| AccountReport { providers: Vec::new(), ..report });
            account(&Conclusion { report, fault });
        }
        failed(2, "own_role_unknown");
        unreadable();
        alert(true);
        alert(false);
        stream(&stream::Conclusion { queued: 3, failed_from: Some("700".to_owned()), ..Default::default() });
        let summary = Summary {
            task: "tick",
            accounts: 9,
            queued: 2,
            apps_raised: 0,
            rows_unreadable: 4,
            unreconciled_roles: 5,
            oldest_unreconciled_s: 90,
        };
        task(&summary, &[]);
        staleness(&summary);
        staleness(&Summary { unreconciled_roles: 0, oldest_unreconciled_s: 0, ..summary });

        metrics.flush(&log).unwrap();
        let text = String::from_utf8(std::mem::take(&mut *kept.lock().unwrap())).unwrap();
        let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let all = lines.iter().find(|line| line.get("Reason").is_none()).unwrap();
        for (name, value) in [
            ("RolesWritten", json!(1)),
            ("RolesUnchanged", json!(2)),
            ("RolesToWrite", json!(1)),
            ("RolesFailed", json!(3)),
            ("RolesTooLong", json!(1)),
            ("RolesDrifted", json!(1)),
            ("ProvidersChanged", json!(3)),
            ("ProvidersFailed", json!(1)),
            ("AccountsDone", json!(1)),
            ("AccountsUnfinished", json!(2)),
            ("AccountsBusy", json!(1)),
            ("AccountsFailed", json!(3)),
            ("AccountsQueued", json!(5)),
            ("BatchesFailed", json!(1)),
            ("RecordsUnreadable", json!(1)),
            ("RowsUnreadable", json!(4)),
            ("AlertsPublished", json!(1)),
            ("AlertsFailed", json!(1)),
            ("IamCalls", json!(14)),
            ("OldestUnreconciled", json!([90.0, 0.0])),
            ("UnreconciledRoles", json!([5.0, 0.0])),
        ] {
            assert_eq!(all[name], value, "{name}: {all}");
        }
        assert!(all["WantedLag"].to_string().contains("4000"), "{all}");
        assert_eq!(all["Function"], "trust");
        for (name, reason, number) in [
            ("RolesFailed", "denied", 2),
            ("RolesFailed", "too_long", 1),
            ("AccountsFailed", "deadline", 1),
            ("AccountsFailed", "own_role_unknown", 2),
        ] {
            let line = lines.iter().find(|line| line["Reason"] == reason).unwrap();
            assert_eq!(line[name], number, "{line}");
        }
        let directive = &all["_aws"]["CloudWatchMetrics"][0];
        for (name, unit) in NUMBERS {
            let unit = json!({ "Name": name, "Unit": format!("{unit:?}") });
            assert!(directive["Metrics"].as_array().unwrap().contains(&unit), "{unit}: {directive}");
        }
    }
}
