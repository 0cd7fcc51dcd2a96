//! `signet.provider.changed.v1`: the identity provider of an app.

use std::collections::BTreeSet;

use signet_core::app::AppId;
use signet_core::role::{Protocol, ProviderName};
use signet_core::trust::gate::{Audience, InvalidGate, Issuer};

use crate::fields::{Field, Fields, Report, optional};
use crate::metadata::SamlMetadata;
use crate::problem::shown;
use crate::state::{State, check_subject, revision, state};

/// The longest name of an app, in characters.
pub const MAX_NAME: usize = 256;

/// The fewest and the most characters of SAML metadata (IAM API reference, `CreateSAMLProvider`). An
/// event's size limits it far below the most.
pub const METADATA_CHARS: std::ops::RangeInclusive<usize> = 1_000..=10_000_000;

/// The most client ids of a provider. IAM takes 100 for one issuer, of all its apps together; each has an
/// owner in the table, and an event that replaces all of them is one transaction of 100 writes.
pub const MAX_CLIENT_IDS: usize = 40;

/// The whole present state of an app's identity provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProviderChanged {
    /// The app.
    pub app: AppId,
    /// Its revision, 1 to [`MAX_REVISION`](crate::state::MAX_REVISION).
    pub revision: u64,
    /// Whether the app is there.
    pub state: State,
    /// What people call the app.
    pub name: String,
    /// How people sign in to it.
    pub protocol: Protocol,
    /// The provider's name, the same in every account.
    pub provider: ProviderName,
    /// The SAML metadata document. An active SAML app has it; of another protocol none has.
    pub saml_metadata: Option<String>,
    /// What the document says of the identity provider. An active SAML app has it; a deleted one has
    /// not, since nothing is made of its document.
    pub saml: Option<SamlMetadata>,
    /// The URL of the tokens' issuer. An active OIDC or Cognito app has it; no SAML app has.
    pub issuer_url: Option<String>,
    /// The client ids that tokens may be for. An active OIDC or Cognito app has some; no SAML app
    /// has.
    pub client_ids: BTreeSet<String>,
    /// The audience that trust policies demand, where it is not the protocol's usual one.
    pub audience: Option<String>,
}

const KNOWN: [&str; 10] = [
    "app",
    "revision",
    "state",
    "name",
    "protocol",
    "provider",
    "saml_metadata",
    "issuer_url",
    "client_ids",
    "audience",
];

pub(crate) fn read(data: &Field<'_>, subject: Option<&str>, report: &mut Report) -> Option<ProviderChanged> {
    let fields = Fields::closed(data, &KNOWN, report)?;
    check_subject(subject, "app", &fields, report);
    let app = fields.required("app", "the app's id is expected", report);
    let app = app.and_then(|f| f.word(AppId::parse, report));
    let revision = revision(&fields, report);
    let state = state(&fields, report);
    let name = fields.required("name", "what people call the app is expected", report);
    let name = name.and_then(|f| f.name(MAX_NAME, report));
    let protocol = fields.required("protocol", "`saml`, `oidc` or `cognito` is expected", report);
    let protocol = protocol.and_then(|f| f.word(Protocol::parse, report));
    let provider = fields.required("provider", "the name of the app's identity provider in IAM is expected", report);
    let provider = provider.and_then(|f| f.word(ProviderName::parse, report));
    // A deletion is never refused for what a document says that goes with it.
    let is_read = state != Some(State::Deleted);
    let metadata = optional(fields.get("saml_metadata"), |f| f.word(|text| metadata(text, is_read), report));
    // What no trust policy could demand is no app's, whatever else it is good for.
    let issuer_url =
        optional(fields.get("issuer_url"), |f| f.word(|url| Issuer::from_url(url).map(|_| url.to_owned()), report));
    let client_ids = optional(fields.get("client_ids"), |f| client_ids(f, report));
    let audience = optional(fields.get("audience"), |f| f.word(audience, report));
    if let (Some(protocol), Some(state)) = (protocol, state) {
        check_protocol(&fields, protocol, state, report);
    }
    let (saml_metadata, saml) = metadata?.unzip();
    Some(ProviderChanged {
        app: app?,
        revision: revision?,
        state: state?,
        name: name?.to_owned(),
        protocol: protocol?,
        provider: provider?,
        saml_metadata,
        saml: saml.flatten(),
        issuer_url: issuer_url?,
        client_ids: client_ids?.unwrap_or_default(),
        audience: audience?,
    })
}

/// Notes members that the protocol wants and that are missing, and those of another protocol.
fn check_protocol(fields: &Fields<'_>, protocol: Protocol, state: State, report: &mut Report) {
    let of_saml: &[(&str, &str)] = &[("saml_metadata", "the SAML metadata document is expected")];
    let of_tokens: &[(&str, &str)] = &[
        ("issuer_url", "the URL of the tokens' issuer is expected"),
        ("client_ids", "the client ids that tokens may be for are expected"),
    ];
    let (own, others) = match protocol {
        Protocol::Saml => (of_saml, of_tokens),
        Protocol::Oidc | Protocol::Cognito => (of_tokens, of_saml),
    };
    if state == State::Active {
        for (name, hint) in own {
            fields.required(name, hint, report);
        }
    }
    for field in others.iter().filter_map(|(name, _)| fields.get(name)) {
        report.error(&field.place, format!("does not belong to an app of protocol `{}`", protocol.as_str()));
    }
}

/// A document, and what it says where it is to be read.
fn metadata(text: &str, is_read: bool) -> Result<(String, Option<SamlMetadata>), String> {
    let chars = text.chars().count();
    if METADATA_CHARS.contains(&chars) {
        let saml = is_read.then(|| SamlMetadata::parse(text)).transpose().map_err(|error| error.to_string())?;
        return Ok((text.to_owned(), saml));
    }
    Err(format!(
        "`{}` has {chars} characters: IAM takes {} to {}",
        shown(text),
        METADATA_CHARS.start(),
        METADATA_CHARS.end()
    ))
}

fn audience(text: &str) -> Result<String, InvalidGate> {
    Audience::parse(text).map(|_| text.to_owned())
}

fn client_id(text: &str) -> Result<String, String> {
    audience(text).map_err(|error| match error {
        InvalidGate::Audience { value, why } => format!("client id `{value}` {why}"),
        other => other.to_string(),
    })
}

fn client_ids(field: &Field<'_>, report: &mut Report) -> Option<BTreeSet<String>> {
    let items = field.list(report)?;
    if items.is_empty() || items.len() > MAX_CLIENT_IDS {
        let found = items.len();
        report.error(&field.place, format!("has {found} client ids, and an app has 1 to {MAX_CLIENT_IDS}"));
        return None;
    }
    let mut ids = Some(BTreeSet::new());
    for item in items {
        match (item.word(client_id, report), &mut ids) {
            (Some(id), Some(ids)) => {
                if !ids.insert(id) {
                    report.warning(&item.place, "is there twice");
                }
            }
            _ => ids = None,
        }
    }
    ids
}
