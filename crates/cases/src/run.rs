//! The run of all cases through one function.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use signet_core::group::GroupRecord;
use signet_hook::log::{self, Around};
use signet_hook::record::{Record, Verdict};
use signet_hook::serve::{Conclusion, Handler};

use crate::case::{Case, Expected, Given, state};
use crate::http::SECRET;
use crate::list;
use crate::table::{self, Fake, NOW_MS, block_on};
use crate::wire::{Access, Answered, Wire};

/// How long no call may take, whatever its deadline.
const LONGEST: Duration = Duration::from_secs(5);
/// The shortest claim value that is looked for in the log, in characters: shorter ones are in it by chance.
const TELLING: usize = 8;

/// What became of a case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ran {
    /// It went through the function, and came out as it must.
    Through,
    /// It did not.
    Failed,
    /// This kind cannot have it.
    Impossible,
}

/// Runs all cases through a function, and fails unless each one comes out as it must, or says why this kind
/// cannot have it.
///
/// # Panics
/// If one of them does not; each such case has said so by then, with its name.
pub fn assert_all<W: Wire>() {
    let ran: Vec<(&str, Ran)> = list::all(W::KIND).into_iter().map(|case| (case.name, go::<W>(&case))).collect();
    let which = |ran_so: fn(&Ran) -> bool| ran.iter().filter(|(_, r)| ran_so(r)).map(|(n, _)| *n).collect::<Vec<_>>();
    let failed = which(|ran| *ran == Ran::Failed);
    assert!(failed.is_empty(), "{} cases of {:?} failed: {failed:?}", failed.len(), W::KIND);
    let impossible = which(|ran| *ran == Ran::Impossible);
    assert_eq!(impossible, list::impossible(W::KIND), "cases that {:?} cannot have", W::KIND);
    assert_eq!(which(|ran| *ran == Ran::Through).len() + impossible.len(), list::all(W::KIND).len());
}

fn go<W: Wire>(case: &Case) -> Ran {
    match case.impossible {
        Some(_) => Ran::Impossible,
        // The other cases are told of as well.
        None => match catch_unwind(AssertUnwindSafe(|| play::<W>(case))) {
            Ok(()) => Ran::Through,
            Err(_) => Ran::Failed,
        },
    }
}

fn play<W: Wire>(case: &Case) {
    let label = format!("case `{}` of {:?}", case.name, W::KIND);
    let fake = table(case, W::KIND);
    let text = text::<W>(&case.given, &label);
    block_on(async {
        let handler = W::handler(&fake, Duration::from_millis(case.deadline_ms));
        for (number, step) in case.steps.iter().enumerate() {
            let label = format!("{label}, call {}", number + 1);
            fake.state(state(W::KIND, &step.rules));
            fake.reads.borrow_mut().clear();
            let mut call = table::call(W::event(&text, &case.given.delivery));
            if !case.has_randomness {
                call.decision = None;
            }
            let Conclusion { answer, record } = handler.handle(&call).await;
            assert!(call.began.elapsed() < LONGEST, "{label} took {:?}", call.began.elapsed());
            check_record(&record, case, &step.expected, &fake, &label);
            check_answer::<W>(&W::read(answer, &text), &record, &step.expected, call.reference(), &label);
            check_log::<W>(&record, &case.given, &label);
        }
    });
}

fn table(case: &Case, kind: crate::Kind) -> Fake {
    let mut fake = Fake::new(kind.app());
    fake.mood = case.mood;
    for (group, grant) in &case.grants {
        fake = fake.grants(group, grant.clone());
    }
    for (group, tamper) in &case.tampered {
        tamper(fake.groups.get_mut(group).unwrap());
    }
    if let Some(change) = case.changed {
        change(&mut fake);
    }
    fake
}

fn text<W: Wire>(given: &Given, label: &str) -> String {
    let request = W::write(&given.named(W::KIND));
    match given.flaw {
        None => request.to_string(),
        Some(flaw) => W::flawed(request, flaw)
            .unwrap_or_else(|| panic!("{label} cannot be written: say so in the list of cases, with the reason")),
    }
}

fn check_record(record: &Record, case: &Case, expected: &Expected, fake: &Fake, label: &str) {
    let detail = record.detail.as_deref();
    assert_eq!((record.verdict, record.reason), (expected.verdict, expected.reason), "{label}: {detail:?}");
    assert_eq!(record.fault, expected.fault, "{label}: fault");
    assert_eq!(record.observed, expected.observed, "{label}: observed");
    assert_eq!(record.detail.is_some(), expected.reason.is_some(), "{label}: a reason has a sentence");
    assert_eq!(record.roles, arns(&expected.roles), "{label}: roles");
    assert_eq!(record.codes, codes(&expected.opened_by, &fake.groups), "{label}: codes");
    let identity = (!expected.roles.is_empty()).then_some(expected.identity.as_str());
    assert_eq!(record.source_identity.as_deref(), identity, "{label}: source identity");
    let kinds = |lines: &[signet_hook::record::NoteLine]| lines.iter().map(|line| line.kind).collect::<Vec<_>>();
    assert_eq!(kinds(&record.notes), expected.notes, "{label}: notes");
    assert_eq!(kinds(&record.alarms), expected.alarms, "{label}: alarms");
    if let Some(groups) = expected.groups {
        assert_eq!(record.groups.len(), groups, "{label}: groups");
    }
    let reads = fake.reads.borrow();
    assert_eq!(reads.len(), expected.reads, "{label}: reads {reads:?}");
    if let Some(asked) = &expected.asked {
        assert_eq!(*reads, *asked, "{label}: groups that were read");
    }
    // Whatever could be read of the request, the log names it.
    if expected.verdict != Verdict::Rejected && case.given.flaw.is_none() {
        assert_eq!(record.app_id, case.given.app, "{label}: app");
        assert_eq!(record.user_id, case.given.user, "{label}: user");
    }
}

