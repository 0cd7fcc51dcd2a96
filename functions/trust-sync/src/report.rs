//! The lines of the log. No line has a policy in it: roles by their ARNs, outcomes, and numbers.
//!
//! | Message | Of what |
//! |---|---|
//! | `stream` | a batch of the table's stream |
//! | `role` | a role that was attended to |
//! | `provider` | an identity provider that was touched, or should have been |
//! | `account` | an account of a batch |
//! | `alert` | an alert |
//! | `schedule` | a task of the schedule |
//! | `record unreadable`, `message unreadable` | what cannot be read |
//! | `row unreadable` | a row of an account or a role that the schedule cannot read |
//! | `not queued` | an account that could not be queued |
//! | `own role unknown` | a batch that nothing was done for |

use std::time::Duration;

use jiff::Timestamp as Moment;
use serde::Serialize;
use signet_core::grant::Timestamp;
use signet_core::role::AccountId;
use signet_reconcile::report::{AccountReport, Ended, Outcome, ProviderReport, RoleReport, Told};
use signet_store::trust::account::UnreadableRow;
use signet_sync::log::Level;
use signet_sync::serve::{Call, Edge};
use signet_sync::text::shortened;

use crate::fault::Fault;
use crate::payload::Message;
use crate::schedule::Summary;
use crate::stream::{self, Unreadable};
use crate::watch::Tally;
use crate::worker::{Conclusion, Job};

/// The longest detail, in characters.
const MAX_DETAIL: usize = 2_000;

/// A line with the id of its invocation.
#[derive(Serialize)]
struct Line<'a, T> {
    #[serde(rename = "request.id")]
    request_id: &'a str,
    #[serde(flatten)]
    rest: T,
}

fn write(edge: &Edge, call: &Call, level: Level, message: &str, rest: impl Serialize) {
    edge.log.line((edge.now_ms)(), level, message, &Line { request_id: &call.request_id, rest });
}

/// Why something did not go as it should.
#[derive(Serialize)]
struct Why {
    reason: &'static str,
    detail: String,
}

impl Why {
    fn of(fault: &Fault) -> Self {
        Self { reason: fault.reason(), detail: shortened(&fault.to_string(), MAX_DETAIL) }
    }

    /// Why a dry run says nothing of an account's roles.
    fn dry_run_over() -> Self {
        let detail = "the account is too large to be looked at in the time of an invocation, and a dry run keeps \
                      nothing of what it did: use `signet trust plan`";
        Self { reason: "dry_run_over", detail: detail.to_owned() }
    }
}

#[derive(Serialize)]
struct RoleLine<'a> {
    account: &'a str,
    role: &'a str,
    outcome: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<String>,
    drifted: bool,
    /// How many codes the role lets in, over all apps.
    codes: usize,
    #[serde(rename = "iam.calls")]
    calls: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    waited_ms: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

/// Writes the line of a role.
pub fn role(edge: &Edge, call: &Call, account: &AccountId, role: &RoleReport) {
    let level = match role.outcome {
        Outcome::Unchanged | Outcome::Written | Outcome::WouldWrite | Outcome::Absent if !role.drifted => Level::Info,
        // What passes by itself, or is known to people.
        Outcome::Unchanged
        | Outcome::Written
        | Outcome::WouldWrite
        | Outcome::Absent
        | Outcome::TooLong
        | Outcome::Unavailable => Level::Warn,
        Outcome::Gone | Outcome::OutOfBounds | Outcome::Unreadable | Outcome::Denied | Outcome::Refused => Level::Error,
    };
    let line = RoleLine {
        account: account.as_str(),
        role: role.role.as_str(),
        outcome: role.outcome.as_str(),
        detail: role.why.as_ref().map(|why| shortened(why, MAX_DETAIL)),
        drifted: role.drifted,
        codes: role.codes.values().map(std::collections::BTreeSet::len).sum(),
        calls: role.calls,
        waited_ms: role.waited.map(milliseconds),
        next: role.next.map(moment),
    };
    write(edge, call, level, "role", line);
}

#[derive(Serialize)]
struct ProviderLine<'a> {
    account: &'a str,
    provider: &'a str,
    outcome: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<String>,
}

/// Whether a provider was created, updated or deleted.
#[must_use]
pub fn is_changed(provider: &ProviderReport) -> bool {
    matches!(provider.outcome, "created" | "updated" | "deleted")
}

