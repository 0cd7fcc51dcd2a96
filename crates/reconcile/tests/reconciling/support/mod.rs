//! What the tests share: a table on the embedded DynamoDB, an IAM, a clock, and few words for both.
#![allow(
    dead_code,
    unreachable_pub,
    clippy::unwrap_used,
    clippy::unwrap_in_result,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "each test binary uses its own part, and may fail by a panic"
)]

pub mod faulty;
pub mod simulated;

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::retry::RetryConfig;
use aws_sdk_dynamodb::config::{BehaviorVersion, Credentials, Region};
use signet_core::app::{App, AppId, Codes as OnOverflow, IdentityRule, Mode, TagRules, TokenRules, WhenUnentitled};
use signet_core::code::{CodeWidth, GroupCode, Salt, Sha256Hasher};
use signet_core::grant::{Grant, SourceId, Timestamp};
use signet_core::group::GroupKey;
use signet_core::identity::{IdentityField, IdentityPattern};
use signet_core::role::{AccountId, Protocol, ProviderName, RoleArn};
use signet_core::trust::desired::Desired;
use signet_core::trust::document::Document;
use signet_core::trust::grants::{Codes, codes_at};
use signet_core::trust::plan::{Plan, Quota};
use signet_iam::Iam;
use signet_local::connector::InProcess;
use signet_reconcile::Reconciler;
use signet_reconcile::account::{Edge, Scope, Watch};
use signet_reconcile::gates::gates;
use signet_reconcile::report::{AccountReport, Ended, Outcome, RoleReport, Told};
use signet_reconcile::settings::{Bounds, Settings};
use signet_store::Table;
use signet_store::apply::{Provenance, Revision};
use signet_store::statement::{StatedApp, StatedProvider, Statement};
use signet_store::trust::account::{AccountState, RoleState};
use tokio::time::Instant;

pub use simulated::SimulatedIam;

pub const A: &str = "111122223333";
pub const B: &str = "444455556666";
pub const SETTLE: Duration = Duration::from_secs(10);
pub const EC2: &str = r#"{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}"#;

thread_local! {
    static START: Cell<Option<Instant>> = const { Cell::new(None) };
    static TOKENS: Cell<u64> = const { Cell::new(0) };
}

/// A clock that goes with tokio's, which the tests pause.
pub fn now() -> Timestamp {
    let start = START.get().unwrap_or_else(|| {
        START.set(Some(Instant::now()));
        Instant::now()
    });
    Timestamp::from_seconds(1_800_000_000 + start.elapsed().as_secs().cast_signed())
}

fn token() -> String {
    TOKENS.set(TOKENS.get() + 1);
    format!("token {}", TOKENS.get())
}

pub async fn after(pause: Duration) {
    tokio::time::sleep(pause).await;
}

pub fn role(account: &str, name: &str) -> RoleArn {
    RoleArn::parse(&format!("arn:aws:iam::{account}:role/data/{name}")).unwrap()
}

pub fn app_id(id: &str) -> AppId {
    AppId::parse(id).unwrap()
}

pub fn code(group: &str) -> GroupCode {
    GroupCode::propose(&Sha256Hasher, CodeWidth::DEFAULT, group, Salt::NONE)
}

