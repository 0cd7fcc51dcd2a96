//! What the sign-in functions are tested with: a table in memory, and the cases that all of them answer
//! alike. No part of this crate belongs in a deployed function.
//!
//! | Module | Holds |
//! |---|---|
//! | [`table`] | an entitlement table in memory, with its moods |
//! | [`kind`] | the ways to sign in, and the app of each |
//! | [`case`] | one case: what is given, and what must come of it |
//! | [`list`] | all cases |
//! | [`wire`] | what a function's tests say of its wire contract |
//! | [`run`] | the run of all cases through one function |
//! | [`mutations`] | requests with anything anywhere |
//! | [`samples`] | the sample events, and the entitlements that they are about |
//! | [`http`] | calls over HTTP, and Okta's reading of the answers |
//!
//! A case knows no wire. Whoever adds a path to a function adds a case here, and then every function takes
//! it, or the case says why it cannot.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::missing_panics_doc,
    clippy::must_use_candidate,
    reason = "a test that fails shall fail loudly, and this crate is for tests alone"
)]

pub mod case;
pub mod http;
pub mod kind;
pub mod list;
pub mod mutations;
pub mod run;
pub mod samples;
pub mod table;
pub mod wire;

pub use kind::Kind;
pub use table::{APP, Fake, Fault, Mood, NOW_MS, block_on, call, id};
