//! What a sign-in would get, and why.

mod rendering;
mod undecided;

use std::fmt::Write as _;

use serde_json::{Value, json};
use signet_core::app::{App, CognitoKind, Mode};
use signet_core::code::Salt;
use signet_core::decision::{Decision, Finding, GroupFinding, Note, Outcome, SignIn};
use signet_core::grant::{Grant, NotCounting, SourceId};
use signet_core::group::GroupRecord;
use signet_facts::Remark;
use signet_store::history::HistoryRow;
use signet_store::past::Past;

pub use self::rendering::Rendering;
pub use self::undecided::{Ending, Undecided};
use super::plan::{grant_json, grant_text};
use crate::text::{columns, count, group, printable};
use crate::time;

/// A decision with all it was made of.
#[derive(Debug, Clone, Copy)]
pub struct Explained<'e, 'a> {
    /// The sign-in.
    pub sign_in: &'e SignIn<'a>,
    /// What it gets.
    pub decision: &'e Decision<'a>,
    /// What the assertion or the tokens would carry; nothing unless there is access.
    pub rendering: Option<&'e Rendering>,
    /// Why nothing is given of what was decided; none where it is.
    pub no_place: Option<&'e Remark>,
    /// What is to be known of the request itself.
    pub remarks: &'e [Remark],
    /// The table as it was at the moment of the sign-in; none if the table was read as it is.
    pub past: Option<&'e Past<'e>>,
}

