//! The entitlement table on DynamoDB: layout, reads, writes.
//!
//! | Module | Holds |
//! |---|---|
//! | [`schema`] | the table's definition, its keys, `META` |
//! | [`sign_in`] | the one read of a sign-in |
//! | [`lookup`] | reads for people: codes, apps, sources |
//! | [`history`] | what changed, when and by which event |
//! | [`past`] | what the table held at a moment, by its history |
//! | [`producer`] | who may publish events, and what they may say |
//! | [`provider`] | what provider events say of an app |
//! | [`statement`] | what a source states: grants, apps |
//! | [`trust`] | what the trust policies of roles should say, and how far they are brought there |
//! | [`apply`] | taking a source's new state into the table, fenced and repeatable |
//! | [`error`] | what can go wrong between here and the table |
//!
//! Every read is strongly consistent; decisions never read an index.

pub mod apply;
mod batch;
mod codec;
pub mod error;
pub mod history;
pub mod lookup;
pub mod named;
pub mod past;
pub mod producer;
pub mod provider;
pub mod schema;
pub mod sign_in;
pub mod statement;
pub mod trust;

pub use error::{Corrupt, StoreError};
pub use schema::Meta;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use signet_core::code::{CodeHasher, Sha256Hasher};

/// The entitlement table: a client, and the table's name.
///
/// Time-outs of single calls are the client's: give it an attempt time-out and an operation
/// time-out. Cheap to clone.
#[derive(Clone)]
pub struct Table {
    client: aws_sdk_dynamodb::Client,
    name: String,
    deadline: Option<Duration>,
    hasher: Arc<dyn CodeHasher + Send + Sync>,
    /// The most actions of one chunk.
    actions: usize,
}

impl Table {
    /// Speaks to the table of a name through a client, without a deadline over several calls.
    #[must_use]
    pub fn new(client: aws_sdk_dynamodb::Client, name: impl Into<String>) -> Self {
        Self { client, name: name.into(), deadline: None, hasher: Arc::new(Sha256Hasher), actions: apply::ACTIONS }
    }

    /// The same table with a deadline over each batched read, all its calls and pauses included.
    #[must_use]
    pub fn with_deadline(self, deadline: Duration) -> Self {
        Self { deadline: Some(deadline), ..self }
    }

    /// The same table with another hash that proposes codes: tests force collisions by it.
    #[must_use]
    pub fn with_hasher(self, hasher: impl CodeHasher + Send + Sync + 'static) -> Self {
        Self { hasher: Arc::new(hasher), ..self }
    }

    /// The same table with smaller chunks, of at most so many actions, 100 at the most: tests make
    /// many chunks of a small statement by it. One change is never divided.
    #[must_use]
    pub fn with_chunks_of(self, actions: usize) -> Self {
        Self { actions: actions.min(apply::ACTIONS), ..self }
    }

    /// The table's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl fmt::Debug for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Table").field("name", &self.name).field("deadline", &self.deadline).finish_non_exhaustive()
    }
}
