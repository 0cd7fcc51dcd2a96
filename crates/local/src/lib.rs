//! What the tests, `make demo` and `make bench` use in place of AWS: real servers on loopback,
//! started in the process that needs them and gone when it drops them. No part of this crate
//! belongs in a deployed function.
//!
//! | Module | Stands in for |
//! |---|---|
//! | [`dynamodb`] | DynamoDB, over HTTP |
//! | [`connector`] | DynamoDB, for an AWS SDK client in this process, without a socket; injects faults between calls |
//! | [`stream`] | a table's stream, as Lambda reads it for a function |
//! | [`proxy`] | a bad network, or a bad day of DynamoDB's, between a function and the table |
//! | [`runtime_api`] | the Lambda Runtime API that a function polls for its invocations |
//! | [`moto`] | IAM, STS and Cognito user pools, in any number of accounts, over HTTP |
//! | [`function`] | the sandbox that Lambda starts a function in |
//!
//! Every server binds to 127.0.0.1 and runs on a thread of its own, so that neither a test that
//! blocks its thread nor one that pauses tokio's clock holds it up.

pub mod connector;
pub mod dynamodb;
mod error;
pub mod function;
pub mod moto;
pub mod proxy;
pub mod runtime_api;
mod server;
pub mod stream;
mod sync;

/// The embedded database, for its own types and for calls in this process.
pub use dynoxide;
pub use error::LocalError;
