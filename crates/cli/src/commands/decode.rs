//! `decode`.

use serde_json::{Value, json};
use signet_core::code::GroupCode;
use signet_core::session;
use signet_store::lookup::CodeOwner;

use crate::args::{Connection, Decode};
use crate::connect;
use crate::console::Console;
use crate::failure::{Exit, Failure};
use crate::text::{columns, printable};

pub(super) async fn decode(
    args: &Decode,
    connection: &Connection,
    as_json: bool,
    console: &mut Console<'_>,
) -> Result<Exit, Failure> {
    let mut codes = Vec::new();
    for value in &args.values {
        if value.contains(':') {
            codes.extend(session::parse_group_hash(value)?);
        } else {
            codes.push(GroupCode::parse(value)?);
        }
    }
    let table = connect::table(connection).await?;
    let owners = table.code_owners(&codes).await?;
    let found: Vec<_> = codes.iter().zip(&owners).collect();
    if as_json {
        let entries: Vec<Value> = found.iter().map(|(code, owner)| entry(code, owner.as_ref())).collect();
        console.json(&json!({ "codes": entries }))?;
    } else {
        let rows: Vec<Vec<String>> = found.iter().map(|(code, owner)| row(code, owner.as_ref())).collect();
        console.result(&columns("", &rows))?;
    }
    let orphans: Vec<String> =
        found.iter().filter(|(_, owner)| owner.is_none()).map(|(code, _)| format!("`{code}`")).collect();
    if orphans.is_empty() { Ok(Exit::Done) } else { Err(Failure::NoOwner(orphans.join(", "))) }
}

fn entry(code: &GroupCode, owner: Option<&CodeOwner>) -> Value {
    json!({
        "code": code.as_str(),
        "group": owner.map(|owner| owner.group.as_str()),
        "label": owner.and_then(|owner| owner.label.as_deref()),
        "state": owner.map(|owner| owner.state.as_str()),
    })
}

fn row(code: &GroupCode, owner: Option<&CodeOwner>) -> Vec<String> {
    let (state, group, label) = match owner {
        None => ("unknown", "-".to_owned(), String::new()),
        Some(owner) => {
            let label = owner.label.as_deref().map(printable).unwrap_or_default();
            (owner.state.as_str(), printable(owner.group.as_str()), label)
        }
    };
    vec![code.to_string(), state.to_owned(), group, label]
}
