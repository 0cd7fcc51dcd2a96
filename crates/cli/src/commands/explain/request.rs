//! The sign-in to explain: from options, or from an event as a function receives it.

use std::io::Read;
use std::path::Path;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::Value;
use signet_cognito::event::{EventError, PreToken};
use signet_facts::Remark;
use signet_okta::json;
use signet_okta::request::{Envelope, RequestError, SAML_EVENT_TYPE, TOKEN_EVENT_TYPE};
use signet_okta::saml::SamlRequest;
use signet_okta::token::TokenRequest;

use super::made::Options;
use super::no_user;
use crate::args::Explain;
use crate::failure::Failure;
use crate::file::MAX_BYTES;
use crate::text::printable;

/// What an event is to the function that receives it.
#[derive(Debug)]
pub(super) enum Asked {
    /// A sign-in to decide.
    SignIn(Request),
    /// A sign-in that is denied before anything is read. The reason is the word that the function's log
    /// has.
    Refused {
        /// The app, as far as it is known.
        app: String,
        /// The word.
        reason: &'static str,
        /// Why, for people.
        why: String,
    },
    /// Tokens that stay as they are, before anything is read.
    Passed {
        /// The app, as far as it is known.
        app: String,
        /// Why.
        why: Remark,
    },
}

/// The sign-in to explain.
#[derive(Debug)]
pub(super) enum Request {
    /// From options.
    Options(Options),
    /// A call of Okta's SAML assertion hook, with the app's id.
    Assertion(String, Box<SamlRequest>),
    /// A call of Okta's token hook, with the app's id.
    Token(String, Box<TokenRequest>),
    /// An event of Cognito's trigger, with the app's id.
    Pool(String, Box<PreToken>),
}

impl Request {
    /// Reads the sign-in that the options describe, or name a file of.
    pub(super) fn read(args: &Explain) -> Result<Asked, Failure> {
        match (&args.event, &args.app, &args.user) {
            (Some(path), _, _) => event(path),
            (None, Some(app), Some(user)) => options(args, app, user).map(|made| Asked::SignIn(Self::Options(made))),
            // The command line's definition demands one of both.
            _ => Err(Failure::Usage("say --app and --user, or --event".to_owned())),
        }
    }

    /// The app's id.
    pub(super) fn app(&self) -> &str {
        match self {
            Self::Options(made) => &made.app,
            Self::Assertion(app, _) | Self::Token(app, _) | Self::Pool(app, _) => app,
        }
    }
}

fn options(args: &Explain, app: &str, user: &str) -> Result<Options, Failure> {
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
    let protocol = args.protocol.map(Into::into);
    let (app, user) = (app.to_owned(), user.to_owned());
    Ok(Options { app, user, groups, claims, protocol, event_version: args.event_version })
}

/// The sign-in that a file describes.
pub(super) fn event(path: &Path) -> Result<Asked, Failure> {
    let bad = |what: String| Failure::BadEvent { path: path.display().to_string(), what };
    let bytes = read(path)?;
    let value: Value = serde_json::from_slice(&bytes).map_err(|error| bad(format!("it is not JSON: {error}")))?;
    if value.get("triggerSource").is_some() {
        return pool(&bytes).map_err(bad);
    }
    let body = match body_of(&value) {
        Some(body) => body.map_err(|what| bad(what.to_owned()))?,
        None => bytes,
    };
    call(&body).map_err(bad)
}

/// A call of a hook of Okta's.
fn call(body: &[u8]) -> Result<Asked, String> {
    let refused = |reason, why: String| Asked::Refused { app: "-".to_owned(), reason, why };
    let malformed = |error: RequestError| refused("malformed_request", error.to_string());
    let envelope = match Envelope::parse(body) {
        Ok(envelope) => envelope,
        // It is a sign-in, and what is wrong with it decides about access.
        Err(error @ RequestError::Malformed { .. }) if matches!(&error, RequestError::Malformed { path, .. } if path == "/data") =>
        {
            return Ok(malformed(error));
        }
        Err(error) => return Err(error.to_string()),
    };
    let (app, read): (_, Box<dyn FnOnce(String) -> Request>) = match envelope.event_type.as_deref() {
        Some(SAML_EVENT_TYPE) => match SamlRequest::from_envelope(&envelope) {
            Ok(call) => (call.app_id().map(str::to_owned), Box::new(|app| Request::Assertion(app, Box::new(call)))),
            Err(error) => return Ok(malformed(error)),
        },
        Some(TOKEN_EVENT_TYPE) => match TokenRequest::from_envelope(&envelope) {
            Ok(call) => (call.client_id().map(str::to_owned), Box::new(|app| Request::Token(app, Box::new(call)))),
            Err(error) => return Ok(malformed(error)),
        },
        Some(other) => {
            let other = printable(other);
            return Err(format!("its type is `{other}`: `{SAML_EVENT_TYPE}` and `{TOKEN_EVENT_TYPE}` are sign-ins"));
        }
        None => {
            let what =
                "it has no `eventType`, as calls of Okta's have, and no `triggerSource`, as Cognito's events have";
            return Err(what.to_owned());
        }
    };
    Ok(named(app, read))
}

/// An event of Cognito's trigger.
fn pool(bytes: &[u8]) -> Result<Asked, String> {
    let tree = json::read(bytes).map_err(|error| format!("it is not JSON: {error}"))?;
    let event = match PreToken::read(&tree) {
        Ok(event) => event,
        Err(error @ EventError::OtherTrigger { .. }) => return Err(error.to_string()),
        Err(error) => {
            return Ok(Asked::Refused { app: "-".to_owned(), reason: "malformed_request", why: error.to_string() });
        }
    };
    let app = event.client_id().map(str::to_owned);
    // The function looks no further, whatever the app.
    if event.has_no_user() {
        return Ok(Asked::Passed { app: app.unwrap_or_else(|| "-".to_owned()), why: no_user() });
    }
    Ok(named(app, |app| Request::Pool(app, Box::new(event))))
}

/// A sign-in to the app that it names.
fn named(app: Option<String>, request: impl FnOnce(String) -> Request) -> Asked {
    if let Some(app) = app.filter(|app| !app.is_empty()) {
        return Asked::SignIn(request(app));
    }
    let why = "the request names no app".to_owned();
    Asked::Refused { app: "-".to_owned(), reason: "unknown_app", why }
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
