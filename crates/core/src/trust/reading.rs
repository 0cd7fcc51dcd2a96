//! A statement of IAM's grammar, as plans and audits read it.

use std::collections::{BTreeMap, BTreeSet};

use crate::code::GroupCode;
use crate::trust::allow::{Demand, SAML_AUDIENCE, Terms, code_of, group_key};
use crate::trust::document::Statement;
use crate::trust::meaning::Meaning;

/// What a statement says, by where it says it.
pub(super) struct Reading {
    says: BTreeMap<Vec<String>, BTreeSet<String>>,
    is_ours: bool,
}

impl Reading {
    /// Reads a statement; none if it is not of IAM's grammar.
    pub(super) fn of(statement: &Statement) -> Option<Self> {
        match statement.meaning() {
            Meaning::Plain(says) => Some(Self { says, is_ours: statement.is_ours() }),
            Meaning::Verbatim(_) => None,
        }
    }

    fn values(&self, place: &[&str]) -> Option<&BTreeSet<String>> {
        self.says.iter().find(|(known, _)| known.iter().map(String::as_str).eq(place.iter().copied())).map(|(_, v)| v)
    }

    fn condition(&self, operator: &str, key: &str) -> Option<&BTreeSet<String>> {
        self.values(&["Condition", &operator.to_ascii_lowercase(), &key.to_ascii_lowercase()])
    }

    /// All conditions: operator, key, values.
    fn conditions(&self) -> impl Iterator<Item = (&str, &str, &BTreeSet<String>)> {
        self.says.iter().filter_map(|(place, values)| match place.as_slice() {
            [condition, operator, key] if condition == "Condition" => Some((operator.as_str(), key.as_str(), values)),
            _ => None,
        })
    }

    fn has_effect(&self, effect: &str) -> bool {
        self.values(&["Effect"]).is_some_and(|effects| effects.contains(effect))
    }

    fn has_action(&self, action: &str) -> bool {
        let action = action.to_ascii_lowercase();
        let is_among = |patterns: &BTreeSet<String>| patterns.iter().any(|pattern| like(pattern, &action));
        self.values(&["Action"]).is_some_and(is_among)
            || self.values(&["NotAction"]).is_some_and(|others| !is_among(others))
    }

    /// Whether the statement may allow the assumption to sign-ins that come through a gate. A SAML
    /// provider is its app's alone, whatever the audience.
    pub(super) fn lets_in(&self, terms: &Terms) -> bool {
        self.has_effect("Allow")
            && terms.actions.first().is_some_and(|assume| self.is_about(terms, assume))
            && (terms.audience_key == SAML_AUDIENCE || !self.is_for_others(terms))
    }

    /// Whether the statement may allow an action to an app's sign-ins.
    pub(super) fn may_allow(&self, terms: &Terms, action: &str) -> bool {
        self.has_effect("Allow") && self.is_about(terms, action) && !self.is_for_others(terms)
    }

    /// Whether the statement may deny an action to an app's sign-ins.
    pub(super) fn may_deny(&self, terms: &Terms, action: &str) -> bool {
        self.has_effect("Deny") && self.is_about(terms, action) && !self.is_for_others(terms)
    }

    /// Whether there is any condition.
    pub(super) fn is_conditional(&self) -> bool {
        self.conditions().next().is_some()
    }

    /// Whether the statement for certain allows an action to those of an app's sign-ins that another
    /// statement lets in. What it demands must be what that one demands, or what every sign-in of the
    /// app has; or codes, if it is ours: whoever is offered the role has one of them.
    pub(super) fn allows_for(&self, terms: &Terms, action: &str, through: &Self) -> bool {
        let is_met = |(operator, key, values): (&str, &str, &BTreeSet<String>)| {
            let is_code = self.is_ours && operator == "stringlike" && key == group_key().to_ascii_lowercase();
            let by_other = through.condition(operator, key).is_some_and(|demanded| implies(operator, demanded, values));
            let by_gate = terms.always().any(|demand| {
                demand.operator.eq_ignore_ascii_case(operator)
                    && demand.key.eq_ignore_ascii_case(key)
                    && implies(operator, &demand.values, values)
            });
            is_code || by_other || by_gate
        };
        self.has_effect("Allow") && self.has_action(action) && self.names(terms) && self.conditions().all(is_met)
    }

