//! Three accounts of an IAM that checks documents, with the faults that it does not have by itself.

use std::time::Duration;

use aws_config::sts::AssumeRoleProvider;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use signet_core::role::RoleArn;
use signet_core::trust::plan::Quota;
use signet_iam::aws::{Aws, Entry};
use signet_iam::{Account, Iam as _};
use signet_local::moto::Moto;
use signet_reconcile::report::Outcome;

use crate::support::faulty::Faulty;
use crate::support::{
    A, B, World, code, deleted, foreign, oidc_app, oidc_event, outcomes, policy, providers, role, saml_app, saml_event,
};

const C: &str = "777788889999";
const OTHERS: &str =
    r#"{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111122223333:root"},"Action":"sts:AssumeRole"}"#;

struct Three {
    _moto: Moto,
    settings: SdkConfig,
    world: World<Faulty<Aws>>,
    roles: [RoleArn; 3],
}

impl Three {
    async fn start() -> Self {
        let moto = Moto::start().unwrap();
        let settings = aws_config::defaults(BehaviorVersion::latest())
            .region(Region::new("eu-central-1"))
            .credentials_provider(Credentials::new("local", "local", None, None, "test"))
            .endpoint_url(moto.endpoint())
            .load()
            .await;
        let entry = Entry {
            member_role: Some("signet/signet-member".to_owned()),
            external_id: Some("example".to_owned()),
            session_name: "signet-test".to_owned(),
        };
        let world = World::with(Faulty::new(Aws::new(&settings, entry))).await;
        let three = Self { _moto: moto, settings, world, roles: [A, B, C].map(|account| role(account, "reader")) };
        for role in &three.roles {
            let creation = three.administrator(role).await.create_role().role_name("reader").path("/data/");
            creation.assume_role_policy_document(policy(OTHERS)).send().await.unwrap();
        }
        three
    }

    async fn administrator(&self, role: &RoleArn) -> aws_sdk_iam::Client {
        let own = format!("arn:aws:iam::{}:role/administrator", role.account());
        let own = AssumeRoleProvider::builder(own).configure(&self.settings).session_name("test").build().await;
        aws_sdk_iam::Client::from_conf(
            aws_sdk_iam::config::Builder::from(&self.settings).credentials_provider(own).build(),
        )
    }

    async fn document(&self, role: &RoleArn) -> String {
        // Past the faults.
        let admin = self.administrator(role).await;
        let answer = admin.get_role().role_name("reader").send().await.unwrap();
        let encoded = answer.role.unwrap().assume_role_policy_document.unwrap();
        decoded(&encoded)
    }

    async fn lets_in(&self, role: &RoleArn, group: &str) -> bool {
        self.document(role).await.contains(&format!("*:{}:*", code(group)))
    }

    /// Checks that each role's real document is as wanted and keeps what others wrote.
    async fn check(&self) {
        for role in &self.roles {
            let document = self.document(role).await;
            self.world.check_document(role, &document).await;
            assert_eq!(foreign(&document), [OTHERS]);
        }
    }

    async fn grant(&self, groups: &[&str]) {
        let given: Vec<_> =
            self.roles.iter().flat_map(|role| groups.iter().map(move |g| (*g, role, None, None))).collect();
        self.world.grant(&given).await;
    }
}

/// Undoes URL encoding.
fn decoded(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte == b'%' {
            let hex = [rest.next().unwrap(), rest.next().unwrap()];
            bytes.push(u8::from_str_radix(std::str::from_utf8(&hex).unwrap(), 16).unwrap());
        } else {
            bytes.push(byte);
        }
    }
    String::from_utf8(bytes).unwrap()
}

/// A metadata document as long as IAM wants it.
fn metadata(number: u8) -> String {
    format!("<EntityDescriptor entityID=\"https://example.okta.com/{number}\">{}</EntityDescriptor>", "a".repeat(2_000))
}

