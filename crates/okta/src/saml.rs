//! The request of a SAML assertion inline hook, read for a decision about access.
//!
//! Okta's admin console previews a hook with placeholders, and an attribute statement
//! without a value arrives with missing or `null` members. So everything is optional,
//! `null` means absent, and unknown members are ignored. What decides about access is read
//! strictly all the same: a wrong type or a name that occurs twice is an error, for which a
//! hook denies.
//!
//! | Member | Wrong type |
//! |---|---|
//! | `data.context.protocol.issuer.id`, `data.context.user.id` | error |
//! | `data.context.user.profile`; `login`, `firstName`, `lastName`, `locale`, `timeZone` in it | error |
//! | other members of the profile, which Okta does not send today | absent |
//! | `data.assertion.subject.nameId` | error |
//! | `data.assertion.claims`, its claims, their `attributeValues` and every `value` | error |
//! | an object on the way to one of these | error |
//! | everything else: session, recipient, audiences, name format, … | absent |

use std::collections::HashSet;
use std::fmt;

use crate::json::Json;
use crate::json::place::Place;
use crate::profile;
use crate::request::{Envelope, RequestError, SAML_EVENT_TYPE, owned};

/// A sign-in as the hook sees it. `Debug` shows ids and counts, no personal data.
#[derive(Clone, PartialEq, Eq)]
pub struct SamlRequest {
    app_id: Option<String>,
    app_name: Option<String>,
    user_id: Option<String>,
    profile: Vec<(String, String)>,
    name_id: Option<String>,
    recipient: Option<String>,
    audiences: Vec<String>,
    claims: Claims,
}

impl SamlRequest {
    /// Reads the typed view of a request.
    ///
    /// # Errors
    /// [`RequestError::MissingEventType`] and [`RequestError::OtherEventType`] if the envelope
    /// is not of [`SAML_EVENT_TYPE`]; [`RequestError::Malformed`] as the table of this module
    /// says.
    pub fn from_envelope(envelope: &Envelope) -> Result<Self, RequestError> {
        envelope.expect_type(SAML_EVENT_TYPE)?;
        let document = Place::root(&Json::Null);
        let data = document.child("data", Some(&envelope.data));
        let context = data.member("context")?;
        let protocol = context.member("protocol")?;
        let issuer = protocol.member("issuer")?;
        let user = context.member("user")?;
        let assertion = data.member("assertion")?;
        let subject = assertion.member("subject")?;
        Ok(Self {
            app_id: owned(issuer.member("id")?.text()?),
            app_name: owned(informational(issuer.node(), &["name"])),
            user_id: owned(user.member("id")?.text()?),
            profile: profile::read(&user.member("profile")?)?,
            name_id: owned(subject.member("nameId")?.text()?),
            recipient: owned(informational(subject.node(), &["confirmation", "data", "recipient"])),
            audiences: audiences(assertion.node()),
            claims: Claims::read(&assertion.member("claims")?)?,
        })
    }

    /// The id of the app instance that the user signs in to (`0oa…`): what to route on.
    #[must_use]
    pub fn app_id(&self) -> Option<&str> {
        self.app_id.as_deref()
    }

    /// The app's name in Okta, which an administrator can change at any time.
    #[must_use]
    pub fn app_name(&self) -> Option<&str> {
        self.app_name.as_deref()
    }

    /// The user's id in Okta (`00u…`), never re-used.
    #[must_use]
    pub fn user_id(&self) -> Option<&str> {
        self.user_id.as_deref()
    }

    /// A member of the user's profile. A member that is not a string is absent; it is never
    /// turned into one.
    #[must_use]
    pub fn profile(&self, member: &str) -> Option<&str> {
        profile::member(&self.profile, member)
    }

    /// The user's login, `user.profile.login`.
    #[must_use]
    pub fn login(&self) -> Option<&str> {
        self.profile("login")
    }

    /// The assertion's subject, as the app's settings derive it from the user.
    #[must_use]
    pub fn name_id(&self) -> Option<&str> {
        self.name_id.as_deref()
    }

