//! What the table has of apps, and how far it reaches.

use std::collections::{BTreeMap, BTreeSet};

use signet_core::app::{App, AppId, Codes, Mode};
use signet_core::code::CodeWidth;
use signet_core::grant::{Grant, Timestamp};
use signet_core::group::GroupKey;
use signet_core::oidc::MAX_TOKEN_CHARACTERS;
use signet_core::role::{Protocol, RoleArn};
use signet_facts::GROUPS_OF_OKTA as CLAIM_GROUPS;
use signet_store::Corrupt;
use signet_store::trust::desired::KnownApp;

use super::{Check, State, fault};

/// How many roles an assertion of Okta's has room for, at the least: 100,000 characters of base64, with a
/// pair of long ARNs each.
const SAML_ROLES: usize = 225;
/// How few literal characters make a pattern of identities that says next to nothing.
const FEW_LITERALS: usize = 4;

/// What is known of apps.
#[derive(Debug, Clone, Copy)]
pub struct Known<'k> {
    /// The table's code width.
    pub width: CodeWidth,
    /// All apps.
    pub apps: &'k BTreeMap<AppId, KnownApp>,
    /// The apps that no role lets in, and why.
    pub without_gate: &'k [(AppId, String)],
    /// What all sources grant each group.
    pub groups: &'k BTreeMap<GroupKey, BTreeSet<Grant>>,
    /// The moment at which it is looked at.
    pub now: Timestamp,
}

/// Looks at every app.
#[must_use]
pub fn checks(known: &Known<'_>) -> Vec<Check> {
    if known.apps.is_empty() {
        let text = "the table has no app: every sign-in is denied";
        return vec![Check::not_ok(State::Warning, "apps", "-", text, "`signet apply` a file that states apps")];
    }
    known.apps.iter().flat_map(|(id, app)| of(known, id, app)).collect()
}

/// A row of an account or a role that cannot be read: what it has of apps is not known.
#[must_use]
pub fn unreadable(table: &str, corrupt: &Corrupt) -> Check {
    Check::not_ok(State::Error, "row", table, corrupt.to_string(), fault::FOREIGN_ITEM)
}

fn of(known: &Known<'_>, id: &AppId, app: &KnownApp) -> Vec<Check> {
    let subject = id.as_str();
    let Some(stated) = &app.stated else {
        let text = "provider events speak of it, and no entitlement file states its rules: its sign-ins are denied";
        return vec![Check::not_ok(State::Warning, "app", subject, text, "`signet apply` a file that states it")];
    };
    if let Some(why) = app.inactive {
        let is_meant = !stated.active || app.provider.as_ref().is_some_and(|event| !event.active);
        let (state, fix) = if is_meant {
            (State::Note, "nothing, if that is meant")
        } else {
            (State::Error, "make the file and the provider event say the same")
        };
        return vec![Check::not_ok(state, "app", subject, format!("its sign-ins are denied: {why}"), fix)];
    }
    let mut checks = Vec::new();
    if let Some((_, why)) = known.without_gate.iter().find(|(without, _)| without == id) {
        let fix = "state it in the entitlement file or by a provider event: until then no role trusts the app";
        checks.push(Check::not_ok(State::Error, "provider", subject, why.clone(), fix));
    }
    let rules = &stated.app;
    checks.extend(identity(rules));
    if rules.groups_claim.trim().is_empty() {
        let text = "its claim of groups has no name: nobody has a group";
        checks.push(Check::not_ok(State::Error, "groups_claim", subject, text, "`groups: { claim: … }` in the file"));
    }
    checks.extend(reach(known, rules));
    if rules.mode == Mode::Observe {
        let text =
            format!("{}, observe: its sign-ins stay as they are, and get nothing from Signet", rules.protocol.as_str());
        checks.push(Check::not_ok(
            State::Note,
            "app",
            subject,
            text,
            "nothing while it is tried; then `mode: enforce`",
        ));
    } else if checks.is_empty() {
        checks.push(Check::ok("app", subject, format!("{}, {}", rules.protocol.as_str(), rules.mode.as_str())));
    }
    checks
}

