//! Grants of a role, and what is known of apps: all that a trust policy follows from.

use std::collections::{BTreeMap, BTreeSet};

use signet_core::app::AppId;
use signet_core::role::RoleArn;
use signet_core::trust::grants::RoleEntry;

use crate::Table;
use crate::error::StoreError;
use crate::provider::AppProvider;
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
    /// What all sources grant on a role, expired or not: one consistent query, page by page.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn role_entries(&self, role: &RoleArn) -> Result<Vec<RoleEntry>, StoreError> {
        todo!("{role}")
    }

    /// Every app, read consistently. The index, which may lag by a moment, says which there are, and
    /// `known` names further ones.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn known_apps(&self, known: &BTreeSet<AppId>) -> Result<BTreeMap<AppId, KnownApp>, StoreError> {
        todo!("{known:?}")
    }
}
