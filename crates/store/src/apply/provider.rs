//! What provider events say of an app.
//!
//! The half of the app's item is replaced as a whole, on condition that it still has the revision
//! that was read. So one transaction is all of an application: it is never seen half done, and of two
//! at once one looks again.

use aws_sdk_dynamodb::types::{Delete, Put, TransactWriteItem, Update};
use signet_core::app::AppId;
use signet_core::producer::TopicArn;

use crate::Table;
use crate::codec::{self, Attributes, Item, number, text};
use crate::error::StoreError;
use crate::provider::{
    self, AppProvider, CERTIFICATES_BEFORE, CERTIFICATES_SINCE, HALF, Half, MetadataChange, Standing, UNANNOUNCED,
};
use crate::schema::{self, KIND, PK, SK};
use crate::statement::{StatedProvider, digests_differ};
use crate::trust::wanted;

use super::actions::{own, update};
use super::clients::{self, Client};
use super::transact::{ACTIONS, Outcome};
use super::{ApplyError, Provenance, permit};

/// How often an event is tried anew because other writers changed its app.
const TRIES: usize = 16;

/// What applying a provider event did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AppliedProvider {
    /// The app's half is what the event says.
    Changed {
        /// How the SAML metadata is another than before, if it is, and people have to be told. None for
        /// the first. An event that changes it ends so however often it comes, until
        /// [`Table::provider_announced`] says that they were.
        metadata_changed: Option<MetadataChange>,
    },
    /// A higher revision was noted, and says what the table says already.
    Unchanged,
    /// This very revision is applied already: nothing was done.
    Repeated,
    /// A higher revision is applied.
    Superseded {
        /// That revision.
        by: u64,
    },
}

impl Table {
    /// Brings an app's provider half to what a provider event says, takes the provider's name for the
    /// app for ever and its clients of an issuer for as long as it has them, and keeps the SAML metadata
    /// document of an active app and the history: one transaction.
    ///
    /// A deleted app keeps its half, so that late events are known as such, its provider's name and the
    /// entity id of its last document; its document and its clients go.
    ///
    /// Where trust policies or providers in IAM follow from what changed, every account is raised after
    /// it. Whatever finds that this was not finished finishes it: the event when it comes again, a later
    /// one, or [`Table::raise_for_all`].
    ///
    /// Repeatable: applying again after any failure completes it, and applying what is there changes
    /// nothing.
    ///
    /// # Errors
    /// [`ApplyError`]; with [`ApplyError::AppChanged`] other writers kept changing the app, and
    /// applying again is safe.
    pub async fn apply_provider(
        &self,
        stated: &StatedProvider,
        revision: u64,
        provenance: &Provenance,
    ) -> Result<AppliedProvider, ApplyError> {
        self.apply_provider_of(None, stated, revision, provenance).await
    }

    /// The same for an event that came through a topic, if the topic's producer may speak of the app.
    /// The producer is part of the first read.
    ///
    /// # Errors
    /// [`ApplyError`]; [`ApplyError::UnknownTopic`] and [`ApplyError::NotPermitted`] if it may not.
    pub async fn apply_provider_from(
        &self,
        topic: &TopicArn,
        stated: &StatedProvider,
        revision: u64,
        provenance: &Provenance,
    ) -> Result<AppliedProvider, ApplyError> {
        self.apply_provider_of(Some(topic), stated, revision, provenance).await
    }

    async fn apply_provider_of(
        &self,
        topic: Option<&TopicArn>,
        stated: &StatedProvider,
        revision: u64,
        provenance: &Provenance,
    ) -> Result<AppliedProvider, ApplyError> {
        let digest = stated.digest();
        let says = AppProvider::of(stated);
        let clients = Client::all_of(&says);
        for _ in 0..TRIES {
            let app_key = schema::app_key(stated.app.as_str());
            let owner_key = schema::provider_key(&stated.provider);
            let keys = [schema::meta_key(), app_key.clone(), owner_key.clone()].into_iter();
            let keys = keys.chain(topic.map(schema::producer_key)).chain(clients.iter().map(Client::key));
            let items = self.read(keys).await?;
            self.meta_of(items.get(&schema::meta_key()))?;
            if let Some(topic) = topic {
                permit::provider(topic, &items, stated)?;
            }
            let item = items.get(&app_key);
            let seen = item.map(provider::read_half).transpose().map_err(StoreError::from)?.flatten();
            let was_marked = item.map(wanted::marked).transpose().map_err(StoreError::from)?.flatten().is_some();
            // Before anything else: what is late is acknowledged, and not refused for what it says.
            if let Some(seen) = seen.as_ref().filter(|seen| seen.revision >= revision) {
                let late = late(stated, revision, seen, &digest)?;
                if was_marked {
                    self.raise_for(&stated.app, provenance.at).await?;
                }
                return Ok(late);
            }
            check(stated, item, seen.as_ref(), items.get(&owner_key))?;
            clients::check(&stated.app, &clients, &items)?;
            let half = next(&says, revision, &digest, seen.as_ref());
            let is_same = seen.as_ref().is_some_and(|seen| seen.says.says_the_same(&half.says));
            let marks = !seen.as_ref().is_some_and(|seen| seen.says.serves_the_same(&half.says));
            let mut actions = vec![self.set_half(&stated.app, &half, seen.as_ref(), marks)?];
            actions.extend(clients::actions(self, &stated.app, &clients, seen.as_ref())?);
            if !is_same {
                let owner = own(self, &owner_key, "app", stated.app.as_str(), None);
                actions.push(update(self.built(owner.build())?));
                actions.extend(self.set_metadata(stated, &half, seen.as_ref())?);
                actions.push(self.provider_history(&stated.app, &half, seen.as_ref(), provenance)?);
            }
            if actions.len() > ACTIONS {
                let (app, actions) = (stated.app.clone(), actions.len());
                return Err(ApplyError::TooManyClients { app, actions, limit: ACTIONS });
            }
            if let Outcome::Refused(_) = self.transact(actions).await? {
                // The app, the provider's name or a client changed since they were read.
                continue;
            }
            if marks || was_marked {
                self.raise_for(&stated.app, provenance.at).await?;
            }
            return Ok(match half.unannounced {
                None if is_same => AppliedProvider::Unchanged,
                metadata_changed => AppliedProvider::Changed { metadata_changed },
            });
        }
        Err(ApplyError::AppChanged { app: stated.app.clone() })
    }

