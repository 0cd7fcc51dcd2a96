//! Why a statement is refused, or could not be applied.

use signet_core::app::AppId;
use signet_core::grant::SourceId;
use signet_core::group::GroupKey;
use signet_core::role::RoleArn;

use crate::error::StoreError;

/// Why a statement was refused, or could not be applied.
#[derive(Debug, thiserror::Error)]
pub enum ApplyError {
    /// The table cannot be read or written now; applying again later is safe, and completes what
    /// was begun.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// ALARM: one revision with two contents. Nothing was written.
    #[error(
        "revision {revision} of source `{source_id}` is there with another content: raise the revision with every change"
    )]
    RevisionConflict {
        /// The source.
        source_id: SourceId,
        /// The revision.
        revision: u64,
    },
    /// Something was claimed since the plan was made. Nothing was written.
    #[error("source `{source_id}` was changed since the plan was made: make a new plan")]
    ChangedSincePlan {
        /// The source.
        source_id: SourceId,
    },
    /// A group would hold more than a sign-in can afford to read. Nothing was written.
    #[error("group `{group}` would hold {what} and may hold {limit}: grant it fewer roles, or split the group")]
    Capacity {
        /// The group.
        group: GroupKey,
        /// How much it would hold.
        what: String,
        /// How much it may hold.
        limit: String,
    },
    /// An app belongs to another file. Nothing was written.
    #[error("app `{app}` belongs to source `{owner}`: change it there, or remove it from one of the two files")]
    AppOfAnotherSource {
        /// The app.
        app: AppId,
        /// The source that states it.
        owner: SourceId,
    },
    /// An app, or the name of its provider, was taken by another source since it was read.
    #[error("app `{app}` or its provider was claimed by another source or app just now: look at both and apply again")]
    AppChanged {
        /// The app.
        app: AppId,
    },
    /// A role's row would be larger than an item can be. Nothing was written.
    #[error(
        "source `{source_id}` would give role `{role}` to so many groups that its row has {bytes} bytes and may have {limit}: split the source"
    )]
    RoleTooLarge {
        /// The source.
        source_id: SourceId,
        /// The role.
        role: RoleArn,
        /// The row's size in bytes.
        bytes: usize,
        /// The most it may have.
        limit: usize,
    },
    /// An app's provider or protocol would change, or a provider's name is another app's. Nothing
    /// was written.
    #[error(
        "app `{app}` cannot change its {what} from `{from}` to `{to}`: it keeps both for ever, so that no trust policy comes to mean another app"
    )]
    ProviderChange {
        /// The app.
        app: AppId,
        /// `provider` or `protocol`.
        what: &'static str,
        /// As it is.
        from: String,
        /// As it would be.
        to: String,
    },
    /// A provider's name is another app's. Nothing was written.
    #[error(
        "provider `{provider}` belongs to app `{owner}`, and app `{app}` cannot have it: one provider is for one app, for ever"
    )]
    ProviderOfAnotherApp {
        /// The app.
        app: AppId,
        /// The provider's name.
        provider: String,
        /// The app it belongs to.
        owner: String,
    },
    /// Too much for one source. Nothing was written.
    #[error("source `{source_id}` touches {groups} groups and {roles} roles, more than one source can: split it")]
    TooLarge {
        /// The source.
        source_id: SourceId,
        /// Groups before and after.
        groups: usize,
        /// Roles before and after.
        roles: usize,
    },
    /// No salt gives the group a free code: the codes of this width are used up.
    #[error("group `{group}` finds no free code: use a table with wider codes")]
    NoFreeCode {
        /// The group.
        group: GroupKey,
    },
    /// Other writers kept changing the same items. What was written stays and is completed by
    /// applying again.
    #[error("source `{source_id}` could not be applied: other writers changed the same items {tries} times")]
    Contended {
        /// The source.
        source_id: SourceId,
        /// How often it was tried.
        tries: usize,
    },
}
