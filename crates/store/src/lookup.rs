//! Reads for people: codes, apps, sources. Comfortable rather than fast.

use aws_sdk_dynamodb::operation::query::builders::QueryFluentBuilder;
use aws_sdk_dynamodb::types::AttributeValue;
use signet_core::code::GroupCode;
use signet_core::grant::SourceId;
use signet_core::group::{GroupKey, GroupState};

use crate::Table;
use crate::codec::{self, Attributes, Item, text};
use crate::error::StoreError;
use crate::schema::{self, INDEX, KIND};
use crate::statement::{StatedApp, StatedGroup, Statement};

/// Who owns a code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CodeOwner {
    /// The code.
    pub code: GroupCode,
    /// The group that the code belongs to, or belonged to.
    pub group: GroupKey,
    /// What people call the group.
    pub label: Option<String>,
    /// Whether the group still has grants.
    pub state: GroupState,
}

/// A source as the table's index lists it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceInfo {
    /// The source.
    pub source: SourceId,
    /// The highest revision that a worker began to apply.
    pub claimed: u64,
    /// The revision whose state the table has in full. Below `claimed`: an application is under way,
    /// or was interrupted.
    pub applied: u64,
}

impl Table {
    /// The owners of codes, in the order asked for; none for a code that nobody owns.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn code_owners(&self, codes: &[GroupCode]) -> Result<Vec<Option<CodeOwner>>, StoreError> {
        let rows = self.read(codes.iter().map(schema::code_key)).await?;
        let mut owners = Vec::with_capacity(codes.len());
        for code in codes {
            let owner = rows.get(&schema::code_key(code)).map(|row| owner(*code, row)).transpose()?;
            owners.push(owner);
        }
        let groups = self.read(owners.iter().flatten().map(|owner| schema::group_key(owner.group.as_str()))).await?;
        for owner in owners.iter_mut().flatten() {
            if let Some(item) = groups.get(&schema::group_key(owner.group.as_str())) {
                owner.label = codec::read_group(item)?.registration.label;
            }
        }
        Ok(owners)
    }

    /// All sources, by way of the index, which may lag by a moment.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn sources(&self) -> Result<Vec<SourceInfo>, StoreError> {
        let mut sources = Vec::new();
        for item in self.of_kind("source").await? {
            let place = codec::place(&item);
            let read = Attributes::new(&item, &place);
            let id = read.text(schema::PK)?.strip_prefix(schema::SOURCE).unwrap_or_default();
            sources.push(SourceInfo {
                source: read.valid(SourceId::parse(id))?,
                claimed: read.number("claimed")?,
                applied: read.number("applied")?,
            });
        }
        Ok(sources)
    }

    /// All apps that files state, with the file's source, by way of the index.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn apps(&self) -> Result<Vec<(SourceId, StatedApp)>, StoreError> {
        let mut apps = Vec::new();
        for item in self.of_kind(schema::APP_KIND).await? {
            let place = codec::place(&item);
            let read = Attributes::new(&item, &place);
            if let Some(stated) = codec::read_app(&item)? {
                apps.push((read.valid(SourceId::parse(read.text("owner")?))?, stated));
            }
        }
        Ok(apps)
    }

    /// What a source states, read from the items it touched; none for a source that never stated
    /// anything. Grants that wait for a group which is left out are stated too. Its apps come by way of
    /// the index.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn export(&self, source: &SourceId) -> Result<Option<Statement>, StoreError> {
        let opening = self.open(source, []).await?;
        if opening.known.is_none() {
            return Ok(None);
        }
        let items = self.read(opening.touched.groups.iter().map(|hash| schema::group_key_of_hash(hash))).await?;
        let mut statement = Statement { groups: self.waiting(source).await?, ..Statement::default() };
        for item in items.values() {
            let mut record = codec::read_group(item)?;
            let Some(grants) = record.grants.remove(source) else { continue };
            let stated = StatedGroup { label: record.registration.label, grants: grants.into_iter().collect() };
            statement.groups.insert(record.registration.key, stated);
        }
        let apps = self.apps().await?.into_iter();
        statement.apps = apps.filter(|(owner, _)| owner == source).map(|(_, app)| app).collect();
        Ok(Some(statement))
    }

    pub(crate) async fn of_kind(&self, kind: &str) -> Result<Vec<Item>, StoreError> {
        self.all_pages(self.query_of_kind(kind)).await
    }

    /// The query of the index for the rows of a kind.
    pub(crate) fn query_of_kind(&self, kind: &str) -> QueryFluentBuilder {
        self.client
            .query()
            .table_name(&self.name)
            .index_name(INDEX)
            .key_condition_expression("#kind = :kind")
            .expression_attribute_names("#kind", KIND)
            .expression_attribute_values(":kind", text(kind))
    }

    /// All items that a query finds, page by page.
    pub(crate) async fn all_pages(&self, query: QueryFluentBuilder) -> Result<Vec<Item>, StoreError> {
        let mut items = Vec::new();
        let mut from: Option<Item> = None;
        loop {
            let page = query.clone().set_exclusive_start_key(from.take()).send().await;
            let page = page.map_err(|error| StoreError::of_call("Query", &self.name, &error))?;
            items.extend(page.items.unwrap_or_default());
            match page.last_evaluated_key {
                Some(key) => from = Some(key),
                None => return Ok(items),
            }
        }
    }
}

fn owner(code: GroupCode, row: &Item) -> Result<CodeOwner, StoreError> {
    let place = codec::place(row);
    let read = Attributes::new(row, &place);
    Ok(CodeOwner {
        code,
        group: read.valid(GroupKey::new(read.text("key")?))?,
        label: None,
        state: read.valid(GroupState::parse(read.text("state")?))?,
    })
}

/// The group that a code's row names.
pub(crate) fn owner_key(row: &Item) -> Option<GroupKey> {
    row.get("key").and_then(|value: &AttributeValue| value.as_s().ok()).and_then(|key| GroupKey::new(key).ok())
}
