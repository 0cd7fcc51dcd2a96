//! Groups: keys, registrations, and what the table says of a group.

use std::collections::BTreeMap;
use std::fmt;

use crate::code::{CodeHasher, CodeWidth, GroupCode, Salt};
use crate::grant::{Grant, SourceId};
use crate::invalid::InvalidValue;
use crate::text::shown;

/// A directory group's key: exactly the value that the app's claim carries, a name or an
/// immutable id. No case folding, no trimming.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct GroupKey(String);

impl GroupKey {
    /// The longest key that can be registered, in bytes of UTF-8.
    pub const MAX_BYTES: usize = 1_024;

    /// Takes a key as it is.
    ///
    /// # Errors
    /// [`InvalidValue::GroupKey`] if it is empty or longer than [`GroupKey::MAX_BYTES`].
    pub fn new(key: impl Into<String>) -> Result<Self, InvalidValue> {
        let key = key.into();
        let why = if key.is_empty() {
            "is empty"
        } else if key.len() > Self::MAX_BYTES {
            "is longer than 1024 bytes"
        } else {
            return Ok(Self(key));
        };
        Err(InvalidValue::GroupKey { value: shown(&key), why })
    }

    /// The key.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for GroupKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Whether a registered group may still open something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GroupState {
    /// The group has grants.
    Registered,
    /// The group's last grant was withdrawn; its code is kept from every other group.
    Retired,
}

impl GroupState {
    /// The state as the table writes it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Registered => "registered",
            Self::Retired => "retired",
        }
    }

    /// Reads a state as the table writes it.
    ///
    /// # Errors
    /// [`InvalidValue::Word`] for any other word.
    pub fn parse(text: &str) -> Result<Self, InvalidValue> {
        match text {
            "registered" => Ok(Self::Registered),
            "retired" => Ok(Self::Retired),
            other => Err(InvalidValue::Word {
                what: "group state",
                value: shown(other),
                expected: "`registered` or `retired`",
            }),
        }
    }
}

/// The table's statement that a code belongs to a group. The table decides; the hash only
/// proposes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Registration {
    /// The group that the code belongs to.
    pub key: GroupKey,
    /// What people call the group, where the key is an id.
    pub label: Option<String>,
    /// The group's code.
    pub code: GroupCode,
    /// The salt that the code was proposed with; above 0 the group is displaced.
    pub salt: Salt,
    /// Whether the group may still open something.
    pub state: GroupState,
}

impl Registration {
    /// Whether the code is the hash of the group's key and salt, at the table's width. One that
    /// is not was written by something other than Signet, and opens nothing.
    #[must_use]
    pub fn is_sound<H: CodeHasher + ?Sized>(&self, hasher: &H, width: CodeWidth) -> bool {
        self.code == GroupCode::propose(hasher, width, self.key.as_str(), self.salt)
    }
}

/// Everything the table says of one group: its registration, and what each source grants it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupRecord {
    /// The registration.
    pub registration: Registration,
    /// The grants, by the source that states them.
    pub grants: BTreeMap<SourceId, Vec<Grant>>,
}

impl GroupRecord {
    /// The grants of all sources.
    pub fn all_grants(&self) -> impl Iterator<Item = &Grant> {
        self.grants.values().flatten()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_taken_as_they_are() {
        for key in [" ", "Clinical Readers ", "*", ":", "${aws:username}", "\0", "😀", "Ａ"] {
            assert_eq!(GroupKey::new(key).unwrap().as_str(), key);
        }
        assert!(GroupKey::new("x".repeat(1_024)).is_ok());
    }

    #[test]
    fn keys_that_cannot_be_registered_are_named_in_short() {
        assert_eq!(GroupKey::new("").unwrap_err().to_string(), "group key `` is empty");
        let error = GroupKey::new("x".repeat(1_025)).unwrap_err().to_string();
        assert!(error.ends_with("…` is longer than 1024 bytes"), "{error}");
        assert!(error.len() < 150, "{error}");
    }
}
