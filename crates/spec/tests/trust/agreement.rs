//! Who is let in is who may come in, beside whatever others have written.

use proptest::test_runner::TestCaseError;
use proptest::{prop_assert, prop_assert_eq};
use signet_core::trust::document::{Document, Statement};
use signet_core::trust::grants::Codes;
use signet_core::trust::plan::{Fit, Plan as Core, Quota};
use signet_spec::trust::entitled::{App, Kind, World, may_come_in};
use signet_spec::trust::policy::{Policy, Says};
use signet_spec::trust::sign_in::{Proof, SignIn};

use crate::attempt::sign_in;
use crate::check;
use crate::coverage::Coverage;
use crate::documents::desired;
use crate::plan::{AppPlan, AttemptPlan, DocumentPlan, EntryPlan, Part, Plan, plans};
use crate::pools::{FOREIGN, NARROW, NARROW_POOL, NOW, shape_name};
use crate::world::{COGNITO, Written, wider_apps, world};

#[test]
fn who_is_let_in_is_who_may_come_in() {
    let coverage = Coverage::default();
    check(24_000, "trust-agreement", &plans(), |plan| case(&plan, &coverage));
    coverage.assert_reached(
        20,
        &[
            "in: SAML",
            "in: OIDC with the roles claim",
            "in: OIDC without the roles claim",
            "in: identity pool",
            "in: only by a statement of others",
            "refused: only by a statement of others",
            "refused for Provider",
            "refused for Audience",
            "refused for TagKey",
            "refused for Transitive",
            "refused for Identity",
            "refused for Roles",
            "refused for Methods",
            "refused for GroupHash: crafted neighbours",
            "refused for GroupHash: a longer code",
            "refused for GroupHash: not enclosed",
            "refused for GroupHash: upper case",
            "refused for GroupHash: wildcards",
            "refused for GroupHash: no GroupHash",
            "refused for a grant to another app",
            "refused for an expired grant",
            "refused for a gate that two apps share",
            "apps share a statement",
            "nobody is trusted, others are",
            "an inert statement stands alone",
            "ours were there before",
            "nothing to write",
            "seen by the audit",
            "nothing for the audit to see",
            "as narrow as ours",
            "a code too many, seen by the audit",
        ],
    );
}

/// A statement as narrow as ours lets nobody in who says a source identity behind an identity pool, so
/// there is nothing for the audit to see in it. Seldom drawn.
#[test]
fn a_source_identity_behind_an_identity_pool_beside_a_narrow_statement() {
    let narrow = FOREIGN.iter().position(|statement| *statement == NARROW_POOL).unwrap();
    let mut attempt = AttemptPlan::default();
    attempt.wrong[Part::Identity as usize] = 1;
    let plan = Plan {
        apps: vec![AppPlan { kind: 7, provider: 0, audience: 0, pattern: 0 }],
        entries: vec![EntryPlan { code: 0, apps: 0, expiry: 0 }],
        document: DocumentPlan { head: 0, foreign: vec![narrow], ours: 0, spaces: 0 },
        attempts: vec![attempt],
    };
    let coverage = Coverage::default();
    case(&plan, &coverage).unwrap();
    coverage.assert_reached(1, &["refused for Identity", "as narrow as ours"]);
}

fn case(plan: &Plan, coverage: &Coverage) -> Result<(), TestCaseError> {
    let world = world(&plan.apps, &plan.entries);
    let wanted = desired(&world);
    let written = Written::of(&plan.document);
    let current = Document::parse(&written.text).unwrap();
    let made = Core::new(&current, &wanted, &Codes::new(), Quota::new(8_192).unwrap());
    prop_assert_eq!(&made.fit, &Fit::Whole);
    prop_assert_eq!(&made.codes, &wanted.codes());
    let document = made.document.render();

    // What others wrote is there, to the letter and in its order.
    let foreign: Vec<String> = made.document.foreign().map(Statement::render).collect();
    prop_assert_eq!(&foreign, &written.foreign);
    prop_assert!(document.starts_with(written.head.0) && document.ends_with(written.head.1), "{}", document);
    // Reading and writing is the identity, and so is doing it all again.
    prop_assert_eq!(&Document::parse(&document).unwrap(), &made.document);
    let again = Core::new(&made.document, &wanted, &made.codes, Quota::DEFAULT);
    prop_assert_eq!((&again.write, &again.fit), (&None, &Fit::Whole));
    note_document(&made, &current, coverage);

    let policy = Policy::read(&document).map_err(TestCaseError::fail)?;
    let others = Policy::read(&written.without_ours()).map_err(TestCaseError::fail)?;
    let wider = wider_apps(&world, &made.document);
    for attempt in &plan.attempts {
        let sign_in = sign_in(&world, &plan.apps, attempt);
        let may = may_come_in(&world, &sign_in);
        agrees(&world, &sign_in, &policy, &others)?;
        note_attempt(plan, &world, attempt, &sign_in, coverage);
        let is_in = sign_in.is_let_in(&policy).map_err(TestCaseError::fail)?;
        match (may, is_in) {
            (false, true) => coverage.add("in: only by a statement of others"),
            (true, false) => coverage.add("refused: only by a statement of others"),
            _ => {}
        }
        // Whoever gets in without a grant by what others wrote is seen by the audit, and so is whoever
        // is allowed the assumption alone.
        let by_others = others.says(&sign_in.request(sign_in.assume())).map_err(TestCaseError::fail)? == Says::Allow;
        let is_more = !may_come_in(&world, &bare(&sign_in)) || (is_in && !may);
        if let Some(app) = (by_others && is_more).then(|| app_of(&world, &sign_in)).flatten() {
            prop_assert!(wider.iter().any(|(wider, _)| *wider == app), "{} gets in unseen by {:?}", app, others);
            coverage.add("seen by the audit");
        }
        for narrow in [NARROW, NARROW_POOL].into_iter().filter(|narrow| written.foreign.contains(narrow)) {
            let is_seen = wider.iter().any(|(_, statement)| statement == narrow);
            coverage.add(if is_seen { "a code too many, seen by the audit" } else { "as narrow as ours" });
        }
        if wider.is_empty() && !world.apps.is_empty() && !written.foreign.is_empty() {
            coverage.add("nothing for the audit to see");
        }
    }
    Ok(())
}

