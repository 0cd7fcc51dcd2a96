//! Role sessions, with the decisions that they come from.

use std::fmt::Write as _;

use serde_json::{Value, json};
use signet_core::code::GroupCode;
use signet_store::lookup::CodeOwner;

use super::explain::{since_json, since_text};
use super::plan::{grant_json, grant_text};
use crate::text::{columns, count, group, printable};
use crate::time;
use crate::trace::calls::Counts;
use crate::trace::judge::{Judged, seconds_between};
use crate::trace::logged::Logged;
use crate::trace::made::{Granted, Made};
use crate::trace::session::Session;
use crate::trace::uses::Also;

/// A session with all that is known of where it comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chain {
    /// The session.
    pub session: Session,
    /// Its decision; none if the log has none of it, or several.
    pub logged: Option<Logged>,
    /// What the history says of the decision.
    pub made: Option<Made>,
    /// What it was found to be.
    pub judged: Judged,
    /// The codes of its `GroupHash`, with the groups that own them now.
    pub codes: Vec<(GroupCode, Option<CodeOwner>)>,
    /// What was done in it, as far as the records show: calls with how often.
    pub calls: Counts,
    /// The other sessions of its assertion and its decision.
    pub also: Also,
}

impl Chain {
    fn verdict(&self) -> &'static str {
        if !self.judged.findings.is_empty() {
            "wrong"
        } else if self.judged.is_in_order() {
            "in_order"
        } else {
            "not_proven"
        }
    }

    fn granted(&self) -> &[Granted] {
        self.made.as_ref().map(|made| made.granted.as_slice()).unwrap_or_default()
    }
}

/// All sessions of some records.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Traced {
    /// Those that Signet is to have decided about, the earliest first.
    pub chains: Vec<Chain>,
    /// How many others there are.
    pub others: usize,
    /// How many calls AWS refused.
    pub refused: usize,
}

impl Traced {
    /// Whether something is wrong with any session.
    #[must_use]
    pub fn has_findings(&self) -> bool {
        self.chains.iter().any(|chain| !chain.judged.findings.is_empty())
    }

    fn shown(&self, findings_only: bool) -> impl Iterator<Item = &Chain> {
        self.chains.iter().filter(move |chain| !findings_only || !chain.judged.findings.is_empty())
    }

    fn number(&self, verdict: &str) -> usize {
        self.chains.iter().filter(|chain| chain.verdict() == verdict).count()
    }
}

/// Sessions for people, each with its chain, and how many of which kind there are.
#[must_use]
pub fn text(traced: &Traced, findings_only: bool) -> String {
    let mut text = String::new();
    for chain in traced.shown(findings_only) {
        write_chain(&mut text, chain);
        text.push('\n');
    }
    let [order, wrong, open] = ["in_order", "wrong", "not_proven"].map(|verdict| traced.number(verdict));
    let all = count(traced.chains.len(), "session");
    let _ = writeln!(text, "{all}: {order} in order, {wrong} with findings, {open} of which something cannot be told.");
    if traced.others > 0 {
        let _ = writeln!(text, "{} of other providers and roles.", count(traced.others, "session"));
    }
    if traced.refused > 0 {
        let _ = writeln!(text, "{} refused by AWS.", count(traced.refused, "call"));
    }
    text
}

fn write_chain(text: &mut String, chain: &Chain) {
    let Chain { session, logged, made, judged, codes, calls, also } = chain;
    let shown = |value: Option<&String>| value.map_or_else(|| "-".to_owned(), |value| printable(value));
    let _ = writeln!(text, "{}  {}", time::show(session.at), printable(&session.role));
    let address = session.address.as_ref().map(|address| format!(", from {}", printable(address)));
    let address = address.unwrap_or_default();
    let by = session.way.event_name();
    let who = format!("{}, named {}{address}", shown(session.source_identity.as_ref()), shown(session.name.as_ref()));
    let mut rows = vec![
        ("Session", format!("{who}, by {by}")),
        ("Record", printable(&session.event)),
        ("Provider", shown(session.provider.as_ref())),
    ];
    rows.extend(session.assertion.as_ref().map(|id| ("Assertion", printable(id))));
    let decision = match logged {
        None => shown(session.decision.as_ref()),
        Some(logged) => {
            let when = match seconds_between(logged.at, session.at) {
                after @ 0.. => format!("{after} s before"),
                before => format!("{} s after", before.saturating_neg()),
            };
            format!("{}  at {}, {when}", printable(&logged.id), time::show(logged.at))
        }
    };
    rows.push(("Decision", decision));
    if let Some(logged) = logged {
        let user = logged.user.as_ref().map(|user| format!(" ({})", printable(user))).unwrap_or_default();
        rows.push(("Person", format!("{}{user}", shown(logged.source_identity.as_ref()))));
        let name = made.as_ref().and_then(Made::app).and_then(|app| app.name.as_deref());
        let name = name.map(|name| format!("{} ", printable(name))).unwrap_or_default();
        rows.push(("App", format!("{name}({}), {}", shown(logged.app.as_ref()), printable(&logged.protocol))));
    }
    for (code, owner) in codes {
        let owner =
            owner.as_ref().map_or_else(|| "nobody's".to_owned(), |owner| group(&owner.group, owner.label.as_deref()));
        rows.push(("Code", format!("{code}  {owner}")));
    }
    rows.extend(also.sessions.iter().map(|other| ("Also opened", other_text(other))));
    if also.left_out > 0 {
        rows.push(("Also opened", format!("{} more", also.left_out)));
    }
    let rows: Vec<_> = rows.into_iter().map(|(field, value)| vec![field.to_owned(), value]).collect();
    text.push_str(&columns("  ", &rows));
    for granted in chain.granted() {
        let name = group(&granted.group, granted.label.as_deref());
        let since = granted.since.as_ref().map(|row| format!(", {}", since_text(row))).unwrap_or_default();
        let _ = writeln!(text, "  By {name}  [{}]", granted.code);
        let _ = writeln!(text, "       {}  by {}{since}", grant_text(&granted.grant), granted.source);
    }
    for (call, number) in calls {
        let _ = writeln!(text, "  Did {}  {number}", printable(call));
    }
    for finding in &judged.findings {
        let _ = writeln!(text, "  FINDING  {}: {}", finding.kind.as_str(), printable(&finding.text));
    }
    for untold in &judged.untold {
        let _ = writeln!(text, "  CANNOT TELL  {}: {}", untold.what, printable(&untold.why));
    }
    if judged.is_in_order() {
        text.push_str("  In order: person, role, codes and app are the decision's.\n");
    }
}

