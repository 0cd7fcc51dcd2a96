//! What will not get better by itself, and what may.

use signet_events::alert::AlertKind;
use signet_events::event::EventError;
use signet_events::problem::Problem;
use signet_events::sns::SnsError;
use signet_store::StoreError;
use signet_store::apply::ApplyError;
use signet_sync::alerts::AlertError;
use signet_sync::limit::Cut;

/// Why a record is not what SNS delivers.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoEnvelope {
    /// The record has no text.
    #[error("the record has no body")]
    NoBody,
    /// The body is something else.
    #[error(transparent)]
    Other(#[from] SnsError),
}

/// Why an event is refused: it would be refused again, however often it came. Nothing of it was
/// written.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// The record is not what SNS delivers.
    #[error(transparent)]
    Envelope(#[from] NoEnvelope),
    /// The message is no event.
    #[error(transparent)]
    Event(#[from] EventError),
    /// The producer may not say this, or the table does not take it.
    #[error(transparent)]
    Table(ApplyError),
}

impl Refusal {
    /// The kind of refusal, as metrics and logs write it.
    #[must_use]
    pub fn reason(&self) -> &'static str {
        match self {
            Self::Envelope(_) => "no_envelope",
            Self::Event(EventError::TooLarge { .. }) => "event_too_large",
            Self::Event(EventError::NotJson(_) | EventError::Refused(_)) => "invalid_event",
            Self::Table(error) => reason(error),
        }
    }

    /// The kind of alert that tells of it.
    #[must_use]
    pub fn alert_kind(&self) -> AlertKind {
        match self {
            Self::Table(
                ApplyError::Capacity { .. }
                | ApplyError::RoleTooLarge { .. }
                | ApplyError::TooLarge { .. }
                | ApplyError::TooManyClients { .. }
                | ApplyError::NoFreeCode { .. },
            ) => AlertKind::Capacity,
            _ => AlertKind::Refused,
        }
    }

    /// The event's problems, one by one, where there are several.
    #[must_use]
    pub fn problems(&self) -> Vec<Problem> {
        match self {
            Self::Event(error) => error.problems(),
            Self::Envelope(NoEnvelope::Other(SnsError::NotEnvelope(problems))) => problems.clone(),
            _ => Vec::new(),
        }
    }
}

/// Why a record comes again. What was written stays, and is completed then.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// The table cannot be read or written now.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Another writer was in the way, or something that should not be.
    #[error(transparent)]
    Apply(ApplyError),
    /// People could not be told.
    #[error(transparent)]
    Alert(#[from] AlertError),
    /// People were told, and that cannot be noted: they are told again, under the same id.
    #[error("people were told, and that cannot be noted: {0}")]
    Mark(StoreError),
    /// The time is over, or the function panicked.
    #[error(transparent)]
    Cut(#[from] Cut),
}

impl Fault {
    /// The kind of failure, as metrics and logs write it.
    #[must_use]
    pub fn reason(&self) -> &'static str {
        match self {
            Self::Store(error) | Self::Mark(error) => error.reason(),
            Self::Apply(error) => reason(error),
            Self::Alert(_) => "alert_unpublished",
            Self::Cut(cut) => cut.reason(),
        }
    }
}

/// Why a record ends without having been taken.
#[derive(Debug)]
pub enum Stop {
    /// It is refused.
    Refused(Refusal),
    /// It comes again.
    Failed(Fault),
}

impl From<Fault> for Stop {
    fn from(fault: Fault) -> Self {
        Self::Failed(fault)
    }
}

impl From<StoreError> for Stop {
    fn from(error: StoreError) -> Self {
        Self::Failed(error.into())
    }
}

impl From<EventError> for Stop {
    fn from(error: EventError) -> Self {
        Self::Refused(error.into())
    }
}

/// Sorts what the table says. Everything is named, so that a new reason is thought about.
impl From<ApplyError> for Stop {
    fn from(error: ApplyError) -> Self {
        match error {
            ApplyError::Store(error) => Self::Failed(error.into()),
            // Another writer was faster, part of the event is in force, or none of this can come of an
            // event.
            ApplyError::Contended { .. }
            | ApplyError::AppChanged { .. }
            | ApplyError::Stranded { .. }
            | ApplyError::ChangedSincePlan { .. }
            | ApplyError::Unfinished { .. }
            | ApplyError::UnknownSource { .. } => Self::Failed(Fault::Apply(error)),
            ApplyError::UnknownTopic(_)
            | ApplyError::NotPermitted(_)
            | ApplyError::NoDataset { .. }
            | ApplyError::RevisionConflict { .. }
            | ApplyError::ProviderRevisionConflict { .. }
            | ApplyError::NothingLeft { .. }
            | ApplyError::Capacity { .. }
            | ApplyError::AppOfAnotherSource { .. }
            | ApplyError::RoleTooLarge { .. }
            | ApplyError::ProviderChange { .. }
            | ApplyError::ProviderOfAnotherApp { .. }
            | ApplyError::EntityChange { .. }
            | ApplyError::ClientOfAnotherApp { .. }
            | ApplyError::TooManyClients { .. }
            | ApplyError::TooLarge { .. }
            | ApplyError::NoFreeCode { .. } => Self::Refused(Refusal::Table(error)),
        }
    }
}

fn reason(error: &ApplyError) -> &'static str {
    match error {
        ApplyError::Store(error) => error.reason(),
        ApplyError::UnknownTopic(_) => "unknown_topic",
        ApplyError::NotPermitted(_) => "not_permitted",
        ApplyError::NoDataset { .. } => "no_dataset",
        ApplyError::RevisionConflict { .. } | ApplyError::ProviderRevisionConflict { .. } => "revision_conflict",
        ApplyError::NothingLeft { .. } => "nothing_left",
        ApplyError::Stranded { .. } => "stranded",
        ApplyError::Unfinished { .. } => "unfinished",
        ApplyError::UnknownSource { .. } => "unknown_source",
        ApplyError::ChangedSincePlan { .. } => "changed_since_plan",
        ApplyError::Capacity { .. } => "capacity",
        ApplyError::AppOfAnotherSource { .. } => "app_of_another_source",
        ApplyError::AppChanged { .. } => "app_changed",
        ApplyError::RoleTooLarge { .. } => "role_too_large",
        ApplyError::ProviderChange { .. } => "provider_change",
        ApplyError::ProviderOfAnotherApp { .. } => "provider_of_another_app",
        ApplyError::EntityChange { .. } => "entity_change",
        ApplyError::ClientOfAnotherApp { .. } => "client_of_another_app",
        ApplyError::TooManyClients { .. } => "too_many_clients",
        ApplyError::TooLarge { .. } => "source_too_large",
        ApplyError::NoFreeCode { .. } => "no_free_code",
        ApplyError::Contended { .. } => "contended",
    }
}