#[tokio::test]
async fn events_reach_the_roles_of_three_accounts_and_withdrawal_closes_them() {
    let three = Three::start().await;
    let world = &three.world;
    world.apps(&[saml_app("a"), oidc_app("b")]).await;
    world.event(&saml_event("a", &metadata(1))).await;
    world.event(&oidc_event("b", &["b1"])).await;
    three.grant(&["Readers", "Guests"]).await;
    // One account throttles, and the others go on.
    *world.iam_of().throttled.lock().unwrap() = Some(B.to_owned());
    for (account, made) in [(A, true), (B, false), (C, true)] {
        let report = world.work(account).await;
        let outcome = if made { Outcome::Written } else { Outcome::Unavailable };
        assert_eq!(outcomes(&report), [("reader".to_owned(), outcome)]);
        let expected =
            if made { vec!["created okta-a", "created example.okta.com"] } else { vec!["failed 444455556666"] };
        assert_eq!(providers(&report), expected);
    }
    *world.iam_of().throttled.lock().unwrap() = None;
    tokio::time::sleep(Duration::from_secs(6)).await;
    assert_eq!(outcomes(&world.work(B).await), [("reader".to_owned(), Outcome::Written)]);
    three.check().await;

    // IAM shows the document before the grant, and the withdrawal lands all the same.
    *world.iam_of().lag.lock().unwrap() = Duration::from_mins(10);
    three.grant(&["Readers", "Guests", "Stewards"]).await;
    for account in [A, B, C] {
        world.work(account).await;
    }
    three.grant(&["Readers", "Guests"]).await;
    for account in [A, B, C] {
        assert_eq!(outcomes(&world.work(account).await), [("reader".to_owned(), Outcome::Written)]);
    }
    assert!(!three.lets_in(&three.roles[0], "Stewards").await && three.lets_in(&three.roles[2], "Guests").await);
    three.check().await;

    // The app goes: statements first, then its provider.
    *world.iam_of().lag.lock().unwrap() = Duration::ZERO;
    world.event(&deleted(saml_event("a", ""))).await;
    for account in [A, B, C] {
        assert_eq!(providers(&world.work(account).await), ["deleted okta-a"]);
        let there = world.iam_of().providers(&Account::of(&role(account, "reader"))).await.unwrap();
        assert!(there.saml.is_empty() && there.oidc.len() == 1);
    }
    three.check().await;
    three.grant(&[]).await;
    for role in &three.roles {
        world.work(role.account()).await;
        assert_eq!(three.document(role).await, policy(OTHERS));
    }
}

#[tokio::test]
async fn a_withdrawal_lands_where_the_rest_is_too_long_and_where_the_role_is_gone() {
    let mut three = Three::start().await;
    three.world.reconciler.settings.quota = Quota::new(4_096).unwrap();
    let world = &three.world;
    world.apps(&[saml_app("a")]).await;
    let groups: Vec<String> = (0..150).map(|number| format!("Group {number}")).collect();
    let groups: Vec<&str> = groups.iter().map(String::as_str).collect();
    three.grant(&groups[..50]).await;
    world.work(A).await;
    three.grant(&groups[1..]).await;
    let report = world.work(A).await;
    assert_eq!((outcomes(&report), report.roles[0].calls), (vec![("reader".to_owned(), Outcome::TooLong)], 3));
    assert_eq!(world.heard.kinds(), ["policy_too_long reader"]);
    assert!(!three.lets_in(&three.roles[0], "Group 0").await && three.lets_in(&three.roles[0], "Group 1").await);

    three.administrator(&three.roles[1]).await.delete_role().role_name("reader").send().await.unwrap();
    assert_eq!(outcomes(&world.work(B).await), [("reader".to_owned(), Outcome::Gone)]);
    three.grant(&[]).await;
    assert_eq!(outcomes(&world.work(B).await), [("reader".to_owned(), Outcome::Absent)]);
    world.work(A).await;
    assert_eq!(three.document(&three.roles[0]).await, policy(OTHERS));
}
