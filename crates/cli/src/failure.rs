//! What can go wrong, and the exit code it gives.

use std::io;
use std::process::ExitCode;

use signet_core::invalid::InvalidValue;
use signet_core::role::RoleArn;
use signet_core::trust::error::PolicyError;
use signet_iam::aws::OwnRoleError;
use signet_reconcile::account::ReconcileError;
use signet_store::StoreError;
use signet_store::apply::{ApplyError, CodeError};

use crate::file::BadFile;
use crate::trace::session::BadRecords;

/// How a command ends. The numbers are part of what scripts rely on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// 0: done.
    Done,
    /// 1: the table, a topic or an account cannot be reached, or refuses; or what was asked for is not there.
    Failed,
    /// 2: the command line, the environment or a file is wrong. Nothing was written.
    Usage,
    /// 3: with `--exit-code` only: `plan` and `trust plan` found changes, `explain` found no access, `audit`
    /// and `doctor` found warnings or errors, `trace` found sessions that something is wrong with.
    Found,
    /// 4: `apply` or `trust sync` wrote nothing: it was declined, or withdraws too much.
    NotApplied,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(match exit {
            Exit::Done => 0,
            Exit::Failed => 1,
            Exit::Usage => 2,
            Exit::Found => 3,
            Exit::NotApplied => 4,
        })
    }
}

/// Why a command could not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The table cannot be read or written.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The table refuses a statement, or could not take it.
    #[error(transparent)]
    Apply(#[from] ApplyError),
    /// The table refuses what is asked about a code.
    #[error(transparent)]
    Code(#[from] CodeError),
    /// Something else did what was asked in the meantime, or is doing it.
    #[error("revision {by} of source `{source_id}` was claimed meanwhile, and its worker finishes: look at a new plan")]
    Superseded {
        /// The source.
        source_id: signet_core::grant::SourceId,
        /// The revision.
        by: u64,
    },
    /// Codes that nobody owns.
    #[error("nobody owns {0}")]
    NoOwner(String),
    /// A source that states nothing.
    #[error("source `{source_id}` states nothing in table `{table}`{known}")]
    NoSource {
        /// The source.
        source_id: signet_core::grant::SourceId,
        /// The table.
        table: String,
        /// The sources that state something.
        known: String,
    },
    /// A subject without history.
    #[error("the history of table `{table}` has nothing about {subject}")]
    NoHistory {
        /// The subject, with its kind.
        subject: String,
        /// The table.
        table: String,
    },
    /// An app without a map of principal tags.
    #[error("there is no map of principal tags for app `{app}`: {why}")]
    NoTagMap {
        /// The app, as it is asked for.
        app: String,
        /// Why not.
        why: String,
    },
    /// A topic that is no producer's.
    #[error("topic `{topic}` is no producer's in table `{table}`")]
    NoProducer {
        /// The topic's ARN.
        topic: String,
        /// The table.
        table: String,
    },
    /// Roles that were never granted.
    #[error("nothing was ever granted in table `{table}` on {roles}")]
    NoRole {
        /// The roles' ARNs.
        roles: String,
        /// The table.
        table: String,
    },
    /// Accounts in which no role was ever granted.
    #[error("nothing was ever granted in table `{table}` on roles of {accounts}")]
    NoAccount {
        /// The accounts' numbers.
        accounts: String,
        /// The table.
        table: String,
    },
    /// Work on trust policies could not go on.
    #[error(transparent)]
    Reconcile(#[from] ReconcileError),
    /// The role of these credentials is not known, and might be written.
    #[error(transparent)]
    OwnRole(#[from] OwnRoleError),
    /// A trust policy with everything in it would be too long even for the highest quota.
    #[error(
        "the trust policy of `{role}` would have {length} characters, more than IAM takes of any account: grant the \
         role to fewer groups"
    )]
    TooLong {
        /// The role.
        role: RoleArn,
        /// The length, in characters.
        length: usize,
    },
    /// A file that is no trust policy.
    #[error("`{path}`: {error}")]
    BadPolicy {
        /// The file.
        path: String,
        /// What is wrong with it.
        error: PolicyError,
    },
    /// A topic that SNS does not know.
    #[error("topic `{topic}` does not exist: correct its ARN, or create the topic")]
    NoTopic {
        /// The topic's ARN.
        topic: String,
    },
    /// SNS takes no message for the topic from these credentials.
    #[error(
        "these credentials may not publish to topic `{topic}`: their own policies or the topic's have to allow \
         sns:Publish, and for an encrypted topic the key's policy as well ({cause})"
    )]
    MayNotPublish {
        /// The topic's ARN.
        topic: String,
        /// What SNS said.
        cause: String,
    },
    /// SNS cannot be reached, or refuses the message.
    #[error("cannot publish to topic `{topic}`: {cause}")]
    Publish {
        /// The topic's ARN.
        topic: String,
        /// What SNS or the connection said.
        cause: String,
    },
    /// The command line or the environment is wrong.
    #[error("{0}")]
    Usage(String),
    /// A value of the command line is wrong.
    #[error(transparent)]
    Value(#[from] InvalidValue),
    /// A file cannot be read.
    #[error("cannot read `{path}`: {error}")]
    Read {
        /// The file.
        path: String,
        /// Why not.
        error: io::Error,
    },
    /// A file cannot be written.
    #[error("cannot write `{path}`: {error}")]
    Write {
        /// The file.
        path: String,
        /// Why not.
        error: io::Error,
    },
    /// An entitlement file with mistakes.
    #[error(transparent)]
    BadFile(#[from] BadFile),
    /// A file that is no records of CloudTrail's.
    #[error("`{path}`: {error}")]
    BadRecords {
        /// The file.
        path: String,
        /// What is wrong with it.
        error: BadRecords,
    },
    /// An event that is not a sign-in.
    #[error("`{path}` is not a sign-in event: {what}")]
    BadEvent {
        /// The file.
        path: String,
        /// What is wrong with it.
        what: String,
    },
    /// Too much would be withdrawn.
    #[error(
        "not applied: this withdraws {withdrawn} of the {before} grants of source `{source_id}`, more than 20 and more \
         than 20 %; if that is meant, say --allow-withdrawals"
    )]
    TooManyWithdrawals {
        /// The source.
        source_id: signet_core::grant::SourceId,
        /// The grants that go.
        withdrawn: usize,
        /// The grants that are there.
        before: usize,
    },
    /// The person at the terminal did not consent.
    #[error("not applied: nothing was written")]
    Declined,
    /// The operating system has no randomness to give.
    #[error("no randomness from the operating system: {0}")]
    Random(String),
    /// The output is closed or full.
    #[error("cannot write the output: {0}")]
    Output(io::Error),
    /// An answer cannot be read.
    #[error("cannot read the answer: {0}")]
    Input(io::Error),
}

