//! Trust policies: what would change in them, or has changed.

mod changes;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use serde_json::{Value, json};
use signet_core::app::AppId;
use signet_core::trust::desired::LeftOut;
use signet_core::trust::gate::Gate;
use signet_core::trust::plan::Quota;
use signet_reconcile::report::{Ended, Outcome, ProviderReport};
use signet_reconcile::{AccountReport, RoleReport};
use signet_store::lookup::CodeOwner;

pub use self::changes::{Changes, codes};
use crate::text::{count, group, printable};
use crate::time;

/// What codes, and the doors that statements open, are called.
#[derive(Debug, Clone, Default)]
pub struct Names {
    /// The apps' gates.
    pub gates: BTreeMap<AppId, Gate>,
    /// What people call apps.
    pub apps: BTreeMap<AppId, String>,
    /// The owners of codes.
    pub groups: BTreeMap<String, CodeOwner>,
}

impl Names {
    fn app(&self, id: &str) -> String {
        match AppId::parse(id).ok().and_then(|id| self.apps.get(&id)) {
            Some(name) => format!("{} ({})", printable(name), printable(id)),
            None => printable(id),
        }
    }

    fn group(&self, code: &str) -> String {
        match self.groups.get(code) {
            Some(owner) => group(&owner.group, owner.label.as_deref()),
            None => "nobody's".to_owned(),
        }
    }

    fn code_json(&self, code: &str) -> Value {
        let owner = self.groups.get(code);
        json!({
            "code": code,
            "group": owner.map(|owner| owner.group.as_str()),
            "label": owner.and_then(|owner| owner.label.as_deref()),
        })
    }
}

/// Whether a role's trust policy changes, or did.
#[must_use]
pub fn is_change(role: &RoleReport) -> bool {
    matches!(role.outcome, Outcome::WouldWrite | Outcome::Written) || role.before.is_some() && role.after != role.before
}

/// Whether a provider changes, or did.
#[must_use]
pub fn is_provider_change(provider: &ProviderReport) -> bool {
    let outcome = provider.outcome;
    matches!(
        outcome.strip_prefix("would_").unwrap_or(outcome),
        "created" | "create" | "updated" | "update" | "deleted" | "delete"
    )
}

/// Whether work on a provider failed.
#[must_use]
pub fn is_provider_failure(provider: &ProviderReport) -> bool {
    provider.outcome.ends_with("failed")
}

/// Whether a role could not even be looked at.
#[must_use]
pub fn is_unseen(role: &RoleReport) -> bool {
    matches!(role.outcome, Outcome::Unreadable | Outcome::Denied | Outcome::Unavailable | Outcome::Refused)
}

/// Whether a role is not as wanted, and the work did not, or would not, bring it there.
#[must_use]
pub fn is_failure(role: &RoleReport) -> bool {
    !role.outcome.is_applied() && role.outcome != Outcome::WouldWrite
}

/// How much changes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Totals {
    /// Accounts.
    pub accounts: usize,
    /// Roles that are as wanted.
    pub unchanged: usize,
    /// Roles whose trust policies change.
    pub changed: usize,
    /// Roles that are not as wanted and stay so.
    pub failed: usize,
    /// Providers that change.
    pub providers: usize,
    /// Providers on which work failed.
    pub providers_failed: usize,
    /// Accounts that somebody else works on, or whose work was not finished.
    pub unfinished: usize,
}

impl Totals {
    /// Counts what changes in accounts.
    #[must_use]
    pub fn of(accounts: &[AccountReport]) -> Self {
        let roles = || accounts.iter().flat_map(|account| &account.roles);
        let providers = || accounts.iter().flat_map(|account| &account.providers);
        Self {
            accounts: accounts.len(),
            unchanged: roles().filter(|role| !is_change(role) && !is_failure(role)).count(),
            changed: roles().filter(|role| is_change(role)).count(),
            failed: roles().filter(|role| is_failure(role)).count(),
            providers: providers().filter(|provider| is_provider_change(provider)).count(),
            providers_failed: providers().filter(|provider| is_provider_failure(provider)).count(),
            unfinished: accounts.iter().filter(|account| account.ended != Ended::Done).count(),
        }
    }

