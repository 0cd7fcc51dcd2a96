//! Who works on an account: one at a time.
//!
//! A queue gives one worker an account, but a worker may stall, and an operator may run the command at
//! the same time. So a worker takes a lease, and every outcome is noted on its condition. Who finds an
//! account leased marks it, and the holder looks again before it lets go: nothing that was raised in
//! between is lost.

use signet_core::grant::Timestamp;
use signet_core::role::AccountId;

use crate::Table;
use crate::error::StoreError;

/// The right to work on an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lease {
    pub(crate) account: AccountId,
    pub(crate) token: String,
}

impl Lease {
    /// The account.
    #[must_use]
    pub fn account(&self) -> &AccountId {
        &self.account
    }
}

/// What became of asking for a lease.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Leased {
    /// It was given.
    Held(Lease),
    /// Somebody else has it, and will look again before letting go.
    Busy {
        /// When that lease runs out.
        until: Timestamp,
    },
}

/// What became of letting go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Released {
    /// Nobody works on the account now.
    Done,
    /// Somebody asked in between: the lease is held still, and the holder looks again.
    Again,
    /// The lease had run out, and somebody else has or had the account since.
    Lost,
}

impl Table {
    /// Takes the account's lease, unless somebody has one that has not run out; that one is then marked,
    /// so that its holder looks again. `token` must be new and unguessable by chance. Creates the
    /// account's row.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn lease(
        &self,
        account: &AccountId,
        token: &str,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<Leased, StoreError> {
        todo!("{account} {token} {now:?} {until:?}")
    }

    /// Keeps a lease for longer; false if it is not ours any more.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn renew(&self, lease: &Lease, until: Timestamp) -> Result<bool, StoreError> {
        todo!("{lease:?} {until:?}")
    }

    /// Lets go of an account, unless somebody asked for it in between.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn let_go(&self, lease: &Lease) -> Result<Released, StoreError> {
        todo!("{lease:?}")
    }
}
