//! What differs between two documents of a role, in the words of the table.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use signet_core::app::AppId;
use signet_core::role::RoleArn;
use signet_core::trust::document::{Document, Statement};
use signet_core::trust::gate::Gate;
use signet_reconcile::RoleReport;

/// What differs between the document that a role had, and the one that it has or would have.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Changes {
    /// The codes that come and go, by app; by provider and audience where no app has them.
    pub apps: BTreeMap<String, CodeChange>,
    /// Statements of the old document that are marked as ours and are not of our making, as written.
    pub odd: Vec<String>,
    /// The `Sid`s of statements of ours that are new.
    pub new: Vec<String>,
    /// Those that become other ones.
    pub changed: Vec<String>,
    /// Those that go.
    pub gone: Vec<String>,
    /// How many statements are not ours, and stay as they are.
    pub foreign: usize,
    /// The length of the new document, in characters.
    pub length: usize,
}

/// The codes that come and go for one app.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CodeChange {
    /// Those that come.
    pub added: BTreeSet<String>,
    /// Those that go.
    pub removed: BTreeSet<String>,
}

impl Changes {
    /// Compares a role's two documents; none where one of them is not known, or is no trust policy.
    #[must_use]
    pub fn of(role: &RoleReport, gates: &BTreeMap<AppId, Gate>) -> Option<Self> {
        let before = Document::parse(role.before.as_deref()?).ok()?;
        let after = Document::parse(role.after.as_deref()?).ok()?;
        let mut changes = Self { foreign: after.foreign().count(), length: after.length(), ..Self::default() };
        let (old, new) = (by_sid(&before), by_sid(&after));
        for (sid, statement) in &new {
            match old.get(sid) {
                None => changes.new.push((*sid).to_owned()),
                Some(known) if known != statement => changes.changed.push((*sid).to_owned()),
                Some(_) => {}
            }
        }
        changes.gone = old.keys().filter(|sid| !new.contains_key(*sid)).map(|sid| (*sid).to_owned()).collect();
        let (old, odd) = doors(&before, &role.role, gates);
        let (new, _) = doors(&after, &role.role, gates);
        changes.odd = odd;
        for app in old.keys().chain(new.keys()) {
            let none = BTreeSet::new();
            let (old, new) = (old.get(app).unwrap_or(&none), new.get(app).unwrap_or(&none));
            let change = CodeChange {
                added: new.difference(old).cloned().collect(),
                removed: old.difference(new).cloned().collect(),
            };
            if change != CodeChange::default() {
                changes.apps.insert(app.clone(), change);
            }
        }
        Some(changes)
    }
}

/// All codes that two documents of a role name in statements of ours.
#[must_use]
pub fn codes(role: &RoleReport) -> BTreeSet<String> {
    let documents = [&role.before, &role.after].into_iter().flatten();
    let documents = documents.filter_map(|text| Document::parse(text).ok());
    documents.flat_map(|document| doors(&document, &role.role, &BTreeMap::new()).0.into_values().flatten()).collect()
}

fn by_sid(document: &Document) -> BTreeMap<&str, BTreeSet<String>> {
    let mut found: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    for statement in document.ours() {
        found.entry(statement.sid().unwrap_or_default()).or_default().insert(statement.render());
    }
    found
}

/// The codes of each app in our statements, and statements with our mark that say something else.
fn doors(
    document: &Document,
    role: &RoleArn,
    gates: &BTreeMap<AppId, Gate>,
) -> (BTreeMap<String, BTreeSet<String>>, Vec<String>) {
    let mut found: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let mut odd = Vec::new();
    for statement in document.ours() {
        match Doors::of(statement) {
            None => odd.push(statement.render()),
            Some(doors) => {
                for principal in &doors.principals {
                    for audience in &doors.audiences {
                        let app = gates.iter().find(|(_, gate)| is_door(gate, role, principal, audience));
                        let app = app.map_or_else(|| format!("{principal} for {audience}"), |(app, _)| app.to_string());
                        found.entry(app).or_default().extend(doors.codes.iter().cloned());
                    }
                }
            }
        }
    }
    (found, odd)
}

fn is_door(gate: &Gate, role: &RoleArn, principal: &str, audience: &str) -> bool {
    let fits = match gate {
        Gate::Saml { audience: own, .. } => own.as_str() == audience,
        Gate::Oidc { audiences, .. } => audiences.iter().any(|own| own.as_str() == audience),
        Gate::IdentityPool { pool, .. } => pool.as_str() == audience,
    };
    fits && gate.principal(role) == principal
}

/// Whom a statement of ours lets in.
struct Doors {
    principals: Vec<String>,
    audiences: Vec<String>,
    codes: BTreeSet<String>,
}

impl Doors {
    /// None of a statement that is not as ours are.
    fn of(statement: &Statement) -> Option<Self> {
        let statement: Value = serde_json::from_str(&statement.render()).ok()?;
        let condition = |operator: &str| statement.get("Condition")?.get(operator)?.as_object();
        match statement.get("Effect")?.as_str()? {
            // The one that stands where nothing else is left.
            "Deny" => return Some(Self { principals: Vec::new(), audiences: Vec::new(), codes: BTreeSet::new() }),
            "Allow" => {}
            _ => return None,
        }
        let audience = |(key, _): &(&String, &Value)| key.to_ascii_lowercase().ends_with(":aud");
        let (_, audiences) = condition("StringEquals")?.iter().find(audience)?;
        let hash = |(key, _): &(&String, &Value)| key.eq_ignore_ascii_case("aws:RequestTag/GroupHash");
        let (_, patterns) = condition("StringLike")?.iter().find(hash)?;
        let code = |pattern: String| Some(pattern.strip_prefix("*:")?.strip_suffix(":*")?.to_owned());
        Some(Self {
            principals: texts(statement.get("Principal")?.get("Federated")?)?,
            audiences: texts(audiences)?,
            codes: texts(patterns)?.into_iter().map(code).collect::<Option<_>>()?,
        })
    }
}

/// One text, or a list of texts.
fn texts(value: &Value) -> Option<Vec<String>> {
    match value {
        Value::String(text) => Some(vec![text.clone()]),
        Value::Array(list) => list.iter().map(|one| one.as_str().map(str::to_owned)).collect(),
        _ => None,
    }
}
