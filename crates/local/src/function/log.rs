//! The lines that a function writes.

use std::io::{BufRead as _, BufReader, Read};
use std::time::Duration;

use tokio::sync::watch;

use super::FunctionError;

/// How many of the last lines an error shows.
const TAIL: usize = 20;

/// Collects lines on one thread a stream; the threads end with the streams.
#[derive(Debug, Default)]
pub(super) struct Log(watch::Sender<Lines>);

#[derive(Debug, Default)]
struct Lines {
    lines: Vec<String>,
    /// Streams that are not at their end.
    open: usize,
}

impl Log {
    /// Reads `stream` to its end; `None` does nothing.
    pub(super) fn read(&mut self, stream: Option<impl Read + Send + 'static>) -> std::io::Result<()> {
        let Some(stream) = stream else {
            return Ok(());
        };
        let lines = self.0.clone();
        lines.send_modify(|lines| lines.open += 1);
        std::thread::Builder::new().name("signet-local log".to_owned()).spawn(move || {
            let mut reader = BufReader::new(stream);
            let mut line = Vec::new();
            // A stream that cannot be read any more is at its end for whoever waits.
            while reader.read_until(b'\n', &mut line).is_ok_and(|n| n > 0) {
                let text = String::from_utf8_lossy(&line);
                let text = text.trim_end_matches(['\n', '\r']).to_owned();
                lines.send_modify(|lines| lines.lines.push(text));
                line.clear();
            }
            lines.send_modify(|lines| lines.open -= 1);
        })?;
        Ok(())
    }

    pub(super) fn lines(&self) -> Vec<String> {
        self.0.borrow().lines.clone()
    }

    pub(super) async fn wait_for(
        &self,
        wanted: impl Fn(&str) -> bool,
        timeout: Duration,
    ) -> Result<String, FunctionError> {
        let mut seen = 0;
        let mut found = None;
        let mut lines = self.0.subscribe();
        let search = lines.wait_for(|lines| {
            found = lines.lines.iter().skip(seen).find(|l| wanted(l)).cloned();
            seen = lines.lines.len();
            found.is_some() || lines.open == 0
        });
        let end = match tokio::time::timeout(timeout, search).await {
            Ok(_) => "the function closed its output".to_owned(),
            Err(_) => format!("{timeout:?} passed"),
        };
        found.ok_or_else(|| {
            let lines = self.lines();
            let tail = lines.get(lines.len().saturating_sub(TAIL)..);
            FunctionError::NotLogged { end, tail: tail.unwrap_or_default().join("\n") }
        })
    }
}
