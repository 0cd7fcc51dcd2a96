//! Sign-ins, and the one right answer to each.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use signet_core::role::ProviderName;
use signet_core::saml::ATTRIBUTE_PREFIX;
use signet_core::session::{DECISION_TAG, GROUP_HASH_TAG, group_hash};

use crate::contender::Kind;
use crate::entitlements::{self, APP, PROVIDER, SESSION_SECONDS, TAGS, group_key};
use crate::error::BenchError;
use crate::fill::Filled;

/// The `Authorization` header of every request.
pub(crate) const SECRET: &str = "a header value for benchmarks";
/// Okta's own sample.
const SAMPLE: &str = include_str!("../../../crates/okta/tests/data/saml-hook.request.json");
const LOGIN: &str = "user@example.com";
const UNSPECIFIED: &str = "urn:oasis:names:tc:SAML:2.0:attrname-format:unspecified";

/// One sign-in.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    /// The invocation's payload.
    pub(crate) payload: Vec<u8>,
    groups: usize,
    /// The values of each attribute, but for the decision's id.
    attributes: BTreeMap<String, BTreeSet<String>>,
}

/// So many sign-ins of people with so many groups each, spread over the whole table.
pub(crate) fn pool(table: &Filled, groups: usize, requests: usize) -> Result<Vec<Request>, BenchError> {
    (0..requests).map(|number| Request::new(table, &pick(table.groups, groups, number))).collect()
}

/// Different groups, the same ones for the same request on every run.
fn pick(all: usize, groups: usize, request: usize) -> Vec<usize> {
    let mut picked = BTreeSet::new();
    // Knuth's linear congruential generator; its high bits are the good ones.
    let mut state = u64::try_from(request).unwrap_or(0) ^ 0x5151_6e65_7400;
    let all = u64::try_from(all).unwrap_or(u64::MAX);
    while picked.len() < groups {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        picked.insert((state >> 33) % all);
    }
    picked.into_iter().filter_map(|number| usize::try_from(number).ok()).collect()
}

impl Request {
    fn new(table: &Filled, groups: &[usize]) -> Result<Self, BenchError> {
        let payload = payload(groups)?;
        Ok(Self { payload, groups: groups.len(), attributes: attributes(table, groups)? })
    }

    /// Holds an answer against what is right for this request.
    ///
    /// # Errors
    /// What is wrong, in words.
    pub(crate) fn check(&self, kind: Kind, answer: &[u8]) -> Result<(), String> {
        let answer: Value = serde_json::from_slice(answer).map_err(|error| format!("it is not JSON: {error}"))?;
        match kind {
            Kind::Echo => {
                let sent: Value = serde_json::from_slice(&self.payload).map_err(|error| error.to_string())?;
                if answer == sent { Ok(()) } else { Err("it is not what was sent".to_owned()) }
            }
            Kind::BatchGet => {
                // `META` and the app are read beside the groups.
                let items = answer.get("items").and_then(Value::as_u64).and_then(|items| usize::try_from(items).ok());
                if items == Some(self.groups + 2) {
                    Ok(())
                } else {
                    Err(format!("`{answer}` for {} groups", self.groups))
                }
            }
            Kind::Hook | Kind::Node | Kind::Python => self.check_patch(&answer),
        }
    }

