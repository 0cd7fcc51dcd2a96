//! Okta's token inline hook: what a person may do on AWS, put into the ID token while Okta mints it.
//!
//! | Module | Holds |
//! |---|---|
//! | [`wire`] | the decision as Okta's patch |
//!
//! The steps of a sign-in are those of every function: [`signet_hook::sign_in`].

pub mod wire;

use signet_hook::inline_hook::InlineHook;

pub use signet_hook::Entitlements;
pub use wire::Tokens;

/// The hook.
pub type TokenHook<E, H> = InlineHook<Tokens, E, H>;
