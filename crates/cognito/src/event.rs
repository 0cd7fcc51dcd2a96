//! A pre token generation event, read for a decision about access.
//!
//! Unknown members are ignored, `null` means absent, and what decides about access is read strictly: a
//! wrong type or a name that occurs twice is an error, at which the sign-in fails.
//!
//! | Member | Wrong type |
//! |---|---|
//! | `version`, `triggerSource`, `region`, `userPoolId`, `userName`, `callerContext.clientId` | error |
//! | `request.userAttributes`, each of its members | error |
//! | `request.groupConfiguration` and its three members | error |
//! | everything else: `clientMetadata`, `scopes`, SDK version, … | absent |
//!
//! `clientMetadata` is whatever the client sent, and nothing that a decision may rest on.

use std::collections::HashSet;
use std::fmt;

use crate::json::Json;
use crate::json::place::{Malformed, Place};
use crate::list;

/// What every trigger source of the event begins with.
const TRIGGER: &str = "TokenGeneration_";
/// The attribute that says how a user came into the pool.
const STATUS: &str = "cognito:user_status";
/// Its value for one who comes from an identity provider, and has no password in the pool.
const FROM_PROVIDER: &str = "EXTERNAL_PROVIDER";
/// The attribute that names the identity providers, as JSON.
const IDENTITIES: &str = "identities";
/// What stands for the pool's groups where an attribute is named.
pub const GROUPS: &str = "cognito:groups";
/// What stands for the user's name in the pool.
pub const USERNAME: &str = "cognito:username";

/// The version of an event: what its answer can say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Version {
    /// Claims of the ID token, as strings.
    V1,
    /// Claims of both tokens, of any type.
    V2,
    /// As version 2, and also for clients without a user.
    V3,
}

/// Why an event is none that this trigger answers.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EventError {
    /// It is no event of this trigger.
    #[error("the event is not one of a pre token generation trigger: its `triggerSource` is {found}")]
    OtherTrigger {
        /// What it says, in backticks, or that it says nothing.
        found: String,
    },
    /// Its version is unknown.
    #[error("the event's version is {found}: versions `1`, `2` and `3` are known")]
    Version {
        /// What it says, in backticks, or that it says nothing.
        found: String,
    },
    /// A member that decides about access is of a wrong type, or there twice.
    #[error(transparent)]
    Malformed(#[from] Malformed),
}

/// The issuing of tokens as the trigger sees it. `Debug` shows ids and counts, no personal data.
#[derive(Clone, PartialEq)]
pub struct PreToken {
    version: Version,
    trigger: String,
    region: Option<String>,
    user_pool: Option<String>,
    client: Option<String>,
    user_name: Option<String>,
    attributes: Vec<(String, String)>,
    groups: Groups,
    whole: Json,
}

/// The pool's groups of the user, with the roles that they bring in an identity pool.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Groups {
    /// The groups' names.
    pub names: Vec<String>,
    /// The ARNs of the roles.
    pub roles: Vec<String>,
    /// The role that goes before others.
    pub preferred: Option<String>,
}

impl PreToken {
    /// Reads an event.
    ///
    /// # Errors
    /// [`EventError`].
    pub fn read(whole: &Json) -> Result<Self, EventError> {
        let root = Place::root(whole);
        if root.node().is_none_or(|node| node.as_object().is_none()) {
            return Err(EventError::OtherTrigger { found: "not there".to_owned() });
        }
        let trigger = match root.member("triggerSource")?.text()? {
            Some(trigger) if trigger.starts_with(TRIGGER) => trigger.to_owned(),
            other => return Err(EventError::OtherTrigger { found: shown(other) }),
        };
        let version = match root.member("version")?.text()? {
            Some("1") => Version::V1,
            Some("2") => Version::V2,
            Some("3") => Version::V3,
            other => return Err(EventError::Version { found: shown(other) }),
        };
        let text = |name| Ok::<_, Malformed>(root.member(name)?.text()?.map(str::to_owned));
        let (region, user_pool, user_name) = (text("region")?, text("userPoolId")?, text("userName")?);
        let client = root.member("callerContext")?.member("clientId")?.text()?.map(str::to_owned);
        let request = root.member("request")?;
        let attributes = attributes(&request.member("userAttributes")?)?;
        let configuration = request.member("groupConfiguration")?;
        let groups = Groups {
            names: texts(&configuration.member("groupsToOverride")?)?,
            roles: texts(&configuration.member("iamRolesToOverride")?)?,
            preferred: configuration.member("preferredRole")?.text()?.map(str::to_owned),
        };
        root.member("response")?;
        Ok(Self { version, trigger, region, user_pool, client, user_name, attributes, groups, whole: whole.clone() })
    }

    /// The event's version.
    #[must_use]
    pub fn version(&self) -> Version {
        self.version
    }

    /// What the tokens are issued for, such as `TokenGeneration_HostedAuth`.
    #[must_use]
    pub fn trigger(&self) -> &str {
        &self.trigger
    }

