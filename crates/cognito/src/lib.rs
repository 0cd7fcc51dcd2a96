//! Cognito's pre token generation trigger: what a user pool asks before it issues tokens, and what it
//! takes as an answer (Amazon Cognito developer guide, "Pre token generation Lambda trigger").
//!
//! Own types, since `aws_lambda_events` knows claims of version 2 as strings only, and no client
//! credentials.
//!
//! | Module | Holds |
//! |---|---|
//! | [`event`] | the event, read for a decision about access |
//! | [`list`] | attributes of several values, as Cognito writes them |
//! | [`answer`] | the event with its response |
//!
//! An answer is the whole event with its `response` filled in. An error fails the sign-in: the person
//! reads `PreTokenGeneration failed with error` and its text.

pub mod answer;
pub mod event;
pub mod list;

pub use signet_json as json;
