//! Apps, as the table has them, as gates of trust policies.

use std::collections::BTreeMap;

use signet_core::app::{App, AppId};
use signet_core::role::Protocol;
use signet_core::trust::gate::{Audience, Gate, IdentityPoolId, InvalidGate, Issuer};
use signet_core::trust::nonempty::NonEmpty;
use signet_store::named::{Named, audiences};
use signet_store::provider::AppProvider;
use signet_store::trust::desired::KnownApp;

/// The gates of all apps that have one, and the apps that have none, with the reason for people.
///
/// An app has a gate only while it is active. That its decisions are only observed makes no difference:
/// it is being migrated, and roles must let its sign-ins in before they depend on it.
#[must_use]
pub fn gates(apps: &BTreeMap<AppId, KnownApp>) -> (BTreeMap<AppId, Gate>, Vec<(AppId, String)>) {
    let mut gates = BTreeMap::new();
    let mut without = Vec::new();
    for (id, app) in apps {
        match gate(app) {
            Ok(gate) => drop(gates.insert(id.clone(), gate)),
            Err(why) => without.push((id.clone(), why)),
        }
    }
    (gates, without)
}

fn gate(app: &KnownApp) -> Result<Gate, String> {
    if let Some(why) = app.inactive {
        return Err(why.to_owned());
    }
    let Some(stated) = &app.stated else { return Err("no entitlement file states the app's rules".to_owned()) };
    let (file, event) = (&stated.app, app.provider.as_ref());
    let gate = match file.protocol {
        Protocol::Saml => saml(file, event),
        Protocol::Oidc => tokens(file, event),
        Protocol::Cognito => cognito(file, event),
    };
    gate.map_err(|error| error.to_string())
}

/// What kept an app from having a gate.
#[derive(Debug, thiserror::Error)]
enum NoGate {
    #[error(transparent)]
    Invalid(#[from] InvalidGate),
    #[error("neither the entitlement file nor a provider event states the issuer of the app's tokens")]
    NoIssuer,
    #[error("the provider event states neither an audience nor a client id")]
    NoAudience,
}

fn issuer(file: &App, event: Option<&AppProvider>) -> Result<Issuer, NoGate> {
    Named::by(event).issuer(file)?.ok_or(NoGate::NoIssuer)
}

fn saml(file: &App, event: Option<&AppProvider>) -> Result<Gate, NoGate> {
    Ok(Gate::Saml {
        provider: file.provider.clone(),
        audience: Audience::parse(Named::by(event).audience(file))?,
        identity: file.identity.pattern.clone(),
    })
}

fn tokens(file: &App, event: Option<&AppProvider>) -> Result<Gate, NoGate> {
    let audiences = audiences(file, event).into_iter().map(Audience::parse).collect::<Result<_, _>>()?;
    Ok(Gate::Oidc {
        audiences: NonEmpty::new(audiences).ok_or(NoGate::NoAudience)?,
        issuer: issuer(file, event)?,
        identity: file.identity.pattern.clone(),
        roles_claim: file.tokens.roles_claim,
    })
}

/// A user pool is an issuer like any other, unless the audience is an identity pool: then that is the
/// gate, and the user pool the way to it.
fn cognito(file: &App, event: Option<&AppProvider>) -> Result<Gate, NoGate> {
    match IdentityPoolId::parse(Named::by(event).audience(file)) {
        Ok(pool) => Ok(Gate::IdentityPool { pool, user_pool: issuer(file, event)? }),
        Err(_) => tokens(file, event),
    }
}

#[cfg(test)]
mod tests;
