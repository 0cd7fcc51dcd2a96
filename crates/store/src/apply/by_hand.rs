//! Codes by hand: what an operator may do about a group's code without granting it anything.
//!
//! Their history is kept by code, since no source states them.

use std::collections::BTreeSet;

use aws_sdk_dynamodb::types::{
    AttributeValue, Delete, Put, ReturnValuesOnConditionCheckFailure, TransactWriteItem, Update,
};
use signet_core::code::{GroupCode, Salt};
use signet_core::group::{GroupKey, GroupRecord, GroupState, Registration};

use crate::Table;
use crate::codec::{self, Item, number, text};
use crate::error::{Corrupt, StoreError};
use crate::lookup::owner_key;
use crate::schema::{self, KIND, PK, SK};

use super::actions::{RELEASING, own, update};
use super::codes::{Assigned, Owners};
use super::transact::Outcome;
use super::{ApplyError, Displaced, Provenance};

/// How many codes are tried that turn out to be taken.
const TRIES: usize = 1_000;
/// How many places that still name a code are listed.
const LISTED: usize = 5;

/// What registering a group did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Registered {
    /// The registration as it is now.
    pub registration: Registration,
    /// Whether anything had to change.
    pub changed: bool,
    /// Whom the group gave way to, if its first proposal was taken.
    pub displaced: Option<Displaced>,
}

/// Why a code was not registered, retired or released. Nothing was written.
#[derive(Debug, thiserror::Error)]
pub enum CodeError {
    /// The table cannot be read or written now.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The group has a code of another salt.
    #[error(
        "group `{group}` has code {code} (salt {salt}) already: to give it another one, withdraw its grants and release that code first"
    )]
    HasCode {
        /// The group.
        group: GroupKey,
        /// Its code.
        code: GroupCode,
        /// The code's salt.
        salt: u32,
    },
    /// The code that a salt gives the group is another group's.
    #[error("salt {salt} gives group `{group}` the code {code}, which belongs to `{owner}`: choose another salt")]
    Taken {
        /// The group.
        group: GroupKey,
        /// The salt.
        salt: u32,
        /// The code.
        code: GroupCode,
        /// The group that owns it.
        owner: GroupKey,
    },
    /// No salt gives the group a free code.
    #[error("group `{group}` finds no free code: use a table with wider codes")]
    NoFreeCode {
        /// The group.
        group: GroupKey,
    },
    /// The table does not have the group.
    #[error("group `{group}` is not registered")]
    Unregistered {
        /// The group.
        group: GroupKey,
    },
    /// Nobody owns the code.
    #[error("nobody owns code {code}")]
    NoOwner {
        /// The code.
        code: GroupCode,
    },
    /// The group has grants.
    #[error("group `{group}` has grants by {sources}: withdraw them; its code is retired with the last one")]
    HasGrants {
        /// The group.
        group: GroupKey,
        /// The sources of its grants.
        sources: String,
    },
    /// The code is not retired.
    #[error("code {code} of group `{group}` is not retired: retire it first")]
    NotRetired {
        /// The code.
        code: GroupCode,
        /// The group that owns it.
        group: GroupKey,
    },
    /// Roles name the code still.
    #[error("code {code} is still named by {places}: whoever gets it would open those roles")]
    InUse {
        /// The code.
        code: GroupCode,
        /// The items that name it.
        places: String,
    },
    /// Another writer changed the group in between.
    #[error("group `{group}` was changed by another writer just now: look at it again")]
    Changed {
        /// The group.
        group: GroupKey,
    },
}

