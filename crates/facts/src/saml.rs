//! Okta's SAML assertion hook.

use std::borrow::Cow;

use signet_core::app::App;
use signet_core::code::CodeHasher;
use signet_core::decision::{Decision, SignIn};
use signet_core::identity::IdentityField;
use signet_core::role::Protocol;
use signet_core::saml::{self, Attribute, BaseAssertion};
use signet_okta::saml::{Claim, SamlRequest};

use crate::facts::{Facts, Person, Remark, only, possibly_cut};
use crate::unfit::{self, Unfit};

impl Facts for SamlRequest {
    const PROTOCOL: Protocol = Protocol::Saml;

    type Rendering = Vec<Attribute>;

    fn app_id(&self) -> Option<&str> {
        self.app_id()
    }

    fn user_id(&self) -> Option<&str> {
        self.user_id()
    }

    fn person(&self, app: &App) -> Result<Person, Unfit> {
        unfit::protocol(app, Self::PROTOCOL).map(|()| Person::There)
    }

    fn groups(&self, claim: &str) -> Result<Vec<Cow<'_, str>>, Unfit> {
        Ok(texts(self, claim).map(Cow::Borrowed).collect())
    }

    fn texts(&self, claim: &str) -> Result<Vec<&str>, Unfit> {
        Ok(texts(self, claim).collect())
    }

    fn identity(&self, field: &IdentityField) -> Result<Option<&str>, Unfit> {
        Ok(match field {
            IdentityField::Profile(member) => self.profile(member),
            IdentityField::UserId => self.user_id(),
            IdentityField::NameId => self.name_id(),
            IdentityField::Claim(name) => only(&self.texts(name)?),
        })
    }

    fn decide<'a, H: CodeHasher + ?Sized>(
        &self,
        sign_in: &SignIn<'a>,
        hasher: &H,
    ) -> (Decision<'a>, Option<Self::Rendering>) {
        let (decision, attributes) = saml::decide(sign_in, &base_assertion(self), hasher);
        (decision, Some(attributes).filter(|attributes| !attributes.is_empty()))
    }

    /// Attribute statements that filter groups have all of them; those of an expression have not.
    fn remarks(&self, app: &App, groups: usize) -> Vec<Remark> {
        possibly_cut(app, groups, "Okta's expressions cut").into_iter().collect()
    }
}

fn texts<'r>(request: &'r SamlRequest, claim: &str) -> impl Iterator<Item = &'r str> {
    request.claims().get(claim).into_iter().flat_map(Claim::texts)
}

/// The assertion as Okta would send it without Signet.
#[must_use]
pub fn base_assertion(request: &SamlRequest) -> BaseAssertion<'_> {
    BaseAssertion { attributes: request.claims().iter().map(|(name, claim)| (name, claim.texts().collect())).collect() }
}

#[cfg(test)]
mod tests {
    use signet_okta::request::Envelope;

    use super::*;

    fn request(data: &str) -> SamlRequest {
        let text = format!(r#"{{"eventType":"com.okta.saml.tokens.transform","data":{data}}}"#);
        SamlRequest::from_envelope(&Envelope::parse(text.as_bytes()).unwrap()).unwrap()
    }

    #[test]
    fn identities_come_from_the_field_the_app_names() {
        let request = request(
            r#"{"context":{"user":{"id":"00u1","profile":{"login":"jane@example.com","badge":7}}},
                "assertion":{"subject":{"nameId":"jane"},"claims":{
                    "one":{"attributeValues":[{"value":"a"},{"value":null}]},
                    "two":{"attributeValues":[{"value":"a"},{"value":"a"}]},"none":{}}}}"#,
        );
        for (field, value) in [
            ("user.profile.login", Some("jane@example.com")),
            ("user.profile.badge", None),
            ("user.profile.email", None),
            ("user.id", Some("00u1")),
            ("subject.nameId", Some("jane")),
            ("claim:one", Some("a")),
            ("claim:two", None),
            ("claim:none", None),
            ("claim:missing", None),
        ] {
            assert_eq!(request.identity(&IdentityField::parse(field).unwrap()).unwrap(), value, "{field}");
        }
    }

    #[test]
    fn the_base_assertion_has_every_claim_with_or_without_values() {
        let request = request(
            r#"{"assertion":{"claims":{"b":{"attributeValues":[{"value":"1"},{},{"value":""}]},
                "https://aws.amazon.com/SAML/Attributes/Role":null}}}"#,
        );
        let attributes = base_assertion(&request).attributes;
        let expected = [("b", vec!["1", ""]), ("https://aws.amazon.com/SAML/Attributes/Role", vec![])];
        assert_eq!(attributes, expected);
        assert_eq!(request.texts("b").unwrap(), ["1", ""]);
    }
}
