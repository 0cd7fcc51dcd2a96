//! The alerts: what people are told, and what they can do.

use std::fmt::Write;

use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};
use signet_core::role::RoleArn;
use signet_core::trust::grants::Codes;
use signet_events::alert::{Alert, AlertKind};

use crate::report::{Outcome, Told};

/// A role is not as it should be.
pub(crate) fn role(role: &RoleArn, outcome: Outcome, why: &str, wanted: u64, withheld: Option<&Codes>) -> Told {
    let kind = if outcome == Outcome::TooLong { AlertKind::PolicyTooLong } else { AlertKind::RoleUnreachable };
    let summary = format!("the trust policy of role `{role}` is not as its grants want it: {why}; {}", advice(outcome));
    let mut detail = of_role(role, outcome.as_str(), why);
    detail.insert("wanted".to_owned(), json!(wanted));
    if let Some(withheld) = withheld {
        detail.insert("withheld".to_owned(), in_words(withheld));
    }
    told(kind, role.as_str(), summary, detail, &[outcome.as_str(), &wanted.to_string()])
}

/// Somebody else changed our statements in a role's trust policy. `digest` is what was found.
pub(crate) fn drift(role: &RoleArn, why: &str, digest: &[u8; 32]) -> Told {
    let summary = format!(
        "{why} in the trust policy of role `{role}`: Signet puts it back; find out who has the permission to do so, \
         and grant access by a dataset or an entitlement file instead"
    );
    told(AlertKind::Drift, role.as_str(), summary, of_role(role, "drift", why), &["drift", &hex(digest)])
}

/// Principals of others that IAM refuses by now were taken out of a trust policy, so that it could be
/// written.
pub(crate) fn dangling(role: &RoleArn, why: &str, wanted: u64) -> Told {
    let summary = format!("role `{role}`: {why}; whom they stood for is deleted, so nobody is let in any less");
    let detail = of_role(role, "dangling", why);
    told(AlertKind::Drift, role.as_str(), summary, detail, &["dangling", &wanted.to_string()])
}

/// An identity provider of an account, or the account itself, cannot be attended to.
pub(crate) fn subject(arn: &str, why: &str, wanted: u64) -> Told {
    let summary = format!("`{arn}` cannot be brought to what is wanted: {why}; it is tried again by itself");
    told(AlertKind::RoleUnreachable, arn, summary, of(arn, why), &["provider", &wanted.to_string()])
}

/// Somebody else changed an identity provider of ours. `found` is what was found there.
pub(crate) fn provider_drift(arn: &str, why: &str, found: &str) -> Told {
    let summary = format!(
        "identity provider `{arn}` {why}: Signet puts it back; whoever did so could sign people in, so find out who \
         has the permission"
    );
    told(AlertKind::Drift, arn, summary, of(arn, why), &["provider_drift", found])
}

/// What there is to do, but for waiting.
fn advice(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::TooLong => "ask AWS for a longer role trust policy, or divide the grants among more roles",
        Outcome::Gone => "create the role with this very path, or withdraw its grants",
        Outcome::OutOfBounds => {
            "give the role the path or the tag by which Signet may write it, or withdraw its grants"
        }
        Outcome::Unreadable | Outcome::Refused => "mend the role's trust policy by hand",
        Outcome::Denied => "give the account its member role",
        _ => "it is tried again by itself",
    }
}

fn of_role(role: &RoleArn, outcome: &str, why: &str) -> Map<String, Value> {
    let mut detail = of(role.as_str(), why);
    detail.insert("role".to_owned(), json!(role.as_str()));
    detail.insert("account".to_owned(), json!(role.account()));
    detail.insert("outcome".to_owned(), json!(outcome));
    detail
}

fn of(arn: &str, why: &str) -> Map<String, Value> {
    Map::from_iter([("subject".to_owned(), json!(arn)), ("why".to_owned(), json!(why))])
}

fn in_words(codes: &Codes) -> Value {
    let of_app = |codes: &std::collections::BTreeSet<_>| codes.iter().map(ToString::to_string).collect::<Vec<_>>();
    codes.iter().map(|(app, codes)| (app.to_string(), json!(of_app(codes)))).collect::<Map<_, _>>().into()
}

fn told(kind: AlertKind, subject: &str, summary: String, detail: Map<String, Value>, marks: &[&str]) -> Told {
    let mut hash = Sha256::new();
    for mark in [kind.as_str(), subject].iter().chain(marks) {
        // The length keeps two marks from reading like one.
        hash.update(mark.len().to_be_bytes());
        hash.update(mark);
    }
    let id = format!("{}-{}", kind.as_str(), hex(&hash.finalize()));
    Told { alert: Alert { kind, summary, detail }, subject: subject.to_owned(), id }
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing into a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}
