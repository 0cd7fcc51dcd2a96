//! Raising what is wanted.
//!
//! A change of a role's grants raises the role in its own transaction. A change of an app or its provider
//! concerns every role, and more accounts than one transaction takes: the change marks the app (`mark`),
//! each account is raised, and then it is noted that the mark is attended to. Whoever finds a mark finishes
//! the work.
//!
//! The mark is a counter beside the counter of what was raised, and not something that comes and goes: who
//! was slow to raise could otherwise take a newer mark for the one that was seen.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use aws_sdk_dynamodb::types::AttributeValue;
use aws_sdk_dynamodb::types::builders::UpdateBuilder;
use futures_util::{StreamExt, TryStreamExt, stream};
use signet_core::app::AppId;
use signet_core::grant::Timestamp;
use signet_core::role::{AccountId, RoleArn};

use crate::Table;
use crate::apply::transact::Updated;
use crate::batch::Key;
use crate::codec::{self, Attributes, Item, number, text};
use crate::error::{Corrupt, StoreError};
use crate::schema::{self, KIND, PK};

/// The attribute of an app's item that counts its changes that concern every role.
const RAISING: &str = "raising";
/// The attribute of an app's item that says up to which of those every account was raised.
const RAISED: &str = "raised";
/// How many accounts are raised at once.
const PARALLEL: usize = 16;

/// Makes an update of an app's item mark the app: every account is to be raised for it. `expression` is
/// the update's expression without an `ADD` clause; the update must have no other.
///
/// Use it in the transaction that changes what a gate or an identity provider follows from. Call
/// [`Table::raise_for`] once that is written, and also wherever nothing was to be written but the item
/// that was read is [`marked`]: a worker that was interrupted in between left it so.
pub(crate) fn mark(update: UpdateBuilder, expression: &str) -> UpdateBuilder {
    update
        .update_expression(format!("{expression} ADD #raising :raising_by"))
        .expression_attribute_names("#raising", RAISING)
        .expression_attribute_values(":raising_by", number(1))
}

/// The mark of an app's item, if accounts are to be raised for it still.
pub(crate) fn marked(item: &Item) -> Result<Option<u64>, Corrupt> {
    let place = codec::place(item);
    let read = Attributes::new(item, &place);
    let raising: u64 = read.number_or_none(RAISING)?.unwrap_or_default();
    let raised: u64 = read.number_or_none(RAISED)?.unwrap_or_default();
    Ok((raising > raised).then_some(raising))
}

impl Table {
    /// Raises every account for an app that is marked, and takes the mark away. Nothing for one that is
    /// not marked.
    ///
    /// # Errors
    /// [`StoreError`]; repeating it is safe, and needed: what it did not finish is still marked.
    pub async fn raise_for(&self, app: &AppId, now: Timestamp) -> Result<(), StoreError> {
        self.raise_for_some(&BTreeSet::from([app.clone()]), now).await.map(drop)
    }

