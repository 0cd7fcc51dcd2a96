//! Groups that are left out because their code is taken, in a deployment that gives them no other.
//!
//! Each is a row of its own beside the source's item, written behind the source's fence like
//! everything else. So nothing that was stated is lost, however many groups are left out, and a
//! later application can give them what they wait for.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_dynamodb::types::{AttributeValue, Delete, Put, TransactWriteItem};
use signet_core::code::GroupCode;
use signet_core::grant::{Grant, SourceId};
use signet_core::group::GroupKey;

use crate::Table;
use crate::codec::{self, Attributes, Item, text};
use crate::error::{Corrupt, StoreError};
use crate::lookup::owner_key;
use crate::schema::{self, PK, SK};
use crate::statement::StatedGroup;

use super::LeftOut;

/// A group that is left out, with what the source states of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Left {
    pub(super) group: GroupKey,
    pub(super) label: Option<String>,
    pub(super) grants: BTreeSet<Grant>,
    /// The code that the group would have.
    pub(super) taken: GroupCode,
    /// The group that owns it.
    pub(super) owner: GroupKey,
}

impl Left {
    pub(super) fn summary(&self) -> LeftOut {
        LeftOut { group: self.group.clone(), taken: self.taken, owner: self.owner.clone(), grants: self.grants.len() }
    }

    fn item(&self, source: &SourceId) -> Item {
        let key = schema::left_key(source, self.group.as_str());
        let mut item = Item::from([
            (PK.to_owned(), text(key.pk)),
            (SK.to_owned(), text(key.sk)),
            ("group".to_owned(), text(self.group.as_str())),
            ("grants".to_owned(), codec::write_grants(&self.grants)),
            ("taken".to_owned(), text(self.taken.as_str())),
            ("owner".to_owned(), text(self.owner.as_str())),
        ]);
        if let Some(label) = &self.label {
            item.insert("label".to_owned(), text(label));
        }
        item
    }

    /// The action that notes it, and how many bytes that writes.
    pub(super) fn put(&self, table: &Table, source: &SourceId) -> Result<(TransactWriteItem, usize), StoreError> {
        let item = self.item(source);
        let bytes = codec::size(&AttributeValue::M(item.clone()));
        let put = Put::builder().table_name(table.name()).set_item(Some(item));
        Ok((TransactWriteItem::builder().put(table.built(put.build())?).build(), bytes))
    }

    fn read(item: &Item) -> Result<Self, Corrupt> {
        let place = codec::place(item);
        let read = Attributes::new(item, &place);
        Ok(Self {
            group: read.valid(GroupKey::new(read.text("group")?))?,
            label: read.text_or_none("label")?.map(str::to_owned),
            grants: read.grants("grants")?.into_iter().collect(),
            taken: read.valid(GroupCode::parse(read.text("taken")?))?,
            owner: read.valid(GroupKey::new(read.text("owner")?))?,
        })
    }
}

/// The action that forgets that a group was left out.
pub(super) fn forget(table: &Table, source: &SourceId, group: &GroupKey) -> Result<TransactWriteItem, StoreError> {
    let key = schema::left_key(source, group.as_str()).attributes();
    let delete = Delete::builder().table_name(table.name()).set_key(Some(key));
    Ok(TransactWriteItem::builder().delete(table.built(delete.build())?).build())
}

/// The groups that a source's items say are left out, and who owns now the codes they found taken.
pub(super) type AllLeft = (BTreeMap<GroupKey, Left>, BTreeMap<GroupCode, GroupKey>);

impl Table {
    pub(super) async fn left_out(&self, source: &SourceId) -> Result<AllLeft, StoreError> {
        let items = self.beside(source, schema::LEFT).await?;
        let left: Vec<Left> = items.iter().map(Left::read).collect::<Result<_, _>>()?;
        let codes: BTreeSet<GroupCode> = left.iter().map(|left| left.taken).collect();
        // The code may have been released since, and is then free to be tried.
        let rows = self.read(codes.iter().map(schema::code_key)).await?;
        let owner = |code: &GroupCode| Some((*code, owner_key(rows.get(&schema::code_key(code))?)?));
        let owners = codes.iter().filter_map(owner).collect();
        Ok((left.into_iter().map(|left| (left.group.clone(), left)).collect(), owners))
    }

    /// The groups that a source's statement was applied without, because their code is taken; sorted.
    /// None of a source that the table does not know.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn groups_left_out(&self, source: &SourceId) -> Result<Vec<LeftOut>, StoreError> {
        Ok(self.left_out(source).await?.0.values().map(Left::summary).collect())
    }

    /// What a source states of the groups that are left out.
    pub(crate) async fn waiting(&self, source: &SourceId) -> Result<BTreeMap<GroupKey, StatedGroup>, StoreError> {
        let left = self.left_out(source).await?.0.into_values();
        Ok(left.map(|left| (left.group, StatedGroup { label: left.label, grants: left.grants })).collect())
    }

    /// The items beside a source's own whose sort keys begin so, consistently.
    pub(super) async fn beside(&self, source: &SourceId, begin: &str) -> Result<Vec<Item>, StoreError> {
        let query = self
            .client
            .query()
            .table_name(&self.name)
            .consistent_read(true)
            .key_condition_expression("#pk = :pk AND begins_with(#sk, :begin)")
            .expression_attribute_names("#pk", PK)
            .expression_attribute_names("#sk", SK)
            .expression_attribute_values(":pk", text(schema::source_key(source).pk))
            .expression_attribute_values(":begin", text(begin));
        self.all_pages(query).await
    }
}