#[derive(Serialize)]
struct AccountLine<'a> {
    account: &'a str,
    sweep: bool,
    dry_run: bool,
    messages: usize,
    receive_count: u64,
    outcome: &'static str,
    #[serde(flatten)]
    why: Option<Why>,
    #[serde(rename = "roles.written")]
    written: usize,
    #[serde(rename = "roles.unchanged")]
    unchanged: usize,
    #[serde(rename = "roles.to_write")]
    to_write: usize,
    #[serde(rename = "roles.failed")]
    failed: usize,
    #[serde(rename = "roles.too_long")]
    too_long: usize,
    #[serde(rename = "roles.drifted")]
    drifted: usize,
    #[serde(rename = "providers.changed")]
    providers: usize,
    #[serde(rename = "iam.calls")]
    calls: u64,
    alerts: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
    duration_ms: u64,
}

/// Writes the line of an account, and one for each of its providers before it.
pub fn account(
    edge: &Edge,
    call: &Call,
    job: &Job,
    conclusion: &Conclusion,
    tally: &Tally,
    dry_run: bool,
    took: Duration,
) {
    let account = job.work.account.as_str();
    let report = conclusion.report.as_ref();
    let providers = report.map_or(&[][..], |report| &report.providers);
    for provider in providers {
        let line = ProviderLine {
            account,
            provider: &provider.arn,
            outcome: provider.outcome,
            detail: provider.why.as_ref().map(|why| shortened(why, MAX_DETAIL)),
        };
        let level = if provider.outcome == "failed" { Level::Error } else { Level::Info };
        write(edge, call, level, "provider", line);
    }
    let outcome = match (&conclusion.fault, report.map(|report| report.ended)) {
        (Some(_), _) | (None, None) => "failed",
        (None, Some(ended)) => ended_as_str(ended),
    };
    let is_over = dry_run && outcome == "unfinished";
    let line = AccountLine {
        account,
        sweep: job.work.sweep,
        dry_run,
        messages: job.messages,
        receive_count: job.receive_count,
        outcome,
        why: conclusion.fault.as_ref().map(Why::of).or_else(|| is_over.then(Why::dry_run_over)),
        written: tally.written,
        unchanged: tally.unchanged,
        to_write: tally.to_write,
        failed: tally.failed,
        too_long: tally.too_long,
        drifted: tally.drifted,
        providers: providers.iter().filter(|provider| is_changed(provider)).count(),
        calls: tally.calls,
        alerts: tally.alerts,
        next: report.and_then(next).map(moment),
        duration_ms: milliseconds(took),
    };
    let level = match outcome {
        "failed" => Level::Error,
        "lost" => Level::Warn,
        _ if is_over || tally.failed > 0 || tally.drifted > 0 => Level::Warn,
        _ => Level::Info,
    };
    write(edge, call, level, "account", line);
}

fn next(report: &AccountReport) -> Option<Timestamp> {
    report.next
}

fn ended_as_str(ended: Ended) -> &'static str {
    match ended {
        Ended::Done => "done",
        Ended::Busy => "busy",
        Ended::Unfinished => "unfinished",
        Ended::Lost => "lost",
    }
}

#[derive(Serialize)]
struct AlertLine<'a> {
    account: &'a str,
    #[serde(rename = "alert.id")]
    id: &'a str,
    #[serde(rename = "alert.kind")]
    kind: &'static str,
    subject: &'a str,
    outcome: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<String>,
}

/// Writes the line of an alert, and why it could not be published.
pub fn alert(edge: &Edge, call: &Call, account: &AccountId, told: &Told, failed: Option<&String>) {
    let line = AlertLine {
        account: account.as_str(),
        id: &told.id,
        kind: told.alert.kind.as_str(),
        subject: &told.subject,
        outcome: if failed.is_some() { "failed" } else { "published" },
        detail: failed.map(|why| shortened(why, MAX_DETAIL)),
    };
    write(edge, call, if failed.is_some() { Level::Error } else { Level::Warn }, "alert", line);
}

#[derive(Serialize)]
struct StreamLine<'a> {
    records: usize,
    #[serde(rename = "records.ignored")]
    ignored: usize,
    #[serde(rename = "records.unreadable")]
    unreadable: usize,
    accounts: usize,
    #[serde(rename = "accounts.queued")]
    queued: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    failed_from: Option<&'a str>,
    duration_ms: u64,
}

/// Writes the line of a batch of the stream.
pub fn stream(edge: &Edge, call: &Call, conclusion: &stream::Conclusion, took: Duration) {
    let line = StreamLine {
        records: conclusion.records,
        ignored: conclusion.ignored,
        unreadable: conclusion.unreadable,
        accounts: conclusion.accounts,
        queued: conclusion.queued,
        failed_from: conclusion.failed_from.as_deref(),
        duration_ms: milliseconds(took),
    };
    let level = if conclusion.failed_from.is_some() { Level::Error } else { Level::Info };
    write(edge, call, level, "stream", line);
}

