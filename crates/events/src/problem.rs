//! What is wrong with an event, and where.

use std::fmt;

/// The longest part of a value that a message repeats, in characters.
const SHOWN: usize = 80;

/// The most problems that one line of text lists; it says how many more there are.
const LISTED: usize = 20;

/// One thing that is wrong with an event, or may not be meant, and where it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// A JSON Pointer (RFC 6901) into the event; empty for the event as a whole. Names over 80
    /// characters are cut, and control characters escaped.
    pub place: String,
    /// What is wrong, and what is expected. Values stand in backticks, cut where they are long.
    pub what: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.place.is_empty() {
            write!(f, "{}: ", self.place)?;
        }
        f.write_str(&self.what)
    }
}

/// Problems on one line: the first twenty, and how many more there are.
pub(crate) fn listed(problems: &[Problem]) -> String {
    let mut texts: Vec<String> = problems.iter().take(LISTED).map(ToString::to_string).collect();
    if let Some(more) = problems.len().checked_sub(LISTED).filter(|more| *more > 0) {
        texts.push(format!("and {more} more"));
    }
    texts.join("; ")
}

/// A value as a message may show it: cut where it is long, control characters escaped.
pub(crate) fn shown(value: &str) -> String {
    let mut text = String::new();
    for c in value.chars().take(SHOWN) {
        match c {
            '\'' | '"' => text.push(c),
            _ => text.extend(c.escape_debug()),
        }
    }
    if value.chars().nth(SHOWN).is_some() {
        text.push('…');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problems(number: usize) -> Vec<Problem> {
        (0..number).map(|n| Problem { place: format!("/{n}"), what: "is wrong".to_owned() }).collect()
    }

    #[test]
    fn a_line_never_leaves_problems_out_in_silence() {
        assert_eq!(listed(&problems(2)), "/0: is wrong; /1: is wrong");
        assert!(!listed(&problems(20)).contains("more"));
        assert!(listed(&problems(23)).ends_with("/19: is wrong; and 3 more"));
    }

    #[test]
    fn values_are_cut_and_escaped() {
        assert_eq!(shown("a\u{1b}[2J"), "a\\u{1b}[2J");
        assert_eq!(shown(&"é".repeat(100)), format!("{}…", "é".repeat(80)));
    }
}
