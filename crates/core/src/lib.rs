//! The decision core of Signet: what one sign-in gets, and why.
//!
//! Pure: no AWS, no Okta, no clock, no async, no input or output. Time and the hasher are
//! parameters, and the same inputs give the same decision whatever order they come in.
//!
//! | Module | Holds |
//! |---|---|
//! | [`code`] | group codes: width, salt, the hash that proposes them |
//! | [`group`] | group keys, registrations, what the table says of a group |
//! | [`role`] | role ARNs, accounts, identity providers |
//! | [`grant`] | grants, their sources, expiry |
//! | [`app`] | an app's rules: mode, identity, tags, what to do without entitlement |
//! | [`identity`] | the source identity and the pattern it must fit |
//! | [`session`] | session tags and the limits AWS sets to them, `GroupHash` |
//! | [`decision`] | the decision itself |
//! | [`producer`] | who may publish events, and what they may say |
//! | [`saml`] | the decision as SAML attributes |
//! | [`oidc`] | the decision as claims of an ID token |
//! | [`cognito`] | the decision as claims of a user pool's tokens |
//! | [`trust`] | trust policies of roles: read, compared, merged, judged |
//! | [`invalid`] | why a value cannot be one of the types above |

pub mod app;
pub mod code;
pub mod cognito;
pub mod decision;
pub mod grant;
pub mod group;
pub mod identity;
pub mod invalid;
pub mod oidc;
pub mod producer;
pub mod role;
pub mod saml;
pub mod session;
mod text;
pub mod trust;
