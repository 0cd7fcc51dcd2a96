//! A worker may die anywhere, and whoever comes next does the rest.

use std::future::Future as _;
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use signet_core::role::AccountId;
use signet_reconcile::account::Scope;
use tokio::time::Instant;

use crate::support::{A, EC2, SETTLE, World, after, deleted, policy, role, saml_app, saml_event};

/// Goes on for so many polls, and dies; whether it ended before.
pub(crate) async fn die_after(world: &World, scope: &Scope, polls: usize) -> bool {
    let account = AccountId::parse(A).unwrap();
    let until = Instant::now() + Duration::from_hours(1);
    let mut work = pin!(world.reconciler.account(&account, scope, until, &world.heard));
    for _ in 0..polls {
        let polled = std::future::poll_fn(|context| Poll::Ready(work.as_mut().poll(context))).await;
        if polled.is_ready() {
            return true;
        }
        tokio::task::yield_now().await;
    }
    false
}

#[tokio::test(start_paused = true)]
async fn killed_at_any_point_the_next_run_converges() {
    assert!(deaths(1).await > 20);
    assert!(deaths(4).await > 15);
}

/// Lets a worker die at each point at which it waits; gives how many there are.
async fn deaths(roles_at_once: usize) -> usize {
    let mut deaths = 0;
    for polls in 1.. {
        let mut world = World::new().await;
        world.reconciler.settings.roles_at_once = roles_at_once;
        let (reader, writer) = (role(A, "reader"), role(A, "writer"));
        for role in [&reader, &writer] {
            world.iam().create(role.as_str(), &policy(EC2), &[]);
        }
        world.apps(&[saml_app("a"), saml_app("b")]).await;
        world.event(&saml_event("b", "one")).await;
        world.grant(&[("Readers", &reader, None, None), ("Guests", &writer, None, None)]).await;
        world.work(A).await;
        after(SETTLE * 2).await;
        // A provider comes, another goes, grants change; the worker dies; grants change back. IAM shows
        // the state from before all that for very long.
        world.iam().mood(A, |mood| mood.lag = Duration::from_mins(5));
        world.event(&saml_event("a", "one")).await;
        world.event(&deleted(saml_event("b", ""))).await;
        world.grant(&[("Stewards", &reader, None, None), ("Guests", &reader, None, None)]).await;
        let ended = die_after(&world, &Scope::Due, polls).await;
        world.grant(&[("Readers", &reader, None, None), ("Guests", &writer, None, None)]).await;
        // The lease runs out.
        after(Duration::from_mins(3)).await;
        world.work(A).await;
        for role in [&reader, &writer] {
            world.check(role).await;
            let row = world.row(role).await;
            assert_eq!(row.applied, row.wanted, "after {polls} polls");
        }
        after(Duration::from_mins(30)).await;
        world.work(A).await;
        assert_eq!(world.iam().saml(A).len(), 1, "after {polls} polls");
        if ended {
            break;
        }
        deaths += 1;
    }
    deaths
}