impl Table {
    /// Registers a group without granting it anything: with the code of a salt, or else with the first
    /// that is free. A retired group gets its own code back.
    ///
    /// # Errors
    /// [`CodeError`].
    pub async fn register(
        &self,
        group: &GroupKey,
        salt: Option<Salt>,
        label: Option<&str>,
        provenance: &Provenance,
    ) -> Result<Registered, CodeError> {
        let mut owners = Owners::default();
        for _ in 0..TRIES {
            let key = schema::group_key(group.as_str());
            let items = self.read([schema::meta_key(), key.clone()]).await?;
            let width = self.meta_of(items.get(&schema::meta_key()))?.width;
            let known = items.get(&key).map(codec::read_group).transpose().map_err(StoreError::from)?;
            let known = known.map(|record| record.registration);
            let Assigned { code, salt: chosen, displaced } = match (&known, salt) {
                (Some(known), Some(salt)) if known.salt != salt => {
                    let (group, code, salt) = (group.clone(), known.code, known.salt.get());
                    return Err(CodeError::HasCode { group, code, salt });
                }
                (Some(known), _) => Assigned { code: known.code, salt: known.salt, displaced: None },
                (None, Some(salt)) => {
                    let code = GroupCode::propose(&*self.hasher, width, group.as_str(), salt);
                    Assigned { code, salt, displaced: None }
                }
                (None, None) => owners.assign(&*self.hasher, width, group).map_err(|error| match error {
                    ApplyError::Store(error) => CodeError::Store(error),
                    _ => CodeError::NoFreeCode { group: group.clone() },
                })?,
            };
            let label = label.map(str::to_owned);
            let had = known.as_ref().and_then(|known| known.label.clone());
            let registration = Registration {
                key: group.clone(),
                label: label.clone().or_else(|| had.clone()),
                code,
                salt: chosen,
                state: GroupState::Registered,
            };
            if known.as_ref() == Some(&registration) {
                return Ok(Registered { registration, changed: false, displaced: None });
            }
            let registers = known.as_ref().is_none_or(|known| known.state == GroupState::Retired);
            let new_label = label.filter(|label| had.as_ref() != Some(label));
            let row = Row { registration: &registration, new_label, what: registers.then_some("registers") };
            let actions = vec![
                update(self.built(self.registering(&registration, known.is_some()).build())?),
                update(self.built(self.owning(&registration).build())?),
                row.action(self, provenance, displaced.as_ref())?,
            ];
            let Outcome::Refused(refusals) = self.transact(actions).await? else {
                return Ok(Registered { registration, changed: true, displaced });
            };
            // Another group's code; or else the group's item changed, which the next try sees.
            let owner = refusals.iter().find(|(place, _)| *place == 1).and_then(|(_, row)| row.as_ref());
            match (owner.and_then(owner_key), salt) {
                (None, _) => {}
                (Some(owner), Some(salt)) => {
                    let (group, salt) = (group.clone(), salt.get());
                    return Err(CodeError::Taken { group, salt, code, owner });
                }
                (Some(owner), None) => owners.forget(group, code, owner),
            }
        }
        Err(CodeError::Changed { group: group.clone() })
    }

    fn registering(
        &self,
        registration: &Registration,
        is_known: bool,
    ) -> aws_sdk_dynamodb::types::builders::UpdateBuilder {
        let condition = if is_known { "#code = :code" } else { "attribute_not_exists(#code)" };
        let mut item = Update::builder()
            .table_name(&self.name)
            .set_key(Some(schema::group_key(registration.key.as_str()).attributes()))
            .condition_expression(condition);
        let values = [
            ("key", text(registration.key.as_str())),
            ("code", text(registration.code.as_str())),
            ("salt", number(registration.salt.get())),
            ("state", text("registered")),
        ];
        let label = registration.label.as_ref().map(|label| ("label", text(label)));
        let mut settings = Vec::new();
        for (name, value) in values.into_iter().chain(label) {
            settings.push(format!("#{name} = :{name}"));
            item = item
                .expression_attribute_names(format!("#{name}"), name)
                .expression_attribute_values(format!(":{name}"), value);
        }
        item.expression_attribute_names("#releasing", RELEASING)
            .update_expression(format!("SET {} REMOVE #releasing", settings.join(", ")))
    }

    fn owning(&self, registration: &Registration) -> aws_sdk_dynamodb::types::builders::UpdateBuilder {
        let state = Some(registration.state.as_str());
        own(self, &schema::code_key(&registration.code), "key", registration.key.as_str(), state)
    }

