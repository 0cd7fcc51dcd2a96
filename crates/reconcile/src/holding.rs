//! The lease of an account, held while work goes on.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use signet_core::grant::Timestamp;
use signet_core::role::AccountId;
use signet_store::trust::lease::{Lease, Leased, Released};
use signet_store::{StoreError, Table};
use tokio::time::Instant;

use crate::account::Edge;
use crate::settings::later;

/// How often an account is let go of that is asked for again and again.
const RELEASES: usize = 4;

/// A lease, and until when it is surely ours.
#[derive(Debug)]
pub(crate) struct Holding {
    pub(crate) lease: Lease,
    length: Duration,
    until: Mutex<Instant>,
}

impl Holding {
    /// Takes the account's lease; none if somebody else has it.
    pub(crate) async fn take(
        table: &Table,
        edge: Edge,
        account: &AccountId,
        length: Duration,
    ) -> Result<Option<Self>, StoreError> {
        let (asked, now) = (Instant::now(), (edge.now)());
        let leased = table.lease(account, &(edge.token)(), now, end(now, length)).await?;
        Ok(match leased {
            Leased::Held(lease) => Some(Self { lease, length, until: Mutex::new(surely(asked, length)) }),
            Leased::Busy { .. } => None,
        })
    }

    /// Sees to it that at least half of the lease is left; false if it is not ours any more.
    pub(crate) async fn keep(&self, table: &Table, edge: Edge) -> Result<bool, StoreError> {
        let left = self.until().saturating_duration_since(Instant::now());
        if left >= self.length / 2 { Ok(true) } else { self.renew(table, edge).await }
    }

    /// Asks for the whole length again; false if the lease is not ours any more.
    pub(crate) async fn renew(&self, table: &Table, edge: Edge) -> Result<bool, StoreError> {
        let (asked, now) = (Instant::now(), (edge.now)());
        let is_ours = table.renew(&self.lease, end(now, self.length)).await?;
        if is_ours {
            *self.until.lock().unwrap_or_else(PoisonError::into_inner) = surely(asked, self.length);
        }
        Ok(is_ours)
    }

    /// Lets go, although the account was asked for in between: who does so puts it back.
    pub(crate) async fn drop_it(&self, table: &Table) -> Result<Released, StoreError> {
        let mut released = table.let_go(&self.lease).await?;
        for _ in 1..RELEASES {
            if released == Released::Again {
                released = table.let_go(&self.lease).await?;
            }
        }
        Ok(released)
    }

    fn until(&self) -> Instant {
        *self.until.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn end(now: Timestamp, length: Duration) -> Timestamp {
    later(now, length)
}

/// The table counts in whole seconds, from one that may almost have been over.
fn surely(asked: Instant, length: Duration) -> Instant {
    asked + length.saturating_sub(Duration::from_secs(1))
}
