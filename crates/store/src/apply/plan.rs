//! What an application would change, and did.

use std::collections::BTreeMap;

use signet_core::app::AppId;
use signet_core::code::{GroupCode, Salt};
use signet_core::grant::{Grant, SourceId, Timestamp};
use signet_core::group::GroupKey;

use super::diff::Change;
use super::left::Left;

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
    /// Groups whose code is taken, in a deployment that gives them no other: their grants wait until
    /// an operator registers them and applies the source again. Sorted.
    pub left_out: Vec<LeftOut>,
    /// Groups that hold much of what one may hold, sorted, fullest first.
    pub crowded: Vec<Crowded>,
}

/// A group that is left out because its code is taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeftOut {
    /// The newcomer.
    pub group: GroupKey,
    /// The code it found taken.
    pub taken: GroupCode,
    /// The group that owns that code.
    pub owner: GroupKey,
    /// How many grants wait for it.
    pub grants: usize,
}

/// A group near the limit of what one may hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Crowded {
    /// The group.
    pub group: GroupKey,
    /// How many roles it has of all sources.
    pub roles: usize,
    /// How many bytes its item has, about.
    pub bytes: usize,
    /// The nearer of the two limits, in percent: 80 or more.
    pub percent: u32,
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

/// What applying a statement did, and what people have still to be told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Done {
    /// What it did.
    pub applied: Applied,
    /// Collisions of this source that nobody was told of yet, of this application or of an earlier
    /// one that was interrupted. They stay until [`Table::announced`](crate::Table::announced) takes
    /// them away.
    pub unannounced: Vec<Collision>,
}

/// A group that found its code taken, for the alert.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Collision {
    /// The same for the same collision, whoever finds it and however often.
    pub id: String,
    /// The newcomer.
    pub group: GroupKey,
    /// The code it found taken.
    pub taken: GroupCode,
    /// The group that owns that code.
    pub owner: GroupKey,
    /// The code and salt it got instead; none if it was left out, as the deployment wants it.
    pub given: Option<(GroupCode, Salt)>,
    /// The event that it came with.
    pub event: String,
}

/// What applying a statement did to the table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Applied {
    /// The table has the statement, and this call brought the last of it.
    Changed(Plan),
    /// A higher revision was claimed, and says what the table says already.
    Unchanged,
    /// This very revision is applied already: nothing was done.
    Repeated,
    /// A higher revision is claimed; whoever claimed it finishes.
    Superseded {
        /// That revision.
        by: u64,
    },
}

impl Plan {
    /// The plan with what was written in truth.
    pub(super) fn with_written(self, source: &SourceId, written: &[Change], left: &BTreeMap<GroupKey, Left>) -> Self {
        Self {
            groups: written.iter().map(|change| change.summary(source)).collect(),
            displaced: written.iter().filter_map(|change| change.displaced.clone()).collect(),
            left_out: left.values().map(Left::summary).collect(),
            crowded: crowded(written.iter()),
            ..self
        }
    }
}

/// The groups that hold much after these changes, fullest first.
pub(super) fn crowded<'c>(changes: impl Iterator<Item = &'c Change>) -> Vec<Crowded> {
    let mut crowded: Vec<Crowded> = changes.filter_map(Change::crowded).collect();
    crowded.sort_by(|a, b| b.percent.cmp(&a.percent).then_with(|| a.group.cmp(&b.group)));
    crowded
}
