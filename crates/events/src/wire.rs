//! Events as they are written: the JSON Schemas come from these types, and so does all that Signet
//! writes. Their comments are the schemas' descriptions.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, Value, json};
use signet_core::grant::Grant;

use crate::alert::{AlertKind, Origin};
use crate::dataset::DatasetChanged;
use crate::event::{Change, Event};
use crate::provider::ProviderChanged;
use crate::state::State;
use crate::time;

/// An event by CloudEvents, version 1.0, in JSON. Extension attributes are taken and not read.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct CloudEvent<T, D> {
    /// The version of CloudEvents.
    specversion: SpecVersion,
    /// An id that no other event of this source has.
    #[schemars(length(min = 1, max = 256))]
    id: String,
    /// What sent the event, as a URI reference. Nothing is permitted by it: the topic that an event
    /// comes through tells who may say what.
    #[schemars(length(min = 1, max = 1024))]
    source: String,
    /// The kind of event.
    r#type: T,
    /// What the event is about: the dataset or the app of the data, under the same id; of an alert
    /// what it concerns.
    #[schemars(length(min = 1))]
    subject: String,
    /// When it happened. Events are ordered by their revisions, never by this.
    #[schemars(extend("format" = "date-time"))]
    time: String,
    /// The kind of data, where it is said.
    #[serde(skip_serializing_if = "Option::is_none")]
    datacontenttype: Option<ContentType>,
    /// What the event says. A member that is not listed here is refused.
    data: D,
}

#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
pub(crate) enum SpecVersion {
    #[serde(rename = "1.0")]
    V1,
}

#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
pub(crate) enum ContentType {
    #[serde(rename = "application/json")]
    Json,
}

#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
pub(crate) enum DatasetType {
    #[serde(rename = "signet.dataset.changed.v1")]
    DatasetChanged,
}

#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
pub(crate) enum ProviderType {
    #[serde(rename = "signet.provider.changed.v1")]
    ProviderChanged,
}

#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
pub(crate) enum AlertType {
    #[serde(rename = "signet.alert.v1")]
    Alert,
}

/// The whole present state of a dataset. What an earlier revision granted and this one does not is
/// withdrawn.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(
    deny_unknown_fields,
    extend(
        "if" = { "properties": { "state": { "const": "active" } } },
        "then" = { "required": ["grants"] },
        "else" = { "properties": { "grants": { "maxItems": 0 } } }
    )
)]
pub(crate) struct DatasetData {
    /// The dataset's id: letters, digits and `._/-`.
    #[schemars(regex(pattern = r"^[A-Za-z0-9._/-]{1,152}$"))]
    dataset: String,
    /// Rises with every change of the dataset. An event whose revision is not higher than that of an
    /// earlier one changes nothing.
    #[schemars(range(min = 1, max = 9_007_199_254_740_992_u64))]
    revision: u64,
    /// Where the data is, for people.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 2048))]
    location: Option<String>,
    /// Whether the dataset is there.
    state: State,
    /// All grants of the dataset; of a deleted one there are none. A dataset that had grants and is
    /// active cannot lose them all at once: delete it, or list what remains.
    #[serde(skip_serializing_if = "Option::is_none")]
    grants: Option<Vec<GrantData>>,
}

/// Who may assume one role.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(crate) struct GrantData {
    /// The ARN of the IAM role.
    #[schemars(regex(pattern = r"^arn:aws[a-z-]*:iam::[0-9]{12}:role/[!-~]+$"))]
    role: String,
    /// The groups whose members may assume it.
    #[schemars(length(min = 1))]
    groups: Vec<GroupData>,
    /// The ids of the apps through which they may; all apps where there is no such member.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1), inner(regex(pattern = r"^[A-Za-z0-9._:-]{1,128}$")))]
    apps: Option<Vec<String>>,
    /// The first moment at which the grant no longer counts, in whole seconds; never where there is
    /// no such member.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("format" = "date-time"))]
    expires_at: Option<String>,
}

/// A directory group.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(untagged)]
pub(crate) enum GroupData {
    /// The group's key: exactly the value that the app's claim carries, a name or an id, in at most
    /// 1,024 bytes of UTF-8. No case is folded, nothing trimmed.
    Key(#[schemars(length(min = 1, max = 1024))] String),
    /// A key, and what people call the group.
    Labelled(LabelledGroup),
}

/// A group whose key is an id, with a name for people.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(crate) struct LabelledGroup {
    /// The group's key.
    #[schemars(length(min = 1, max = 1024))]
    key: String,
    /// What people call the group.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 256))]
    label: Option<String>,
}

