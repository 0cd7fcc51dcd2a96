//! Reading the tree, all mistakes at once: a reader that finds one notes it and goes on.

use std::collections::BTreeMap;
use std::fmt;

use super::Entitlements;
use super::node::{At, Node, Value};
use super::problem::Problem;
use crate::text::printable;

/// What was found so far.
#[derive(Debug, Default)]
pub(super) struct Report {
    errors: Vec<Problem>,
    warnings: Vec<Problem>,
}

impl Report {
    pub(super) fn error(&mut self, at: At, path: &str, what: &str) {
        self.errors.push(Problem::new(at.line, at.column, path, what));
    }

    pub(super) fn warning(&mut self, at: At, path: &str, what: &str) {
        self.warnings.push(Problem::new(at.line, at.column, path, what));
    }

    /// The value, or a mistake where it is.
    pub(super) fn parsed<T>(&mut self, field: &Field<'_>, result: Result<T, impl fmt::Display>) -> Option<T> {
        result.map_err(|error| self.error(field.node.at, &field.path, &error.to_string())).ok()
    }

    /// What the file states, with its warnings; or all mistakes.
    pub(super) fn finish(mut self, found: Option<Entitlements>) -> Result<Entitlements, Vec<Problem>> {
        self.errors.sort();
        self.warnings.sort();
        match found {
            Some(found) if self.errors.is_empty() => Ok(Entitlements { warnings: self.warnings, ..found }),
            // INVARIANT: whoever returns nothing has noted a mistake. Were that ever wrong, the
            // file would still not be taken.
            _ if self.errors.is_empty() => Err(vec![Problem::new(1, 1, "", "cannot be read")]),
            _ => Err(self.errors),
        }
    }
}

/// A value, and the name it goes by in messages.
#[derive(Debug, Clone)]
pub(super) struct Field<'n> {
    pub(super) node: &'n Node,
    pub(super) path: String,
}

impl<'n> Field<'n> {
    /// A text, in the spelling of the file.
    pub(super) fn text(&self, report: &mut Report) -> Option<&'n str> {
        match &self.node.value {
            Value::Text(text) | Value::Number(text) | Value::Flag(_, text) => Some(text),
            other => self.expected("a text", other, report),
        }
    }

    /// A text of 1 to `most` characters, none of them a control character.
    pub(super) fn name(&self, most: usize, report: &mut Report) -> Option<&'n str> {
        let text = self.text(report)?;
        let what = if text.is_empty() {
            "is empty".to_owned()
        } else if text.chars().count() > most {
            format!("is longer than {most} characters")
        } else if let Some(c) = text.chars().find(|c| c.is_control()) {
            format!("has the control character `{}`", c.escape_default())
        } else {
            return Some(text);
        };
        report.error(self.node.at, &self.path, &what);
        None
    }

    /// A truth value.
    pub(super) fn flag(&self, report: &mut Report) -> Option<bool> {
        match &self.node.value {
            Value::Flag(flag, _) => Some(*flag),
            other => self.expected("`true` or `false`", other, report),
        }
    }

    /// A whole number, not negative, in decimal digits.
    pub(super) fn number(&self, report: &mut Report) -> Option<u64> {
        match &self.node.value {
            Value::Number(digits) if digits.bytes().all(|b| b.is_ascii_digit()) => {
                report.parsed(self, digits.parse::<u64>().map_err(|_| format!("`{digits}` is too large")))
            }
            Value::Number(other) => {
                report.error(self.node.at, &self.path, &format!("`{other}` is not a whole number"));
                None
            }
            other => self.expected("a number", other, report),
        }
    }

    /// A list's items.
    pub(super) fn list(&self, report: &mut Report) -> Option<Vec<Field<'n>>> {
        match &self.node.value {
            Value::List(items) => Some(
                items
                    .iter()
                    .enumerate()
                    .map(|(index, node)| Field { node, path: format!("{}[{index}]", self.path) })
                    .collect(),
            ),
            other => self.expected("a list", other, report),
        }
    }

    /// A map's entries. A key that is there twice, or is no text, is a mistake; the entry of a
    /// doubled key that is read is the first.
    pub(super) fn map(&self, report: &mut Report) -> Option<Vec<(&'n str, Field<'n>)>> {
        let Value::Map(pairs) = &self.node.value else {
            return self.expected("a map", &self.node.value, report);
        };
        let mut seen = BTreeMap::new();
        let mut entries = Vec::new();
        for (key, node) in pairs {
            let (Value::Text(name) | Value::Number(name) | Value::Flag(_, name)) = &key.value else {
                let what = format!("a field's name is expected, and there is {}", key.value.kind());
                report.error(key.at, &self.path, &what);
                continue;
            };
            let path =
                if self.path.is_empty() { printable(name) } else { format!("{}.{}", self.path, printable(name)) };
            if let Some(first) = seen.insert(name.as_str(), key.at.line) {
                report.error(key.at, &path, &format!("is there twice, first in line {first}"));
            } else {
                entries.push((name.as_str(), Field { node, path }));
            }
        }
        Some(entries)
    }

    fn expected<T>(&self, expected: &str, found: &Value, report: &mut Report) -> Option<T> {
        let what = format!("{expected} is expected, and there is {}", found.kind());
        report.error(self.node.at, &self.path, &what);
        None
    }
}

