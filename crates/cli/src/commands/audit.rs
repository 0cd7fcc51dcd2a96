//! `audit`.

use signet_core::grant::Timestamp;
use signet_reconcile::audit;

use super::trust::reach;
use crate::args::Connection;
use crate::args::trust::Audit;
use crate::connect;
use crate::console::Console;
use crate::failure::{Exit, Failure};
use crate::render::audit as render;

pub(super) async fn audit(
    args: &Audit,
    connection: &Connection,
    as_json: bool,
    now: Timestamp,
    clock: fn() -> Timestamp,
    console: &mut Console<'_>,
) -> Result<Exit, Failure> {
    let bounds = reach::bounds(&args.reach)?;
    if !reach::is_bounded(&bounds) {
        console.message(reach::UNBOUNDED);
    }
    let settings = reach::settings(bounds, &args.reach);
    let table = connect::table(connection).await?;
    let found = if args.offline {
        audit::offline(&table, &settings, now).await?
    } else {
        let reconciler = reach::reconciler(table, settings, &args.reach, connection, clock).await?;
        reconciler.audit(now, |line| console.message(line)).await?
    };
    if as_json {
        console.json(&render::json(&found))?;
    } else {
        console.result(&render::text(&found))?;
    }
    Ok(if args.exit_code && render::is_serious(&found) { Exit::Found } else { Exit::Done })
}
