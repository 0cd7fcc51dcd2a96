//! `trace`.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{Error, ErrorKind, Read};
use std::path::Path;

use signet_core::app::{App, AppId};
use signet_core::code::GroupCode;
use signet_core::role::RoleArn;
use signet_core::session::parse_group_hash;
use signet_core::trust::gate::Issuer;
use signet_store::Table;
use signet_store::lookup::CodeOwner;
use signet_store::trust::desired::KnownApp;

use crate::args::Connection;
use crate::args::trace::Trace;
use crate::connect;
use crate::console::Console;
use crate::failure::{Exit, Failure};
use crate::render::trace::{self as render, Chain, Traced};
use crate::text::count;
use crate::trace::judge::{Evidence, Found, Within, judge};
use crate::trace::logged::{Log, Logged};
use crate::trace::made::{History, Made};
use crate::trace::session::{Records, Session};

/// The largest file that is read, in bytes: CloudTrail's are some megabytes, logs can be more.
const MAX_BYTES: u64 = 256 * 1024 * 1024;

pub(super) async fn trace(
    args: &Trace,
    connection: &Connection,
    as_json: bool,
    console: &mut Console<'_>,
) -> Result<Exit, Failure> {
    if args.logs.iter().chain([&args.file]).filter(|path| path.as_os_str() == "-").count() > 1 {
        return Err(Failure::Usage("`-` is given twice, and the standard input can be read once".to_owned()));
    }
    let records = records(&args.file, console)?;
    let log = log(&args.logs, console)?;
    let table = connect::table(connection).await?;
    let seen = Seen::read(&table).await?;
    let mut history = History::new(table.warm().await?, table.whole_history().await?);
    let (ours, others): (Vec<Session>, Vec<Session>) =
        records.sessions.into_iter().partition(|session| seen.concerns(session));
    let owners = owners(&table, &ours).await?;
    let assertions = assertions(&ours);
    let within = match args.within {
        None => Within::USUAL,
        Some(minutes) => Within { saml: i64::from(minutes) * 60, token: i64::from(minutes) * 60 },
    };
    let mut chains: Vec<Chain> = Vec::new();
    for session in ours {
        let decision = session.decision.as_deref();
        let found = found(&log, &session, within);
        let logged = if let Found::One(logged) = found { Some(logged.clone()) } else { None };
        let made = logged.as_ref().and_then(|logged| made(&mut history, logged, &session));
        let clients = made.as_ref().and_then(|made| made.app.as_ref()).map(|app| seen.clients(app)).unwrap_or_default();
        let evidence = Evidence {
            session: &session,
            found,
            made: made.as_ref(),
            clients: &clients,
            assertions: decision.and_then(|id| assertions.get(id)).map_or(0, BTreeSet::len),
            within,
        };
        let judged = judge(&evidence);
        let calls = session.access_key.as_ref().and_then(|key| records.calls.get(key)).cloned().unwrap_or_default();
        let codes = codes_of(&session).into_iter().map(|code| (code, owners.get(&code).cloned())).collect();
        chains.push(Chain { session, logged, made, judged, codes, calls });
    }
    let traced = Traced { chains, others: others.len(), refused: records.refused };
    if as_json {
        console.json(&render::json(&traced, args.findings))?;
    } else {
        console.result(&render::text(&traced, args.findings))?;
    }
    Ok(if args.exit_code && traced.has_findings() { Exit::Found } else { Exit::Done })
}

fn records(path: &Path, console: &mut Console<'_>) -> Result<Records, Failure> {
    let bytes = read(path, console)?;
    Records::read(&bytes).map_err(|error| Failure::BadRecords { path: path.display().to_string(), error })
}

fn log(paths: &[std::path::PathBuf], console: &mut Console<'_>) -> Result<Log, Failure> {
    let mut log = Log::default();
    for path in paths {
        let bytes = read(path, console)?;
        let text = String::from_utf8(bytes).map_err(|_| Failure::Read {
            path: path.display().to_string(),
            error: Error::new(ErrorKind::InvalidData, "it is not UTF-8; if it is compressed, unpack it first"),
        })?;
        log.add(&text);
    }
    if log.unreadable > 0 {
        let number = count(log.unreadable, "line");
        console.message(&format!("note: {number} of the log cannot be read, and count as missing"));
    }
    if log.decisions.is_empty() {
        console.message("note: the log has no decision: are these the lines of the sign-in functions?");
    }
    Ok(log)
}

