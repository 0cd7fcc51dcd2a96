//! An event, CloudEvents 1.0 in JSON.
//!
//! All problems of an event are found in one go. Attributes that this version does not know
//! (extensions of CloudEvents) are tolerated; members of `data` that it does not know are not, since
//! what a producer meant by one might have narrowed a grant.

use jiff::Timestamp;
use serde_json::Value;
use signet_core::producer::EventType;
use signet_json::Json;

use crate::dataset::{self, DatasetChanged};
use crate::fields::{Field, Fields, Report, optional};
use crate::problem::{Problem, listed, shown};
use crate::provider::{self, ProviderChanged};
use crate::{time, wire};

/// The largest event, in bytes: what SNS takes (Amazon SNS quotas, message size).
pub const MAX_BYTES: usize = 262_144;

/// The longest id of an event, in characters. It stands in every history row of the event.
pub const MAX_ID: usize = 256;

/// The longest source of an event, in characters.
pub const MAX_SOURCE: usize = 1_024;

/// An event of a producer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// The producer's id of the event, for logs and history.
    pub id: String,
    /// What sent it, in the producer's own words: a URI reference. Nothing is permitted by it; the
    /// topic tells who may say what.
    pub source: String,
    /// What it is about: a dataset's id, or an app's.
    pub subject: String,
    /// When the change happened, by the producer's clock. It orders nothing: revisions do.
    pub time: Timestamp,
    /// What changed.
    pub change: Change,
    /// What may not be meant, but harms nothing: grants stated twice, two labels of one group.
    pub warnings: Vec<Problem>,
}

/// What an event says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// All grants of a dataset.
    Dataset(DatasetChanged),
    /// The identity provider of an app.
    Provider(ProviderChanged),
}

/// Why a message is not an event.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EventError {
    /// More than SNS takes. Such a message is not even read.
    #[error(
        "the event has `{bytes}` bytes, and {MAX_BYTES} is the most that SNS takes: state the dataset in parts, as \
         several datasets, or name fewer groups"
    )]
    TooLarge {
        /// Its size.
        bytes: usize,
    },
    /// Not JSON.
    #[error("the event is not JSON: {0}")]
    NotJson(String),
    /// JSON, but not an event. All problems are there.
    #[error("the event is refused: {}", listed(.0))]
    Refused(Vec<Problem>),
}

impl EventError {
    /// All problems, each with its place.
    #[must_use]
    pub fn problems(&self) -> Vec<Problem> {
        match self {
            Self::Refused(problems) => problems.clone(),
            other => vec![Problem { place: String::new(), what: other.to_string() }],
        }
    }
}

impl Event {
    /// Reads an event as a producer sends it.
    ///
    /// # Errors
    /// [`EventError`] with all problems, if anything at all is wrong with it.
    pub fn parse(message: &[u8]) -> Result<Self, EventError> {
        if message.len() > MAX_BYTES {
            return Err(EventError::TooLarge { bytes: message.len() });
        }
        let json = signet_json::read(message).map_err(|error| EventError::NotJson(error.to_string()))?;
        let mut report = Report::default();
        let event = read(&json, &mut report);
        let (event, warnings) = report.finish(event).map_err(EventError::Refused)?;
        Ok(Self { warnings, ..event })
    }

    /// What kind of event it is.
    #[must_use]
    pub fn event_type(&self) -> EventType {
        match self.change {
            Change::Dataset(_) => EventType::DatasetChanged,
            Change::Provider(_) => EventType::ProviderChanged,
        }
    }

    /// The revision of the subject.
    #[must_use]
    pub fn revision(&self) -> u64 {
        match &self.change {
            Change::Dataset(dataset) => dataset.revision,
            Change::Provider(provider) => provider.revision,
        }
    }

    /// The event as a `CloudEvent`: [`Event::parse`] reads the same from it. Extension attributes are
    /// not kept.
    #[must_use]
    pub fn to_json(&self) -> Value {
        wire::event(self)
    }
}

fn read(json: &Json, report: &mut Report) -> Option<Event> {
    if let Json::Array(_) = json {
        report.error("", "one event a message is expected, and there is an array");
        return None;
    }
    let attributes = Fields::open(&Field::root(json), report)?;
    // Every attribute is looked at before the first `?`, so that all problems are reported together.
    let hint = "`1.0` is expected, the version of CloudEvents";
    let version = attributes.required("specversion", hint, report).and_then(|f| exactly(f, "1.0", report));
    let id = attributes.required("id", "an id that no other event of this source has is expected", report);
    let id = id.and_then(|f| f.name(MAX_ID, report));
    let source = attributes.required("source", "a URI of what sent the event is expected", report);
    let source = source.and_then(|f| f.name(MAX_SOURCE, report));
    let subject = attributes.required("subject", "the id of what the event is about is expected", report);
    let subject = subject.and_then(|f| f.text(report));
    let time = attributes.required("time", "when the change happened is expected", report);
    let time = time.and_then(|f| f.word(time::moment, report));
    let content = optional(attributes.get("datacontenttype"), |f| exactly(f, "application/json", report));
    if let Some(field) = attributes.get("data_base64") {
        report.error(&field.place, "is not read: the data is expected as JSON, in `data`");
    }
    let hint = "`signet.dataset.changed.v1` or `signet.provider.changed.v1` is expected";
    let kind = attributes.required("type", hint, report).and_then(|f| f.word(EventType::parse, report));
    let data = attributes.required("data", "what the event says is expected", report);
    let change = match (kind, data) {
        (Some(EventType::DatasetChanged), Some(data)) => dataset::read(data, subject, report).map(Change::Dataset),
        (Some(EventType::ProviderChanged), Some(data)) => provider::read(data, subject, report).map(Change::Provider),
        (None, _) | (_, None) => None,
    };
    version?;
    content?;
    Some(Event {
        id: id?.to_owned(),
        source: source?.to_owned(),
        subject: subject?.to_owned(),
        time: time?,
        change: change?,
        warnings: Vec::new(),
    })
}

fn exactly(field: &Field<'_>, expected: &str, report: &mut Report) -> Option<()> {
    let text = field.text(report)?;
    if text == expected {
        return Some(());
    }
    report.error(&field.place, format!("is `{}`, and `{expected}` is expected", shown(text)));
    None
}
