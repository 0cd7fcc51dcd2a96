//! Grants of a role, and what is known of apps: all that a trust policy follows from.

use std::collections::{BTreeMap, BTreeSet};

use signet_core::app::AppId;
use signet_core::role::RoleArn;
use signet_core::trust::grants::RoleEntry;

use crate::Table;
use crate::codec::{self, Item};
use crate::error::{Corrupt, StoreError};
use crate::provider::{self, AppProvider};
use crate::schema;
use crate::sign_in::{self, AppState};
use crate::statement::StatedApp;

/// All that the table holds of an app.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownApp {
    /// What the operator's file says; none if no file states the app.
    pub stated: Option<StatedApp>,
    /// What provider events say; none if none spoke of the app.
    pub provider: Option<AppProvider>,
    /// Why sign-ins to the app get nothing from Signet; none if the app is active.
    pub inactive: Option<&'static str>,
}

impl Table {
    /// What all sources grant on a role, expired or not, sorted: one consistent query, page by page.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn role_entries(&self, role: &RoleArn) -> Result<Vec<RoleEntry>, StoreError> {
        let mut entries = BTreeSet::new();
        for item in self.partition(&schema::role_pk(role)).await? {
            entries.extend(codec::read_role(&item)?);
        }
        Ok(entries.into_iter().collect())
    }

    /// Every app, read consistently. The index, which may lag by a moment, says which there are, and
    /// `known` names further ones.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn known_apps(&self, known: &BTreeSet<AppId>) -> Result<BTreeMap<AppId, KnownApp>, StoreError> {
        let mut ids = known.clone();
        for item in self.of_kind(schema::APP_KIND).await? {
            ids.insert(schema::app_of(&item)?);
        }
        let items = self.read(ids.iter().map(|id| schema::app_key(id.as_str()))).await?;
        let mut apps = BTreeMap::new();
        for id in ids {
            if let Some(item) = items.get(&schema::app_key(id.as_str())) {
                apps.insert(id, known_app(item)?);
            }
        }
        Ok(apps)
    }
}

fn known_app(item: &Item) -> Result<KnownApp, Corrupt> {
    Ok(KnownApp {
        stated: codec::read_app(item)?,
        provider: provider::read_half(item)?.map(|half| half.says),
        // The very rule of a sign-in.
        inactive: match sign_in::app_state(item)? {
            AppState::Inactive(why) => Some(why),
            AppState::Active(_) | AppState::Unknown => None,
        },
    })
}
