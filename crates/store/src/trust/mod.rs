//! What the trust policies of roles should say, how far they are brought there, and who does so now.
//!
//! | Module | Holds |
//! |---|---|
//! | [`account`] | an account and its roles: what is wanted, what was done, what is due |
//! | [`lease`] | who works on an account |
//! | [`outcome`] | what became of a role or an account, noted on condition of the lease |
//! | [`wanted`] | raising what is wanted, of all accounts |
//! | [`desired`] | grants of a role, and what is known of apps |
//!
//! What the rows hold; a number that is not there is 0, as in rows that an older version wrote.
//!
//! | Row | Attributes |
//! |---|---|
//! | account | `wanted`, `applied`, `since`, `apps` (set), `next`, `why`, `last`; `lease`, `lease_until`, `again`, `turn`, `released` |
//! | role state | `wanted`, `tried`, `applied`, `tried_account`, `applied_account`, `since`, `outcome`, `why`, `failures`, `next`, `last`; `digest` (hex), `codes` (lists by app), `written_at`, `length` |
//! | app | `raising`, `raised`: marked while the former is more |

pub mod account;
pub mod desired;
pub mod lease;
pub mod outcome;
pub mod wanted;