/// The sign-in without what is refused by itself: behind an identity pool the source identity, for
/// which STS asks separately.
fn bare(sign_in: &SignIn) -> SignIn {
    let source_identity = sign_in.source_identity.clone().filter(|_| sign_in.provider != COGNITO);
    SignIn { source_identity, ..sign_in.clone() }
}

/// The app whose provider and audience a sign-in has.
fn app_of(world: &World, sign_in: &SignIn) -> Option<String> {
    let (Proof::Assertion { audience } | Proof::Token { audience, .. }) = &sign_in.proof;
    let is_its = |app: &&App| {
        let has_audience = matches!(app.kind, Kind::Saml { .. }) || app.audiences.contains(audience);
        app.provider == sign_in.provider && has_audience
    };
    world.apps.iter().find(is_its).map(|app| app.id.clone())
}

/// Each action is allowed if others allow it, or if none denies it and the grants let the sign-in in.
fn agrees(world: &World, sign_in: &SignIn, policy: &Policy, others: &Policy) -> Result<(), TestCaseError> {
    let bare = bare(sign_in);
    let may = may_come_in(world, &bare);
    let let_in = sign_in.is_let_in(policy).map_err(TestCaseError::fail)?;
    if let Proof::Token { roles: Some(roles), .. } = &sign_in.proof
        && !roles.contains(&sign_in.role)
    {
        prop_assert!(!may && !let_in, "the token is for other roles");
        return Ok(());
    }
    let mut expected_in = true;
    for action in [sign_in.assume(), "sts:TagSession", "sts:SetSourceIdentity", "sts:AssumeRole"] {
        let request = sign_in.request(action);
        let by_others = others.says(&request).map_err(TestCaseError::fail)?;
        let expected = match by_others {
            Says::Nothing if may && bare.actions().contains(&action) => Says::Allow,
            said => said,
        };
        let says = policy.says(&request).map_err(TestCaseError::fail)?;
        prop_assert_eq!(says, expected, "{} by {:?} on {:?}", action, sign_in, policy);
        expected_in &= expected == Says::Allow || !sign_in.actions().contains(&action);
    }
    prop_assert_eq!(let_in, expected_in);
    Ok(())
}

fn note_document(made: &Core, current: &Document, coverage: &Coverage) {
    let apps = made.codes.len();
    let ours = made.document.ours().count();
    if ours < apps {
        coverage.add("apps share a statement");
    }
    if apps == 0 && ours == 0 {
        coverage.add("nobody is trusted, others are");
    }
    if apps == 0 && ours == 1 {
        coverage.add("an inert statement stands alone");
    }
    if current.ours().count() > 0 && made.write.is_some() {
        coverage.add("ours were there before");
    }
    if made.write.is_none() {
        coverage.add("nothing to write");
    }
}

/// Notes why an attempt gets in, or the one thing but for which it would.
fn note_attempt(plan: &Plan, world: &World, attempt: &AttemptPlan, now: &SignIn, coverage: &Coverage) {
    if may_come_in(world, now) {
        let kind =
            &world.apps.iter().find(|app| app.provider == now.provider && in_alone(world, &app.id, now)).unwrap().kind;
        return coverage.add(match kind {
            Kind::Saml { .. } => "in: SAML",
            Kind::Oidc { roles_claim: true, .. } => "in: OIDC with the roles claim",
            Kind::Oidc { roles_claim: false, .. } => "in: OIDC without the roles claim",
            Kind::IdentityPool { .. } => "in: identity pool",
        });
    }
    for part in Part::ALL {
        let right = sign_in(world, &plan.apps, &attempt.with_right(part));
        if may_come_in(world, &right) {
            coverage.add(match part {
                Part::GroupHash => format!("refused for GroupHash: {}", shape_name(attempt.of(part))),
                other => format!("refused for {other:?}"),
            });
        }
    }
    let with = |change: fn(&mut World)| {
        let mut changed = world.clone();
        change(&mut changed);
        may_come_in(&changed, now)
    };
    if with(|world| world.entries.iter_mut().for_each(|entry| entry.apps = None)) {
        coverage.add("refused for a grant to another app");
    }
    if with(|world| world.now = NOW - 2) {
        coverage.add("refused for an expired grant");
    }
    if world.apps.iter().any(|app| in_alone(world, &app.id, now)) {
        coverage.add("refused for a gate that two apps share");
    }
}

/// Whether the sign-in could come in if there were no other app.
fn in_alone(world: &World, id: &str, sign_in: &SignIn) -> bool {
    let mut alone = world.clone();
    alone.apps.retain(|app| app.id == id);
    may_come_in(&alone, sign_in)
}