    /// The id of the app client that the tokens are for: what to route on.
    #[must_use]
    pub fn client_id(&self) -> Option<&str> {
        self.client.as_deref()
    }

    /// The URL by which the user pool calls itself in tokens; none if the event does not name the pool.
    #[must_use]
    pub fn issuer(&self) -> Option<String> {
        let (region, pool) = (self.region.as_deref()?, self.user_pool.as_deref()?);
        // Regions of China have another domain (Amazon Cognito endpoints and quotas, AWS China).
        let domain = if region.starts_with("cn-") { "amazonaws.com.cn" } else { "amazonaws.com" };
        Some(format!("https://cognito-idp.{region}.{domain}/{pool}"))
    }

    /// The user's id in the pool, `sub`, never re-used.
    #[must_use]
    pub fn user_id(&self) -> Option<&str> {
        self.attribute("sub")
    }

    /// Whether the tokens are for a client that acts for itself.
    #[must_use]
    pub fn has_no_user(&self) -> bool {
        self.trigger == "TokenGeneration_ClientCredentials"
    }

    /// An attribute of the user, or [`USERNAME`]; nothing if it is not there.
    #[must_use]
    pub fn attribute(&self, name: &str) -> Option<&str> {
        if name == USERNAME {
            return self.user_name.as_deref();
        }
        self.attributes.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// All attributes, in the order of the event.
    pub fn attributes(&self) -> impl Iterator<Item = (&str, &str)> {
        self.attributes.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// The pool's groups of the user.
    #[must_use]
    pub fn groups(&self) -> &Groups {
        &self.groups
    }

    /// Whether the user's attributes come from an identity provider: the user has no password in the pool,
    /// and every identity is of the provider of that name, where one is asked for.
    #[must_use]
    pub fn is_federated(&self, provider: Option<&str>) -> bool {
        let names = self.attribute(IDENTITIES).map(providers).unwrap_or_default();
        self.attribute(STATUS) == Some(FROM_PROVIDER)
            && !names.is_empty()
            && provider.is_none_or(|wanted| names.iter().all(|name| name.as_deref() == Some(wanted)))
    }

    /// The values of an attribute of several values, or the pool's groups for [`GROUPS`]. None for one
    /// that is not there, or empty.
    ///
    /// # Errors
    /// [`Malformed`] for a text in brackets that is no list.
    pub fn list(&self, name: &str) -> Result<Vec<String>, Malformed> {
        if name == GROUPS {
            return Ok(self.groups.names.clone());
        }
        let Some(text) = self.attribute(name).filter(|text| !text.is_empty()) else { return Ok(Vec::new()) };
        match list::values(text) {
            Ok(values) => Ok(values.into_iter().map(std::borrow::Cow::into_owned).collect()),
            Err(why) => Err(self.malformed(name, why.to_string())?),
        }
    }

    /// The error of an attribute, in words of its reader.
    ///
    /// # Errors
    /// Where the attribute cannot be found a second time.
    pub fn malformed(&self, name: &str, what: String) -> Result<Malformed, Malformed> {
        let root = Place::root(&self.whole);
        let request = root.member("request")?;
        let attributes = request.member("userAttributes")?;
        Ok(attributes.member(name)?.malformed(what))
    }

    /// The event as it came.
    pub(crate) fn whole(&self) -> &Json {
        &self.whole
    }
}

impl fmt::Debug for PreToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PreToken")
            .field("version", &self.version)
            .field("trigger", &self.trigger)
            .field("user_pool", &self.user_pool)
            .field("client", &self.client)
            .field("attributes", &self.attributes.len())
            .field("groups", &self.groups.names.len())
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Groups {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<{} groups>", self.names.len())
    }
}

fn attributes(place: &Place<'_, '_>) -> Result<Vec<(String, String)>, Malformed> {
    let mut seen = HashSet::new();
    let mut found = Vec::new();
    for (name, node) in place.object()? {
        let here = place.child(name, Some(node));
        if !seen.insert(name) {
            return Err(here.twice());
        }
        if let Some(text) = here.text()? {
            found.push((name.clone(), text.to_owned()));
        }
    }
    Ok(found)
}

fn texts(place: &Place<'_, '_>) -> Result<Vec<String>, Malformed> {
    let elements = place.array()?.iter().enumerate();
    elements.map(|(index, node)| Ok(place.element(index, node).needed_text()?.to_owned())).collect()
}

/// The names of the providers in the attribute `identities`, one for each identity; none at all if it is
/// not the list that Cognito writes.
fn providers(identities: &str) -> Vec<Option<String>> {
    let Ok(Json::Array(list)) = crate::json::read(identities.as_bytes()) else { return Vec::new() };
    list.iter().map(|one| one.get("providerName").and_then(Json::as_str).map(str::to_owned)).collect()
}

/// The caller's text for a message, cut visibly where it is long.
fn shown(text: Option<&str>) -> String {
    let Some(text) = text else { return "not there".to_owned() };
    let cut = if text.chars().nth(80).is_some() { "…" } else { "" };
    format!("`{}{cut}`", text.chars().take(80).flat_map(char::escape_default).collect::<String>())
}
