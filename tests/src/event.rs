//! The invocations of the function: Okta's request in the envelope of an HTTP API.

use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

/// The header value that the function of [`Stack`](crate::stack::Stack) accepts.
pub const SECRET: &str = "signet-local-secret";

/// A file of `events/saml-hook`.
pub fn file(name: &str) -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../events/saml-hook")).join(name)
}

/// The names of all sample events of `saml-hook`, sorted.
pub fn cases() -> Vec<String> {
    cases_in(&file(""))
}

/// The names of all sample events in a folder, sorted.
pub fn cases_in(folder: &Path) -> Vec<String> {
    let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let events = files.filter(|path| path.extension().is_some_and(|extension| extension == "json"));
    let mut names: Vec<String> = events.map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned()).collect();
    names.sort();
    names
}

/// The clock of whoever calls the function, in milliseconds since 1970.
pub fn now_ms() -> i64 {
    #[expect(clippy::disallowed_methods, reason = "the tests play the gateway, which reads the clock")]
    let now = SystemTime::now();
    i64::try_from(now.duration_since(UNIX_EPOCH).unwrap().as_millis()).unwrap()
}

/// An invocation in payload format 2.0.
#[derive(Debug, Clone, PartialEq)]
pub struct Event(pub Value);

impl Event {
    /// `events/saml-hook/<case>.json`.
    pub fn load(case: &str) -> Self {
        let text = std::fs::read_to_string(file(&format!("{case}.json"))).unwrap();
        Self(serde_json::from_str(&text).unwrap())
    }

    /// The sign-in of one person with one group.
    pub fn one_group() -> Self {
        Self::load("one-group")
    }

    /// The same sign-in with these groups.
    pub fn with_groups<S: AsRef<str>>(groups: impl IntoIterator<Item = S>) -> Self {
        let value = |group: S| json!({"attributes": {"xsi:type": "xs:string"}, "value": group.as_ref()});
        let values: Vec<Value> = groups.into_iter().map(value).collect();
        Self::one_group().with("/data/assertion/claims/groups/attributeValues", json!(values))
    }

    /// What Okta sent, decoded; `Null` if that is not JSON.
    pub fn request(&self) -> Value {
        let body = self.0["body"].as_str().unwrap_or_default();
        let bytes = match self.0["isBase64Encoded"] {
            Value::Bool(true) => STANDARD.decode(body).unwrap_or_default(),
            _ => body.as_bytes().to_vec(),
        };
        serde_json::from_slice(&bytes).unwrap_or_default()
    }

    /// The assertion as Okta would send it without the hook.
    pub fn assertion(&self) -> Value {
        self.request()["data"]["assertion"].clone()
    }

    /// With another value at a JSON Pointer into Okta's request; the place must be there.
    #[must_use]
    pub fn with(self, pointer: &str, value: Value) -> Self {
        let mut request = self.request();
        *request.pointer_mut(pointer).unwrap_or_else(|| panic!("no `{pointer}`")) = value;
        self.with_request(&request)
    }

    /// With one more claim of one value.
    #[must_use]
    pub fn with_claim(self, name: &str, value: &str) -> Self {
        let mut request = self.request();
        request["data"]["assertion"]["claims"][name] = json!({"attributeValues": [{"value": value}]});
        self.with_request(&request)
    }

    /// With another request of Okta's.
    #[must_use]
    pub fn with_request(self, request: &Value) -> Self {
        self.with_body(request.to_string())
    }

    /// With any text as body.
    #[must_use]
    pub fn with_body(self, body: impl Into<String>) -> Self {
        self.with_member("body", Value::String(body.into())).with_member("isBase64Encoded", Value::Bool(false))
    }

    /// With another member of the envelope.
    #[must_use]
    pub fn with_member(mut self, name: &str, value: Value) -> Self {
        self.0[name] = value;
        self
    }

    /// With these headers alone.
    #[must_use]
    pub fn with_headers(self, headers: Value) -> Self {
        self.with_member("headers", headers)
    }

    /// With another time at which the gateway took the request, in milliseconds since 1970.
    #[must_use]
    pub fn taken_at(mut self, epoch_ms: i64) -> Self {
        self.0["requestContext"]["timeEpoch"] = epoch_ms.into();
        self
    }

    /// With the present time, where the envelope has one.
    #[must_use]
    pub fn taken_now(mut self) -> Self {
        if let Some(epoch @ Value::Number(_)) = self.0.pointer_mut("/requestContext/timeEpoch") {
            *epoch = now_ms().into();
        }
        self
    }
}
