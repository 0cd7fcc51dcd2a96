//! Text for people: what a terminal may show, counts, columns.

use std::fmt::Write as _;

use signet_core::group::GroupKey;

/// A text as a terminal may show it, on one line: a group's name is anybody's choice, and must not
/// move the cursor, hide itself or turn the line around.
pub(crate) fn printable(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\'' | '"' => shown.push(c),
            _ => shown.extend(c.escape_debug()),
        }
    }
    shown
}

/// Whether a character can be seen as it is, by people and by every reader of YAML. Quotes and the
/// backslash count as visible.
pub(crate) fn is_visible(c: char) -> bool {
    let is_private_or_no_character = matches!(u32::from(c), 0xe000..=0xf8ff | 0xfdd0..=0xfdef | 0xfff0..)
        && (u32::from(c) <= 0xffff || u32::from(c) & 0xfffe == 0xfffe);
    matches!(c, '\'' | '"' | '\\') || (c.escape_debug().count() == 1 && !is_private_or_no_character)
}

/// JSON on several lines, with `\u` for whatever cannot be seen: as JSON may have it, YAML may not.
pub(crate) fn json(value: &serde_json::Value) -> String {
    visible_json(&format!("{value:#}\n"))
}

/// JSON as it is written, with `\u` for whatever cannot be seen.
pub(crate) fn visible_json(json: &str) -> String {
    let mut text = String::new();
    for c in json.chars() {
        // What is below DEL is escaped already, or lays the text out.
        if c < '\u{7f}' || is_visible(c) {
            text.push(c);
        } else {
            for unit in c.encode_utf16(&mut [0; 2]) {
                let _ = write!(text, "\\u{unit:04x}");
            }
        }
    }
    text
}

/// JSON without white space between tokens, laid out on several lines. Nothing else of it changes: not
/// the order of members, not the way a number or a text is written.
pub(crate) fn indented(compact: &str) -> String {
    let mut text = String::with_capacity(compact.len() * 2);
    let (mut depth, mut in_text, mut is_escaped) = (0, false, false);
    let mut chars = compact.chars().peekable();
    while let Some(c) = chars.next() {
        if in_text {
            text.push(c);
            in_text = is_escaped || c != '"';
            is_escaped = !is_escaped && c == '\\';
            continue;
        }
        match c {
            '{' | '[' if chars.peek().is_some_and(|next| matches!(next, '}' | ']')) => {
                text.push(c);
                text.extend(chars.next());
            }
            '{' | '[' => {
                depth += 1;
                text.push(c);
                new_line(depth, &mut text);
            }
            '}' | ']' => {
                depth -= 1;
                new_line(depth, &mut text);
                text.push(c);
            }
            ',' => {
                text.push(c);
                new_line(depth, &mut text);
            }
            ':' => text.push_str(": "),
            _ => {
                in_text = c == '"';
                text.push(c);
            }
        }
    }
    text.push('\n');
    text
}

fn new_line(depth: usize, text: &mut String) {
    text.push('\n');
    text.extend(std::iter::repeat_n("  ", depth));
}

/// A group as people know it, always with its key.
pub(crate) fn group(key: &GroupKey, label: Option<&str>) -> String {
    match label {
        Some(label) => format!("{} ({})", printable(label), printable(key.as_str())),
        None => printable(key.as_str()),
    }
}

/// `1 grant`, `2 grants`.
pub(crate) fn count(number: usize, one: &str) -> String {
    let ending = if number == 1 { "" } else { "s" };
    format!("{number} {one}{ending}")
}

/// Bytes as lower-case hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    let digit = |nibble: u8| char::from_digit(u32::from(nibble), 16).unwrap_or_default();
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 0xf)]).collect()
}

/// Rows as aligned columns two spaces apart, each line behind `indent`. The last column is not
/// padded.
pub(crate) fn columns(indent: &str, rows: &[Vec<String>]) -> String {
    let mut widths: Vec<usize> = Vec::new();
    for row in rows {
        for (index, cell) in row.iter().enumerate() {
            let width = cell.chars().count();
            match widths.get_mut(index) {
                Some(widest) => *widest = width.max(*widest),
                None => widths.push(width),
            }
        }
    }
    let mut text = String::new();
    for row in rows {
        let mut line = indent.to_owned();
        for (cell, width) in row.iter().zip(&widths) {
            // Writing to a String does not fail.
            let _ = write!(line, "{cell:width$}  ");
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_reaches_the_terminal_that_it_would_obey() {
        assert_eq!(printable("Clinical \"Readers\" – Köln 😀"), "Clinical \"Readers\" – Köln 😀");
        assert_eq!(printable("a\u{1b}[2Jb\nc\r\0"), "a\\u{1b}[2Jb\\nc\\r\\0");
        assert_eq!(printable("a\u{202e}b\u{200b}"), "a\\u{202e}b\\u{200b}");
    }

    #[test]
    fn json_shows_what_cannot_be_seen() {
        let value = serde_json::json!("a\u{7f}\u{85}\u{202e}\u{10ffff}\n\"ä😀");
        assert_eq!(json(&value), "\"a\\u007f\\u0085\\u202e\\udbff\\udfff\\n\\\"ä😀\"\n");
        assert_eq!(serde_json::from_str::<serde_json::Value>(&json(&value)).unwrap(), value);
    }

    #[test]
    fn json_is_laid_out_and_nothing_else() {
        let compact = r#"{"b":[1.50,{},[],"a,\\",true],"a":{"x\"{:[":null}}"#;
        let laid_out = indented(compact);
        assert_eq!(
            laid_out,
            "{\n  \"b\": [\n    1.50,\n    {},\n    [],\n    \"a,\\\\\",\n    true\n  ],\n  \"a\": {\n    \"x\\\"{:[\": null\n  }\n}\n"
        );
        let read = |text: &str| serde_json::from_str::<serde_json::Value>(text).unwrap();
        assert_eq!(read(&laid_out), read(compact));
    }

    #[test]
    fn columns_are_aligned_by_characters() {
        let row = |a: &str, b: &str| vec![a.to_owned(), b.to_owned()];
        assert_eq!(columns("  ", &[row("ä", "x"), row("bbb", "")]), "  ä    x\n  bbb\n");
    }
}