    /// The address that the assertion is for. AWS calls this, and not the audience
    /// restriction, `SAML:aud`.
    #[must_use]
    pub fn recipient(&self) -> Option<&str> {
        self.recipient.as_deref()
    }

    /// The audience restriction; empty if it is missing or not a list of strings.
    #[must_use]
    pub fn audiences(&self) -> &[String] {
        &self.audiences
    }

    /// The attribute statements of the assertion as it stands. Groups arrive only here.
    #[must_use]
    pub fn claims(&self) -> &Claims {
        &self.claims
    }
}

impl fmt::Debug for SamlRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SamlRequest")
            .field("app_id", &self.app_id)
            .field("user_id", &self.user_id)
            .field("claims", &self.claims)
            .finish_non_exhaustive()
    }
}

/// The claims of an assertion in the order of the request, no name twice.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Claims {
    entries: Vec<(String, Claim)>,
}

impl Claims {
    /// The claim of exactly that name: no case folding, no trimming.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Claim> {
        let found = self.entries.iter().find(|(n, _)| n == name);
        found.map(|(_, claim)| claim)
    }

    /// All claims with their names, in the order of the request.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Claim)> {
        self.entries.iter().map(|(name, claim)| (name.as_str(), claim))
    }

    /// How many claims there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there is no claim at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    fn read(place: &Place<'_, '_>) -> Result<Self, RequestError> {
        let members = place.object()?;
        let mut seen = HashSet::with_capacity(members.len());
        let mut entries = Vec::with_capacity(members.len());
        for (name, node) in members {
            let here = place.child(name, Some(node));
            if !seen.insert(name) {
                return Err(here.twice().into());
            }
            entries.push((name.clone(), Claim::read(&here)?));
        }
        Ok(Self { entries })
    }
}

impl fmt::Debug for Claims {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<{} claims>", self.len())
    }
}

/// One attribute statement.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Claim {
    /// The SAML `NameFormat`, a URN; see [`NameFormat`](crate::response::NameFormat).
    pub name_format: Option<String>,
    /// The values in the order of the request. None for a statement without a value.
    pub values: Vec<ClaimValue>,
}

impl Claim {
    /// The texts of the values that have one, in order, doubled and empty ones included.
    pub fn texts(&self) -> impl Iterator<Item = &str> {
        self.values.iter().filter_map(|value| value.value.as_deref())
    }

    fn read(place: &Place<'_, '_>) -> Result<Self, RequestError> {
        let name_format = informational(place.node(), &["attributes", "NameFormat"]);
        let list = place.member("attributeValues")?;
        let elements = list.array()?.iter().enumerate();
        Ok(Self {
            name_format: owned(name_format),
            values: elements
                .map(|(index, node)| ClaimValue::read(&list.element(index, node)))
                .collect::<Result<_, _>>()?,
        })
    }
}

impl fmt::Debug for Claim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<claim of {} values>", self.values.len())
    }
}

/// One value of a claim.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct ClaimValue {
    /// The XML Schema type that Okta will write, for example `xs:string`.
    pub xsi_type: Option<String>,
    /// The text. Okta sends a string whatever the type, `"4321"` for an `xs:integer`;
    /// nothing if the user's attribute is empty.
    pub value: Option<String>,
}

impl ClaimValue {
    fn read(place: &Place<'_, '_>) -> Result<Self, RequestError> {
        Ok(Self {
            value: owned(place.member("value")?.text()?),
            xsi_type: owned(informational(place.node(), &["attributes", "xsi:type"])),
        })
    }
}

impl fmt::Debug for ClaimValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let content = if self.value.is_some() { "text" } else { "nothing" };
        write!(f, "<claim value with {content}>")
    }
}

/// A list with a foreign element reads as no list at all: a part of an audience
/// restriction would say something else than the whole.
fn audiences(assertion: Option<&Json>) -> Vec<String> {
    assertion
        .and_then(|node| node.at(&["conditions", "audienceRestriction"]))
        .and_then(Json::as_array)
        .and_then(|elements| elements.iter().map(|e| owned(e.as_str())).collect())
        .unwrap_or_default()
}

fn informational<'a>(node: Option<&'a Json>, path: &[&str]) -> Option<&'a str> {
    node?.at(path)?.as_str()
}
