//! The trust policies of roles, in step with the entitlement table.
//!
//! The table says which groups may use a role; the role's trust policy lets them in, and nobody else.
//! This function brings the one to the other, in every account: it hears of changes, works on one
//! account after the other, and looks again by itself. What is done to an account is
//! `signet_reconcile`'s; here is what stands around it.
//!
//! One function, three kinds of invocation, told apart by their content ([`payload`]):
//!
//! | Invocation | What it does | How it ends |
//! |---|---|---|
//! | the table's stream ([`stream`]) | each account for which something is wanted goes onto the queue of accounts | what could not be queued is named by its sequence number, and Lambda comes again from there |
//! | the queue of accounts ([`worker`]) | the account's providers and roles are brought to what the table wants | a role that fails is noted in the table with its next attempt, and fails no message; a table, an alert topic or a queue that is away does |
//! | the schedule ([`schedule`]) | `tick`: accounts that are due, and marks that a worker left, every few minutes; `sweep`: all accounts, at night | an error of the invocation if the table or the queue is away |
//!
//! Everything is level-triggered: a message says where to look, never what to write, so that it may come
//! late, twice, or out of order. The queue is FIFO by account, and gives an account to one worker at
//! a time; the lease in the table, which the command takes as well, is what that rests on.
//!
//! A dry run takes no lease and writes nothing to IAM or about roles: it logs what would be done.
//!
//! | Module | Holds |
//! |---|---|
//! | [`config`] | the environment |
//! | [`payload`] | what the function is invoked with |
//! | [`stream`] | records of the table's stream, to accounts |
//! | [`worker`] | messages of the queue, to work on accounts |
//! | [`schedule`] | what is due by itself |
//! | [`queue`] | the queue of accounts |
//! | [`watch`] | what people and the log hear while an account is worked on |
//! | [`fault`] | why something comes again |
//! | [`report`] | the lines of the log |
//! | [`metrics`] | the numbers |
//! | [`random`] | randomness for leases and pauses |
//! | [`sync`] | the handler |

pub mod config;
pub mod fault;
pub mod metrics;
pub mod payload;
pub mod queue;
pub mod random;
pub mod report;
pub mod schedule;
pub mod stream;
pub mod sync;
pub mod watch;
pub mod worker;

pub use config::Config;
pub use sync::TrustSync;
