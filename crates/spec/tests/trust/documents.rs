//! Grants and gates in core's types, and whom core would have a role trust.

use std::collections::BTreeMap;

use signet_core::app::AppId;
use signet_core::code::{CodeWidth, GroupCode};
use signet_core::grant::Timestamp;
use signet_core::identity::IdentityPattern;
use signet_core::role::{ProviderName, RoleArn};
use signet_core::trust::desired::Desired;
use signet_core::trust::gate::{Audience, Gate, IdentityPoolId, Issuer};
use signet_core::trust::grants::{Codes, RoleEntry, codes_at};
use signet_core::trust::nonempty::NonEmpty;
use signet_spec::trust::entitled::{App, Entry, Kind, World};

/// What core makes of a world.
pub(crate) fn desired(world: &World) -> Desired {
    let gates = gates(world);
    let codes = granted(world, &gates);
    Desired::new(&role(world), CodeWidth::new(world.width as u64).unwrap(), &gates, &codes)
}

pub(crate) fn role(world: &World) -> RoleArn {
    RoleArn::parse(&world.role).unwrap()
}

pub(crate) fn gates(world: &World) -> BTreeMap<AppId, Gate> {
    world.apps.iter().map(|app| (AppId::parse(&app.id).unwrap(), gate(app))).collect()
}

fn granted(world: &World, gates: &BTreeMap<AppId, Gate>) -> Codes {
    let entries: Vec<RoleEntry> = world.entries.iter().map(role_entry).collect();
    codes_at(&entries, gates.keys(), Timestamp::from_seconds(world.now))
}

fn gate(app: &App) -> Gate {
    let audience = |text: &String| Audience::parse(text).unwrap();
    let identity = |pattern: &str| IdentityPattern::parse(pattern).unwrap();
    let name = |mark: &str| app.provider.split_once(mark).unwrap().1.to_owned();
    match &app.kind {
        Kind::Saml { pattern } => Gate::Saml {
            provider: ProviderName::parse(&name("saml-provider/")).unwrap(),
            audience: audience(&app.audiences[0]),
            identity: identity(pattern),
        },
        Kind::Oidc { pattern, roles_claim } => Gate::Oidc {
            issuer: Issuer::from_url(&format!("https://{}", name("oidc-provider/"))).unwrap(),
            audiences: NonEmpty::new(app.audiences.iter().map(audience).collect()).unwrap(),
            identity: identity(pattern),
            roles_claim: *roles_claim,
        },
        Kind::IdentityPool { user_pool } => Gate::IdentityPool {
            pool: IdentityPoolId::parse(&app.audiences[0]).unwrap(),
            user_pool: Issuer::from_url(&format!("https://{user_pool}")).unwrap(),
        },
    }
}

fn role_entry(entry: &Entry) -> RoleEntry {
    RoleEntry {
        code: GroupCode::parse(&entry.code).unwrap(),
        apps: entry.apps.as_ref().map(|apps| apps.iter().map(|app| AppId::parse(app).unwrap()).collect()),
        expires_at: entry.expires_at.map(Timestamp::from_seconds),
    }
}