/// Another session of the same assertion or decision.
fn other_text(other: &Session) -> String {
    let shown = |value: Option<&String>| value.map_or_else(|| "-".to_owned(), |value| printable(value));
    let from = shown(other.address.as_ref());
    format!("{}  at {}, from {from}, record {}", printable(&other.role), time::show(other.at), printable(&other.event))
}

/// Sessions for programs.
#[must_use]
pub fn json(traced: &Traced, findings_only: bool) -> Value {
    json!({
        "sessions": traced.shown(findings_only).map(chain_json).collect::<Vec<_>>(),
        "totals": {
            "sessions": traced.chains.len(),
            "in_order": traced.number("in_order"),
            "wrong": traced.number("wrong"),
            "not_proven": traced.number("not_proven"),
            "others": traced.others,
            "refused": traced.refused,
        },
    })
}

fn chain_json(chain: &Chain) -> Value {
    let Chain { session, logged, made, judged, codes, calls, also } = chain;
    let decision = logged.as_ref().map(|logged| {
        json!({
            "id": logged.id,
            "at": time::show(logged.at),
            "protocol": logged.protocol,
            "app": logged.app,
            "app_name": made.as_ref().and_then(Made::app).and_then(|app| app.name.as_deref()),
            "user": logged.user,
            "source_identity": logged.source_identity,
            "outcome": logged.outcome,
            "seconds_before": seconds_between(logged.at, session.at),
        })
    });
    let code = |(code, owner): &(GroupCode, Option<CodeOwner>)| {
        let group = owner.as_ref().map(|owner| owner.group.as_str());
        json!({ "code": code.as_str(), "group": group, "label": owner.as_ref().and_then(|owner| owner.label.as_deref()) })
    };
    let other = |other: &Session| {
        json!({
            "event": other.event,
            "at": time::show(other.at),
            "role": other.role,
            "assertion": other.assertion,
            "address": other.address,
        })
    };
    json!({
        "event": session.event,
        "at": time::show(session.at),
        "call": session.way.event_name(),
        "role": session.role,
        "session_name": session.name,
        "source_identity": session.source_identity,
        "provider": session.provider,
        "audience": session.audience,
        "assertion": session.assertion,
        "address": session.address,
        "access_key": session.access_key,
        "decision_id": session.decision,
        "decision": decision,
        "codes": codes.iter().map(code).collect::<Vec<_>>(),
        "granted_by": chain.granted().iter().map(granted_json).collect::<Vec<_>>(),
        "calls": calls,
        "also_opened": also.sessions.iter().map(other).collect::<Vec<_>>(),
        "also_opened_left_out": also.left_out,
        "verdict": chain.verdict(),
        "findings": judged.findings.iter()
            .map(|finding| json!({ "kind": finding.kind.as_str(), "text": finding.text })).collect::<Vec<_>>(),
        "cannot_tell": judged.untold.iter()
            .map(|untold| json!({ "what": untold.what, "why": untold.why })).collect::<Vec<_>>(),
    })
}

fn granted_json(granted: &Granted) -> Value {
    let mut value = grant_json(&granted.grant);
    if let Some(members) = value.as_object_mut() {
        members.insert("group".to_owned(), json!(granted.group.as_str()));
        members.insert("label".to_owned(), json!(granted.label));
        members.insert("code".to_owned(), json!(granted.code));
        members.insert("source".to_owned(), json!(granted.source.as_str()));
        members.insert("since".to_owned(), granted.since.as_ref().map(since_json).unwrap_or_default());
    }
    value
}
