//! What is to be written to a role, if anything.
//!
//! IAM replaces a trust policy in one call, so a role goes from the old document to the new one with
//! nothing between. What matters is that the new one never lets in more than the grants say, and that
//! a withdrawal is never held up, not even by what does not fit.

use std::collections::BTreeSet;

use crate::code::GroupCode;
use crate::trust::desired::Desired;
use crate::trust::document::Document;
use crate::trust::grants::Codes;

/// How long a role's trust policy may be, in characters without white space (IAM and STS quotas,
/// "Role trust policy length").
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Quota(usize);

/// A length that no account's quota has.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("trust policy quota `{0}` is not between 2048 and 8192 characters")]
pub struct InvalidQuota(usize);

impl Quota {
    /// The quota of an account that has not asked for more.
    pub const DEFAULT: Self = Self(2_048);

    /// Takes a quota in characters.
    ///
    /// # Errors
    /// [`InvalidQuota`] if it is not between 2,048 and 8,192.
    pub fn new(characters: usize) -> Result<Self, InvalidQuota> {
        if (2_048..=8_192).contains(&characters) { Ok(Self(characters)) } else { Err(InvalidQuota(characters)) }
    }

    /// The quota in characters.
    #[must_use]
    pub fn characters(self) -> usize {
        self.0
    }
}

impl Default for Quota {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// Whether everything that is granted is in the document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fit {
    /// It is.
    Whole,
    /// It would be too long. What is withdrawn is out all the same; what was granted since is not in.
    TooLong {
        /// The length of the document with everything in it, in characters.
        length: usize,
        /// The codes that are granted and not let in, for want of room.
        withheld: Codes,
        /// Those among them that were let in before: not even what was left of the old document
        /// fitted, since statements that were shared had to part, gates have changed, or others have
        /// made theirs longer.
        lost: Codes,
    },
}

/// What is to be written to a role, and what to remember of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// The whole new document; none where the role's means the same already.
    pub write: Option<Document>,
    /// The document that the role has once that is done: always a whole document, to be written as it
    /// is even where `write` is none, by whoever does not trust what was read of the role. (IAM shows
    /// an old document for a while.)
    pub document: Document,
    /// The codes that our statements in `document` let in: the `written` of the next plan.
    pub codes: Codes,
    /// Whether everything that is granted is in it.
    pub fit: Fit,
}

impl Plan {
    /// Compares a role's present document with whom it should trust.
    ///
    /// `written` are the codes of the last document written to the role. The record may be lost, or
    /// older than the document, so what our statements in `current` let in counts as well, as far as
    /// it can be read from them.
    ///
    /// If the new document would be longer than the quota, those of these codes are kept that are still
    /// wanted, and nothing is added. If even they do not fit, apps that shared a statement share it
    /// again, with the codes that all of them still have; and then codes go, the last first, until it
    /// fits. That ends at the latest where nothing of ours is left: a withdrawal always lands. A
    /// document no longer than the present one fits, whatever the setting says: IAM has taken as much.
    #[must_use]
    pub fn new(current: &Document, desired: &Desired, written: &Codes, quota: Quota) -> Self {
        let whole = current.with_ours(desired.statements());
        let limit = quota.characters().max(current.length());
        if whole.length() <= limit || desired.is_empty() || current.same_ours(&whole) {
            return Self::of(current, whole, desired.codes(), Fit::Whole);
        }
        Self::kept(current, desired, &was_in(current, desired, written), &whole, limit)
    }

    /// Like [`Self::new`], but nothing is added, and the document does not grow: for use when IAM has
    /// refused as too long what should have fitted, since the account's quota is lower than the setting,
    /// or others have changed theirs meanwhile. It is longer than `current` only where nothing of ours
    /// and nothing else is left, and the statement stands there that does nothing.
    #[must_use]
    pub fn withdraw_only(current: &Document, desired: &Desired, written: &Codes) -> Self {
        let whole = current.with_ours(desired.statements());
        let was = was_in(current, desired, written);
        let is_less = desired.only(&was).codes() == desired.codes() && whole.length() <= current.length();
        if is_less || desired.is_empty() || current.same_ours(&whole) {
            return Self::of(current, whole, desired.codes(), Fit::Whole);
        }
        Self::kept(current, desired, &was, &whole, current.length())
    }

    /// What can be kept of the codes that were let in before.
    fn kept(current: &Document, desired: &Desired, was: &Codes, whole: &Document, limit: usize) -> Self {
        let mut kept = desired.only(was);
        let mut document = current.with_ours(kept.statements());
        if document.length() > limit {
            kept = kept.shared_again(was);
            document = current.with_ours(kept.statements());
        }
        if document.length() > limit {
            // Fewer codes are never longer, so the most that fit are found by halving.
            let all: Vec<GroupCode> =
                kept.codes().into_values().flatten().collect::<BTreeSet<_>>().into_iter().collect();
            let first = |count: usize| kept.among(&all.iter().take(count).copied().collect());
            let counts: Vec<usize> = (0..=all.len()).collect();
            let fits = |count: &usize| current.with_ours(first(*count).statements()).length() <= limit;
            kept = first(counts.partition_point(fits).saturating_sub(1));
            document = current.with_ours(kept.statements());
        }
        let codes = kept.codes();
        let withheld = difference(&desired.codes(), &codes);
        let lost = intersection(&withheld, was);
        Self::of(current, document, codes, Fit::TooLong { length: whole.length(), withheld, lost })
    }

    fn of(current: &Document, document: Document, codes: Codes, fit: Fit) -> Self {
        if current.same_ours(&document) {
            return Self { write: None, document: current.clone(), codes, fit };
        }
        Self { write: Some(document.clone()), document, codes, fit }
    }
}

/// The codes of each app that were let in before: by the record, or by our statements.
fn was_in(current: &Document, desired: &Desired, written: &Codes) -> Codes {
    let mut was = written.clone();
    for (app, codes) in desired.let_in(current) {
        was.entry(app).or_default().extend(codes);
    }
    was
}

fn difference(all: &Codes, without: &Codes) -> Codes {
    pick(all, |app_codes, code| !app_codes.is_some_and(|codes| codes.contains(code)), without)
}

fn intersection(all: &Codes, with: &Codes) -> Codes {
    pick(all, |app_codes, code| app_codes.is_some_and(|codes| codes.contains(code)), with)
}

/// The codes of each app that fit what another map has for the app.
fn pick(all: &Codes, fits: impl Fn(Option<&BTreeSet<GroupCode>>, &GroupCode) -> bool, other: &Codes) -> Codes {
    all.iter()
        .map(|(app, codes)| {
            let other = other.get(app);
            (app.clone(), codes.iter().filter(|code| fits(other, code)).copied().collect::<BTreeSet<_>>())
        })
        .filter(|(_, codes)| !codes.is_empty())
        .collect()
}

#[cfg(test)]
mod tests;
