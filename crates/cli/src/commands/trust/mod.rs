//! `trust`.

mod names;
mod plan;
pub(super) mod reach;
mod render;
mod sync;

use signet_core::grant::Timestamp;

use crate::args::Connection;
use crate::args::trust::TrustCommand;
use crate::console::Console;
use crate::failure::{Exit, Failure};

pub(super) async fn run(
    command: TrustCommand,
    connection: &Connection,
    as_json: bool,
    clock: fn() -> Timestamp,
    console: &mut Console<'_>,
) -> Result<Exit, Failure> {
    match command {
        TrustCommand::Render(args) => render::render(&args, connection, as_json, clock(), console).await,
        TrustCommand::Plan(args) => plan::plan(&args, connection, as_json, clock, console).await,
        TrustCommand::Sync(args) => sync::sync(&args, connection, as_json, clock, console).await,
    }
}
