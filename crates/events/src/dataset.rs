//! `signet.dataset.changed.v1`: all grants of a dataset.

use std::collections::{BTreeMap, BTreeSet};

use signet_core::app::AppId;
use signet_core::grant::{Grant, SourceId};
use signet_core::group::GroupKey;
use signet_core::role::RoleArn;
use signet_json::Json;

use crate::fields::{Field, Fields, Report, optional};
use crate::problem::shown;
use crate::state::{State, check_subject, revision, state};
use crate::time;

/// The longest location of a dataset, in characters.
pub const MAX_LOCATION: usize = 2_048;

/// The longest label of a group, in characters.
pub const MAX_LABEL: usize = 256;

/// The most pairs of a group and an app that the grants of one event may limit. Each group has its
/// own copy of the apps, so that a small event could fill the memory without this limit.
pub const MAX_PAIRS: usize = 200_000;

/// The whole present state of a dataset.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DatasetChanged {
    /// The dataset, as a source of grants.
    pub dataset: SourceId,
    /// Its revision, 1 to [`MAX_REVISION`](crate::state::MAX_REVISION).
    pub revision: u64,
    /// Where the data is, in the producer's own words; for people.
    pub location: Option<String>,
    /// Whether the dataset is there. A deleted one has no grants.
    pub state: State,
    /// The grants, each once, by group: the group's key, what people call it, and what it is
    /// granted. A group has one label in all of them.
    ///
    /// An active dataset may have none here. Whether that is taken depends on what it had before,
    /// and is decided where that is known.
    pub grants: Vec<(GroupKey, Option<String>, Grant)>,
    /// How many more times the event states one of these grants.
    pub duplicates: usize,
}

impl DatasetChanged {
    /// The dataset's id, as the event has it.
    #[must_use]
    pub fn dataset_id(&self) -> &str {
        self.dataset.dataset_id().unwrap_or(self.dataset.as_str())
    }

    /// The groups that it grants something to.
    #[must_use]
    pub fn groups(&self) -> BTreeSet<&GroupKey> {
        self.grants.iter().map(|(group, ..)| group).collect()
    }

    /// The roles that it grants.
    #[must_use]
    pub fn roles(&self) -> BTreeSet<&RoleArn> {
        self.grants.iter().map(|(.., grant)| &grant.role).collect()
    }
}

pub(crate) fn read(data: &Field<'_>, subject: Option<&str>, report: &mut Report) -> Option<DatasetChanged> {
    let known = ["dataset", "revision", "location", "state", "grants"];
    let fields = Fields::closed(data, &known, report)?;
    check_subject(subject, "dataset", &fields, report);
    let dataset = fields.required("dataset", "the dataset's id is expected", report);
    let dataset = dataset.and_then(|f| f.word(SourceId::dataset, report));
    let revision = revision(&fields, report);
    let location = optional(fields.get("location"), |f| f.name(MAX_LOCATION, report));
    let state = state(&fields, report);
    let grants = match (state, fields.get("grants")) {
        (Some(State::Active), None) => {
            report.error(&format!("{}/grants", data.place), "is missing: all grants of the dataset are expected");
            None
        }
        (_, None) => Some(Vec::new()),
        (_, Some(grants)) => {
            let list = grants.list(report);
            if state == Some(State::Deleted) && list.as_ref().is_some_and(|list| !list.is_empty()) {
                report.error(&grants.place, "has grants, and a deleted dataset has none: leave them out");
            }
            list
        }
    };
    let mut reader = Reader::default();
    for grant in grants.iter().flatten() {
        reader.grant(grant, report);
    }
    grants?;
    Some(DatasetChanged {
        dataset: dataset?,
        revision: revision?,
        location: location?.map(str::to_owned),
        state: state?,
        duplicates: reader.duplicates,
        grants: reader.finish(),
    })
}

/// What was read of the grants so far.
#[derive(Debug, Default)]
struct Reader {
    groups: BTreeMap<GroupKey, (Option<String>, BTreeSet<Grant>)>,
    duplicates: usize,
    pairs: usize,
}