fn read(path: &Path, console: &mut Console<'_>) -> Result<Vec<u8>, Failure> {
    let unreadable = |error| Failure::Read { path: path.display().to_string(), error };
    let bytes = if path.as_os_str() == "-" {
        console.input(MAX_BYTES + 1).map_err(unreadable)?
    } else {
        let mut bytes = Vec::new();
        let file = std::fs::File::open(path).map_err(unreadable)?;
        file.take(MAX_BYTES + 1).read_to_end(&mut bytes).map_err(unreadable)?;
        bytes
    };
    if bytes.len() as u64 > MAX_BYTES {
        return Err(unreadable(Error::new(ErrorKind::FileTooLarge, "it is larger than 256 MB: trace it in parts")));
    }
    Ok(bytes)
}

/// What the table has of apps and roles now, by which sessions of others are told from ours.
struct Seen {
    apps: BTreeMap<AppId, KnownApp>,
    /// Every role that was ever granted.
    roles: BTreeSet<RoleArn>,
}

impl Seen {
    async fn read(table: &Table) -> Result<Self, Failure> {
        let accounts = table.accounts_with_faults().await?.states;
        let known: BTreeSet<AppId> =
            accounts.iter().filter_map(|account| account.row.as_ref()).flat_map(|row| row.apps.clone()).collect();
        let roles = accounts.into_iter().flat_map(|account| account.roles.into_keys()).collect();
        Ok(Self { apps: table.known_apps(&known).await?, roles })
    }

    /// Whether a session is one that Signet is to have decided about: it says so, it came through the
    /// provider of an app, or it is of a role that was granted here.
    fn concerns(&self, session: &Session) -> bool {
        session.decision.is_some()
            || session.group_hash.is_some()
            || RoleArn::parse(&session.role).is_ok_and(|role| self.roles.contains(&role))
            || session.provider.as_deref().is_some_and(|found| self.apps.values().any(|app| names(app, found)))
    }

    /// The client ids that tokens may be for where no audience is stated.
    fn clients(&self, app: &App) -> BTreeSet<String> {
        let event = self.apps.get(&app.id).and_then(|known| known.provider.as_ref());
        event.filter(|event| event.audience.is_none()).map(|event| event.client_ids.clone()).unwrap_or_default()
    }
}

/// Whether a record's provider is an app's, in whichever account.
fn names(app: &KnownApp, found: &str) -> bool {
    let file = app.stated.as_ref().map(|stated| &stated.app);
    let event = app.provider.as_ref();
    let providers = file.map(|app| &app.provider).into_iter().chain(event.map(|event| &event.provider));
    let issuers = file.and_then(|app| app.tokens.issuer.as_ref()).map(Issuer::url);
    let mut issuers = issuers.into_iter().chain(event.and_then(|event| event.issuer_url.clone()));
    let by_name = found.split_once(":saml-provider/").map(|(_, name)| name);
    let host = found.split_once(":oidc-provider/").map_or(found, |(_, host)| host);
    let host = host.strip_prefix("https://").unwrap_or(host);
    providers.into_iter().any(|provider| Some(provider.as_str()) == by_name)
        || issuers.any(|url| url.strip_prefix("https://") == Some(host))
}

/// The ids of the assertions that each decision was carried by.
fn assertions(sessions: &[Session]) -> BTreeMap<String, BTreeSet<String>> {
    let mut all: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for session in sessions {
        if let (Some(decision), Some(assertion)) = (&session.decision, &session.assertion) {
            all.entry(decision.clone()).or_default().insert(assertion.clone());
        }
    }
    all
}

fn found<'l>(log: &'l Log, session: &Session, within: Within) -> Found<'l> {
    let Some(id) = &session.decision else { return Found::Untagged };
    match log.decisions.get(id).map(Vec::as_slice) {
        Some([one]) => Found::One(one),
        Some([_, ..]) => Found::Several,
        Some([]) | None => {
            let earliest = session.at.seconds() - within.of(session.way);
            let covered = log
                .span
                .is_some_and(|(first, last)| first.seconds() <= earliest && last.seconds() >= session.at.seconds());
            Found::Unknown { covered }
        }
    }
}

fn made(history: &mut History, logged: &Logged, session: &Session) -> Option<Made> {
    let role = RoleArn::parse(&session.role).ok()?;
    history.made(logged, &role)
}

fn codes_of(session: &Session) -> Vec<GroupCode> {
    session.group_hash.as_deref().and_then(|value| parse_group_hash(value).ok()).unwrap_or_default()
}

/// Who owns the codes of sessions, by the table as it is.
async fn owners(table: &Table, sessions: &[Session]) -> Result<BTreeMap<GroupCode, CodeOwner>, Failure> {
    let codes: BTreeSet<GroupCode> = sessions.iter().flat_map(codes_of).collect();
    let codes: Vec<GroupCode> = codes.into_iter().collect();
    let owners = table.code_owners(&codes).await?;
    Ok(owners.into_iter().flatten().map(|owner| (owner.code, owner)).collect())
}
