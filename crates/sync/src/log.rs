//! Log lines as JSON, one a line.

use std::fmt;
use std::io::{self, Write};
use std::sync::Arc;

use jiff::Timestamp;
use serde::Serialize;

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Level {
    /// As it should be.
    Info,
    /// Somebody was turned away, or will be.
    Warn,
    /// Something does not work.
    Error,
}

/// Where the lines go.
#[derive(Clone)]
pub struct Log(Arc<Sink>);

type Sink = dyn Fn(&[u8]) -> io::Result<()> + Send + Sync;

#[derive(Serialize)]
struct Line<'a, T> {
    timestamp: String,
    level: Level,
    message: &'a str,
    #[serde(flatten)]
    rest: &'a T,
}

#[derive(Serialize)]
struct Detail<'a> {
    detail: &'a str,
}

impl Log {
    /// Writes to standard output, which Lambda keeps.
    #[must_use]
    pub fn stdout() -> Self {
        Self::to(|bytes| {
            let mut out = io::stdout().lock();
            out.write_all(bytes)?;
            out.flush()
        })
    }

    /// Writes by way of a function, which gets whole lines.
    #[must_use]
    pub fn to(write: impl Fn(&[u8]) -> io::Result<()> + Send + Sync + 'static) -> Self {
        Self(Arc::new(write))
    }

    /// Writes one line: the moment in milliseconds since 1970, the level, what kind of line it is,
    /// and the members of `rest`.
    ///
    /// A line that cannot be written goes to standard error: what it tells of is done, and stays
    /// done.
    pub fn line(&self, now_ms: i64, level: Level, message: &str, rest: &impl Serialize) {
        let line = Line { timestamp: timestamp(now_ms), level, message, rest };
        match serde_json::to_vec(&line) {
            Ok(mut text) => {
                text.push(b'\n');
                self.bytes(&text);
            }
            Err(error) => complain(&format!("a line of the log cannot be written: {error}: {message}")),
        }
    }

    /// Writes a line about the function itself: its start, a panic.
    pub fn say(&self, now_ms: i64, level: Level, message: &str, detail: &str) {
        self.line(now_ms, level, message, &Detail { detail });
    }

    /// Writes whole lines as they are.
    pub fn bytes(&self, lines: &[u8]) {
        if let Err(error) = (self.0)(lines) {
            complain(&format!("the log cannot be written: {error}: {}", String::from_utf8_lossy(lines).trim_end()));
        }
    }
}

impl fmt::Debug for Log {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Log")
    }
}

/// A moment in milliseconds since 1970 as logs write it, in UTC.
fn timestamp(now_ms: i64) -> String {
    match Timestamp::from_millisecond(now_ms) {
        Ok(moment) => format!("{moment:.3}"),
        // Years beyond 9999 cannot be written; the number still says when.
        Err(_) => now_ms.to_string(),
    }
}

/// The last resort, where standard output is closed.
fn complain(text: &str) {
    // Nobody is left to tell if this fails, too.
    drop(writeln!(io::stderr(), "{text}"));
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn a_line_is_one_object() {
        let lines = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&lines);
        let log = Log::to(move |bytes| {
            kept.lock().unwrap().extend_from_slice(bytes);
            Ok(())
        });
        log.say(1_800_000_000_120, Level::Warn, "panic", "two\nlines");
        log.line(i64::MAX, Level::Info, "event", &json!({ "event.id": "1" }));
        let text = String::from_utf8(lines.lock().unwrap().clone()).unwrap();
        let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(
            lines,
            [
                json!({ "timestamp": "2027-01-15T08:00:00.120Z", "level": "WARN", "message": "panic", "detail": "two\nlines" }),
                json!({ "timestamp": i64::MAX.to_string(), "level": "INFO", "message": "event", "event.id": "1" }),
            ]
        );
    }

    #[test]
    fn a_log_that_is_closed_ends_nothing() {
        Log::to(|_| Err(io::ErrorKind::BrokenPipe.into())).say(0, Level::Info, "a test of a closed log", "");
    }
}
