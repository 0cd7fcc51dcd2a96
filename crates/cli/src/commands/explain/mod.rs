//! `explain`.

mod decided;
mod made;
mod request;
mod seen;

use signet_core::app::AppId;
use signet_core::grant::Timestamp;
use signet_core::role::Protocol;
use signet_facts::Remark;
use signet_store::past::{History, Past};
use signet_store::sign_in::{AppState, Snapshot};
use signet_store::{Meta, Table};

pub(super) use self::seen::Sample;

use self::decided::{Asking, Stop, decided};
use self::made::{ByCognito, ByOidc, BySaml, Made};
use self::request::{Asked, Request};
use crate::args::{Connection, Explain};
use crate::connect;
use crate::console::Console;
use crate::failure::{Exit, Failure};
use crate::render::explain::{Ending, Undecided};
use crate::time;

pub(super) async fn explain(
    args: &Explain,
    connection: &Connection,
    as_json: bool,
    now: Timestamp,
    console: &mut Console<'_>,
) -> Result<Exit, Failure> {
    let unread = |app: &str, ending: Ending<'_>, console: &mut Console<'_>| {
        say(&Undecided { app, mode: None, ending, at: args.at, since: None }, as_json, console)
    };
    let has_access = match Request::read(args)? {
        Asked::Refused { app, reason, why } => unread(&app, Ending::Denied { reason, why: &why }, console)?,
        Asked::Passed { app, why } => unread(&app, Ending::Passed(&why), console)?,
        Asked::SignIn(request) => {
            let table = connect::table(connection).await?;
            match args.at {
                None => sign_in(&request, &Reading::Live(&table), as_json, now, console).await?,
                Some(at) => {
                    if at > now {
                        let at = time::show(at);
                        console.message(&format!("note: {at} is still to come: this is if nothing changes until then"));
                    }
                    look_back(&request, &table, at, as_json, console).await?
                }
            }
        }
    };
    Ok(if args.exit_code && !has_access { Exit::Found } else { Exit::Done })
}

/// As [`sign_in`], by the table as it was at a moment.
async fn look_back(
    request: &Request,
    table: &Table,
    at: Timestamp,
    as_json: bool,
    console: &mut Console<'_>,
) -> Result<bool, Failure> {
    let history = History::new(table.whole_history().await?);
    let past = history.at(at);
    if !past.is_unknown() {
        return sign_in(request, &Reading::Past(past, table.warm().await?), as_json, at, console).await;
    }
    let why = match past.begins() {
        None => "the table has no history: nothing was ever applied to it".to_owned(),
        Some(begins) => {
            let (at, begins) = (time::show(at), time::show(begins));
            format!("the table's history has nothing of {at} or before: it begins at {begins}")
        }
    };
    let ending = Ending::Denied { reason: "no_history", why: &why };
    say(&Undecided { app: request.app(), mode: None, ending, at: Some(at), since: None }, as_json, console)
}

/// What a sign-in is decided by.
enum Reading<'t> {
    /// The table as it is.
    Live(&'t Table),
    /// The table as it was, with its settings, which never change.
    Past(Past<'t>, Meta),
}

impl<'t> Reading<'t> {
    async fn sign_in(&self, app: &str, groups: &[&str]) -> Result<Snapshot, Failure> {
        match self {
            Self::Live(table) => Ok(table.sign_in(app, groups).await?),
            Self::Past(past, meta) => Ok(past.sign_in(*meta, app, groups)),
        }
    }

    fn past(&self) -> Option<&Past<'t>> {
        match self {
            Self::Live(_) => None,
            Self::Past(past, _) => Some(past),
        }
    }
}

/// Whether there is access, having said why.
async fn sign_in(
    request: &Request,
    reading: &Reading<'_>,
    as_json: bool,
    now: Timestamp,
    console: &mut Console<'_>,
) -> Result<bool, Failure> {
    let at = reading.past().map(|_| now);
    let denied = |reason, why: &str| Stop::Denied { reason, why: why.to_owned() };
    // The app says which claim carries the groups, and whoever asks may wait for a second read.
    let (mode, stop) = match reading.sign_in(request.app(), &[]).await?.app {
        AppState::Active(app) => {
            let asking = Asking { app: &app, reading, now, as_json };
            match by_protocol(request, &asking, console).await {
                Ok(has_access) => return Ok(has_access),
                Err(stop) => (Some(app.mode), stop),
            }
        }
        AppState::Unknown if at.is_some() => (None, denied("unknown_app", "the table had no such app then")),
        AppState::Unknown => (None, denied("unknown_app", "the table has no such app")),
        AppState::Inactive(why) => (None, denied("inactive_app", &format!("the app is not active: {why}"))),
    };
    let id = AppId::parse(request.app()).ok();
    let since = reading.past().zip(id).and_then(|(past, id)| past.cause_of_app(&id));
    let undecided = |ending| Undecided { app: request.app(), mode, ending, at, since };
    match stop {
        Stop::Denied { reason, why } => say(&undecided(Ending::Denied { reason, why: &why }), as_json, console),
        Stop::Passed(why) => say(&undecided(Ending::Passed(&why)), as_json, console),
        Stop::Failed(failure) => Err(failure),
    }
}

/// Decides a sign-in in the way in which it is made.
async fn by_protocol(request: &Request, asking: &Asking<'_>, console: &mut Console<'_>) -> Result<bool, Stop> {
    match request {
        Request::Assertion(_, call) => decided(&**call, asking, console).await,
        Request::Token(_, call) => decided(&**call, asking, console).await,
        Request::Pool(_, event) => decided(&**event, asking, console).await,
        Request::Options(options) => match options.protocol.unwrap_or(asking.app.protocol) {
            Protocol::Cognito => decided(&Made::<ByCognito>::of(options), asking, console).await,
            other if options.event_version.is_some() => {
                let what =
                    format!("--event-version is for `cognito`, and this sign-in is made by `{}`", other.as_str());
                Err(Failure::Usage(what).into())
            }
            Protocol::Saml => decided(&Made::<BySaml>::of(options), asking, console).await,
            Protocol::Oidc => decided(&Made::<ByOidc>::of(options), asking, console).await,
        },
    }
}

/// Says that there is no access, and why.
fn say(undecided: &Undecided<'_>, as_json: bool, console: &mut Console<'_>) -> Result<bool, Failure> {
    if as_json {
        console.json(&undecided.json())?;
    } else {
        console.result(&undecided.text())?;
    }
    Ok(false)
}

/// Why tokens stay as they are that are for no user.
fn no_user() -> Remark {
    Remark { kind: "no_user", detail: "the grant has no user: nothing is added".to_owned() }
}
