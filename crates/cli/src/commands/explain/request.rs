//! The sign-in to explain: from options, or from an event as the hook receives it.

use std::io::Read;
use std::path::Path;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::Value;
use signet_core::identity::IdentityField;
use signet_core::saml::BaseAssertion;
use signet_facts::Facts;
use signet_okta::request::{Envelope, RequestError, SAML_EVENT_TYPE};
use signet_okta::saml::SamlRequest;

use crate::args::Explain;
use crate::failure::Failure;
use crate::file::MAX_BYTES;

/// What an event is to the hook.
#[derive(Debug)]
pub(super) enum Asked {
    /// A sign-in to decide.
    SignIn(Request),
    /// A sign-in that is denied before anything is read. The reason is the word that the hook's
    /// log has.
    Refused { app: String, reason: &'static str, why: String },
}

/// The sign-in to explain.
#[derive(Debug)]
pub(super) enum Request {
    /// From options.
    Options {
        app: String,
        user: String,
        groups: Vec<String>,
        /// Claims with their values, in the order of the options.
        claims: Vec<(String, Vec<String>)>,
    },
    /// From an event, with the app's id.
    Event { app: String, request: Box<SamlRequest> },
}

impl Request {
    /// Reads the sign-in that the options describe, or name a file of.
    pub(super) fn read(args: &Explain) -> Result<Asked, Failure> {
        match (&args.event, &args.app, &args.user) {
            (Some(path), _, _) => Self::from_event(path),
            (None, Some(app), Some(user)) => Self::from_options(args, app, user).map(Asked::SignIn),
            // The command line's definition demands one of both.
            _ => Err(Failure::Usage("say --app and --user, or --event".to_owned())),
        }
    }

    fn from_options(args: &Explain, app: &str, user: &str) -> Result<Self, Failure> {
        let mut groups = args.groups.clone();
        if let Some(path) = &args.groups_from {
            let text = String::from_utf8(read(path)?).map_err(|error| Failure::Read {
                path: path.display().to_string(),
                error: std::io::Error::new(std::io::ErrorKind::InvalidData, error),
            })?;
            groups.extend(text.lines().filter(|line| !line.is_empty()).map(str::to_owned));
        }
        let mut claims: Vec<(String, Vec<String>)> = Vec::new();
        for claim in &args.claims {
            let Some((name, value)) = claim.split_once('=').filter(|(name, _)| !name.is_empty()) else {
                return Err(Failure::Usage(format!("--claim `{claim}` is not NAME=VALUE")));
            };
            match claims.iter_mut().find(|(known, _)| known == name) {
                Some((_, values)) => values.push(value.to_owned()),
                None => claims.push((name.to_owned(), vec![value.to_owned()])),
            }
        }
        Ok(Self::Options { app: app.to_owned(), user: user.to_owned(), groups, claims })
    }

    fn from_event(path: &Path) -> Result<Asked, Failure> {
        let bad = |what: String| Failure::BadEvent { path: path.display().to_string(), what };
        let bytes = read(path)?;
        let value: Value = serde_json::from_slice(&bytes).map_err(|error| bad(format!("it is not JSON: {error}")))?;
        let body = match body_of(&value) {
            Some(body) => body.map_err(|what| bad(what.to_owned()))?,
            None => bytes,
        };
        let refused = |reason, why: String| Asked::Refused { app: "-".to_owned(), reason, why };
        let envelope = match Envelope::parse(&body) {
            Ok(envelope) => envelope,
            // It is a sign-in, and what is wrong with it decides about access.
            Err(error @ RequestError::Malformed { .. }) if matches!(&error, RequestError::Malformed { path, .. } if path == "/data") =>
            {
                return Ok(refused("malformed_request", error.to_string()));
            }
            Err(error) => return Err(bad(error.to_string())),
        };
        envelope.expect_type(SAML_EVENT_TYPE).map_err(|error| bad(error.to_string()))?;
        let request = match SamlRequest::from_envelope(&envelope) {
            Ok(request) => request,
            Err(error) => return Ok(refused("malformed_request", error.to_string())),
        };
        Ok(match request.app_id().filter(|app| !app.is_empty()).map(str::to_owned) {
            Some(app) => Asked::SignIn(Self::Event { app, request: Box::new(request) }),
            None => refused("unknown_app", "the request names no app".to_owned()),
        })
    }

    /// The app's id.
    pub(super) fn app(&self) -> &str {
        match self {
            Self::Options { app, .. } | Self::Event { app, .. } => app,
        }
    }