    /// Whether anything changes.
    #[must_use]
    pub fn is_change(self) -> bool {
        self.changed + self.providers > 0
    }

    /// Whether something is not, or would not be, as wanted.
    #[must_use]
    pub fn is_failure(self) -> bool {
        self.failed + self.providers_failed + self.unfinished > 0
    }

    /// One line for people. `done` says whether it was done, or only looked at.
    #[must_use]
    pub fn line(self, done: bool) -> String {
        let (write, change) = if done { ("written", "changed") } else { ("to write", "to change") };
        let mut line = format!(
            "{}: {} {write}, {} as wanted, {} not as wanted; {} {change}",
            count(self.accounts, "account"),
            count(self.changed, "role"),
            self.unchanged,
            self.failed,
            count(self.providers, "provider"),
        );
        if self.providers_failed > 0 {
            let _ = write!(line, ", {} failed", self.providers_failed);
        }
        if self.unfinished > 0 {
            let _ = write!(line, "; {} not finished", count(self.unfinished, "account"));
        }
        line
    }

    fn json(self) -> Value {
        json!({
            "accounts": self.accounts,
            "roles_changed": self.changed,
            "roles_unchanged": self.unchanged,
            "roles_failed": self.failed,
            "providers_changed": self.providers,
            "providers_failed": self.providers_failed,
            "accounts_unfinished": self.unfinished,
        })
    }
}

/// What changes in accounts, for people.
#[must_use]
pub fn text(accounts: &[AccountReport], names: &Names, quota: Quota, done: bool) -> String {
    let mut text = String::new();
    for account in accounts {
        write_account(&mut text, account, names, quota);
    }
    let _ = writeln!(text, "{}.", Totals::of(accounts).line(done));
    text
}

fn write_account(text: &mut String, account: &AccountReport, names: &Names, quota: Quota) {
    let _ = writeln!(text, "Account {}{}", account.account, ended(account.ended));
    for provider in &account.providers {
        let sign = match provider.outcome {
            _ if is_provider_failure(provider) => '!',
            outcome if outcome.contains("create") => '+',
            outcome if outcome.contains("delete") => '-',
            outcome if outcome.contains("update") => '~',
            _ => ' ',
        };
        let why = provider.why.as_deref().map(|why| format!(": {}", printable(why))).unwrap_or_default();
        let _ = writeln!(text, "  {sign} {}  {}{why}", printable(&provider.arn), words(provider.outcome));
    }
    for role in account.roles.iter().filter(|role| is_change(role) || is_failure(role) || role.drifted) {
        write_role(text, role, names, quota);
    }
    let same = account.roles.iter().filter(|role| !is_change(role) && !is_failure(role) && !role.drifted).count();
    if same > 0 {
        let are = if same == 1 { "is" } else { "are" };
        let _ = writeln!(text, "    {} {are} as wanted", count(same, "role"));
    }
    text.push('\n');
}

fn ended(ended: Ended) -> &'static str {
    match ended {
        Ended::Done => "",
        Ended::Busy => "  somebody else works on it now: nothing was done here",
        Ended::Unfinished => "  not finished: time was over",
        Ended::Lost => "  not finished: somebody else works on it now",
    }
}

fn words(outcome: &str) -> String {
    outcome.replace('_', " ")
}

