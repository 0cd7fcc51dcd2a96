//! From a producer's event to a person's next sign-in: SNS, SQS and Lambda (ministack), the compiled
//! `entitlement-sync` and sign-in functions, a DynamoDB API over HTTP, the compiled `signet` command.
//!
//! | Module | Holds |
//! |---|---|
//! | `changes` | what an event grants or withdraws is seen at the very next sign-in |
//! | `refusals` | what is refused: nothing is written, and an alert tells people |
//! | `collisions` | two groups with one code |
//! | `faults` | a table that is gone: events wait, or are given up after five tries |
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may stop at the first surprise"
)]

mod changes;
mod collisions;
mod faults;
mod refusals;

use signet_tests::aws::{Session, federate};
use signet_tests::event::Event;
use signet_tests::flow::Flow;
use signet_tests::saml;

/// A role that no entitlement file grants.
const TRIALS: &str = "arn:aws:iam::111122223333:role/data/trials-reader";
/// A group that no entitlement file knows, and its code.
const NIGHT_SHIFT: &str = "Night Shift";

/// The role session that one sign-in of a member of these groups leads to; none if it is denied.
/// `reason` is then why.
async fn sign_in(flow: &Flow, groups: &[&str]) -> Result<Session, String> {
    let event = Event::with_groups(groups);
    let answer = flow.stack.send(&event).await;
    let log = flow.stack.hook.log(&answer).await;
    if log["outcome"] == "deny" {
        assert!(!answer.denial().is_empty());
        return Err(log["reason"].as_str().unwrap().to_owned());
    }
    let assertion = answer.to_okta(&event).patched().clone();
    Ok(federate(&saml::xml(&assertion)).unwrap_or_else(|refusal| panic!("AWS refuses: {refusal}; {answer:?}")))
}

/// The sign-in of a member of this group gets exactly this role by this code.
async fn assert_opens(flow: &Flow, group: &str, role: &str, code: &str) {
    let session = sign_in(flow, &[group]).await.unwrap();
    assert_eq!(session.role_arns(), [role], "{group}");
    assert_eq!(session.codes(), [code], "{group}");
}

/// The sign-in of a member of this group gets nothing.
async fn assert_unentitled(flow: &Flow, group: &str) {
    assert_eq!(sign_in(flow, &[group]).await, Err("unentitled".to_owned()), "{group}");
}

/// The code of a group by a salt, said once more: base32 of SHA-256, cut to four characters.
fn code(group: &str, salt: u32) -> String {
    use sha2::{Digest as _, Sha256};
    let text = if salt == 0 { group.to_owned() } else { format!("{salt}:{group}") };
    let base32 = base32::encode(base32::Alphabet::Rfc4648Lower { padding: false }, &Sha256::digest(text));
    base32.chars().take(4).collect()
}
