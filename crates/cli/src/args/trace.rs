//! The command line of `trace`.

use std::path::PathBuf;

use clap::Args as ClapArgs;

/// Options of `trace`.
#[derive(Debug, ClapArgs)]
pub struct Trace {
    /// Records of CloudTrail (JSON): a file as it delivers it, unpacked, records one a line, or the answer of
    /// `aws cloudtrail lookup-events`; - for the standard input
    #[arg(value_name = "FILE", default_value = "-")]
    pub file: PathBuf,
    /// The sign-in functions' log lines: as they are, as CloudWatch Logs exports them, or the answer of
    /// `aws logs filter-log-events`; repeat it for more
    #[arg(long = "log", value_name = "FILE", required = true)]
    pub logs: Vec<PathBuf>,
    /// How many minutes after its decision a session may be opened: 15 for assertions and 65 for tokens
    /// unless said otherwise
    #[arg(long, value_name = "MINUTES", value_parser = clap::value_parser!(u16).range(1..))]
    pub within: Option<u16>,
    /// Show only sessions that something is wrong with
    #[arg(long)]
    pub findings: bool,
    /// End with 3 if something is wrong with any session
    #[arg(long)]
    pub exit_code: bool,
}
