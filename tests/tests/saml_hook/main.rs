//! The compiled sign-in function on real parts: a Lambda Runtime API, a DynamoDB API over HTTP, a
//! table that the compiled `signet` command fills.
//!
//! | Module | Holds |
//! |---|---|
//! | `path` | every sample event, from Okta's request to the role session on AWS |
//! | `http` | the same path over HTTP, as Okta calls it |
//! | `changes` | what is granted and withdrawn is seen at the next sign-in |
//! | `callers` | who is let in to ask: the secret header, the verified token |
//! | `bad_input` | bodies and envelopes that are not what they should be |
//! | `mutations` | a good request with every member replaced and removed in turn |
//! | `names` | groups with odd names, claims without values, thousands of groups |
//! | `explained` | that `signet explain` says the same |
//! | `faults` | a table that fails in every way |
//! | `deadline` | from when on time counts |
//! | `reads` | what a sign-in reads |
//! | `judges` | that the judges refuse what they should |
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a test may stop at the first surprise"
)]

mod bad_input;
mod callers;
mod changes;
mod deadline;
mod explained;
mod faults;
mod http;
mod judges;
mod mutations;
mod names;
mod path;
mod reads;

use signet_tests::aws::{Session, Trust, federate};
use signet_tests::event::Event;
use signet_tests::hook::Answer;
use signet_tests::okta::SignIn;
use signet_tests::saml;

/// The role that `Clinical Readers` opens, and its code.
const CLINICAL_READER: &str = "arn:aws:iam::111122223333:role/data/clinical-reader";
const CLINICAL_READERS: &str = "qwq3";

/// What the trust policy of a role demands that these codes open.
fn trust<'a>(codes: &'a [&'a str]) -> Trust<'a> {
    Trust {
        provider: "okta-databricks",
        audience: "https://signin.aws.amazon.com/saml",
        codes,
        identity: "*@example.com",
    }
}

/// The role session that an answer leads to. It must lead to one.
fn session(answer: &Answer, event: &Event) -> Session {
    let assertion = answer.to_okta(event).patched().clone();
    federate(&saml::xml(&assertion)).unwrap_or_else(|refusal| panic!("AWS refuses: {refusal}; {answer:?}"))
}

/// The sign-in must not open anything on AWS, whatever Okta makes of the answer.
fn assert_opens_nothing(answer: &Answer, event: &Event) {
    if let Some(assertion) = answer.to_okta(event).assertion() {
        let refusal = federate(&saml::xml(assertion)).expect_err("no role session");
        assert!(refusal.0.contains("no Role"), "{refusal}");
    }
}

/// The sign-in gets exactly what one group, `Clinical Readers`, opens.
fn assert_one_group(answer: &Answer, event: &Event) {
    assert_eq!(answer.status, 200, "{answer:?}");
    let session = session(answer, event);
    assert_eq!(session.role_arns(), [CLINICAL_READER]);
    assert_eq!(session.codes(), [CLINICAL_READERS]);
    session.assume(CLINICAL_READER, &trust(&[CLINICAL_READERS])).unwrap();
}

/// The answer denies in a form that Okta carries out.
fn assert_denied(answer: &Answer) {
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(answer.headers["content-type"], "application/json", "{answer:?}");
    assert!(!answer.denial().is_empty());
}

/// The answer refuses a caller that is not Okta.
fn assert_rejected(answer: &Answer, status: u16) {
    assert_eq!(answer.status, status, "{answer:?}");
    assert!(!answer.body.is_empty() && answer.body.len() < 2_000, "{answer:?}");
    assert!(matches!(answer.to_okta(&Event(serde_json::Value::Null)), SignIn::Ignored { .. }));
}
