//! "You can specify multi-character matching wildcards (`*`) and single-character matching wildcards
//! (`?`)" (IAM User Guide, "String condition operators").

/// Whether a value is the pattern, with any number of any characters for each `*` and any one for each
/// `?`. Case matters.
#[must_use]
pub fn fits(pattern: &str, value: &str) -> bool {
    let mut pattern_rest = pattern.chars();
    let mut value_rest = value.chars();
    match (pattern_rest.next(), value_rest.next()) {
        (None, first) => first.is_none(),
        // The `*` stands for nothing, or for the first character and perhaps more.
        (Some('*'), None) => fits(pattern_rest.as_str(), value),
        (Some('*'), Some(_)) => fits(pattern_rest.as_str(), value) || fits(pattern, value_rest.as_str()),
        (Some('?'), Some(_)) => fits(pattern_rest.as_str(), value_rest.as_str()),
        (Some(wanted), first) => first == Some(wanted) && fits(pattern_rest.as_str(), value_rest.as_str()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stars_and_question_marks() {
        for (pattern, value) in
            [("", ""), ("*", ""), ("*", "ab"), ("a?", "ab"), ("*:cdef:*", ":abcd:cdef:"), ("?*", "x")]
        {
            assert!(fits(pattern, value), "`{pattern}` on `{value}`");
        }
        for (pattern, value) in [
            ("", "a"),
            ("?", ""),
            ("a?", "a"),
            ("*:cdef:*", ":abcd:efgh:"),
            ("*:cdef:*", ":CDEF:"),
            ("a", "?"),
            ("a", "*"),
        ] {
            assert!(!fits(pattern, value), "`{pattern}` on `{value}`");
        }
    }
}
