//! The source's own items: which revision is claimed and applied, and what it touches.
//!
//! What a source touches is noted before anything of it is written. So whoever applies the next
//! revision, after whatever interruption, knows all items that may carry a part of this source.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use aws_sdk_dynamodb::types::{AttributeValue, Put, TransactWriteItem, Update};
use signet_core::grant::SourceId;
use signet_core::role::RoleArn;

use crate::Table;
use crate::batch::Key;
use crate::codec::{self, Attributes, Item, number, text};
use crate::error::{Corrupt, StoreError};
use crate::schema::{self, KIND, Meta, PK, SK};

/// The most bytes of keys on one page, and over all pages of a source.
const PAGE_BYTES: usize = 250_000;
const ALL_BYTES: usize = 2_500_000;

/// The attribute that counts the groups that a statement was applied without.
pub(super) const LEFT_OUT: &str = "left_out";
/// The attribute that marks a source whose applied statement is being applied once more.
pub(super) const RESYNCING: &str = "resyncing";

/// How often the source and its pages are read again where they are not of one moment.
const TORN_READS: usize = 5;

/// What the table knows of a source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SourceState {
    /// How often the source was claimed: the fencing token of whoever claimed it last.
    pub(crate) claims: u64,
    pub(crate) claimed: u64,
    pub(crate) applied: u64,
    /// The digest of the claimed statement.
    pub(crate) digest: String,
    pub(crate) pages: usize,
    /// The token of the claim that wrote the pages.
    pub(crate) paged: u64,
    /// How many groups the applied statement was applied without.
    pub(crate) left_out: u64,
    /// Whether what the applied statement says is being applied once more.
    pub(crate) resyncing: bool,
    /// How many transactions noted collisions, and up to which of them people were told of all.
    pub(crate) collided: u64,
    pub(crate) told: u64,
}

impl SourceState {
    /// Whether the claimed statement is in the table in full.
    pub(crate) fn is_finished(&self) -> bool {
        self.is_applied() && !self.resyncing
    }

    /// Whether the claimed statement was brought into the table in full once.
    pub(super) fn is_applied(&self) -> bool {
        self.claimed == self.applied
    }

    /// Whether there may be collisions that people have to be told of.
    pub(super) fn has_collisions(&self) -> bool {
        self.collided != self.told
    }
}

/// The groups, by the hash of their keys, and the roles that may carry a part of a source.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Touched {
    pub(crate) groups: BTreeSet<String>,
    pub(crate) roles: BTreeSet<RoleArn>,
}

/// The first read of every application.
pub(crate) struct Opening {
    pub(crate) meta: Meta,
    pub(crate) known: Option<SourceState>,
    pub(crate) touched: Touched,
    /// The other items that were asked for.
    pub(crate) items: HashMap<Key, Item>,
}

impl Table {
    /// Reads `META`, a source with what it touches, and other items: one call for all but the
    /// largest sources.
    pub(crate) async fn open(
        &self,
        source: &SourceId,
        others: impl IntoIterator<Item = Key>,
    ) -> Result<Opening, StoreError> {
        let others: Vec<Key> = others.into_iter().collect();
        let mut tries = 0;
        loop {
            match self.open_once(source, others.iter().cloned()).await {
                // Items of one read are each as they are when they are read, and not all of one
                // moment: another worker may have claimed the source in between.
                Err(StoreError::Corrupt(torn)) if tries < TORN_READS => {
                    drop(torn);
                    tries += 1;
                }
                ended => return ended,
            }
        }
    }

    async fn open_once(&self, source: &SourceId, others: impl Iterator<Item = Key>) -> Result<Opening, StoreError> {
        let first = [schema::meta_key(), schema::source_key(source), schema::page_key(source, 0)];
        let mut items = self.read(first.into_iter().chain(others)).await?;
        let meta = self.meta_of(items.get(&schema::meta_key()))?;
        let known = items.get(&schema::source_key(source)).map(read_state).transpose()?;
        let pages = known.as_ref().map_or(0, |state| state.pages);
        if pages > 1 {
            items.extend(self.read((1..pages).map(|page| schema::page_key(source, page))).await?);
        }
        let mut touched = Touched::default();
        for page in 0..pages {
            let key = schema::page_key(source, page);
            // Without a page, grants of the source could be left behind unseen.
            let item = items.get(&key).ok_or_else(|| Corrupt {
                item: format!("{} / {}", key.pk, key.sk),
                what: "the page is missing".to_owned(),
            })?;
            read_page(item, known.as_ref().map_or(0, |state| state.paged), &mut touched)?;
        }
        Ok(Opening { meta, known, touched, items })
    }
}

pub(super) fn read_state(item: &Item) -> Result<SourceState, Corrupt> {
    let place = codec::place(item);
    let read = Attributes::new(item, &place);
    Ok(SourceState {
        claims: read.number("claims")?,
        claimed: read.number("claimed")?,
        applied: read.number("applied")?,
        digest: read.text("digest")?.to_owned(),
        pages: read.number("pages")?,
        paged: read.number("paged")?,
        left_out: read.number_or_none(LEFT_OUT)?.unwrap_or_default(),
        resyncing: read.flag_or_false(RESYNCING)?,
        collided: read.number_or_none("collided")?.unwrap_or_default(),
        told: read.number_or_none("told")?.unwrap_or_default(),
    })
}

fn read_page(item: &Item, paged: u64, touched: &mut Touched) -> Result<(), Corrupt> {
    let place = codec::place(item);
    let read = Attributes::new(item, &place);
    // By another claim's page, groups that carry a part of the source could be left behind unseen.
    if read.number::<u64>("token")? != paged {
        return Err(read.corrupt("it was written by another claim than the source says"));
    }
    touched.groups.extend(read.text_set("groups")?);
    for role in read.text_set("roles")? {
        touched.roles.insert(read.valid(RoleArn::parse(&role))?);
    }
    Ok(())
}

