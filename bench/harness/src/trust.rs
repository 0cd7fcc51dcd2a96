//! How fast the roles of many accounts follow an app's provider event: with IAM simulated at the rate
//! that it lets one account be written at, beside the time that this rate alone would need.

use std::collections::BTreeSet;
use std::time::Duration;

use futures_util::{StreamExt, TryStreamExt, stream};
use signet_core::code::CodeWidth;
use signet_core::grant::{Grant, SourceId, Timestamp};
use signet_core::group::GroupKey;
use signet_core::role::{AccountId, Protocol, ProviderName, RoleArn};
use signet_core::trust::plan::Quota;
use signet_iam::pace::{Paced, Rates};
use signet_local::connector::InProcess;
use signet_local::dynamodb::DynamoDb;
use signet_local::dynoxide::actions::create_table::StreamSpecification;
use signet_local::dynoxide::actions::update_table::UpdateTableRequest;

use signet_reconcile::account::{Edge, Reconciler, Scope, Watch};
use signet_reconcile::report::{AccountReport, Ended, RoleReport, Told};
use signet_reconcile::settings::{Bounds, Settings};
use signet_store::Table;
use signet_store::apply::{Provenance, Revision};
use signet_store::statement::{StatedProvider, Statement};
use tokio::time::Instant;

use crate::entitlements;
use crate::error::BenchError;
use crate::fill;
use crate::simulated::{BURST, READS, Simulated, WRITES};

const NAME: &str = "trust";
const ACCOUNTS: usize = 200;
const ROLES_EACH: usize = 25;
/// Roles that one group is granted; a group's item has an end.
const ROLES_A_GROUP: usize = 100;
/// The figures to reach.
pub(crate) const MOST_TIMES_THE_BOUND: f64 = 1.2;
pub(crate) const MOST_CALLS: u32 = 3;

/// What was measured.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Figures {
    /// From the provider event until every role trusts what it says.
    pub(crate) elapsed: Duration,
    /// What the rate alone would need.
    pub(crate) bound: Duration,
    /// Writes to IAM for that, in all accounts.
    pub(crate) writes: usize,
    /// Calls that were throttled.
    pub(crate) throttled: usize,
    /// The most calls that one role took.
    pub(crate) most_calls: u32,
    /// Writes to IAM of a sweep that finds no difference.
    pub(crate) sweep_writes: usize,
    /// Its reads.
    pub(crate) sweep_reads: usize,
}

impl Figures {
    /// How many times the bound it took.
    pub(crate) fn ratio(&self) -> f64 {
        self.elapsed.as_secs_f64() / self.bound.as_secs_f64()
    }

    /// Every figure within its limit.
    ///
    /// # Errors
    /// [`BenchError::Slow`] names the others.
    pub(crate) fn demand(&self) -> Result<(), BenchError> {
        let mut over = Vec::new();
        if self.ratio() > MOST_TIMES_THE_BOUND {
            over.push(format!("{:.2} × the bound, at most {MOST_TIMES_THE_BOUND}", self.ratio()));
        }
        if self.most_calls > MOST_CALLS {
            over.push(format!("{} calls for one role, at most {MOST_CALLS}", self.most_calls));
        }
        if self.sweep_writes > 0 {
            over.push(format!("{} writes of a sweep without differences", self.sweep_writes));
        }
        if over.is_empty() { Ok(()) } else { Err(BenchError::Slow(over.join("; "))) }
    }
}

/// Nobody is told: what would be is an error of the benchmark.
struct Nobody;

impl Watch for Nobody {
    async fn tell(&self, told: &Told) -> Result<(), String> {
        Err(format!("{}: {}", told.subject, told.alert.summary))
    }

    fn role(&self, _: &RoleReport) {}
}

type Bench = Reconciler<Paced<Simulated>>;

/// Measures.
///
/// # Errors
/// The table cannot be used, or a role is not brought to what is wanted.
pub(crate) async fn measure() -> Result<Figures, BenchError> {
    let dynamodb = DynamoDb::start().await?;
    let table = Table::new(fill::client(InProcess::new(dynamodb.database().clone())), NAME);
    table.create(CodeWidth::DEFAULT).await?;
    // The embedded database numbers a change by looking at all before it, and nobody reads them here.
    let stream = StreamSpecification { stream_enabled: false, stream_view_type: None };
    let request = UpdateTableRequest {
        table_name: NAME.to_owned(),
        stream_specification: Some(stream),
        ..UpdateTableRequest::default()
    };
    dynamodb.database().update_table(request)?;
    let roles = roles()?;
    eprintln!("==> Grant {} roles in {ACCOUNTS} accounts", roles.len());
    grant(&table, &roles).await?;
    provider(&table, 1, "https://signin.aws.amazon.com/saml").await?;

    let iam = Simulated::new(&roles);
    let accounts: BTreeSet<AccountId> = roles.iter().map(RoleArn::account_id).collect();
    let unlimited = Rates { writes: 10_000.0, reads: 10_000.0, ..patient() };
    run(&reconciler(table.clone(), iam.clone(), unlimited), &accounts, &Scope::Due).await?;

    let bench = reconciler(table, iam.clone(), patient());
    iam.limit();
    iam.calls();
    eprintln!(
        "==> One provider event, IAM at {WRITES} write and {READS} reads a second and account: about half a minute"
    );
    let begun = Instant::now();
    provider(&bench.table, 2, "https://example.com/another/recipient").await?;
    let reports = run(&bench, &accounts, &Scope::Due).await?;
    let elapsed = begun.elapsed();
    let calls = iam.calls();
    let most_calls = reports.iter().flat_map(|report| &report.roles).map(|role| role.calls).max().unwrap_or(0);
    // The accounts are alike: each needs the same number of writes, the first of them at once.
    let each = calls.writes / ACCOUNTS;
    let bound = Duration::from_secs_f64((f64::from(u32::try_from(each).unwrap_or(u32::MAX)) - BURST) / WRITES);
    if calls.writes < roles.len() {
        return Err(BenchError::Data(format!("{} writes for {} roles", calls.writes, roles.len())));
    }

    eprintln!("==> A sweep that finds no difference");
    run(&bench, &accounts, &Scope::Sweep).await?;
    let swept = iam.calls();
    Ok(Figures {
        elapsed,
        bound,
        writes: calls.writes,
        throttled: calls.throttled,
        most_calls,
        sweep_writes: swept.writes,
        sweep_reads: swept.reads,
    })
}

