//! What the rest of a trust policy does to ours: statements of others that let a provider of ours in
//! more widely, and roles that would refuse sign-ins with tags.
//!
//! Where a statement cannot be read for certain, it is reported: an audit that misses one is worse
//! than one that asks to look twice. Deny statements are not set off against what others allow.

use std::collections::{BTreeMap, BTreeSet};

use crate::app::AppId;
use crate::role::RoleArn;
use crate::trust::allow::Terms;
use crate::trust::desired::Desired;
use crate::trust::document::Document;
use crate::trust::gate::Gate;
use crate::trust::meaning::Meaning;
use crate::trust::reading::Reading;

/// A statement that is not ours and lets in sign-ins of an app that ours would not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wider {
    /// The app.
    pub app: AppId,
    /// The statement, as written.
    pub statement: String,
    /// What the statement does not demand, or not as narrowly: condition keys as ours have them. Empty
    /// if the statement cannot be read for certain.
    pub lacks: Vec<String>,
}

/// An app whose sign-ins a role lets in without tags, and would refuse, or may refuse, with them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotReady {
    /// The app.
    pub app: AppId,
    /// The actions that the role does not allow the app's sign-ins.
    pub lacks: BTreeSet<&'static str>,
    /// The actions of which it cannot be said here whether the role allows them: they are allowed on
    /// conditions that a sign-in may or may not meet, or may be denied on such, or there is a statement
    /// that cannot be read.
    pub doubtful: BTreeSet<&'static str>,
}

/// The statements of others in a role's trust policy that let in more of an app's sign-ins than ours
/// do, if whom we would let in is `desired`. Of an app that we let nobody in for, that is every
/// statement that lets its sign-ins in.
#[must_use]
pub fn wider(document: &Document, role: &RoleArn, gates: &BTreeMap<AppId, Gate>, desired: &Desired) -> Vec<Wider> {
    let codes = desired.codes();
    let mut found = Vec::new();
    for statement in document.foreign() {
        let reading = Reading::of(statement);
        for (app, gate) in gates {
            let terms = Terms::new(gate, role);
            let demands = terms.demands(codes.get(app).unwrap_or(&BTreeSet::new()));
            let lacks: Vec<_> = match &reading {
                None => Vec::new(),
                Some(reading) if !reading.lets_in(&terms) => continue,
                Some(reading) => {
                    demands.into_iter().filter(|demand| !reading.demands(demand)).map(|demand| demand.key).collect()
                }
            };
            if reading.is_none() || !lacks.is_empty() {
                found.push(Wider { app: app.clone(), statement: statement.render(), lacks });
            }
        }
    }
    found
}

/// How certain it is that sign-ins with tags get in; the worst last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Allowed {
    Surely,
    Perhaps,
    Not,
}

/// The apps whose sign-ins a role lets in, by any statement, without allowing for certain that they
/// carry tags and a source identity: once the app sends them, sign-ins to the role would fail.
#[must_use]
pub fn not_ready(document: &Document, role: &RoleArn, gates: &BTreeMap<AppId, Gate>) -> Vec<NotReady> {
    let read: Vec<_> = document.statements().map(Reading::of).collect();
    let is_all_read = read.iter().all(Option::is_some);
    let readings: Vec<Reading> = read.into_iter().flatten().collect();
    let mut found = Vec::new();
    for (app, gate) in gates {
        let terms = Terms::new(gate, role);
        if is_all_read && !readings.iter().any(|reading| reading.lets_in(&terms)) {
            continue;
        }
        let of = |wanted: Allowed| {
            let is_so = |action: &&&str| {
                let allowed = allowed(&readings, &terms, action);
                allowed.max(if is_all_read { Allowed::Surely } else { Allowed::Perhaps }) == wanted
            };
            terms.carries.iter().filter(is_so).copied().collect::<BTreeSet<_>>()
        };
        let (lacks, doubtful) = (of(Allowed::Not), of(Allowed::Perhaps));
        if !lacks.is_empty() || !doubtful.is_empty() {
            found.push(NotReady { app: app.clone(), lacks, doubtful });
        }
    }
    found
}

/// Whether those of an app's sign-ins that get in now are allowed an action as well.
fn allowed(readings: &[Reading], terms: &Terms, action: &str) -> Allowed {
    let by_statement = |through: &Reading| {
        if readings.iter().any(|reading| reading.allows_for(terms, action, through)) {
            Allowed::Surely
        } else if readings.iter().any(|reading| reading.may_allow(terms, action)) {
            Allowed::Perhaps
        } else {
            Allowed::Not
        }
    };
    let by_deny = readings
        .iter()
        .filter(|reading| reading.may_deny(terms, action))
        .map(|deny| if deny.is_conditional() { Allowed::Perhaps } else { Allowed::Not });
    let by_allow = readings.iter().filter(|reading| reading.lets_in(terms)).map(by_statement);
    by_allow.chain(by_deny).max().unwrap_or(Allowed::Surely)
}

/// Whether any statement of a trust policy, ours or not, names a provider, as a principal or in a
/// condition: one that is still named must not be deleted, since whoever creates another of its name
/// inherits the trust. In a statement that cannot be read, a text with the name in it is enough.
#[must_use]
pub fn names_provider(document: &Document, provider: &str) -> bool {
    document.statements().any(|statement| match statement.meaning() {
        Meaning::Plain(_) => statement.has_text(&|text| text == provider),
        Meaning::Verbatim(_) => statement.has_text(&|text| text.contains(provider)),
    })
}

#[cfg(test)]
mod tests;
