//! What would change, or has changed.

use std::fmt::Write as _;

use serde_json::{Value, json};
use signet_core::app::AppId;
use signet_core::code::Salt;
use signet_core::grant::{Grant, Timestamp};
use signet_store::apply::{Crowded, GroupChange, LeftOut, Plan};

use crate::text::{count, group, printable};
use crate::time;

use super::collision;

/// What people read where nothing changes.
#[must_use]
pub fn nothing(left_out: &[LeftOut]) -> &'static str {
    if left_out.is_empty() {
        "\nNothing to change: the table has what the source states.\n"
    } else {
        "\nNothing to change: the table has what the source states, but for the groups left out.\n"
    }
}

/// How much a plan changes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Totals {
    /// Apps that are new.
    pub apps_added: usize,
    /// Apps whose rules change.
    pub apps_changed: usize,
    /// Groups that the table registers.
    pub registered: usize,
    /// Groups that lose their last grant of all sources.
    pub retired: usize,
    /// Groups that found their code taken.
    pub displaced: usize,
    /// Groups that found their code taken, and get no other.
    pub left_out: usize,
    /// Grants that come.
    pub added: usize,
    /// Grants that go, those that come back with other apps or another end included.
    pub removed: usize,
}

impl Totals {
    /// Counts what a plan changes.
    #[must_use]
    pub fn of(plan: &Plan) -> Self {
        let groups = || plan.groups.iter();
        Self {
            apps_added: plan.apps.iter().filter(|app| app.added).count(),
            apps_changed: plan.apps.iter().filter(|app| !app.added).count(),
            registered: groups().filter(|group| group.registers).count(),
            retired: groups().filter(|group| group.retires).count(),
            displaced: plan.displaced.len(),
            left_out: plan.left_out.len(),
            added: groups().map(|group| group.added.len()).sum(),
            removed: groups().map(|group| group.removed.len()).sum(),
        }
    }

    fn json(self) -> Value {
        json!({
            "apps_added": self.apps_added,
            "apps_changed": self.apps_changed,
            "groups_registered": self.registered,
            "groups_retired": self.retired,
            "groups_displaced": self.displaced,
            "groups_left_out": self.left_out,
            "grants_added": self.added,
            "grants_removed": self.removed,
        })
    }

    /// One line for people.
    #[must_use]
    pub fn line(self) -> String {
        format!(
            "{} added, {} changed; {} registered, {} retired, {} displaced, {} left out; {} added, {} removed",
            count(self.apps_added, "app"),
            self.apps_changed,
            count(self.registered, "group"),
            self.retired,
            self.displaced,
            self.left_out,
            count(self.added, "grant"),
            self.removed,
        )
    }
}

/// Whether a plan changes nothing.
#[must_use]
pub fn is_empty(plan: &Plan) -> bool {
    plan.groups.is_empty() && plan.apps.is_empty() && plan.displaced.is_empty()
}

/// How many grants a plan withdraws at a moment: those that still count and that no grant which
/// comes makes up for. A grant that only gets more apps or a later end is not withdrawn.
#[must_use]
pub fn withdrawn(plan: &Plan, now: Timestamp) -> usize {
    let withdrawn = |group: &GroupChange| {
        let counts = |grant: &&Grant| grant.expires_at.is_none_or(|end| end > now);
        group.removed.iter().filter(counts).filter(|old| !group.added.iter().any(|new| covers(new, old))).count()
    };
    plan.groups.iter().map(withdrawn).sum()
}

/// Whether one grant opens whatever the other opens, as long.
fn covers(new: &Grant, old: &Grant) -> bool {
    let apps = match (&new.apps, &old.apps) {
        (None, _) => true,
        (Some(_), None) => false,
        (Some(new), Some(old)) => new.is_superset(old),
    };
    let lasts = match (new.expires_at, old.expires_at) {
        (None, _) => true,
        (Some(_), None) => false,
        (Some(new), Some(old)) => new >= old,
    };
    new.role == old.role && apps && lasts
}

