//! What Cognito makes of an answer, after its developer guide ("Pre token generation Lambda trigger", "Using
//! attributes for access control", "Using role-based access control"): the user pool, which writes tokens,
//! and an identity pool, which makes a session of one.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde_json::{Map, Value, json};
use signet_local::runtime_api::Invocation;
use signet_spec::trust::sign_in::{Proof, SignIn};

/// Claims that no trigger can change.
const FIXED: [&str; 17] = [
    "acr",
    "amr",
    "at_hash",
    "aud",
    "auth_time",
    "azp",
    "cognito:username",
    "exp",
    "iat",
    "identities",
    "iss",
    "jti",
    "nbf",
    "nonce",
    "origin_jti",
    "sub",
    "token_use",
];

/// What the trigger said to a user pool.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    said: Said,
    /// How long it took.
    pub elapsed: Duration,
    /// Which invocation of its sandbox it was, from 1.
    pub number: usize,
}

#[derive(Debug, Clone, PartialEq)]
enum Said {
    /// An error: its type and its text.
    Error(String, String),
    /// The event's response.
    Response(Value),
}

impl Answer {
    pub(crate) fn read(event: &Value, invocation: Invocation, number: usize) -> Self {
        let json = |body: &[u8]| serde_json::from_slice::<Value>(body).unwrap();
        match invocation {
            Invocation::Error { body, elapsed } => {
                let error = json(&body);
                let text = |name: &str| error[name].as_str().unwrap().to_owned();
                Self { said: Said::Error(text("errorType"), text("errorMessage")), elapsed, number }
            }
            Invocation::Response { body, elapsed } => {
                let mut answer = json(&body);
                let response = answer["response"].take();
                let mut asked = event.clone();
                asked["response"] = Value::Null;
                assert_eq!(answer, asked, "an answer is the event, but for its response");
                Self { said: Said::Response(response), elapsed, number }
            }
        }
    }

    /// What the person reads of a denial. The answer must be one.
    pub fn denial(&self) -> &str {
        match &self.said {
            Said::Error(kind, text) if kind == "SignetDenied" => text,
            other => panic!("not a denial: {other:?}"),
        }
    }

    /// The error of something that is no event of this trigger.
    pub fn rejection(&self) -> &str {
        match &self.said {
            Said::Error(kind, text) if kind == "SignetRejected" => text,
            other => panic!("not a rejection: {other:?}"),
        }
    }

    /// Whether the sign-in fails.
    pub fn is_error(&self) -> bool {
        matches!(self.said, Said::Error(..))
    }

    /// The response, as it is. There must be one.
    pub fn response(&self) -> &Value {
        match &self.said {
            Said::Response(response) => response,
            Said::Error(kind, text) => panic!("{kind}: {text}"),
        }
    }