    fn check_patch(&self, answer: &Value) -> Result<(), String> {
        let unfit = || format!("no patch is in `{answer}`");
        let body = answer.get("body").and_then(Value::as_str).ok_or_else(unfit)?;
        let body: Value = serde_json::from_str(body).map_err(|error| format!("its body is not JSON: {error}"))?;
        let command = body.pointer("/commands/0").ok_or_else(unfit)?;
        if answer.get("statusCode") != Some(&json!(200))
            || command.get("type") != Some(&json!("com.okta.assertion.patch"))
        {
            return Err(unfit());
        }
        let mut found = BTreeMap::new();
        for operation in command.get("value").and_then(Value::as_array).ok_or_else(unfit)? {
            let (name, values) = attribute(operation).ok_or_else(|| format!("`{operation}` adds no attribute"))?;
            found.insert(name, values);
        }
        let decision = found.remove(&format!("PrincipalTag:{DECISION_TAG}")).unwrap_or_default();
        if decision.len() != 1 || decision.iter().any(|id| id.len() != 26) {
            return Err(format!("the decision's id is `{decision:?}`"));
        }
        if found == self.attributes {
            return Ok(());
        }
        let differs = |(name, values): &(&String, &BTreeSet<String>)| found.get(*name) != Some(*values);
        match self.attributes.iter().find(differs) {
            Some((name, right)) => Err(format!("`{name}` is `{:?}` and should be `{right:?}`", found.get(name))),
            None => Err(format!("it has more attributes than {:?}", self.attributes.keys())),
        }
    }
}

/// The attribute that an operation adds, without the prefix that AWS's attributes share.
fn attribute(operation: &Value) -> Option<(String, BTreeSet<String>)> {
    let path = operation.get("path")?.as_str()?.strip_prefix("/claims/")?.replace("~1", "/").replace("~0", "~");
    let values = operation.pointer("/value/attributeValues")?.as_array()?;
    let values: Option<_> = values.iter().map(|value| Some(value.get("value")?.as_str()?.to_owned())).collect();
    let adds = operation.get("op")? == "add";
    Some((path.strip_prefix(ATTRIBUTE_PREFIX)?.to_owned(), values?)).filter(|_| adds)
}

fn payload(groups: &[usize]) -> Result<Vec<u8>, BenchError> {
    let unfit = |what: String| BenchError::Data(format!("the sample request: {what}"));
    let mut body: Value = serde_json::from_str(SAMPLE).map_err(|error| unfit(error.to_string()))?;
    let claims = body.pointer_mut("/data/assertion/claims").and_then(Value::as_object_mut);
    let claims = claims.ok_or_else(|| unfit("it has no claims".to_owned()))?;
    claims.insert("groups".to_owned(), claim(groups.iter().map(|number| group_key(*number))));
    for tag in TAGS {
        claims.insert(tag.to_owned(), claim([tag_value(tag)]));
    }
    let payload = json!({
        "version": "2.0",
        "routeKey": "POST /saml-hook",
        "rawPath": "/saml-hook",
        "rawQueryString": "",
        "headers": {
            "accept": "application/json",
            "authorization": SECRET,
            "content-type": "application/json; charset=UTF-8",
            "host": "hook.example.com",
        },
        "requestContext": {
            "http": { "method": "POST", "path": "/saml-hook", "protocol": "HTTP/1.1", "sourceIp": "192.0.2.1" },
            "requestId": "bench",
            "stage": "$default",
        },
        "body": body.to_string(),
        "isBase64Encoded": false,
    });
    Ok(payload.to_string().into_bytes())
}

fn claim(values: impl IntoIterator<Item = String>) -> Value {
    let value = |value: String| json!({ "attributes": { "xsi:type": "xs:string" }, "value": value });
    json!({
        "attributes": { "NameFormat": UNSPECIFIED },
        "attributeValues": values.into_iter().map(value).collect::<Vec<_>>(),
    })
}

fn tag_value(tag: &str) -> String {
    format!("{tag} of {LOGIN}")
}

