//! The JSON Schemas of the events (draft 2020-12), one for each type, of the whole `CloudEvent`.
//!
//! Whatever [`Event::parse`](crate::event::Event::parse) takes, they take, but for attributes that are
//! null instead of left out. The other way round they cannot say everything: that the subject is the
//! data's, for instance, or how many bytes a key has.

use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};

use crate::wire::{AlertEvent, DatasetEvent, ProviderEvent};

/// Every schema, by the type of event that it describes.
#[must_use]
pub fn all() -> [(&'static str, Value); 3] {
    [
        ("signet.alert.v1", schema::<AlertEvent>("signet.alert.v1")),
        ("signet.dataset.changed.v1", schema::<DatasetEvent>("signet.dataset.changed.v1")),
        ("signet.provider.changed.v1", schema::<ProviderEvent>("signet.provider.changed.v1")),
    ]
}

fn schema<T: JsonSchema>(title: &str) -> Value {
    let mut schema = SchemaSettings::draft2020_12().into_generator().into_root_schema_for::<T>().to_value();
    tidy(&mut schema);
    if let Value::Object(members) = &mut schema {
        members.insert("title".to_owned(), json!(title));
    }
    schema
}

/// Takes out what the Rust types bring along and the contract does not have.
fn tidy(schema: &mut Value) {
    match schema {
        Value::Array(items) => items.iter_mut().for_each(tidy),
        Value::Object(members) => {
            // A member that may be left out may not be null.
            if let Some(Value::Array(types)) = members.get_mut("type") {
                types.retain(|name| name != "null");
                if let [only] = types.as_slice() {
                    let only = only.clone();
                    members.insert("type".to_owned(), only);
                }
            }
            if let Some(Value::Array(values)) = members.get_mut("enum") {
                values.retain(|value| !value.is_null());
            }
            if let Some(only) = without_null(members) {
                members.remove("anyOf");
                members.extend(only);
            }
            // Not a format of JSON Schema.
            if members.get("format").is_some_and(|format| format == "uint64") {
                members.remove("format");
            }
            // The lines of a comment end where the source's margin is.
            if let Some(Value::String(text)) = members.get_mut("description") {
                *text = text.replace('\n', " ");
            }
            members.values_mut().for_each(tidy);
        }
        _ => {}
    }
}

/// Of two alternatives, one of which is null, the other.
fn without_null(members: &Map<String, Value>) -> Option<Map<String, Value>> {
    let Some(Value::Array(alternatives)) = members.get("anyOf") else { return None };
    let [Value::Object(only), null] = alternatives.as_slice() else { return None };
    (*null == json!({ "type": "null" })).then(|| only.clone())
}
