//! Character classes that AWS uses in several places.

/// The longest part of an untrusted value that an error message repeats, in characters.
const SHOWN: usize = 80;

/// `[\w+=,.@-]`, ASCII only: role names, session names and source identities (STS API reference).
pub(crate) fn is_name_char(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '_' | '+' | '=' | ',' | '.' | '@' | '-')
}

/// A value as an error message may show it: cut where it is long, control characters escaped.
pub(crate) fn shown(value: &str) -> String {
    let mut text: String = value.chars().take(SHOWN).flat_map(char::escape_debug).collect();
    if value.chars().nth(SHOWN).is_some() {
        text.push('…');
    }
    text
}