impl<'a> Explained<'_, 'a> {
    /// What the function would answer: `patch`, `no_change` or `deny`.
    #[must_use]
    pub fn answer(&self) -> &'static str {
        match (&self.decision.outcome, self.sign_in.app.mode) {
            _ if self.no_place.is_some() => "no_change",
            (_, Mode::Observe) | (Outcome::NoAccess, _) => "no_change",
            (Outcome::Access(_), Mode::Enforce) => "patch",
            (Outcome::Deny(_), Mode::Enforce) => "deny",
        }
    }

    /// For people.
    #[must_use]
    pub fn text(&self) -> String {
        let app = self.sign_in.app;
        let identity = self.sign_in.identity.map_or_else(|| "-".to_owned(), printable);
        let name = app.name.as_deref().map(|name| format!("{} ", printable(name))).unwrap_or_default();
        let rows = [
            ("App", format!("{name}({}), {}, {}", app.id, way(app), app.mode.as_str())),
            ("Person", format!("{identity}  from {}", app.identity.from)),
            ("Answer", self.answer_text()),
        ];
        let rows = self.past_rows().into_iter().chain(rows);
        let rows: Vec<_> = rows.map(|(field, value)| vec![field.to_owned(), value]).collect();
        let mut text = columns("", &rows);
        self.write_groups(&mut text);
        if let Some(rendering) = self.rendering {
            rendering.write(&mut text);
        }
        let notes = self.decision.notes.iter().map(note_text);
        let notes: Vec<String> = notes.chain(self.remarks.iter().map(|remark| printable(&remark.detail))).collect();
        if !notes.is_empty() {
            text.push_str("\nNotes\n");
        }
        for note in notes {
            let _ = writeln!(text, "  {note}");
        }
        text
    }

    /// Of a sign-in in the past: when, and which events brought the app's rules and its provider.
    fn past_rows(&self) -> Vec<(&'static str, String)> {
        let Some(past) = self.past else { return Vec::new() };
        let app = &self.sign_in.app.id;
        let rules = past.cause_of_app(app).map_or_else(|| "-".to_owned(), cause_text);
        let provider = past.cause_of_provider(app).map(|row| ("Provider", cause_text(row)));
        [("At", time::show(self.sign_in.now)), ("Rules", rules)].into_iter().chain(provider).collect()
    }

    fn cause(&self, key: &str, source: &SourceId, grant: &Grant) -> Option<&HistoryRow> {
        self.past.and_then(|past| past.cause(key, source, grant))
    }

    fn answer_text(&self) -> String {
        let decided = match &self.decision.outcome {
            Outcome::Access(access) => {
                format!(
                    "access to {} with {}",
                    count(access.roles.len(), "role"),
                    count(access.codes.len(), "group code")
                )
            }
            Outcome::NoAccess => "no role; the app lets such people in without access to AWS".to_owned(),
            Outcome::Deny(deny) => format!("denied: {}", printable(&deny.to_string())),
        };
        let decided = match self.no_place {
            None => decided,
            Some(why) => format!("no change, though there is {decided}: {}", printable(&why.detail)),
        };
        match self.sign_in.app.mode {
            Mode::Enforce => decided,
            Mode::Observe => format!("no change, since the app is in mode observe; enforced it would be: {decided}"),
        }
    }

    fn write_groups(&self, text: &mut String) {
        if self.decision.groups.is_empty() {
            text.push_str("\nThe request carries no group");
            let _ = writeln!(text, " in claim `{}`.", printable(&self.sign_in.app.groups_claim));
            return;
        }
        text.push_str("\nGroups\n");
        for found in &self.decision.groups {
            let record = self.record(found);
            let registration = record.map(|record| &record.registration);
            let name = match registration.filter(|registration| registration.key.as_str() == found.key) {
                Some(registration) => group(&registration.key, registration.label.as_deref()),
                None => printable(found.key),
            };
            let code = registration.map_or_else(String::new, |registration| match registration.salt {
                Salt::NONE => format!("  [{}]", registration.code),
                salt => format!("  [{}, salt {}]", registration.code, salt.get()),
            });
            let sign = if counts(found.finding) { "yes" } else { "no " };
            let _ = writeln!(text, "  {sign}  {name}{code}  {}", finding_text(found.finding));
            for (source, grant) in grants(record) {
                let why = match self.not_counting(grant) {
                    None => "",
                    Some(NotCounting::Expired) => "  (expired)",
                    Some(NotCounting::OtherApp) => "  (for other apps)",
                };
                let since = self.cause(found.key, source, grant).map(|row| format!(", {}", since_text(row)));
                let since = since.unwrap_or_default();
                let _ = writeln!(text, "         {}  by {source}{since}{why}", grant_text(grant));
            }
        }
    }

    /// For programs.
    #[must_use]
    pub fn json(&self) -> Value {
        let app = self.sign_in.app;
        let (outcome, deny) = match &self.decision.outcome {
            _ if self.no_place.is_some() => ("no_access", Value::Null),
            Outcome::Access(_) => ("access", Value::Null),
            Outcome::NoAccess => ("no_access", Value::Null),
            Outcome::Deny(deny) => ("deny", json!({ "reason": deny.reason(), "text": deny.to_string() })),
        };
        let (roles, codes) = match &self.decision.outcome {
            Outcome::Access(access) if self.no_place.is_none() => (
                access.roles.iter().map(|role| role.as_str()).collect(),
                access.codes.iter().map(|code| code.as_str().to_owned()).collect(),
            ),
            _ => (Vec::new(), Vec::new()),
        };
        let notes = self.decision.notes.iter().map(note_json);
        let remarks = self.no_place.into_iter().chain(self.remarks).map(remark_json);
        json!({
            "at": self.past.map(|_| time::show(self.sign_in.now)),
            "app": app.id.as_str(),
            "app_name": app.name,
            "app_since": self.past.and_then(|past| past.cause_of_app(&app.id)).map(since_json),
            "provider_since": self.past.and_then(|past| past.cause_of_provider(&app.id)).map(since_json),
            "protocol": app.protocol.as_str(),
            "mode": app.mode.as_str(),
            "identity": self.sign_in.identity,
            "answer": self.answer(),
            "outcome": outcome,
            "deny": deny,
            "roles": roles,
            "codes": codes,
            "groups": self.decision.groups.iter().map(|found| self.group_json(found)).collect::<Vec<_>>(),
            "attributes": self.rendering.map_or_else(|| json!([]), Rendering::attributes_json),
            "tokens": self.rendering.map(Rendering::tokens_json),
            "notes": notes.chain(remarks).collect::<Vec<_>>(),
        })
    }

    fn group_json(&self, found: &GroupFinding<'a>) -> Value {
        let record = self.record(found);
        let registration = record.map(|record| &record.registration);
        let grants: Vec<Value> = grants(record)
            .map(|(source, grant)| {
                let mut value = grant_json(grant);
                let why = match self.not_counting(grant) {
                    None => Value::Null,
                    Some(NotCounting::Expired) => json!("expired"),
                    Some(NotCounting::OtherApp) => json!("other_app"),
                };
                if let Some(members) = value.as_object_mut() {
                    members.insert("source".to_owned(), json!(source.as_str()));
                    members.insert("counts".to_owned(), json!(why.is_null()));
                    members.insert("why_not".to_owned(), why);
                    let since = self.cause(found.key, source, grant).map(since_json);
                    members.insert("since".to_owned(), since.unwrap_or_default());
                }
                value
            })
            .collect();
        json!({
            "group": found.key,
            "label": registration.and_then(|registration| registration.label.as_deref()),
            "code": registration.map(|registration| registration.code.as_str()),
            "salt": registration.map(|registration| registration.salt.get()),
            "counts": counts(found.finding),
            "finding": found.finding.as_str(),
            "text": finding_text(found.finding),
            "grants": grants,
        })
    }

    fn record(&self, found: &GroupFinding<'a>) -> Option<&'a GroupRecord> {
        self.sign_in.records.get(found.key)
    }

    fn not_counting(&self, grant: &Grant) -> Option<NotCounting> {
        grant.counts(&self.sign_in.app.id, self.sign_in.now).err()
    }
}

