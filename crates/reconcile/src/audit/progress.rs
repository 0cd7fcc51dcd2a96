//! What the table notes of accounts and roles: what waits, for how long, and why.

use signet_core::grant::Timestamp;
use signet_core::trust::plan::Quota;
use signet_store::trust::account::{AccountState, RoleState};

use super::{Finding, Weight};

/// From this age on, in seconds, something has waited for longer than a worker and its queue explain.
const STALE: i64 = 15 * 60;
/// From this age on, in seconds, a withdrawal may not have reached its role for so long that nobody
/// would call it one.
const FORGOTTEN: i64 = 24 * 60 * 60;

/// Whether the role itself is looked at as well, and says for itself what it is like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Live {
    Yes,
    No,
}

/// How long an account's roles have waited: one finding an account, by the oldest of them.
pub(super) fn staleness(account: &AccountState, now: Timestamp) -> Option<Finding> {
    let wanted = account.wanted();
    let roles: Vec<&RoleState> = account.roles.values().filter(|role| role.is_unreconciled(wanted)).collect();
    let row = account.row.as_ref().filter(|row| row.wanted > row.applied);
    if roles.is_empty() && row.is_none() {
        return None;
    }
    // A role waits for what was raised of it, or of its account.
    let since = |role: &RoleState| match (role.since, row.and_then(|row| row.since)) {
        (Some(own), Some(all)) => Some(own.min(all)),
        (own, all) => own.or(all),
    };
    let oldest = roles.iter().filter_map(|role| Some((since(role)?, *role))).min_by_key(|(since, _)| *since);
    let since = oldest.map(|(since, _)| since).or(row.and_then(|row| row.since));
    let age = since.map_or(0, |since| now.seconds().saturating_sub(since.seconds()));
    // Providers that were changed are looked at once more when IAM has settled: nothing is amiss.
    if roles.is_empty() && age < STALE && row.is_none_or(|row| row.why.is_none()) {
        return None;
    }
    let weight = match age {
        ..STALE => Weight::Note,
        STALE..FORGOTTEN => Weight::Warning,
        _ => Weight::Error,
    };
    let what = match (roles.len(), oldest) {
        (0, _) | (_, None) => "its providers are not as wanted".to_owned(),
        (1, Some((_, role))) => format!("1 role is not as wanted, `{}`", role.role),
        (many, Some((_, role))) => format!("{many} roles are not as wanted, the oldest `{}`", role.role),
    };
    let why = row.and_then(|row| row.why.as_deref()).map(|why| format!(": {why}")).unwrap_or_default();
    let text = format!("{what}, for {}{why}", shown(age));
    Some(Finding::new(weight, "stale", account.account.as_str(), text))
}

/// What the last attempt at a role came to, if it came to nothing good. Where the role itself is looked
/// at, only what it cannot say.
pub(super) fn outcome(state: &RoleState, account_wanted: u64, live: Live) -> Option<Finding> {
    let outcome = state.outcome.as_deref()?;
    let (weight, kind, is_seen) = match outcome {
        "too_long" => (Weight::Error, "capacity", true),
        "gone" => (Weight::Warning, "gone", true),
        "unreadable" => (Weight::Error, "unreadable", true),
        "out_of_bounds" => (Weight::Error, "out_of_bounds", false),
        "denied" => (Weight::Error, "denied", false),
        "unavailable" => (Weight::Warning, "unavailable", false),
        "refused" => (Weight::Error, "refused", false),
        _ => return None,
    };
    // Attended to since, or never wanted: then the outcome is history.
    if (live == Live::Yes && is_seen) || !state.is_unreconciled(account_wanted) {
        return None;
    }
    let why = state.why.as_deref().unwrap_or("nothing more is noted");
    let tries = match state.failures {
        0 | 1 => String::new(),
        more => format!(", {more} times in a row"),
    };
    Some(Finding::new(weight, kind, state.role.as_str(), format!("the last attempt failed{tries}: {why}")))
}

/// How much of the quota the last document takes, by what was noted of it.
pub(super) fn capacity(state: &RoleState, quota: Quota) -> Option<Finding> {
    let written = state.written.as_ref()?;
    full(state.role.as_str(), written.length, quota)
}

/// A finding for a document that takes much of the quota.
pub(super) fn full(role: &str, length: usize, quota: Quota) -> Option<Finding> {
    let quota = quota.characters();
    let percent = length.saturating_mul(100) / quota;
    let weight = match percent {
        ..=70 => return None,
        71..=90 => Weight::Note,
        _ => Weight::Warning,
    };
    let text = format!("its trust policy has {length} of {quota} characters ({percent} %)");
    Some(Finding::new(weight, "capacity", role, text))
}

/// An age for people, in the largest unit of which it has two.
pub(super) fn shown(seconds: i64) -> String {
    let (number, unit) = match seconds {
        ..120 => (seconds.max(0), "s"),
        120..7_200 => (seconds / 60, "min"),
        7_200..172_800 => (seconds / 3_600, "h"),
        _ => (seconds / 86_400, "days"),
    };
    format!("{number} {unit}")
}
