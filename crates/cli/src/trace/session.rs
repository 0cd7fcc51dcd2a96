//! CloudTrail's records of role sessions.
//!
//! The members are those of the CloudTrail User Guide, "CloudTrail record contents", and of the IAM User
//! Guide, "Logging IAM and AWS STS API calls with AWS CloudTrail".

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};
use signet_core::grant::Timestamp;
use signet_core::session::{DECISION_TAG, GROUP_HASH_TAG};

use super::calls::Calls;
use super::documents;
use super::wrapped::{self, Line};

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
    /// All its tags, their keys as they are written.
    pub tags: BTreeMap<String, String>,
    /// The keys of those that stay when another role is assumed from it.
    pub transitive: BTreeSet<String>,
    /// The identity provider: a SAML provider's ARN; of a token the provider's ARN, or the issuer.
    pub provider: Option<String>,
    /// The assertion's recipient, or the token's audience.
    pub audience: Option<String>,
    /// Whom the assertion or the token is about, as the provider names them.
    pub subject: Option<String>,
    /// The assertion's id; none for a token.
    pub assertion: Option<String>,
    /// The access key of the credentials that were given.
    pub access_key: Option<String>,
    /// Who acts in it: the role's unique id and the session's name.
    pub principal: Option<String>,
    /// Where the call came from.
    pub address: Option<String>,
}

/// All that was found in records. What one session shares with another is seen among these alone.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Records {
    /// Role sessions that were opened, the earliest first, each once.
    pub sessions: Vec<Session>,
    /// How many calls to open one were refused by AWS: nothing came of them.
    pub refused: usize,
    /// Other calls.
    pub calls: Calls,
    /// The ids of records: deliveries may overlap, and a record counts once.
    seen: BTreeSet<String>,
}

/// What is wrong with records.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadRecords {
    /// They are compressed.
    #[error("it is compressed by gzip: unpack it first, as by `gunzip -c FILE | signet trace - --log LOG`")]
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
         the answer of `aws cloudtrail lookup-events` or `aws logs filter-log-events` is expected"
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
    /// Adds what a file holds: records as CloudTrail delivers them, one record, several in an array or as JSON
    /// lines, the answer of `LookupEvents`, events of `EventBridge`, or what CloudWatch Logs has of a trail that
    /// delivers to it.
    ///
    /// # Errors
    /// [`BadRecords`].
    pub fn add(&mut self, bytes: &[u8]) -> Result<(), BadRecords> {
        if bytes.starts_with(&[0x1f, 0x8b]) {
            return Err(BadRecords::Compressed);
        }
        let text = std::str::from_utf8(bytes).map_err(|_| BadRecords::NotText)?;
        let documents = documents(text).map_err(|error| BadRecords::NotJson(error.to_string()))?;
        for (index, document) in documents.into_iter().enumerate() {
            let found = unpacked(document).ok_or(BadRecords::NoRecord { number: index + 1 })?;
            for record in found {
                self.take(&record)?;
            }
        }
        self.sessions.sort_by(|a, b| (a.at, &a.event).cmp(&(b.at, &b.event)));
        Ok(())
    }

    fn take(&mut self, record: &Value) -> Result<(), BadRecords> {
        let name = text(record, "/eventName").unwrap_or_default();
        let service = text(record, "/eventSource").unwrap_or_default();
        if let Some(id) = text(record, "/eventID")
            && !self.seen.insert(id.to_owned())
        {
            return Ok(());
        }
        let Some(way) = Way::of(name).filter(|_| service == "sts.amazonaws.com") else {
            self.calls.take(record, service, name);
            return Ok(());
        };
        if record.get("errorCode").is_some_and(|code| !code.is_null() && code != "") {
            self.refused += 1;
            return Ok(());
        }
        let session = session(record, way)?;
        self.calls.open(&session);
        self.sessions.push(session);
        Ok(())
    }

    /// Whether no record is of a call that opens a session, granted or refused.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.sessions.is_empty() && self.refused == 0
    }
}

impl Session {
    /// The provider's name in records of every account: that of a SAML provider, the issuer's host and path, or
    /// the name as it is.
    #[must_use]
    pub fn provider_name(&self) -> Option<&str> {
        let provider = self.provider.as_deref()?;
        let name = match self.way {
            Way::Saml => provider.split_once(":saml-provider/").map(|(_, name)| name),
            Way::Token => provider.split_once(":oidc-provider/").map(|(_, issuer)| issuer),
        };
        Some(name.or_else(|| provider.strip_prefix("https://")).unwrap_or(provider))
    }
}