/// Sets of keys, as many to a page as fit; none if they are too many for one transaction.
fn pages(touched: &Touched) -> Option<Vec<BTreeMap<&'static str, Vec<String>>>> {
    let groups = touched.groups.iter().map(|hash| ("groups", hash.clone()));
    let roles = touched.roles.iter().map(|role| ("roles", role.to_string()));
    let mut pages: Vec<BTreeMap<&str, Vec<String>>> = Vec::new();
    let (mut on_page, mut in_all) = (PAGE_BYTES, 0);
    for (set, value) in groups.chain(roles) {
        let bytes = value.len() + 2;
        if on_page + bytes > PAGE_BYTES {
            pages.push(BTreeMap::new());
            on_page = 0;
        }
        on_page += bytes;
        in_all += bytes;
        if let Some(page) = pages.last_mut() {
            page.entry(set).or_default().push(value);
        }
    }
    (in_all <= ALL_BYTES).then_some(pages)
}

/// What a worker writes to claim a source.
pub(super) struct Claim<'a> {
    pub(super) source: &'a SourceId,
    /// What the source was when the worker looked.
    pub(super) seen: Option<&'a SourceState>,
    pub(super) revision: u64,
    pub(super) digest: &'a str,
    /// What the source touched before, or will touch; none where that is noted already.
    pub(super) touches: Option<&'a Touched>,
    /// What is written after the claim.
    pub(super) then: Then,
}

/// What is written after a claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Then {
    /// Nothing: the table has the statement already.
    Nothing,
    /// What the statement says.
    Statement,
    /// Once more what is applied, of which nothing that is there goes away in between.
    Resync,
}

impl Claim<'_> {
    /// The fencing token that the claim gives.
    pub(super) fn token(&self) -> u64 {
        self.seen.map_or(0, |state| state.claims) + 1
    }

    /// The claim's actions, the claim itself first; none if the source touches too much.
    pub(super) fn actions(&self, table: &Table) -> Result<Option<Vec<TransactWriteItem>>, StoreError> {
        let Some(pages) = self.touches.map_or(Some(Vec::new()), pages) else { return Ok(None) };
        let page_count = if self.touches.is_some() { pages.len() } else { self.seen.map_or(0, |state| state.pages) };
        let mut update = Update::builder()
            .table_name(table.name())
            .set_key(Some(schema::source_key(self.source).attributes()))
            .expression_attribute_names("#kind", KIND)
            .expression_attribute_values(":kind", text("source"))
            .expression_attribute_values(":token", number(self.token()))
            .expression_attribute_values(":revision", number(self.revision))
            .expression_attribute_values(":digest", text(self.digest))
            .expression_attribute_values(":pages", number(page_count));
        let mut expression =
            "SET #kind = :kind, claims = :token, claimed = :revision, digest = :digest, pages = :pages".to_owned();
        if self.touches.is_some() || self.seen.is_none() {
            expression.push_str(", paged = :token");
        }
        match (self.then, self.seen) {
            (Then::Nothing, _) => {
                expression.push_str(", applied = :revision REMOVE #resyncing");
                update = update.expression_attribute_names("#resyncing", RESYNCING);
            }
            (Then::Resync, _) => {
                expression.push_str(", #resyncing = :true");
                update = update
                    .expression_attribute_names("#resyncing", RESYNCING)
                    .expression_attribute_values(":true", AttributeValue::Bool(true));
            }
            (Then::Statement, None) => {
                expression.push_str(", applied = :none");
                update = update.expression_attribute_values(":none", number(0));
            }
            (Then::Statement, Some(_)) => {}
        }
        update = match self.seen {
            None => update.condition_expression("attribute_not_exists(pk)"),
            Some(state) => {
                update.condition_expression("claims = :seen").expression_attribute_values(":seen", number(state.claims))
            }
        };
        let update = table.built(update.update_expression(expression).build())?;
        let mut actions = vec![TransactWriteItem::builder().update(update).build()];
        for (place, page) in pages.into_iter().enumerate() {
            let key = schema::page_key(self.source, place);
            let mut put = Put::builder().table_name(table.name()).item(PK, text(key.pk)).item(SK, text(key.sk));
            put = put.item("token", number(self.token()));
            for (set, values) in page {
                put = put.item(set, AttributeValue::Ss(values));
            }
            actions.push(TransactWriteItem::builder().put(table.built(put.build())?).build());
        }
        Ok(Some(actions))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_touched_is_noted_on_pages_whole() {
        let groups: BTreeSet<String> = (0..9_000).map(|n| format!("{n:064}")).collect();
        let roles: BTreeSet<RoleArn> =
            (0..3).map(|n| RoleArn::parse(&format!("arn:aws:iam::111122223333:role/r{n}")).unwrap()).collect();
        let pages = pages(&Touched { groups: groups.clone(), roles: roles.clone() }).unwrap();
        assert_eq!(pages.len(), 3);
        let noted = |set| pages.iter().filter_map(|page| page.get(set)).flatten().cloned().collect::<BTreeSet<_>>();
        assert_eq!(noted("groups"), groups);
        assert_eq!(noted("roles").len(), roles.len());
    }

    #[test]
    fn nothing_touched_needs_no_page_and_too_much_has_none() {
        assert_eq!(pages(&Touched::default()).unwrap().len(), 0);
        let groups = (0..40_000).map(|n| format!("{n:064}")).collect();
        assert!(pages(&Touched { groups, roles: BTreeSet::new() }).is_none());
    }
}
