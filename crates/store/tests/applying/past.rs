//! The history as typed rows, and the table as it was at a moment.

use signet_core::app::{App, Codes, IdentityRule, Mode, TagRules, TokenRules, WhenUnentitled};
use signet_core::code::{CodeWidth, Salt};
use signet_core::grant::{Grant, Timestamp};
use signet_core::group::GroupState;
use signet_core::identity::{IdentityField, IdentityPattern};
use signet_core::role::{Protocol, ProviderName};
use signet_store::apply::{Provenance, Revision};
use signet_store::history::HistoryRow;
use signet_store::past::{History, Past};
use signet_store::schema::{Meta, OnCollision};
use signet_store::sign_in::{AppState, Snapshot};
use signet_store::statement::{StatedApp, StatedProvider, Statement};

use crate::common::{FewCodes, Worker, all_to_all, app_id, gone, key, limited, plain, source, stated};
use crate::providers;

const META: Meta = Meta { layout: 1, width: CodeWidth::DEFAULT, on_collision: OnCollision::Displace };

/// The history; revision `n` is applied at 1,000 + n.
async fn history(worker: &Worker) -> History {
    History::new(worker.table.whole_history().await.unwrap())
}

fn at(history: &History, moment: i64) -> Past<'_> {
    history.at(Timestamp::from_seconds(moment))
}

fn read(past: &Past<'_>, app: &str, groups: &[&str]) -> Snapshot {
    past.sign_in(META, app, groups)
}

fn app(mode: Mode, active: bool) -> StatedApp {
    let app = App {
        id: app_id("app-1"),
        name: None,
        protocol: Protocol::Saml,
        provider: ProviderName::parse("okta-1").unwrap(),
        audience: "https://signin.aws.amazon.com/saml".to_owned(),
        mode,
        groups_claim: "groups".to_owned(),
        identity: IdentityRule {
            from: IdentityField::login(),
            pattern: IdentityPattern::parse("*@example.com").unwrap(),
        },
        tags: TagRules::default(),
        session_duration: None,
        when_unentitled: WhenUnentitled::Deny,
        codes: Codes::Cover,
        code_capacity: None,
        tokens: TokenRules::default(),
    };
    StatedApp { app, active }
}

#[tokio::test]
async fn rows_are_typed_and_in_order() {
    let worker = Worker::with_table().await.map(|table| table.with_hasher(FewCodes(2)));
    let trials = source("trials");
    let mut first = stated(&[("a", &["r1"])]);
    first.grant(key("a"), Some("People who read".to_owned()), limited("r2", &["app-1"], Some(2_000)));
    worker.change(&trials, 1, &first).await;
    let statement = stated(&[("b", &["r1"])]);
    let plan = worker.change(&trials, 2, &statement).await;
    worker.change(&trials, 3, &statement_with_app()).await;

    let rows = worker.table.history(&trials).await.unwrap();
    assert!(rows.is_sorted_by(|a, b| a.version < b.version));
    assert_eq!(rows.iter().map(|row| row.revision).collect::<Vec<_>>(), [Some(1), Some(2), Some(3)]);
    let row = &rows[0];
    assert_eq!((row.at.seconds(), row.event.as_str(), row.source.as_ref()), (1_001, "event-1", Some(&trials)));
    let came = &row.groups[0];
    assert_eq!((came.group.as_str(), came.label.as_deref()), ("a", Some("People who read")));
    assert!(came.registers && !came.retires && came.before.is_empty() && came.displaced_by.is_none());
    let grants = [plain("r1"), limited("r2", &["app-1"], Some(2_000))];
    assert_eq!(came.added().cloned().collect::<Vec<_>>(), grants);

    let gone = rows[1].groups.iter().find(|change| change.group == key("a")).unwrap();
    assert!(gone.retires && gone.after.is_empty());
    assert_eq!(gone.removed().count(), 2);
    let displaced: Vec<_> =
        rows.iter().flat_map(|row| &row.groups).filter_map(|change| change.displaced_by.clone()).collect();
    let planned: Vec<_> = plan.displaced.iter().map(|one| (one.taken, one.owner.clone())).collect();
    assert_eq!(displaced, planned);
    assert_eq!(rows[2].apps[0].before, None);
    assert_eq!(rows[2].apps[0].after, app(Mode::Enforce, true));
    assert!(worker.table.history(&source("nobody")).await.unwrap().is_empty());
}

