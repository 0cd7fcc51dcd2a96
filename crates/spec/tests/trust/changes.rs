//! From one state to the next: nothing opens that should not, and withdrawals land, whatever the length.
//!
//! IAM replaces the document in one call, so there are two states and nothing between them.

use std::collections::BTreeSet;

use proptest::collection::vec;
use proptest::strategy::Strategy;
use proptest::test_runner::TestCaseError;
use proptest::{prop_assert, prop_assert_eq, prop_oneof};
use signet_core::app::AppId;
use signet_core::code::GroupCode;
use signet_core::trust::document::{Document, Statement};
use signet_core::trust::grants::Codes;
use signet_core::trust::plan::{Fit, Plan as Core, Quota};
use signet_spec::trust::entitled::{Entry, World, may_come_in};
use signet_spec::trust::policy::Policy;
use signet_spec::trust::sign_in::SignIn;

use crate::attempt::sign_in;
use crate::check;
use crate::coverage::Coverage;
use crate::documents::desired;
use crate::plan::{AppPlan, AttemptPlan};
use crate::pools::{FOREIGN, OURS};
use crate::world::world;

/// A role before and after a change of its grants, in numbers.
#[derive(Debug, Clone)]
struct Change {
    apps: Vec<AppPlan>,
    /// The apps have the same codes before the change.
    alike: bool,
    /// How much of the quota the old codes take, in hundredths.
    share: usize,
    /// For each app: how many codes go and how many come.
    moves: Vec<(usize, usize)>,
    quota: usize,
    /// How long a statement becomes that somebody else has added meanwhile, in hundredths of the quota.
    filler: usize,
    /// What else happened: gates changed, the record lost or old, our statements edited, the room taken.
    odd: usize,
}

fn changes() -> impl Strategy<Value = Change> {
    let apps = vec((0..8usize, 0..4usize), 1..4);
    // Half of the roles are about full.
    let share = prop_oneof![0..90usize, 60..85usize];
    let moves = vec((0..12usize, 0..40usize), 3);
    (apps, 0..3u8, share, moves, 0..8usize, 0..260usize, 0..12usize).prop_map(
        |(apps, alike, share, moves, quota, filler, odd)| {
            let alike = alike > 0;
            // Apps that are alike may share a statement.
            let first = apps[0];
            let apps = apps.into_iter().map(|app| if alike { first } else { app });
            Change {
                apps: apps
                    .enumerate()
                    .map(|(index, (kind, pattern))| AppPlan {
                        kind,
                        // One provider or pool an app: gates are never shared here.
                        provider: index,
                        audience: if kind < 4 { 0 } else { index },
                        pattern: pattern.saturating_sub(1),
                    })
                    .collect(),
                alike,
                share,
                moves: moves
                    .into_iter()
                    .map(|(gone, come)| (gone.saturating_sub(6), come.saturating_sub(20)))
                    .collect(),
                quota: [2_048, 2_048, 2_048, 2_048, 2_048, 2_048, 4_096, 8_192][quota],
                // Mostly none.
                filler: filler.saturating_sub(160),
                odd,
            }
        },
    )
}

#[test]
fn nothing_opens_that_should_not_and_withdrawals_land() {
    let coverage = Coverage::default();
    check(1_000, "trust-changes", &changes(), |change| case(&change, &coverage));
    coverage.assert_reached(
        20,
        &[
            "whole",
            "too long, nothing lost",
            "too long, something lost",
            "too long, nothing of ours left",
            "withdrawn and out, too long",
            "withdrawn and out, whole",
            "granted and withheld",
            "shared again at the cost of a code",
            "gates changed",
            "record lost",
            "record old",
            "kept without a record",
            "edited by hand",
            "withdrawn only, something waits",
            "withdrawn only, nothing waits",
        ],
    );
}

/// The code of a number.
fn code(number: usize) -> String {
    let letter = |n: usize| char::from(b'a' + u8::try_from(n % 26).unwrap());
    ['q', letter(number / 676), letter(number / 26), letter(number)].iter().collect()
}

