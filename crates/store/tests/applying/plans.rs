//! A plan says what applying then does; an export says what was applied.

use signet_store::apply::Applied;
use signet_store::statement::Statement;

use crate::apps::{app, file, with_apps};
use crate::common::scheduler::Random;
use crate::common::{FewCodes, Worker, key, limited, plain, source, stated};

fn random_statement(random: &mut Random) -> Statement {
    let mut statement = Statement::default();
    for group in 0..12 {
        for role in ["r1", "r2", "r3"] {
            if random.in_100(30) {
                let grant = if random.in_100(50) { plain(role) } else { limited(role, &["app"], Some(2_000)) };
                statement.grant(key(&format!("group {group}")), None, grant);
            }
        }
    }
    statement
}

#[tokio::test]
async fn applying_does_what_the_plan_says_and_then_nothing_is_left_to_do() {
    for seed in 0..15 {
        let mut random = Random(seed);
        let worker = Worker::with_table().await.map(|table| table.with_hasher(FewCodes(20)));
        for revision in 1..=6 {
            let id = ["trials", "genomes"][random.below(2)];
            let source = source(id);
            let statement = random_statement(&mut random);
            let before = worker.content().await;
            let planned = worker.table.plan(&source, &statement).await.unwrap();
            assert_eq!(worker.content().await, before, "a plan writes nothing");
            match worker.apply(&source, revision, &statement).await.unwrap() {
                Applied::Changed(plan) => assert_eq!(plan, planned, "seed {seed}, revision {revision}"),
                Applied::Unchanged => assert!(planned.groups.is_empty()),
                other @ (Applied::Superseded { .. } | Applied::Repeated) => panic!("{other:?}"),
            }
            let again = worker.table.plan(&source, &statement).await.unwrap();
            assert!(again.groups.is_empty() && again.apps.is_empty() && again.displaced.is_empty(), "{again:?}");
            assert_eq!((again.claimed, again.grants_before), (revision, statement.grants()));
            assert_eq!(worker.table.export(&source).await.unwrap(), Some(statement), "seed {seed}");
        }
    }
}

#[tokio::test]
async fn a_plan_counts_and_lists_what_comes_and_goes() {
    let worker = Worker::with_table().await;
    let trials = source("trials");
    worker.change(&trials, 1, &stated(&[("a", &["r1", "r2"]), ("b", &["r1"]), ("c", &["r1"])])).await;
    worker.change(&source("genomes"), 1, &stated(&[("c", &["r9"])])).await;
    let mut next = stated(&[("a", &["r2"]), ("d", &["r1"])]);
    next.grant(key("a"), None, limited("r1", &["app"], None));
    let plan = worker.table.plan(&trials, &next).await.unwrap();
    assert_eq!((plan.claimed, plan.grants_before), (1, 4));
    let of = |name: &str| plan.groups.iter().find(|change| change.group.as_str() == name).unwrap();
    assert_eq!(plan.groups.len(), 4);
    assert_eq!((&of("a").added[..], &of("a").removed[..]), (&[limited("r1", &["app"], None)][..], &[plain("r1")][..]));
    assert!(of("b").retires && !of("b").registers);
    assert!(!of("c").retires && of("c").removed == [plain("r1")]);
    assert!(of("d").registers);
}

#[tokio::test]
async fn an_export_is_the_statement_with_its_apps_and_labels() {
    let worker = Worker::with_table().await;
    let platform = file("platform");
    assert_eq!(worker.table.export(&platform).await.unwrap(), None);
    let mut statement = with_apps(&[app("0oaA", "okta-a"), app("0oaB", "okta-b")]);
    statement.grant(key("00g1"), Some("Stewards".to_owned()), limited("r2", &["0oaA"], Some(2_000)));
    worker.change(&platform, 1, &statement).await;
    let mut others = with_apps(&[app("0oaC", "okta-c")]);
    others.grant(key("00g2"), None, plain("r2"));
    worker.change(&file("research"), 1, &others).await;
    let mut exported = worker.table.export(&platform).await.unwrap().unwrap();
    exported.apps.sort_by(|a, b| a.app.id.cmp(&b.app.id));
    assert_eq!(exported, statement);
    assert_eq!(exported.digest(), statement.digest());
    assert_eq!(worker.table.export(&file("research")).await.unwrap(), Some(others));
    worker.change(&platform, 2, &Statement { apps: statement.apps.clone(), ..Statement::default() }).await;
    assert!(worker.table.export(&platform).await.unwrap().unwrap().groups.is_empty());
}
