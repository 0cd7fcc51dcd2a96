//! The numbers of an invocation, in CloudWatch's embedded metric format: lines of the log that
//! CloudWatch makes metrics of, so that no call is needed to send them. Namespace `Signet`, dimension
//! `Function`. Which numbers there are is each function's own.

use std::fmt;
use std::io;

use metrics::Unit;
use metrics_cloudwatch_embedded::{Builder, Collector};

use crate::log::Log;

/// The process' collector of numbers. There can be one only.
#[derive(Clone, Copy)]
pub struct Metrics(&'static Collector);

impl Metrics {
    /// Installs the collector, for the function of a name, with the units of its numbers.
    ///
    /// # Errors
    /// A sentence, if there is one already.
    pub fn install(function: &str, units: &[(&'static str, Unit)]) -> Result<Self, String> {
        let builder = Builder::new().cloudwatch_namespace("Signet").with_dimension("Function", function.to_owned());
        let collector = builder.init().map_err(|error| format!("metrics cannot be collected: {error}"))?;
        for (name, unit) in units {
            // A unit is kept by name, whatever kind of number has it.
            metrics::describe_histogram!(*name, *unit, "");
        }
        Ok(Self(collector))
    }

    /// Writes what was counted since the last time.
    ///
    /// # Errors
    /// The numbers cannot be put into lines.
    pub fn flush(self, log: &Log) -> io::Result<()> {
        let mut lines = Vec::new();
        self.0.flush(&mut lines)?;
        if !lines.is_empty() {
            log.bytes(&lines);
        }
        Ok(())
    }
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Metrics")
    }
}