impl Reader {
    fn grant(&mut self, field: &Field<'_>, report: &mut Report) {
        let Some(fields) = Fields::closed(field, &["role", "groups", "apps", "expires_at"], report) else {
            return;
        };
        let role = fields.required("role", "the ARN of the role is expected", report);
        let role = role.and_then(|f| f.word(RoleArn::parse, report));
        let groups = fields.required("groups", "the groups that may assume the role are expected", report);
        let groups = groups.and_then(|f| named_groups(f, report));
        let apps = optional(fields.get("apps"), |f| apps(f, report));
        let expires_at = optional(fields.get("expires_at"), |f| f.word(time::seconds, report));
        let (Some(role), Some(groups), Some(apps), Some(expires_at)) = (role, groups, apps, expires_at) else {
            return;
        };
        self.pairs = self.pairs.saturating_add(groups.len().saturating_mul(apps.as_ref().map_or(0, BTreeSet::len)));
        if self.pairs > MAX_PAIRS {
            let what = format!("makes more than {MAX_PAIRS} pairs of a group and an app: name fewer of both");
            report.error(&field.place, what);
            return;
        }
        let grant = Grant { role, apps, expires_at };
        for group in groups {
            self.state(group, &grant, report);
        }
    }

    fn state(&mut self, group: NamedGroup, grant: &Grant, report: &mut Report) {
        let shown_key = shown(group.key.as_str());
        let (label, grants) = self.groups.entry(group.key).or_default();
        if !grants.insert(grant.clone()) {
            self.duplicates += 1;
            report.warning(&group.place, format!("group `{shown_key}` has this very grant already"));
        }
        match (&label, group.label) {
            (Some(first), Some(other)) if *first != other => {
                let (first, other) = (shown(first), shown(&other));
                report.warning(
                    &group.place,
                    format!(
                        "group `{shown_key}` is called `{other}` here and `{first}` before: the first label is taken"
                    ),
                );
            }
            (None, other) => *label = other,
            (Some(_), _) => {}
        }
    }

    fn finish(self) -> Vec<(GroupKey, Option<String>, Grant)> {
        let groups = self.groups.into_iter();
        groups
            .flat_map(|(key, (label, grants))| grants.into_iter().map(move |grant| (key.clone(), label.clone(), grant)))
            .collect()
    }
}

/// A group as a grant names it.
#[derive(Debug)]
struct NamedGroup {
    place: String,
    key: GroupKey,
    label: Option<String>,
}

fn named_groups(field: &Field<'_>, report: &mut Report) -> Option<Vec<NamedGroup>> {
    let items = field.list(report)?;
    if items.is_empty() {
        report.error(&field.place, "is empty: name a group, or leave the grant out");
        return None;
    }
    // All of them are looked at before one that is wrong ends the list.
    let groups: Vec<Option<NamedGroup>> = items.into_iter().map(|item| group(item, report)).collect();
    groups.into_iter().collect()
}

fn group(field: Field<'_>, report: &mut Report) -> Option<NamedGroup> {
    let parse = |text: &str| GroupKey::new(text);
    match field.value {
        Json::String(_) => {
            let key = field.word(parse, report)?;
            Some(NamedGroup { place: field.place, key, label: None })
        }
        Json::Object(_) => {
            let fields = Fields::closed(&field, &["key", "label"], report)?;
            let key = fields.required("key", "the group's key is expected, exactly as the app's claim has it", report);
            let key = key.and_then(|f| f.word(parse, report));
            let label = optional(fields.get("label"), |f| f.name(MAX_LABEL, report));
            Some(NamedGroup { place: field.place, key: key?, label: label?.map(str::to_owned) })
        }
        other => field.expected("a group's key, or an object with `key` and `label`,", other, report),
    }
}

fn apps(field: &Field<'_>, report: &mut Report) -> Option<BTreeSet<AppId>> {
    let items = field.list(report)?;
    if items.is_empty() {
        let what = "is empty, so the grant would count nowhere: name an app, or leave the member out for all apps";
        report.error(&field.place, what);
        return None;
    }
    let mut apps = Some(BTreeSet::new());
    for item in items {
        match (item.word(AppId::parse, report), &mut apps) {
            (Some(app), Some(apps)) => {
                if !apps.insert(app) {
                    report.warning(&item.place, "is there twice");
                }
            }
            _ => apps = None,
        }
    }
    apps
}
