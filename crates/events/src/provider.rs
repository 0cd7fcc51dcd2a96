//! `signet.provider.changed.v1`: the identity provider of an app.

use std::collections::BTreeSet;

use signet_core::app::AppId;
use signet_core::role::{Protocol, ProviderName};

use crate::fields::{Field, Fields, Report, optional};
use crate::problem::shown;
use crate::state::{State, check_subject, revision, state};

/// The longest name of an app, in characters.
pub const MAX_NAME: usize = 256;

/// The fewest and the most characters of SAML metadata (IAM API reference, `CreateSAMLProvider`). An
/// event's size limits it far below the most.
pub const METADATA_CHARS: std::ops::RangeInclusive<usize> = 1_000..=10_000_000;

/// The longest issuer URL and the longest client id, in characters (IAM API reference,
/// `CreateOpenIDConnectProvider`).
pub const MAX_IAM_CHARS: usize = 255;

/// The most client ids of a provider (IAM quotas).
pub const MAX_CLIENT_IDS: usize = 100;

/// The longest audience, in characters.
pub const MAX_AUDIENCE: usize = 1_024;

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
    let saml_metadata = optional(fields.get("saml_metadata"), |f| f.word(metadata, report));
    let issuer_url = optional(fields.get("issuer_url"), |f| f.word(issuer, report));
    let client_ids = optional(fields.get("client_ids"), |f| client_ids(f, report));
    let audience = optional(fields.get("audience"), |f| f.word(audience, report));
    if let (Some(protocol), Some(state)) = (protocol, state) {
        check_protocol(&fields, protocol, state, report);
    }
    Some(ProviderChanged {
        app: app?,
        revision: revision?,
        state: state?,
        name: name?.to_owned(),
        protocol: protocol?,
        provider: provider?,
        saml_metadata: saml_metadata?,
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

fn metadata(text: &str) -> Result<String, String> {
    let chars = text.chars().count();
    if METADATA_CHARS.contains(&chars) {
        return Ok(text.to_owned());
    }
    Err(format!(
        "`{}` has {chars} characters: IAM takes {} to {}",
        shown(text),
        METADATA_CHARS.start(),
        METADATA_CHARS.end()
    ))
}

/// The URL of an issuer, by IAM's rules for `CreateOpenIDConnectProvider`.
fn issuer(text: &str) -> Result<String, String> {
    let refuse = |why: &str| Err(format!("issuer `{}` {why}", shown(text)));
    let Some(rest) = text.strip_prefix("https://") else {
        return refuse("does not begin `https://`");
    };
    let host = rest.split('/').next().unwrap_or_default();
    if text.len() > MAX_IAM_CHARS {
        refuse("is longer than 255 characters")
    } else if !text.chars().all(|c| c.is_ascii_graphic()) {
        refuse("has white space, or characters other than ASCII's")
    } else if text.contains(['?', '#']) {
        refuse("has a query or a fragment, which IAM does not take")
    } else if host.is_empty() || host.contains('@') {
        refuse("has no plain host name")
    } else {
        Ok(text.to_owned())
    }
}

fn audience(text: &str) -> Result<String, String> {
    let why = if text.is_empty() {
        "is empty"
    } else if text.chars().nth(MAX_AUDIENCE).is_some() {
        "is longer than 1024 characters"
    } else if text.chars().any(|c| c.is_whitespace() || c.is_control()) {
        "has white space or a control character"
    } else {
        return Ok(text.to_owned());
    };
    Err(format!("audience `{}` {why}", shown(text)))
}

fn client_ids(field: &Field<'_>, report: &mut Report) -> Option<BTreeSet<String>> {
    let items = field.list(report)?;
    if items.is_empty() || items.len() > MAX_CLIENT_IDS {
        report.error(&field.place, format!("has {} client ids: IAM takes 1 to {MAX_CLIENT_IDS}", items.len()));
        return None;
    }
    let mut ids = Some(BTreeSet::new());
    for item in items {
        match (item.name(MAX_IAM_CHARS, report), &mut ids) {
            (Some(id), Some(ids)) => {
                if !ids.insert(id.to_owned()) {
                    report.warning(&item.place, "is there twice");
                }
            }
            _ => ids = None,
        }
    }
    ids
}
