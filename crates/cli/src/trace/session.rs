//! CloudTrail's records of role sessions, and of what was done in them.
//!
//! The members are those of the CloudTrail User Guide, "CloudTrail record contents", and of the IAM User
//! Guide, "Logging IAM and AWS STS API calls with AWS CloudTrail".

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use signet_core::grant::Timestamp;
use signet_core::session::{DECISION_TAG, GROUP_HASH_TAG};

use super::documents;

/// How a session was opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// `AssumeRoleWithSAML`.
    Saml,
    /// `AssumeRoleWithWebIdentity`.
    Token,
}

impl Way {
    /// The call, as CloudTrail names it.
    #[must_use]
    pub fn event_name(self) -> &'static str {
        match self {
            Self::Saml => "AssumeRoleWithSAML",
            Self::Token => "AssumeRoleWithWebIdentity",
        }
    }

    fn of(name: &str) -> Option<Self> {
        [Self::Saml, Self::Token].into_iter().find(|way| way.event_name() == name)
    }
}

/// A role session, as the record of its opening has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// The record's id.
    pub event: String,
    /// When it was opened.
    pub at: Timestamp,
    /// How.
    pub way: Way,
    /// The role's ARN.
    pub role: String,
    /// The session's name.
    pub name: Option<String>,
    /// Who every later record names.
    pub source_identity: Option<String>,
    /// The tag `SignetDecision`.
    pub decision: Option<String>,
    /// The tag `GroupHash`.
    pub group_hash: Option<String>,
    /// The identity provider: a SAML provider's ARN; of a token the provider's ARN, or the issuer.
    pub provider: Option<String>,
    /// The assertion's recipient, or the token's audience.
    pub audience: Option<String>,
    /// The assertion's id; none for a token.
    pub assertion: Option<String>,
    /// The id of the credentials that were given.
    pub access_key: Option<String>,
    /// Where the call came from.
    pub address: Option<String>,
}

/// All that was found in records.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Records {
    /// Role sessions that were opened, the earliest first, each once.
    pub sessions: Vec<Session>,
    /// How many calls to open one were refused by AWS: nothing came of them.
    pub refused: usize,
    /// Other calls, counted: by the id of the credentials, then by service and call.
    pub calls: BTreeMap<String, BTreeMap<String, usize>>,
}

/// What is wrong with records.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadRecords {
    /// They are compressed.
    #[error("it is compressed by gzip: unpack it first, as by `gunzip -c FILE | signet trace -`")]
    Compressed,
    /// They are not text.
    #[error("it is not UTF-8")]
    NotText,
    /// They are not JSON.
    #[error("it is not JSON: {0}")]
    NotJson(String),
    /// Something in them is no record.
    #[error(
        "document {number} is no record of CloudTrail's: `{{\"Records\": […]}}`, one record or JSON lines of them, or \
         the answer of `aws cloudtrail lookup-events` is expected"
    )]
    NoRecord {
        /// Its place, from 1.
        number: usize,
    },
    /// A record lacks what it must have.
    #[error("record `{event}` has no {what}")]
    Lacks {
        /// The record's id.
        event: String,
        /// What it lacks.
        what: &'static str,
    },
}

impl Records {
    /// Reads records: a file as CloudTrail delivers it, one record, several in an array or as JSON lines, the
    /// answer of `LookupEvents`, or events of `EventBridge`.
    ///
    /// # Errors
    /// [`BadRecords`].
    pub fn read(bytes: &[u8]) -> Result<Self, BadRecords> {
        if bytes.starts_with(&[0x1f, 0x8b]) {
            return Err(BadRecords::Compressed);
        }
        let text = std::str::from_utf8(bytes).map_err(|_| BadRecords::NotText)?;
        let documents = documents(text).map_err(|error| BadRecords::NotJson(error.to_string()))?;
        let mut records = Self::default();
        let mut seen = BTreeSet::new();
        for (index, document) in documents.into_iter().enumerate() {
            let found = unpacked(document).ok_or(BadRecords::NoRecord { number: index + 1 })?;
            for record in found {
                records.take(&record, &mut seen)?;
            }
        }
        records.sessions.sort_by(|a, b| (a.at, &a.event).cmp(&(b.at, &b.event)));
        Ok(records)
    }

