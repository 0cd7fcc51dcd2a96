//! The one read of a sign-in.

use std::collections::HashMap;

use signet_core::app::{App, AppId};
use signet_core::group::{GroupKey, GroupRecord};

use crate::Table;
use crate::batch::Key;
use crate::codec::{self, Item};
use crate::error::{Corrupt, StoreError};
use crate::named::Named;
use crate::provider::Standing;
use crate::schema::{self, Meta};
use crate::statement::StatedApp;

/// Why an app is inactive that its file switches off.
const SWITCHED_OFF: &str = "the entitlement file switches the app off";
/// Why an app is inactive that a provider event deleted.
pub(crate) const DELETED: &str = "the app's provider was deleted";
/// Why an app is inactive that only provider events speak of.
pub(crate) const NOT_STATED: &str = "no entitlement file states the app's rules";

/// What the table holds for one sign-in.
#[derive(Debug, Clone)]
pub struct Snapshot {
    /// The table's settings.
    pub meta: Meta,
    /// The app.
    pub app: AppState,
    /// The groups that the table has, by the key that was asked for.
    pub groups: HashMap<String, GroupRecord>,
}

/// What the table says of an app.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AppState {
    /// It has no such app.
    Unknown,
    /// The app is there but people may not sign in to it; why, for logs.
    Inactive(&'static str),
    /// People may sign in to it.
    Active(Box<App>),
}

impl Table {
    /// Reads `META`, an app and groups: one `BatchGetItem`, and beyond 100 keys more of them in
    /// parallel, all strongly consistent. `app` and `groups` are as the request carries them;
    /// repeated groups are asked for once, and a text that cannot be a key is not asked for.
    ///
    /// # Errors
    /// [`StoreError`]: the table cannot be reached, answers in part, or has an item that is not
    /// of its layout. Never "no entitlement" for "no answer".
    pub async fn sign_in(&self, app: &str, groups: &[&str]) -> Result<Snapshot, StoreError> {
        // A text that is no id would still be a fine sort key, or one that DynamoDB refuses.
        let app_key = AppId::parse(app).ok().map(|id| schema::app_key(id.as_str()));
        let group_keys = group_keys(groups);
        let keys = group_keys.values().cloned().chain([schema::meta_key()]).chain(app_key.clone());
        let items = self.read(keys).await?;
        Ok(Snapshot {
            meta: self.meta_of(items.get(&schema::meta_key()))?,
            app: app_key.and_then(|key| items.get(&key)).map_or(Ok(AppState::Unknown), app_state)?,
            groups: records(&group_keys, &items)?,
        })
    }

    /// Reads groups as [`Table::sign_in`] does: for an app whose groups turn out to be in another
    /// claim than the one that was read first.
    ///
    /// # Errors
    /// As [`Table::sign_in`].
    pub async fn groups(&self, groups: &[&str]) -> Result<HashMap<String, GroupRecord>, StoreError> {
        let group_keys = group_keys(groups);
        let items = self.read(group_keys.values().cloned()).await?;
        Ok(records(&group_keys, &items)?)
    }

    /// Reads `META`: the table's settings, and a connection that is open for the first sign-in.
    ///
    /// # Errors
    /// As [`Table::sign_in`].
    pub async fn warm(&self) -> Result<Meta, StoreError> {
        let items = self.read([schema::meta_key()]).await?;
        self.meta_of(items.get(&schema::meta_key()))
    }
}

/// Each group's key in the table, without those that no registration can have.
fn group_keys<'g>(groups: &[&'g str]) -> HashMap<&'g str, Key> {
    let can_be_registered = |group: &&&str| (1..=GroupKey::MAX_BYTES).contains(&group.len());
    groups.iter().filter(can_be_registered).map(|group| (*group, schema::group_key(group))).collect()
}

fn records(keys: &HashMap<&str, Key>, items: &HashMap<Key, Item>) -> Result<HashMap<String, GroupRecord>, Corrupt> {
    let found = keys.iter().filter_map(|(group, key)| Some((*group, items.get(key)?)));
    found.map(|(group, item)| Ok((group.to_owned(), codec::read_group(item)?))).collect()
}

/// What the item of an app says of its sign-ins.
pub(crate) fn app_state(item: &Item) -> Result<AppState, Corrupt> {
    let Some(stated) = codec::read_app(item)? else { return Ok(AppState::Inactive(NOT_STATED)) };
    Ok(state_of(stated, Standing::read(item)?.as_ref()))
}

/// An app is active when all that is known of it agrees: the operator's file states its rules and does
/// not switch it off, and no provider event deleted it or speaks of another provider or issuer.
///
/// What only the event says of its tokens becomes part of its rules; an audience of the event goes before
/// the file's.
pub(crate) fn state_of(stated: StatedApp, event: Option<&Standing>) -> AppState {
    let StatedApp { mut app, active } = stated;
    if !active {
        return AppState::Inactive(SWITCHED_OFF);
    }
    if let Some(event) = event {
        if !event.active {
            return AppState::Inactive(DELETED);
        }
        if Standing::change((&event.provider, event.protocol), (&app.provider, app.protocol)).is_some() {
            return AppState::Inactive("the entitlement file and the provider event name different providers");
        }
        let named = Named::by_standing(event);
        let Ok(issuer) = named.issuer(&app) else {
            return AppState::Inactive("the provider event's issuer is none that a trust policy can name");
        };
        if app.tokens.issuer.is_some() && app.tokens.issuer != issuer {
            return AppState::Inactive("the entitlement file and the provider event name different issuers");
        }
        app.tokens.issuer = issuer;
        let kind = app.cognito_kind();
        let audience = named.audience(&app).to_owned();
        app.audience = audience;
        if app.cognito_kind() != kind {
            return AppState::Inactive("the entitlement file and the provider event name different kinds of audience");
        }
    }
    AppState::Active(Box::new(app))
}
