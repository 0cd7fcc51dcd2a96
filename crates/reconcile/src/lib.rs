//! Bringing the trust policies of roles, and the identity providers of accounts, to what the
//! entitlement table wants: level-triggered, one worker an account.
//!
//! | Module | Holds |
//! |---|---|
//! | [`settings`] | guard rails, quota, times |
//! | [`gates`] | apps, as the table has them, as gates of trust policies |
//! | [`account`] | one account: lease, providers, roles, outcome |
//! | [`role`] | one role: read, compare, write, note |
//! | [`providers`] | the identity providers of one account |
//! | [`report`] | what was done, or would be: for people, logs and metrics |
//! | [`audit`] | drift, staleness, capacity, what stands in the way |

pub mod account;
pub mod audit;
pub mod gates;
pub mod providers;
pub mod report;
pub mod role;
pub mod settings;

pub use account::Reconciler;
pub use report::{AccountReport, RoleReport};
pub use settings::{Bounds, Settings};
