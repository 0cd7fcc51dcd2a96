//! Every reason to deny a sign-in: its word for logs and metrics, its text for people.

use std::time::Duration;

use signet_core::decision::Deny;
use signet_facts::Unfit;
use signet_okta::request::RequestError;
use signet_okta::response::ResponseError;
use signet_store::StoreError;

/// Why a sign-in is denied. `Display` is for logs; what the person reads is [`Refusal::text`].
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// The request names no app.
    #[error("the request names no app")]
    NoApp,
    /// The table has no such app.
    #[error("the table has no such app: add it to an entitlement file and apply that")]
    UnknownApp,
    /// The app is in the table, but people may not sign in to it.
    #[error("the app is not active: {0}")]
    InactiveApp(&'static str),
    /// The request does not fit the app.
    #[error(transparent)]
    Unfit(#[from] Unfit),
    /// The request is of the right type, but a member that decides about access is malformed.
    #[error(transparent)]
    Malformed(#[from] RequestError),
    /// The table could not be read, or is not to be trusted.
    #[error(transparent)]
    Table(#[from] StoreError),
    /// The decision.
    #[error(transparent)]
    Decision(#[from] Deny),
    /// Okta would not carry the answer out.
    #[error(transparent)]
    Answer(#[from] ResponseError),
    /// The time was over.
    #[error("the deadline was reached {} ms after the function began", .after.as_millis())]
    Deadline {
        /// How long the function had.
        after: Duration,
    },
    /// The operating system gave no random bytes for the decision's id.
    #[error("no random bytes for the decision's id")]
    NoRandomness,
    /// A defect of the function.
    #[error("the function panicked: the place is in a line of its own")]
    Panic,
}

impl Refusal {
    /// The reason as logs and metrics write it. [`StoreError::reason`] and [`Deny::reason`] have the
    /// words of theirs.
    #[must_use]
    pub fn reason(&self) -> &'static str {
        match self {
            Self::NoApp | Self::UnknownApp => "unknown_app",
            Self::InactiveApp(_) => "inactive_app",
            Self::Unfit(unfit) => unfit.reason(),
            Self::Malformed(_) => "malformed_request",
            Self::Table(error) => error.reason(),
            Self::Decision(deny) => deny.reason(),
            Self::Answer(ResponseError::TooLarge { .. }) => "answer_too_long",
            Self::Answer(_) | Self::NoRandomness | Self::Panic => "internal",
            Self::Deadline { .. } => "deadline",
        }
    }

    /// Whether it is a fault of the deployment, and would have denied anybody.
    #[must_use]
    pub fn is_fault(&self) -> bool {
        match self {
            Self::Table(_)
            | Self::Answer(_)
            | Self::Deadline { .. }
            | Self::NoRandomness
            | Self::Unfit(Unfit::EventVersion)
            | Self::Panic => true,
            Self::NoApp
            | Self::UnknownApp
            | Self::InactiveApp(_)
            | Self::Unfit(_)
            | Self::Malformed(_)
            | Self::Decision(_) => false,
        }
    }

    /// What the person reads on Okta's error page: the decision to ask support about, no internals.
    #[must_use]
    pub fn text(&self, reference: &str) -> String {
        match self {
            Self::Decision(Deny::Unentitled) => format!(
                "You have no access to data through this app yet. If you think you should have, \
                 give this reference to your support: {reference}"
            ),
            Self::Deadline { .. }
            | Self::NoRandomness
            | Self::Panic
            | Self::Table(
                StoreError::Throttled { .. }
                | StoreError::TimedOut { .. }
                | StoreError::Partial { .. }
                | StoreError::Call { .. },
            ) => format!(
                "Sign-in to AWS did not work just now. Please try again in a moment; if it still does not work, \
                 give this reference to your support: {reference}"
            ),
            _ => format!("Sign-in to AWS was refused. Give this reference to your support: {reference}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use signet_core::role::Protocol;

    use super::*;
    use crate::inline_hook;

    fn all() -> Vec<Refusal> {
        let (operation, table, cause) = ("BatchGetItem", "secret-table".to_owned(), "secret cause".to_owned());
        vec![
            Refusal::NoApp,
            Refusal::UnknownApp,
            Refusal::InactiveApp("secret reason"),
            Refusal::Unfit(Unfit::Protocol { stated: Protocol::Oidc, used: Protocol::Saml }),
            Refusal::Unfit(Unfit::Issuer { stated: "secret".to_owned(), found: "nobody".to_owned() }),
            Refusal::Unfit(Unfit::NoUser),
            Refusal::Unfit(Unfit::NotFederated { provider: Some("secret".to_owned()) }),
            Refusal::Unfit(Unfit::EventVersion),
            Refusal::Table(StoreError::OtherLayout { found: 2, expected: 1 }),
            Refusal::Malformed(RequestError::Malformed { path: "/data/secret".to_owned(), what: "x".to_owned() }),
            Refusal::Table(StoreError::NoTable { table: table.clone() }),
            Refusal::Table(StoreError::Throttled { operation, table, cause }),
            Refusal::Decision(Deny::Unentitled),
            Refusal::Decision(Deny::BaseAssertion { name: "secret".to_owned() }),
            Refusal::Decision(Deny::BaseToken { name: "secret".to_owned() }),
            Refusal::Decision(Deny::TokenTooLong { characters: 20_001, limit: 20_000 }),
            Refusal::Answer(ResponseError::TooLarge { bytes: 1, limit: 1 }),
            Refusal::Answer(ResponseError::Empty),
            Refusal::Deadline { after: Duration::from_secs(2) },
            Refusal::NoRandomness,
            Refusal::Panic,
        ]
    }

    #[test]
    fn people_read_a_reference_and_no_internals() {
        for refusal in all() {
            let answer = inline_hook::deny(&refusal, "ref-1234");
            assert_eq!(answer.status(), 200);
            let body: serde_json::Value = serde_json::from_str(answer.body().unwrap()).unwrap();
            let text = body["error"]["errorSummary"].as_str().unwrap();
            assert!(text.ends_with("ref-1234"), "{text}");
            assert!(!text.contains("secret") && !text.contains("table"), "{text}");
            // Nothing else, so that no detail gets to Okta.
            let context = serde_json::json!({"decision": "ref-1234", "reason": refusal.reason()});
            assert_eq!(body["debugContext"], context);
            assert!(!text.contains(refusal.reason()) && !text.contains('_'), "{text}");
            assert!(body.get("commands").is_none());
        }
    }

    #[test]
    fn reasons_are_words() {
        let reasons: Vec<_> = all().iter().map(Refusal::reason).collect();
        assert_eq!(
            reasons,
            [
                "unknown_app",
                "unknown_app",
                "inactive_app",
                "app_protocol",
                "other_issuer",
                "no_user",
                "attributes_not_federated",
                "event_version",
                "meta_unfit",
                "malformed_request",
                "table_missing",
                "table_throttled",
                "unentitled",
                "base_assertion",
                "base_token",
                "token_too_long",
                "answer_too_long",
                "internal",
                "deadline",
                "internal",
                "internal",
            ]
        );
    }
}
