//! Lambda's payload format 2.0, as HTTP APIs and function URLs send it.
//!
//! An own type and not `lambda_http`'s: that one costs 0.24 MB of zip and 0.1 ms a call, and it
//! joins what has to be told apart here, such as a header that is there twice.

use std::borrow::Cow;
use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use lambda_runtime::Diagnostic;
use serde::de::{Deserializer, Error as _, IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, Serialize};
use signet_okta::json::Json;
use signet_okta::response::{CONTENT_TYPE, Encoded};

use crate::serve::{Event, Reply};

/// The longest body that is decoded or parsed, in bytes: Lambda's own limit for a whole
/// invocation (Lambda quotas, "synchronous payloads").
pub const MAX_BODY_BYTES: usize = 6 * 1024 * 1024;

/// A request. Unknown members are ignored. `Debug` shows neither headers nor body.
#[derive(Clone, Default)]
pub struct Payload {
    headers: Vec<(String, String)>,
    body: Body,
    time_epoch_ms: Option<i64>,
    jwt_claims: Option<Json>,
}

#[derive(Clone, Default)]
enum Body {
    #[default]
    Empty,
    Text(String),
    Base64(String),
    Unfit(&'static str),
}

/// Why a body cannot be used: answer HTTP 400.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BodyError {
    /// It is longer than [`MAX_BODY_BYTES`].
    #[error("the body has {bytes} bytes, at most {MAX_BODY_BYTES} are read")]
    TooLong {
        /// Its length as it came in.
        bytes: usize,
    },
    /// It is said to be base64, and is not.
    #[error("the body is marked as base64 and is not base64")]
    NotBase64,
    /// The invocation is not of payload format 2.0.
    #[error("the invocation is not of Lambda's payload format 2.0: {0}")]
    Format(&'static str),
}

impl Payload {
    /// All values of the header of that name, compared without regard to case. Two names that
    /// differ only in case are two values. A value that is not a string is there, and empty.
    #[must_use]
    pub fn header(&self, name: &str) -> Vec<&str> {
        signet_okta::auth::find_header(self.headers.iter().map(|(n, v)| (n.as_str(), v.as_str())), name)
    }

    /// The claims that the API's JWT authorizer has verified. The caller cannot write them: they are
    /// not part of the HTTP request.
    #[must_use]
    pub fn jwt_claims(&self) -> Option<&Json> {
        self.jwt_claims.as_ref()
    }

    /// The body as the caller sent it. A missing one is empty.
    ///
    /// # Errors
    /// [`BodyError`].
    pub fn body(&self) -> Result<Cow<'_, [u8]>, BodyError> {
        let text = match &self.body {
            Body::Empty => return Ok(Cow::Borrowed(&[])),
            Body::Text(text) | Body::Base64(text) => text,
            Body::Unfit(why) => return Err(BodyError::Format(why)),
        };
        let is_base64 = matches!(self.body, Body::Base64(_));
        let bytes = if is_base64 { text.len() / 4 * 3 } else { text.len() };
        if bytes > MAX_BODY_BYTES {
            return Err(BodyError::TooLong { bytes });
        }
        if is_base64 {
            return STANDARD.decode(text).map(Cow::Owned).map_err(|_| BodyError::NotBase64);
        }
        Ok(Cow::Borrowed(text.as_bytes()))
    }

    fn unfit(why: &'static str) -> Self {
        Self { body: Body::Unfit(why), ..Self::default() }
    }

    fn from_members(members: Members) -> Self {
        let headers = members.headers.as_ref().and_then(Json::as_object).unwrap_or_default();
        let text = |value: &Json| value.as_str().unwrap_or_default().to_owned();
        let context = members.request_context.as_ref();
        let body = match (members.body, members.is_base64) {
            (None | Some(Json::Null), _) => Body::Empty,
            (Some(Json::String(text)), None | Some(Json::Null | Json::Bool(false))) => Body::Text(text),
            (Some(Json::String(text)), Some(Json::Bool(true))) => Body::Base64(text),
            (Some(Json::String(_)), Some(_)) => Body::Unfit("`isBase64Encoded` is neither true nor false"),
            (Some(_), _) => Body::Unfit("`body` is not a string"),
        };
        Self {
            headers: headers.iter().map(|(name, value)| (name.clone(), text(value))).collect(),
            body,
            time_epoch_ms: context.and_then(|c| c.get("timeEpoch")).and_then(|epoch| match epoch {
                Json::Number(number) => number.as_i64(),
                _ => None,
            }),
            jwt_claims: context.and_then(|c| c.at(&["authorizer", "jwt", "claims"])).cloned(),
        }
    }
}

