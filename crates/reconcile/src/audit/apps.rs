//! Apps, their gates and certificates.

use std::collections::{BTreeMap, BTreeSet};

use signet_core::app::AppId;
use signet_core::trust::gate::Gate;
use signet_store::provider::AppProvider;

use super::known::Known;
use super::{Finding, Weight};

/// What is to be said of the table's apps.
pub(super) fn findings(known: &Known) -> Vec<Finding> {
    let mut found: Vec<Finding> = known.without.iter().map(|(app, why)| without_gate(known, app, why)).collect();
    found.extend(known.gates.iter().flat_map(|(app, gate)| gate_of(known, app, gate)));
    let active = known.apps.iter().filter_map(|(app, known)| Some((app, known.provider.as_ref()?)));
    let active: Vec<_> = active.filter(|(_, half)| half.active).collect();
    found.extend(active.iter().filter_map(|(app, half)| unread(app, half)));
    found.extend(shared_certificates(&active));
    found
}

/// A document that was noted before its certificates were.
fn unread(app: &AppId, half: &AppProvider) -> Option<Finding> {
    (half.metadata.is_some() && half.certificates.is_empty()).then(|| {
        let text = "the certificates in its metadata are not noted, so that they are compared with nobody's: publish \
                    its provider event again, with the next revision";
        Finding::new(Weight::Note, "certificates_unknown", app.as_str(), text)
    })
}

fn without_gate(known: &Known, app: &AppId, why: &str) -> Finding {
    let is_meant = known.apps.get(app).is_some_and(|app| app.inactive.is_some());
    let weight = if is_meant { Weight::Note } else { Weight::Error };
    Finding::new(weight, "no_gate", app.as_str(), format!("no role trusts its sign-ins: {why}"))
}

fn gate_of(known: &Known, app: &AppId, gate: &Gate) -> Vec<Finding> {
    let mut found = Vec::new();
    let sharing = known.gates.iter().filter(|(other, theirs)| *other != app && gate.meets(theirs));
    let sharing: Vec<String> = sharing.map(|(other, _)| format!("`{other}`")).collect();
    if !sharing.is_empty() {
        let text = format!(
            "its sign-ins come through the same gate as those of {}: roles could not tell them apart, and trust none \
             of them",
            sharing.join(", ")
        );
        found.push(Finding::new(Weight::Error, "shared_gate", app.as_str(), text));
    }
    match gate {
        Gate::Oidc { roles_claim: false, .. } => {
            let text = "its tokens carry no roles claim: the trust policy is the only gate between a token and a role, \
                        and whoever has a token may ask for any role that trusts its issuer and fits its groups";
            found.push(Finding::new(Weight::Warning, "roles_claim_off", app.as_str(), text));
        }
        Gate::IdentityPool { .. } => {
            let text =
                "its sign-ins come through an identity pool: no source identity is demanded, and none gets through";
            found.push(Finding::new(Weight::Note, "no_source_identity", app.as_str(), text));
        }
        Gate::Saml { .. } | Gate::Oidc { .. } => {}
    }
    found
}

/// Apps that one key signs for: whoever has the metadata of one can be taken for the other.
fn shared_certificates(active: &[(&AppId, &AppProvider)]) -> Vec<Finding> {
    let mut owners: BTreeMap<&str, BTreeSet<&AppId>> = BTreeMap::new();
    for (app, half) in active {
        for certificate in &half.certificates {
            owners.entry(certificate.as_str()).or_default().insert(app);
        }
    }
    let mut shared: BTreeMap<BTreeSet<&AppId>, Vec<&str>> = BTreeMap::new();
    for (certificate, apps) in owners.into_iter().filter(|(_, apps)| apps.len() > 1) {
        shared.entry(apps).or_default().push(certificate);
    }
    let mut found = Vec::new();
    for (ids, certificates) in shared {
        let subject: Vec<&str> = ids.iter().map(|app| app.as_str()).collect();
        let apps: Vec<String> = ids.iter().map(|app| format!("`{app}`")).collect();
        let text = format!(
            "one key signs for {}: an assertion for one of them can be made out for the others. The certificate's \
             SHA-256 is {}",
            apps.join(", "),
            certificates.join(", ")
        );
        found.push(Finding::new(Weight::Warning, "shared_certificate", subject.join(" "), text));
    }
    found
}
