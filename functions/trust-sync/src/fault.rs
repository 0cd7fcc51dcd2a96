//! Why something comes again.

use signet_iam::aws::OwnRoleError;
use signet_reconcile::account::ReconcileError;
use signet_store::StoreError;
use signet_sync::limit::Cut;

use crate::queue::Unsent;

/// Why a message or an invocation comes again. What was done stays done.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// The table cannot be read or written now.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Work on an account cannot go on.
    #[error(transparent)]
    Reconcile(#[from] ReconcileError),
    /// An account could not be queued.
    #[error(transparent)]
    Queue(#[from] Unsent),
    /// The function does not know its own role.
    #[error(transparent)]
    OwnRole(#[from] OwnRoleError),
    /// The message says nothing that the function knows.
    #[error("{0}")]
    Message(String),
    /// The time is over, or the function panicked.
    #[error(transparent)]
    Cut(#[from] Cut),
}

impl Fault {
    /// The kind of failure, as metrics and logs write it.
    #[must_use]
    pub fn reason(&self) -> &'static str {
        match self {
            Self::Store(error) | Self::Reconcile(ReconcileError::Store(error)) => error.reason(),
            Self::Reconcile(ReconcileError::Untold(_)) => "alert_unpublished",
            Self::Queue(_) => "queue",
            Self::OwnRole(_) => "own_role_unknown",
            Self::Message(_) => "unreadable_message",
            Self::Cut(cut) => cut.reason(),
        }
    }
}
