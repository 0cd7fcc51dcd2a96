//! The wrappings that CloudWatch Logs puts lines into.

use serde_json::Value;

/// A line that was wrapped.
#[derive(Debug, Clone, Copy)]
pub(super) enum Line<'v> {
    /// As it was written.
    Text(&'v str),
    /// Read as JSON already, as Logs Insights does in what it exports.
    Json(&'v Value),
}

/// The lines in a document; none if it is no wrapping.
///
/// Those are the answers of `aws logs filter-log-events` and `get-log-events` (`events`), what a subscription
/// delivers (`logEvents`), the answer of `get-query-results` (`results`), and a row that Logs Insights exports
/// (`@message`).
pub(super) fn lines(document: &Value) -> Option<Vec<Line<'_>>> {
    let member = |name| document.get(name).and_then(Value::as_array);
    if let Some(events) = member("events").or_else(|| member("logEvents")) {
        return Some(events.iter().filter_map(|event| line(event.get("message")?)).collect());
    }
    if let Some(rows) = member("results") {
        let fields = rows.iter().filter_map(Value::as_array).flatten();
        let messages = fields.filter(|field| field.get("field").is_some_and(|name| name == "@message"));
        return Some(messages.filter_map(|field| line(field.get("value")?)).collect());
    }
    document.get("@message").map(|message| line(message).into_iter().collect())
}

fn line(value: &Value) -> Option<Line<'_>> {
    match value {
        Value::String(text) => Some(Line::Text(text)),
        Value::Object(_) => Some(Line::Json(value)),
        _ => None,
    }
}
