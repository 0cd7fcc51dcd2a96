//! What the cases of a run really reached. A class that a generator never reaches is a test that
//! is not there.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use signet_spec::input::{Protocol, SignIn};
use signet_spec::outcome::{Access, Decision, Deny, Finding, Note, Outcome, Rendering, UnfitTag};
use signet_spec::token;

use crate::pools;

/// How many cases reached each class.
#[derive(Debug, Default)]
pub(crate) struct Coverage {
    reached: RefCell<BTreeMap<String, u64>>,
}

impl Coverage {
    /// Notes what one case reached.
    pub(crate) fn add(&self, sign_in: &SignIn, decision: &Decision) {
        let mut classes = BTreeSet::new();
        classes.insert(outcome(&decision.outcome, sign_in.app.all_codes));
        for found in decision.findings.values() {
            classes.insert(finding(found));
        }
        for note in &decision.notes {
            classes.insert(match note {
                Note::Clash(_, keys) if keys.len() > 2 => "note: clash of three".to_owned(),
                Note::Clash(..) => "note: clash of two".to_owned(),
                Note::Unsound(_) => "note: unsound".to_owned(),
                Note::CodesCovered(..) => "note: codes covered".to_owned(),
                Note::TagLeftOut(_, why) => format!("note: tag left out, {}", unfit(*why)),
            });
        }
        inputs(sign_in, decision, &mut classes);
        rendering(sign_in, decision, &mut classes);
        for class in classes {
            self.note(class);
        }
    }

    /// Notes one class.
    pub(crate) fn note(&self, class: impl Into<String>) {
        *self.reached.borrow_mut().entry(class.into()).or_default() += 1;
    }

    /// Fails unless every class was reached.
    pub(crate) fn assert_reached(&self, classes: impl IntoIterator<Item = impl AsRef<str>>) {
        let reached = self.reached.borrow();
        println!("{reached:#?}");
        let missed: Vec<String> =
            classes.into_iter().map(|class| class.as_ref().to_owned()).filter(|c| !reached.contains_key(c)).collect();
        assert!(missed.is_empty(), "no case reached {missed:?}; these were reached: {reached:#?}");
    }

    /// Fails if a case reached one of these classes.
    pub(crate) fn assert_not_reached(&self, classes: &[&str]) {
        let reached = self.reached.borrow();
        for class in classes {
            assert_eq!(reached.get(*class), None, "{class}");
        }
    }
}

fn outcome(outcome: &Outcome, all_codes: bool) -> String {
    match outcome {
        Outcome::Access(_) => "access".to_owned(),
        Outcome::NoAccess => "no access".to_owned(),
        Outcome::Deny(deny) => match deny {
            Deny::BaseAssertion(_) => "deny: base assertion".to_owned(),
            Deny::IdentityMissing => "deny: identity missing".to_owned(),
            Deny::IdentityUnfit => "deny: identity unfit".to_owned(),
            Deny::IdentityPattern => "deny: identity pattern".to_owned(),
            Deny::Unentitled => "deny: unentitled".to_owned(),
            Deny::CodesDoNotFit { .. } if all_codes => "deny: all codes do not fit".to_owned(),
            Deny::CodesDoNotFit { .. } => "deny: no cover fits".to_owned(),
            Deny::RequiredTag(_, why) => format!("deny: required tag {}", unfit(*why)),
            Deny::AssertionTooLong(_) => "deny: assertion too long".to_owned(),
            Deny::BaseToken(_) => "deny: base token".to_owned(),
            Deny::TokenTooLong => "deny: token too long".to_owned(),
        },
    }
}

fn finding(finding: &Finding) -> String {
    match finding {
        Finding::Counts(..) => "finding: counts".to_owned(),
        Finding::CodeLeftOut(..) => "finding: code left out".to_owned(),
        Finding::Unregistered => "finding: unregistered".to_owned(),
        Finding::KeyMismatch => "finding: key mismatch".to_owned(),
        Finding::Retired => "finding: retired".to_owned(),
        Finding::CodeMismatch => "finding: code mismatch".to_owned(),
        Finding::NoGrant(0, 0) => "finding: no grant at all".to_owned(),
        Finding::NoGrant(0, _) => "finding: grants for other apps only".to_owned(),
        Finding::NoGrant(_, 0) => "finding: expired grants only".to_owned(),
        Finding::NoGrant(..) => "finding: no grant, of both kinds".to_owned(),
        Finding::Clash(_) => "finding: clash".to_owned(),
    }
}

fn unfit(why: UnfitTag) -> &'static str {
    match why {
        UnfitTag::Missing => "missing",
        UnfitTag::SeveralValues => "several values",
        UnfitTag::TooLong => "too long",
        UnfitTag::Character => "character",
    }
}

