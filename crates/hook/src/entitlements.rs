//! What the function needs of the table: two reads, and no more may its IAM policy grant.

use std::collections::HashMap;
use std::future::Future;

use signet_core::group::GroupRecord;
use signet_store::sign_in::Snapshot;
use signet_store::{StoreError, Table};

/// Where entitlements are read.
pub trait Entitlements {
    /// Reads the table's settings, an app and groups, at once and consistently.
    ///
    /// # Errors
    /// [`StoreError`]; never "no entitlement" for "no answer".
    fn sign_in(&self, app: &str, groups: &[&str]) -> impl Future<Output = Result<Snapshot, StoreError>>;

    /// Reads groups.
    ///
    /// # Errors
    /// As [`Entitlements::sign_in`].
    fn groups(&self, groups: &[&str]) -> impl Future<Output = Result<HashMap<String, GroupRecord>, StoreError>>;
}

impl Entitlements for Table {
    async fn sign_in(&self, app: &str, groups: &[&str]) -> Result<Snapshot, StoreError> {
        Table::sign_in(self, app, groups).await
    }

    async fn groups(&self, groups: &[&str]) -> Result<HashMap<String, GroupRecord>, StoreError> {
        Table::groups(self, groups).await
    }
}
