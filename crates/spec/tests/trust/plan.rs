//! What proptest draws and shrinks: small numbers, 0 the plainest of each kind.

use proptest::collection::vec;
use proptest::strategy::Strategy;

/// A role's grants, apps and document, and attempts to get in.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    pub(crate) apps: Vec<AppPlan>,
    pub(crate) entries: Vec<EntryPlan>,
    pub(crate) document: DocumentPlan,
    pub(crate) attempts: Vec<AttemptPlan>,
}

#[derive(Debug, Clone)]
pub(crate) struct AppPlan {
    pub(crate) kind: usize,
    pub(crate) provider: usize,
    pub(crate) audience: usize,
    pub(crate) pattern: usize,
}

#[derive(Debug, Clone)]
pub(crate) struct EntryPlan {
    pub(crate) code: usize,
    pub(crate) apps: usize,
    pub(crate) expiry: usize,
}

#[derive(Debug, Clone)]
pub(crate) struct DocumentPlan {
    pub(crate) head: usize,
    pub(crate) foreign: Vec<usize>,
    /// What a former run, or a hand, left there in our name.
    pub(crate) ours: usize,
    pub(crate) spaces: usize,
}

/// An attempt: right for an app and a grant, but for what is not 0.
#[derive(Debug, Clone, Default)]
pub(crate) struct AttemptPlan {
    pub(crate) app: usize,
    pub(crate) entry: usize,
    /// By [`Part`].
    pub(crate) wrong: [usize; 8],
}

/// A part of a sign-in that can be wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    Provider,
    Audience,
    GroupHash,
    TagKey,
    Transitive,
    Identity,
    Roles,
    Methods,
}

impl Part {
    pub(crate) const ALL: [Self; 8] = [
        Self::Provider,
        Self::Audience,
        Self::GroupHash,
        Self::TagKey,
        Self::Transitive,
        Self::Identity,
        Self::Roles,
        Self::Methods,
    ];
}

impl AttemptPlan {
    pub(crate) fn of(&self, part: Part) -> usize {
        self.wrong[part as usize]
    }

    /// The same attempt with one part right.
    pub(crate) fn with_right(&self, part: Part) -> Self {
        let mut right = self.clone();
        right.wrong[part as usize] = 0;
        right
    }
}

pub(crate) fn plans() -> impl Strategy<Value = Plan> {
    (vec(app(), 0..4), vec(entry(), 0..5), document(), vec(attempt(), 1..4))
        .prop_map(|(apps, entries, document, attempts)| Plan { apps, entries, document, attempts })
}

fn app() -> impl Strategy<Value = AppPlan> {
    (0..8usize, 0..4usize, 0..4usize, 0..3usize).prop_map(|(kind, provider, audience, pattern)| AppPlan {
        kind,
        provider,
        audience,
        pattern,
    })
}

fn entry() -> impl Strategy<Value = EntryPlan> {
    (0..10usize, 0..8usize, 0..8usize).prop_map(|(code, apps, expiry)| EntryPlan { code, apps, expiry })
}

fn document() -> impl Strategy<Value = DocumentPlan> {
    (0..4usize, vec(0..64usize, 0..4), 0..12usize, 0..1_000usize)
        .prop_map(|(head, foreign, ours, spaces)| DocumentPlan { head, foreign, ours, spaces })
}

fn attempt() -> impl Strategy<Value = AttemptPlan> {
    // Most parts of most attempts are right, so that one part alone decides.
    let part = || (0..100usize).prop_map(|n| n.saturating_sub(85));
    let parts = [(); 8].map(|()| part());
    // The tag's value is what most depends on.
    (0..4usize, 0..5usize, parts, 0..40usize).prop_map(|(app, entry, mut wrong, group_hash)| {
        wrong[Part::GroupHash as usize] = group_hash.saturating_sub(16);
        AttemptPlan { app, entry, wrong }
    })
}
