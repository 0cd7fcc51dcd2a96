//! A JSON tree that keeps what [`serde_json::Value`] forgets: the order of an object's
//! members, and members that occur twice.
//!
//! RFC 8259 §4 leaves open what a doubled member means, and most readers let the last one
//! win. For access control that is a hole: the reader of a log, a proxy and a hook could each
//! see another claim, and whoever reviewed an event and whoever applies it another list of
//! grants. This tree shows both, so that what reads it can refuse them.
//!
//! ```
//! use signet_json::{Json, read};
//!
//! let tree = read(br#"{ "role": "reader", "role": "admin" }"#)?;
//! assert_eq!(tree.as_object().map(<[_]>::len), Some(2));
//! assert_eq!(tree.get("role"), None);
//! # Ok::<(), serde_json::Error>(())
//! ```

pub mod place;
pub mod pointer;

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde::ser::{Serialize, Serializer};
use serde_json::Number;

/// A JSON value. Its `Debug` form names the kind alone, since what a request holds of a person
/// has no place in a log.
#[derive(Clone, PartialEq)]
pub enum Json {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number, as far as 64 bits carry it.
    Number(Number),
    /// A string.
    String(String),
    /// An array.
    Array(Vec<Json>),
    /// An object's members in the order of the text; names can occur more than once.
    Object(Vec<(String, Json)>),
}

/// Reads one JSON text.
///
/// # Errors
/// What is wrong with it, with line and column: it is not JSON (RFC 8259), nested over 128 levels
/// deep, or has a number that even a 64-bit float cannot carry.
pub fn read(text: &[u8]) -> Result<Json, serde_json::Error> {
    serde_json::from_slice(text)
}

impl Json {
    /// The kind of the value with its article, for messages: `a string`, `an object`, `null`.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "a boolean",
            Self::Number(_) => "a number",
            Self::String(_) => "a string",
            Self::Array(_) => "an array",
            Self::Object(_) => "an object",
        }
    }

    /// The text of a string, nothing for every other kind.
    #[must_use]
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::String(text) => Some(text),
            _ => None,
        }
    }

    /// The elements of an array, nothing for every other kind.
    #[must_use]
    pub fn as_array(&self) -> Option<&[Self]> {
        match self {
            Self::Array(elements) => Some(elements),
            _ => None,
        }
    }

    /// The members of an object, doubled ones included; nothing for every other kind.
    #[must_use]
    pub fn as_object(&self) -> Option<&[(String, Self)]> {
        match self {
            Self::Object(members) => Some(members),
            _ => None,
        }
    }

    /// The member of that name, read leniently: nothing if this is not an object, or if the
    /// member is missing, `null`, or there more than once. For what only informs.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Self> {
        let mut found = self.as_object()?.iter().filter(|(n, _)| n == name);
        match (found.next(), found.next()) {
            (Some((_, value)), None) if *value != Self::Null => Some(value),
            _ => None,
        }
    }

    /// [`Json::get`] along a path of member names.
    #[must_use]
    pub fn at(&self, path: &[&str]) -> Option<&Self> {
        path.iter().try_fold(self, |node, name| node.get(name))
    }
}

impl fmt::Debug for Json {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<{}>", self.kind())
    }
}

// Members in their order, doubled ones too: what was read is what is written.
impl Serialize for Json {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null => serializer.serialize_unit(),
            Self::Bool(flag) => serializer.serialize_bool(*flag),
            Self::Number(number) => number.serialize(serializer),
            Self::String(text) => serializer.serialize_str(text),
            Self::Array(elements) => serializer.collect_seq(elements),
            Self::Object(members) => serializer.collect_map(members.iter().map(|(name, value)| (name, value))),
        }
    }
}

impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TreeVisitor)
    }
}

struct TreeVisitor;

impl<'de> Visitor<'de> for TreeVisitor {
    type Value = Json;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E: Error>(self) -> Result<Json, E> {
        Ok(Json::Null)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Json, E> {
        Ok(Json::Bool(value))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Json, E> {
        Ok(Json::Number(value.into()))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Json, E> {
        Ok(Json::Number(value.into()))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Json, E> {
        Number::from_f64(value).map(Json::Number).ok_or_else(|| E::custom("number out of range"))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Json, E> {
        Ok(Json::String(value.to_owned()))
    }

    fn visit_string<E: Error>(self, value: String) -> Result<Json, E> {
        Ok(Json::String(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Json, A::Error> {
        let mut elements = Vec::new();
        while let Some(element) = access.next_element()? {
            elements.push(element);
        }
        Ok(Json::Array(elements))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Json, A::Error> {
        let mut members = Vec::new();
        while let Some(member) = access.next_entry()? {
            members.push(member);
        }
        Ok(Json::Object(members))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree(text: &str) -> Json {
        read(text.as_bytes()).unwrap()
    }

    #[test]
    fn members_keep_their_order_and_their_doubles() {
        let text = r#"{ "b": 1, "a": [true, null], "b": -2.5 }"#;
        let Json::Object(members) = tree(text) else { panic!("no object") };
        let names: Vec<&str> = members.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["b", "a", "b"]);
        let elements = Json::Array(vec![Json::Bool(true), Json::Null]);
        let [first, second, third] = &members[..] else { panic!("three members") };
        assert!(first.1 == Json::Number(1.into()) && second.1 == elements);
        assert!(third.1 == Json::Number(Number::from_f64(-2.5).unwrap()));
    }

    #[test]
    fn what_is_unclear_is_not_found() {
        let found = tree(r#"{ "one": { "text": "x" }, "none": null, "two": 1, "two": 1 }"#);
        assert_eq!(found.at(&["one", "text"]).and_then(Json::as_str), Some("x"));
        for path in [&["none"][..], &["two"], &["three"], &["one", "text", "x"]] {
            assert_eq!(found.at(path), None, "{path:?}");
        }
        // Names that are written in other ways are still one name.
        assert_eq!(tree(r#"{ "role": 1, "r\u006fle": 2 }"#).get("role"), None);
    }

    #[test]
    fn numbers_are_kept_to_64_bits() {
        for text in ["0", "-9223372036854775808", "18446744073709551615"] {
            let Json::Number(number) = tree(text) else { panic!("{text}") };
            assert_eq!(number.to_string(), text);
        }
        assert!(read(b"1e999").is_err());
    }

    #[test]
    fn what_was_read_is_written() {
        let text = r#"{"b":[1,-2.5,18446744073709551615,true,null,"ä\n"],"a":{},"b":"x"}"#;
        assert_eq!(serde_json::to_string(&tree(text)).unwrap(), text);
    }

    #[test]
    fn what_is_not_one_json_text_is_refused() {
        let deep = "[".repeat(129) + &"]".repeat(129);
        for text in ["", "{", "nul", "{} {}", "{a: 1}", "[1,]", "\"\u{1}\"", &deep] {
            assert!(read(text.as_bytes()).is_err(), "{text}");
        }
        assert!(read(b"\"\xff\"").is_err());
        let most = "[".repeat(127) + &"]".repeat(127);
        assert!(read(most.as_bytes()).is_ok());
    }

    #[test]
    fn nothing_of_a_value_is_in_its_debug_form() {
        let tree = tree(r#"{ "login": "jane@example.com" }"#);
        assert_eq!(format!("{tree:?}"), "<an object>");
        assert_eq!(format!("{:?}", tree.get("login")), "Some(<a string>)");
    }
}