fn session(record: &Value, way: Way) -> Result<Session, BadRecords> {
    let event = text(record, "/eventID").unwrap_or("-").to_owned();
    let lacks = |what| BadRecords::Lacks { event: event.clone(), what };
    let owned = |pointer: &str| text(record, pointer).map(str::to_owned);
    let at = moment(record, "/eventTime").ok_or_else(|| lacks("`eventTime` that is a time"))?;
    let role = owned("/requestParameters/roleArn").ok_or_else(|| lacks("`requestParameters.roleArn`"))?;
    let provider = match way {
        Way::Saml => owned("/requestParameters/principalArn"),
        Way::Token => owned("/responseElements/provider").or_else(|| owned("/userIdentity/identityProvider")),
    };
    let subject = match way {
        Way::Saml => owned("/responseElements/subject"),
        Way::Token => owned("/responseElements/subjectFromWebIdentityToken"),
    };
    Ok(Session {
        at,
        way,
        role,
        name: owned("/requestParameters/roleSessionName"),
        source_identity: owned("/requestParameters/sourceIdentity"),
        decision: tag(record, DECISION_TAG),
        group_hash: tag(record, GROUP_HASH_TAG),
        tags: tags(record).into_iter().flatten().map(|(key, value)| (key.clone(), plain(value))).collect(),
        transitive: transitive(record),
        provider,
        audience: owned("/responseElements/audience"),
        subject,
        assertion: owned("/requestParameters/sAMLAssertionID").filter(|_| way == Way::Saml),
        access_key: owned("/responseElements/credentials/accessKeyId"),
        principal: owned("/responseElements/assumedRoleUser/assumedRoleId"),
        address: owned("/sourceIPAddress"),
        event,
    })
}

/// The records in a document; none if it is something else.
fn unpacked(document: Value) -> Option<Vec<Value>> {
    match document {
        Value::Array(all) => {
            let mut records = Vec::new();
            for one in all {
                records.append(&mut unpacked(one)?);
            }
            Some(records)
        }
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
            if let Some(detail) = members.remove("detail") {
                return detail.get("eventName").is_some().then(|| vec![detail]);
            }
            let document = Value::Object(members);
            let record = |line: &Line<'_>| match line {
                Line::Text(text) => serde_json::from_str::<Value>(text).ok(),
                Line::Json(value) => Some((*value).clone()),
            };
            unpacked(Value::Array(wrapped::lines(&document)?.iter().map(record).collect::<Option<_>>()?))
        }
        _ => None,
    }
}

/// A moment, cut to whole seconds.
pub(super) fn moment(value: &Value, pointer: &str) -> Option<Timestamp> {
    let time = text(value, pointer)?.parse::<jiff::Timestamp>().ok()?;
    Some(Timestamp::from_seconds(time.as_second()))
}

pub(super) fn text<'v>(value: &'v Value, pointer: &str) -> Option<&'v str> {
    value.pointer(pointer).and_then(Value::as_str)
}

fn tags(record: &Value) -> Option<&Map<String, Value>> {
    record.pointer("/requestParameters/principalTags")?.as_object()
}

/// The keys of tags that stay. Where none does, records have no such member.
fn transitive(record: &Value) -> BTreeSet<String> {
    let keys = record.pointer("/requestParameters/transitiveTagKeys").and_then(Value::as_array);
    keys.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
}

/// A session tag; AWS compares keys ignoring case.
fn tag(record: &Value, key: &str) -> Option<String> {
    let (_, value) = tags(record)?.iter().find(|(known, _)| known.eq_ignore_ascii_case(key))?;
    single(value).map(str::to_owned)
}

/// The text of a tag's value, which may stand in a list of one.
fn single(value: &Value) -> Option<&str> {
    match value {
        Value::Array(values) => match values.as_slice() {
            [Value::String(one)] => Some(one),
            _ => None,
        },
        other => other.as_str(),
    }
}

/// A tag's value to compare with others: its text, or its JSON where it is something else.
fn plain(value: &Value) -> String {
    single(value).map_or_else(|| value.to_string(), str::to_owned)
}

#[cfg(test)]
mod tests;
