//! What changed, when and by which event: the rows that every change leaves in its own transaction.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::{StreamExt, TryStreamExt, stream};
use signet_core::app::AppId;
use signet_core::code::{GroupCode, Salt};
use signet_core::grant::{Grant, SourceId, Timestamp};
use signet_core::group::GroupKey;

use crate::Table;
use crate::codec::{self, Attributes, Item, text};
use crate::error::{Corrupt, StoreError};
use crate::provider::{self, AppProvider, HALF};
use crate::schema;
use crate::statement::StatedApp;

/// How many sources' histories are read at once.
const PARALLEL: usize = 8;

/// What one transaction changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HistoryRow {
    /// Its place among the rows of its source, or of the provider events of its app: they sort as they
    /// were written.
    pub version: String,
    /// The moment that whoever applied the change recorded it with: by that machine's clock, and
    /// the same for all rows of one application.
    pub at: Timestamp,
    /// The id of the event, or of the run of the command, that the change comes from.
    pub event: String,
    /// The source that stated it; none for a provider event, and for what an operator did about a code
    /// by hand.
    pub source: Option<SourceId>,
    /// The revision of what the source or the provider event stated.
    pub revision: Option<u64>,
    /// What changed of groups.
    pub groups: Vec<PastGroup>,
    /// What changed of apps.
    pub apps: Vec<PastApp>,
    /// What a provider event changed; such a row has no source, and nothing else.
    pub provider: Option<PastProvider>,
}

/// What one transaction changed of a group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PastGroup {
    /// The group.
    pub group: GroupKey,
    /// What people call it, where that changed.
    pub label: Option<String>,
    /// Its code.
    pub code: GroupCode,
    /// The code's salt.
    pub salt: Salt,
    /// What the source granted it until then.
    pub before: BTreeSet<Grant>,
    /// What the source grants it since.
    pub after: BTreeSet<Grant>,
    /// Whether the group got its code with this change, for the first time or again.
    pub registers: bool,
    /// Whether the group lost its last grant of all sources.
    pub retires: bool,
    /// Whether the group's code was released, and the group forgotten.
    pub releases: bool,
    /// The code that it found taken, and the group that owned it, where it was displaced.
    pub displaced_by: Option<(GroupCode, GroupKey)>,
}

impl PastGroup {
    /// The grants that came, sorted. A grant whose apps or end changed goes and comes.
    pub fn added(&self) -> impl Iterator<Item = &Grant> {
        self.after.difference(&self.before)
    }

    /// The grants that went, sorted.
    pub fn removed(&self) -> impl Iterator<Item = &Grant> {
        self.before.difference(&self.after)
    }
}

/// What one transaction changed of an app.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PastApp {
    /// What the source stated until then; none for an app that was new.
    pub before: Option<StatedApp>,
    /// What it states since.
    pub after: StatedApp,
}

/// What a provider event changed of an app.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PastProvider {
    /// The app.
    pub app: AppId,
    /// What events said until then; none where none had spoken of the app.
    pub before: Option<AppProvider>,
    /// What they say since.
    pub after: AppProvider,
}

impl Table {
    /// What changed by a source, oldest first, consistently. Empty for a source that never changed
    /// anything.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn history(&self, source: &SourceId) -> Result<Vec<HistoryRow>, StoreError> {
        let query = self
            .client
            .query()
            .table_name(&self.name)
            .consistent_read(true)
            .key_condition_expression("#pk = :pk")
            .expression_attribute_names("#pk", schema::PK)
            .expression_attribute_values(":pk", text(schema::history_pk(source)));
        let items = self.all_pages(query).await?;
        Ok(items.iter().map(read_row).collect::<Result<_, _>>()?)
    }

    /// What changed by all sources, by provider events and by hand, oldest first; of one moment, what
    /// was done by hand first, then by provider events, then by source. Sources, provider events and
    /// what was done by hand come by way of the index, which may lag by a moment. Comfortable rather
    /// than fast: this reads all the history there is.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn whole_history(&self) -> Result<Vec<HistoryRow>, StoreError> {
        let sources: BTreeSet<SourceId> = self.sources().await?.into_iter().map(|info| info.source).collect();
        let histories = stream::iter(sources).map(|source| async move { self.history(&source).await });
        let histories: Vec<Vec<HistoryRow>> = histories.buffered(PARALLEL).try_collect().await?;
        let mut of_apps: BTreeMap<AppId, Vec<HistoryRow>> = BTreeMap::new();
        for item in self.of_kind(schema::PROVIDER_EVENT).await? {
            let row = read_row(&item)?;
            let change = row
                .provider
                .as_ref()
                .ok_or_else(|| Corrupt { item: codec::place(&item), what: format!("attribute `{HALF}` is missing") })?;
            of_apps.entry(change.app.clone()).or_default().push(row);
        }
        for rows in of_apps.values_mut() {
            rows.sort_by(|a, b| a.version.cmp(&b.version));
        }
        // Clocks differ between machines, and what a source did keeps its order all the same.
        let by_moment = of_apps.into_values().chain(histories).flat_map(|rows| {
            rows.into_iter().scan(None, |latest, row| {
                *latest = (*latest).max(Some(row.at));
                Some((*latest, row))
            })
        });
        let by_hand = self.of_kind("operator").await?;
        let by_hand: Vec<HistoryRow> = by_hand.iter().map(read_row).collect::<Result<_, _>>()?;
        let mut rows: Vec<_> = by_hand.into_iter().map(|row| (Some(row.at), row)).chain(by_moment).collect();
        rows.sort_by_key(|(moment, _)| *moment);
        Ok(rows.into_iter().map(|(_, row)| row).collect())
    }
}