    /// Retires the code of a group that has no grants: it belongs to the group still, and to no other.
    /// Gives the registration, and whether anything had to change.
    ///
    /// # Errors
    /// [`CodeError`].
    pub async fn retire(&self, group: &GroupKey, provenance: &Provenance) -> Result<(Registration, bool), CodeError> {
        let record = self.record(group).await?;
        let registration = Registration { state: GroupState::Retired, ..record.registration.clone() };
        if record.registration == registration {
            return Ok((registration, false));
        }
        let item = Update::builder()
            .table_name(&self.name)
            .set_key(Some(schema::group_key(group.as_str()).attributes()))
            .update_expression("SET #state = :state")
            .condition_expression("#code = :code AND attribute_not_exists(#sources)")
            .expression_attribute_names("#code", "code")
            .expression_attribute_names("#sources", "sources")
            .expression_attribute_names("#state", "state")
            .expression_attribute_values(":code", text(registration.code.as_str()))
            .expression_attribute_values(":state", text("retired"));
        let row = Row { registration: &registration, new_label: None, what: Some("retires") };
        let actions = vec![
            update(self.built(item.build())?),
            update(self.built(self.owning(&registration).build())?),
            row.action(self, provenance, None)?,
        ];
        match self.transact(actions).await? {
            Outcome::Written => Ok((registration, true)),
            Outcome::Refused(_) => Err(CodeError::Changed { group: group.clone() }),
        }
    }

    /// Releases a retired code, so that any group may get it: the group that owned it is forgotten.
    /// Refused while any role's row, or the record of any role's last written trust policy, names it.
    /// Reads the whole table.
    ///
    /// # Errors
    /// [`CodeError`].
    pub async fn release(&self, code: &GroupCode, provenance: &Provenance) -> Result<Registration, CodeError> {
        let row = self.read([schema::code_key(code)]).await?;
        let row = row.get(&schema::code_key(code)).ok_or(CodeError::NoOwner { code: *code })?;
        let group = owner_key(row).ok_or_else(|| {
            StoreError::from(Corrupt { item: codec::place(row), what: "attribute `key` is no group key".to_owned() })
        })?;
        let registration = self.record(&group).await?.registration;
        if registration.code != *code {
            let what = format!("its group `{group}` has code {}", registration.code);
            return Err(StoreError::from(Corrupt { item: codec::place(row), what }).into());
        }
        if registration.state != GroupState::Retired {
            return Err(CodeError::NotRetired { code: *code, group });
        }
        self.begin_release(&registration, &provenance.event).await?;
        let places = self.naming(code).await?;
        if !places.is_empty() {
            let shown: Vec<&str> = places.iter().take(LISTED).map(String::as_str).collect();
            let more = places.len().saturating_sub(LISTED);
            let more = if more == 0 { String::new() } else { format!(" and {more} more") };
            return Err(CodeError::InUse { code: *code, places: format!("`{}`{more}", shown.join("`, `")) });
        }
        let item = Delete::builder()
            .table_name(&self.name)
            .set_key(Some(schema::group_key(group.as_str()).attributes()))
            .condition_expression("#code = :code AND #releasing = :event")
            .expression_attribute_names("#code", "code")
            .expression_attribute_names("#releasing", RELEASING)
            .expression_attribute_values(":code", text(code.as_str()))
            .expression_attribute_values(":event", text(&provenance.event));
        let owner = Delete::builder()
            .table_name(&self.name)
            .set_key(Some(schema::code_key(code).attributes()))
            .condition_expression("#key = :key")
            .expression_attribute_names("#key", "key")
            .expression_attribute_values(":key", text(group.as_str()))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        let row = Row { registration: &registration, new_label: None, what: Some("releases") };
        let actions = vec![
            TransactWriteItem::builder().delete(self.built(item.build())?).build(),
            TransactWriteItem::builder().delete(self.built(owner.build())?).build(),
            row.action(self, provenance, None)?,
        ];
        match self.transact(actions).await? {
            Outcome::Written => Ok(registration),
            Outcome::Refused(_) => Err(CodeError::Changed { group }),
        }
    }

    /// Marks a group as being released. Whoever grants it something takes the mark away: so what the
    /// roles say after the mark is what they say when it is released.
    async fn begin_release(&self, registration: &Registration, event: &str) -> Result<(), CodeError> {
        let mark = Update::builder()
            .table_name(&self.name)
            .set_key(Some(schema::group_key(registration.key.as_str()).attributes()))
            .update_expression("SET #releasing = :event")
            .condition_expression("#code = :code AND #state = :retired AND attribute_not_exists(#sources)")
            .expression_attribute_names("#code", "code")
            .expression_attribute_names("#releasing", RELEASING)
            .expression_attribute_names("#sources", "sources")
            .expression_attribute_names("#state", "state")
            .expression_attribute_values(":code", text(registration.code.as_str()))
            .expression_attribute_values(":event", text(event))
            .expression_attribute_values(":retired", text("retired"));
        match self.transact(vec![update(self.built(mark.build())?)]).await? {
            Outcome::Written => Ok(()),
            Outcome::Refused(_) => Err(CodeError::Changed { group: registration.key.clone() }),
        }
    }

