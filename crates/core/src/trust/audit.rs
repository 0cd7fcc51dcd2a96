//! What the rest of a trust policy does to ours: statements of others that let a provider of ours in
//! more widely, and roles that would refuse sign-ins with tags.
//!
//! Where a statement cannot be read for certain, it is reported: an audit that misses one is worse
//! than one that asks to look twice. Deny statements are not set off against what others allow.

use std::collections::{BTreeMap, BTreeSet};

use crate::app::AppId;
use crate::role::RoleArn;
use crate::trust::allow::{SAML_AUDIENCE, Terms};
use crate::trust::document::{Document, Statement};
use crate::trust::gate::Gate;
use crate::trust::grants::Codes;
use crate::trust::meaning::Meaning;

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

/// An app whose sign-ins a role lets in without tags, and would refuse with them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotReady {
    /// The app.
    pub app: AppId,
    /// The actions that the role does not allow the app's provider.
    pub lacks: BTreeSet<&'static str>,
}

/// The statements of others in a role's trust policy that let in more of an app's sign-ins than ours
/// would for the codes granted to it.
#[must_use]
pub fn wider(document: &Document, role: &RoleArn, gates: &BTreeMap<AppId, Gate>, codes: &Codes) -> Vec<Wider> {
    let mut found = Vec::new();
    for statement in document.foreign() {
        for (app, gate) in gates {
            let terms = Terms::new(gate, role);
            let granted = codes.get(app).cloned().unwrap_or_default();
            let lacks = match Reading::of(statement) {
                None => Vec::new(),
                Some(reading) if !reading.lets_in(&terms) => continue,
                Some(reading) => terms
                    .demands(&granted)
                    .iter()
                    .filter(|demand| !reading.demands(demand.operator, &demand.key, &demand.values))
                    .map(|demand| demand.key.clone())
                    .collect(),
            };
            if Reading::of(statement).is_none() || !lacks.is_empty() {
                found.push(Wider { app: app.clone(), statement: statement.render(), lacks });
            }
        }
    }
    found
}

/// The apps whose sign-ins a role lets in, by any statement, without allowing that they carry tags or
/// a source identity: once the app sends them, every sign-in to the role would fail.
#[must_use]
pub fn not_ready(document: &Document, role: &RoleArn, gates: &BTreeMap<AppId, Gate>) -> Vec<NotReady> {
    let readings: Vec<Reading> = document.statements().filter_map(Reading::of).collect();
    let mut found = Vec::new();
    for (app, gate) in gates {
        let terms = Terms::new(gate, role);
        if !readings.iter().any(|reading| reading.lets_in(&terms)) {
            continue;
        }
        let allows = |action: &str| {
            readings.iter().any(|reading| reading.allows(&terms, action))
                && !readings.iter().any(|reading| reading.denies(&terms, action))
        };
        let lacks: BTreeSet<_> = terms.carries.iter().filter(|action| !allows(action)).copied().collect();
        if !lacks.is_empty() {
            found.push(NotReady { app: app.clone(), lacks });
        }
    }
    found
}

/// Whether any statement of a trust policy, ours or not, names a provider: one that is still named
/// must not be deleted, since whoever creates another of its name inherits the trust.
#[must_use]
pub fn names_provider(document: &Document, provider: &str) -> bool {
    document.statements().any(|statement| match statement.meaning() {
        Meaning::Plain(says) => says.iter().any(|(place, values)| {
            let is_principal = place.first().is_some_and(|first| first == "Principal" || first == "NotPrincipal");
            is_principal && values.contains(provider)
        }),
        Meaning::Verbatim(text) => text.contains(provider),
    })
}

/// A statement of IAM's grammar.
struct Reading(BTreeMap<Vec<String>, BTreeSet<String>>);

impl Reading {
    fn of(statement: &Statement) -> Option<Self> {
        match statement.meaning() {
            Meaning::Plain(says) => Some(Self(says)),
            Meaning::Verbatim(_) => None,
        }
    }