fn arns(roles: &[String]) -> Vec<String> {
    let mut arns: Vec<String> = roles.iter().map(|role| table::arn(role)).collect();
    arns.sort();
    arns
}

fn codes(groups: &[String], records: &std::collections::HashMap<String, GroupRecord>) -> Vec<String> {
    let mut codes: Vec<String> = groups.iter().map(|key| records[key].registration.code.to_string()).collect();
    codes.sort();
    codes
}

fn check_answer<W: Wire>(answered: &Answered, record: &Record, expected: &Expected, reference: &str, label: &str) {
    let by_verdict = match expected.verdict {
        Verdict::Rejected => {
            let status = if expected.reason.is_some_and(|reason| reason.starts_with("auth_")) { 401 } else { 400 };
            let over_http = (!W::KIND.is_cognito()).then_some(status);
            assert_eq!(*answered, Answered::Rejected(over_http), "{label}");
            return;
        }
        _ if expected.observed => Answered::Nothing,
        Verdict::NoAccess => Answered::Nothing,
        Verdict::Access => Answered::Access(access::<W>(record, expected)),
        Verdict::Deny => {
            let Answered::Denied(text) = answered else { panic!("{label}: {answered:?} is no denial") };
            check_text(text, expected, record, reference, label);
            return;
        }
    };
    assert_eq!(*answered, by_verdict, "{label}");
}

/// What the answer must give: what the log says, and the expected tags.
fn access<W: Wire>(record: &Record, expected: &Expected) -> Access {
    let has_identity = W::KIND != crate::Kind::IdentityPool;
    let own =
        [("GroupHash".to_owned(), format!(":{}:", record.codes.join(":"))), ("SignetDecision".to_owned(), table::id())];
    let tags: BTreeMap<String, String> = expected.tags.clone().into_iter().chain(own).collect();
    let transitive = tags.keys().filter(|key| !expected.local_tags.contains(&key.as_str())).cloned().collect();
    Access {
        roles: record.roles.clone(),
        source_identity: has_identity.then(|| expected.identity.clone()),
        tags,
        transitive: has_identity.then_some(transitive),
    }
}

/// What the person reads: a reference, whether to try again, and no internals.
fn check_text(text: &str, expected: &Expected, record: &Record, reference: &str, label: &str) {
    const PASSING: [&str; 6] =
        ["table_throttled", "table_timeout", "table_partial", "table_error", "deadline", "internal"];
    let begin = match expected.reason {
        Some("unentitled") => "You have no access to data through this app yet.",
        Some(reason) if PASSING.contains(&reason) => "Sign-in to AWS did not work just now.",
        _ => "Sign-in to AWS was refused.",
    };
    assert!(text.starts_with(begin) && text.ends_with(reference), "{label}: {text}");
    let internals = ["internal-table", "connection refused", record.detail.as_deref().unwrap_or("-detail-")];
    for internal in internals {
        assert!(!text.contains(internal), "{label}: {text}");
    }
}

/// No secret, and no value of a claim but groups, reaches the log.
fn check_log<W: Wire>(record: &Record, given: &Given, label: &str) {
    let decision = table::id();
    let around = Around {
        now_ms: NOW_MS,
        protocol: W::KIND.protocol().as_str(),
        decision_id: Some(&decision),
        request_id: "invocation-1",
        duration_ms: 1.0,
        cold_start: false,
    };
    let mut out = Vec::new();
    log::record(&mut out, record, &around).unwrap();
    let log = String::from_utf8(out).unwrap();
    assert!(!log.contains(SECRET), "{label}: {log}");
    let is_groups = |name: &str| [crate::kind::GROUPS, crate::kind::OTHER_GROUPS].contains(&name);
    let values = given.claims.iter().filter(|(name, _)| !is_groups(name)).flat_map(|(_, values)| values);
    for value in values.filter(|value| value.len() >= TELLING && Some(*value) != record.source_identity.as_ref()) {
        assert!(!log.contains(value.as_str()), "{label}: `{value}` is in the log");
    }
    for line in log.lines() {
        let line: serde_json::Value = serde_json::from_str(line).unwrap();
        assert!(line.is_object(), "{label}");
    }
}