    /// What the table says of a group that has no grants.
    async fn record(&self, group: &GroupKey) -> Result<GroupRecord, CodeError> {
        let record = self.groups(&[group.as_str()]).await?.remove(group.as_str());
        let record = record.ok_or_else(|| CodeError::Unregistered { group: group.clone() })?;
        if record.grants.is_empty() {
            return Ok(record);
        }
        let sources: Vec<String> = record.grants.keys().map(|source| format!("`{source}`")).collect();
        Err(CodeError::HasGrants { group: group.clone(), sources: sources.join(", ") })
    }

    /// The items of roles that name a code, read consistently and past the index, which may lag.
    async fn naming(&self, code: &GroupCode) -> Result<BTreeSet<String>, StoreError> {
        let scan = self
            .client
            .scan()
            .table_name(&self.name)
            .consistent_read(true)
            .filter_expression("begins_with(#pk, :role) OR begins_with(#pk, :account)")
            .expression_attribute_names("#pk", PK)
            .expression_attribute_values(":role", text("ROLE#"))
            .expression_attribute_values(":account", text("ACCOUNT#"));
        let mut places = BTreeSet::new();
        let mut from: Option<Item> = None;
        loop {
            let page = scan.clone().set_exclusive_start_key(from.take()).send().await;
            let page = page.map_err(|error| StoreError::of_call("Scan", &self.name, &error))?;
            let naming = page.items.iter().flatten().filter(|item| item.values().any(|value| names(value, code)));
            places.extend(naming.map(codec::place));
            match page.last_evaluated_key {
                Some(key) => from = Some(key),
                None => return Ok(places),
            }
        }
    }
}

/// Whether a code stands somewhere in a value, whatever the layout around it.
fn names(value: &AttributeValue, code: &GroupCode) -> bool {
    match value {
        AttributeValue::S(text) => text == code.as_str(),
        AttributeValue::Ss(texts) => texts.iter().any(|text| text == code.as_str()),
        AttributeValue::L(values) => values.iter().any(|value| names(value, code)),
        AttributeValue::M(map) => map.values().any(|value| names(value, code)),
        _ => false,
    }
}

/// The history row of an operator's change.
struct Row<'r> {
    registration: &'r Registration,
    new_label: Option<String>,
    /// What happened: `registers`, `retires`, `releases`; none where only the label changed.
    what: Option<&'static str>,
}

impl Row<'_> {
    fn action(
        &self,
        table: &Table,
        provenance: &Provenance,
        displaced: Option<&Displaced>,
    ) -> Result<TransactWriteItem, StoreError> {
        let Registration { key, code, salt, .. } = self.registration;
        let nothing = || codec::write_grants([]);
        let mut entry = Item::from([
            ("group".to_owned(), text(key.as_str())),
            ("code".to_owned(), text(code.as_str())),
            ("salt".to_owned(), number(salt.get())),
            ("before".to_owned(), nothing()),
            ("after".to_owned(), nothing()),
        ]);
        if let Some(what) = self.what {
            entry.insert(what.to_owned(), AttributeValue::Bool(true));
        }
        if let Some(label) = &self.new_label {
            entry.insert("label".to_owned(), text(label));
        }
        if let Some(displaced) = displaced {
            entry.insert("taken".to_owned(), text(displaced.taken.as_str()));
            entry.insert("owner".to_owned(), text(displaced.owner.as_str()));
        }
        let place = schema::code_history_key(code, provenance.at, &provenance.event);
        let put = Put::builder()
            .table_name(&table.name)
            .item(PK, text(place.pk))
            .item(SK, text(place.sk))
            .item(KIND, text("operator"))
            .item("at", number(provenance.at.seconds()))
            .item("event", text(&provenance.event))
            .item("groups", AttributeValue::L(vec![AttributeValue::M(entry)]))
            .condition_expression("attribute_not_exists(pk)");
        Ok(TransactWriteItem::builder().put(table.built(put.build())?).build())
    }
}
