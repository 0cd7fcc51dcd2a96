//! One pass over an account: what it works with.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use signet_core::app::AppId;
use signet_core::code::CodeWidth;
use signet_core::grant::Timestamp;
use signet_core::role::AccountId;
use signet_core::trust::gate::Gate;
use signet_iam::{Account, Iam};
use signet_store::StoreError;
use signet_store::trust::account::AccountState;
use signet_store::trust::desired::KnownApp;

use crate::account::{ReconcileError, Reconciler, Watch};
use crate::gates::gates;
use crate::holding::Holding;
use crate::report::{ProviderReport, RoleReport, Told};

/// Why a pass cannot go on.
#[derive(Debug)]
pub(crate) enum Stop {
    /// The lease is not ours any more.
    Lost,
    /// Something is wanted of the whole account since: what this pass goes by may be withdrawn.
    Stale,
    /// The table, or whom we tell.
    Failed(ReconcileError),
}

impl<E: Into<ReconcileError>> From<E> for Stop {
    fn from(error: E) -> Self {
        Self::Failed(error.into())
    }
}

/// What a pass that is not a dry run has: the lease, and who hears of it.
#[derive(Debug)]
pub(crate) struct Live<'r, W> {
    pub(crate) held: &'r Holding,
    pub(crate) watch: &'r W,
}

/// What was done so far, kept where a pass is dropped in the middle.
#[derive(Debug, Default)]
pub(crate) struct Done {
    pub(crate) roles: Mutex<Vec<RoleReport>>,
    pub(crate) providers: Mutex<Vec<ProviderReport>>,
}

/// One pass over an account, with all that was read for it.
#[derive(Debug)]
pub(crate) struct Run<'r, I, W> {
    pub(crate) reconciler: &'r Reconciler<I>,
    /// None in a dry run: nothing is leased, written, noted or told.
    pub(crate) live: Option<Live<'r, W>>,
    pub(crate) done: &'r Done,
    pub(crate) account: Account,
    /// The account as it was before the apps were read: whatever was wanted then, they are newer.
    pub(crate) state: AccountState,
    pub(crate) apps: BTreeMap<AppId, KnownApp>,
    pub(crate) gates: BTreeMap<AppId, Gate>,
    pub(crate) width: CodeWidth,
    /// Why people could not be told of something; the first of several.
    untold: Mutex<Option<String>>,
}

impl<'r, I: Iam, W: Watch> Run<'r, I, W> {
    /// Reads the account, and then what its roles' policies follow from.
    pub(crate) async fn open(
        reconciler: &'r Reconciler<I>,
        id: &AccountId,
        live: Option<Live<'r, W>>,
        done: &'r Done,
    ) -> Result<Self, StoreError> {
        let table = &reconciler.table;
        let state = table.account(id).await?;
        let apps = table.known_apps(&known(&state)).await?;
        let width = table.warm().await?.width;
        let (gates, _) = gates(&apps);
        let account = state.roles.keys().next().map(Account::of);
        // Without roles there is nothing of a partition to go by, and nothing but a list to ask for.
        let account = account.unwrap_or_else(|| Account { partition: "aws".to_owned(), id: id.clone() });
        Ok(Self { reconciler, live, done, account, state, apps, gates, width, untold: Mutex::default() })
    }

    pub(crate) fn now(&self) -> Timestamp {
        (self.reconciler.edge.now)()
    }

    pub(crate) fn iam(&self) -> &I {
        &self.reconciler.iam
    }

    pub(crate) fn is_dry(&self) -> bool {
        self.live.is_none()
    }

    /// Whether all that concerns the whole account was attended to before this pass.
    pub(crate) fn is_applied(&self) -> bool {
        self.state.row.as_ref().is_some_and(|row| row.applied >= row.wanted)
    }

    /// Sees to it that enough of the lease is left for a call.
    pub(crate) async fn keep(&self) -> Result<(), Stop> {
        let Some(live) = &self.live else { return Ok(()) };
        let is_ours = live.held.keep(&self.reconciler.table, self.reconciler.edge).await?;
        if is_ours { Ok(()) } else { Err(Stop::Lost) }
    }

    /// Tells people, nobody in a dry run; false if they could not be told. That fails the pass, but only
    /// once all is attended to: whom to tell is not there for now, and withdrawals do not wait for it.
    pub(crate) async fn tell(&self, told: &Told) -> bool {
        let Some(live) = &self.live else { return true };
        let Err(why) = live.watch.tell(told).await else { return true };
        self.untold.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(why);
        false
    }

    /// That people were told of everything.
    pub(crate) fn all_told(&self) -> Result<(), Stop> {
        match self.untold.lock().unwrap_or_else(PoisonError::into_inner).take() {
            Some(why) => Err(Stop::Failed(ReconcileError::Untold(why))),
            None => Ok(()),
        }
    }

    pub(crate) fn report_role(&self, report: RoleReport) {
        if let Some(live) = &self.live {
            live.watch.role(&report);
        }
        self.done.roles.lock().unwrap_or_else(PoisonError::into_inner).push(report);
    }

    pub(crate) fn report_provider(&self, report: ProviderReport) {
        self.done.providers.lock().unwrap_or_else(PoisonError::into_inner).push(report);
    }

    /// Whether another app, or another word of one, is known since.
    pub(crate) async fn has_other_apps(&self, now: &AccountState) -> Result<bool, StoreError> {
        Ok(self.reconciler.table.known_apps(&known(now)).await? != self.apps)
    }
}

fn known(state: &AccountState) -> std::collections::BTreeSet<AppId> {
    state.row.as_ref().map(|row| row.apps.clone()).unwrap_or_default()
}
