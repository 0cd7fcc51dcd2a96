//! Roles and identity providers in IAM, in any number of accounts.
//!
//! | Module | Holds |
//! |---|---|
//! | [`api`] | what is asked of IAM: the boundary at which tests and benchmarks put another one |
//! | [`error`] | what can go wrong there |
//! | [`aws`] | IAM itself, by way of a member role in each account |
//! | [`pace`] | each account's rate, and patience with one that throttles |

pub mod api;
pub mod aws;
pub mod error;
pub mod pace;

pub use api::{Account, Iam, OidcProvider, Providers, RoleFacts};
pub use error::IamError;