impl fmt::Debug for Payload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Payload")
            .field("headers", &self.headers.len())
            .field("time_epoch_ms", &self.time_epoch_ms)
            .finish_non_exhaustive()
    }
}

impl<'de> Deserialize<'de> for Payload {
    /// Never fails: an invocation that cannot be read is a payload whose body cannot, so that the
    /// function answers it, and not the runtime with an error of its own.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(match deserializer.deserialize_any(MembersVisitor) {
            Ok(members) => Self::from_members(members),
            Err(_) => Self::unfit("it is not a readable JSON object, or has a member twice"),
        })
    }
}

impl Event for Payload {
    /// The gateway's clock.
    fn time_epoch_ms(&self) -> Option<i64> {
        self.time_epoch_ms
    }
}

impl Reply for Answer {
    type Body = Self;

    fn reply(self) -> Result<Self, Diagnostic> {
        Ok(self)
    }
}

#[derive(Default)]
struct Members {
    headers: Option<Json>,
    body: Option<Json>,
    is_base64: Option<Json>,
    request_context: Option<Json>,
}

struct MembersVisitor;

impl<'de> Visitor<'de> for MembersVisitor {
    type Value = Members;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Members, A::Error> {
        let mut members = Members::default();
        while let Some(name) = access.next_key::<Cow<'de, str>>()? {
            let slot = match name.as_ref() {
                "headers" => &mut members.headers,
                "body" => &mut members.body,
                "isBase64Encoded" => &mut members.is_base64,
                "requestContext" => &mut members.request_context,
                _ => {
                    access.next_value::<IgnoredAny>()?;
                    continue;
                }
            };
            if slot.replace(access.next_value()?).is_some() {
                return Err(A::Error::custom("doubled member"));
            }
        }
        Ok(members)
    }
}

