//! Which codes a role's trust policy names for which app, at a moment.

use std::collections::{BTreeMap, BTreeSet};

use crate::app::AppId;
use crate::code::GroupCode;
use crate::grant::Timestamp;

/// The codes that each app's sign-ins get in by. An app without codes may be left out.
pub type Codes = BTreeMap<AppId, BTreeSet<GroupCode>>;

/// One grant on a role, as the role sees it: by the group's code.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct RoleEntry {
    /// The registered code of the group.
    pub code: GroupCode,
    /// The apps the grant is for; all apps where there is no list.
    pub apps: Option<BTreeSet<AppId>>,
    /// The first moment at which the grant no longer counts.
    pub expires_at: Option<Timestamp>,
}

impl RoleEntry {
    /// Whether the grant counts for an app at a moment: the same rule by which a sign-in counts it
    /// ([`Grant::counts`](crate::grant::Grant::counts)).
    #[must_use]
    pub fn counts(&self, app: &AppId, now: Timestamp) -> bool {
        self.expires_at.is_none_or(|end| now < end) && self.apps.as_ref().is_none_or(|apps| apps.contains(app))
    }
}

/// The codes that count for each of some apps at a moment. Apps for which none does are left out.
pub fn codes_at<'a>(entries: &[RoleEntry], apps: impl IntoIterator<Item = &'a AppId>, now: Timestamp) -> Codes {
    let counting = |app: &AppId| entries.iter().filter(|e| e.counts(app, now)).map(|e| e.code).collect();
    apps.into_iter()
        .map(|app| (app.clone(), counting(app)))
        .filter(|(_, codes): &(_, BTreeSet<_>)| !codes.is_empty())
        .collect()
}

/// The first moment after `now` at which a grant on the role ends, and the policy with it is out of
/// date; none if no grant will end.
#[must_use]
pub fn next_expiry(entries: &[RoleEntry], now: Timestamp) -> Option<Timestamp> {
    entries.iter().filter_map(|entry| entry.expires_at).filter(|end| *end > now).min()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(code: &str, apps: Option<&[&str]>, end: Option<i64>) -> RoleEntry {
        RoleEntry {
            code: GroupCode::parse(code).unwrap(),
            apps: apps.map(|apps| apps.iter().map(|app| AppId::parse(app).unwrap()).collect()),
            expires_at: end.map(Timestamp::from_seconds),
        }
    }

    #[test]
    fn a_code_counts_for_its_apps_until_its_end() {
        let (a, b) = (AppId::parse("a").unwrap(), AppId::parse("b").unwrap());
        let entries = [entry("aaaa", None, None), entry("bbbb", Some(&["b"]), None), entry("cccc", None, Some(100))];
        let at = |now| {
            let codes = codes_at(&entries, [&a, &b], Timestamp::from_seconds(now));
            codes
                .values()
                .map(|codes| codes.iter().map(GroupCode::to_string).collect::<Vec<_>>().join(" "))
                .collect::<Vec<_>>()
        };
        assert_eq!(at(99), ["aaaa cccc", "aaaa bbbb cccc"]);
        assert_eq!(at(100), ["aaaa", "aaaa bbbb"]);
        assert!(codes_at(&[], [&a], Timestamp::from_seconds(0)).is_empty());
    }

    #[test]
    fn one_of_two_grants_of_a_group_is_enough() {
        let a = AppId::parse("a").unwrap();
        let entries = [entry("aaaa", None, Some(100)), entry("aaaa", Some(&["a"]), None)];
        assert_eq!(codes_at(&entries, [&a], Timestamp::from_seconds(200))[&a].len(), 1);
    }

    #[test]
    fn the_next_expiry_is_in_the_future() {
        let entries = [entry("aaaa", None, Some(100)), entry("bbbb", None, Some(300)), entry("cccc", None, Some(200))];
        let next = |now| next_expiry(&entries, Timestamp::from_seconds(now)).map(Timestamp::seconds);
        assert_eq!(
            (next(0), next(99), next(100), next(200), next(300)),
            (Some(100), Some(100), Some(200), Some(300), None)
        );
        assert_eq!(next_expiry(&[entry("aaaa", None, None)], Timestamp::from_seconds(0)), None);
    }
}