pub fn policy(statements: &str) -> String {
    format!(r#"{{"Version":"2012-10-17","Statement":[{statements}]}}"#)
}

/// A SAML app, with its provider named after it.
pub fn saml_app(id: &str) -> StatedApp {
    let app = App {
        id: app_id(id),
        name: None,
        protocol: Protocol::Saml,
        provider: ProviderName::parse(&format!("okta-{id}")).unwrap(),
        audience: "https://signin.aws.amazon.com/saml".to_owned(),
        mode: Mode::Enforce,
        groups_claim: "groups".to_owned(),
        identity: IdentityRule {
            from: IdentityField::login(),
            pattern: IdentityPattern::parse("*@example.com").unwrap(),
        },
        tags: TagRules::default(),
        session_duration: None,
        when_unentitled: WhenUnentitled::Deny,
        codes: OnOverflow::Cover,
        code_capacity: None,
        tokens: TokenRules::default(),
    };
    StatedApp { app, active: true }
}

pub fn oidc_app(id: &str) -> StatedApp {
    let mut stated = saml_app(id);
    stated.app.protocol = Protocol::Oidc;
    stated
}

/// What a provider event says of a SAML app.
pub fn saml_event(id: &str, metadata: &str) -> StatedProvider {
    StatedProvider {
        app: app_id(id),
        active: true,
        name: id.to_owned(),
        protocol: Protocol::Saml,
        provider: ProviderName::parse(&format!("okta-{id}")).unwrap(),
        saml_metadata: Some(metadata.to_owned()),
        entity_id: Some(format!("https://example.okta.com/{id}")),
        certificates: BTreeSet::from([format!("certificate of {id}")]),
        issuer_url: None,
        client_ids: [].into(),
        audience: None,
    }
}

pub fn oidc_event(id: &str, clients: &[&str]) -> StatedProvider {
    StatedProvider {
        protocol: Protocol::Oidc,
        saml_metadata: None,
        entity_id: None,
        certificates: [].into(),
        issuer_url: Some("https://example.okta.com".to_owned()),
        client_ids: clients.iter().map(|id| (*id).to_owned()).collect(),
        ..saml_event(id, "")
    }
}

pub fn deleted(event: StatedProvider) -> StatedProvider {
    StatedProvider { active: false, saml_metadata: None, entity_id: None, certificates: [].into(), ..event }
}

/// A grant: group, role, apps (all where none), and when it ends.
pub type Given<'g> = (&'g str, &'g RoleArn, Option<&'g [&'g str]>, Option<Timestamp>);

/// Who hears of what is done.
#[derive(Default)]
pub struct Heard {
    pub told: RefCell<Vec<Told>>,
    pub roles: RefCell<Vec<RoleReport>>,
    pub deaf: Cell<bool>,
}

impl Watch for Heard {
    async fn tell(&self, told: &Told) -> Result<(), String> {
        if self.deaf.get() {
            return Err("the topic is gone".to_owned());
        }
        self.told.borrow_mut().push(told.clone());
        Ok(())
    }

    fn role(&self, report: &RoleReport) {
        self.roles.borrow_mut().push(report.clone());
    }
}

impl Heard {
    /// The kinds of what was told, each with the last part of its subject; and forgets it.
    pub fn kinds(&self) -> Vec<String> {
        let told = self.told.take();
        let last = |subject: &str| subject.rsplit('/').next().unwrap_or_default().to_owned();
        told.iter().map(|told| format!("{} {}", told.alert.kind.as_str(), last(&told.subject))).collect()
    }
}

/// A table, an IAM, and what was stated so far.
pub struct World<I = SimulatedIam> {
    pub reconciler: Reconciler<I>,
    pub connector: InProcess,
    pub heard: Heard,
    revision: Cell<u64>,
}

impl World {
    pub async fn new() -> Self {
        Self::with(SimulatedIam::default()).await
    }

    pub fn iam(&self) -> &SimulatedIam {
        &self.reconciler.iam
    }

    /// A world with one SAML app and one role that `Readers` are granted, all of it in place.
    pub async fn with_reader() -> (Self, RoleArn) {
        let world = Self::new().await;
        let reader = role(A, "reader");
        world.iam().create(reader.as_str(), &policy(EC2), &[]);
        world.apps(&[saml_app("a")]).await;
        world.grant(&[("Readers", &reader, None, None)]).await;
        world.work(A).await;
        (world, reader)
    }

    /// Whether a role's real document lets a group in.
    pub fn lets_in(&self, role: &RoleArn, group: &str) -> bool {
        self.iam().document(role.as_str()).contains(&format!("*:{}:*", code(group)))
    }

    /// Checks that a role's real document is as wanted.
    pub async fn check(&self, role: &RoleArn) {
        self.check_document(role, &self.iam().document(role.as_str())).await;
    }
}

impl<I: Iam> World<I> {
    pub async fn with(iam: I) -> Self {
        // Each runtime has a clock of its own.
        START.set(None);
        let connector = InProcess::new(signet_local::dynamodb::memory().unwrap());
        let config = aws_sdk_dynamodb::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("eu-central-1"))
            .credentials_provider(Credentials::new("local", "local", None, None, "local"))
            .http_client(connector.clone())
            .retry_config(RetryConfig::disabled());
        let table = Table::new(Client::from_conf(config.build()), "entitlements");
        table.create(CodeWidth::DEFAULT).await.unwrap();
        let settings = Settings {
            bounds: Bounds {
                paths: BTreeSet::from(["/data/".to_owned()]),
                tag: Some(("signet".to_owned(), "yes".to_owned())),
                never: BTreeSet::from(["data/signet-member".to_owned()]),
            },
            quota: Quota::DEFAULT,
            settle: SETTLE,
            roles_at_once: 4,
            lease: Duration::from_mins(2),
            retry: (Duration::from_secs(5), Duration::from_mins(10)),
        };
        let reconciler = Reconciler { table, iam, settings, edge: Edge { now, token } };
        Self { reconciler, connector, heard: Heard::default(), revision: Cell::new(0) }
    }

    pub fn iam_of(&self) -> &I {
        &self.reconciler.iam
    }

    pub fn table(&self) -> &Table {
        &self.reconciler.table
    }

    fn next(&self) -> (u64, Provenance) {
        self.revision.set(self.revision.get() + 1);
        let revision = self.revision.get();
        (revision, Provenance { at: now(), event: format!("event-{revision}") })
    }

    /// States the apps of the file.
    pub async fn apps(&self, apps: &[StatedApp]) {
        let statement = Statement { apps: apps.to_vec(), ..Statement::default() };
        let (revision, provenance) = self.next();
        let file = SourceId::file("platform").unwrap();
        self.table().apply(&file, Revision::Exactly(revision), &statement, &provenance).await.unwrap();
    }

    /// States all grants of the dataset.
    pub async fn grant(&self, grants: &[Given<'_>]) {
        let mut statement = Statement { deleted: grants.is_empty(), ..Statement::default() };
        for (group, role, apps, expires_at) in grants {
            let apps = apps.map(|apps| apps.iter().map(|id| app_id(id)).collect());
            let grant = Grant { role: (*role).clone(), apps, expires_at: *expires_at };
            statement.grant(GroupKey::new(*group).unwrap(), None, grant);
        }
        let (revision, provenance) = self.next();
        let dataset = SourceId::dataset("trials").unwrap();
        self.table().apply(&dataset, Revision::Exactly(revision), &statement, &provenance).await.unwrap();
    }

    /// Grants one role to groups, for all apps and without an end; and nothing else to anybody.
    pub async fn grant_to(&self, role: &RoleArn, groups: &[&str]) {
        let grants: Vec<Given<'_>> = groups.iter().map(|group| (*group, role, None, None)).collect();
        self.grant(&grants).await;
    }

    pub async fn event(&self, event: &StatedProvider) {
        let (revision, provenance) = self.next();
        self.table().apply_provider(event, revision, &provenance).await.unwrap();
    }

    pub async fn run(&self, account: &str, scope: &Scope, within: Duration) -> AccountReport {
        let account = AccountId::parse(account).unwrap();
        self.reconciler.account(&account, scope, Instant::now() + within, &self.heard).await.unwrap()
    }

    /// Attends to what is due in an account.
    pub async fn work(&self, account: &str) -> AccountReport {
        let report = self.run(account, &Scope::Due, Duration::from_mins(10)).await;
        assert_eq!(report.ended, Ended::Done);
        for role in &report.roles {
            assert!(role.calls <= 3, "{role:?}");
        }
        report
    }

    pub async fn sweep(&self, account: &str) -> AccountReport {
        self.run(account, &Scope::Sweep, Duration::from_mins(10)).await
    }

    pub async fn preview(&self, account: &str, scope: &Scope) -> AccountReport {
        self.reconciler.preview(&AccountId::parse(account).unwrap(), scope).await.unwrap()
    }

    pub async fn state(&self, account: &str) -> AccountState {
        self.table().account(&AccountId::parse(account).unwrap()).await.unwrap()
    }

    pub async fn row(&self, role: &RoleArn) -> RoleState {
        self.state(role.account()).await.roles[role].clone()
    }

    /// The codes that count on a role now.
    async fn wanted(&self, role: &RoleArn) -> (Desired, Codes) {
        let apps = self.table().known_apps(&BTreeSet::new()).await.unwrap();
        let (gates, _) = gates(&apps);
        let entries = self.table().role_entries(role).await.unwrap();
        let codes = codes_at(&entries, gates.keys(), now());
        (Desired::new(role, CodeWidth::DEFAULT, &gates, &codes), codes)
    }

    /// Checks that a document is as wanted for a role.
    pub async fn check_document(&self, role: &RoleArn, document: &str) {
        let (desired, codes) = self.wanted(role).await;
        let document = Document::parse(document).unwrap();
        let plan = Plan::new(&document, &desired, &codes, Quota::new(8_192).unwrap());
        assert_eq!(plan.write.map(|wanted| wanted.render()), None, "the role has {}", document.render());
    }
}

/// The outcomes of a report, by the role's name, in the order of the attempts.
pub fn outcomes(report: &AccountReport) -> Vec<(String, Outcome)> {
    report.roles.iter().map(|role| (role.role.name().to_owned(), role.outcome)).collect()
}

/// What was done to providers, in its order.
pub fn providers(report: &AccountReport) -> Vec<String> {
    let last = |arn: &str| arn.rsplit('/').next().unwrap_or_default().to_owned();
    report.providers.iter().map(|provider| format!("{} {}", provider.outcome, last(&provider.arn))).collect()
}

/// The statements of others in a document, as written.
pub fn foreign(document: &str) -> Vec<String> {
    Document::parse(document).unwrap().foreign().map(signet_core::trust::document::Statement::render).collect()
}

/// Something by the last part of its ARN.
pub fn by_name<T: Clone>(all: &BTreeMap<String, T>) -> BTreeMap<String, T> {
    all.iter().map(|(arn, value)| (arn.rsplit('/').next().unwrap().to_owned(), value.clone())).collect()
}
