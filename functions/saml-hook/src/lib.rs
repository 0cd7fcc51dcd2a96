//! Okta's SAML assertion inline hook: what a person may do on AWS, put into the assertion while
//! Okta mints it.
//!
//! | Module | Holds |
//! |---|---|
//! | [`wire`] | the decision as Okta's patch |
//!
//! The steps of a sign-in are those of every function: [`signet_hook::sign_in`].

pub mod wire;

use signet_hook::inline_hook::InlineHook;

pub use signet_hook::Entitlements;
pub use wire::Saml;

/// The hook.
pub type SamlHook<E, H> = InlineHook<Saml, E, H>;
