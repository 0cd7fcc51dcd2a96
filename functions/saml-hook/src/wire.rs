//! The decision as Okta's patch of an assertion.

use signet_core::app::App;
use signet_core::saml::Attribute;
use signet_core::session::DecisionId;
use signet_hook::inline_hook::{self, Hook};
use signet_hook::payload::Answer;
use signet_hook::refusal::Refusal;
use signet_hook::sign_in::{Given, Wire};
use signet_okta::pointer::Pointer;
use signet_okta::request::{Envelope, RequestError, SAML_EVENT_TYPE};
use signet_okta::response::{NameFormat, Operation, Patch, SamlAttribute};
use signet_okta::saml::SamlRequest;

/// The wire contract of the hook.
#[derive(Debug)]
pub struct Saml;

impl Wire for Saml {
    type Request = SamlRequest;
    type Answer = Answer;

    /// One patch that adds every attribute.
    fn access(_: &SamlRequest, id: &DecisionId, _: &App, attributes: Vec<Attribute>) -> Result<Given<Answer>, Refusal> {
        let add = |attribute: Attribute| {
            let path = Pointer::claim(&attribute.name);
            Operation::add(path, SamlAttribute::strings(NameFormat::Uri, attribute.values))
        };
        Ok(Given::All(inline_hook::patch(id, Patch::assertion(attributes.into_iter().map(add)))?))
    }

    fn no_access(_: &SamlRequest, _: &App) -> Answer {
        inline_hook::no_change()
    }

    fn unchanged(_: &SamlRequest) -> Answer {
        inline_hook::no_change()
    }

    fn deny(refusal: &Refusal, reference: &str) -> Answer {
        inline_hook::deny(refusal, reference)
    }
}

impl Hook for Saml {
    const EVENT_TYPE: &'static str = SAML_EVENT_TYPE;

    fn read(envelope: &Envelope) -> Result<SamlRequest, RequestError> {
        SamlRequest::from_envelope(envelope)
    }
}

#[cfg(test)]
mod tests {
    use signet_okta::response::{BODY_LIMIT_BYTES, ResponseError};

    use super::*;

    fn request() -> SamlRequest {
        let envelope = Envelope::parse(br#"{"eventType":"com.okta.saml.tokens.transform"}"#).unwrap();
        Saml::read(&envelope).unwrap()
    }

    fn access(attributes: Vec<Attribute>) -> Result<Given<Answer>, Refusal> {
        let (id, app) = (DecisionId::from_random([7; 16]), signet_cases::Kind::Saml.app());
        Saml::access(&request(), &id, &app, attributes)
    }

    fn attribute(length: usize) -> Vec<Attribute> {
        vec![Attribute {
            name: "https://aws.amazon.com/SAML/Attributes/Role".to_owned(),
            values: vec!["x".repeat(length)],
        }]
    }

    #[test]
    fn an_answer_that_okta_would_drop_is_refused() {
        let refused = access(attribute(BODY_LIMIT_BYTES)).unwrap_err();
        assert!(matches!(refused, Refusal::Answer(ResponseError::TooLarge { .. })), "{refused}");
        assert_eq!((refused.reason(), refused.is_fault()), ("answer_too_long", true));
        assert!(matches!(access(Vec::new()).unwrap_err(), Refusal::Answer(ResponseError::Empty)));
        let Given::All(answer) = access(attribute(BODY_LIMIT_BYTES - 1_000)).unwrap() else {
            panic!("nothing is given")
        };
        assert_eq!(answer.status(), 200);
    }
}