/// What the sign-in had in it, where that bears on the decision.
fn inputs(sign_in: &SignIn, decision: &Decision, classes: &mut BTreeSet<String>) {
    classes.insert(format!("width {}", sign_in.width));
    let distinct: BTreeSet<&String> = sign_in.groups.iter().collect();
    if distinct.len() < sign_in.groups.len() {
        classes.insert("input: a group twice".to_owned());
    }
    for (key, finding) in &decision.findings {
        let hostile = pools::NAMES.iter().position(|name| name == key);
        if let Some(number) = hostile {
            classes.insert(format!("asked for hostile name {number}"));
        }
        let Some(record) = sign_in.table.get(key) else { continue };
        match finding {
            Finding::Counts(..) | Finding::CodeLeftOut(..) => {
                if record.salt > 0 {
                    classes.insert("input: a displaced group counts".to_owned());
                }
                if record.salt == u32::MAX {
                    classes.insert("input: a group of the last salt counts".to_owned());
                }
                if let Some(number) = hostile {
                    classes.insert(format!("hostile name {number} counts"));
                }
                for grant in &record.grants {
                    let app = grant.apps.as_ref().map(|apps| apps.contains(&sign_in.app.id));
                    let left = grant.expires_at.map(|end| (end.saturating_sub(sign_in.now)).signum());
                    classes.insert(format!("grant: for this app {app:?}, ends {left:?}"));
                }
            }
            Finding::CodeMismatch if record.salt > 0 => {
                classes.insert("input: a displaced group is unsound".to_owned());
            }
            Finding::CodeMismatch if record.code.len() != sign_in.width => {
                classes.insert("input: a code of another width".to_owned());
            }
            _ => {}
        }
    }
    if let Outcome::Access(access) = &decision.outcome {
        let covered = decision.notes.iter().any(|note| matches!(note, Note::CodesCovered(..)));
        let of = counting(decision);
        let how = if covered { "covered" } else { "all" };
        classes.insert(format!("width {}: {how}", sign_in.width));
        capacity(sign_in, access, of, classes);
        if sign_in.width == 4 {
            classes.insert(format!("51 fit: {of} count, {how}"));
            if access.codes.len() == 51 {
                classes.insert(format!("51 emitted, {how}"));
            }
        }
        if access.tags.get("GroupHash").is_some_and(|value| value.len() == 256) {
            classes.insert("GroupHash is full".to_owned());
        }
        if access.transitive.len() < access.tags.len() {
            classes.insert("a tag is local".to_owned());
        }
    }
}

/// How many groups count.
fn counting(decision: &Decision) -> usize {
    decision.findings.values().filter(|f| matches!(f, Finding::Counts(..) | Finding::CodeLeftOut(..))).count()
}

/// Whether the codes just fit, and by whose word.
fn capacity(sign_in: &SignIn, access: &Access, of: usize, classes: &mut BTreeSet<String>) {
    let app = &sign_in.app;
    let usual = if app.protocol == Protocol::Saml { 51 } else { 20 };
    let said = app.code_capacity.unwrap_or(usual);
    let fits = 255 / (sign_in.width + 1);
    let protocol = app.protocol;
    if app.code_capacity.is_some_and(|said| said > fits) && access.codes.len() == fits {
        classes.insert(format!("{protocol:?}, a setting of more than a tag holds"));
    }
    // Of the widest codes fewer fit a tag than a token usually carries.
    if said > fits && protocol != Protocol::Saml {
        return;
    }
    let by = if app.code_capacity.is_some() { "by its setting" } else { "of its own accord" };
    if of == said.min(fits) && access.codes.len() == of {
        classes.insert(format!("{protocol:?}, as many as fit, {by}"));
    }
    if of == said.min(fits) + 1 && access.codes.len() < of {
        classes.insert(format!("{protocol:?}, one too many, {by}"));
    }
}

/// What the decision is rendered as, and how near its limits.
fn rendering(sign_in: &SignIn, decision: &Decision, classes: &mut BTreeSet<String>) {
    match &decision.rendering {
        None | Some(Rendering::Attributes(_)) => {}
        Some(Rendering::Nested(_)) if sign_in.app.roles_claim => drop(classes.insert("nested, with roles".to_owned())),
        Some(Rendering::Nested(_)) => drop(classes.insert("nested, without roles".to_owned())),
        Some(Rendering::Flat { .. }) => drop(classes.insert("flat".to_owned())),
    }
    if let Some(length) = decision.length {
        if length.most == token::MAX_CHARACTERS || length.most == token::MAX_CHARACTERS - 1 {
            classes.insert("no token could be longer".to_owned());
        }
        if length.least == token::MAX_CHARACTERS + 1 || length.least == token::MAX_CHARACTERS + 2 {
            classes.insert("no token could be shorter".to_owned());
        }
    }
    if let Outcome::Deny(Deny::BaseToken(name)) = &decision.outcome
        && !sign_in.base.iter().any(|(known, _)| known == name)
    {
        classes.insert("deny: base token, for the access token alone".to_owned());
    }
}
