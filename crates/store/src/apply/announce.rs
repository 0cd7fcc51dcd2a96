//! Which collisions people were told of.
//!
//! A collision is noted beside the source's item by the very transaction that registers the
//! displaced group, or notes it as left out, and stays until somebody says that people were told.
//! The source's item counts such transactions (`collided`) and up to which of them everything was
//! told (`told`): so whoever has read it knows whether there is anything to look for.

use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::{AttributeValue, Delete, Put, TransactWriteItem};
use sha2::{Digest, Sha256};
use signet_core::code::{GroupCode, Salt};
use signet_core::grant::SourceId;
use signet_core::group::GroupKey;

use crate::Table;
use crate::codec::{self, Attributes, Item, number, text};
use crate::error::{Corrupt, StoreError};
use crate::schema::{self, PK, SK};

use super::source::{SourceState, read_state};
use super::transact::{ACTIONS, Outcome};
use super::{Applied, Collision, Done};

/// How many characters the id of a collision has.
const ID_CHARS: usize = 32;

impl Collision {
    /// A collision of a group on the code it found taken.
    pub(super) fn new(
        (group, taken, owner): (&GroupKey, GroupCode, &GroupKey),
        given: Option<(GroupCode, Salt)>,
        event: &str,
    ) -> Self {
        // A code has no `:`, so no two collisions have one text.
        let digest = Sha256::digest(format!("{taken}:{}", group.as_str()));
        let id = codec::hex(&digest).chars().take(ID_CHARS).collect();
        Self { id, group: group.clone(), taken, owner: owner.clone(), given, event: event.to_owned() }
    }

    /// The action that notes it, and how many bytes that writes.
    pub(super) fn put(&self, table: &Table, source: &SourceId) -> Result<(TransactWriteItem, usize), StoreError> {
        let key = schema::collision_key(source, &self.id);
        let mut item = Item::from([
            (PK.to_owned(), text(key.pk)),
            (SK.to_owned(), text(key.sk)),
            ("group".to_owned(), text(self.group.as_str())),
            ("taken".to_owned(), text(self.taken.as_str())),
            ("owner".to_owned(), text(self.owner.as_str())),
            ("event".to_owned(), text(&self.event)),
        ]);
        if let Some((code, salt)) = &self.given {
            item.insert("code".to_owned(), text(code.as_str()));
            item.insert("salt".to_owned(), number(salt.get()));
        }
        let bytes = codec::size(&AttributeValue::M(item.clone()));
        let put = Put::builder().table_name(table.name()).set_item(Some(item));
        Ok((TransactWriteItem::builder().put(table.built(put.build())?).build(), bytes))
    }

    fn read(item: &Item) -> Result<Self, Corrupt> {
        let place = codec::place(item);
        let read = Attributes::new(item, &place);
        let given = match (read.text_or_none("code")?, read.number_or_none("salt")?) {
            (Some(code), Some(salt)) => Some((read.valid(GroupCode::parse(code))?, Salt::new(salt))),
            (None, None) => None,
            _ => return Err(read.corrupt("one of the attributes `code` and `salt` is missing")),
        };
        Ok(Self {
            id: read.text(SK)?.trim_start_matches(schema::COLLISION).to_owned(),
            group: read.valid(GroupKey::new(read.text("group")?))?,
            taken: read.valid(GroupCode::parse(read.text("taken")?))?,
            owner: read.valid(GroupKey::new(read.text("owner")?))?,
            given,
            event: read.text("event")?.to_owned(),
        })
    }
}

impl Table {
    /// Notes that people were told of these collisions of a source: they are no longer handed out.
    /// Noting it again does nothing, and one that was noted anew since, by another event, stays.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn announced(&self, source: &SourceId, collisions: &[Collision]) -> Result<(), StoreError> {
        for some in collisions.chunks(ACTIONS) {
            let mut some: Vec<&Collision> = some.iter().collect();
            while !some.is_empty() {
                let actions = some.iter().map(|collision| self.told(source, collision)).collect::<Result<_, _>>()?;
                let Outcome::Refused(refusals) = self.transact(actions).await? else { break };
                let mut place = 0..;
                some.retain(|_| {
                    let place = place.next();
                    refusals.iter().all(|(refused, _)| Some(*refused) != place)
                });
            }
        }
        if !collisions.is_empty() {
            let item = self.read([schema::source_key(source)]).await?.remove(&schema::source_key(source));
            let state = item.as_ref().map(read_state).transpose()?;
            if let Some(state) = state.filter(SourceState::has_collisions)
                && self.beside(source, schema::COLLISION).await?.is_empty()
            {
                self.all_told(source, state.collided).await?;
            }
        }
        Ok(())
    }

    fn told(&self, source: &SourceId, collision: &Collision) -> Result<TransactWriteItem, StoreError> {
        let delete = Delete::builder()
            .table_name(&self.name)
            .set_key(Some(schema::collision_key(source, &collision.id).attributes()))
            .condition_expression("attribute_not_exists(#event) OR #event = :event")
            .expression_attribute_names("#event", "event")
            .expression_attribute_values(":event", text(&collision.event));
        Ok(TransactWriteItem::builder().delete(self.built(delete.build())?).build())
    }

    /// Notes that nothing is left to be told, unless a collision was noted since that count.
    async fn all_told(&self, source: &SourceId, collided: u64) -> Result<(), StoreError> {
        let update = self
            .client
            .update_item()
            .table_name(&self.name)
            .set_key(Some(schema::source_key(source).attributes()))
            .update_expression("SET #told = :collided")
            .condition_expression("#collided = :collided")
            .expression_attribute_names("#told", "told")
            .expression_attribute_names("#collided", "collided")
            .expression_attribute_values(":collided", number(collided));
        match update.send().await {
            Ok(_) => Ok(()),
            Err(error)
                if error.as_service_error().is_some_and(UpdateItemError::is_conditional_check_failed_exception) =>
            {
                Ok(())
            }
            Err(error) => Err(StoreError::of_call("UpdateItem", &self.name, &error)),
        }
    }

    /// What an application gives back, with the collisions that nobody was told of yet. `looks` says
    /// whether there may be some that `seen`, what the source was when the application began, does
    /// not count.
    pub(super) async fn done(
        &self,
        source: &SourceId,
        applied: Applied,
        seen: Option<&SourceState>,
        looks: bool,
    ) -> Result<Done, StoreError> {
        let counted = seen.filter(|state| state.has_collisions());
        if !looks && counted.is_none() {
            return Ok(Done { applied, unannounced: Vec::new() });
        }
        let items = self.beside(source, schema::COLLISION).await?;
        if let Some(state) = counted.filter(|_| items.is_empty()) {
            // Whoever told of the last one did not come to note it.
            self.all_told(source, state.collided).await?;
        }
        let unannounced = items.iter().map(Collision::read).collect::<Result<_, _>>()?;
        Ok(Done { applied, unannounced })
    }
}
