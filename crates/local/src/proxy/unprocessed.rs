//! A `BatchGetItem` of which a part stays unprocessed.

use serde_json::{Map, Value, json};

/// A request, split into what the target gets and what goes back to the caller.
#[derive(Debug)]
pub(super) struct Split {
    /// The request with the keys to process; `None` if there are none.
    pub(super) forward: Option<Vec<u8>>,
    /// `UnprocessedKeys` of the answer.
    unprocessed: Map<String, Value>,
    /// Every table of the request, each of which has a list in the answer.
    tables: Vec<String>,
}

/// Leaves the first, third, fifth … key unprocessed, counted over all tables. `None`: not a
/// `BatchGetItem` request.
pub(super) fn split(body: &[u8]) -> Option<Split> {
    let mut request: Value = serde_json::from_slice(body).ok()?;
    let items = request.get_mut("RequestItems")?.as_object_mut()?;
    let mut process = Map::new();
    let mut unprocessed = Map::new();
    let mut count = 0_usize;
    for (table, entry) in items.iter() {
        let (mut now, mut later) = (Vec::new(), Vec::new());
        for key in entry.get("Keys")?.as_array()? {
            let side = if count.is_multiple_of(2) { &mut later } else { &mut now };
            side.push(key.clone());
            count += 1;
        }
        for (keys, side) in [(now, &mut process), (later, &mut unprocessed)] {
            if !keys.is_empty() {
                let mut entry = entry.as_object()?.clone();
                entry.insert("Keys".to_owned(), Value::Array(keys));
                side.insert(table.clone(), Value::Object(entry));
            }
        }
    }
    let tables = items.keys().cloned().collect();
    let nothing = process.is_empty();
    *items = process;
    Some(Split { forward: (!nothing).then(|| request.to_string().into_bytes()), unprocessed, tables })
}

impl Split {
    /// The answer if not one key is processed.
    pub(super) fn unanswered(self) -> Vec<u8> {
        self.complete(Map::new())
    }

    /// The target's answer with the unprocessed keys in it.
    pub(super) fn merge(self, answer: &[u8]) -> Result<Vec<u8>, serde_json::Error> {
        serde_json::from_slice(answer).map(|answer| self.complete(answer))
    }

    fn complete(self, mut answer: Map<String, Value>) -> Vec<u8> {
        let responses = answer.entry("Responses").or_insert_with(|| json!({}));
        if let Some(responses) = responses.as_object_mut() {
            for table in self.tables {
                responses.entry(table).or_insert_with(|| json!([]));
            }
        }
        let left = answer.entry("UnprocessedKeys").or_insert_with(|| json!({}));
        if let Some(left) = left.as_object_mut() {
            for (table, entry) in self.unprocessed {
                merge_keys(left, table, entry);
            }
        }
        Value::Object(answer).to_string().into_bytes()
    }
}

/// The target may itself have left keys of the table unprocessed (an answer holds 16 MB).
fn merge_keys(left: &mut Map<String, Value>, table: String, mut entry: Value) {
    let theirs = left.get(&table).and_then(|entry| entry.get("Keys")).and_then(Value::as_array).cloned();
    if let (Some(theirs), Some(keys)) = (theirs, entry.get_mut("Keys").and_then(Value::as_array_mut)) {
        keys.extend(theirs);
    }
    left.insert(table, entry);
}
