//! What an Okta request says, in the words of the decision: one reading of it, for the function that
//! answers and for the command that explains.

use std::collections::BTreeMap;

use signet_core::app::App;
use signet_core::identity::IdentityField;
use signet_core::saml::BaseAssertion;
use signet_okta::saml::SamlRequest;

/// The texts of a claim: all its values that have one. None for a claim that is not there.
#[must_use]
pub fn texts<'r>(request: &'r SamlRequest, claim: &str) -> Vec<&'r str> {
    request.claims().get(claim).map(|claim| claim.texts().collect()).unwrap_or_default()
}

/// The value of the field that the app takes identities from. A claim counts only if it has exactly
/// one value: of several, none is more the person's than the others.
#[must_use]
pub fn identity<'r>(request: &'r SamlRequest, field: &IdentityField) -> Option<&'r str> {
    match field {
        IdentityField::Profile(member) => request.profile(member),
        IdentityField::UserId => request.user_id(),
        IdentityField::NameId => request.name_id(),
        IdentityField::Claim(name) => only(&texts(request, name)),
    }
}

/// The one value of a claim, if it has exactly one.
#[must_use]
pub fn only<'v>(values: &[&'v str]) -> Option<&'v str> {
    match values {
        [one] => Some(one),
        _ => None,
    }
}

/// The values of the claims that the app maps to tags, by tag key.
#[must_use]
pub fn tag_values<'a>(request: &'a SamlRequest, app: &'a App) -> BTreeMap<&'a str, Vec<&'a str>> {
    app.tags.rules().iter().map(|(key, rule)| (key.as_str(), texts(request, &rule.claim))).collect()
}

/// The assertion as Okta would send it without this function.
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
            assert_eq!(identity(&request, &IdentityField::parse(field).unwrap()), value, "{field}");
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
        assert_eq!(texts(&request, "b"), ["1", ""]);
    }
}