fn read_row(item: &Item) -> Result<HistoryRow, Corrupt> {
    let place = codec::place(item);
    let read = Attributes::new(item, &place);
    let source = read.text_or_none("source")?.map(|source| read.valid(SourceId::parse(source))).transpose()?;
    let group = |map: &Item| read_group(&Attributes::new(map, &place));
    let app = |map: &Item| read_app(&Attributes::new(map, &place), &place);
    Ok(HistoryRow {
        version: read.text(schema::SK)?.to_owned(),
        at: Timestamp::from_seconds(read.number("at")?),
        event: read.text("event")?.to_owned(),
        source,
        revision: read.number_or_none("revision")?,
        groups: read.maps("groups")?.into_iter().map(group).collect::<Result<_, _>>()?,
        apps: read.maps("apps")?.into_iter().map(app).collect::<Result<_, _>>()?,
        provider: read
            .map_or_none(HALF)?
            .map(|map| read_provider(&Attributes::new(map, &place), &place))
            .transpose()?,
    })
}

fn read_group(read: &Attributes<'_>) -> Result<PastGroup, Corrupt> {
    let displaced_by = match (read.text_or_none("taken")?, read.text_or_none("owner")?) {
        (Some(code), Some(owner)) => Some((read.valid(GroupCode::parse(code))?, read.valid(GroupKey::new(owner))?)),
        (None, None) => None,
        _ => return Err(read.corrupt("one of the attributes `taken` and `owner` is missing")),
    };
    Ok(PastGroup {
        group: read.valid(GroupKey::new(read.text("group")?))?,
        label: read.text_or_none("label")?.map(str::to_owned),
        code: read.valid(GroupCode::parse(read.text("code")?))?,
        salt: Salt::new(read.number("salt")?),
        before: read.grants("before")?.into_iter().collect(),
        after: read.grants("after")?.into_iter().collect(),
        registers: read.flag_or_false("registers")?,
        retires: read.flag_or_false("retires")?,
        releases: read.flag_or_false("releases")?,
        displaced_by,
    })
}

fn read_app(read: &Attributes<'_>, place: &str) -> Result<PastApp, Corrupt> {
    let id = read.valid(AppId::parse(read.text("app")?))?;
    let (before, after) = read_both(read, place, |map| codec::read_rules(map, id.as_str()))?;
    Ok(PastApp { before, after })
}

fn read_provider(read: &Attributes<'_>, place: &str) -> Result<PastProvider, Corrupt> {
    let (before, after) = read_both(read, place, provider::read_says)?;
    Ok(PastProvider { app: read.valid(AppId::parse(read.text("app")?))?, before, after })
}

/// What was, and what is since.
fn read_both<T>(
    read: &Attributes<'_>,
    place: &str,
    one: impl Fn(&Attributes<'_>) -> Result<T, Corrupt>,
) -> Result<(Option<T>, T), Corrupt> {
    let of = |map: &Item| one(&Attributes::new(map, place));
    let after = read.map_or_none("after")?.ok_or_else(|| read.corrupt("attribute `after` is missing"))?;
    Ok((read.map_or_none("before")?.map(of).transpose()?, of(after)?))
}