    /// Notes that people were told of the SAML metadata that a revision brought, or found untold. Where
    /// a higher revision is applied, that one tells them again.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn provider_announced(&self, app: &AppId, revision: u64) -> Result<(), StoreError> {
        let item = Update::builder()
            .table_name(&self.name)
            .set_key(Some(schema::app_key(app.as_str()).attributes()))
            .update_expression("REMOVE #provider.#unannounced, #provider.#before, #provider.#since")
            .condition_expression("#provider.#revision = :revision")
            .expression_attribute_names("#provider", HALF)
            .expression_attribute_names("#unannounced", UNANNOUNCED)
            .expression_attribute_names("#before", CERTIFICATES_BEFORE)
            .expression_attribute_names("#since", CERTIFICATES_SINCE)
            .expression_attribute_names("#revision", "revision")
            .expression_attribute_values(":revision", number(revision));
        self.transact(vec![update(self.built(item.build())?)]).await.map(drop)
    }

    /// Replaces the half of the app's item, on condition that it is the one that was seen, and that a
    /// file did not name another provider in between. It may mark the app: all accounts are to be raised.
    fn set_half(
        &self,
        app: &AppId,
        half: &Half,
        seen: Option<&Half>,
        marks: bool,
    ) -> Result<TransactWriteItem, StoreError> {
        let expression = "SET #kind = :kind, #half = :half";
        let as_seen = if seen.is_some() { "#half.#revision = :seen" } else { "attribute_not_exists(#half)" };
        let mut item = Update::builder()
            .table_name(&self.name)
            .set_key(Some(schema::app_key(app.as_str()).attributes()))
            .update_expression(expression)
            .condition_expression(format!(
                "{as_seen} AND \
                 (attribute_not_exists(#app) OR (#app.#provider = :provider AND #app.#protocol = :protocol))"
            ))
            .expression_attribute_names("#kind", KIND)
            .expression_attribute_names("#half", HALF)
            .expression_attribute_names("#app", "app")
            .expression_attribute_names("#provider", "provider")
            .expression_attribute_names("#protocol", "protocol")
            .expression_attribute_values(":kind", text("app"))
            .expression_attribute_values(":half", provider::write_half(half))
            .expression_attribute_values(":provider", text(half.says.provider.as_str()))
            .expression_attribute_values(":protocol", text(half.says.protocol.as_str()));
        if let Some(seen) = seen {
            item = item
                .expression_attribute_names("#revision", "revision")
                .expression_attribute_values(":seen", number(seen.revision));
        }
        if marks {
            item = wanted::mark(item, expression);
        }
        Ok(update(self.built(item.build())?))
    }

    /// Keeps a document that is another one, and removes one that is stated no more.
    fn set_metadata(
        &self,
        stated: &StatedProvider,
        half: &Half,
        seen: Option<&Half>,
    ) -> Result<Option<TransactWriteItem>, StoreError> {
        let key = schema::metadata_key(&stated.provider);
        let kept = seen.and_then(|seen| seen.says.metadata.as_ref());
        let action = match (provider::document(stated), &half.says.metadata) {
            (Some(_), digest) if digest.as_ref() == kept => return Ok(None),
            (Some(document), Some(digest)) => {
                let put = Put::builder()
                    .table_name(&self.name)
                    .item(PK, text(key.pk))
                    .item(SK, text(key.sk))
                    .item("app", text(stated.app.as_str()))
                    .item("revision", number(half.revision))
                    .item("digest", text(digest))
                    .item("document", text(document));
                TransactWriteItem::builder().put(self.built(put.build())?).build()
            }
            _ if kept.is_some() => {
                let delete = Delete::builder().table_name(&self.name).set_key(Some(key.attributes()));
                TransactWriteItem::builder().delete(self.built(delete.build())?).build()
            }
            _ => return Ok(None),
        };
        Ok(Some(action))
    }

    fn provider_history(
        &self,
        app: &AppId,
        half: &Half,
        seen: Option<&Half>,
        provenance: &Provenance,
    ) -> Result<TransactWriteItem, StoreError> {
        let mut entry = Item::from([
            ("app".to_owned(), text(app.as_str())),
            ("after".to_owned(), provider::write_says(&half.says)),
        ]);
        if let Some(seen) = seen {
            entry.insert("before".to_owned(), provider::write_says(&seen.says));
        }
        let key = schema::app_history_key(app, half.revision);
        let put = Put::builder()
            .table_name(&self.name)
            .item(PK, text(key.pk))
            .item(SK, text(key.sk))
            .item(KIND, text(schema::PROVIDER_EVENT))
            .item("at", number(provenance.at.seconds()))
            .item("event", text(&provenance.event))
            .item("revision", number(half.revision))
            .item(HALF, aws_sdk_dynamodb::types::AttributeValue::M(entry))
            .condition_expression("attribute_not_exists(pk)");
        Ok(TransactWriteItem::builder().put(self.built(put.build())?).build())
    }
}