    fn values(&self, place: &[&str]) -> Option<&BTreeSet<String>> {
        self.0.iter().find(|(known, _)| known.iter().map(String::as_str).eq(place.iter().copied())).map(|(_, v)| v)
    }

    fn has_effect(&self, effect: &str) -> bool {
        self.values(&["Effect"]).is_some_and(|effects| effects.contains(effect))
    }

    /// Whether the statement allows the assumption to sign-ins that the terms could be about.
    fn lets_in(&self, terms: &Terms) -> bool {
        terms.actions.first().is_some_and(|assume| self.allows(terms, assume))
    }

    fn allows(&self, terms: &Terms, action: &str) -> bool {
        self.has_effect("Allow") && self.is_about(terms, action) && self.fits_audience(terms)
    }

    /// Whether the statement denies, whatever the conditions.
    fn denies(&self, terms: &Terms, action: &str) -> bool {
        let is_conditional = self.0.keys().any(|place| place.first().is_some_and(|first| first == "Condition"));
        self.has_effect("Deny") && !is_conditional && self.is_about(terms, action)
    }

    fn is_about(&self, terms: &Terms, action: &str) -> bool {
        let action = action.to_ascii_lowercase();
        let is_among = |patterns: &BTreeSet<String>| patterns.iter().any(|pattern| like(pattern, &action));
        let has_action = self.values(&["Action"]).is_some_and(is_among)
            || self.values(&["NotAction"]).is_some_and(|others| !is_among(others));
        has_action && terms.principals.iter().any(|principal| self.is_for(principal))
    }

    fn is_for(&self, provider: &str) -> bool {
        let mut excepted = None;
        for (place, values) in &self.0 {
            match place.first().map(String::as_str) {
                Some("Principal") if values.iter().any(|name| like(name, provider)) => return true,
                Some("NotPrincipal") => excepted = Some(excepted == Some(true) || values.contains(provider)),
                _ => {}
            }
        }
        excepted == Some(false)
    }

    /// Whether the statement could be about the terms' audience: not if it demands others, as that of
    /// another client of one issuer does. A SAML provider is its app's alone, whatever the audience.
    fn fits_audience(&self, terms: &Terms) -> bool {
        let demanded = self.values(&["Condition", "stringequals", &terms.audience_key.to_ascii_lowercase()]);
        let is_other = |demanded: &BTreeSet<String>| {
            demanded.is_disjoint(terms.audiences.as_set()) && !demanded.iter().any(|value| value.contains("${"))
        };
        terms.audience_key == SAML_AUDIENCE || !demanded.is_some_and(is_other)
    }

    /// Whether the statement demands one of some values, or fewer.
    fn demands(&self, operator: &str, key: &str, values: &BTreeSet<String>) -> bool {
        let place = ["Condition", &operator.to_ascii_lowercase(), &key.to_ascii_lowercase()];
        self.values(&place).is_some_and(|demanded| !demanded.is_empty() && demanded.is_subset(values))
    }
}

/// Whether a value fits a whole pattern: `*` is any number of characters, `?` one. The work is the
/// product of the lengths, whatever the pattern.
fn like(pattern: &str, value: &str) -> bool {
    let chars: Vec<char> = value.chars().collect();
    // For each number of characters of the value: whether the pattern so far fits them.
    let mut fits: Vec<bool> = std::iter::once(true).chain(chars.iter().map(|_| false)).collect();
    for wanted in pattern.chars() {
        fits = if wanted == '*' {
            fits.iter()
                .scan(false, |seen, fit| {
                    *seen |= fit;
                    Some(*seen)
                })
                .collect()
        } else {
            let one = fits.iter().zip(&chars).map(|(fit, c)| *fit && (wanted == '?' || wanted == *c));
            std::iter::once(false).chain(one).collect()
        };
    }
    fits.last() == Some(&true)
}

#[cfg(test)]
mod tests;
