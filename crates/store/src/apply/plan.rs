//! What an application would change, and did.

use signet_core::app::AppId;
use signet_core::code::{GroupCode, Salt};
use signet_core::grant::{Grant, SourceId, Timestamp};
use signet_core::group::GroupKey;

use super::diff::Change;

/// What the items would have to change for a source's statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// The source.
    pub source: SourceId,
    /// The highest revision claimed so far; 0 for a new source. Give it to [`Revision::After`].
    pub claimed: u64,
    /// Grants the source gives now: by what the items say.
    pub grants_before: usize,
    /// What changes, sorted by group.
    pub groups: Vec<GroupChange>,
    /// What changes in apps, sorted.
    pub apps: Vec<AppChange>,
    /// Groups whose code is taken: they get the next free one.
    pub displaced: Vec<Displaced>,
}

/// What changes for one group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupChange {
    /// The group.
    pub group: GroupKey,
    /// What people call it.
    pub label: Option<String>,
    /// Its code.
    pub code: GroupCode,
    /// The code's salt.
    pub salt: Salt,
    /// Whether the group is new to the table.
    pub registers: bool,
    /// Whether the group loses its last grant of all sources.
    pub retires: bool,
    /// Grants that come, sorted. A grant whose apps or expiry change goes and comes.
    pub added: Vec<Grant>,
    /// Grants that go, sorted.
    pub removed: Vec<Grant>,
}

/// What changes of one app.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AppChange {
    /// The app.
    pub app: AppId,
    /// Whether it is new; otherwise its rules change.
    pub added: bool,
}

/// A group that found its code taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Displaced {
    /// The newcomer.
    pub group: GroupKey,
    /// The code it gets.
    pub code: GroupCode,
    /// The salt of that code.
    pub salt: Salt,
    /// The code it found taken first.
    pub taken: GroupCode,
    /// The group that owns that code.
    pub owner: GroupKey,
}

/// Which revision a statement is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Revision {
    /// The one that the event says.
    Exactly(u64),
    /// The next one after a plan; refused if anything was claimed since.
    After(u64),
}

/// What a change is recorded with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Provenance {
    /// The moment, for the history.
    pub at: Timestamp,
    /// The id of the event, or of the run of the command, that the change comes from.
    pub event: String,
}

/// What applying a statement did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Applied {
    /// The table has the statement, and this call brought the last of it.
    Changed(Plan),
    /// The table has the statement; nothing had to change.
    Unchanged,
    /// A higher revision is claimed; whoever claimed it finishes.
    Superseded {
        /// That revision.
        by: u64,
    },
}

impl Plan {
    /// The plan with what was written in truth.
    pub(super) fn with_written(self, source: &SourceId, written: &[Change]) -> Self {
        Self {
            groups: written.iter().map(|change| change.summary(source)).collect(),
            displaced: written.iter().filter_map(|change| change.displaced.clone()).collect(),
            ..self
        }
    }
}