/// What becomes of an event whose revision, or a higher one, is applied.
fn late(stated: &StatedProvider, revision: u64, seen: &Half, digest: &str) -> Result<AppliedProvider, ApplyError> {
    if seen.revision > revision {
        Ok(AppliedProvider::Superseded { by: seen.revision })
    } else if digests_differ(&seen.digest, digest) {
        Err(ApplyError::ProviderRevisionConflict { app: stated.app.clone(), revision })
    } else {
        let changed = |change| AppliedProvider::Changed { metadata_changed: Some(change) };
        Ok(seen.unannounced.clone().map_or(AppliedProvider::Repeated, changed))
    }
}

/// Refuses another provider or protocol than the app has by its file or by an earlier event, another
/// entity id than its last document had, and the provider of another app.
fn check(
    stated: &StatedProvider,
    item: Option<&Item>,
    seen: Option<&Half>,
    owner: Option<&Item>,
) -> Result<(), ApplyError> {
    let app = &stated.app;
    let by_file = item.map(codec::read_app).transpose().map_err(StoreError::from)?.flatten();
    let by_file = by_file.as_ref().map(|by_file| (&by_file.app.provider, by_file.app.protocol));
    let by_event = seen.map(|seen| (&seen.says.provider, seen.says.protocol));
    for known in by_file.into_iter().chain(by_event) {
        if let Some((what, from, to)) = Standing::change(known, (&stated.provider, stated.protocol)) {
            return Err(ApplyError::ProviderChange { app: app.clone(), what, from, to });
        }
    }
    let last = seen.and_then(|seen| seen.last_entity_id.as_ref());
    let entity_id = stated.entity_id.as_ref().filter(|_| stated.active);
    if let Some((from, to)) = last.zip(entity_id).filter(|(from, to)| from != to) {
        return Err(ApplyError::EntityChange { app: app.clone(), from: from.clone(), to: to.clone() });
    }
    let Some(owner) = owner else { return Ok(()) };
    let place = codec::place(owner);
    let owner = Attributes::new(owner, &place).text_or_none("app").map_err(StoreError::from)?;
    match owner.filter(|owner| *owner != app.as_str()) {
        None => Ok(()),
        Some(owner) => {
            let (app, provider) = (app.clone(), stated.provider.as_str().to_owned());
            Err(ApplyError::ProviderOfAnotherApp { app, provider, owner: owner.to_owned() })
        }
    }
}

/// The half after an event.
fn next(says: &AppProvider, revision: u64, digest: &str, seen: Option<&Half>) -> Half {
    let last = seen.and_then(|seen| seen.last_metadata.as_ref());
    let replaces = last.is_some_and(|last| says.metadata.as_ref().is_some_and(|digest| digest != last));
    let known = seen.map(|seen| &seen.last_certificates);
    let last_certificates = match &says.metadata {
        Some(_) => says.certificates.clone(),
        None => known.cloned().unwrap_or_default(),
    };
    let untold = seen.and_then(|seen| seen.unannounced.clone());
    let begins = || MetadataChange { before: known.cloned().unwrap_or_default(), ..MetadataChange::default() };
    let unannounced = untold.or_else(|| replaces.then(begins)).map(|mut change| {
        change.since.extend(last_certificates.iter().cloned());
        change.now.clone_from(&last_certificates);
        change
    });
    Half {
        revision,
        digest: digest.to_owned(),
        last_metadata: says.metadata.clone().or_else(|| last.cloned()),
        last_entity_id: says.entity_id.clone().or_else(|| seen.and_then(|seen| seen.last_entity_id.clone())),
        last_certificates,
        owns_clients: says.issuer_url.is_some(),
        unannounced,
        says: says.clone(),
    }
}