fn attributes(table: &Filled, groups: &[usize]) -> Result<BTreeMap<String, BTreeSet<String>>, BenchError> {
    let provider = ProviderName::parse(PROVIDER)?;
    let mut roles = BTreeSet::new();
    for number in groups {
        for role in entitlements::opened(*number)? {
            roles.insert(format!("{role},{}", role.saml_provider(&provider)));
        }
    }
    let codes: Option<BTreeSet<_>> = groups.iter().map(|number| table.codes.get(*number).copied()).collect();
    let codes = codes.ok_or_else(|| BenchError::Data(format!("a group of {groups:?} has no code")))?;
    let one = |value: String| BTreeSet::from([value]);
    let mut attributes = BTreeMap::from([
        ("Role".to_owned(), roles),
        ("RoleSessionName".to_owned(), one(LOGIN.to_owned())),
        ("SourceIdentity".to_owned(), one(LOGIN.to_owned())),
        ("SessionDuration".to_owned(), one(SESSION_SECONDS.to_string())),
        (format!("PrincipalTag:{GROUP_HASH_TAG}"), one(group_hash(&codes.into_iter().collect::<Vec<_>>()))),
        (
            "TransitiveTagKeys".to_owned(),
            TAGS.into_iter().chain([GROUP_HASH_TAG, DECISION_TAG]).map(str::to_owned).collect(),
        ),
    ]);
    for tag in TAGS {
        attributes.insert(format!("PrincipalTag:{tag}"), one(tag_value(tag)));
    }
    debug_assert!(SAMPLE.contains(APP), "the sample is of the app that the table knows");
    Ok(attributes)
}

#[cfg(test)]
mod tests {
    use signet_core::code::GroupCode;

    use super::*;

    fn request() -> Request {
        let code = |number| GroupCode::parse(["aaaa", "bbbb", "cccc"][number]).unwrap();
        let table = Filled { name: "t".to_owned(), groups: 3, codes: (0..3).map(code).collect() };
        Request::new(&table, &[0, 1]).unwrap()
    }

    /// The right answer, with the values of one attribute as `change` leaves them.
    fn answer(request: &Request, name: &str, change: impl Fn(&mut Vec<String>)) -> Vec<u8> {
        let mut attributes = request.attributes.clone();
        attributes.insert("PrincipalTag:SignetDecision".to_owned(), BTreeSet::from(["d".repeat(26)]));
        let operation = |(attribute, values): (String, BTreeSet<String>)| {
            let mut values: Vec<String> = values.into_iter().collect();
            if attribute == name {
                change(&mut values);
            }
            let path = format!("/claims/{}", format!("{ATTRIBUTE_PREFIX}{attribute}").replace('/', "~1"));
            json!({ "op": "add", "path": path, "value": claim(values) })
        };
        let value: Vec<Value> = attributes.into_iter().map(operation).collect();
        let body = json!({ "commands": [{ "type": "com.okta.assertion.patch", "value": value }] });
        json!({ "statusCode": 200, "body": body.to_string() }).to_string().into_bytes()
    }

    #[test]
    fn only_the_right_answer_passes() {
        let request = request();
        let check = |answer: &[u8]| request.check(Kind::Hook, answer);
        assert_eq!(check(&answer(&request, "", |_| ())), Ok(()));
        for name in request.attributes.keys() {
            assert!(check(&answer(&request, name, |values| drop(values.pop()))).is_err(), "{name} without a value");
            assert!(
                check(&answer(&request, name, |values| values.push("more".to_owned()))).is_err(),
                "{name} with more"
            );
        }
        assert!(check(&answer(&request, "PrincipalTag:SignetDecision", Vec::clear)).is_err());
        let denied = json!({ "statusCode": 200, "body": r#"{"error":{"errorSummary":"denied"}}"# });
        assert!(check(denied.to_string().as_bytes()).unwrap_err().contains("denied"));
        assert!(check(b"").is_err());
    }

    #[test]
    fn the_others_are_checked_by_what_they_do() {
        let request = request();
        assert_eq!(request.check(Kind::Echo, &request.payload), Ok(()));
        assert!(request.check(Kind::Echo, b"{}").is_err());
        assert_eq!(request.check(Kind::BatchGet, br#"{"items":4}"#), Ok(()));
        assert!(request.check(Kind::BatchGet, br#"{"items":3}"#).is_err());
    }

    #[test]
    fn a_request_has_as_many_groups_as_asked_for() {
        let picked = pick(1_000, 50, 7);
        assert_eq!(picked.len(), 50);
        assert_eq!(picked, pick(1_000, 50, 7));
        assert_ne!(picked, pick(1_000, 50, 8));
        assert!(picked.iter().all(|number| *number < 1_000));
    }
}
