//! Records of the table's stream, to accounts.
//!
//! Lambda's filter lets through what begins work alone: rows below an account that were last written
//! by a raise. It is looked at again here, so that a mapping without the filter costs time, and starts no
//! circle of outcomes that queue their own account.

use std::collections::BTreeMap;

use serde_json::Value;
use signet_core::role::AccountId;
use signet_iam::Iam;
use signet_sync::batch::Response;
use signet_sync::limit::limit;
use signet_sync::serve::Call;
use signet_sync::text::shortened;
use tokio::time::Instant;

use crate::fault::Fault;
use crate::metrics;
use crate::queue::{Message, Work};
use crate::report;
use crate::sync::TrustSync;

/// What begins the keys of an account's rows.
const ACCOUNT: &str = "ACCOUNT#";

/// A record that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unreadable {
    /// Whether it is, or may be, a row of an account: then something may be wanted that nobody would hear
    /// of, and the record fails.
    pub matters: bool,
    /// What is wrong with it.
    pub why: String,
}

/// The account for which a record says that something is wanted; none if the record says nothing of the
/// kind: another item, a row that went, an outcome or a lease, or a raise that raised nothing.
///
/// # Errors
/// [`Unreadable`].
pub fn raised(record: &Value) -> Result<Option<AccountId>, Unreadable> {
    let unreadable = |matters, why: String| Unreadable { matters, why };
    let part = |name| record.get("dynamodb").and_then(|change| change.get(name)).filter(|part| part.is_object());
    let keys = part("Keys").ok_or_else(|| unreadable(true, "it has no `dynamodb.Keys`".to_owned()))?;
    let pk = text(keys, "pk").map_err(|why| unreadable(true, why))?;
    // Every item of the table has this key: a record without is another table's.
    let pk = pk.ok_or_else(|| unreadable(false, "its keys have no `pk`".to_owned()))?;
    let Some(account) = pk.strip_prefix(ACCOUNT) else { return Ok(None) };
    let account = AccountId::parse(account).map_err(|error| unreadable(true, error.to_string()))?;
    if record.get("eventName").and_then(Value::as_str) == Some("REMOVE") {
        return Ok(None);
    }
    let new = part("NewImage").ok_or_else(|| {
        unreadable(true, "it has no `dynamodb.NewImage`: the stream must have new and old images".to_owned())
    })?;
    let last = text(new, "last").map_err(|why| unreadable(true, why))?;
    if last != Some("wanted") {
        return Ok(None);
    }
    let wanted = |image: &Value| number(image, "wanted").map_err(|why| unreadable(true, why));
    // Without an old image every raise is one.
    let is_raised = match part("OldImage") {
        Some(old) => wanted(old)? != wanted(new)?,
        None => wanted(new)? != 0,
    };
    Ok(is_raised.then_some(account))
}

fn text<'a>(image: &'a Value, name: &str) -> Result<Option<&'a str>, String> {
    let Some(value) = image.get(name) else { return Ok(None) };
    let text = value.get("S").and_then(Value::as_str);
    text.map(Some).ok_or_else(|| format!("its `{name}` is no text: `{}`", shortened(&value.to_string(), 80)))
}

/// A count of the table's; 0 where there is none, as in rows of older versions.
fn number(image: &Value, name: &str) -> Result<u64, String> {
    let Some(value) = image.get(name) else { return Ok(0) };
    let number = value.get("N").and_then(Value::as_str).and_then(|text| text.parse().ok());
    number.ok_or_else(|| format!("its `{name}` is no count: `{}`", shortened(&value.to_string(), 80)))
}

/// The record's place in the stream. An empty one, named as failed, fails the whole batch, as it should
/// where the record does not say its own.
fn sequence(record: &Value) -> &str {
    record.pointer("/dynamodb/SequenceNumber").and_then(Value::as_str).unwrap_or_default()
}

/// What a batch of the stream came to.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Conclusion {
    /// Its records.
    pub records: usize,
    /// The accounts for which something is wanted.
    pub accounts: usize,
    /// Those of them that were queued.
    pub queued: usize,
    /// Records that say nothing of the kind.
    pub ignored: usize,
    /// Records that cannot be read.
    pub unreadable: usize,
    /// The sequence number from which Lambda comes again; none if all is well.
    pub failed_from: Option<String>,
}

