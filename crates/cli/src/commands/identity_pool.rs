//! `identity-pool`.

use signet_store::sign_in::AppState;

use crate::args::Connection;
use crate::args::identity_pool::{IdentityPoolCommand, PoolTags};
use crate::connect;
use crate::console::Console;
use crate::failure::{Exit, Failure};
use crate::render::identity_pool::TagMap;
use crate::text::printable;

pub(super) async fn run(
    command: &IdentityPoolCommand,
    connection: &Connection,
    as_json: bool,
    console: &mut Console<'_>,
) -> Result<Exit, Failure> {
    match command {
        IdentityPoolCommand::Tags(args) => tags(args, connection, as_json, console).await,
    }
}

async fn tags(
    args: &PoolTags,
    connection: &Connection,
    as_json: bool,
    console: &mut Console<'_>,
) -> Result<Exit, Failure> {
    let table = connect::table(connection).await?;
    let no_map = |why: String| Failure::NoTagMap { app: printable(&args.app), why };
    let app = match table.sign_in(&args.app, &[]).await?.app {
        AppState::Active(app) => app,
        AppState::Inactive(why) => return Err(no_map(format!("it is not active: {why}"))),
        AppState::Unknown => return Err(no_map(format!("table `{}` has no such app", table.name()))),
    };
    let map = TagMap::of(&app).map_err(|error| no_map(error.to_string()))?;
    if as_json {
        console.json(&map.json())?;
    } else {
        console.result(&map.text())?;
    }
    Ok(Exit::Done)
}
