//! `trace`.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{Error, ErrorKind, Read};
use std::path::{Path, PathBuf};

use signet_core::code::GroupCode;
use signet_core::session::parse_group_hash;
use signet_store::Table;
use signet_store::lookup::CodeOwner;
use signet_store::past::History;

use crate::args::Connection;
use crate::args::trace::Trace;
use crate::connect;
use crate::console::Console;
use crate::failure::{Exit, Failure};
use crate::render::trace::{self as render, Chain, Traced};
use crate::text::count;
use crate::time;
use crate::trace::judge::{Evidence, Found, Within, judge};
use crate::trace::logged::Log;
use crate::trace::made::Made;
use crate::trace::ours::Ours;
use crate::trace::session::{Records, Session};
use crate::trace::uses::Uses;

/// The largest file that is read, in bytes: CloudTrail's are some megabytes, logs can be more.
const MAX_BYTES: u64 = 256 * 1024 * 1024;

pub(super) async fn trace(
    args: &Trace,
    connection: &Connection,
    as_json: bool,
    console: &mut Console<'_>,
) -> Result<Exit, Failure> {
    let records = records(&sources(args)?, console)?;
    let log = log(&args.logs, console)?;
    let table = connect::table(connection).await?;
    let (meta, history) = (table.warm().await?, History::new(table.whole_history().await?));
    if let Some(note) = history_note(&history, &records.sessions) {
        console.message(&note);
    }
    let known = Ours::of(history.rows());
    let (ours, others): (Vec<Session>, Vec<Session>) =
        records.sessions.into_iter().partition(|session| known.concerns(session));
    let owners = owners(&table, &ours).await?;
    let uses = Uses::of(&ours);
    let within = Within::token_minutes(args.token_minutes);
    let chain = |session: &Session| {
        let found = found(&log, &known, session, within);
        let logged = if let Found::One(logged) = found { Some(logged) } else { None };
        let made = logged.and_then(|logged| Made::of(&history, meta, logged, &session.role));
        let shared = uses.shared(session);
        let judged = judge(&Evidence { session, found, made: made.as_ref(), shared: &shared, within });
        Chain {
            session: session.clone(),
            logged: logged.cloned(),
            made,
            judged,
            codes: codes_of(session).into_iter().map(|code| (code, owners.get(&code).cloned())).collect(),
            calls: records.calls.of(session),
            also: uses.also(session),
        }
    };
    let chains = ours.iter().map(chain).collect();
    let traced = Traced { chains, others: others.len(), refused: records.refused };
    if as_json {
        console.json(&render::json(&traced, args.findings))?;
    } else {
        console.result(&render::text(&traced, args.findings))?;
    }
    Ok(if args.exit_code && traced.has_findings() { Exit::Found } else { Exit::Done })
}

/// Where the records come from. The standard input can be read once.
fn sources(args: &Trace) -> Result<Vec<&Path>, Failure> {
    let is_input = |path: &Path| path.as_os_str() == "-";
    let inputs = args.logs.iter().chain(&args.files).filter(|path| is_input(path)).count();
    if inputs > 1 {
        return Err(Failure::Usage("`-` is given twice, and the standard input can be read once".to_owned()));
    }
    if !args.files.is_empty() {
        return Ok(args.files.iter().map(PathBuf::as_path).collect());
    }
    if inputs > 0 {
        let why = "the log is to come from the standard input, and so are the records unless FILE says where they are: \
                   give one of both as a file";
        return Err(Failure::Usage(why.to_owned()));
    }
    Ok(vec![Path::new("-")])
}

fn records(paths: &[&Path], console: &mut Console<'_>) -> Result<Records, Failure> {
    let mut records = Records::default();
    for path in paths {
        let bytes = read(path, console)?;
        records.add(&bytes).map_err(|error| Failure::BadRecords { path: path.display().to_string(), error })?;
    }
    if records.is_empty() {
        console.message(
            "note: no record is of AssumeRoleWithSAML or AssumeRoleWithWebIdentity: are these the records of STS, and of \
             the Regions in which the roles are assumed?",
        );
    }
    Ok(records)
}

/// What is to be said of sessions that are older than the history, which tells nothing of their time.
fn history_note(history: &History, sessions: &[Session]) -> Option<String> {
    let Some(first) = history.rows().first() else {
        return (!sessions.is_empty()).then(|| {
            "note: the table has no history, so that nothing can be told but what the log says: is it the right table?"
                .to_owned()
        });
    };
    let older = sessions.iter().filter(|session| session.at < first.at).count();
    (older > 0).then(|| {
        let (sessions, at) = (count(older, "session"), time::show(first.at));
        format!(
            "note: the table's history begins at {at}, after {sessions} of these records: of those it cannot be told \
             what they were granted, and those without a decision count as of other providers and roles"
        )
    })
}

fn log(paths: &[PathBuf], console: &mut Console<'_>) -> Result<Log, Failure> {
    let mut log = Log::default();
    for path in paths {
        let bytes = read(path, console)?;
        let text = String::from_utf8(bytes).map_err(|_| Failure::Read {
            path: path.display().to_string(),
            error: Error::new(ErrorKind::InvalidData, "it is not UTF-8; if it is compressed, unpack it first"),
        })?;
        let unreadable = log.add(&text);
        if unreadable > 0 {
            let (number, path) = (count(unreadable, "line"), path.display());
            console.message(&format!("note: {number} of `{path}` cannot be read, and count as missing"));
        }
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
        return Err(unreadable(Error::new(
            ErrorKind::FileTooLarge,
            "it is larger than 256 MB: keep only the records of `AssumeRoleWithSAML` and `AssumeRoleWithWebIdentity` in \
             it, or the lines of decisions. FILE and --log take several files, and what was copied is found among them \
             all",
        )));
    }
    Ok(bytes)
}

fn found<'l>(log: &'l Log, known: &'l Ours, session: &Session, within: Within) -> Found<'l> {
    let Some(id) = &session.decision else {
        // An app that is only observed is given no codes either: whoever has some had them from elsewhere.
        let untagged = session.group_hash.is_none();
        let observed = untagged.then(|| known.observed(session, within.of(session.way))).flatten();
        return Found::Untagged { observed };
    };
    match log.decisions.get(id).map(Vec::as_slice) {
        Some([one]) => Found::One(one),
        Some([_, ..]) => Found::Several,
        Some([]) | None => Found::Unknown(log.extent()),
    }
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