    /// The claims of the tokens that the pool issues then: of the ID token and of the access token.
    pub fn issue(&self, event: &Value, now: u64) -> (Value, Value) {
        let response = self.response();
        let is_first = event["version"] == "1";
        let details = &response[if is_first { "claimsOverrideDetails" } else { "claimsAndScopeOverrideDetails" }];
        let other = if is_first { "claimsAndScopeOverrideDetails" } else { "claimsOverrideDetails" };
        assert!(response.get(other).is_none_or(Value::is_null), "a response of another version: {response}");
        let (identity, access) = if is_first {
            (&details["claimsToAddOrOverride"], &Value::Null)
        } else {
            let of = |token: &str| &details[token]["claimsToAddOrOverride"];
            (of("idTokenGeneration"), of("accessTokenGeneration"))
        };
        let given = &event["request"]["groupConfiguration"];
        // "An empty or null groupOverrideDetails removes the user's groups": only a response without any
        // details changes nothing.
        let groups = if details.is_null() { given } else { &details["groupOverrideDetails"] };
        let issuer = issuer(event);
        let base = |of: &str| {
            let mut claims = Map::from_iter([
                ("iss".to_owned(), json!(issuer)),
                ("sub".to_owned(), event["request"]["userAttributes"]["sub"].clone()),
                ("token_use".to_owned(), json!(of)),
                ("iat".to_owned(), json!(now)),
                ("exp".to_owned(), json!(now + 3_600)),
            ]);
            let names = groups["groupsToOverride"].as_array().filter(|names| !names.is_empty());
            claims.extend(names.map(|names| ("cognito:groups".to_owned(), json!(names))));
            claims
        };
        let mut id = base("id");
        id.insert("aud".to_owned(), event["callerContext"]["clientId"].clone());
        let roles = groups["iamRolesToOverride"].as_array().filter(|roles| !roles.is_empty());
        id.extend(roles.map(|roles| ("cognito:roles".to_owned(), json!(roles))));
        let preferred = groups.get("preferredRole").filter(|role| !role.is_null());
        id.extend(preferred.map(|role| ("cognito:preferred_role".to_owned(), role.clone())));
        let attributes = event["request"]["userAttributes"].as_object().into_iter().flatten();
        for (name, value) in attributes.filter(|(name, _)| !name.starts_with("cognito:")) {
            id.entry(name.clone()).or_insert_with(|| value.clone());
        }
        let suppressed =
            if is_first { &details["claimsToSuppress"] } else { &details["idTokenGeneration"]["claimsToSuppress"] };
        for name in suppressed.as_array().into_iter().flatten() {
            id.remove(name.as_str().unwrap());
        }
        let mut access_claims = base("access");
        access_claims.insert("client_id".to_owned(), event["callerContext"]["clientId"].clone());
        for (claims, added) in [(&mut id, identity), (&mut access_claims, access)] {
            for (name, value) in added.as_object().into_iter().flatten() {
                assert!(!FIXED.contains(&name.as_str()) && !name.starts_with("cognito:"), "`{name}` is Cognito's own");
                assert!(!is_first || value.is_string(), "version 1 knows strings: `{name}` is {value}");
                claims.insert(name.clone(), value.clone());
            }
        }
        (Value::Object(id), Value::Object(access_claims))
    }
}

/// The issuer of a user pool's tokens.
pub fn issuer(event: &Value) -> String {
    let text = |name: &str| event[name].as_str().unwrap();
    format!("https://cognito-idp.{}.amazonaws.com/{}", text("region"), text("userPoolId"))
}

/// An identity pool that takes a user pool's tokens.
#[derive(Debug, Clone)]
pub struct IdentityPool {
    /// Its id.
    pub id: String,
    /// Which claim each session tag is of: the principal-tag map.
    pub tags: BTreeMap<String, String>,
}

/// What an identity pool makes of an ID token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PoolSession {
    pool: String,
    user_pool: String,
    /// The roles that the token names.
    pub roles: Vec<String>,
    /// The role that it takes where nobody asks for one.
    pub preferred: Option<String>,
    /// The session tags.
    pub tags: BTreeMap<String, String>,
}

impl IdentityPool {
    /// The session that an ID token leads to.
    pub fn federate(&self, claims: &Value) -> PoolSession {
        let texts = |value: &Value| {
            let list = value.as_array().into_iter().flatten();
            list.map(|text| text.as_str().unwrap().to_owned()).collect::<Vec<_>>()
        };
        // Only claims that are texts become tags, and one that is not there becomes none.
        let tags = self.tags.iter().filter_map(|(tag, claim)| Some((tag.clone(), claims[claim].as_str()?.to_owned())));
        PoolSession {
            pool: self.id.clone(),
            user_pool: claims["iss"].as_str().unwrap().trim_start_matches("https://").to_owned(),
            roles: texts(&claims["cognito:roles"]),
            preferred: claims["cognito:preferred_role"].as_str().map(str::to_owned),
            tags: tags.collect(),
        }
    }
}

impl PoolSession {
    /// The attempt to assume a role: only one that the token names can be asked for.
    pub fn attempt(&self, role: &str) -> Option<SignIn> {
        self.roles.iter().any(|named| named == role).then(|| self.attempt_anyway(role))
    }

    /// The attempt by somebody who holds a token of the pool and asks STS for any role, past the
    /// choice of the pool (the basic flow).
    pub fn attempt_anyway(&self, role: &str) -> SignIn {
        SignIn {
            role: role.to_owned(),
            provider: "cognito-identity.amazonaws.com".to_owned(),
            proof: Proof::Token {
                issuer: "cognito-identity.amazonaws.com".to_owned(),
                audience: self.pool.clone(),
                roles: None,
                amr: vec![
                    "authenticated".to_owned(),
                    self.user_pool.clone(),
                    format!("{}:CognitoSignIn", self.user_pool),
                ],
            },
            tags: self.tags.clone(),
            transitive: BTreeSet::new(),
            source_identity: None,
        }
    }
}
