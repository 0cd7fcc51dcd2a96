//! The trust policies of an account's roles, as they are.

use std::collections::{BTreeMap, BTreeSet};

use signet_core::app::{AppId, Mode};
use signet_core::grant::Timestamp;
use signet_core::role::RoleArn;
use signet_core::trust::audit::{NotReady, Wider, not_ready, wider};
use signet_core::trust::desired::{Desired, LeftOut};
use signet_core::trust::document::Document;
use signet_core::trust::gate::Gate;
use signet_core::trust::grants::{Codes, RoleEntry, codes_at};
use signet_core::trust::plan::{Fit, Plan};
use signet_iam::{Account, RoleFacts};
use signet_store::trust::account::{AccountState, RoleState};

use super::known::Known;
use super::{Finding, Weight, progress};
use crate::settings::Settings;

/// The longest part of a statement that a finding shows, in characters.
const SHOWN: usize = 300;

/// What an account's roles are held against.
pub(super) struct Policies<'a> {
    pub(super) known: &'a Known,
    pub(super) settings: &'a Settings,
    pub(super) state: &'a AccountState,
    /// The grants of each role of the account.
    pub(super) entries: &'a BTreeMap<RoleArn, Vec<RoleEntry>>,
    pub(super) now: Timestamp,
}

impl Policies<'_> {
    /// What is wrong with the account's roles, ours or not.
    pub(super) fn findings(&self, account: &Account, roles: &[RoleFacts]) -> Vec<Finding> {
        let mut found = Vec::new();
        for facts in roles {
            match RoleArn::parse(&facts.arn).ok().and_then(|arn| self.state.roles.get(&arn)) {
                Some(state) => found.extend(self.ours(state, &facts.trust_policy)),
                None => found.extend(self.foreign(account, facts)),
            }
        }
        let listed: BTreeSet<&str> = roles.iter().map(|facts| facts.arn.as_str()).collect();
        let missing = self.state.roles.keys().filter(|role| role.partition() == account.partition);
        for role in missing.filter(|role| !listed.contains(role.as_str())) {
            found.extend(self.gone(role, roles));
        }
        found
    }

    fn codes(&self, role: &RoleArn) -> Codes {
        let entries = self.entries.get(role).map(Vec::as_slice).unwrap_or_default();
        codes_at(entries, self.known.gates.keys(), self.now)
    }

    /// A role that has, or had, grants.
    fn ours(&self, state: &RoleState, policy: &str) -> Vec<Finding> {
        let role = &state.role;
        let document = match Document::parse(policy) {
            Ok(document) => document,
            Err(error) => return vec![Finding::new(Weight::Error, "unreadable", role.as_str(), error.to_string())],
        };
        let codes = self.codes(role);
        let desired = Desired::new(role, self.known.width, &self.known.gates, &codes);
        let written = state.written.as_ref().map(|written| written.codes.clone()).unwrap_or_default();
        let plan = Plan::new(&document, &desired, &written, self.settings.quota);
        let mut found = Vec::new();
        let bounds = &self.settings.bounds;
        let is_bounded = !bounds.paths.is_empty() || bounds.tag.is_some();
        if is_bounded && !desired.is_empty() && !bounds.may_admit(role) {
            let text = "it has grants and is outside the bounds: its trust policy is not written";
            found.push(Finding::new(Weight::Error, "out_of_bounds", role.as_str(), text));
        }
        found.extend(desired.left_out().iter().filter_map(|left| left_out(role, left)));
        found.extend(self.drift(state, &document, &plan));
        found.extend(capacity(role, &plan, self.settings));
        found.extend(wider(&document, role, &self.known.gates, &desired).iter().map(|one| self.wider(role, one, true)));
        found.extend(not_ready(&document, role, &self.known.gates).iter().map(|one| self.not_ready(role, one)));
        found
    }

    /// Whether somebody else changed what we wrote: a role that waits for us differs by right.
    fn drift(&self, state: &RoleState, document: &Document, plan: &Plan) -> Option<Finding> {
        let account_wanted = self.state.wanted();
        if plan.write.is_none() || state.is_unreconciled(account_wanted) || state.is_due(account_wanted, self.now) {
            return None;
        }
        let written = state.written.as_ref();
        let taken = written.and_then(|written| written.at);
        if taken.is_some_and(|taken| !self.settings.is_settled(taken, self.now)) {
            return None;
        }
        let (there, wanted) = (document.ours().count(), plan.document.ours().count());
        let text = if written.is_none() {
            format!(
                "nobody attended to it yet, and its trust policy has {there} statements of ours where {wanted} are \
                 wanted: `signet trust sync` brings them"
            )
        } else {
            format!(
                "somebody else changed our statements: {there} are there, {wanted} are wanted, and they do not mean \
                 the same; `signet trust plan` shows the difference, `signet trust sync` mends it"
            )
        };
        Some(Finding::new(Weight::Error, "drift", state.role.as_str(), text))
    }

    /// A role that never had grants.
    fn foreign(&self, account: &Account, facts: &RoleFacts) -> Vec<Finding> {
        // Of the role, terms take no more than its partition and account: a name that we do not take,
        // since AWS reads its comma in a SAML attribute as its end, must not hide what the role trusts.
        let stand_in = || RoleArn::parse(&format!("arn:{}:iam::{}:role/x", account.partition, account.id)).ok();
        let Some(role) = RoleArn::parse(&facts.arn).ok().or_else(stand_in) else { return Vec::new() };
        match Document::parse(&facts.trust_policy) {
            Err(error) => vec![Finding::new(Weight::Note, "unreadable", facts.arn.clone(), error.to_string())],
            Ok(document) => {
                let nobody = Desired::new(&role, self.known.width, &self.known.gates, &Codes::new());
                let all = wider(&document, &role, &self.known.gates, &nobody);
                let mut found: Vec<Finding> = all.iter().map(|one| self.wider(&role, one, false)).collect();
                for finding in &mut found {
                    finding.subject.clone_from(&facts.arn);
                }
                if document.ours().any(|statement| statement.sid() != Some("SignetNone")) {
                    let text = "it has statements of ours, and the table has never granted it: nobody withdraws them";
                    found.push(Finding::new(Weight::Error, "orphan", facts.arn.clone(), text));
                }
                found
            }
        }
    }

    fn wider(&self, role: &RoleArn, wider: &Wider, is_granted: bool) -> Finding {
        let app = &wider.app;
        let statement = shortened(&wider.statement);
        // Whoever has a SAML assertion of ours, or a token with the roles claim, has it for roles that
        // they were granted. Otherwise the trust policy is the only gate.
        let is_only_gate = matches!(
            self.known.gates.get(app),
            Some(Gate::Oidc { roles_claim: false, .. } | Gate::IdentityPool { .. })
        );
        if wider.lacks.is_empty() {
            let weight = if is_granted { Weight::Warning } else { Weight::Note };
            let text = format!(
                "a statement that is not ours cannot be read for certain, and may let sign-ins of `{app}` in more \
                 widely: {statement}"
            );
            return Finding::new(weight, "wider", role.as_str(), text);
        }
        let weight = match (is_only_gate, is_granted) {
            (true, _) => Weight::Error,
            (false, true) => Weight::Warning,
            (false, false) => Weight::Note,
        };
        let text = format!(
            "a statement that is not ours lets sign-ins of `{app}` in more widely: it does not demand {} as ours do: \
             {statement}",
            wider.lacks.join(", ")
        );
        Finding::new(weight, "wider", role.as_str(), text)
    }

    fn not_ready(&self, role: &RoleArn, not_ready: &NotReady) -> Finding {
        let joined = |actions: &BTreeSet<&'static str>| actions.iter().copied().collect::<Vec<_>>().join(" and ");
        let (app, sends) = (&not_ready.app, self.sends_tags(&not_ready.app));
        let finding = |weight, text| Finding::new(weight, "not_ready", role.as_str(), text);
        if not_ready.lacks.is_empty() {
            let text = format!(
                "it cannot be said whether it lets sign-ins of `{app}` in with {}: a condition or a statement that \
                 cannot be read for certain stands before it. Look at its trust policy before the app sends tags",
                joined(&not_ready.doubtful)
            );
            return finding(Weight::Warning, text);
        }
        let lacks = joined(&not_ready.lacks);
        if sends {
            let text = format!(
                "it lets sign-ins of `{app}` in without {lacks}: the app sends tags and a source identity, so that \
                 every sign-in to the role fails"
            );
            return finding(Weight::Error, text);
        }
        let text = format!(
            "it lets sign-ins of `{app}` in without {lacks}: every sign-in to the role would fail once the app sends \
             tags. Bring the role up to date before the app leaves mode `observe`"
        );
        finding(Weight::Warning, text)
    }

    fn sends_tags(&self, app: &AppId) -> bool {
        let stated = self.known.apps.get(app).and_then(|known| known.stated.as_ref());
        stated.is_some_and(|stated| stated.app.mode == Mode::Enforce)
    }

    /// A role that has grants and is not there.
    fn gone(&self, role: &RoleArn, roles: &[RoleFacts]) -> Option<Finding> {
        let granted: BTreeSet<_> = self.codes(role).into_values().flatten().collect();
        if granted.is_empty() {
            return None;
        }
        // Names are unique in an account, whatever their case or path (IAM API reference, `CreateRole`).
        let of_name = roles
            .iter()
            .find(|facts| facts.arn.rsplit_once('/').is_some_and(|(_, name)| name.eq_ignore_ascii_case(role.name())));
        let text = match of_name {
            Some(other) => format!(
                "there is no such role, but `{}` of the same name: sign-ins offer a role that nobody can assume",
                other.arn
            ),
            None => "there is no such role: sign-ins offer one that nobody can assume".to_owned(),
        };
        Some(Finding::new(Weight::Warning, "gone", role.as_str(), text))
    }
}

