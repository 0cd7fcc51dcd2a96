//! The answer: the event as it came, with its response.

use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};
use serde_json::{Map, Value, json};

use crate::event::{Groups, PreToken, Version};
use crate::json::Json;

/// The member that an answer fills in.
const RESPONSE: &str = "response";

/// Claims by name.
pub type Claims = Map<String, Value>;

/// What is to become of the tokens.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Change {
    /// Claims that the ID token gets, in place of its own of the same name.
    pub identity: Claims,
    /// Claims that the ID token loses.
    pub suppress: Vec<String>,
    /// Claims that the access token gets. Version 1 knows none.
    pub access: Claims,
    /// The groups that the tokens name. They are always said: without them Cognito would take the user's
    /// groups away.
    pub groups: Groups,
}

/// An answer: an event with its response. `Debug` shows no personal data.
#[derive(Clone, PartialEq)]
pub struct Answer {
    event: Json,
    response: Option<Value>,
}

impl Answer {
    /// Changes nothing: the event as it came.
    #[must_use]
    pub fn unchanged(event: &PreToken) -> Self {
        Self { event: event.whole().clone(), response: None }
    }

    /// Changes the tokens, in the words of the event's version.
    ///
    /// # Errors
    /// The name of the first claim that version 1 cannot express: it knows strings, and only the ID token's.
    pub fn changed(event: &PreToken, change: Change) -> Result<Self, String> {
        let Change { identity, suppress, access, groups } = change;
        let groups = json!({
            "groupsToOverride": groups.names,
            "iamRolesToOverride": groups.roles,
            "preferredRole": groups.preferred,
        });
        let unfit = identity.iter().filter(|(_, value)| !value.is_string()).map(|(name, _)| name);
        let unfit = unfit.chain(access.keys()).next().cloned().filter(|_| event.version() == Version::V1);
        if let Some(name) = unfit {
            return Err(name);
        }
        let mut of_identity = Claims::from_iter([("claimsToAddOrOverride".to_owned(), Value::Object(identity))]);
        if !suppress.is_empty() {
            of_identity.insert("claimsToSuppress".to_owned(), json!(suppress));
        }
        let response = if event.version() == Version::V1 {
            of_identity.insert("groupOverrideDetails".to_owned(), groups);
            json!({ "claimsOverrideDetails": of_identity })
        } else {
            json!({ "claimsAndScopeOverrideDetails": {
                "idTokenGeneration": of_identity,
                "accessTokenGeneration": { "claimsToAddOrOverride": access },
                "groupOverrideDetails": groups,
            } })
        };
        Ok(Self { event: event.whole().clone(), response: Some(response) })
    }

    /// What the answer makes of the tokens; nothing for one that changes nothing.
    #[must_use]
    pub fn response(&self) -> Option<&Value> {
        self.response.as_ref()
    }
}

impl std::fmt::Debug for Answer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(if self.response.is_some() { "<an answer>" } else { "<an answer that changes nothing>" })
    }
}

impl Serialize for Answer {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (Some(response), Json::Object(members)) = (&self.response, &self.event) else {
            return self.event.serialize(serializer);
        };
        let mut map = serializer.serialize_map(None)?;
        for (name, value) in members.iter().filter(|(name, _)| name != RESPONSE) {
            map.serialize_entry(name, value)?;
        }
        map.serialize_entry(RESPONSE, response)?;
        map.end()
    }
}
