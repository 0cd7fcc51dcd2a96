//! What a decision puts into an assertion or into tokens.

use serde_json::{Map, Value, json};
use signet_core::cognito;
use signet_core::oidc::{Claims, Tags};
use signet_core::saml::{ATTRIBUTE_PREFIX, Attribute};
use signet_core::session::{DECISION_TAG, SessionTag};
use signet_facts::json as facts;

use crate::text::{columns, printable, visible_json};

/// What people read in place of the decision's id: the one at hand leads to no log.
const ANY_ID: &str = "(an id of its own for every sign-in)";

/// What a decision puts into an assertion or into tokens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rendering {
    /// A SAML assertion's attributes.
    Attributes(Vec<Attribute>),
    /// The ID token's claims.
    Claims(Claims),
    /// What a user pool's tokens get.
    Pool(cognito::Rendering),
}

impl From<Vec<Attribute>> for Rendering {
    fn from(attributes: Vec<Attribute>) -> Self {
        Self::Attributes(attributes)
    }
}

impl From<Claims> for Rendering {
    fn from(claims: Claims) -> Self {
        Self::Claims(claims)
    }
}

impl From<cognito::Rendering> for Rendering {
    fn from(rendering: cognito::Rendering) -> Self {
        Self::Pool(rendering)
    }
}

impl Rendering {
    /// Writes it for people, each part under a heading of its own.
    pub(super) fn write(&self, text: &mut String) {
        if let Self::Attributes(attributes) = self {
            text.push_str("\nAttributes\n");
            text.push_str(&columns("  ", &attribute_rows(attributes)));
            return;
        }
        let anonymous = self.clone().anonymous();
        let Tokens { id, access, roles } = anonymous.tokens();
        write_claims(text, "ID token", id);
        if let Some(access) = access {
            write_claims(text, "Access token", access);
        }
        if let Some(roles) = roles {
            text.push_str("\nRoles (iamRolesToOverride)\n");
            text.push_str(&columns("  ", &roles.iter().map(|role| vec![printable(role)]).collect::<Vec<_>>()));
        }
    }

    /// The attributes, for programs; none of what is in tokens.
    pub(super) fn attributes_json(&self) -> Value {
        match self {
            Self::Attributes(attributes) => {
                attributes.iter().map(|a| json!({ "name": a.name, "values": a.values })).collect()
            }
            Self::Claims(_) | Self::Pool(_) => json!([]),
        }
    }

    /// What each token gets, for programs; null of an assertion.
    pub(super) fn tokens_json(&self) -> Value {
        if matches!(self, Self::Attributes(_)) {
            return Value::Null;
        }
        let Tokens { id, access, roles } = self.tokens();
        json!({ "id_token": id, "access_token": access, "iam_roles_to_override": roles })
    }

    fn tokens(&self) -> Tokens<'_> {
        let of =
            |claims: Vec<(&str, Value)>| claims.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        match self {
            Self::Attributes(_) => Tokens::default(),
            Self::Claims(claims) => Tokens { id: of(facts::claims(claims)), ..Tokens::default() },
            Self::Pool(cognito::Rendering::Nested(claims)) => {
                Tokens { id: of(facts::claims(claims)), access: Some(of(facts::access_claims(claims))), roles: None }
            }
            Self::Pool(cognito::Rendering::Flat(flat)) => {
                Tokens { id: facts::flat(&flat.claims), access: None, roles: Some(&flat.roles) }
            }
        }
    }

    /// The same without the decision's id.
    fn anonymous(mut self) -> Self {
        let tags = match &mut self {
            Self::Attributes(_) => return self,
            Self::Claims(Claims { tags: Tags { principal, .. }, .. })
            | Self::Pool(cognito::Rendering::Nested(Claims { tags: Tags { principal, .. }, .. })) => principal,
            Self::Pool(cognito::Rendering::Flat(flat)) => &mut flat.claims,
        };
        for SessionTag { value, .. } in tags.iter_mut().filter(|tag| tag.key == DECISION_TAG) {
            ANY_ID.clone_into(value);
        }
        self
    }
}

/// What each token gets.
#[derive(Default)]
struct Tokens<'r> {
    id: Map<String, Value>,
    access: Option<Map<String, Value>>,
    roles: Option<&'r [String]>,
}

fn attribute_rows(attributes: &[Attribute]) -> Vec<Vec<String>> {
    let mut rows = Vec::new();
    for attribute in attributes {
        let mut name = attribute.name.strip_prefix(ATTRIBUTE_PREFIX).unwrap_or(&attribute.name).to_owned();
        let is_decision = name.ends_with(DECISION_TAG);
        for value in &attribute.values {
            let value = if is_decision { ANY_ID.to_owned() } else { printable(value) };
            rows.push(vec![std::mem::take(&mut name), value]);
        }
    }
    rows
}

/// Claims as JSON, each line indented.
fn write_claims(text: &mut String, heading: &str, claims: Map<String, Value>) {
    text.extend(["\n", heading, "\n"]);
    for line in visible_json(&format!("{:#}", Value::Object(claims))).lines() {
        text.extend(["  ", line, "\n"]);
    }
}