impl Failure {
    /// The exit code.
    #[must_use]
    pub fn exit(&self) -> Exit {
        match self {
            Self::Store(_)
            | Self::Apply(_)
            | Self::Code(_)
            | Self::Superseded { .. }
            | Self::NoOwner(_)
            | Self::NoSource { .. }
            | Self::NoHistory { .. }
            | Self::NoProducer { .. }
            | Self::NoTagMap { .. }
            | Self::NoRole { .. }
            | Self::NoAccount { .. }
            | Self::Reconcile(_)
            | Self::OwnRole(_)
            | Self::TooLong { .. }
            | Self::NoTopic { .. }
            | Self::MayNotPublish { .. }
            | Self::Publish { .. }
            | Self::Write { .. }
            | Self::Random(_)
            | Self::Output(_)
            | Self::Input(_) => Exit::Failed,
            Self::Usage(_)
            | Self::Value(_)
            | Self::Read { .. }
            | Self::BadFile(_)
            | Self::BadEvent { .. }
            | Self::BadRecords { .. }
            | Self::BadPolicy { .. } => Exit::Usage,
            Self::TooManyWithdrawals { .. } | Self::Declined => Exit::NotApplied,
        }
    }

    /// Whether there is nobody left to tell: the reader of a pipe went away.
    #[must_use]
    pub fn is_silent(&self) -> bool {
        matches!(self, Self::Output(error) if error.kind() == io::ErrorKind::BrokenPipe)
    }

    /// The message for people. A bad file's mistakes stand on lines of their own, in the form that
    /// editors turn into links.
    #[must_use]
    pub fn report(&self) -> String {
        match self {
            Self::BadFile(bad) => bad.to_string(),
            Self::Declined | Self::TooManyWithdrawals { .. } => self.to_string(),
            other => format!("error: {other}"),
        }
    }
}
