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