    /// The value of the field that the app takes identities from.
    pub(super) fn identity(&self, from: &IdentityField) -> Option<&str> {
        match (self, from) {
            (Self::Options { claims, .. }, IdentityField::Claim(name))
                if claims.iter().any(|(known, _)| known == name) =>
            {
                signet_facts::only(&self.claim(name))
            }
            (Self::Options { user, .. }, _) => Some(user),
            (Self::Event { request, .. }, from) => Facts::identity(&**request, from).unwrap_or_default(),
        }
    }

    /// The values of a claim.
    pub(super) fn claim(&self, name: &str) -> Vec<&str> {
        match self {
            Self::Options { claims, .. } => {
                let values = claims.iter().filter(|(known, _)| known == name).flat_map(|(_, values)| values);
                values.map(String::as_str).collect()
            }
            Self::Event { request, .. } => Facts::texts(&**request, name).unwrap_or_default(),
        }
    }

    /// The person's groups: the values of the app's claim, and those that the options name.
    pub(super) fn groups(&self, claim: &str) -> Vec<&str> {
        let mut all = self.claim(claim);
        if let Self::Options { groups, .. } = self {
            all.extend(groups.iter().map(String::as_str));
        }
        all
    }

    /// The assertion as Okta would send it without Signet.
    pub(super) fn base<'r>(&'r self, groups_claim: &'r str) -> BaseAssertion<'r> {
        let attributes = match self {
            Self::Options { claims, .. } => {
                let others = claims.iter().map(|(name, _)| name.as_str()).filter(|name| *name != groups_claim);
                let others = others.map(|name| (name, self.claim(name)));
                others.chain([(groups_claim, self.groups(groups_claim))]).collect()
            }
            Self::Event { request, .. } => return signet_facts::saml::base_assertion(request),
        };
        BaseAssertion { attributes }
    }
}

/// The body of an HTTP API event (payload version 2.0); nothing if this is no such event.
fn body_of(event: &Value) -> Option<Result<Vec<u8>, &'static str>> {
    let body = event.get("body");
    if body.is_none() && event.get("requestContext").is_none() {
        return None;
    }
    let Some(text) = body.and_then(Value::as_str) else {
        return Some(Err("it is an HTTP API event without a body"));
    };
    Some(match event.get("isBase64Encoded") {
        None | Some(Value::Null | Value::Bool(false)) => Ok(text.as_bytes().to_vec()),
        Some(Value::Bool(true)) => BASE64_STANDARD.decode(text).map_err(|_| "its body is not base64"),
        Some(_) => Err("its `isBase64Encoded` is neither true nor false"),
    })
}

fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    let unreadable = |error| Failure::Read { path: path.display().to_string(), error };
    let file = std::fs::File::open(path).map_err(unreadable)?;
    let mut bytes = Vec::new();
    file.take(MAX_BYTES + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    if bytes.len() as u64 > MAX_BYTES {
        return Err(unreadable(std::io::Error::new(std::io::ErrorKind::FileTooLarge, "it is larger than 16 MB")));
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options() -> Request {
        let own = |values: &[&str]| values.iter().map(|v| (*v).to_owned()).collect::<Vec<_>>();
        Request::Options {
            app: "0oaA".to_owned(),
            user: "jane@example.com".to_owned(),
            groups: own(&["b"]),
            claims: vec![("groups".to_owned(), own(&["a"])), ("email".to_owned(), own(&["x", "y"]))],
        }
    }

    #[test]
    fn options_are_the_person_and_the_assertion() {
        let request = options();
        assert_eq!(request.groups("groups"), ["a", "b"]);
        assert_eq!(request.groups("memberOf"), ["b"]);
        assert_eq!(request.identity(&IdentityField::login()), Some("jane@example.com"));
        assert_eq!(request.identity(&IdentityField::Claim("other".to_owned())), Some("jane@example.com"));
        assert_eq!(request.identity(&IdentityField::Claim("email".to_owned())), None, "two values are no identity");
        let base = request.base("groups");
        assert_eq!(base.attributes, [("email", vec!["x", "y"]), ("groups", vec!["a", "b"])]);
    }

    #[test]
    fn bodies_of_events() {
        let event = |text: &str| body_of(&serde_json::from_str(text).unwrap());
        assert_eq!(event(r#"{"eventType":"x"}"#), None);
        assert_eq!(event(r#"{"body":"abc","isBase64Encoded":false}"#), Some(Ok(b"abc".to_vec())));
        assert_eq!(event(r#"{"body":"YWJj","isBase64Encoded":true}"#), Some(Ok(b"abc".to_vec())));
        assert!(event(r#"{"body":"*","isBase64Encoded":true}"#).unwrap().is_err());
        assert!(event(r#"{"requestContext":{}}"#).unwrap().is_err());
        assert!(event(r#"{"body":"abc","isBase64Encoded":"true"}"#).unwrap().is_err());
        assert!(event(r#"{"body":{}}"#).unwrap().is_err());
    }
}
