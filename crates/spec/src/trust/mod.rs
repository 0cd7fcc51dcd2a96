//! What a trust policy lets in, judged from AWS's documentation alone.
//!
//! Two answers to one question, neither of which knows the other:
//!
//! | Module | Says |
//! |---|---|
//! | [`sign_in`] | what a sign-in brings to a role, in the words of STS |
//! | [`policy`] | whether a policy document allows an action to it, statement by statement |
//! | [`condition`] | whether a condition holds |
//! | [`wildcard`] | whether a value fits a pattern of IAM |
//! | [`entitled`] | whether the grants let it in, without any policy |
//!
//! Core writes the document between the two. Where they differ, it lets in the wrong people.
//!
//! The crate `iam-rs` (0.8) would have been a second opinion, and is not one: it takes a federated
//! principal for another whose name begins like it, so that a provider `okta` would let `okta2` in.

pub mod condition;
pub mod entitled;
pub mod policy;
pub mod sign_in;
pub mod wildcard;
