//! The request of a token inline hook, read for a decision about access.
//!
//! Read by the rules of [`crate::saml`]: everything is optional, `null` means absent, unknown members
//! are ignored, and what decides about access is read strictly all the same. The claims of a token can
//! be of any type, so that a claim is looked at when it is asked for.
//!
//! | Member | Wrong type |
//! |---|---|
//! | `data.context.protocol.client.id`, `data.context.protocol.issuer.uri` | error |
//! | `data.context.protocol.request.grant_type`, and that of the original grant | error |
//! | `data.context.user.id`, its profile and that one's documented members | error |
//! | `data.identity`, `data.access`, their `claims`; two claims of one name | error |
//! | a claim that is asked for | error, unless it is a string or a list of strings |
//! | everything else: session, policy, scopes, lifetimes, … | absent |

use std::collections::HashSet;
use std::fmt;

use crate::json::Json;
use crate::json::place::Place;
use crate::profile;
use crate::request::{Envelope, RequestError, TOKEN_EVENT_TYPE, owned};

/// The grant type of a client that acts for itself and not for a user (RFC 6749, §4.4).
const CLIENT_CREDENTIALS: &str = "client_credentials";
/// The grant type by which tokens are renewed (RFC 6749, §6).
const REFRESH_TOKEN: &str = "refresh_token";

/// The minting of tokens as the hook sees it. `Debug` shows ids and counts, no personal data.
#[derive(Clone, PartialEq)]
pub struct TokenRequest {
    client_id: Option<String>,
    client_name: Option<String>,
    issuer: Option<String>,
    grant_type: Option<String>,
    original_grant_type: Option<String>,
    user_id: Option<String>,
    profile: Vec<(String, String)>,
    identity: Option<TokenClaims>,
    access: Option<TokenClaims>,
}

impl TokenRequest {
    /// Reads the typed view of a request.
    ///
    /// # Errors
    /// [`RequestError::MissingEventType`] and [`RequestError::OtherEventType`] if the envelope is not of
    /// [`TOKEN_EVENT_TYPE`]; [`RequestError::Malformed`] as the table of this module says.
    pub fn from_envelope(envelope: &Envelope) -> Result<Self, RequestError> {
        envelope.expect_type(TOKEN_EVENT_TYPE)?;
        let document = Place::root(&Json::Null);
        let data = document.child("data", Some(&envelope.data));
        let context = data.member("context")?;
        let protocol = context.member("protocol")?;
        let client = protocol.member("client")?;
        let user = context.member("user")?;
        Ok(Self {
            client_id: owned(client.member("id")?.text()?),
            client_name: owned(client.node().and_then(|node| node.get("name")).and_then(Json::as_str)),
            issuer: owned(protocol.member("issuer")?.member("uri")?.text()?),
            grant_type: grant_type(&protocol)?,
            // Documented in both spellings.
            original_grant_type: match grant_type(&protocol.member("originalGrant")?)? {
                None => grant_type(&protocol.member("OriginalGrant")?)?,
                found => found,
            },
            user_id: owned(user.member("id")?.text()?),
            profile: profile::read(&user.member("profile")?)?,
            identity: TokenClaims::read(&data.member("identity")?)?,
            access: TokenClaims::read(&data.member("access")?)?,
        })
    }

    /// The id of the client that the tokens are for: what to route on.
    #[must_use]
    pub fn client_id(&self) -> Option<&str> {
        self.client_id.as_deref()
    }

    /// The client's name in Okta, which an administrator can change at any time.
    #[must_use]
    pub fn client_name(&self) -> Option<&str> {
        self.client_name.as_deref()
    }

    /// The URL of the authorization server that mints the tokens.
    #[must_use]
    pub fn issuer(&self) -> Option<&str> {
        self.issuer.as_deref()
    }

    /// The user's id in Okta (`00u…`), never re-used.
    #[must_use]
    pub fn user_id(&self) -> Option<&str> {
        self.user_id.as_deref()
    }

    /// A member of the user's profile; see [`SamlRequest::profile`](crate::saml::SamlRequest::profile).
    #[must_use]
    pub fn profile(&self, member: &str) -> Option<&str> {
        profile::member(&self.profile, member)
    }

