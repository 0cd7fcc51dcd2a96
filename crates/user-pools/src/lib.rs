//! Cognito user pools: what their app clients may write, and whether what apps take from them is safe.
//!
//! | Module | Holds |
//! |---|---|
//! | [`api`] | what is asked of Cognito: the boundary at which tests put another one |
//! | [`aws`] | Cognito itself, in any number of Regions |
//! | [`error`] | what can go wrong there |
//! | [`mod@judge`] | what is wrong with a pool, by what apps rely on. Pure |
//! | [`pool`] | a user pool's id |

pub mod api;
pub mod aws;
pub mod error;
pub mod judge;
pub mod pool;

pub use api::{AppClient, Attribute, Trigger, TriggerVersion, UserPool, UserPools};
pub use error::UserPoolError;
pub use judge::{Finding, Relies, Source, Weight, judge, no_pool, unreadable};
pub use pool::{InvalidPool, PoolId};
