//! `trust sync`.

use std::cell::RefCell;
use std::pin::pin;
use std::time::Duration;

use futures_util::{StreamExt, stream};
use signet_core::grant::Timestamp;
use signet_core::role::AccountId;
use signet_events::alert::Origin;
use signet_reconcile::account::{ReconcileError, Scope, Watch};
use signet_reconcile::report::{Ended, Told};
use signet_reconcile::{AccountReport, RoleReport};
use signet_sync::alerts::AlertTopic;
use tokio::time::Instant;

use super::names::names;
use super::plan::preview;
use super::reach::{self, ACCOUNTS_AT_ONCE, Remote};
use crate::args::Connection;
use crate::args::trust::TrustSync;
use crate::connect;
use crate::console::Console;
use crate::failure::{Exit, Failure};
use crate::render::trust as render;
use crate::text::printable;

/// A person waits as long as it takes.
const TIME: Duration = Duration::from_hours(24);
/// How often an account is asked for that somebody else works on, and the pause in between: a worker is
/// done with most within a minute, or lets go.
const ASKED: u32 = 13;
const PAUSE: Duration = Duration::from_secs(5);

pub(super) async fn sync(
    args: &TrustSync,
    connection: &Connection,
    as_json: bool,
    clock: fn() -> Timestamp,
    console: &mut Console<'_>,
) -> Result<Exit, Failure> {
    super::super::apply::check_consent(args.yes, as_json, console)?;
    let reach = &args.of.reach;
    let mut bounds = reach::bounds(reach)?;
    if !reach::is_bounded(&bounds) {
        let why = "nothing may be written: say by --role-path or --role-tag (SIGNET_ROLE_PATHS, SIGNET_ROLE_TAG) which \
                   roles may be";
        return Err(Failure::Usage(why.to_owned()));
    }
    let topic = match args.alert_topic.as_deref() {
        Some(topic) => Some(connect::alerts(topic).await?),
        None => None,
    };
    let table = connect::table(connection).await?;
    let selected = reach::select(&args.of, &table, connection, &mut bounds).await?;
    let quota = reach.quota.quota;
    let reconciler = reach::reconciler(table.clone(), reach::settings(bounds, reach), reach, connection, clock).await?;
    if !args.yes {
        let reports = preview(&reconciler, &selected, console).await?;
        console.result(&render::text(&reports, &names(&table, &reports).await?, quota, false))?;
        if render::Totals::of(&reports).is_change() && !console.confirm("\nWrite these changes?")? {
            return Err(Failure::Declined);
        }
    }
    let reports = {
        let watcher = Watcher { console: RefCell::new(console), topic, clock };
        work(&reconciler, &selected, &watcher).await?
    };
    let names = names(&table, &reports).await?;
    if as_json {
        console.json(&render::json(&reports, &names))?;
    } else {
        console.result(&render::text(&reports, &names, quota, true))?;
    }
    Ok(if render::Totals::of(&reports).is_failure() { Exit::Failed } else { Exit::Done })
}

/// Attends to accounts, some at once. What went wrong in one, or with the table, ends the work on no
/// other: what is begun is finished first.
async fn work(
    reconciler: &Remote,
    selected: &[(AccountId, Scope)],
    watcher: &Watcher<'_, '_>,
) -> Result<Vec<AccountReport>, Failure> {
    let accounts = selected.iter().map(|(account, scope)| attend(reconciler, account, scope, watcher));
    let mut accounts = pin!(stream::iter(accounts).buffered(ACCOUNTS_AT_ONCE));
    let (mut reports, mut failure) = (Vec::new(), None);
    while let Some(ended) = accounts.next().await {
        match ended {
            Ok(report) => reports.push(report),
            Err(error) => {
                watcher.message(&format!("error: {}", printable(&error.to_string())));
                failure = Some(error);
            }
        }
    }
    match failure {
        None => Ok(reports),
        Some(error) => Err(error.into()),
    }
}

async fn attend(
    reconciler: &Remote,
    account: &AccountId,
    scope: &Scope,
    watcher: &Watcher<'_, '_>,
) -> Result<AccountReport, ReconcileError> {
    let until = Instant::now() + TIME;
    let mut asked = 1;
    loop {
        let report = reconciler.account(account, scope, until, watcher).await?;
        if !matches!(report.ended, Ended::Busy | Ended::Lost) || asked == ASKED {
            return Ok(report);
        }
        if asked == 1 {
            watcher.message(&format!("account {account}: somebody else works on it; waiting"));
        }
        asked += 1;
        tokio::time::sleep(PAUSE).await;
    }
}

/// Tells the person, and the topic of alerts, what is done.
struct Watcher<'w, 'c> {
    console: RefCell<&'w mut Console<'c>>,
    topic: Option<AlertTopic>,
    clock: fn() -> Timestamp,
}

impl Watcher<'_, '_> {
    fn message(&self, text: &str) {
        // INVARIANT: nobody holds the console across a pause.
        if let Ok(mut console) = self.console.try_borrow_mut() {
            console.message(text);
        }
    }
}

impl Watch for Watcher<'_, '_> {
    async fn tell(&self, told: &Told) -> Result<(), String> {
        let Told { alert, subject, id } = told;
        self.message(&format!("ALERT {}: {}", alert.kind.as_str(), printable(&alert.summary)));
        let Some(topic) = &self.topic else { return Ok(()) };
        let time = jiff::Timestamp::from_second((self.clock)().seconds()).map_err(|error| error.to_string())?;
        let origin = Origin { id, source: "/signet/trust/sync", subject, time };
        topic.publish(alert, &origin).await.map_err(|error| error.to_string())
    }

    fn role(&self, report: &RoleReport) {
        let why = report.why.as_deref().map(|why| format!(": {}", printable(why))).unwrap_or_default();
        self.message(&format!("{}  {}{why}", report.role, report.outcome.as_str().replace('_', " ")));
    }
}