    /// Whether the tokens are for a client that acts for itself: the grant is that of client credentials.
    #[must_use]
    pub fn is_client_credentials(&self) -> bool {
        let is = |grant: &Option<String>| grant.as_deref() == Some(CLIENT_CREDENTIALS);
        is(&self.grant_type) || is(&self.original_grant_type)
    }

    /// Whether the tokens are for nobody: a client that acts for itself, or a request that names no user at
    /// all.
    #[must_use]
    pub fn has_no_user(&self) -> bool {
        self.is_client_credentials() || (self.user_id.is_none() && self.profile.is_empty())
    }

    /// Whether tokens are renewed, without the user being there.
    #[must_use]
    pub fn is_refresh(&self) -> bool {
        self.grant_type.as_deref() == Some(REFRESH_TOKEN) || self.original_grant_type.is_some()
    }

    /// The ID token's claims, if one is being minted. Only then may a patch touch it.
    #[must_use]
    pub fn identity(&self) -> Option<&TokenClaims> {
        self.identity.as_ref()
    }

    /// The access token's claims, if one is being minted.
    #[must_use]
    pub fn access(&self) -> Option<&TokenClaims> {
        self.access.as_ref()
    }

    /// The texts of a claim: the ID token's, or else the access token's. A string is one text; none for a
    /// claim that is in neither.
    ///
    /// # Errors
    /// [`RequestError::Malformed`] for a claim that is something else than a string or a list of strings.
    pub fn texts(&self, claim: &str) -> Result<Vec<&str>, RequestError> {
        let tokens = [("identity", &self.identity), ("access", &self.access)];
        let found = tokens.into_iter().find_map(|(token, claims)| Some((token, claims.as_ref()?.get(claim)?)));
        let Some((token, value)) = found else { return Ok(Vec::new()) };
        let document = Place::root(&Json::Null);
        let data = document.child("data", None);
        let token = data.child(token, None);
        let claims = token.child("claims", None);
        let place = claims.child(claim, Some(value));
        if let Json::String(text) = value {
            return Ok(vec![text]);
        }
        let elements = place.array()?.iter().enumerate();
        elements.map(|(index, node)| Ok(place.element(index, node).needed_text()?)).collect()
    }
}

impl fmt::Debug for TokenRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenRequest")
            .field("client_id", &self.client_id)
            .field("issuer", &self.issuer)
            .field("user_id", &self.user_id)
            .field("identity", &self.identity)
            .field("access", &self.access)
            .finish_non_exhaustive()
    }
}

/// The claims of a token that is being minted, in the order of the request, no name twice.
#[derive(Clone, Default, PartialEq)]
pub struct TokenClaims {
    entries: Vec<(String, Json)>,
}

impl TokenClaims {
    /// The claim of exactly that name; nothing for one that is `null`.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Json> {
        let found = self.entries.iter().find(|(n, _)| n == name);
        found.map(|(_, value)| value).filter(|value| **value != Json::Null)
    }

    /// All claims with their names, in the order of the request.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Json)> {
        self.entries.iter().map(|(name, value)| (name.as_str(), value))
    }

    /// The claims of a token, if it is there.
    fn read(token: &Place<'_, '_>) -> Result<Option<Self>, RequestError> {
        if token.node().is_none() {
            return Ok(None);
        }
        let place = token.member("claims")?;
        let mut seen = HashSet::new();
        let mut entries = Vec::new();
        for (name, node) in place.object()? {
            if !seen.insert(name) {
                return Err(place.child(name, Some(node)).twice().into());
            }
            entries.push((name.clone(), node.clone()));
        }
        Ok(Some(Self { entries }))
    }
}

impl fmt::Debug for TokenClaims {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<{} claims>", self.entries.len())
    }
}

/// The grant type of the request in a protocol object.
fn grant_type(protocol: &Place<'_, '_>) -> Result<Option<String>, RequestError> {
    Ok(owned(protocol.member("request")?.member("grant_type")?.text()?))
}
