//! `register` and `retire`.

use serde_json::{Value, json};
use signet_core::code::{GroupCode, Salt};
use signet_core::grant::Timestamp;
use signet_core::group::{GroupKey, Registration};
use signet_store::apply::Provenance;

use crate::args::{Connection, Register, Retire};
use crate::connect;
use crate::console::Console;
use crate::failure::{Exit, Failure};
use crate::render::collision;
use crate::text::group;

use super::provenance;

pub(super) async fn register(
    args: &Register,
    connection: &Connection,
    as_json: bool,
    now: Timestamp,
    console: &mut Console<'_>,
) -> Result<Exit, Failure> {
    let key = GroupKey::new(&args.key)?;
    let table = connect::table(connection).await?;
    let provenance = provenance("register", now)?;
    let done = table.register(&key, args.salt.map(Salt::new), args.label.as_deref(), &provenance).await?;
    if as_json {
        let mut value = registration_json(&done.registration, done.changed, &provenance);
        if let Some(members) = value.as_object_mut() {
            let (taken, owner) = done.displaced.map(|one| (one.taken.to_string(), one.owner.to_string())).unzip();
            members.insert("taken".to_owned(), json!(taken));
            members.insert("owner".to_owned(), json!(owner));
        }
        console.json(&value)?;
    } else {
        let again = if done.changed { "" } else { " already" };
        let mut text = format!("{} is registered{again}.\n", shown(&done.registration));
        if let Some(displaced) = done.displaced {
            text.push_str(&collision::displaced(&[displaced]));
        }
        text.push_str(
            "\nIf a source was applied without the group, `signet resync SOURCE` brings the group's grants.\n",
        );
        console.result(&text)?;
    }
    Ok(Exit::Done)
}

pub(super) async fn retire(
    args: &Retire,
    connection: &Connection,
    as_json: bool,
    now: Timestamp,
    console: &mut Console<'_>,
) -> Result<Exit, Failure> {
    let code = GroupCode::parse(&args.subject);
    if args.release {
        let code = code?;
        let table = connect::table(connection).await?;
        let provenance = provenance("release", now)?;
        let released = table.release(&code, &provenance).await?;
        if as_json {
            let mut value = registration_json(&released, true, &provenance);
            if let Some(members) = value.as_object_mut() {
                members.insert("state".to_owned(), json!("released"));
            }
            console.json(&value)?;
        } else {
            console.result(&format!("{} is released: any group may get the code.\n", shown(&released)))?;
        }
        return Ok(Exit::Done);
    }
    let table = connect::table(connection).await?;
    let owner = match code {
        Ok(code) => table.code_owners(&[code]).await?.into_iter().flatten().next(),
        Err(_) => None,
    };
    let key = match (owner, args.subject.strip_prefix("group:")) {
        (Some(owner), _) => owner.group,
        (None, Some(key)) => GroupKey::new(key)?,
        (None, None) => GroupKey::new(&args.subject)?,
    };
    let provenance = provenance("retire", now)?;
    let (registration, changed) = table.retire(&key, &provenance).await?;
    if as_json {
        console.json(&registration_json(&registration, changed, &provenance))?;
    } else {
        let again = if changed { "" } else { " already" };
        console.result(&format!("{} is retired{again}.\n", shown(&registration)))?;
    }
    Ok(Exit::Done)
}

fn shown(registration: &Registration) -> String {
    let salt = match registration.salt {
        Salt::NONE => String::new(),
        salt => format!(", salt {}", salt.get()),
    };
    format!("{}  [{}{salt}]", group(&registration.key, registration.label.as_deref()), registration.code)
}

fn registration_json(registration: &Registration, changed: bool, provenance: &Provenance) -> Value {
    json!({
        "group": registration.key.as_str(),
        "label": registration.label,
        "code": registration.code.as_str(),
        "salt": registration.salt.get(),
        "state": registration.state.as_str(),
        "changed": changed,
        "event": changed.then_some(provenance.event.as_str()),
    })
}
