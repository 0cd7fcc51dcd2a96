//! One person in one group gets the same access in a SAML app, an OIDC app and Cognito apps, from one grant in
//! the table; and withdrawing the grant closes all of them. What was done on AWS leads back to that grant.
//!
//! From the events of an app registry and a data platform (SNS, SQS, Lambda) to the trust policies in IAM
//! (moto), with the compiled functions. The tokens are signed, and read as STS reads them; what a role lets in
//! is judged by the evaluator of the specification, the same for all.
//!
//! | Module | Holds |
//! |---|---|
//! | `apps` | the apps, and how one person signs in to each |
//! | `access` | the same access everywhere, and none |
//! | `traced` | from the sessions on AWS back to the person, the group and the event |
//! | `judges` | that the judges of tokens refuse what they should |
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may stop at the first surprise"
)]

mod access;
mod apps;
mod judges;
mod traced;