/// What of this role is left out for the role's own sake; what is left out of all roles is said of the app.
fn left_out(role: &RoleArn, left: &LeftOut) -> Option<Finding> {
    let text = match left {
        LeftOut::OtherWidth(code) => {
            format!("code `{code}` is granted, and has another width than the table's codes: it is not let in")
        }
        LeftOut::Unnamed(app) => format!(
            "app `{app}` is not let in: a trust policy in partition `{}` cannot name its identity pool, or its user pool",
            role.partition()
        ),
        LeftOut::SharedGate(..) | LeftOut::NoGate(_) => return None,
    };
    Some(Finding::new(Weight::Error, "not_let_in", role.as_str(), text))
}

fn capacity(role: &RoleArn, plan: &Plan, settings: &Settings) -> Option<Finding> {
    let Fit::TooLong { length, withheld, .. } = &plan.fit else {
        return progress::full(role.as_str(), plan.document.length(), settings.quota);
    };
    let codes: BTreeSet<_> = withheld.values().flatten().collect();
    let apps: Vec<String> = withheld.keys().map(|app| format!("`{app}`")).collect();
    let text = format!(
        "its trust policy would have {length} characters and may have {}: {} codes of {} are withheld",
        settings.quota.characters(),
        codes.len(),
        apps.join(", ")
    );
    Some(Finding::new(Weight::Error, "capacity", role.as_str(), text))
}

fn shortened(statement: &str) -> String {
    let mut text: String = statement.chars().take(SHOWN).collect();
    if statement.chars().nth(SHOWN).is_some() {
        text.push('…');
    }
    text
}
