//! The command line of `trace`.

use std::path::PathBuf;

use clap::Args as ClapArgs;

use crate::trace::judge::Within;

/// Options of `trace`.
#[derive(Debug, ClapArgs)]
pub struct Trace {
    /// Records of CloudTrail (JSON): a file as it delivers it, unpacked, records one a line, or the answer of
    /// `aws cloudtrail lookup-events` or `aws logs filter-log-events`; - or nothing for the standard input. What was
    /// copied or shown again is found among all files given: those of all accounts and Regions belong together
    #[arg(value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// The sign-in functions' log lines: as they are, as CloudWatch Logs exports them, or the output of
    /// `aws logs filter-log-events` or `aws logs tail`; repeat it for more
    #[arg(long = "log", value_name = "FILE", required = true)]
    pub logs: Vec<PathBuf>,
    /// How many minutes after its decision a session may be opened by a token. AWS takes no assertion that is
    /// older than 5
    #[arg(long, value_name = "MINUTES", default_value_t = Within::TOKEN_MINUTES,
        value_parser = clap::value_parser!(u16).range(1..))]
    pub token_minutes: u16,
    /// Show only sessions that something is wrong with
    #[arg(long)]
    pub findings: bool,
    /// End with 3 if something is wrong with any session
    #[arg(long)]
    pub exit_code: bool,
}