#[derive(Serialize)]
struct RecordLine<'a> {
    sequence_number: &'a str,
    comes_again: bool,
    detail: String,
}

/// Writes the line of a record of the stream that cannot be read.
pub fn unreadable_record(edge: &Edge, call: &Call, sequence: &str, why: &Unreadable) {
    let detail = shortened(&why.why, MAX_DETAIL);
    let line = RecordLine { sequence_number: sequence, comes_again: why.matters, detail };
    write(edge, call, if why.matters { Level::Error } else { Level::Warn }, "record unreadable", line);
}

#[derive(Serialize)]
struct MessageLine<'a> {
    #[serde(rename = "message.id")]
    message_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    group: Option<String>,
    receive_count: u64,
    #[serde(flatten)]
    why: Why,
}

/// Writes the line of a message of the queue that cannot be read. It comes again, and at last becomes
/// a dead letter, for which there is an alarm.
pub fn unreadable_message(edge: &Edge, call: &Call, message: &Message, fault: &Fault) {
    let line = MessageLine {
        message_id: &message.record.message_id,
        group: message.group.as_ref().map(|group| shortened(group, 128)),
        receive_count: message.record.attributes.receive_count.unwrap_or(1),
        why: Why::of(fault),
    };
    write(edge, call, Level::Error, "message unreadable", line);
}

#[derive(Serialize)]
struct RowLine<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    account: Option<&'a str>,
    item: String,
    what: String,
}

/// Writes the line of a row of the table that cannot be read. An account that it names is queued, and its
/// message fails.
pub fn unreadable_row(edge: &Edge, call: &Call, row: &UnreadableRow) {
    let line = RowLine {
        account: row.account.as_ref().map(AccountId::as_str),
        item: shortened(&row.corrupt.item, MAX_DETAIL),
        what: shortened(&row.corrupt.what, MAX_DETAIL),
    };
    write(edge, call, Level::Error, "row unreadable", line);
}

#[derive(Serialize)]
struct NotQueuedLine<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    account: Option<&'a str>,
    #[serde(flatten)]
    why: Why,
}

/// Writes the line of an account that could not be queued; of all of a batch, where none is named.
pub fn not_queued(edge: &Edge, call: &Call, account: Option<&AccountId>, fault: &Fault) {
    let line = NotQueuedLine { account: account.map(AccountId::as_str), why: Why::of(fault) };
    write(edge, call, Level::Error, "not queued", line);
}

#[derive(Serialize)]
struct NotReadyLine {
    accounts: usize,
    #[serde(flatten)]
    why: Why,
}

/// Writes the line of a batch that nothing was done for.
pub fn not_ready(edge: &Edge, call: &Call, accounts: usize, fault: &Fault) {
    write(edge, call, Level::Error, "own role unknown", NotReadyLine { accounts, why: Why::of(fault) });
}

#[derive(Serialize)]
struct TaskLine<'a> {
    task: &'static str,
    accounts: usize,
    #[serde(rename = "accounts.queued")]
    queued: usize,
    #[serde(rename = "apps.raised")]
    apps_raised: usize,
    #[serde(rename = "rows.unreadable")]
    rows_unreadable: usize,
    #[serde(rename = "roles.unreconciled")]
    unreconciled_roles: usize,
    oldest_unreconciled_s: i64,
    failures: usize,
    #[serde(flatten)]
    why: Option<&'a Why>,
    duration_ms: u64,
}

/// Writes the line of a task of the schedule, with the first of its failures.
pub fn task(edge: &Edge, call: &Call, summary: &Summary, faults: &[Fault], took: Duration) {
    let why = faults.first().map(Why::of);
    let line = TaskLine {
        task: summary.task,
        accounts: summary.accounts,
        queued: summary.queued,
        apps_raised: summary.apps_raised,
        rows_unreadable: summary.rows_unreadable,
        unreconciled_roles: summary.unreconciled_roles,
        oldest_unreconciled_s: summary.oldest_unreconciled_s,
        failures: faults.len(),
        why: why.as_ref(),
        duration_ms: milliseconds(took),
    };
    write(edge, call, if faults.is_empty() { Level::Info } else { Level::Error }, "schedule", line);
}

fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// A moment as the log writes it; as seconds since 1970 beyond the year 9999.
fn moment(at: Timestamp) -> String {
    Moment::from_second(at.seconds()).map_or_else(|_| at.seconds().to_string(), |moment| moment.to_string())
}
