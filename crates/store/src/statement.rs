//! What a source states: its grants, and for a file its apps. Always in full.

use std::collections::{BTreeMap, BTreeSet};

use sha2::{Digest, Sha256};
use signet_core::app::App;
use signet_core::grant::Grant;
use signet_core::group::GroupKey;

/// All that a source states at one revision.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Statement {
    /// The groups, with what the source grants each.
    pub groups: BTreeMap<GroupKey, StatedGroup>,
    /// The apps, where the source is a file. An app left out is not deleted.
    pub apps: Vec<StatedApp>,
}

/// What a source states of one group.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StatedGroup {
    /// What people call the group.
    pub label: Option<String>,
    /// The grants, sorted, each once.
    pub grants: BTreeSet<Grant>,
}

/// What a file states of an app.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatedApp {
    /// The app's rules.
    pub app: App,
    /// Whether people may sign in to it with Signet's attributes; a sign-in to an inactive app is
    /// denied.
    pub active: bool,
}

impl Statement {
    /// Adds one grant to a group. Stating a grant twice is stating it once.
    pub fn grant(&mut self, group: GroupKey, label: Option<String>, grant: Grant) {
        let stated = self.groups.entry(group).or_default();
        stated.label = label.or(stated.label.take());
        stated.grants.insert(grant);
    }

    /// How many grants it states.
    #[must_use]
    pub fn grants(&self) -> usize {
        self.groups.values().map(|group| group.grants.len()).sum()
    }

    /// SHA-256 of the statement, in hex: equal for equal statements, whatever order they came in.
    #[must_use]
    pub fn digest(&self) -> String {
        let mut hasher = Sha256::new();
        // Debug output of ordered collections is deterministic within a version, and a digest that
        // differs between versions only costs one repeated comparison with the items.
        for (key, group) in &self.groups {
            hasher.update(format!("{key:?}{group:?}\n"));
        }
        let apps: BTreeMap<_, _> = self.apps.iter().map(|stated| (&stated.app.id, stated)).collect();
        for app in apps.values() {
            hasher.update(format!("{app:?}\n"));
        }
        crate::codec::hex(&hasher.finalize())
    }
}
