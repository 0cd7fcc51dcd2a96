//! Why a statement is refused, or could not be applied.

use signet_core::app::AppId;
use signet_core::grant::SourceId;
use signet_core::group::GroupKey;
use signet_core::producer::{NotPermitted, TopicArn};
use signet_core::role::RoleArn;

use crate::error::StoreError;

/// Why a statement was refused, or could not be applied.
#[derive(Debug, thiserror::Error)]
pub enum ApplyError {
    /// The table cannot be read or written now; applying again later is safe, and completes what
    /// was begun.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The topic is no producer's. Nothing was written.
    #[error("topic `{0}` is no producer's: `signet producer add` makes it one, and says what its events may say")]
    UnknownTopic(TopicArn),
    /// The producer may not say this. Nothing was written.
    #[error(transparent)]
    NotPermitted(#[from] NotPermitted),
    /// A topic spoke of a source that is no dataset. Nothing was written.
    #[error("source `{source_id}` is no dataset, and events speak of datasets only")]
    NoDataset {
        /// The source.
        source_id: SourceId,
    },
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
    /// ALARM: one revision of an app's provider with two contents. Nothing was written.
    #[error(
        "revision {revision} of the provider of app `{app}` is there with another content: raise the revision with every change"
    )]
    ProviderRevisionConflict {
        /// The app.
        app: AppId,
        /// The revision.
        revision: u64,
    },
    /// A dataset that is there states no grants, where it had some. Nothing was written.
    #[error(
        "source `{source_id}` has {grants} grants and the event states none, as if by mistake: say `deleted`, or list what remains"
    )]
    NothingLeft {
        /// The source.
        source_id: SourceId,
        /// The grants it has.
        grants: usize,
    },
    /// A revision was begun, and cannot be completed as things are now. Part of it may be in force.
    #[error(
        "revision {revision} of source `{source_id}` was begun and cannot be completed, so that part of it may be in force; mend this and let its event come again, or have a higher revision published: {why}"
    )]
    Stranded {
        /// The source.
        source_id: SourceId,
        /// The revision.
        revision: u64,
        /// What is in the way.
        why: Box<ApplyError>,
    },
    /// The source's last revision is not applied in full, so the table cannot tell what it states.
    #[error(
        "revision {revision} of source `{source_id}` is not applied in full: let its event come again, or publish a higher revision"
    )]
    Unfinished {
        /// The source.
        source_id: SourceId,
        /// The revision that was claimed last.
        revision: u64,
    },
    /// The table knows no such source.
    #[error("the table has no source `{source_id}`: `signet export` lists what there is")]
    UnknownSource {
        /// The source.
        source_id: SourceId,
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
    /// ALARM: an app's SAML metadata names another identity provider than before. Nothing was written.
    #[error(
        "the SAML metadata of app `{app}` has entity id `{to}`, and had `{from}`: another entity id is another identity provider, which would sign people in with what was granted to this app; publish the metadata of the app's own, or state the other as an app of its own with a provider's name of its own"
    )]
    EntityChange {
        /// The app.
        app: AppId,
        /// The entity id that it has had.
        from: String,
        /// The one that is stated.
        to: String,
    },
    /// A client's tokens are another active app's. Nothing was written.
    #[error(
        "{client} belongs to app `{owner}`, and app `{app}` cannot have it as well: no trust policy could tell the two apart; give app `{app}` a client of its own, or first take this one from app `{owner}`"
    )]
    ClientOfAnotherApp {
        /// The app.
        app: AppId,
        /// The client and its issuer, in words.
        client: String,
        /// The app it belongs to.
        owner: String,
    },
    /// More clients come and go than one transaction takes. Nothing was written.
    #[error(
        "app `{app}` changes so many client ids that it takes {actions} writes at once, and {limit} are possible: give it fewer"
    )]
    TooManyClients {
        /// The app.
        app: AppId,
        /// The writes it takes.
        actions: usize,
        /// The most of a transaction.
        limit: usize,
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

impl ApplyError {
    /// The same of a revision that was begun: what would refuse it is in its way. What passes by itself
    /// stays what it is.
    pub(super) fn stranded(self, source: &SourceId, revision: u64) -> Self {
        match self {
            Self::Store(_) | Self::Contended { .. } | Self::AppChanged { .. } | Self::Stranded { .. } => self,
            why => Self::Stranded { source_id: source.clone(), revision, why: Box::new(why) },
        }
    }
}
