//! Random changes of grants and apps, random moods of IAM, workers that die anywhere.
//!
//! Whenever a role's row says that the role is as wanted, it is so in truth, whatever IAM shows. And once
//! all is quiet, every role is.

use std::time::Duration;

use proptest::prelude::*;
use signet_core::role::RoleArn;
use signet_reconcile::account::Scope;

use crate::crashes::die_after;
use crate::support::{A, EC2, World, after, deleted, foreign, policy, role, saml_app, saml_event};

const GROUPS: [&str; 3] = ["Readers", "Stewards", "Guests"];
const APPS: [&str; 2] = ["a", "b"];
const OTHER: &str =
    r#"{"Effect":"Deny","Principal":"*","Action":["sts:AssumeRole"],"Condition":{"Bool":{"x:y":false}}}"#;

#[derive(Debug, Clone)]
enum Step {
    /// Which groups are granted which of the two roles, and for which apps: bits.
    Grant(u8, u8),
    /// An app's provider has this metadata, or is deleted.
    Provider(usize, Option<u8>),
    /// For so many seconds IAM shows what it had.
    Lag(u64),
    Throttle(u64),
    Unanswered,
    Conflict,
    Wait(u64),
    /// A worker; it dies after so many polls.
    Work(Option<usize>),
    Sweep(Option<usize>),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (0..64_u8, 0..4_u8).prop_map(|(grants, apps)| Step::Grant(grants, apps)),
        2 => (0..2_usize, prop::option::of(0..3_u8)).prop_map(|(app, metadata)| Step::Provider(app, metadata)),
        1 => (0..10_u64).prop_map(Step::Lag),
        1 => (1..20_u64).prop_map(Step::Throttle),
        1 => Just(Step::Unanswered),
        1 => Just(Step::Conflict),
        2 => (1..40_u64).prop_map(Step::Wait),
        5 => prop::option::of(1..60_usize).prop_map(Step::Work),
        1 => prop::option::of(1..60_usize).prop_map(Step::Sweep),
    ]
}

struct Scene {
    world: World,
    roles: [RoleArn; 2],
}

impl Scene {
    async fn new() -> Self {
        let world = World::new().await;
        let roles = [role(A, "one"), role(A, "two")];
        for role in &roles {
            world.iam().create(role.as_str(), &policy(&format!("{EC2},{OTHER}")), &[]);
        }
        world.apps(&APPS.map(saml_app)).await;
        world.grant(&[("Readers", &roles[0], None, None)]).await;
        Self { world, roles }
    }

    async fn step(&self, step: &Step) {
        let world = &self.world;
        match step {
            Step::Grant(grants, apps) => self.grant(*grants, *apps).await,
            Step::Provider(app, metadata) => {
                let id = APPS[*app];
                match metadata {
                    Some(number) => world.event(&saml_event(id, &format!("metadata {number}"))).await,
                    None => world.event(&deleted(saml_event(id, ""))).await,
                }
            }
            Step::Lag(seconds) => world.iam().mood(A, |mood| mood.lag = Duration::from_secs(*seconds)),
            Step::Throttle(seconds) => {
                let until = tokio::time::Instant::now() + Duration::from_secs(*seconds);
                world.iam().mood(A, |mood| mood.throttled_until = Some(until));
            }
            Step::Unanswered => world.iam().mood(A, |mood| mood.unanswered += 1),
            Step::Conflict => world.iam().mood(A, |mood| mood.conflicts += 1),
            Step::Wait(seconds) => after(Duration::from_secs(*seconds)).await,
            Step::Work(polls) => self.work(&Scope::Due, *polls).await,
            Step::Sweep(polls) => self.work(&Scope::Sweep, *polls).await,
        }
    }

    async fn grant(&self, grants: u8, apps: u8) {
        let limited: Vec<&str> =
            APPS.iter().enumerate().filter(|(bit, _)| apps & (1 << bit) != 0).map(|(_, id)| *id).collect();
        let mut given = Vec::new();
        for (number, role) in self.roles.iter().enumerate() {
            for (bit, group) in GROUPS.iter().enumerate() {
                if grants & (1 << (number * 3 + bit)) != 0 {
                    let apps = (!limited.is_empty() && bit == 1).then_some(limited.as_slice());
                    given.push((*group, role, apps, None));
                }
            }
        }
        self.world.grant(&given).await;
    }

    async fn work(&self, scope: &Scope, polls: Option<usize>) {
        die_after(&self.world, scope, polls.unwrap_or(usize::MAX)).await;
        self.check_rows().await;
    }

    /// What a row says to be as wanted is so.
    async fn check_rows(&self) {
        let state = self.world.state(A).await;
        for row in state.roles.values().filter(|row| !row.is_unreconciled(state.wanted())) {
            self.world.check(&row.role).await;
        }
    }

    /// IAM is well, nobody changes anything, and workers come when something is due.
    async fn calm(&self) {
        self.world.iam().mood(A, |mood| *mood = crate::support::simulated::Mood::default());
        for _ in 0..3 {
            after(Duration::from_mins(30)).await;
            self.world.work(A).await;
        }
    }

    async fn check_all(&self) {
        self.check_rows().await;
        let state = self.world.state(A).await;
        for role in &self.roles {
            self.world.check(role).await;
            assert_eq!(foreign(&self.world.iam().document(role.as_str())), [EC2, OTHER]);
            assert!(state.roles.get(role).is_none_or(|row| !row.is_unreconciled(state.wanted())));
        }
        let apps = self.world.table().known_apps(&[].into()).await.unwrap();
        for (id, app) in &apps {
            let arn = format!("arn:aws:iam::{A}:saml-provider/okta-{id}");
            let Some(event) = &app.provider else { continue };
            let metadata = self.world.table().saml_metadata(&event.provider).await.unwrap();
            assert_eq!(self.world.iam().saml(A).get(&arn).cloned(), metadata.map(|metadata| metadata.document));
        }
    }
}

fn play(steps: &[Step]) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
    runtime.block_on(async {
        let scene = Scene::new().await;
        for step in steps {
            scene.step(step).await;
        }
        scene.calm().await;
        scene.check_all().await;
        // And nothing is left to do.
        scene.world.iam().forget_calls();
        scene.world.sweep(A).await;
        assert_eq!(scene.world.iam().writes(), []);
    });
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_happens_roles_come_to_what_is_wanted(steps in prop::collection::vec(step(), 1..25)) {
        play(&steps);
    }
}
