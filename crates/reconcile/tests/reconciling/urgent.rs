//! What must not wait: withdrawals, whatever else is in the way.

use std::time::Duration;

use signet_core::role::{AccountId, RoleArn};
use signet_reconcile::account::{ReconcileError, Scope};
use tokio::time::Instant;

use crate::support::{A, EC2, World, after, deleted, policy, role, saml_app, saml_event};

/// Roles that are granted to readers, and stand in IAM.
async fn roles(world: &World, count: usize) -> Vec<RoleArn> {
    let roles: Vec<_> = (0..count).map(|number| role(A, &format!("r{number:02}"))).collect();
    for role in &roles {
        world.iam().create(role.as_str(), &policy(EC2), &[]);
    }
    let grants: Vec<_> = roles.iter().map(|role| ("Readers", role, None, None)).collect();
    world.grant(&grants).await;
    roles
}

async fn deaf(world: &World, scope: &Scope) {
    world.heard.deaf.set(true);
    let account = AccountId::parse(A).unwrap();
    let until = Instant::now() + Duration::from_mins(5);
    let error = world.reconciler.account(&account, scope, until, &world.heard).await.unwrap_err();
    assert!(matches!(error, ReconcileError::Untold(_)), "{error}");
    world.heard.deaf.set(false);
}

#[tokio::test(start_paused = true)]
async fn nobody_to_tell_holds_no_withdrawal_up() {
    let (world, reader) = World::with_reader().await;
    let gone: Vec<_> = (0..12).map(|number| role(A, &format!("a{number:02}"))).collect();
    world.grant_to(&reader, &["Readers"]).await;
    world.work(A).await;
    assert!(world.lets_in(&reader, "Readers"));

    // Grants on roles that are not there, and none on the one that is.
    let grants: Vec<_> = gone.iter().map(|role| ("Readers", role, None, None)).collect();
    world.grant(&grants).await;
    deaf(&world, &Scope::Due).await;
    assert!(!world.lets_in(&reader, "Readers"));
    assert!(gone[0] < reader && world.row(&gone[0]).await.outcome.is_none());
    // Who can be told is told then, of each once.
    world.work(A).await;
    assert_eq!(world.heard.kinds().len(), gone.len());
}

#[tokio::test(start_paused = true)]
async fn nobody_to_tell_holds_no_repair_up() {
    let (world, reader) = World::with_reader().await;
    world.event(&saml_event("a", "metadata")).await;
    world.grant_to(&reader, &["Readers"]).await;
    world.work(A).await;
    after(Duration::from_mins(10)).await;
    world.work(A).await;
    let opened = world.iam().document(reader.as_str()).replace(&world_code("Readers"), "*");
    world.iam().edit(reader.as_str(), &opened);
    deaf(&world, &Scope::Sweep).await;
    assert!(world.lets_in(&reader, "Readers") && !world.lets_in(&reader, "Guests"));
    world.check(&reader).await;
}

/// What a statement demands of a session tag for a group.
fn world_code(group: &str) -> String {
    format!("*:{}:*", crate::support::code(group))
}

#[tokio::test(start_paused = true)]
async fn an_app_that_is_deleted_in_the_middle_opens_no_further_roles() {
    let world = World::new().await;
    world.apps(&[saml_app("a")]).await;
    world.event(&saml_event("a", "metadata")).await;
    let roles = roles(&world, 40).await;
    world.iam().mood(A, |mood| mood.latency = Duration::from_secs(2));
    world.iam().forget_calls();
    tokio::join!(world.work(A), async {
        after(Duration::from_secs(10)).await;
        world.event(&deleted(saml_event("a", "metadata"))).await;
    });
    for role in &roles {
        assert!(!world.lets_in(role, "Readers"));
        world.check(role).await;
    }
    // Those that were opened before are closed; the others were never opened.
    let writes = world.iam().writes().iter().filter(|call| call.operation == "UpdateAssumeRolePolicy").count();
    assert!((2..roles.len()).contains(&writes), "{writes} writes");
}

#[tokio::test(start_paused = true)]
async fn a_withdrawal_does_not_wait_until_all_other_roles_had_their_turn() {
    let world = World::new().await;
    world.apps(&[saml_app("a")]).await;
    let roles = roles(&world, 160).await;
    world.iam().mood(A, |mood| mood.latency = Duration::from_secs(2));
    let begun = Instant::now();
    let ((), closed_after) = tokio::join!(async { drop(world.work(A).await) }, async {
        after(Duration::from_secs(10)).await;
        assert!(world.lets_in(&roles[0], "Readers"));
        let grants: Vec<_> = roles[1..].iter().map(|role| ("Readers", role, None, None)).collect();
        world.grant(&grants).await;
        while world.lets_in(&roles[0], "Readers") {
            after(Duration::from_secs(1)).await;
        }
        begun.elapsed()
    });
    assert!(closed_after < begun.elapsed() / 2, "{closed_after:?} of {:?}", begun.elapsed());
    assert!(world.lets_in(&roles[159], "Readers"));
}