impl<I: Iam> TrustSync<I> {
    /// Queues each account of a batch for which something is wanted, once.
    pub(crate) async fn take_stream(&self, call: &Call, records: Vec<Value>) -> Response {
        let began = Instant::now();
        let mut conclusion = Conclusion { records: records.len(), ..Conclusion::default() };
        // Of each account the first record, and the message, which bears the last one's number: a batch that
        // comes again as it was makes the same message, which the queue knows.
        let mut accounts: BTreeMap<AccountId, (usize, Message)> = BTreeMap::new();
        let mut failed = Vec::new();
        for (index, record) in records.iter().enumerate() {
            match raised(record) {
                Ok(Some(account)) => {
                    let work = Work { account: account.clone(), sweep: false };
                    let message = Message::new(work, sequence(record));
                    let first = accounts.get(&account).map_or(index, |(first, _)| *first);
                    accounts.insert(account, (first, message));
                }
                Ok(None) => conclusion.ignored += 1,
                Err(why) => {
                    conclusion.unreadable += 1;
                    metrics::unreadable();
                    report::unreadable_record(&self.edge, call, sequence(record), &why);
                    failed.extend(why.matters.then_some(index));
                }
            }
        }
        let messages: Vec<Message> = accounts.values().map(|(_, message)| message.clone()).collect();
        conclusion.accounts = messages.len();
        match limit(call.until, self.queue.send(&messages)).await {
            Ok(unsent) => {
                conclusion.queued = messages.len() - unsent.len();
                for unsent in unsent {
                    failed.extend(accounts.get(&unsent.account).map(|(first, _)| *first));
                    let account = unsent.account.clone();
                    report::not_queued(&self.edge, call, Some(&account), &Fault::Queue(unsent));
                }
            }
            Err(cut) => {
                failed.extend(accounts.values().map(|(first, _)| *first));
                report::not_queued(&self.edge, call, None, &cut.into());
            }
        }
        let first = failed.into_iter().min().and_then(|index| records.get(index));
        conclusion.failed_from = first.map(|record| sequence(record).to_owned());
        metrics::stream(&conclusion);
        report::stream(&self.edge, call, &conclusion, began.elapsed());
        Response::failing(conclusion.failed_from.into_iter().collect())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn record(event: &str, pk: &str, new: &Value, old: &Value) -> Value {
        json!({
            "eventName": event, "eventSource": "aws:dynamodb",
            "dynamodb": {
                "Keys": { "pk": { "S": pk }, "sk": { "S": "ACCOUNT" } },
                "NewImage": new, "OldImage": old, "SequenceNumber": "700",
            },
        })
    }

    fn row(last: &str, wanted: u64) -> Value {
        json!({ "last": { "S": last }, "wanted": { "N": wanted.to_string() } })
    }

    const OURS: &str = "ACCOUNT#111122223333";

    #[test]
    fn what_is_wanted_anew_names_its_account() {
        let account = Ok(Some(AccountId::parse("111122223333").unwrap()));
        for (event, new, old) in [
            ("INSERT", row("wanted", 1), json!(null)),
            ("MODIFY", row("wanted", 2), row("worker", 1)),
            ("MODIFY", row("wanted", 2), row("wanted", 1)),
            ("MODIFY", row("wanted", 1), json!({ "outcome": { "S": "written" } })),
            ("MODIFY", row("wanted", 2), json!(null)),
            // A table that was restored to an earlier moment.
            ("MODIFY", row("wanted", 1), row("wanted", 2)),
        ] {
            assert_eq!(raised(&record(event, OURS, &new, &old)), account, "{event} {new} {old}");
        }
    }

    #[test]
    fn outcomes_leases_and_other_items_name_none() {
        for (event, pk, new, old) in [
            ("MODIFY", OURS, row("worker", 2), row("wanted", 2)),
            ("MODIFY", OURS, row("worker", 2), row("worker", 1)),
            ("MODIFY", OURS, row("wanted", 2), row("wanted", 2)),
            ("INSERT", OURS, json!({ "last": { "S": "wanted" } }), json!(null)),
            ("INSERT", OURS, json!({ "wanted": { "N": "1" } }), json!(null)),
            ("REMOVE", OURS, json!(null), row("wanted", 2)),
            ("INSERT", "GROUP#00", row("wanted", 1), json!(null)),
            ("INSERT", "GROUP#00", json!(7), json!(null)),
        ] {
            assert_eq!(raised(&record(event, pk, &new, &old)), Ok(None), "{event} {pk} {new} {old}");
        }
    }

    #[test]
    fn what_cannot_be_read_matters_unless_it_is_another_tables() {
        let bad = |key: &str, value: Value| {
            let mut image = row("wanted", 2);
            image[key] = value;
            record("MODIFY", OURS, &image, &row("wanted", 1))
        };
        for (record, matters, part) in [
            (json!({}), true, "no `dynamodb.Keys`"),
            (json!(7), true, "no `dynamodb.Keys`"),
            (json!({ "dynamodb": { "Keys": { "id": { "S": "x" } } } }), false, "no `pk`"),
            (json!({ "dynamodb": { "Keys": { "pk": { "N": "1" } } } }), true, "`pk` is no text"),
            (record("INSERT", "ACCOUNT#1", &row("wanted", 1), &json!(null)), true, "account `1`"),
            (record("MODIFY", OURS, &json!(null), &json!(null)), true, "no `dynamodb.NewImage`"),
            (bad("last", json!({ "N": "1" })), true, "`last` is no text"),
            (bad("wanted", json!({ "S": "1" })), true, "`wanted` is no count"),
            (bad("wanted", json!({ "N": "-1" })), true, "`wanted` is no count"),
            (bad("wanted", json!(null)), true, "`wanted` is no count"),
        ] {
            let error = raised(&record).unwrap_err();
            assert!(error.matters == matters && error.why.contains(part), "{record}: {error:?}");
        }
        let old = json!({ "wanted": { "S": "many" } });
        assert!(raised(&record("MODIFY", OURS, &row("wanted", 2), &old)).unwrap_err().matters);
    }
}