/// Whether the pattern of identities keeps anybody out.
fn identity(app: &App) -> Option<Check> {
    let pattern = app.identity.pattern.as_str();
    let literals = pattern.chars().filter(|c| *c != '*').count();
    let any_domain = pattern.rsplit_once('@').is_some_and(|(_, domain)| domain.contains('*'));
    let anywhere = pattern.starts_with('*') && pattern.ends_with('*');
    let is_wide = literals < FEW_LITERALS || any_domain || anywhere;
    is_wide.then(|| {
        let text = format!("its identities may be `{pattern}`, which people of other organisations can have");
        let fix = "name the whole domain: `pattern: \"*@example.com\"`";
        Check::not_ok(State::Warning, "identity_pattern", app.id.as_str(), text, fix)
    })
}

/// How many groups and roles one person could have at most, against what a sign-in can carry.
fn reach(known: &Known<'_>, app: &App) -> Vec<Check> {
    let subject = app.id.as_str();
    let counting = |grants: &BTreeSet<Grant>| {
        let counts = |grant: &&Grant| grant.counts(&app.id, known.now).is_ok();
        grants.iter().filter(counts).map(|grant| grant.role.clone()).collect::<Vec<_>>()
    };
    let by_group: Vec<Vec<RoleArn>> = known.groups.values().map(counting).filter(|roles| !roles.is_empty()).collect();
    let (groups, capacity) = (by_group.len(), app.capacity(known.width));
    let mut checks = Vec::new();
    if groups == 0 {
        let text = "no grant counts in it: its sign-ins open nothing";
        checks.push(Check::not_ok(State::Warning, "grants", subject, text, "grant its groups something, or all apps"));
    }
    if groups > capacity {
        let text = format!("{groups} groups open something in it, and a sign-in carries {capacity} codes");
        checks.push(match app.codes {
            Codes::All => {
                let fix = "`codes: cover`, or fewer groups: a person in more of them is denied";
                Check::not_ok(State::Warning, "codes", subject, text, fix)
            }
            Codes::Cover => {
                let fix = "nothing, while groups share roles: the fewest that open every role are carried";
                Check::not_ok(State::Note, "codes", subject, text, fix)
            }
        });
    }
    if groups > CLAIM_GROUPS && app.protocol != Protocol::Cognito {
        let what = if app.protocol == Protocol::Saml { "an expression" } else { "a claim" };
        let text = format!("{groups} groups open something in it, and Okta cuts {what} at {CLAIM_GROUPS}");
        let fix = "a filter of the groups claim that leaves these groups alone; people in 100 of them are logged";
        checks.push(Check::not_ok(State::Note, "groups_claim", subject, text, fix));
    }
    let roles: BTreeSet<&RoleArn> = by_group.iter().flatten().collect();
    checks.extend(room(app, &roles));
    checks
}

/// Whether a person in every group would get a list of roles that AWS takes.
fn room(app: &App, roles: &BTreeSet<&RoleArn>) -> Option<Check> {
    let (used, limit, what) = match app.protocol {
        Protocol::Saml => (roles.len(), SAML_ROLES, "an assertion has room for about that many roles"),
        Protocol::Oidc | Protocol::Cognito if !app.tokens.roles_claim && app.cognito_kind().is_none() => return None,
        Protocol::Oidc | Protocol::Cognito => {
            // Quotes and a comma around each; every 3 bytes become 4 characters.
            let bytes: usize = roles.iter().map(|role| role.as_str().len() + 3).sum();
            (bytes.div_ceil(3) * 4, MAX_TOKEN_CHARACTERS, "AWS takes tokens of that many characters")
        }
    };
    let number = roles.len();
    let text = format!("a person in every group would get {number} roles: {used} of {limit}, {what}");
    let fix = "`apps:` on grants, or roles that groups share: who gets more is denied";
    if used > limit {
        Some(Check::not_ok(State::Warning, "roles", app.id.as_str(), text, fix))
    } else if used * 5 > limit * 4 {
        Some(Check::not_ok(State::Note, "roles", app.id.as_str(), text, fix))
    } else {
        None
    }
}

#[cfg(test)]
mod tests;