/// All accounts at once, each by one worker.
async fn run(bench: &Bench, accounts: &BTreeSet<AccountId>, scope: &Scope) -> Result<Vec<AccountReport>, BenchError> {
    let until = Instant::now() + Duration::from_mins(10);
    let work = stream::iter(accounts).map(|account| bench.account(account, scope, until, &Nobody));
    let reports: Vec<AccountReport> = work
        .buffer_unordered(accounts.len())
        .map_err(|error| BenchError::Data(error.to_string()))
        .try_collect()
        .await?;
    for report in &reports {
        let bad = report.roles.iter().find(|role| !role.outcome.is_applied());
        if report.ended != Ended::Done || bad.is_some() {
            return Err(BenchError::Data(format!("account {} ended {:?}: {bad:?}", report.account, report.ended)));
        }
    }
    Ok(reports)
}

fn reconciler(table: Table, iam: Simulated, rates: Rates) -> Bench {
    let bounds = Bounds { paths: BTreeSet::from(["/data/".to_owned()]), ..Bounds::default() };
    let settings = Settings {
        bounds,
        quota: Quota::DEFAULT,
        settle: Duration::from_secs(0),
        roles_at_once: 4,
        lease: Duration::from_mins(1),
        retry: (Duration::from_mins(1), Duration::from_hours(1)),
    };
    Reconciler { table, iam: Paced::new(iam, rates, middle), settings, edge: Edge { now, token } }
}

fn patient() -> Rates {
    Rates { writes: WRITES, reads: READS, patience: Duration::from_mins(2) }
}

fn middle() -> f64 {
    0.5
}

#[expect(clippy::disallowed_methods, reason = "the edge of this program: leases need the time")]
fn now() -> Timestamp {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_seconds(i64::try_from(since.as_secs()).unwrap_or(i64::MAX))
}

/// One after the other: nobody else has this table.
fn token() -> String {
    use std::sync::atomic::{AtomicU64, Ordering};
    static NEXT: AtomicU64 = AtomicU64::new(0);
    format!("worker-{}", NEXT.fetch_add(1, Ordering::Relaxed))
}

fn roles() -> Result<Vec<RoleArn>, BenchError> {
    let arn =
        |account: usize, role: usize| format!("arn:aws:iam::{}:role/data/reader-{role:02}", 222_200_000_000 + account);
    let all = (0..ACCOUNTS).flat_map(|account| (0..ROLES_EACH).map(move |role| (account, role)));
    Ok(all.map(|(account, role)| RoleArn::parse(&arn(account, role))).collect::<Result<_, _>>()?)
}

async fn grant(table: &Table, roles: &[RoleArn]) -> Result<(), BenchError> {
    let provenance = Provenance { at: now(), event: "bench".to_owned() };
    let apps = Statement { apps: entitlements::statement(0)?.apps, ..Statement::default() };
    table.apply(&entitlements::source()?, Revision::Exactly(1), &apps, &provenance).await?;
    for (number, some) in roles.chunks(ROLES_A_GROUP).enumerate() {
        let mut statement = Statement::default();
        for role in some {
            let grant = Grant { role: role.clone(), apps: None, expires_at: None };
            statement.grant(GroupKey::new(entitlements::group_key(number))?, None, grant);
        }
        let source = SourceId::dataset(&format!("part-{number}"))?;
        table.apply(&source, Revision::Exactly(1), &statement, &provenance).await?;
    }
    Ok(())
}

/// An event of the app's provider, with another recipient that every role has to demand.
async fn provider(table: &Table, revision: u64, audience: &str) -> Result<(), BenchError> {
    let metadata = format!("<EntityDescriptor>{}</EntityDescriptor>", "x".repeat(1_000));
    let stated = StatedProvider {
        app: signet_core::app::AppId::parse(entitlements::APP)?,
        active: true,
        name: "Bench".to_owned(),
        protocol: Protocol::Saml,
        provider: ProviderName::parse(entitlements::PROVIDER)?,
        saml_metadata: Some(metadata),
        entity_id: None,
        certificates: BTreeSet::new(),
        issuer_url: None,
        client_ids: BTreeSet::new(),
        audience: Some(audience.to_owned()),
    };
    let provenance = Provenance { at: now(), event: format!("bench-{revision}") };
    table.apply_provider(&stated, revision, &provenance).await?;
    Ok(())
}
