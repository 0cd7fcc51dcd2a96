//! Sessions that share an assertion or a decision.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::ptr;

use super::session::Session;

/// How many other sessions are shown of one, at most: a token may open any number within its hour.
const MAX_SHOWN: usize = 20;

/// An assertion: the name of its provider, which is the same in every account, and its id.
type Assertion<'s> = (&'s str, &'s str);

/// The sessions of records, by what they share.
#[derive(Debug, Clone, Default)]
pub struct Uses<'s> {
    by_assertion: BTreeMap<Assertion<'s>, Vec<&'s Session>>,
    by_decision: BTreeMap<&'s str, OfDecision<'s>>,
}

#[derive(Debug, Clone, Default)]
struct OfDecision<'s> {
    sessions: Vec<&'s Session>,
    assertions: BTreeSet<Assertion<'s>>,
}

/// What a session shares with others.
#[derive(Debug, Clone, Default)]
pub struct Shared<'s> {
    /// The sessions that its assertion opened, itself among them, the earliest first.
    pub by_assertion: &'s [&'s Session],
    /// How many assertions carry its decision.
    pub assertions: usize,
}

/// Other sessions that a session's assertion opened, or that carry its decision.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Also {
    /// As many as are shown.
    pub sessions: Vec<Session>,
    /// How many more there are.
    pub left_out: usize,
}

impl<'s> Uses<'s> {
    /// Of sessions, the earliest first.
    #[must_use]
    pub fn of(sessions: &'s [Session]) -> Self {
        let mut uses = Self::default();
        for session in sessions {
            let assertion = assertion(session);
            if let Some(assertion) = assertion {
                uses.by_assertion.entry(assertion).or_default().push(session);
            }
            if let Some(decision) = session.decision.as_deref() {
                let of_decision = uses.by_decision.entry(decision).or_default();
                of_decision.sessions.push(session);
                of_decision.assertions.extend(assertion);
            }
        }
        uses
    }

    /// What a session shares with others.
    #[must_use]
    pub fn shared<'a>(&'a self, session: &'a Session) -> Shared<'a> {
        Shared {
            by_assertion: assertion(session).and_then(|one| self.by_assertion.get(&one)).map_or(&[], Vec::as_slice),
            assertions: self.of_decision(session).map_or(0, |one| one.assertions.len()),
        }
    }

    /// The other sessions of its assertion, and then those of its decision.
    #[must_use]
    pub fn also(&self, session: &Session) -> Also {
        let by_assertion = self.shared(session).by_assertion;
        let of_decision = self.of_decision(session).map(|one| one.sessions.as_slice()).unwrap_or_default();
        let is_new = |other: &&&Session| assertion(other).is_none() || assertion(other) != assertion(session);
        let all = by_assertion.iter().chain(of_decision.iter().filter(is_new));
        let mut others = all.filter(|other| !ptr::eq(**other, session));
        let sessions: Vec<Session> = others.by_ref().take(MAX_SHOWN).map(|other| (*other).clone()).collect();
        Also { sessions, left_out: others.count() }
    }

    fn of_decision(&self, session: &Session) -> Option<&OfDecision<'s>> {
        self.by_decision.get(session.decision.as_deref()?)
    }
}

fn assertion(session: &Session) -> Option<Assertion<'_>> {
    Some((session.provider_name().unwrap_or_default(), session.assertion.as_deref()?))
}

/// Another session of the same assertion that is not by the same assertion after all, and in what the two differ.
/// An assertion says one thing, whatever roles it opens; its id is whatever its issuer writes into it. What one of
/// two records leaves out is not compared.
#[must_use]
pub fn differing<'s>(session: &Session, others: &[&'s Session]) -> Option<(&'s Session, Vec<&'static str>)> {
    let differ = |other: &Session| {
        let said = |one: &Option<String>, two: &Option<String>| one.is_some() && two.is_some() && one != two;
        let all = [
            ("tags", session.tags != other.tags),
            ("transitive tags", session.transitive != other.transitive),
            ("source identity", session.source_identity != other.source_identity),
            ("name", session.name != other.name),
            ("subject", said(&session.subject, &other.subject)),
            ("audience", said(&session.audience, &other.audience)),
        ];
        all.into_iter().filter(|(_, differ)| *differ).map(|(what, _)| what).collect::<Vec<_>>()
    };
    others.iter().map(|other| (*other, differ(other))).find(|(_, what)| !what.is_empty())
}

/// Whether an assertion was used from elsewhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Elsewhere<'s> {
    /// All its uses came from one address, or there is one use.
    No,
    /// This use came from another address.
    Yes(&'s Session),
    /// The address of this use, or of the session itself, is none that can be compared.
    Unknown(&'s Session),
}

/// Whether other sessions came from another address than one did. Only addresses of IP can be compared: where a
/// service of AWS makes the call for a person, records have its name in their place.
#[must_use]
pub fn elsewhere<'s>(session: &Session, others: &[&'s Session]) -> Elsewhere<'s> {
    let mut found = Elsewhere::No;
    let own = address(session);
    for other in others.iter().copied().filter(|other| !ptr::eq(*other, session)) {
        match (own, address(other)) {
            (Some(own), Some(other_address)) if own != other_address => return Elsewhere::Yes(other),
            (Some(_), Some(_)) => {}
            _ if found == Elsewhere::No => found = Elsewhere::Unknown(other),
            _ => {}
        }
    }
    found
}

fn address(session: &Session) -> Option<IpAddr> {
    session.address.as_deref()?.parse::<IpAddr>().ok().map(|address| address.to_canonical())
}

#[cfg(test)]
mod tests;
