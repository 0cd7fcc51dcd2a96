//! The actions of a transaction: what one change writes, on which conditions.

use std::collections::BTreeSet;

use aws_sdk_dynamodb::types::{
    AttributeValue, ConditionCheck, Delete, Put, ReturnValuesOnConditionCheckFailure, TransactWriteItem, Update,
};
use signet_core::app::App;
use signet_core::grant::{SourceId, Timestamp};
use signet_core::group::GroupKey;
use signet_core::role::RoleArn;
use signet_core::trust::grants::RoleEntry;

use crate::Table;
use crate::batch::Key;
use crate::codec::{self, Item, number, text};
use crate::error::StoreError;
use crate::provider::HALF;
use crate::schema::{self, KIND, PK, SK};
use crate::statement::StatedApp;
use crate::trust::wanted;

use super::diff::{Change, GROUP_BYTES};
use super::left::{self, Left};
use super::source::{LEFT_OUT, RESYNCING};
use super::{Collision, Displaced, Provenance};

/// The attribute that marks a group whose code is being released; every grant takes it away.
pub(super) const RELEASING: &str = "releasing";

/// What an application writes, item by item.
#[derive(Debug, Clone)]
pub(super) enum Work {
    /// An app's rules, with what they were.
    App { stated: Box<StatedApp>, before: Option<Box<StatedApp>> },
    /// A source's part of a group, and whether the group is noted as left out until then.
    Group { change: Box<Change>, was_left: bool },
    /// A group that is left out, and whether people have to be told of it.
    Left { left: Box<Left>, is_new: bool },
    /// A group that is left out no more, since nothing is stated of it.
    NotLeft(GroupKey),
    /// A source's row of a role, no entries to delete it, with what it was.
    Role { role: RoleArn, entries: BTreeSet<RoleEntry>, before: BTreeSet<RoleEntry> },
}