fn granted(base: &World, codes: &[BTreeSet<usize>]) -> World {
    let mut world = base.clone();
    for (app, numbers) in base.apps.iter().zip(codes) {
        let entry = |n: &usize| Entry { code: code(*n), apps: Some(vec![app.id.clone()]), expires_at: None };
        world.entries.extend(numbers.iter().map(entry));
    }
    world
}

fn case(change: &Change, coverage: &Coverage) -> Result<(), TestCaseError> {
    let base = world(&change.apps, &[]);
    let quota = Quota::new(change.quota).unwrap();
    // About eleven characters a code.
    let count = change.quota * change.share / 1_100 / if change.alike { 1 } else { change.apps.len() };
    let first = |app: usize| if change.alike { 0 } else { app * 1_000 };
    let old: Vec<BTreeSet<usize>> =
        (0..change.apps.len()).map(|app| (first(app)..first(app) + count).collect()).collect();
    let new: Vec<BTreeSet<usize>> = old
        .iter()
        .enumerate()
        .map(|(app, codes)| {
            let (gone, come) = change.moves[app];
            codes.iter().copied().skip(gone).chain(first(app) + count..first(app) + count + come).collect()
        })
        .collect();

    let others = Document::parse(&format!(r#"{{"Version":"2012-10-17","Statement":[{}]}}"#, FOREIGN[0])).unwrap();
    let before = Core::new(&others, &desired(&granted(&base, &old)), &Codes::new(), quota);
    let (current, written) = meanwhile(change, &before, coverage);

    // The gates that the sign-ins of the new state come through.
    let mut apps = change.apps.clone();
    if change.odd == 1 {
        coverage.add("gates changed");
        for app in &mut apps {
            app.pattern = (app.pattern + 1) % 3;
        }
    }
    let now = granted(&world(&apps, &[]), &new);
    let after = Core::new(&current, &desired(&now), &written, quota);

    let foreign = |document: &Document| document.foreign().map(Statement::render).collect::<Vec<_>>();
    prop_assert_eq!(foreign(&after.document), foreign(&current));
    let ours = after.document.ours().count();
    // What IAM has taken once is no longer than it takes.
    let limit = change.quota.max(current.length());
    prop_assert!(after.write.is_none() || ours == 0 || after.document.length() <= limit);
    let again = Core::new(&after.document, &desired(&now), &after.codes, quota);
    prop_assert_eq!((&again.write, &again.codes), (&None, &after.codes), "the second time differs");
    note(change, &after, coverage);
    let less = Core::withdraw_only(&current, &desired(&now), &written);
    prop_assert_eq!(foreign(&less.document), foreign(&current));
    prop_assert!(less.document.length() <= current.length(), "the plan that only withdraws grew");
    coverage.add(if less.fit == Fit::Whole {
        "withdrawn only, nothing waits"
    } else {
        "withdrawn only, something waits"
    });

    let policies =
        [&current, &after.document, &less.document].map(|document| Policy::read(&document.render()).unwrap());
    for (index, app) in now.apps.iter().enumerate() {
        let id = AppId::parse(&app.id).unwrap();
        let has =
            |codes: &Codes, code: &str| codes.get(&id).is_some_and(|c| c.contains(&GroupCode::parse(code).unwrap()));
        for number in samples(&old[index], &new[index]) {
            let code = code(number);
            let sign_in = with_code(&now, &apps, index, &code);
            let is_in = |policy: &Policy| sign_in.is_let_in(policy).map_err(TestCaseError::fail);
            let (was_in, is_in, is_in_less) = (is_in(&policies[0])?, is_in(&policies[1])?, is_in(&policies[2])?);
            let may = may_come_in(&now, &sign_in);
            prop_assert_eq!(is_in_less, has(&less.codes, &code));
            prop_assert!(may || !is_in_less, "{} is in and not granted", code);
            prop_assert!(was_in || !is_in_less || matches!(change.odd, 1 | 3 | 5), "{} was only to be withdrawn", code);
            prop_assert_eq!(is_in, has(&after.codes, &code), "the record is not what the document says of {}", code);
            prop_assert!(may || !is_in, "{} is in and not granted", code);
            match &after.fit {
                Fit::Whole => prop_assert_eq!(is_in, may),
                Fit::TooLong { length, withheld, lost } => {
                    prop_assert!(*length > limit);
                    prop_assert!(!is_in || was_in || has(&written, &code), "{} was added though too long", code);
                    prop_assert!(!is_in || was_in || matches!(change.odd, 1 | 3 | 5), "{} was not in before", code);
                    prop_assert_eq!(has(withheld, &code), may && !is_in);
                    prop_assert_eq!(has(lost, &code), may && !is_in && (was_in || has(&written, &code)));
                    if is_in && !has(&written, &code) {
                        coverage.add("kept without a record");
                    }
                }
            }
            let length = if after.fit == Fit::Whole { "whole" } else { "too long" };
            if old[index].contains(&number) && !may && was_in {
                coverage.add(format!("withdrawn and out, {length}"));
            }
            if may && !is_in {
                coverage.add("granted and withheld");
            }
        }
    }
    Ok(())
}

/// The role and its record when the change is made.
fn meanwhile(change: &Change, before: &Core, coverage: &Coverage) -> (Document, Codes) {
    let mut text = before.document.render();
    let taken = if change.odd == 5 { 75 + change.share % 30 } else { change.filler };
    if taken > 0 {
        let sid = "x".repeat(change.quota * taken / 100);
        let filler = FOREIGN[0].replacen('{', &format!(r#"{{"Sid":"{sid}","#), 1);
        text = text.replacen("[{", &format!("[{filler},{{"), 1);
    }
    let mut written = before.codes.clone();
    match change.odd {
        2 => {
            coverage.add("record lost");
            written = Codes::new();
        }
        4 => {
            coverage.add("record old");
            for codes in written.values_mut() {
                *codes = codes.iter().copied().take(codes.len() / 2).collect();
            }
        }
        3 | 5 => {
            coverage.add("edited by hand");
            let there = Document::parse(&text).unwrap();
            for ours in there.ours() {
                text = text.replace(&format!(",{}", ours.render()), "");
            }
            // Not the one that lets everybody in: then everybody was in before.
            text = text.replacen("[{", &format!("[{},{{", OURS[1]), 1);
        }
        _ => {}
    }
    (Document::parse(&text).unwrap(), written)
}

/// Codes at the edges of what goes, stays and comes.
fn samples(old: &BTreeSet<usize>, new: &BTreeSet<usize>) -> BTreeSet<usize> {
    let edges = |codes: BTreeSet<usize>| [codes.first().copied(), codes.last().copied()];
    [old - new, old & new, new - old].into_iter().flat_map(edges).flatten().collect()
}

/// A sign-in to an app that is right in everything, with one code.
fn with_code(world: &World, apps: &[AppPlan], index: usize, code: &str) -> SignIn {
    let plain = AttemptPlan { app: index, ..AttemptPlan::default() };
    let mut sign_in = sign_in(world, apps, &plain);
    sign_in.tags.insert("GroupHash".to_owned(), format!(":{code}:"));
    sign_in
}

fn note(change: &Change, after: &Core, coverage: &Coverage) {
    let Fit::TooLong { lost, .. } = &after.fit else { return coverage.add("whole") };
    if lost.is_empty() {
        return coverage.add("too long, nothing lost");
    }
    coverage.add("too long, something lost");
    if after.codes.is_empty() {
        coverage.add("too long, nothing of ours left");
    } else if change.filler == 0 && change.alike && after.document.ours().count() < change.apps.len() {
        coverage.add("shared again at the cost of a code");
    }
}
