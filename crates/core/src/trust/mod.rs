//! Trust policies: whom a role lets in, and how its document comes to say so.
//!
//! Sign-in offers a role; the role's trust policy must let that sign-in in, and no other. For every
//! role that has grants, statements of ours let in exactly the app providers, with the right audience,
//! one of the granted codes in the session tag `GroupHash`, and a source identity of the right pattern.
//! Whatever else the document says stays as it is, to the letter.
//!
//! | Module | Holds |
//! |---|---|
//! | [`grants`] | the codes that count for each app at a moment, and when that changes next |
//! | [`gate`] | the gates that sign-ins come through: provider, audience, identity |
//! | [`desired`] | whom a role should trust |
//! | [`document`] | any trust policy, read and written to the letter |
//! | [`plan`] | what is to be written, if anything; withdrawal wins over what does not fit |
//! | [`audit`] | statements of others that let a provider in more widely; roles not ready for tags |
//! | [`nonempty`] | sets that cannot be empty |
//! | [`error`] | why a text is no trust policy |
//!
//! Pure like the rest of this crate: reading the role and writing to it is for others to do.

mod allow;
pub mod audit;
mod cognito;
pub mod desired;
pub mod document;
pub mod error;
pub mod gate;
pub mod grants;
mod json;
mod meaning;
pub mod nonempty;
pub mod plan;
mod reading;

#[cfg(test)]
mod tests;
