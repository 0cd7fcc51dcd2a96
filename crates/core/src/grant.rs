//! Grants: which group may assume which role, who said so, where and until when.

use std::collections::BTreeSet;
use std::fmt;

use crate::app::AppId;
use crate::invalid::InvalidValue;
use crate::role::RoleArn;
use crate::text::shown;

/// A moment, in whole seconds since 1970-01-01T00:00:00Z.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

impl Timestamp {
    /// Takes seconds since 1970-01-01T00:00:00Z.
    #[must_use]
    pub const fn from_seconds(seconds: i64) -> Self {
        Self(seconds)
    }

    /// The seconds since 1970-01-01T00:00:00Z.
    #[must_use]
    pub fn seconds(self) -> i64 {
        self.0
    }
}

/// Who states grants: a dataset (`dataset:<id>`) or an entitlement file (`file:<name>`). A source
/// always states its grants in full.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SourceId(String);

impl SourceId {
    /// The longest id, in characters. It is part of attribute names and sort keys of the table.
    pub const MAX_CHARS: usize = 160;

    /// The source of an entitlement file, by the file's `name` field.
    ///
    /// # Errors
    /// [`InvalidValue::SourceId`] as for [`SourceId::parse`].
    pub fn file(name: &str) -> Result<Self, InvalidValue> {
        Self::parse(&format!("file:{name}"))
    }

    /// The source of a dataset, by its id.
    ///
    /// # Errors
    /// [`InvalidValue::SourceId`] as for [`SourceId::parse`].
    pub fn dataset(id: &str) -> Result<Self, InvalidValue> {
        Self::parse(&format!("dataset:{id}"))
    }

    /// The id of the dataset that the source is; none if it is a file.
    #[must_use]
    pub fn dataset_id(&self) -> Option<&str> {
        self.0.strip_prefix("dataset:")
    }

    /// Reads a source's id.
    ///
    /// # Errors
    /// [`InvalidValue::SourceId`] if it is not `dataset:` or `file:` and a name of letters,
    /// digits, `.`, `_`, `-` and `/`, 160 characters in all.
    pub fn parse(text: &str) -> Result<Self, InvalidValue> {
        let name = text.strip_prefix("file:").or_else(|| text.strip_prefix("dataset:"));
        let why = match name {
            None => "does not begin `file:` or `dataset:`",
            Some("") => "has no name",
            Some(name) if !name.chars().all(is_source_char) => {
                "has characters other than letters, digits, `.`, `_`, `-` and `/`"
            }
            Some(_) if text.len() > Self::MAX_CHARS => "is longer than 160 characters",
            Some(_) => return Ok(Self(text.to_owned())),
        };
        Err(InvalidValue::SourceId { value: shown(text), why })
    }

    /// The id, with its kind.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for SourceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn is_source_char(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-' | '/')
}

/// What one source grants one group: a role, optionally limited to some apps, optionally ending.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Grant {
    /// The role that members of the group may assume.
    pub role: RoleArn,
    /// The apps the grant is for; all apps where there is no list.
    pub apps: Option<BTreeSet<AppId>>,
    /// The first moment at which the grant no longer counts.
    pub expires_at: Option<Timestamp>,
}

/// Why a grant does not count in a sign-in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotCounting {
    /// Its end has come.
    Expired,
    /// It is limited to other apps.
    OtherApp,
}

impl Grant {
    /// Whether the grant counts in a sign-in to an app at a moment.
    ///
    /// # Errors
    /// Why it does not. A grant that is both expired and for other apps is [`NotCounting::Expired`].
    pub fn counts(&self, app: &AppId, now: Timestamp) -> Result<(), NotCounting> {
        if self.expires_at.is_some_and(|end| now >= end) {
            return Err(NotCounting::Expired);
        }
        if self.apps.as_ref().is_some_and(|apps| !apps.contains(app)) {
            return Err(NotCounting::OtherApp);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_grant_ends_at_its_end_and_not_a_second_later() {
        let app = AppId::parse("app").unwrap();
        let grant = Grant {
            role: RoleArn::parse("arn:aws:iam::111122223333:role/reader").unwrap(),
            apps: None,
            expires_at: Some(Timestamp::from_seconds(100)),
        };
        assert_eq!(grant.counts(&app, Timestamp::from_seconds(99)), Ok(()));
        assert_eq!(grant.counts(&app, Timestamp::from_seconds(100)), Err(NotCounting::Expired));
    }

    #[test]
    fn sources_are_files_and_datasets() {
        assert_eq!(SourceId::file("platform").unwrap().as_str(), "file:platform");
        assert_eq!(SourceId::dataset("clinical/trials-2.1").unwrap().as_str(), "dataset:clinical/trials-2.1");
        for bad in ["", "file:", "platform", "topic:x", "file:a b", "file:a#b", "file:ä"] {
            assert!(SourceId::parse(bad).is_err(), "`{bad}` was taken");
        }
        assert!(SourceId::file(&"x".repeat(155)).is_ok());
        assert!(SourceId::file(&"x".repeat(156)).is_err());
    }
}