    fn take(&mut self, record: &Value, seen: &mut BTreeSet<String>) -> Result<(), BadRecords> {
        let name = text(record, "/eventName").unwrap_or_default();
        let service = text(record, "/eventSource").unwrap_or_default();
        // Deliveries may overlap, and a record counts once.
        if let Some(id) = text(record, "/eventID")
            && !seen.insert(id.to_owned())
        {
            return Ok(());
        }
        let Some(way) = Way::of(name).filter(|_| service == "sts.amazonaws.com") else {
            if let Some(key) = text(record, "/userIdentity/accessKeyId") {
                *self.calls.entry(key.to_owned()).or_default().entry(format!("{service} {name}")).or_default() += 1;
            }
            return Ok(());
        };
        if record.get("errorCode").is_some_and(|code| !code.is_null()) {
            self.refused += 1;
            return Ok(());
        }
        self.sessions.push(session(record, way)?);
        Ok(())
    }
}

fn session(record: &Value, way: Way) -> Result<Session, BadRecords> {
    let event = text(record, "/eventID").unwrap_or("-").to_owned();
    let lacks = |what| BadRecords::Lacks { event: event.clone(), what };
    let owned = |pointer: &str| text(record, pointer).map(str::to_owned);
    let at = text(record, "/eventTime").and_then(|time| time.parse::<jiff::Timestamp>().ok());
    let at = Timestamp::from_seconds(at.ok_or_else(|| lacks("`eventTime` that is a time"))?.as_second());
    let role = owned("/requestParameters/roleArn").ok_or_else(|| lacks("`requestParameters.roleArn`"))?;
    let provider = match way {
        Way::Saml => owned("/requestParameters/principalArn"),
        Way::Token => owned("/responseElements/provider").or_else(|| owned("/userIdentity/identityProvider")),
    };
    Ok(Session {
        at,
        way,
        role,
        name: owned("/requestParameters/roleSessionName"),
        source_identity: owned("/requestParameters/sourceIdentity"),
        decision: tag(record, DECISION_TAG),
        group_hash: tag(record, GROUP_HASH_TAG),
        provider,
        audience: owned("/responseElements/audience"),
        assertion: owned("/requestParameters/sAMLAssertionID").filter(|_| way == Way::Saml),
        access_key: owned("/responseElements/credentials/accessKeyId"),
        address: owned("/sourceIPAddress"),
        event,
    })
}

/// The records in a document; none if it is something else.
fn unpacked(document: Value) -> Option<Vec<Value>> {
    match document {
        Value::Array(all) => Some(all.into_iter().map(unpacked).collect::<Option<Vec<_>>>()?.concat()),
        Value::Object(mut members) => {
            if members.contains_key("eventName") {
                return Some(vec![Value::Object(members)]);
            }
            if let Some(Value::Array(records)) = members.remove("Records") {
                return unpacked(Value::Array(records));
            }
            if let Some(Value::Array(events)) = members.remove("Events") {
                let record =
                    |event: &Value| serde_json::from_str::<Value>(event.get("CloudTrailEvent")?.as_str()?).ok();
                return unpacked(Value::Array(events.iter().map(record).collect::<Option<_>>()?));
            }
            members.remove("detail").filter(|detail| detail.get("eventName").is_some()).map(|detail| vec![detail])
        }
        _ => None,
    }
}

fn text<'v>(value: &'v Value, pointer: &str) -> Option<&'v str> {
    value.pointer(pointer).and_then(Value::as_str)
}

