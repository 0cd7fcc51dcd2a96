//! The command line.

use std::path::PathBuf;

use clap::Parser;

/// Invocations of one function in a row. Fewer would measure how caches are shared, more would let
/// a bad moment of the machine fall on one function alone.
pub(crate) const BLOCK: usize = 10;
/// How many groups the person of a sign-in has.
pub(crate) const SIZES: [usize; 3] = [1, 20, 50];

/// Measures the sign-in function beside its peers. `bench/run` builds them all and calls this.
#[derive(Debug, Parser)]
#[command(name = "bench/run", bin_name = "bench/run", max_term_width = 100)]
pub(crate) struct Args {
    /// The repository
    #[arg(long, value_name = "FOLDER", default_value = ".", hide = true)]
    pub(crate) root: PathBuf,
    /// The folder below target/ that holds the compiled functions
    #[arg(long, value_name = "NAME", default_value = "release", hide = true)]
    pub(crate) profile: String,
    /// Where the report goes
    #[arg(long, value_name = "FILE", default_value = "target/bench/report.md", hide = true)]
    pub(crate) report: PathBuf,
    /// Leave functions out: echo, batch-get, saml-hook, node, python
    #[arg(long, value_name = "NAME", value_delimiter = ',', env = "BENCH_WITHOUT")]
    without: Vec<String>,
    /// Count the calls of DynamoDB that events of datasets take, and nothing else: seconds
    #[arg(long)]
    pub(crate) writes: bool,
    /// Measure how fast roles follow a provider event, and nothing else: about a minute
    #[arg(long, conflicts_with = "writes")]
    pub(crate) trust: bool,
    /// Few rounds and a smaller large table: says whether all works, and little about time
    #[arg(long, env = "BENCH_QUICK", value_parser = clap::builder::FalseyValueParser::new())]
    pub(crate) quick: bool,
    /// Cold starts of each function [default: 20; quick: 3]
    #[arg(long, value_name = "NUMBER", env = "BENCH_STARTS", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) starts: Option<u32>,
    /// Rounds of ten warm invocations of each function, for each number of groups and each table
    /// [default: 32; quick: 2]
    #[arg(long, value_name = "NUMBER", env = "BENCH_ROUNDS", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) rounds: Option<u32>,
    /// Groups in the large table, from 1000 to 500000 [default: 100000; quick: 5000]
    #[arg(long, value_name = "NUMBER", env = "BENCH_LARGE", value_parser = clap::value_parser!(u32).range(1_000..=500_000))]
    pub(crate) large: Option<u32>,
}

/// How much is measured.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Plan {
    /// Starts of each function.
    pub(crate) starts: usize,
    /// Rounds of [`BLOCK`] warm invocations of each function, for each size and each table.
    pub(crate) rounds: usize,
    /// Invocations of each process before anything is counted.
    pub(crate) warm_up: usize,
    /// Groups registered in each table.
    pub(crate) tables: [usize; 2],
    /// Whether the figures are worth anything.
    pub(crate) is_trial: bool,
}

impl Args {
    /// The names of the functions to leave out.
    pub(crate) fn without(&self) -> impl Iterator<Item = &str> {
        self.without.iter().map(String::as_str).filter(|name| !name.is_empty())
    }

    /// What the arguments ask for.
    pub(crate) fn plan(&self) -> Plan {
        let choose = |given: Option<u32>, full: usize, quick: usize| {
            let usual = if self.quick { quick } else { full };
            given.map_or(usual, |number| usize::try_from(number).unwrap_or(usual))
        };
        Plan {
            starts: choose(self.starts, 20, 3),
            rounds: choose(self.rounds, 32, 2),
            warm_up: if self.quick { 10 } else { 100 },
            tables: [1_000, choose(self.large, 100_000, 5_000)],
            is_trial: self.quick || self.profile != "release",
        }
    }
}
