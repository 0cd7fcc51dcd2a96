//! The identity providers of an account, as they are.

use std::collections::{BTreeMap, BTreeSet};

use signet_core::app::AppId;
use signet_core::grant::Timestamp;
use signet_core::role::RoleArn;
use signet_core::trust::gate::{Gate, Issuer};
use signet_core::trust::grants::{RoleEntry, codes_at};
use signet_iam::{Account, Providers};
use signet_store::trust::account::AccountState;

use super::known::{Known, provider_name};
use super::{Finding, Weight};

/// What is wrong with an account's providers.
pub(super) fn findings(
    known: &Known,
    account: &Account,
    providers: &Providers,
    state: &AccountState,
    entries: &BTreeMap<RoleArn, Vec<RoleEntry>>,
    now: Timestamp,
) -> Vec<Finding> {
    let mut found = missing(known, providers, state, entries, now);
    found.extend(without_app(known, account, providers));
    found
}

/// Providers that roles of the account are to trust, and that are not there.
fn missing(
    known: &Known,
    providers: &Providers,
    state: &AccountState,
    entries: &BTreeMap<RoleArn, Vec<RoleEntry>>,
    now: Timestamp,
) -> Vec<Finding> {
    let mut wanted: BTreeMap<String, BTreeSet<AppId>> = BTreeMap::new();
    for (role, entries) in entries {
        for app in codes_at(entries, known.gates.keys(), now).into_keys() {
            match known.gates.get(&app) {
                None | Some(Gate::IdentityPool { .. }) => {}
                Some(gate) => {
                    wanted.entry(gate.principal(role)).or_default().insert(app);
                }
            }
        }
    }
    let is_there = |arn: &String| providers.saml.contains(arn) || providers.oidc.contains(arn);
    let is_under_way = state.row.as_ref().is_some_and(|row| row.wanted > row.applied);
    let missing = wanted.into_iter().filter(|(arn, _)| !is_there(arn));
    let finding = |(arn, apps): (String, BTreeSet<AppId>)| {
        let apps: Vec<String> = apps.iter().map(|app| format!("`{app}`")).collect();
        let apps = apps.join(", ");
        if is_under_way {
            let text = format!("the provider of {apps} is not there, and the account is still to be attended to");
            return Finding::new(Weight::Warning, "provider_missing", arn, text);
        }
        let text = format!(
            "the provider of {apps} is not there, so that nobody signs in: `signet trust sync` creates it if a \
             provider event brought its metadata; else it is to be created by hand"
        );
        Finding::new(Weight::Error, "provider_missing", arn, text)
    };
    missing.map(finding).collect()
}

/// Providers with names of ours that no app has any more, or that none ever had.
fn without_app(known: &Known, account: &Account, providers: &Providers) -> Vec<Finding> {
    let at = |kind: &str, name: &str| format!("arn:{}:iam::{}:{kind}/{name}", account.partition, account.id);
    let saml = |name: &str| at("saml-provider", name);
    let mut alive = BTreeSet::new();
    let mut deleted: BTreeMap<String, &AppId> = BTreeMap::new();
    let mut prefixes = BTreeSet::new();
    for (id, app) in &known.apps {
        let mut arns: Vec<String> = provider_name(app).map(|name| saml(name.as_str())).into_iter().collect();
        let issuer = app.provider.as_ref().and_then(|half| half.issuer_url.as_deref());
        arns.extend(
            issuer.and_then(|url| Issuer::from_url(url).ok()).map(|issuer| at("oidc-provider", issuer.as_str())),
        );
        prefixes.extend(provider_name(app).and_then(|name| prefix(name.as_str())));
        if app.provider.as_ref().is_some_and(|half| !half.active) {
            deleted.extend(arns.into_iter().map(|arn| (arn, id)));
        } else {
            alive.extend(arns);
        }
    }
    let mut found = Vec::new();
    for arn in providers.saml.iter().chain(&providers.oidc).filter(|arn| !alive.contains(*arn)) {
        if let Some(app) = deleted.get(arn) {
            let text = format!(
                "its app `{app}` was deleted, and the provider is there still: roles that trust it keep it, and \
                 whoever signs for it may enter them"
            );
            found.push(Finding::new(Weight::Warning, "provider_without_app", arn.clone(), text));
            continue;
        }
        let name = arn.rsplit_once(":saml-provider/").map(|(_, name)| name);
        if name.and_then(prefix).is_some_and(|prefix| prefixes.contains(prefix)) {
            let text = "it is named like providers of ours, and no app has it";
            found.push(Finding::new(Weight::Note, "provider_without_app", arn.clone(), text));
        }
    }
    found
}

/// What the names of a deployment's providers begin with: up to the first hyphen (`okta-databricks`).
fn prefix(name: &str) -> Option<&str> {
    name.split_once('-').map(|(prefix, _)| prefix).filter(|prefix| !prefix.is_empty())
}