/// A session tag; AWS compares keys ignoring case.
fn tag(record: &Value, key: &str) -> Option<String> {
    let tags = record.pointer("/requestParameters/principalTags")?.as_object()?;
    let (_, value) = tags.iter().find(|(known, _)| known.eq_ignore_ascii_case(key))?;
    match value {
        Value::Array(values) => match values.as_slice() {
            [Value::String(one)] => Some(one.clone()),
            _ => None,
        },
        other => other.as_str().map(str::to_owned),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn record() -> Value {
        json!({
            "eventName": "AssumeRoleWithSAML", "eventSource": "sts.amazonaws.com", "eventID": "e-1",
            "eventTime": "2026-08-01T07:00:21Z", "sourceIPAddress": "192.0.2.10",
            "requestParameters": {
                "sAMLAssertionID": "_a1", "roleSessionName": "jane@example.com", "sourceIdentity": "jane@example.com",
                "principalTags": {"grouphash": ":abcd:", "SignetDecision": ["d1"]},
                "roleArn": "arn:aws:iam::111122223333:role/reader",
                "principalArn": "arn:aws:iam::111122223333:saml-provider/okta",
            },
            "responseElements": {"audience": "aud", "credentials": {"accessKeyId": "ASIAONE"}},
        })
    }

    fn read(value: &Value) -> Result<Records, BadRecords> {
        Records::read(value.to_string().as_bytes())
    }

    #[test]
    fn a_record_says_who_and_by_which_decision() {
        let records = read(&record()).unwrap();
        let session = &records.sessions[0];
        assert_eq!((session.decision.as_deref(), session.group_hash.as_deref()), (Some("d1"), Some(":abcd:")));
        assert_eq!(session.at, Timestamp::from_seconds(1_785_567_621));
        assert_eq!((session.assertion.as_deref(), session.access_key.as_deref()), (Some("_a1"), Some("ASIAONE")));
    }

    #[test]
    fn records_come_in_many_wrappings() {
        let one = read(&record()).unwrap();
        let text = record().to_string();
        let event = json!({"Events": [{"EventId": "e-1", "CloudTrailEvent": text}]});
        for wrapped in [
            json!({"Records": [record()]}),
            json!([record()]),
            json!({"detail-type": "AWS API Call via CloudTrail", "detail": record()}),
            event,
            // Twice in one delivery is once.
            json!([record(), record()]),
        ] {
            assert_eq!(read(&wrapped).unwrap(), one, "{wrapped}");
        }
        assert_eq!(Records::read(format!("{text}\n{text}\n").as_bytes()).unwrap(), one);
        assert_eq!(Records::read(b"").unwrap(), Records::default());
    }

    #[test]
    fn what_was_refused_and_what_is_another_call_is_counted() {
        let mut refused = record();
        refused["errorCode"] = json!("AccessDenied");
        refused["requestParameters"] = Value::Null;
        refused["eventID"] = json!("e-2");
        let call = json!({"eventName": "GetObject", "eventSource": "s3.amazonaws.com",
            "userIdentity": {"accessKeyId": "ASIAONE"}});
        let records = read(&json!([record(), refused, call, call])).unwrap();
        assert_eq!((records.sessions.len(), records.refused), (1, 1));
        assert_eq!(records.calls["ASIAONE"], BTreeMap::from([("s3.amazonaws.com GetObject".to_owned(), 2)]));
        // Another service's call of that name is none of STS's.
        let mut other = record();
        other["eventSource"] = json!("example.amazonaws.com");
        assert!(read(&other).unwrap().sessions.is_empty());
    }

    #[test]
    fn what_is_no_record_is_refused() {
        for (bytes, why) in [
            (&b"\x1f\x8b\x08"[..], "gunzip"),
            (b"\xff", "UTF-8"),
            (b"{", "not JSON"),
            (b"{}", "document 1"),
            (b"7", "document 1"),
            (b"{\"Events\": [{}]}", "document 1"),
        ] {
            let error = Records::read(bytes).unwrap_err().to_string();
            assert!(error.contains(why), "{error}");
        }
        for (member, why) in [("eventTime", "`eventTime`"), ("requestParameters", "`requestParameters.roleArn`")] {
            let mut lacking = record();
            lacking.as_object_mut().unwrap().remove(member);
            assert!(read(&lacking).unwrap_err().to_string().contains(why));
        }
    }
}
