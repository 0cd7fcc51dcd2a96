//! `table`.

use serde_json::json;
use signet_core::code::CodeWidth;
use signet_store::Table;
use signet_store::schema::{Created, OnCollision};

use crate::args::{Connection, Create, Set, TableCommand};
use crate::connect;
use crate::console::Console;
use crate::failure::{Exit, Failure};
use crate::text::columns;

pub(super) async fn run(
    command: TableCommand,
    connection: &Connection,
    as_json: bool,
    console: &mut Console<'_>,
) -> Result<Exit, Failure> {
    match command {
        TableCommand::Create(args) => create(&args, connection, as_json, console).await,
        TableCommand::Set(args) => set(&args, connection, as_json, console).await,
        TableCommand::Show => show(&connect::table(connection).await?, as_json, console).await,
    }
}

async fn create(
    args: &Create,
    connection: &Connection,
    as_json: bool,
    console: &mut Console<'_>,
) -> Result<Exit, Failure> {
    let width = CodeWidth::new(args.code_width)?;
    let table = connect::table(connection).await?;
    let created = table.create(width).await? == Created::New;
    if let Some(choice) = args.on_collision {
        table.set_on_collision(choice.into()).await?;
    }
    let on_collision = table.warm().await?.on_collision;
    if as_json {
        console.json(&json!({
            "table": table.name(),
            "created": created,
            "code_width": width.get(),
            "on_collision": on_collision.as_str(),
        }))?;
    } else {
        let done = if created { "created, with" } else { "was there; it has" };
        let (name, width, taken) = (table.name(), width.get(), becomes(on_collision));
        console.result(&format!("Table `{name}` {done} group codes of {width} characters. {taken}\n"))?;
    }
    Ok(Exit::Done)
}

async fn set(args: &Set, connection: &Connection, as_json: bool, console: &mut Console<'_>) -> Result<Exit, Failure> {
    let choice = OnCollision::from(args.on_collision);
    let table = connect::table(connection).await?;
    let before = table.warm().await?.on_collision;
    if before != choice {
        table.set_on_collision(choice).await?;
    }
    if as_json {
        console.json(&json!({
            "table": table.name(),
            "on_collision": choice.as_str(),
            "changed": before != choice,
        }))?;
    } else if before == choice {
        console.result(&format!("Nothing to change in table `{}`. {}\n", table.name(), becomes(choice)))?;
    } else {
        let note = match choice {
            OnCollision::Displace => {
                "\nGroups that were left out until now get a code and their grants when their source is applied \
                 again, or by `signet resync`."
            }
            OnCollision::Refuse => "\nGroups that were displaced until now keep the codes that they have.",
        };
        console.result(&format!("Changed in table `{}`. {}{note}\n", table.name(), becomes(choice)))?;
    }
    Ok(Exit::Done)
}

async fn show(table: &Table, as_json: bool, console: &mut Console<'_>) -> Result<Exit, Failure> {
    let meta = table.warm().await?;
    let (layout, width, on_collision) = (meta.layout, meta.width.get(), meta.on_collision.as_str());
    if as_json {
        console.json(&json!({
            "table": table.name(),
            "layout": layout,
            "code_width": width,
            "on_collision": on_collision,
        }))?;
    } else {
        let rows = [
            ("table", table.name().to_owned()),
            ("layout", layout.to_string()),
            ("code width", width.to_string()),
            ("on collision", on_collision.to_owned()),
        ];
        let rows: Vec<_> = rows.into_iter().map(|(name, value)| vec![name.to_owned(), value]).collect();
        console.result(&columns("", &rows))?;
    }
    Ok(Exit::Done)
}

/// What becomes of a group that finds its code taken, for people.
fn becomes(on_collision: OnCollision) -> &'static str {
    match on_collision {
        OnCollision::Displace => "A group that finds its code taken gets the next free one.",
        OnCollision::Refuse => "A group that finds its code taken is left out until it is registered by hand.",
    }
}
