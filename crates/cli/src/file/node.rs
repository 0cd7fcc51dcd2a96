//! YAML as a tree that knows where it is.
//!
//! A typed reader stops at the first mistake; a tree lets all of them be reported together. What
//! YAML takes for a number or a truth value keeps its spelling: a group may be called `1.0`.

use std::fmt;

use serde::de::{self, Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_saphyr::{DuplicateKeyPolicy, MergeKeyPolicy, NonFiniteFloatPolicy, SnippetMode, Spanned};
use serde_saphyr::{Location, UserMessageFormatter};

use super::problem::Problem;

/// A place in a file: line and column in characters, both from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct At {
    pub(super) line: u64,
    pub(super) column: u64,
}

impl At {
    pub(super) const START: Self = Self { line: 1, column: 1 };

    fn of(location: Location) -> Self {
        Self { line: location.line().max(1), column: location.column().max(1) }
    }
}

/// A value, and where it is: for an alias, where it is used.
#[derive(Debug)]
pub(super) struct Node {
    pub(super) at: At,
    pub(super) value: Value,
}

/// A value.
#[derive(Debug)]
pub(super) enum Value {
    /// Nothing at all, `~` or `null`.
    Nothing,
    Text(String),
    /// An unquoted truth value, and its spelling.
    Flag(bool, String),
    /// The spelling of an unquoted number.
    Number(String),
    List(Vec<Node>),
    /// Pairs in the order of the file, doubled keys included.
    Map(Vec<(Node, Node)>),
}

impl Value {
    /// What the value is, for a message that expects something else.
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Self::Nothing => "nothing",
            Self::Text(_) => "a text",
            Self::Flag(..) => "a truth value",
            Self::Number(_) => "a number",
            Self::List(_) => "a list",
            Self::Map(_) => "a map",
        }
    }
}

/// Reads one YAML document.
pub(super) fn read(text: &str) -> Result<Node, Problem> {
    let options = serde_saphyr::options! {
        // Far above any real file; together they bound memory, and what aliases can make of a
        // small file.
        budget: serde_saphyr::budget! {
            max_events: 2_000_000,
            max_nodes: 1_000_000,
            max_depth: 32,
            // One list of groups under many grants is what anchors are for.
            enforce_alias_anchor_ratio: false,
        },
        duplicate_keys: DuplicateKeyPolicy::PassThrough,
        merge_keys: MergeKeyPolicy::Merge,
        non_finite_float_policy: NonFiniteFloatPolicy::PassThrough,
        strict_booleans: true,
        strict_indentation: true,
        reject_unsupported_tags: true,
        with_snippet: false,
    };
    let raw: Spanned<Raw> = serde_saphyr::from_str_with_options(text, options).map_err(|error| not_yaml(&error))?;
    Ok(located(raw, text))
}

fn not_yaml(error: &serde_saphyr::Error) -> Problem {
    let at = error.location().map_or(At::START, At::of);
    let options = serde_saphyr::render_options! { formatter: &UserMessageFormatter, snippets: SnippetMode::Off };
    let message = error.render_with_options(options);
    let what = match error.without_snippet() {
        serde_saphyr::Error::Budget { .. } => "it is too large, too deep, or uses its anchors too often",
        serde_saphyr::Error::MultipleDocuments { .. } => "it has more than one document",
        serde_saphyr::Error::UnknownAnchor { .. } => "the alias has no anchor",
        // The place stands in front of the message already.
        _ => message.split(" at line ").next().unwrap_or_default(),
    };
    Problem::new(at.line, at.column, "", format!("cannot be read as YAML: {what}"))
}

/// A value as the YAML reader gives it.
enum Raw {
    Nothing,
    Text(String),
    Flag(bool),
    Number(String),
    List(Vec<Spanned<Raw>>),
    Map(Vec<(Spanned<Raw>, Spanned<Raw>)>),
}

/// Puts places and spellings to values. The depth is bounded by the budget.
fn located(raw: Spanned<Raw>, text: &str) -> Node {
    let spelling = |fallback: String| spelling(raw.defined, text).map_or(fallback, str::to_owned);
    let value = match raw.value {
        Raw::Nothing => Value::Nothing,
        Raw::Text(value) => Value::Text(value),
        Raw::Flag(flag) => Value::Flag(flag, spelling(flag.to_string())),
        Raw::Number(number) => Value::Number(spelling(number)),
        Raw::List(items) => Value::List(items.into_iter().map(|item| located(item, text)).collect()),
        Raw::Map(pairs) => {
            Value::Map(pairs.into_iter().map(|(key, value)| (located(key, text), located(value, text))).collect())
        }
    };
    Node { at: At::of(raw.referenced), value }
}

/// What the file says at the place where a value is defined.
fn spelling(defined: Location, text: &str) -> Option<&str> {
    let start = usize::try_from(defined.span().byte_offset()?).ok()?;
    let length = usize::try_from(defined.span().byte_len()?).ok()?;
    text.get(start..start.checked_add(length)?).map(str::trim).filter(|spelling| !spelling.is_empty())
}

impl<'de> Deserialize<'de> for Raw {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(RawVisitor)
    }
}

struct RawVisitor;

impl<'de> Visitor<'de> for RawVisitor {
    type Value = Raw;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a YAML value")
    }

    fn visit_unit<E: de::Error>(self) -> Result<Raw, E> {
        Ok(Raw::Nothing)
    }

    fn visit_none<E: de::Error>(self) -> Result<Raw, E> {
        Ok(Raw::Nothing)
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Raw, E> {
        Ok(Raw::Text(text.to_owned()))
    }

    fn visit_string<E: de::Error>(self, text: String) -> Result<Raw, E> {
        Ok(Raw::Text(text))
    }

    fn visit_bool<E: de::Error>(self, flag: bool) -> Result<Raw, E> {
        Ok(Raw::Flag(flag))
    }

    fn visit_i64<E: de::Error>(self, number: i64) -> Result<Raw, E> {
        Ok(Raw::Number(number.to_string()))
    }

    fn visit_u64<E: de::Error>(self, number: u64) -> Result<Raw, E> {
        Ok(Raw::Number(number.to_string()))
    }

    fn visit_i128<E: de::Error>(self, number: i128) -> Result<Raw, E> {
        Ok(Raw::Number(number.to_string()))
    }

    fn visit_u128<E: de::Error>(self, number: u128) -> Result<Raw, E> {
        Ok(Raw::Number(number.to_string()))
    }

    fn visit_f64<E: de::Error>(self, number: f64) -> Result<Raw, E> {
        Ok(Raw::Number(number.to_string()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Raw, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element()? {
            list.push(item);
        }
        Ok(Raw::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut pairs: A) -> Result<Raw, A::Error> {
        let mut map = Vec::new();
        while let Some(pair) = pairs.next_entry()? {
            map.push(pair);
        }
        Ok(Raw::Map(map))
    }
}