fn statement_with_app() -> Statement {
    Statement { apps: vec![app(Mode::Enforce, true)], ..stated(&[("b", &["r1"])]) }
}

#[tokio::test]
async fn a_long_history_is_read_whole() {
    let worker = Worker::with_table().await;
    let trials = source("trials");
    let statement = all_to_all(100, 100);
    worker.change(&trials, 1, &statement).await;
    worker.change(&trials, 2, &gone()).await;
    worker.change(&trials, 3, &statement).await;
    let before = worker.connector.total_calls();
    let rows = worker.table.history(&trials).await.unwrap();
    assert!(worker.connector.total_calls() - before > 1, "it takes several pages");
    for revision in [1, 2, 3] {
        let groups: usize = rows.iter().filter(|row| row.revision == Some(revision)).map(|row| row.groups.len()).sum();
        assert_eq!(groups, 100, "revision {revision}");
    }
}

#[tokio::test]
async fn the_table_as_it_was_is_what_a_sign_in_read_then() {
    let worker = Worker::with_table().await;
    let (trials, genomes) = (source("trials"), source("genomes"));
    let groups = ["a", "b", "c", "unknown", ""];
    let mut then = Vec::new();
    let mut labelled = stated(&[("a", &["r1"]), ("b", &["r1", "r2"])]);
    labelled.grant(key("a"), Some("A".to_owned()), limited("r3", &["app-1"], None));
    labelled.apps.push(app(Mode::Observe, true));
    let mut again = stated(&[("b", &["r2"])]);
    again.apps.push(app(Mode::Enforce, true));
    let mut off = stated(&[("a", &["r1"]), ("c", &["r9"])]);
    off.apps.push(app(Mode::Enforce, false));
    for (source, revision, statement) in [
        (&trials, 1, &labelled),
        (&genomes, 2, &stated(&[("a", &["r1"]), ("c", &["r4"])])),
        (&trials, 3, &again),
        (&genomes, 4, &gone()),
        (&trials, 5, &off),
    ] {
        worker.change(source, revision, statement).await;
        then.push(worker.table.sign_in("app-1", &groups).await.unwrap());
    }
    let history = history(&worker).await;
    for (n, snapshot) in then.iter().enumerate() {
        let past = at(&history, 1_001 + i64::try_from(n).unwrap());
        let found = read(&past, "app-1", &groups);
        assert!(!past.is_unknown());
        assert_eq!(found.app, snapshot.app, "revision {}", n + 1);
        assert_eq!(found.groups, snapshot.groups, "revision {}", n + 1);
    }
    assert!(matches!(then[4].app, AppState::Inactive(_)));
    assert_eq!(then[3].groups["a"].registration.state, GroupState::Retired);

    let nothing = at(&history, 1_000);
    assert!(nothing.is_unknown());
    assert_eq!(nothing.begins(), Some(Timestamp::from_seconds(1_001)));
    assert_eq!(read(&nothing, "app-1", &groups).app, AppState::Unknown);
    assert!(read(&nothing, "app-1", &groups).groups.is_empty());
}

fn event(active: bool, metadata: &str) -> StatedProvider {
    let there = providers::event("app-1", "okta-1", metadata);
    if active { there } else { providers::deleted(&there) }
}

