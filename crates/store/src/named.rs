//! Who issues an app's tokens, and whom they or its assertions are for.
//!
//! The operator's file may say so, and so may provider events; where both do, the event counts.

use std::collections::BTreeSet;

use signet_core::app::{App, CognitoKind};
use signet_core::role::Protocol;
use signet_core::trust::gate::{InvalidGate, Issuer};

use crate::provider::{AppProvider, Standing};

/// What provider events name, beside an app's file.
#[derive(Debug, Clone, Copy, Default)]
pub struct Named<'e> {
    issuer_url: Option<&'e str>,
    audience: Option<&'e str>,
}

impl<'e> Named<'e> {
    /// What the last event named; nothing where none spoke of the app.
    #[must_use]
    pub fn by(event: Option<&'e AppProvider>) -> Self {
        event.map_or_else(Self::default, |event| Self {
            issuer_url: event.issuer_url.as_deref(),
            audience: event.audience.as_deref(),
        })
    }

    pub(crate) fn by_standing(event: &'e Standing) -> Self {
        Self { issuer_url: event.issuer_url.as_deref(), audience: event.audience.as_deref() }
    }

    /// The issuer of the app's tokens: the event's, where it states one, else the file's; none if neither
    /// does. An app whose file and whose event disagree is not active.
    ///
    /// # Errors
    /// [`InvalidGate::Issuer`] if the event's is none that a trust policy can name.
    pub fn issuer(self, file: &App) -> Result<Option<Issuer>, InvalidGate> {
        match self.issuer_url {
            Some(url) => Issuer::from_url(url).map(Some),
            None => Ok(file.tokens.issuer.clone()),
        }
    }

    /// The audience: the event's, where it states one, else the file's.
    #[must_use]
    pub fn audience<'a>(self, file: &'a App) -> &'a str
    where
        'e: 'a,
    {
        self.audience.unwrap_or(&file.audience)
    }
}

/// All audiences that count for an app. It is one, but for the tokens of an app whose last provider event
/// states none: those may be for any of the event's client ids, and for nothing else. None are left where
/// that event names no client either.
#[must_use]
pub fn audiences<'a>(file: &'a App, event: Option<&'a AppProvider>) -> BTreeSet<&'a str> {
    let audience = Named::by(event).audience(file);
    let by_clients = match file.protocol {
        Protocol::Saml => false,
        Protocol::Oidc => true,
        Protocol::Cognito => CognitoKind::of_audience(audience) == CognitoKind::Oidc,
    };
    match event {
        Some(event) if by_clients && event.audience.is_none() => event.client_ids.iter().map(String::as_str).collect(),
        _ => BTreeSet::from([audience]),
    }
}
