//! Whether a role's document is to be written. Pure.
//!
//! Two things stand between what was read and what IAM has. IAM shows older documents for a while after
//! it took one. And a write whose answer never came may have been taken, or may be taken still. In both
//! cases a document that looks as wanted may be an old one, behind which IAM has one that lets in whom a
//! withdrawal has put out since. So before each write the role's row is marked ([`UNDER_WAY`]), and what
//! was read counts only if it is what was written last, or if the last write was answered, and long ago.

use signet_core::grant::Timestamp;
use signet_core::trust::desired::Desired;
use signet_core::trust::document::Document;
use signet_core::trust::grants::Codes;
use signet_core::trust::plan::{Plan, Quota};
use signet_store::trust::account::{RoleState, Written};

use crate::settings::Settings;

/// The digest that a role's row has from the moment before a write until the write's outcome is noted.
/// No document has it.
pub(crate) const UNDER_WAY: [u8; 32] = [0; 32];

/// A role's document, and how we come by it.
#[derive(Debug, Clone)]
pub(crate) struct Known {
    /// The document.
    pub(crate) document: Document,
    /// Whether we wrote it in this very run: then it is what IAM has, whatever IAM shows.
    pub(crate) just_written: bool,
    /// The calls of IAM that this attempt has taken so far.
    pub(crate) calls: u32,
}

/// What a role's document is compared with.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Case<'c> {
    pub(crate) settings: &'c Settings,
    pub(crate) now: Timestamp,
    pub(crate) state: &'c RoleState,
    /// Whom the role should trust.
    pub(crate) desired: &'c Desired,
    /// Whom it should trust by the codes that were written last and the gates as they are; none if the
    /// gates may have changed since.
    pub(crate) as_written: Option<&'c Desired>,
    /// None where nothing may be added: IAM has refused more than the document that is there.
    pub(crate) quota: Option<Quota>,
}

/// What is to become of a role's document.
#[derive(Debug, Clone)]
pub(crate) struct Judgement {
    pub(crate) plan: Plan,
    /// Whether the plan's document is to be written, be it that what was read looks the same.
    pub(crate) writes: bool,
    /// Whether somebody else changed our statements.
    pub(crate) drifted: bool,
}

impl Case<'_> {
    pub(crate) fn judge(&self, known: &Known) -> Judgement {
        let written = self.state.written.as_ref();
        let codes = written.map(|written| written.codes.clone()).unwrap_or_default();
        let plan = match self.quota {
            Some(quota) => Plan::new(&known.document, self.desired, &codes, quota),
            None => Plan::withdraw_only(&known.document, self.desired, &codes),
        };
        let differs = plan.write.is_some();
        let is_sure = known.just_written || written.is_none_or(|written| self.is_sure(written, &known.document));
        let drifted = differs && !known.just_written && self.is_drift(written, &known.document, &codes);
        Judgement { plan, writes: differs || !is_sure, drifted }
    }

    /// Whether what was read is what IAM has, as far as our own writes go.
    fn is_sure(&self, written: &Written, read: &Document) -> bool {
        let is_answered = written.digest != UNDER_WAY;
        is_answered && (written.digest == read.digest() || self.is_settled(written))
    }

    fn is_settled(&self, written: &Written) -> bool {
        written.at.is_none_or(|at| self.settings.is_settled(at, self.now))
    }

    fn is_drift(&self, written: Option<&Written>, read: &Document, codes: &Codes) -> bool {
        let (Some(written), Some(as_written)) = (written, self.as_written) else { return false };
        // A role that was deleted and is there again has nothing of ours, and nobody changed anything.
        if matches!(self.state.outcome.as_deref(), Some("absent" | "gone")) {
            return false;
        }
        if written.digest == UNDER_WAY || written.digest == read.digest() || !self.is_settled(written) {
            return false;
        }
        // Somebody changed the document since. Our statements, or only theirs?
        let ours = Plan::new(read, as_written, codes, largest());
        // What stands alone in a document where nothing is granted may stay when another comes.
        let is_inert = codes.is_empty() && inert().is_some_and(|inert| inert.same_ours(read));
        ours.write.is_some() && !is_inert
    }
}

/// A plan's document, as what was written or found.
pub(crate) fn written(document: &Document, codes: &Codes, at: Option<Timestamp>) -> Written {
    Written { digest: document.digest(), codes: codes.clone(), at, length: document.length() }
}

/// A document without our statements; none where it has none that do anything.
pub(crate) fn withdrawn(document: &Document) -> Option<Document> {
    document.ours().next()?;
    Plan::new(document, &Desired::default(), &Codes::new(), Quota::DEFAULT).write
}

fn largest() -> Quota {
    Quota::new(8_192).unwrap_or_default()
}

/// A document with nothing but our statement that does nothing.
fn inert() -> Option<Document> {
    let empty = Document::parse(r#"{"Statement":[]}"#).ok()?;
    Some(Plan::new(&empty, &Desired::default(), &Codes::new(), Quota::DEFAULT).document)
}
