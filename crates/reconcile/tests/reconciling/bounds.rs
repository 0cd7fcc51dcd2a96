//! Roles that are none of ours to write.

use signet_core::role::RoleArn;
use signet_reconcile::account::Scope;
use signet_reconcile::report::Outcome;

use crate::support::{A, EC2, World, outcomes, policy, saml_app};

async fn granted(path_and_name: &str, tags: &[(&str, &str)]) -> (World, RoleArn) {
    let world = World::new().await;
    let role = RoleArn::parse(&format!("arn:aws:iam::{A}:role/{path_and_name}")).unwrap();
    world.iam().create(role.as_str(), &policy(EC2), tags);
    world.apps(&[saml_app("a")]).await;
    world.grant_to(&role, &["Readers"]).await;
    (world, role)
}

#[tokio::test(start_paused = true)]
async fn a_role_outside_is_never_written() {
    for (name, tags, calls) in [
        ("other/reader", &[][..], 1),
        ("database/reader", &[("signet", "no")], 1),
        ("data/signet-member", &[("signet", "yes")], 0),
        ("data/Signet-Member", &[("signet", "yes")], 0),
    ] {
        let (world, role) = granted(name, tags).await;
        let report = world.work(A).await;
        assert_eq!(outcomes(&report), [(role.name().to_owned(), Outcome::OutOfBounds)]);
        assert_eq!(report.roles[0].calls, calls);
        assert_eq!(world.heard.kinds(), [format!("role_unreachable {}", role.name())]);
        for scope in [Scope::All, Scope::Sweep, Scope::Roles([role.clone()].into())] {
            world.run(A, &scope, std::time::Duration::from_mins(1)).await;
        }
        assert_eq!(world.iam().document(role.as_str()), policy(EC2));
        assert_eq!(world.iam().writes(), []);
        // Once nothing is granted on it there is nothing to do.
        world.grant(&[]).await;
        world.work(A).await;
        let row = world.row(&role).await;
        assert!(row.applied == row.wanted, "{row:?}");
        assert_eq!(world.iam().writes(), []);
    }
}

#[tokio::test(start_paused = true)]
async fn a_role_outside_with_the_tag_is_ours() {
    let (world, role) = granted("other/reader", &[("signet", "yes")]).await;
    assert_eq!(outcomes(&world.work(A).await), [("reader".to_owned(), Outcome::Written)]);
    world.check(&role).await;
}