fn grants(record: Option<&GroupRecord>) -> impl Iterator<Item = (&SourceId, &Grant)> {
    record
        .into_iter()
        .flat_map(|record| &record.grants)
        .flat_map(|(source, grants)| grants.iter().map(move |grant| (source, grant)))
}

/// Whether a group's roles are offered; its code may still give way to others.
fn counts(finding: Finding) -> bool {
    matches!(finding, Finding::Counts { .. } | Finding::CodeLeftOut { .. })
}

fn finding_text(finding: Finding) -> String {
    match finding {
        Finding::Counts { roles, .. } => format!("counts: opens {}", count(roles, "role")),
        Finding::CodeLeftOut { roles, .. } => {
            format!("counts: opens {}; its code gave way to others that open the same", count(roles, "role"))
        }
        Finding::Unregistered => "the table does not have it".to_owned(),
        Finding::Retired => "its last grant was withdrawn".to_owned(),
        Finding::KeyMismatch => "its item in the table carries another key: not written by Signet".to_owned(),
        Finding::CodeMismatch => "its code is not the hash of its key: not written by Signet".to_owned(),
        Finding::NoGrant { expired: 0, other_app: 0 } => "it has no grants".to_owned(),
        Finding::NoGrant { expired, other_app } => {
            format!("none of its grants counts: {expired} expired, {other_app} for other apps")
        }
        Finding::Clash { .. } => "another group of the person has the same code: neither counts".to_owned(),
    }
}

fn note_text(note: &Note<'_>) -> String {
    match note {
        Note::Clash { code, keys } => {
            let keys: Vec<_> = keys.iter().map(|key| format!("`{}`", printable(key))).collect();
            format!("ALARM: code {code} is that of {}; none of them counts", keys.join(" and "))
        }
        Note::Unsound { key } => format!("ALARM: the item of `{}` was not written by Signet", printable(key)),
        Note::CodesCovered { emitted, of } => {
            format!("not all {of} codes fit: the {emitted} that open every role are emitted")
        }
        Note::TagLeftOut { key, why } => format!("tag `{}` is left out: {why}", printable(key)),
    }
}

fn note_json(note: &Note<'_>) -> Value {
    let (kind, detail) = match note {
        Note::Clash { code, keys } => ("clash", json!({ "code": code.as_str(), "groups": keys })),
        Note::Unsound { key } => ("unsound", json!({ "group": key })),
        Note::CodesCovered { emitted, of } => ("codes_covered", json!({ "emitted": emitted, "of": of })),
        Note::TagLeftOut { key, why } => ("tag_left_out", json!({ "tag": key, "why": why })),
    };
    json!({ "kind": kind, "alarm": note.is_alarm(), "detail": detail })
}

/// What is to be known of a request, in the form of a decision's notes.
fn remark_json(remark: &Remark) -> Value {
    json!({ "kind": remark.kind, "alarm": false, "detail": { "text": remark.detail } })
}

/// How people sign in to an app: the protocol, or the kind of a Cognito app.
fn way(app: &App) -> &'static str {
    app.cognito_kind().map_or_else(|| app.protocol.as_str(), CognitoKind::as_str)
}

/// Who stated it, by which event, and since when, for people.
fn cause_text(row: &HistoryRow) -> String {
    let by = match (&row.source, &row.provider) {
        (Some(source), _) => source.as_str(),
        (None, Some(_)) => "a provider event",
        (None, None) => "hand",
    };
    format!("by {by}, {}", since_text(row))
}

/// Which event it is by, and since when, for people.
pub(super) fn since_text(row: &HistoryRow) -> String {
    let revision = row.revision.map(|revision| format!(", revision {revision}")).unwrap_or_default();
    format!("since {} ({}{revision})", time::show(row.at), printable(&row.event))
}

/// Which event it is by, and since when, for programs.
pub(super) fn since_json(row: &HistoryRow) -> Value {
    json!({
        "at": time::show(row.at),
        "event": row.event,
        "source": row.source.as_ref().map(SourceId::as_str),
        "revision": row.revision,
    })
}

#[cfg(test)]
mod tests;