/// The whole present state of an app's identity provider. Its protocol and its provider never
/// change, and the name of a provider is never used for another app.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(
    deny_unknown_fields,
    extend(
        "if" = { "properties": { "protocol": { "const": "saml" } } },
        "then" = {
            "properties": { "issuer_url": false, "client_ids": false },
            "if": { "properties": { "state": { "const": "active" } } },
            "then": { "required": ["saml_metadata"] }
        },
        "else" = {
            "properties": { "saml_metadata": false },
            "if": { "properties": { "state": { "const": "active" } } },
            "then": { "required": ["issuer_url", "client_ids"] }
        }
    )
)]
pub(crate) struct ProviderData {
    /// The app's id.
    #[schemars(regex(pattern = r"^[A-Za-z0-9._:-]{1,128}$"))]
    app: String,
    /// Rises with every change of the app's provider. An event whose revision is not higher than
    /// that of an earlier one changes nothing.
    #[schemars(range(min = 1, max = 9_007_199_254_740_992_u64))]
    revision: u64,
    /// Whether the app is there.
    state: State,
    /// What people call the app.
    #[schemars(length(min = 1, max = 256))]
    name: String,
    /// How people sign in to it.
    protocol: ProtocolWord,
    /// The name of its identity provider in IAM, the same in every account.
    #[schemars(regex(pattern = r"^[A-Za-z0-9._-]{1,128}$"))]
    provider: String,
    /// For `saml`: the metadata document of the app in Okta, with one `EntityDescriptor`, its
    /// `IDPSSODescriptor` and 1 to 10 signing certificates, without a DTD. Its entity id never changes.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1000, max = 10_000_000))]
    saml_metadata: Option<String>,
    /// For `oidc` and `cognito`: the issuer of the tokens, as their `iss` claim has it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 255), regex(pattern = r"^https://[A-Za-z0-9.-]+(/[A-Za-z0-9._~/+=@%-]*)?$"))]
    issuer_url: Option<String>,
    /// For `oidc` and `cognito`: the client ids that tokens may be for. One client of one issuer is of one
    /// active app.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 40), inner(length(max = 255), regex(pattern = r"^[!#-)+-\[\]-~]+$")))]
    client_ids: Option<Vec<String>>,
    /// The audience that trust policies demand, where it is not the protocol's usual one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 255), regex(pattern = r"^[!#-)+-\[\]-~]+$"))]
    audience: Option<String>,
}

/// How people sign in to an app.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(rename = "Protocol")]
pub(crate) enum ProtocolWord {
    /// A SAML app.
    Saml,
    /// An OIDC client.
    Oidc,
    /// A Cognito user pool client.
    Cognito,
}

/// Something that people should know of.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(crate) struct AlertData {
    /// What the alert is about.
    pub(crate) kind: AlertKind,
    /// One line for people: what happened, and what to do.
    #[schemars(length(max = 1000))]
    pub(crate) summary: String,
    /// The names and values concerned, for programs. What is here depends on the kind.
    pub(crate) detail: Map<String, Value>,
}

pub(crate) type DatasetEvent = CloudEvent<DatasetType, DatasetData>;
pub(crate) type ProviderEvent = CloudEvent<ProviderType, ProviderData>;
pub(crate) type AlertEvent = CloudEvent<AlertType, AlertData>;

/// An event as JSON.
pub(crate) fn event(event: &Event) -> Value {
    // INVARIANT: these types hold strings, whole numbers and maps by strings, which are always JSON.
    match &event.change {
        Change::Dataset(dataset) => json!(cloud_event(event, DatasetType::DatasetChanged, dataset_data(dataset))),
        Change::Provider(provider) => json!(cloud_event(event, ProviderType::ProviderChanged, provider_data(provider))),
    }
}

/// An alert as JSON.
pub(crate) fn alert(origin: &Origin<'_>, data: AlertData) -> Value {
    // INVARIANT: as above.
    json!(AlertEvent {
        specversion: SpecVersion::V1,
        id: origin.id.to_owned(),
        source: origin.source.to_owned(),
        r#type: AlertType::Alert,
        subject: origin.subject.to_owned(),
        time: origin.time.to_string(),
        datacontenttype: Some(ContentType::Json),
        data,
    })
}

fn cloud_event<T, D>(event: &Event, r#type: T, data: D) -> CloudEvent<T, D> {
    CloudEvent {
        specversion: SpecVersion::V1,
        id: event.id.clone(),
        source: event.source.clone(),
        r#type,
        subject: event.subject.clone(),
        time: event.time.to_string(),
        datacontenttype: Some(ContentType::Json),
        data,
    }
}

fn dataset_data(dataset: &DatasetChanged) -> DatasetData {
    let mut grants: BTreeMap<&Grant, Vec<GroupData>> = BTreeMap::new();
    for (key, label, grant) in &dataset.grants {
        let key = key.as_str().to_owned();
        grants.entry(grant).or_default().push(match label {
            None => GroupData::Key(key),
            Some(label) => GroupData::Labelled(LabelledGroup { key, label: Some(label.clone()) }),
        });
    }
    let grants = grants.into_iter().map(|(grant, groups)| GrantData {
        role: grant.role.to_string(),
        groups,
        apps: grant.apps.as_ref().map(|apps| apps.iter().map(ToString::to_string).collect()),
        expires_at: grant.expires_at.map(time::show),
    });
    DatasetData {
        dataset: dataset.dataset_id().to_owned(),
        revision: dataset.revision,
        location: dataset.location.clone(),
        state: dataset.state,
        grants: (dataset.state == State::Active).then(|| grants.collect()),
    }
}

fn provider_data(provider: &ProviderChanged) -> ProviderData {
    use signet_core::role::Protocol;
    ProviderData {
        app: provider.app.to_string(),
        revision: provider.revision,
        state: provider.state,
        name: provider.name.clone(),
        protocol: match provider.protocol {
            Protocol::Saml => ProtocolWord::Saml,
            Protocol::Oidc => ProtocolWord::Oidc,
            Protocol::Cognito => ProtocolWord::Cognito,
        },
        provider: provider.provider.as_str().to_owned(),
        saml_metadata: provider.saml_metadata.clone(),
        issuer_url: provider.issuer_url.clone(),
        client_ids: (!provider.client_ids.is_empty()).then(|| provider.client_ids.iter().cloned().collect()),
        audience: provider.audience.clone(),
    }
}