#[tokio::test]
async fn an_app_as_it_was_is_by_its_file_and_by_provider_events() {
    let worker = Worker::with_table().await;
    let platform = crate::apps::file("platform");
    let stated = |active| Statement { apps: vec![app(Mode::Enforce, active)], ..Statement::default() };
    let mut then = Vec::new();
    let look = async |then: &mut Vec<AppState>| then.push(worker.table.sign_in("app-1", &[]).await.unwrap().app);
    let say = async |revision, active, metadata: &str| {
        providers::apply(&worker, &event(active, metadata), revision).await.unwrap();
    };
    say(1, true, "one").await;
    look(&mut then).await;
    worker.change(&platform, 2, &stated(true)).await;
    look(&mut then).await;
    say(3, true, "two").await;
    look(&mut then).await;
    say(4, false, "").await;
    look(&mut then).await;
    // Nothing new, and no row.
    say(5, false, "").await;
    look(&mut then).await;
    worker.change(&platform, 6, &stated(false)).await;
    look(&mut then).await;
    say(7, true, "two").await;
    look(&mut then).await;
    worker.change(&platform, 8, &stated(true)).await;
    look(&mut then).await;
    let causes = [
        ("event-1", "event-1"),
        ("event-2", "event-1"),
        ("event-2", "event-1"),
        ("event-4", "event-4"),
        ("event-4", "event-4"),
        ("event-6", "event-4"),
        ("event-6", "event-7"),
        ("event-8", "event-7"),
    ];
    let history = history(&worker).await;
    for (n, (state, (of_app, of_provider))) in then.iter().zip(causes).enumerate() {
        let past = at(&history, 1_001 + i64::try_from(n).unwrap());
        assert_eq!(read(&past, "app-1", &[]).app, *state, "revision {}", n + 1);
        let cause = |row: Option<&HistoryRow>| row.map(|row| row.event.clone());
        assert_eq!(cause(past.cause_of_app(&app_id("app-1"))).as_deref(), Some(of_app), "revision {}", n + 1);
        assert_eq!(cause(past.cause_of_provider(&app_id("app-1"))).as_deref(), Some(of_provider), "revision {}", n + 1);
        assert_eq!(past.provider(&app_id("app-1")).map(|event| event.active), Some(![4, 5, 6].contains(&(n + 1))));
        assert!(past.provider(&app_id("app-2")).is_none());
        assert!(past.cause_of_app(&app_id("app-2")).is_none() && past.cause_of_provider(&app_id("app-2")).is_none());
        assert_eq!(read(&past, "app-2", &[]).app, AppState::Unknown);
    }
    assert_eq!(then[0], AppState::Inactive("no entitlement file states the app's rules"));
    assert_eq!(then[3], AppState::Inactive("the app's provider was deleted"));

    let rows = worker.table.whole_history().await.unwrap();
    let rows: Vec<_> = rows.iter().filter(|row| row.provider.is_some()).collect();
    assert_eq!(rows.iter().map(|row| row.revision).collect::<Vec<_>>(), [1, 3, 4, 7].map(Some));
    assert!(rows.iter().all(|row| row.source.is_none() && row.groups.is_empty() && row.apps.is_empty()));
    let change = |n: usize| rows[n].provider.as_ref().unwrap();
    assert_eq!((&change(0).before, change(0).app.as_str()), (&None, "app-1"));
    assert!((1..4).all(|n| change(n).before.as_ref() == Some(&change(n - 1).after)));
    assert!(change(0).after.metadata.is_some() && change(0).after.metadata != change(1).after.metadata);
    assert_eq!((change(2).after.active, &change(2).after.metadata), (false, &None));
    assert_eq!((rows[1].at.seconds(), rows[1].event.as_str()), (1_003, "event-3"));
}

#[tokio::test]
async fn provider_events_keep_their_order_whatever_clocks_say() {
    let worker = Worker::with_table().await;
    let at = |seconds| Provenance { at: Timestamp::from_seconds(seconds), event: format!("at-{seconds}") };
    for (revision, seconds, active) in [(9, 500, true), (10, 400, false)] {
        worker.table.apply_provider(&event(active, "one"), revision, &at(seconds)).await.unwrap();
    }
    let rows = worker.table.whole_history().await.unwrap();
    assert_eq!(rows.iter().map(|row| row.revision).collect::<Vec<_>>(), [Some(9), Some(10)]);
}