/// A map whose keys are known.
#[derive(Debug)]
pub(super) struct Fields<'n> {
    at: At,
    path: String,
    entries: Vec<(&'n str, Field<'n>)>,
}

impl<'n> Fields<'n> {
    /// Reads a map. A key that is not among `known` is a mistake.
    pub(super) fn read(node: &'n Node, path: &str, known: &[&str], report: &mut Report) -> Option<Self> {
        let this = Field { node, path: path.to_owned() };
        let entries = this.map(report)?;
        for (name, field) in &entries {
            if !known.contains(name) {
                let hint = match likely(name, known) {
                    Some(meant) => format!("did you mean `{meant}`?"),
                    None => format!("known are {}", known.join(", ")),
                };
                report.error(key_at(node, name).unwrap_or(field.node.at), &field.path, &format!("is unknown: {hint}"));
            }
        }
        Some(Self { at: node.at, path: path.to_owned(), entries })
    }

    pub(super) fn get(&self, name: &str) -> Option<Field<'n>> {
        self.entries.iter().find(|(key, _)| *key == name).map(|(_, field)| field.clone())
    }

    /// A field that must be there; `hint` says what to do where it is not.
    pub(super) fn required(&self, name: &str, hint: &str, report: &mut Report) -> Option<Field<'n>> {
        let found = self.get(name);
        if found.is_none() {
            let path = if self.path.is_empty() { name.to_owned() } else { format!("{}.{name}", self.path) };
            report.error(self.at, &path, &format!("is missing: {hint}"));
        }
        found
    }
}

fn key_at(map: &Node, name: &str) -> Option<At> {
    let Value::Map(pairs) = &map.value else { return None };
    pairs.iter().find(|(key, _)| matches!(&key.value, Value::Text(text) if text == name)).map(|(key, _)| key.at)
}

/// The known name that an unknown one is likely to mean: at most two letters differ.
fn likely<'k>(name: &str, known: &[&'k str]) -> Option<&'k str> {
    let folded = name.to_lowercase().replace('-', "_");
    let best = known.iter().map(|candidate| (distance(&folded, candidate), *candidate)).min()?;
    let allowed = if best.1.chars().count() > 4 { 2 } else { 1 };
    (best.0 <= allowed).then_some(best.1)
}

/// How many letters have to be added, removed or changed to make one word of the other.
fn distance(a: &str, b: &str) -> usize {
    let mut row: Vec<usize> = (0..=b.chars().count()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut next = vec![i + 1];
        let (mut diagonal, mut left) = (i, i + 1);
        for (y, above) in b.chars().zip(row.iter().skip(1)) {
            let cost = (diagonal + usize::from(x != y)).min(left + 1).min(above + 1);
            next.push(cost);
            (diagonal, left) = (*above, cost);
        }
        row = next;
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod word_tests {
    use super::*;

    #[test]
    fn likely_words() {
        let known = ["when_unentitled", "provider", "id", "name", "groups"];
        assert_eq!(likely("when-unentitled", &known), Some("when_unentitled"));
        assert_eq!(likely("Providr", &known), Some("provider"));
        assert_eq!(likely("group", &known), Some("groups"));
        assert_eq!(likely("x", &known), None);
        assert_eq!(likely("roles", &known), None);
        assert_eq!(distance("", "abc"), 3);
        assert_eq!(distance("kitten", "sitting"), 3);
    }
}
