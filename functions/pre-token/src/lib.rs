//! Cognito's pre token generation trigger: what a person may do on AWS, put into the tokens before a user
//! pool issues them.
//!
//! | Module | Holds |
//! |---|---|
//! | [`trigger`] | what is an event, and whom it is about |
//! | [`wire`] | the decision as the event's response, or as an error |
//!
//! The steps of a sign-in are those of every function: [`signet_hook::sign_in`].

pub mod trigger;
pub mod wire;

pub use signet_hook::Entitlements;
pub use trigger::PreTokenTrigger;
pub use wire::{Answer, Pool};