/// The actions of one piece of work, with what they cost.
pub(super) struct Step {
    pub(super) actions: Vec<TransactWriteItem>,
    /// Bytes of stored items that the actions read or write, at the most.
    pub(super) bytes: usize,
    /// Its entry in the history row.
    pub(super) history: Option<(&'static str, AttributeValue)>,
    /// Whether it notes a collision.
    pub(super) collides: bool,
}

impl Work {
    /// The actions in their order: for a group its item first and then its code's row.
    pub(super) fn step(&self, table: &Table, source: &SourceId, provenance: &Provenance) -> Result<Step, StoreError> {
        let event = &provenance.event;
        match self {
            Self::App { stated, before } => app_step(table, source, stated, before.as_deref()),
            Self::Group { change, was_left } => {
                let mut step = group_step(table, source, change)?;
                if let Some(displaced) = &change.displaced {
                    let Displaced { group, taken, owner, code, salt } = displaced;
                    step.tell(table, source, &Collision::new((group, *taken, owner), Some((*code, *salt)), event))?;
                }
                if *was_left {
                    step.actions.push(left::forget(table, source, &change.group)?);
                }
                Ok(step)
            }
            Self::Left { left, is_new } => {
                let (put, bytes) = left.put(table, source)?;
                let mut step = Step { actions: vec![put], bytes, history: None, collides: false };
                if *is_new {
                    step.tell(table, source, &Collision::new((&left.group, left.taken, &left.owner), None, event))?;
                }
                Ok(step)
            }
            Self::NotLeft(group) => {
                let actions = vec![left::forget(table, source, group)?];
                Ok(Step { actions, bytes: GROUP_BYTES, history: None, collides: false })
            }
            Self::Role { role, entries, before } => role_step(table, source, (role, entries, before), provenance.at),
        }
    }
}

impl Step {
    /// Notes a collision that people have to be told of.
    fn tell(&mut self, table: &Table, source: &SourceId, collision: &Collision) -> Result<(), StoreError> {
        let (put, bytes) = collision.put(table, source)?;
        self.actions.push(put);
        self.bytes += bytes;
        self.collides = true;
        Ok(())
    }
}

fn app_step(
    table: &Table,
    source: &SourceId,
    stated: &StatedApp,
    before: Option<&StatedApp>,
) -> Result<Step, StoreError> {
    let app = &stated.app;
    let rules = codec::write_app(stated);
    let bytes = 2 * codec::size(&rules) + 500;
    let mut entry = Item::from([("app".to_owned(), text(app.id.as_str())), ("after".to_owned(), rules.clone())]);
    if let Some(before) = before {
        entry.insert("before".to_owned(), codec::write_app(before));
    }
    let expression = "SET #kind = :kind, #owner = :source, #app = :app";
    let item = Update::builder()
        .table_name(table.name())
        .set_key(Some(schema::app_key(app.id.as_str()).attributes()))
        // A provider event may have come since the app was read, and names its provider for ever too.
        .condition_expression(
            "(attribute_not_exists(#owner) OR #owner = :source) AND \
             (attribute_not_exists(#provider) OR (#provider.#provider = :provider AND #provider.#protocol = :protocol))",
        )
        .expression_attribute_names("#kind", KIND)
        .expression_attribute_names("#owner", "owner")
        .expression_attribute_names("#app", "app")
        .expression_attribute_names("#provider", HALF)
        .expression_attribute_names("#protocol", "protocol")
        .expression_attribute_values(":provider", text(app.provider.as_str()))
        .expression_attribute_values(":protocol", text(app.protocol.as_str()))
        .expression_attribute_values(":kind", text(schema::APP_KIND))
        .expression_attribute_values(":source", text(source.as_str()))
        .expression_attribute_values(":app", rules);
    let item = if concerns_roles(stated, before) {
        wanted::mark(item, expression)
    } else {
        item.update_expression(expression)
    };
    let provider = own(table, &schema::provider_key(&app.provider), "app", app.id.as_str(), None);
    Ok(Step {
        actions: vec![update(table.built(item.build())?), update(table.built(provider.build())?)],
        bytes,
        history: Some(("apps", AttributeValue::M(entry))),
        collides: false,
    })
}

/// Whether trust policies of roles may follow from what changes of an app.
pub(super) fn concerns_roles(stated: &StatedApp, before: Option<&StatedApp>) -> bool {
    let gate = |stated: &StatedApp| {
        let StatedApp { app, active } = stated.clone();
        let App { protocol, provider, audience, identity, tokens, .. } = app;
        (active, protocol, provider, audience, identity.pattern, tokens.issuer, tokens.roles_claim)
    };
    before.is_none_or(|before| gate(before) != gate(stated))
}

fn group_step(table: &Table, source: &SourceId, change: &Change) -> Result<Step, StoreError> {
    let retires = change.retires(source);
    let part = codec::write_grants(&change.after);
    // Its item may hold as much, and so may its row if it was left out.
    let bytes = codec::size(&part) + 2 * GROUP_BYTES;
    let mut item = Update::builder()
        .table_name(table.name())
        .set_key(Some(schema::group_key(change.group.as_str()).attributes()))
        .expression_attribute_names("#code", "code")
        .expression_attribute_names("#part", codec::part_name(source))
        .expression_attribute_names("#sources", "sources")
        .expression_attribute_values(":code", text(change.code.as_str()))
        .expression_attribute_values(":source", AttributeValue::Ss(vec![source.to_string()]));
    let label = change.label.as_ref();
    let set_label = if label.is_some() { ", #label = :label" } else { "" };
    if let Some(label) = label {
        item = item.expression_attribute_names("#label", "label").expression_attribute_values(":label", text(label));
    }
    if change.after.is_empty() {
        let sources = change.sources.iter().map(ToString::to_string).collect();
        let state = if retires { "retired" } else { "registered" };
        // The other sources are part of the condition: two that withdraw at once must not each take
        // the other for the one that keeps the group alive.
        item = item
            .update_expression(format!("SET #state = :state{set_label} REMOVE #part DELETE #sources :source"))
            .condition_expression("#code = :code AND #sources = :sources")
            .expression_attribute_names("#state", "state")
            .expression_attribute_values(":state", text(state))
            .expression_attribute_values(":sources", AttributeValue::Ss(sources));
    } else {
        let condition = if change.registers {
            "attribute_not_exists(#code) OR #code = :code"
        } else {
            "#code = :code AND #state = :registered"
        };
        item = item
            .update_expression(format!(
                "SET #key = :key, #code = :code, #salt = :salt, #state = :registered, #part = :part{set_label} \
                 REMOVE #releasing ADD #sources :source"
            ))
            .condition_expression(condition)
            .expression_attribute_names("#key", "key")
            .expression_attribute_names("#releasing", RELEASING)
            .expression_attribute_names("#salt", "salt")
            .expression_attribute_names("#state", "state")
            .expression_attribute_values(":key", text(change.group.as_str()))
            .expression_attribute_values(":salt", number(change.salt.get()))
            .expression_attribute_values(":registered", text("registered"))
            .expression_attribute_values(":part", part);
    }
    let mut actions = vec![update(table.built(item.build())?)];
    if change.registers || retires {
        let state = if retires { "retired" } else { "registered" };
        let owner = own(table, &schema::code_key(&change.code), "key", change.group.as_str(), Some(state));
        actions.push(update(table.built(owner.build())?));
    }
    let mut entry = Item::from([
        ("group".to_owned(), text(change.group.as_str())),
        ("code".to_owned(), text(change.code.as_str())),
        ("salt".to_owned(), number(change.salt.get())),
        ("before".to_owned(), codec::write_grants(&change.before)),
        ("after".to_owned(), codec::write_grants(&change.after)),
    ]);
    for (name, flag) in [("registers", change.registers), ("retires", retires)] {
        if flag {
            entry.insert(name.to_owned(), AttributeValue::Bool(true));
        }
    }
    if let Some(displaced) = &change.displaced {
        entry.insert("taken".to_owned(), text(displaced.taken.as_str()));
        entry.insert("owner".to_owned(), text(displaced.owner.as_str()));
    }
    if let Some(label) = &change.label {
        entry.insert("label".to_owned(), text(label));
    }
    Ok(Step { actions, bytes, history: Some(("groups", AttributeValue::M(entry))), collides: false })
}

fn role_step(
    table: &Table,
    source: &SourceId,
    (role, entries, before): (&RoleArn, &BTreeSet<RoleEntry>, &BTreeSet<RoleEntry>),
    at: Timestamp,
) -> Result<Step, StoreError> {
    let key = schema::role_key(role, source);
    let value = codec::write_role(entries);
    let bytes = codec::size(&value).max(codec::size(&codec::write_role(before))) + 1_000;
    let row = if entries.is_empty() {
        let delete = Delete::builder().table_name(table.name()).set_key(Some(key.attributes()));
        TransactWriteItem::builder().delete(table.built(delete.build())?).build()
    } else {
        let put =
            Put::builder().table_name(table.name()).item(PK, text(key.pk)).item(SK, text(key.sk)).item("grants", value);
        TransactWriteItem::builder().put(table.built(put.build())?).build()
    };
    // Whoever reconciles the role's trust policy looks at this counter.
    let wanted = Update::builder()
        .table_name(table.name())
        .set_key(Some(schema::role_state_key(role).attributes()))
        .update_expression("SET #kind = :kind, #last = :last, #since = if_not_exists(#since, :at) ADD #wanted :one")
        .expression_attribute_names("#kind", KIND)
        .expression_attribute_names("#last", schema::LAST)
        .expression_attribute_names("#since", schema::SINCE)
        .expression_attribute_names("#wanted", schema::WANTED)
        .expression_attribute_values(":kind", text(schema::ROLE_KIND))
        .expression_attribute_values(":last", text(schema::BY_WANTED))
        .expression_attribute_values(":at", number(at.seconds()))
        .expression_attribute_values(":one", number(1));
    Ok(Step { actions: vec![row, update(table.built(wanted.build())?)], bytes, history: None, collides: false })
}

/// Sets the one owner of a key that can have only one: on condition that it has none, or this one.
pub(super) fn own(
    table: &Table,
    key: &Key,
    attribute: &str,
    owner: &str,
    state: Option<&str>,
) -> aws_sdk_dynamodb::types::builders::UpdateBuilder {
    let mut expression = "SET #owner = :owner".to_owned();
    let mut update = Update::builder()
        .table_name(table.name())
        .set_key(Some(key.attributes()))
        .condition_expression("attribute_not_exists(#owner) OR #owner = :owner")
        .expression_attribute_names("#owner", attribute)
        .expression_attribute_values(":owner", text(owner))
        .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
    if let Some(state) = state {
        expression.push_str(", #state = :state");
        update =
            update.expression_attribute_names("#state", "state").expression_attribute_values(":state", text(state));
    }
    update.update_expression(expression)
}

pub(super) fn update(update: Update) -> TransactWriteItem {
    TransactWriteItem::builder().update(update).build()
}

/// What a chunk does to its source's item.
#[derive(Debug, Clone, Copy)]
pub(super) struct Fence {
    /// The source must still be claimed with it.
    pub(super) token: u64,
    /// Whether the chunk notes collisions.
    pub(super) collides: bool,
    /// The last chunk notes that this revision is applied, and without how many groups.
    pub(super) finishes: Option<(u64, usize)>,
}

impl Fence {
    /// The first action of every chunk.
    pub(super) fn action(self, table: &Table, source: &SourceId) -> Result<TransactWriteItem, StoreError> {
        let key = schema::source_key(source).attributes();
        let old = ReturnValuesOnConditionCheckFailure::AllOld;
        if !self.collides && self.finishes.is_none() {
            let check = ConditionCheck::builder()
                .table_name(table.name())
                .set_key(Some(key))
                .condition_expression("claims = :token")
                .expression_attribute_values(":token", number(self.token))
                .return_values_on_condition_check_failure(old);
            return Ok(TransactWriteItem::builder().condition_check(table.built(check.build())?).build());
        }
        let mut item = Update::builder()
            .table_name(table.name())
            .set_key(Some(key))
            .condition_expression("claims = :token")
            .expression_attribute_values(":token", number(self.token))
            .return_values_on_condition_check_failure(old);
        let mut expression = String::new();
        if let Some((revision, left_out)) = self.finishes {
            expression.push_str("SET applied = :revision, #left = :left REMOVE #resyncing ");
            item = item
                .expression_attribute_names("#left", LEFT_OUT)
                .expression_attribute_names("#resyncing", RESYNCING)
                .expression_attribute_values(":revision", number(revision))
                .expression_attribute_values(":left", number(left_out));
        }
        if self.collides {
            expression.push_str("ADD #collided :one");
            item =
                item.expression_attribute_names("#collided", "collided").expression_attribute_values(":one", number(1));
        }
        Ok(update(table.built(item.update_expression(expression.trim_end()).build())?))
    }
}

/// The history row of one chunk.
pub(super) fn history(
    table: &Table,
    source: &SourceId,
    version: (u64, usize),
    revision: u64,
    provenance: &Provenance,
    entries: &[(&'static str, AttributeValue)],
) -> Result<TransactWriteItem, StoreError> {
    let key = schema::history_key(source, version.0, version.1);
    let mut put = Put::builder()
        .table_name(table.name())
        .item(PK, text(key.pk))
        .item(SK, text(key.sk))
        .item("at", number(provenance.at.seconds()))
        .item("event", text(&provenance.event))
        .item("source", text(source.as_str()))
        .item("revision", number(revision))
        .condition_expression("attribute_not_exists(pk)");
    for list in ["apps", "groups"] {
        let values: Vec<AttributeValue> =
            entries.iter().filter(|(name, _)| *name == list).map(|(_, value)| value.clone()).collect();
        if !values.is_empty() {
            put = put.item(list, AttributeValue::L(values));
        }
    }
    Ok(TransactWriteItem::builder().put(table.built(put.build())?).build())
}
