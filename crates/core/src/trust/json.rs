//! JSON text, kept to the letter.
//!
//! A trust policy holds statements of others, which must survive every rewriting. So strings and
//! numbers keep the text they were written in, members keep their order, and a member that occurs
//! twice in one object is refused: programs differ in which of the two counts. Only white space
//! between tokens is lost.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::str::Chars;

/// How deep values may be nested. A policy needs five levels; the bound keeps the stack small.
const MAX_DEPTH: usize = 64;

/// A string: as written, and what it says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Text {
    // INVARIANT: a JSON string whose meaning is `value`.
    source: String,
    value: String,
}

impl Text {
    /// Writes a string.
    pub(super) fn new(value: &str) -> Self {
        let mut source = String::with_capacity(value.len() + 2);
        source.push('"');
        for c in value.chars() {
            match c {
                '"' | '\\' => source.extend(['\\', c]),
                control if control < ' ' => {
                    // INVARIANT: writing to a String does not fail.
                    let _ = write!(source, "\\u{:04x}", u32::from(control));
                }
                other => source.push(other),
            }
        }
        source.push('"');
        Self { source, value: value.to_owned() }
    }

    /// What the string says.
    pub(super) fn value(&self) -> &str {
        &self.value
    }

    /// The string as written, with its quotation marks.
    pub(super) fn source(&self) -> &str {
        &self.source
    }
}

/// An object's members, in their order. No two have one name.
pub(super) type Members = Vec<(Text, Json)>;

/// A value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Json {
    /// A string.
    Text(Text),
    /// A number, `true`, `false` or `null`, as written.
    Word(String),
    /// An array.
    List(Vec<Json>),
    /// An object.
    Object(Members),
}

/// Where a text stops being JSON that can be kept, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct NotJson {
    /// The byte at which it shows, from 0.
    pub(super) at: usize,
    /// What is wrong there.
    pub(super) why: &'static str,
}

impl Json {
    /// Writes a string.
    pub(super) fn text(value: &str) -> Self {
        Self::Text(Text::new(value))
    }

    /// Writes one value as a string and several as an array: a policy's length is limited, and AWS
    /// reads both alike.
    pub(super) fn texts<'v>(values: impl IntoIterator<Item = &'v str>) -> Self {
        let mut texts: Vec<Self> = values.into_iter().map(Self::text).collect();
        match texts.pop() {
            Some(only) if texts.is_empty() => only,
            popped => {
                texts.extend(popped);
                Self::List(texts)
            }
        }
    }

    /// Writes an object. The names must be different.
    pub(super) fn object<'n>(members: impl IntoIterator<Item = (&'n str, Self)>) -> Self {
        Self::Object(members.into_iter().map(|(name, value)| (Text::new(name), value)).collect())
    }

    /// Reads one value that is the whole text.
    pub(super) fn parse(text: &str) -> Result<Self, NotJson> {
        let mut reader = Reader { text, rest: text };
        let value = reader.value(MAX_DEPTH)?;
        reader.space();
        if reader.rest.is_empty() { Ok(value) } else { Err(reader.wrong("something follows the document")) }
    }

    /// Writes the value without white space.
    pub(super) fn write(&self, out: &mut String) {
        match self {
            Self::Text(text) => out.push_str(text.source()),
            Self::Word(word) => out.push_str(word),
            Self::List(list) => {
                out.push('[');
                for (index, value) in list.iter().enumerate() {
                    comma(index, out);
                    value.write(out);
                }
                out.push(']');
            }
            Self::Object(members) => write_members(members, out),
        }
    }

    /// Whether a string of the value, or the name of a member, at any depth, says what is looked for.
    pub(super) fn has_text(&self, fits: &impl Fn(&str) -> bool) -> bool {
        match self {
            Self::Text(text) => fits(text.value()),
            Self::Word(_) => false,
            Self::List(list) => list.iter().any(|value| value.has_text(fits)),
            Self::Object(members) => members.iter().any(|(name, value)| fits(name.value()) || value.has_text(fits)),
        }
    }

    /// The value without white space.
    pub(super) fn compact(&self) -> String {
        let mut out = String::new();
        self.write(&mut out);
        out
    }
}

/// Writes an object without white space.
pub(super) fn write_members(members: &Members, out: &mut String) {
    out.push('{');
    for (index, (name, value)) in members.iter().enumerate() {
        comma(index, out);
        out.push_str(name.source());
        out.push(':');
        value.write(out);
    }
    out.push('}');
}

/// Writes what separates an item from the one before.
pub(super) fn comma(index: usize, out: &mut String) {
    if index > 0 {
        out.push(',');
    }
}

struct Reader<'a> {
    text: &'a str,
    rest: &'a str,
}

