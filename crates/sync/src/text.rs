//! Values of strangers, as messages may show them.

/// A value, cut to so many characters where it is longer, control characters escaped.
#[must_use]
pub fn shortened(value: &str, most: usize) -> String {
    let mut text = String::new();
    for c in value.chars().take(most) {
        if c.is_control() || matches!(c, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}') {
            text.extend(c.escape_unicode());
        } else {
            text.push(c);
        }
    }
    if value.chars().nth(most).is_some() {
        text.push('…');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_cut_and_escaped() {
        assert_eq!(shortened("Clinical 'Readers' \"é\"", 80), "Clinical 'Readers' \"é\"");
        assert_eq!(shortened("a\n\u{1b}[2J\u{202e}b", 80), "a\\u{a}\\u{1b}[2J\\u{202e}b");
        assert_eq!(shortened("ééé", 2), "éé…");
        assert_eq!(shortened("éé", 2), "éé");
    }
}