    /// The codes by which the statement lets in sign-ins that come through a gate, as far as they can
    /// be read: those that are enclosed as ours are.
    pub(super) fn codes(&self, terms: &Terms) -> BTreeSet<GroupCode> {
        let is_its = self.has_effect("Allow")
            && terms.actions.first().is_some_and(|assume| self.has_action(assume))
            && self.names(terms)
            && self
                .condition("StringEquals", &terms.audience_key)
                .is_some_and(|audiences| !audiences.is_disjoint(terms.audiences.as_set()));
        let patterns = self.condition("StringLike", &group_key()).filter(|_| is_its);
        patterns.into_iter().flatten().filter_map(|pattern| code_of(pattern)).collect()
    }

    /// Whether the statement names every provider of a gate, or everybody, as IAM reads it.
    fn names(&self, terms: &Terms) -> bool {
        terms.principals.iter().all(|provider| {
            [(&["Principal"][..], "*"), (&["Principal", "AWS"], "*"), (&["Principal", "Federated"], provider)]
                .iter()
                .any(|(place, name)| self.values(place).is_some_and(|names| names.contains(*name)))
        })
    }

    /// Whether the statement may be about an action and a gate's providers.
    fn is_about(&self, terms: &Terms, action: &str) -> bool {
        self.has_action(action) && terms.principals.iter().any(|principal| self.may_name(principal))
    }

    fn may_name(&self, provider: &str) -> bool {
        let mut excepted = None;
        for (place, values) in &self.says {
            match place.first().map(String::as_str) {
                Some("Principal") if values.iter().any(|name| like(name, provider)) => return true,
                Some("NotPrincipal") => excepted = Some(excepted == Some(true) || values.contains(provider)),
                _ => {}
            }
        }
        excepted == Some(false)
    }

    /// Whether the statement demands audiences, none of them the gate's, as that of another client of
    /// one issuer does. What an empty list demands is not documented.
    fn is_for_others(&self, terms: &Terms) -> bool {
        self.condition("StringEquals", &terms.audience_key).is_some_and(|demanded| {
            !demanded.is_empty()
                && demanded.is_disjoint(terms.audiences.as_set())
                && !demanded.iter().any(|value| value.contains("${"))
        })
    }

    /// Whether the statement demands as much, or more.
    pub(super) fn demands(&self, demand: &Demand) -> bool {
        self.condition(demand.operator, &demand.key)
            .is_some_and(|demanded| !demanded.is_empty() && demanded.is_subset(&demand.values))
    }
}

/// Whether a request of which some values hold under an operator also has others hold under it.
fn implies(operator: &str, holding: &BTreeSet<String>, others: &BTreeSet<String>) -> bool {
    // Of several values one is enough, but for operators that negate.
    let is_any = matches!(
        operator,
        "stringequals" | "stringlike" | "foranyvalue:stringequals" | "foranyvalue:stringlike" | "bool"
    );
    !holding.is_empty() && (holding == others || (is_any && holding.is_subset(others)))
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
mod tests {
    use super::*;

    #[test]
    fn patterns_of_actions_are_iams() {
        for (pattern, value, fits) in [
            ("*", "", true),
            ("a*c", "abbc", true),
            ("a?c", "abc", true),
            ("a?c", "ac", false),
            ("a*b*c", "acb", false),
            ("", "", true),
            ("", "a", false),
        ] {
            assert_eq!(like(pattern, value), fits, "`{pattern}` on `{value}`");
        }
        assert!(!like(&"*a".repeat(1_000), &"a".repeat(999)));
    }
}