impl Reader<'_> {
    fn wrong(&self, why: &'static str) -> NotJson {
        NotJson { at: self.text.len() - self.rest.len(), why }
    }

    fn space(&mut self) {
        self.rest = self.rest.trim_start_matches([' ', '\t', '\n', '\r']);
    }

    /// Takes a token, with white space before it.
    fn take(&mut self, token: char) -> bool {
        self.space();
        match self.rest.strip_prefix(token) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn require(&mut self, token: char, why: &'static str) -> Result<(), NotJson> {
        if self.take(token) { Ok(()) } else { Err(self.wrong(why)) }
    }

    fn value(&mut self, depth: usize) -> Result<Json, NotJson> {
        self.space();
        let Some(depth) = depth.checked_sub(1) else {
            return Err(self.wrong("values are nested more than 64 deep"));
        };
        match self.rest.chars().next() {
            Some('{') => self.object(depth),
            Some('[') => self.list(depth),
            Some('"') => self.string().map(Json::Text),
            Some(_) => self.word(),
            None => Err(self.wrong("the text ends where a value is expected")),
        }
    }

    fn list(&mut self, depth: usize) -> Result<Json, NotJson> {
        self.require('[', "`[` is expected")?;
        let mut list = Vec::new();
        if self.take(']') {
            return Ok(Json::List(list));
        }
        loop {
            list.push(self.value(depth)?);
            if self.take(']') {
                return Ok(Json::List(list));
            }
            self.require(',', "`,` or `]` is expected")?;
        }
    }

    fn object(&mut self, depth: usize) -> Result<Json, NotJson> {
        self.require('{', "`{` is expected")?;
        let mut members = Members::new();
        let mut names = BTreeSet::new();
        if self.take('}') {
            return Ok(Json::Object(members));
        }
        loop {
            self.space();
            let place = self.wrong("the object has a member of this name already");
            let name = self.string()?;
            if !names.insert(name.value.clone()) {
                return Err(place);
            }
            self.require(':', "`:` is expected")?;
            members.push((name, self.value(depth)?));
            if self.take('}') {
                return Ok(Json::Object(members));
            }
            self.require(',', "`,` or `}` is expected")?;
        }
    }

    fn word(&mut self) -> Result<Json, NotJson> {
        let after = self.rest.trim_start_matches(|c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.'));
        let word = self.rest.strip_suffix(after).unwrap_or_default();
        if !matches!(word, "true" | "false" | "null") && !is_number(word) {
            return Err(self.wrong("this is no value"));
        }
        self.rest = after;
        Ok(Json::Word(word.to_owned()))
    }

    fn string(&mut self) -> Result<Text, NotJson> {
        let start = self.rest;
        self.require('"', "a string in quotation marks is expected")?;
        let mut value = String::new();
        let mut chars = self.rest.chars();
        loop {
            match chars.next() {
                None => return Err(self.wrong("the string does not end")),
                Some('"') => break,
                Some('\\') => {
                    value.push(escaped(&mut chars).ok_or_else(|| self.wrong("the string has a wrong escape"))?);
                }
                Some(c) if c < ' ' => return Err(self.wrong("the string has a control character")),
                Some(c) => value.push(c),
            }
        }
        self.rest = chars.as_str();
        let source = start.strip_suffix(self.rest).unwrap_or_default().to_owned();
        Ok(Text { source, value })
    }
}

/// The character of an escape, after its backslash (RFC 8259, section 7). Half a surrogate pair is
/// no character.
fn escaped(chars: &mut Chars<'_>) -> Option<char> {
    Some(match chars.next()? {
        c @ ('"' | '\\' | '/') => c,
        'b' => '\u{8}',
        'f' => '\u{c}',
        'n' => '\n',
        'r' => '\r',
        't' => '\t',
        'u' => match hex(chars)? {
            high @ 0xd800..=0xdbff => {
                let is_pair = chars.next()? == '\\' && chars.next()? == 'u';
                let low = hex(chars).filter(|low| is_pair && (0xdc00..=0xdfff).contains(low))?;
                char::from_u32(0x1_0000 + ((high - 0xd800) << 10) + (low - 0xdc00))?
            }
            unit => char::from_u32(unit)?,
        },
        _ => return None,
    })
}

fn hex(chars: &mut Chars<'_>) -> Option<u32> {
    (0..4).try_fold(0, |number, _| Some(number * 16 + chars.next()?.to_digit(16)?))
}

/// Whether a text is a number (RFC 8259, section 6).
fn is_number(text: &str) -> bool {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let text = text.strip_prefix('-').unwrap_or(text);
    let (mantissa, exponent) = text.split_once(['e', 'E']).map_or((text, None), |(m, e)| (m, Some(e)));
    let (whole, fraction) = mantissa.split_once('.').map_or((mantissa, None), |(w, f)| (w, Some(f)));
    digits(whole)
        && (whole == "0" || !whole.starts_with('0'))
        && fraction.is_none_or(digits)
        && exponent.is_none_or(|exponent| digits(exponent.strip_prefix(['+', '-']).unwrap_or(exponent)))
}

#[cfg(test)]
mod tests;
