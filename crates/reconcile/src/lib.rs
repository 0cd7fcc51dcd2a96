//! Bringing the trust policies of roles, and the identity providers of accounts, to what the
//! entitlement table wants: level-triggered, one worker an account.
//!
//! | Module | Holds |
//! |---|---|
//! | [`settings`] | guard rails, quota, times |
//! | [`gates`] | apps, as the table has them, as gates of trust policies |
//! | [`account`] | one account: lease, passes, outcome |
//! | `pass` | one pass: providers, roles, deletions, and a last look |
//! | `run` | what a pass works with |
//! | `holding` | the lease, held while work goes on |
//! | `role` | one role: read, compare, write, note |
//! | `judge` | whether a role's document is to be written; pure |
//! | `sweep` | all roles by one list of them |
//! | `providers` | identity providers, made and renewed before statements name them |
//! | `removal` | identity providers of deleted apps, after the statements went |
//! | `alerts` | what people are told |
//! | [`report`] | what was done, or would be: for people, logs and metrics |
//! | [`audit`] | drift, staleness, capacity, what stands in the way |
//!
//! What a role's trust policy should say follows from the table alone. So nothing is handed over from
//! one attempt to the next but what IAM does not show: the last document written, and when.

pub mod account;
mod alerts;
pub mod audit;
pub mod gates;
mod holding;
mod judge;
mod pass;
mod providers;
mod removal;
pub mod report;
mod role;
mod run;
pub mod settings;
mod sweep;

pub use account::Reconciler;
pub use report::{AccountReport, RoleReport};
pub use settings::{Bounds, Settings};
