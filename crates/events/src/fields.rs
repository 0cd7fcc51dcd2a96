//! Reading the tree, all problems at once: a reader that finds one notes it and goes on.

use std::collections::HashSet;
use std::fmt;

use signet_json::Json;

use crate::problem::{Problem, shown};

/// What was found so far.
#[derive(Debug, Default)]
pub(crate) struct Report {
    errors: Vec<Problem>,
    warnings: Vec<Problem>,
}

impl Report {
    pub(crate) fn error(&mut self, place: &str, what: impl Into<String>) {
        self.errors.push(Problem { place: place.to_owned(), what: what.into() });
    }

    pub(crate) fn warning(&mut self, place: &str, what: impl Into<String>) {
        self.warnings.push(Problem { place: place.to_owned(), what: what.into() });
    }

    /// What was read, with the warnings; or all problems.
    pub(crate) fn finish<T>(self, found: Option<T>) -> Result<(T, Vec<Problem>), Vec<Problem>> {
        match found {
            Some(found) if self.errors.is_empty() => Ok((found, self.warnings)),
            // INVARIANT: whoever returns nothing has noted a problem. Were that ever wrong, the
            // event would still not be taken.
            _ if self.errors.is_empty() => {
                Err(vec![Problem { place: String::new(), what: "cannot be read".to_owned() }])
            }
            _ => Err(self.errors),
        }
    }
}

/// A value, and where it is.
#[derive(Debug, Clone)]
pub(crate) struct Field<'j> {
    pub(crate) value: &'j Json,
    pub(crate) place: String,
}

impl<'j> Field<'j> {
    /// The whole document.
    pub(crate) fn root(value: &'j Json) -> Self {
        Self { value, place: String::new() }
    }

    /// Any string.
    pub(crate) fn text(&self, report: &mut Report) -> Option<&'j str> {
        match self.value {
            Json::String(text) => Some(text),
            other => self.expected("a string", other, report),
        }
    }

    /// A string of 1 to `most` characters, none of them a control character.
    pub(crate) fn name(&self, most: usize, report: &mut Report) -> Option<&'j str> {
        let text = self.text(report)?;
        let why = if text.is_empty() {
            "is empty".to_owned()
        } else if text.chars().nth(most).is_some() {
            format!("`{}` is longer than {most} characters", shown(text))
        } else if text.chars().any(char::is_control) {
            format!("`{}` has a control character", shown(text))
        } else {
            return Some(text);
        };
        report.error(&self.place, why);
        None
    }

    /// A string that a type reads.
    pub(crate) fn word<T, E: fmt::Display>(
        &self,
        parse: impl FnOnce(&str) -> Result<T, E>,
        report: &mut Report,
    ) -> Option<T> {
        let text = self.text(report)?;
        parse(text).map_err(|error| report.error(&self.place, error.to_string())).ok()
    }

    /// The elements of an array.
    pub(crate) fn list(&self, report: &mut Report) -> Option<Vec<Field<'j>>> {
        let Json::Array(elements) = self.value else {
            return self.expected("an array", self.value, report);
        };
        let field = |(index, value)| Field { value, place: format!("{}/{index}", self.place) };
        Some(elements.iter().enumerate().map(field).collect())
    }

    /// Notes that something else is expected.
    pub(crate) fn expected<T>(&self, expected: &str, found: &Json, report: &mut Report) -> Option<T> {
        report.error(&self.place, format!("{expected} is expected, and there is {}", described(found)));
        None
    }
}

/// The members of an object. Of a doubled member, which is a problem, the first is read.
#[derive(Debug)]
pub(crate) struct Fields<'j> {
    place: String,
    members: Vec<(&'j str, Field<'j>)>,
}

impl<'j> Fields<'j> {
    /// Reads an object that may have members of any name. A member that is null is not set: so
    /// says the JSON format of CloudEvents, and nothing in an envelope opens anything by its
    /// absence.
    pub(crate) fn open(field: &Field<'j>, report: &mut Report) -> Option<Self> {
        let mut fields = Self::read(field, report)?;
        fields.members.retain(|(_, field)| !matches!(field.value, Json::Null));
        Some(fields)
    }

    /// Reads an object whose members are known. Any other one is a problem: a misspelt
    /// `expires_at` must not make a grant eternal. So is one that is null where a value is
    /// expected.
    pub(crate) fn closed(field: &Field<'j>, known: &[&str], report: &mut Report) -> Option<Self> {
        let fields = Self::read(field, report)?;
        for (name, field) in &fields.members {
            if !known.contains(name) {
                report.error(&field.place, format!("is unknown: known are `{}`", known.join("`, `")));
            }
        }
        Some(fields)
    }

    fn read(field: &Field<'j>, report: &mut Report) -> Option<Self> {
        let Json::Object(pairs) = field.value else {
            return field.expected("an object", field.value, report);
        };
        let mut seen = HashSet::new();
        let mut members = Vec::new();
        for (name, value) in pairs {
            let place = format!("{}/{}", field.place, shown(&name.replace('~', "~0").replace('/', "~1")));
            if seen.insert(name.as_str()) {
                members.push((name.as_str(), Field { value, place }));
            } else {
                report.error(&place, "is there twice");
            }
        }
        Some(Self { place: field.place.clone(), members })
    }

    pub(crate) fn get(&self, name: &str) -> Option<&Field<'j>> {
        self.members.iter().find(|(member, _)| *member == name).map(|(_, field)| field)
    }

    /// A member that must be there; `hint` says what is expected.
    pub(crate) fn required(&self, name: &str, hint: &str, report: &mut Report) -> Option<&Field<'j>> {
        let found = self.get(name);
        if found.is_none() {
            report.error(&format!("{}/{name}", self.place), format!("is missing: {hint}"));
        }
        found
    }
}

/// A value for a message that expects something else.
fn described(value: &Json) -> String {
    match value {
        Json::Null => "`null`".to_owned(),
        Json::Bool(value) => format!("`{value}`"),
        Json::Number(number) => format!("the number `{number}`"),
        Json::String(text) => format!("the string `{}`", shown(text)),
        Json::Array(_) | Json::Object(_) => value.kind().to_owned(),
    }
}

/// What a member that may be left out says: `None` where it is wrong, which is noted.
#[expect(clippy::option_option, reason = "the outer nothing is a problem, the inner one a member that is left out")]
pub(crate) fn optional<'f, 'j, T>(
    field: Option<&'f Field<'j>>,
    read: impl FnOnce(&'f Field<'j>) -> Option<T>,
) -> Option<Option<T>> {
    match field {
        None => Some(None),
        Some(field) => read(field).map(Some),
    }
}
