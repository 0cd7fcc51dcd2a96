//! The grants of an entitlement file.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use signet_core::app::AppId;
use signet_core::grant::{Grant, Timestamp};
use signet_core::group::GroupKey;
use signet_core::role::RoleArn;
use signet_store::statement::StatedGroup;

use super::fields::{Field, Fields, Report};
use super::problem::Problem;
use crate::text::printable;

/// The longest name that people call a group, in characters. No rule of AWS: a group's item is
/// read at every sign-in.
const MAX_LABEL: usize = 256;

/// Whoever writes `Readers: all` without quotes means a name, and has written a map.
const KEY_HINT: &str = "the value that the app's claim carries is expected; a name with a colon in it needs quotes";

/// What the list of grants states.
#[derive(Debug, Default)]
pub(super) struct Grants {
    pub(super) groups: BTreeMap<GroupKey, StatedGroup>,
    /// The apps that grants are limited to, each where it is first named.
    pub(super) apps: Vec<(AppId, Problem)>,
}

/// Reads the list of grants. Whatever is wrong is noted; what is right is in the answer.
pub(super) fn read_all(grants: &Field<'_>, now: Timestamp, report: &mut Report) -> Grants {
    let mut all = Reader::default();
    for field in grants.list(report).unwrap_or_default() {
        all.grant(&field, now, report);
    }
    all.grants
}

#[derive(Default)]
struct Reader {
    grants: Grants,
    named: BTreeSet<AppId>,
    /// Where each label was first given.
    labels: HashMap<GroupKey, u64>,
    /// Where each grant was first stated.
    stated: BTreeMap<(GroupKey, Grant), u64>,
}

impl Reader {
    fn grant(&mut self, field: &Field<'_>, now: Timestamp, report: &mut Report) {
        let Some(fields) = Fields::read(field.node, &field.path, &["role", "groups", "apps", "expires_at"], report)
        else {
            return;
        };
        let role = fields.required("role", "the ARN of the role is expected", report).and_then(|role| {
            let text = role.text(report)?;
            report.parsed(&role, RoleArn::parse(text))
        });
        let groups = fields.required("groups", "the groups that may assume the role are expected", report);
        let groups = groups.and_then(|groups| named_groups(&groups, report));
        let apps = match fields.get("apps") {
            None => Some(None),
            Some(apps) => self.apps(&apps, report).map(Some),
        };
        let expires_at = match fields.get("expires_at") {
            None => Some(None),
            Some(end) => expires_at(&end, now, report).map(Some),
        };
        let (Some(role), Some(groups), Some(apps), Some(expires_at)) = (role, groups, apps, expires_at) else {
            return;
        };
        let grant = Grant { role, apps, expires_at };
        for (place, key, label) in groups {
            self.state(&place, key, label, &grant, report);
        }
    }

    fn state(&mut self, place: &Field<'_>, key: GroupKey, label: Option<String>, grant: &Grant, report: &mut Report) {
        let at = place.node.at;
        if let Some(first) = self.stated.insert((key.clone(), grant.clone()), at.line) {
            let what = format!("group `{}` has this very grant already, from line {first}", shown(&key));
            report.warning(at, &place.path, &what);
        }
        let stated = self.grants.groups.entry(key.clone()).or_default();
        match (&stated.label, label) {
            (Some(first), Some(other)) if *first != other => {
                let line = self.labels.get(&key).copied().unwrap_or_default();
                let what = format!(
                    "group `{}` is called `{}` here and `{}` in line {line}: the first label is taken",
                    shown(&key),
                    printable(&other),
                    printable(first)
                );
                report.warning(at, &place.path, &what);
            }
            (None, Some(label)) => {
                stated.label = Some(label);
                self.labels.insert(key, at.line);
            }
            _ => {}
        }
        stated.grants.insert(grant.clone());
    }

    fn apps(&mut self, field: &Field<'_>, report: &mut Report) -> Option<BTreeSet<AppId>> {
        let items = field.list(report)?;
        if items.is_empty() {
            let what = "is empty, so the grant would count nowhere: name an app, or leave the field out for all apps";
            report.error(field.node.at, &field.path, what);
            return None;
        }
        let mut apps = Some(BTreeSet::new());
        for item in items {
            let app = item.text(report).and_then(|text| report.parsed(&item, AppId::parse(text)));
            let (Some(app), Some(apps)) = (app, &mut apps) else {
                apps = None;
                continue;
            };
            if self.named.insert(app.clone()) {
                let what =
                    format!("app `{app}` is neither in this file nor in the table: the grant does not count yet");
                let problem = Problem::new(item.node.at.line, item.node.at.column, &item.path, what);
                self.grants.apps.push((app.clone(), problem));
            }
            if !apps.insert(app) {
                report.warning(item.node.at, &item.path, "is there twice");
            }
        }
        apps
    }
}

/// The groups of one grant, each with its place.
fn named_groups<'n>(field: &Field<'n>, report: &mut Report) -> Option<Vec<(Field<'n>, GroupKey, Option<String>)>> {
    let items = field.list(report)?;
    if items.is_empty() {
        report.error(field.node.at, &field.path, "is empty: name a group, or remove the grant");
        return None;
    }
    let mut groups = Some(Vec::new());
    for item in items {
        match (group(&item, report), &mut groups) {
            (Some((key, label)), Some(groups)) => groups.push((item, key, label)),
            _ => groups = None,
        }
    }
    groups
}

/// A group's key, alone or with a label.
fn group(field: &Field<'_>, report: &mut Report) -> Option<(GroupKey, Option<String>)> {
    if !matches!(field.node.value, super::node::Value::Map(_)) {
        let key = field.text(report)?;
        return Some((report.parsed(field, GroupKey::new(key))?, None));
    }
    let fields = Fields::read(field.node, &field.path, &["key", "label"], report)?;
    let key = fields.required("key", KEY_HINT, report);
    let key = key.and_then(|key| {
        let text = key.text(report)?;
        report.parsed(&key, GroupKey::new(text))
    });
    let label = match fields.get("label") {
        None => Some(None),
        Some(label) => label.name(MAX_LABEL, report).map(|label| Some(label.to_owned())),
    };
    Some((key?, label?))
}

fn expires_at(field: &Field<'_>, now: Timestamp, report: &mut Report) -> Option<Timestamp> {
    let text = field.text(report)?;
    let end = report.parsed(field, crate::time::parse(text))?;
    if end <= now {
        report.warning(
            field.node.at,
            &field.path,
            &format!("the grant has ended already, at {}", crate::time::show(end)),
        );
    }
    Some(end)
}

fn shown(key: &GroupKey) -> String {
    printable(key.as_str())
}
