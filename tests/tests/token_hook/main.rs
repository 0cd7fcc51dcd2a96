//! The compiled token hook on real parts: a Lambda Runtime API, a DynamoDB API over HTTP, a table that the
//! compiled `signet` command fills, tokens that are signed and read as STS reads them.
//!
//! | Module | Holds |
//! |---|---|
//! | `path` | every sample event, from Okta's request to the role session on AWS |
//! | `callers` | who is let in to ask: the secret header, the verified token |
//! | `bad_input` | bodies and envelopes that are not what they should be |
//! | `faults` | a table that fails in every way |
//! | `explained` | that `signet explain` says the same |
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may stop at the first surprise"
)]

mod bad_input;
mod callers;
mod explained;
mod faults;
mod path;

use signet_tests::event::Event;
use signet_tests::hook::Answer;
use signet_tests::stack::{Settings, Stack};
use signet_tests::subject::Kind;
use signet_tests::tokens::{self, Minted};

/// The role that `Clinical Readers` opens, and its code.
const CLINICAL_READER: &str = "arn:aws:iam::111122223333:role/data/clinical-reader";
const CLINICAL_READERS: &str = "qwq3";

async fn started() -> Stack {
    Settings::of(Kind::Token).start().await
}

fn load(case: &str) -> Event {
    Event(Kind::Token.sample(case))
}

fn minted(answer: &Answer, event: &Event) -> Minted {
    tokens::apply(answer.status, &answer.body, &event.request())
}

/// The sign-in gets exactly what one group, `Clinical Readers`, opens.
fn assert_one_group(answer: &Answer, event: &Event) {
    let minted = minted(answer, event);
    let claims = minted.identity();
    assert_eq!(claims["https://aws.amazon.com/roles"], serde_json::json!([CLINICAL_READER]), "{answer:?}");
    let hash = &claims["https://aws.amazon.com/tags"]["principal_tags"]["GroupHash"];
    assert_eq!(*hash, serde_json::json!([format!(":{CLINICAL_READERS}:")]));
}

/// The answer denies in a form that Okta carries out.
fn assert_denied(answer: &Answer, event: &Event) {
    assert_eq!(answer.headers["content-type"], "application/json", "{answer:?}");
    assert!(matches!(minted(answer, event), Minted::Denied { .. }), "{answer:?}");
}

/// The answer refuses a caller that is not Okta, or calls for something else; the tokens go out as they were.
fn assert_rejected(answer: &Answer, status: u16) {
    assert_eq!(answer.status, status, "{answer:?}");
    assert!(!answer.body.is_empty() && answer.body.len() < 2_000, "{answer:?}");
    let minted = tokens::apply(answer.status, &answer.body, &serde_json::Value::Null);
    assert!(matches!(minted, Minted::Ignored { .. }));
}
