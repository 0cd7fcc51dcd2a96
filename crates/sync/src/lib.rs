//! What the event-driven functions share: everything between Lambda and what a function does.
//!
//! | Module | Holds |
//! |---|---|
//! | [`batch`] | a batch of an SQS queue: its records, and the answer that names those that failed |
//! | [`lanes`] | the order of a batch: what belongs together one after the other, the rest side by side |
//! | [`limit`] | the end of an invocation, and panics, as failures of one piece of work |
//! | [`environment`] | the environment, read once at start, with all its mistakes |
//! | [`clients`] | the clients of AWS's services: time-outs, retries |
//! | [`cause`] | what a service said when it refused |
//! | [`alerts`] | the topic of alerts |
//! | [`log`] | lines of the log as JSON |
//! | [`metrics`] | the numbers in CloudWatch's embedded metric format |
//! | [`serve`] | start, one invocation after the other |
//! | [`text`] | values of strangers, as messages may show them |
//!
//! A function is a [`serve::Handler`]: a plain async function of one [`serve::Call`] and its payload,
//! which needs neither Lambda nor a clock.

pub mod alerts;
pub mod batch;
pub mod cause;
pub mod clients;
pub mod environment;
pub mod lanes;
pub mod limit;
pub mod log;
pub mod metrics;
pub mod serve;
pub mod text;
