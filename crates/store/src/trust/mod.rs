//! What the trust policies of roles should say, how far they are brought there, and who does so now.
//!
//! | Module | Holds |
//! |---|---|
//! | [`account`] | an account and its roles: what is wanted, what was done, what is due |
//! | [`lease`] | who works on an account |
//! | [`outcome`] | what became of a role or an account, noted on condition of the lease |
//! | [`wanted`] | raising what is wanted, of all accounts |
//! | [`desired`] | grants of a role, and what is known of apps |

pub mod account;
pub mod desired;
pub mod lease;
pub mod outcome;
pub mod wanted;
