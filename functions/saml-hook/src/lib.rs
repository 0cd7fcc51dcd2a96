//! Okta's SAML assertion inline hook: what a person may do on AWS, put into the assertion while
//! Okta mints it.
//!
//! | Module | Holds |
//! |---|---|
//! | [`hook`] | the steps of a sign-in, from the request to the answer |
//! | [`entitlements`] | what the function needs of the table |
//! | [`answer`] | the decision as Okta's patch |
//! | `hints` | which claim carries an app's groups, as last seen |

pub mod answer;
pub mod entitlements;
mod hints;
pub mod hook;

pub use entitlements::Entitlements;
pub use hook::SamlHook;
