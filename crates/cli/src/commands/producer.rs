//! `producer`.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use signet_core::invalid::InvalidValue;
use signet_core::producer::{EventType, Pattern, Producer, RolePattern, TopicArn};

use crate::args::{Connection, ProducerAdd, ProducerCommand, ProducerRemove};
use crate::connect;
use crate::console::Console;
use crate::failure::{Exit, Failure};
use crate::render::producer as render;

pub(super) async fn run(
    command: ProducerCommand,
    connection: &Connection,
    as_json: bool,
    console: &mut Console<'_>,
) -> Result<Exit, Failure> {
    match command {
        ProducerCommand::Add(args) => add(&args, connection, as_json, console).await,
        ProducerCommand::List => list(connection, as_json, console).await,
        ProducerCommand::Remove(args) => remove(&args, connection, as_json, console).await,
    }
}

async fn add(
    args: &ProducerAdd,
    connection: &Connection,
    as_json: bool,
    console: &mut Console<'_>,
) -> Result<Exit, Failure> {
    let producer = Producer {
        topic: TopicArn::parse(&args.topic)?,
        events: all(&args.events, EventType::parse)?,
        datasets: all(&args.datasets, Pattern::parse)?,
        roles: all(&args.roles, RolePattern::parse)?,
        groups: all(&args.groups, Pattern::parse)?,
        apps: all(&args.apps, Pattern::parse)?,
        providers: args.providers.as_deref().map(|patterns| all(patterns, Pattern::parse)).transpose()?,
    };
    let table = connect::table(connection).await?;
    let before = table.put_producer(&producer).await?;
    if let Some(gaps) = render::gaps(&producer) {
        console.message(&format!("warning: {gaps}"));
    }
    if as_json {
        let before = before.as_ref().map(render::json);
        console.json(&json!({ "producer": render::json(&producer), "before": before }))?;
    } else {
        let said = match before {
            None => "Added.\n".to_owned(),
            Some(before) if before == producer => "Nothing to change: that is what it might say before.\n".to_owned(),
            Some(before) => format!("Changed. Until now it was\n{}", render::text(&before)),
        };
        console.result(&format!("{}{said}", render::text(&producer)))?;
    }
    Ok(Exit::Done)
}

async fn list(connection: &Connection, as_json: bool, console: &mut Console<'_>) -> Result<Exit, Failure> {
    let table = connect::table(connection).await?;
    let producers = table.producers().await?;
    if as_json {
        let producers: Vec<Value> = producers.iter().map(render::json).collect();
        console.json(&json!({ "producers": producers }))?;
    } else if producers.is_empty() {
        console.result("No producers: no topic's events are taken.\n")?;
    } else {
        let producers: Vec<String> = producers.iter().map(render::text).collect();
        console.result(&producers.join("\n"))?;
    }
    Ok(Exit::Done)
}

async fn remove(
    args: &ProducerRemove,
    connection: &Connection,
    as_json: bool,
    console: &mut Console<'_>,
) -> Result<Exit, Failure> {
    let topic = TopicArn::parse(&args.topic)?;
    let table = connect::table(connection).await?;
    let removed = table.remove_producer(&topic).await?;
    let table = table.name().to_owned();
    let removed = removed.ok_or_else(|| Failure::NoProducer { topic: topic.to_string(), table })?;
    if as_json {
        console.json(&json!({ "removed": render::json(&removed) }))?;
    } else {
        console.result(&format!("{}Removed. What its events have stated stays.\n", render::text(&removed)))?;
    }
    Ok(Exit::Done)
}

fn all<T: Ord>(
    values: &[String],
    parse: impl Fn(&str) -> Result<T, InvalidValue>,
) -> Result<BTreeSet<T>, InvalidValue> {
    values.iter().map(|value| parse(value)).collect()
}
