//! `table create`.

use serde_json::json;
use signet_core::code::CodeWidth;
use signet_store::schema::Created;

use crate::args::{Connection, Create};
use crate::connect;
use crate::console::Console;
use crate::failure::{Exit, Failure};

pub(super) async fn create(
    args: &Create,
    connection: &Connection,
    as_json: bool,
    console: &mut Console<'_>,
) -> Result<Exit, Failure> {
    let width = CodeWidth::new(args.code_width)?;
    let table = connect::table(connection).await?;
    let created = table.create(width).await? == Created::New;
    if as_json {
        console.json(&json!({ "table": table.name(), "created": created, "code_width": width.get() }))?;
    } else {
        let done = if created { "created, with" } else { "was there; it has" };
        let (name, width) = (table.name(), width.get());
        console.result(&format!("Table `{name}` {done} group codes of {width} characters.\n"))?;
    }
    Ok(Exit::Done)
}
