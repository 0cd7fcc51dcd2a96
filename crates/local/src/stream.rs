//! A table's stream, as Lambda reads it for a function: the records since the last look.

use dynoxide::Database;
use dynoxide::actions::{describe_stream, get_records, get_shard_iterator, list_streams};
use serde_json::{Value, json};

use crate::LocalError;

/// Where a reader of a table's stream is.
pub struct Stream {
    database: Database,
    arn: String,
    /// Where each shard is read from next.
    shards: Vec<Shard>,
}

struct Shard {
    id: String,
    from: String,
}

impl Stream {
    /// A reader that begins with the table's first change.
    ///
    /// # Errors
    /// The table has no stream.
    pub fn of(database: &Database, table: &str) -> Result<Self, LocalError> {
        let request = list_streams::ListStreamsRequest { table_name: Some(table.to_owned()), ..Default::default() };
        let streams = database.list_streams(request).map_err(broken)?.streams;
        let found = streams.into_iter().find(|stream| stream.table_name == table);
        let arn =
            found.map(|stream| stream.stream_arn).ok_or_else(|| broken(format!("table `{table}` has no stream")))?;
        Ok(Self { database: database.clone(), arn, shards: Vec::new() })
    }

    /// The records since the last call, as the payload of an invocation
    /// (`{"Records": […]}`), all of them; none if nothing changed.
    ///
    /// # Errors
    /// The stream cannot be read.
    pub fn read(&mut self) -> Result<Option<Value>, LocalError> {
        self.look_for_shards()?;
        let mut records = Vec::new();
        for shard in &mut self.shards {
            loop {
                let request = get_records::GetRecordsRequest { shard_iterator: shard.from.clone(), limit: None };
                let answer = self.database.get_records(request).map_err(broken)?;
                let found = answer.records.len();
                for record in &answer.records {
                    let mut record = serde_json::to_value(record).map_err(broken)?;
                    // Lambda says so of every record of a stream.
                    if let Value::Object(members) = &mut record {
                        members.insert("eventSource".to_owned(), json!("aws:dynamodb"));
                        members.insert("eventSourceARN".to_owned(), json!(self.arn));
                    }
                    records.push(record);
                }
                let Some(next) = answer.next_shard_iterator else { break };
                shard.from = next;
                if found == 0 {
                    break;
                }
            }
        }
        Ok((!records.is_empty()).then(|| json!({ "Records": records })))
    }

    fn look_for_shards(&mut self) -> Result<(), LocalError> {
        let request = describe_stream::DescribeStreamRequest { stream_arn: self.arn.clone(), ..Default::default() };
        let told = self.database.describe_stream(request).map_err(broken)?;
        for shard in told.stream_description.shards {
            if self.shards.iter().any(|known| known.id == shard.shard_id) {
                continue;
            }
            let request = get_shard_iterator::GetShardIteratorRequest {
                stream_arn: self.arn.clone(),
                shard_id: shard.shard_id.clone(),
                shard_iterator_type: "TRIM_HORIZON".to_owned(),
                sequence_number: None,
            };
            let from = self.database.get_shard_iterator(request).map_err(broken)?.shard_iterator;
            self.shards.extend(from.map(|from| Shard { id: shard.shard_id, from }));
        }
        Ok(())
    }
}

impl std::fmt::Debug for Stream {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Stream").field("arn", &self.arn).finish_non_exhaustive()
    }
}

fn broken(reason: impl std::fmt::Display) -> LocalError {
    LocalError::Database(reason.to_string())
}
