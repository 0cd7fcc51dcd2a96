//! What an audit knows before it looks at anything else.

use std::collections::{BTreeMap, BTreeSet};

use signet_core::app::AppId;
use signet_core::code::CodeWidth;
use signet_core::role::ProviderName;
use signet_core::trust::gate::Gate;
use signet_store::trust::account::AccountState;
use signet_store::trust::desired::KnownApp;
use signet_store::{StoreError, Table};

use crate::gates::gates;

/// What an audit knows before it looks at anything else.
#[derive(Debug)]
pub(super) struct Known {
    pub(super) width: CodeWidth,
    pub(super) apps: BTreeMap<AppId, KnownApp>,
    pub(super) gates: BTreeMap<AppId, Gate>,
    /// Why apps have no gate.
    pub(super) without: Vec<(AppId, String)>,
    pub(super) accounts: Vec<AccountState>,
}

impl Known {
    pub(super) async fn read(table: &Table) -> Result<Self, StoreError> {
        let width = table.warm().await?.width;
        let accounts = table.accounts().await?;
        let raised: BTreeSet<AppId> =
            accounts.iter().filter_map(|account| account.row.as_ref()).flat_map(|row| row.apps.clone()).collect();
        let apps = table.known_apps(&raised).await?;
        Ok(Self::new(width, apps, accounts))
    }

    pub(super) fn new(width: CodeWidth, apps: BTreeMap<AppId, KnownApp>, accounts: Vec<AccountState>) -> Self {
        let (gates, without) = gates(&apps);
        Self { width, apps, gates, without, accounts }
    }
}

/// The name of an app's provider, by whichever half of it has one.
pub(super) fn provider_name(app: &KnownApp) -> Option<&ProviderName> {
    let event = app.provider.as_ref().map(|half| &half.provider);
    event.or(app.stated.as_ref().map(|stated| &stated.app.provider))
}
