//! Statements go into the table: what they change, what is refused, what they cost, and what is
//! left of them after crashes and races.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests fail by panicking")]

#[path = "../common/mod.rs"]
mod common;

mod apps;
mod by_hand;
mod changes;
mod collisions;
mod costs;
mod crashes;
mod displaced;
mod history;
mod large;
mod limits;
mod nothing_left;
mod past;
mod plans;
mod producers;
mod providers;
mod races;
mod refuse;
mod resync;
mod revisions;
mod token_apps;

use common::Worker;
use common::content::Content;
use common::model::{self, Model};
use signet_core::code::{CodeHasher, Sha256Hasher};
use signet_core::grant::SourceId;
use signet_store::statement::Statement;

/// Checks that the table holds just what the sources state, soundly, and gives all of it.
async fn shows(worker: &Worker, states: &[(&SourceId, &Statement)]) -> Content {
    shows_by(worker, &Sha256Hasher, states).await
}

async fn shows_by(worker: &Worker, hasher: &dyn CodeHasher, states: &[(&SourceId, &Statement)]) -> Content {
    let content = worker.content().await;
    let model: Model = states.iter().map(|(source, statement)| ((*source).clone(), (*statement).clone())).collect();
    content
        .check_sound(hasher)
        .and_then(|()| content.check_history())
        .and_then(|()| model::check(&content, &model))
        .unwrap();
    assert!(content.left.is_empty(), "nothing is left out where groups are displaced: {:?}", content.left);
    content
}
