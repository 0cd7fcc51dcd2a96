//! Guard rails, quota, times.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use signet_core::grant::Timestamp;
use signet_core::role::RoleArn;
use signet_core::trust::plan::Quota;

/// Which roles may be written at all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Bounds {
    /// Path prefixes, with `/` at both ends, such as `/data/`. One that does not begin with `/` admits
    /// nothing.
    pub paths: BTreeSet<String>,
    /// A tag, by key and value, that a role may have instead.
    pub tag: Option<(String, String)>,
    /// The names of roles that are never written, in whatever account and below whatever path: the member
    /// role's, and the function's own. A path before a name makes no difference.
    pub never: BTreeSet<String>,
}

/// How a reconciler works.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Which roles may be written.
    pub bounds: Bounds,
    /// The quota of trust policies in the accounts.
    pub quota: Quota,
    /// For how long after a write IAM may show an older document.
    pub settle: Duration,
    /// How many roles of an account are under way at once; 0 is taken for 1.
    pub roles_at_once: usize,
    /// How long a lease lasts; it is renewed while work goes on. A write of IAM begins with at least
    /// half of it left, so it must be twice as long as the longest call, repetitions included.
    pub lease: Duration,
    /// The pause before a failed role is tried again, the first time and at the longest. It doubles
    /// with each failure, and is never under a second.
    pub retry: (Duration, Duration),
}

impl Bounds {
    /// Whether a role is under one of the paths, and none that is never written; a role outside may
    /// still carry the tag.
    #[must_use]
    pub fn has_path(&self, role: &RoleArn) -> bool {
        let path = role.path();
        let is_under = |prefix: &String| {
            // Whole segments, even where the closing `/` was forgotten: `/data` is not `/database/`.
            prefix.starts_with('/') && path.starts_with(&format!("{}/", prefix.trim_end_matches('/')))
        };
        !self.is_never(role) && self.paths.iter().any(is_under)
    }

    /// Whether a role with these tags may be written, by its path or by its tag.
    #[must_use]
    pub fn admit(&self, role: &RoleArn, tags: &BTreeMap<String, String>) -> bool {
        let has_tag = self.tag.as_ref().is_some_and(|(key, value)| tags.get(key) == Some(value));
        self.has_path(role) || (has_tag && !self.is_never(role))
    }

    /// Whether a role may be written if only it has the right tags.
    #[must_use]
    pub fn may_admit(&self, role: &RoleArn) -> bool {
        self.has_path(role) || (self.tag.is_some() && !self.is_never(role))
    }

    /// Whether a role is one that is never written. IAM's names are unique whatever their case.
    pub(crate) fn is_never(&self, role: &RoleArn) -> bool {
        let name = |path_and_name: &str| path_and_name.rsplit('/').next().unwrap_or_default().to_ascii_lowercase();
        self.never.iter().any(|never| name(never) == name(role.name()))
    }
}

impl Settings {
    /// How everybody works who keeps roles: what is here fits the rates and the patience of
    /// [`Rates::DEFAULT`](signet_iam::pace::Rates::DEFAULT).
    #[must_use]
    pub fn new(bounds: Bounds, quota: Quota) -> Self {
        Self {
            bounds,
            quota,
            // IAM's changes are there for all to read within seconds, and no time is promised.
            settle: Duration::from_mins(1),
            // Enough to use up an account's rate while answers take their time.
            roles_at_once: 8,
            // What an account waits, at the most, for a worker that died.
            lease: Duration::from_mins(2),
            // The schedule looks every few minutes: the first is not much shorter than that.
            retry: (Duration::from_mins(1), Duration::from_hours(1)),
        }
    }

    /// When something is tried again that failed so many times one after the other.
    pub(crate) fn retry_at(&self, now: Timestamp, failures: u32) -> Timestamp {
        let (first, longest) = self.retry;
        let doubled = 2_u32.saturating_pow(failures.saturating_sub(1));
        later(now, first.saturating_mul(doubled).min(longest))
    }

    /// Whether IAM may show an older document than one it took at a moment. Clocks differ, and a moment
    /// is a whole second.
    pub(crate) fn is_settled(&self, taken: Timestamp, now: Timestamp) -> bool {
        later(taken, self.settle) < now
    }
}

/// A moment so much later, whole seconds, and one at the least.
pub(crate) fn later(from: Timestamp, by: Duration) -> Timestamp {
    let seconds = by.as_secs().saturating_add(u64::from(by.subsec_nanos() > 0)).max(1);
    Timestamp::from_seconds(from.seconds().saturating_add_unsigned(seconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn role(path_and_name: &str) -> RoleArn {
        RoleArn::parse(&format!("arn:aws:iam::111122223333:role/{path_and_name}")).unwrap()
    }

    fn bounds(path: &str) -> Bounds {
        Bounds {
            paths: BTreeSet::from([path.to_owned()]),
            tag: Some(("signet".to_owned(), "yes".to_owned())),
            never: BTreeSet::from(["signet/Signet-Member".to_owned()]),
        }
    }

    #[test]
    fn paths_are_whole_segments() {
        for path in ["/data/", "/data"] {
            let bounds = bounds(path);
            assert!(bounds.has_path(&role("data/reader")) && bounds.has_path(&role("data/eu/reader")));
            for outside in ["reader", "data", "database/reader", "Data/reader", "x/data/reader"] {
                assert!(!bounds.has_path(&role(outside)), "`{outside}` is under `{path}`");
            }
        }
        assert!(bounds("/").has_path(&role("reader")));
        for nothing in ["", "data/"] {
            assert!(!bounds(nothing).has_path(&role("data/reader")), "`{nothing}` admits a role");
        }
    }

    #[test]
    fn a_tag_admits_a_role_outside_and_nothing_admits_our_own() {
        let bounds = bounds("/data/");
        let tagged = BTreeMap::from([("signet".to_owned(), "yes".to_owned())]);
        let other = BTreeMap::from([("signet".to_owned(), "no".to_owned())]);
        assert!(bounds.admit(&role("reader"), &tagged) && !bounds.admit(&role("reader"), &other));
        assert!(bounds.may_admit(&role("reader")) && bounds.admit(&role("data/reader"), &other));
        for own in ["signet-member", "data/Signet-Member", "data/signet/signet-member"] {
            assert!(!bounds.has_path(&role(own)) && !bounds.admit(&role(own), &tagged));
            assert!(!bounds.may_admit(&role(own)));
        }
        assert!(!Bounds { tag: None, ..bounds }.may_admit(&role("reader")));
    }

    #[test]
    fn pauses_double_up_to_the_longest() {
        let settings = Settings {
            bounds: Bounds::default(),
            quota: Quota::DEFAULT,
            settle: Duration::from_secs(10),
            roles_at_once: 4,
            lease: Duration::from_mins(2),
            retry: (Duration::from_millis(1_500), Duration::from_mins(1)),
        };
        let at = |failures| settings.retry_at(Timestamp::from_seconds(100), failures).seconds() - 100;
        assert_eq!([1, 2, 3, 6, 7, 40, u32::MAX].map(at), [2, 3, 6, 48, 60, 60, 60]);
        let settled = |now| settings.is_settled(Timestamp::from_seconds(100), Timestamp::from_seconds(now));
        assert!(!settled(90) && !settled(110) && settled(111));
    }
}
