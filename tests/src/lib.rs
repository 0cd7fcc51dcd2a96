//! What the end-to-end tests stand on: the compiled programs on real parts, and independent
//! judges of what comes out of them. Nothing here uses Signet's own code but the local servers:
//! a mistake that the programs make shall not be made twice.
//!
//! | Module | Holds |
//! |---|---|
//! | [`programs`] | the compiled programs, built if they are not |
//! | [`stack`] | DynamoDB, a filled table, a proxy that can fail, and the function in front of them |
//! | [`flow`] | SNS, SQS and Lambda with the function that takes events into that table |
//! | [`accounts`] | IAM and STS in any number of accounts, with the function that keeps their roles |
//! | [`messaging`] | the topics and queues, as a producer and an operator see them |
//! | [`hook`] | the running function: invocations, answers, log lines |
//! | [`bad_input`] | what is no call of an inline hook |
//! | [`event`] | the invocations: Okta's request in the envelope of an HTTP API |
//! | [`front`] | the HTTP API itself, and a client that sends to it what it is told |
//! | [`okta`] | what Okta makes of an answer |
//! | [`saml`] | the assertion as XML |
//! | [`aws`] | what AWS makes of the assertion |
//! | [`subject`] | the three sign-in functions, and one sign-in that each of them answers |
//! | [`tokens`] | what Okta makes of an answer about tokens |
//! | [`cognito`] | what Cognito makes of an answer: user pool and identity pool |
//! | [`jwt`] | an issuer's key: tokens that it signs |
//! | [`sts`] | what AWS makes of a token |
//! | [`trail`] | what CloudTrail writes of a role session |
//! | [`explained`] | that `signet explain` says what a function answers |
//! | [`faults`] | the ways in which a table fails, and what each function must make of them |
//! | [`emf`] | what CloudWatch makes of a metric line |
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::missing_panics_doc,
    clippy::must_use_candidate,
    reason = "support of tests, which may stop at the first surprise"
)]

pub mod accounts;
pub mod aws;
pub mod bad_input;
pub mod cognito;
pub mod emf;
pub mod event;
pub mod explained;
pub mod faults;
pub mod flow;
pub mod front;
pub mod hook;
pub mod jwt;
pub mod messaging;
pub mod okta;
pub mod programs;
pub mod saml;
pub mod stack;
pub mod sts;
pub mod subject;
pub mod tokens;
pub mod trail;
