//! What each command does.

mod apply;
mod audit;
mod codes;
mod decode;
mod doctor;
mod event;
mod explain;
mod export;
mod history;
mod identity_pool;
mod producer;
mod publish;
mod resync;
mod secret;
mod table;
mod trace;
mod trust;

use signet_core::grant::Timestamp;
use signet_core::session::DecisionId;
use signet_store::apply::Provenance;

use crate::args::{Args, Command, EventCommand, SecretCommand};
use crate::connect;
use crate::console::Console;
use crate::failure::{Exit, Failure};
use crate::file;
use crate::random;

/// Does what the command line asks. `now` is the moment at which it runs; `clock` tells the moment to
/// work that takes its time.
///
/// # Errors
/// [`Failure`], with a message for people and an exit code for scripts.
pub async fn run(
    args: Args,
    now: Timestamp,
    clock: fn() -> Timestamp,
    console: &mut Console<'_>,
) -> Result<Exit, Failure> {
    let Args { connection, json, command } = args;
    match command {
        Command::Event(EventCommand::Check(check)) => event::check(&check, json, console),
        Command::Event(EventCommand::Publish(publish)) => publish::publish(&publish, &connection, json, console).await,
        Command::Secret(SecretCommand::New) => secret::new(json, console),
        Command::Table(table) => table::run(table, &connection, json, console).await,
        Command::Plan(plan) => {
            let file = file::read(&plan.file, now)?;
            let table = connect::table(&connection).await?;
            apply::plan(&plan, file, &table, json, console).await
        }
        Command::Apply(apply) => {
            apply::check_consent(apply.yes, json, console)?;
            let file = file::read(&apply.file, now)?;
            let table = connect::table(&connection).await?;
            apply::apply(&apply, file, &table, json, now, console).await
        }
        Command::Export(export) => {
            let table = connect::table(&connection).await?;
            export::export(&export, &table, json, console).await
        }
        Command::Decode(decode) => decode::decode(&decode, &connection, json, console).await,
        Command::History(history) => history::history(&history, &connection, json, console).await,
        Command::Resync(resync) => resync::resync(&resync, &connection, json, now, console).await,
        Command::Register(register) => codes::register(&register, &connection, json, now, console).await,
        Command::Retire(retire) => codes::retire(&retire, &connection, json, now, console).await,
        Command::Producer(producer) => producer::run(producer, &connection, json, console).await,
        Command::Trust(command) => trust::run(command, &connection, json, clock, console).await,
        Command::IdentityPool(command) => identity_pool::run(&command, &connection, json, console).await,
        Command::Doctor(args) => doctor::doctor(&args, &connection, json, now, clock, console).await,
        Command::Trace(args) => trace::trace(&args, &connection, json, console).await,
        Command::Audit(args) => audit::audit(&args, &connection, json, now, clock, console).await,
        Command::Explain(explain) => explain::explain(&explain, &connection, json, now, console).await,
    }
}

/// What a change by this command is recorded with: an id of its own tells it from every other run.
fn provenance(what: &str, at: Timestamp) -> Result<Provenance, Failure> {
    Ok(Provenance { at, event: format!("{what}-{}", DecisionId::from_random(random::bytes()?)) })
}