#[tokio::test]
async fn a_grant_is_by_the_event_that_brought_it_last() {
    let worker = Worker::with_table().await;
    let (trials, genomes) = (source("trials"), source("genomes"));
    let (nothing, one) = (gone(), stated(&[("a", &["r1"])]));
    worker.change(&trials, 1, &one).await;
    worker.change(&trials, 2, &nothing).await;
    worker.change(&trials, 3, &one).await;
    worker.change(&trials, 4, &stated(&[("a", &["r1", "r2"])])).await;
    worker.change(&genomes, 5, &one).await;
    let history = history(&worker).await;
    let past = at(&history, 9_999);
    let cause = |by: &_, grant: &Grant| past.cause("a", by, grant).map(|row| (row.event.as_str(), row.revision));
    assert_eq!(cause(&trials, &plain("r1")), Some(("event-3", Some(3))));
    assert_eq!(cause(&trials, &plain("r2")), Some(("event-4", Some(4))));
    assert_eq!(cause(&genomes, &plain("r1")), Some(("event-5", Some(5))));
    assert_eq!(cause(&genomes, &plain("r2")), None);
    assert!(past.cause_of_app(&app_id("app-1")).is_none());
    let record = &read(&past, "app-1", &["a"]).groups["a"];
    assert_eq!(record.registration.salt, Salt::NONE);
}

#[tokio::test]
async fn a_clock_that_goes_back_turns_nothing_round() {
    let worker = Worker::with_table().await;
    let trials = source("trials");
    let at = |seconds| Provenance { at: Timestamp::from_seconds(seconds), event: format!("at-{seconds}") };
    for (revision, seconds, statement) in [(1, 500, stated(&[("a", &["r1"])])), (2, 400, stated(&[("a", &["r2"])]))] {
        worker.table.apply(&trials, Revision::Exactly(revision), &statement, &at(seconds)).await.unwrap();
    }
    let rows = worker.table.whole_history().await.unwrap();
    assert_eq!(rows.iter().map(|row| row.revision).collect::<Vec<_>>(), [Some(1), Some(2)]);
    let history = History::new(rows);
    let now = history.at(Timestamp::from_seconds(500));
    assert_eq!(read(&now, "app-1", &["a"]).groups["a"].grants[&trials], [plain("r2")]);
}

#[tokio::test]
async fn what_changed_between_two_moments_is_there_in_each_of_its_forms() {
    let worker = Worker::with_table().await;
    let trials = source("trials");
    // Two changes in one second, and one in the next.
    for (revision, second, role) in [(1, 1_001, "r1"), (2, 1_001, "r2"), (3, 1_002, "r3")] {
        let at = Provenance { at: Timestamp::from_seconds(second), event: format!("e-{revision}") };
        worker.table.apply(&trials, Revision::Exactly(revision), &stated(&[("a", &[role])]), &at).await.unwrap();
    }
    let history = history(&worker).await;
    let between = |after, until| -> Vec<Grant> {
        let (after, until) = (Timestamp::from_seconds(after), Timestamp::from_seconds(until));
        let forms = history.between(after, until).map(|past| read(&past, "app-1", &["a"]));
        forms.flat_map(|form| form.groups["a"].grants[&trials].clone()).collect()
    };
    assert_eq!(between(0, 9_999), [plain("r1"), plain("r2"), plain("r3")]);
    assert_eq!(between(1_000, 1_001), [plain("r1"), plain("r2")]);
    assert_eq!(between(1_001, 1_002), [plain("r3")]);
    assert_eq!((between(1_002, 1_002), between(1_002, 1_001)), (vec![], vec![]));
    // What is asked of the second as a whole is how it ended.
    let second = history.at(Timestamp::from_seconds(1_001));
    assert_eq!(read(&second, "app-1", &["a"]).groups["a"].grants[&trials], [plain("r2")]);
    assert_eq!(history.rows().len(), 3);
}

#[tokio::test]
async fn a_row_that_something_else_wrote_is_named() {
    use crate::common::{number, text};
    let worker = Worker::with_table().await;
    let fields = [("at", number(1)), ("event", text("e")), ("source", text("dataset:trials")), ("revision", text("x"))];
    worker.put("HISTORY#dataset:trials", "1", &fields).await;
    let error = worker.table.history(&source("trials")).await.unwrap_err().to_string();
    assert!(error.contains("`HISTORY#dataset:trials / 1`") && error.contains("`revision`"), "{error}");
}
