//! What a function's tests say of its wire contract.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::Value;
use signet_hook::serve::{Event, Handler, Reply};

use crate::case::{Delivery, Flaw, Given};
use crate::kind::Kind;
use crate::table::Fake;

/// How a function is asked, and how its answers read.
pub trait Wire {
    /// The way to sign in.
    const KIND: Kind;

    /// What the function is invoked with.
    type Event: Event;
    /// What it answers.
    type Answer: Reply;

    /// The function, on a table.
    fn handler(table: &Fake, deadline: Duration) -> impl Handler<Event = Self::Event, Answer = Self::Answer>;

    /// The request of a person. Claims have the kind's own names already.
    fn write(given: &Given) -> Value;

    /// The text of a request that has a flaw; none if this wire cannot have it.
    fn flawed(request: Value, flaw: Flaw) -> Option<String>;

    /// What the function is invoked with for a request's text.
    fn event(text: &str, delivery: &Delivery) -> Self::Event;

    /// Reads an answer to a request as whoever asked reads it, and fails on one that could not be read.
    fn read(answer: Self::Answer, request: &str) -> Answered;
}

/// What an answer says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answered {
    /// The call is none for this function: with that status, over HTTP.
    Rejected(Option<u16>),
    /// The sign-in is denied. The person reads the text.
    Denied(String),
    /// Nothing is changed, and nothing of AWS given.
    Nothing,
    /// Access to AWS is given.
    Access(Access),
}

/// What is given.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Access {
    /// The ARNs of the roles, sorted.
    pub roles: Vec<String>,
    /// The source identity; none where the kind has no place for it.
    pub source_identity: Option<String>,
    /// The session tags.
    pub tags: BTreeMap<String, String>,
    /// The keys of the transitive tags, sorted; none where the kind does not say.
    pub transitive: Option<Vec<String>>,
}

/// The texts of a list in JSON.
pub fn texts(list: &Value) -> Vec<String> {
    list.as_array().unwrap().iter().map(|text| text.as_str().unwrap().to_owned()).collect()
}

/// The claims of AWS in a token, read as STS reads them: each tag is a list of one text, the source identity
/// and the roles are texts. There must be some, and no others beside them.
pub fn token_claims(claims: &serde_json::Map<String, Value>) -> Access {
    let [tags, source_identity, roles] =
        ["https://aws.amazon.com/tags", "https://aws.amazon.com/source_identity", "https://aws.amazon.com/roles"];
    assert!(claims.keys().all(|name| [tags, source_identity, roles].contains(&name.as_str())), "{claims:?}");
    let principal = claims[tags]["principal_tags"].as_object().unwrap().iter().map(|(key, values)| {
        let [value] = <[String; 1]>::try_from(texts(values)).unwrap();
        (key.clone(), value)
    });
    Access {
        roles: claims.get(roles).map(texts).unwrap_or_default(),
        source_identity: Some(claims[source_identity].as_str().unwrap().to_owned()),
        tags: principal.collect(),
        transitive: Some(texts(&claims[tags]["transitive_tag_keys"])),
    }
}
