//! Whom a role should trust, from its grants and the apps' gates.

use std::collections::{BTreeMap, BTreeSet};

use crate::app::AppId;
use crate::code::{CodeWidth, GroupCode};
use crate::role::RoleArn;
use crate::trust::allow::{Allow, Terms};
use crate::trust::document::{Document, Statement};
use crate::trust::gate::Gate;
use crate::trust::grants::Codes;
use crate::trust::nonempty::NonEmpty;
use crate::trust::reading::Reading;

/// Why somebody who was granted a role is not let in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LeftOut {
    /// A code that has not the table's width. No sound table has one.
    OtherWidth(GroupCode),
    /// An app, and another through whose gate its sign-ins come as well. The role could not tell them
    /// apart, so it trusts neither.
    ///
    /// Which of the two was there first cannot be told from gates, and must not be guessed: whoever
    /// wins a guess gets the other's codes. So that nobody can shut an app out by announcing its gate
    /// a second time, the table gives every provider name, client of an issuer and identity pool to
    /// the one app that had it first, and refuses the newcomer when it is announced. This is the second
    /// line behind that.
    SharedGate(AppId, AppId),
    /// An app that codes are granted for and that has no gate: half of it is not known yet, or it is
    /// deleted.
    NoGate(AppId),
    /// An app behind an identity pool that cannot be named on this role
    /// ([`Gate::can_be_named`]).
    Unnamed(AppId),
}

/// Whom a role should trust: which codes let in whose sign-ins. The default is nobody.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Desired {
    apps: BTreeMap<AppId, (Terms, NonEmpty<GroupCode>)>,
    left_out: Vec<LeftOut>,
}

impl Desired {
    /// Takes what is granted on a role: the codes that count for each app
    /// ([`codes_at`](crate::trust::grants::codes_at)), and the gates of all apps, of those without
    /// codes too. An app without a gate, or without codes, is not trusted.
    #[must_use]
    pub fn new(role: &RoleArn, width: CodeWidth, gates: &BTreeMap<AppId, Gate>, codes: &Codes) -> Self {
        let mut left_out: Vec<_> = codes
            .values()
            .flatten()
            .filter(|code| !code.has_width(width))
            .collect::<BTreeSet<_>>()
            .into_iter()
            .map(|code| LeftOut::OtherWidth(*code))
            .collect();
        let has_codes = |app: &AppId| codes.get(app).is_some_and(|codes| !codes.is_empty());
        left_out.extend(
            codes.keys().filter(|app| has_codes(app) && !gates.contains_key(app)).cloned().map(LeftOut::NoGate),
        );
        let mut apps = BTreeMap::new();
        for (app, gate) in gates {
            if let Some((other, _)) = gates.iter().find(|(other, their)| *other != app && gate.meets(their)) {
                if has_codes(app) {
                    left_out.push(LeftOut::SharedGate(app.clone(), other.clone()));
                }
                continue;
            }
            if !gate.can_be_named(role) {
                if has_codes(app) {
                    left_out.push(LeftOut::Unnamed(app.clone()));
                }
                continue;
            }
            let fits = codes.get(app).into_iter().flatten().filter(|code| code.has_width(width));
            if let Some(codes) = NonEmpty::new(fits.copied().collect()) {
                apps.insert(app.clone(), (Terms::new(gate, role), codes));
            }
        }
        Self { apps, left_out }
    }

    /// Who is not let in though granted the role, and why.
    #[must_use]
    pub fn left_out(&self) -> &[LeftOut] {
        &self.left_out
    }

    /// The codes that let in each app's sign-ins.
    #[must_use]
    pub fn codes(&self) -> Codes {
        self.apps.iter().map(|(app, (_, codes))| (app.clone(), codes.as_set().clone())).collect()
    }

    /// Whether nobody is to be trusted.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.apps.is_empty()
    }

    /// The codes by which our statements in a document let in the apps' sign-ins, as far as they can be
    /// read from it.
    pub(super) fn let_in(&self, document: &Document) -> Codes {
        let readings: Vec<Reading> = document.ours().filter_map(Reading::of).collect();
        let of = |terms: &Terms| readings.iter().flat_map(|reading| reading.codes(terms)).collect();
        self.apps.iter().map(|(app, (terms, _))| (app.clone(), of(terms))).collect()
    }

    /// Our statements. Apps share one where that lets nobody else in.
    pub(super) fn statements(&self) -> Vec<Statement> {
        let mut joined: Vec<Allow> = Vec::new();
        for (terms, codes) in self.apps.values() {
            let allow = Some(Allow::new(terms.clone(), codes.clone()));
            // What no statement takes in becomes one of its own.
            let alone = joined.iter_mut().fold(allow, |allow, known| allow.and_then(|allow| known.join(allow)));
            joined.extend(alone);
        }
        joined.iter().enumerate().map(|(index, allow)| allow.statement(index + 1)).collect()
    }

    /// Only those codes of each app that some others have as well.
    pub(super) fn only(&self, codes: &Codes) -> Self {
        self.filtered(|app, code| codes.get(app).is_some_and(|codes| codes.contains(code)))
    }

    /// Only codes of a set.
    pub(super) fn among(&self, codes: &BTreeSet<GroupCode>) -> Self {
        self.filtered(|_, code| codes.contains(code))
    }

    /// Where apps whose codes were once equal could share a statement: only the codes that all of
    /// them still have, so that they can share it again.
    pub(super) fn shared_again(&self, once: &Codes) -> Self {
        let common = |app: &AppId, code: &GroupCode| {
            let Some((terms, _)) = self.apps.get(app) else { return false };
            let was = once.get(app);
            self.apps
                .iter()
                .filter(|(other, (theirs, _))| theirs.can_join(terms) && once.get(*other) == was)
                .all(|(_, (_, codes))| codes.as_set().contains(code))
        };
        self.filtered(common)
    }

    fn filtered(&self, keep: impl Fn(&AppId, &GroupCode) -> bool) -> Self {
        let apps = self.apps.iter().filter_map(|(app, (terms, codes))| {
            let kept = codes.iter().filter(|code| keep(app, code)).copied().collect();
            NonEmpty::new(kept).map(|codes| (app.clone(), (terms.clone(), codes)))
        });
        Self { apps: apps.collect(), left_out: self.left_out.clone() }
    }
}