fn write_role(text: &mut String, role: &RoleReport, names: &Names, quota: Quota) {
    let sign = match (is_failure(role), is_change(role)) {
        (true, _) => '!',
        (false, true) => '~',
        (false, false) => ' ',
    };
    let why = role.why.as_deref().map(|why| format!(": {}", printable(why))).unwrap_or_default();
    let _ = writeln!(text, "  {sign} {}  {}{why}", role.role, words(role.outcome.as_str()));
    if role.drifted {
        text.push_str("      somebody else changed our statements since they were written\n");
    }
    let Some(changes) = Changes::of(role, &names.gates) else { return };
    for (app, change) in &changes.apps {
        let _ = writeln!(text, "      {}", names.app(app));
        for code in &change.removed {
            let _ = writeln!(text, "        - {}  {}", printable(code), names.group(code));
        }
        for code in &change.added {
            let _ = writeln!(text, "        + {}  {}", printable(code), names.group(code));
        }
    }
    for odd in &changes.odd {
        let _ =
            writeln!(text, "      - a statement that is marked as ours, and is not of our making: {}", printable(odd));
    }
    let lists = [("new", &changes.new), ("changed", &changes.changed), ("gone", &changes.gone)];
    let mut parts: Vec<String> = Vec::new();
    for (word, sids) in lists {
        if !sids.is_empty() {
            let sids: Vec<String> = sids.iter().map(|sid| printable(sid)).collect();
            parts.push(format!("{} {word}", sids.join(", ")));
        }
    }
    if parts.is_empty() {
        return;
    }
    let foreign = match changes.foreign {
        0 => String::new(),
        1 => "; 1 that is not ours stays as it is".to_owned(),
        many => format!("; {many} that are not ours stay as they are"),
    };
    let _ = writeln!(
        text,
        "      statements: {}{foreign}; {} of {} characters",
        parts.join(", "),
        changes.length,
        quota.characters()
    );
}

/// What changes in accounts, for programs.
#[must_use]
pub fn json(accounts: &[AccountReport], names: &Names) -> Value {
    let totals = Totals::of(accounts);
    json!({
        "changes": totals.is_change(),
        "accounts": accounts.iter().map(|account| account_json(account, names)).collect::<Vec<_>>(),
        "totals": totals.json(),
    })
}

fn account_json(account: &AccountReport, names: &Names) -> Value {
    let ended = match account.ended {
        Ended::Done => "done",
        Ended::Busy => "busy",
        Ended::Unfinished => "unfinished",
        Ended::Lost => "lost",
    };
    let provider = |one: &ProviderReport| json!({ "provider": one.arn, "outcome": one.outcome, "why": one.why });
    json!({
        "account": account.account.as_str(),
        "ended": ended,
        "providers": account.providers.iter().map(provider).collect::<Vec<_>>(),
        "roles": account.roles.iter().map(|role| role_json(role, names)).collect::<Vec<_>>(),
        "next": account.next.map(time::show),
    })
}

fn role_json(role: &RoleReport, names: &Names) -> Value {
    let changes = Changes::of(role, &names.gates);
    let codes = |codes: &BTreeSet<String>| codes.iter().map(|code| names.code_json(code)).collect::<Vec<_>>();
    let apps = changes.iter().flat_map(|changes| &changes.apps);
    let apps: Vec<Value> = apps
        .map(|(app, change)| json!({ "app": app, "added": codes(&change.added), "removed": codes(&change.removed) }))
        .collect();
    let statements = changes.as_ref().map(|changes| {
        json!({ "new": changes.new, "changed": changes.changed, "gone": changes.gone, "odd": changes.odd, "foreign": changes.foreign })
    });
    json!({
        "role": role.role.as_str(),
        "outcome": role.outcome.as_str(),
        "why": role.why,
        "changes": is_change(role),
        "drifted": role.drifted,
        "apps": apps,
        "statements": statements,
        "length": changes.map(|changes| changes.length),
        "next": role.next.map(time::show),
    })
}

/// Who is left out of a role's trust policy, and why, for people; `without` says why apps have no gate.
#[must_use]
pub fn left_out(left_out: &LeftOut, without: &BTreeMap<AppId, String>) -> String {
    match left_out {
        LeftOut::OtherWidth(code) => format!("code {code} has not the width of the table's codes"),
        LeftOut::SharedGate(app, other) => {
            format!(
                "app `{app}`: its sign-ins come through the same gate as those of `{other}`, and cannot be told apart"
            )
        }
        LeftOut::NoGate(app) => {
            format!("app `{app}`: {}", without.get(app).map_or("it has no gate", String::as_str))
        }
        LeftOut::Unnamed(app) => {
            format!("app `{app}`: a trust policy in this partition cannot name its identity pool, or its user pool")
        }
    }
}

#[cfg(test)]
mod tests;
