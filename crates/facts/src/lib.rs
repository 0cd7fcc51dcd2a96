//! What a sign-in's request says, in the words of the decision: one reading of it, for the function that
//! answers and for the command that explains. And the decision in the JSON that answers carry.
//!
//! | Module | Holds |
//! |---|---|
//! | [`facts`] | what every kind of request says |
//! | [`unfit`] | why a request does not fit the app it is for |
//! | [`saml`] | Okta's SAML assertion hook |
//! | [`oidc`] | Okta's token hook |
//! | [`cognito`] | Cognito's pre token generation trigger |
//! | [`json`] | claims in JSON, and how long others are |

pub mod cognito;
pub mod facts;
pub mod json;
pub mod oidc;
pub mod saml;
pub mod unfit;

pub use facts::{Facts, GROUPS_OF_OKTA, Person, Remark, only, tag_values, usual_groups_claim};
pub use unfit::Unfit;
