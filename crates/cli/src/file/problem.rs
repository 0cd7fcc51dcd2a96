//! A mistake in an entitlement file, and where it is.

use std::fmt;

/// A mistake, or something that may not be meant, in an entitlement file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Problem {
    /// The line, from 1.
    pub line: u64,
    /// The column in characters, from 1.
    pub column: u64,
    /// The field, such as `grants[2].role`; empty where it concerns the whole file.
    pub field: String,
    /// What is wrong, and what to do.
    pub what: String,
}

impl Problem {
    pub(super) fn new(line: u64, column: u64, field: &str, what: impl Into<String>) -> Self {
        Self { line, column, field: field.to_owned(), what: what.into() }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: ", self.line, self.column)?;
        if !self.field.is_empty() {
            write!(f, "{}: ", self.field)?;
        }
        f.write_str(&self.what)
    }
}

/// An entitlement file with mistakes. Displayed one a line, each behind the file's name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadFile {
    /// The file.
    pub file: String,
    /// The mistakes, in the order of the file; at least one.
    pub problems: Vec<Problem>,
}

impl fmt::Display for BadFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for problem in &self.problems {
            writeln!(f, "{}:{problem}", self.file)?;
        }
        let count = crate::text::count(self.problems.len(), "mistake");
        write!(f, "{count} in `{}`: nothing was written", self.file)
    }
}

impl std::error::Error for BadFile {}
