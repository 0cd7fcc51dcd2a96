//! Raising what is wanted.
//!
//! A change of a role's grants raises the role in its own transaction. A change of an app or its provider
//! concerns every role, and more accounts than one transaction takes: the change marks the app, each
//! account is raised, and then the mark goes. Whoever finds a mark finishes the work.

use signet_core::app::AppId;
use signet_core::grant::Timestamp;
use signet_core::role::{AccountId, RoleArn};

use crate::Table;
use crate::error::StoreError;

impl Table {
    /// Raises every account for an app that is marked, and takes the mark away. Nothing for one that is
    /// not marked.
    ///
    /// # Errors
    /// [`StoreError`]; repeating it is safe, and needed: what it did not finish is still marked.
    pub async fn raise_for(&self, app: &AppId, now: Timestamp) -> Result<(), StoreError> {
        todo!("{app} {now:?}")
    }

    /// Does so for all apps that are marked, by way of the index: what an interrupted worker left.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn raise_for_all(&self, now: Timestamp) -> Result<Vec<AppId>, StoreError> {
        todo!("{now:?}")
    }

    /// Raises single roles, as an operator asks; a role that was never granted is not raised, and false.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn raise_role(&self, role: &RoleArn, now: Timestamp) -> Result<bool, StoreError> {
        todo!("{role} {now:?}")
    }

    /// Raises an account: all its roles and providers are attended to.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn raise_account(&self, account: &AccountId, now: Timestamp) -> Result<(), StoreError> {
        todo!("{account} {now:?}")
    }
}