    /// Does so for all apps that are marked, by way of the index: what an interrupted worker left.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn raise_for_all(&self, now: Timestamp) -> Result<Vec<AppId>, StoreError> {
        let mut apps = BTreeSet::new();
        for item in self.of_kind(schema::APP_KIND).await? {
            if marked(&item)?.is_some() {
                apps.insert(schema::app_of(&item)?);
            }
        }
        self.raise_for_some(&apps, now).await
    }

    /// Raises every account, once, for those of these apps that are marked; gives those.
    pub(crate) async fn raise_for_some(
        &self,
        apps: &BTreeSet<AppId>,
        now: Timestamp,
    ) -> Result<Vec<AppId>, StoreError> {
        if apps.is_empty() {
            return Ok(Vec::new());
        }
        // Before the accounts: what is marked from now on is not attended to here.
        let items = self.read(apps.iter().map(|app| schema::app_key(app.as_str()))).await?;
        let mut marks = BTreeMap::new();
        for app in apps {
            let item = items.get(&schema::app_key(app.as_str()));
            if let Some(mark) = item.map(marked).transpose()?.flatten() {
                marks.insert(app.clone(), mark);
            }
        }
        if marks.is_empty() {
            return Ok(Vec::new());
        }
        let ids: Vec<String> = marks.keys().map(ToString::to_string).collect();
        let accounts = self.account_ids().await?;
        let raises = accounts.iter().map(|account| self.raise(account, &ids, now));
        stream::iter(raises).buffer_unordered(PARALLEL).try_collect::<()>().await?;
        let notes = marks.iter().map(|(app, mark)| self.note_raised(app, *mark));
        stream::iter(notes).buffer_unordered(PARALLEL).try_collect::<()>().await?;
        Ok(marks.into_keys().collect())
    }

    /// Raises single roles, as an operator asks; a role that was never granted is not raised, and false.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn raise_role(&self, role: &RoleArn, now: Timestamp) -> Result<bool, StoreError> {
        let raising = self.raising(&schema::role_state_key(role), schema::ROLE_KIND, &[], now);
        match self.update(raising.condition_expression("attribute_exists(#kind)")).await? {
            Updated::Written(_) => Ok(true),
            Updated::Refused(_) => Ok(false),
        }
    }

    /// Raises an account: all its roles and providers are attended to.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn raise_account(&self, account: &AccountId, now: Timestamp) -> Result<(), StoreError> {
        self.raise(account, &[], now).await
    }

    async fn raise(&self, account: &AccountId, apps: &[String], now: Timestamp) -> Result<(), StoreError> {
        let raising = self.raising(&schema::account_key(account), schema::ACCOUNT_KIND, apps, now);
        self.update(raising).await.map(drop)
    }

    /// The update that raises a row. Asked for again, it raises it once more, which does no harm.
    fn raising(&self, key: &Key, kind: &str, apps: &[String], now: Timestamp) -> UpdateItemFluentBuilder {
        let expression = "SET #kind = :kind, #last = :last, #since = if_not_exists(#since, :now) ADD #wanted :one";
        let update = self
            .client
            .update_item()
            .set_key(Some(key.attributes()))
            .expression_attribute_names("#kind", KIND)
            .expression_attribute_names("#last", schema::LAST)
            .expression_attribute_names("#since", schema::SINCE)
            .expression_attribute_names("#wanted", schema::WANTED)
            .expression_attribute_values(":kind", text(kind))
            .expression_attribute_values(":last", text(schema::BY_WANTED))
            .expression_attribute_values(":now", number(now.seconds()))
            .expression_attribute_values(":one", number(1));
        // DynamoDB has no empty sets.
        if apps.is_empty() {
            return update.update_expression(expression);
        }
        update
            .update_expression(format!("{expression}, #apps :apps"))
            .expression_attribute_names("#apps", "apps")
            .expression_attribute_values(":apps", AttributeValue::Ss(apps.to_vec()))
    }

    /// Notes that every account was raised for an app, up to a mark.
    async fn note_raised(&self, app: &AppId, mark: u64) -> Result<(), StoreError> {
        let note = self
            .client
            .update_item()
            .set_key(Some(schema::app_key(app.as_str()).attributes()))
            .update_expression("SET #raised = :mark")
            // Another worker may have come further, which is as good.
            .condition_expression("#raising >= :mark AND (attribute_not_exists(#raised) OR #raised < :mark)")
            .expression_attribute_names("#raising", RAISING)
            .expression_attribute_names("#raised", RAISED)
            .expression_attribute_values(":mark", number(mark));
        self.update(note).await.map(drop)
    }

    /// Every account that has a row of its own or of a role, by way of the index.
    async fn account_ids(&self) -> Result<BTreeSet<AccountId>, StoreError> {
        let mut accounts = BTreeSet::new();
        for kind in [schema::ACCOUNT_KIND, schema::ROLE_KIND] {
            let query = self.query_of_kind(kind).projection_expression("#pk").expression_attribute_names("#pk", PK);
            for item in self.all_pages(query).await? {
                accounts.insert(schema::account_of(&item)?);
            }
        }
        Ok(accounts)
    }
}
