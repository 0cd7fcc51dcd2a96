//! Guard rails, quota, times.

use std::collections::BTreeSet;
use std::time::Duration;

use signet_core::role::RoleArn;
use signet_core::trust::plan::Quota;

/// Which roles may be written at all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Bounds {
    /// Path prefixes, with `/` at both ends, such as `/data/`.
    pub paths: BTreeSet<String>,
    /// A tag, by key and value, that a role may have instead.
    pub tag: Option<(String, String)>,
    /// Roles that are never written, by path and name without a leading `/`, in whatever account: the
    /// member role, and the function's own.
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
    /// How many roles of an account are under way at once.
    pub roles_at_once: usize,
    /// How long a lease lasts; it is renewed while work goes on.
    pub lease: Duration,
    /// The pause before a failed role is tried again, the first time and at the longest.
    pub retry: (Duration, Duration),
}

impl Bounds {
    /// Whether a role is under one of the paths, and none that is never written; a role outside may
    /// still carry the tag.
    #[must_use]
    pub fn has_path(&self, role: &RoleArn) -> bool {
        todo!("{role}")
    }
}