/// A plan for people. `kept` are the apps of the source that its file leaves out.
#[must_use]
pub fn text(plan: &Plan, kept: &[AppId]) -> String {
    let mut text = format!("Source {}, at revision {}\n", plan.source, plan.claimed);
    if !plan.apps.is_empty() || !kept.is_empty() {
        text.push_str("\nApps\n");
    }
    for change in &plan.apps {
        let (sign, what) = if change.added { ('+', "new") } else { ('~', "changed") };
        let _ = writeln!(text, "  {sign} {}  {what}", change.app);
    }
    for app in kept {
        let _ = writeln!(text, "    {app}  not in the file; kept: not deleted");
    }
    if !plan.groups.is_empty() {
        text.push_str("\nGroups\n");
    }
    for change in &plan.groups {
        write_group(&mut text, change);
    }
    text.push_str(&collision::text(plan));
    if !plan.crowded.is_empty() {
        text.push_str("\nNEARLY FULL\n");
    }
    for one in &plan.crowded {
        let Crowded { group, roles, bytes, percent } = one;
        let _ = writeln!(
            text,
            "  ! `{}` has {} in an item of some {bytes} bytes: {percent} % of what a group may hold.",
            printable(group.as_str()),
            count(*roles, "role"),
        );
    }
    if is_empty(plan) {
        text.push_str(nothing(&plan.left_out));
    } else {
        let _ = writeln!(text, "\n{}.", Totals::of(plan).line());
    }
    text
}

fn write_group(text: &mut String, change: &GroupChange) {
    let salt = if change.salt == Salt::NONE { String::new() } else { format!(", salt {}", change.salt.get()) };
    let state = match (change.registers, change.retires) {
        (true, _) => "  new: its code is registered",
        (_, true) => "  loses its last grant: its code is retired",
        _ if change.added.is_empty() && change.removed.is_empty() => "  same grants: its label or notes change",
        _ => "",
    };
    let name = group(&change.group, change.label.as_deref());
    let _ = writeln!(text, "  {name}  [{}{salt}]{state}", change.code);
    for grant in &change.removed {
        let _ = writeln!(text, "    - {}", grant_text(grant));
    }
    for grant in &change.added {
        let _ = writeln!(text, "    + {}", grant_text(grant));
    }
}

/// A grant on one line.
pub(super) fn grant_text(grant: &Grant) -> String {
    let mut text = grant.role.as_str().to_owned();
    if let Some(apps) = &grant.apps {
        let apps: Vec<_> = apps.iter().map(AppId::as_str).collect();
        let _ = write!(text, "  in {}", apps.join(", "));
    }
    if let Some(end) = grant.expires_at {
        let _ = write!(text, "  until {}", time::show(end));
    }
    text
}

/// A plan for programs.
#[must_use]
pub fn json(plan: &Plan, kept: &[AppId]) -> Value {
    let groups: Vec<Value> = plan.groups.iter().map(group_json).collect();
    let apps: Vec<Value> =
        plan.apps.iter().map(|change| json!({ "app": change.app.as_str(), "added": change.added })).collect();
    let crowded: Vec<Value> = plan.crowded.iter().map(crowded_json).collect();
    json!({
        "source": plan.source.as_str(),
        "claimed": plan.claimed,
        "changes": !is_empty(plan),
        "grants_before": plan.grants_before,
        "apps": apps,
        "apps_kept": kept.iter().map(AppId::as_str).collect::<Vec<_>>(),
        "groups": groups,
        "displaced": collision::displaced_json(&plan.displaced),
        "left_out": collision::left_out_json(&plan.left_out),
        "crowded": crowded,
        "totals": Totals::of(plan).json(),
    })
}

fn crowded_json(one: &Crowded) -> Value {
    json!({ "group": one.group.as_str(), "roles": one.roles, "bytes": one.bytes, "percent": one.percent })
}

fn group_json(change: &GroupChange) -> Value {
    let grants = |grants: &[Grant]| grants.iter().map(grant_json).collect::<Vec<_>>();
    json!({
        "group": change.group.as_str(),
        "label": change.label,
        "code": change.code.as_str(),
        "salt": change.salt.get(),
        "registers": change.registers,
        "retires": change.retires,
        "added": grants(&change.added),
        "removed": grants(&change.removed),
    })
}

/// A grant for programs; `apps` and `expires_at` are null where there is no limit.
pub(super) fn grant_json(grant: &Grant) -> Value {
    json!({
        "role": grant.role.as_str(),
        "apps": grant.apps.as_ref().map(|apps| apps.iter().map(AppId::as_str).collect::<Vec<_>>()),
        "expires_at": grant.expires_at.map(time::show),
    })
}

#[cfg(test)]
pub(crate) mod tests;