/// An answer in payload format 2.0.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Answer {
    status_code: u16,
    #[serde(skip_serializing_if = "Option::is_none")]
    headers: Option<Headers>,
    #[serde(skip_serializing_if = "Option::is_none")]
    body: Option<String>,
    is_base64_encoded: bool,
    /// Always empty. API Gateway does without it; `cargo lambda watch` refuses an answer that has none.
    cookies: [&'static str; 0],
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct Headers {
    #[serde(rename = "content-type")]
    content_type: &'static str,
}

impl Answer {
    /// An answer that Okta reads.
    #[must_use]
    pub fn okta(encoded: Encoded) -> Self {
        Self::new(encoded.status, CONTENT_TYPE, encoded.body)
    }

    /// An answer for a caller that is not Okta, or not a hook that this function answers.
    #[must_use]
    pub fn text(status: u16, text: impl Into<String>) -> Self {
        Self::new(status, "text/plain; charset=utf-8", Some(text.into()))
    }

    /// The HTTP status.
    #[must_use]
    pub fn status(&self) -> u16 {
        self.status_code
    }

    /// The body, if there is one.
    #[must_use]
    pub fn body(&self) -> Option<&str> {
        self.body.as_deref()
    }

    fn new(status_code: u16, content_type: &'static str, body: Option<String>) -> Self {
        let headers = body.as_ref().map(|_| Headers { content_type });
        Self { status_code, headers, body, is_base64_encoded: false, cookies: [] }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn payload(text: &str) -> Payload {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn bodies_are_text_base64_or_absent() {
        for (text, body) in [
            ("{}", ""),
            (r#"{"body":null,"isBase64Encoded":true}"#, ""),
            (r#"{"body":"{}"}"#, "{}"),
            (r#"{"body":"e30=","isBase64Encoded":false}"#, "e30="),
            (r#"{"body":"e30=","isBase64Encoded":true}"#, "{}"),
            (r#"{"unknown":[{"a":[1,2]}],"body":"x","cookies":7,"isBase64Encoded":null}"#, "x"),
        ] {
            assert_eq!(payload(text).body().unwrap(), body.as_bytes(), "{text}");
        }
    }

    #[test]
    fn what_is_no_body_is_said_and_never_fails_to_deserialize() {
        let deep = format!(r#"{{"requestContext":{}}}"#, "[".repeat(10_000));
        for text in [
            "[]",
            "7",
            "null",
            r#""body""#,
            r#"{"body":{}}"#,
            r#"{"body":"x","isBase64Encoded":"true"}"#,
            r#"{"body":"x","body":"y"}"#,
            r#"{"body":"\ud800"}"#,
            r#"{"body":"x""#,
            &deep,
        ] {
            let mut deserializer = serde_json::Deserializer::from_str(text);
            let payload = Payload::deserialize(&mut deserializer).unwrap();
            assert!(matches!(payload.body(), Err(BodyError::Format(_))), "{text}");
        }
        let odd = payload(r#"{"body":"=e30","isBase64Encoded":true}"#);
        assert_eq!(odd.body().unwrap_err(), BodyError::NotBase64);
    }

    #[test]
    fn long_bodies_are_refused_before_they_are_decoded() {
        let fits = Payload { body: Body::Text("x".repeat(MAX_BODY_BYTES)), ..Payload::default() };
        assert_eq!(fits.body().unwrap().len(), MAX_BODY_BYTES);
        let long = Payload { body: Body::Text("x".repeat(MAX_BODY_BYTES + 1)), ..Payload::default() };
        assert_eq!(long.body().unwrap_err(), BodyError::TooLong { bytes: MAX_BODY_BYTES + 1 });
        let long = Payload { body: Body::Base64("!".repeat(MAX_BODY_BYTES / 3 * 4 + 8)), ..Payload::default() };
        assert!(matches!(long.body(), Err(BodyError::TooLong { .. })));
    }

    #[test]
    fn headers_of_any_case_are_found_and_doubled_ones_told_apart() {
        let one = payload(r#"{"headers":{"AUTHORIZATION":"a","accept":"b"}}"#);
        assert_eq!(one.header("Authorization"), ["a"]);
        let two = payload(r#"{"headers":{"authorization":"a","Authorization":"b","authorization":["c"]}}"#);
        assert_eq!(two.header("authorization"), ["a", "b", ""]);
        for none in ["{}", r#"{"headers":null}"#, r#"{"headers":["authorization"]}"#] {
            assert!(payload(none).header("authorization").is_empty());
        }
    }

    #[test]
    fn context_of_a_wrong_type_is_absent() {
        let full =
            payload(r#"{"requestContext":{"timeEpoch":1583348638390,"authorizer":{"jwt":{"claims":{"a":"b"}}}}}"#);
        assert_eq!(full.time_epoch_ms(), Some(1_583_348_638_390));
        assert_eq!(full.jwt_claims().and_then(|claims| claims.get("a")).and_then(Json::as_str), Some("b"));
        for context in
            ["7", "null", r#"{"timeEpoch":"1","authorizer":[]}"#, r#"{"timeEpoch":1e99,"authorizer":{"jwt":7}}"#]
        {
            let payload = payload(&format!(r#"{{"requestContext":{context}}}"#));
            assert_eq!(payload.time_epoch_ms(), None, "{context}");
            assert!(payload.jwt_claims().is_none(), "{context}");
        }
    }

    #[test]
    fn debug_shows_no_secret() {
        let shown = format!("{:?}", payload(r#"{"headers":{"authorization":"s3cret"},"body":"s3cret"}"#));
        assert!(!shown.contains("s3cret"), "{shown}");
    }

    #[test]
    fn answers_have_the_format_of_lambda() {
        let json = |answer: &Answer| serde_json::to_string(answer).unwrap();
        assert_eq!(
            json(&Answer::text(401, "no")),
            r#"{"statusCode":401,"headers":{"content-type":"text/plain; charset=utf-8"},"body":"no","isBase64Encoded":false,"cookies":[]}"#
        );
        assert_eq!(
            json(&Answer::okta(Encoded { status: 204, body: None })),
            r#"{"statusCode":204,"isBase64Encoded":false,"cookies":[]}"#
        );
    }
}
