//! The decision as Okta's patch.

use signet_core::decision::{Decision, Outcome};
use signet_core::saml::Attribute;
use signet_core::session::DecisionId;
use signet_hook::payload::Answer;
use signet_hook::record::Record;
use signet_hook::refusal::Refusal;
use signet_hook::serve::Conclusion;
use signet_okta::pointer::Pointer;
use signet_okta::response::{Encoded, NameFormat, Operation, Patch, Response, ResponseError, SamlAttribute};

/// What a decision answers, and leaves behind. An access that Okta would not carry out, for its
/// size, is a denial: Okta would drop it in silence.
#[must_use]
pub fn conclude(id: &DecisionId, decision: &Decision<'_>, attributes: &[Attribute]) -> Conclusion {
    let mut record = Record::decided(decision);
    let answer = match &decision.outcome {
        Outcome::NoAccess => no_change(),
        Outcome::Deny(deny) => Refusal::Decision(deny.clone()).answer(id.as_str()),
        Outcome::Access(_) => patch(id, attributes).unwrap_or_else(|error| {
            let refusal = Refusal::Answer(error);
            record.refuse(&refusal);
            refusal.answer(id.as_str())
        }),
    };
    Conclusion { answer, record }
}

/// What a refusal answers, and leaves behind.
#[must_use]
pub fn refuse(reference: &str, refusal: &Refusal) -> Conclusion {
    Conclusion { answer: refusal.answer(reference), record: Record::refused(refusal) }
}

/// The same conclusion for an app that is only observed: in the log, and nowhere else.
#[must_use]
pub fn observe(mut conclusion: Conclusion) -> Conclusion {
    conclusion.record.observed = true;
    Conclusion { answer: no_change(), ..conclusion }
}

/// The assertion stays as it is: HTTP 204.
fn no_change() -> Answer {
    Answer::okta(Encoded { status: 204, body: None })
}

/// One patch that adds every attribute.
fn patch(id: &DecisionId, attributes: &[Attribute]) -> Result<Answer, ResponseError> {
    let add = |attribute: &Attribute| {
        let values = attribute.values.iter().map(String::as_str);
        Operation::add(Pointer::claim(&attribute.name), SamlAttribute::strings(NameFormat::Uri, values))
    };
    let response = Response::patch(Patch::assertion(attributes.iter().map(add))).debug_context("decision", id.as_str());
    Ok(Answer::okta(response.encode()?))
}

#[cfg(test)]
mod tests {
    use signet_core::decision::Access;
    use signet_core::identity::{Identity, IdentityPattern};
    use signet_core::role::{ProviderName, RoleArn};
    use signet_hook::record::Verdict;

    use super::*;

    #[test]
    fn an_access_that_okta_would_drop_for_its_size_is_a_denial() {
        let (provider, role) =
            (ProviderName::parse("okta").unwrap(), RoleArn::parse("arn:aws:iam::111122223333:role/reader").unwrap());
        let pattern = IdentityPattern::parse("*@example.com").unwrap();
        let decision = Decision {
            outcome: Outcome::Access(Access {
                identity: Identity::new(Some("jane@example.com"), &pattern).unwrap(),
                roles: vec![&role],
                provider: &provider,
                codes: Vec::new(),
                tags: Vec::new(),
                transitive: Vec::new(),
                session_duration: None,
            }),
            groups: Vec::new(),
            notes: Vec::new(),
        };
        let id = DecisionId::from_random([7; 16]);
        let attribute = |bytes: usize| [Attribute { name: "a".to_owned(), values: vec!["x".repeat(bytes)] }];

        let fits = conclude(&id, &decision, &attribute(1_000));
        assert_eq!((fits.record.verdict, fits.record.roles.len()), (Verdict::Access, 1));
        assert!(fits.answer.body().unwrap().contains("com.okta.assertion.patch"));

        let long = conclude(&id, &decision, &attribute(256 * 1024));
        assert_eq!((long.record.verdict, long.record.reason), (Verdict::Deny, Some("answer_too_long")));
        assert!(long.record.roles.is_empty() && long.record.source_identity.is_none());
        assert_eq!(long.answer.status(), 200);
        assert!(long.answer.body().unwrap().contains("errorSummary"));
    }
}
