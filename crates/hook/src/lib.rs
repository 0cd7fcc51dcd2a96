//! What every Signet sign-in function shares: everything between Lambda and the decision.
//!
//! | Module | Holds |
//! |---|---|
//! | [`config`] | the environment, read once at start |
//! | [`dynamodb`] | the client of the entitlement table: trust store, time-outs, retries |
//! | [`payload`] | Lambda's payload format 2.0: the request that comes in, the answer that goes out |
//! | [`auth`] | whether a request is Okta's |
//! | [`deadline`] | how much time is left for an answer |
//! | [`refusal`] | every reason to deny a sign-in, its word for logs, its text for people |
//! | [`record`] | what one invocation leaves behind: the log line, the alarms, the numbers |
//! | [`log`] | the lines as JSON |
//! | [`metrics`] | the numbers in CloudWatch's embedded metric format |
//! | [`entitlements`] | what a function needs of the table |
//! | `hints` | which claim carries an app's groups, as last seen |
//! | [`sign_in`] | the steps of a sign-in, from the request to the answer |
//! | [`inline_hook`] | Okta's inline hooks around that |
//! | [`serve`] | start, one invocation after the other, panics |
//!
//! A function is a [`serve::Handler`]: a plain async function of one [`serve::Call`] and its
//! dependencies, which needs neither Lambda nor a clock.

pub mod auth;
pub mod config;
pub mod deadline;
pub mod dynamodb;
pub mod entitlements;
mod hints;
pub mod inline_hook;
pub mod log;
pub mod metrics;
pub mod payload;
pub mod record;
pub mod refusal;
pub mod serve;
pub mod sign_in;

pub use entitlements::Entitlements;
